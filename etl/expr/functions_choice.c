/* Functions that choose one of their arguments: if, coalesce, nullif, map, least, greatest, try. */
#include "etl/expr/node.h"

/* if(condition, then, else): a NULL condition is false. */
static enum expr_outcome if_evaluate(const struct expr *e, const struct expr_frame *frame, struct value *out)
{
    struct value condition;
    enum expr_outcome outcome = expr_argument(e, 0, frame, &condition);
    if (outcome != EXPR_OK) return outcome;
    return expr_argument(e, condition.type != VALUE_NULL && condition.i ? 1 : 2, frame, out);
}

static struct expr *if_build(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count)
{
    enum value_type type;
    int scale;
    expr_unify(b, args + 1, count - 1, f->name, &type, &scale);
    return expr_lazy_node(b, type, scale, if_evaluate, args, count);
}

static enum expr_outcome coalesce_evaluate(const struct expr *e, const struct expr_frame *frame, struct value *out)
{
    enum expr_outcome outcome = EXPR_OK;
    expr_give_null(out);
    for (int i = 0; i < e->arg_count && outcome == EXPR_OK && out->type == VALUE_NULL; i++)
        outcome = expr_argument(e, i, frame, out);
    return outcome;
}

static struct expr *coalesce_build(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count)
{
    enum value_type type;
    int scale;
    expr_unify(b, args, count, f->name, &type, &scale);
    return expr_lazy_node(b, type, scale, coalesce_evaluate, args, count);
}

static int order_of(const struct value *x, const struct value *y)
{
    if (x->type == VALUE_TEXT) return slice_compare(x->text, y->text);
    return (x->i > y->i) - (x->i < y->i);
}

/* nullif(x, y): NULL when they are equal, else x. */
static enum expr_outcome nullif_evaluate(const struct expr *e, const struct expr_frame *frame, struct value *out)
{
    struct value y;
    enum expr_outcome outcome = expr_argument(e, 0, frame, out);
    if (outcome == EXPR_OK) outcome = expr_argument(e, 1, frame, &y);
    bool both = outcome == EXPR_OK && out->type != VALUE_NULL && y.type != VALUE_NULL;
    return both && order_of(out, &y) == 0 ? expr_give_null(out) : outcome;
}

static struct expr *nullif_build(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count)
{
    enum value_type type;
    int scale;
    expr_unify(b, args, count, f->name, &type, &scale);
    return expr_lazy_node(b, type, scale, nullif_evaluate, args, count);
}

/* map(x, from, to, from, to, ..., otherwise): arguments stand as x, otherwise, from, to, from, to. */
static enum expr_outcome map_evaluate(const struct expr *e, const struct expr_frame *frame, struct value *out)
{
    struct value x, from;
    enum expr_outcome outcome = expr_argument(e, 0, frame, &x);
    for (int i = 2; i < e->arg_count && outcome == EXPR_OK && x.type != VALUE_NULL; i += 2) {
        outcome = expr_argument(e, i, frame, &from);
        if (outcome == EXPR_OK && from.type != VALUE_NULL && order_of(&x, &from) == 0)
            return expr_argument(e, i + 1, frame, out);
    }
    return outcome == EXPR_OK ? expr_argument(e, 1, frame, out) : outcome;
}

static struct expr *map_build(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count)
{
    struct expr *from[EXPR_ARGUMENTS_MAX], *to[EXPR_ARGUMENTS_MAX], *mixed[EXPR_ARGUMENTS_MAX];
    enum value_type type;
    int scale, pairs = (count - 2) / 2;
    if (count % 2) {
        expr_fail(b, "map() takes a value, pairs of from and to, and a last argument for all others");
        return args[0];
    }
    from[0] = args[0];
    to[0] = args[count - 1];
    for (int i = 0; i < pairs; i++) {
        from[1 + i] = args[1 + 2 * i];
        to[1 + i] = args[2 + 2 * i];
    }
    expr_unify(b, from, pairs + 1, f->name, &type, &scale);
    expr_unify(b, to, pairs + 1, f->name, &type, &scale);
    for (int i = 0; i <= pairs; i++) {
        mixed[2 * i] = from[i];
        mixed[2 * i + 1] = to[i];
    }
    return expr_lazy_node(b, type, scale, map_evaluate, mixed, count);
}

static enum expr_outcome extreme_call(const struct expr *e, const struct value *a, struct arena *arena,
                                      struct value *out)
{
    (void)arena;
    *out = a[0];
    for (int i = 1; i < e->arg_count; i++)
        if (order_of(&a[i], out) * e->number > 0) *out = a[i];
    return EXPR_OK;
}

static struct expr *extreme_build(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count)
{
    enum value_type type;
    int scale;
    expr_unify(b, args, count, f->name, &type, &scale);
    struct expr *e = expr_strict_node(b, type, scale, extreme_call, args, count);
    e->number = f->name[0] == 'g' ? 1 : -1;
    return e;
}

/* try(x [, otherwise]): what cannot be computed (no number, overflow, division by zero) is NULL or `otherwise`. */
static enum expr_outcome try_evaluate(const struct expr *e, const struct expr_frame *frame, struct value *out)
{
    if (expr_argument(e, 0, frame, out) == EXPR_OK) return EXPR_OK;
    return e->arg_count == 2 ? expr_argument(e, 1, frame, out) : expr_give_null(out);
}

static struct expr *try_build(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count)
{
    enum value_type type;
    int scale;
    expr_unify(b, args, count, f->name, &type, &scale);
    return expr_lazy_node(b, type, scale, try_evaluate, args, count);
}

const struct expr_function EXPR_CHOICE_FUNCTIONS[] = {
    {"if", "i**", VALUE_NULL, NULL, if_build},         {"coalesce", "**+", VALUE_NULL, NULL, coalesce_build},
    {"nullif", "**", VALUE_NULL, NULL, nullif_build},  {"map", "****+", VALUE_NULL, NULL, map_build},
    {"least", "**+", VALUE_NULL, NULL, extreme_build}, {"greatest", "**+", VALUE_NULL, NULL, extreme_build},
    {"try", "*|*", VALUE_NULL, NULL, try_build},       {NULL, NULL, VALUE_NULL, NULL, NULL},
};
