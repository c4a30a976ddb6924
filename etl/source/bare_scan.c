#include "etl/source/bare_scan.h"

#include <string.h>
#if defined(__x86_64__) && defined(__GNUC__)
#define HAS_WIDE 1
#include <immintrin.h>
#endif

#include "etl/source/format.h"
#include "etl/source/marks.h"
#include "etl/source/spec.h"

bool bare_scan_of(const struct feed *feed, struct bare_scan *out)
{
    const struct source_spec *s = feed->spec;
    bool csv = feed->format == &FORMAT_CSV && s->csv.escape != CSV_ESCAPE_BACKSLASH;
    bool json = feed->format == &FORMAT_JSON || feed->format == &FORMAT_NDJSON;
    const char *separators = json ? ",:{}" : feed->format == &FORMAT_ACCESS_LOG ? " " : NULL;
    *out = (struct bare_scan){.quote = '"'};
    if (csv) {
        out->quote = (uint8_t)s->csv.quote;
        out->separators[out->count++] = (uint8_t)s->csv.delimiter;
    }
    while (separators && separators[out->count]) {
        out->separators[out->count] = (uint8_t)separators[out->count];
        out->count++;
    }
    return out->count > 0 && !encoding_is_wide(s->encoding);
}

typedef uint64_t marks_function(struct slice text, size_t base, uint8_t byte);

/* Inlined with a `marks` that is known: then that is inlined, too. */
static inline __attribute__((always_inline)) size_t scan(const struct bare_scan *b, struct slice text,
                                                         struct slice *stretches, size_t room, marks_function *marks)
{
    const uint8_t *start = text.p;
    uint64_t inside = 0;
    size_t count = 0;
    for (size_t base = 0; base <= text.n && count + MARKS_BLOCK <= room; base += MARKS_BLOCK) {
        uint64_t ends = marks(text, base, b->separators[0]), quotes = marks(text, base, b->quote);
        for (int i = 1; i < b->count; i++) ends |= marks(text, base, b->separators[i]);
        if (quotes | inside) {
            uint64_t within = marks_between(quotes) ^ inside;
            ends &= ~within;
            inside = (uint64_t)0 - (within >> 63);
        }
        if (text.n - base < MARKS_BLOCK) ends |= UINT64_C(1) << (text.n - base);
        for (; ends; ends &= ends - 1) {
            const uint8_t *end = text.p + base + __builtin_ctzll(ends);
            stretches[count++] = slice_of(start, (size_t)(end - start));
            start = end + 1;
        }
    }
    return count;
}

size_t bare_scan_portable(const struct bare_scan *b, struct slice text, struct slice *stretches, size_t room)
{
    return scan(b, text, stretches, room, marks_of);
}

#ifdef HAS_WIDE
#define WIDE __attribute__((target("avx2,bmi")))

WIDE static inline uint64_t wide_thirty_two(const uint8_t *p, uint8_t byte)
{
    __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)p);
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8((char)byte)));
}

WIDE static inline uint64_t wide_whole(const uint8_t *p, uint8_t byte)
{
    return wide_thirty_two(p, byte) | wide_thirty_two(p + 32, byte) << 32;
}

/* As marks_of. */
WIDE static inline uint64_t wide_marks(struct slice text, size_t base, uint8_t byte)
{
    const uint8_t *p = text.p + base;
    size_t n = text.n - base;
    if (n >= MARKS_BLOCK) return wide_whole(p, byte);
    if (n == 0) return 0;
    if (base) return wide_whole(text.p + text.n - MARKS_BLOCK, byte) >> (MARKS_BLOCK - n);
    return n < 32 ? marks_short(p, n, byte) : wide_thirty_two(p, byte) | wide_thirty_two(p + n - 32, byte) << (n - 32);
}

WIDE static size_t wide_scan(const struct bare_scan *b, struct slice text, struct slice *stretches, size_t room)
{
    return scan(b, text, stretches, room, wide_marks);
}

size_t bare_scan(const struct bare_scan *b, struct slice text, struct slice *stretches, size_t room)
{
    bool wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
    return (wide ? wide_scan : bare_scan_portable)(b, text, stretches, room);
}
#else
size_t bare_scan(const struct bare_scan *b, struct slice text, struct slice *stretches, size_t room)
{
    return bare_scan_portable(b, text, stretches, room);
}
#endif
