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
