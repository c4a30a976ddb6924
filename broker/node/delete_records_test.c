/* DeleteRecords through the whole node, and what a crash right after it may not bring back. */
#include <string.h>

#include "broker/log/checkpoint.h"
#include "broker/node/driver_test.h"
#include "tests/unit.h"

static struct driver d;

/* One batch of one record for each offset. */
static void fill(int count)
{
    struct driver_batch b = DRIVER_BATCH;
    for (int i = 0; i < count; i++) {
        b.timestamp = 1000 + i;
        check_int(driver_produce(&d, "t", &b).error_code, KAFKA_NONE);
    }
}

static void delete_begin(const char *topic, int32_t partition, int64_t offset)
{
    struct delete_records_request_delete_records_partition p = {partition, offset};
    struct delete_records_request_delete_records_topic t = {kafka_string_of(topic), &p, 1};
    struct delete_records_request r = {&t, 1, 30000};
    driver_ask(&d, 1, KAFKA_API_DELETE_RECORDS, 2, &r);
}

static struct delete_records_response_delete_records_partition_result delete_answer(void)
{
    struct delete_records_response *a = driver_answer(&d, 1);
    check(a);
    check_int(a->topics_count, 1);
    return a->topics[0].partitions[0];
}

static int16_t delete_error(const char *topic, int32_t partition, int64_t offset)
{
    delete_begin(topic, partition, offset);
    struct delete_records_response_delete_records_partition_result line = delete_answer();
    check_int(line.low_watermark, -1);
    return line.error_code;
}

static int64_t low_watermark(int64_t offset)
{
    delete_begin("t", 0, offset);
    struct delete_records_response_delete_records_partition_result line = delete_answer();
    check_int(line.error_code, KAFKA_NONE);
    return line.low_watermark;
}

static struct fetch_response_partition_data fetch_at(int64_t offset)
{
    struct driver_fetch f = DRIVER_FETCH;
    f.offset = offset;
    driver_fetch_begin(&d, 2, "t", &f);
    return driver_fetched(&d, 2);
}

static int64_t offset_for(int64_t timestamp)
{
    struct list_offsets_request_list_offsets_partition p = {.current_leader_epoch = -1, .timestamp = timestamp};
    struct list_offsets_request_list_offsets_topic t = {KAFKA_STRING_LIT("t"), &p, 1};
    struct list_offsets_request r = {.replica_id = -1, .topics = &t, .topics_count = 1};
    driver_ask(&d, 2, KAFKA_API_LIST_OFFSETS, 7, &r);
    struct list_offsets_response *a = driver_answer(&d, 2);
    check(a);
    check_int(a->topics[0].partitions[0].error_code, KAFKA_NONE);
    return a->topics[0].partitions[0].offset;
}

TEST(node_delete_records, readers_meet_the_new_start)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    fill(10);
    check_int(low_watermark(4), 4);
    check_int(fetch_at(3).error_code, KAFKA_OFFSET_OUT_OF_RANGE);
    check_int(fetch_at(4).error_code, KAFKA_NONE);
    check_int(fetch_at(4).log_start_offset, 4);
    check_int(offset_for(-2), 4);
    check_int(offset_for(1000), 4);
    check_int(low_watermark(2), 4); /* never back, and no error */
    check_int(low_watermark(-1), 10);
    check_int(fetch_at(9).error_code, KAFKA_OFFSET_OUT_OF_RANGE);
    check_int(fetch_at(10).error_code, KAFKA_NONE);
    check_int(offset_for(1000), -1);
    check_int(offset_for(-3), -1);
    fill(1); /* offsets go on */
    check_int(fetch_at(10).high_watermark, 11);
    driver_close(&d);
}

TEST(node_delete_records, what_is_refused)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    driver_create(&d, "keyed", 1, "cleanup.policy", "compact");
    driver_create(&d, "both", 1, "cleanup.policy", "compact,delete");
    struct find_coordinator_request find = {.key = KAFKA_STRING_LIT("g")};
    driver_ask(&d, 1, KAFKA_API_FIND_COORDINATOR, 0, &find);
    check(driver_answer(&d, 1));
    fill(3);
    check_int(delete_error("t", 0, 4), KAFKA_OFFSET_OUT_OF_RANGE);
    check_int(delete_error("t", 0, -2), KAFKA_OFFSET_OUT_OF_RANGE);
    check_int(delete_error("t", 1, 0), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    check_int(delete_error("t", -1, 0), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    check_int(delete_error("nowhere", 0, 0), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    check_int(delete_error("__consumer_offsets", 0, 0), KAFKA_INVALID_TOPIC_EXCEPTION);
    check_int(delete_error("keyed", 0, -1), KAFKA_POLICY_VIOLATION);
    delete_begin("both", 0, -1);
    check_int(delete_answer().error_code, KAFKA_NONE);
    driver_close(&d);
}

/* Whole segments below the new start go at once, by a job. */
TEST(node_delete_records, segments_below_are_removed)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, "internal.segment.bytes", "200");
    fill(10); /* two batches a segment */
    int before = memory_disk_files(d.disk, "t-0/");
    check_int(low_watermark(5), 5);
    check(memory_disk_files(d.disk, "t-0/") < before);
    check(!memory_disk_file(d.disk, "t-0/00000000000000000002.log"));
    check(memory_disk_file(d.disk, "t-0/00000000000000000004.log") != NULL);
    check_int(low_watermark(-1), 10);
    check(!memory_disk_file(d.disk, "t-0/00000000000000000008.log"));
    fill(1);
    check_int(fetch_at(10).high_watermark, 11);
    driver_crash(&d, "");
    check_int(offset_for(-2), 10);
    check_int(fetch_at(10).high_watermark, 11);
    driver_close(&d);
}

static int writes_held(void)
{
    int n = 0;
    for (int i = 0; i < d.held_job_count; i++) n += strcmp(d.held_jobs[i]->name, "write-log-starts") == 0;
    return n;
}

/* Answered when the checkpoint says it; whatever happens right behind the answer, the start stays. */
TEST(node_delete_records, the_answer_waits_for_the_checkpoint)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    fill(10);
    d.hold_jobs = true;
    for (int64_t offset = 2; offset <= 5; offset++) {
        delete_begin("t", 0, offset);
        check(!driver_answer(&d, 1));
    }
    check_int(fetch_at(4).error_code, KAFKA_OFFSET_OUT_OF_RANGE); /* but seen at once */
    check_int(writes_held(), 1); /* one write for the first, then one for all that came meanwhile */
    driver_release_jobs(&d);
    check_int(delete_answer().low_watermark, 2);
    check(!driver_answer(&d, 1));
    check_int(writes_held(), 1);
    driver_release_jobs(&d);
    for (int64_t offset = 3; offset <= 5; offset++) check_int(delete_answer().low_watermark, offset);
    d.hold_jobs = false;
    driver_crash(&d, "");
    check_int(offset_for(-2), 5);
    check_int(fetch_at(4).error_code, KAFKA_OFFSET_OUT_OF_RANGE);
    driver_close(&d);
}

/* A long poll that waits for more from below the new start is told, and does not sleep on. */
TEST(node_delete_records, a_long_poll_from_below_is_woken)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    fill(10);
    struct driver_fetch f = DRIVER_FETCH;
    f.offset = 3;
    f.min_bytes = 1 << 20;
    f.max_wait_ms = 60000;
    driver_fetch_begin(&d, 3, "t", &f);
    f.offset = 10;
    driver_fetch_begin(&d, 4, "t", &f);
    check_int(low_watermark(-1), 10);
    check_int(driver_fetched(&d, 3).error_code, KAFKA_OFFSET_OUT_OF_RANGE);
    check(!driver_answer(&d, 4)); /* at the end: it still waits */
    driver_wait(&d, 60000);
    check_int(driver_fetched(&d, 4).error_code, KAFKA_NONE);
    driver_close(&d);
}

/* A topic that is made anew under an old name has nothing to do with what the checkpoints said of the old one. */
TEST(node_delete_records, a_new_topic_of_the_same_name_begins_at_0)
{
    struct kafka_string name = KAFKA_STRING_LIT("t");
    struct delete_topics_request r = {.topic_names = &name, .topic_names_count = 1};
    driver_open(&d, "");
    for (int round = 0; round < 2; round++) {
        driver_create(&d, "t", 1, NULL, NULL);
        fill(10);
        check_int(low_watermark(-1), 10);
        driver_wait(&d, 61000); /* recovery points too */
        driver_ask(&d, 1, KAFKA_API_DELETE_TOPICS, 5, &r);
        check(driver_answer(&d, 1));
        if (round == 1) driver_crash(&d, ""); /* also when the broker dies in between */
        driver_create(&d, "t", 1, NULL, NULL);
        fill(3);
        driver_crash(&d, "");
        check_int(offset_for(-2), 0);
        check_int(fetch_at(0).high_watermark, 3);
        driver_ask(&d, 1, KAFKA_API_DELETE_TOPICS, 5, &r);
        check(driver_answer(&d, 1));
    }
    driver_close(&d);
}

static struct disk_functions unreadable;
static const struct disk_functions *readable;
static const char *unreadable_path;

static int open_unless_unreadable(struct disk *disk, const char *path, enum disk_open how, struct disk_file **out)
{
    return strcmp(path, unreadable_path) == 0 ? ERR_IO : readable->open(disk, path, how, out);
}

/* Or the deleted records would be back, and old damage would end a log, for good as soon as the file is written again.
 */
TEST(node_delete_records, a_start_that_cannot_read_a_checkpoint_is_refused_by_name)
{
    static const char *const paths[] = {CHECKPOINT_LOG_START, CHECKPOINT_RECOVERY_POINT};
    struct node *n = NULL;
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    fill(5);
    check_int(low_watermark(3), 3);
    readable = d.disk->disk.call;
    unreadable = *readable;
    unreadable.open = open_unless_unreadable;
    d.disk->disk.call = &unreadable;
    for (int i = 0; i < 2; i++) {
        struct err_text error = {0};
        unreadable_path = paths[i];
        check_int(node_open(&d.config, &d.disk->disk, d.now, 42, &n, &error), ERR_IO);
        check(strstr(error.text, paths[i]));
    }
    d.disk->disk.call = readable;
    driver_crash(&d, "");
    check_int(fetch_at(2).error_code, KAFKA_OFFSET_OUT_OF_RANGE);
    driver_close(&d);
}
