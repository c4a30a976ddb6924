/* A topic is deleted while something is under way in it: whatever waits gets an answer, what was given to the disk or
 * to a helper thread comes back to a partition that is still there, and in the end nothing of the topic is left. */
#include "broker/node/driver_test.h"
#include "tests/unit.h"

enum { DELETER = 1, READER = 2, PRODUCER = 3, CREATOR = 4 };

static struct driver d;

static void delete_topic(const char *topic)
{
    struct kafka_string name = kafka_string_of(topic);
    struct delete_topics_request r = {.topic_names = &name, .topic_names_count = 1};
    driver_ask(&d, DELETER, KAFKA_API_DELETE_TOPICS, 5, &r);
    struct delete_topics_response *a = driver_answer(&d, DELETER);
    check(a && a->responses_count == 1);
    check_int(a->responses[0].error_code, KAFKA_NONE);
}

static void create_begin(const char *topic, int32_t partitions)
{
    struct create_topics_request_creatable_topic t = {
        .name = kafka_string_of(topic), .num_partitions = partitions, .replication_factor = 1};
    struct create_topics_request r = {.topics = &t, .topics_count = 1};
    driver_ask(&d, CREATOR, KAFKA_API_CREATE_TOPICS, 7, &r);
}

static void produce_begin(const struct driver_batch *b)
{
    struct buf batch = {0};
    driver_batch_build(b, &batch);
    driver_produce_begin(&d, PRODUCER, "t", -1, 9, (struct kafka_bytes){batch.p, (int32_t)batch.n});
    buf_release(&batch);
}

static int16_t produced(void)
{
    struct produce_response *a = driver_answer(&d, PRODUCER);
    check(a && a->responses_count == 1);
    return a->responses[0].partition_responses[0].error_code;
}

static void fetch_begin(int64_t offset)
{
    struct driver_fetch f = DRIVER_FETCH;
    f.offset = offset;
    f.min_bytes = 1;
    f.max_wait_ms = 100000;
    driver_fetch_begin(&d, READER, "t", &f);
}

/* An answer with records whose client does not read: it holds the files until held_let_go. */
static void answer_held(int64_t offset)
{
    d.hold_files = true;
    fetch_begin(offset);
    check(driver_fetched(&d, READER).records.n > 0);
    d.hold_files = false;
}

static void held_let_go(void)
{
    while (d.held_file_count) log_file_unref(d.held_files[--d.held_file_count]);
}

/* A topic of three segments, so that reading the first two takes a search in files. */
static void topic_with_segments(void)
{
    struct driver_batch b = DRIVER_BATCH;
    b.value_bytes = 150;
    driver_create(&d, "t", 1, "internal.segment.bytes", "300");
    for (int i = 0; i < 3; i++) driver_produce(&d, "t", &b);
    check_int(memory_disk_files(d.disk, "t-0/0000000000000000000"), 2 * 4 + 1); /* .log .index .timeindex .snapshot */
}

TEST(node_deletion, a_fetch_that_searches_a_file)
{
    driver_open(&d, "");
    topic_with_segments();
    d.hold_reads = true;
    fetch_begin(0);
    check(d.held_read_count == 1);
    delete_topic("t");
    check(!driver_answer(&d, READER));
    driver_release_reads(&d);
    check_int(driver_fetched(&d, READER).error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    check_int(memory_disk_files(d.disk, "t-0"), 0);
    driver_close(&d);
}

TEST(node_deletion, a_fetch_that_searches_a_file_and_whose_client_is_gone)
{
    driver_open(&d, "");
    topic_with_segments();
    d.hold_reads = true;
    fetch_begin(0);
    driver_disconnect(&d, READER);
    delete_topic("t");
    driver_release_reads(&d);
    check_int(memory_disk_files(d.disk, "t-0"), 0);
    driver_close(&d);
}

TEST(node_deletion, a_lookup_by_time)
{
    driver_open(&d, "");
    topic_with_segments();
    d.hold_jobs = true;
    struct list_offsets_request_list_offsets_partition p = {.current_leader_epoch = -1, .timestamp = 1000};
    struct list_offsets_request_list_offsets_topic t = {
        .name = KAFKA_STRING_LIT("t"), .partitions = &p, .partitions_count = 1};
    struct list_offsets_request r = {.replica_id = -1, .topics = &t, .topics_count = 1};
    driver_ask(&d, READER, KAFKA_API_LIST_OFFSETS, 6, &r);
    check_int(d.held_job_count, 1);
    delete_topic("t"); /* the lookup's references keep the folder where it is */
    check_int(d.held_job_count, 1);
    d.hold_jobs = false;
    driver_release_jobs(&d);
    struct list_offsets_response *a = driver_answer(&d, READER);
    check(a && a->topics_count == 1);
    check_int(a->topics[0].partitions[0].error_code, KAFKA_NONE);
    check_int(a->topics[0].partitions[0].offset, 0);
    check_int(memory_disk_files(d.disk, "t-0"), 0);
    driver_close(&d);
}

TEST(node_deletion, an_answer_on_its_way_to_a_slow_client)
{
    driver_open(&d, "");
    topic_with_segments();
    answer_held(2);
    delete_topic("t");
    check(memory_disk_files(d.disk, "t-0/") > 0); /* sendfile goes on reading */
    held_let_go();
    check(d.wake_ns <= d.now.monotonic_ns + 1000000000); /* letting go is no event: the node looks by the clock */
    driver_wait(&d, 1000);
    check_int(memory_disk_files(d.disk, "t-0"), 0);
    driver_close(&d);
}

TEST(node_deletion, a_batch_that_waits_for_its_sync)
{
    driver_open(&d, "log.flush.interval.messages=1\n");
    driver_create(&d, "t", 1, NULL, NULL);
    d.hold_syncs = true;
    produce_begin(&DRIVER_BATCH);
    check_int(d.held_sync_count, 1);
    d.hold_syncs = false; /* the metadata's own */
    delete_topic("t");
    check_int(produced(), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    check(memory_disk_files(d.disk, "t-0/") > 0);
    driver_release_syncs(&d, 0);
    check_int(memory_disk_files(d.disk, "t-0"), 0);
    driver_close(&d);
}

TEST(node_deletion, a_sync_that_fails_afterwards_harms_nobody)
{
    driver_open(&d, "log.flush.interval.messages=1\n");
    driver_create(&d, "t", 1, NULL, NULL);
    driver_create(&d, "u", 1, NULL, NULL);
    d.hold_syncs = true;
    produce_begin(&DRIVER_BATCH);
    d.hold_syncs = false;
    delete_topic("t");
    driver_release_syncs(&d, ERR_IO);
    check_int(driver_produce(&d, "u", &DRIVER_BATCH).error_code, KAFKA_NONE);
    driver_close(&d);
}

TEST(node_deletion, a_batch_that_is_being_checked)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct driver_batch b = DRIVER_BATCH;
    b.codec = COMPRESSION_GZIP;
    d.hold_jobs = true;
    produce_begin(&b);
    produce_begin(&DRIVER_BATCH); /* behind it */
    check_int(d.held_job_count, 1);
    delete_topic("t");
    d.hold_jobs = false;
    driver_release_jobs(&d);
    check_int(produced(), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    check_int(produced(), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    check_int(memory_disk_files(d.disk, "t-0"), 0);
    driver_close(&d);
}

/* More of them than a step looks at. One is held: only that one delays the topic of the same name. */
TEST(node_deletion, hundreds_of_partitions_made_again_at_once)
{
    enum { COUNT = 300 };
    driver_open(&d, "");
    driver_create(&d, "t", COUNT, NULL, NULL);
    driver_produce(&d, "t", &DRIVER_BATCH);
    answer_held(0);
    delete_topic("t");
    check_int(memory_disk_files(d.disk, "t-1"), 0);
    create_begin("t", COUNT);
    check(!driver_answer(&d, CREATOR));
    driver_wait(&d, 1000);
    check(!driver_answer(&d, CREATOR));
    check_int(memory_disk_files(d.disk, "t-1"), 0);
    held_let_go();
    driver_wait(&d, 1000);
    struct create_topics_response *a = driver_answer(&d, CREATOR);
    check(a);
    check_int(a->topics[0].error_code, KAFKA_NONE);
    check_int(memory_disk_files(d.disk, "t-"), 2 * COUNT);
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).base_offset, 0);
    driver_restart(&d, "");
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).base_offset, 1);
    driver_close(&d);
}

/* A client that does not read holds a deleted topic's folder. The topic can be made again, and that client delays
 * nobody's changes for longer than a moment; its records are there when the old folder is gone. */
TEST(node_deletion, a_slow_client_does_not_hold_up_other_changes)
{
    driver_open(&d, "");
    topic_with_segments();
    answer_held(2);
    delete_topic("t");
    create_begin("t", 2);
    driver_wait(&d, 2000);
    struct create_topics_response *a = driver_answer(&d, CREATOR);
    check(a);
    check_int(a->topics[0].error_code, KAFKA_NONE);
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).error_code, KAFKA_NOT_LEADER_OR_FOLLOWER);
    check_int(memory_disk_files(d.disk, "t-1"), 0);

    driver_create(&d, "u", 1, NULL, NULL); /* at once from now on */
    check_int(driver_produce(&d, "u", &DRIVER_BATCH).error_code, KAFKA_NONE);

    held_let_go();
    driver_wait(&d, 1000);
    driver_wait(&d, 1000);
    check_int(memory_disk_files(d.disk, "t-1"), 2);
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).base_offset, 0);

    answer_held(0); /* patient again */
    delete_topic("t");
    create_begin("t", 1);
    driver_wait(&d, 1000);
    check(!driver_answer(&d, CREATOR));
    held_let_go();
    driver_wait(&d, 500);
    check(driver_answer(&d, CREATOR) != NULL);
    driver_restart(&d, "");
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).base_offset, 0);
    driver_close(&d);
}

static struct kafka_uuid topic_id(const char *topic)
{
    struct metadata_request_metadata_request_topic t = {.name = kafka_string_of(topic)};
    struct metadata_request r = {.topics = &t, .topics_count = 1};
    driver_ask(&d, CREATOR, KAFKA_API_METADATA, 12, &r);
    struct metadata_response *a = driver_answer(&d, CREATOR);
    check(a && a->topics_count == 1);
    return a->topics[0].topic_id;
}

static int16_t fetch_error(int version, struct kafka_uuid id)
{
    struct driver_fetch f = DRIVER_FETCH;
    f.version = version;
    f.topic_id = id;
    driver_fetch_begin(&d, READER, version < 13 ? "t" : NULL, &f);
    return driver_fetched(&d, READER).error_code;
}

/* Who reads by id is told that this topic is gone, never that another one stands there, at whatever stage that is. */
TEST(node_deletion, a_namesake_is_never_taken_for_the_topic)
{
    driver_open(&d, "");
    topic_with_segments();
    struct kafka_uuid old = topic_id("t");
    answer_held(0); /* its folder stays, and the next one cannot be made */
    delete_topic("t");
    check_int(fetch_error(13, old), KAFKA_UNKNOWN_TOPIC_ID);
    check_int(fetch_error(12, old), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    create_begin("t", 1);
    check_int(fetch_error(13, old), KAFKA_UNKNOWN_TOPIC_ID);
    driver_wait(&d, 2000);
    check(driver_answer(&d, CREATOR) != NULL);
    struct kafka_uuid next = topic_id("t");
    check(!kafka_uuid_equal(old, next));
    check_int(fetch_error(13, old), KAFKA_UNKNOWN_TOPIC_ID);
    check_int(fetch_error(13, next), KAFKA_NOT_LEADER_OR_FOLLOWER);
    check_int(fetch_error(12, next), KAFKA_NOT_LEADER_OR_FOLLOWER);
    held_let_go();
    driver_wait(&d, 1000);
    driver_wait(&d, 1000);
    check_int(fetch_error(13, old), KAFKA_UNKNOWN_TOPIC_ID);
    check_int(fetch_error(13, next), KAFKA_NONE);
    driver_close(&d);
}
