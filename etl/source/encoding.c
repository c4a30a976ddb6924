#include "etl/source/encoding.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "lib/base/text.h"

const char *const ENCODING_NAMES[] = {"utf-8",        "windows-1252", "iso-8859-1",   "iso-8859-15",
                                      "iso-8859-2",   "iso-8859-9",   "windows-1250", "windows-1251",
                                      "windows-1254", "macintosh",    "koi8-r",       "ascii",
                                      "utf-16",       "utf-16le",     "utf-16be",     NULL};

/* Bytes before the first one above 0x7f, many at a time. */
static size_t ascii_length(struct slice s)
{
    size_t i = 0;
    for (uint64_t eight; i + 8 <= s.n; i += 8) {
        memcpy(&eight, s.p + i, 8);
        if (eight & 0x8080808080808080) break;
    }
    while (i < s.n && s.p[i] < 0x80) i++;
    return i;
}

/* Whether that is all of them, as in nearly all records: looked at without asking in between. */
static bool is_ascii(struct slice s)
{
#ifdef __SSE2__
    if (s.n >= 16) {
        __m128i all = _mm_loadu_si128((const __m128i *)(const void *)(s.p + s.n - 16));
        for (size_t i = 0; i + 16 <= s.n; i += 16)
            all = _mm_or_si128(all, _mm_loadu_si128((const __m128i *)(const void *)(s.p + i)));
        return _mm_movemask_epi8(all) == 0;
    }
#endif
    return ascii_length(s) == s.n;
}

static uint16_t code_point(enum encoding e, uint8_t c)
{
    return c < 0x80 || e == ENCODING_ISO_8859_1 ? c : ENCODING_HIGH[e][c - 0x80];
}

int encoding_code_point(enum encoding e, uint8_t c)
{
    uint16_t point = code_point(e, c);
    return point || !c ? point : -1;
}

/* The first place where the UTF-8 ends to be valid: one character at a time, only called for bad text. */
static size_t utf8_bad_at(struct slice s)
{
    size_t at = 0;
    while (at < s.n) {
        size_t n = s.p[at] < 0x80 ? 1 : s.p[at] < 0xe0 ? 2 : s.p[at] < 0xf0 ? 3 : 4;
        if (at + n > s.n || !text_is_utf8(slice_of(s.p + at, n))) break;
        at += n;
    }
    return at;
}

bool encoding_check(enum encoding e, struct slice s, size_t *at)
{
    *at = s.n;
    if (is_ascii(s)) return true;
    size_t i = *at = ascii_length(s);
    if (e == ENCODING_ISO_8859_1) return true;
    if (e == ENCODING_ASCII) return false;
    if (e == ENCODING_UTF_8 || encoding_is_wide(e)) {
        struct slice rest = slice_of(s.p + i, s.n - i);
        if (text_is_utf8(rest)) return true;
        *at = i + utf8_bad_at(rest);
        return false;
    }
    while (i < s.n && (s.p[i] < 0x80 || code_point(e, s.p[i]) != 0)) i++;
    *at = i;
    return i == s.n;
}

struct slice encoding_decode(enum encoding e, struct slice s, struct arena *arena)
{
    if (e == ENCODING_UTF_8 || e == ENCODING_ASCII || encoding_is_wide(e) || is_ascii(s)) return s;
    uint8_t *p = arena_alloc(arena, 3 * s.n); /* a byte becomes at most three */
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint16_t c = code_point(e, s.p[i]);
        if (c >= 0x800) {
            p[n++] = (uint8_t)(0xe0 | c >> 12);
            p[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
            p[n++] = (uint8_t)(0x80 | (c & 0x3f));
        } else if (c >= 0x80) {
            p[n++] = (uint8_t)(0xc0 | c >> 6);
            p[n++] = (uint8_t)(0x80 | (c & 0x3f));
        } else
            p[n++] = (uint8_t)c;
    }
    return slice_of(p, n);
}
