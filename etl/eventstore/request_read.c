/* request_read.c - events, streams and stories as JSON. */
#include "etl/eventstore/history.h"
#include "etl/eventstore/instant.h"
#include "etl/eventstore/request_parts.h"

struct events {
    json_t *list;
    int64_t from, to, until, version;
    bool refused;
    struct es_place at; /* of a snapshot, with the id of its last event (empty: read from the beginning) */
    struct slice at_id;
    bool seen, misfit;
};

json_t *es_refused_value(const struct es_record *r, int64_t before)
{
    char at[INSTANT_SIZE];
    instant_print(r->timestamp, at);
    json_t *o = json_pack("{s:o, s:s, s:s, s:I, s:i, s:I}", "stream", es_text_value(r->stream), "refused",
                          r->malformed ? "malformed" : "conflict", "at", at, "timestamp", (json_int_t)r->timestamp,
                          "partition", (int)r->partition, "offset", (json_int_t)r->offset);
    if (r->malformed) {
        json_object_set_new(o, "why", json_string(r->malformed));
        return o;
    }
    json_object_set_new(o, "type", es_text_value(r->events[0].type));
    json_object_set_new(o, "id", es_text_value(r->events[0].id));
    json_object_set_new(o, "expected", json_integer(r->expected));
    json_object_set_new(o, "is", json_integer(before));
    if (r->by.n) json_object_set_new(o, "by", es_text_value(r->by));
    return o;
}

/* The first record must be the snapshot's. */
static bool fits(const struct events *w, const struct es_record *r, bool counts)
{
    bool has_id = false;
    for (int i = 0; i < r->count; i++) has_id = has_id || slice_equal(r->events[i].id, w->at_id);
    return counts && r->offset == w->at.offset && has_id;
}

static int event_each(void *context, struct es_record *r, bool counts, int64_t before)
{
    struct events *w = context;
    if (w->at_id.n && !w->seen && !fits(w, r, counts)) {
        w->misfit = true;
        return 1;
    }
    w->seen = true;
    if (!counts) {
        if (w->refused) json_array_append_new(w->list, es_refused_value(r, before));
        return 0;
    }
    for (int i = 0; i < r->count; i++) {
        const struct es_event *e = &r->events[i];
        if ((w->to > 0 && e->version > w->to) || (w->until > 0 && r->timestamp > w->until)) return 1;
        w->version = e->version;
        if (e->version >= w->from) json_array_append_new(w->list, es_event_value(r, e));
    }
    return 0;
}

/* {"offset", "expected", "id"}, as newest_snapshot gives it. */
static int place_read(const json_t *o, struct events *w, struct err_text *error)
{
    const json_t *at = json_object_get(o, "at");
    if (!at) return 0;
    int result = es_member_number(at, "offset", 0, -1, &w->at.offset, error);
    if (result == 0) result = es_member_number(at, "expected", 0, -1, &w->at.version, error);
    if (result == 0) result = es_member_text(at, "id", &w->at_id, error);
    if (result == 0 && (w->at.offset < 0 || w->at.version < 0 || !w->at_id.n))
        result = err_set(error, ERR_INVALID, "\"at\" must have \"offset\", \"expected\" and \"id\"");
    return result;
}

/* From the place of a snapshot; `misfit` when the log is not the one that it was made of. */
static int events_walk(struct es_store *s, const struct asked *a, struct events *w, struct err_text *error)
{
    struct err_text lost = {""};
    int result = es_walk(s, a->stream, w->at, event_each, w, &lost);
    if (w->at_id.n && (result == ERR_RANGE || result == ERR_NOTFOUND || (result == 0 && !w->seen))) {
        w->misfit = true;
        return 0;
    }
    return result == 0 ? 0 : err_set(error, result, "%s", lost.text);
}

int request_read(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error)
{
    static const char *const known[] = {"op", "request", "stream", "from", "to", "until", "refused", "at", NULL};
    struct events w = {.refused = json_is_true(json_object_get(a->o, "refused"))};
    int result = es_members_known(a->o, known, error);
    if (result == 0) result = asked_stream(a, error);
    if (result == 0) result = asked_range(a, error);
    if (result == 0) result = es_member_number(a->o, "from", 1, 1, &w.from, error);
    if (result == 0) result = es_member_number(a->o, "to", 1, 0, &w.to, error);
    if (result == 0) result = place_read(a->o, &w, error);
    if (result != 0) return result;
    w.until = a->range.until;
    w.list = json_array();
    result = events_walk(s, a, &w, error);
    if (result == 0)
        *answer = json_pack("{s:O, s:I, s:b}", "events", w.list, "version", (json_int_t)w.version, "misfit", w.misfit);
    json_decref(w.list);
    return result;
}

/* ---- list ---- */

struct listing {
    json_t *list;
    struct table versions;
    struct arena arena;
    int64_t malformed, refused;
};

static int list_each(void *context, struct es_record *r, bool counts, int64_t before)
{
    (void)before;
    struct listing *l = context;
    l->malformed += r->malformed != NULL;
    l->refused += !counts && !r->malformed;
    return 0;
}

int request_list(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error)
{
    static const char *const known[] = {"op", "request", NULL};
    struct listing l = {0};
    int result = es_members_known(a->o, known, error);
    l.list = json_array();
    for (int32_t p = 0; p < es_partitions(s) && result == 0; p++) {
        result = es_walk_partition(s, p, 0, &l.versions, &l.arena, list_each, &l, NULL, error);
        for (struct table_entry *e = table_first(&l.versions); e; e = table_next(&l.versions, e))
            json_array_append_new(l.list,
                                  json_pack("{s:o, s:i, s:I}", "stream", es_text_value(e->key), "partition", (int)p,
                                            "version", (json_int_t)((const struct es_version *)e->value)->version));
        table_release(&l.versions);
        l.versions = (struct table){0};
    }
    if (result == 0)
        *answer = json_pack("{s:O, s:I, s:I}", "streams", l.list, "refused", (json_int_t)l.refused, "malformed",
                            (json_int_t)l.malformed);
    json_decref(l.list);
    arena_release(&l.arena);
    return result;
}

/* ---- history ---- */

int request_history(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error)
{
    static const char *const known[] = {"op", "request", "stream", NULL};
    json_t *lines = NULL;
    int result = es_members_known(a->o, known, error);
    if (result == 0) result = asked_stream(a, error);
    if (result == 0) result = es_history(s, a->stream, &lines, error);
    if (result == 0) *answer = json_pack("{s:o}", "lines", lines);
    return result;
}
