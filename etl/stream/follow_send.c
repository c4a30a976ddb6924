/* What is new in followed files, to the topic: records, and now and then what is known of a file as a whole. Files that
 * are taken once are in follow_whole.c. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "etl/stream/follow_parts.h"
#include "lib/base/checksum.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"

enum { FINAL_AFTER_MS = 2000, SAVE_EVERY_RECORDS = 100000, READ_BYTES = 64 * 1024 };

const struct feed *follow_feed(const struct follow *w, const struct followed *f)
{
    return &w->to.definition->feeds[f->feed];
}

int follow_records(struct follow *w, struct followed *f, struct source_reader *reader)
{
    struct record record;
    int result;
    while ((result = source_next(reader, &record, w->to.error)) == 1) {
        record.at.file = slice_str(f->name);
        result = publisher_record(&w->to, &record);
        if (result != 0) return result;
        w->moved = true;
    }
    return result;
}

/* ---- files that grow ---- */

static int size_of(int fd, uint64_t *size)
{
    struct stat st;
    if (fstat(fd, &st) != 0) return ERR_IO;
    *size = (uint64_t)st.st_size;
    return 0;
}

/* The file under this name is another one by now, or has less in it: the next look finds out. */
static bool has_changed(const struct follow *w, const struct followed *f, uint64_t bytes)
{
    uint64_t size = 0;
    int fd = follow_descriptor(w, f);
    bool changed = fd < 0 || size_of(fd, &size) != 0 || size < bytes;
    if (fd >= 0) close(fd);
    return changed;
}

int follow_forgive(struct follow *w)
{
    w->to.error->text[0] = 0;
    return 0;
}

static void reader_close(struct followed *f)
{
    source_close(f->reader);
    f->reader = NULL;
}

static int reader_open(struct follow *w, struct followed *f)
{
    struct stat st;
    f->file = (struct source_file){.name = f->at, .bytes = f->size, .from = f->sent, .grows = true, .follows = true};
    int result = source_open(follow_feed(w, f), w->to.options->in, &f->file, &f->reader, w->to.error);
    f->file.name = f->name;
    if (result > 0) return 0; /* its header is not whole yet */
    if (result < 0) return has_changed(w, f, f->size) ? follow_forgive(w) : result;
    bool same = fstat(source_descriptor(f->reader), &st) == 0 && st.st_ino == f->inode && st.st_dev == f->device;
    if (!same) reader_close(f);
    return 0;
}

/* Nobody writes to a log any more that has another name than it had, and was let alone for a while: then its last line
 * is whole, even without an end. */
static bool is_final(const struct follow *w, const struct followed *f, uint64_t size)
{
    bool renamed = !f->at || strcmp(f->at, f->home) != 0;
    bool rests = clock_mono_ns() - f->changed_ns >= (int64_t)FINAL_AFTER_MS * 1000000;
    return renamed && size > f->sent && (rests || w->last);
}

static int lines_read(struct follow *w, struct followed *f, uint64_t size, bool final)
{
    f->file.bytes = size;
    f->file.follows = !final;
    source_extend(f->reader, size);
    int result = follow_records(w, f, f->reader);
    if (result < 0) {
        if (!has_changed(w, f, size)) return result;
        reader_close(f);
        return follow_forgive(w);
    }
    uint64_t sent = source_consumed(f->reader);
    if (mark_take(source_descriptor(f->reader), sent, size, &f->mark) != 0) return 0;
    w->moved = w->moved || f->sent != sent;
    f->sent = sent;
    f->lines = source_lines(f->reader);
    f->finished = final;
    if (final) source_notes_take(w->notes, f->reader);
    return 0;
}

/* After the last byte of a content that has no name any more. */
static int last_words(struct follow *w, struct followed *f)
{
    struct stat st;
    bool gone = !f->at && f->reader && fstat(source_descriptor(f->reader), &st) == 0 && st.st_nlink == 0;
    int result = gone ? follow_tell(w, f) : 0;
    if (gone) followed_lose(f);
    return result;
}

static int lines_send(struct follow *w, struct followed *f)
{
    uint64_t size = 0;
    bool opened = !f->reader;
    if (opened) {
        int result = f->at && f->size > f->sent ? reader_open(w, f) : 0;
        if (result != 0 || !f->reader) return result;
    }
    int fd = source_descriptor(f->reader);
    if (size_of(fd, &size) != 0 || size < f->file.bytes || !mark_fits(fd, size, f)) return 0; /* the next look tells */
    if (size != f->size) f->changed_ns = clock_mono_ns();
    f->size = size;
    int result = opened || size > f->file.bytes ? lines_read(w, f, size, false) : 0;
    /* of whole lines none is the last one: they may go on when the next publisher has begun */
    if (result == 0 && f->reader && is_final(w, f, size)) result = lines_read(w, f, size, true);
    return result == 0 ? last_words(w, f) : result;
}

static void later_say(const struct follow *w, struct followed *f)
{
    if (f->size <= f->sent || f->said || !f->seen) return;
    log_warn("stream",
             "%s/%s: more was written behind its last line after it had been put aside (byte offset %llu): "
             "that is not sent",
             w->to.options->in, f->at, (unsigned long long)f->sent);
    f->said = true;
}

int follow_send(struct follow *w, struct followed *f)
{
    if (f->copy_of || f->table) return 0;
    if (f->whole) return f->sent ? 0 : whole_send(w, f);
    if (f->gzip) return gzip_send(w, f);
    if (f->finished) later_say(w, f);
    return f->finished ? last_words(w, f) : lines_send(w, f);
}

/* ---- what is known of a file ---- */

/* Of what was sent; goes on from where it was digested to. */
static bool digest_to(struct followed *f, int fd, char out[65])
{
    static uint8_t block[READ_BYTES];
    if (!f->digest) f->digest = sha256_new();
    while (f->digested < f->sent) {
        uint64_t left = f->sent - f->digested;
        ssize_t n = pread(fd, block, left < sizeof block ? (size_t)left : sizeof block, (off_t)f->digested);
        if (n <= 0) return false;
        sha256_update(f->digest, block, (size_t)n);
        f->digested += (uint64_t)n;
    }
    sha256_peek_hex(f->digest, out);
    return true;
}

int follow_fact(struct follow *w, struct followed *f, const struct source_list *list)
{
    struct file_fact fact = source_file_fact(list->feed, &list->files[0]);
    fact.file = slice_str(f->name);
    if (f->copy_of) fact.skipped_as_identical_to = slice_str(f->copy_of);
    f->told = f->sent;
    w->moved = true;
    return publisher_file(&w->to, &fact);
}

static int copy_tell(struct follow *w, struct followed *f)
{
    struct source_list list;
    if (!f->at) return 0;
    if (source_list_file(follow_feed(w, f), w->to.options->in, f->at, &list, w->to.error) != 0)
        return follow_forgive(w); /* it has gone: then there is nothing to tell */
    int result = follow_fact(w, f, &list);
    source_list_release(&list);
    return result;
}

/* It may grow some day, so each time it is told anew, and as a batch would say it: of those that are empty now, the
 * first by name is the original. */
static int empty_tell(struct follow *w, struct followed *f)
{
    char digest[65];
    const char *first = f->name;
    if (!f->seen || f->size || f->whole || f->table || !digest_to(f, -1, digest)) return 0;
    for (int i = 0; i < w->list.count; i++) {
        const struct followed *other = w->list.items[i];
        bool empty = other->feed == f->feed && other->seen && !other->size && !other->whole && !other->table;
        if (empty && strcmp(other->name, first) < 0) first = other->name;
    }
    const struct file_fact fact = {.file = slice_str(f->name),
                                   .digest = slice_str(digest),
                                   .skipped_as_identical_to = slice_str(first == f->name ? "" : first),
                                   .feed = f->feed};
    w->moved = true;
    return publisher_file(&w->to, &fact);
}

int follow_tell(struct follow *w, struct followed *f)
{
    char digest[65];
    if (f->sent == 0) return w->last ? empty_tell(w, f) : 0;
    if (f->told == f->sent) return 0;
    f->told_ns = clock_mono_ns();
    if (f->copy_of) return copy_tell(w, f);
    int fd = f->whole ? -1 : follow_descriptor(w, f);
    if (fd < 0) return 0; /* what was told last stays */
    bool known = digest_to(f, fd, digest);
    close(fd);
    if (!known) return 0;
    const struct file_fact fact = {.file = slice_str(f->name),
                                   .digest = slice_str(digest),
                                   .bytes = f->sent,
                                   .lines = f->lines,
                                   .skipped_as_identical_to = SLICE_LIT(""),
                                   .feed = f->feed};
    f->told = f->sent;
    w->moved = true;
    return publisher_file(&w->to, &fact);
}
