/* Finding a function by name and checking its arguments against its signature. */
#include <string.h>
#include <strings.h>

#include "etl/definition.h"
#include "etl/document.h"
#include "etl/expr/node.h"

static const struct expr_function *const TABLES[] = {
    EXPR_TEXT_FUNCTIONS,   EXPR_UNICODE_FUNCTIONS, EXPR_CODE_FUNCTIONS,    EXPR_NUMBER_FUNCTIONS, EXPR_TIME_FUNCTIONS,
    EXPR_CHOICE_FUNCTIONS, EXPR_MAP_FUNCTIONS,     EXPR_COUNTRY_FUNCTIONS, EXPR_MONEY_FUNCTIONS};
enum { TABLE_COUNT = sizeof TABLES / sizeof *TABLES };

static const struct expr_function *function_find(const char *name)
{
    for (int t = 0; t < TABLE_COUNT; t++)
        for (const struct expr_function *f = TABLES[t]; f->name; f++)
            if (strcasecmp(f->name, name) == 0) return f;
    return NULL;
}

static void unknown_function(struct expr_builder *b, const char *name)
{
    const char *names[128];
    size_t count = 0;
    for (int t = 0; t < TABLE_COUNT; t++)
        for (const struct expr_function *f = TABLES[t]; f->name && count < 127; f++) names[count++] = f->name;
    names[count] = NULL;
    const char *near = name_nearest(name, names);
    expr_fail(b, "there is no function %s()%s%s%s", name, near ? "; did you mean " : "", near ? near : "",
              near ? "()?" : "");
}

static bool argument_fits(char letter, const struct expr *e)
{
    switch (letter) {
    case 't': return expr_is_type(e, VALUE_TEXT);
    case 'i': return expr_is_type(e, VALUE_INTEGER);
    case 'n': return expr_is_number(e);
    case 'T': return expr_is_type(e, VALUE_TIMESTAMP);
    case 'D': return expr_is_type(e, VALUE_DATE);
    case 'w': return expr_is_type(e, VALUE_TIMESTAMP) || e->type == VALUE_DATE;
    default: return true;
    }
}

static const char *letter_name(char letter)
{
    switch (letter) {
    case 't': return "text";
    case 'i': return "integer";
    case 'n': return "a number";
    case 'T': return "timestamp";
    case 'D': return "date";
    case 'w': return "timestamp or date";
    default: return "anything";
    }
}

/* Steps to the letter of the next argument; the last one repeats before a '+'. */
static const char *letter_next(const char *letter)
{
    if (letter[1] == '+') return letter;
    return letter[1] == '|' ? letter + 2 : letter + 1;
}

static int arguments_least(const char *signature)
{
    size_t n = strcspn(signature, "|+");
    return (int)n;
}

static void arguments_check(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count)
{
    const char *letter = f->arguments[0] == '|' ? f->arguments + 1 : f->arguments;
    int i = 0;
    for (; i < count && *letter; i++, letter = letter_next(letter))
        if (!argument_fits(*letter, args[i]))
            expr_fail(b, "argument %d of %s() must be %s, not %s", i + 1, f->name, letter_name(*letter),
                      expr_type_text(b, args[i]));
    int least = arguments_least(f->arguments);
    if (i < count) expr_fail(b, "%s() takes at most %d argument%s, not %d", f->name, i, i == 1 ? "" : "s", count);
    if (count < least)
        expr_fail(b, "%s() takes at least %d argument%s, not %d", f->name, least, least == 1 ? "" : "s", count);
}

struct expr *expr_function_call(struct expr_builder *b, const char *name, struct expr **args, int count)
{
    const struct expr_function *f = function_find(name);
    if (!f)
        unknown_function(b, name);
    else
        arguments_check(b, f, args, count);
    if (b->failed || !f) return expr_literal(b, (struct value){.type = VALUE_NULL}, 0);
    if (f->build) return f->build(b, f, args, count);
    return expr_strict_node(b, f->type, 0, f->call, args, count);
}

const char *expr_literal_text(struct expr_builder *b, const struct expr_function *f, const struct expr *e)
{
    if (e->is_literal && e->type == VALUE_TEXT) return (const char *)e->literal.text.p;
    expr_fail(b, "%s(): the pattern must be a text between quotes, not computed", f->name);
    return "";
}

int64_t expr_literal_integer(struct expr_builder *b, const struct expr_function *f, const struct expr *e, int64_t low,
                             int64_t high)
{
    if (e->is_literal && e->type == VALUE_INTEGER && e->literal.i >= low && e->literal.i <= high) return e->literal.i;
    expr_fail(b, "%s() needs a whole number from %lld to %lld here, written out", f->name, (long long)low,
              (long long)high);
    return low;
}

int expr_literal_choice(struct expr_builder *b, const struct expr_function *f, const struct expr *e,
                        const char *const *choices)
{
    const char *given = e->is_literal && e->type == VALUE_TEXT ? (const char *)e->literal.text.p : NULL;
    const char *all = "";
    for (int i = 0; choices[i]; i++) {
        if (given && strcasecmp(choices[i], given) == 0) return i;
        all = arena_printf(b->arena, "%s%s'%s'", all, i == 0 ? "" : choices[i + 1] ? ", " : " or ", choices[i]);
    }
    expr_fail(b, "%s() needs %s here, written out", f->name, all);
    return 0;
}
