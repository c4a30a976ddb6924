/* Functions of texts. Lengths and positions count characters (code points), not bytes. What needs to know letters is in
 * functions_unicode.c. */
#include <string.h>

#include "etl/expr/node.h"
#include "etl/time_format.h"
#include "lib/base/text.h"

#define STRICT(name)                                                                                                   \
    static enum expr_outcome name(const struct expr *e, const struct value *a, struct arena *arena, struct value *out)

enum { PAD_CHARACTERS_MAX = 1000 };

/* --- searching bytes --- */

/* Offset of the first `needle`, or SIZE_MAX. UTF-8 is self-synchronizing: a byte search is enough. */
static size_t find_first(struct slice text, struct slice needle)
{
    if (needle.n == 0 || text.n < needle.n) return needle.n == 0 ? 0 : SIZE_MAX;
    const uint8_t *p = memmem(text.p, text.n, needle.p, needle.n);
    return p ? (size_t)(p - text.p) : SIZE_MAX;
}

static size_t find_last(struct slice text, struct slice needle)
{
    for (size_t at = text.n + 1; at-- > 0;)
        if (at + needle.n <= text.n && (needle.n == 0 || memcmp(text.p + at, needle.p, needle.n) == 0)) return at;
    return SIZE_MAX;
}

static struct slice text_from(struct slice s, size_t at)
{
    return slice_of(s.p + at, s.n - at);
}

/* Byte offset of the character number `count` (0-based), at most s.n. */
static size_t characters_skip(struct slice s, int64_t count)
{
    size_t at = 0;
    for (; count > 0 && at < s.n; count--)
        for (at++; at < s.n && (s.p[at] & 0xc0) == 0x80;) at++;
    return at;
}

static int64_t characters_count(struct slice s)
{
    return (int64_t)text_length(s);
}

/* --- blanks, length --- */

STRICT(trim_call)
{
    (void)e, (void)arena;
    struct slice s = a[0].text;
    while (s.n && strchr(" \t\r\n", s.p[0]) && s.p[0]) s = text_from(s, 1);
    while (s.n && strchr(" \t\r\n", s.p[s.n - 1]) && s.p[s.n - 1]) s.n--;
    return expr_give_text(out, s);
}

STRICT(length_call)
{
    (void)e, (void)arena;
    return expr_give_integer(out, characters_count(a[0].text));
}

STRICT(concat_call)
{
    size_t n = 0, at = 0;
    for (int i = 0; i < e->arg_count; i++) n += a[i].text.n;
    uint8_t *p = arena_alloc(arena, n + 1);
    for (int i = 0; i < e->arg_count; i++) {
        if (a[i].text.n) memcpy(p + at, a[i].text.p, a[i].text.n);
        at += a[i].text.n;
    }
    return expr_give_text(out, slice_of(p, n));
}

/* --- parts of a text --- */

STRICT(before_call)
{
    (void)e, (void)arena;
    size_t at = find_first(a[0].text, a[1].text);
    return expr_give_text(out, at == SIZE_MAX ? a[0].text : slice_of(a[0].text.p, at));
}

STRICT(before_last_call)
{
    (void)e, (void)arena;
    size_t at = find_last(a[0].text, a[1].text);
    return expr_give_text(out, at == SIZE_MAX ? a[0].text : slice_of(a[0].text.p, at));
}

STRICT(after_call)
{
    (void)e, (void)arena;
    size_t at = find_first(a[0].text, a[1].text);
    return at == SIZE_MAX ? expr_give_null(out) : expr_give_text(out, text_from(a[0].text, at + a[1].text.n));
}

STRICT(after_last_call)
{
    (void)e, (void)arena;
    size_t at = find_last(a[0].text, a[1].text);
    return at == SIZE_MAX ? expr_give_null(out) : expr_give_text(out, text_from(a[0].text, at + a[1].text.n));
}

STRICT(left_call)
{
    (void)e, (void)arena;
    return expr_give_text(out, slice_of(a[0].text.p, characters_skip(a[0].text, a[1].i)));
}

STRICT(right_call)
{
    (void)e, (void)arena;
    int64_t length = characters_count(a[0].text), take = a[1].i < 0 ? 0 : a[1].i;
    return expr_give_text(out, text_from(a[0].text, characters_skip(a[0].text, length > take ? length - take : 0)));
}

/* substring(text, from [, length]); from counts from 1. */
STRICT(substring_call)
{
    (void)arena;
    struct slice rest = text_from(a[0].text, characters_skip(a[0].text, a[1].i > 1 ? a[1].i - 1 : 0));
    if (e->arg_count == 3) rest.n = characters_skip(rest, a[2].i);
    return expr_give_text(out, rest);
}

/* split_part(text, separator, n): the n-th part from 1, NULL when there are fewer. */
STRICT(split_part_call)
{
    (void)e, (void)arena;
    struct slice rest = a[0].text;
    if (a[1].text.n == 0 || a[2].i < 1) return expr_give_null(out);
    for (int64_t n = 1;; n++) {
        size_t at = find_first(rest, a[1].text);
        if (n == a[2].i) return expr_give_text(out, at == SIZE_MAX ? rest : slice_of(rest.p, at));
        if (at == SIZE_MAX) return expr_give_null(out);
        rest = text_from(rest, at + a[1].text.n);
    }
}

STRICT(replace_call)
{
    (void)e;
    struct slice rest = a[0].text;
    struct buf b = {0};
    for (size_t at; a[1].text.n && (at = find_first(rest, a[1].text)) != SIZE_MAX;) {
        buf_append(&b, rest.p, at);
        buf_append_slice(&b, a[2].text);
        rest = text_from(rest, at + a[1].text.n);
    }
    buf_append_slice(&b, rest);
    struct slice made = slice_of(arena_copy(arena, b.p, b.n), b.n);
    buf_release(&b);
    return expr_give_text(out, made);
}

/* --- conditions --- */

STRICT(starts_with_call)
{
    (void)e, (void)arena;
    struct slice s = a[0].text, start = a[1].text;
    return expr_give_integer(out, s.n >= start.n && slice_equal(slice_of(s.p, start.n), start));
}

STRICT(ends_with_call)
{
    (void)e, (void)arena;
    struct slice s = a[0].text, end = a[1].text;
    return expr_give_integer(out, s.n >= end.n && slice_equal(text_from(s, s.n - end.n), end));
}

STRICT(contains_call)
{
    (void)e, (void)arena;
    return expr_give_integer(out, find_first(a[0].text, a[1].text) != SIZE_MAX);
}

/* A pattern on which PCRE2 gives up is reported as a value that cannot be computed. */
STRICT(matches_call)
{
    (void)arena;
    enum regex_outcome found = regex_search(e->regex, a[0].text, 0, NULL);
    return found == REGEX_GAVE_UP ? EXPR_OVERFLOW : expr_give_integer(out, found == REGEX_YES);
}

STRICT(extract_call)
{
    (void)arena;
    struct slice group;
    enum regex_outcome found = regex_search(e->regex, a[0].text, (int)e->number, &group);
    if (found == REGEX_GAVE_UP) return EXPR_OVERFLOW;
    return found == REGEX_NO || !group.p ? expr_give_null(out) : expr_give_text(out, group);
}

/* matches(text, 'regex') and extract(text, 'regex' [, group]): group 1 if there is one, else the match. */
static struct expr *regex_build(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count)
{
    char message[200];
    struct expr *e = expr_strict_node(b, f->type, 0, f->call, args, 1);
    struct regex *r = regex_new(expr_literal_text(b, f, args[1]), false, message);
    if (!r) {
        expr_fail(b, "%s(): %s", f->name, message);
        return e;
    }
    expr_regex_attach(b, e, r);
    int groups = regex_group_count(r);
    e->number = count == 3 ? expr_literal_integer(b, f, args[2], 0, groups) : groups > 0;
    return e;
}

/* regex_replace(text, 'regex', 'by'): every match; $1 in `by` is what group 1 matched. */
STRICT(regex_replace_call)
{
    struct buf b = {0};
    enum regex_outcome found = regex_replace(e->regex, a[0].text, e->format, &b);
    struct slice made = slice_of(arena_copy(arena, b.p, b.n), b.n);
    buf_release(&b);
    return found == REGEX_GAVE_UP ? EXPR_OVERFLOW : expr_give_text(out, made);
}

static struct expr *regex_replace_build(struct expr_builder *b, const struct expr_function *f, struct expr **args,
                                        int count)
{
    struct expr *e = regex_build(b, f, args, count - 1);
    e->format = expr_literal_text(b, f, args[2]);
    const char *wrong = e->regex ? regex_replacement_wrong(e->regex, e->format) : NULL;
    if (wrong) expr_fail(b, "%s(): %s", f->name, wrong);
    return e;
}

/* pad_left(text, n, fill): to n characters, by repeating the first character of `fill` ahead of it. */
STRICT(pad_left_call)
{
    (void)e;
    struct slice fill = slice_of(a[2].text.p, characters_skip(a[2].text, 1));
    int64_t missing = a[1].i - characters_count(a[0].text);
    if (missing <= 0 || fill.n == 0) return expr_give_text(out, a[0].text);
    if (missing > PAD_CHARACTERS_MAX) return EXPR_OVERFLOW;
    size_t padding = (size_t)missing * fill.n;
    uint8_t *p = arena_alloc(arena, padding + a[0].text.n);
    for (size_t at = 0; at < padding; at += fill.n) memcpy(p + at, fill.p, fill.n);
    memcpy(p + padding, a[0].text.p, a[0].text.n);
    return expr_give_text(out, slice_of(p, padding + a[0].text.n));
}

/* --- text(x): the way a value is written in the warehouse, decimals with their point --- */

STRICT(text_call)
{
    struct buf b = {0};
    switch (e->args[0]->type) {
    case VALUE_TEXT: return expr_give_text(out, a[0].text);
    case VALUE_TIMESTAMP: time_print("%F %T", a[0].i, &b); break;
    case VALUE_DATE: time_print("%F", a[0].i * 86400, &b); break;
    default: text_from_decimal(a[0].i, e->args[0]->scale, &b); break;
    }
    struct slice made = slice_of(arena_copy(arena, b.p, b.n), b.n);
    buf_release(&b);
    return expr_give_text(out, made);
}

const struct expr_function EXPR_TEXT_FUNCTIONS[] = {
    {"trim", "t", VALUE_TEXT, trim_call, NULL},
    {"length", "t", VALUE_INTEGER, length_call, NULL},
    {"concat", "tt+", VALUE_TEXT, concat_call, NULL},
    {"before", "tt", VALUE_TEXT, before_call, NULL},
    {"before_last", "tt", VALUE_TEXT, before_last_call, NULL},
    {"after", "tt", VALUE_TEXT, after_call, NULL},
    {"after_last", "tt", VALUE_TEXT, after_last_call, NULL},
    {"left", "ti", VALUE_TEXT, left_call, NULL},
    {"right", "ti", VALUE_TEXT, right_call, NULL},
    {"substring", "ti|i", VALUE_TEXT, substring_call, NULL},
    {"split_part", "tti", VALUE_TEXT, split_part_call, NULL},
    {"replace", "ttt", VALUE_TEXT, replace_call, NULL},
    {"starts_with", "tt", VALUE_INTEGER, starts_with_call, NULL},
    {"ends_with", "tt", VALUE_INTEGER, ends_with_call, NULL},
    {"contains", "tt", VALUE_INTEGER, contains_call, NULL},
    {"matches", "tt", VALUE_INTEGER, matches_call, regex_build},
    {"extract", "tt|i", VALUE_TEXT, extract_call, regex_build},
    {"regex_replace", "ttt", VALUE_TEXT, regex_replace_call, regex_replace_build},
    {"pad_left", "tit", VALUE_TEXT, pad_left_call, NULL},
    {"text", "*", VALUE_TEXT, text_call, NULL},
    {NULL, NULL, VALUE_NULL, NULL, NULL},
};
