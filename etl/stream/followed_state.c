/* The state file of followed files, written and read: followed.h says what is in it. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "etl/stream/followed.h"
#include "lib/base/checksum.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"
#include "lib/os/disk.h"

enum { VERSION = 1 };

/* The rows that were sent, as the first and last of each run of rowids: who looks for rows that are gone needs them. */
static json_t *rows_json(const struct followed *f)
{
    json_t *runs = json_array();
    size_t count;
    uint64_t *numbers = sent_rows_numbers(f->rows, &count);
    for (size_t i = 0, first = 0; i < count; i++) {
        if (i + 1 < count && numbers[i + 1] == numbers[i] + 1) continue;
        json_array_append_new(runs, json_integer((json_int_t)numbers[first]));
        json_array_append_new(runs, json_integer((json_int_t)numbers[i]));
        first = i + 1;
    }
    free(numbers);
    return runs;
}

static json_t *table_json(const struct followed *f)
{
    return json_pack("{s:I, s:i, s:I, s:s, s:o}", "version", (json_int_t)f->version, "watermark_kind",
                     (int)f->watermark.kind, "watermark", (json_int_t)f->watermark.i, "watermark_text",
                     f->watermark.text, "rows", rows_json(f));
}

static json_t *item_json(const struct followed *f, const struct definition *d)
{
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b}", "source",
                  d->feeds[f->feed].name, "name", f->name, "home", f->home, "device", (json_int_t)f->device, "inode",
                  (json_int_t)f->inode, "size", (json_int_t)f->size, "sent", (json_int_t)f->sent, "lines",
                  (json_int_t)f->lines, "told", f->told == UINT64_MAX ? (json_int_t)-1 : (json_int_t)f->told,
                  "head_bytes", (json_int_t)f->mark.head_n, "head", (json_int_t)f->mark.head, "tail",
                  (json_int_t)f->mark.tail, "whole", (int)f->whole, "finished", (int)f->finished);
    if (o && f->table) json_object_set_new(o, "table", table_json(f));
    if (o && f->copy_of) json_object_set_new(o, "copy_of", json_string(f->copy_of));
    if (o && f->content[0]) json_object_set_new(o, "content", json_string(f->content));
    if (o && f->whole) json_object_set_new(o, "modified_ms", json_integer((json_int_t)f->seen_ms));
    return o;
}

static json_t *list_json(const struct followed_list *list, const struct definition *d)
{
    json_t *files = json_array(), *positions = json_array();
    for (int i = 0; i < list->count; i++) {
        json_t *item = item_json(list->items[i], d);
        assert(item); /* names are UTF-8: source_name_check */
        json_array_append_new(files, item);
    }
    for (int i = 0; i < list->next_count; i++) json_array_append_new(positions, json_integer(list->next[i]));
    return json_pack("{s:i, s:s, s:s, s:o, s:o}", "version", VERSION, "stream", list->stream, "cluster", list->cluster,
                     "positions", positions, "files", files);
}

/* DIR and NAME of a path; `dir` has room for the path. */
static const char *path_split(const char *path, char *dir)
{
    const char *slash = strrchr(path, '/');
    if (!slash) {
        strcpy(dir, ".");
        return path;
    }
    size_t n = slash == path ? 1 : (size_t)(slash - path);
    memcpy(dir, path, n);
    dir[n] = 0;
    return slash + 1;
}

static int file_replace(const char *file, struct slice content, struct err_text *error)
{
    struct disk *disk;
    char *dir = memory_new(strlen(file) + 2);
    const char *name = path_split(file, dir);
    int result = disk_linux_new(dir, &disk, error);
    if (result == 0) {
        result = disk_replace(disk, name, content);
        disk_linux_free(disk);
        if (result != 0) err_set(error, result, "%s: cannot be written: %s", file, err_words(result));
    }
    free(dir);
    return result;
}

int followed_save(struct followed_list *list, const struct definition *d, const char *file, struct err_text *error)
{
    json_t *all = list_json(list, d);
    char *text = json_dumps(all, JSON_INDENT(1));
    json_decref(all);
    int result = file_replace(file, slice_str(text), error);
    free(text);
    if (result == 0) list->names_changed = false;
    return result;
}

static void rows_read(struct followed *f, json_t *runs)
{
    for (size_t i = 0; i + 1 < json_array_size(runs); i += 2) {
        uint64_t last = (uint64_t)json_integer_value(json_array_get(runs, i + 1));
        for (uint64_t n = (uint64_t)json_integer_value(json_array_get(runs, i)); n <= last; n++)
            sent_rows_add(f->rows, n);
    }
}

static bool table_read(struct followed *f, json_t *o)
{
    json_int_t version, watermark;
    json_t *runs;
    const char *text;
    int kind;
    if (!o) return true;
    if (json_unpack(o, "{s:I, s:i, s:I, s:s, s:o}", "version", &version, "watermark_kind", &kind, "watermark",
                    &watermark, "watermark_text", &text, "rows", &runs) != 0)
        return false;
    f->table = true;
    f->rows = sent_rows_new();
    f->version = version;
    f->watermark.kind = kind;
    f->watermark.i = watermark;
    snprintf(f->watermark.text, sizeof f->watermark.text, "%s", text);
    rows_read(f, runs);
    return true;
}

static bool item_read(struct followed_list *list, const struct definition *d, json_t *o)
{
    const char *source, *name, *home, *copy_of = NULL, *content = "";
    json_int_t device, inode, size, sent, lines, told, head_n, head, tail, modified_ms = 0;
    int whole, finished;
    if (json_unpack(o, "{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s?s, s?s, s?I}",
                    "source", &source, "name", &name, "home", &home, "device", &device, "inode", &inode, "size", &size,
                    "sent", &sent, "lines", &lines, "told", &told, "head_bytes", &head_n, "head", &head, "tail", &tail,
                    "whole", &whole, "finished", &finished, "copy_of", &copy_of, "content", &content, "modified_ms",
                    &modified_ms) != 0)
        return false;
    int feed = definition_feed(d, slice_str(source));
    if (feed < 0 || sent < 0 || lines < 0 || head_n < 0 || head_n > MARK_BYTES) return false;
    struct followed *f = followed_new(list);
    f->feed = feed;
    f->name = memory_str(name);
    f->home = memory_str(home);
    f->device = (uint64_t)device;
    f->inode = (uint64_t)inode;
    f->size = (uint64_t)size;
    f->sent = (uint64_t)sent;
    f->lines = (uint64_t)lines;
    f->told = told < 0 ? UINT64_MAX : (uint64_t)told;
    f->mark = (struct mark){.head_n = (uint32_t)head_n, .head = (uint32_t)head, .tail = (uint32_t)tail};
    f->seen_ms = modified_ms;
    f->changed_ns = clock_mono_ns(); /* nobody knows for how long it was let alone */
    snprintf(f->content, sizeof f->content, "%s", content);
    f->whole = whole != 0;
    f->finished = finished != 0;
    f->copy_of = copy_of ? memory_str(copy_of) : NULL;
    return table_read(f, json_object_get(o, "table"));
}

static bool list_read(struct followed_list *list, const struct definition *d, json_t *all)
{
    const char *stream, *cluster;
    json_t *positions, *files, *item;
    size_t i;
    int version;
    if (json_unpack(all, "{s:i, s:s, s:s, s:o, s:o}", "version", &version, "stream", &stream, "cluster", &cluster,
                    "positions", &positions, "files", &files) != 0 ||
        version != VERSION)
        return false;
    snprintf(list->stream, sizeof list->stream, "%s", stream);
    snprintf(list->cluster, sizeof list->cluster, "%s", cluster);
    list->next_count = (int)json_array_size(positions);
    list->next = memory_new((size_t)list->next_count * sizeof *list->next);
    json_array_foreach(positions, i, item) list->next[i] = json_integer_value(item);
    json_array_foreach(files, i, item) if (!item_read(list, d, item)) return false;
    return true;
}

/* No input is known when a stream of followed files begins: a number that nobody draws twice takes its place. */
static int stream_draw(struct followed_list *list, const struct definition *d, struct err_text *error)
{
    uint8_t drawn[32];
    char digest[65];
    if (getrandom(drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn)
        return err_set(error, ERR_IO, "no random number: %s", strerror(errno));
    struct sha256 *s = sha256_new();
    sha256_update(s, drawn, sizeof drawn);
    sha256_take_hex(s, digest);
    stream_id_print_followed(d->digest, digest, list->stream);
    list->names_changed = true;
    return 0;
}

int followed_load(struct followed_list *list, const struct definition *d, const char *file, struct err_text *error)
{
    json_error_t where;
    if (access(file, F_OK) != 0) return stream_draw(list, d, error);
    json_t *all = json_load_file(file, 0, &where);
    bool good = all && list_read(list, d, all);
    json_decref(all);
    if (!all || !good)
        return err_set(error, ERR_CORRUPT, "%s: is no state of followed files%s%s", file, all ? "" : ": ",
                       all ? "" : where.text);
    char taken[STREAM_ID_SIZE];
    return stream_id_take(file, slice_str(list->stream), d->digest, taken, error);
}
