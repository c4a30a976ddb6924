/* Functions of numbers. Exact: intermediate results have 128 bits, what does not fit 64 is EXPR_OVERFLOW. */
#include "etl/expr/node.h"
#include "lib/base/text.h"

typedef __int128 wide;

#define STRICT(name)                                                                                                   \
    static enum expr_outcome name(const struct expr *e, const struct value *a, struct arena *arena, struct value *out)

static enum expr_outcome give_number(const struct expr *e, wide i, struct value *out)
{
    *out = (struct value){.type = e->type, .i = (int64_t)i};
    return i == (int64_t)i ? EXPR_OK : EXPR_OVERFLOW;
}

/* Half away from zero, as a shop rounds. */
static wide divide_rounded(wide a, wide b)
{
    wide quotient = a / b, rest = a % b;
    wide twice = 2 * (rest < 0 ? -rest : rest), size = b < 0 ? -b : b;
    return twice < size ? quotient : quotient + ((a < 0) == (b < 0) ? 1 : -1);
}

STRICT(abs_call)
{
    (void)arena;
    return give_number(e, a[0].i < 0 ? -(wide)a[0].i : a[0].i, out);
}

static struct expr *abs_build(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count)
{
    return expr_strict_node(b, args[0]->type, args[0]->scale, f->call, args, count);
}

/* `number` is the power of ten between the scales: positive removes decimals, negative adds some. */
STRICT(round_call)
{
    (void)arena;
    if (e->number < 0) return give_number(e, (wide)a[0].i * -e->number, out);
    return give_number(e, divide_rounded(a[0].i, e->number), out);
}

/* round(x [, decimals]): to an integer, or to a decimal with that scale. */
static struct expr *round_build(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count)
{
    int scale = count == 2 ? (int)expr_literal_integer(b, f, args[1], 0, DECIMAL_SCALE_MAX) : 0;
    int from = args[0]->scale;
    struct expr *e = expr_strict_node(b, scale ? VALUE_DECIMAL : VALUE_INTEGER, scale, f->call, args, 1);
    e->number = scale > from ? -EXPR_POWERS_OF_TEN[scale - from] : EXPR_POWERS_OF_TEN[from - scale];
    return e;
}

STRICT(divide_call)
{
    (void)arena;
    if (a[1].i == 0) return EXPR_ZERO_DIVISION;
    return give_number(e, divide_rounded((wide)a[0].i * e->number, a[1].i), out);
}

/* divide(a, b, decimals): both are brought to one scale, which cancels out. */
static struct expr *divide_build(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count)
{
    enum value_type type;
    int common, scale = (int)expr_literal_integer(b, f, args[2], 0, DECIMAL_SCALE_MAX);
    expr_unify(b, args, count - 1, f->name, &type, &common);
    struct expr *e = expr_strict_node(b, scale ? VALUE_DECIMAL : VALUE_INTEGER, scale, f->call, args, 2);
    e->number = EXPR_POWERS_OF_TEN[scale];
    return e;
}

/* Of the product's scale to the wanted one: as in round_call. */
STRICT(multiply_call)
{
    (void)arena;
    wide product = (wide)a[0].i * a[1].i;
    if (e->number > 0) return give_number(e, divide_rounded(product, e->number), out);
    return product == (int64_t)product ? give_number(e, product * -e->number, out) : EXPR_OVERFLOW;
}

/* multiply(a, b, decimals): whatever the scales of both add up to. */
static struct expr *multiply_build(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count)
{
    int scale = (int)expr_literal_integer(b, f, args[2], 0, DECIMAL_SCALE_MAX), from = args[0]->scale + args[1]->scale;
    (void)count;
    struct expr *e = expr_strict_node(b, scale ? VALUE_DECIMAL : VALUE_INTEGER, scale, f->call, args, 2);
    e->number = scale >= from ? -EXPR_POWERS_OF_TEN[scale - from] : EXPR_POWERS_OF_TEN[from - scale];
    return e;
}

/* --- conversions --- */

STRICT(number_read_call)
{
    (void)arena;
    *out = (struct value){.type = e->type};
    return text_to_decimal(a[0].text, e->scale, &out->i) ? EXPR_OK : EXPR_NO_NUMBER;
}

/* Cuts decimals off, towards zero. */
STRICT(truncate_call)
{
    (void)arena;
    return give_number(e, a[0].i / e->number, out);
}

/* integer(text or number). */
static struct expr *integer_build(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count)
{
    bool text = args[0]->type == VALUE_TEXT;
    if (!text && !expr_is_number(args[0]))
        expr_fail(b, "%s() takes a text or a number, not %s", f->name, expr_type_text(b, args[0]));
    struct expr *e = expr_strict_node(b, VALUE_INTEGER, 0, text ? number_read_call : truncate_call, args, count);
    e->number = EXPR_POWERS_OF_TEN[args[0]->scale];
    return e;
}

/* decimal(text or number, decimals): no decimals may be lost; round() is the one that loses some. */
static struct expr *decimal_build(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count)
{
    (void)count;
    int scale = (int)expr_literal_integer(b, f, args[1], 1, DECIMAL_SCALE_MAX);
    if (args[0]->type == VALUE_TEXT) return expr_strict_node(b, VALUE_DECIMAL, scale, number_read_call, args, 1);
    if (!expr_is_number(args[0]))
        expr_fail(b, "%s() takes a text or a number, not %s", f->name, expr_type_text(b, args[0]));
    else if (args[0]->scale > scale)
        expr_fail(b, "%s() would lose decimals: use round(x, %d)", f->name, scale);
    return b->failed ? args[0] : expr_rescale(b, args[0], scale);
}

const struct expr_function EXPR_NUMBER_FUNCTIONS[] = {
    {"abs", "n", VALUE_NULL, abs_call, abs_build},
    {"round", "n|i", VALUE_NULL, round_call, round_build},
    {"multiply", "nni", VALUE_NULL, multiply_call, multiply_build},
    {"divide", "nni", VALUE_NULL, divide_call, divide_build},
    {"integer", "*", VALUE_NULL, NULL, integer_build},
    {"decimal", "*i", VALUE_NULL, NULL, decimal_build},
    {NULL, NULL, VALUE_NULL, NULL, NULL},
};
