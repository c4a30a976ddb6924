/* State bytes, integers big-endian:
 *
 *     every function      n: 8
 *     sum                 sum: 16, two's complement
 *     min max first last  type: 1, number: 8, text: 4 + bytes              (only when n > 0)
 *     first last          time: 8, source: 4, offset: 8, file: 4 + bytes   (only when n > 0)
 */
#include "etl/operator/accumulator.h"

#include <string.h>

#include "etl/sink/value.h"

static bool has_extreme(enum aggregate_function f)
{
    return f == AGGREGATE_MIN || f == AGGREGATE_MAX || f == AGGREGATE_FIRST || f == AGGREGATE_LAST;
}

static bool has_order(enum aggregate_function f)
{
    return f == AGGREGATE_FIRST || f == AGGREGATE_LAST;
}

static struct accumulator_extreme *extreme_of(struct accumulator *a, bool ordered, struct arena *arena)
{
    if (!a->extreme) a->extreme = arena_alloc(arena, sizeof *a->extreme);
    if (ordered && !a->extreme->order) a->extreme->order = arena_alloc(arena, sizeof *a->extreme->order);
    return a->extreme;
}

/* Keeps a value and its order; the memory for texts grows by doubling, so an arena holds at most twice
 * the largest. */
static void extreme_set(struct accumulator *a, const struct value *v, const struct order *order, struct arena *arena)
{
    struct accumulator_extreme *e = extreme_of(a, order != NULL, arena);
    size_t text = v->type == VALUE_TEXT ? v->text.n : 0, file = order ? order->file.n : 0;
    if (text + file > e->text_capacity) {
        e->text_capacity = e->text ? 2 * (text + file) : text + file;
        e->text = arena_alloc(arena, e->text_capacity);
    }
    if (text) memmove(e->text, v->text.p, text);
    if (file) memcpy(e->text + text, order->file.p, file);
    e->value = *v;
    if (v->type == VALUE_TEXT) e->value.text = (struct slice){e->text, text};
    if (order) *e->order = (struct order){order->time, {e->text + text, file}, order->byte_offset, order->source};
    e->lost = 0;
}

/* Negative when (v, order) beats the extreme, 0 when it equals it. Rows of a join may have one position: then the
 * value decides, so that the extreme depends on nothing but the rows. */
static int extreme_compare(const struct accumulator *a, enum aggregate_function f, const struct value *v,
                           const struct order *order)
{
    int by_value = value_compare(v, &a->extreme->value);
    if (f == AGGREGATE_MIN) return by_value;
    if (f == AGGREGATE_MAX) return -by_value;
    int by_order = order_compare(order, a->extreme->order);
    if (by_order == 0) by_order = by_value;
    return f == AGGREGATE_FIRST ? by_order : -by_order;
}

static void extreme_change(struct accumulator *a, enum aggregate_function f, const struct value *v,
                           const struct order *order, int sign, struct arena *arena)
{
    const struct order *kept = has_order(f) ? order : NULL;
    int compared = a->n > 0 ? extreme_compare(a, f, v, order) : -1;
    a->n += sign;
    if (sign > 0 && compared < 0)
        extreme_set(a, v, kept, arena);
    else if (compared == 0 && (sign < 0 || a->extreme->lost > 0))
        a->extreme->lost -= sign;
}

void accumulator_change(struct accumulator *a, enum aggregate_function f, const struct value *v,
                        const struct order *order, int sign, struct arena *arena)
{
    if (has_extreme(f)) {
        extreme_change(a, f, v, order, sign, arena);
        return;
    }
    a->n += sign;
    if (f == AGGREGATE_SUM) a->sum += sign * (__int128)v->i;
}

bool accumulator_repeats(struct accumulator *a, const struct value *v, struct arena *arena)
{
    const struct value *before = a->extreme ? &a->extreme->value : NULL;
    if (before && before->type == v->type && value_compare(before, v) == 0) return true;
    extreme_set(a, v, NULL, arena);
    return false;
}

void accumulator_merge(struct accumulator *a, enum aggregate_function f, const struct accumulator *from,
                       struct arena *arena)
{
    const struct accumulator_extreme *e = from->n > 0 && has_extreme(f) ? from->extreme : NULL;
    bool better = e && (a->n == 0 || extreme_compare(a, f, &e->value, e->order) < 0);
    if (better) extreme_set(a, &e->value, e->order, arena);
    a->n += from->n;
    a->sum += from->sum;
}

bool accumulator_value(const struct accumulator *a, const struct table_column *column, struct value *out)
{
    *out = (struct value){.type = column->type};
    switch (column->function) {
    case AGGREGATE_COUNT:
    case AGGREGATE_COUNT_DISTINCT: out->i = a->n; return true;
    case AGGREGATE_SUM: out->i = (int64_t)a->sum; return a->sum >= INT64_MIN && a->sum <= INT64_MAX;
    default:
        if (a->n > 0)
            *out = a->extreme->value;
        else
            out->type = VALUE_NULL;
        return true;
    }
}

static void bytes_put(struct buf *out, struct slice s)
{
    buf_put_u32(out, (uint32_t)s.n);
    buf_append_slice(out, s);
}

void accumulator_encode(const struct accumulator *a, enum aggregate_function f, struct buf *out)
{
    buf_put_u64(out, (uint64_t)a->n);
    if (f == AGGREGATE_SUM) {
        buf_put_u64(out, (uint64_t)(a->sum >> 64));
        buf_put_u64(out, (uint64_t)a->sum);
    }
    if (!has_extreme(f) || a->n == 0) return;
    const struct value *v = &a->extreme->value;
    buf_append_byte(out, (uint8_t)v->type);
    buf_put_u64(out, (uint64_t)v->i);
    bytes_put(out, v->text);
    if (!has_order(f)) return;
    const struct order *order = a->extreme->order;
    buf_put_u64(out, (uint64_t)order->time);
    buf_put_u32(out, (uint32_t)order->source);
    buf_put_u64(out, order->byte_offset);
    bytes_put(out, order->file);
}

/* A cursor over state bytes that remembers its failure. */
struct cursor {
    struct slice rest;
    bool failed;
};

static const uint8_t *cursor_take(struct cursor *c, size_t n)
{
    static const uint8_t nothing[8];
    if (c->failed || c->rest.n < n) {
        c->failed = true;
        return nothing;
    }
    const uint8_t *p = c->rest.p;
    c->rest.p += n;
    c->rest.n -= n;
    return p;
}

static uint64_t cursor_u64(struct cursor *c)
{
    return get_u64be(cursor_take(c, 8));
}

static uint32_t cursor_u32(struct cursor *c)
{
    return get_u32be(cursor_take(c, 4));
}

static struct slice cursor_bytes(struct cursor *c)
{
    size_t n = cursor_u32(c);
    const uint8_t *p = cursor_take(c, n);
    return c->failed ? (struct slice){0} : (struct slice){p, n};
}

bool accumulator_decode(struct accumulator *a, enum aggregate_function f, struct slice *in, struct arena *arena)
{
    struct cursor c = {*in, false};
    a->n = (int64_t)cursor_u64(&c);
    if (f == AGGREGATE_SUM) {
        uint64_t high = cursor_u64(&c);
        a->sum = (__int128)(((unsigned __int128)high << 64) | cursor_u64(&c));
    }
    if (has_extreme(f) && a->n > 0) {
        struct value v = {.type = (enum value_type) * cursor_take(&c, 1)};
        v.i = (int64_t)cursor_u64(&c);
        v.text = cursor_bytes(&c);
        struct order order = {0};
        if (has_order(f)) {
            order.time = (int64_t)cursor_u64(&c);
            order.source = (int)cursor_u32(&c);
            order.byte_offset = cursor_u64(&c);
            order.file = cursor_bytes(&c);
        }
        if (!c.failed) extreme_set(a, &v, has_order(f) ? &order : NULL, arena);
    }
    *in = c.rest;
    return !c.failed;
}
