#include "etl/expr/lexer.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *const SYMBOLS[] = {"||", "==", "!=", "<>", "<=", ">=", "=", "<", ">",
                                      "+",  "-",  "*",  "/",  "%",  "(",  ")", ",", NULL};

static bool is_name_byte(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static size_t number_length(const char *s)
{
    size_t n = strspn(s, "0123456789");
    if (s[n] == '.') n += 1 + strspn(s + n + 1, "0123456789");
    return n;
}

static size_t name_length(const char *s)
{
    size_t n = 0;
    while (is_name_byte(s[n])) n++;
    return n;
}

/* s[0] is the opening quote. Gives the length with both quotes, 0 when the text is not closed. */
static size_t text_unquote(const char *s, char *out)
{
    size_t i = 1;
    for (; s[i]; i++) {
        if (s[i] == '\'' && s[i + 1] != '\'') {
            *out = '\0';
            return i + 1;
        }
        if (s[i] == '\'') i++;
        *out++ = s[i];
    }
    return 0;
}

static size_t symbol_length(const char *s)
{
    for (size_t i = 0; SYMBOLS[i]; i++)
        if (strncmp(s, SYMBOLS[i], strlen(SYMBOLS[i])) == 0) return strlen(SYMBOLS[i]);
    return 0;
}

static struct token token_make(enum token_kind kind, const char *s, size_t n, size_t at, struct arena *arena)
{
    return (struct token){kind, arena_str(arena, slice_of(s, n)), at};
}

struct token token_take(const char *expression, size_t *at, struct arena *arena)
{
    while (isspace((unsigned char)expression[*at])) ++*at;
    size_t start = *at, n;
    const char *s = expression + start;
    if (!*s) return (struct token){TOKEN_END, "", start};
    if (*s == '\'') {
        char *text = arena_alloc(arena, strlen(s) + 1);
        n = text_unquote(s, text);
        *at += n;
        return n ? (struct token){TOKEN_TEXT, text, start} : token_make(TOKEN_BAD, s, strlen(s), start, arena);
    }
    enum token_kind kind = isdigit((unsigned char)*s) ? TOKEN_NUMBER : is_name_byte(*s) ? TOKEN_NAME : TOKEN_SYMBOL;
    n = kind == TOKEN_NUMBER ? number_length(s) : kind == TOKEN_NAME ? name_length(s) : symbol_length(s);
    if (n == 0) return token_make(TOKEN_BAD, s, 1, start, arena);
    *at += n;
    return token_make(kind, s, n, start, arena);
}

bool token_is(const struct token *t, enum token_kind kind, const char *text)
{
    return t->kind == kind && strcasecmp(t->text, text) == 0;
}
