/* Syncs of a partition and the jobs of its log: whose turn it is with a file, and what cannot be tried. */
#include "broker/node/driver_test.h"
#include "tests/unit.h"

static struct driver d;

static void produce_begin(int connection)
{
    struct buf batch = {0};
    driver_batch_build(&DRIVER_BATCH, &batch);
    driver_produce_begin(&d, connection, "t", -1, 9, (struct kafka_bytes){batch.p, (int32_t)batch.n});
    buf_release(&batch);
}

static int16_t produced(int connection)
{
    struct produce_response *a = driver_answer(&d, connection);
    check(a && a->responses_count == 1);
    return a->responses[0].partition_responses[0].error_code;
}

/* The roll and the commit of a segment never have one file at once, and neither keeps the other out for ever. */
TEST(node_sync, a_full_segment_and_a_commit_take_turns)
{
    driver_open(&d, "log.flush.interval.messages=1\n");
    driver_create(&d, "t", 1, "internal.segment.bytes", "200"); /* two batches */
    d.hold_syncs = d.hold_jobs = true;
    for (int c = 1; c <= 3; c++) produce_begin(c);
    check_int(d.held_sync_count, 1);
    check_int(d.held_job_count, 0);
    driver_release_syncs(&d, 0);
    check_int(produced(1), KAFKA_NONE);
    check_int(d.held_sync_count, 0); /* of the second and the third batch: the first segment is being rolled */
    check_int(d.held_job_count, 1);
    produce_begin(4);
    check_int(d.held_sync_count, 0);
    driver_release_jobs(&d);
    check_int(d.held_sync_count, 1);
    check(!driver_answer(&d, 3));
    driver_release_syncs(&d, 0);
    check_int(produced(2), KAFKA_NONE);
    check_int(produced(3), KAFKA_NONE);
    check_int(produced(4), KAFKA_NONE);
    driver_close(&d);
}

static int16_t produce(void)
{
    produce_begin(1);
    return produced(1);
}

/* A process that has no descriptor left says nothing about its disk: the job is made again soon. */
TEST(node_sync, a_job_without_a_descriptor_is_tried_again_soon)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, "internal.segment.bytes", "200");
    d.disk->fail_sync_folders = ERR_NOMEM;
    for (int i = 0; i < 3; i++) check_int(produce(), KAFKA_NONE);
    int syncs = d.disk->syncs;
    driver_wait(&d, 1000);
    check(d.disk->syncs > syncs);
    check_int(produce(), KAFKA_NONE);
    d.disk->fail_sync_folders = 0;
    driver_wait(&d, 1000);
    syncs = d.disk->syncs;
    driver_wait(&d, 1000);
    check_int(d.disk->syncs, syncs); /* nothing is left to do */
    d.disk->fail_sync_folders = ERR_IO;
    check_int(produce(), KAFKA_NONE); /* begins a segment: its roll fails for good */
    driver_wait(&d, 1000);
    check_int(produce(), KAFKA_KAFKA_STORAGE_ERROR);
    driver_close(&d);
}

/* --- flush.messages: fewer records than that are acknowledged and not synced (Kafka's UnifiedLog.append) --- */

static void produce_records(int connection, int count)
{
    struct buf batch = {0};
    struct driver_batch b = DRIVER_BATCH;
    b.count = count;
    driver_batch_build(&b, &batch);
    driver_produce_begin(&d, connection, "t", 1, 9, (struct kafka_bytes){batch.p, (int32_t)batch.n});
    buf_release(&batch);
}

static int64_t high_watermark(void)
{
    struct driver_fetch f = DRIVER_FETCH;
    driver_fetch_begin(&d, 9, "t", &f);
    return driver_fetched(&d, 9).high_watermark;
}

TEST(node_sync, the_batch_that_reaches_flush_messages_waits_for_the_sync)
{
    driver_open(&d, "log.flush.interval.messages=3\n");
    driver_create(&d, "t", 1, NULL, NULL);
    d.hold_syncs = true;
    produce_records(1, 1);
    produce_records(2, 1);
    check_int(produced(1), KAFKA_NONE); /* these two wait for nothing */
    check_int(produced(2), KAFKA_NONE);
    check_int(d.held_sync_count, 0);
    produce_records(3, 1);
    produce_records(4, 1); /* nor does what comes behind it overtake it */
    check_int(d.held_sync_count, 1);
    check(!driver_answer(&d, 3) && !driver_answer(&d, 4));
    check_int(high_watermark(), 2);
    driver_release_syncs(&d, 0);
    check_int(produced(3), KAFKA_NONE);
    check_int(produced(4), KAFKA_NONE); /* the first of the next three */
    check_int(d.held_sync_count, 0);
    check_int(high_watermark(), 4);
    produce_records(5, 1);
    check_int(produced(5), KAFKA_NONE);
    produce_records(6, 1);
    check_int(d.held_sync_count, 1);
    check(!driver_answer(&d, 6));
    driver_release_syncs(&d, 0);
    check_int(produced(6), KAFKA_NONE);
    driver_close(&d);
}

TEST(node_sync, a_batch_that_goes_beyond_flush_messages_waits_as_a_whole)
{
    driver_open(&d, "log.flush.interval.messages=5\n");
    driver_create(&d, "t", 1, NULL, NULL);
    d.hold_syncs = true;
    produce_records(1, 3);
    check_int(produced(1), KAFKA_NONE);
    produce_records(2, 3);
    check(!driver_answer(&d, 2));
    check_int(high_watermark(), 3);
    driver_release_syncs(&d, ERR_IO);
    check_int(produced(2), KAFKA_KAFKA_STORAGE_ERROR);
    driver_close(&d);
}

/* Where the segment was rolled meanwhile, the log does not know the boundaries of the batches before; who is synced is
 * answered all the same. */
TEST(node_sync, flush_messages_holds_across_segments)
{
    driver_open(&d, "log.flush.interval.messages=2\n");
    driver_create(&d, "t", 1, "internal.segment.bytes", "200"); /* two batches */
    d.hold_syncs = d.hold_jobs = true;
    for (int c = 1; c <= 7; c++) produce_records(c, 1);
    check_int(produced(1), KAFKA_NONE);
    check(!driver_answer(&d, 2));
    for (int i = 0; i < 8; i++) {
        driver_release_syncs(&d, 0);
        driver_release_jobs(&d);
    }
    for (int c = 2; c <= 7; c++) check_int(produced(c), KAFKA_NONE);
    driver_close(&d);
}

/* With flush.ms as well: the clock counts for those that the number leaves. */
TEST(node_sync, flush_ms_syncs_what_flush_messages_leaves)
{
    driver_open(&d, "log.flush.interval.messages=2\nlog.flush.interval.ms=100\n");
    driver_create(&d, "t", 1, NULL, NULL);
    produce_records(1, 2);
    check_int(produced(1), KAFKA_NONE);
    int before = d.sync_count;
    driver_wait(&d, 1000);
    check_int(d.sync_count, before); /* all is synced */
    produce_records(1, 1);
    check_int(produced(1), KAFKA_NONE);
    check_int(d.sync_count, before);
    driver_wait(&d, 150);
    check_int(d.sync_count, before + 1);
    produce_records(1, 1); /* counts from the sync on */
    check_int(d.sync_count, before + 1);
    check_int(produced(1), KAFKA_NONE);
    driver_close(&d);
}
