/* The data path through the whole node: Produce, Fetch, ListOffsets and the traps that they hide
 * (docs/traps.md counts the T numbers). */
#include "broker/node/driver_test.h"
#include "lib/base/checksum.h"
#include "tests/unit.h"

static struct driver d;

static struct kafka_bytes bytes_of(const struct buf *b)
{
    return (struct kafka_bytes){b->p, (int32_t)b->n};
}

static int16_t produce_raw(int version, int16_t acks, struct kafka_bytes records)
{
    driver_produce_begin(&d, 1, "t", acks, version, records);
    struct produce_response *a = driver_answer(&d, 1);
    check(a);
    return a->responses[0].partition_responses[0].error_code;
}

static struct fetch_response_partition_data fetch_at(int64_t offset)
{
    struct driver_fetch f = DRIVER_FETCH;
    f.offset = offset;
    driver_fetch_begin(&d, 2, "t", &f);
    return driver_fetched(&d, 2);
}

static int64_t base_offset_of(struct kafka_bytes records)
{
    struct batch_header h;
    check_int(batch_check(kafka_bytes_slice(records), &h), 0);
    return h.base_offset;
}

/* --- produce --- */

TEST(node_data, what_is_produced_is_fetched)
{
    driver_open(&d, "");
    check_int(driver_create(&d, "t", 1, NULL, NULL), KAFKA_NONE);
    struct driver_batch b = DRIVER_BATCH;
    b.count = 3;
    check_int(driver_produce(&d, "t", &b).base_offset, 0);
    check_int(driver_produce(&d, "t", &b).base_offset, 3);
    struct fetch_response_partition_data p = fetch_at(3);
    check_int(p.high_watermark, 6);
    check_int(p.log_start_offset, 0);
    check_int(base_offset_of(p.records), 3);
    driver_close(&d);
}

TEST(node_data, t05_produce_0_to_2_is_advertised_and_refused)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct buf batch = {0};
    driver_batch_build(&DRIVER_BATCH, &batch);
    check_int(kafka_api_find(KAFKA_API_PRODUCE)->min, 0);
    check_int(produce_raw(2, 1, bytes_of(&batch)), KAFKA_UNSUPPORTED_VERSION);
    check_int(produce_raw(3, 1, bytes_of(&batch)), KAFKA_NONE);
    buf_release(&batch);
    driver_close(&d);
}

TEST(node_data, t20_one_batch_of_magic_2)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct buf batch = {0};
    driver_batch_build(&DRIVER_BATCH, &batch);
    size_t one = batch.n;
    driver_batch_build(&DRIVER_BATCH, &batch); /* a second one behind it */
    check_int(produce_raw(7, 1, bytes_of(&batch)), KAFKA_INVALID_RECORD);
    batch.n = one;
    batch.p[16] = 1;
    check_int(produce_raw(7, 1, bytes_of(&batch)), KAFKA_INVALID_RECORD);
    batch.p[16] = 3;
    check_int(produce_raw(7, 1, bytes_of(&batch)), KAFKA_CORRUPT_MESSAGE);
    batch.p[16] = 2;
    batch.p[one - 1] ^= 1; /* the crc sees it */
    check_int(produce_raw(7, 1, bytes_of(&batch)), KAFKA_CORRUPT_MESSAGE);
    batch.p[one - 1] ^= 1;
    check_int(produce_raw(7, 1, bytes_of(&batch)), KAFKA_NONE);
    buf_release(&batch);
    driver_close(&d);
}

TEST(node_data, t21_log_append_time)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, "message.timestamp.type", "LogAppendTime");
    driver_create(&d, "plain", 1, NULL, NULL);
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).log_append_time_ms, d.now.wall_ms);
    check_int(driver_produce(&d, "plain", &DRIVER_BATCH).log_append_time_ms, -1);
    struct fetch_response_partition_data p = fetch_at(0);
    struct batch_header h;
    check_int(batch_check(kafka_bytes_slice(p.records), &h), 0); /* the crc fits the new bytes */
    check_int(h.max_timestamp, d.now.wall_ms);
    check(h.attributes & BATCH_LOG_APPEND_TIME);
    driver_close(&d);
}

TEST(node_data, t22_zstd_needs_produce_7)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct driver_batch b = DRIVER_BATCH;
    b.codec = COMPRESSION_ZSTD;
    struct buf batch = {0};
    driver_batch_build(&b, &batch);
    check_int(produce_raw(6, 1, bytes_of(&batch)), KAFKA_UNSUPPORTED_COMPRESSION_TYPE);
    check_int(produce_raw(7, 1, bytes_of(&batch)), KAFKA_NONE);
    buf_release(&batch);
    driver_close(&d);
}

TEST(node_data, a_batch_that_is_checked_keeps_back_its_own_connection_only)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct driver_batch b = DRIVER_BATCH;
    struct buf plain = {0}, packed = {0};
    driver_batch_build(&b, &plain);
    b.codec = COMPRESSION_GZIP;
    driver_batch_build(&b, &packed);
    d.hold_jobs = true;
    driver_produce_begin(&d, 1, "t", 1, 7, bytes_of(&packed));
    driver_produce_begin(&d, 1, "t", 1, 7, bytes_of(&packed));
    driver_produce_begin(&d, 1, "t", 1, 7, bytes_of(&plain));
    int jobs = d.held_job_count;
    check_int(jobs, 1); /* one at a time */
    driver_produce_begin(&d, 2, "t", 1, 7, bytes_of(&plain));
    struct produce_response *other = driver_answer(&d, 2);
    check(other);
    check_int(other->responses[0].partition_responses[0].base_offset, 0);
    jobs = d.held_job_count;
    driver_produce_begin(&d, 3, "t", 1, 7, bytes_of(&packed));
    check_int(d.held_job_count, jobs + 1);
    driver_disconnect(&d, 3); /* its batch goes on without it */
    d.hold_jobs = false;
    driver_release_jobs(&d);
    for (int i = 0; i < 3; i++) {
        struct produce_response *a = driver_answer(&d, 1);
        check(a);
        check_int(a->responses[0].partition_responses[0].error_code, KAFKA_NONE);
        check_int(a->responses[0].partition_responses[0].base_offset, 1 + i);
    }
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).base_offset, 5);
    buf_release(&plain);
    buf_release(&packed);
    driver_close(&d);
}

TEST(node_data, what_swells_is_left_to_a_heavy_job)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct driver_batch b = DRIVER_BATCH;
    struct buf packed = {0};
    b.codec = COMPRESSION_GZIP;
    b.value_bytes = 5 << 20;
    driver_batch_build(&b, &packed);
    d.hold_jobs = true;
    driver_produce_begin(&d, 1, "t", 1, 7, bytes_of(&packed));
    check_int(d.held_job_count, 1);
    check(!d.held_jobs[0]->heavy);
    driver_release_jobs(&d);
    check(!driver_answer(&d, 1));
    check_int(d.held_job_count, 1);
    check(d.held_jobs[0]->heavy);
    driver_release_jobs(&d);
    struct produce_response *a = driver_answer(&d, 1);
    check(a);
    check_int(a->responses[0].partition_responses[0].error_code, KAFKA_NONE);
    d.hold_jobs = false;
    buf_release(&packed);
    driver_close(&d);
}

TEST(node_data, t23_a_compacted_topic_wants_keys)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, "cleanup.policy", "compact");
    for (int codec = COMPRESSION_NONE; codec <= COMPRESSION_ZSTD; codec++) {
        struct driver_batch b = DRIVER_BATCH;
        b.codec = codec;
        struct produce_response_partition_produce_response line = driver_produce(&d, "t", &b);
        check_int(line.error_code, KAFKA_INVALID_RECORD);
        check_int(line.record_errors_count, 1);
        check_int(line.record_errors[0].batch_index, 0);
        b.keyed = true;
        check_int(driver_produce(&d, "t", &b).error_code, KAFKA_NONE);
    }
    driver_close(&d);
}

TEST(node_data, t24_max_message_bytes)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, "max.message.bytes", "1000");
    struct driver_batch b = DRIVER_BATCH;
    b.value_bytes = 2000;
    check_int(driver_produce(&d, "t", &b).error_code, KAFKA_MESSAGE_TOO_LARGE);
    b.value_bytes = 500;
    check_int(driver_produce(&d, "t", &b).error_code, KAFKA_NONE);
    driver_close(&d);
}

/* What is too large is not looked at: neither its checksum nor its records. */
TEST(node_data, t24_too_large_is_said_before_anything_is_read)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, "max.message.bytes", "1000");
    struct driver_batch b = DRIVER_BATCH;
    struct buf bytes = {0};
    b.value_bytes = 2000;
    driver_batch_build(&b, &bytes);
    bytes.p[bytes.n - 1] ^= 1;
    driver_produce_begin(&d, 1, "t", -1, 9, kafka_bytes_of_slice(buf_slice(&bytes)));
    struct produce_response *a = driver_answer(&d, 1);
    check(a);
    check_int(a->responses[0].partition_responses[0].error_code, KAFKA_MESSAGE_TOO_LARGE);
    buf_release(&bytes);
    driver_close(&d);
}

/* Plain records of a batch this large are checked by a job, so that nobody waits for it. */
TEST(node_data, a_very_large_plain_batch_is_checked_aside)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, "max.message.bytes", "10000000");
    struct driver_batch b = DRIVER_BATCH;
    struct buf bytes = {0};
    b.value_bytes = 3000000;
    driver_batch_build(&b, &bytes);
    d.hold_jobs = true;
    driver_produce_begin(&d, 1, "t", -1, 9, kafka_bytes_of_slice(buf_slice(&bytes)));
    check(!driver_answer(&d, 1));
    d.hold_jobs = false;
    driver_release_jobs(&d);
    struct produce_response *a = driver_answer(&d, 1);
    check(a);
    check_int(a->responses[0].partition_responses[0].error_code, KAFKA_NONE);
    buf_release(&bytes);
    driver_close(&d);
}

static struct driver_batch sequenced(int32_t sequence)
{
    struct driver_batch b = DRIVER_BATCH;
    b.producer_id = 7;
    b.epoch = 0;
    b.sequence = sequence;
    return b;
}

TEST(node_data, t25_a_duplicate_gets_the_original_offset)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    for (int32_t i = 0; i < 6; i++) {
        struct driver_batch b = sequenced(i);
        check_int(driver_produce(&d, "t", &b).base_offset, i);
    }
    for (int32_t i = 1; i < 6; i++) {
        struct driver_batch b = sequenced(i);
        struct produce_response_partition_produce_response line = driver_produce(&d, "t", &b);
        check_int(line.error_code, KAFKA_NONE);
        check_int(line.base_offset, i);
    }
    struct driver_batch old = sequenced(0), gap = sequenced(9);
    check_int(driver_produce(&d, "t", &old).error_code, KAFKA_DUPLICATE_SEQUENCE_NUMBER);
    check_int(driver_produce(&d, "t", &gap).error_code, KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER);
    driver_crash(&d, ""); /* the log remembers */
    struct driver_batch last = sequenced(5);
    check_int(driver_produce(&d, "t", &last).base_offset, 5);
    check_int(fetch_at(0).high_watermark, 6);
    driver_close(&d);
}

TEST(node_data, t27_acks_are_minus_one_to_one)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct buf batch = {0};
    driver_batch_build(&DRIVER_BATCH, &batch);
    check_int(produce_raw(9, 2, bytes_of(&batch)), KAFKA_INVALID_REQUIRED_ACKS);
    check_int(produce_raw(9, -2, bytes_of(&batch)), KAFKA_INVALID_REQUIRED_ACKS);
    check_int(fetch_at(0).high_watermark, 0);
    buf_release(&batch);
    driver_close(&d);
}

TEST(node_data, acks_all_wants_the_in_sync_replicas_that_the_topic_asks_for)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, "min.insync.replicas", "2");
    struct buf batch = {0};
    driver_batch_build(&DRIVER_BATCH, &batch);
    check_int(produce_raw(9, -1, bytes_of(&batch)), KAFKA_NOT_ENOUGH_REPLICAS);
    check_int(produce_raw(9, 1, bytes_of(&batch)), KAFKA_NONE);
    buf_release(&batch);
    driver_close(&d);
}

TEST(node_data, t47_the_first_sequence_of_a_fresh_partition_is_zero)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct driver_batch second = sequenced(1), first = sequenced(0);
    check_int(driver_produce(&d, "t", &second).error_code, KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER);
    check_int(driver_produce(&d, "t", &first).error_code, KAFKA_NONE);
    check_int(driver_produce(&d, "t", &second).error_code, KAFKA_NONE);
    driver_close(&d);
}

TEST(node_data, t48_null_records_are_answered)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    check_int(produce_raw(9, -1, KAFKA_BYTES_NULL), KAFKA_INVALID_RECORD);
    check_int(produce_raw(9, -1, (struct kafka_bytes){(const uint8_t *)"", 0}), KAFKA_INVALID_RECORD);
    driver_close(&d);
}

TEST(node_data, t17_acks_0_gets_no_answer_and_a_refusal_closes)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct buf batch = {0};
    driver_batch_build(&DRIVER_BATCH, &batch);
    driver_produce_begin(&d, 1, "t", 0, 9, bytes_of(&batch));
    check_int(d.connections[1].sent.n, 0);
    check(d.connections[1].open);
    check_int(fetch_at(0).high_watermark, 1);
    driver_produce_begin(&d, 1, "nowhere", 0, 9, bytes_of(&batch));
    check(!d.connections[1].open);
    buf_release(&batch);
    driver_close(&d);
}

TEST(node_data, the_broker_s_own_topics_take_no_records)
{
    driver_open(&d, "");
    struct find_coordinator_request r = {.key = KAFKA_STRING_LIT("g")};
    driver_ask(&d, 1, KAFKA_API_FIND_COORDINATOR, 1, &r);
    check(driver_answer(&d, 1));
    check_int(driver_produce(&d, "__consumer_offsets", &DRIVER_BATCH).error_code, KAFKA_INVALID_TOPIC_EXCEPTION);
    check_int(driver_produce(&d, "__cluster_metadata", &DRIVER_BATCH).error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    driver_close(&d);
}

/* --- durability --- */

TEST(node_data, group_commit_acknowledges_and_shows_only_what_is_synced)
{
    driver_open(&d, "log.flush.interval.messages=1\n");
    driver_create(&d, "t", 1, NULL, NULL);
    struct buf batch = {0};
    driver_batch_build(&DRIVER_BATCH, &batch);
    d.hold_syncs = true;
    for (int c = 1; c <= 3; c++) driver_produce_begin(&d, c, "t", c == 1 ? 1 : -1, 9, bytes_of(&batch));
    check_int(d.held_sync_count, 1); /* the first one is under way, the others make the next group */
    check(!driver_answer(&d, 1) && !driver_answer(&d, 2) && !driver_answer(&d, 3));
    struct driver_fetch f = DRIVER_FETCH;
    driver_fetch_begin(&d, 4, "t", &f);
    check_int(driver_fetched(&d, 4).records.n, 0);

    driver_release_syncs(&d, 0);
    check(driver_answer(&d, 1));
    check(!driver_answer(&d, 2) && !driver_answer(&d, 3));
    check_int(d.held_sync_count, 1); /* one for both */
    driver_fetch_begin(&d, 4, "t", &f);
    check_int(driver_fetched(&d, 4).high_watermark, 1);
    driver_release_syncs(&d, 0);
    check(driver_answer(&d, 2) && driver_answer(&d, 3));
    buf_release(&batch);
    driver_close(&d);
}

TEST(node_data, a_failed_sync_takes_the_directory_offline_for_good)
{
    driver_open(&d, "log.flush.interval.messages=1\n");
    driver_create(&d, "t", 1, NULL, NULL);
    driver_create(&d, "other", 1, NULL, NULL);
    d.fail_sync = ERR_IO;
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).error_code, KAFKA_KAFKA_STORAGE_ERROR);
    d.fail_sync = 0;
    int syncs = d.sync_count;
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).error_code, KAFKA_KAFKA_STORAGE_ERROR);
    check_int(driver_produce(&d, "other", &DRIVER_BATCH).error_code, KAFKA_KAFKA_STORAGE_ERROR);
    check_int(fetch_at(0).error_code, KAFKA_KAFKA_STORAGE_ERROR);
    check_int(d.sync_count, syncs); /* never tried again */
    driver_close(&d);
}

/* A sync that could not be tried says nothing of the disk: its records wait for the next. */
TEST(node_data, a_sync_without_a_descriptor_is_tried_again)
{
    driver_open(&d, "log.flush.interval.messages=1\n");
    driver_create(&d, "t", 1, NULL, NULL);
    driver_create(&d, "other", 1, NULL, NULL);
    d.fail_sync = ERR_NOMEM;
    struct buf batch = {0};
    driver_batch_build(&DRIVER_BATCH, &batch);
    driver_produce_begin(&d, 3, "t", -1, 9, bytes_of(&batch));
    int syncs = d.sync_count;
    driver_wait(&d, 50); /* not at once, which would be for ever */
    check_int(d.sync_count, syncs);
    driver_wait(&d, 150);
    check_int(d.sync_count, syncs + 2);
    check(!driver_answer(&d, 3));
    d.fail_sync = 0;
    check_int(driver_produce(&d, "other", &DRIVER_BATCH).error_code, KAFKA_NONE);
    driver_wait(&d, 150);
    struct produce_response *answer = driver_answer(&d, 3);
    check(answer && answer->responses[0].partition_responses[0].error_code == KAFKA_NONE);
    check_int(fetch_at(0).high_watermark, 1);
    buf_release(&batch);
    driver_close(&d);
}

TEST(node_data, interval_mode_keeps_what_a_sync_without_a_descriptor_left)
{
    driver_open(&d, "log.flush.interval.ms=1000\n");
    driver_create(&d, "t", 1, NULL, NULL);
    d.fail_sync = ERR_NOMEM;
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).error_code, KAFKA_NONE);
    driver_wait(&d, 1050);
    int syncs = d.sync_count;
    d.fail_sync = 0;
    driver_wait(&d, 150);
    check_int(d.sync_count, syncs + 1);
    driver_wait(&d, 5000); /* nothing is left to sync */
    check_int(d.sync_count, syncs + 1);
    driver_close(&d);
}

TEST(node_data, a_full_disk_refuses_one_batch_and_not_the_next)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).error_code, KAFKA_NONE);
    d.fail_append = ERR_NOSPACE;
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).error_code, KAFKA_KAFKA_STORAGE_ERROR);
    check_int(fetch_at(0).high_watermark, 1);
    check(fetch_at(0).records.n > 0);
    d.fail_append = 0;
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).base_offset, 1);
    driver_close(&d);
}

TEST(node_data, interval_mode_acknowledges_before_it_syncs)
{
    driver_open(&d, "log.flush.interval.ms=100\n");
    driver_create(&d, "t", 1, NULL, NULL);
    int before = d.sync_count;
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).error_code, KAFKA_NONE);
    check_int(d.sync_count, before);
    driver_wait(&d, 150);
    check_int(d.sync_count, before + 1);
    driver_wait(&d, 1000); /* nothing new, nothing to sync */
    check_int(d.sync_count, before + 1);
    driver_close(&d);
}

/* A disk that takes longer than the interval: what came after the sync began is not forgotten when the interval ends
 * before the sync does. */
TEST(node_data, interval_mode_makes_up_for_an_interval_that_ended_during_a_sync)
{
    driver_open(&d, "log.flush.interval.ms=100\n");
    driver_create(&d, "t", 1, NULL, NULL);
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).error_code, KAFKA_NONE);
    d.hold_syncs = true;
    driver_wait(&d, 150);
    check_int(d.held_sync_count, 1);
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).error_code, KAFKA_NONE);
    driver_wait(&d, 150);
    int before = d.sync_count;
    d.hold_syncs = false;
    driver_release_syncs(&d, 0);
    driver_wait(&d, 1000);
    check_int(d.sync_count, before + 1);
    driver_close(&d);
}

TEST(node_data, a_produce_that_takes_too_long_times_out)
{
    driver_open(&d, "log.flush.interval.messages=1\n");
    driver_create(&d, "t", 1, NULL, NULL);
    struct buf batch = {0};
    driver_batch_build(&DRIVER_BATCH, &batch);
    d.hold_syncs = true;
    driver_produce_begin(&d, 1, "t", -1, 9, bytes_of(&batch));
    driver_wait(&d, 4999);
    check(!driver_answer(&d, 1));
    driver_wait(&d, 2);
    struct produce_response *a = driver_answer(&d, 1);
    check(a);
    check_int(a->responses[0].partition_responses[0].error_code, KAFKA_REQUEST_TIMED_OUT);
    driver_release_syncs(&d, 0); /* late, and nobody waits */
    check_int(fetch_at(0).high_watermark, 1);
    buf_release(&batch);
    driver_close(&d);
}

TEST(node_data, compressed_garbage_is_refused_for_good)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct driver_batch b = DRIVER_BATCH;
    struct buf batch = {0};
    b.codec = COMPRESSION_LZ4;
    driver_batch_build(&b, &batch);
    for (size_t i = BATCH_HEADER_SIZE; i < batch.n; i++) batch.p[i] = (uint8_t)i;
    put_u32be(batch.p + 17, crc32c(0, batch.p + 21, batch.n - 21)); /* a crc that fits */
    check_int(produce_raw(9, 1, bytes_of(&batch)), KAFKA_INVALID_RECORD);
    check_int(fetch_at(0).high_watermark, 0);
    buf_release(&batch);
    driver_close(&d);
}

TEST(node_data, a_topic_s_own_codec_is_what_is_stored)
{
    driver_open(&d, "");
    check_int(driver_create(&d, "t", 1, "compression.type", "lz4"), KAFKA_NONE);
    for (int codec = COMPRESSION_NONE; codec <= COMPRESSION_ZSTD; codec++) {
        struct driver_batch b = DRIVER_BATCH;
        b.codec = codec;
        b.count = 4;
        check_int(driver_produce(&d, "t", &b).base_offset, 4 * codec);
        struct fetch_response_partition_data p = fetch_at(4 * codec);
        struct batch_header h;
        check_int(batch_check(kafka_bytes_slice(p.records), &h), 0);
        check_int(batch_codec(&h), COMPRESSION_LZ4);
        check_int(h.count, 4);
    }
    check_int(driver_create(&d, "plain", 1, "compression.type", "uncompressed"), KAFKA_NONE);
    struct driver_batch b = DRIVER_BATCH;
    b.codec = COMPRESSION_GZIP;
    check_int(driver_produce(&d, "plain", &b).error_code, KAFKA_NONE);
    driver_close(&d);
}

/* --- fetch --- */

TEST(node_data, t22_a_topic_of_zstd_needs_fetch_10)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, "compression.type", "zstd");
    struct driver_fetch f = DRIVER_FETCH;
    f.version = 9;
    driver_fetch_begin(&d, 2, "t", &f);
    check_int(driver_fetched(&d, 2).error_code, KAFKA_UNSUPPORTED_COMPRESSION_TYPE);
    f.version = 10;
    driver_fetch_begin(&d, 2, "t", &f);
    check_int(driver_fetched(&d, 2).error_code, KAFKA_NONE);
    driver_close(&d);
}

TEST(node_data, t28_records_are_empty_never_null)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    check_int(fetch_at(0).records.n, 0);
    check_int(fetch_at(5).records.n, 0); /* an error too */
    check_int(fetch_at(5).error_code, KAFKA_OFFSET_OUT_OF_RANGE);
    struct driver_fetch f = DRIVER_FETCH;
    driver_fetch_begin(&d, 2, "nowhere", &f);
    struct fetch_response_partition_data p = driver_fetched(&d, 2);
    check_int(p.error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    check_int(p.records.n, 0);
    driver_close(&d);
}

TEST(node_data, t29_at_least_one_whole_batch)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct driver_batch b = DRIVER_BATCH;
    b.value_bytes = 5000;
    driver_produce(&d, "t", &b);
    driver_produce(&d, "t", &b);
    struct driver_fetch f = DRIVER_FETCH;
    f.max_bytes = f.partition_max_bytes = 1;
    driver_fetch_begin(&d, 2, "t", &f);
    struct fetch_response_partition_data p = driver_fetched(&d, 2);
    struct batch_header h;
    check_int(batch_check(kafka_bytes_slice(p.records), &h), 0);
    check_int(p.records.n, batch_size(&h));
    driver_close(&d);
}

TEST(node_data, t30_an_offset_inside_a_batch_brings_the_whole_batch)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct driver_batch b = DRIVER_BATCH;
    b.count = 10;
    driver_produce(&d, "t", &b);
    driver_produce(&d, "t", &b);
    check_int(base_offset_of(fetch_at(17).records), 10);
    driver_crash(&d, ""); /* and when nothing is remembered in memory */
    check_int(base_offset_of(fetch_at(17).records), 10);
    check_int(base_offset_of(fetch_at(9).records), 0);
    driver_close(&d);
}

TEST(node_data, t31_a_long_poll_waits_for_min_bytes_or_its_time)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct driver_fetch f = DRIVER_FETCH;
    f.min_bytes = 1;
    f.max_wait_ms = 500;
    driver_fetch_begin(&d, 2, "t", &f);
    driver_wait(&d, 499);
    check(!driver_answer(&d, 2));
    driver_wait(&d, 1);
    check_int(driver_fetched(&d, 2).records.n, 0);

    driver_fetch_begin(&d, 2, "t", &f);
    check(!driver_answer(&d, 2));
    driver_produce(&d, "t", &DRIVER_BATCH);
    check(driver_fetched(&d, 2).records.n > 0); /* at once */

    f.offset = 1;
    f.min_bytes = 120; /* two batches are more, one is less */
    driver_fetch_begin(&d, 2, "t", &f);
    driver_produce(&d, "t", &DRIVER_BATCH);
    check(!driver_answer(&d, 2));
    driver_produce(&d, "t", &DRIVER_BATCH);
    check(driver_fetched(&d, 2).records.n >= 120);
    driver_close(&d);
}

/* A long poll that names one partition very often; whether it is answered at once. */
static bool costly_poll_ends(int connection)
{
    enum { NAMED = 49000 };
    static struct fetch_request_fetch_partition partitions[NAMED];
    for (int i = 0; i < NAMED; i++)
        partitions[i] = (struct fetch_request_fetch_partition){
            .current_leader_epoch = -1, .last_fetched_epoch = -1, .partition_max_bytes = 1000};
    struct fetch_request_fetch_topic topic = {
        .topic = KAFKA_STRING_LIT("t"), .partitions = partitions, .partitions_count = NAMED};
    struct fetch_request r = {.replica_id = -1,
                              .max_wait_ms = INT32_MAX,
                              .min_bytes = INT32_MAX,
                              .max_bytes = 1000,
                              .topics = &topic,
                              .topics_count = 1};
    driver_ask(&d, connection, KAFKA_API_FETCH, 4, &r);
    return driver_answer(&d, connection) != NULL;
}

TEST(node_data, long_polls_have_a_bound_in_memory)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    int waiting = 0;
    while (waiting < 8 && !costly_poll_ends(waiting < 5 ? 1 + waiting : 3 + waiting)) waiting++;
    check(waiting > 1 && waiting < 8);
    driver_disconnect(&d, 1); /* who goes makes room */
    check(!costly_poll_ends(1));
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).error_code, KAFKA_NONE);
    driver_close(&d);
}

TEST(node_data, a_long_poll_of_a_dead_client_is_forgotten)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct driver_fetch f = DRIVER_FETCH;
    f.min_bytes = 1;
    f.max_wait_ms = 100000;
    driver_fetch_begin(&d, 2, "t", &f);
    driver_disconnect(&d, 2);
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).error_code, KAFKA_NONE);
    check_int(d.connections[2].sent.n, 0);
    driver_close(&d);
}

/* What a client sent before it ended may stand behind a pipeline full of long polls, and is still taken. */
TEST(node_data, long_polls_of_a_client_that_says_no_more_end_at_once)
{
    enum { POLLS = 5 };
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct driver_fetch f = DRIVER_FETCH;
    f.min_bytes = 1;
    f.max_wait_ms = 3600000;
    for (int i = 0; i < POLLS; i++) driver_fetch_begin(&d, 3, "t", &f);
    driver_fetch_begin(&d, 4, "t", &f);
    check(!driver_answer(&d, 3));
    driver_end(&d, 3);
    driver_wait(&d, 1);
    for (int i = 0; i < POLLS; i++) check_int(driver_fetched(&d, 3).records.n, 0);
    driver_fetch_begin(&d, 3, "t", &f); /* was on its way */
    check_int(driver_fetched(&d, 3).records.n, 0);
    check(!driver_answer(&d, 4)); /* somebody else's waits on */
    driver_close(&d);
}

TEST(node_data, a_long_poll_ends_when_its_topic_is_deleted)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct driver_fetch f = DRIVER_FETCH;
    f.min_bytes = 1;
    f.max_wait_ms = 100000;
    driver_fetch_begin(&d, 2, "t", &f);
    struct kafka_string name = KAFKA_STRING_LIT("t");
    struct delete_topics_request r = {.topic_names = &name, .topic_names_count = 1};
    driver_ask(&d, 1, KAFKA_API_DELETE_TOPICS, 4, &r);
    check(driver_answer(&d, 1));
    check_int(driver_fetched(&d, 2).error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    check_int(memory_disk_files(d.disk, "t-0"), 0);
    driver_close(&d);
}

TEST(node_data, t32_every_answer_is_sessionless)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct fetch_request r = {
        .cluster_id = KAFKA_STRING_NULL, .replica_id = -1, .session_epoch = 0, .rack_id = KAFKA_STRING_LIT("")};
    driver_ask(&d, 2, KAFKA_API_FETCH, 11, &r);
    struct fetch_response *a = driver_answer(&d, 2);
    check(a);
    check_int(a->session_id, 0);
    check_int(a->error_code, KAFKA_NONE);
    r.session_id = 99;
    r.session_epoch = 3;
    driver_ask(&d, 2, KAFKA_API_FETCH, 11, &r);
    a = driver_answer(&d, 2);
    check_int(a->error_code, KAFKA_FETCH_SESSION_ID_NOT_FOUND);
    driver_close(&d);
}

TEST(node_data, t34_at_the_high_watermark_is_empty_and_beyond_is_out_of_range)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    driver_produce(&d, "t", &DRIVER_BATCH);
    check_int(fetch_at(1).error_code, KAFKA_NONE);
    check_int(fetch_at(1).records.n, 0);
    check_int(fetch_at(1).last_stable_offset, 1);
    check_int(fetch_at(2).error_code, KAFKA_OFFSET_OUT_OF_RANGE);
    check_int(fetch_at(-1).error_code, KAFKA_OFFSET_OUT_OF_RANGE);
    driver_close(&d);
}

TEST(node_data, t36_leader_epochs)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    driver_produce(&d, "t", &DRIVER_BATCH);
    struct driver_fetch f = DRIVER_FETCH;
    f.epoch = 0;
    driver_fetch_begin(&d, 2, "t", &f);
    check_int(driver_fetched(&d, 2).error_code, KAFKA_NONE);
    f.epoch = 1;
    driver_fetch_begin(&d, 2, "t", &f);
    check_int(driver_fetched(&d, 2).error_code, KAFKA_UNKNOWN_LEADER_EPOCH);
    driver_restart(&d, "");
    f.epoch = 0; /* it is still the same epoch */
    driver_fetch_begin(&d, 2, "t", &f);
    check_int(driver_fetched(&d, 2).error_code, KAFKA_NONE);
    driver_close(&d);
}

static struct offset_for_leader_epoch_response_epoch_end_offset epoch_end(int version, int32_t current, int32_t epoch)
{
    struct offset_for_leader_epoch_request_offset_for_leader_partition p = {0, current, epoch};
    struct offset_for_leader_epoch_request_offset_for_leader_topic t = {KAFKA_STRING_LIT("t"), &p, 1};
    struct offset_for_leader_epoch_request r = {.replica_id = -1, .topics = &t, .topics_count = 1};
    driver_ask(&d, 2, KAFKA_API_OFFSET_FOR_LEADER_EPOCH, version, &r);
    struct offset_for_leader_epoch_response *a = driver_answer(&d, 2);
    check(a && a->topics_count == 1 && a->topics[0].partitions_count == 1);
    return a->topics[0].partitions[0];
}

TEST(node_data, t36_where_an_epoch_ends)
{
    driver_open(&d, "");
    check_int(epoch_end(4, -1, 0).error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    driver_create(&d, "t", 1, NULL, NULL);
    check_int(epoch_end(4, -1, 0).end_offset, 0); /* nothing was ever stored, and it is the epoch of today */
    check_int(epoch_end(4, -1, 0).leader_epoch, 0);
    driver_produce(&d, "t", &DRIVER_BATCH);
    for (int version = 2; version <= 4; version++) {
        check_int(epoch_end(version, 0, 0).error_code, KAFKA_NONE);
        check_int(epoch_end(version, 0, 0).leader_epoch, 0);
        check_int(epoch_end(version, 0, 0).end_offset, 1);
        check_int(epoch_end(version, 0, 7).end_offset, -1); /* newer than all */
        check_int(epoch_end(version, 1, 0).error_code, KAFKA_UNKNOWN_LEADER_EPOCH);
    }
    driver_close(&d);
}

/* --- topics by id (KIP-516) --- */

static struct kafka_uuid topic_id(const char *topic)
{
    struct metadata_request_metadata_request_topic t = {.name = kafka_string_of(topic)};
    struct metadata_request r = {.topics = &t, .topics_count = 1};
    driver_ask(&d, 3, KAFKA_API_METADATA, 12, &r);
    struct metadata_response *a = driver_answer(&d, 3);
    check(a && a->topics_count == 1);
    return a->topics[0].topic_id;
}

TEST(node_data, t33_a_fetch_by_topic_id)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    driver_produce(&d, "t", &DRIVER_BATCH);
    struct driver_fetch f = DRIVER_FETCH;
    for (f.version = 13; f.version <= 16; f.version++) {
        f.topic_id = topic_id("t");
        driver_fetch_begin(&d, 2, NULL, &f);
        struct fetch_response *a = driver_answer(&d, 2);
        check(a && a->responses_count == 1);
        check(kafka_uuid_equal(a->responses[0].topic_id, f.topic_id));
        check_int(a->responses[0].partitions[0].error_code, KAFKA_NONE);
        check(a->responses[0].partitions[0].records.n > 0);
        f.topic_id.bytes[0] ^= 1;
        driver_fetch_begin(&d, 2, NULL, &f);
        check_int(driver_fetched(&d, 2).error_code, KAFKA_UNKNOWN_TOPIC_ID);
        f.topic_id = (struct kafka_uuid){{0}};
        driver_fetch_begin(&d, 2, NULL, &f);
        check_int(driver_fetched(&d, 2).error_code, KAFKA_UNKNOWN_TOPIC_ID);
    }
    driver_close(&d);
}

/* A poll that waits for one topic is not answered with the records of its namesake. */
TEST(node_data, t33_a_topic_made_anew_is_another_topic)
{
    struct kafka_string name = KAFKA_STRING_LIT("t");
    struct delete_topics_request r = {.topic_names = &name, .topic_names_count = 1};
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct driver_fetch f = DRIVER_FETCH;
    f.version = 13;
    f.topic_id = topic_id("t");
    f.min_bytes = 1;
    f.max_wait_ms = 60000;
    driver_fetch_begin(&d, 2, NULL, &f);
    check(!driver_answer(&d, 2));
    driver_ask(&d, 1, KAFKA_API_DELETE_TOPICS, 5, &r);
    check(driver_answer(&d, 1));
    check_int(driver_fetched(&d, 2).error_code, KAFKA_UNKNOWN_TOPIC_ID);
    driver_create(&d, "t", 1, NULL, NULL);
    driver_produce(&d, "t", &DRIVER_BATCH);
    driver_fetch_begin(&d, 2, NULL, &f);
    check_int(driver_fetched(&d, 2).error_code, KAFKA_UNKNOWN_TOPIC_ID);
    f.topic_id = topic_id("t");
    driver_fetch_begin(&d, 2, NULL, &f);
    check_int(driver_fetched(&d, 2).error_code, KAFKA_NONE);
    driver_close(&d);
}

/* --- ListOffsets --- */

static struct list_offsets_response_list_offsets_partition_response offset_asked(int64_t timestamp, int version)
{
    struct list_offsets_request_list_offsets_partition p = {.current_leader_epoch = -1, .timestamp = timestamp};
    struct list_offsets_request_list_offsets_topic t = {
        .name = KAFKA_STRING_LIT("t"), .partitions = &p, .partitions_count = 1};
    struct list_offsets_request r = {.replica_id = -1, .topics = &t, .topics_count = 1};
    driver_ask(&d, 3, KAFKA_API_LIST_OFFSETS, version, &r);
    struct list_offsets_response *a = driver_answer(&d, 3);
    check(a && a->topics_count == 1);
    return a->topics[0].partitions[0];
}

static struct list_offsets_response_list_offsets_partition_response offset_for(int64_t timestamp)
{
    return offset_asked(timestamp, 8);
}

TEST(node_data, special_times_are_known_from_a_version_on)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    for (int version = 1; version <= 8; version++) {
        check_int(offset_asked(-1, version).error_code, KAFKA_NONE);
        check_int(offset_asked(-2, version).error_code, KAFKA_NONE);
        check_int(offset_asked(-3, version).error_code, version >= 7 ? KAFKA_NONE : KAFKA_UNSUPPORTED_VERSION);
        check_int(offset_asked(-4, version).error_code, version >= 8 ? KAFKA_NONE : KAFKA_UNSUPPORTED_VERSION);
        check_int(offset_asked(-5, version).error_code, KAFKA_UNSUPPORTED_VERSION);
        check_int(offset_asked(INT64_MIN, version).error_code, KAFKA_UNSUPPORTED_VERSION);
    }
    driver_close(&d);
}

TEST(node_data, t37_offsets_by_time)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    check_int(offset_for(-3).offset, -1);
    struct driver_batch b = DRIVER_BATCH;
    b.count = 5;
    b.timestamp = d.now.wall_ms - 10000;
    int64_t t0 = b.timestamp;
    driver_produce(&d, "t", &b);
    b.timestamp = t0 + 100;
    b.codec = COMPRESSION_SNAPPY;
    driver_produce(&d, "t", &b);
    check_int(offset_for(-1).offset, 10);
    check_int(offset_for(-2).offset, 0);
    check_int(offset_for(-4).offset, 0);
    check_int(offset_for(t0 + 2).offset, 2);
    check_int(offset_for(t0 + 2).timestamp, t0 + 2);
    check_int(offset_for(t0 + 50).offset, 5); /* the first one not before */
    check_int(offset_for(t0 + 50).timestamp, t0 + 100);
    check_int(offset_for(t0 + 102).offset, 7); /* inside of a compressed batch */
    check_int(offset_for(t0 + 105).offset, -1);
    check_int(offset_for(t0 + 105).timestamp, -1);
    check_int(offset_for(-3).offset, 9);
    check_int(offset_for(-3).timestamp, t0 + 104);
    driver_close(&d);
}

/* A job for each time that is looked up: a request may not ask for a partition again and again. */
TEST(node_data, t37_a_partition_is_looked_up_once_in_a_request)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct driver_batch b = DRIVER_BATCH;
    driver_produce(&d, "t", &b);
    struct list_offsets_request_list_offsets_partition lines[2] = {{.current_leader_epoch = -1, .timestamp = 1000},
                                                                   {.current_leader_epoch = -1, .timestamp = 1000}};
    struct list_offsets_request_list_offsets_topic topic = {
        .name = KAFKA_STRING_LIT("t"), .partitions = lines, .partitions_count = 2};
    struct list_offsets_request r = {.replica_id = -1, .topics = &topic, .topics_count = 1};
    for (int again = 0; again < 2; again++) {
        driver_ask(&d, 1, KAFKA_API_LIST_OFFSETS, 5, &r);
        struct list_offsets_response *a = driver_answer(&d, 1);
        check(a);
        check_int(a->topics[0].partitions[0].error_code, KAFKA_NONE);
        check_int(a->topics[0].partitions[0].offset, 0);
        check_int(a->topics[0].partitions[1].error_code, KAFKA_INVALID_REQUEST);
    }
    driver_close(&d);
}

TEST(node_data, t38_the_epoch_of_an_offset)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    check_int(offset_for(1).leader_epoch, -1); /* nothing found */
    check_int(offset_for(-1).leader_epoch, 0); /* of the record that comes there, as its leader has it */
    check_int(offset_for(-2).leader_epoch, 0);
    driver_produce(&d, "t", &DRIVER_BATCH);
    check_int(offset_for(-1).leader_epoch, 0);
    check_int(offset_for(1000).leader_epoch, 0);
    driver_close(&d);
}

/* --- retention --- */

TEST(node_data, t52_retention_takes_an_active_segment_too)
{
    driver_open(&d, "log.retention.check.interval.ms=1000\n");
    driver_create(&d, "t", 1, "retention.ms", "5000");
    struct driver_batch b = DRIVER_BATCH;
    b.timestamp = d.now.wall_ms - 100000; /* old records go at the next check */
    driver_produce(&d, "t", &b);
    driver_wait(&d, 2100);
    check_int(offset_for(-2).offset, 1);
    check_int(fetch_at(0).error_code, KAFKA_OFFSET_OUT_OF_RANGE);
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).base_offset, 1); /* no offset is given twice */
    driver_close(&d);
}

/* Recovery never looks below the recovery point; the scrub does, a segment at each check. */
TEST(node_data, a_bit_that_the_disk_lost_is_found_and_told_as_corrupt)
{
    driver_open(&d, "log.retention.check.interval.ms=1000\n");
    driver_create(&d, "t", 1, "segment.ms", "1");
    struct driver_batch b = DRIVER_BATCH;
    for (int i = 0; i < 4; i++) {
        b.timestamp = d.now.wall_ms - 1000 + 10 * i; /* each later than segment.ms: a segment of its own */
        driver_produce(&d, "t", &b);
    }
    struct buf *second = memory_disk_file(d.disk, "t-0/00000000000000000001.log");
    check(second != NULL);
    second->p[second->n - 1] ^= 1;
    check_int(fetch_at(1).error_code, KAFKA_NONE); /* the client would see it, by its own check */
    for (int i = 0; i < 40; i++) driver_wait(&d, 1100);
    check_int(fetch_at(1).error_code, KAFKA_CORRUPT_MESSAGE);
    check_int(fetch_at(0).error_code, KAFKA_NONE);
    check_int(fetch_at(2).error_code, KAFKA_NONE);
    driver_close(&d);
}
