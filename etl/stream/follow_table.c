/* Tables of databases that somebody writes to: looked at when one of their files has changed, each time in one read
 * transaction. A row whose bytes are not what was sent last is sent again with a greater version; one that is gone,
 * where the source asks for that, as such. */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "etl/source/spec.h"
#include "etl/stream/follow_parts.h"
#include "lib/base/checksum.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"

/* Whatever is written within a tick of the kernel's clock has the same time: after that it is another one. */
enum { YOUNG_MS = 100 };

/* Changes when one of the databases does, or the log beside it that SQLite writes to first. *young: one was written
 * just now, and may be again without a sign of it. */
static int signature_of(const char *dir, const char *glob, uint32_t *out, bool *young, struct err_text *error)
{
    const int64_t now_ms = clock_wall_ms();
    DIR *d = opendir(dir);
    struct dirent *entry;
    struct stat st;
    if (!d) return err_set(error, err_from_errno(errno), "%s: %s", dir, strerror(errno));
    *young = false;
    for (*out = 0; (entry = readdir(d));) {
        size_t n = strlen(entry->d_name);
        bool log = n > 4 && strcmp(entry->d_name + n - 4, "-wal") == 0;
        if (!log && fnmatch(glob, entry->d_name, FNM_PERIOD) != 0) continue;
        if (fstatat(dirfd(d), entry->d_name, &st, 0) != 0) continue;
        uint64_t parts[] = {(uint64_t)st.st_ino,          (uint64_t)st.st_size,        (uint64_t)st.st_mtim.tv_sec,
                            (uint64_t)st.st_mtim.tv_nsec, (uint64_t)st.st_ctim.tv_sec, (uint64_t)st.st_ctim.tv_nsec};
        if (now_ms - ((int64_t)st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / 1000000) < YOUNG_MS) *young = true;
        *out += crc32c(crc32c(0, entry->d_name, n), parts, sizeof parts) | 1; /* in any order of the folder */
    }
    closedir(d);
    return 0;
}

static struct followed *table_of(struct follow *w, int feed, const char *name)
{
    for (int i = 0; i < w->list.count; i++)
        if (w->list.items[i]->feed == feed && strcmp(w->list.items[i]->name, name) == 0) return w->list.items[i];
    struct followed *f = followed_add(&w->list, feed, name);
    f->table = true;
    f->rows = sent_rows_new();
    return f;
}

static int changed_send(struct follow *w, struct followed *f, const struct source_file *file)
{
    struct source_reader *reader;
    struct record record;
    int result = source_open(&w->to.definition->feeds[f->feed], w->to.options->in, file, &reader, w->to.error);
    if (result != 0) return result;
    while ((result = source_next(reader, &record, w->to.error)) == 1) {
        if (!sent_rows_note(f->rows, record.at.number, record.raw)) continue;
        record.at.file = slice_str(f->name);
        result = publisher_version(&w->to, &record, f->version, false);
        if (result != 0) break;
        w->moved = true;
    }
    source_close(reader);
    return result;
}

/* The rows that were sent beside those that are there, both in the order of rowids. */
struct comparison {
    struct follow *to;
    struct followed *f;
    const uint64_t *sent;
    size_t count, at;
};

/* Those before `number` that were sent and are not there. */
static int gone_before(void *context, uint64_t number)
{
    struct comparison *c = context;
    int result = 0;
    for (; c->at < c->count && c->sent[c->at] < number && result == 0; c->at++) {
        uint64_t row = c->sent[c->at];
        const struct record gone = {.at = {.file = slice_str(c->f->name), .byte_offset = row, .number = row},
                                    .feed = c->f->feed};
        result = publisher_version(&c->to->to, &gone, c->f->version, true);
        sent_rows_remove(c->f->rows, row);
        c->to->moved = true;
    }
    if (c->at < c->count && c->sent[c->at] == number) c->at++;
    return result;
}

static int gone_send(struct follow *w, struct followed *f, const struct source_file *file)
{
    struct comparison c = {.to = w, .f = f};
    uint64_t *numbers = sent_rows_numbers(f->rows, &c.count);
    c.sent = numbers;
    int result = source_numbers(file, gone_before, &c, w->to.error);
    if (result == 0) result = gone_before(&c, UINT64_MAX);
    free(numbers);
    return result;
}

/* As it is now, whatever of it was sent. */
static int fact_send(struct follow *w, struct followed *f, const struct source_file *file)
{
    struct file_fact fact = source_file_fact(&w->to.definition->feeds[f->feed], file);
    fact.skipped_as_identical_to = SLICE_LIT("");
    w->moved = true;
    return publisher_file(&w->to, &fact);
}

static int row_expect(void *context, uint64_t number)
{
    sent_rows_add(context, number);
    return 0;
}

static int table_look(struct follow *w, const struct feed *feed, struct source_file *file)
{
    struct followed *f = table_of(w, feed->index, file->name);
    /* The state file has version and rows before a message has: versions grow for ever, and a row that is gone after a
     * kill must be missed. */
    f->version++;
    int result = feed->deletes ? source_numbers(file, row_expect, f->rows, w->to.error) : 0;
    if (result == 0) result = follow_save(w);
    if (feed->watermark >= 0) file->since = &f->watermark;
    if (result == 0) result = changed_send(w, f, file);
    if (result == 0 && feed->deletes) result = gone_send(w, f, file);
    if (result == 0 && feed->watermark >= 0) result = source_watermark(feed, file, &f->watermark, w->to.error);
    return result == 0 ? fact_send(w, f, file) : result;
}

int follow_tables(struct follow *w, const struct feed *feed)
{
    struct source_list list;
    uint32_t *seen = &w->signatures[feed->index], now = 0;
    bool young = false;
    int result = signature_of(w->to.options->in, feed->spec->glob, &now, &young, w->to.error);
    if (result != 0 || now == *seen) return result;
    *seen = young ? 0 : now;
    result = source_list_look(feed, w->to.options->in, &list, w->to.error);
    for (int i = 0; result == 0 && i < list.count; i++) result = table_look(w, feed, &list.files[i]);
    source_list_release(&list);
    return result;
}
