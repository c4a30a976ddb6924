#include "lib/kafka/batch.h"

#include "lib/base/checksum.h"
#include "lib/base/random.h"
#include "lib/kafka/hex_test.h"

/* The first batch of a metadata log as Apache Kafka wrote it: one feature level record. */
static const char KAFKA_BATCH[] = "0000000000000000 0000004f 00000001 02 b069457c 0000 00000000 00000191e05af818"
                                  "00000191e05af818 ffffffffffffffff ffff ffffffff 00000001"
                                  "3a 00 00 00 01 2e 01 0c 00 11 'metadata.version' 0014 00 00";

TEST(batch, t19_crc_of_a_batch_of_kafka)
{
    struct arena a = {0};
    struct batch_header h;
    struct slice in = hex(&a, KAFKA_BATCH);
    check_int(batch_peek_size(in), 91);
    check_int(batch_check(in, &h), 0);
    check_int(h.length, 0x4f);
    check_int(h.leader_epoch, 1);
    check_int(h.crc, 0xb069457c);
    check_int(h.producer_id, -1);
    check_int(h.base_sequence, -1);
    check_int(h.count, 1);
    check_int(h.base_timestamp, 0x191e05af818);
    arena_release(&a);
}

TEST(batch, a_record_of_kafka)
{
    struct arena a = {0};
    struct batch_header h;
    struct batch_records it;
    struct batch_record r;
    struct slice in = hex(&a, KAFKA_BATCH), payload;
    check_int(batch_check(in, &h), 0);
    check_int(batch_payload(in, &h, 0, NULL, &payload), 0);
    batch_records_init(&it, &h, payload);
    check_int(batch_records_next(&it, &r), 1);
    check_int(r.offset, 0);
    check_int(r.timestamp, 0x191e05af818);
    check_int(r.key.n, -1);
    check_int(r.value.n, 23);
    check_int(r.header_count, 0);
    check_int(batch_records_next(&it, &r), 0);
    arena_release(&a);
}

TEST(batch, the_builder_writes_what_kafka_writes)
{
    struct arena a = {0};
    struct buf out = {0};
    struct batch_options o = BATCH_OPTIONS_PLAIN;
    o.leader_epoch = 1;
    struct batch_builder b;
    batch_builder_init(&b, &o);
    struct slice value = hex(&a, "01 0c 00 11 'metadata.version' 0014 00");
    batch_builder_add(&b, 0x191e05af818, KAFKA_BYTES_NULL, kafka_bytes_of_slice(value), NULL, 0);
    check_int(batch_builder_size(&b), 91);
    check_int(batch_builder_finish(&b, &out), 0);
    check_hex(&a, buf_slice(&out), KAFKA_BATCH);
    batch_builder_release(&b);
    buf_release(&out);
    arena_release(&a);
}

static struct kafka_bytes text(const char *s)
{
    return kafka_bytes_of_slice(slice_str(s));
}

/* Three records: a key and headers, a tombstone, a gap of offsets and an older time. */
static void build(struct buf *out, int codec)
{
    struct batch_options o = {.base_offset = 100,
                              .leader_epoch = 3,
                              .codec = codec,
                              .producer_id = 1000,
                              .producer_epoch = 2,
                              .base_sequence = 7};
    struct batch_record_header headers[] = {{KAFKA_STRING_LIT("trace"), text("abc")},
                                            {KAFKA_STRING_LIT(""), KAFKA_BYTES_NULL}};
    struct batch_builder b;
    batch_builder_init(&b, &o);
    batch_builder_add(&b, 5000, text("k0"), text("value of the first"), headers, 2);
    batch_builder_add(&b, 7000, text("k1"), KAFKA_BYTES_NULL, NULL, 0);
    batch_builder_add_at(&b, 9, 4000, KAFKA_BYTES_NULL, text(""), NULL, 0);
    check_int(batch_builder_finish(&b, out), 0);
    batch_builder_release(&b);
}

static void check_built(struct slice in)
{
    struct batch_header h;
    struct batch_records it;
    struct batch_record r;
    struct batch_record_header header;
    struct buf scratch = {0};
    struct slice payload;
    check_int(batch_check(in, &h), 0);
    check_int(batch_last_offset(&h), 109);
    check_int(h.count, 3);
    check_int(h.base_timestamp, 5000);
    check_int(h.max_timestamp, 7000);
    check_int(h.producer_id, 1000);
    check_int(h.producer_epoch, 2);
    check_int(h.base_sequence, 7);
    check_int(batch_payload(in, &h, 1000, &scratch, &payload), 0);
    batch_records_init(&it, &h, payload);
    check_int(batch_records_next(&it, &r), 1);
    check_int(r.offset, 100);
    check_int(r.header_count, 2);
    check(batch_record_header_next(&r.headers, &header) && kafka_string_equal_str(header.key, "trace"));
    check_int(header.value.n, 3);
    check(batch_record_header_next(&r.headers, &header) && header.key.n == 0 && header.value.n == -1);
    check(!batch_record_header_next(&r.headers, &header));
    check_int(batch_records_next(&it, &r), 1);
    check_int(r.timestamp, 7000);
    check_int(r.value.n, -1);
    check_int(batch_records_next(&it, &r), 1);
    check_int(r.offset, 109);
    check_int(r.timestamp, 4000);
    check_int(r.key.n, -1);
    check_int(r.value.n, 0);
    check_int(batch_records_next(&it, &r), 0);
    buf_release(&scratch);
}

TEST(batch, builds_and_reads_with_every_codec)
{
    for (int codec = COMPRESSION_NONE; codec <= COMPRESSION_ZSTD; codec++) {
        struct buf out = {0};
        build(&out, codec);
        struct batch_header h;
        check_int(batch_header_read(buf_slice(&out), &h), 0);
        check_int(batch_codec(&h), codec);
        check_built(buf_slice(&out));
        buf_release(&out);
    }
}

TEST(batch, decompression_is_bounded)
{
    struct buf out = {0}, scratch = {0};
    struct batch_header h;
    struct slice payload;
    build(&out, COMPRESSION_ZSTD);
    check_int(batch_check(buf_slice(&out), &h), 0);
    check_int(batch_payload(buf_slice(&out), &h, 10, &scratch, &payload), ERR_RANGE);
    buf_release(&out);
    buf_release(&scratch);
}

/* T19: offset and epoch are stamped without touching the crc, everything after it is covered. */
TEST(batch, t19_stamping_leaves_the_crc_valid)
{
    struct buf out = {0};
    struct batch_header h;
    build(&out, COMPRESSION_LZ4);
    batch_stamp(out.p, 123456789012, 42);
    check_int(batch_check(buf_slice(&out), &h), 0);
    check_int(h.base_offset, 123456789012);
    check_int(h.leader_epoch, 42);
    for (size_t i = 17; i < out.n; i++) {
        out.p[i] ^= 1;
        check(batch_check(buf_slice(&out), &h) < 0);
        out.p[i] ^= 1;
    }
    check_int(batch_check(buf_slice(&out), &h), 0);
    buf_release(&out);
}

/* T21: the attribute, the time of all records, and a crc that fits again. */
TEST(batch, t21_log_append_time)
{
    struct buf out = {0};
    struct batch_header h;
    struct batch_records it;
    struct batch_record r;
    struct slice payload;
    build(&out, COMPRESSION_NONE);
    batch_stamp_log_append_time(out.p, out.n, 999999);
    check_int(batch_check(buf_slice(&out), &h), 0);
    check(h.attributes & BATCH_LOG_APPEND_TIME);
    check_int(h.max_timestamp, 999999);
    check_int(batch_payload(buf_slice(&out), &h, 0, NULL, &payload), 0);
    batch_records_init(&it, &h, payload);
    int n = 0;
    for (; batch_records_next(&it, &r) == 1; n++) check_int(r.timestamp, 999999);
    check_int(n, 3);
    buf_release(&out);
}

TEST(batch, a_cut_batch_is_never_valid)
{
    struct buf out = {0};
    struct batch_header h;
    build(&out, COMPRESSION_NONE);
    for (size_t n = 0; n < out.n; n++) {
        uint8_t *tight = tight_copy(slice_of(out.p, n));
        check_int(batch_check(slice_of(tight, n), &h), ERR_RANGE);
        check(n >= 12 ? batch_peek_size(slice_of(tight, n)) == (int64_t)out.n
                      : batch_peek_size(slice_of(tight, n)) == ERR_RANGE);
        free(tight);
    }
    buf_append_str(&out, "the next batch");
    check_int(batch_check(buf_slice(&out), &h), 0);
    buf_release(&out);
}

/* Changes one field of a header under a crc that still fits. */
static struct slice with(struct buf *out, size_t at, const char *bytes, size_t n)
{
    memcpy(out->p + at, bytes, n);
    if (out->n >= BATCH_HEADER_SIZE) put_u32be(out->p + 17, crc32c(0, out->p + 21, out->n - 21));
    return buf_slice(out);
}

static int check_changed(size_t at, const char *bytes, size_t n)
{
    struct buf out = {0};
    struct batch_header h;
    build(&out, COMPRESSION_NONE);
    int err = batch_check(with(&out, at, bytes, n), &h);
    buf_release(&out);
    return err;
}

TEST(batch, headers_that_cannot_be)
{
    check_int(check_changed(16, "\x01", 1), ERR_UNSUPPORTED);                        /* magic */
    check_int(check_changed(8, "\x00\x00\x00\x30", 4), ERR_CORRUPT);                 /* length below a header */
    check_int(check_changed(8, "\xff\xff\xff\xff", 4), ERR_CORRUPT);                 /* negative length */
    check_int(check_changed(8, "\x7f\xff\xff\xff", 4), ERR_RANGE);                   /* two gigabytes are not there */
    check_int(check_changed(23, "\xff\xff\xff\xff", 4), ERR_CORRUPT);                /* last offset delta */
    check_int(check_changed(57, "\x00\x00\x00\x0b", 4), ERR_CORRUPT);                /* 11 records at 10 offsets */
    check_int(check_changed(57, "\xff\xff\xff\xff", 4), ERR_CORRUPT);                /* count */
    check_int(check_changed(0, "\xff\xff\xff\xff\xff\xff\xff\xff", 8), ERR_CORRUPT); /* base offset */
    check_int(check_changed(0, "\x7f\xff\xff\xff\xff\xff\xff\xff", 8), ERR_CORRUPT); /* last offset overflows */
    check_int(check_changed(43, "\xff\xff\xff\xff\xff\xff\xff\xff", 8), 0);
}

static int check_produced(int16_t attributes, int64_t producer_id, int32_t sequence, bool gap, size_t tail)
{
    struct buf out = {0};
    struct batch_header h;
    struct batch_options o = {
        .attributes = attributes, .producer_id = producer_id, .producer_epoch = 0, .base_sequence = sequence};
    struct batch_builder b;
    batch_builder_init(&b, &o);
    batch_builder_add(&b, 1, text("k"), text("v"), NULL, 0);
    batch_builder_add_at(&b, gap ? 2 : 1, 1, text("k"), text("v"), NULL, 0);
    check_int(batch_builder_finish(&b, &out), 0);
    for (size_t i = 0; i < tail; i++) buf_append_byte(&out, 0);
    int err = batch_check_produced(buf_slice(&out), &h);
    batch_builder_release(&b);
    buf_release(&out);
    return err;
}

TEST(batch, t20_what_a_producer_may_send)
{
    check_int(check_produced(0, -1, -1, false, 0), 0);
    check_int(check_produced(0, 1000, 0, false, 0), 0);
    check_int(check_produced(BATCH_TRANSACTIONAL, 1000, 0, false, 0), 0);
    check_int(check_produced(BATCH_TRANSACTIONAL, -1, -1, false, 0), ERR_INVALID);
    check_int(check_produced(0, 1000, -1, false, 0), ERR_INVALID);
    check_int(check_produced(BATCH_CONTROL, -1, -1, false, 0), ERR_INVALID);
    check_int(check_produced(BATCH_LOG_APPEND_TIME, -1, -1, false, 0), ERR_INVALID);
    check_int(check_produced(0, -1, -1, true, 0), ERR_INVALID);
    check_int(check_produced(0, -1, -1, false, 1), ERR_INVALID);
    check_int(check_produced(5, -1, -1, false, 0), ERR_UNSUPPORTED);
}

/* Reads a payload of one record under a header that allows offsets 0..1; returns the first outcome below 1. */
static int check_payload(const char *bytes, int32_t count)
{
    struct arena a = {0};
    struct batch_header h = {.magic = BATCH_MAGIC, .last_offset_delta = 1, .count = count};
    struct batch_records it;
    struct batch_record r;
    struct slice in = hex(&a, bytes);
    uint8_t *tight = tight_copy(in);
    int outcome;
    batch_records_init(&it, &h, slice_of(tight, in.n));
    do outcome = batch_records_next(&it, &r);
    while (outcome == 1);
    free(tight);
    arena_release(&a);
    return outcome;
}

TEST(batch, records_that_do_not_parse)
{
    /* length, attributes, time delta, offset delta, key, value, header count */
    check_int(check_payload("10 00 00 00 02 'k' 02 'v' 00", 1), 0);
    check_int(check_payload("10 00 00 00 02 'k' 02 'v' 00 0c 00 00 02 01 01 00", 2), 0);
    check_int(check_payload("10 00 00 00 02 'k' 02 'v' 00", 2), ERR_CORRUPT);                      /* one is missing */
    check_int(check_payload("10 00 00 00 02 'k' 02 'v' 00 0c 00 00 02 01 01 00", 1), ERR_CORRUPT); /* one too many */
    check_int(check_payload("10 00 00 00 02 'k' 02 'v' 00 0c 00 00 00 01 01 00", 2), ERR_CORRUPT); /* offset again */
    check_int(check_payload("10 00 00 04 02 'k' 02 'v' 00", 1), ERR_CORRUPT); /* beyond the last offset */
    check_int(check_payload("12 00 00 00 02 'k' 02 'v' 00 ff", 1), ERR_CORRUPT);
    check_int(check_payload("12 00 00 00 02 'k' 02 'v' 00", 1), ERR_CORRUPT);
    check_int(check_payload("10 00 00 00 08 'k' 02 'v' 00", 1), ERR_CORRUPT);
    check_int(check_payload("10 00 00 00 03 'k' 02 'v' 00", 1), ERR_CORRUPT);       /* key length -2 */
    check_int(check_payload("10 00 00 00 02 'k' 02 'v' 01", 1), ERR_CORRUPT);       /* -1 headers */
    check_int(check_payload("10 00 00 00 02 'k' 02 'v' 02", 1), ERR_CORRUPT);       /* a header is missing */
    check_int(check_payload("14 00 00 00 02 'k' 02 'v' 02 01 01", 1), ERR_CORRUPT); /* header key null */
    check_int(check_payload("01 00 00 00 02 'k' 02 'v' 00", 1), ERR_CORRUPT);       /* record length -1 */
    check_int(check_payload("", 1), ERR_CORRUPT);
    check_int(check_payload("", 0), 0);
}

/* T35: markers occupy an offset and look as Kafka's. */
TEST(batch, t35_control_batches)
{
    struct arena a = {0};
    struct buf out = {0};
    struct batch_header h;
    struct batch_records it;
    struct batch_record r;
    struct slice payload;
    struct batch_options o = BATCH_OPTIONS_PLAIN;
    o.base_offset = 5;
    o.attributes = BATCH_TRANSACTIONAL;
    o.producer_id = 1000;
    o.producer_epoch = 0;
    batch_control_build(&o, BATCH_CONTROL_COMMIT, 77, hex(&a, "0000 00000000"), &out);
    check_int(batch_check(buf_slice(&out), &h), 0);
    check(batch_is_control(&h) && (h.attributes & BATCH_TRANSACTIONAL));
    check_int(batch_last_offset(&h), 5);
    check_int(batch_payload(buf_slice(&out), &h, 0, NULL, &payload), 0);
    check_hex(&a, payload, "20 00 00 00 08 0000 0001 0c 0000 00000000 00");
    batch_records_init(&it, &h, payload);
    check_int(batch_records_next(&it, &r), 1);
    check_int(batch_control_type(&r), BATCH_CONTROL_COMMIT);
    r.key.n = 3;
    check_int(batch_control_type(&r), ERR_CORRUPT);
    buf_release(&out);
    arena_release(&a);
}

/* Found by batch_fuzz: an offset delta beyond the batch must not even be added. */
TEST(batch, an_offset_beyond_the_last_one_is_not_computed)
{
    struct arena a = {0};
    struct batch_header h = {.magic = BATCH_MAGIC, .base_offset = INT64_MAX, .count = 1};
    struct batch_records it;
    struct batch_record r;
    batch_records_init(&it, &h, hex(&a, "10 00 00 02 02 'k' 02 'v' 00"));
    check_int(batch_records_next(&it, &r), ERR_CORRUPT);
    arena_release(&a);
}

/* Found by batch_fuzz: a compressed stream of nothing, into a scratch buffer that has no memory yet. */
TEST(batch, a_stream_of_no_bytes_has_no_records)
{
    struct arena a = {0};
    struct buf scratch = {0};
    struct batch_header h = {.magic = BATCH_MAGIC, .attributes = COMPRESSION_SNAPPY, .count = 0, .length = 49 + 16};
    struct batch_records it;
    struct batch_record r;
    struct buf batch = {0};
    struct slice payload, stream = hex(&a, "82'SNAPPY'00 00000001 00000001");
    memset(buf_reserve(&batch, BATCH_HEADER_SIZE), 0, BATCH_HEADER_SIZE);
    batch.n = BATCH_HEADER_SIZE;
    buf_append_slice(&batch, stream);
    check_int(batch_payload(buf_slice(&batch), &h, 100, &scratch, &payload), 0);
    check_int(payload.n, 0);
    batch_records_init(&it, &h, payload);
    check_int(batch_records_next(&it, &r), 0);
    buf_release(&batch);
    buf_release(&scratch);
    arena_release(&a);
}

/* Any bytes may follow a header that is in order. */
TEST(batch, damaged_records_do_no_harm)
{
    struct random random;
    random_seed(&random, 5);
    for (int round = 0; round < 5000; round++) {
        struct buf out = {0}, scratch = {0};
        struct batch_header h;
        struct batch_records it;
        struct batch_record r;
        struct slice payload;
        build(&out, (int)random_below(&random, 5));
        check_int(batch_header_read(buf_slice(&out), &h), 0);
        for (int k = 0; k < 2; k++) out.p[61 + random_below(&random, out.n - 61)] = (uint8_t)random_u64(&random);
        uint8_t *tight = tight_copy(buf_slice(&out));
        int n = 0;
        if (batch_payload(slice_of(tight, out.n), &h, 1000, &scratch, &payload) == 0) {
            batch_records_init(&it, &h, payload);
            while (batch_records_next(&it, &r) == 1) n++;
        }
        check(n <= 3);
        free(tight);
        buf_release(&scratch);
        buf_release(&out);
    }
}
