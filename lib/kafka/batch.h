/* batch.h - the record batch, message format v2 (magic 2), the unit of Kafka's log and of its data path.
 *
 *     offset  size  field                       offset  size  field
 *          0     8  base_offset        *            27     8  base_timestamp
 *          8     4  length (from 12)                35     8  max_timestamp
 *         12     4  leader_epoch       *            43     8  producer_id
 *         16     1  magic = 2                       51     2  producer_epoch
 *         17     4  crc                             53     4  base_sequence
 *         21     2  attributes                      57     4  count
 *         23     4  last_offset_delta               61        records, compressed as one block
 *
 * The crc is CRC-32C over attributes..end. The fields marked * lie outside, so a broker stamps them in place
 * on the producer's own bytes. Only LogAppendTime touches what the crc covers.
 *
 *     attributes: bits 0-2 codec, 3 LogAppendTime, 4 transactional, 5 control, 6 delete horizon
 *
 *     record := length varint, attributes int8, timestamp_delta varlong, offset_delta varint,
 *               key length varint (-1 null), key, value length varint, value,
 *               count varint, { key length varint, key, value length varint, value } *
 *
 * Source: Kafka's documentation, "Record Batch"; org.apache.kafka.common.record.DefaultRecordBatch.
 *
 * Writing: batch_builder_init, _add ..., _finish. Reading: batch_check, batch_payload, batch_records_init,
 * batch_records_next until 0. */
#ifndef MILLRACE_KAFKA_BATCH_H
#define MILLRACE_KAFKA_BATCH_H

#include <stdbool.h>

#include "lib/kafka/compression.h"
#include "lib/kafka/schema.h"

enum {
    BATCH_LOG_OVERHEAD = 12, /* base_offset and length: what `length` does not count */
    BATCH_HEADER_SIZE = 61,
    BATCH_MAGIC = 2,
};

enum {
    BATCH_CODEC_MASK = 0x07,
    BATCH_LOG_APPEND_TIME = 0x08,
    BATCH_TRANSACTIONAL = 0x10,
    BATCH_CONTROL = 0x20,
};

struct batch_header {
    int64_t base_offset;
    int32_t length; /* as stored: the batch without its first 12 bytes */
    int32_t leader_epoch;
    int8_t magic;
    uint32_t crc;
    int16_t attributes;
    int32_t last_offset_delta;
    int64_t base_timestamp, max_timestamp; /* max is the time of all records under LogAppendTime */
    int64_t producer_id;                   /* -1: none */
    int16_t producer_epoch;
    int32_t base_sequence;
    int32_t count;
};

static inline size_t batch_size(const struct batch_header *h)
{
    return (size_t)h->length + BATCH_LOG_OVERHEAD;
}
static inline int64_t batch_last_offset(const struct batch_header *h)
{
    return h->base_offset + h->last_offset_delta;
}
static inline int batch_codec(const struct batch_header *h)
{
    return h->attributes & BATCH_CODEC_MASK;
}
static inline bool batch_is_control(const struct batch_header *h)
{
    return h->attributes & BATCH_CONTROL;
}

/* Size of the whole batch from its first 12 bytes; negative when the length cannot be that of a batch of
 * magic 2 (ERR_CORRUPT) or fewer than 12 bytes are there (ERR_RANGE). Nothing else is looked at. */
int64_t batch_peek_size(struct slice in);
/* Reads the 61 header bytes; only them are needed. ERR_RANGE for fewer, ERR_UNSUPPORTED for another magic,
 * ERR_CORRUPT for a length, count, offset delta or base offset that cannot be. The crc is not checked. */
int batch_header_read(struct slice in, struct batch_header *out);
/* batch_header_read, all bytes there (ERR_RANGE) and the crc (ERR_CORRUPT). Bytes may follow the batch. */
int batch_check(struct slice in, struct batch_header *out);
/* What a broker asks of bytes that a producer sends: a whole batch (ERR_RANGE) with a right crc (ERR_CORRUPT), nothing
 * follows, not a control batch, a known codec, at least one record, dense offsets from 0, a sequence where there is a
 * producer id. ERR_INVALID for what is well-formed but not allowed (INVALID_RECORD), ERR_UNSUPPORTED for magic and
 * codec. */
int batch_check_produced(struct slice in, struct batch_header *out);

/* In place, outside of the crc. `batch` has at least BATCH_HEADER_SIZE bytes. */
void batch_stamp(uint8_t *batch, int64_t base_offset, int32_t leader_epoch);
/* In place: sets the attribute and max_timestamp and recomputes the crc of all `n` bytes of the batch. */
void batch_stamp_log_append_time(uint8_t *batch, size_t n, int64_t timestamp_ms);

/* In place: sets max_timestamp, the times being the producer's, and recomputes the crc of all `n` bytes. */
void batch_stamp_max_timestamp(uint8_t *batch, size_t n, int64_t timestamp_ms);

/* The records of a checked batch: borrowed from `batch` when it is not compressed, else decompressed into
 * `scratch` (at most `max` bytes; ERR_RANGE beyond). */
int batch_payload(struct slice batch, const struct batch_header *h, size_t max, struct buf *scratch,
                  struct slice *payload);

struct batch_record {
    int64_t offset, timestamp;     /* absolute */
    struct kafka_bytes key, value; /* borrowed from the payload */
    int32_t header_count;
    struct slice headers; /* encoded; batch_record_header_next */
};

struct batch_record_header {
    struct kafka_string key;
    struct kafka_bytes value;
};

/* Walks a payload. A record that does not parse, a wrong count, offset deltas that do not ascend, or bytes
 * after the last record are ERR_CORRUPT. */
struct batch_records {
    struct slice rest;
    struct batch_header header;
    int32_t index;             /* of the next record */
    int32_t last_offset_delta; /* of the last record, -1 before the first */
};

void batch_records_init(struct batch_records *r, const struct batch_header *h, struct slice payload);
/* 1 and a record, 0 at the end, or an error. All headers of a record have been checked. */
int batch_records_next(struct batch_records *r, struct batch_record *out);
/* Takes one header off the front of `headers`; false at the end. */
bool batch_record_header_next(struct slice *headers, struct batch_record_header *out);

/* What a built batch says of itself beside its records. Zero but for producer_id, producer_epoch and
 * base_sequence, which are -1 where there is no producer: batch_options_plain. */
struct batch_options {
    int64_t base_offset;
    int32_t leader_epoch;
    int codec;
    int16_t attributes; /* further bits: transactional, control */
    int64_t producer_id;
    int16_t producer_epoch;
    int32_t base_sequence;
};
#define BATCH_OPTIONS_PLAIN                                                                                            \
    ((struct batch_options){.leader_epoch = 0, .producer_id = -1, .producer_epoch = -1, .base_sequence = -1})

struct batch_builder {
    struct batch_options options;
    struct buf records; /* owned; encoded so far */
    int32_t count, last_offset_delta;
    int64_t base_timestamp, max_timestamp;
};

void batch_builder_init(struct batch_builder *b, const struct batch_options *options);
void batch_builder_release(struct batch_builder *b);
/* Adds a record at the next offset. Key and value may be null; headers may be NULL with 0. */
void batch_builder_add(struct batch_builder *b, int64_t timestamp_ms, struct kafka_bytes key, struct kafka_bytes value,
                       const struct batch_record_header *headers, int32_t header_count);
/* The same with an offset delta that leaves gaps, as compaction does; above the last one. */
void batch_builder_add_at(struct batch_builder *b, int32_t offset_delta, int64_t timestamp_ms, struct kafka_bytes key,
                          struct kafka_bytes value, const struct batch_record_header *headers, int32_t header_count);
/* Bytes that the batch has without compression. */
size_t batch_builder_size(const struct batch_builder *b);
/* Appends the batch to `out`; the builder can be reset or released then. At least one record. */
int batch_builder_finish(struct batch_builder *b, struct buf *out);

/* Control batches: one record whose key is version int16 (0) and type int16. */
enum batch_control_type {
    BATCH_CONTROL_ABORT = 0,
    BATCH_CONTROL_COMMIT = 1,
    BATCH_CONTROL_LEADER_CHANGE = 2,
    BATCH_CONTROL_SNAPSHOT_HEADER = 3,
    BATCH_CONTROL_SNAPSHOT_FOOTER = 4,
};

/* Appends a control batch with this value. */
void batch_control_build(const struct batch_options *options, int type, int64_t timestamp_ms, struct slice value,
                         struct buf *out);
/* The type of a control record; negative when its key is none. */
int batch_control_type(const struct batch_record *r);

#endif
