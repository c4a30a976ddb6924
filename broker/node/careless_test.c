/* Careless clients: timeouts, sizes and offsets at and beyond their ends. Each is answered, at its time. */
#include "broker/node/driver_test.h"
#include "tests/unit.h"

static struct driver d;

enum { DAY_MS = 24 * 3600 * 1000 };

static const int32_t ends[] = {INT32_MIN, -1, 0, 1, INT32_MAX};
static const int64_t far_ends[] = {INT64_MIN, -3, -2, -1, 1, INT64_MAX - 1, INT64_MAX};
enum { ENDS = sizeof ends / sizeof ends[0], FAR_ENDS = sizeof far_ends / sizeof far_ends[0] };

TEST(node_careless, a_fetch_may_wait_for_no_time_and_for_24_days)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct driver_fetch f = DRIVER_FETCH;
    f.min_bytes = INT32_MAX;
    for (int i = 0; i < ENDS; i++) {
        f.max_wait_ms = ends[i];
        driver_fetch_begin(&d, 1, "t", &f);
        if (ends[i] > 0) {
            check(!driver_answer(&d, 1));
            driver_wait(&d, ends[i] - 1);
            check(!driver_answer(&d, 1));
            driver_wait(&d, 1);
        }
        check_int(driver_fetched(&d, 1).error_code, KAFKA_NONE);
    }
    driver_close(&d);
}

TEST(node_careless, sizes_of_a_fetch_at_their_ends)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    driver_produce(&d, "t", &DRIVER_BATCH);
    for (int i = 0; i < ENDS * ENDS * ENDS; i++) {
        struct driver_fetch f = DRIVER_FETCH;
        f.min_bytes = ends[i % ENDS];
        f.max_bytes = ends[i / ENDS % ENDS];
        f.partition_max_bytes = ends[i / ENDS / ENDS];
        f.max_wait_ms = 1;
        driver_fetch_begin(&d, 1, "t", &f);
        driver_wait(&d, 1);
        struct fetch_response_partition_data p = driver_fetched(&d, 1);
        check_int(p.error_code, KAFKA_NONE);
        check(p.records.n > 0); /* T29 */
    }
    driver_close(&d);
}

TEST(node_careless, offsets_at_their_ends_are_out_of_range)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    driver_produce(&d, "t", &DRIVER_BATCH);
    for (int i = 0; i < FAR_ENDS; i++) {
        struct driver_fetch f = DRIVER_FETCH;
        f.offset = far_ends[i];
        driver_fetch_begin(&d, 1, "t", &f);
        check_int(driver_fetched(&d, 1).error_code, far_ends[i] == 1 ? KAFKA_NONE : KAFKA_OFFSET_OUT_OF_RANGE);
    }
    driver_close(&d);
}

/* Asks for an offset of "t"; its error. */
static int16_t list_offsets(int64_t timestamp)
{
    struct list_offsets_request_list_offsets_partition p = {.current_leader_epoch = -1, .timestamp = timestamp};
    struct list_offsets_request_list_offsets_topic t = {
        .name = KAFKA_STRING_LIT("t"), .partitions = &p, .partitions_count = 1};
    struct list_offsets_request r = {.replica_id = -1, .topics = &t, .topics_count = 1};
    driver_ask(&d, 1, KAFKA_API_LIST_OFFSETS, 7, &r);
    struct list_offsets_response *a = driver_answer(&d, 1);
    check(a);
    return a->topics[0].partitions[0].error_code;
}

TEST(node_careless, times_at_their_ends)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    driver_produce(&d, "t", &DRIVER_BATCH);
    for (int i = 0; i < FAR_ENDS; i++)
        check_int(list_offsets(far_ends[i]), far_ends[i] == INT64_MIN ? KAFKA_UNSUPPORTED_VERSION : KAFKA_NONE);
    driver_close(&d);
}

/* Both partitions of "t", by time. */
static void look_up_begin(int connection)
{
    struct list_offsets_request_list_offsets_partition p[2] = {
        {.current_leader_epoch = -1, .timestamp = 1000},
        {.partition_index = 1, .current_leader_epoch = -1, .timestamp = 1000}};
    struct list_offsets_request_list_offsets_topic t = {
        .name = KAFKA_STRING_LIT("t"), .partitions = p, .partitions_count = 2};
    struct list_offsets_request r = {.replica_id = -1, .topics = &t, .topics_count = 1};
    driver_ask(&d, connection, KAFKA_API_LIST_OFFSETS, 7, &r);
}

static void looked_up(int connection, int16_t second_error)
{
    struct list_offsets_response *a = driver_answer(&d, connection);
    check(a);
    check_int(a->topics[0].partitions[0].error_code, KAFKA_NONE);
    check_int(a->topics[0].partitions[0].offset, 0);
    check_int(a->topics[0].partitions[1].error_code, second_error);
    check_int(a->topics[0].partitions[1].offset, -1);
}

/* Who asks for many times has one looked up at a time, so that the next client need not wait for all of them. */
TEST(node_careless, look_ups_by_time_are_turn_by_turn)
{
    driver_open(&d, "");
    driver_create(&d, "t", 2, NULL, NULL);
    driver_produce(&d, "t", &DRIVER_BATCH);
    d.hold_jobs = true;
    for (int i = 0; i < 3; i++) look_up_begin(1);
    check_int(d.held_job_count, 1);
    look_up_begin(2);
    check_int(d.held_job_count, 2);
    driver_release_jobs(&d);
    check_int(d.held_job_count, 2); /* of the second partition, for each of them */
    driver_release_jobs(&d);
    looked_up(1, KAFKA_NONE);
    looked_up(2, KAFKA_NONE);
    check(!driver_answer(&d, 1));
    check_int(d.held_job_count, 1); /* the next request of the first client */
    driver_disconnect(&d, 1);
    driver_release_jobs(&d);
    check_int(d.held_job_count, 0); /* nobody wants to know the rest */
    driver_close(&d);
}

TEST(node_careless, a_topic_may_go_while_its_times_wait_to_be_looked_up)
{
    driver_open(&d, "");
    driver_create(&d, "t", 2, NULL, NULL);
    driver_produce(&d, "t", &DRIVER_BATCH);
    d.hold_jobs = true;
    look_up_begin(1);
    struct kafka_string name = KAFKA_STRING_LIT("t");
    struct delete_topics_request r = {.topic_names = &name, .topic_names_count = 1};
    driver_ask(&d, 2, KAFKA_API_DELETE_TOPICS, 5, &r);
    check(driver_answer(&d, 2));
    driver_release_jobs(&d);
    looked_up(1, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    d.hold_jobs = false;
    driver_release_jobs(&d);
    driver_close(&d);
}

/* Sends a batch with acks=all while nothing is synced; whether it is answered after `wait_ms`. */
static struct produce_response *produce_within(int32_t timeout_ms, int64_t wait_ms)
{
    struct buf batch = {0};
    driver_batch_build(&DRIVER_BATCH, &batch);
    struct produce_request_partition_produce_data p = {.records = {batch.p, (int32_t)batch.n}};
    struct produce_request_topic_produce_data t = {
        .name = KAFKA_STRING_LIT("t"), .partition_data = &p, .partition_data_count = 1};
    struct produce_request r = {.transactional_id = KAFKA_STRING_NULL,
                                .acks = -1,
                                .timeout_ms = timeout_ms,
                                .topic_data = &t,
                                .topic_data_count = 1};
    driver_ask(&d, 1, KAFKA_API_PRODUCE, 9, &r);
    buf_release(&batch);
    driver_wait(&d, wait_ms);
    return driver_answer(&d, 1);
}

TEST(node_careless, a_produce_may_wait_for_no_time_and_for_24_days)
{
    driver_open(&d, "log.flush.interval.messages=1\n");
    driver_create(&d, "t", 1, NULL, NULL);
    d.hold_syncs = true;
    for (int i = 0; i < ENDS; i++) {
        struct produce_response *a = produce_within(ends[i], ends[i] > 1 ? ends[i] - 1LL : 1);
        if (ends[i] > 1) {
            check(!a);
            driver_wait(&d, 1);
            a = driver_answer(&d, 1);
        }
        check(a);
        check_int(a->responses[0].partition_responses[0].error_code, KAFKA_REQUEST_TIMED_OUT);
    }
    d.hold_syncs = false;
    driver_release_syncs(&d, 0);
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).base_offset, ENDS); /* all of them were stored */
    driver_close(&d);
}

static struct join_group_response *join(const char *member, int32_t session_ms, int32_t rebalance_ms)
{
    struct join_group_request_join_group_request_protocol protocol = {KAFKA_STRING_LIT("range"), {NULL, 0}};
    struct join_group_request r = {.group_id = KAFKA_STRING_LIT("g"),
                                   .session_timeout_ms = session_ms,
                                   .rebalance_timeout_ms = rebalance_ms,
                                   .member_id = kafka_string_of(member),
                                   .group_instance_id = KAFKA_STRING_NULL,
                                   .protocol_type = KAFKA_STRING_LIT("consumer"),
                                   .protocols = &protocol,
                                   .protocols_count = 1};
    driver_ask(&d, 1, KAFKA_API_JOIN_GROUP, 3, &r);
    return driver_answer(&d, 1);
}

TEST(node_careless, timeouts_of_members_at_their_ends)
{
    /* No checkpoints every few seconds of so many days. */
    driver_open(&d, "group.initial.rebalance.delay.ms=0\ngroup.min.session.timeout.ms=1\n"
                    "group.max.session.timeout.ms=2147483647\noffsets.topic.num.partitions=1\n"
                    "replica.high.watermark.checkpoint.interval.ms=86400000\n"
                    "log.flush.offset.checkpoint.interval.ms=86400000\n"
                    "log.flush.start.offset.checkpoint.interval.ms=86400000\n");
    struct find_coordinator_request r = {.key = KAFKA_STRING_LIT("g")};
    driver_ask(&d, 1, KAFKA_API_FIND_COORDINATOR, 1, &r);
    check(driver_answer(&d, 1));
    for (int i = 0; i < ENDS * ENDS; i++) {
        int32_t session_ms = ends[i % ENDS], rebalance_ms = ends[i / ENDS];
        struct join_group_response *a = join("", session_ms, rebalance_ms);
        check(a);
        check_int(a->error_code, session_ms < 1 ? KAFKA_INVALID_SESSION_TIMEOUT : KAFKA_NONE);
        driver_wait(&d, 25LL * DAY_MS); /* longer than any of them: the group is empty again */
    }
    driver_close(&d);
}

/* Commits an offset of "t" for "g", from nobody. */
static int16_t commit(int64_t offset, int64_t retention_ms)
{
    struct offset_commit_request_offset_commit_request_partition p = {
        .committed_offset = offset, .committed_leader_epoch = -1, .committed_metadata = KAFKA_STRING_LIT("")};
    struct offset_commit_request_offset_commit_request_topic t = {
        .name = KAFKA_STRING_LIT("t"), .partitions = &p, .partitions_count = 1};
    struct offset_commit_request r = {.group_id = KAFKA_STRING_LIT("g"),
                                      .generation_id_or_member_epoch = -1,
                                      .member_id = KAFKA_STRING_LIT(""),
                                      .retention_time_ms = retention_ms,
                                      .topics = &t,
                                      .topics_count = 1};
    driver_ask(&d, 1, KAFKA_API_OFFSET_COMMIT, 3, &r);
    struct offset_commit_response *a = driver_answer(&d, 1);
    check(a);
    return a->topics[0].partitions[0].error_code;
}

TEST(node_careless, commits_at_their_ends)
{
    driver_open(&d, "offsets.topic.num.partitions=1\n");
    driver_create(&d, "t", 1, NULL, NULL);
    struct find_coordinator_request r = {.key = KAFKA_STRING_LIT("g")};
    driver_ask(&d, 1, KAFKA_API_FIND_COORDINATOR, 1, &r);
    check(driver_answer(&d, 1));
    for (int i = 0; i < FAR_ENDS * FAR_ENDS; i++) {
        check_int(commit(far_ends[i % FAR_ENDS], far_ends[i / FAR_ENDS]), KAFKA_NONE);
        driver_wait(&d, 1000);
    }
    driver_wait(&d, 100LL * DAY_MS);
    driver_restart(&d, "offsets.topic.num.partitions=1\n");
    driver_close(&d);
}
