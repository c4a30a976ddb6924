/* expr.h - the small typed expression language of derive, where and the expression rule.
 *
 *     text --[expr_compile, once]--> struct expr (typed tree) --[expr_evaluate, per row]--> value
 *
 * Types are checked when the definition is loaded: integer, decimal (each with a static scale), text,
 * timestamp, date; true and false are the integers 1 and 0. NULL is a value of every type. Rules of
 * NULL are SQL's: an operator or a function with a NULL argument gives NULL, `and` and `or` are
 * three-valued, and where a condition is asked for (where, if, expression rule) NULL counts as false.
 * docs/formats/pipeline.md lists every operator and function.
 *
 * Thread safety: a compiled expression is immutable; evaluation uses the given arena only. */
#ifndef MILLRACE_ETL_EXPR_H
#define MILLRACE_ETL_EXPR_H

#include <stdbool.h>

#include "etl/row.h"
#include "lib/base/bytes.h"
#include "lib/base/err.h"

/* The columns that an expression may name. */
struct expr_column {
    const char *name;
    enum value_type type;
    int scale;
};

struct document;

struct expr_scope {
    const struct expr_column *columns;
    int count;
    const struct document *document; /* where names may be broken (etl/document.h). NULL: nowhere */
};

struct expr;
struct value_maps; /* etl/expr/maps.h */

enum expr_outcome {
    EXPR_OK,
    EXPR_OVERFLOW,  /* a result that does not fit 64 bits or a loss of decimals that was not asked for */
    EXPR_NO_NUMBER, /* integer(text) and its kin: the text is not one */
    EXPR_ZERO_DIVISION,
    EXPR_BAD_TEXT, /* a function that needs UTF-8 got other bytes */
};

/* Compiles `text`; memory comes from `arena`. `at` (a key path) opens the error, which shows the
 * offending place; without `at` it begins with what is wrong. An expression with a broken name fails without a text.
 * Free with expr_release before the arena goes (compiled regular expressions). */
int expr_compile(const char *text, const struct expr_scope *scope, struct arena *arena, const char *at,
                 struct expr **out, struct err_text *error);
/* The same for a definition with dictionaries, which lookup() asks. NULL: there are none. */
int expr_compile_with(const char *text, const struct expr_scope *scope, const struct value_maps *maps,
                      struct arena *arena, const char *at, struct expr **out, struct err_text *error);
void expr_release(struct expr *e); /* NULL is allowed */

enum value_type expr_type(const struct expr *e);
int expr_scale(const struct expr *e);
/* Calls `each` for every column that the expression reads (possibly several times for one). */
void expr_columns(const struct expr *e, void (*each)(void *context, int column), void *context);

/* `columns` has a value for each column of the scope. On anything but EXPR_OK *out is NULL (the value).
 * Text results point into the columns, the expression or the arena. */
enum expr_outcome expr_evaluate(const struct expr *e, const struct value *columns, struct arena *arena,
                                struct value *out);
/* For conditions: true only when the outcome is EXPR_OK and the value is neither NULL nor 0. */
bool expr_true(const struct expr *e, const struct value *columns, struct arena *arena);

#endif
