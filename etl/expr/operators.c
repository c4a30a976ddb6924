/* The operators. Every result is exact: decimals are scaled integers, a product has the sum of the
 * scales, and what leaves 64 bits is EXPR_OVERFLOW, never a wrapped number. */
#include "etl/expr/node.h"

#include <string.h>

#include "etl/definition.h"
#include "etl/time_format.h"

/* --- arithmetic --- */

static enum expr_outcome give(const struct expr *e, struct value *out, bool overflow)
{
    out->type = e->type;
    out->text = (struct slice){0};
    if (e->type == VALUE_TIMESTAMP) overflow = overflow || !time_in_range(out->i);
    if (e->type == VALUE_DATE) overflow = overflow || !time_days_in_range(out->i);
    return overflow ? EXPR_OVERFLOW : EXPR_OK;
}

static enum expr_outcome add_call(const struct expr *e, const struct value *a, struct arena *arena, struct value *out)
{
    (void)arena;
    return give(e, out, __builtin_add_overflow(a[0].i, a[1].i, &out->i));
}

static enum expr_outcome subtract_call(const struct expr *e, const struct value *a, struct arena *arena,
                                       struct value *out)
{
    (void)arena;
    return give(e, out, __builtin_sub_overflow(a[0].i, a[1].i, &out->i));
}

static enum expr_outcome multiply_call(const struct expr *e, const struct value *a, struct arena *arena,
                                       struct value *out)
{
    (void)arena;
    return give(e, out, __builtin_mul_overflow(a[0].i, a[1].i, &out->i));
}

/* INT64_MIN / -1 is the one quotient that does not fit. */
static enum expr_outcome quotient(const struct expr *e, const struct value *a, struct value *out, bool remainder)
{
    if (a[1].i == 0) return EXPR_ZERO_DIVISION;
    if (a[1].i == -1) {
        out->i = 0;
        return give(e, out, !remainder && __builtin_sub_overflow((int64_t)0, a[0].i, &out->i));
    }
    out->i = remainder ? a[0].i % a[1].i : a[0].i / a[1].i;
    return give(e, out, false);
}

static enum expr_outcome divide_call(const struct expr *e, const struct value *a, struct arena *arena,
                                     struct value *out)
{
    (void)arena;
    return quotient(e, a, out, false);
}

static enum expr_outcome remainder_call(const struct expr *e, const struct value *a, struct arena *arena,
                                        struct value *out)
{
    (void)arena;
    return quotient(e, a, out, true);
}

/* timestamp - timestamp = seconds, date - date = days, and both move by an integer. */
static struct expr *time_arithmetic(struct expr_builder *b, char symbol, struct expr **args)
{
    enum value_type type = args[0]->type;
    if (symbol == '-' && args[1]->type == type) return expr_strict_node(b, VALUE_INTEGER, 0, subtract_call, args, 2);
    if (args[1]->type == VALUE_INTEGER && (symbol == '-' || symbol == '+'))
        return expr_strict_node(b, type, 0, symbol == '-' ? subtract_call : add_call, args, 2);
    bool both = args[1]->type == VALUE_TIMESTAMP || args[1]->type == VALUE_DATE;
    expr_fail(b, "%s %c %s is not defined%s", value_type_name(type), symbol, expr_type_text(b, args[1]),
              both && symbol == '-' ? " (date(x) and timestamp(x) make one of the other)" : "");
    return args[0];
}

static struct expr *multiply(struct expr_builder *b, struct expr **args)
{
    int scale = args[0]->scale + args[1]->scale;
    bool decimal = args[0]->type == VALUE_DECIMAL || args[1]->type == VALUE_DECIMAL;
    if (scale > DECIMAL_SCALE_MAX)
        expr_fail(b, "the product would have %d decimals, at most %d are kept: use multiply(a, b, decimals)", scale,
                  DECIMAL_SCALE_MAX);
    return expr_strict_node(b, decimal ? VALUE_DECIMAL : VALUE_INTEGER, scale, multiply_call, args, 2);
}

struct expr *expr_arithmetic(struct expr_builder *b, char symbol, struct expr *left, struct expr *right)
{
    struct expr *args[2] = {left, right};
    enum value_type type;
    int scale;
    if (left->type == VALUE_TIMESTAMP || left->type == VALUE_DATE) return time_arithmetic(b, symbol, args);
    if (!expr_is_number(left) || !expr_is_number(right)) {
        expr_fail(b, "%s %c %s is not defined%s", expr_type_text(b, left), symbol, expr_type_text(b, right),
                  symbol == '+' ? " (texts are joined with ||)" : "");
        return left;
    }
    if (symbol == '*') return multiply(b, args);
    bool decimal = left->type == VALUE_DECIMAL || right->type == VALUE_DECIMAL;
    if (symbol == '/' && decimal) expr_fail(b, "decimals are divided with divide(a, b, decimals)");
    expr_unify(b, args, 2, "arithmetic", &type, &scale);
    expr_strict *call = symbol == '+'   ? add_call
                        : symbol == '-' ? subtract_call
                        : symbol == '/' ? divide_call
                                        : remainder_call;
    return expr_strict_node(b, type, scale, call, args, 2);
}

struct expr *expr_negative(struct expr_builder *b, struct expr *e)
{
    struct expr *zero = expr_literal(b, (struct value){.type = VALUE_INTEGER}, 0);
    return expr_arithmetic(b, '-', zero, e);
}

/* --- comparison --- */

static int values_compare(const struct value *a, const struct value *b)
{
    if (a->type == VALUE_TEXT) return slice_compare(a->text, b->text);
    return (a->i > b->i) - (a->i < b->i);
}

enum { TEST_EQUAL, TEST_UNEQUAL, TEST_LESS, TEST_LESS_EQUAL, TEST_GREATER, TEST_GREATER_EQUAL };

static enum expr_outcome comparison_call(const struct expr *e, const struct value *a, struct arena *arena,
                                         struct value *out)
{
    (void)arena;
    int order = values_compare(&a[0], &a[1]);
    switch (e->number) {
    case TEST_EQUAL: return expr_give_integer(out, order == 0);
    case TEST_UNEQUAL: return expr_give_integer(out, order != 0);
    case TEST_LESS: return expr_give_integer(out, order < 0);
    case TEST_LESS_EQUAL: return expr_give_integer(out, order <= 0);
    case TEST_GREATER: return expr_give_integer(out, order > 0);
    default: return expr_give_integer(out, order >= 0);
    }
}

struct expr *expr_comparison(struct expr_builder *b, const char *symbol, struct expr *left, struct expr *right)
{
    static const struct {
        const char *symbol;
        int test;
    } tests[] = {{"=", TEST_EQUAL},       {"!=", TEST_UNEQUAL}, {"<>", TEST_UNEQUAL},      {"<", TEST_LESS},
                 {"<=", TEST_LESS_EQUAL}, {">", TEST_GREATER},  {">=", TEST_GREATER_EQUAL}};
    struct expr *args[2] = {left, right};
    enum value_type type;
    int scale;
    if (left->type == VALUE_NULL || right->type == VALUE_NULL)
        expr_fail(b, "a comparison with null is never true: use `is null` or `is not null`");
    expr_unify(b, args, 2, symbol, &type, &scale);
    struct expr *e = expr_strict_node(b, VALUE_INTEGER, 0, comparison_call, args, 2);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        if (strcmp(tests[i].symbol, symbol) == 0) e->number = tests[i].test;
    return e;
}

/* SQL's `in`: NULL when the value is NULL, or when it is not found and a member is NULL. */
static enum expr_outcome in_evaluate(const struct expr *e, const struct expr_frame *frame, struct value *out)
{
    struct value wanted, member;
    enum expr_outcome outcome = expr_argument(e, 0, frame, &wanted);
    bool null = outcome == EXPR_OK && wanted.type == VALUE_NULL;
    for (int i = 1; i < e->arg_count && outcome == EXPR_OK && wanted.type != VALUE_NULL; i++) {
        outcome = expr_argument(e, i, frame, &member);
        if (outcome != EXPR_OK) break;
        if (member.type == VALUE_NULL)
            null = true;
        else if (values_compare(&wanted, &member) == 0)
            return expr_give_integer(out, 1);
    }
    if (outcome != EXPR_OK) return outcome;
    return null ? expr_give_null(out) : expr_give_integer(out, 0);
}

struct expr *expr_in(struct expr_builder *b, struct expr **args, int count)
{
    enum value_type type;
    int scale;
    expr_unify(b, args, count, "in", &type, &scale);
    return expr_lazy_node(b, VALUE_INTEGER, 0, in_evaluate, args, count);
}

/* --- logic, three-valued as in SQL --- */

static void condition_check(struct expr_builder *b, const struct expr *e, const char *word)
{
    if (!expr_is_type(e, VALUE_INTEGER)) expr_fail(b, "`%s` needs conditions, not %s", word, expr_type_text(b, e));
}

/* `and` is decided by a false side, `or` by a true one; `number` is that deciding side's truth. */
static enum expr_outcome logic_evaluate(const struct expr *e, const struct expr_frame *frame, struct value *out)
{
    bool null = false;
    for (int i = 0; i < 2; i++) {
        struct value v;
        enum expr_outcome outcome = expr_argument(e, i, frame, &v);
        if (outcome != EXPR_OK) return outcome;
        if (v.type == VALUE_NULL)
            null = true;
        else if ((v.i != 0) == (e->number != 0))
            return expr_give_integer(out, e->number);
    }
    return null ? expr_give_null(out) : expr_give_integer(out, !e->number);
}

struct expr *expr_logic(struct expr_builder *b, bool is_and, struct expr *left, struct expr *right)
{
    condition_check(b, left, is_and ? "and" : "or");
    condition_check(b, right, is_and ? "and" : "or");
    struct expr *args[2] = {left, right};
    struct expr *e = expr_lazy_node(b, VALUE_INTEGER, 0, logic_evaluate, args, 2);
    e->number = !is_and;
    return e;
}

static enum expr_outcome not_call(const struct expr *e, const struct value *a, struct arena *arena, struct value *out)
{
    (void)e, (void)arena;
    return expr_give_integer(out, a[0].i == 0);
}

struct expr *expr_not(struct expr_builder *b, struct expr *e)
{
    condition_check(b, e, "not");
    return expr_strict_node(b, VALUE_INTEGER, 0, not_call, &e, 1);
}

static enum expr_outcome is_null_evaluate(const struct expr *e, const struct expr_frame *frame, struct value *out)
{
    struct value v;
    enum expr_outcome outcome = expr_argument(e, 0, frame, &v);
    return outcome == EXPR_OK ? expr_give_integer(out, v.type == VALUE_NULL) : outcome;
}

struct expr *expr_is_null(struct expr_builder *b, struct expr *e)
{
    return expr_lazy_node(b, VALUE_INTEGER, 0, is_null_evaluate, &e, 1);
}
