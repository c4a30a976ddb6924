/* access_log: a line of a web server's log is a record. */
#include <string.h>

#include "etl/source/log_format.h"
#include "etl/source/reader.h"
#include "etl/source/split.h"

#define COMMON_TIME "%d/%b/%Y:%H:%M:%S %z"

/* --- definition --- */

/* What the fields of an access log are when a column says nothing else. */
static const struct {
    const char *field, *json;
} LOG_FIELDS[] = {
    {"time", "{\"type\": \"timestamp\"}"},
    {"status", "{\"type\": \"integer\"}"},
    {"bytes", "{\"type\": \"integer\", \"null\": \"-\", \"default\": 0}"},
};

/* A column of an access log with what it leaves out; a new reference. "time" is short for {"name": "time"}. */
static json_t *column_complete(struct node n, const struct source_spec *s)
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
        if (strcmp(name, "time") == 0 && !json_object_get(column, "format"))
            json_object_set_new(column, "format", json_string(s->log_time));
    }
    if (!json_object_get(column, "type")) json_object_set_new(column, "type", json_string("text"));
    return column;
}

static int log_field_find(struct node n, const struct log_layout *layout, const char *name)
{
    const char *const *names = log_layout_fields(layout), *name_is = NULL;
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0) return i;
    const char *own = log_format_field(name);
    for (int i = 0; own && names[i]; i++)
        if (strcmp(names[i], own) == 0) name_is = own;
    if (name_is)
        node_fail(n, "the layout has no field \"%s\"; the variable $%s is its field \"%s\"", name,
                  name + (*name == '$'), name_is);
    else
        node_fail(n, "the layout has no field \"%s\"%s", name, node_hint(n, name, names));
    return 0;
}

/* Without "columns" an access log has all fields of its layout. */
static json_t *columns_all(const struct source_spec *s)
{
    json_t *all = json_array();
    for (const char *const *name = log_layout_fields(s->layout); *name; name++)
        json_array_append_new(all, json_string(*name));
    return all;
}

static void place_read(struct node n, struct source_spec *s, struct field_spec *f, const char *name)
{
    f->number = log_field_find(n, s->layout, node_text(node_member(n, "field"), name));
}

/* The line of the server's configuration instead of a layout. */
static void log_format_use(struct node source, struct node n, struct source_spec *s)
{
    struct log_format format;
    const char *text = node_text(n, NULL);
    if (node_present(node_member(source, "layout"))) node_fail(n, "stands beside \"layout\": one of them says it");
    const char *wrong = n.doc->failed ? NULL : log_format_read(text, n.doc->arena, &format);
    if (wrong) node_fail(n, "%s", wrong);
    if (n.doc->failed) return;
    s->layout = log_layout_of(n, format.layout);
    if (format.time_format) s->log_time = format.time_format;
}

static void keys_read(struct node n, struct source_spec *s)
{
    static const char *const backslashes[] = {"keep", "decode", NULL};
    struct node format = node_member(n, "log_format");
    s->log_time = COMMON_TIME;
    if (!node_present(format))
        s->layout = log_layout_read(node_required(n, "layout"));
    else
        log_format_use(n, format, s);
    s->decode = node_choice(node_member(n, "backslash"), backslashes, 0) == 1;
    spec_lines_read(n, s);
    spec_encoding_read(n, s);
}

/* --- records --- */

static bool split(struct splitter *s, const struct record *record, struct slice text, struct arena *arena)
{
    const struct log_layout *layout = s->spec->layout;
    if (record->layout.n) return splitter_refuse(s, arena, "a line of a log has no layout");
    if (!log_split(layout, text, s->spec->decode, arena, s->fields))
        return splitter_refuse(s, arena, "%s", log_wrong(layout, text, arena));
    while (log_layout_fields(layout)[s->field_count]) s->field_count++;
    return !s->spec->decode || splitter_fields_are_text(s) || splitter_escapes_wrong(s, arena);
}

static const char *const keys[] = {"encoding",  "on_bad_encoding", "layout",         "log_format",
                                   "backslash", "skip_lines",      "comment_prefix", NULL};
static const char *const places[] = {"field", NULL};

const struct format FORMAT_ACCESS_LOG = {
    .name = "access_log",
    .keys = keys,
    .places = places,
    .plain = true,
    .rejects_bytes = true, /* anybody can send any bytes to a web server: one such line must not stop a pipeline */
    .misfit_is_malformed = true,
    .fields_are_all = true,
    .keys_read = keys_read,
    .place_read = place_read,
    .column_complete = column_complete,
    .columns_all = columns_all,
    .open = lines_open,
    .next = lines_next,
    .split = split,
};
