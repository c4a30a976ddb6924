#include "lib/os/power_cut.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/os/disk.h"
#include "lib/os/power_journal.h"
#include "lib/os/power_walk.h"

enum { SECTOR = 512, NAME_SIZE = 64 };

struct cut {
    int directory;
    const struct power_cut_options *options;
    struct power_cut_report *report;
    struct err_text *error;
    struct power_journal journal;
    struct random random;
};

static int failed(struct cut *x, const char *path)
{
    int cause = errno;
    return err_set(x->error, err_from_errno(cause), "%s: %s", path, strerror(cause));
}

static void tell(struct cut *x, const struct power_loss *loss)
{
    if (x->options->each) x->options->each(x->options->context, loss);
}

static bool is_there(const struct cut *x, const char *path)
{
    return faccessat(x->directory, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* --- names --- */

/* What is in a directory that was never there goes with it. */
static int tree_remove(struct cut *x, const char *path)
{
    char self[NAME_SIZE];
    struct disk *disk;
    snprintf(self, sizeof self, "/proc/self/fd/%d", x->directory);
    int rc = disk_linux_new(self, &disk, x->error);
    if (rc < 0) return rc;
    rc = disk_remove_tree(disk, path);
    disk_linux_free(disk);
    return rc == ERR_NOTFOUND ? 0 : rc < 0 ? err_set(x->error, rc, "%s: %s", path, err_name(rc)) : 0;
}

static int name_remove(struct cut *x, const char *path)
{
    return unlinkat(x->directory, path, 0) == 0 || errno == ENOENT ? 0 : failed(x, path);
}

static int name_move(struct cut *x, const char *from, const char *to)
{
    return renameat(x->directory, from, x->directory, to) == 0 ? 0 : failed(x, from);
}

/* What a name stood for comes back, unless the name is there: then the change was never made, or is undone. */
static int kept_return(struct cut *x, uint32_t kept, const char *path)
{
    char name[NAME_SIZE];
    if (kept == 0) return 0;
    snprintf(name, sizeof name, POWER_KEPT_PREFIX "%u", kept);
    if (!is_there(x, name)) return 0;
    return is_there(x, path) ? name_remove(x, name) : name_move(x, name, path);
}

/* Sets `what` when there was something to undo. */
static int change_undo(struct cut *x, const struct power_record *r, const char **what)
{
    const char *path = power_record_path(r), *to = power_record_to(r);
    bool there = is_there(x, path), pretend = x->options->pretend;
    int rc = 0;
    *what = NULL;
    switch ((enum power_kind)r->kind) {
    case POWER_CREATED:
        if (there) *what = "created";
        return pretend ? 0 : name_remove(x, path);
    case POWER_DIRECTORY:
        if (there) *what = "created";
        return pretend ? 0 : tree_remove(x, path);
    case POWER_RENAMED:
        if (!there && is_there(x, to)) {
            *what = "renamed";
            if (!pretend) rc = name_move(x, to, path);
        }
        return rc == 0 && !pretend ? kept_return(x, r->kept, to) : rc;
    case POWER_REMOVED:
        if (!there) *what = "removed";
        return pretend ? 0 : kept_return(x, r->kept, path);
    case POWER_CONTENT: break;
    }
    return 0;
}

/* A change that made it to the disk: what it replaced is not needed any more. */
static int change_settle(struct cut *x, const struct power_record *r)
{
    char name[NAME_SIZE];
    if (r->kept == 0) return 0;
    snprintf(name, sizeof name, POWER_KEPT_PREFIX "%u", r->kept);
    return name_remove(x, name);
}

static int newest_first(const void *a, const void *b)
{
    const struct power_record *x = *(struct power_record *const *)a, *y = *(struct power_record *const *)b;
    return x->number > y->number ? -1 : x->number < y->number;
}

/* Every record of contents, or every other one, in a malloc'ed array. */
static size_t records_collect(struct cut *x, bool contents, struct power_record ***out)
{
    struct power_record **list = memory_new((size_t)x->journal.used_count * sizeof(struct power_record *));
    size_t n = 0;
    for (struct power_record *r = power_journal_next(&x->journal, NULL); r; r = power_journal_next(&x->journal, r))
        if ((r->kind == POWER_CONTENT) == contents) list[n++] = r;
    *out = list;
    return n;
}

static int names_cut(struct cut *x)
{
    struct power_record **list;
    size_t n = records_collect(x, false, &list);
    if (n) qsort(list, n, sizeof(struct power_record *), newest_first);
    size_t lost = x->options->torn ? random_below(&x->random, n + 1) : n;
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct power_loss loss = {.path = power_record_path(list[i]), .to = power_record_to(list[i])};
        rc = i < lost ? change_undo(x, list[i], &loss.what) : change_settle(x, list[i]);
        if (rc == 0 && loss.what) {
            x->report->names++;
            tell(x, &loss);
        }
        if (rc == 0 && !x->options->pretend) power_journal_drop(&x->journal, list[i]);
    }
    free(list);
    return rc;
}

/* --- contents --- */

struct victim {
    const char *path;
    uint64_t synced;
};

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct victim *)a)->path, ((const struct victim *)b)->path);
}

/* How much of a file stays, of what is beyond the synced length. */
static uint64_t length_draw(struct cut *x, uint64_t synced, uint64_t size)
{
    uint64_t at = synced + random_below(&x->random, size - synced + 1);
    switch (random_below(&x->random, 4)) {
    case 0: return synced;
    case 1: return size;
    case 2: return at;
    default: at -= at % SECTOR; return at > synced ? at : synced;
    }
}

/* Sectors that were given to the file and never written. */
static int sectors_zero(struct cut *x, int file, uint64_t from, uint64_t to, int *zeroed)
{
    static const uint8_t zeros[SECTOR];
    if (random_chance(&x->random, 1, 2)) return 0;
    for (uint64_t at = from, end; at < to; at = end) {
        end = at - at % SECTOR + SECTOR;
        if (end > to) end = to;
        if (!random_chance(&x->random, 1, 8)) continue;
        if (pwrite(file, zeros, end - at, (off_t)at) != (ssize_t)(end - at)) return -1;
        ++*zeroed;
    }
    return 0;
}

static int content_cut(struct cut *x, const struct victim *v)
{
    struct stat st;
    int file = openat(x->directory, v->path, O_RDWR | O_CLOEXEC), rc = 0;
    if (file < 0 || fstat(file, &st) != 0) {
        rc = failed(x, v->path);
        if (file >= 0) close(file);
        return rc;
    }
    uint64_t size = (uint64_t)st.st_size;
    struct power_loss loss = {.what = "cut", .path = v->path, .before = size, .synced = v->synced, .after = size};
    if (size > v->synced) {
        loss.after = x->options->torn ? length_draw(x, v->synced, size) : v->synced;
        if (!x->options->pretend && ftruncate(file, (off_t)loss.after) != 0) rc = failed(x, v->path);
        if (rc == 0 && x->options->torn && sectors_zero(x, file, v->synced, loss.after, &loss.zeroed) != 0)
            rc = failed(x, v->path);
        x->report->files += loss.after < size || loss.zeroed > 0;
        x->report->bytes += size - loss.after;
        x->report->sectors += loss.zeroed;
        if (rc == 0 && (loss.after < size || loss.zeroed > 0)) tell(x, &loss);
    }
    close(file);
    return rc;
}

/* NULL when the file is gone. In a copy of the directory only names can tell. */
static const char *content_path(const struct cut *x, const struct power_walk *walk, const struct power_record *r)
{
    if (!x->journal.copied) return power_walk_path(walk, r->number);
    return is_there(x, power_record_path(r)) ? power_record_path(r) : NULL;
}

/* In the order of paths, so that a seed means the same wherever the inodes fell. */
static int contents_cut(struct cut *x)
{
    struct power_record **list;
    struct power_walk walk;
    size_t n = records_collect(x, true, &list), count = 0;
    struct victim *victims = memory_new(n * sizeof *victims);
    int rc = 0;
    power_walk_begin(&walk, x->directory);
    for (size_t i = 0; i < n; i++) {
        const char *path = content_path(x, &walk, list[i]);
        if (path) victims[count++] = (struct victim){path, power_record_synced(list[i])};
    }
    if (count) qsort(victims, count, sizeof *victims, by_path);
    for (size_t i = 0; i < count && rc == 0; i++) rc = content_cut(x, &victims[i]);
    for (size_t i = 0; i < n && rc == 0 && !x->options->pretend; i++) power_journal_drop(&x->journal, list[i]);
    power_walk_end(&walk);
    free(victims);
    free(list);
    return rc;
}

/* --- all of it --- */

int power_cut(int directory, const struct power_cut_options *options, struct power_cut_report *report,
              struct err_text *error)
{
    struct cut x = {.directory = directory, .options = options, .report = report, .error = error};
    struct err_text why = {""};
    *report = (struct power_cut_report){0};
    int rc = power_journal_open(directory, &x.journal, &why);
    if (rc == ERR_NOTFOUND)
        return err_set(error, rc, "there is no " POWER_JOURNAL_NAME ": no broker of this kind ran here");
    if (rc < 0) return err_set(error, rc, "%s; start the broker once, it makes a new one", why.text);
    if (power_journal_condition(&x.journal) == POWER_INCOMPLETE) {
        power_journal_release(&x.journal);
        return err_set(error, ERR_UNSUPPORTED,
                       POWER_JOURNAL_NAME " is incomplete, for there was no room to note everything; start the broker "
                                          "once, it makes a new one");
    }
    random_seed(&x.random, options->seed);
    rc = names_cut(&x);
    if (rc == 0) rc = contents_cut(&x);
    if (rc == 0 && !options->pretend) {
        power_journal_trim(&x.journal);
        power_journal_adopt(&x.journal);
        power_journal_set_condition(&x.journal, POWER_CLOSED);
    }
    power_journal_release(&x.journal);
    return rc;
}
