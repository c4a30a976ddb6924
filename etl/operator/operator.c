#include "etl/operator/operator.h"

#include <stdlib.h>

#include "etl/operator/checked.h"
#include "lib/base/memory.h"

int order_compare(const struct order *a, const struct order *b)
{
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    if (a->source != b->source) return a->source < b->source ? -1 : 1;
    int files = slice_compare(a->file, b->file);
    if (files != 0) return files;
    return (a->byte_offset > b->byte_offset) - (a->byte_offset < b->byte_offset);
}

int64_t order_time(const struct table *t, const struct value *row)
{
    int time = table_time(t);
    return time >= 0 && row[time].type != VALUE_NULL ? row[time].i : 0;
}

int operator_open(struct operator_context *c, const struct table *t, struct operator** out)
{
    static const struct operator_class *const classes[] = {
        [TABLE_STORE] = &operator_store,         [TABLE_AGGREGATE] = &operator_aggregate,
        [TABLE_SESSIONS] = &operator_sessionize, [TABLE_SELECT] = &operator_select,
        [TABLE_JOIN] = &operator_join,           [TABLE_RANKING] = &operator_ranking,
        [TABLE_HISTORY] = &operator_history,
    };
    bool checks = checked_among(t) && !t->violations;
    const struct operator_class *class = checks ? &operator_check : classes[t->kind];
    int result = class->open(c, t, out);
    if (*out) {
        (*out)->class = class;
        (*out)->context = c;
        (*out)->table = t;
    }
    return result;
}

void operator_child_add(struct operator* parent, struct operator* child, int input)
{
    parent->children = memory_grow(parent->children, (size_t)parent->child_count + 1, sizeof *parent->children);
    parent->children[parent->child_count++] = (struct operator_child){child, input};
}

static int emit(struct operator* o, const struct change *change, bool all)
{
    struct change mine = *change;
    int result = 0;
    for (int i = 0; i < o->child_count && result == 0; i++) {
        struct operator* child = o->children[i].operator;
        if (!all && child->class->stretch) continue;
        mine.input = o->children[i].input;
        result = operator_process(child, &mine);
    }
    return result;
}

int operator_emit(struct operator* o, const struct change *change)
{
    return emit(o, change, true);
}

int operator_emit_single(struct operator* o, const struct change *change)
{
    return emit(o, change, false);
}

int operator_emit_stretch(struct operator* o, const struct change *rows, size_t count)
{
    int result = 0;
    for (int i = 0; i < o->child_count && result == 0; i++) {
        struct operator* child = o->children[i].operator;
        if (child->class->stretch) result = child->class->stretch(child, rows, count);
    }
    return result;
}

int operator_process(struct operator* o, const struct change *change)
{
    return o->class->process(o, change);
}
int operator_hand_on(struct operator* o)
{
    return o->class->hand_on ? o->class->hand_on(o) : 0;
}
int operator_flush(struct operator* o)
{
    return o->class->flush(o);
}
bool operator_flush_reads(const struct operator* o)
{
    return o->class->flush_reads;
}
void operator_forget(struct operator* o)
{
    o->class->forget(o);
}

void operator_measure(const struct operator* o, struct buf *out)
{
    if (o->class->measure) o->class->measure(o, out);
}

void operator_close(struct operator* o)
{
    if (!o) return;
    free(o->children);
    o->class->close(o);
}
