#include "etl/source/money.h"

#include <ctype.h>
#include <string.h>

#include "etl/currency.h"

const struct money_spec *money_spec_read(struct node n)
{
    struct money_spec *m = arena_alloc(n.doc->arena, sizeof *m);
    m->codes = node_text_list(n, &m->count);
    if (m->count == 1 && strcmp(m->codes[0], "any") == 0) {
        m->count = 0;
        return m;
    }
    if (node_present(n) && m->count == 0) node_fail(n, "needs at least one currency, or \"any\"");
    for (int i = 0; i < m->count; i++) {
        const struct currency *c = currency_find(slice_str(m->codes[i]));
        if (!c || strcmp(c->code, m->codes[i]) != 0)
            node_fail(n, "\"%s\" is no code of ISO 4217, such as \"EUR\"; or \"any\"", m->codes[i]);
    }
    return m;
}

/* --- blanks: the no-break ones between an amount and its currency are not ASCII --- */

static size_t blank_length(struct slice s)
{
    static const char *const blanks[] = {" ", "\t", "\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x89"};
    for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++) {
        size_t n = strlen(blanks[i]);
        if (s.n >= n && memcmp(s.p, blanks[i], n) == 0) return n;
    }
    return 0;
}

static struct slice trimmed(struct slice s)
{
    for (size_t n; (n = blank_length(s));) s = slice_of(s.p + n, s.n - n);
    for (size_t n = 1; n <= 3 && n <= s.n; n++)
        if (blank_length(slice_of(s.p + s.n - n, n)) == n) {
            s.n -= n;
            n = 0;
        }
    return s;
}

/* --- the currency --- */

static bool is_declared(const struct money_spec *m, const char *code)
{
    for (int i = 0; i < m->count; i++)
        if (strcmp(m->codes[i], code) == 0) return true;
    return m->count == 0;
}

/* What a mark means; NULL for nothing, or for several. */
static const char *mark_resolve(const struct money_spec *m, struct slice mark)
{
    bool has_default;
    /* Rs.500 is an abbreviation, but in USD.50 the point could be the amount's. */
    struct slice word = mark.n > 1 && mark.p[mark.n - 1] == '.' ? slice_of(mark.p, mark.n - 1) : mark;
    if (word.n < mark.n && currency_find(word)) return NULL;
    const char *codes = currency_sign_find(word, &has_default), *only = NULL;
    int found = 0;
    if (m->count == 0 && !has_default) return NULL;
    for (const char *p = codes; *p; p += p[3] ? 4 : 3) {
        const char *code = currency_find(slice_of(p, 3))->code;
        if (!is_declared(m, code)) continue;
        only = code;
        found++;
        if (m->count == 0) break; /* the first is the usual one */
    }
    return found == 1 ? only : NULL;
}

/* --- the amount --- */

/* Where the number begins: at its first digit, or at a decimal sign ahead of it that is no abbreviation's (Rs.500). */
static size_t number_begin(struct slice s)
{
    size_t i = 0;
    while (i < s.n && !isdigit(s.p[i])) i++;
    bool point = i > 0 && i < s.n && (s.p[i - 1] == '.' || s.p[i - 1] == ',');
    return point && (i == 1 || !isalpha(s.p[i - 2])) ? i - 1 : i;
}

/* Behind its last digit, or behind a decimal sign that has none: "5. EUR". */
static size_t number_end(struct slice s)
{
    size_t i = s.n;
    while (i > 0 && !isdigit(s.p[i - 1])) i--;
    return i > 0 && i < s.n && (s.p[i] == '.' || s.p[i] == ',') ? i + 1 : i;
}

/* Takes a sign off the beginning or the end of what stands ahead of the number: -$5, $-5, or U+2212 for it. */
static bool sign_take(struct slice *s, bool *negative)
{
    static const char *const signs[] = {"-", "\xe2\x88\x92", "+"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t n = strlen(signs[i]);
        if (s->n < n) continue;
        bool first = memcmp(s->p, signs[i], n) == 0, last = memcmp(s->p + s->n - n, signs[i], n) == 0;
        if (!first && !last) continue;
        *s = trimmed(first ? slice_of(s->p + n, s->n - n) : slice_of(s->p, s->n - n));
        *negative = i < 2;
        return true;
    }
    return false;
}

/* Bookkeepers write (5.00) for -5.00. */
static bool brackets_take(struct slice *s)
{
    if (s->n < 2 || s->p[0] != '(' || s->p[s->n - 1] != ')') return false;
    *s = trimmed(slice_of(s->p + 1, s->n - 2));
    return true;
}

bool money_split(const struct money_spec *m, struct slice s, char room[MONEY_BYTES_MAX], struct slice *amount,
                 const char **code)
{
    s = trimmed(s);
    bool negative = brackets_take(&s), bracketed = negative;
    size_t begin = number_begin(s), end = number_end(s);
    if (begin >= end || end - begin + 1 > MONEY_BYTES_MAX) return false;
    struct slice ahead = trimmed(slice_of(s.p, begin)), behind = trimmed(slice_of(s.p + end, s.n - end));
    if (ahead.n && sign_take(&ahead, &negative) && bracketed) return false;
    *code = ahead.n ? mark_resolve(m, ahead) : behind.n ? mark_resolve(m, behind) : m->count == 1 ? m->codes[0] : NULL;
    /* On both sides, "US$ 5.00 USD", they must mean the same. */
    if (!*code || (ahead.n && behind.n && mark_resolve(m, behind) != *code)) return false;
    room[0] = '-';
    memcpy(room + negative, s.p + begin, end - begin);
    *amount = slice_of(room, end - begin + negative);
    return true;
}
