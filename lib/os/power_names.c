/* Names. Each directory has a list of changes that no sync of it has made durable, oldest first. What a name stood for
 * before is kept under a hard link until then. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/os/power_state.h"

enum { KEPT_BYTES_MAX = 1 << 20, NAME_SIZE = 64 };

/* --- changes --- */

static struct slice parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slice_of(path, slash ? (size_t)(slash - path) : 0);
}

void power_change_list(struct power *p, struct change *c)
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
        power_change_list(p, c);
    }
    pthread_mutex_unlock(&p->lock);
    return c;
}

static void kept_name(uint32_t kept, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, POWER_KEPT_PREFIX "%u", kept);
}

void power_kept_remove(struct power *p, uint32_t kept)
{
    char name[NAME_SIZE];
    struct stat st;
    if (kept == 0) return;
    kept_name(kept, name);
    if (fstatat(p->directory, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return;
    unlinkat(p->directory, name, 0);
    if (st.st_nlink > 1) return;
    pthread_mutex_lock(&p->lock);
    power_inode_forget(p, st.st_ino);
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
    power_kept_remove(p, kept);
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

/* --- system calls --- */

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
        if (fstat(d, &st) == 0) power_inode_forget(p, st.st_ino);
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
    if (!c) power_kept_remove(p, kept);
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
    if (!c) power_kept_remove(p, kept);
    int rc = unlinkat(directory, path, 0);
    if (rc != 0) {
        change_failed(p, c);
        return rc;
    }
    change_done(p, c);
    if (c || st->st_nlink > 1) return 0;
    pthread_mutex_lock(&p->lock);
    power_inode_forget(p, st->st_ino);
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

static void directory_sync_failed(const struct power_sync *s)
{
    pthread_mutex_lock(&s->power->lock);
    struct changes *in = table_get(&s->power->directories, slice_str(s->path));
    if (in) in->lost = true;
    pthread_mutex_unlock(&s->power->lock);
}

/* Oldest first: a process that is killed in between leaves the later changes, never an earlier one alone. */
static void directory_sync_good(const struct power_sync *s)
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
    for (size_t i = 0; i < kept_count; i++) power_kept_remove(p, kept[i]);
    free(kept);
}

void power_directory_sync_end(const struct power_sync *s, enum power_outcome outcome)
{
    if (outcome == POWER_SYNCED) directory_sync_good(s);
    if (outcome == POWER_SYNC_FAILED) directory_sync_failed(s);
}
