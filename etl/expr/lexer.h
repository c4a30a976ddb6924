/* lexer.h - an expression's text as tokens. Inside etl/expr only. */
#ifndef MILLRACE_ETL_EXPR_LEXER_H
#define MILLRACE_ETL_EXPR_LEXER_H

#include <stdbool.h>

#include "lib/base/bytes.h"

enum token_kind {
    TOKEN_END,
    TOKEN_NAME,   /* a column, a function or a word such as `and` */
    TOKEN_NUMBER, /* digits, perhaps with a point */
    TOKEN_TEXT,   /* between single quotes, '' for one; `text` has them taken off */
    TOKEN_SYMBOL, /* + - * / % ( ) , || = == != <> < <= > >= */
    TOKEN_BAD,    /* `text` is what cannot be read */
};

struct token {
    enum token_kind kind;
    const char *text; /* in the arena */
    size_t at;        /* byte offset in the expression */
};

/* Reads the token at or after *at and moves *at behind it. */
struct token token_take(const char *expression, size_t *at, struct arena *arena);
/* Names and words are compared without regard to case. */
bool token_is(const struct token *t, enum token_kind kind, const char *text);

#endif
