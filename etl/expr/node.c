#include "etl/expr/node.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "etl/definition.h"

const int64_t EXPR_POWERS_OF_TEN[19] = {1,
                                        10,
                                        100,
                                        1000,
                                        10000,
                                        100000,
                                        1000000,
                                        10000000,
                                        100000000,
                                        1000000000,
                                        10000000000,
                                        100000000000,
                                        1000000000000,
                                        10000000000000,
                                        100000000000000,
                                        1000000000000000,
                                        10000000000000000,
                                        100000000000000000,
                                        1000000000000000000};

void expr_fail(struct expr_builder *b, const char *format, ...)
{
    if (b->failed) return;
    b->failed = true;
    va_list list;
    va_start(list, format);
    vsnprintf(b->message, sizeof b->message, format, list);
    va_end(list);
}

/* --- evaluation --- */

static enum expr_outcome literal_evaluate(const struct expr *e, const struct expr_frame *frame, struct value *out)
{
    (void)frame;
    *out = e->literal;
    return EXPR_OK;
}

static enum expr_outcome column_evaluate(const struct expr *e, const struct expr_frame *frame, struct value *out)
{
    *out = frame->columns[e->column];
    return EXPR_OK;
}

enum expr_outcome expr_argument(const struct expr *e, int i, const struct expr_frame *frame, struct value *out)
{
    return e->args[i]->evaluate(e->args[i], frame, out);
}

static enum expr_outcome strict_evaluate(const struct expr *e, const struct expr_frame *frame, struct value *out)
{
    struct value values[EXPR_ARGUMENTS_MAX];
    bool null = false;
    for (int i = 0; i < e->arg_count; i++) {
        enum expr_outcome outcome = expr_argument(e, i, frame, &values[i]);
        if (outcome != EXPR_OK) return outcome;
        null = null || values[i].type == VALUE_NULL;
    }
    return null ? expr_give_null(out) : e->call(e, values, frame->arena, out);
}

enum expr_outcome expr_evaluate(const struct expr *e, const struct value *columns, struct arena *arena,
                                struct value *out)
{
    struct expr_frame frame = {columns, arena};
    enum expr_outcome outcome = e->evaluate(e, &frame, out);
    if (outcome != EXPR_OK) expr_give_null(out);
    return outcome;
}

bool expr_true(const struct expr *e, const struct value *columns, struct arena *arena)
{
    struct value v;
    return expr_evaluate(e, columns, arena, &v) == EXPR_OK && v.type != VALUE_NULL && v.i != 0;
}

enum value_type expr_type(const struct expr *e)
{
    return e->type;
}

int expr_scale(const struct expr *e)
{
    return e->scale;
}

void expr_columns(const struct expr *e, void (*each)(void *context, int column), void *context)
{
    if (e->column >= 0) each(context, e->column);
    for (int i = 0; i < e->arg_count; i++) expr_columns(e->args[i], each, context);
}

void expr_release(struct expr *e)
{
    for (struct expr *node = e ? e->first_regex : NULL; node; node = node->next_regex) {
        regex_free(node->regex);
        node->regex = NULL;
    }
}

/* --- making nodes --- */

static struct expr *node_new(struct expr_builder *b, enum value_type type, int scale, expr_lazy *evaluate)
{
    struct expr *e = arena_alloc(b->arena, sizeof *e);
    *e = (struct expr){.type = type, .scale = scale, .evaluate = evaluate, .column = -1};
    return e;
}

struct expr *expr_literal(struct expr_builder *b, struct value value, int scale)
{
    struct expr *e = node_new(b, value.type, scale, literal_evaluate);
    e->is_literal = true;
    e->literal = value;
    return e;
}

struct expr *expr_column_node(struct expr_builder *b, int column)
{
    const struct expr_column *c = &b->scope->columns[column];
    struct expr *e = node_new(b, c->type, c->scale, column_evaluate);
    e->column = column;
    return e;
}

struct expr *expr_lazy_node(struct expr_builder *b, enum value_type type, int scale, expr_lazy *evaluate,
                            struct expr *const *args, int arg_count)
{
    assert(arg_count <= EXPR_ARGUMENTS_MAX);
    struct expr *e = node_new(b, type, scale, evaluate);
    e->args = arena_copy(b->arena, args, (size_t)arg_count * sizeof *args);
    e->arg_count = arg_count;
    return e;
}

struct expr *expr_strict_node(struct expr_builder *b, enum value_type type, int scale, expr_strict *call,
                              struct expr *const *args, int arg_count)
{
    struct expr *e = expr_lazy_node(b, type, scale, strict_evaluate, args, arg_count);
    e->call = call;
    return e;
}

void expr_regex_attach(struct expr_builder *b, struct expr *e, struct regex *regex)
{
    e->regex = regex;
    e->next_regex = b->first_regex;
    b->first_regex = e;
}

/* --- types --- */

bool expr_is_type(const struct expr *e, enum value_type type)
{
    return e->type == type || e->type == VALUE_NULL;
}

bool expr_is_number(const struct expr *e)
{
    return expr_is_type(e, VALUE_INTEGER) || e->type == VALUE_DECIMAL;
}

const char *expr_type_text(struct expr_builder *b, const struct expr *e)
{
    if (e->type == VALUE_DECIMAL) return arena_printf(b->arena, "decimal(%d)", e->scale);
    return value_type_name(e->type);
}

static enum expr_outcome rescale_call(const struct expr *e, const struct value *args, struct arena *arena,
                                      struct value *out)
{
    (void)arena;
    out->type = VALUE_DECIMAL;
    out->text = (struct slice){0};
    return __builtin_mul_overflow(args[0].i, e->number, &out->i) ? EXPR_OVERFLOW : EXPR_OK;
}

struct expr *expr_rescale(struct expr_builder *b, struct expr *e, int scale)
{
    if (e->type == VALUE_NULL || (e->type == VALUE_DECIMAL && e->scale == scale)) return e;
    assert(scale >= e->scale && scale <= 18);
    struct expr *wrapped = expr_strict_node(b, VALUE_DECIMAL, scale, rescale_call, &e, 1);
    wrapped->number = EXPR_POWERS_OF_TEN[scale - e->scale];
    return wrapped;
}

/* A time that is written as a text. */
static const char *literal_hint(enum value_type a, enum value_type b)
{
    enum value_type time = a == VALUE_TEXT ? b : a;
    if (a != VALUE_TEXT && b != VALUE_TEXT) return "";
    return time == VALUE_DATE        ? " (a date is written date '2024-12-31')"
           : time == VALUE_TIMESTAMP ? " (a time is written timestamp '2024-12-31 23:59:00')"
                                     : "";
}

void expr_unify(struct expr_builder *b, struct expr **args, int count, const char *what, enum value_type *type,
                int *scale)
{
    *type = VALUE_NULL;
    *scale = 0;
    for (int i = 0; i < count; i++) {
        struct expr *e = args[i];
        bool numbers = expr_is_number(e) && (*type == VALUE_INTEGER || *type == VALUE_DECIMAL);
        if (*type == VALUE_NULL || e->type == VALUE_NULL || *type == e->type)
            *type = e->type == VALUE_NULL ? *type : e->type;
        else if (numbers)
            *type = VALUE_DECIMAL;
        else
            expr_fail(b, "%s: %s and %s do not go together%s", what, value_type_name(*type), expr_type_text(b, e),
                      literal_hint(*type, e->type));
        if (e->scale > *scale) *scale = e->scale;
    }
    for (int i = 0; i < count && *type == VALUE_DECIMAL && !b->failed; i++) args[i] = expr_rescale(b, args[i], *scale);
}
