/* shape_json.c - NDJSON and JSON documents: where the records are, and which values they have. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "etl/draft/draft.h"
#include "etl/draft/names.h"
#include "etl/draft/parts.h"
#include "etl/draft/trial.h"
#include "etl/source/csv.h"
#include "etl/source/input.h"
#include "lib/base/memory.h"

/* --- the values of records --- */

struct paths {
    struct draft_source *source;
    struct arena *arena;   /* of the draft */
    struct arena *scratch; /* of one record */
    int *kinds;            /* by column: of enum kind, or'ed */
    int room;
    uint64_t left_out; /* of one record */
};

enum kind { KIND_TRUTH = 1, KIND_SCALAR = 2, KIND_ARRAY = 4 };

static bool is_plain(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    return *name && !name[n];
}

/* `name` behind `path`, as the language writes it. */
static const char *path_join(const char *path, const char *name, struct arena *arena)
{
    if (is_plain(name)) return arena_printf(arena, "%s%s%s", path, *path ? "." : "", name);
    struct buf quoted = {0};
    for (const char *c = name; *c; c++) {
        if (*c == '\'') buf_append_byte(&quoted, '\'');
        buf_append_byte(&quoted, (uint8_t)*c);
    }
    const char *joined = arena_printf(arena, "%s['%s']", path, buf_cstr(&quoted));
    buf_release(&quoted);
    return joined;
}

static void path_note(struct paths *p, const char *path, const json_t *value)
{
    struct draft_source *s = p->source;
    int c = 0;
    while (c < s->count && strcmp(s->columns[c].title, path) != 0) c++;
    if (c == s->count) {
        if (c == CSV_FIELDS_MAX) {
            p->left_out++;
            return;
        }
        struct draft_column *column = draft_column_add(s, p->arena, arena_str(p->arena, slice_str(path)));
        if (strcmp(column->name, path) != 0)
            column->place = arena_printf(p->arena, "\"path\": %s", draft_json(slice_str(path), p->arena));
        if (c >= p->room) {
            p->room = p->room ? p->room * 2 : 64;
            p->kinds = memory_grow(p->kinds, (size_t)p->room, sizeof *p->kinds);
        }
        p->kinds[c] = 0;
    }
    if (!json_is_null(value))
        p->kinds[c] |= json_is_boolean(value) ? KIND_TRUTH : json_is_array(value) ? KIND_ARRAY : KIND_SCALAR;
}

static void paths_walk(struct paths *p, const char *path, json_t *value)
{
    const char *name;
    json_t *member;
    if (!json_is_object(value)) {
        path_note(p, *path ? path : "$", value);
        return;
    }
    json_object_foreach(value, name, member) paths_walk(p, path_join(path, name, p->scratch), member);
}

static bool record_walk(void *context, struct arena *arena, const struct slice *fields)
{
    struct paths *p = context;
    p->scratch = arena;
    p->left_out = 0;
    json_t *value = json_loadb((const char *)fields[0].p, fields[0].n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (value) paths_walk(p, "", value);
    json_decref(value);
    if (p->left_out > p->source->left_out) p->source->left_out = p->left_out;
    return true;
}

static void columns_finish(struct paths *p)
{
    for (int c = 0; c < p->source->count; c++) {
        struct draft_column *column = &p->source->columns[c];
        column->truth = p->kinds[c] == KIND_TRUTH;
        if (p->kinds[c] & KIND_ARRAY)
            column->note = "an array, as its JSON stands; for one element: a path with [0] behind it";
    }
    free(p->kinds);
    draft_left_out_say(p->source);
}

static int columns_find(struct draft_source *s, const struct sample *sample, struct err_text *error)
{
    struct paths paths = {.source = s, .arena = sample->arena};
    struct trial trial;
    const char *source =
        arena_printf(sample->arena, "{%s, \"columns\": [{\"name\": \"record\", \"path\": \"$\", \"type\": \"text\"}]}",
                     buf_cstr(&s->settings));
    int err = draft_trial_read(sample, source, 0, DRAFT_RECORDS_MAX, record_walk, &paths, &trial, error);
    columns_finish(&paths);
    if (!err && s->count == 0) err = err_set(error, ERR_INVALID, "%s: there is no record in it", sample->path);
    return err;
}

/* --- where the records of a document are: the array of objects that is nearest to its root, then the longest --- */

static void records_search(json_t *value, const char *path, int depth, struct arena *arena, const char **best,
                           int *best_depth, size_t *best_count)
{
    const char *name;
    json_t *member;
    size_t count = json_array_size(value);
    if (json_is_array(value) && count && json_is_object(json_array_get(value, 0))) {
        if (*best && (depth > *best_depth || (depth == *best_depth && count <= *best_count))) return;
        *best = path;
        *best_depth = depth;
        *best_count = count;
    }
    if (json_is_object(value))
        json_object_foreach(value, name, member)
            records_search(member, path_join(path, name, arena), depth + 1, arena, best, best_depth, best_count);
}

static int records_find(const struct sample *sample, const char **path, struct err_text *error)
{
    struct input in;
    json_error_t wrong;
    int err = input_open(&in, sample->path, INPUT_ANY_SIZE, error);
    if (err) return err;
    if (strncmp(sample->encoding, "utf-16", 6) == 0) input_decode_wide(&in, UTF16_BY_MARK);
    err = input_want(&in, INPUT_WINDOW_BYTES_MAX / 2, error);
    if (!err && !in.ended)
        err = err_set(error, ERR_UNSUPPORTED,
                      "%s: a document of more than %d MiB is too large for a sample: cut a part out of it",
                      sample->path, INPUT_WINDOW_BYTES_MAX / 2 >> 20);
    if (!err) {
        struct slice text = in.rest;
        if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0) text = slice_of(text.p + 3, text.n - 3);
        json_t *root = json_loadb((const char *)text.p, text.n, JSON_ALLOW_NUL, &wrong);
        int depth = 0;
        size_t count = 0;
        if (!root)
            err = err_set(error, ERR_INVALID, "%s: line %d: is no JSON: %s", sample->path, wrong.line, wrong.text);
        else
            records_search(root, "$", 0, sample->arena, path, &depth, &count);
        json_decref(root);
        if (!err && !*path)
            err = err_set(error, ERR_INVALID, "%s: there is no array of objects in it that could be records",
                          sample->path);
    }
    input_close(&in);
    return err;
}

int shape_json(struct draft *draft, bool lines, struct err_text *error)
{
    struct sample *sample = draft->sample;
    const char *records = NULL;
    int err = lines ? 0 : records_find(sample, &records, error);
    if (err) return err;
    struct draft_source *s = draft_source_add(draft, NULL);
    draft_settings_begin(s, sample, lines ? "ndjson" : "json");
    if (records) {
        buf_printf(&s->settings, ",\n    \"records\": %s", draft_json(slice_str(records), sample->arena));
        buf_append_str(&s->notes,
                       "The records are the array of objects that is nearest to the root of the document.\n");
    }
    return columns_find(s, sample, error);
}
