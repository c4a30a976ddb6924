/* The parser: recursive descent, one function per level, loosest first.
 *
 *     or       := and { "or" and }
 *     and      := not { "and" not }
 *     not      := "not" not | test
 *     test     := joined [ ("=" | "!=" | "<" | ...) joined | "is" ["not"] "null"
 *                        | ["not"] "in" "(" or {"," or} ")" | ["not"] "between" joined "and" joined ]
 *     joined   := sum { "||" sum }
 *     sum      := product { ("+" | "-") product }
 *     product  := unary { ("*" | "/" | "%") unary }
 *     unary    := "-" unary | primary
 *     primary  := number | text | "true" | "false" | "null" | "date" text | "timestamp" text
 *               | name "(" [or {"," or}] ")" | name | "(" or ")"
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "etl/definition.h"
#include "etl/document.h"
#include "etl/expr/lexer.h"
#include "etl/expr/node.h"
#include "etl/time_format.h"
#include "lib/base/text.h"

enum { TEXT_BYTES_MAX = 4096, TEXT_SHOWN_MAX = 200, DEPTH_MAX = 64 };

struct parser {
    struct expr_builder builder;
    const char *text;
    size_t next;        /* where the token after `token` is looked for */
    struct token token; /* not consumed yet */
    size_t failed_at;   /* where the first failure was noticed */
    int depth;
};

static struct expr *parse_or(struct parser *p);

static void advance(struct parser *p)
{
    if (!p->builder.failed) p->failed_at = p->token.at;
    p->token = token_take(p->text, &p->next, p->builder.arena);
}

static bool accept(struct parser *p, enum token_kind kind, const char *text)
{
    if (p->builder.failed || !token_is(&p->token, kind, text)) return false;
    advance(p);
    return true;
}

static bool accept_word(struct parser *p, const char *word)
{
    return accept(p, TOKEN_NAME, word);
}

static bool accept_symbol(struct parser *p, const char *symbol)
{
    return accept(p, TOKEN_SYMBOL, symbol);
}

/* A failure at the token that stands there. */
/* What a word of SQL is called here. */
static const char *word_hint(const char *word)
{
    if (strcasecmp(word, "like") == 0 || strcasecmp(word, "ilike") == 0 || strcasecmp(word, "regexp") == 0)
        return "; there is matches(text, 'regular expression')";
    if (word[0] == '&') return "; there is and";
    if (word[0] == '!') return "; there is not";
    if (word[0] == '|' && !word[1]) return "; there is or";
    if (strcasecmp(word, "as") == 0) return "; a type is made with integer(x), decimal(x, 2), text(x), date(x)";
    if (strcasecmp(word, "case") == 0) return "; there is if(condition, value, otherwise)";
    return word[0] == '"' ? " (texts stand between single quotes)" : "";
}

static void unexpected(struct parser *p, const char *wanted)
{
    if (p->builder.failed) return;
    p->failed_at = p->token.at;
    if (p->token.kind == TOKEN_END)
        expr_fail(&p->builder, "it ends where %s is expected", wanted);
    else if (p->token.kind == TOKEN_BAD && p->token.text[0] == '\'')
        expr_fail(&p->builder, "a text is not closed with '");
    else
        expr_fail(&p->builder, "%s is expected, not \"%.40s\"%s", wanted, p->token.text, word_hint(p->token.text));
}

static void expect_symbol(struct parser *p, const char *symbol)
{
    char wanted[8];
    if (accept_symbol(p, symbol) || p->builder.failed) return;
    snprintf(wanted, sizeof wanted, "\"%s\"", symbol);
    unexpected(p, wanted);
}

static struct expr *null_literal(struct parser *p)
{
    return expr_literal(&p->builder, (struct value){.type = VALUE_NULL}, 0);
}

/* --- primaries --- */

static struct expr *number_literal(struct parser *p, const char *text)
{
    const char *point = strchr(text, '.');
    int scale = point ? (int)strlen(point + 1) : 0;
    struct value v = {.type = point ? VALUE_DECIMAL : VALUE_INTEGER};
    if (scale > DECIMAL_SCALE_MAX || !text_to_decimal(slice_str(text), scale, &v.i))
        expr_fail(&p->builder, "the number %s is too large or too exact", text);
    return expr_literal(&p->builder, v, scale);
}

/* date '2024-12-31' and timestamp '2024-12-31 23:59:00'. */
static struct expr *time_literal(struct parser *p, bool is_date)
{
    struct value v = {.type = is_date ? VALUE_DATE : VALUE_TIMESTAMP};
    if (!time_read(is_date ? "%F" : "%F %T", slice_str(p->token.text), &v.i))
        expr_fail(&p->builder, "'%s' is not %s", p->token.text,
                  is_date ? "a date YYYY-MM-DD" : "a timestamp YYYY-MM-DD HH:MM:SS");
    if (is_date) v.i /= 86400;
    advance(p);
    return expr_literal(&p->builder, v, 0);
}

static int list_take(struct parser *p, struct expr **args, int count)
{
    do {
        struct expr *e = parse_or(p);
        if (count == EXPR_ARGUMENTS_MAX)
            expr_fail(&p->builder, "more than %d elements in a list", EXPR_ARGUMENTS_MAX);
        else
            args[count++] = e;
    } while (accept_symbol(p, ","));
    expect_symbol(p, ")");
    return count;
}

static struct expr *call(struct parser *p, const char *name)
{
    struct expr *args[EXPR_ARGUMENTS_MAX];
    size_t at = p->failed_at;
    int count = accept_symbol(p, ")") ? 0 : list_take(p, args, 0);
    if (p->builder.failed) return null_literal(p);
    p->failed_at = at;
    return expr_function_call(&p->builder, name, args, count);
}

static struct expr *column(struct parser *p, const char *name)
{
    const struct expr_scope *scope = p->builder.scope;
    const char **names = arena_alloc(p->builder.arena, ((size_t)scope->count + 1) * sizeof *names);
    for (int i = 0; i < scope->count; i++) {
        if (strcmp(scope->columns[i].name, name) == 0) return expr_column_node(&p->builder, i);
        names[i] = scope->columns[i].name;
    }
    if (scope->document && document_broken(scope->document, name)) {
        p->builder.failed = p->builder.failed || !*p->builder.message;
        return null_literal(p);
    }
    bool behind = scope->document && name_is_behind(&scope->document->derived, name);
    expr_fail(&p->builder, "there is no column \"%s\" here%s", name,
              behind ? ": it is derived behind this one, move it ahead" : name_hint(p->builder.arena, name, names));
    return null_literal(p);
}

static struct expr *word(struct parser *p, const char *name)
{
    struct value truth = {.type = VALUE_INTEGER, .i = strcasecmp(name, "true") == 0};
    if (accept_symbol(p, "(")) return call(p, name);
    if (p->token.kind == TOKEN_TEXT && strcasecmp(name, "date") == 0) return time_literal(p, true);
    if (p->token.kind == TOKEN_TEXT && strcasecmp(name, "timestamp") == 0) return time_literal(p, false);
    if (truth.i || strcasecmp(name, "false") == 0) return expr_literal(&p->builder, truth, 0);
    if (strcasecmp(name, "null") == 0) return null_literal(p);
    if (strcasecmp(name, "case") == 0 && p->token.kind == TOKEN_NAME)
        expr_fail(&p->builder, "there is no \"case\"%s", word_hint(name));
    return column(p, name);
}

static struct expr *parse_primary(struct parser *p)
{
    struct token t = p->token;
    if (t.kind == TOKEN_NUMBER || t.kind == TOKEN_TEXT || t.kind == TOKEN_NAME) {
        advance(p);
        if (t.kind == TOKEN_NUMBER) return number_literal(p, t.text);
        if (t.kind == TOKEN_NAME) return word(p, t.text);
        return expr_literal(&p->builder, (struct value){.type = VALUE_TEXT, .text = slice_str(t.text)}, 0);
    }
    if (accept_symbol(p, "(")) {
        struct expr *e = parse_or(p);
        expect_symbol(p, ")");
        return e;
    }
    unexpected(p, "a value");
    return null_literal(p);
}

/* --- operators, tightest first --- */

static struct expr *parse_unary(struct parser *p)
{
    if (!accept_symbol(p, "-")) return parse_primary(p);
    if (++p->depth > DEPTH_MAX) expr_fail(&p->builder, "nested too deeply");
    struct expr *e = p->builder.failed ? null_literal(p) : expr_negative(&p->builder, parse_unary(p));
    p->depth--;
    return e;
}

static struct expr *parse_product(struct parser *p)
{
    struct expr *left = parse_unary(p);
    for (;;) {
        char symbol = accept_symbol(p, "*") ? '*' : accept_symbol(p, "/") ? '/' : accept_symbol(p, "%") ? '%' : 0;
        if (!symbol) return left;
        left = expr_arithmetic(&p->builder, symbol, left, parse_unary(p));
    }
}

static struct expr *parse_sum(struct parser *p)
{
    struct expr *left = parse_product(p);
    for (;;) {
        char symbol = accept_symbol(p, "+") ? '+' : accept_symbol(p, "-") ? '-' : 0;
        if (!symbol) return left;
        left = expr_arithmetic(&p->builder, symbol, left, parse_product(p));
    }
}

static struct expr *parse_joined(struct parser *p)
{
    struct expr *left = parse_sum(p);
    while (accept_symbol(p, "||")) {
        struct expr *args[2] = {left, parse_sum(p)};
        left = expr_function_call(&p->builder, "concat", args, 2);
    }
    return left;
}

/* low <= x and x <= high; x is evaluated twice, which is harmless. */
static struct expr *parse_between(struct parser *p, struct expr *x)
{
    struct expr *low = expr_comparison(&p->builder, ">=", x, parse_joined(p));
    if (!accept_word(p, "and")) unexpected(p, "\"and\"");
    return expr_logic(&p->builder, true, low, expr_comparison(&p->builder, "<=", x, parse_joined(p)));
}

static struct expr *parse_in(struct parser *p, struct expr *x)
{
    struct expr *args[EXPR_ARGUMENTS_MAX] = {x};
    expect_symbol(p, "(");
    int count = list_take(p, args, 1);
    return p->builder.failed ? x : expr_in(&p->builder, args, count);
}

static struct expr *parse_is_null(struct parser *p, struct expr *x)
{
    bool negated = accept_word(p, "not");
    if (!accept_word(p, "null")) unexpected(p, "\"null\"");
    struct expr *e = expr_is_null(&p->builder, x);
    return negated ? expr_not(&p->builder, e) : e;
}

static struct expr *parse_test(struct parser *p)
{
    static const char *const comparisons[] = {"=", "!=", "<>", "<", "<=", ">", ">=", NULL};
    struct expr *left = parse_joined(p);
    if (token_is(&p->token, TOKEN_SYMBOL, "==")) unexpected(p, "\"=\"");
    for (int i = 0; comparisons[i]; i++)
        if (accept_symbol(p, comparisons[i]))
            return expr_comparison(&p->builder, comparisons[i], left, parse_joined(p));
    if (accept_word(p, "is")) return parse_is_null(p, left);
    bool negated = accept_word(p, "not");
    struct expr *e = left;
    if (accept_word(p, "in"))
        e = parse_in(p, left);
    else if (accept_word(p, "between"))
        e = parse_between(p, left);
    else if (negated)
        unexpected(p, "\"in\" or \"between\"");
    return negated ? expr_not(&p->builder, e) : e;
}

static struct expr *parse_not(struct parser *p)
{
    if (!accept_word(p, "not")) return parse_test(p);
    if (++p->depth > DEPTH_MAX) expr_fail(&p->builder, "nested too deeply");
    struct expr *e = p->builder.failed ? null_literal(p) : expr_not(&p->builder, parse_not(p));
    p->depth--;
    return e;
}

static struct expr *parse_and(struct parser *p)
{
    struct expr *left = parse_not(p);
    while (accept_word(p, "and")) left = expr_logic(&p->builder, true, left, parse_not(p));
    return left;
}

static struct expr *parse_or(struct parser *p)
{
    if (++p->depth > DEPTH_MAX) expr_fail(&p->builder, "nested too deeply");
    struct expr *left = p->builder.failed ? null_literal(p) : parse_and(p);
    while (accept_word(p, "or")) left = expr_logic(&p->builder, false, left, parse_and(p));
    p->depth--;
    return left;
}

int expr_compile(const char *text, const struct expr_scope *scope, struct arena *arena, const char *at,
                 struct expr **out, struct err_text *error)
{
    return expr_compile_with(text, scope, NULL, arena, at, out, error);
}

int expr_compile_with(const char *text, const struct expr_scope *scope, const struct value_maps *maps,
                      struct arena *arena, const char *at, struct expr **out, struct err_text *error)
{
    struct parser p = {.builder = {.scope = scope, .maps = maps, .arena = arena}, .text = text};
    *out = NULL;
    const char *colon = *at ? ": " : "";
    if (strlen(text) > TEXT_BYTES_MAX)
        return err_set(error, ERR_INVALID, "%s%san expression has at most %d bytes", at, colon, TEXT_BYTES_MAX);
    advance(&p);
    struct expr *e = parse_or(&p);
    if (p.token.kind != TOKEN_END) unexpected(&p, "an operator or the end");
    e->first_regex = p.builder.first_regex;
    if (p.builder.failed) {
        expr_release(e);
        if (!*p.builder.message) return ERR_INVALID;
        return err_set(error, ERR_INVALID, "%s%s%s (at character %zu of `%.*s%s`)", at, colon, p.builder.message,
                       p.failed_at + 1, TEXT_SHOWN_MAX, text, strlen(text) > TEXT_SHOWN_MAX ? "..." : "");
    }
    *out = e;
    return ERR_OK;
}
