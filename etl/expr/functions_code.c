/* Texts as codes: percent-encoding and query strings of URLs (RFC 3986, and the WHATWG's form encoding, in which + is
 * a blank), and a digest to serve as the key of a content. */
#include <string.h>

#include "etl/expr/html.h"
#include "etl/expr/node.h"
#include "lib/base/checksum.h"
#include "lib/base/text.h"

#define STRICT(name)                                                                                                   \
    static enum expr_outcome name(const struct expr *e, const struct value *a, struct arena *arena, struct value *out)

/* hash(text): SHA-256, 64 hexadecimal digits. */
STRICT(hash_call)
{
    (void)e;
    enum { DIGITS = 64 };
    char hex[DIGITS + 1];
    struct sha256 *sha = sha256_new();
    sha256_update(sha, a[0].text.p, a[0].text.n);
    sha256_take_hex(sha, hex);
    return expr_give_text(out, slice_of(arena_copy(arena, hex, DIGITS), DIGITS));
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that two digits stand for; -1 when they are none. */
static int hex_pair(const uint8_t *p)
{
    int high = hex_digit(p[0]), low = hex_digit(p[1]);
    return high < 0 || low < 0 ? -1 : 16 * high + low;
}

/* A % without two digits behind it stays, as in browsers. False when the result is no UTF-8 and for %00, which comes
 * from attackers; a U+0000 that the text itself has stays. */
static bool percent_decode(struct slice s, struct arena *arena, struct slice *out)
{
    uint8_t *p = arena_alloc(arena, s.n + 1);
    size_t n = 0;
    bool coded_nul = false;
    for (size_t i = 0; i < s.n; i++) {
        int coded = s.p[i] == '%' && i + 2 < s.n ? hex_pair(s.p + i + 1) : -1;
        p[n++] = coded >= 0 ? (uint8_t)coded : s.p[i] == '+' ? ' ' : s.p[i];
        coded_nul |= coded == 0;
        if (coded >= 0) i += 2;
    }
    *out = slice_of(p, n);
    return text_is_utf8(*out) && !coded_nul;
}

/* url_decode(text): %C3%A9 and + as what they stand for. */
STRICT(url_decode_call)
{
    (void)e;
    struct slice decoded;
    return percent_decode(a[0].text, arena, &decoded) ? expr_give_text(out, decoded) : EXPR_BAD_TEXT;
}

/* The part of `s` up to `c`; *s stands behind it afterwards. */
static struct slice part_take(struct slice *s, char c)
{
    const uint8_t *end = memchr(s->p, c, s->n);
    size_t n = end ? (size_t)(end - s->p) : s->n, next = n + (end != NULL);
    struct slice part = slice_of(s->p, n);
    *s = slice_of(s->p + next, s->n - next);
    return part;
}

/* query_value(url, name): the value of the first parameter `name` behind the ?, decoded; NULL when it has none. */
STRICT(query_value_call)
{
    (void)e;
    struct slice rest = a[0].text;
    part_take(&rest, '?');
    for (rest = part_take(&rest, '#'); rest.n;) {
        struct slice value = part_take(&rest, '&'), name = part_take(&value, '='), decoded;
        if (!percent_decode(name, arena, &decoded) || !slice_equal(decoded, a[1].text)) continue;
        return percent_decode(value, arena, &decoded) ? expr_give_text(out, decoded) : EXPR_BAD_TEXT;
    }
    return expr_give_null(out);
}

/* html_decode(text): &eacute; and &#233; as what they stand for. */
STRICT(html_decode_call)
{
    (void)e;
    struct buf made = {0};
    if (!a[0].text.n || !memchr(a[0].text.p, '&', a[0].text.n)) return expr_give_text(out, a[0].text);
    html_decode(a[0].text, &made);
    struct slice text = slice_of(arena_copy(arena, made.p, made.n), made.n);
    buf_release(&made);
    return expr_give_text(out, text);
}

const struct expr_function EXPR_CODE_FUNCTIONS[] = {
    {"html_decode", "t", VALUE_TEXT, html_decode_call, NULL},
    {"hash", "t", VALUE_TEXT, hash_call, NULL},
    {"url_decode", "t", VALUE_TEXT, url_decode_call, NULL},
    {"query_value", "tt", VALUE_TEXT, query_value_call, NULL},
    {NULL, NULL, VALUE_NULL, NULL, NULL},
};
