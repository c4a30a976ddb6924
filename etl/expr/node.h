/* node.h - the tree behind a compiled expression, and how its parts are built. Inside etl/expr only.
 *
 * A node is either lazy (it evaluates its arguments itself: and, if, coalesce ...) or strict (its
 * arguments are evaluated first, and one NULL makes the result NULL). Types are settled while the tree
 * is built: builders check their arguments, convert numbers to a common scale and report what does not
 * fit through the builder, which remembers its first failure. */
#ifndef MILLRACE_ETL_EXPR_NODE_H
#define MILLRACE_ETL_EXPR_NODE_H

#include "etl/expr/expr.h"
#include "etl/regex.h"

enum { EXPR_ARGUMENTS_MAX = 32, DECIMAL_SCALE_MAX = 9 };

struct expr_frame {
    const struct value *columns;
    struct arena *arena;
};

typedef enum expr_outcome expr_lazy(const struct expr *e, const struct expr_frame *frame, struct value *out);
typedef enum expr_outcome expr_strict(const struct expr *e, const struct value *args, struct arena *arena,
                                      struct value *out);

struct expr {
    enum value_type type; /* VALUE_NULL: the literal null, which fits everywhere */
    int scale;
    expr_lazy *evaluate;
    expr_strict *call; /* strict nodes */
    struct expr **args;
    int arg_count;
    int column; /* of a column node, else -1 */
    bool is_literal;
    struct value literal;
    /* What functions fix when they are compiled. */
    int64_t number;
    const char *format;
    const void *data;
    struct regex *regex;
    struct expr *next_regex; /* the nodes of one tree that own a regular expression, the root knows the first */
    struct expr *first_regex;
};

struct expr_builder {
    const struct expr_scope *scope;
    const struct value_maps *maps;
    struct arena *arena;
    struct expr *first_regex; /* nodes to release, also those that a failure cuts off the tree */
    bool failed;
    char message[512];
};

void expr_fail(struct expr_builder *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- making nodes; none of them returns NULL --- */
struct expr *expr_literal(struct expr_builder *b, struct value value, int scale);
struct expr *expr_column_node(struct expr_builder *b, int column);
struct expr *expr_lazy_node(struct expr_builder *b, enum value_type type, int scale, expr_lazy *evaluate,
                            struct expr *const *args, int arg_count);
struct expr *expr_strict_node(struct expr_builder *b, enum value_type type, int scale, expr_strict *call,
                              struct expr *const *args, int arg_count);
/* Gives `e` a regular expression that expr_release frees. */
void expr_regex_attach(struct expr_builder *b, struct expr *e, struct regex *regex);
/* Evaluates a lazy node's argument. */
enum expr_outcome expr_argument(const struct expr *e, int i, const struct expr_frame *frame, struct value *out);

/* --- types --- */
bool expr_is_number(const struct expr *e); /* integer, decimal or the literal null */
bool expr_is_type(const struct expr *e, enum value_type type);
/* Converts all arguments to one type (numbers to the largest scale). `what` opens the message. */
void expr_unify(struct expr_builder *b, struct expr **args, int count, const char *what, enum value_type *type,
                int *scale);
/* Number to decimal of a scale that is not smaller than its own. */
struct expr *expr_rescale(struct expr_builder *b, struct expr *e, int scale);
const char *expr_type_text(struct expr_builder *b, const struct expr *e); /* "decimal(3)" */

/* --- operators.c: symbols and words --- */
struct expr *expr_arithmetic(struct expr_builder *b, char symbol, struct expr *left, struct expr *right);
struct expr *expr_negative(struct expr_builder *b, struct expr *e);
struct expr *expr_comparison(struct expr_builder *b, const char *symbol, struct expr *left, struct expr *right);
struct expr *expr_logic(struct expr_builder *b, bool is_and, struct expr *left, struct expr *right);
struct expr *expr_not(struct expr_builder *b, struct expr *e);
struct expr *expr_is_null(struct expr_builder *b, struct expr *e);
struct expr *expr_in(struct expr_builder *b, struct expr **args, int count); /* args[0] in args[1..] */

/* --- functions --- */
struct expr_function {
    const char *name;
    /* One letter per argument: t text, i integer, n number, T timestamp, D date, w timestamp or date, * any;
     * letters after '|' may be left out; '+' at the end repeats the last one. */
    const char *arguments;
    enum value_type type; /* of the result, when `build` is NULL */
    expr_strict *call;
    /* For functions whose result depends on their arguments: gets the checked arguments. */
    struct expr *(*build)(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count);
};

extern const struct expr_function EXPR_TEXT_FUNCTIONS[], EXPR_UNICODE_FUNCTIONS[], EXPR_CODE_FUNCTIONS[],
    EXPR_NUMBER_FUNCTIONS[], EXPR_TIME_FUNCTIONS[], EXPR_CHOICE_FUNCTIONS[], EXPR_MAP_FUNCTIONS[],
    EXPR_COUNTRY_FUNCTIONS[], EXPR_MONEY_FUNCTIONS[]; /* each ends with a NULL name */

struct expr *expr_function_call(struct expr_builder *b, const char *name, struct expr **args, int count);
/* An argument that must be a literal. */
const char *expr_literal_text(struct expr_builder *b, const struct expr_function *f, const struct expr *e);
int64_t expr_literal_integer(struct expr_builder *b, const struct expr_function *f, const struct expr *e, int64_t low,
                             int64_t high);

/* The index of a literal text in `choices` (NULL-terminated). */
int expr_literal_choice(struct expr_builder *b, const struct expr_function *f, const struct expr *e,
                        const char *const *choices);

/* --- small things shared by the evaluators --- */
static inline enum expr_outcome expr_give_integer(struct value *out, int64_t i)
{
    *out = (struct value){.type = VALUE_INTEGER, .i = i};
    return EXPR_OK;
}
static inline enum expr_outcome expr_give_text(struct value *out, struct slice text)
{
    /* An empty text is not NULL, and a slice of it must not look like one. */
    *out = (struct value){.type = VALUE_TEXT, .text = text.p ? text : SLICE_LIT("")};
    return EXPR_OK;
}
static inline enum expr_outcome expr_give_null(struct value *out)
{
    *out = (struct value){.type = VALUE_NULL};
    return EXPR_OK;
}
extern const int64_t EXPR_POWERS_OF_TEN[19];

#endif
