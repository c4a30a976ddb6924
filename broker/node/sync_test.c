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
