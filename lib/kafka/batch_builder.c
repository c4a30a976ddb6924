/* Writing batches: records as they come, the header in front of them at the end. */
#include <assert.h>

#include "lib/base/checksum.h"
#include "lib/kafka/batch.h"
#include "lib/kafka/batch_layout.h"
#include "lib/kafka/varint.h"

void batch_builder_init(struct batch_builder *b, const struct batch_options *options)
{
    *b = (struct batch_builder){.options = *options, .last_offset_delta = -1};
}

void batch_builder_release(struct batch_builder *b)
{
    buf_release(&b->records);
}

static size_t bytes_size(int32_t n)
{
    return varint_size_u64(varint_zigzag(n)) + (size_t)(n > 0 ? n : 0);
}

static void bytes_append(struct buf *out, const void *p, int32_t n)
{
    varint_append_u64(out, varint_zigzag(n));
    if (n > 0) buf_append(out, p, (size_t)n);
}

static size_t headers_size(const struct batch_record_header *headers, int32_t count)
{
    size_t n = varint_size_u64(varint_zigzag(count));
    for (int32_t i = 0; i < count; i++) n += bytes_size(headers[i].key.n) + bytes_size(headers[i].value.n);
    return n;
}

void batch_builder_add_at(struct batch_builder *b, int32_t offset_delta, int64_t timestamp_ms, struct kafka_bytes key,
                          struct kafka_bytes value, const struct batch_record_header *headers, int32_t header_count)
{
    assert(offset_delta > b->last_offset_delta);
    if (b->count == 0) b->base_timestamp = b->max_timestamp = timestamp_ms;
    if (timestamp_ms > b->max_timestamp) b->max_timestamp = timestamp_ms;
    uint64_t time = varint_zigzag((int64_t)((uint64_t)timestamp_ms - (uint64_t)b->base_timestamp));
    uint64_t delta = varint_zigzag(offset_delta);
    size_t size = 1 + varint_size_u64(time) + varint_size_u64(delta) + bytes_size(key.n) + bytes_size(value.n) +
                  headers_size(headers, header_count);
    struct buf *out = &b->records;
    varint_append_u64(out, varint_zigzag((int64_t)size));
    buf_append_byte(out, 0);
    varint_append_u64(out, time);
    varint_append_u64(out, delta);
    bytes_append(out, key.p, key.n);
    bytes_append(out, value.p, value.n);
    varint_append_u64(out, varint_zigzag(header_count));
    for (int32_t i = 0; i < header_count; i++) {
        bytes_append(out, headers[i].key.p, headers[i].key.n);
        bytes_append(out, headers[i].value.p, headers[i].value.n);
    }
    b->count++;
    b->last_offset_delta = offset_delta;
}

void batch_builder_add(struct batch_builder *b, int64_t timestamp_ms, struct kafka_bytes key, struct kafka_bytes value,
                       const struct batch_record_header *headers, int32_t header_count)
{
    batch_builder_add_at(b, b->last_offset_delta + 1, timestamp_ms, key, value, headers, header_count);
}

size_t batch_builder_size(const struct batch_builder *b)
{
    return BATCH_HEADER_SIZE + b->records.n;
}

static void header_write(const struct batch_builder *b, uint8_t *p, size_t size)
{
    const struct batch_options *o = &b->options;
    put_u64be(p + BATCH_AT_BASE_OFFSET, (uint64_t)o->base_offset);
    put_u32be(p + BATCH_AT_LENGTH, (uint32_t)(size - BATCH_LOG_OVERHEAD));
    put_u32be(p + BATCH_AT_LEADER_EPOCH, (uint32_t)o->leader_epoch);
    p[BATCH_AT_MAGIC] = BATCH_MAGIC;
    put_u16be(p + BATCH_AT_ATTRIBUTES, (uint16_t)(o->attributes | o->codec));
    put_u32be(p + BATCH_AT_LAST_OFFSET_DELTA, (uint32_t)b->last_offset_delta);
    put_u64be(p + BATCH_AT_BASE_TIMESTAMP, (uint64_t)b->base_timestamp);
    put_u64be(p + BATCH_AT_MAX_TIMESTAMP, (uint64_t)b->max_timestamp);
    put_u64be(p + BATCH_AT_PRODUCER_ID, (uint64_t)o->producer_id);
    put_u16be(p + BATCH_AT_PRODUCER_EPOCH, (uint16_t)o->producer_epoch);
    put_u32be(p + BATCH_AT_BASE_SEQUENCE, (uint32_t)o->base_sequence);
    put_u32be(p + BATCH_AT_COUNT, (uint32_t)b->count);
    put_u32be(p + BATCH_AT_CRC, crc32c(0, p + BATCH_AT_ATTRIBUTES, size - BATCH_AT_ATTRIBUTES));
}

int batch_builder_finish(struct batch_builder *b, struct buf *out)
{
    assert(b->count > 0);
    size_t start = out->n;
    buf_reserve(out, BATCH_HEADER_SIZE);
    out->n += BATCH_HEADER_SIZE;
    int err = compression_compress(b->options.codec, buf_slice(&b->records), out);
    size_t size = out->n - start;
    if (!err && size > INT32_MAX) err = ERR_RANGE;
    if (err)
        out->n = start;
    else
        header_write(b, out->p + start, size);
    return err;
}

void batch_control_build(const struct batch_options *options, int type, int64_t timestamp_ms, struct slice value,
                         struct buf *out)
{
    struct batch_options o = *options;
    o.codec = COMPRESSION_NONE;
    o.attributes |= BATCH_CONTROL;
    uint8_t key[4];
    put_u16be(key, 0);
    put_u16be(key + 2, (uint16_t)type);
    struct batch_builder b;
    batch_builder_init(&b, &o);
    batch_builder_add(&b, timestamp_ms, (struct kafka_bytes){key, sizeof(key)}, kafka_bytes_of_slice(value), NULL, 0);
    int err = batch_builder_finish(&b, out);
    assert(!err); /* nothing is compressed and a control value is small */
    batch_builder_release(&b);
}

int batch_control_type(const struct batch_record *r)
{
    if (r->key.n < 4) return ERR_CORRUPT;
    return (int16_t)get_u16be(r->key.p + 2);
}
