#include "lib/kafka/varint.h"

size_t varint_put_u64(uint8_t *out, uint64_t value)
{
    size_t n = 0;
    for (; value >= 0x80; value >>= 7) out[n++] = (uint8_t)(value | 0x80);
    out[n++] = (uint8_t)value;
    return n;
}

size_t varint_size_u64(uint64_t value)
{
    size_t n = 1;
    while (value >>= 7) n++;
    return n;
}

void varint_append_u64(struct buf *out, uint64_t value)
{
    out->n += varint_put_u64(buf_reserve(out, VARINT_SIZE_MAX), value);
}

/* `bits` is the width of the type: the last byte may hold only what is left of it. */
static size_t varint_get(struct slice in, int bits, uint64_t *out)
{
    uint64_t value = 0;
    size_t n = 0;
    for (int shift = 0; shift < bits && n < in.n; shift += 7) {
        uint8_t byte = in.p[n++];
        if (shift + 7 > bits && (byte & 0x7f) >> (bits - shift)) return 0;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *out = value;
            return n;
        }
    }
    return 0;
}

size_t varint_get_u64(struct slice in, uint64_t *out)
{
    return varint_get(in, 64, out);
}

size_t varint_get_u32(struct slice in, uint32_t *out)
{
    uint64_t value = 0;
    size_t n = varint_get(in, 32, &value);
    *out = (uint32_t)value;
    return n;
}
