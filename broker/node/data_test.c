/* The data path through the whole node, the way in: Produce, durability and the traps that they hide (docs/traps.md
 * counts the T numbers). The way out is in fetch_test.c. */
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

/* --- produce --- */

TEST(node_data, what_is_produced_is_fetched)
{
    driver_open(&d, "");
    check_int(driver_create(&d, "t", 1, NULL, NULL), KAFKA_NONE);
    struct driver_batch b = DRIVER_BATCH;
    b.count = 3;
    check_int(driver_produce(&d, "t", &b).base_offset, 0);
    check_int(driver_produce(&d, "t", &b).base_offset, 3);
    struct fetch_response_partition_data p = driver_fetch_at(&d, 3);
    check_int(p.high_watermark, 6);
    check_int(p.log_start_offset, 0);
    check_int(driver_base_offset(p.records), 3);
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
    struct fetch_response_partition_data p = driver_fetch_at(&d, 0);
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
    check_int(driver_fetch_at(&d, 0).high_watermark, 6);
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
    check_int(driver_fetch_at(&d, 0).high_watermark, 0);
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
    check_int(driver_fetch_at(&d, 0).high_watermark, 1);
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
    check_int(driver_fetch_at(&d, 0).error_code, KAFKA_KAFKA_STORAGE_ERROR);
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
    check_int(driver_fetch_at(&d, 0).high_watermark, 1);
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
    check_int(driver_fetch_at(&d, 0).high_watermark, 1);
    check(driver_fetch_at(&d, 0).records.n > 0);
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
    check_int(driver_fetch_at(&d, 0).high_watermark, 1);
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
    check_int(driver_fetch_at(&d, 0).high_watermark, 0);
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
        struct fetch_response_partition_data p = driver_fetch_at(&d, 4 * codec);
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
