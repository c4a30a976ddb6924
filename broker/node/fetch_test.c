/* The data path through the whole node, the way out: Fetch, topics by id, ListOffsets, leader epochs, retention, and
 * the traps that they hide (docs/traps.md counts the T numbers). The way in is in data_test.c. */
#include "broker/node/driver_test.h"
#include "tests/unit.h"

static struct driver d;

/* --- fetch --- */

TEST(node_fetch, t22_a_topic_of_zstd_needs_fetch_10)
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

TEST(node_fetch, t28_records_are_empty_never_null)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    check_int(driver_fetch_at(&d, 0).records.n, 0);
    check_int(driver_fetch_at(&d, 5).records.n, 0); /* an error too */
    check_int(driver_fetch_at(&d, 5).error_code, KAFKA_OFFSET_OUT_OF_RANGE);
    struct driver_fetch f = DRIVER_FETCH;
    driver_fetch_begin(&d, 2, "nowhere", &f);
    struct fetch_response_partition_data p = driver_fetched(&d, 2);
    check_int(p.error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    check_int(p.records.n, 0);
    driver_close(&d);
}

TEST(node_fetch, t29_at_least_one_whole_batch)
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

TEST(node_fetch, t30_an_offset_inside_a_batch_brings_the_whole_batch)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct driver_batch b = DRIVER_BATCH;
    b.count = 10;
    driver_produce(&d, "t", &b);
    driver_produce(&d, "t", &b);
    check_int(driver_base_offset(driver_fetch_at(&d, 17).records), 10);
    driver_crash(&d, ""); /* and when nothing is remembered in memory */
    check_int(driver_base_offset(driver_fetch_at(&d, 17).records), 10);
    check_int(driver_base_offset(driver_fetch_at(&d, 9).records), 0);
    driver_close(&d);
}

TEST(node_fetch, t31_a_long_poll_waits_for_min_bytes_or_its_time)
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

TEST(node_fetch, long_polls_have_a_bound_in_memory)
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

TEST(node_fetch, a_long_poll_of_a_dead_client_is_forgotten)
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
TEST(node_fetch, long_polls_of_a_client_that_says_no_more_end_at_once)
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

TEST(node_fetch, a_long_poll_ends_when_its_topic_is_deleted)
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

TEST(node_fetch, t32_every_answer_is_sessionless)
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

TEST(node_fetch, t34_at_the_high_watermark_is_empty_and_beyond_is_out_of_range)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    driver_produce(&d, "t", &DRIVER_BATCH);
    check_int(driver_fetch_at(&d, 1).error_code, KAFKA_NONE);
    check_int(driver_fetch_at(&d, 1).records.n, 0);
    check_int(driver_fetch_at(&d, 1).last_stable_offset, 1);
    check_int(driver_fetch_at(&d, 2).error_code, KAFKA_OFFSET_OUT_OF_RANGE);
    check_int(driver_fetch_at(&d, -1).error_code, KAFKA_OFFSET_OUT_OF_RANGE);
    driver_close(&d);
}

TEST(node_fetch, t36_leader_epochs)
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

TEST(node_fetch, t36_where_an_epoch_ends)
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

TEST(node_fetch, t33_a_fetch_by_topic_id)
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
TEST(node_fetch, t33_a_topic_made_anew_is_another_topic)
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

TEST(node_fetch, special_times_are_known_from_a_version_on)
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

TEST(node_fetch, t37_offsets_by_time)
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
TEST(node_fetch, t37_a_partition_is_looked_up_once_in_a_request)
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

TEST(node_fetch, t38_the_epoch_of_an_offset)
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

TEST(node_fetch, t52_retention_takes_an_active_segment_too)
{
    driver_open(&d, "log.retention.check.interval.ms=1000\n");
    driver_create(&d, "t", 1, "retention.ms", "5000");
    struct driver_batch b = DRIVER_BATCH;
    b.timestamp = d.now.wall_ms - 100000; /* old records go at the next check */
    driver_produce(&d, "t", &b);
    driver_wait(&d, 2100);
    check_int(offset_for(-2).offset, 1);
    check_int(driver_fetch_at(&d, 0).error_code, KAFKA_OFFSET_OUT_OF_RANGE);
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).base_offset, 1); /* no offset is given twice */
    driver_close(&d);
}

/* Recovery never looks below the recovery point; the scrub does, a segment at each check. */
TEST(node_fetch, a_bit_that_the_disk_lost_is_found_and_told_as_corrupt)
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
    check_int(driver_fetch_at(&d, 1).error_code, KAFKA_NONE); /* the client would see it, by its own check */
    for (int i = 0; i < 40; i++) driver_wait(&d, 1100);
    check_int(driver_fetch_at(&d, 1).error_code, KAFKA_CORRUPT_MESSAGE);
    check_int(driver_fetch_at(&d, 0).error_code, KAFKA_NONE);
    check_int(driver_fetch_at(&d, 2).error_code, KAFKA_NONE);
    driver_close(&d);
}
