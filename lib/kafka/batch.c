/* Record batch headers: reading, checking, stamping. batch.h draws the layout. */
#include "lib/kafka/batch.h"

#include <assert.h>

#include "lib/base/checksum.h"
#include "lib/kafka/batch_layout.h"

int64_t batch_peek_size(struct slice in)
{
    if (in.n < BATCH_LOG_OVERHEAD) return ERR_RANGE;
    int32_t length = (int32_t)get_u32be(in.p + BATCH_AT_LENGTH);
    if (length < BATCH_HEADER_SIZE - BATCH_LOG_OVERHEAD) return ERR_CORRUPT;
    return (int64_t)length + BATCH_LOG_OVERHEAD;
}

static void header_parse(const uint8_t *p, struct batch_header *h)
{
    *h = (struct batch_header){
        .base_offset = (int64_t)get_u64be(p + BATCH_AT_BASE_OFFSET),
        .length = (int32_t)get_u32be(p + BATCH_AT_LENGTH),
        .leader_epoch = (int32_t)get_u32be(p + BATCH_AT_LEADER_EPOCH),
        .magic = (int8_t)p[BATCH_AT_MAGIC],
        .crc = get_u32be(p + BATCH_AT_CRC),
        .attributes = (int16_t)get_u16be(p + BATCH_AT_ATTRIBUTES),
        .last_offset_delta = (int32_t)get_u32be(p + BATCH_AT_LAST_OFFSET_DELTA),
        .base_timestamp = (int64_t)get_u64be(p + BATCH_AT_BASE_TIMESTAMP),
        .max_timestamp = (int64_t)get_u64be(p + BATCH_AT_MAX_TIMESTAMP),
        .producer_id = (int64_t)get_u64be(p + BATCH_AT_PRODUCER_ID),
        .producer_epoch = (int16_t)get_u16be(p + BATCH_AT_PRODUCER_EPOCH),
        .base_sequence = (int32_t)get_u32be(p + BATCH_AT_BASE_SEQUENCE),
        .count = (int32_t)get_u32be(p + BATCH_AT_COUNT),
    };
}

int batch_header_read(struct slice in, struct batch_header *out)
{
    if (in.n < BATCH_HEADER_SIZE) return ERR_RANGE;
    header_parse(in.p, out);
    if (out->magic != BATCH_MAGIC) return ERR_UNSUPPORTED;
    bool length_ok = out->length >= BATCH_HEADER_SIZE - BATCH_LOG_OVERHEAD;
    bool offsets_ok =
        out->base_offset >= 0 && out->last_offset_delta >= 0 && out->base_offset <= INT64_MAX - out->last_offset_delta;
    /* Compaction leaves gaps and even empty batches, so fewer records than offsets are fine. */
    bool count_ok = out->count >= 0 && out->count <= (int64_t)out->last_offset_delta + 1;
    return length_ok && offsets_ok && count_ok ? 0 : ERR_CORRUPT;
}

static uint32_t batch_crc(const uint8_t *batch, size_t n)
{
    return crc32c(0, batch + BATCH_AT_ATTRIBUTES, n - BATCH_AT_ATTRIBUTES);
}

int batch_check(struct slice in, struct batch_header *out)
{
    int err = batch_header_read(in, out);
    if (err) return err;
    if (in.n < batch_size(out)) return ERR_RANGE;
    return batch_crc(in.p, batch_size(out)) == out->crc ? 0 : ERR_CORRUPT;
}

/* Producers number their batches or have no id at all; half of each is a broken client. */
static bool producer_fields_allowed(const struct batch_header *h)
{
    if (h->producer_id < 0) return !(h->attributes & BATCH_TRANSACTIONAL);
    return h->producer_epoch >= 0 && h->base_sequence >= 0;
}

/* The crc is looked at before the rest: behind a right one a wrong count is no damage but what the producer meant. */
int batch_check_produced(struct slice in, struct batch_header *out)
{
    if (in.n < BATCH_HEADER_SIZE) return ERR_RANGE;
    header_parse(in.p, out);
    if (out->magic != BATCH_MAGIC) return ERR_UNSUPPORTED;
    if (out->length < BATCH_HEADER_SIZE - BATCH_LOG_OVERHEAD) return ERR_CORRUPT;
    if (in.n < batch_size(out)) return ERR_RANGE;
    if (batch_crc(in.p, batch_size(out)) != out->crc) return ERR_CORRUPT;
    if (in.n != batch_size(out)) return ERR_INVALID;
    if (batch_codec(out) > COMPRESSION_ZSTD) return ERR_UNSUPPORTED;
    if (batch_is_control(out) || (out->attributes & BATCH_LOG_APPEND_TIME)) return ERR_INVALID;
    if (out->base_offset != 0 || out->count < 1 || out->count != (int64_t)out->last_offset_delta + 1)
        return ERR_INVALID;
    return producer_fields_allowed(out) ? 0 : ERR_INVALID;
}

void batch_stamp(uint8_t *batch, int64_t base_offset, int32_t leader_epoch)
{
    put_u64be(batch + BATCH_AT_BASE_OFFSET, (uint64_t)base_offset);
    put_u32be(batch + BATCH_AT_LEADER_EPOCH, (uint32_t)leader_epoch);
}

void batch_stamp_log_append_time(uint8_t *batch, size_t n, int64_t timestamp_ms)
{
    assert(n >= BATCH_HEADER_SIZE);
    uint16_t attributes = get_u16be(batch + BATCH_AT_ATTRIBUTES) | BATCH_LOG_APPEND_TIME;
    put_u16be(batch + BATCH_AT_ATTRIBUTES, attributes);
    batch_stamp_max_timestamp(batch, n, timestamp_ms);
}

void batch_stamp_max_timestamp(uint8_t *batch, size_t n, int64_t timestamp_ms)
{
    assert(n >= BATCH_HEADER_SIZE);
    put_u64be(batch + BATCH_AT_MAX_TIMESTAMP, (uint64_t)timestamp_ms);
    put_u32be(batch + BATCH_AT_CRC, batch_crc(batch, n));
}

int batch_payload(struct slice batch, const struct batch_header *h, size_t max, struct buf *scratch,
                  struct slice *payload)
{
    assert(batch.n >= batch_size(h));
    struct slice stored = slice_of(batch.p + BATCH_HEADER_SIZE, batch_size(h) - BATCH_HEADER_SIZE);
    if (batch_codec(h) == COMPRESSION_NONE) {
        *payload = stored;
        return 0;
    }
    size_t start = scratch->n;
    int err = compression_decompress(batch_codec(h), stored, max, scratch);
    if (err) return err;
    uint8_t *first = buf_reserve(scratch, 0) - (scratch->n - start); /* there even when nothing came out */
    *payload = slice_of(first, scratch->n - start);
    return 0;
}
