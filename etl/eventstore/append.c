/* append.c - the writer: read to the end, decide, write, read past the own record, decide again (index.h). */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etl/eventstore/written.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"

enum { TRIES_MAX = 1000, WAIT_MS = 2 };

static int64_t timestamp_of(const struct es_append *a)
{
    return a->record.timestamp > 0 ? a->record.timestamp : clock_wall_ms();
}

/* The record as it is written: `any` has become a version. */
static void encode(const struct es_store *s, const struct es_append *a, int64_t expected, struct arena *arena,
                   struct es_raw *raw)
{
    struct es_record r = a->record;
    r.expected = expected;
    r.partitions = s->partitions;
    es_record_encode(&r, arena, raw);
}

static int write_one(struct es_store *s, const struct written *w, const struct es_append *a, int64_t expected,
                     struct err_text *error)
{
    struct arena arena = {0};
    struct es_raw raw;
    encode(s, a, expected, &arena, &raw);
    int result = es_log_send(&s->log, s->topic, w->partition, &raw, timestamp_of(a), error);
    arena_release(&arena);
    return result;
}

/* Whether a record of this append that expects `expected` has been read, whatever became of it. */
static bool is_read(const struct written *w, const struct es_append *a, int64_t expected)
{
    struct slice id = a->record.events[0].id;
    return table_get(&w->index.ids, id) || es_index_refused(&w->index, id, expected);
}

/* What is acknowledged is in the log, but a moment may pass until readers are shown it. */
static int read_own(struct es_store *s, struct written *w, const struct es_append *a, int64_t expected,
                    struct err_text *error)
{
    int64_t until_ns = clock_mono_ns() + INT64_C(1000000) * s->log.timeout_ms;
    for (;;) {
        int result = es_written_catch_up(s, w, error);
        if (result != 0 || is_read(w, a, expected)) return result;
        if (clock_mono_ns() > until_ns)
            return err_set(error, ERR_CLOSED, "the event was acknowledged, and readers are not shown it");
        clock_sleep_ms(WAIT_MS);
    }
}

/* Not acknowledged: it may be there, or come yet. When the stream has gone beyond what it expects it can no longer
 * count if it has not: then there is an answer. */
static int look_for(struct es_store *s, struct written *w, const struct es_append *a, int64_t expected,
                    const struct err_text *lost, struct err_text *error)
{
    struct err_text ignored = {""};
    struct slice id = a->record.events[0].id;
    if (es_written_catch_up(s, w, &ignored) == 0 && w->index.version > expected) return 0;
    return err_set(
        error, ERR_CLOSED,
        "%s; it is not known whether event %.*s arrived: append it again with the same id, and the answer is right",
        lost->text, (int)id.n, (const char *)id.p);
}

int es_append(struct es_store *s, const struct es_append *a, struct es_verdict *v, struct err_text *error)
{
    bool wrote = false;
    int result = es_append_check(&a->record, error);
    if (result == 0) result = es_count_confirm(s, error);
    if (result != 0) return result;
    es_written_room(s, 1);
    struct written *w = es_written_of(s, a);
    result = es_written_catch_up(s, w, error);
    for (int tries = 0; result == 0; tries++) {
        es_index_decide(&w->index, a, v);
        if (v->outcome != ES_WRITE) break;
        if (tries == TRIES_MAX)
            return err_set(error, ERR_LOCKED, "stream %.*s: others were faster %d times", (int)a->record.stream.n,
                           (const char *)a->record.stream.p, TRIES_MAX);
        int64_t expected = v->expected;
        struct err_text lost = {""};
        result = write_one(s, w, a, expected, &lost);
        wrote = true;
        if (result == 0)
            result = read_own(s, w, a, expected, error);
        else if (result == ERR_CLOSED)
            result = look_for(s, w, a, expected, &lost, error);
        else
            err_set(error, result, "%s", lost.text);
    }
    if (wrote && v->outcome == ES_ACCEPTED) v->repeated = false;
    return result;
}

/* ---- many, alone ---- */

struct planned {
    int64_t events;
};

static int64_t *planned_of(struct table *t, struct arena *arena, struct slice stream)
{
    struct planned *p = table_get(t, stream);
    if (!p) {
        p = arena_alloc(arena, sizeof *p);
        table_set(t, stream, p);
    }
    return &p->events;
}

/* Under way: what each stream will have when all of it counts, and by which of the appends an id is used. */
struct under_way {
    struct table planned, ids;
    struct arena arena;
};

/* Whether one of its ids is under way: then what becomes of it is known when that one is read. */
static bool is_again(struct under_way *u, const struct es_append *a)
{
    bool again = false;
    for (int i = 0; i < a->record.count; i++) {
        struct slice key =
            slice_str(arena_printf(&u->arena, "%.*s\n%.*s", (int)a->record.stream.n, (const char *)a->record.stream.p,
                                   (int)a->record.events[i].id.n, (const char *)a->record.events[i].id.p));
        again = table_set(&u->ids, key, u) != NULL || again;
    }
    return again;
}

/* What it asks about cannot be said while others of its stream are under way. */
static bool must_wait(struct es_store *s, const struct es_append *a, struct under_way *u)
{
    int64_t planned = *planned_of(&u->planned, &u->arena, a->record.stream);
    if (planned == 0) return false;
    if (a->record.expected != ES_ANY && a->record.expected != es_written_of(s, a)->index.version + planned) return true;
    for (int i = 0; i < a->record.count; i++)
        if (a->record.events[i].compensates.n) return true;
    return false;
}

/* Decided as if all that is under way had counted. */
static int queue(struct es_store *s, const struct es_append *asked, struct es_verdict *v, struct under_way *u,
                 struct err_text *error)
{
    struct es_append next = *asked, *a = &next;
    struct written *w = es_written_of(s, a);
    struct arena arena = {0};
    struct es_raw raw;
    int64_t *planned = planned_of(&u->planned, &u->arena, a->record.stream);
    if (*planned > 0 && a->record.expected == w->index.version + *planned) a->record.expected = ES_ANY;
    es_index_decide(&w->index, a, v);
    if (v->outcome != ES_WRITE) return 0;
    if (is_again(u, a)) {
        v->expected = ES_ANY;
        return 0;
    }
    int64_t expected = a->record.expected == ES_ANY ? w->index.version + *planned : a->record.expected;
    *planned += a->record.count;
    v->expected = expected;
    encode(s, a, expected, &arena, &raw);
    int result = es_log_queue(&s->log, s->topic, w->partition, &raw, timestamp_of(a), error);
    arena_release(&arena);
    return result;
}

static int verdicts_read(struct es_store *s, const struct es_append *appends, int count, struct es_verdict *verdicts,
                         struct err_text *error)
{
    int result = 0;
    for (int i = 0; i < count && result == 0; i++) {
        struct es_verdict *v = &verdicts[i];
        if (v->outcome != ES_WRITE) continue;
        struct es_append a = appends[i];
        struct written *w = es_written_of(s, &a);
        bool again = v->expected == ES_ANY; /* the one before it is read by now */
        a.record.expected = v->expected;
        if (!again && !is_read(w, &a, a.record.expected)) result = read_own(s, w, &a, a.record.expected, error);
        if (result != 0) break;
        es_index_decide(&w->index, &a, v);
        v->repeated = v->repeated && again;
        if (v->outcome == ES_WRITE) {
            v->outcome = ES_CONFLICT;
            snprintf(v->why, sizeof v->why, "refused: so was the append with the same id before it");
        }
    }
    return result;
}

/* All streams of the window are known before the first is read: one reading serves those of a partition, from the place
 * of the one that is farthest back. */
static int window_open(struct es_store *s, const struct es_append *appends, int count, struct err_text *error)
{
    int result = 0;
    es_written_room(s, (uint32_t)count);
    struct written **farthest = memory_new((size_t)s->partitions * sizeof(struct written *));
    for (int i = 0; i < count; i++) {
        struct written *w = es_written_of(s, &appends[i]), **f = &farthest[w->partition];
        if (!w->at_front && (!*f || w->next < (*f)->next)) *f = w;
    }
    for (int i = 0; i < s->partitions && result == 0; i++)
        if (farthest[i]) result = es_written_catch_up(s, farthest[i], error);
    free(farthest);
    return result;
}

/* As many as can be under way at once; how many that were, or a failure. */
static int some_alone(struct es_store *s, const struct es_append *appends, int count, struct es_verdict *verdicts,
                      struct err_text *error)
{
    struct under_way u = {0};
    int result = 0, n = 0;
    while (n < count && result == 0 && !must_wait(s, &appends[n], &u)) {
        result = queue(s, &appends[n], &verdicts[n], &u, error);
        n++;
    }
    int flushed = es_log_flush(&s->log, error);
    if (result == 0) result = flushed;
    if (result == 0) result = verdicts_read(s, appends, n, verdicts, error);
    table_release(&u.planned);
    table_release(&u.ids);
    arena_release(&u.arena);
    return result == 0 ? n : result;
}

int es_append_alone(struct es_store *s, const struct es_append *appends, int count, struct es_verdict *verdicts,
                    struct err_text *error)
{
    int result = 0;
    assert(count <= ES_ALONE_MAX);
    for (int i = 0; i < count && result == 0; i++) result = es_append_check(&appends[i].record, error);
    if (result == 0) result = es_count_confirm(s, error);
    if (result == 0) result = window_open(s, appends, count, error);
    for (int i = 0; i < count && result >= 0; i += result)
        result = some_alone(s, appends + i, count - i, verdicts + i, error);
    return result < 0 ? result : 0;
}
