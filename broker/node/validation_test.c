/* Record validation: hand-made bad batches, one for each check that Kafka makes of what a producer sends
 * (docs/formats/wire.md has the list). */
#include "broker/node/driver_test.h"
#include "lib/base/checksum.h"
#include "tests/unit.h"

static struct driver d;

enum { AT_MAGIC = 16, AT_CRC = 17, AT_ATTRIBUTES = 21, AT_LAST_DELTA = 23, AT_MAX_TIMESTAMP = 35, AT_COUNT = 57 };
enum { RECORDS = 3 };

struct bad {
    int codec;
    int64_t timestamps[RECORDS];
    bool keyless[RECORDS];
    int64_t producer_id;
};

static void open_node(const char *key, const char *value)
{
    driver_open(&d, "");
    check_int(driver_create(&d, "t", 1, key, value), KAFKA_NONE);
}

static struct bad plain(void)
{
    int64_t now = d.now.wall_ms;
    return (struct bad){.timestamps = {now, now, now}, .producer_id = -1};
}

static void build(const struct bad *bad, struct buf *out)
{
    struct batch_builder b;
    struct batch_options options = BATCH_OPTIONS_PLAIN;
    options.codec = bad->codec;
    options.producer_id = bad->producer_id;
    buf_reset(out);
    batch_builder_init(&b, &options);
    for (int i = 0; i < RECORDS; i++)
        batch_builder_add(&b, bad->timestamps[i],
                          bad->keyless[i] ? KAFKA_BYTES_NULL : (struct kafka_bytes){(const uint8_t *)"k", 1},
                          (struct kafka_bytes){(const uint8_t *)"v", 1}, NULL, 0);
    check_int(batch_builder_finish(&b, out), 0);
    batch_builder_release(&b);
}

static void crc_settle(struct buf *b)
{
    put_u32be(b->p + AT_CRC, crc32c(0, b->p + AT_ATTRIBUTES, b->n - AT_ATTRIBUTES));
}

static struct produce_response_partition_produce_response produce(const struct buf *b)
{
    driver_produce_begin(&d, 1, "t", -1, 9, (struct kafka_bytes){b->p, (int32_t)b->n});
    struct produce_response *a = driver_answer(&d, 1);
    check(a);
    return a->responses[0].partition_responses[0];
}

static int16_t error_of(struct buf *b)
{
    struct produce_response_partition_produce_response line = produce(b);
    check_int(line.base_offset, line.error_code == KAFKA_NONE ? line.base_offset : -1);
    check(line.error_code == KAFKA_NONE || line.error_message.n > 0); /* a sentence for people */
    return line.error_code;
}

/* The batch header, changed by hand under a right crc. */
static int16_t error_with(size_t at, int width, uint64_t value)
{
    struct bad bad = plain();
    struct buf b = {0};
    build(&bad, &b);
    for (int i = 0; i < width; i++) b.p[at + (size_t)i] = (uint8_t)(value >> 8 * (width - 1 - i));
    crc_settle(&b);
    int16_t error = error_of(&b);
    buf_release(&b);
    return error;
}

TEST(node_validation, the_header_of_a_batch)
{
    open_node(NULL, NULL);
    check_int(error_with(0, 8, 5), KAFKA_INVALID_RECORD);                         /* base offset */
    check_int(error_with(AT_MAGIC, 1, 0), KAFKA_INVALID_RECORD);                  /* KIP-896 */
    check_int(error_with(AT_MAGIC, 1, 3), KAFKA_CORRUPT_MESSAGE);                 /* no batch at all */
    check_int(error_with(AT_ATTRIBUTES, 2, BATCH_CONTROL), KAFKA_INVALID_RECORD); /* a marker */
    check_int(error_with(AT_ATTRIBUTES, 2, BATCH_LOG_APPEND_TIME), KAFKA_INVALID_TIMESTAMP);
    check_int(error_with(AT_ATTRIBUTES, 2, 5), KAFKA_UNSUPPORTED_COMPRESSION_TYPE);
    check_int(error_with(AT_COUNT, 4, 0), KAFKA_INVALID_RECORD);
    check_int(error_with(AT_COUNT, 4, UINT32_MAX), KAFKA_INVALID_RECORD);
    check_int(error_with(AT_COUNT, 4, 2), KAFKA_INVALID_RECORD);               /* fewer than offsets */
    check_int(error_with(AT_COUNT, 4, 4), KAFKA_INVALID_RECORD);               /* more */
    check_int(error_with(AT_LAST_DELTA, 4, UINT32_MAX), KAFKA_INVALID_RECORD); /* no offset at all */
    check_int(error_with(AT_LAST_DELTA, 4, 3), KAFKA_INVALID_RECORD);
    check_int(error_with(AT_MAGIC, 1, BATCH_MAGIC), KAFKA_NONE); /* nothing changed: it is good */
    driver_close(&d);
}

TEST(node_validation, an_idempotent_batch_needs_a_sequence)
{
    open_node(NULL, NULL);
    struct bad bad = plain();
    struct buf b = {0};
    bad.producer_id = 7;
    build(&bad, &b);
    check_int(error_of(&b), KAFKA_INVALID_RECORD);
    buf_release(&b);
    driver_close(&d);
}

TEST(node_validation, bytes_that_are_missing_or_too_many)
{
    open_node(NULL, NULL);
    struct bad bad = plain();
    struct buf b = {0};
    build(&bad, &b);
    size_t whole = b.n;
    for (size_t n = 1; n < whole; n++) {
        b.n = n;
        check(produce(&b).error_code == KAFKA_INVALID_RECORD || n < AT_MAGIC);
        check(produce(&b).error_code != KAFKA_NONE);
    }
    b.n = whole;
    buf_append_byte(&b, 0);
    check_int(error_of(&b), KAFKA_INVALID_RECORD);
    b.n = whole;
    b.p[whole - 1] ^= 1; /* the last byte is a count of headers; the crc sees it first */
    check_int(error_of(&b), KAFKA_CORRUPT_MESSAGE);
    buf_release(&b);
    driver_close(&d);
}

/* The records themselves, plain and compressed: they are walked either way. */
static int16_t error_of_records(int codec, size_t count_claimed, int same_delta)
{
    struct bad bad = plain();
    struct buf b = {0}, packed = {0};
    build(&bad, &b);
    /* length, attributes, time delta, offset delta: the fourth byte of each record of 9 bytes */
    if (same_delta) b.p[BATCH_HEADER_SIZE + 9 + 3] = 0;
    put_u32be(b.p + AT_COUNT, (uint32_t)count_claimed);
    put_u32be(b.p + AT_LAST_DELTA, (uint32_t)count_claimed - 1);
    if (codec) {
        check_int(compression_compress(codec, slice_of(b.p + BATCH_HEADER_SIZE, b.n - BATCH_HEADER_SIZE), &packed), 0);
        b.n = BATCH_HEADER_SIZE;
        buf_append_slice(&b, buf_slice(&packed));
        put_u32be(b.p + 8, (uint32_t)(b.n - BATCH_LOG_OVERHEAD));
        put_u16be(b.p + AT_ATTRIBUTES, (uint16_t)codec);
    }
    crc_settle(&b);
    int16_t error = error_of(&b);
    buf_release(&b);
    buf_release(&packed);
    return error;
}

TEST(node_validation, the_records_of_a_batch)
{
    open_node(NULL, NULL);
    for (int codec = COMPRESSION_NONE; codec <= COMPRESSION_ZSTD; codec++) {
        check_int(error_of_records(codec, RECORDS, false), KAFKA_NONE);
        check_int(error_of_records(codec, RECORDS, true), KAFKA_INVALID_RECORD);      /* two at one offset */
        check_int(error_of_records(codec, RECORDS + 1, false), KAFKA_INVALID_RECORD); /* one is missing */
        check_int(error_of_records(codec, RECORDS - 1, false), KAFKA_INVALID_RECORD); /* one is too many */
    }
    driver_close(&d);
}

/* Every record that is refused is named, with a sentence; nothing of the batch is stored. */
static void check_bad(const struct bad *bad, int16_t error, int count, const int *indexes)
{
    struct bad variant = *bad;
    struct buf b = {0};
    for (variant.codec = COMPRESSION_NONE; variant.codec <= COMPRESSION_ZSTD; variant.codec++) {
        build(&variant, &b);
        struct produce_response_partition_produce_response line = produce(&b);
        check_int(line.error_code, error);
        check_int(line.record_errors_count, count);
        for (int i = 0; i < count; i++) {
            check_int(line.record_errors[i].batch_index, indexes[i]);
            check(line.record_errors[i].batch_index_error_message.n > 0);
        }
    }
    struct driver_fetch f = DRIVER_FETCH;
    driver_fetch_begin(&d, 2, "t", &f);
    check_int(driver_fetched(&d, 2).high_watermark, 0);
    buf_release(&b);
}

TEST(node_validation, t23_all_records_without_a_key_are_named)
{
    open_node("cleanup.policy", "compact");
    struct bad bad = plain();
    bad.keyless[0] = bad.keyless[2] = true;
    check_bad(&bad, KAFKA_INVALID_RECORD, 2, (const int[]){0, 2});
    driver_close(&d);
}

TEST(node_validation, timestamps_out_of_range_are_named)
{
    open_node("message.timestamp.before.max.ms", "5000");
    struct bad bad = plain();
    bad.timestamps[0] -= 5001;
    bad.timestamps[1] += 3600001; /* message.timestamp.after.max.ms is an hour */
    check_bad(&bad, KAFKA_INVALID_TIMESTAMP, 2, (const int[]){0, 1});
    bad = plain();
    bad.timestamps[2] = INT64_MAX;
    check_bad(&bad, KAFKA_INVALID_TIMESTAMP, 1, (const int[]){2});
    bad = plain();
    bad.timestamps[0] -= 5000; /* the bounds belong to it */
    bad.timestamps[1] += 3600000;
    bad.timestamps[2] = -1; /* no time at all */
    struct buf b = {0};
    build(&bad, &b);
    check_int(error_of(&b), KAFKA_NONE);
    buf_release(&b);
    driver_close(&d);
}

/* A bad time weighs more than a missing key: that is the error of the whole. */
TEST(node_validation, keys_and_timestamps_at_once)
{
    open_node("cleanup.policy", "compact");
    struct bad bad = plain();
    bad.timestamps[0] += 3600001;
    bad.keyless[1] = true;
    check_bad(&bad, KAFKA_INVALID_TIMESTAMP, 2, (const int[]){0, 1});
    driver_close(&d);
}

TEST(node_validation, with_log_append_time_the_producers_times_do_not_matter)
{
    open_node("message.timestamp.type", "LogAppendTime");
    struct bad bad = plain();
    bad.timestamps[1] = 1 + d.now.wall_ms * 2;
    struct buf b = {0};
    build(&bad, &b);
    check_int(error_of(&b), KAFKA_NONE);
    check_int(error_with(AT_ATTRIBUTES, 2, BATCH_LOG_APPEND_TIME), KAFKA_INVALID_TIMESTAMP);
    buf_release(&b);
    driver_close(&d);
}

/* Time lookups and retention go by the header: a wrong maximum is put right, whichever way it is wrong. */
TEST(node_validation, a_wrong_max_timestamp_is_put_right)
{
    static const int64_t wrong[] = {-1, 1, INT64_MAX};
    open_node(NULL, NULL);
    int64_t offset = 0;
    for (int codec = COMPRESSION_NONE; codec <= COMPRESSION_ZSTD; codec++)
        for (int i = 0; i < 3; i++, offset += RECORDS) {
            struct bad bad = plain();
            struct buf b = {0};
            bad.codec = codec;
            bad.timestamps[1] += 7;
            build(&bad, &b);
            put_u64be(b.p + AT_MAX_TIMESTAMP, (uint64_t)wrong[i]);
            crc_settle(&b);
            check_int(error_of(&b), KAFKA_NONE);
            struct driver_fetch f = DRIVER_FETCH;
            struct batch_header h;
            f.offset = offset;
            driver_fetch_begin(&d, 2, "t", &f);
            check_int(batch_check(kafka_bytes_slice(driver_fetched(&d, 2).records), &h), 0);
            check_int(h.max_timestamp, bad.timestamps[1]);
            buf_release(&b);
        }
    driver_close(&d);
}

/* A thousand are named at most: the answer stays small beside the request. */
TEST(node_validation, not_all_of_very_many_bad_records_are_named)
{
    open_node("cleanup.policy", "compact");
    struct driver_batch many = DRIVER_BATCH;
    many.count = 5000;
    struct produce_response_partition_produce_response line = driver_produce(&d, "t", &many);
    check_int(line.error_code, KAFKA_INVALID_RECORD);
    check_int(line.record_errors_count, 1000);
    driver_close(&d);
}
