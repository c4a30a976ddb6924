#include "etl/eventstore/request.h"

#include <inttypes.h>
#include <string.h>

#include "etl/document.h"
#include "etl/eventstore/history.h"
#include "etl/eventstore/instant.h"
#include "etl/eventstore/store.h"
#include "etl/eventstore/without.h"

/* What most requests have. */
struct asked {
    const json_t *o;
    struct slice stream;
    const struct es_fold *fold;
    struct es_range range;
};

int es_fold_find(const char *name, struct slice stream, const struct es_fold **out, struct err_text *error)
{
    *out = name ? es_fold_named(name) : es_fold_of(stream);
    if (*out) return 0;
    if (!name)
        return err_set(error, ERR_INVALID,
                       "which fold? The stream's name begins with none of cart-, order-, account-, count-: name one");
    const char *near = name_nearest(name, ES_FOLD_NAMES);
    return err_set(error, ERR_INVALID, "there is no fold \"%s\"%s%s%s", name,
                   near ? "; did you mean \"" : "; there are: cart, order, account, count", near ? near : "",
                   near ? "\"?" : "");
}

static int stream_read(struct asked *a, struct err_text *error)
{
    int result = es_member_text(a->o, "stream", &a->stream, error);
    if (result == 0 && !es_name_good(a->stream))
        result = err_set(error, ERR_INVALID,
                         a->stream.n ? "\"stream\" is no name of 1 to 255 bytes" : "\"stream\" is missing");
    return result;
}

static int range_read(struct asked *a, struct err_text *error)
{
    struct slice until;
    const json_t *o = a->o, *snapshot = json_object_get(o, "snapshot"), *value = json_object_get(o, "until");
    int result = es_member_number(o, "version", 1, 0, &a->range.version, error);
    if (result == 0 && json_is_integer(value)) return es_member_number(o, "until", 0, 0, &a->range.until, error);
    if (result == 0) result = es_member_text(o, "until", &until, error);
    if (result == 0 && until.n && !instant_read((const char *)until.p, &a->range.until))
        result = err_set(error, ERR_INVALID, "\"until\": \"%s\" is no instant: 2026-11-27T18:30:00Z, or milliseconds",
                         (const char *)until.p);
    a->range.no_snapshot = snapshot && !json_is_true(snapshot);
    return result;
}

static int fold_read(struct asked *a, struct err_text *error)
{
    struct slice name = {0};
    int result = stream_read(a, error);
    if (result == 0) result = range_read(a, error);
    if (result == 0) result = es_member_text(a->o, "fold", &name, error);
    return result == 0 ? es_fold_find(name.n ? (const char *)name.p : NULL, a->stream, &a->fold, error) : result;
}

/* ---- append ---- */

static int append(struct es_store *s, const json_t *o, json_t **answer, struct err_text *error)
{
    struct arena arena = {0};
    struct es_append a;
    struct es_verdict v;
    int result = es_append_read(o, &arena, &a, error);
    if (result == 0) result = es_append(s, &a, &v, error);
    if (result == 0) *answer = es_verdict_value(&a, &v);
    arena_release(&arena);
    return result;
}

/* ---- read ---- */

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

static int read_events(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error)
{
    static const char *const known[] = {"op", "request", "stream", "from", "to", "until", "refused", "at", NULL};
    struct events w = {.refused = json_is_true(json_object_get(a->o, "refused"))};
    int result = es_members_known(a->o, known, error);
    if (result == 0) result = stream_read(a, error);
    if (result == 0) result = range_read(a, error);
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

static int list(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error)
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

/* ---- fold, replay, snapshots ---- */

static json_t *folded_value(const struct asked *a, const struct es_folded *f)
{
    return json_pack("{s:o, s:s, s:I, s:O, s:I, s:I, s:I}", "stream", es_text_value(a->stream), "fold", a->fold->name,
                     "version", (json_int_t)f->version, "state", f->state, "read", (json_int_t)f->read, "snapshot",
                     (json_int_t)f->snapshot, "unknown", (json_int_t)f->unknown);
}

static int fold(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error)
{
    static const char *const known[] = {"op", "request", "stream", "fold", "version", "until", "snapshot", NULL};
    struct es_folded f;
    int result = es_members_known(a->o, known, error);
    if (result == 0) result = fold_read(a, error);
    if (result == 0) result = es_fold(s, a->stream, a->fold, &a->range, &f, error);
    if (result != 0) return result;
    *answer = folded_value(a, &f);
    es_folded_release(&f);
    return 0;
}

static int replay(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error)
{
    static const char *const known[] = {"op", "request", "stream", "fold", "version", "until", "without", NULL};
    struct slice id;
    struct es_folded f;
    int result = es_members_known(a->o, known, error);
    if (result == 0) result = fold_read(a, error);
    if (result == 0) result = es_member_text(a->o, "without", &id, error);
    if (result != 0) return result;
    if (id.n) return es_replay_without(s, a->stream, a->fold, &a->range, id, answer, error);
    a->range.no_snapshot = true;
    result = es_fold(s, a->stream, a->fold, &a->range, &f, error);
    if (result != 0) return result;
    *answer = folded_value(a, &f);
    es_folded_release(&f);
    return 0;
}

static int nothing_yet(const struct asked *a, struct err_text *error)
{
    return err_set(error, ERR_NOTFOUND, "stream %.*s has no event", (int)a->stream.n, (const char *)a->stream.p);
}

static int snapshot(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error)
{
    static const char *const known[] = {"op", "request", "stream", "fold", "version", NULL};
    struct es_folded f;
    int result = es_members_known(a->o, known, error);
    if (result == 0) result = fold_read(a, error);
    if (result == 0) result = es_fold(s, a->stream, a->fold, &a->range, &f, error);
    if (result != 0) return result;
    result = f.version == 0 ? nothing_yet(a, error)
                            : es_snapshot_write(s, a->stream, a->fold->name, a->fold->version, &f, error);
    if (result == 0) *answer = folded_value(a, &f);
    es_folded_release(&f);
    return result;
}

/* A fold that is the program's own: its name, its version, the version of the stream. */
static int own_fold_read(struct asked *a, struct slice *name, int64_t *fold_version, struct err_text *error)
{
    int result = stream_read(a, error);
    if (result == 0) result = es_member_text(a->o, "fold", name, error);
    if (result == 0 && !es_name_good(*name)) result = err_set(error, ERR_INVALID, "\"fold\" is no name");
    if (result == 0) result = es_member_number(a->o, "fold_version", 1, 1, fold_version, error);
    return result == 0 ? range_read(a, error) : result;
}

/* The place of the version is looked up by a fold that does nothing else. */
static int state_snapshot(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error)
{
    static const char *const known[] = {"op", "request", "stream", "fold", "fold_version", "version", "state", NULL};
    struct slice name;
    int64_t fold_version;
    struct es_folded f;
    json_t *state = json_object_get(a->o, "state");
    int result = es_members_known(a->o, known, error);
    if (result == 0) result = own_fold_read(a, &name, &fold_version, error);
    if (result == 0 && !state) result = err_set(error, ERR_INVALID, "\"state\" is missing");
    a->range.no_snapshot = true;
    if (result == 0) result = es_fold(s, a->stream, &es_fold_count, &a->range, &f, error);
    if (result != 0) return result;
    json_decref(f.state);
    f.state = json_incref(state);
    result = f.version == 0 ? nothing_yet(a, error)
                            : es_snapshot_write(s, a->stream, (const char *)name.p, fold_version, &f, error);
    if (result == 0) *answer = json_pack("{s:I}", "version", (json_int_t)f.version);
    es_folded_release(&f);
    return result;
}

static int newest_snapshot(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error)
{
    static const char *const known[] = {"op", "request", "stream", "fold", "fold_version", "version", "until", NULL};
    struct slice name;
    int64_t fold_version;
    struct es_folded f;
    int result = es_members_known(a->o, known, error);
    if (result == 0) result = own_fold_read(a, &name, &fold_version, error);
    if (result == 0)
        result = es_snapshot_newest(s, a->stream, (const char *)name.p, fold_version, a->range.version, a->range.until,
                                    &f, error);
    if (result != 0) return result;
    *answer = json_pack("{s:I, s:o}", "version", (json_int_t)f.snapshot, "state",
                        f.state ? json_incref(f.state) : json_null());
    if (f.state)
        json_object_set_new(*answer, "at",
                            json_pack("{s:I, s:I, s:s}", "offset", (json_int_t)f.at.offset, "expected",
                                      (json_int_t)f.at.version, "id", f.id));
    es_folded_release(&f);
    return 0;
}

static int history(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error)
{
    static const char *const known[] = {"op", "request", "stream", NULL};
    json_t *lines = NULL;
    int result = es_members_known(a->o, known, error);
    if (result == 0) result = stream_read(a, error);
    if (result == 0) result = es_history(s, a->stream, &lines, error);
    if (result == 0) *answer = json_pack("{s:o}", "lines", lines);
    return result;
}

static const struct {
    const char *op;
    int (*run)(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error);
} operations[] = {{"read", read_events},
                  {"list", list},
                  {"fold", fold},
                  {"replay", replay},
                  {"snapshot", snapshot},
                  {"state_snapshot", state_snapshot},
                  {"newest_snapshot", newest_snapshot},
                  {"history", history}};
enum { OPERATIONS = sizeof operations / sizeof *operations };

int es_request(struct es_store *s, const json_t *request, json_t **answer, struct err_text *error)
{
    static const char *const names[] = {
        "append", "read", "list", "fold", "replay", "snapshot", "state_snapshot", "newest_snapshot", "history", NULL};
    struct asked a = {.o = request};
    const char *op = json_string_value(json_object_get(request, "op"));
    *answer = NULL;
    if (!json_is_object(request)) return err_set(error, ERR_INVALID, "a request is a JSON object");
    if (!op) return err_set(error, ERR_INVALID, "\"op\" is missing, or is no text");
    if (strcmp(op, "append") == 0) return append(s, request, answer, error);
    for (int i = 0; i < OPERATIONS; i++)
        if (strcmp(operations[i].op, op) == 0) return operations[i].run(s, &a, answer, error);
    const char *near = name_nearest(op, names);
    return err_set(error, ERR_INVALID, "there is no op \"%s\"%s%s%s", op, near ? "; did you mean \"" : "",
                   near ? near : "", near ? "\"?" : "");
}
