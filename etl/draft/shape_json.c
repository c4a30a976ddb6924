/* shape_json.c - NDJSON and JSON documents: where the records are, and which values they have. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "etl/draft/draft.h"
#include "etl/draft/json_shape.h"
#include "etl/draft/names.h"
#include "etl/draft/parts.h"
#include "etl/draft/trial.h"
#include "etl/source/csv.h"
#include "etl/source/input.h"
#include "lib/base/memory.h"

/* --- where records are, in the words of the language --- */

/* The records of one source, and what a row of them must say of the record that they are inside of. */
struct place {
    const char *name;    /* of the source; NULL: that of the file */
    const char *records; /* NULL: a line is a record */
    bool lines;          /* a document in each line */
    const char *keys[2]; /* paths of columns; NULL: none */
};

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

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* --- what the records have --- */

static bool record_add(void *context, struct arena *arena, const struct slice *fields)
{
    json_t *value = json_loadb((const char *)fields[0].p, fields[0].n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    (void)arena;
    if (value) json_shape_add(context, value);
    json_decref(value);
    return true;
}

static void settings_set(struct draft_source *s, const struct sample *sample, const struct place *p)
{
    draft_settings_begin(s, sample, p->records ? "json" : "ndjson");
    if (p->records && p->lines) buf_append_str(&s->settings, ",\n    \"lines\": true");
    if (p->records)
        buf_printf(&s->settings, ",\n    \"records\": %s", draft_json(slice_str(p->records), sample->arena));
}

static int shape_read(struct json_shape *shape, struct draft_source *s, const struct sample *sample,
                      struct err_text *error)
{
    struct trial trial;
    const char *source =
        arena_printf(sample->arena, "{%s, \"columns\": [{\"name\": \"record\", \"path\": \"$\", \"type\": \"text\"}]}",
                     buf_cstr(&s->settings));
    *shape = (struct json_shape){.arena = sample->arena};
    return draft_trial_read(sample, source, 0, DRAFT_RECORDS_MAX, record_add, shape, &trial, error);
}

/* --- columns, and what becomes a source of its own --- */

enum { SOURCES_MAX = 12 };

struct columns {
    struct draft_source *source;
    struct arena *arena;
    const struct place *place;
    const char *key; /* the member that says which record it is; NULL: none */
    struct place inside[SOURCES_MAX];
    int inside_count;
};

static struct draft_column *column_add(struct columns *c, const char *title, const char *path)
{
    if (c->source->count == CSV_FIELDS_MAX) {
        c->source->left_out++;
        return NULL;
    }
    struct draft_column *column = draft_column_add(c->source, c->arena, arena_str(c->arena, slice_str(title)));
    if (strcmp(column->name, path) != 0)
        column->place = arena_printf(c->arena, "\"path\": %s", draft_json(slice_str(path), c->arena));
    return column;
}

/* The way to `path` in a record, from where documents begin. */
static const char *way_in(const struct columns *c, const char *path)
{
    const char *records = c->place->records;
    if (!records) return path;
    bool several = ends_with(records, "*") || ends_with(records, "[*]");
    return arena_printf(c->arena, "%s%s%s%s", records, several ? "" : "[*]", *path == '[' ? "" : ".", path);
}

/* Names the records, for those who are inside of them: a member that is most likely a key, and what they are called. */
static void inside_add(struct columns *c, const char *path, const char *many)
{
    if (c->inside_count == SOURCES_MAX) return;
    struct place *in = &c->inside[c->inside_count++];
    const char *records = c->place->records;
    bool named = records && ends_with(records, ".*"), element = records && !named;
    *in = (struct place){.name = arena_printf(c->arena, "%s_%s", c->source->name, path),
                         .records = arena_printf(c->arena, "%s%s", way_in(c, path), many),
                         .lines = c->place->lines || !records};
    if (c->key) in->keys[0] = arena_printf(c->arena, "../%s", c->key);
    if (named || (element && !c->key)) in->keys[1] = "../#";
}

static void column_of(struct columns *c, const struct json_node *node, const char *path)
{
    struct draft_column *column = column_add(c, path, path);
    if (!column) return;
    column->truth = node->kinds == JSON_TRUTHS;
    if (node->kinds & (JSON_ARRAYS | JSON_ARRAYS_EMPTY))
        column->note = "an array, as its JSON stands; for one element: a path with [0] behind it";
    if (node->kinds & JSON_ARRAYS_OF_OBJECTS) {
        column->note = "an array, as its JSON stands; its elements are the records of another source";
        inside_add(c, path, "");
    }
}

static void named_say(struct columns *c, const struct json_node *node, const char *path)
{
    struct draft_column *column = column_add(c, path, path);
    if (column)
        column->note = arena_printf(c->arena,
                                    "an object whose names seem to be data (%s), as its JSON stands; its members are "
                                    "the records of another source",
                                    json_names_example(node, c->arena));
    bool arrays = json_member_kinds(node) & JSON_ARRAYS_OF_OBJECTS;
    inside_add(c, path, arrays ? ".*[*]" : ".*");
}

static void columns_walk(struct columns *c, const struct json_node *node, const char *path)
{
    bool plain = node->kinds & ~JSON_OBJECTS;
    if (plain || (node->member_count == 0 && *path)) column_of(c, node, *path ? path : "$");
    if (*path && json_names_are_data(node)) {
        named_say(c, node, path);
        return;
    }
    for (int i = 0; i < node->member_count; i++)
        columns_walk(c, node->members[i], path_join(path, node->members[i]->name, c->arena));
}

/* The member that names a record for those inside of it: `id`, what ends so, or the first that all of them have. */
static const char *key_find(const struct json_node *root, struct arena *arena)
{
    static const char *const ends[] = {"id", "Id", "ID", "key", "code", "number", "no", NULL};
    const struct json_node *first = NULL;
    for (int i = 0; i < root->member_count; i++) {
        const struct json_node *m = root->members[i];
        if (m->kinds != JSON_SCALARS || m->seen < root->whole) continue;
        if (!first) first = m;
        for (int k = 0; ends[k]; k++)
            if (ends_with(m->name, ends[k])) return path_join("", m->name, arena);
    }
    return first ? path_join("", first->name, arena) : NULL;
}

static void keys_add(struct columns *c)
{
    const char *records = c->place->records;
    for (int i = 0; i < 2; i++)
        if (c->place->keys[i])
            column_add(c,
                       arena_printf(c->arena, "parent_%s", c->place->keys[i][3] == '#' ? "key" : c->place->keys[i] + 3),
                       c->place->keys[i]);
    bool named = records && ends_with(records, ".*"), of_named = records && ends_with(records, ".*[*]");
    if (of_named) column_add(c, "key", "../#");
    if (named || of_named || c->place->name) column_add(c, named ? "key" : "place", "#");
}

static int source_draft(struct draft *draft, const struct place *place, int depth, struct err_text *error)
{
    struct sample *sample = draft->sample;
    struct place at = *place;
    struct json_shape shape;
    struct draft_source *s = draft_source_add(draft, at.name);
    settings_set(s, sample, &at);
    int err = shape_read(&shape, s, sample, error);
    if (err) return err;
    if (json_names_are_data(&shape.root)) { /* each record is a collection itself */
        at.records = way_in(&(struct columns){.place = &at, .arena = sample->arena}, "*");
        at.lines = at.lines || !place->records;
        buf_reset(&s->settings);
        buf_reset(&s->notes);
        settings_set(s, sample, &at);
        err = shape_read(&shape, s, sample, error);
        if (err) return err;
    }
    struct columns c = {.source = s, .arena = sample->arena, .place = &at, .key = key_find(&shape.root, sample->arena)};
    if (at.records && ends_with(at.records, ".*"))
        buf_append_str(&s->notes,
                       "The records are the members of an object whose names seem to be data: # is the name.\n");
    keys_add(&c);
    columns_walk(&c, &shape.root, "");
    draft_left_out_say(s);
    if (s->count == 0) return err_set(error, ERR_INVALID, "%s: there is no record in it", sample->path);
    for (int i = 0; i < c.inside_count && depth < 3 && draft->count < SOURCES_MAX && !err; i++)
        err = source_draft(draft, &c.inside[i], depth + 1, error);
    return err;
}

/* --- where the records of a document are: the array of objects, or the object whose names are data, that is nearest to
 * its root, then the longest --- */

struct search {
    struct arena *arena;
    bool scalars; /* members that are no objects are records, too */
    const char *best;
    int depth;
    size_t count;
};

static void found(struct search *s, const char *path, int depth, size_t count)
{
    if (s->best && (depth > s->depth || (depth == s->depth && count <= s->count))) return;
    s->best = path;
    s->depth = depth;
    s->count = count;
}

/* The way on to records that are members; NULL: the names are not data. */
static const char *members_way(struct search *s, json_t *object)
{
    struct json_shape shape = {.arena = s->arena};
    json_shape_add(&shape, object);
    if (!json_names_are_data(&shape.root)) return NULL;
    int kinds = json_member_kinds(&shape.root);
    if (kinds & JSON_ARRAYS_OF_OBJECTS) return ".*[*]";
    return kinds & JSON_OBJECTS || s->scalars ? ".*" : NULL;
}

static void records_search(struct search *s, json_t *value, const char *path, int depth)
{
    const char *name, *way;
    json_t *member;
    size_t count = json_array_size(value);
    if (json_is_array(value) && count && json_is_object(json_array_get(value, 0))) found(s, path, depth, count);
    if (!json_is_object(value) || (s->best && depth > s->depth)) return;
    way = members_way(s, value);
    if (way) {
        found(s, arena_printf(s->arena, "%s%s", path, way), depth, json_object_size(value));
        return;
    }
    json_object_foreach(value, name, member) records_search(s, member, path_join(path, name, s->arena), depth + 1);
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
        struct search search = {.arena = sample->arena};
        if (!root)
            err = err_set(error, ERR_INVALID, "%s: line %d: is no JSON: %s", sample->path, wrong.line, wrong.text);
        else
            records_search(&search, root, "$", 0);
        search.scalars = true;
        if (root && !search.best) records_search(&search, root, "$", 0);
        *path = search.best;
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
    struct place place = {0};
    int err = lines ? 0 : records_find(draft->sample, &place.records, error);
    if (!err) err = source_draft(draft, &place, 0, error);
    if (!err && place.records && !strchr(place.records, '*'))
        buf_append_str(&draft->sources[0].notes,
                       "The records are the array of objects that is nearest to the root of the document.\n");
    return err;
}
