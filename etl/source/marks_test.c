#include "etl/source/marks.h"

#include <stdlib.h>

#include "lib/base/random.h"
#include "tests/unit.h"

/* Bit by bit. */
static uint64_t expected(struct slice text, size_t base, uint8_t byte)
{
    uint64_t bits = 0;
    for (size_t i = base; i < text.n && i < base + MARKS_BLOCK; i++)
        bits |= (uint64_t)(text.p[i] == byte) << (i - base);
    return bits;
}

/* Neighbours of the byte in value, and what differs from it in one bit, are where carries would show. */
static uint8_t drawn(struct random *r, uint8_t byte)
{
    uint64_t kind = random_below(r, 4);
    if (kind == 0) return byte;
    if (kind == 1) return (uint8_t)(byte + 1 - 2 * random_below(r, 2));
    return kind == 2 ? (uint8_t)(byte ^ 1U << random_below(r, 8)) : (uint8_t)random_below(r, 256);
}

/* The text has memory of its own, so that ASan sees a byte that is read outside of it. */
TEST(marks, finds_a_byte_in_texts_of_any_length)
{
    static const uint8_t bytes[] = {',', '"', '\n', 0, 0x80, 0xff};
    struct random r;
    random_seed(&r, 1);
    for (size_t n = 1; n < 400; n++) {
        uint8_t byte = bytes[n % sizeof bytes], *p = malloc(n);
        struct slice text = slice_of(p, n);
        for (size_t i = 0; i < n; i++) p[i] = drawn(&r, byte);
        for (size_t base = 0; base <= n; base += MARKS_BLOCK) {
            uint64_t bits = expected(text, base, byte);
            size_t here = n - base < MARKS_BLOCK ? n - base : MARKS_BLOCK;
            check(marks_of(text, base, byte) == bits);
            check(marks_portable(p + base, here, byte) == bits);
        }
        free(p);
    }
}
