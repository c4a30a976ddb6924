#include "lib/os/power.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/bytes.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/base/table.h"
#include "lib/os/power_journal.h"
#include "lib/os/power_walk.h"

enum { KEPT_BYTES_MAX = 1 << 20, NAME_SIZE = 64 };

struct power {
    pthread_mutex_t lock;
    int directory;
    struct power_journal journal;
    struct table files;       /* 8 bytes of inode -> struct power_file */
    struct table directories; /* path -> struct changes: names in it that are not durable */
    uint64_t clock;           /* numbers changes of names, and says what came before a sync */
    uint32_t last_kept;
};

struct power_file {
    char *path; /* that it was opened as first */
    uint64_t inode, size, synced;
    struct power_record *record; /* NULL: all of it is durable */
    int references;
    bool removed;
    bool lost;                /* a sync failed: what is not durable never will be */
    struct power_sync *syncs; /* under way */
};

struct power_sync {
    struct power *power;
    struct power_file *file; /* or a directory */
    char *path;
    uint64_t mark; /* the size, or the clock, at the begin */
    uint64_t low;  /* the lowest byte that was written or cut since */
    struct power_sync *next;
};

/* A change of a name that no directory sync has made durable. */
struct change {
    struct power_record *record;
    uint64_t done_at; /* 0: the system call is under way */
    struct change *next;
};

struct changes {
    struct change *first, **last;
    bool lost; /* as of a file; later ones too, for they are undone in their order */
};

/* --- contents --- */

static struct slice inode_key(const uint64_t *inode)
{
    return slice_of(inode, sizeof *inode);
}

static void file_settle(struct power *p, struct power_file *f)
{
    if (f->references > 0 || f->record) return;
    if (table_get(&p->files, inode_key(&f->inode)) == f) table_remove(&p->files, inode_key(&f->inode));
    free(f->path);
    free(f);
}

static void file_is_durable(struct power *p, struct power_file *f)
{
    if (f->record) power_journal_drop(&p->journal, f->record);
    f->record = NULL;
}

/* The inode has no name any more, and its number may be given out again. */
static void inode_forget(struct power *p, uint64_t inode)
{
    struct power_file *f = table_remove(&p->files, inode_key(&inode));
    if (!f) return;
    f->removed = true;
    file_is_durable(p, f);
    file_settle(p, f);
}

struct power_file *power_file_get(struct power *p, int descriptor, const char *path)
{
    struct stat st;
    if (!p || fstat(descriptor, &st) != 0) return NULL;
    uint64_t inode = st.st_ino;
    pthread_mutex_lock(&p->lock);
    struct power_file *f = table_get(&p->files, inode_key(&inode));
    if (!f) {
        f = memory_new(sizeof *f);
        f->inode = inode;
        f->path = memory_str(path);
        table_set(&p->files, inode_key(&inode), f);
    }
    if (f->references++ == 0) f->size = (uint64_t)st.st_size;
    pthread_mutex_unlock(&p->lock);
    return f;
}

void power_file_put(struct power *p, struct power_file *f)
{
    if (!f) return;
    pthread_mutex_lock(&p->lock);
    f->references--;
    file_settle(p, f);
    pthread_mutex_unlock(&p->lock);
}

static void lower(struct power *p, struct power_file *f, uint64_t at)
{
    for (struct power_sync *s = f->syncs; s; s = s->next)
        if (s->low > at) s->low = at;
    if (f->removed) return;
    if (!f->record) {
        f->synced = f->size < at ? f->size : at;
        f->record = power_journal_add(&p->journal, POWER_CONTENT, f->inode, f->synced, 0, f->path, NULL);
    } else if (f->synced > at) {
        f->synced = at;
        power_record_set_synced(f->record, at);
    }
}

void power_write(struct power *p, struct power_file *f, uint64_t at, uint64_t n)
{
    if (!f || n == 0) return;
    pthread_mutex_lock(&p->lock);
    lower(p, f, at);
    if (f->size < at + n) f->size = at + n;
    pthread_mutex_unlock(&p->lock);
}

void power_truncate(struct power *p, struct power_file *f, uint64_t size)
{
    if (!f) return;
    pthread_mutex_lock(&p->lock);
    if (f->size != size) lower(p, f, size);
    if (f->record && size <= f->synced) f->lost = false;
    f->size = size;
    pthread_mutex_unlock(&p->lock);
}

/* --- changes of names --- */

static struct slice parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slice_of(path, slash ? (size_t)(slash - path) : 0);
}

static void change_list(struct power *p, struct change *c)
{
    const char *path = power_record_path(c->record);
    struct changes *in = table_get(&p->directories, parent_of(path));
    if (!in) {
        in = memory_new(sizeof *in);
        in->last = &in->first;
        table_set(&p->directories, parent_of(path), in);
    }
    *in->last = c;
    in->last = &c->next;
}

static struct change *change_begin(struct power *p, enum power_kind kind, uint32_t kept, const char *path,
                                   const char *to)
{
    pthread_mutex_lock(&p->lock);
    struct power_record *r = power_journal_add(&p->journal, kind, ++p->clock, 0, kept, path, to);
    struct change *c = r ? memory_new(sizeof *c) : NULL;
    if (c) {
        c->record = r;
        change_list(p, c);
    }
    pthread_mutex_unlock(&p->lock);
    return c;
}

static void kept_name(uint32_t kept, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, POWER_KEPT_PREFIX "%u", kept);
}

static void kept_remove(struct power *p, uint32_t kept)
{
    char name[NAME_SIZE];
    struct stat st;
    if (kept == 0) return;
    kept_name(kept, name);
    if (fstatat(p->directory, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return;
    unlinkat(p->directory, name, 0);
    if (st.st_nlink > 1) return;
    pthread_mutex_lock(&p->lock);
    inode_forget(p, st.st_ino);
    pthread_mutex_unlock(&p->lock);
}

/* Takes the change out of its directory's list and frees it, record and all. */
static void change_drop(struct power *p, struct changes *in, struct change **link)
{
    struct change *c = *link;
    *link = c->next;
    if (!*link) in->last = link;
    power_journal_drop(&p->journal, c->record);
    free(c);
}

static void changes_settle(struct power *p, struct slice directory)
{
    const struct changes *in = table_get(&p->directories, directory);
    if (in && !in->first) free(table_remove(&p->directories, directory));
}

static void change_failed(struct power *p, struct change *c)
{
    if (!c) return;
    int cause = errno;
    uint32_t kept = c->record->kept;
    char *path = memory_str(power_record_path(c->record));
    pthread_mutex_lock(&p->lock);
    struct changes *in = table_get(&p->directories, parent_of(path));
    struct change **link = &in->first;
    while (*link != c) link = &(*link)->next;
    change_drop(p, in, link);
    changes_settle(p, parent_of(path));
    pthread_mutex_unlock(&p->lock);
    kept_remove(p, kept);
    free(path);
    errno = cause;
}

static void change_done(struct power *p, struct change *c)
{
    if (!c) return;
    pthread_mutex_lock(&p->lock);
    c->done_at = ++p->clock;
    pthread_mutex_unlock(&p->lock);
}

/* A directory went, or goes by another name from now on: nobody needs to know what was changed in it. */
static void changes_forget(struct power *p, const char *path)
{
    pthread_mutex_lock(&p->lock);
    struct changes *in = table_get(&p->directories, slice_str(path));
    while (in && in->first) change_drop(p, in, &in->first);
    changes_settle(p, slice_str(path));
    pthread_mutex_unlock(&p->lock);
}

/* --- system calls on names --- */

int power_open_file(struct power *p, int directory, const char *path, int flags, mode_t mode)
{
    struct stat st;
    if (!p) return openat(directory, path, flags, mode);
    for (;;) {
        int d = openat(directory, path, flags & ~O_CREAT, mode);
        if (d >= 0 || errno != ENOENT || !(flags & O_CREAT)) return d;
        struct change *c = change_begin(p, POWER_CREATED, 0, path, NULL);
        d = openat(directory, path, flags | O_EXCL, mode);
        if (d < 0) {
            change_failed(p, c);
            if (errno == EEXIST) continue;
            return d;
        }
        pthread_mutex_lock(&p->lock);
        if (fstat(d, &st) == 0) inode_forget(p, st.st_ino);
        pthread_mutex_unlock(&p->lock);
        change_done(p, c);
        return d;
    }
}

int power_make_directory(struct power *p, int directory, const char *path, mode_t mode)
{
    struct change *c = p ? change_begin(p, POWER_DIRECTORY, 0, path, NULL) : NULL;
    int rc = mkdirat(directory, path, mode);
    if (rc != 0)
        change_failed(p, c);
    else
        change_done(p, c);
    return rc;
}

/* A second name for a file, so that it can come back. False when there is nothing to keep or it cannot be kept; then
 * `undoable` tells which. */
static bool keep(struct power *p, const char *path, uint32_t *kept, bool *undoable)
{
    char name[NAME_SIZE];
    pthread_mutex_lock(&p->lock);
    *kept = ++p->last_kept;
    pthread_mutex_unlock(&p->lock);
    kept_name(*kept, name);
    if (linkat(p->directory, path, p->directory, name, 0) == 0) return *undoable = true;
    *undoable = errno == ENOENT;
    *kept = 0;
    return false;
}

int power_rename(struct power *p, int directory, const char *from, const char *to)
{
    struct stat st;
    uint32_t kept;
    bool undoable;
    if (!p) return renameat(directory, from, directory, to);
    struct change *c = NULL;
    keep(p, to, &kept, &undoable);
    if (undoable) c = change_begin(p, POWER_RENAMED, kept, from, to);
    if (!c) kept_remove(p, kept);
    int rc = renameat(directory, from, directory, to);
    if (rc != 0) {
        change_failed(p, c);
        return rc;
    }
    change_done(p, c);
    if (fstatat(directory, to, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode)) changes_forget(p, from);
    return 0;
}

static bool cleared_at_start(const char *path)
{
    return strstr(path, ".tmp") || strstr(path, ".deleted") || strstr(path, "-delete");
}

static int file_remove(struct power *p, int directory, const char *path, const struct stat *st)
{
    uint32_t kept = 0;
    bool undoable = st->st_size <= KEPT_BYTES_MAX && !cleared_at_start(path);
    struct change *c = NULL;
    if (undoable && keep(p, path, &kept, &undoable)) c = change_begin(p, POWER_REMOVED, kept, path, NULL);
    if (!c) kept_remove(p, kept);
    int rc = unlinkat(directory, path, 0);
    if (rc != 0) {
        change_failed(p, c);
        return rc;
    }
    change_done(p, c);
    if (c || st->st_nlink > 1) return 0;
    pthread_mutex_lock(&p->lock);
    inode_forget(p, st->st_ino);
    pthread_mutex_unlock(&p->lock);
    return 0;
}

int power_remove(struct power *p, int directory, const char *path)
{
    struct stat st;
    if (!p) {
        if (unlinkat(directory, path, 0) == 0) return 0;
        return errno == EISDIR || errno == EPERM ? unlinkat(directory, path, AT_REMOVEDIR) : -1;
    }
    if (fstatat(directory, path, &st, AT_SYMLINK_NOFOLLOW) != 0) return -1;
    if (!S_ISDIR(st.st_mode)) return file_remove(p, directory, path, &st);
    int rc = unlinkat(directory, path, AT_REMOVEDIR);
    if (rc == 0) changes_forget(p, path);
    return rc;
}

/* --- syncs --- */

struct power_sync *power_sync_file(struct power *p, struct power_file *f)
{
    if (!f) return NULL;
    struct power_sync *s = memory_new(sizeof *s);
    pthread_mutex_lock(&p->lock);
    *s = (struct power_sync){.power = p, .file = f, .mark = f->size, .low = UINT64_MAX, .next = f->syncs};
    f->syncs = s;
    f->references++;
    pthread_mutex_unlock(&p->lock);
    return s;
}

struct power_sync *power_sync_directory(struct power *p, const char *path)
{
    if (!p) return NULL;
    pthread_mutex_lock(&p->lock);
    bool any = table_get(&p->directories, slice_str(path)) != NULL;
    uint64_t mark = p->clock;
    pthread_mutex_unlock(&p->lock);
    if (!any) return NULL;
    struct power_sync *s = memory_new(sizeof *s);
    *s = (struct power_sync){.power = p, .path = memory_str(path), .mark = mark};
    return s;
}

static void file_sync_end(struct power_sync *s, enum power_outcome outcome)
{
    struct power *p = s->power;
    struct power_file *f = s->file;
    pthread_mutex_lock(&p->lock);
    struct power_sync **link = &f->syncs;
    while (*link != s) link = &(*link)->next;
    *link = s->next;
    uint64_t synced = s->mark < s->low ? s->mark : s->low;
    f->lost |= outcome == POWER_SYNC_FAILED && f->record;
    bool ok = outcome == POWER_SYNCED && !f->lost;
    if (ok && f->record && synced > f->synced) {
        f->synced = synced;
        power_record_set_synced(f->record, synced);
    }
    if (ok && synced >= f->size) file_is_durable(p, f);
    f->references--;
    file_settle(p, f);
    pthread_mutex_unlock(&p->lock);
}

static void directory_sync_failed(const struct power_sync *s)
{
    pthread_mutex_lock(&s->power->lock);
    struct changes *in = table_get(&s->power->directories, slice_str(s->path));
    if (in) in->lost = true;
    pthread_mutex_unlock(&s->power->lock);
}

/* Oldest first: a process that is killed in between leaves the later changes, never an earlier one alone. */
static void directory_sync_end(const struct power_sync *s)
{
    struct power *p = s->power;
    uint32_t *kept = NULL;
    size_t kept_count = 0;
    pthread_mutex_lock(&p->lock);
    struct changes *in = table_get(&p->directories, slice_str(s->path));
    struct change *none = NULL, **link = in && !in->lost ? &in->first : &none;
    while (*link) {
        const struct change *c = *link;
        if (c->done_at == 0 || c->done_at > s->mark) {
            link = &(*link)->next;
            continue;
        }
        kept = memory_grow(kept, kept_count + 1, sizeof *kept);
        kept[kept_count++] = c->record->kept;
        change_drop(p, in, link);
    }
    changes_settle(p, slice_str(s->path));
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < kept_count; i++) kept_remove(p, kept[i]);
    free(kept);
}

void power_sync_end(struct power_sync *s, enum power_outcome outcome)
{
    if (!s) return;
    if (s->file)
        file_sync_end(s, outcome);
    else if (outcome == POWER_SYNCED)
        directory_sync_end(s);
    else if (outcome == POWER_SYNC_FAILED)
        directory_sync_failed(s);
    free(s->path);
    free(s);
}

/* --- the journal that is there --- */

static int by_number(const void *a, const void *b)
{
    const struct power_record *x = *(struct power_record *const *)a, *y = *(struct power_record *const *)b;
    return x->number < y->number ? -1 : x->number > y->number;
}

static void changes_take_up(struct power *p, struct power_record **records, size_t count)
{
    if (count) qsort(records, count, sizeof(struct power_record *), by_number);
    for (size_t i = 0; i < count; i++) {
        struct change *c = memory_new(sizeof *c);
        *c = (struct change){.record = records[i], .done_at = 1};
        change_list(p, c);
        if (records[i]->number > p->clock) p->clock = records[i]->number;
        if (records[i]->kept > p->last_kept) p->last_kept = records[i]->kept;
    }
}

static void content_take_up(struct power *p, struct power_record *r)
{
    struct power_file *f = memory_new(sizeof *f);
    *f = (struct power_file){.inode = r->number, .synced = power_record_synced(r), .record = r};
    f->path = memory_str(power_record_path(r));
    struct power_file *twin = table_set(&p->files, inode_key(&f->inode), f);
    if (!twin) return;
    /* the same inode twice: it was freed and taken again just before the end */
    if (twin->synced < f->synced) power_record_set_synced(r, f->synced = twin->synced);
    power_journal_drop(&p->journal, twin->record);
    free(twin->path);
    free(twin);
}

/* Files whose last name went just before the end; their numbers may be given out again. And what was kept for a change
 * that is not noted any more. */
static void leftovers_clear(struct power *p)
{
    struct power_walk walk;
    power_walk_begin(&walk, p->directory);
    for (struct table_entry *e = table_first(&p->files); e; e = table_next(&p->files, e)) {
        struct power_file *f = e->value;
        if (!power_walk_path(&walk, f->inode)) inode_forget(p, f->inode);
    }
    for (struct table_entry *e = table_first(&walk.kept); e; e = table_next(&walk.kept, e)) {
        uint32_t kept = (uint32_t)(uintptr_t)e->value;
        bool noted = false;
        for (struct power_record *r = power_journal_next(&p->journal, NULL); r && !noted;
             r = power_journal_next(&p->journal, r))
            noted = r->kept == kept;
        if (!noted) kept_remove(p, kept);
    }
    power_walk_end(&walk);
}

static void journal_take_up(struct power *p)
{
    struct power_record **changes = memory_new((size_t)p->journal.used_count * sizeof(struct power_record *));
    size_t count = 0;
    for (struct power_record *r = power_journal_next(&p->journal, NULL), *next; r; r = next) {
        next = power_journal_next(&p->journal, r);
        if (r->kind == POWER_CONTENT)
            content_take_up(p, r);
        else
            changes[count++] = r;
    }
    changes_take_up(p, changes, count);
    free(changes);
    leftovers_clear(p);
}

/* Nothing is known of what is durable: it is made so. An empty directory has nothing to sync. */
static int start_afresh(struct power *p, struct err_text *error)
{
    struct power_walk walk;
    struct stat st;
    bool used = fstatat(p->directory, "meta.properties", &st, 0) == 0;
    if (used && syncfs(p->directory) != 0)
        return err_set(error, err_from_errno(errno), "the data directory cannot be synced: %s", strerror(errno));
    power_walk_begin(&walk, p->directory);
    for (struct table_entry *e = table_first(&walk.kept); e; e = table_next(&walk.kept, e))
        kept_remove(p, (uint32_t)(uintptr_t)e->value);
    power_walk_end(&walk);
    return power_journal_create(p->directory, &p->journal, error);
}

static int journal_get(struct power *p, struct err_text *error)
{
    struct err_text why = {""};
    int rc = power_journal_open(p->directory, &p->journal, &why);
    if (rc == ERR_NOTFOUND) return start_afresh(p, error);
    enum power_condition condition = rc == 0 ? power_journal_condition(&p->journal) : POWER_INCOMPLETE;
    if (rc < 0) log_warn("broker", "%s; everything is synced and a new one begins", why.text);
    if (rc == 0 && p->journal.copied) condition = POWER_INCOMPLETE;
    if (condition == POWER_INCOMPLETE) {
        if (rc == 0) power_journal_release(&p->journal);
        return start_afresh(p, error);
    }
    power_journal_set_condition(&p->journal, POWER_OPEN);
    if (condition == POWER_OPEN || p->journal.used_count > 0) journal_take_up(p);
    return 0;
}

int power_open(int directory, struct power **out, struct err_text *error)
{
    struct power *p = memory_new(sizeof *p);
    p->directory = fcntl(directory, F_DUPFD_CLOEXEC, 0);
    pthread_mutex_init(&p->lock, NULL);
    int rc = p->directory < 0 ? err_from_errno(errno) : journal_get(p, error);
    if (rc < 0) {
        pthread_mutex_destroy(&p->lock);
        if (p->directory >= 0) close(p->directory);
        free(p);
        return rc;
    }
    *out = p;
    return 0;
}

void power_close(struct power *p)
{
    if (!p) return;
    for (struct table_entry *e = table_first(&p->files); e; e = table_next(&p->files, e)) {
        free(((struct power_file *)e->value)->path);
        free(e->value);
    }
    for (struct table_entry *e = table_first(&p->directories); e; e = table_next(&p->directories, e)) {
        struct changes *in = e->value;
        for (struct change *c = in->first, *next; c; c = next) {
            next = c->next;
            free(c);
        }
        free(in);
    }
    table_release(&p->files);
    table_release(&p->directories);
    power_journal_trim(&p->journal);
    if (power_journal_condition(&p->journal) == POWER_OPEN) power_journal_set_condition(&p->journal, POWER_CLOSED);
    power_journal_release(&p->journal);
    pthread_mutex_destroy(&p->lock);
    close(p->directory);
    free(p);
}
