#include "etl/operator/group.h"

#include <assert.h>
#include <string.h>

#include "etl/sink/value.h"

struct group *group_new(const struct table *t, struct fingerprint key, struct arena *arena)
{
    size_t accumulators = (size_t)(t->column_count - t->by_count) * sizeof(struct accumulator);
    struct group *g = arena_alloc(arena, sizeof *g + accumulators);
    g->key = key;
    g->accumulators = (struct accumulator *)(void *)(g + 1);
    return g;
}

void group_by_set(struct group *g, const struct table *t, const struct value *input, struct arena *arena)
{
    g->by = arena_alloc(arena, (size_t)t->by_count * sizeof *g->by);
    for (int i = 0; i < t->by_count; i++) g->by[i] = value_copy(&input[t->columns[i].input], arena);
}

static bool is_extreme(enum aggregate_function f)
{
    return f == AGGREGATE_MIN || f == AGGREGATE_MAX || f == AGGREGATE_FIRST || f == AGGREGATE_LAST;
}

static bool keeps_null(enum aggregate_function f)
{
    return f == AGGREGATE_FIRST || f == AGGREGATE_LAST;
}

/* The argument of a column for this row, or NULL when the row does not count for it. */
static const struct value *argument(const struct table_column *c, const struct change *change, struct arena *scratch)
{
    static const struct value one = {.type = VALUE_INTEGER, .i = 1};
    if (c->function == AGGREGATE_DURATION) return NULL; /* made from start and end */
    if (c->where && !expr_true(c->where, change->values, scratch)) return NULL;
    if (c->input < 0) return &one;
    const struct value *v = &change->values[c->input];
    return v->type == VALUE_NULL && !keeps_null(c->function) ? NULL : v;
}

/* The fingerprint of (group, value): the value's own, mixed with the group's. */
static struct fingerprint distinct_key(const struct group *g, const struct value *v)
{
    uint8_t room[128];
    size_t text = v->type == VALUE_TEXT ? v->text.n : 0;
    struct buf big = {0};
    uint8_t *p = 17 + 8 + text <= sizeof room ? room : buf_reserve(&big, 17 + 8 + text);
    memcpy(p, &g->key, 16);
    p[16] = (uint8_t)v->type;
    memcpy(p + 17, &v->i, 8);
    if (text) memcpy(p + 25, v->text.p, text);
    struct fingerprint f = fingerprint_of(p, text ? 25 + text : 25);
    buf_release(&big);
    return f;
}

static int distinct_change(struct group *g, struct accumulator *a, struct tally *tally, const struct value *v, int sign)
{
    int change;
    struct value plain = *v;
    if (plain.type == VALUE_TEXT) plain.i = 0;
    int result = tally_change(tally, distinct_key(g, &plain), sign, &change);
    if (result == 0) a->n += change;
    return result;
}

/* What a change of a group's rows needs besides them. */
struct changing {
    struct group *g;
    const struct change *const *rows;
    size_t count;
    bool only_added;
    struct arena *arena, *scratch;
};

static void rows_count(const struct changing *c, struct accumulator *a)
{
    for (size_t i = 0; i < c->count; i++) a->n += c->rows[i]->sign;
}

/* As accumulator_change does it, for a column without a condition. */
static void rows_sum(const struct changing *c, struct accumulator *a, int input)
{
    struct accumulator sum = *a;
    for (size_t i = 0; i < c->count; i++) {
        const struct value *v = &c->rows[i]->values[input];
        if (v->type == VALUE_NULL) continue;
        sum.n += c->rows[i]->sign;
        sum.sum += c->rows[i]->sign * (__int128)v->i;
    }
    *a = sum;
}

static int rows_distinct(const struct changing *c, struct accumulator *a, const struct table_column *column,
                         struct tally *tally)
{
    int result = 0;
    for (size_t i = 0; i < c->count && result == 0; i++) {
        const struct value *v = argument(column, c->rows[i], c->scratch);
        if (!v || (c->only_added && accumulator_repeats(a, v, c->arena))) continue;
        result = distinct_change(c->g, a, tally, v, c->rows[i]->sign);
    }
    return result;
}

static void rows_change(const struct changing *c, struct accumulator *a, const struct table_column *column)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct value *v = argument(column, c->rows[i], c->scratch);
        if (v) accumulator_change(a, column->function, v, &c->rows[i]->order, c->rows[i]->sign, c->arena);
    }
}

static int column_change(const struct changing *c, struct accumulator *a, const struct table_column *column,
                         struct tally *tally)
{
    if (column->function == AGGREGATE_COUNT_DISTINCT) return rows_distinct(c, a, column, tally);
    if (column->function == AGGREGATE_COUNT && !column->where && column->input < 0)
        rows_count(c, a);
    else if (column->function == AGGREGATE_SUM && !column->where)
        rows_sum(c, a, column->input);
    else
        rows_change(c, a, column);
    return 0;
}

int group_change(struct group *g, const struct table *t, const struct change *const *rows, size_t count,
                 struct tally *const *tallies, bool only_added, struct arena *arena, struct arena *scratch)
{
    const struct changing c = {g, rows, count, only_added, arena, scratch};
    int result = 0;
    for (size_t i = 0; i < count; i++) g->rows += rows[i]->sign;
    assert(g->rows >= 0);
    for (int i = t->by_count; i < t->column_count && result == 0; i++)
        result = column_change(&c, &g->accumulators[i - t->by_count], &t->columns[i], tallies ? tallies[i] : NULL);
    return result;
}

void group_merge(struct group *g, const struct table *t, const struct group *from, struct arena *arena)
{
    g->rows += from->rows;
    if (from->start < g->start) g->start = from->start;
    if (from->end > g->end) g->end = from->end;
    for (int i = t->by_count; i < t->column_count; i++)
        accumulator_merge(&g->accumulators[i - t->by_count], t->columns[i].function,
                          &from->accumulators[i - t->by_count], arena);
}

bool group_is_lost(const struct group *g, const struct table *t)
{
    for (int i = 0; i < t->column_count - t->by_count; i++)
        if (accumulator_is_lost(&g->accumulators[i])) return true;
    return false;
}

void group_extremes_reset(struct group *g, const struct table *t)
{
    for (int i = t->by_count; i < t->column_count; i++)
        if (is_extreme(t->columns[i].function)) g->accumulators[i - t->by_count].n = 0;
}

void group_extremes_add(struct group *g, const struct table *t, const struct change *row, struct arena *arena,
                        struct arena *scratch)
{
    for (int i = t->by_count; i < t->column_count; i++) {
        const struct table_column *c = &t->columns[i];
        const struct value *v = is_extreme(c->function) ? argument(c, row, scratch) : NULL;
        if (v) accumulator_change(&g->accumulators[i - t->by_count], c->function, v, &row->order, 1, arena);
    }
}

int group_row(const struct group *g, const struct table *t, struct value *out, struct err_text *error)
{
    for (int i = 0; i < t->by_count; i++) out[i] = g->by[i];
    for (int i = t->by_count; i < t->column_count; i++) {
        const struct table_column *c = &t->columns[i];
        if (c->function == AGGREGATE_DURATION)
            out[i] = (struct value){.type = VALUE_INTEGER, .i = g->end - g->start};
        else if (!accumulator_value(&g->accumulators[i - t->by_count], c, &out[i]))
            return err_set(error, ERR_RANGE, "table %s: the sum in column %s does not fit 64 bits", t->name, c->name);
    }
    return 0;
}

void group_encode(const struct group *g, const struct table *t, struct buf *out)
{
    buf_put_u64(out, (uint64_t)g->rows);
    buf_put_u64(out, (uint64_t)g->start);
    buf_put_u64(out, (uint64_t)g->end);
    for (int i = t->by_count; i < t->column_count; i++)
        accumulator_encode(&g->accumulators[i - t->by_count], t->columns[i].function, out);
}

bool group_decode(struct group *g, const struct table *t, struct slice in, struct arena *arena)
{
    if (in.n < 24) return false;
    g->rows = (int64_t)get_u64be(in.p);
    g->start = (int64_t)get_u64be(in.p + 8);
    g->end = (int64_t)get_u64be(in.p + 16);
    in.p += 24;
    in.n -= 24;
    for (int i = t->by_count; i < t->column_count; i++)
        if (!accumulator_decode(&g->accumulators[i - t->by_count], t->columns[i].function, &in, arena)) return false;
    return in.n == 0;
}

void group_part_encode(const struct group *g, const struct table *t, struct buf *out)
{
    for (int i = 0; i < t->by_count; i++) {
        struct slice text = g->by[i].type == VALUE_TEXT ? g->by[i].text : (struct slice){0};
        buf_append_byte(out, (uint8_t)g->by[i].type);
        buf_put_u64(out, (uint64_t)g->by[i].i);
        buf_put_u32(out, (uint32_t)text.n);
        buf_append_slice(out, text);
    }
    group_encode(g, t, out);
}

/* The value in front of *in, which moves on. */
static bool by_decode(struct value *v, struct slice *in, struct arena *arena)
{
    size_t n = in->n < 13 ? SIZE_MAX : get_u32be(in->p + 9);
    if (n > in->n - 13) return false;
    *v = (struct value){.type = (enum value_type)in->p[0], .i = (int64_t)get_u64be(in->p + 1)};
    if (v->type == VALUE_TEXT) v->text = slice_of(n ? arena_copy(arena, in->p + 13, n) : NULL, n);
    *in = slice_of(in->p + 13 + n, in->n - 13 - n);
    return true;
}

struct group *group_part_decode(const struct table *t, struct fingerprint key, struct slice in, struct arena *arena)
{
    struct group *g = group_new(t, key, arena);
    g->by = arena_alloc(arena, (size_t)t->by_count * sizeof *g->by);
    for (int i = 0; i < t->by_count; i++)
        if (!by_decode(&g->by[i], &in, arena)) return NULL;
    return group_decode(g, t, in, arena) ? g : NULL;
}
