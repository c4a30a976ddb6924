#include "etl/eventstore/index.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"

struct known {
    int64_t version;
};

enum { ARENA_BLOCK = 256 }; /* most streams are short, and there are many */

void es_index_init(struct es_index *x, const struct es_fold *fold)
{
    *x = (struct es_index){.fold = fold, .state = fold ? fold->start(fold) : NULL, .arena.block_size = ARENA_BLOCK};
}

void es_index_release(struct es_index *x)
{
    table_release(&x->ids);
    table_release(&x->refused);
    table_release(&x->compensated);
    free(x->by_version);
    json_decref(x->state);
    arena_release(&x->arena);
    *x = (struct es_index){0};
}

/* ---- reading ---- */

static struct known *known_new(struct es_index *x, int64_t version)
{
    struct known *k = arena_alloc(&x->arena, sizeof *k);
    k->version = version;
    return k;
}

static void event_add(struct es_index *x, struct es_event *e)
{
    const char *id = arena_str(&x->arena, e->id);
    e->version = ++x->version;
    if (x->version > x->by_capacity) {
        x->by_capacity = x->by_capacity ? 2 * x->by_capacity : 16;
        x->by_version = memory_grow(x->by_version, (size_t)x->by_capacity, sizeof *x->by_version);
    }
    x->by_version[x->version - 1] = id;
    if (!table_get(&x->ids, e->id)) table_set(&x->ids, e->id, known_new(x, x->version));
    if (e->compensates.n) table_set(&x->compensated, e->compensates, known_new(x, x->version));
    if (x->fold) x->fold->apply(x->fold, x->state, e);
}

enum { ATTEMPT_SIZE = ES_NAME_MAX + 32 };

/* The key of an attempt: no id has a line end. */
static struct slice attempt(struct slice id, int64_t expected, char out[ATTEMPT_SIZE])
{
    return slice_of(out,
                    (size_t)snprintf(out, ATTEMPT_SIZE, "%.*s\n%" PRId64, (int)id.n, (const char *)id.p, expected));
}

static void refused_add(struct es_index *x, struct slice id, int64_t expected)
{
    char key[ATTEMPT_SIZE];
    table_set(&x->refused, attempt(id, expected, key), known_new(x, expected));
}

bool es_index_refused(const struct es_index *x, struct slice id, int64_t expected)
{
    char key[ATTEMPT_SIZE];
    return table_get(&x->refused, attempt(id, expected, key)) != NULL;
}

bool es_index_step(struct es_index *x, struct es_record *r)
{
    bool counts = es_rule(x->version, r);
    if (counts)
        for (int i = 0; i < r->count; i++) event_add(x, &r->events[i]);
    else if (!r->malformed)
        refused_add(x, r->events[0].id, r->expected);
    return counts;
}

/* ---- deciding ---- */

static int64_t version_of(const struct table *t, struct slice id)
{
    const struct known *k = table_get(t, id);
    return k ? k->version : 0;
}

#define TEXT(s) (int)(s).n, (const char *)(s).p

/* Whether all of its events are there, as one append; ES_CLASH when some are, or they are elsewhere. */
static bool is_there(const struct es_index *x, const struct es_record *r, struct es_verdict *v)
{
    int64_t first = version_of(&x->ids, r->events[0].id);
    for (int i = 0; i < r->count; i++) {
        int64_t at = version_of(&x->ids, r->events[i].id);
        if (first ? at == first + i : !at) continue;
        v->outcome = ES_CLASH;
        snprintf(v->why, sizeof v->why,
                 "refused: event id %.*s is taken, by version %" PRId64 " of the stream: another append than this one",
                 TEXT(r->events[at ? i : 0].id), at ? at : first);
        return true;
    }
    if (!first) return false;
    v->outcome = ES_ACCEPTED;
    v->repeated = true;
    v->version = first + r->count - 1;
    snprintf(v->why, sizeof v->why, "accepted at version %" PRId64 " (event %.*s)", v->version,
             TEXT(r->events[r->count - 1].id));
    return true;
}

static void conflict(const struct es_index *x, struct es_verdict *v)
{
    v->outcome = ES_CONFLICT;
    int n = snprintf(v->why, sizeof v->why, "conflict: expected %" PRId64 ", is %" PRId64, v->expected, x->version);
    if (v->expected >= x->version) return;
    snprintf(v->first, sizeof v->first, "%s", x->by_version[v->expected]);
    snprintf(v->why + n, sizeof v->why - (size_t)n, " (event %s came first)", v->first);
}

static bool nothing_to_compensate(const struct es_index *x, const struct es_event *e, struct es_verdict *v)
{
    if (!e->compensates.n) return false;
    int64_t by = version_of(&x->compensated, e->compensates);
    if (version_of(&x->ids, e->compensates) == 0)
        snprintf(v->why, sizeof v->why, "refused: there is no event %.*s in this stream to compensate",
                 TEXT(e->compensates));
    else if (by)
        snprintf(v->why, sizeof v->why, "refused: event %.*s is compensated already, by event %s (version %" PRId64 ")",
                 TEXT(e->compensates), x->by_version[by - 1], by);
    else
        return false;
    v->outcome = ES_NOTHING;
    return true;
}

/* The events one after the other, each after those before it. */
static bool rule_broken(const struct es_index *x, const struct es_append *a, struct es_verdict *v)
{
    const struct es_fold *d = a->domain;
    bool broken = false;
    if (!d || !d->allows) return false;
    json_t *state = json_deep_copy(x->state);
    for (int i = 0; i < a->record.count && !broken; i++) {
        char why[256] = "";
        broken = !d->allows(d, state, &a->record.events[i], why, sizeof why);
        if (broken) snprintf(v->why, sizeof v->why, "refused: %s", why);
        d->apply(d, state, &a->record.events[i]);
    }
    json_decref(state);
    if (broken) v->outcome = ES_RULE;
    return broken;
}

void es_index_decide(const struct es_index *x, const struct es_append *a, struct es_verdict *v)
{
    const struct es_record *r = &a->record;
    bool any = r->expected == ES_ANY;
    *v = (struct es_verdict){.expected = any ? x->version : r->expected, .version = x->version};
    if (is_there(x, r, v)) return;
    if (!any && r->expected > x->version) {
        conflict(x, v); /* not written: it could count later, when nobody knows what it then builds on */
        return;
    }
    if (!any && r->expected < x->version) {
        /* Stale for ever. It is written all the same, once: the log shows who was refused. */
        if (es_index_refused(x, r->events[0].id, r->expected))
            conflict(x, v);
        else
            v->outcome = ES_WRITE;
        return;
    }
    for (int i = 0; i < r->count; i++)
        if (nothing_to_compensate(x, &r->events[i], v)) return;
    if (!rule_broken(x, a, v)) v->outcome = ES_WRITE;
}
