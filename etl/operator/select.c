/* select: rows of another table, filtered, projected, computed.
 *
 *     {"name": "big", "select": "sales", "where": "revenue > 1000",
 *      "columns": ["id", {"name": "net", "expr": "divide(revenue * 100, 119, 2)"}]}
 *
 * One row in, at most one out: the output's row has the id of the input's, so that it is found again when
 * that is taken back. An expression that cannot be computed gives NULL. */
#include <stdlib.h>

#include "etl/operator/operator.h"
#include "etl/sink/output.h"

struct select {
    struct operator base;
    struct output output;
    struct value *row;
};

static int select_open(struct operator_context *c, const struct table *t, struct operator** out)
{
    struct select *s = calloc(1, sizeof *s);
    if (!s) abort();
    s->row = calloc((size_t)t->column_count + 1, sizeof *s->row);
    if (!s->row) abort();
    *out = &s->base;
    return output_open(&s->output, c, t);
}

static void row_compute(struct select *s, const struct value *input)
{
    const struct table *t = s->base.table;
    for (int i = 0; i < t->column_count; i++) {
        const struct table_column *c = &t->columns[i];
        if (c->expr)
            expr_evaluate(c->expr, input, s->base.context->cycle, &s->row[i]);
        else
            s->row[i] = input[c->input];
    }
}

static int select_process(struct operator* o, const struct change *change)
{
    struct select *s = (struct select *)o;
    if (o->table->where && !expr_true(o->table->where, change->values, o->context->cycle)) return 0;
    row_compute(s, change->values);
    struct change made = {.sign = change->sign, .values = s->row, .order = change->order, .id = change->id};
    made.order.time = order_time(o->table, s->row);
    int result = made.sign > 0 ? output_row(&s->output, &made) : output_row_erase(&s->output, made.id);
    return result < 0 ? result : operator_emit(o, &made);
}

static int select_flush(struct operator* o)
{
    (void)o; /* rows are written as they come */
    return 0;
}

static void select_forget(struct operator* o)
{
    (void)o;
}

static void select_close(struct operator* o)
{
    struct select *s = (struct select *)o;
    output_close(&s->output);
    free(s->row);
    free(s);
}

const struct operator_class operator_select = {select_open,   select_process, select_flush,
                                               select_forget, select_close,   NULL};
