#include "etl/eventstore/record.h"

#include <string.h>

#include "etl/eventstore/instant.h"
#include "lib/base/text.h"

enum { JSON_FLAGS = JSON_ALLOW_NUL };

bool es_name_good(struct slice name)
{
    if (name.n == 0 || name.n > ES_NAME_MAX || !text_is_utf8(name)) return false;
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] < ' ' || name.p[i] == 0x7f) return false;
    return true;
}

json_t *es_text_value(struct slice text)
{
    return json_stringn(text.p ? (const char *)text.p : "", text.n);
}

json_t *es_sentence_value(const char *text)
{
    struct buf b = {0};
    size_t n = strlen(text), cut = 0;
    while (cut < 4 && cut < n && !text_is_utf8(slice_of(text, n - cut))) cut++;
    bool good = text_is_utf8(slice_of(text, n - cut));
    buf_append(&b, text, good ? n - cut : n);
    for (size_t i = 0; !good && i < b.n; i++)
        if (b.p[i] >= 0x80) b.p[i] = '?';
    json_t *value = json_stringn((const char *)b.p, b.n);
    buf_release(&b);
    return value;
}

/* ---- from the log ---- */

static struct slice json_slice(const json_t *text)
{
    return slice_of(json_string_value(text), json_string_length(text));
}

static const struct es_header *header(const struct es_raw *raw, const char *name)
{
    for (int i = 0; i < raw->header_count; i++)
        if (strcmp(raw->headers[i].name, name) == 0) return &raw->headers[i];
    return NULL;
}

/* Decimal digits alone: no sign, which would be a second way to write a number. */
static bool digits(struct slice text, int64_t *out)
{
    if (text.n == 0 || text.n > ES_DIGITS_MAX) return false;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < '0' || text.p[i] > '9') return false;
    return text_to_i64(text, out);
}

static const char *const own[] = {
    "es-expected", "es-id",    "es-type",       "es-schema", "es-correlation", "es-causation", "es-compensates",
    "es-by",       "es-count", "es-partitions", NULL};

bool es_header_own(const char *name)
{
    for (int i = 0; own[i]; i++)
        if (strcmp(own[i], name) == 0) return true;
    return false;
}

static const char *headers_wrong(const struct es_raw *raw)
{
    for (int k = 0; own[k]; k++) {
        int found = 0;
        for (int i = 0; i < raw->header_count; i++) found += strcmp(raw->headers[i].name, own[k]) == 0;
        if (found > 1) return "a header of the event store is there twice";
    }
    return NULL;
}

/* A header that may be missing; false when it is there and no name. */
static bool optional(const struct es_raw *raw, const char *name, struct slice *out)
{
    const struct es_header *h = header(raw, name);
    if (h) *out = h->value;
    return !h || es_name_good(h->value);
}

static const char *event_wrong(const struct es_event *e)
{
    if (!es_name_good(e->id)) return "the event has no id of 1 to 255 bytes";
    if (!es_name_good(e->type)) return "the event has no type of 1 to 255 bytes";
    if (e->schema < 1) return "the schema version is no number from 1";
    return json_is_object(e->data) ? NULL : "the data is no JSON object";
}

static const char *single(const struct es_raw *raw, struct es_event *e, json_t *root)
{
    const struct es_header *id = header(raw, "es-id"), *type = header(raw, "es-type"),
                           *schema = header(raw, "es-schema");
    *e = (struct es_event){.data = root, .schema = 1};
    if (id) e->id = id->value;
    if (type) e->type = type->value;
    if (schema && !digits(schema->value, &e->schema)) e->schema = 0;
    if (!optional(raw, "es-correlation", &e->correlation) || !optional(raw, "es-causation", &e->causation) ||
        !optional(raw, "es-compensates", &e->compensates))
        return "an id in a header has not 1 to 255 bytes";
    return event_wrong(e);
}

static bool member(const json_t *object, const char *key, struct slice *out)
{
    const json_t *value = json_object_get(object, key);
    if (!value) return true;
    *out = json_slice(value);
    return json_is_string(value) && es_name_good(*out);
}

static const char *one_of_several(const json_t *object, struct es_event *e)
{
    const json_t *schema = json_object_get(object, "schema");
    *e = (struct es_event){.data = json_object_get(object, "data"), .schema = schema ? json_integer_value(schema) : 1};
    if (!member(object, "id", &e->id) || !member(object, "type", &e->type) ||
        !member(object, "correlation", &e->correlation) || !member(object, "causation", &e->causation) ||
        !member(object, "compensates", &e->compensates))
        return "an id or type of one of the events is no text of 1 to 255 bytes";
    return event_wrong(e);
}

static const char *several(const struct es_raw *raw, struct es_record *out, struct arena *arena)
{
    int64_t count = 0;
    if (header(raw, "es-id") || header(raw, "es-type")) return "es-count stands beside es-id or es-type";
    if (!digits(header(raw, "es-count")->value, &count) || count < 1 || count > ES_EVENTS_MAX)
        return "es-count is no number from 1 to 10000";
    if (!json_is_array(out->root) || json_array_size(out->root) != (size_t)count)
        return "the value is no JSON array of as many events as es-count says";
    out->events = arena_alloc(arena, (size_t)count * sizeof *out->events);
    for (int i = 0; i < count; i++) {
        const char *wrong = one_of_several(json_array_get(out->root, (size_t)i), &out->events[i]);
        if (wrong) return wrong;
    }
    out->count = (int)count;
    return NULL;
}

static const char *decode(const struct es_raw *raw, struct arena *arena, struct es_record *out)
{
    const struct es_header *expected = header(raw, "es-expected"), *partitions = header(raw, "es-partitions");
    json_error_t ignored;
    const char *wrong = headers_wrong(raw);
    if (wrong) return wrong;
    if (!es_name_good(raw->key)) return "the key is no stream's id of 1 to 255 bytes";
    if (!expected) return "there is no header es-expected";
    if (!digits(expected->value, &out->expected)) return "es-expected is no number";
    if (partitions && (!digits(partitions->value, &out->partitions) || out->partitions < 1))
        return "es-partitions is no number from 1";
    if (!optional(raw, "es-by", &out->by)) return "es-by has not 1 to 255 bytes";
    out->root = json_loadb(raw->value.p ? (const char *)raw->value.p : "", raw->value.n, JSON_FLAGS, &ignored);
    if (!out->root) return "the value is no JSON";
    if (header(raw, "es-count")) return several(raw, out, arena);
    out->events = arena_alloc(arena, sizeof *out->events);
    out->count = 1;
    return single(raw, out->events, out->root);
}

void es_record_decode(const struct es_raw *raw, struct arena *arena, struct es_record *out)
{
    *out = (struct es_record){.stream = raw->key, .timestamp = -1, .offset = -1};
    out->malformed = decode(raw, arena, out);
    if (out->malformed) out->count = 0;
}

void es_record_release(struct es_record *r)
{
    json_decref(r->root);
    r->root = NULL;
}

/* ---- to the log ---- */

static void header_add(struct es_raw *out, const char *name, struct slice value)
{
    if (value.n) out->headers[out->header_count++] = (struct es_header){name, value};
}

static struct slice number(int64_t value, struct arena *arena)
{
    return slice_str(arena_printf(arena, "%lld", (long long)value));
}

/* Keeps memory of jansson's in the arena. */
static struct slice dumped(const json_t *value, struct arena *arena)
{
    char *text = json_dumps(value, JSON_COMPACT);
    struct slice copy = slice_str(arena_str(arena, slice_str(text)));
    free(text);
    return copy;
}

static void member_add(json_t *object, const char *key, struct slice text)
{
    if (text.n) json_object_set_new(object, key, es_text_value(text));
}

static struct slice array(const struct es_record *r, struct arena *arena)
{
    json_t *all = json_array();
    for (int i = 0; i < r->count; i++) {
        const struct es_event *e = &r->events[i];
        json_t *object = json_object();
        member_add(object, "id", e->id);
        member_add(object, "type", e->type);
        json_object_set(object, "data", e->data);
        if (e->schema > 1) json_object_set_new(object, "schema", json_integer(e->schema));
        member_add(object, "correlation", e->correlation);
        member_add(object, "causation", e->causation);
        member_add(object, "compensates", e->compensates);
        json_array_append_new(all, object);
    }
    struct slice text = dumped(all, arena);
    json_decref(all);
    return text;
}

void es_record_encode(const struct es_record *r, struct arena *arena, struct es_raw *out)
{
    const struct es_event *e = r->events;
    *out = (struct es_raw){.key = r->stream};
    header_add(out, "es-expected", number(r->expected, arena));
    if (r->partitions > 0) header_add(out, "es-partitions", number(r->partitions, arena));
    header_add(out, "es-by", r->by);
    if (r->count > 1) {
        header_add(out, "es-count", number(r->count, arena));
        out->value = array(r, arena);
        return;
    }
    header_add(out, "es-id", e->id);
    header_add(out, "es-type", e->type);
    if (e->schema > 1) header_add(out, "es-schema", number(e->schema, arena));
    header_add(out, "es-correlation", e->correlation);
    header_add(out, "es-causation", e->causation);
    header_add(out, "es-compensates", e->compensates);
    out->value = dumped(e->data, arena);
}

/* ---- for people and programs ---- */

json_t *es_event_value(const struct es_record *r, const struct es_event *e)
{
    char at[INSTANT_SIZE];
    json_t *o = json_object();
    instant_print(r->timestamp, at);
    json_object_set_new(o, "stream", es_text_value(r->stream));
    json_object_set_new(o, "version", json_integer(e->version));
    json_object_set_new(o, "type", es_text_value(e->type));
    json_object_set_new(o, "id", es_text_value(e->id));
    json_object_set_new(o, "at", json_string(at));
    json_object_set_new(o, "timestamp", json_integer(r->timestamp));
    json_object_set(o, "data", e->data);
    if (e->schema != 1) json_object_set_new(o, "schema", json_integer(e->schema));
    member_add(o, "correlation", e->correlation);
    member_add(o, "causation", e->causation);
    member_add(o, "compensates", e->compensates);
    member_add(o, "by", r->by);
    json_object_set_new(o, "partition", json_integer(r->partition));
    json_object_set_new(o, "offset", json_integer(r->offset));
    return o;
}

void es_event_json(const struct es_record *r, const struct es_event *e, struct buf *out)
{
    json_t *value = es_event_value(r, e);
    char *text = json_dumps(value, JSON_COMPACT);
    buf_append_str(out, text);
    free(text);
    json_decref(value);
}
