/* The dictionaries of a definition:
 *
 *     "maps": {"sex": {"Maschio": "M", "Femmina": "F"},
 *              "units": {"file": "units.csv", "key": "code", "value": "name"}}
 *
 * A file stands beside the definition: CSV in UTF-8. With "key" and "value" its first line has titles; without them it
 * has none, and the first two fields of each line count. */
#include <stdlib.h>
#include <string.h>

#include "etl/beside.h"
#include "etl/definition_read.h"
#include "etl/expr/maps.h"
#include "etl/source/csv.h"

struct reading {
    struct node at;
    struct value_map *map;
    size_t room;
};

static void entry_add(struct reading *r, struct slice key, struct value value)
{
    struct value_map *map = r->map;
    if (map->count == r->room) {
        r->room = r->room ? 2 * r->room : 64;
        struct map_entry *more = arena_alloc(r->at.doc->arena, r->room * sizeof *more);
        if (map->count) memcpy(more, map->entries, map->count * sizeof *more);
        map->entries = more;
    }
    map->entries[map->count++] = (struct map_entry){key, value};
}

static int entries_compare(const void *a, const void *b)
{
    return slice_compare(((const struct map_entry *)a)->key, ((const struct map_entry *)b)->key);
}

/* A key that stands there twice must say the same twice. */
static void entries_settle(struct reading *r)
{
    struct value_map *map = r->map;
    size_t kept = 0;
    if (map->count) qsort(map->entries, map->count, sizeof *map->entries, entries_compare);
    for (size_t i = 0; i < map->count; i++) {
        struct map_entry *before = kept ? &map->entries[kept - 1] : NULL, *e = &map->entries[i];
        if (!before || !slice_equal(before->key, e->key))
            map->entries[kept++] = *e;
        else if (!slice_equal(before->value.text, e->value.text))
            node_fail(r->at, "the key \"%.*s\" stands for \"%.*s\" and for \"%.*s\"", (int)e->key.n,
                      (const char *)e->key.p, (int)before->value.text.n, (const char *)before->value.text.p,
                      (int)e->value.text.n, (const char *)e->value.text.p);
    }
    map->count = kept;
    if (kept == 0) node_fail(r->at, "needs at least one key");
}

/* --- written in the definition --- */

/* All values of a map are texts, or all are whole numbers; null goes with both. */
static enum value_type values_type(struct node n)
{
    const char *key;
    json_t *value;
    bool text = false, integer = false;
    json_object_foreach(n.json, key, value)
    {
        bool fits = json_is_string(value) || json_is_integer(value) || json_is_null(value);
        text = text || json_is_string(value);
        integer = integer || json_is_integer(value);
        if (!fits || (text && integer))
            node_fail(node_member(n, key), "the values of a map are all texts, or all whole numbers (or null)");
    }
    return integer ? VALUE_INTEGER : VALUE_TEXT;
}

static void object_read(struct reading *r)
{
    const char *key;
    json_t *value;
    r->map->type = values_type(r->at);
    if (r->at.doc->failed) return;
    json_object_foreach(r->at.json, key, value)
    {
        struct value v = {.type = json_is_null(value) ? VALUE_NULL : r->map->type, .i = json_integer_value(value)};
        if (json_is_string(value)) v.text = slice_str(node_text(node_member(r->at, key), NULL));
        struct slice own = slice_str(key);
        entry_add(r, slice_of(arena_copy(r->at.doc->arena, own.p, own.n), own.n), v);
    }
}

/* --- in a file --- */

struct map_file {
    struct csv_spec csv;
    const char *name, *key, *value; /* titles, "" when the file has none */
    int key_at, value_at;
};

static int title_find(struct node n, const struct map_file *t, const char *title, const struct slice *fields, int count)
{
    for (int i = 0; i < count; i++)
        if (slice_equal(fields[i], slice_str(title))) return i;
    node_fail(n, "%s: the first line has no title \"%s\"", t->name, title);
    return 0;
}

static void titles_read(struct node n, struct map_file *t, const struct slice *fields, int count)
{
    t->key_at = title_find(node_member(n, "key"), t, t->key, fields, count);
    t->value_at = title_find(node_member(n, "value"), t, t->value, fields, count);
}

static void line_read(struct reading *r, struct map_file *t, int line, struct slice record)
{
    static const struct slice none = {(const uint8_t *)"", 0};
    struct arena *arena = r->at.doc->arena;
    struct slice *fields = arena_alloc(arena, CSV_FIELDS_MAX * sizeof *fields);
    int count = 0;
    bool titles = line == 1 && *t->key;
    if (!csv_split(&t->csv, record, arena, fields, &count))
        node_fail(r->at, "%s, line %d: cannot be split into fields", t->name, line);
    else if (titles)
        titles_read(r->at, t, fields, count);
    else if (count <= t->key_at || count <= t->value_at)
        node_fail(r->at, "%s, line %d: has %d field%s", t->name, line, count, count == 1 ? "" : "s");
    else {
        struct slice value = fields[t->value_at].n ? fields[t->value_at] : none;
        entry_add(r, fields[t->key_at], (struct value){.type = VALUE_TEXT, .text = value});
    }
}

static void records_read(struct reading *r, struct map_file *t, struct slice rest)
{
    int line = 1;
    for (size_t next; rest.n && !r->at.doc->failed; rest = slice_of(rest.p + next, rest.n - next)) {
        size_t n = csv_record_length(&t->csv, rest, &next);
        if (n) line_read(r, t, line, slice_of(rest.p, n));
        for (size_t i = 0; i < next; i++) line += rest.p[i] == '\n';
    }
}

static void file_read(struct reading *r)
{
    static const char *const keys[] = {"file", "key", "value", "delimiter", NULL};
    static const char *const delimiters[] = {",", ";", "\t", "|", NULL};
    struct node n = r->at, delimiter = node_member(n, "delimiter");
    struct buf text = {0};
    node_keys(n, keys);
    struct map_file t = {.csv = {.quote = '"', .multiline = true}, .value_at = 1};
    t.csv.delimiter = delimiters[node_choice(delimiter, delimiters, 0)][0];
    t.key = node_text(node_member(n, "key"), "");
    t.value = node_text(node_member(n, "value"), "");
    t.name = node_text(node_member(n, "file"), NULL);
    if (!*t.key != !*t.value) node_fail(n, "\"key\" and \"value\" go together: the titles of two columns of the file");
    r->map->type = VALUE_TEXT;
    if (beside_read(node_member(n, "file"), &text))
        records_read(r, &t, slice_of(arena_copy(n.doc->arena, text.p, text.n), text.n));
    buf_release(&text);
}

/* --- all of them --- */

static void map_read(struct node n, const char *name, struct value_map *map)
{
    struct reading r = {.at = n, .map = map};
    map->type = VALUE_TEXT;
    map->name = arena_str(n.doc->arena, slice_str(name));
    if (!json_is_object(n.json))
        node_fail(n, "must be an object {\"from\": \"to\", ...} or {\"file\": \"MAP.csv\"}");
    else if (json_object_get(n.json, "file"))
        file_read(&r);
    else
        object_read(&r);
    if (!n.doc->failed) entries_settle(&r);
}

void maps_read(struct node n)
{
    const char *name;
    json_t *value;
    if (!node_present(n)) return;
    if (!json_is_object(n.json)) {
        node_fail(n, "must be an object {\"NAME\": {...}, ...}");
        return;
    }
    size_t room = json_object_size(n.json);
    struct value_map *items = arena_alloc(n.doc->arena, (room + 1) * sizeof *items);
    struct value_maps *maps = arena_alloc(n.doc->arena, sizeof *maps);
    maps->items = items;
    json_object_foreach(n.json, name, value)
    {
        map_read(node_member(n, name), name, &items[maps->count++]);
        node_part_end(n, name);
    }
    n.doc->maps = maps;
}
