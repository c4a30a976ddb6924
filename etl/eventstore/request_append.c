/* request_append.c - an append as JSON, and its verdict. */
#include <stdio.h>
#include <string.h>

#include "etl/document.h"
#include "etl/eventstore/instant.h"
#include "etl/eventstore/request.h"

int es_member_text(const json_t *o, const char *key, struct slice *out, struct err_text *error)
{
    const json_t *value = json_object_get(o, key);
    *out = (struct slice){0};
    if (!value || json_is_null(value)) return 0;
    if (!json_is_string(value)) return err_set(error, ERR_INVALID, "\"%s\" must be a text", key);
    *out = slice_of(json_string_value(value), json_string_length(value));
    return 0;
}

int es_member_number(const json_t *o, const char *key, int64_t low, int64_t otherwise, int64_t *out,
                     struct err_text *error)
{
    const json_t *value = json_object_get(o, key);
    *out = otherwise;
    if (!value || json_is_null(value)) return 0;
    *out = json_integer_value(value);
    if (json_is_integer(value) && *out >= low) return 0;
    return err_set(error, ERR_INVALID, "\"%s\" must be a whole number of at least %lld", key, (long long)low);
}

int es_members_known(const json_t *o, const char *const *known, struct err_text *error)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)o, key, value)
    {
        int i = 0;
        while (known[i] && strcmp(known[i], key) != 0) i++;
        if (known[i]) continue;
        const char *near = name_nearest(key, known);
        return err_set(error, ERR_INVALID, "unknown member \"%s\"%s%s%s", key, near ? "; did you mean \"" : "",
                       near ? near : "", near ? "\"?" : "");
    }
    return 0;
}

/* A number, "any" (also when it is missing) or "none". */
static int expected_read(const json_t *o, int64_t *out, struct err_text *error)
{
    const json_t *value = json_object_get(o, "expected");
    const char *word = value ? json_string_value(value) : "any";
    *out = word && strcmp(word, "any") == 0 ? ES_ANY : 0;
    if (word && (*out == ES_ANY || strcmp(word, "none") == 0)) return 0;
    *out = json_integer_value(value);
    if (json_is_integer(value) && *out >= 0) return 0;
    return err_set(error, ERR_INVALID, "\"expected\" must be a version from 0, \"any\" or \"none\"");
}

static int id_read(const json_t *o, struct arena *arena, struct slice *out, struct err_text *error)
{
    char drawn[40];
    int result = es_member_text(o, "id", out, error);
    if (result != 0 || out->n) return result;
    es_id_draw(drawn);
    *out = slice_str(arena_str(arena, slice_str(drawn)));
    return 0;
}

static int event_read(const json_t *o, struct arena *arena, struct es_event *e, struct err_text *error)
{
    *e = (struct es_event){.data = json_object_get(o, "data")};
    int result = id_read(o, arena, &e->id, error);
    if (result == 0) result = es_member_text(o, "type", &e->type, error);
    if (result == 0) result = es_member_number(o, "schema", 1, 1, &e->schema, error);
    if (result == 0) result = es_member_text(o, "correlation", &e->correlation, error);
    if (result == 0) result = es_member_text(o, "causation", &e->causation, error);
    if (result == 0) result = es_member_text(o, "compensates", &e->compensates, error);
    if (result == 0 && !e->type.n) result = err_set(error, ERR_INVALID, "\"type\" is missing");
    if (result == 0 && !e->data) result = err_set(error, ERR_INVALID, "\"data\" is missing");
    return result;
}

static int events_read(const json_t *events, struct arena *arena, struct es_record *r, struct err_text *error)
{
    static const char *const known[] = {"type",        "data",      "id",          "schema",
                                        "correlation", "causation", "compensates", NULL};
    size_t count = json_array_size(events);
    int result = 0;
    if (!json_is_array(events) || count == 0 || count > ES_EVENTS_MAX)
        return err_set(error, ERR_INVALID, "\"events\" must be a list of 1 to %d events", ES_EVENTS_MAX);
    r->events = arena_alloc(arena, count * sizeof *r->events);
    r->count = (int)count;
    for (size_t i = 0; i < count && result == 0; i++) {
        result = es_members_known(json_array_get(events, i), known, error);
        if (result == 0) result = event_read(json_array_get(events, i), arena, &r->events[i], error);
    }
    return result;
}

static int timestamp_read(const json_t *o, int64_t *out, struct err_text *error)
{
    const char *text = json_string_value(json_object_get(o, "timestamp"));
    if (!text) return es_member_number(o, "timestamp", 0, 0, out, error);
    if (instant_read(text, out)) return 0;
    return err_set(error, ERR_INVALID, "\"timestamp\": \"%s\" is no instant: 2026-11-27T18:30:00Z, or milliseconds",
                   text);
}

static int domain_read(struct es_store *s, const json_t *o, const struct es_fold **out, struct err_text *error)
{
    struct slice name;
    int result = es_member_text(o, "domain", &name, error);
    if (result != 0 || !name.n) return result;
    result = es_fold_find(s, (const char *)name.p, (struct slice){0}, out, error);
    if (result == 0 && !(*out)->allows)
        result = err_set(error, ERR_INVALID, "\"domain\": %s has no rules", (const char *)name.p);
    return result;
}

int es_append_read(struct es_store *s, const json_t *o, struct arena *arena, struct es_append *out,
                   struct err_text *error)
{
    static const char *const known[] = {"op",          "request", "stream",    "type",        "data",      "expected",
                                        "id",          "schema",  "by",        "correlation", "causation", "events",
                                        "compensates", "domain",  "timestamp", NULL};
    struct es_record *r = &out->record;
    const json_t *events = json_object_get(o, "events");
    *out = (struct es_append){0};
    int result = es_members_known(o, known, error);
    if (result == 0) result = es_member_text(o, "stream", &r->stream, error);
    if (result == 0 && !r->stream.n) result = err_set(error, ERR_INVALID, "\"stream\" is missing");
    if (result == 0) result = expected_read(o, &r->expected, error);
    if (result == 0) result = es_member_text(o, "by", &r->by, error);
    if (result == 0) result = timestamp_read(o, &r->timestamp, error);
    if (result == 0) result = domain_read(s, o, &out->domain, error);
    if (result != 0) return result;
    if (events) {
        if (json_object_get(o, "type") || json_object_get(o, "data") || json_object_get(o, "id"))
            return err_set(error, ERR_INVALID, "\"events\" stands beside \"type\", \"data\" or \"id\"");
        return events_read(events, arena, r, error);
    }
    r->events = arena_alloc(arena, sizeof *r->events);
    r->count = 1;
    return event_read(o, arena, r->events, error);
}

json_t *es_verdict_value(const struct es_append *a, const struct es_verdict *v)
{
    static const char *const refusals[] = {
        [ES_CONFLICT] = "conflict", [ES_RULE] = "rule", [ES_NOTHING] = "compensation", [ES_CLASH] = "id"};
    const struct es_record *r = &a->record;
    json_t *o = json_object(), *ids = json_array();
    bool accepted = v->outcome == ES_ACCEPTED;
    json_object_set_new(o, "accepted", json_boolean(accepted));
    json_object_set_new(o, "version", json_integer(v->version));
    json_object_set_new(o, "id", es_text_value(r->events[r->count - 1].id));
    for (int i = 0; i < r->count; i++) json_array_append_new(ids, es_text_value(r->events[i].id));
    if (r->count > 1) json_object_set(o, "ids", ids);
    json_decref(ids);
    if (accepted) json_object_set_new(o, "repeated", json_boolean(v->repeated));
    json_object_set_new(o, "why", es_sentence_value(v->why));
    if (accepted) return o;
    json_object_set_new(o, "refused", json_string(refusals[v->outcome]));
    if (v->outcome == ES_CONFLICT) json_object_set_new(o, "expected", json_integer(v->expected));
    if (*v->first) json_object_set_new(o, "first", json_string(v->first));
    return o;
}
