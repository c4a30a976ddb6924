#include "etl/source/spec.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

enum { SOURCE_KEYS_MAX = 48 };

/* --- columns --- */

static const char *const TYPES[] = {"integer", "decimal", "text", "timestamp", "date", NULL};

/* What the fields of an access log are when a column says nothing else. */
static const struct {
    const char *field, *json;
} LOG_FIELDS[] = {
    {"time", "{\"type\": \"timestamp\", \"format\": \"%d/%b/%Y:%H:%M:%S %z\"}"},
    {"status", "{\"type\": \"integer\"}"},
    {"bytes", "{\"type\": \"integer\", \"null\": \"-\", \"default\": 0}"},
};

/* A column of an access log with what it leaves out; a new reference. "time" is short for {"name": "time"}. */
static json_t *log_column_complete(struct node n)
{
    json_t *column = json_is_string(n.json) ? json_pack("{s:O}", "name", n.json) : json_copy(n.json);
    json_t *field = json_object_get(column, "field");
    const char *name = json_string_value(field ? field : json_object_get(column, "name"));
    bool own_type = json_object_get(column, "type") != NULL;
    for (size_t i = 0; name && i < sizeof LOG_FIELDS / sizeof *LOG_FIELDS; i++) {
        if (own_type || strcmp(name, LOG_FIELDS[i].field) != 0) continue;
        json_t *defaults = json_loads(LOG_FIELDS[i].json, 0, NULL);
        json_object_update_missing(column, defaults);
        json_decref(defaults);
    }
    if (!json_object_get(column, "type")) json_object_set_new(column, "type", json_string("text"));
    return column;
}

static int log_field_find(struct node n, const struct log_layout *layout, const char *name)
{
    const char *const *names = log_layout_fields(layout);
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0) return i;
    node_fail(n, "the layout has no field \"%s\"%s", name, node_hint(n, name, names));
    return 0;
}

static void csv_place_read(struct node n, const struct source_spec *s, struct field_spec *f, const char *name)
{
    struct node header = node_member(n, "header"), field = node_member(n, "field");
    const char **own = arena_alloc(n.doc->arena, 2 * sizeof *own);
    own[0] = name;
    f->headers = node_present(header) ? node_text_list(header, NULL) : own;
    if (node_present(header) && !f->headers[0]) node_fail(header, "needs at least one title");
    f->optional = node_bool(node_member(n, "optional"), false);
    if (!s->header && node_present(header))
        node_fail(header, "the source has \"header\": false; give \"field\", counted from 1");
    if (node_present(header) && node_present(field))
        node_fail(field, "stands beside \"header\": a column is found by one of them");
    if (!s->header || node_present(field))
        f->number = (int)node_integer(node_required(n, "field"), 1, 1, CSV_FIELDS_MAX) - 1;
}

static void column_read(struct node n, struct feed *feed, struct source_spec *s)
{
    static const enum value_type types[] = {VALUE_INTEGER, VALUE_DECIMAL, VALUE_TEXT, VALUE_TIMESTAMP, VALUE_DATE};
    node_keys(n, FIELD_KEYS);
    struct column *c = &feed->columns[feed->field_count];
    c->name = node_name(node_required(n, "name"));
    c->origin = COLUMN_FIELD;
    c->type = types[node_choice(node_required(n, "type"), TYPES, 2)];
    struct field_spec *f = field_spec_read(n, c->type, s->nulls, s->trim);
    c->scale = f->scale;
    c->field = f;
    for (int i = 0; i < feed->field_count; i++)
        if (strcasecmp(feed->columns[i].name, c->name) == 0) node_fail(n, "there is a column \"%s\" already", c->name);
    if (s->format == SOURCE_CSV)
        csv_place_read(n, s, f, c->name);
    else if (node_present(node_member(n, "header")))
        node_fail(node_member(n, "header"), "an access log has no header; \"field\" names a field of the layout");
    else if (s->layout)
        f->number = log_field_find(n, s->layout, node_text(node_member(n, "field"), c->name));
    if (f->number + 1 > s->fields_least) s->fields_least = f->number + 1;
    if (!n.doc->failed) feed->field_count++;
}

static void log_columns_read(struct node columns, struct feed *feed, struct source_spec *s, size_t count)
{
    for (size_t i = 0; i < count && !columns.doc->failed; i++) {
        struct node n = node_item(columns, i);
        if (!json_is_string(n.json) && !json_is_object(n.json)) node_fail(n, "must be a name or an object {...}");
        if (columns.doc->failed) return;
        json_t *complete = log_column_complete(n);
        column_read((struct node){n.doc, complete, n.path}, feed, s);
        json_decref(complete);
    }
}

/* Without "columns" an access log has all fields of its layout. */
static json_t *log_columns_all(const struct log_layout *layout)
{
    json_t *all = json_array();
    for (const char *const *name = log_layout_fields(layout); *name; name++)
        json_array_append_new(all, json_string(*name));
    return all;
}

static void columns_read(struct node source, struct feed *feed, struct source_spec *s, int room)
{
    struct node columns = node_member(source, "columns");
    bool all = s->layout && !columns.json;
    if (all) columns.json = log_columns_all(s->layout);
    if (!columns.json) node_fail(source, "the key \"columns\" is missing");
    size_t count = node_count(columns);
    if (node_present(columns) && count == 0) node_fail(columns, "needs at least one column");
    feed->columns = arena_alloc(columns.doc->arena, (count + (size_t)room) * sizeof *feed->columns);
    if (s->layout)
        log_columns_read(columns, feed, s, count);
    else
        for (size_t i = 0; i < count && !source.doc->failed; i++) column_read(node_item(columns, i), feed, s);
    if (all) json_decref(columns.json);
}

/* --- the formats --- */

static char character_read(struct node n, const char *fallback)
{
    const char *text = node_text(n, fallback);
    bool good = strlen(text) <= 1 && (unsigned char)*text < 0x80 && !strchr("\n\r\\", *text ? *text : 'x');
    if (!good) node_fail(n, "must be one ASCII character (\"\\t\" is a tab), not \"%s\"", text);
    return *text;
}

static void csv_read(struct node n, struct source_spec *s)
{
    static const char *const escapes[] = {"doubled", "backslash", "none", NULL};
    static const char *const backslashes[] = {"keep", "decode", NULL};
    struct csv_spec *csv = &s->csv;
    csv->delimiter = character_read(node_member(n, "delimiter"), ",");
    csv->quote = character_read(node_member(n, "quote"), "\"");
    csv->escape = (enum csv_escape)node_choice(node_member(n, "escape"), escapes, CSV_ESCAPE_DOUBLED);
    csv->decode = node_choice(node_member(n, "backslash"), backslashes, 1) == 1;
    csv->multiline = node_bool(node_member(n, "multiline"), csv->escape != CSV_ESCAPE_BACKSLASH);
    csv->trim = s->trim;
    if (!csv->delimiter) node_fail(node_member(n, "delimiter"), "must not be empty");
    if (csv->delimiter == csv->quote) node_fail(node_member(n, "quote"), "is the delimiter too");
    if (node_present(node_member(n, "backslash")) && csv->escape != CSV_ESCAPE_BACKSLASH)
        node_fail(node_member(n, "backslash"), "only has a meaning with \"escape\": \"backslash\"");
    s->header = node_bool(node_member(n, "header"), true);
    s->ragged = node_bool(node_member(n, "ragged"), false);
    s->fields = (int)node_integer(node_member(n, "fields"), 0, 1, CSV_FIELDS_MAX);
    s->skip_lines = (int)node_integer(node_member(n, "skip_lines"), 0, 0, 1000000);
    s->comment_prefix = node_text(node_member(n, "comment_prefix"), "");
    if (s->header && s->fields) node_fail(node_member(n, "fields"), "the header line gives the number of fields");
}

static void log_read(struct node n, struct source_spec *s)
{
    static const char *const backslashes[] = {"keep", "decode", NULL};
    s->layout = log_layout_read(node_required(n, "layout"));
    s->decode = node_choice(node_member(n, "backslash"), backslashes, 0) == 1;
    s->comment_prefix = node_text(node_member(n, "comment_prefix"), "");
    s->skip_lines = (int)node_integer(node_member(n, "skip_lines"), 0, 0, 1000000);
}

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

static void encoding_read(struct node n, struct source_spec *s)
{
    static const char *const answers[] = {"fail", "reject", NULL};
    s->encoding = (enum encoding)node_choice(node_member(n, "encoding"), ENCODING_NAMES, ENCODING_UTF_8);
    /* Anybody can send any bytes to a web server: one such line must not stop a pipeline. */
    bool reject = s->format == SOURCE_ACCESS_LOG;
    s->encoding_rejects = node_choice(node_member(n, "on_bad_encoding"), answers, reject) == 1;
}

/* The keys of a source are those of its format and those that its caller reads. */
static void keys_check(struct node n, const char *const *format_keys, const char *const *own_keys)
{
    const char *keys[SOURCE_KEYS_MAX] = {NULL};
    int count = 0;
    for (; *format_keys; format_keys++) keys[count++] = *format_keys;
    for (; *own_keys; own_keys++) keys[count++] = *own_keys;
    assert(count < SOURCE_KEYS_MAX);
    node_keys(n, keys);
}

void source_spec_read(struct node n, const char *const *own_keys, struct feed *feed, int room)
{
    static const char *const formats[] = {"csv", "access_log", NULL};
    static const char *const csv_keys[] = {"format", "glob",   "encoding",   "on_bad_encoding", "null",
                                           "trim",   "time",   "in_file",    "columns",         "delimiter",
                                           "quote",  "escape", "backslash",  "multiline",       "header",
                                           "ragged", "fields", "skip_lines", "comment_prefix",  NULL};
    static const char *const log_keys[] = {
        "format",  "glob",    "encoding", "on_bad_encoding", "null",       "trim",           "time",
        "in_file", "columns", "layout",   "backslash",       "skip_lines", "comment_prefix", NULL};
    struct source_spec *s = arena_alloc(n.doc->arena, sizeof *s);
    s->format = (enum source_format)node_choice(node_required(n, "format"), formats, SOURCE_CSV);
    keys_check(n, s->format == SOURCE_CSV ? csv_keys : log_keys, own_keys);
    feed->format = s->format;
    feed->spec = s;
    glob_read(node_required(n, "glob"), s);
    encoding_read(n, s);
    struct node null = node_member(n, "null");
    static const char *const none[] = {NULL}, *const empty[] = {"", NULL};
    s->nulls = node_present(null) ? node_text_list(null, NULL) : s->format == SOURCE_CSV ? empty : none;
    s->trim = node_bool(node_member(n, "trim"), false);
    in_file_read(node_member(n, "in_file"), s);
    if (s->format == SOURCE_CSV)
        csv_read(n, s);
    else
        log_read(n, s);
    if (!n.doc->failed) columns_read(n, feed, s, room);
    if (s->fields && s->fields < s->fields_least)
        node_fail(node_member(n, "fields"), "a column names field %d", s->fields_least);
}

size_t source_line_length(struct slice rest, size_t *next)
{
    const uint8_t *newline = memchr(rest.p, '\n', rest.n);
    size_t end = newline ? (size_t)(newline - rest.p) : rest.n;
    *next = newline ? end + 1 : end;
    return end && rest.p[end - 1] == '\r' ? end - 1 : end;
}
