/* expr_test.h - an expression in, its result as text out. For unit tests only. */
#ifndef MILLRACE_ETL_EXPR_EXPR_TEST_H
#define MILLRACE_ETL_EXPR_EXPR_TEST_H

#include "etl/expr/expr.h"
#include "tests/unit.h"

/* One scope for all: q = 6, price = 2.55 (scale 2), name = "Grüße, Welt", t, d, nothing (a text that is
 * NULL), n (an integer that is NULL), big = INT64_MAX, raw (a text that is not UTF-8), zero (a text with a U+0000). */
static const struct expr_column COLUMNS[] = {
    {"q", VALUE_INTEGER, 0}, {"price", VALUE_DECIMAL, 2}, {"name", VALUE_TEXT, 0}, {"t", VALUE_TIMESTAMP, 0},
    {"d", VALUE_DATE, 0},    {"nothing", VALUE_TEXT, 0},  {"n", VALUE_INTEGER, 0}, {"big", VALUE_INTEGER, 0},
    {"raw", VALUE_TEXT, 0},  {"zero", VALUE_TEXT, 0},
};
enum { VALUES_COUNT = sizeof COLUMNS / sizeof *COLUMNS };
static const struct expr_scope SCOPE = {.columns = COLUMNS, .count = VALUES_COUNT};

static void values_fill(struct value *v)
{
    memset(v, 0, VALUES_COUNT * sizeof *v);
    v[0] = (struct value){.type = VALUE_INTEGER, .i = 6};
    v[1] = (struct value){.type = VALUE_DECIMAL, .i = 255};
    v[2] = (struct value){.type = VALUE_TEXT,
                          .text = slice_str("Gr\xc3\xbc\xc3\x9f"
                                            "e, Welt")};
    v[3] = (struct value){.type = VALUE_TIMESTAMP, .i = 1291191960}; /* 2010-12-01 08:26:00, a Wednesday */
    v[4] = (struct value){.type = VALUE_DATE, .i = 14944};
    v[7] = (struct value){.type = VALUE_INTEGER, .i = INT64_MAX};
    v[8] = (struct value){.type = VALUE_TEXT, .text = slice_str("a\xff z")};
    v[9] = (struct value){.type = VALUE_TEXT, .text = slice_of("x\0y", 3)};
}

/* The result as text: "15.30", "NULL", "overflow", or the compiler's message. */
__attribute__((unused)) static const char *result(const char *text)
{
    static char out[sizeof(struct err_text)];
    struct arena arena = {0};
    struct err_text error = {{0}};
    struct expr *e, *print;
    struct value values[VALUES_COUNT], v;
    values_fill(values);
    if (expr_compile(text, &SCOPE, &arena, "here", &e, &error) != ERR_OK) {
        snprintf(out, sizeof out, "%s", error.text);
        arena_release(&arena);
        return out;
    }
    enum expr_outcome outcome = expr_evaluate(e, values, &arena, &v);
    struct expr_column one = {"x", expr_type(e), expr_scale(e)};
    if (outcome != EXPR_OK)
        snprintf(out, sizeof out, "%s",
                 outcome == EXPR_OVERFLOW    ? "overflow"
                 : outcome == EXPR_NO_NUMBER ? "no number"
                 : outcome == EXPR_BAD_TEXT  ? "bad text"
                                             : "zero division");
    else if (v.type == VALUE_NULL)
        snprintf(out, sizeof out, "NULL");
    else {
        check_int(v.type, expr_type(e));
        check_int(
            expr_compile("text(x)", &(struct expr_scope){.columns = &one, .count = 1}, &arena, "print", &print, NULL),
            0);
        struct value printed;
        check_int(expr_evaluate(print, &v, &arena, &printed), EXPR_OK);
        snprintf(out, sizeof out, "%.*s", (int)printed.text.n, (const char *)printed.text.p);
    }
    expr_release(e);
    arena_release(&arena);
    return out;
}

__attribute__((unused)) static void check_error(const char *text, const char *part)
{
    const char *message = result(text);
    if (!strstr(message, part)) unit_fail("%s: \"%s\" is not in \"%s\"", text, part, message);
}

#endif
