/* Followed files that are taken once, as they are: JSON, XML, gzip'd ones. What such a file is, its SHA-256 says: one
 * that has the digest of another is a copy, or the other one written anew. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "etl/source/input.h"
#include "etl/stream/follow_parts.h"
#include "lib/base/checksum.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"

/* ---- files that are taken when they are whole ---- */

/* What the look found is called otherwise by now, or removed. The next look knows, also at the end. */
static bool has_gone(struct follow *w, const struct followed *f)
{
    int fd = follow_descriptor(w, f);
    if (fd >= 0) close(fd);
    w->again = w->again || fd < 0;
    return fd < 0;
}

/* One that can not be read is still being written, perhaps; at the end it is an error. */
static int unreadable(struct follow *w, struct followed *f, int result)
{
    if (has_gone(w, f)) return follow_forgive(w);
    if (w->last) return result;
    if (!f->said) log_warn("stream", "%s; it is read again when it changes", w->to.error->text);
    f->said = true;
    return follow_forgive(w);
}

/* Reads it once for nothing: of a file that is not whole, nothing is sent. */
static int try_read(struct follow *w, const struct followed *f, const struct source_file *file)
{
    struct source_reader *reader;
    struct record record;
    int result = source_open(follow_feed(w, f), w->to.options->in, file, &reader, w->to.error);
    if (result != 0) return result;
    do result = source_next(reader, &record, w->to.error);
    while (result == 1);
    source_close(reader);
    return result;
}

static int read_from(struct follow *w, struct followed *f, const struct source_file *file)
{
    struct source_reader *reader;
    int result = source_open(follow_feed(w, f), w->to.options->in, file, &reader, w->to.error);
    if (result != 0) return result;
    result = follow_records(w, f, reader);
    f->lines = source_lines(reader);
    if (result == 0) f->sent = source_consumed(reader);
    if (result == 0) source_notes_take(w->notes, reader);
    source_close(reader);
    return result;
}

static struct followed *content_find(const struct follow *w, const struct followed *f, const char *digest)
{
    for (int i = 0; i < w->list.count; i++) {
        struct followed *other = w->list.items[i];
        if (other != f && other->feed == f->feed && !other->copy_of && strcmp(other->content, digest) == 0)
            return other;
    }
    return NULL;
}

static void content_note(const struct follow *w, struct followed *f, const char *digest)
{
    int fd = follow_descriptor(w, f);
    memcpy(f->content, digest, sizeof f->content);
    f->sent = f->size;
    if (fd >= 0) mark_take(fd, f->sent, f->size, &f->mark);
    if (fd >= 0) close(fd);
}

/* `f` is a file with the bytes of `first`, which was sent: a copy beside it, or what it was replaced by. */
static int same_note(struct follow *w, struct followed *f, struct followed *first, const struct source_list *list)
{
    w->moved = true;
    if (followed_is_nowhere(first)) {
        const struct entry e = {
            .name = f->at, .device = f->device, .inode = f->inode, .size = f->size, .modified_ms = f->seen_ms};
        follow_found_at(first, &e);
        f->dropped = true;
        return 0;
    }
    f->copy_of = memory_str(first->name);
    content_note(w, f, list->files[0].digest);
    return follow_fact(w, f, list);
}

static int content_send(struct follow *w, struct followed *f, const struct source_list *list)
{
    int result = try_read(w, f, &list->files[0]);
    if (result != 0) return unreadable(w, f, result);
    result = read_from(w, f, &list->files[0]);
    if (result != 0) return has_gone(w, f) ? follow_forgive(w) : result;
    content_note(w, f, list->files[0].digest);
    return follow_fact(w, f, list);
}

int whole_send(struct follow *w, struct followed *f)
{
    struct source_list list;
    if (!f->at || (f->said && !w->last && f->tried_ms == f->seen_ms)) return 0;
    f->tried_ms = f->seen_ms;
    int result = source_list_file(follow_feed(w, f), w->to.options->in, f->at, &list, w->to.error);
    if (result != 0) return unreadable(w, f, result);
    struct followed *first = content_find(w, f, list.files[0].digest);
    if (list.files[0].bytes == f->size) /* otherwise the next look tells */
        result = first ? same_note(w, f, first, &list) : content_send(w, f, &list);
    source_list_release(&list);
    return result;
}

/* ---- what was not read of a log before it was compressed ---- */

/* Its text as a file message has it. */
static int gzip_digest(const char *path, struct file_fact *fact, char digest[65], struct err_text *error)
{
    struct input in;
    int more = input_open(&in, path, INPUT_ANY_SIZE, error);
    if (more) return more;
    struct sha256 *s = sha256_new();
    while ((more = input_more(&in, error)) == 1) {
        sha256_update(s, in.rest.p, in.rest.n);
        input_consume(&in, in.rest.n);
    }
    sha256_take_hex(s, digest);
    fact->digest = slice_str(digest);
    fact->bytes = in.offset;
    input_close(&in);
    return more;
}

int gzip_send(struct follow *w, struct followed *f)
{
    struct source_list list;
    struct buf path = {0};
    char digest[65];
    struct file_fact fact = {.file = slice_str(f->name), .skipped_as_identical_to = SLICE_LIT(""), .feed = f->feed};
    if (!f->at) return 0;
    int result = source_list_file(follow_feed(w, f), w->to.options->in, f->at, &list, w->to.error);
    if (result != 0) return has_gone(w, f) ? follow_forgive(w) : result;
    list.files[0].from = f->sent;
    buf_printf(&path, "%s/%s", w->to.options->in, f->at);
    result = read_from(w, f, &list.files[0]);
    fact.lines = list.files[0].lines;
    if (result == 0) result = gzip_digest(buf_cstr(&path), &fact, digest, w->to.error);
    if (result == 0) result = publisher_file(&w->to, &fact);
    if (result == 0) mark_take_gzip(buf_cstr(&path), f);
    f->told = f->sent;
    f->gzip = false;
    followed_lose(f); /* the next look finds that all of it was sent */
    buf_release(&path);
    source_list_release(&list);
    return result;
}
