/* Functions that know the letters of all languages, by utf8proc (Unicode 15): case, normal forms, accents, blanks.
 *
 * `upper` and `lower` change A-Z and a-z only unless they are asked for Unicode, so that what a definition gave before
 * it still gives. None of them depends on a locale. A text that is not UTF-8 (the name of a file may be none) cannot be
 * computed. */
#include <string.h>
#include <utf8proc.h>

#include "etl/expr/node.h"
#include "etl/expr/unicode.h"

#define STRICT(name)                                                                                                   \
    static enum expr_outcome name(const struct expr *e, const struct value *a, struct arena *arena, struct value *out)

/* --- normal forms --- */

bool unicode_map(struct slice s, int options, struct arena *arena, struct slice *out)
{
    utf8proc_ssize_t room = (utf8proc_ssize_t)s.n + 8, n;
    utf8proc_int32_t *points;
    for (;;) {
        /* One more: utf8proc_reencode writes a NUL behind the text. */
        points = arena_alloc(arena, ((size_t)room + 1) * sizeof *points);
        n = utf8proc_decompose(s.p, (utf8proc_ssize_t)s.n, points, room, (utf8proc_option_t)options);
        if (n <= room) break;
        room = n;
    }
    if (n >= 0) n = utf8proc_reencode(points, n, (utf8proc_option_t)options);
    if (n < 0) return false;
    *out = slice_of(points, (size_t)n);
    return true;
}

static enum expr_outcome map_give(struct slice s, int options, struct arena *arena, struct value *out)
{
    struct slice mapped;
    return unicode_map(s, options, arena, &mapped) ? expr_give_text(out, mapped) : EXPR_BAD_TEXT;
}

/* True when no byte is above `last`. */
static bool bytes_up_to(struct slice s, uint8_t last)
{
    size_t i = 0;
    while (i < s.n && s.p[i] <= last) i++;
    return i == s.n;
}

STRICT(normalize_call)
{
    return bytes_up_to(a[0].text, 0x7f) ? expr_give_text(out, a[0].text)
                                        : map_give(a[0].text, (int)e->number, arena, out);
}

/* normalize(text [, 'NFC' | 'NFKC' | 'NFD' | 'NFKD']) */
static struct expr *normalize_build(struct expr_builder *b, const struct expr_function *f, struct expr **args,
                                    int count)
{
    static const char *const forms[] = {"NFC", "NFKC", "NFD", "NFKD", NULL};
    static const int options[] = {UNICODE_NFC, UNICODE_NFC | UTF8PROC_COMPAT, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE,
                                  UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT};
    struct expr *e = expr_strict_node(b, f->type, 0, f->call, args, 1);
    e->number = options[count == 2 ? expr_literal_choice(b, f, args[1], forms) : 0];
    return e;
}

STRICT(fold_case_call)
{
    (void)e;
    return map_give(a[0].text, UTF8PROC_STABLE | UTF8PROC_CASEFOLD, arena, out);
}

STRICT(strip_accents_call)
{
    (void)e;
    return bytes_up_to(a[0].text, 0x7f) ? expr_give_text(out, a[0].text)
                                        : map_give(a[0].text, UNICODE_NFC | UTF8PROC_STRIPMARK, arena, out);
}

/* --- case --- */

enum letter_case { CASE_UPPER, CASE_LOWER };

static struct slice ascii_case(struct slice s, enum letter_case wanted, struct arena *arena)
{
    uint8_t first = wanted == CASE_UPPER ? 'a' : 'A';
    uint8_t *p = arena_copy(arena, s.p, s.n);
    for (size_t i = 0; i < s.n; i++)
        if (p[i] >= first && p[i] < first + 26) p[i] ^= 0x20;
    return slice_of(p, s.n);
}

/* The one letter whose capital is two: Unicode's simple mapping gives U+1E9E, which nobody writes on a parcel. */
enum { SHARP_S = 0xdf };

static size_t upper_put(utf8proc_int32_t c, uint8_t *to)
{
    if (c != SHARP_S) return (size_t)utf8proc_encode_char(utf8proc_toupper(c), to);
    to[0] = to[1] = 'S';
    return 2;
}

static bool is_letter(utf8proc_int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_ME; /* letters and their marks */
}

static bool is_apostrophe(utf8proc_int32_t c)
{
    return c == '\'' || c == 0x2019;
}

/* What title() knows of the word that it is in. An apostrophe begins a new word behind a single letter only:
 * O'Brien, L'Oreal, but Women's. */
struct word {
    int letters;
    bool inside;
};

static size_t title_put(struct word *w, utf8proc_int32_t c, uint8_t *to)
{
    bool letter = is_letter(c), digit = utf8proc_category(c) == UTF8PROC_CATEGORY_ND;
    bool first = letter && !w->inside;
    if (is_apostrophe(c) && w->inside)
        w->inside = w->letters != 1;
    else
        w->inside = letter || digit;
    w->letters = !w->inside ? 0 : w->letters + 1;
    return (size_t)utf8proc_encode_char(first ? utf8proc_totitle(c) : utf8proc_tolower(c), to);
}

enum unicode_case { UNICODE_UPPER, UNICODE_LOWER, UNICODE_TITLE };

static enum expr_outcome unicode_case(struct slice s, enum unicode_case wanted, struct arena *arena, struct value *out)
{
    enum { CHARACTER_BYTES_MAX = 4 };
    uint8_t *p = arena_alloc(arena, CHARACTER_BYTES_MAX * s.n + 1);
    struct word word = {0};
    size_t at = 0;
    for (size_t i = 0; i < s.n;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate(s.p + i, (utf8proc_ssize_t)(s.n - i), &c);
        if (n <= 0) return EXPR_BAD_TEXT;
        i += (size_t)n;
        switch (wanted) {
        case UNICODE_UPPER: at += upper_put(c, p + at); break;
        case UNICODE_LOWER: at += (size_t)utf8proc_encode_char(utf8proc_tolower(c), p + at); break;
        default: at += title_put(&word, c, p + at); break;
        }
    }
    return expr_give_text(out, slice_of(p, at));
}

STRICT(upper_call)
{
    return e->number ? unicode_case(a[0].text, UNICODE_UPPER, arena, out)
                     : expr_give_text(out, ascii_case(a[0].text, CASE_UPPER, arena));
}

STRICT(lower_call)
{
    return e->number ? unicode_case(a[0].text, UNICODE_LOWER, arena, out)
                     : expr_give_text(out, ascii_case(a[0].text, CASE_LOWER, arena));
}

/* upper(text [, 'ascii' | 'unicode']), lower(...) */
static struct expr *case_build(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count)
{
    static const char *const alphabets[] = {"ascii", "unicode", NULL};
    struct expr *e = expr_strict_node(b, f->type, 0, f->call, args, 1);
    e->number = count == 2 ? expr_literal_choice(b, f, args[1], alphabets) : 0;
    return e;
}

STRICT(title_call)
{
    (void)e;
    return unicode_case(a[0].text, UNICODE_TITLE, arena, out);
}

/* --- blanks --- */

/* Unicode's White_Space: what stands between words in any language, the no-break ones too. */
static bool is_blank(utf8proc_int32_t c)
{
    return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Runs of blanks become one, those at the ends none. */
STRICT(collapse_blanks_call)
{
    (void)e;
    struct slice s = a[0].text;
    uint8_t *p = arena_alloc(arena, s.n + 1);
    size_t at = 0;
    bool pending = false;
    for (size_t i = 0; i < s.n;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate(s.p + i, (utf8proc_ssize_t)(s.n - i), &c);
        if (n <= 0) return EXPR_BAD_TEXT;
        if (is_blank(c))
            pending = at > 0;
        else {
            if (pending) p[at++] = ' ';
            pending = false;
            memcpy(p + at, s.p + i, (size_t)n);
            at += (size_t)n;
        }
        i += (size_t)n;
    }
    return expr_give_text(out, slice_of(p, at));
}

const struct expr_function EXPR_UNICODE_FUNCTIONS[] = {
    {"upper", "t|t", VALUE_TEXT, upper_call, case_build},
    {"lower", "t|t", VALUE_TEXT, lower_call, case_build},
    {"title", "t", VALUE_TEXT, title_call, NULL},
    {"normalize", "t|t", VALUE_TEXT, normalize_call, normalize_build},
    {"fold_case", "t", VALUE_TEXT, fold_case_call, NULL},
    {"strip_accents", "t", VALUE_TEXT, strip_accents_call, NULL},
    {"collapse_blanks", "t", VALUE_TEXT, collapse_blanks_call, NULL},
    {NULL, NULL, VALUE_NULL, NULL, NULL},
};
