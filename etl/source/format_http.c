/* http_capture: a request and its response, out of a capture of packets, is a record: a JSON object (http_capture.h).
 */
#include <string.h>

#include "etl/source/http_capture.h"
#include "etl/source/json_path.h"
#include "etl/source/reader.h"
#include "etl/source/split.h"

/* --- definition --- */

/* What the fields are when a column says nothing else; all others are texts. */
static const struct {
    const char *field, *json;
} TYPES[] = {
    {"time", "{\"type\": \"timestamp\", \"format\": \"%FT%T.%f%z\"}"},
    {"client_port", "{\"type\": \"integer\"}"},
    {"port", "{\"type\": \"integer\"}"},
    {"connection", "{\"type\": \"integer\"}"},
    {"status", "{\"type\": \"integer\"}"},
    {"bytes", "{\"type\": \"integer\"}"},
    {"bytes_in", "{\"type\": \"integer\"}"},
    {"wait_us", "{\"type\": \"integer\"}"},
    {"duration_us", "{\"type\": \"integer\"}"},
    {"lost_bytes", "{\"type\": \"integer\"}"},
};

/* "time" is short for {"name": "time"}. */
static json_t *column_complete(struct node n, const struct source_spec *s)
{
    json_t *column = json_is_string(n.json) ? json_pack("{s:O}", "name", n.json) : json_copy(n.json);
    json_t *field = json_object_get(column, "field");
    const char *name = json_string_value(field ? field : json_object_get(column, "name"));
    (void)s;
    for (size_t i = 0; name && i < sizeof TYPES / sizeof *TYPES; i++) {
        if (json_object_get(column, "type") || strcmp(name, TYPES[i].field) != 0) continue;
        json_t *defaults = json_loads(TYPES[i].json, 0, NULL);
        json_object_update_missing(column, defaults);
        json_decref(defaults);
    }
    if (!json_object_get(column, "type")) json_object_set_new(column, "type", json_string("text"));
    return column;
}

static json_t *columns_all(const struct source_spec *s)
{
    json_t *all = json_array();
    (void)s;
    for (const char *const *name = http_capture_fields(); *name; name++) json_array_append_new(all, json_string(*name));
    return all;
}

static void ports_read(struct node n, struct source_spec *s)
{
    size_t count = node_count(n);
    if (!node_present(n)) return;
    if (count == 0) node_fail(n, "is empty; without it all ports are looked at");
    int *ports = arena_alloc(n.doc->arena, (count + 1) * sizeof *ports);
    for (size_t i = 0; i < count; i++) ports[i] = (int)node_integer(node_item(n, i), 80, 1, 65535);
    s->ports = ports;
}

/* Field number 0 says what is wrong with a record. */
static void keys_read(struct node n, struct source_spec *s)
{
    ports_read(node_member(n, "ports"), s);
    s->json = json_paths_new(n.doc->arena);
    json_paths_add(s->json, "wrong", false);
    for (const char *const *name = http_capture_fields(); *name; name++) json_paths_add(s->json, *name, false);
}

static void place_read(struct node column, struct source_spec *s, struct field_spec *f, const char *name)
{
    struct node field = node_member(column, "field");
    const char *const *names = http_capture_fields();
    const char *wanted = node_text(field, name);
    (void)s;
    f->number = 0;
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], wanted) == 0) f->number = i + 1;
    if (f->number == 0)
        node_fail(node_present(field) ? field : column, "a request and its response have no field \"%s\"%s", wanted,
                  node_hint(column, wanted, names));
}

/* --- files --- */

/* What was at the end of a capture may be another exchange when more of it is there. */
static int http_open(struct source_reader *r, struct err_text *error)
{
    if (r->file->gzip)
        return err_set(error, ERR_UNSUPPORTED, "%s: is compressed: captures are read as they are; decompress it first",
                       r->path);
    if (r->file->from && !r->file->as_then)
        return err_set(error, ERR_UNSUPPORTED,
                       "%s: is a capture that was loaded and has grown: requests without a response then have one now; "
                       "write captures to files of their own, each finished before it is loaded (%s of %s)",
                       r->path, r->feed->at, r->feed->path);
    r->http = http_capture_open(r->path, r->spec->ports, error);
    return r->http ? ERR_OK : ERR_CORRUPT;
}

/* Positions are numbers: nothing says at which byte of the file a request begins that came in several packets. */
static int http_next(struct source_reader *r, struct record *out, struct err_text *error)
{
    *out = (struct record){0};
    int result = http_capture_next(r->http, &out->raw, error);
    out->at.number = out->at.byte_offset = ++r->http_records;
    if (result == 0) r->in.offset = r->file->bytes; /* all of it is read, though not through `in` */
    return result;
}

static void http_close(struct source_reader *r)
{
    http_capture_close(r->http);
}

/* --- records --- */

static bool split(struct splitter *s, const struct record *record, struct slice text, struct arena *arena)
{
    struct json_scan scan;
    if (record->layout.n) return splitter_refuse(s, arena, "a request has no layout");
    if (!json_split(s->spec->json, text, arena, s->fields, &scan))
        return splitter_wrong(s, arena, (size_t)(scan.p - text.p), scan.wrong);
    if (s->fields[0].p) return splitter_refuse(s, arena, "%.*s", (int)s->fields[0].n, (const char *)s->fields[0].p);
    while (http_capture_fields()[s->field_count]) s->field_count++;
    s->field_count++;
    return true;
}

static const char *const keys[] = {"ports", NULL};
static const char *const places[] = {"field", NULL};

const struct format FORMAT_HTTP_CAPTURE = {
    .name = "http_capture",
    .keys = keys,
    .places = places,
    .rejects_bytes = true,
    .binary = true,
    .keys_read = keys_read,
    .place_read = place_read,
    .column_complete = column_complete,
    .columns_all = columns_all,
    .open = http_open,
    .next = http_next,
    .close = http_close,
    .split = split,
};
