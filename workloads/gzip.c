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

/* Where bits go while a chunk is packed: there is room for the whole chunk behind `p`. */
struct packer {
    uint8_t *p;
    uint64_t bits;
    int count;
};

static inline void put_bits(struct packer *k, uint32_t value, int count)
{
    k->bits |= (uint64_t)value << k->count;
    k->count += count;
    for (; k->count >= 32; k->count -= 32, k->bits >>= 32) {
        for (int i = 0; i < 4; i++) *k->p++ = (uint8_t)(k->bits >> 8 * i);
    }
}

static uint32_t turned(uint32_t code, int count)
{
    uint32_t result = 0;
    for (int i = 0; i < count; i++) result |= (code >> i & 1) << (count - 1 - i);
    return result;
}

static void codes_init(struct gzip *g)
{
    for (uint32_t i = 0; i < 288; i++) {
        g->code_bits[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
        uint32_t code = i < 144 ? 0x30 + i : i < 256 ? 0x190 + i - 144 : i < 280 ? i - 256 : 0xc0 + i - 280;
        g->code[i] = (uint16_t)turned(code, g->code_bits[i]);
    }
    for (uint32_t i = 0; i < 30; i++) g->distance_code[i] = (uint8_t)turned(i, 5);
}

static inline void put_symbol(const struct gzip *g, struct packer *k, uint32_t symbol)
{
    put_bits(k, g->code[symbol], g->code_bits[symbol]);
}

/* From 8 (or 2) on, symbols come in fours (or pairs) for each power of two; lower bits follow as they are. */
static void put_match(const struct gzip *g, struct packer *k, uint32_t length, uint32_t distance)
{
    uint32_t x = length - 3, y = distance - 1;
    if (x < 8) {
        put_symbol(g, k, 257 + x);
    } else if (length == LENGTH_MAX) {
        put_symbol(g, k, 285);
    } else {
        int top = 31 - __builtin_clz(x);
        put_symbol(g, k, 257 + 4 * (uint32_t)(top - 1) + (x >> (top - 2) & 3));
        put_bits(k, x & ((1u << (top - 2)) - 1), top - 2);
    }
    if (y < 2) {
        put_bits(k, g->distance_code[y], 5);
    } else {
        int top = 31 - __builtin_clz(y);
        put_bits(k, g->distance_code[2 * (uint32_t)top + (y >> (top - 1) & 1)], 5);
        put_bits(k, y & ((1u << (top - 1)) - 1), top - 1);
    }
}

void gzip_begin(struct gzip *g, struct buf *out)
{
    static const uint8_t header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
    g->crc = g->size = 0;
    g->bits = 0;
    g->bit_count = 0;
    codes_init(g);
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

static struct packer packer_begin(const struct gzip *g, struct buf *out, size_t bytes)
{
    /* A literal has at most 9 bits, and a match fewer than its bytes as literals. */
    return (struct packer){buf_reserve(out, bytes + bytes / 8 + 32), g->bits, g->bit_count};
}

static void packer_end(const struct packer *k, struct gzip *g, struct buf *out)
{
    out->n = (size_t)(k->p - out->p);
    g->bits = k->bits;
    g->bit_count = k->count;
}

void gzip_chunk(struct gzip *g, struct slice in, struct buf *out)
{
    if (in.n == 0) return;
    memset(g->place, 0, sizeof g->place);
    g->crc = (uint32_t)crc32(g->crc, in.p, (uInt)in.n);
    g->size += (uint32_t)in.n;
    struct packer k = packer_begin(g, out, in.n);
    put_bits(&k, 2, 3);
    for (size_t at = 0; at < in.n;) {
        uint32_t distance, length = at + LENGTH_MIN <= in.n ? match_find(g, in, at, &distance) : 0;
        if (length > 0)
            put_match(g, &k, length, distance);
        else
            put_symbol(g, &k, in.p[at]);
        at += length > 0 ? length : 1;
    }
    put_symbol(g, &k, END_OF_BLOCK);
    packer_end(&k, g, out);
}

void gzip_end(struct gzip *g, struct buf *out)
{
    struct packer k = packer_begin(g, out, 0);
    put_bits(&k, 3, 3);
    put_symbol(g, &k, END_OF_BLOCK);
    packer_end(&k, g, out);
    for (; g->bit_count > 0; g->bit_count -= 8, g->bits >>= 8) buf_append_byte(out, (uint8_t)g->bits);
    g->bit_count = 0;
    for (int i = 0; i < 4; i++) buf_append_byte(out, (uint8_t)(g->crc >> 8 * i));
    for (int i = 0; i < 4; i++) buf_append_byte(out, (uint8_t)(g->size >> 8 * i));
}
