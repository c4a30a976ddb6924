/* Which file in the folder is which content. A file's number (inode) says so through every renaming; a look at its
 * bytes (marks) says whether the number still means the same content. What
 * a file is whose number is not known, follow_new.c finds out. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "etl/source/format.h"
#include "etl/source/spec.h"
#include "etl/stream/follow_parts.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"

struct entries {
    struct entry *items;
    int count, capacity;
    struct arena names;
};

/* ---- reading the folder ---- */

static int entry_order(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static void entry_add(struct entries *all, const char *name, const struct stat *st)
{
    if (all->count == all->capacity) {
        all->capacity = all->capacity ? 2 * all->capacity : 64;
        all->items = memory_grow(all->items, (size_t)all->capacity, sizeof *all->items);
    }
    all->items[all->count++] =
        (struct entry){.name = arena_str(&all->names, slice_str(name)),
                       .device = (uint64_t)st->st_dev,
                       .inode = (uint64_t)st->st_ino,
                       .size = (uint64_t)st->st_size,
                       .modified_ms = (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000};
}

/* Files come and go while the folder is read: one that has gone is none. */
static int entries_read(const char *dir, const char *glob, struct entries *all, struct err_text *error)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    struct stat st;
    int result = 0;
    if (!d) return err_set(error, err_from_errno(errno), "%s: %s", dir, strerror(errno));
    while (result == 0 && (entry = readdir(d)))
        if (fnmatch(glob, entry->d_name, FNM_PERIOD) == 0 && fstatat(dirfd(d), entry->d_name, &st, 0) == 0 &&
            S_ISREG(st.st_mode) && (result = source_name_check(dir, entry->d_name, error)) == 0)
            entry_add(all, entry->d_name, &st);
    closedir(d);
    if (all->count) qsort(all->items, (size_t)all->count, sizeof *all->items, entry_order);
    return result;
}

int follow_open(const struct follow *w, const char *name, uint64_t device, uint64_t inode)
{
    struct buf path = {0};
    struct stat st;
    buf_printf(&path, "%s/%s", w->to.options->in, name);
    int fd = open(buf_cstr(&path), O_RDONLY | O_CLOEXEC);
    buf_release(&path);
    if (fd < 0 || (fstat(fd, &st) == 0 && st.st_dev == device && st.st_ino == inode)) return fd;
    close(fd); /* another file has this name by now */
    return -1;
}

int follow_descriptor(const struct follow *w, const struct followed *f)
{
    if (f->reader) return dup(source_descriptor(f->reader));
    return f->at ? follow_open(w, f->at, f->device, f->inode) : -1;
}

/* ---- files that are known ---- */

/* A document that was written anew may have the same length, and another word in its middle. */
static bool has_content(const struct follow *w, const struct followed *f, const struct entry *e)
{
    const struct source_file file = {.name = e->name};
    struct err_text unused;
    char digest[65];
    return source_prefix_digest(w->to.options->in, &file, e->size, digest, &unused) == 0 &&
           strcmp(digest, f->content) == 0;
}

static bool holds_the_same(const struct follow *w, const struct followed *f, const struct entry *e)
{
    if (f->whole && e->size != f->size) return false;
    if (e->size == f->size && f->seen_ms == e->modified_ms) return true;
    if (f->content[0]) return has_content(w, f, e);
    int fd = follow_open(w, e->name, e->device, e->inode);
    bool same = fd < 0 || mark_fits(fd, e->size, f);
    if (fd >= 0) close(fd);
    return same;
}

void follow_found_at(struct followed *f, const struct entry *e)
{
    if (!f->at || strcmp(f->at, e->name) != 0) {
        free(f->at);
        f->at = memory_str(e->name);
        f->told_ns = 0; /* a log that was put aside: soon there may be no file to tell of */
    }
    f->device = e->device;
    f->inode = e->inode;
    if (f->size != e->size) f->changed_ns = clock_mono_ns();
    f->size = e->size;
    f->seen_ms = e->modified_ms;
    f->seen = true;
}

static void known_find(const struct follow *w, int feed, struct entry *e)
{
    struct followed *f = followed_by_inode(&w->list, feed, e->device, e->inode);
    if (!f) return;
    if (!f->seen && !holds_the_same(w, f, e)) {
        f->cut = !f->whole && f->at && strcmp(f->at, e->name) == 0;
        followed_lose(f);
        return;
    }
    e->known = true;
    if (!f->seen) follow_found_at(f, e);
}

/* ---- all of it ---- */

bool follow_takes_lines(const struct feed *feed)
{
    return feed->format == &FORMAT_CSV || feed->format == &FORMAT_ACCESS_LOG || feed->format == &FORMAT_NDJSON;
}

/* A log that was cut: where its lines are that nobody has read, if there are any. */
static void cut_say(const struct follow *w, int feed)
{
    for (int i = 0; i < w->list.count; i++) {
        struct followed *f = w->list.items[i];
        if (f->feed != feed || !f->cut) continue;
        if (!f->seen)
            log_warn("stream",
                     "%s/%s was cut, and no copy holds what it was: lines that were written to it after the last look "
                     "are lost",
                     w->to.options->in, f->home);
        f->cut = false;
    }
}

/* Removed, as far as one can tell: its number may be given to another file. */
static void unseen_lose(const struct follow *w, int feed)
{
    for (int i = 0; i < w->list.count; i++) {
        struct followed *f = w->list.items[i];
        if (f->feed == feed && !f->seen && !f->reader) followed_lose(f);
    }
}

int follow_look(struct follow *w, const struct feed *feed)
{
    struct entries all = {0};
    int result = entries_read(w->to.options->in, feed->spec->glob, &all, w->to.error);
    for (int i = 0; i < w->list.count; i++)
        if (w->list.items[i]->feed == feed->index) w->list.items[i]->seen = false;
    for (int i = 0; i < all.count; i++) known_find(w, feed->index, &all.items[i]);
    for (int i = 0; i < all.count && result == 0; i++)
        if (!all.items[i].known) result = follow_consider(w, feed, &all.items[i]);
    cut_say(w, feed->index);
    unseen_lose(w, feed->index);
    follow_held_forget(w, feed->index);
    free(all.items);
    arena_release(&all.names);
    return result == 0 && w->list.names_changed ? follow_save(w) : result;
}
