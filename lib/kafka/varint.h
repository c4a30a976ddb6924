/* varint.h - variable-length integers: seven bits a byte, low ones first, the top bit says "more follows".
 *
 * Unsigned for compact lengths and tags (KIP-482), zigzag for the fields of a record: 0, -1, 1, -2, ...
 * become 0, 1, 2, 3, ... Source: Protocol Buffers' encoding guide, which Kafka follows. */
#ifndef MILLRACE_KAFKA_VARINT_H
#define MILLRACE_KAFKA_VARINT_H

#include "lib/base/bytes.h"

enum { VARINT_SIZE_MAX = 10, VARINT32_SIZE_MAX = 5 };

/* Bytes written at `out`, which has room for VARINT_SIZE_MAX. */
size_t varint_put_u64(uint8_t *out, uint64_t value);
size_t varint_size_u64(uint64_t value);
void varint_append_u64(struct buf *out, uint64_t value);

static inline uint64_t varint_zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
}
static inline int64_t varint_unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* Bytes read from `in`; 0 when it ends too early or is longer than the type allows. */
size_t varint_get_u64(struct slice in, uint64_t *out);
size_t varint_get_u32(struct slice in, uint32_t *out);

#endif
