/* Layout: header 10 bytes, then a block per chunk, an empty last block, CRC-32 and size, both little-endian.
 *
 *     block    3 bits (last? 1, fixed codes: 01), symbols, end of block (symbol 256)
 *     symbol   literal 0-255, or a length 3-258 (symbols 257-285, extra bits) and a distance 1-32768 (5 bits, extra
 * bits)
 *
 * Bits fill bytes from the lowest; Huffman codes stand with their highest bit first, so they are turned round. */
#include "workloads/gzip.h"

#include <string.h>
#include <zlib.h>

enum { END_OF_BLOCK = 256, LENGTH_MIN = 4, LENGTH_MAX = 258, DISTANCE_MAX = 32768 };

static void put_bits(struct gzip *g, struct buf *out, uint32_t value, int count)
{
    g->bits |= (uint64_t)value << g->bit_count;
    g->bit_count += count;
    if (g->bit_count < 32) return;
    uint8_t *p = buf_reserve(out, 4);
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(g->bits >> 8 * i);
    out->n += 4;
    g->bits >>= 32;
    g->bit_count -= 32;
}

static uint32_t turned(uint32_t code, int count)
{
    uint32_t result = 0;
    for (int i = 0; i < count; i++) result |= (code >> i & 1) << (count - 1 - i);
    return result;
}

static void put_symbol(struct gzip *g, struct buf *out, uint32_t symbol)
{
    static uint16_t code[288];
    if (code[END_OF_BLOCK + 1] == 0) {
        for (uint32_t i = 0; i < 288; i++) {
            code[i] = (uint16_t)(i < 144   ? turned(0x30 + i, 8)
                                 : i < 256 ? turned(0x190 + i - 144, 9)
                                 : i < 280 ? turned(i - 256, 7)
                                           : turned(0xc0 + i - 280, 8));
        }
    }
    put_bits(g, out, code[symbol], symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8);
}

/* From 8 (or 2) on, symbols come in fours (or pairs) for each power of two; lower bits follow as they are. */
static void put_match(struct gzip *g, struct buf *out, uint32_t length, uint32_t distance)
{
    uint32_t x = length - 3, y = distance - 1;
    if (x < 8) {
        put_symbol(g, out, 257 + x);
    } else if (length == LENGTH_MAX) {
        put_symbol(g, out, 285);
    } else {
        int top = 31 - __builtin_clz(x);
        put_symbol(g, out, 257 + 4 * (uint32_t)(top - 1) + (x >> (top - 2) & 3));
        put_bits(g, out, x & ((1u << (top - 2)) - 1), top - 2);
    }
    if (y < 2) {
        put_bits(g, out, turned(y, 5), 5);
    } else {
        int top = 31 - __builtin_clz(y);
        put_bits(g, out, turned(2 * (uint32_t)top + (y >> (top - 1) & 1), 5), 5);
        put_bits(g, out, y & ((1u << (top - 1)) - 1), top - 1);
    }
}

void gzip_begin(struct gzip *g, struct buf *out)
{
    static const uint8_t header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
    g->crc = g->size = 0;
    g->bits = 0;
    g->bit_count = 0;
    buf_append(out, header, sizeof header);
}

static uint32_t four_bytes(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* How long the earlier place of the four bytes at `at` agrees with them; 0 when there is none near enough. */
static uint32_t match_find(struct gzip *g, struct slice in, size_t at, uint32_t *distance)
{
    uint32_t *place = &g->place[four_bytes(in.p + at) * 2654435761u >> 17], earlier = *place;
    *place = (uint32_t)at + 1;
    if (earlier == 0 || at + 1 - earlier > DISTANCE_MAX) return 0;
    const uint8_t *a = in.p + earlier - 1, *b = in.p + at;
    uint32_t most = in.n - at < LENGTH_MAX ? (uint32_t)(in.n - at) : LENGTH_MAX, length = 0;
    while (length < most && a[length] == b[length]) length++;
    *distance = (uint32_t)at + 1 - earlier;
    return length >= LENGTH_MIN ? length : 0;
}

void gzip_chunk(struct gzip *g, struct slice in, struct buf *out)
{
    if (in.n == 0) return;
    memset(g->place, 0, sizeof g->place);
    g->crc = (uint32_t)crc32(g->crc, in.p, (uInt)in.n);
    g->size += (uint32_t)in.n;
    put_bits(g, out, 2, 3);
    for (size_t at = 0; at < in.n;) {
        uint32_t distance, length = at + LENGTH_MIN <= in.n ? match_find(g, in, at, &distance) : 0;
        if (length > 0)
            put_match(g, out, length, distance);
        else
            put_symbol(g, out, in.p[at]);
        at += length > 0 ? length : 1;
    }
    put_symbol(g, out, END_OF_BLOCK);
}

void gzip_end(struct gzip *g, struct buf *out)
{
    put_bits(g, out, 3, 3);
    put_symbol(g, out, END_OF_BLOCK);
    for (; g->bit_count > 0; g->bit_count -= 8, g->bits >>= 8) buf_append_byte(out, (uint8_t)g->bits);
    g->bit_count = 0;
    for (int i = 0; i < 4; i++) buf_append_byte(out, (uint8_t)(g->crc >> 8 * i));
    for (int i = 0; i < 4; i++) buf_append_byte(out, (uint8_t)(g->size >> 8 * i));
}
