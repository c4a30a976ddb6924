/* marks.h - where one byte stands in a text, found for 64 bytes at a time.
 *
 *     536365,85123A,"WHITE, RED",6        the text
 *     ......1......1......1.....1.        the bits of its first block for ',': bit i is that of byte i
 *
 * A field of a CSV file has a dozen bytes: asking memchr for the end of each costs more than looking at the bytes does.
 * Here a block is compared once, and the next place is the next bit. Nothing outside of the text is read.
 *
 * The idea is of Langdale and Lemire, "Parsing Gigabytes of JSON per Second" (2019), section 3.1. */
#ifndef MILLRACE_ETL_SOURCE_MARKS_H
#define MILLRACE_ETL_SOURCE_MARKS_H

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "lib/base/bytes.h"

enum { MARKS_BLOCK = 64 };

/* Those of n bytes, at most MARKS_BLOCK, on any processor: eight at a time. */
static inline uint64_t marks_portable(const uint8_t *p, size_t n, uint8_t byte)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), low = 0x7f * ones;
    uint64_t bits = 0, eight;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        memcpy(&eight, p + i, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        eight = __builtin_bswap64(eight);
#endif
        eight ^= byte * ones;
        eight = ~(((eight & low) + low) | eight | low); /* the high bit of each byte that was equal */
        bits |= (eight >> 7) * UINT64_C(0x0102040810204080) >> 56 << i;
    }
    for (; i < n; i++) bits |= (uint64_t)(p[i] == byte) << i;
    return bits;
}

#ifdef __SSE2__
static inline uint64_t marks_sixteen(const uint8_t *p, uint8_t byte)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
    return (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)byte)));
}

static inline uint64_t marks_whole(const uint8_t *p, uint8_t byte)
{
    uint64_t low = marks_sixteen(p, byte) | marks_sixteen(p + 16, byte) << 16;
    return low | (marks_sixteen(p + 32, byte) | marks_sixteen(p + 48, byte) << 16) << 32;
}

/* The last sixteen overlap those before them. */
static inline uint64_t marks_short(const uint8_t *p, size_t n, uint8_t byte)
{
    uint64_t bits = 0;
    if (n < 16) return marks_portable(p, n, byte);
    for (size_t i = 0; i + 16 <= n; i += 16) bits |= marks_sixteen(p + i, byte) << i;
    return bits | marks_sixteen(p + n - 16, byte) << (n - 16);
}
#else
static inline uint64_t marks_whole(const uint8_t *p, uint8_t byte)
{
    return marks_portable(p, MARKS_BLOCK, byte);
}

static inline uint64_t marks_short(const uint8_t *p, size_t n, uint8_t byte)
{
    return marks_portable(p, n, byte);
}
#endif

/* The bits from each opening quote up to its closing one, which has none: every quote opens or closes, in turn. */
static inline uint64_t marks_between(uint64_t quotes)
{
    for (int i = 1; i < MARKS_BLOCK; i *= 2) quotes ^= quotes << i;
    return quotes;
}

/* The bits of the block at `base`, a multiple of MARKS_BLOCK that is not larger than the text. For a longer text's last
 * block the text's last bytes are compared, as many as a block has, and the bits moved into place. */
static inline uint64_t marks_of(struct slice text, size_t base, uint8_t byte)
{
    size_t n = text.n - base;
    if (n >= MARKS_BLOCK) return marks_whole(text.p + base, byte);
    if (base == 0) return marks_short(text.p, n, byte);
    return n ? marks_whole(text.p + text.n - MARKS_BLOCK, byte) >> (MARKS_BLOCK - n) : 0;
}

#endif
