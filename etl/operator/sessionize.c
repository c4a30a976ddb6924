/* sessionize: one row per session of a key.
 *
 *     {"name": "sessions", "sessionize": "hits", "by": ["site", "client", "agent"], "time": "time",
 *      "gap_s": 1800, "columns": {"start": "min(time)", "hits": "count()", "duration_s": "duration()"}}
 *
 * Sessions of a key are kept in order of time, at least gap_s + 1 apart. A new row at time t
 *
 *     ---[ A ]------t------[ B ]---      joins A when t - A.end <= gap, B when B.start - t <= gap,
 *                                        merges A and B when both, else opens a session of its own
 *
 * and that gives the same sessions for any order of arrival: two rows are in one session exactly when a
 * chain of rows, each at most gap_s from the next, links them. Taking a row back can split a session:
 * then the key is done again from the parent's stored rows. A row without a time is in no session.
 *
 * Downstream sees, at flush, -old and +new of every session that changed. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "etl/operator/group.h"
#include "etl/operator/spill.h"
#include "etl/sink/output.h"
#include "etl/sink/value.h"
#include "lib/base/memory.h"

enum { CACHED_MAX = 1 << 18 }; /* live: more keys than this are not kept from one commit to the next */

struct visitor {
    struct fingerprint key;
    struct value *by;
    struct group **sessions; /* by start */
    int count, capacity;
    bool dirty, again; /* again: a row was taken back */
};

/* A session that was stored and is no more, since it was merged into another. */
struct merged {
    int64_t id;
    struct value *before;
};

struct sessionize {
    struct operator base;
    struct output output;
    struct arena arena; /* visitors and sessions */
    struct fingerprint_map visitors;
    struct buf dirty;   /* struct visitor * */
    struct buf merged;  /* struct merged */
    struct spill spill; /* batch: sessions, parts of sessions among them */
    struct buf key, state;
    struct value *row;
};

static int sessionize_open(struct operator_context *c, const struct table *t, struct operator** out)
{
    struct sessionize *s = memory_new(sizeof *s);
    s->row = memory_new(((size_t)t->column_count + 1) * sizeof *s->row);
    *out = &s->base;
    return output_open(&s->output, c, t);
}

/* --- the sessions of a visitor --- */

static void session_insert(struct sessionize *s, struct visitor *v, int at, struct group *session)
{
    if (v->count == v->capacity) {
        int capacity = v->capacity ? v->capacity * 2 : 2;
        struct group **more = arena_alloc(&s->arena, (size_t)capacity * sizeof(struct group *));
        if (v->count) memcpy(more, v->sessions, (size_t)v->count * sizeof(struct group *));
        v->sessions = more;
        v->capacity = capacity;
    }
    memmove(v->sessions + at + 1, v->sessions + at, (size_t)(v->count - at) * sizeof(struct group *));
    v->sessions[at] = session;
    v->count++;
}

static void session_delete(struct visitor *v, int at)
{
    v->count--;
    memmove(v->sessions + at, v->sessions + at + 1, (size_t)(v->count - at) * sizeof(struct group *));
}

/* Index of the first session that starts after `time`. */
static int session_after(const struct visitor *v, int64_t time)
{
    int low = 0, high = v->count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (v->sessions[middle]->start <= time)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Before a session's first change since the last flush: downstream must hear what it was. */
static int session_touch(struct sessionize *s, struct group *session)
{
    if (session->dirty) return 0;
    session->dirty = true;
    session->before = NULL;
    if (session->id == 0 || s->base.child_count == 0) return 0;
    const struct table *t = s->base.table;
    struct arena *cycle = s->base.context->cycle;
    session->before = arena_alloc(cycle, (size_t)t->column_count * sizeof *session->before);
    int result = group_row(session, t, session->before, s->base.context->error);
    for (int i = t->by_count; i < t->column_count && result == 0; i++)
        session->before[i] = value_copy(&session->before[i], cycle);
    return result;
}

static int session_drop(struct sessionize *s, struct visitor *v, int at)
{
    struct group *session = v->sessions[at];
    int result = session_touch(s, session);
    session_delete(v, at);
    if (session->id) buf_append(&s->merged, &(struct merged){session->id, session->before}, sizeof(struct merged));
    return result;
}

static int session_add(struct sessionize *s, struct visitor *v, const struct change *change, int64_t time)
{
    const struct table *t = s->base.table;
    int after = session_after(v, time);
    bool left = after > 0 && time - v->sessions[after - 1]->end <= t->gap_s;
    bool right = after < v->count && v->sessions[after]->start - time <= t->gap_s;
    struct group *session;
    int result = 0;
    if (!left && !right) {
        session = group_new(t, v->key, &s->arena);
        session->by = v->by;
        session->start = session->end = time;
        session_insert(s, v, after, session);
    } else {
        session = v->sessions[left ? after - 1 : after];
    }
    result = session_touch(s, session);
    if (result == 0 && left && right) {
        group_merge(session, t, v->sessions[after], &s->arena);
        result = session_drop(s, v, after);
    }
    if (time < session->start) session->start = time;
    if (time > session->end) session->end = time;
    if (result < 0) return result;
    return group_change(session, t, &change, 1, NULL, false, &s->arena, s->base.context->cycle);
}

/* --- finding the visitor --- */

struct loading {
    struct sessionize *s;
    struct visitor *v;
};

static bool state_load(void *context, int64_t id, struct slice state)
{
    struct loading *l = context;
    struct group *session = group_new(l->s->base.table, l->v->key, &l->s->arena);
    session->id = id;
    session->by = l->v->by;
    if (!group_decode(session, l->s->base.table, state, &l->s->arena)) return false;
    session_insert(l->s, l->v, session_after(l->v, session->start), session);
    return true;
}

static int visitor_find(struct sessionize *s, const struct value *input, struct visitor **out)
{
    const struct table *t = s->base.table;
    buf_reset(&s->key);
    for (int i = 0; i < t->by_count; i++) fingerprint_encode(&s->key, &input[t->columns[i].input]);
    struct fingerprint key = fingerprint_of(s->key.p, s->key.n);
    bool added;
    struct fingerprint_entry *e = fingerprint_map_at(&s->visitors, key, &added);
    int result = 0;
    if (added) {
        struct visitor *v = arena_alloc(&s->arena, sizeof *v);
        struct group like = {0};
        group_by_set(&like, t, input, &s->arena);
        v->key = key;
        v->by = like.by;
        e->value = (int64_t)(intptr_t)v;
        if (s->base.context->live) result = output_states(&s->output, key, state_load, &(struct loading){s, v});
    }
    *out = (struct visitor *)(intptr_t)e->value;
    return result;
}

static void visitors_forget(struct sessionize *s)
{
    fingerprint_map_reset(&s->visitors);
    buf_reset(&s->dirty);
    arena_reset(&s->arena);
}

/* All sessions become parts. */
static int visitors_spill(struct sessionize *s)
{
    struct visitor **all = (struct visitor **)(void *)s->dirty.p;
    size_t count = s->dirty.n / sizeof(struct visitor *);
    int result = 0;
    for (size_t i = 0; i < count; i++)
        for (int k = 0; k < all[i]->count && result == 0; k++) {
            buf_reset(&s->state);
            group_part_encode(all[i]->sessions[k], s->base.table, &s->state);
            result = spill_add(&s->spill, all[i]->key, buf_slice(&s->state), s->base.context->error);
        }
    visitors_forget(s);
    return result;
}

static int sessionize_process(struct operator* o, const struct change *change)
{
    struct sessionize *s = (struct sessionize *)o;
    const struct table *t = o->table;
    const struct value *time = &change->values[t->time];
    if (time->type == VALUE_NULL) return 0;
    if (t->where && !expr_true(t->where, change->values, o->context->cycle)) return 0;
    struct visitor *v;
    int result = visitor_find(s, change->values, &v);
    if (result < 0) return result;
    if (!v->dirty) {
        v->dirty = true;
        buf_append(&s->dirty, &v, sizeof(struct visitor *));
    }
    if (change->sign < 0) v->again = true;
    /* A visitor who is done again finds this row in the parent at flush. */
    if (!v->again) result = session_add(s, v, change, time->i);
    return result == 0 && !o->context->live && s->arena.used > spill_memory_max ? visitors_spill(s) : result;
}

/* --- flush --- */

static int stored_row_add(void *context, const struct change *row)
{
    struct loading *l = context;
    const struct operator* o = & l->s->base;
    const struct value *time = &row->values[o->table->time];
    if (time->type == VALUE_NULL) return 0;
    if (o->table->where && !expr_true(o->table->where, row->values, o->context->cycle)) return 0;
    return session_add(l->s, l->v, row, time->i);
}

static int visitor_again(struct sessionize *s, struct visitor *v)
{
    int result = 0;
    while (v->count > 0 && result == 0) result = session_drop(s, v, v->count - 1);
    if (result == 0) result = output_parent_rows(&s->output, v->by, stored_row_add, &(struct loading){s, v});
    v->again = false;
    return result;
}

static int row_emit(struct sessionize *s, int sign, const struct value *row, int64_t id)
{
    return row ? operator_emit(&s->base, &(struct change){.sign = sign, .values = row, .id = id}) : 0;
}

static int session_flush(struct sessionize *s, struct group *session)
{
    const struct table *t = s->base.table;
    int result = group_row(session, t, s->row, s->base.context->error);
    buf_reset(&s->state);
    if (s->base.context->live) group_encode(session, t, &s->state);
    if (result == 0) result = output_write(&s->output, &session->id, s->row, session->key, buf_slice(&s->state));
    if (result == 0) result = row_emit(s, -1, session->before, session->id);
    if (result == 0) result = row_emit(s, 1, s->row, session->id);
    session->dirty = false;
    session->before = NULL;
    return result;
}

static int visitor_flush(struct sessionize *s, struct visitor *v)
{
    int result = v->again ? visitor_again(s, v) : 0;
    for (int i = 0; i < v->count && result == 0; i++)
        if (v->sessions[i]->dirty) result = session_flush(s, v->sessions[i]);
    v->dirty = false;
    return result;
}

static int merged_flush(struct sessionize *s)
{
    int result = 0;
    const struct merged *m = (const struct merged *)(const void *)s->merged.p;
    for (size_t i = 0; i < s->merged.n / sizeof *m && result == 0; i++) {
        result = output_erase(&s->output, m[i].id);
        if (result == 0) result = row_emit(s, -1, m[i].before, m[i].id);
    }
    buf_reset(&s->merged);
    return result;
}

static void sessionize_forget(struct operator* o)
{
    struct sessionize *s = (struct sessionize *)o;
    visitors_forget(s);
    buf_reset(&s->merged);
    spill_release(&s->spill);
}

/* Puts a part where it belongs. Parts that are at most gap_s apart, or overlap, are one session: within each no two
 * neighbours are further apart, so wherever the other one begins, one of its rows is near enough. */
static void part_place(struct sessionize *s, struct visitor *v, struct group *part)
{
    const struct table *t = s->base.table;
    int at = session_after(v, part->start);
    assert(at == 0 || v->sessions);
    if (at > 0 && part->start - v->sessions[at - 1]->end <= t->gap_s)
        group_merge(v->sessions[--at], t, part, &s->arena);
    else
        session_insert(s, v, at, part);
    while (at + 1 < v->count && v->sessions[at + 1]->start - v->sessions[at]->end <= t->gap_s) {
        group_merge(v->sessions[at], t, v->sessions[at + 1], &s->arena);
        session_delete(v, at + 1);
    }
}

/* The visitor whose parts are being read. */
struct reading {
    struct sessionize *s;
    struct visitor v;
};

static int reading_flush(struct reading *r)
{
    int result = 0;
    for (int i = 0; i < r->v.count && result == 0; i++) result = session_flush(r->s, r->v.sessions[i]);
    r->v = (struct visitor){0};
    arena_reset(&r->s->arena);
    return result;
}

static int part_take(void *context, struct fingerprint key, struct slice bytes)
{
    struct reading *r = context;
    const struct operator* o = & r->s->base;
    int result = fingerprint_equal(r->v.key, key) ? 0 : reading_flush(r);
    if (result < 0) return result;
    r->v.key = key;
    struct group *part = group_part_decode(o->table, key, bytes, &r->s->arena);
    if (!part) return err_set(o->context->error, ERR_CORRUPT, "table %s: a spilled session is damaged", o->table->name);
    part_place(r->s, &r->v, part);
    return 0;
}

static int spilled_flush(struct sessionize *s)
{
    struct reading r = {.s = s};
    int result = visitors_spill(s);
    if (result == 0) result = spill_each(&s->spill, part_take, &r, s->base.context->error);
    return result == 0 ? reading_flush(&r) : result;
}

static int sessionize_flush(struct operator* o)
{
    struct sessionize *s = (struct sessionize *)o;
    struct visitor **dirty = (struct visitor **)(void *)s->dirty.p;
    size_t count = s->dirty.n / sizeof *dirty;
    int result = s->spill.store ? spilled_flush(s) : 0;
    if (s->spill.store) count = 0;
    for (size_t i = 0; i < count && result == 0; i++) result = visitor_flush(s, dirty[i]);
    if (result == 0) result = merged_flush(s);
    buf_reset(&s->dirty);
    if (o->context->live && s->visitors.count > CACHED_MAX) sessionize_forget(o);
    return result;
}

static void sessionize_measure(const struct operator* o, struct buf *out)
{
    const struct sessionize *s = (const struct sessionize *)o;
    struct state_size size = {.keys = s->visitors.count};
    size.memory_bytes = s->visitors.size * sizeof *s->visitors.slots + s->arena.used + s->dirty.capacity;
    spill_measure(&s->spill, &size);
    state_size_say(out, o->table->name, NULL, &size);
}

static void sessionize_close(struct operator* o)
{
    struct sessionize *s = (struct sessionize *)o;
    output_close(&s->output);
    spill_release(&s->spill);
    fingerprint_map_release(&s->visitors);
    arena_release(&s->arena);
    buf_release(&s->dirty);
    buf_release(&s->merged);
    buf_release(&s->key);
    buf_release(&s->state);
    free(s->row);
    free(s);
}

const struct operator_class operator_sessionize = {sessionize_open,
                                                   sessionize_process,
                                                   sessionize_flush,
                                                   sessionize_forget,
                                                   sessionize_close,
                                                   sessionize_measure,
                                                   NULL,
                                                   NULL,
                                                   false};
