/* aggregate: one row per group of the parent's rows.
 *
 *     {"name": "daily", "aggregate": "sales", "by": ["day"],
 *      "columns": {"lines": "count()", "invoices": "count_distinct(invoice)", "revenue": "sum(revenue)"}}
 *
 * A change finds its group (in memory, else in the database, else new) and changes its accumulators.
 * Flush writes every changed group; a group without rows is erased, but for the one of `"by": []`,
 * which is always there. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "etl/operator/group.h"
#include "etl/operator/spill.h"
#include "etl/operator/window.h"
#include "etl/sink/output.h"
#include "etl/sink/value.h"
#include "etl/time_format.h"
#include "lib/base/memory.h"

enum { CACHED_MAX = 1 << 19 }; /* live: more groups than this are not kept from one commit to the next */

struct aggregate {
    struct operator base;
    struct output output;
    struct tally **tallies; /* one per column, NULL where it is no count_distinct */
    struct arena arena;     /* groups */
    struct fingerprint_map groups;
    struct buf dirty;   /* struct group * */
    struct spill spill; /* batch: parts of groups */
    struct buf key;     /* encoded `by` values */
    struct group *last; /* of the change before */
    struct buf chosen;  /* const struct change *: those of a stretch that `where` lets through */
    struct buf state;
    struct value *row;
    struct value *windowed; /* the input's values and its window */
};

static int tallies_open(struct aggregate *a, struct operator_context *c, const struct table *t)
{
    int result = 0;
    for (int i = 0; i < t->column_count && result == 0; i++)
        if (t->columns[i].function == AGGREGATE_COUNT_DISTINCT)
            result = tally_open(c, t->name, t->columns[i].name, &a->tallies[i]);
    return result;
}

struct loading {
    struct aggregate *a;
    struct group *g;
};

static bool state_load(void *context, int64_t id, struct slice state)
{
    struct loading *l = context;
    l->g->id = id;
    return group_decode(l->g, l->a->base.table, state, &l->a->arena);
}

static bool value_same(const struct value *a, const struct value *b)
{
    if (a->type != b->type || a->type == VALUE_NULL) return a->type == b->type;
    return a->type == VALUE_TEXT ? slice_equal(a->text, b->text) : a->i == b->i;
}

/* Rows of one group often follow each other: comparing is cheaper than looking for it. */
static bool group_has(const struct group *g, const struct table *t, const struct value *input)
{
    bool same = true;
    for (int i = 0; i < t->by_count && same; i++) same = value_same(&g->by[i], &input[t->columns[i].input]);
    return same;
}

static struct fingerprint group_key(struct aggregate *a, const struct value *input)
{
    const struct table *t = a->base.table;
    buf_reset(&a->key);
    for (int i = 0; i < t->by_count; i++) fingerprint_encode(&a->key, &input[t->columns[i].input]);
    if (t->by_count == 0) buf_append_byte(&a->key, 0); /* of all rows */
    return fingerprint_of(a->key.p, a->key.n);
}

/* The group that a row with these values is in, which is not that of the row before. */
static int group_look(struct aggregate *a, const struct value *input, struct group **out)
{
    struct fingerprint key = group_key(a, input);
    bool added;
    struct fingerprint_entry *e = fingerprint_map_at(&a->groups, key, &added);
    int result = 0;
    if (added) {
        struct group *g = group_new(a->base.table, key, &a->arena);
        group_by_set(g, a->base.table, input, &a->arena);
        e->value = (int64_t)(intptr_t)g;
        if (a->base.context->live) result = output_states(&a->output, key, state_load, &(struct loading){a, g});
    }
    *out = a->last = (struct group *)(intptr_t)e->value;
    return result;
}

static int group_find(struct aggregate *a, const struct value *input, struct group **out)
{
    *out = a->last;
    return a->last && group_has(a->last, a->base.table, input) ? 0 : group_look(a, input, out);
}

/* Before a group's first change since the last flush. */
static int group_touch(struct aggregate *a, struct group *g)
{
    if (g->dirty) return 0;
    g->dirty = true;
    buf_append(&a->dirty, &g, sizeof g);
    g->before = NULL;
    if (a->base.child_count == 0 || g->id == 0) return 0;
    const struct table *t = a->base.table;
    g->before = arena_alloc(a->base.context->cycle, (size_t)t->column_count * sizeof *g->before);
    int result = group_row(g, t, g->before, a->base.context->error);
    for (int i = t->by_count; i < t->column_count && result == 0; i++)
        g->before[i] = value_copy(&g->before[i], a->base.context->cycle);
    return result;
}

static int global_group_touch(struct aggregate *a)
{
    static const struct value none = {0}; /* it is in the group of all rows, whose key has no values */
    struct group *g;
    int result = group_find(a, &none, &g);
    return result == 0 && g->id == 0 ? group_touch(a, g) : result;
}

static int aggregate_open(struct operator_context *c, const struct table *t, struct operator** out)
{
    struct aggregate *a = memory_new(sizeof *a);
    *out = &a->base;
    a->base.context = c;
    a->base.table = t;
    a->row = memory_new(((size_t)t->column_count + 1) * sizeof *a->row);
    a->tallies = memory_new(((size_t)t->column_count + 1) * sizeof(struct tally *));
    a->windowed = memory_new(((size_t)c->definition->tables[t->parent].column_count + 2) * sizeof *a->windowed);
    int result = output_open(&a->output, c, t);
    if (result == 0) result = tallies_open(a, c, t);
    if (result == 0 && t->by_count == 0) result = global_group_touch(a);
    return result;
}

static void groups_forget(struct aggregate *a)
{
    fingerprint_map_reset(&a->groups);
    buf_reset(&a->dirty);
    arena_reset(&a->arena);
    a->last = NULL;
}

/* All groups become parts. */
static int groups_spill(struct aggregate *a)
{
    struct group **all = (struct group **)(void *)a->dirty.p;
    size_t count = a->dirty.n / sizeof(struct group *);
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        buf_reset(&a->state);
        group_part_encode(all[i], a->base.table, &a->state);
        result = spill_add(&a->spill, all[i]->key, buf_slice(&a->state), a->base.context->error);
    }
    groups_forget(a);
    return result;
}

/* Rows of one group. */
static int run_change(struct aggregate *a, struct group *g, const struct change *const *rows, size_t count)
{
    const struct operator* o = & a->base;
    bool batch = !o->context->live;
    int result = group_touch(a, g);
    if (result == 0) result = group_change(g, o->table, rows, count, a->tallies, batch, &a->arena, o->context->cycle);
    return result == 0 && batch && a->arena.used > spill_memory_max ? groups_spill(a) : result;
}

static int rows_change(struct aggregate *a, const struct change *const *rows, size_t count)
{
    const struct table *t = a->base.table;
    int result = 0;
    for (size_t i = 0, end; i < count && result == 0; i = end) {
        struct group *g;
        result = (i ? group_look : group_find)(a, rows[i]->values, &g);
        for (end = i + 1; end < count && group_has(g, t, rows[end]->values);) end++;
        if (result == 0) result = run_change(a, g, rows + i, end - i);
    }
    return result;
}

static int row_change(struct aggregate *a, const struct change *change)
{
    const struct operator* o = & a->base;
    if (o->table->where && !expr_true(o->table->where, change->values, o->context->cycle)) return 0;
    return rows_change(a, &change, 1);
}

/* The row with its window behind its values. */
static struct change row_windowed(struct aggregate *a, const struct change *row, struct value start, struct value end)
{
    const struct operator* o = & a->base;
    int columns = o->context->definition->tables[o->table->parent].column_count;
    struct change windowed = *row;
    memcpy(a->windowed, row->values, (size_t)columns * sizeof *a->windowed);
    a->windowed[columns] = start;
    a->windowed[columns + 1] = end;
    windowed.values = a->windowed;
    return windowed;
}

static int aggregate_process(struct operator* o, const struct change *change)
{
    struct aggregate *a = (struct aggregate *)o;
    const struct window *w = o->table->window;
    if (!w) return row_change(a, change);
    if (change->values[w->time].type == VALUE_NULL) return 0;
    int result = 0;
    int64_t time = change->values[w->time].i;
    for (int64_t start = window_first(w, time); start <= time && result == 0; start += w->hop_s) {
        if (!time_in_range(start) || !time_in_range(start + w->size_s)) continue;
        struct change windowed = row_windowed(a, change, window_time(start), window_time(start + w->size_s));
        result = row_change(a, &windowed);
    }
    return result;
}

static int aggregate_stretch(struct operator* o, const struct change *rows, size_t count)
{
    struct aggregate *a = (struct aggregate *)o;
    const struct expr *where = o->table->where;
    int result = 0;
    for (size_t i = 0; o->table->window && i < count && result == 0; i++) result = aggregate_process(o, &rows[i]);
    if (o->table->window) return result;
    buf_reset(&a->chosen);
    for (size_t i = 0; i < count; i++) {
        const struct change *row = &rows[i];
        if (!where || expr_true(where, row->values, o->context->cycle)) buf_append(&a->chosen, &row, sizeof row);
    }
    return rows_change(a, (const struct change *const *)(void *)a->chosen.p, a->chosen.n / sizeof rows);
}

/* --- flush --- */

static int extreme_row(void *context, const struct change *row)
{
    struct loading *l = context;
    const struct operator* o = & l->a->base;
    struct change input = *row;
    const struct value *window = l->g->by + o->table->by_count - 2; /* the last two `by` values */
    if (o->table->window) input = row_windowed(l->a, row, window[0], window[1]);
    if (o->table->where && !expr_true(o->table->where, input.values, o->context->cycle)) return 0;
    group_extremes_add(l->g, o->table, &input, &l->a->arena, o->context->cycle);
    return 0;
}

static int extremes_rebuild(struct aggregate *a, struct group *g)
{
    group_extremes_reset(g, a->base.table);
    return output_parent_rows(&a->output, g->by, extreme_row, &(struct loading){a, g});
}

static int row_emit(struct aggregate *a, int sign, const struct value *row, int64_t id)
{
    return row ? operator_emit(&a->base, &(struct change){.sign = sign, .values = row, .id = id}) : 0;
}

static int group_flush(struct aggregate *a, struct group *g)
{
    const struct table *t = a->base.table;
    bool gone = g->rows == 0 && t->by_count > 0;
    int64_t id = g->id;
    int result = !gone && group_is_lost(g, t) ? extremes_rebuild(a, g) : 0;
    if (result == 0 && !gone) {
        result = group_row(g, t, a->row, a->base.context->error);
        buf_reset(&a->state);
        if (a->base.context->live) group_encode(g, t, &a->state);
        if (result == 0) result = output_write(&a->output, &g->id, a->row, g->key, buf_slice(&a->state));
    } else if (result == 0 && g->id) {
        result = output_group_erase(&a->output, g->id, g->key);
        g->id = 0;
    }
    if (result == 0) result = row_emit(a, -1, g->before, id);
    if (result == 0 && !gone) result = row_emit(a, 1, a->row, g->id);
    g->dirty = false;
    g->before = NULL;
    return result;
}

static void aggregate_forget(struct operator* o)
{
    struct aggregate *a = (struct aggregate *)o;
    groups_forget(a);
    spill_release(&a->spill);
    for (int i = 0; i < o->table->column_count; i++)
        if (a->tallies[i]) tally_forget(a->tallies[i]);
}

/* Parts of one key follow each other: the group is written when another key comes. */
static int merged_flush(struct aggregate *a)
{
    struct group *g = a->last;
    int result = g ? group_flush(a, g) : 0;
    a->last = NULL;
    arena_reset(&a->arena);
    return result;
}

static int part_take(void *context, struct fingerprint key, struct slice bytes)
{
    struct aggregate *a = context;
    const struct table *t = a->base.table;
    int result = a->last && !fingerprint_equal(a->last->key, key) ? merged_flush(a) : 0;
    if (result < 0) return result;
    struct group *part = group_part_decode(t, key, bytes, &a->arena);
    if (!part) return err_set(a->base.context->error, ERR_CORRUPT, "table %s: a spilled group is damaged", t->name);
    if (a->last)
        group_merge(a->last, t, part, &a->arena);
    else
        a->last = part;
    return 0;
}

static int spilled_flush(struct aggregate *a)
{
    int result = groups_spill(a);
    if (result == 0) result = spill_each(&a->spill, part_take, a, a->base.context->error);
    return result == 0 ? merged_flush(a) : result;
}

static int aggregate_flush(struct operator* o)
{
    struct aggregate *a = (struct aggregate *)o;
    struct group **dirty = (struct group **)(void *)a->dirty.p;
    size_t count = a->dirty.n / sizeof *dirty;
    int result = a->spill.store ? spilled_flush(a) : 0;
    if (a->spill.store) count = 0;
    for (size_t i = 0; i < count && result == 0; i++) result = group_flush(a, dirty[i]);
    buf_reset(&a->dirty);
    for (int i = 0; i < o->table->column_count && result == 0; i++)
        if (a->tallies[i]) result = tally_flush(a->tallies[i]);
    if (o->context->live && a->groups.count > CACHED_MAX) aggregate_forget(o);
    return result;
}

static void aggregate_measure(const struct operator* o, struct buf *out)
{
    const struct aggregate *a = (const struct aggregate *)o;
    struct state_size size = {.keys = a->groups.count};
    size.memory_bytes = a->groups.size * sizeof *a->groups.slots + a->arena.used + a->dirty.capacity;
    spill_measure(&a->spill, &size);
    state_size_say(out, o->table->name, NULL, &size);
    for (int i = 0; i < o->table->column_count; i++) {
        size = (struct state_size){0};
        if (a->tallies[i]) tally_measure(a->tallies[i], &size);
        state_size_say(out, o->table->name, o->table->columns[i].name, &size);
    }
}

static void aggregate_close(struct operator* o)
{
    struct aggregate *a = (struct aggregate *)o;
    for (int i = 0; i < o->table->column_count; i++) tally_close(a->tallies[i]);
    output_close(&a->output);
    spill_release(&a->spill);
    fingerprint_map_release(&a->groups);
    arena_release(&a->arena);
    buf_release(&a->dirty);
    buf_release(&a->key);
    buf_release(&a->chosen);
    buf_release(&a->state);
    free(a->tallies);
    free(a->windowed);
    free(a->row);
    free(a);
}

const struct operator_class operator_aggregate = {aggregate_open,
                                                  aggregate_process,
                                                  aggregate_flush,
                                                  aggregate_forget,
                                                  aggregate_close,
                                                  aggregate_measure,
                                                  aggregate_stretch,
                                                  NULL,
                                                  false};
