/* select: rows of another table, filtered, projected, computed.
 *
 *     {"name": "big", "select": "sales", "where": "revenue > 1000",
 *      "columns": ["id", {"name": "net", "expr": "divide(revenue * 100, 119, 2)"}]}
 *
 * One row in, at most one out: the output's row has the id of the input's, so that it is found again when
 * that is taken back. An expression that cannot be computed gives NULL.
 *
 *     {"name": "movie_genres", "select": "movies", "split": {"column": "genres", "by": "|", "as": "genre"}}
 *
 * One row in, one out for each part of a list (part.h). Their ids are made of that of the input's and of their places.
 *
 * The rules of a table are two selects of its rows: NAME has those that break none or only such as warn,
 * NAME_violations those that break one, with the names of what they break and the worst severity among them. When some
 * of the rules look at other rows, NAME is made by check.c and tells NAME_violations what is broken (checked.h). */
#include <stdlib.h>
#include <string.h>

#include "etl/operator/checked.h"
#include "etl/operator/operator.h"
#include "etl/operator/part.h"
#include "etl/sink/output.h"
#include "lib/base/memory.h"

struct select {
    struct operator base;
    struct output output;
    struct value *row;
    int input_count;     /* of the parent */
    struct value *input; /* split: the parent's row, the part and its place */
    struct buf broken;   /* names of rules */
};

static int select_open(struct operator_context *c, const struct table *t, struct operator** out)
{
    struct select *s = memory_new(sizeof *s);
    s->row = memory_new(((size_t)t->column_count + 1) * sizeof *s->row);
    if (t->split) {
        s->input_count = c->definition->tables[t->parent].column_count;
        s->input = memory_new(((size_t)s->input_count + 2) * sizeof *s->input);
    }
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
        else if (c->input >= 0) /* else it is what rules say */
            s->row[i] = input[c->input];
    }
}

static struct value text_value(struct slice text)
{
    return (struct value){.type = VALUE_TEXT, .text = text};
}

/* False: the row is not of this table. */
static bool rules_pass(struct select *s, const struct value *row)
{
    static const char *const severities[] = {"warn", "reject", "fail"};
    const struct table *t = s->base.table;
    int64_t mask = checked_among(t) ? row[t->column_count - 2].i : checked_alone(t->rules, row, s->base.context->cycle);
    int worst = checked_worst(t->rules, mask);
    if (!t->violations) return worst <= (int)SEVERITY_WARN;
    if (worst < 0) return false;
    buf_reset(&s->broken);
    checked_names(t->rules, mask, &s->broken);
    s->row[t->column_count - 2] = text_value(buf_slice(&s->broken));
    s->row[t->column_count - 1] = text_value(slice_str(severities[worst]));
    return true;
}

/* The row that is made of these inputs, under this id. */
static int row_make(struct operator* o, const struct change *change, const struct value *input, int64_t id)
{
    struct select *s = (struct select *)o;
    if (o->table->where && !expr_true(o->table->where, input, o->context->cycle)) return 0;
    if (o->table->rules && !rules_pass(s, input)) return 0;
    row_compute(s, input);
    struct change made = {.sign = change->sign, .values = s->row, .order = change->order, .id = id};
    made.order.time = order_time(o->table, s->row);
    int result = made.sign > 0 ? output_row(&s->output, &made) : output_row_erase(&s->output, made.id);
    return result < 0 ? result : operator_emit(o, &made);
}

static int parts_make(struct operator* o, const struct change *change)
{
    struct select *s = (struct select *)o;
    const struct split *split = o->table->split;
    const struct value *list = &change->values[split->column];
    struct parts parts;
    struct slice part;
    int result = 0;
    if (list->type == VALUE_NULL) return 0;
    memcpy(s->input, change->values, (size_t)s->input_count * sizeof *s->input);
    parts_begin(&parts, list->text, split->by, o->context->cycle);
    for (int64_t place = 1; result == 0 && parts_next(&parts, &part); place++) {
        if (place == PARTS_MAX || change->id >= INT64_MAX / PARTS_MAX)
            return err_set(o->context->error, ERR_RANGE, "%s: a list has more than %d parts", o->table->at,
                           PARTS_MAX - 1);
        s->input[s->input_count] = (struct value){.type = VALUE_TEXT, .text = part};
        s->input[s->input_count + 1] = (struct value){.type = VALUE_INTEGER, .i = place};
        result = row_make(o, change, s->input, change->id * PARTS_MAX + place);
    }
    return result;
}

static int select_process(struct operator* o, const struct change *change)
{
    return o->table->split ? parts_make(o, change) : row_make(o, change, change->values, change->id);
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
    free(s->input);
    buf_release(&s->broken);
    free(s);
}

const struct operator_class operator_select = {select_open, select_process, select_flush, select_forget, select_close,
                                               NULL,        NULL,           NULL,         false};
