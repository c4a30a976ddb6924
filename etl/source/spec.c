/* The source object of a definition: what all formats have in common. */
#include "etl/source/spec.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "etl/source/json_path.h"
#include "etl/source/xml_capture.h"

enum { SOURCE_KEYS_MAX = 48 };

/* --- columns --- */

static const char *const TYPES[] = {"integer", "decimal", "text", "timestamp", "date", NULL};

/* Keys of a column that only another format knows. */
static void places_check(struct node n, const struct format *format)
{
    static const char *const all[] = {"header", "field", "path", "optional"};
    struct buf known = {0};
    for (const char *const *place = format->places; *place; place++)
        if (strcmp(*place, "optional") != 0) buf_printf(&known, "%s\"%s\"", known.n ? ", " : "", *place);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        bool own = false;
        for (const char *const *place = format->places; *place; place++) own = own || strcmp(*place, all[i]) == 0;
        if (!own && node_present(node_member(n, all[i])))
            node_fail(node_member(n, all[i]),
                      "has no meaning in a source of format %s; where a value stands is said by %s", format->name,
                      buf_cstr(&known));
    }
    buf_release(&known);
}

static void name_check(struct node n, const struct feed *feed, const char *name)
{
    for (int i = 0; i < feed->field_count; i++)
        if (strcasecmp(feed->columns[i].name, name) == 0) node_fail(n, "there is a column \"%s\" already", name);
}

/* The column behind an amount that says which currency it is in. */
static void currency_column_read(struct node n, struct feed *feed, const struct field_spec *amount)
{
    if (!node_present(n)) return;
    struct column *c = &feed->columns[feed->field_count];
    *c = (struct column){.name = node_name(n), .type = VALUE_TEXT, .origin = COLUMN_FIELD};
    c->field = field_currency_spec(amount, n.doc->arena);
    name_check(n, feed, c->name);
    if (!n.doc->failed) feed->field_count++;
}

static void column_read(struct node n, struct feed *feed, struct source_spec *s)
{
    static const enum value_type types[] = {VALUE_INTEGER, VALUE_DECIMAL, VALUE_TEXT, VALUE_TIMESTAMP, VALUE_DATE};
    node_keys(n, FIELD_KEYS);
    places_check(n, s->format);
    struct column *c = &feed->columns[feed->field_count];
    c->name = node_name(node_required(n, "name"));
    c->origin = COLUMN_FIELD;
    c->type = types[node_choice(node_required(n, "type"), TYPES, 2)];
    struct field_spec *f = field_spec_read(n, c->type, s->nulls, s->trim);
    c->scale = f->scale;
    c->field = f;
    name_check(n, feed, c->name);
    if (!n.doc->failed) s->format->place_read(n, s, f, c->name);
    if (f->number + 1 > s->fields_least) s->fields_least = f->number + 1;
    if (!n.doc->failed) feed->field_count++;
    currency_column_read(node_member(n, "currency_column"), feed, f);
}

/* A column whose format knows what it leaves out; a name alone is such a column too. */
static void short_column_read(struct node n, struct feed *feed, struct source_spec *s)
{
    if (!json_is_string(n.json) && !json_is_object(n.json)) node_fail(n, "must be a name or an object {...}");
    if (n.doc->failed) return;
    json_t *complete = s->format->column_complete(n, s);
    column_read((struct node){n.doc, complete, n.path}, feed, s);
    json_decref(complete);
}

/* The column of what no other column reads. */
static void extra_read(struct node n, struct feed *feed, struct source_spec *s)
{
    if (!node_present(n)) return;
    if (s->format == &FORMAT_CSV && !s->header)
        node_fail(n, "goes by the titles, and the source has \"header\": false");
    struct field_spec *f = arena_alloc(n.doc->arena, sizeof *f);
    *f = (struct field_spec){.at = n.path, .type = VALUE_TEXT, .number = s->fields_least};
    if (s->format == &FORMAT_CSV) f->number = CSV_FIELDS_MAX; /* behind those of any record */
    if (s->table)
        json_paths_add(s->json, arena_printf(n.doc->arena, "[%d]", f->number), false);
    else if (s->json)
        json_paths_rest(s->json);
    else if (s->xml)
        xml_paths_rest(s->xml, s->trim);
    s->extra = true;
    struct column *c = &feed->columns[feed->field_count];
    *c = (struct column){.name = node_name(n), .type = VALUE_TEXT, .origin = COLUMN_FIELD, .field = f};
    name_check(n, feed, c->name);
    if (n.doc->failed) return;
    feed->field_count++;
    if (s->format != &FORMAT_CSV) s->fields_least++;
}

static void columns_read(struct node source, struct feed *feed, struct source_spec *s, int room)
{
    struct node columns = node_member(source, "columns");
    bool all = s->format->columns_all && !columns.json;
    if (all) columns.json = s->format->columns_all(s);
    if (!columns.json) node_fail(source, "the key \"columns\" is missing");
    size_t count = node_count(columns);
    if (node_present(columns) && count == 0) node_fail(columns, "needs at least one column");
    if (count > CSV_FIELDS_MAX) node_fail(columns, "are more than %d", CSV_FIELDS_MAX);
    /* Each may be an amount with a column for its currency. */
    feed->columns = arena_alloc(columns.doc->arena, (2 * count + 1 + (size_t)room) * sizeof *feed->columns);
    for (size_t i = 0; i < count && !source.doc->failed; i++) {
        struct node n = node_item(columns, i);
        const char *currency = json_string_value(json_object_get(n.json, "currency_column"));
        (s->format->column_complete ? short_column_read : column_read)(n, feed, s);
        if (!node_part_end(n, NULL) && currency) node_name_break(n, currency);
    }
    extra_read(node_member(source, "extra"), feed, s);
    node_part_end(node_member(source, "extra"), NULL);
    if (all) json_decref(columns.json);
}

/* --- the source --- */

static void in_file_read(struct node n, struct source_spec *s)
{
    static const char *const keys[] = {"repeats", "lateness", NULL};
    if (!n.json) return;
    node_keys(n, keys);
    s->repeats = node_bool(node_member(n, "repeats"), false);
    s->lateness = node_bool(node_member(n, "lateness"), false);
}

static void glob_read(struct node n, struct source_spec *s)
{
    s->glob = node_text(n, NULL);
    if (strchr(s->glob, '/')) node_fail(n, "matches names of files in one folder; it must not hold a /");
    if (!*s->glob) node_fail(n, "must not be empty; \"*\" is every file");
}

void spec_encoding_read(struct node source, struct source_spec *s)
{
    static const char *const answers[] = {"fail", "reject", NULL};
    struct node encoding = node_member(source, "encoding");
    s->own_encoding = node_present(encoding);
    s->encoding = (enum encoding)node_choice(encoding, ENCODING_NAMES, ENCODING_UTF_8);
    if (encoding_is_wide(s->encoding) && (!s->format->plain || s->format == &FORMAT_JSON))
        node_fail(encoding, "UTF-16 is read so in sources of format csv, access_log and ndjson%s",
                  s->format == &FORMAT_XML ? "; an XML file says itself that it is UTF-16"
                                           : "; convert the file to UTF-8 first");
    if (s->format->plain)
        s->encoding_rejects =
            node_choice(node_member(source, "on_bad_encoding"), answers, s->format->rejects_bytes) == 1;
}

void spec_path_read(struct node column, const char *path, struct field_spec *f)
{
    struct node optional = node_member(column, "optional");
    const char **own = arena_alloc(column.doc->arena, 2 * sizeof *own);
    own[0] = path;
    f->headers = own;
    f->optional = node_bool(optional, false);
    f->required = node_present(optional) && !f->optional;
}

static bool drift_fails(struct node drift, const char *key, bool fallback)
{
    static const char *const choices[] = {"ignore", "fail", NULL};
    return drift.json ? node_choice(node_member(drift, key), choices, fallback) == 1 : fallback;
}

void spec_drift_read(struct node source, struct source_spec *s, const char *const *known, bool missing_fails)
{
    struct node n = node_member(source, "drift");
    if (n.json) node_keys(n, known);
    s->drift.new_fails = drift_fails(n, "new_column", false);
    s->drift.missing_fails = drift_fails(n, "missing_column", missing_fails);
    s->drift.reordered_fails = drift_fails(n, "reordered", false);
    s->drift.retyped_fails = drift_fails(n, "retyped", false);
    struct node extra = node_member(source, "extra");
    if (s->drift.new_fails && node_present(extra))
        node_fail(extra, "keeps what \"drift\": {\"new_column\": \"fail\"} refuses");
}

void spec_lines_read(struct node source, struct source_spec *s)
{
    s->skip_lines = (int)node_integer(node_member(source, "skip_lines"), 0, 0, 1000000);
    s->comment_prefix = node_text(node_member(source, "comment_prefix"), "");
}

const struct format *const FORMATS[] = {&FORMAT_CSV, &FORMAT_ACCESS_LOG, &FORMAT_NDJSON,       &FORMAT_JSON,
                                        &FORMAT_XML, &FORMAT_SQLITE,     &FORMAT_HTTP_CAPTURE, NULL};

static bool list_has(const char *const *list, const char *word)
{
    while (*list && strcmp(*list, word) != 0) list++;
    return *list != NULL;
}

/* The layout says all of a line, so there is nothing that could be new, missing or in another order. */
static void log_drift_refuse(struct node n)
{
    static const char *const keys[] = {"drift", "extra"};
    for (int i = 0; i < 2; i++) {
        struct node key = node_member(n, keys[i]);
        if (!node_present(key)) continue;
        node_wrong(key,
                   "has no meaning for an access log, which has no columns beside those of its layout: a line that "
                   "does not fit it is malformed, and in the bucket format");
        json_object_del(n.json, keys[i]);
    }
}

/* A key of another format: which one says more than a list of what is known here. */
static void others_check(struct node n, const struct format *format, const char *const *keys)
{
    const char *key;
    json_t *value;
    void *next;
    if (n.doc->failed || !json_is_object(n.json)) return;
    if (format == &FORMAT_ACCESS_LOG) log_drift_refuse(n);
    json_object_foreach_safe(n.json, next, key, value)
    {
        const char *of = "";
        for (int i = 0; FORMATS[i] && !list_has(keys, key); i++)
            if (list_has(FORMATS[i]->keys, key))
                of = arena_printf(n.doc->arena, "%s%s%s", of, *of ? ", " : "", FORMATS[i]->name);
        if (!*of) continue;
        node_wrong(node_member(n, key), "unknown key: it is not one of %s, but of: %s", format->name, of);
        json_object_del(n.json, key);
    }
}

/* The keys of a source are those of its format and those that its caller reads. */
static void keys_check(struct node n, const struct format *format, const char *const *own_keys)
{
    static const char *const common[] = {"format", "glob", "null", "trim", "time", "in_file", "columns"};
    const char *keys[SOURCE_KEYS_MAX] = {NULL};
    int count = 0;
    for (size_t i = 0; i < sizeof common / sizeof *common; i++) keys[count++] = common[i];
    for (const char *const *own = format->keys; *own; own++) keys[count++] = *own;
    for (; *own_keys; own_keys++) keys[count++] = *own_keys;
    assert(count < SOURCE_KEYS_MAX);
    others_check(n, format, keys);
    node_keys(n, keys);
}

static const struct format *format_read(struct node n)
{
    const char *names[sizeof FORMATS / sizeof *FORMATS] = {NULL};
    for (int i = 0; FORMATS[i]; i++) names[i] = FORMATS[i]->name;
    if (json_is_string(n.json) && strcmp(json_string_value(n.json), "tsv") == 0) {
        node_fail(n, "\"tsv\" is a dialect: \"format\": \"csv\", \"dialect\": \"tsv\"");
        return FORMATS[0];
    }
    return FORMATS[node_choice(n, names, 0)];
}

void source_spec_read(struct node n, const char *const *own_keys, struct feed *feed, int room)
{
    static const char *const none[] = {NULL}, *const empty[] = {"", NULL};
    struct source_spec *s = arena_alloc(n.doc->arena, sizeof *s);
    s->format = format_read(node_required(n, "format"));
    keys_check(n, s->format, own_keys);
    feed->format = s->format;
    feed->spec = s;
    s->comment_prefix = "";
    if (n.doc->failed) return;
    glob_read(node_required(n, "glob"), s);
    node_part_end(n, "glob");
    struct node null = node_member(n, "null");
    s->nulls = node_present(null) ? node_text_list(null, NULL) : s->format->empty_is_null ? empty : none;
    s->trim = node_bool(node_member(n, "trim"), s->format->trims);
    in_file_read(node_member(n, "in_file"), s);
    node_part_end(n, "in_file");
    s->format->keys_read(n, s);
    feed->retyped_fails = s->drift.retyped_fails;
    /* The columns of a log are fields of its layout; any other format's can be read when a key is wrong. */
    if (n.doc->failed && s->format->columns_all) return;
    node_part_end(n, "format");
    columns_read(n, feed, s, room);
    if (s->fields && s->fields < s->fields_least)
        node_wrong(node_member(n, "fields"), "a column names field %d", s->fields_least);
}

size_t source_line_length(struct slice rest, size_t *next)
{
    const uint8_t *newline = memchr(rest.p, '\n', rest.n);
    size_t end = newline ? (size_t)(newline - rest.p) : rest.n;
    *next = newline ? end + 1 : end;
    while (end && rest.p[end - 1] == '\r') end--;
    return end;
}
