/* power_journal_fuzz - a data directory with any bytes in its power-loss journal.
 *
 *     input: flags u8, then the journal from its header on; it is filled up with zeros to its smallest size
 *
 * The header (flag 1) and the sizes, states and CRCs of records (flag 2) are put right on the way,
 * for no fuzzer guesses them; flag 4 says whose inode stands in the header. The journal is refused with a sentence, or
 * every record can be read and one more can be noted; a power cut that only pretends ends and changes nothing. */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/bytes.h"
#include "lib/base/checksum.h"
#include "lib/os/power_cut.h"
#include "lib/os/power_journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FLAG_HEADER = 1, FLAG_RECORDS = 2, FLAG_OWN = 4, STEP = 64 << 10, USED = 0x5057 };

static char root[] = "/tmp/millrace-fuzz-XXXXXX";
static int directory = -1;

static void directory_remove(void)
{
    static const char *const names[] = {POWER_JOURNAL_NAME, "a", "b"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) unlinkat(directory, names[i], 0);
    rmdir(root);
}

static void file_put(const char *name, const void *p, size_t n)
{
    int f = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert(f >= 0);
    ssize_t written = write(f, p, n);
    assert(written == (ssize_t)n);
    close(f);
}

/* Two files that records may speak of. */
static void directory_make(void)
{
    static const uint8_t text[100] = "what was written";
    const char *made = mkdtemp(root);
    assert(made);
    directory = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert(directory >= 0);
    file_put(POWER_JOURNAL_NAME, text, sizeof text);
    file_put("a", text, sizeof text);
    file_put("b", text, sizeof text);
    atexit(directory_remove);
}

static uint64_t inode_of(const char *name)
{
    struct stat st;
    int rc = fstatat(directory, name, &st, 0);
    assert(rc == 0);
    return st.st_ino;
}

static void store(uint8_t *at, const void *number, size_t n)
{
    memcpy(at, number, n); /* numbers are in the machine's order */
}

/* docs/formats/power-loss-journal.md has the layout. */
static void header_repair(uint8_t *h, size_t units, bool own)
{
    static const uint8_t magic[8] = {'M', 'R', 'P', 'O', 'W', 'E', 'R', '1'};
    uint32_t version = 1, condition = POWER_OPEN;
    memcpy(h, magic, sizeof magic);
    store(h + 8, &version, 4);
    uint32_t crc = crc32c(0, h, 12);
    uint64_t given = power_seal(units), inode = power_seal(inode_of(POWER_JOURNAL_NAME) + !own);
    store(h + 12, &crc, 4);
    store(h + 16, &given, 8);
    if (h[24] & 1) store(h + 24, &condition, 4);
    store(h + 32, &inode, 8);
}

/* Size, state and CRC; a content is one of the file "a", now and then. */
static size_t record_repair(uint8_t *r, size_t left)
{
    size_t units = (uint8_t)(r[4] - 1) % POWER_UNITS_MAX + 1;
    if (units > left) units = left;
    uint16_t n = (uint16_t)units, state = r[2] & 1 ? USED : 0x4652, kind = r[6] % 6;
    uint64_t inode = inode_of("a"), synced = power_seal(r[24]);
    store(r, &n, 2);
    store(r + 2, &state, 2);
    store(r + 4, &n, 2);
    store(r + 6, &kind, 2);
    if (kind == POWER_CONTENT && r[16] & 1) store(r + 16, &inode, 8);
    store(r + 24, &synced, 8);
    for (size_t i = 40; i < units * POWER_UNIT; i++)
        if (r[i] == '/') r[i] = '_'; /* paths stay in the directory */
    uint32_t crc = crc32c(0, r + 4, 4);
    crc = crc32c(crc, r + 12, 12);
    crc = crc32c(crc, r + 32, units * POWER_UNIT - 32);
    store(r + 8, &crc, 4);
    return units;
}

static void journal_put(uint8_t flags, const uint8_t *p, size_t n)
{
    static uint8_t bytes[STEP];
    memset(bytes, 0, sizeof bytes);
    if (n > sizeof bytes) n = sizeof bytes;
    if (n) memcpy(bytes, p, n);
    size_t units = (n + POWER_UNIT - 1) / POWER_UNIT;
    if (flags & FLAG_RECORDS)
        for (size_t at = 1; at < units;) at += record_repair(bytes + at * POWER_UNIT, units - at);
    if (flags & FLAG_HEADER) header_repair(bytes, units ? units : 1, flags & FLAG_OWN);
    file_put(POWER_JOURNAL_NAME, bytes, sizeof bytes);
}

/* Reads every record; the number of them. */
static uint32_t walk(const struct power_journal *j)
{
    uint32_t n = 0;
    for (struct power_record *r = power_journal_next(j, NULL); r; r = power_journal_next(j, r), n++) {
        size_t room = (size_t)r->units * POWER_UNIT - 40;
        assert(strlen(power_record_path(r)) + strlen(power_record_to(r)) + 2 <= room);
        assert(power_record_synced(r) < UINT64_C(1) << 48);
    }
    assert(n == j->used_count);
    return n;
}

static bool journal_open(struct power_journal *j)
{
    struct err_text error = {""};
    int rc = power_journal_open(directory, j, &error);
    assert(rc == 0 || error.text[0]);
    return rc == 0;
}

/* A cut that pretends; the files stay. */
static void cut(bool opens, bool incomplete)
{
    struct power_cut_report report;
    struct err_text error = {""};
    const struct power_cut_options options = {.pretend = true};
    struct stat before, after;
    int rc = fstatat(directory, "a", &before, 0);
    assert(rc == 0);
    rc = power_cut(directory, &options, &report, &error);
    assert(rc == 0 || error.text[0]);
    assert(opens || rc < 0);
    assert(!incomplete || rc == ERR_UNSUPPORTED);
    rc = fstatat(directory, "a", &after, 0);
    assert(rc == 0 && before.st_size == after.st_size && before.st_ino == after.st_ino);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct power_journal j;
    if (directory < 0) directory_make();
    if (size == 0) return 0;
    journal_put(data[0], data + 1, size - 1);
    bool opens = journal_open(&j), incomplete = opens && power_journal_condition(&j) == POWER_INCOMPLETE;
    uint32_t n = opens ? walk(&j) : 0;
    if (opens) power_journal_release(&j);
    cut(opens, incomplete);
    if (!opens) return 0;
    opens = journal_open(&j);
    assert(opens);
    bool noted = power_journal_add(&j, POWER_RENAMED, 7, 0, 0, "a", "c");
    power_journal_release(&j);
    opens = journal_open(&j);
    assert(opens && j.used_count == n + noted);
    walk(&j);
    power_journal_release(&j);
    return 0;
}
