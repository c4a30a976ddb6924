#include "lib/os/power_journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/checksum.h"
#include "lib/base/memory.h"

enum { STEP = 64 << 10, SPACE_BYTES_MAX = 64 << 20 }; /* the file grows by this, up to that */
enum { STATE_USED = 0x5057, STATE_FREE = 0x4652, VERSION = 1 };

struct header {
    char magic[8];
    uint32_t version, crc;
    _Atomic uint64_t units; /* sealed; given out so far, the header's own included */
    _Atomic uint32_t condition;
    uint32_t zero;
    uint64_t inode; /* its own */
    uint64_t zeros[3];
};
static_assert(sizeof(struct header) == POWER_UNIT, "the header is a unit");
static_assert(offsetof(struct power_record, text) == 40, "the record is as drawn");

static const char magic[8] = "MRPOWER1";
static const char name_new[] = POWER_JOURNAL_NAME ".new"; /* until its header is complete */

/* --- numbers with a check --- */

uint64_t power_seal(uint64_t n)
{
    n &= (UINT64_C(1) << 48) - 1;
    return n | (uint64_t)(crc32c(0, &n, sizeof n) & 0xffff) << 48;
}

bool power_unseal(uint64_t sealed, uint64_t *n)
{
    *n = sealed & ((UINT64_C(1) << 48) - 1);
    return power_seal(*n) == sealed;
}

static uint32_t record_crc(const struct power_record *r)
{
    enum { UNITS = offsetof(struct power_record, units), CRC = offsetof(struct power_record, crc) };
    enum { KEPT = offsetof(struct power_record, kept), SYNCED = offsetof(struct power_record, synced) };
    enum { PATHS = offsetof(struct power_record, path_bytes) };
    const uint8_t *bytes = (const uint8_t *)r;
    uint32_t crc = crc32c(0, bytes + UNITS, CRC - UNITS);
    crc = crc32c(crc, bytes + KEPT, SYNCED - KEPT);
    return crc32c(crc, bytes + PATHS, r->units * (size_t)POWER_UNIT - PATHS);
}

/* --- the file --- */

static struct header *header_of(const struct power_journal *j)
{
    return (struct header *)j->base;
}

static struct power_record *record_at(const struct power_journal *j, uint64_t unit)
{
    return (struct power_record *)(j->base + unit * POWER_UNIT);
}

static uint64_t units_given(const struct power_journal *j)
{
    uint64_t units = 0;
    power_unseal(atomic_load(&header_of(j)->units), &units);
    return units;
}

/* Blocks are taken before they are mapped: a store into a hole of a full disk would be a SIGBUS. */
static bool grow(struct power_journal *j, size_t to, bool there)
{
    if (to > SPACE_BYTES_MAX) return false;
    if (!there && posix_fallocate(j->descriptor, (off_t)j->mapped, (off_t)(to - j->mapped)) != 0) return false;
    void *p = mmap(j->base + j->mapped, to - j->mapped, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, j->descriptor,
                   (off_t)j->mapped);
    if (p == MAP_FAILED) return false;
    j->mapped = to;
    return true;
}

static int reserve(struct power_journal *j)
{
    void *p = mmap(NULL, SPACE_BYTES_MAX, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) return err_from_errno(errno);
    j->base = p;
    return 0;
}

void power_journal_release(struct power_journal *j)
{
    for (int i = 0; i <= POWER_UNITS_MAX; i++) free(j->free[i].units);
    if (j->base) munmap(j->base, SPACE_BYTES_MAX);
    if (j->descriptor >= 0) close(j->descriptor);
    *j = (struct power_journal){.descriptor = -1};
}

static int header_fill(const struct power_journal *j)
{
    struct header *h = header_of(j);
    struct stat st;
    if (fstat(j->descriptor, &st) != 0) return err_from_errno(errno);
    memcpy(h->magic, magic, sizeof magic);
    h->version = VERSION;
    h->crc = crc32c(0, h, offsetof(struct header, crc));
    h->inode = power_seal(st.st_ino);
    atomic_store(&h->condition, POWER_OPEN);
    atomic_store(&h->units, power_seal(1));
    return 0;
}

int power_journal_create(int directory, struct power_journal *j, struct err_text *error)
{
    *j = (struct power_journal){.descriptor = -1};
    int rc = 0;
    unlinkat(directory, name_new, 0);
    j->descriptor = openat(directory, name_new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (j->descriptor < 0) rc = err_from_errno(errno);
    if (rc == 0) rc = reserve(j);
    if (rc == 0 && !grow(j, STEP, false)) rc = ERR_NOSPACE;
    if (rc == 0) rc = header_fill(j);
    if (rc == 0 && renameat(directory, name_new, directory, POWER_JOURNAL_NAME) != 0) rc = err_from_errno(errno);
    if (rc == 0) return 0;
    power_journal_release(j);
    unlinkat(directory, name_new, 0);
    return err_set(error, rc, "%s cannot be made: %s", POWER_JOURNAL_NAME, err_name(rc));
}

/* --- records --- */

static bool is_used(const struct power_record *r)
{
    return r->state >> 16 == STATE_USED;
}

static void list_add(struct power_journal *j, const struct power_record *r)
{
    struct power_free_list *l = &j->free[r->units];
    if (l->count == l->capacity) {
        l->capacity = l->capacity ? l->capacity * 2 : 16;
        l->units = memory_grow(l->units, l->capacity, sizeof *l->units);
    }
    l->units[l->count++] = (uint32_t)(((const uint8_t *)r - j->base) / POWER_UNIT);
}

/* A new one at the end: free until it is filled. */
static struct power_record *carve(struct power_journal *j, uint16_t units)
{
    uint64_t at = units_given(j), end = at + units;
    if (end * POWER_UNIT > j->mapped && !grow(j, j->mapped + STEP, false)) return NULL;
    struct power_record *r = record_at(j, at);
    r->units = units;
    r->state = (uint32_t)STATE_FREE << 16 | units;
    atomic_store(&header_of(j)->units, power_seal(end));
    return r;
}

struct power_record *power_journal_add(struct power_journal *j, enum power_kind kind, uint64_t number, uint64_t synced,
                                       uint32_t kept, const char *path, const char *to)
{
    size_t path_bytes = path ? strlen(path) : 0, to_bytes = to ? strlen(to) : 0;
    size_t bytes = offsetof(struct power_record, text) + path_bytes + to_bytes + 2;
    uint16_t units = (uint16_t)((bytes + POWER_UNIT - 1) / POWER_UNIT);
    struct power_record *r = NULL;
    if (bytes <= (size_t)POWER_UNIT * POWER_UNITS_MAX) {
        struct power_free_list *l = &j->free[units];
        r = l->count ? record_at(j, l->units[--l->count]) : carve(j, units);
    }
    if (!r) {
        atomic_store(&header_of(j)->condition, POWER_INCOMPLETE);
        return NULL;
    }
    memset(&r->kind, 0, (size_t)units * POWER_UNIT - offsetof(struct power_record, kind));
    r->kind = (uint16_t)kind;
    r->kept = kept;
    r->number = number;
    r->path_bytes = (uint16_t)path_bytes;
    r->to_bytes = (uint16_t)to_bytes;
    if (path) memcpy(r->text, path, path_bytes);
    if (to) memcpy(r->text + path_bytes + 1, to, to_bytes);
    power_record_set_synced(r, synced);
    r->crc = record_crc(r);
    atomic_thread_fence(memory_order_release);
    r->state = (uint32_t)STATE_USED << 16 | units;
    atomic_thread_fence(memory_order_release);
    j->used_count++;
    return r;
}

void power_journal_drop(struct power_journal *j, struct power_record *r)
{
    assert(is_used(r));
    r->state = (uint32_t)STATE_FREE << 16 | r->units;
    list_add(j, r);
    j->used_count--;
}

struct power_record *power_journal_next(const struct power_journal *j, const struct power_record *r)
{
    uint64_t end = units_given(j);
    uint64_t at = r ? (uint64_t)((const uint8_t *)r - j->base) / POWER_UNIT + r->units : 1;
    for (; at < end; at += record_at(j, at)->units)
        if (is_used(record_at(j, at))) return record_at(j, at);
    return NULL;
}

const char *power_record_path(const struct power_record *r)
{
    return r->text;
}

const char *power_record_to(const struct power_record *r)
{
    return r->text + r->path_bytes + 1;
}

uint64_t power_record_synced(const struct power_record *r)
{
    uint64_t n;
    power_unseal(atomic_load(&r->synced), &n);
    return n;
}

void power_record_set_synced(struct power_record *r, uint64_t synced)
{
    atomic_store(&r->synced, power_seal(synced));
}

/* --- opening one that is there --- */

/* What is wrong with the record at a unit; NULL: nothing. */
static const char *record_wrong(const struct power_journal *j, uint64_t at, uint64_t end)
{
    const struct power_record *r = record_at(j, at);
    uint32_t state = r->state >> 16;
    uint64_t n;
    if (state != STATE_USED && state != STATE_FREE) return "it is neither used nor free";
    if ((r->state & 0xffff) != r->units || r->units == 0 || r->units > POWER_UNITS_MAX || at + r->units > end)
        return "its size is impossible";
    if (state == STATE_FREE) return NULL;
    if (record_crc(r) != r->crc) return "its CRC does not match";
    if (r->kind < POWER_CONTENT || r->kind > POWER_REMOVED) return "its kind is unknown";
    size_t room = (size_t)r->units * POWER_UNIT - offsetof(struct power_record, text);
    if ((size_t)r->path_bytes + r->to_bytes + 2 > room) return "its paths do not fit";
    if (r->text[r->path_bytes] || r->text[r->path_bytes + 1 + r->to_bytes]) return "its paths do not end";
    return power_unseal(atomic_load(&r->synced), &n) ? NULL : "its length has a wrong check";
}

static int records_check(struct power_journal *j, struct err_text *error)
{
    uint64_t end = units_given(j);
    for (uint64_t at = 1; at < end; at += record_at(j, at)->units) {
        const char *why = record_wrong(j, at, end);
        if (why)
            return err_set(error, ERR_CORRUPT, "%s: the record at byte %llu is damaged: %s", POWER_JOURNAL_NAME,
                           (unsigned long long)at * POWER_UNIT, why);
        if (is_used(record_at(j, at)))
            j->used_count++;
        else
            list_add(j, record_at(j, at));
    }
    return 0;
}

static int header_check(const struct power_journal *j, struct err_text *error)
{
    const struct header *h = header_of(j);
    uint64_t units, inode;
    enum power_condition c = power_journal_condition(j);
    bool good = memcmp(h->magic, magic, sizeof magic) == 0 && crc32c(0, h, offsetof(struct header, crc)) == h->crc &&
                h->version == VERSION && power_unseal(atomic_load(&h->units), &units) && units >= 1 &&
                power_unseal(h->inode, &inode) && units * POWER_UNIT <= j->mapped &&
                (c == POWER_CLOSED || c == POWER_OPEN || c == POWER_INCOMPLETE);
    return good ? 0 : err_set(error, ERR_CORRUPT, "%s: its header is damaged", POWER_JOURNAL_NAME);
}

int power_journal_open(int directory, struct power_journal *j, struct err_text *error)
{
    struct stat st;
    *j = (struct power_journal){.descriptor = openat(directory, POWER_JOURNAL_NAME, O_RDWR | O_CLOEXEC)};
    if (j->descriptor < 0 || fstat(j->descriptor, &st) != 0) {
        int rc = err_from_errno(errno);
        power_journal_release(j);
        return err_set(error, rc, "%s cannot be opened: %s", POWER_JOURNAL_NAME, err_name(rc));
    }
    int rc = 0;
    if (st.st_size < STEP || st.st_size % STEP || st.st_size > SPACE_BYTES_MAX)
        rc = err_set(error, ERR_CORRUPT, "%s: a size of %lld bytes is impossible", POWER_JOURNAL_NAME,
                     (long long)st.st_size);
    if (rc == 0) rc = reserve(j);
    if (rc == 0 && !grow(j, (size_t)st.st_size, true)) rc = ERR_NOMEM;
    if (rc == 0) rc = header_check(j, error);
    if (rc == 0) j->copied = header_of(j)->inode != power_seal(st.st_ino);
    if (rc == 0) rc = records_check(j, error);
    if (rc < 0) power_journal_release(j);
    return rc == 0 ? 0 : err_set(error, rc, "%s cannot be mapped: %s", POWER_JOURNAL_NAME, err_name(rc));
}

enum power_condition power_journal_condition(const struct power_journal *j)
{
    return (enum power_condition)atomic_load(&header_of(j)->condition);
}

void power_journal_set_condition(struct power_journal *j, enum power_condition condition)
{
    atomic_store(&header_of(j)->condition, condition);
}

void power_journal_adopt(struct power_journal *j)
{
    struct stat st;
    assert(j->used_count == 0);
    if (fstat(j->descriptor, &st) == 0) header_of(j)->inode = power_seal(st.st_ino);
}

void power_journal_trim(struct power_journal *j)
{
    if (j->used_count > 0) return;
    atomic_store(&header_of(j)->units, power_seal(1));
    for (int i = 0; i <= POWER_UNITS_MAX; i++) j->free[i].count = 0;
    if (j->mapped == STEP || ftruncate(j->descriptor, STEP) != 0) return;
    void *p = mmap(j->base + STEP, j->mapped - STEP, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
                   -1, 0);
    assert(p != MAP_FAILED);
    j->mapped = STEP;
}
