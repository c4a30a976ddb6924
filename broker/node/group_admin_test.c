/* DescribeGroups, ListGroups, DeleteGroups and OffsetDelete through the whole node. */
#include "broker/node/driver_test.h"
#include "tests/unit.h"

static struct driver d;

static void open_node(const char *properties)
{
    struct find_coordinator_request r = {.key = KAFKA_STRING_LIT("g")};
    driver_open(&d, properties);
    driver_create(&d, "t", 2, NULL, NULL);
    driver_create(&d, "u", 1, NULL, NULL);
    driver_ask(&d, 1, KAFKA_API_FIND_COORDINATOR, 0, &r);
    check(driver_answer(&d, 1));
}

static void commit(const char *group, const char *topic, int32_t partition, int64_t offset)
{
    struct offset_commit_request_offset_commit_request_partition p = {
        .partition_index = partition, .committed_offset = offset, .committed_metadata = KAFKA_STRING_NULL};
    struct offset_commit_request_offset_commit_request_topic t = {kafka_string_of(topic), &p, 1};
    struct offset_commit_request r = {.group_id = kafka_string_of(group),
                                      .generation_id_or_member_epoch = -1,
                                      .member_id = KAFKA_STRING_LIT(""),
                                      .group_instance_id = KAFKA_STRING_NULL,
                                      .retention_time_ms = -1,
                                      .topics = &t,
                                      .topics_count = 1};
    driver_ask(&d, 1, KAFKA_API_OFFSET_COMMIT, 7, &r);
    struct offset_commit_response *a = driver_answer(&d, 1);
    check(a);
    check_int(a->topics[0].partitions[0].error_code, KAFKA_NONE);
}

/* Every committed offset, as "t-0=5 ". */
static const char *committed(const char *group)
{
    struct offset_fetch_request r = {.group_id = kafka_string_of(group), .topics_count = -1};
    struct buf text = {0};
    driver_ask(&d, 1, KAFKA_API_OFFSET_FETCH, 7, &r);
    struct offset_fetch_response *a = driver_answer(&d, 1);
    check(a);
    for (int32_t t = 0; t < a->topics_count; t++)
        for (int32_t i = 0; i < a->topics[t].partitions_count; i++)
            buf_printf(&text, "%.*s-%d=%lld ", a->topics[t].name.n, a->topics[t].name.p,
                       a->topics[t].partitions[i].partition_index,
                       (long long)a->topics[t].partitions[i].committed_offset);
    char *out = arena_str(&d.arena, buf_slice(&text));
    buf_release(&text);
    return out;
}

/* A member of group `g` that reads `topic`, alone, with its assignment. */
static void member_join(int connection, const char *topic)
{
    struct kafka_string topics = kafka_string_of(topic);
    struct consumer_protocol_subscription s = {.topics = &topics, .topics_count = 1, .user_data = KAFKA_BYTES_NULL};
    struct buf bytes = {0};
    check_int(kafka_encode_versioned(&consumer_protocol_subscription_message, 0, &s, &bytes), 0);
    struct join_group_request_join_group_request_protocol p = {KAFKA_STRING_LIT("range"),
                                                               kafka_bytes_of_slice(buf_slice(&bytes))};
    struct join_group_request r = {.group_id = KAFKA_STRING_LIT("g"),
                                   .session_timeout_ms = 10000,
                                   .rebalance_timeout_ms = 10000,
                                   .member_id = KAFKA_STRING_LIT(""),
                                   .group_instance_id = KAFKA_STRING_LIT("pod-7"),
                                   .protocol_type = KAFKA_STRING_LIT("consumer"),
                                   .protocols = &p,
                                   .protocols_count = 1};
    driver_ask(&d, connection, KAFKA_API_JOIN_GROUP, 5, &r);
    driver_wait(&d, 1);
    struct join_group_response *j = driver_answer(&d, connection);
    check(j);
    check_int(j->error_code, KAFKA_NONE);
    struct sync_group_request_sync_group_request_assignment a = {j->member_id, {(const uint8_t *)"all", 3}};
    struct sync_group_request sync = {.group_id = KAFKA_STRING_LIT("g"),
                                      .generation_id = j->generation_id,
                                      .member_id = j->member_id,
                                      .group_instance_id = KAFKA_STRING_LIT("pod-7"),
                                      .assignments = &a,
                                      .assignments_count = 1};
    driver_ask(&d, connection, KAFKA_API_SYNC_GROUP, 3, &sync);
    check(driver_answer(&d, connection));
    buf_release(&bytes);
}

static struct describe_groups_response *describe(int version, struct kafka_string *ids, int32_t count)
{
    struct describe_groups_request r = {ids, count, true};
    driver_ask(&d, 1, KAFKA_API_DESCRIBE_GROUPS, version, &r);
    struct describe_groups_response *a = driver_answer(&d, 1);
    check(a);
    check_int(a->groups_count, count);
    return a;
}

TEST(node_group_admin, describe_in_each_version)
{
    open_node("group.initial.rebalance.delay.ms=0\n");
    member_join(2, "t");
    commit("simple", "t", 0, 5);
    struct kafka_string ids[] = {KAFKA_STRING_LIT("g"), KAFKA_STRING_LIT("simple"), KAFKA_STRING_LIT("nobody")};
    for (int version = 0; version <= 5; version++) {
        struct describe_groups_response *a = describe(version, ids, 3);
        struct describe_groups_response_described_group *g = &a->groups[0];
        for (int i = 0; i < 3; i++) check_int(a->groups[i].error_code, KAFKA_NONE);
        check(kafka_string_equal_str(g->group_state, "Stable"));
        check(kafka_string_equal_str(g->protocol_type, "consumer"));
        check(kafka_string_equal_str(g->protocol_data, "range"));
        check_int(g->members_count, 1);
        check(kafka_string_equal_str(g->members[0].client_id, "test"));
        check(g->members[0].client_host.p[0] == '/');
        check_int(g->members[0].member_assignment.n, 3);
        check(g->members[0].member_metadata.n > 0);
        check_int(g->members[0].group_instance_id.n, version < 4 ? -1 : 5);
        check_int(g->authorized_operations, version < 3 ? INT32_MIN : 0xd48); /* as Kafka without an authorizer */
        check(kafka_string_equal_str(a->groups[1].group_state, "Empty"));
        check_int(a->groups[1].members_count, 0);
        check(kafka_string_equal_str(a->groups[2].group_state, "Dead"));
    }
    driver_close(&d);
}

static int32_t listed(int version, const char *state, const char *type)
{
    struct kafka_string states = kafka_string_of(state), types = kafka_string_of(type);
    struct list_groups_request r = {&states, state ? 1 : 0, &types, type ? 1 : 0};
    driver_ask(&d, 1, KAFKA_API_LIST_GROUPS, version, &r);
    struct list_groups_response *a = driver_answer(&d, 1);
    check(a);
    check_int(a->error_code, KAFKA_NONE);
    for (int32_t i = 0; version >= 5 && i < a->groups_count; i++)
        check(kafka_string_equal_str(a->groups[i].group_type, "classic"));
    return a->groups_count;
}

TEST(node_group_admin, list_by_state_and_by_type)
{
    open_node("group.initial.rebalance.delay.ms=0\n");
    check_int(listed(0, NULL, NULL), 0);
    member_join(2, "t");
    commit("simple", "t", 0, 5);
    for (int version = 0; version <= 5; version++) check_int(listed(version, NULL, NULL), 2);
    check_int(listed(4, "stable", NULL), 1); /* case does not matter */
    check_int(listed(4, "Dead", NULL), 0);
    check_int(listed(5, NULL, "Classic"), 2);
    check_int(listed(5, "Empty", "classic"), 1);
    check_int(listed(5, NULL, "share"), 0);
    driver_close(&d);
}

static int16_t deleted(const char *group)
{
    struct kafka_string names[] = {kafka_string_of(group), kafka_string_of(group)};
    struct delete_groups_request r = {names, 2}; /* named twice, deleted once */
    driver_ask(&d, 1, KAFKA_API_DELETE_GROUPS, 2, &r);
    struct delete_groups_response *a = driver_answer(&d, 1);
    check(a);
    check_int(a->results_count, 1);
    check(kafka_string_equal_str(a->results[0].group_id, group));
    return a->results[0].error_code;
}

TEST(node_group_admin, a_group_is_deleted_with_its_offsets_for_good)
{
    open_node("group.initial.rebalance.delay.ms=0\n");
    check_int(deleted("simple"), KAFKA_GROUP_ID_NOT_FOUND);
    commit("simple", "t", 0, 5);
    commit("other", "t", 0, 6);
    member_join(2, "t");
    check_int(deleted("g"), KAFKA_NON_EMPTY_GROUP);
    check_int(deleted("simple"), KAFKA_NONE);
    check_str(committed("simple"), "");
    driver_crash(&d, "");
    check_str(committed("simple"), "");
    check_str(committed("other"), "t-0=6 ");
    check_int(listed(0, NULL, NULL), 2); /* g and other */
    driver_close(&d);
}

TEST(node_group_admin, a_deletion_is_answered_when_it_is_stored)
{
    open_node("log.flush.interval.messages=1\n");
    commit("simple", "t", 0, 5);
    struct kafka_string name = KAFKA_STRING_LIT("simple");
    struct delete_groups_request r = {&name, 1};
    d.hold_syncs = true;
    driver_ask(&d, 1, KAFKA_API_DELETE_GROUPS, 0, &r);
    check(!driver_answer(&d, 1));
    driver_release_syncs(&d, 0);
    struct delete_groups_response *a = driver_answer(&d, 1);
    check(a);
    check_int(a->results[0].error_code, KAFKA_NONE);
    driver_close(&d);
}

/* A thousand and more tombstones are several appends: one answer, after the last; a failed one fails it. */
TEST(node_group_admin, a_group_of_very_many_offsets)
{
    enum { PARTITIONS = 1500 };
    static struct offset_commit_request_offset_commit_request_partition p[PARTITIONS];
    open_node("");
    driver_create(&d, "wide", PARTITIONS, NULL, NULL);
    for (int i = 0; i < PARTITIONS; i++) {
        p[i].partition_index = i;
        p[i].committed_metadata = KAFKA_STRING_NULL;
    }
    struct offset_commit_request_offset_commit_request_topic t = {KAFKA_STRING_LIT("wide"), p, PARTITIONS};
    struct offset_commit_request r = {.group_id = KAFKA_STRING_LIT("many"),
                                      .generation_id_or_member_epoch = -1,
                                      .member_id = KAFKA_STRING_LIT(""),
                                      .group_instance_id = KAFKA_STRING_NULL,
                                      .retention_time_ms = -1,
                                      .topics = &t,
                                      .topics_count = 1};
    driver_ask(&d, 1, KAFKA_API_OFFSET_COMMIT, 7, &r);
    check(driver_answer(&d, 1));
    d.fail_append = ERR_NOSPACE;
    check(deleted("many") != KAFKA_NONE);
    d.fail_append = 0;
    check_int(deleted("many"), KAFKA_NONE);
    check_str(committed("many"), "");
    check_int(deleted("many"), KAFKA_GROUP_ID_NOT_FOUND);
    driver_close(&d);
}

static struct offset_delete_response *forget(const char *group, const char *topic, int32_t partition)
{
    struct offset_delete_request_offset_delete_request_partition p = {partition};
    struct offset_delete_request_offset_delete_request_topic t = {kafka_string_of(topic), &p, 1};
    struct offset_delete_request r = {kafka_string_of(group), &t, 1};
    driver_ask(&d, 1, KAFKA_API_OFFSET_DELETE, 0, &r);
    struct offset_delete_response *a = driver_answer(&d, 1);
    check(a);
    return a;
}

static int16_t forgotten(const char *group, const char *topic, int32_t partition)
{
    struct offset_delete_response *a = forget(group, topic, partition);
    check_int(a->error_code, KAFKA_NONE);
    check_int(a->topics_count, 1);
    return a->topics[0].partitions[0].error_code;
}

TEST(node_group_admin, offsets_are_deleted_one_by_one)
{
    open_node("group.initial.rebalance.delay.ms=0\n");
    check_int(forget("g", "t", 0)->error_code, KAFKA_GROUP_ID_NOT_FOUND);
    check_int(forget("g", "t", 0)->topics_count, 0);
    check_int(forget("", "t", 0)->error_code, KAFKA_INVALID_GROUP_ID);
    commit("g", "t", 0, 5);
    commit("g", "t", 1, 6);
    commit("g", "u", 0, 7);
    check_int(forgotten("g", "nowhere", 0), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    check_int(forgotten("g", "t", 2), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    check_int(forgotten("g", "t", 1), KAFKA_NONE);
    check_int(forgotten("g", "t", 1), KAFKA_NONE); /* there is none any more, and that is fine */
    check_str(committed("g"), "t-0=5 u-0=7 ");
    member_join(2, "t");
    check_int(forgotten("g", "t", 0), KAFKA_GROUP_SUBSCRIBED_TO_TOPIC);
    check_int(forgotten("g", "u", 0), KAFKA_NONE);
    driver_crash(&d, "");
    check_str(committed("g"), "t-0=5 ");
    driver_close(&d);
}
