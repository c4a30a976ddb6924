/* What a file is that is not known by its number:
 *
 *     begins with all that was sent of a content that is in no file     it is that content: a copy before the log was
 *                                                                       cut (copytruncate), one that was compressed
 *     is a beginning of a content that is in another file               perhaps a copy in the making: it waits
 *     anything else, with a line that is whole                          a new content */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "etl/source/input.h"
#include "etl/stream/follow_parts.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"

enum { HELD_MS = 5000, SETTLED_MS = 1000, LINE_BYTES = 64 * 1024 };

bool followed_is_nowhere(const struct followed *f)
{
    struct stat st;
    if (f->seen) return false;
    return !f->reader || (fstat(source_descriptor(f->reader), &st) == 0 && st.st_nlink == 0);
}

static bool is_settled(const struct follow *w, const struct entry *e)
{
    bool settled = clock_wall_ms() - e->modified_ms >= SETTLED_MS;
    if (!settled && w->last) log_info("stream", "%s/%s is being written: not sent", w->to.options->in, e->name);
    return settled;
}

/* How long it has waited at this size. */
static int64_t held_ms(struct follow *w, int feed, const struct entry *e)
{
    struct held *h = w->held, *end = w->held + w->held_count;
    while (h < end && !(h->feed == feed && h->inode == e->inode && h->device == e->device)) h++;
    if (h == end) {
        w->held = memory_grow(w->held, (size_t)w->held_count + 1, sizeof *w->held);
        h = &w->held[w->held_count++];
        *h = (struct held){.feed = feed, .device = e->device, .inode = e->inode, .size = UINT64_MAX};
    }
    if (h->size != e->size) h->since_ns = clock_mono_ns();
    h->size = e->size;
    h->seen = true;
    return (clock_mono_ns() - h->since_ns) / 1000000;
}

void follow_held_forget(struct follow *w, int feed)
{
    int kept = 0;
    for (int i = 0; i < w->held_count; i++)
        if (w->held[i].feed != feed || w->held[i].seen) w->held[kept++] = w->held[i];
    w->held_count = kept;
    for (int i = 0; i < kept; i++) w->held[i].seen = w->held[i].feed != feed && w->held[i].seen;
}

static struct followed *content_add(struct follow *w, const struct feed *feed, const struct entry *e, int fd)
{
    struct followed *f = followed_add(&w->list, feed->index, e->name);
    follow_found_at(f, e);
    mark_take(fd, 0, e->size, &f->mark);
    return f;
}

/* A file that has nothing of its own to say: it has all of what `f` had when it came to rest. */
static void copy_add(struct follow *w, const struct feed *feed, const struct entry *e, int fd, const struct followed *f)
{
    struct followed *copy = content_add(w, feed, e, fd);
    copy->copy_of = memory_str(f->name);
    copy->whole = true;
    copy->sent = e->size;
    mark_take(fd, e->size, e->size, &copy->mark);
}

enum kinship { KIN_NONE, KIN_SAME, KIN_BEGINNING, KIN_CONTINUED };

/* What the open file of an entry is to a content of the same source. In a folder of thousands of files most are told
 * apart by their first bytes, which are remembered. */
static enum kinship kinship_of(const struct follow *w, const struct entry *e, int fd, const struct mark *starts,
                               struct followed *f)
{
    struct stat st;
    if (f->whole || f->mark.head_n == 0) return KIN_NONE;
    if (followed_is_nowhere(f)) return mark_fits(fd, e->size, f) ? KIN_CONTINUED : KIN_NONE;
    if (mark_starts_differ(starts, &f->mark)) return KIN_NONE;
    int other = follow_descriptor(w, f);
    enum kinship kin = KIN_NONE;
    if (other >= 0 && !f->mark.start_count) mark_starts(other, f->size, &f->mark);
    /* Its size is asked for after that of the entry: it may have grown since the folder was read. */
    if (other >= 0 && fstat(other, &st) == 0 && e->size <= (uint64_t)st.st_size && mark_same(fd, other, e->size))
        kin = e->size == (uint64_t)st.st_size ? KIN_SAME : KIN_BEGINNING;
    if (other >= 0) close(other);
    return kin;
}

static struct followed *kin_find(const struct follow *w, int feed, const struct entry *e, int fd, enum kinship *kin)
{
    struct followed *found = NULL;
    struct mark starts = {0};
    mark_starts(fd, e->size, &starts);
    *kin = KIN_NONE;
    for (int i = 0; i < w->list.count && *kin != KIN_CONTINUED; i++) {
        enum kinship k = w->list.items[i]->feed == feed ? kinship_of(w, e, fd, &starts, w->list.items[i]) : KIN_NONE;
        if (k == KIN_NONE || (found && k != KIN_CONTINUED)) continue;
        found = w->list.items[i];
        *kin = k;
    }
    return found;
}

static void lines_consider(struct follow *w, const struct feed *feed, const struct entry *e, int fd)
{
    enum kinship kin;
    struct followed *f = kin_find(w, feed->index, e, fd, &kin);
    if (kin == KIN_CONTINUED) {
        followed_lose(f);
        follow_found_at(f, e);
    } else if (kin == KIN_NONE) {
        content_add(w, feed, e, fd);
    } else {
        bool rests = held_ms(w, feed->index, e) >= HELD_MS;
        if (kin == KIN_SAME && (rests || w->last))
            copy_add(w, feed, e, fd, f);
        else if (rests)
            content_add(w, feed, e, fd);
        else if (w->last)
            log_info("stream", "%s/%s begins like %s: not sent, it may be a copy in the making", w->to.options->in,
                     e->name, f->name);
    }
}

/* A compressed file: whole, or not there yet. */
static int gzip_consider(struct follow *w, const struct feed *feed, const struct entry *e, int fd)
{
    struct followed **items = memory_new(((size_t)w->list.count + 1) * sizeof *items);
    struct buf path = {0};
    struct err_text why = {{0}};
    int count = 0, found = -1;
    uint64_t length = 0;
    for (int i = 0; i < w->list.count; i++)
        if (w->list.items[i]->feed == feed->index && !w->list.items[i]->whole) items[count++] = w->list.items[i];
    buf_printf(&path, "%s/%s", w->to.options->in, e->name);
    int result = mark_find_gzip(buf_cstr(&path), items, count, &found, &length, &why);
    buf_release(&path);
    struct followed *f = found >= 0 ? items[found] : NULL;
    free(items);
    if (result < 0) return w->last ? err_set(w->to.error, result, "%s", why.text) : 0;
    bool nowhere = f && followed_is_nowhere(f), told = f && f->told == f->sent;
    if (f && !nowhere && length > f->sent) return 0; /* the rest is read from the file that is not compressed */
    if (f && length == f->sent && (told || !nowhere)) {
        copy_add(w, feed, e, fd, f);
        w->list.items[w->list.count - 1]->told = e->size; /* one content, one row in `files` */
    } else if (f) {
        followed_lose(f);
        follow_found_at(f, e);
        f->gzip = true;
    } else {
        content_add(w, feed, e, fd)->whole = true;
    }
    return 0;
}

/* Nothing is known of a file before its first line is whole. */
static bool has_line(int fd, uint64_t size)
{
    static uint8_t block[LINE_BYTES];
    if (size > LINE_BYTES) return true;
    ssize_t n = pread(fd, block, (size_t)size, 0);
    return n > 0 && memchr(block, '\n', (size_t)n);
}

int follow_consider(struct follow *w, const struct feed *feed, const struct entry *e)
{
    int fd = follow_open(w, e->name, e->device, e->inode);
    uint8_t start[2];
    if (fd < 0) return 0;
    bool gzip = pread(fd, start, 2, 0) == 2 && input_is_gzip(slice_of(start, 2));
    int result = 0;
    if (gzip && follow_takes_lines(feed))
        result = is_settled(w, e) ? gzip_consider(w, feed, e, fd) : 0;
    else if (!follow_takes_lines(feed) && is_settled(w, e) && e->size)
        content_add(w, feed, e, fd)->whole = true;
    else if (follow_takes_lines(feed) && has_line(fd, e->size))
        lines_consider(w, feed, e, fd);
    else if (follow_takes_lines(feed) && e->size == 0 && w->last)
        content_add(w, feed, e, fd); /* nothing comes any more: an empty file has a row, too */
    close(fd);
    return result;
}
