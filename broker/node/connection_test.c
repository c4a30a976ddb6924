/* Frames, versions and the order of answers; ApiVersions. */
#include "broker/node/driver_test.h"
#include "lib/base/random.h"
#include "tests/unit.h"

static struct driver d;

TEST(node_connection, t01_api_versions_of_an_unknown_version)
{
    driver_open(&d, "");
    /* Version 5 as Java sends it, with a body that version 4 does not have. */
    static const uint8_t frame[] = {0, 18, 0, 5, 0, 0, 0, 9, 0, 1, 'x', 0, 0xff, 0xee, 0xdd, 0xcc};
    driver_frame(&d, 1, slice_of(frame, sizeof frame));
    static const uint8_t expected[] = {0, 0, 0, 16, 0, 0, 0, 9, 0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 4};
    check_int(d.connections[1].sent.n, sizeof expected);
    check_mem(d.connections[1].sent.p, expected, sizeof expected);
    check(d.connections[1].open);
    driver_close(&d);
}

TEST(node_connection, t06_t07_what_old_clients_must_find)
{
    /* Ranges that librdkafka before 2.11 and clients with fixed versions look for. */
    static const int16_t must[][2] = {{0, 3},  {1, 4},  {8, 2}, {9, 1},  {2, 1}, {10, 0}, {11, 0}, {14, 0}, {12, 0},
                                      {13, 0}, {22, 0}, {0, 7}, {1, 10}, {3, 0}, {18, 0}, {19, 4}, {20, 1}};
    driver_open(&d, "");
    struct api_versions_request r = {0};
    driver_ask(&d, 1, KAFKA_API_API_VERSIONS, 0, &r);
    struct api_versions_response *a = driver_answer(&d, 1);
    check(a);
    for (size_t m = 0; m < sizeof must / sizeof must[0]; m++) {
        bool found = false;
        for (int32_t i = 0; i < a->api_keys_count; i++)
            found |= a->api_keys[i].api_key == must[m][0] && a->api_keys[i].min_version <= must[m][1] &&
                     a->api_keys[i].max_version >= must[m][1];
        if (!found) unit_fail("API %d version %d is not offered", must[m][0], must[m][1]);
    }
    driver_close(&d);
}

TEST(node_connection, t15_no_features_are_claimed)
{
    driver_open(&d, "");
    struct api_versions_request r = {KAFKA_STRING_LIT("me"), KAFKA_STRING_LIT("1.0")};
    for (int version = 3; version <= 4; version++) {
        driver_ask(&d, 1, KAFKA_API_API_VERSIONS, version, &r);
        struct api_versions_response *a = driver_answer(&d, 1);
        check(a);
        check_int(a->error_code, KAFKA_NONE);
        check_int(a->supported_features_count, 0);
        check_int(a->finalized_features_count, 0);
    }
    driver_close(&d);
}

TEST(node_connection, t16_the_name_of_the_client_software)
{
    static const struct {
        const char *name;
        int16_t error;
    } cases[] = {{"librdkafka", KAFKA_NONE},    {"a.b-c", KAFKA_NONE},         {"a", KAFKA_NONE},
                 {"", KAFKA_INVALID_REQUEST},   {"-a", KAFKA_INVALID_REQUEST}, {"a-", KAFKA_INVALID_REQUEST},
                 {"a b", KAFKA_INVALID_REQUEST}};
    driver_open(&d, "");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct api_versions_request r = {kafka_string_of(cases[i].name), KAFKA_STRING_LIT("1")};
        driver_ask(&d, 1, KAFKA_API_API_VERSIONS, 3, &r);
        struct api_versions_response *a = driver_answer(&d, 1);
        check(a);
        check_int(a->error_code, cases[i].error);
    }
    driver_close(&d);
}

static void ask_metadata(int connection)
{
    struct metadata_request r = {.topics_count = -1};
    driver_ask(&d, connection, KAFKA_API_METADATA, 9, &r);
}

TEST(node_connection, t17_answers_come_in_the_order_asked)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct driver_fetch f = DRIVER_FETCH;
    f.min_bytes = 1;
    f.max_wait_ms = 100;
    driver_fetch_begin(&d, 1, "t", &f);
    ask_metadata(1); /* known at once, sent after the fetch */
    check_int(d.connections[1].sent.n, 0);
    driver_wait(&d, 100);
    check(driver_answer(&d, 1)); /* driver_answer checks the order */
    check(driver_answer(&d, 1));
    driver_close(&d);
}

TEST(node_connection, a_full_pipeline_is_not_read)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct driver_fetch f = DRIVER_FETCH;
    f.min_bytes = 1;
    f.max_wait_ms = 100;
    int sent = 0;
    for (; sent < 200 && !d.connections[1].paused; sent++) driver_fetch_begin(&d, 1, "t", &f);
    check_int(sent, 64);
    driver_wait(&d, 100);
    check(!d.connections[1].paused);
    for (int i = 0; i < sent; i++) check(driver_answer(&d, 1));
    driver_close(&d);
}

TEST(node_connection, answers_that_wait_for_an_earlier_one_are_bounded)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    driver_create(&d, "wide", 1000, NULL, NULL);
    struct driver_fetch f = DRIVER_FETCH;
    f.min_bytes = 1;
    f.max_wait_ms = 100;
    driver_fetch_begin(&d, 1, "t", &f);
    int sent = 0;
    for (; sent < 60 && !d.connections[1].paused; sent++) ask_metadata(1); /* each answer has a thousand partitions */
    check(sent > 1 && sent < 30);
    driver_wait(&d, 100);
    check(!d.connections[1].paused);
    for (int i = 0; i <= sent; i++) check(driver_answer(&d, 1));
    driver_close(&d);
}

TEST(node_connection, a_topic_that_is_named_twice_is_answered_once)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct metadata_request_metadata_request_topic topics[] = {
        {.name = KAFKA_STRING_LIT("t")}, {.name = KAFKA_STRING_LIT("u")}, {.name = KAFKA_STRING_LIT("t")}};
    struct metadata_request r = {.topics = topics, .topics_count = 3};
    driver_ask(&d, 1, KAFKA_API_METADATA, 9, &r);
    struct metadata_response *a = driver_answer(&d, 1);
    check(a);
    check_int(a->topics_count, 2);
    check(kafka_string_equal_str(a->topics[0].name, "t") && kafka_string_equal_str(a->topics[1].name, "u"));
    driver_close(&d);
}

TEST(node_connection, t18_versions_that_are_not_spoken_close)
{
    static const uint8_t too_new[] = {0, 3, 0, 99, 0, 0, 0, 1, 0, 1, 'x', 0};
    static const uint8_t too_old[] = {0, 1, 0, 3, 0, 0, 0, 1, 0, 1, 'x'};
    static const uint8_t unknown[] = {3, 0, 0, 0, 0, 0, 0, 1, 0, 1, 'x'};
    static const uint8_t cut[] = {0, 3, 0};
    const struct slice frames[] = {slice_of(too_new, sizeof too_new), slice_of(too_old, sizeof too_old),
                                   slice_of(unknown, sizeof unknown), slice_of(cut, sizeof cut), slice_of("", 0)};
    driver_open(&d, "");
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        driver_frame(&d, 1, frames[i]);
        check(!d.connections[1].open);
        check_int(d.connections[1].sent.n, 0);
    }
    ask_metadata(2); /* others are not concerned */
    check(driver_answer(&d, 2));
    driver_close(&d);
}

/* --- requests with damage: they are answered or cost their connection, never the node --- */

static struct random chance;

static void damage(struct buf *frame)
{
    size_t from = 12; /* the header stays, so that the damage reaches the API */
    for (uint64_t n = 1 + random_below(&chance, 3); n > 0 && frame->n > from; n--) {
        size_t at = from + random_below(&chance, frame->n - from);
        switch (random_below(&chance, 4)) {
        case 0: frame->p[at] ^= (uint8_t)(1 << random_below(&chance, 8)); break;
        case 1: frame->p[at] = 0xff; break;
        case 2: frame->p[at] = (uint8_t)random_below(&chance, 6); break;
        default: frame->n = at;
        }
    }
}

static void damaged_requests_send(int key, int version, const void *request)
{
    struct kafka_request_header h = {
        .api_key = (int16_t)key, .api_version = (int16_t)version, .client_id = KAFKA_STRING_LIT("x")};
    struct buf whole = {0}, frame = {0};
    check_int(kafka_request_frame(&h, request, &whole), 0);
    for (int i = 0; i < 60; i++) {
        buf_reset(&frame);
        buf_append(&frame, whole.p, whole.n);
        if (i > 0) damage(&frame);
        driver_frame(&d, 1, slice_of(frame.p + 4, frame.n - 4));
    }
    buf_release(&whole);
    buf_release(&frame);
    driver_disconnect(&d, 1);
    driver_wait(&d, 1000);
}

/* A request of each kind that does something. */
static void rich_request(int key, void *request)
{
    static struct driver_batch plain;
    static struct buf batch;
    static uint8_t blob[] = {0, 1, 2, 3};
    static int32_t zero;
    static struct kafka_string names[2] = {{"t", 1}, {"u", 1}};
    if (!batch.n) {
        plain = DRIVER_BATCH;
        plain.codec = COMPRESSION_GZIP;
        driver_batch_build(&plain, &batch);
    }
    static struct produce_request_partition_produce_data produce_p;
    static struct produce_request_topic_produce_data produce_t = {{"t", 1}, &produce_p, 1};
    static struct fetch_request_fetch_partition fetch_p = {
        .current_leader_epoch = -1, .last_fetched_epoch = -1, .log_start_offset = -1, .partition_max_bytes = 1000};
    static struct fetch_request_fetch_topic fetch_t = {
        .topic = {"t", 1}, .partitions = &fetch_p, .partitions_count = 1};
    static struct list_offsets_request_list_offsets_partition list_p = {.current_leader_epoch = -1, .timestamp = 5};
    static struct list_offsets_request_list_offsets_topic list_t = {{"t", 1}, &list_p, 1};
    static struct metadata_request_metadata_request_topic metadata_t = {.name = {"t", 1}};
    static struct offset_commit_request_offset_commit_request_partition commit_p = {.committed_leader_epoch = -1,
                                                                                    .committed_metadata = {"m", 1}};
    static struct offset_commit_request_offset_commit_request_topic commit_t = {{"t", 1}, &commit_p, 1};
    static struct offset_fetch_request_offset_fetch_request_topic offset_t = {{"t", 1}, &zero, 1};
    static struct offset_fetch_request_offset_fetch_request_topics offset_ts = {{"t", 1}, &zero, 1};
    static struct offset_fetch_request_offset_fetch_request_group offset_g = {{"g", 1}, {NULL, -1}, -1, &offset_ts, 1};
    static struct join_group_request_join_group_request_protocol join_p = {{"range", 5}, {blob, 4}};
    static struct sync_group_request_sync_group_request_assignment sync_a = {{"m", 1}, {blob, 4}};
    static struct leave_group_request_member_identity leave_m = {{"m", 1}, {NULL, -1}, {NULL, -1}};
    static struct create_topics_request_creatable_topic_config create_c = {{"retention.ms", 12}, {"1000", 4}};
    static struct create_topics_request_creatable_replica_assignment create_a = {0, &zero, 1};
    static struct create_topics_request_creatable_topic create_t = {{"new", 3}, -1, -1, &create_a, 1, &create_c, 1};
    static struct delete_topics_request_delete_topic_state delete_t = {.name = {"new", 3}};
    static struct offset_delete_request_offset_delete_request_partition forget_p;
    static struct offset_delete_request_offset_delete_request_topic forget_t = {{"t", 1}, &forget_p, 1};
    static struct offset_for_leader_epoch_request_offset_for_leader_partition epoch_p = {0, -1, 0};
    static struct offset_for_leader_epoch_request_offset_for_leader_topic epoch_t = {{"t", 1}, &epoch_p, 1};
    static struct delete_records_request_delete_records_partition purge_p = {0, -1};
    static struct delete_records_request_delete_records_topic purge_t = {{"t", 1}, &purge_p, 1};
    produce_p.records = (struct kafka_bytes){batch.p, (int32_t)batch.n};
    switch (key) {
    case KAFKA_API_PRODUCE:
        *(struct produce_request *)request = (struct produce_request){KAFKA_STRING_NULL, -1, 100, &produce_t, 1};
        break;
    case KAFKA_API_FETCH:
        ((struct fetch_request *)request)->topics = &fetch_t;
        ((struct fetch_request *)request)->topics_count = 1;
        ((struct fetch_request *)request)->min_bytes = 1;
        ((struct fetch_request *)request)->max_wait_ms = 100;
        break;
    case KAFKA_API_LIST_OFFSETS:
        ((struct list_offsets_request *)request)->topics = &list_t;
        ((struct list_offsets_request *)request)->topics_count = 1;
        break;
    case KAFKA_API_METADATA:
        ((struct metadata_request *)request)->topics = &metadata_t;
        ((struct metadata_request *)request)->topics_count = 1;
        break;
    case KAFKA_API_OFFSET_COMMIT:
        ((struct offset_commit_request *)request)->group_id = names[0];
        ((struct offset_commit_request *)request)->topics = &commit_t;
        ((struct offset_commit_request *)request)->topics_count = 1;
        break;
    case KAFKA_API_OFFSET_FETCH:
        *(struct offset_fetch_request *)request =
            (struct offset_fetch_request){{"g", 1}, &offset_t, 1, &offset_g, 1, false};
        break;
    case KAFKA_API_FIND_COORDINATOR:
        ((struct find_coordinator_request *)request)->coordinator_keys = names;
        ((struct find_coordinator_request *)request)->coordinator_keys_count = 2;
        break;
    case KAFKA_API_JOIN_GROUP:
        ((struct join_group_request *)request)->group_id = names[0];
        ((struct join_group_request *)request)->session_timeout_ms = 6000;
        ((struct join_group_request *)request)->protocol_type = names[0];
        ((struct join_group_request *)request)->protocols = &join_p;
        ((struct join_group_request *)request)->protocols_count = 1;
        break;
    case KAFKA_API_SYNC_GROUP:
        ((struct sync_group_request *)request)->group_id = names[0];
        ((struct sync_group_request *)request)->assignments = &sync_a;
        ((struct sync_group_request *)request)->assignments_count = 1;
        break;
    case KAFKA_API_LEAVE_GROUP:
        ((struct leave_group_request *)request)->group_id = names[0];
        ((struct leave_group_request *)request)->members = &leave_m;
        ((struct leave_group_request *)request)->members_count = 1;
        break;
    case KAFKA_API_CREATE_TOPICS:
        ((struct create_topics_request *)request)->topics = &create_t;
        ((struct create_topics_request *)request)->topics_count = 1;
        break;
    case KAFKA_API_DELETE_TOPICS:
        *(struct delete_topics_request *)request = (struct delete_topics_request){&delete_t, 1, names, 2, 100};
        break;
    case KAFKA_API_OFFSET_FOR_LEADER_EPOCH:
        ((struct offset_for_leader_epoch_request *)request)->topics = &epoch_t;
        ((struct offset_for_leader_epoch_request *)request)->topics_count = 1;
        break;
    case KAFKA_API_DELETE_RECORDS:
        *(struct delete_records_request *)request = (struct delete_records_request){&purge_t, 1, 100};
        break;
    case KAFKA_API_DESCRIBE_GROUPS:
        *(struct describe_groups_request *)request = (struct describe_groups_request){names, 2, true};
        break;
    case KAFKA_API_LIST_GROUPS:
        *(struct list_groups_request *)request = (struct list_groups_request){names, 2, names, 2};
        break;
    case KAFKA_API_DELETE_GROUPS:
        *(struct delete_groups_request *)request = (struct delete_groups_request){names, 2};
        break;
    case KAFKA_API_OFFSET_DELETE:
        *(struct offset_delete_request *)request = (struct offset_delete_request){{"g", 1}, &forget_t, 1};
        break;
    default: break;
    }
}

TEST(node_connection, damaged_requests_of_every_api_and_version)
{
    random_seed(&chance, 2026);
    driver_open(&d, "offsets.topic.num.partitions=2\n");
    for (int a = 0; a < kafka_apis_count; a++) {
        const struct kafka_api *api = &kafka_apis[a];
        for (int version = api->min; version <= api->max; version++) {
            void *request = arena_alloc(&d.arena, api->request->root->size);
            kafka_struct_init(api->request->root, request);
            rich_request(api->key, request);
            driver_create(&d, "t", 1, NULL, NULL);
            damaged_requests_send(api->key, version, request);
            ask_metadata(2); /* the node lives */
            check(driver_answer(&d, 2));
        }
    }
    driver_restart(&d, ""); /* and ends well */
    driver_close(&d);
}

TEST(node_connection, bytes_behind_a_request_are_ignored)
{
    /* librdkafka 2.16: Metadata 12 for all topics with three bytes too many. */
    static const uint8_t frame[] = {0,   3,   0,   12,  0, 0, 0, 1, 0, 7, 'r', 'd', 'k',
                                    'a', 'f', 'k', 'a', 0, 0, 0, 0, 0, 1, 0,   0};
    driver_open(&d, "");
    driver_frame(&d, 1, slice_of(frame, sizeof frame));
    check(d.connections[1].open);
    check(d.connections[1].sent.n > 0);
    driver_close(&d);
}
