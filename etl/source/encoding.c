#include "etl/source/encoding.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "lib/base/text.h"

const char *const ENCODING_NAMES[] = {"utf-8",  "windows-1252", "iso-8859-1", "iso-8859-15", "ascii",
                                      "utf-16", "utf-16le",     "utf-16be",   NULL};

/* 0x80-0x9f of windows-1252; 0: no character. */
static const uint16_t WINDOWS_1252_HIGH[32] = {0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                               0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
                                               0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                               0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

/* Bytes before the first one above 0x7f, many at a time: nearly all records are ASCII. */
static size_t ascii_length(struct slice s)
{
    size_t i = 0;
#ifdef __SSE2__
    for (; i + 16 <= s.n; i += 16) {
        int high = _mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)(s.p + i)));
        if (high) return i + (size_t)__builtin_ctz((unsigned)high);
    }
#endif
    for (uint64_t eight; i + 8 <= s.n; i += 8) {
        memcpy(&eight, s.p + i, 8);
        if (eight & 0x8080808080808080) break;
    }
    while (i < s.n && s.p[i] < 0x80) i++;
    return i;
}

static uint16_t code_point(enum encoding e, uint8_t c)
{
    if (e == ENCODING_WINDOWS_1252 && c >= 0x80 && c < 0xa0) return WINDOWS_1252_HIGH[c - 0x80];
    if (e != ENCODING_ISO_8859_15) return c;
    switch (c) { /* the eight places where Latin-9 differs from Latin-1 */
    case 0xa4: return 0x20ac;
    case 0xa6: return 0x0160;
    case 0xa8: return 0x0161;
    case 0xb4: return 0x017d;
    case 0xb8: return 0x017e;
    case 0xbc: return 0x0152;
    case 0xbd: return 0x0153;
    case 0xbe: return 0x0178;
    default: return c;
    }
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
    size_t i = ascii_length(s);
    *at = i;
    if (i == s.n || e == ENCODING_ISO_8859_1 || e == ENCODING_ISO_8859_15) return true;
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
    if (e == ENCODING_UTF_8 || e == ENCODING_ASCII || encoding_is_wide(e) || ascii_length(s) == s.n) return s;
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
