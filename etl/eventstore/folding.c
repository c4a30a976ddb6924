/* folding.c - a stream's state: from a snapshot or from the beginning, to a version or an instant. */
#include <inttypes.h>
#include <string.h>

#include "etl/eventstore/store.h"

#define TEXT(s) (int)(s).n, (const char *)(s).p

struct folding {
    const struct es_fold *fold;
    const struct es_range *range;
    struct es_folded *out;
    int64_t skip_to; /* the snapshot's version: events up to it are in the state already */
    bool seen;       /* a record of the stream */
    bool mismatch;   /* the first one is not the snapshot's */
};

/* The record at which a snapshot was made must be the first one that is read. */
static bool snapshot_fits(const struct folding *f, const struct es_record *r, bool counts)
{
    const struct es_folded *s = f->out;
    if (r->offset != s->at.offset || !counts || r->count < s->version - s->at.version) return false;
    return slice_equal(r->events[s->version - s->at.version - 1].id, slice_str(s->id));
}

static void fold_event(struct folding *f, const struct es_record *r, const struct es_event *e)
{
    struct es_folded *o = f->out;
    o->version = e->version;
    o->read++;
    o->at = (struct es_place){r->offset, r->expected};
    memcpy(o->id, e->id.p, e->id.n);
    o->id[e->id.n] = 0;
    if (r->timestamp > o->latest) o->latest = r->timestamp;
}

static int each(void *context, struct es_record *r, bool counts, int64_t before)
{
    struct folding *f = context;
    const struct es_range *range = f->range;
    if (f->skip_to > 0 && !f->seen && !snapshot_fits(f, r, counts)) {
        f->mismatch = true;
        return 1;
    }
    f->seen = true;
    f->out->ahead += !r->malformed && r->expected > before;
    if (!counts) return 0;
    for (int i = 0; i < r->count; i++) {
        const struct es_event *e = &r->events[i];
        if (e->version <= f->skip_to) continue;
        if ((range->version > 0 && e->version > range->version) || (range->until > 0 && r->timestamp > range->until))
            return 1;
        bool applied = f->fold->apply(f->fold, f->out->state, e);
        f->out->unknown += !applied;
        fold_event(f, r, e);
        int result = range->step ? range->step(range->context, r, e, f->out->state, applied) : 0;
        if (result != 0) return result;
    }
    return range->version > 0 && f->out->version >= range->version;
}

static int from_beginning(struct es_store *s, struct slice stream, struct folding *f, struct err_text *error)
{
    es_folded_release(f->out);
    *f->out = (struct es_folded){.state = f->fold->start(f->fold)};
    f->skip_to = 0;
    return es_walk(s, stream, (struct es_place){0}, each, f, error);
}

/* A snapshot that does not fit its log (a topic that was made again) is as none. */
static int from_snapshot(struct es_store *s, struct slice stream, struct folding *f, struct err_text *error)
{
    struct err_text lost = {""};
    f->skip_to = f->out->version;
    int result = es_walk(s, stream, f->out->at, each, f, &lost);
    if (result == ERR_RANGE || result == ERR_NOTFOUND || (result == 0 && (f->mismatch || !f->seen)))
        return from_beginning(s, stream, f, error);
    return result == 0 ? 0 : err_set(error, result, "%s", lost.text);
}

int es_fold(struct es_store *s, struct slice stream, const struct es_fold *fold, const struct es_range *range,
            struct es_folded *out, struct err_text *error)
{
    struct folding f = {.fold = fold, .range = range, .out = out};
    *out = (struct es_folded){0};
    int result = 0;
    if (!range->no_snapshot && !range->step)
        result = es_snapshot_newest(s, stream, fold->name, fold->version, range->version, range->until, out, error);
    if (result == 0)
        result = out->snapshot > 0 ? from_snapshot(s, stream, &f, error) : from_beginning(s, stream, &f, error);
    if (result == 0 && range->version > 0 && out->version < range->version && range->until <= 0)
        result = err_set(error, ERR_NOTFOUND, "stream %.*s has no version %" PRId64 ": it is at %" PRId64, TEXT(stream),
                         range->version, out->version);
    if (result != 0) es_folded_release(out);
    return result;
}

void es_folded_release(struct es_folded *f)
{
    json_decref(f->state);
    *f = (struct es_folded){0};
}
