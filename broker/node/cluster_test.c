/* Topics, groups and producer ids through the whole node, and what a restart keeps of them. */
#include "broker/node/driver_test.h"
#include "tests/unit.h"

static struct driver d;

/* --- topics --- */

static struct metadata_response_metadata_response_topic described(const char *topic, bool create)
{
    struct metadata_request_metadata_request_topic t = {.name = kafka_string_of(topic)};
    struct metadata_request r = {.topics = &t, .topics_count = 1, .allow_auto_topic_creation = create};
    driver_ask(&d, 1, KAFKA_API_METADATA, 12, &r);
    struct metadata_response *a = driver_answer(&d, 1);
    check(a && a->topics_count == 1);
    return a->topics[0];
}

static int16_t delete_topic(const char *topic)
{
    struct kafka_string name = kafka_string_of(topic);
    struct delete_topics_request r = {.topic_names = &name, .topic_names_count = 1};
    driver_ask(&d, 1, KAFKA_API_DELETE_TOPICS, 5, &r);
    struct delete_topics_response *a = driver_answer(&d, 1);
    check(a && a->responses_count == 1);
    return a->responses[0].error_code;
}

TEST(node_cluster, a_topic_is_made_when_it_is_first_asked_for)
{
    driver_open(&d, "num.partitions=3\n");
    check_int(described("t", false).error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    struct metadata_response_metadata_response_topic t = described("t", true);
    check_int(t.error_code, KAFKA_NONE);
    check_int(t.partitions_count, 3);
    check_int(t.partitions[2].leader_id, 1);
    driver_restart(&d, "auto.create.topics.enable=false\n");
    check_int(described("u", true).error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    driver_close(&d);
}

TEST(node_cluster, t02_a_created_topic_comes_with_its_configs)
{
    driver_open(&d, "");
    struct create_topics_request_creatable_topic_config c = {KAFKA_STRING_LIT("retention.ms"),
                                                             KAFKA_STRING_LIT("5000")};
    struct create_topics_request_creatable_topic t = {.name = KAFKA_STRING_LIT("t"),
                                                      .num_partitions = -1,
                                                      .replication_factor = -1,
                                                      .configs = &c,
                                                      .configs_count = 1};
    struct create_topics_request r = {.topics = &t, .topics_count = 1};
    driver_ask(&d, 1, KAFKA_API_CREATE_TOPICS, 7, &r);
    struct create_topics_response *a = driver_answer(&d, 1);
    check(a);
    check_int(a->topics[0].num_partitions, 1);
    check_int(a->topics[0].replication_factor, 1);
    check(a->topics[0].configs_count > 10);
    check(!kafka_uuid_is_zero(a->topics[0].topic_id));
    bool found = false;
    for (int32_t i = 0; i < a->topics[0].configs_count; i++) {
        check(a->topics[0].configs[i].config_source > 0);
        if (!kafka_string_equal_str(a->topics[0].configs[i].name, "retention.ms")) continue;
        found = true;
        check_int(a->topics[0].configs[i].config_source, 1);
        check(kafka_string_equal_str(a->topics[0].configs[i].value, "5000"));
    }
    check(found);
    driver_close(&d);
}

TEST(node_cluster, t08_t10_t11_what_is_refused)
{
    driver_open(&d, "");
    check_int(described("bad name", true).error_code, KAFKA_INVALID_TOPIC_EXCEPTION);
    check_int(described("bad name", false).error_code, KAFKA_INVALID_TOPIC_EXCEPTION);
    check_int(driver_create(&d, "no/good", 1, NULL, NULL), KAFKA_INVALID_TOPIC_EXCEPTION);
    check_int(driver_create(&d, "t", 1, "no.such.config", "1"), KAFKA_INVALID_CONFIG);
    check_int(driver_create(&d, "t", 1, "retention.ms", "soon"), KAFKA_INVALID_CONFIG);
    check_int(driver_create(&d, "t", 0, NULL, NULL), KAFKA_INVALID_PARTITIONS);
    struct create_topics_request_creatable_topic t = {
        .name = KAFKA_STRING_LIT("t"), .num_partitions = 1, .replication_factor = 3};
    struct create_topics_request r = {.topics = &t, .topics_count = 1};
    driver_ask(&d, 1, KAFKA_API_CREATE_TOPICS, 4, &r);
    struct create_topics_response *a = driver_answer(&d, 1);
    check(a);
    check_int(a->topics[0].error_code, KAFKA_INVALID_REPLICATION_FACTOR);
    check_int(driver_create(&d, "t", 1, NULL, NULL), KAFKA_NONE);
    check_int(driver_create(&d, "t", 1, NULL, NULL), KAFKA_TOPIC_ALREADY_EXISTS);
    driver_close(&d);
}

/* One request makes a thousand topics by asking for them; the next one goes on. */
TEST(node_cluster, a_crowd_of_unknown_topics_is_made_in_portions)
{
    enum { ASKED = 1100 };
    static char names[ASKED][16];
    static struct metadata_request_metadata_request_topic topics[ASKED];
    struct metadata_request r = {.topics = topics, .topics_count = ASKED, .allow_auto_topic_creation = true};
    for (int i = 0; i < ASKED; i++) {
        snprintf(names[i], sizeof names[i], "t%d", i);
        topics[i].name = kafka_string_of(i == 7 ? "not good" : names[i]);
    }
    driver_open(&d, "");
    for (int made = 1000; made < 3000; made += 1000) {
        driver_ask(&d, 1, KAFKA_API_METADATA, 9, &r);
        struct metadata_response *a = driver_answer(&d, 1);
        check(a && a->topics_count == ASKED);
        for (int i = 0; i < ASKED; i++)
            check_int(a->topics[i].error_code, i == 7      ? KAFKA_INVALID_TOPIC_EXCEPTION
                                               : i <= made ? KAFKA_NONE
                                                           : KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    }
    driver_close(&d);
}

TEST(node_cluster, several_topics_in_one_request_and_only_validated_ones)
{
    static const char *const names[] = {"a.b", "a_b", "c", "c", "d"};
    static const int16_t errors[] = {KAFKA_NONE, KAFKA_INVALID_TOPIC_EXCEPTION, KAFKA_INVALID_REQUEST,
                                     KAFKA_INVALID_REQUEST, KAFKA_NONE};
    struct create_topics_request_creatable_topic t[5] = {0};
    for (int i = 0; i < 5; i++) {
        t[i].name = kafka_string_of(names[i]);
        t[i].num_partitions = t[i].replication_factor = 1;
    }
    struct create_topics_request r = {.topics = t, .topics_count = 5, .validate_only = true};
    driver_open(&d, "");
    driver_ask(&d, 1, KAFKA_API_CREATE_TOPICS, 7, &r);
    struct create_topics_response *a = driver_answer(&d, 1);
    check(a);
    check_int(a->topics[0].error_code, KAFKA_NONE);
    check_int(described("a.b", false).error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    r.validate_only = false;
    driver_ask(&d, 1, KAFKA_API_CREATE_TOPICS, 7, &r);
    a = driver_answer(&d, 1);
    check(a && a->topics_count == 5);
    for (int i = 0; i < 5; i++) check_int(a->topics[i].error_code, errors[i]);
    check_int(described("d", false).error_code, KAFKA_NONE);
    driver_close(&d);
}

TEST(node_cluster, t33_topic_ids_survive_a_restart_and_change_with_the_topic)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct kafka_uuid first = described("t", false).topic_id;
    check(!kafka_uuid_is_zero(first));
    driver_crash(&d, "");
    check(kafka_uuid_equal(described("t", false).topic_id, first));
    driver_restart(&d, "");
    check(kafka_uuid_equal(described("t", false).topic_id, first));
    check_int(delete_topic("t"), KAFKA_NONE);
    check_int(driver_create(&d, "t", 1, NULL, NULL), KAFKA_NONE);
    check(!kafka_uuid_equal(described("t", false).topic_id, first));
    driver_close(&d);
}

/* Java's Admin leaves the name empty where others send null. */
TEST(node_cluster, topics_are_described_by_id_whatever_stands_for_the_name)
{
    driver_open(&d, "");
    driver_create(&d, "a", 1, NULL, NULL);
    driver_create(&d, "b", 2, NULL, NULL);
    const struct kafka_string names[] = {KAFKA_STRING_NULL, KAFKA_STRING_LIT(""), KAFKA_STRING_LIT("c")};
    for (int i = 0; i < 3; i++) {
        struct metadata_request_metadata_request_topic t[] = {
            {.topic_id = described("a", false).topic_id, .name = names[i]},
            {.topic_id = described("b", false).topic_id, .name = names[i]},
            {.topic_id = {{1, 2, 3}}, .name = names[i]},
        };
        struct metadata_request r = {.topics = t, .topics_count = 3, .allow_auto_topic_creation = true};
        driver_ask(&d, 1, KAFKA_API_METADATA, 12, &r);
        struct metadata_response *m = driver_answer(&d, 1);
        check(m && m->topics_count == 3);
        check(kafka_string_equal_str(m->topics[0].name, "a"));
        check(kafka_string_equal_str(m->topics[1].name, "b"));
        check_int(m->topics[1].partitions_count, 2);
        check_int(m->topics[2].error_code, KAFKA_UNKNOWN_TOPIC_ID);
        check(m->topics[2].name.n < 0);
        check(kafka_uuid_equal(m->topics[2].topic_id, t[2].topic_id));
    }
    driver_close(&d);
}

TEST(node_cluster, a_deleted_topic_is_gone_with_its_records)
{
    driver_open(&d, "");
    driver_create(&d, "t", 2, NULL, NULL);
    driver_produce(&d, "t", &DRIVER_BATCH);
    struct kafka_uuid id = described("t", false).topic_id;
    struct delete_topics_request_delete_topic_state s = {.name = KAFKA_STRING_NULL, .topic_id = id};
    struct delete_topics_request r = {.topics = &s, .topics_count = 1};
    driver_ask(&d, 1, KAFKA_API_DELETE_TOPICS, 6, &r);
    struct delete_topics_response *a = driver_answer(&d, 1);
    check(a);
    check_int(a->responses[0].error_code, KAFKA_NONE);
    check(kafka_string_equal_str(a->responses[0].name, "t"));
    check_int(memory_disk_files(d.disk, "t-"), 0);
    driver_ask(&d, 1, KAFKA_API_DELETE_TOPICS, 6, &r);
    a = driver_answer(&d, 1);
    check_int(a->responses[0].error_code, KAFKA_UNKNOWN_TOPIC_ID);
    check_int(delete_topic("t"), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    driver_create(&d, "t", 1, NULL, NULL);
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).base_offset, 0);
    driver_close(&d);
}

TEST(node_cluster, a_topic_made_again_waits_for_the_folder_that_a_slow_client_holds)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    driver_produce(&d, "t", &DRIVER_BATCH);
    d.hold_files = true;
    struct driver_fetch f = DRIVER_FETCH;
    driver_fetch_begin(&d, 2, "t", &f);
    check(driver_fetched(&d, 2).records.n > 0);
    d.hold_files = false;
    check_int(delete_topic("t"), KAFKA_NONE);
    check(memory_disk_files(d.disk, "t-0/") > 0);
    struct create_topics_request_creatable_topic t = {
        .name = KAFKA_STRING_LIT("t"), .num_partitions = 1, .replication_factor = 1};
    struct create_topics_request r = {.topics = &t, .topics_count = 1};
    driver_ask(&d, 3, KAFKA_API_CREATE_TOPICS, 7, &r);
    check(!driver_answer(&d, 3));
    driver_release_files(&d);
    struct create_topics_response *a = driver_answer(&d, 3);
    check(a);
    check_int(a->topics[0].error_code, KAFKA_NONE);
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).base_offset, 0);
    driver_crash(&d, "");
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).base_offset, 1);
    driver_close(&d);
}

/* A start is as long as its syncs. */
TEST(node_cluster, a_start_syncs_what_it_must)
{
    driver_open(&d, "");
    check_int(d.opening_syncs, 5); /* meta.properties, partition.metadata, .log, its folder, the root */
    driver_create(&d, "t", 20, NULL, NULL);
    driver_produce(&d, "t", &DRIVER_BATCH);
    driver_restart(&d, "");
    check_int(d.opening_syncs, 2); /* the marker is gone; the broker is registered */
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).base_offset, 1);
    driver_close(&d);
}

TEST(node_cluster, t49_internal_topics_are_not_deleted)
{
    driver_open(&d, "");
    struct find_coordinator_request r = {.key = KAFKA_STRING_LIT("g")};
    driver_ask(&d, 1, KAFKA_API_FIND_COORDINATOR, 3, &r);
    check(driver_answer(&d, 1));
    check_int(delete_topic("__consumer_offsets"), KAFKA_TOPIC_AUTHORIZATION_FAILED);
    check(described("__consumer_offsets", false).is_internal);
    driver_close(&d);
}

TEST(node_cluster, deletion_can_be_forbidden)
{
    driver_open(&d, "delete.topic.enable=false\n");
    driver_create(&d, "t", 1, NULL, NULL);
    check_int(delete_topic("t"), KAFKA_TOPIC_DELETION_DISABLED);
    check_int(described("t", false).error_code, KAFKA_NONE);
    driver_close(&d);
}

TEST(node_cluster, the_cluster_is_described)
{
    driver_open(&d, "broker.rack=r1\n");
    struct describe_cluster_request r = {.include_cluster_authorized_operations = true, .endpoint_type = 1};
    driver_ask(&d, 1, KAFKA_API_DESCRIBE_CLUSTER, 0, &r);
    struct describe_cluster_response *a = driver_answer(&d, 1);
    check(a && a->error_code == KAFKA_NONE && a->brokers_count == 1);
    check_int(a->brokers[0].broker_id, 1);
    check_int(a->brokers[0].port, 9092);
    check_int(a->controller_id, 1);
    check(a->cluster_id.n == 22 && kafka_string_equal_str(a->brokers[0].rack, "r1"));
    check_int(a->cluster_authorized_operations, 8096); /* what Apache Kafka without an authorizer says */
    r.include_cluster_authorized_operations = false;
    r.endpoint_type = 2;
    driver_ask(&d, 1, KAFKA_API_DESCRIBE_CLUSTER, 1, &r);
    check_int(((struct describe_cluster_response *)driver_answer(&d, 1))->error_code, KAFKA_MISMATCHED_ENDPOINT_TYPE);
    r.endpoint_type = 9;
    driver_ask(&d, 1, KAFKA_API_DESCRIBE_CLUSTER, 1, &r);
    check_int(((struct describe_cluster_response *)driver_answer(&d, 1))->error_code, KAFKA_UNSUPPORTED_ENDPOINT_TYPE);
    driver_close(&d);
}

/* --- coordinators and offsets --- */

TEST(node_cluster, t43_the_coordinator_of_an_unknown_group)
{
    driver_open(&d, "listeners=PLAINTEXT://127.0.0.1:9192\nadvertised.listeners=PLAINTEXT://elsewhere:9999\n");
    struct kafka_string keys[] = {KAFKA_STRING_LIT("g"), KAFKA_STRING_LIT("h")};
    struct find_coordinator_request r = {.key = keys[0], .coordinator_keys = keys, .coordinator_keys_count = 2};
    driver_ask(&d, 1, KAFKA_API_FIND_COORDINATOR, 0, &r);
    struct find_coordinator_response *a = driver_answer(&d, 1);
    check(a);
    check_int(a->error_code, KAFKA_NONE);
    check(kafka_string_equal_str(a->host, "elsewhere"));
    check_int(a->port, 9999);
    driver_ask(&d, 1, KAFKA_API_FIND_COORDINATOR, 4, &r);
    a = driver_answer(&d, 1);
    check_int(a->coordinators_count, 2);
    check(kafka_string_equal_str(a->coordinators[1].key, "h"));
    check(kafka_string_equal_str(a->coordinators[1].host, "elsewhere"));
    driver_close(&d);
}

static void coordinator_ready(void)
{
    struct find_coordinator_request r = {.key = KAFKA_STRING_LIT("g")};
    driver_ask(&d, 1, KAFKA_API_FIND_COORDINATOR, 0, &r);
    check(driver_answer(&d, 1));
}

static int16_t commit(const char *topic, int64_t offset, const char *metadata)
{
    struct offset_commit_request_offset_commit_request_partition p = {
        .committed_offset = offset, .committed_leader_epoch = -1, .committed_metadata = kafka_string_of(metadata)};
    struct offset_commit_request_offset_commit_request_topic t = {
        .name = kafka_string_of(topic), .partitions = &p, .partitions_count = 1};
    struct offset_commit_request r = {.group_id = KAFKA_STRING_LIT("g"),
                                      .generation_id_or_member_epoch = -1,
                                      .member_id = KAFKA_STRING_LIT(""),
                                      .group_instance_id = KAFKA_STRING_NULL,
                                      .retention_time_ms = -1,
                                      .topics = &t,
                                      .topics_count = 1};
    driver_ask(&d, 1, KAFKA_API_OFFSET_COMMIT, 7, &r);
    struct offset_commit_response *a = driver_answer(&d, 1);
    check(a && a->topics_count == 1);
    return a->topics[0].partitions[0].error_code;
}

static struct offset_fetch_response_offset_fetch_response_partition committed(const char *group, int version)
{
    int32_t index = 0;
    struct offset_fetch_request_offset_fetch_request_topic t = {
        .name = KAFKA_STRING_LIT("t"), .partition_indexes = &index, .partition_indexes_count = 1};
    struct offset_fetch_request r = {.group_id = kafka_string_of(group), .topics = &t, .topics_count = 1};
    driver_ask(&d, 1, KAFKA_API_OFFSET_FETCH, version, &r);
    struct offset_fetch_response *a = driver_answer(&d, 1);
    check(a && a->topics_count == 1 && a->topics[0].partitions_count == 1);
    check_int(a->error_code, KAFKA_NONE);
    return a->topics[0].partitions[0];
}

TEST(node_cluster, t04_an_unknown_group_has_offset_minus_one)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    coordinator_ready();
    for (int version = 1; version <= 7; version++) {
        struct offset_fetch_response_offset_fetch_response_partition p = committed("nobody", version);
        check_int(p.committed_offset, -1);
        check_int(p.error_code, KAFKA_NONE);
    }
    driver_close(&d);
}

/* Version 1 has no error beside those of the partitions. */
TEST(node_cluster, an_offset_fetch_without_a_coordinator_says_so_in_each_version)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct offset_fetch_response_offset_fetch_response_partition p = committed("g", 1);
    check_int(p.error_code, KAFKA_NOT_COORDINATOR);
    check_int(p.committed_offset, -1);
    driver_close(&d);
}

TEST(node_cluster, t42_a_commit_and_its_metadata_survive)
{
    driver_open(&d, "log.flush.interval.messages=1\n");
    driver_create(&d, "t", 1, NULL, NULL);
    coordinator_ready();
    check_int(commit("nowhere", 1, ""), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    check_int(commit("t", 41, "first"), KAFKA_NONE);
    check_int(commit("t", 42, "so far"), KAFKA_NONE);
    for (int i = 0; i < 2; i++) {
        struct offset_fetch_response_offset_fetch_response_partition p = committed("g", 7);
        check_int(p.committed_offset, 42);
        check(kafka_string_equal_str(p.metadata, "so far"));
        driver_crash(&d, "");
    }
    check_int(delete_topic("t"), KAFKA_NONE); /* and goes with its topic */
    driver_create(&d, "t", 1, NULL, NULL);
    check_int(committed("g", 7).committed_offset, -1);
    driver_close(&d);
}

TEST(node_cluster, a_commit_is_answered_when_it_is_stored)
{
    driver_open(&d, "log.flush.interval.messages=1\n");
    driver_create(&d, "t", 1, NULL, NULL);
    coordinator_ready();
    struct offset_commit_request_offset_commit_request_partition p = {.committed_offset = 5,
                                                                      .committed_metadata = KAFKA_STRING_NULL};
    struct offset_commit_request_offset_commit_request_topic t = {
        .name = KAFKA_STRING_LIT("t"), .partitions = &p, .partitions_count = 1};
    struct offset_commit_request r = {.group_id = KAFKA_STRING_LIT("g"),
                                      .generation_id_or_member_epoch = -1,
                                      .member_id = KAFKA_STRING_LIT(""),
                                      .group_instance_id = KAFKA_STRING_NULL,
                                      .topics = &t,
                                      .topics_count = 1};
    d.hold_syncs = true;
    driver_ask(&d, 1, KAFKA_API_OFFSET_COMMIT, 8, &r);
    check(!driver_answer(&d, 1));
    driver_release_syncs(&d, 0);
    check(driver_answer(&d, 1));
    driver_close(&d);
}

/* --- members --- */

static struct join_group_response join(int connection, const char *member)
{
    struct join_group_request_join_group_request_protocol p = {KAFKA_STRING_LIT("range"), {(const uint8_t *)"", 0}};
    struct join_group_request r = {.group_id = KAFKA_STRING_LIT("g"),
                                   .session_timeout_ms = 10000,
                                   .rebalance_timeout_ms = 10000,
                                   .member_id = kafka_string_of(member),
                                   .group_instance_id = KAFKA_STRING_NULL,
                                   .protocol_type = KAFKA_STRING_LIT("consumer"),
                                   .protocols = &p,
                                   .protocols_count = 1};
    driver_ask(&d, connection, KAFKA_API_JOIN_GROUP, 5, &r);
    driver_wait(&d, 1);
    struct join_group_response *a = driver_answer(&d, connection);
    check(a);
    return *a;
}

TEST(node_cluster, t39_a_member_gets_its_id_and_its_assignment)
{
    driver_open(&d, "");
    coordinator_ready();
    struct join_group_response j = join(2, "");
    check_int(j.error_code, KAFKA_MEMBER_ID_REQUIRED);
    char member[128];
    snprintf(member, sizeof member, "%.*s", (int)j.member_id.n, j.member_id.p);
    check(strncmp(member, "test-", 5) == 0); /* client id and a random part */
    j = join(2, member);
    check_int(j.error_code, KAFKA_NONE);
    check(kafka_string_equal_str(j.leader, member));
    struct sync_group_request_sync_group_request_assignment a = {kafka_string_of(member), {(const uint8_t *)"all", 3}};
    struct sync_group_request s = {.group_id = KAFKA_STRING_LIT("g"),
                                   .generation_id = j.generation_id,
                                   .member_id = kafka_string_of(member),
                                   .group_instance_id = KAFKA_STRING_NULL,
                                   .protocol_type = KAFKA_STRING_NULL,
                                   .protocol_name = KAFKA_STRING_NULL,
                                   .assignments = &a,
                                   .assignments_count = 1};
    driver_ask(&d, 2, KAFKA_API_SYNC_GROUP, 3, &s);
    struct sync_group_response *sync = driver_answer(&d, 2);
    check(sync);
    check_int(sync->error_code, KAFKA_NONE);
    check_int(sync->assignment.n, 3);
    struct heartbeat_request h = {.group_id = KAFKA_STRING_LIT("g"),
                                  .generation_id = j.generation_id,
                                  .member_id = kafka_string_of(member),
                                  .group_instance_id = KAFKA_STRING_NULL};
    driver_ask(&d, 2, KAFKA_API_HEARTBEAT, 3, &h);
    check_int(((struct heartbeat_response *)driver_answer(&d, 2))->error_code, KAFKA_NONE);
    driver_wait(&d, 10001); /* silent for longer than its session */
    driver_ask(&d, 2, KAFKA_API_HEARTBEAT, 3, &h);
    check_int(((struct heartbeat_response *)driver_answer(&d, 2))->error_code, KAFKA_UNKNOWN_MEMBER_ID);
    driver_close(&d);
}

/* --- producer ids --- */

static int64_t producer_id(void)
{
    struct init_producer_id_request r = {
        .transactional_id = KAFKA_STRING_NULL, .producer_id = -1, .producer_epoch = -1};
    driver_ask(&d, 1, KAFKA_API_INIT_PRODUCER_ID, 4, &r);
    struct init_producer_id_response *a = driver_answer(&d, 1);
    check(a);
    check_int(a->error_code, KAFKA_NONE);
    check_int(a->producer_epoch, 0);
    return a->producer_id;
}

TEST(node_cluster, a_producer_id_is_never_given_twice)
{
    driver_open(&d, "");
    int64_t last = producer_id();
    for (int i = 0; i < 1100; i++) { /* more than a block */
        int64_t next = producer_id();
        check(next > last);
        last = next;
    }
    driver_crash(&d, "");
    check(producer_id() > last);
    driver_close(&d);
}

TEST(node_cluster, an_id_without_its_epoch_is_refused)
{
    driver_open(&d, "");
    static const struct {
        int64_t id;
        int16_t epoch, error;
    } asked[] = {{7, -1, KAFKA_INVALID_REQUEST}, {-1, 0, KAFKA_INVALID_REQUEST}, {7, 0, KAFKA_NONE}};
    for (int i = 0; i < 3; i++) {
        struct init_producer_id_request r = {
            .transactional_id = KAFKA_STRING_NULL, .producer_id = asked[i].id, .producer_epoch = asked[i].epoch};
        driver_ask(&d, 1, KAFKA_API_INIT_PRODUCER_ID, 4, &r);
        struct init_producer_id_response *a = driver_answer(&d, 1);
        check(a);
        check_int(a->error_code, asked[i].error);
        check_int(a->producer_epoch, asked[i].error == KAFKA_NONE ? 0 : -1);
    }
    struct init_producer_id_request old = {.transactional_id = KAFKA_STRING_NULL};
    driver_ask(&d, 1, KAFKA_API_INIT_PRODUCER_ID, 2, &old); /* knows neither */
    struct init_producer_id_response *a = driver_answer(&d, 1);
    check(a && a->error_code == KAFKA_NONE);
    driver_close(&d);
}

TEST(node_cluster, transactions_are_refused_for_good)
{
    driver_open(&d, "");
    struct init_producer_id_request r = {.transactional_id = KAFKA_STRING_LIT("tx")};
    driver_ask(&d, 1, KAFKA_API_INIT_PRODUCER_ID, 1, &r);
    struct init_producer_id_response *a = driver_answer(&d, 1);
    check(a);
    check_int(a->error_code, KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    driver_close(&d);
}

/* --- start and end --- */

TEST(node_cluster, t51_a_start_that_was_cut_short_anywhere_can_be_repeated)
{
    /* Without its last `cut` files the directory looks as after a kill in the first moments. */
    for (int cut = 0; cut < 8; cut++) {
        driver_open(&d, "");
        driver_create(&d, "t", 1, NULL, NULL);
        int count = 0;
        for (int i = (int)d.disk->files.entry_count - 1; i >= 0 && count < cut; i--) {
            struct table_entry *e = &d.disk->files.entries[i];
            if (!e->key.p) continue;
            struct buf *b = table_remove(&d.disk->files, e->key);
            buf_release(b);
            free(b);
            count++;
        }
        driver_crash(&d, "");
        check(driver_create(&d, "u", 1, NULL, NULL) == KAFKA_NONE);
        check_int(driver_produce(&d, "u", &DRIVER_BATCH).error_code, KAFKA_NONE);
        driver_close(&d);
    }
}

TEST(node_cluster, a_clean_stop_leaves_its_marker_and_a_crash_does_not)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    driver_produce(&d, "t", &DRIVER_BATCH);
    check(!memory_disk_file(d.disk, ".kafka_cleanshutdown"));
    driver_restart(&d, "");
    check(d.marker_left);
    check(!memory_disk_file(d.disk, ".kafka_cleanshutdown")); /* taken at the start */
    check(memory_disk_file(d.disk, "recovery-point-offset-checkpoint"));
    struct driver_fetch f = DRIVER_FETCH;
    driver_fetch_begin(&d, 2, "t", &f);
    check_int(driver_fetched(&d, 2).high_watermark, 1);
    driver_close(&d);
}

TEST(node_cluster, checkpoints_are_written_by_the_clock_and_only_when_they_change)
{
    static const char path[] = "replication-offset-checkpoint";
    driver_open(&d, "replica.high.watermark.checkpoint.interval.ms=100\n");
    driver_create(&d, "t", 1, NULL, NULL);
    driver_produce(&d, "t", &DRIVER_BATCH);
    check(!memory_disk_file(d.disk, path));
    driver_wait(&d, 110);
    struct buf *text = memory_disk_file(d.disk, path);
    check(text);
    check(strstr(buf_cstr(text), "t 0 1\n"));
    check_int(d.disk->disk.call->remove(&d.disk->disk, path), 0);
    driver_wait(&d, 300);
    check(!memory_disk_file(d.disk, path)); /* nothing to say anew */
    driver_produce(&d, "t", &DRIVER_BATCH);
    driver_wait(&d, 110);
    check(memory_disk_file(d.disk, path));
    driver_close(&d);
}

TEST(node_cluster, a_long_poll_ends_with_the_shutdown)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct driver_fetch f = DRIVER_FETCH;
    f.min_bytes = 1;
    f.max_wait_ms = 100000;
    driver_fetch_begin(&d, 2, "t", &f);
    driver_restart(&d, ""); /* checks that it stops */
    driver_close(&d);
}

TEST(node_cluster, a_folder_of_no_topic_is_set_aside)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    d.disk->disk.call->rename(&d.disk->disk, "t-0", "other-0");
    driver_crash(&d, "");
    check_int(memory_disk_files(d.disk, "other-0/"), 0);
    check(memory_disk_files(d.disk, "other-0.") > 0);
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).base_offset, 0);
    driver_close(&d);
}
