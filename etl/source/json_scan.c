#include "etl/source/json_scan.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct json_scan json_scan_of(struct slice text)
{
    return (struct json_scan){.p = text.p, .end = text.p + text.n};
}

bool json_scan_fail(struct json_scan *s, const char *wrong)
{
    if (!s->wrong) {
        s->wrong = wrong;
        s->cut = s->p >= s->end;
    }
    return false;
}

bool json_scan_end(struct json_scan *s)
{
    if (s->wrong) return false;
    json_scan_blanks(s);
    return s->p == s->end || json_scan_fail(s, "something stands behind the value");
}

/* --- strings --- */

#define EACH(byte) (UINT64_C(0x0101010101010101) * (uint8_t)(byte))

/* The high bit of each of eight bytes that is zero; above the first such byte there may be false ones. */
static uint64_t zero_bytes(uint64_t v)
{
    return (v - EACH(1)) & ~v & EACH(0x80);
}

static uint64_t eight_at(const uint8_t *p)
{
    uint64_t eight;
    memcpy(&eight, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    eight = __builtin_bswap64(eight);
#endif
    return eight;
}

/* The next byte that ends a stretch of ordinary ones: a quote, a backslash or a control character. Sixteen at a time
 * where the machine has it (every x86-64), else eight. */
static const uint8_t *plain_end(const uint8_t *p, const uint8_t *end)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1f);
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash));
        stop = _mm_or_si128(stop, _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
        unsigned found = (unsigned)_mm_movemask_epi8(stop);
        if (found) return p + __builtin_ctz(found);
    }
#endif
    for (; end - p >= 8; p += 8) {
        uint64_t v = eight_at(p), low = (v - EACH(0x20)) & ~v & EACH(0x80);
        uint64_t found = low | zero_bytes(v ^ EACH('"')) | zero_bytes(v ^ EACH('\\'));
        if (found) return p + (__builtin_ctzll(found) >> 3);
    }
    while (p < end && *p != '"' && *p != '\\' && *p >= 0x20) p++;
    return p;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hexadecimal digits, or -1. */
static int32_t unit_read(const uint8_t *p, const uint8_t *end)
{
    int32_t unit = 0;
    if (end - p < 4) return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0) return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static bool is_high(int32_t unit)
{
    return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(int32_t unit)
{
    return unit >= 0xdc00 && unit < 0xe000;
}

/* Behind `\u`: one character of UTF-16, which may be two units. */
static bool unicode_escape(struct json_scan *s)
{
    if (s->end - s->p < 4) {
        s->p = s->end;
        return json_scan_fail(s, "a \\u escape is cut off");
    }
    int32_t unit = unit_read(s->p, s->end);
    if (unit < 0) return json_scan_fail(s, "\\u needs four hexadecimal digits");
    s->p += 4;
    if (is_low(unit)) return json_scan_fail(s, "the second half of a surrogate pair stands alone");
    if (!is_high(unit)) return true;
    if (s->end - s->p < 6) {
        s->p = s->end;
        return json_scan_fail(s, "a surrogate pair is cut off");
    }
    if (s->p[0] != '\\' || s->p[1] != 'u' || !is_low(unit_read(s->p + 2, s->end)))
        return json_scan_fail(s, "the first half of a surrogate pair stands alone");
    s->p += 6;
    return true;
}

static bool escape(struct json_scan *s)
{
    if (++s->p >= s->end) return json_scan_fail(s, "a string is not closed");
    uint8_t c = *s->p;
    if (c == 'u') {
        s->p++;
        return unicode_escape(s);
    }
    if (!c || !strchr("\"\\/bfnrt", c)) return json_scan_fail(s, "no such escape");
    s->p++;
    return true;
}

bool json_scan_string(struct json_scan *s, struct slice *out)
{
    if (!json_scan_byte(s, '"', "a string must begin here")) return false;
    const uint8_t *start = s->p;
    s->escaped = false;
    for (;;) {
        s->p = plain_end(s->p, s->end);
        if (s->p >= s->end) return json_scan_fail(s, "a string is not closed");
        if (*s->p == '"') break;
        if (*s->p != '\\') return json_scan_fail(s, "a control character in a string must be escaped");
        s->escaped = true;
        if (!escape(s)) return false;
    }
    *out = slice_of(start, (size_t)(s->p - start));
    s->p++;
    return true;
}

static size_t utf8_put(uint8_t *p, uint32_t c)
{
    if (c < 0x80) {
        p[0] = (uint8_t)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; i-- > 1; c >>= 6) p[i] = (uint8_t)(0x80 | (c & 0x3f));
    p[0] = (uint8_t)(lead[n] | c);
    return n;
}

/* The character of a good escape whose backslash is at `p`; gives how long the escape is. */
static uint32_t escape_meaning(const uint8_t *p, const uint8_t *end, size_t *length)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    *length = 2;
    if (p[1] != 'u') return (uint8_t)meanings[strchr(letters, p[1]) - letters];
    int32_t unit = unit_read(p + 2, end);
    *length = 6;
    if (!is_high(unit)) return (uint32_t)unit;
    *length = 12;
    return 0x10000 + (((uint32_t)unit - 0xd800) << 10) + ((uint32_t)unit_read(p + 8, end) - 0xdc00);
}

struct slice json_scan_text(struct slice inside, struct arena *arena)
{
    const uint8_t *at = inside.n ? memchr(inside.p, '\\', inside.n) : NULL, *from = inside.p, *end = from + inside.n;
    if (!at) return inside;
    uint8_t *p = arena_alloc(arena, inside.n); /* no escape is shorter than what it stands for */
    size_t n = 0, length;
    for (; at; at = from < end ? memchr(from, '\\', (size_t)(end - from)) : NULL) {
        memcpy(p + n, from, (size_t)(at - from));
        n += (size_t)(at - from);
        n += utf8_put(p + n, escape_meaning(at, end, &length));
        from = at + length;
    }
    memcpy(p + n, from, (size_t)(end - from));
    return slice_of(p, n + (size_t)(end - from));
}

/* --- other values --- */

static bool is_digit(const struct json_scan *s)
{
    return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

static bool digits(struct json_scan *s, const char *wrong)
{
    if (!is_digit(s)) return json_scan_fail(s, wrong);
    while (is_digit(s)) s->p++;
    return true;
}

bool json_scan_number(struct json_scan *s)
{
    if (s->p < s->end && *s->p == '-') s->p++;
    const uint8_t *first = s->p;
    if (!digits(s, "a number needs a digit here")) return false;
    if (*first == '0' && s->p > first + 1) {
        s->p = first;
        return json_scan_fail(s, "a number must not begin with 0");
    }
    if (s->p < s->end && *s->p == '.') {
        s->p++;
        if (!digits(s, "a number needs a digit behind its point")) return false;
    }
    if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
        s->p++;
        if (s->p < s->end && (*s->p == '+' || *s->p == '-')) s->p++;
        if (!digits(s, "a number needs a digit in its exponent")) return false;
    }
    return true;
}

static bool literal(struct json_scan *s, const char *word)
{
    size_t n = strlen(word), there = (size_t)(s->end - s->p);
    if (there < n && memcmp(s->p, word, there) == 0) s->p = s->end;
    if (there < n || memcmp(s->p, word, n) != 0) return json_scan_fail(s, "no value begins so");
    s->p += n;
    return true;
}

static bool object_skip(struct json_scan *s, int depth)
{
    struct slice key;
    s->p++;
    json_scan_blanks(s);
    if (s->p < s->end && *s->p == '}') {
        s->p++;
        return true;
    }
    for (;;) {
        if (!json_scan_string(s, &key)) return false;
        json_scan_blanks(s);
        if (!json_scan_byte(s, ':', "a : must stand behind a name")) return false;
        json_scan_blanks(s);
        if (!json_scan_value(s, depth)) return false;
        json_scan_blanks(s);
        if (s->p < s->end && *s->p == '}') break;
        if (!json_scan_byte(s, ',', "a , or } must stand behind a member")) return false;
        json_scan_blanks(s);
    }
    s->p++;
    return true;
}

static bool array_skip(struct json_scan *s, int depth)
{
    s->p++;
    json_scan_blanks(s);
    if (s->p < s->end && *s->p == ']') {
        s->p++;
        return true;
    }
    for (;;) {
        if (!json_scan_value(s, depth)) return false;
        json_scan_blanks(s);
        if (s->p < s->end && *s->p == ']') break;
        if (!json_scan_byte(s, ',', "a , or ] must stand behind an element")) return false;
        json_scan_blanks(s);
    }
    s->p++;
    return true;
}

bool json_scan_value(struct json_scan *s, int depth)
{
    struct slice ignored;
    if (s->wrong || s->p >= s->end) return json_scan_fail(s, "it ends here: is it cut off?");
    switch (*s->p) {
    case '"': return json_scan_string(s, &ignored);
    case '{':
    case '[':
        if (depth >= JSON_DEPTH_MAX) return json_scan_fail(s, "more than 128 objects and arrays inside each other");
        return *s->p == '{' ? object_skip(s, depth + 1) : array_skip(s, depth + 1);
    case 't': return literal(s, "true");
    case 'f': return literal(s, "false");
    case 'n': return literal(s, "null");
    default:
        if (*s->p != '-' && !is_digit(s)) return json_scan_fail(s, "no value begins so");
        return json_scan_number(s);
    }
}
