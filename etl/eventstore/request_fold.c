/* request_fold.c - states, replays and snapshots as JSON. */
#include "etl/eventstore/request_parts.h"
#include "etl/eventstore/without.h"

static json_t *folded_value(const struct asked *a, const struct es_folded *f)
{
    json_t *o = json_pack("{s:o, s:s, s:I, s:O, s:I, s:I, s:I}", "stream", es_text_value(a->stream), "fold",
                          a->fold->name, "version", (json_int_t)f->version, "state", f->state, "read",
                          (json_int_t)f->read, "snapshot", (json_int_t)f->snapshot, "unknown", (json_int_t)f->unknown);
    if (f->ahead > 0) json_object_set_new(o, "ahead", json_integer(f->ahead));
    return o;
}

int request_fold(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error)
{
    static const char *const known[] = {"op", "request", "stream", "fold", "version", "until", "snapshot", NULL};
    struct es_folded f;
    int result = es_members_known(a->o, known, error);
    if (result == 0) result = asked_fold(s, a, error);
    if (result == 0) result = es_fold(s, a->stream, a->fold, &a->range, &f, error);
    if (result != 0) return result;
    *answer = folded_value(a, &f);
    es_folded_release(&f);
    return 0;
}

int request_replay(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error)
{
    static const char *const known[] = {"op", "request", "stream", "fold", "version", "until", "without", NULL};
    struct slice id;
    struct es_folded f;
    int result = es_members_known(a->o, known, error);
    if (result == 0) result = asked_fold(s, a, error);
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

int request_snapshot(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error)
{
    static const char *const known[] = {"op", "request", "stream", "fold", "version", NULL};
    struct es_folded f;
    int result = es_members_known(a->o, known, error);
    if (result == 0) result = asked_fold(s, a, error);
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
    int result = asked_stream(a, error);
    if (result == 0) result = es_member_text(a->o, "fold", name, error);
    if (result == 0 && !es_name_good(*name)) result = err_set(error, ERR_INVALID, "\"fold\" is no name");
    if (result == 0) result = es_member_number(a->o, "fold_version", 1, 1, fold_version, error);
    return result == 0 ? asked_range(a, error) : result;
}

/* The place of the version is looked up by a fold that does nothing else. */
int request_state_snapshot(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error)
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

int request_newest_snapshot(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error)
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
