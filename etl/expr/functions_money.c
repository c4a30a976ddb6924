/* Functions of amounts that payment services write in minor units: 1250 and "EUR" are 12.50, 1250 and "JPY" are 1250.
 */
#include "etl/currency.h"
#include "etl/expr/node.h"

#define STRICT(name)                                                                                                   \
    static enum expr_outcome name(const struct expr *e, const struct value *a, struct arena *arena, struct value *out)

/* minor_units(code): digits behind the point of a currency; NULL for none of ISO 4217. */
STRICT(minor_units_call)
{
    (void)e, (void)arena;
    const struct currency *c = currency_find(a[0].text);
    return c ? expr_give_integer(out, c->minor_digits) : expr_give_null(out);
}

/* from_minor(n, code, decimals) */
STRICT(from_minor_call)
{
    (void)arena;
    const struct currency *c = currency_find(a[1].text);
    if (!c) return expr_give_null(out);
    int64_t n = a[0].i, shift = e->scale - c->minor_digits, power = EXPR_POWERS_OF_TEN[shift < 0 ? -shift : shift];
    if (shift < 0 && n % power != 0) return EXPR_OVERFLOW; /* digits would be lost */
    *out = (struct value){.type = VALUE_DECIMAL, .i = n / power};
    if (shift >= 0 && __builtin_mul_overflow(n, power, &out->i)) return EXPR_OVERFLOW;
    return EXPR_OK;
}

static struct expr *from_minor_build(struct expr_builder *b, const struct expr_function *f, struct expr **args,
                                     int count)
{
    (void)count;
    int scale = (int)expr_literal_integer(b, f, args[2], 1, DECIMAL_SCALE_MAX);
    return expr_strict_node(b, VALUE_DECIMAL, scale, f->call, args, 2);
}

const struct expr_function EXPR_MONEY_FUNCTIONS[] = {
    {"minor_units", "t", VALUE_INTEGER, minor_units_call, NULL},
    {"from_minor", "iti", VALUE_DECIMAL, from_minor_call, from_minor_build},
    {NULL, NULL, VALUE_NULL, NULL, NULL},
};
