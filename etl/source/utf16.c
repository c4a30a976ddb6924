#include "etl/source/utf16.h"

enum { MARK = 0xfeff };

static size_t character_put(uint32_t c, uint8_t *out)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6) out[i] = (uint8_t)(0x80 | (c & 0x3f));
    out[0] = (uint8_t)((0xf00 >> n & 0xff) | c);
    return n;
}

static size_t half_pair_put(struct utf16 *u, uint8_t *out)
{
    size_t n = u->high ? character_put(u->high, out) : 0;
    u->high = 0;
    return n;
}

static size_t unit_decode(struct utf16 *u, uint16_t unit, uint8_t *out)
{
    bool first = !u->begun;
    u->begun = true;
    if (first && unit == MARK) {
        u->marked = true;
        return 0;
    }
    if (u->high && (unit & 0xfc00) == 0xdc00) {
        uint32_t c = 0x10000 + ((uint32_t)(u->high & 0x3ff) << 10) + (unit & 0x3ff);
        u->high = 0;
        return character_put(c, out);
    }
    size_t n = half_pair_put(u, out);
    if ((unit & 0xfc00) == 0xd800)
        u->high = unit;
    else
        n += character_put(unit, out + n);
    return n;
}

/* The mark reads FEFF in the order that it tells. */
static void order_find(struct utf16 *u, uint8_t first, uint8_t second)
{
    u->order = first == 0xff && second == 0xfe ? UTF16_LITTLE : UTF16_BIG;
    u->unmarked = u->order == UTF16_BIG && (first != 0xfe || second != 0xff);
}

size_t utf16_decode(struct utf16 *u, const uint8_t *p, size_t n, uint8_t *out)
{
    size_t written = 0;
    for (size_t i = 0; i < n && !u->unmarked; i++) {
        if (!u->half) {
            u->odd = p[i];
            u->half = true;
            continue;
        }
        u->half = false;
        if (u->order == UTF16_BY_MARK) order_find(u, u->odd, p[i]);
        uint16_t unit = (uint16_t)(u->order == UTF16_LITTLE ? u->odd | p[i] << 8 : u->odd << 8 | p[i]);
        written += unit_decode(u, unit, out + written);
    }
    return written;
}

size_t utf16_end(struct utf16 *u, uint8_t *out)
{
    size_t n = half_pair_put(u, out);
    if (u->half) out[n++] = 0xff;
    u->half = false;
    return n;
}

size_t utf16_length(const uint8_t *p, size_t n)
{
    size_t length = 0;
    for (size_t i = 0; i < n; i++) {
        bool continues = (p[i] & 0xc0) == 0x80;
        length += continues ? 0 : p[i] == 0xff ? 1 : p[i] >= 0xf0 ? 4 : 2;
    }
    return length;
}
