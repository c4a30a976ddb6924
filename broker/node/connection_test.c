/* Frames, versions and the order of answers; ApiVersions. */
#include "broker/node/driver_test.h"
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

TEST(node_connection, garbage_at_every_byte_of_every_request_answers_or_closes)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    struct metadata_request_metadata_request_topic topic = {.name = KAFKA_STRING_LIT("t")};
    struct metadata_request r = {.topics = &topic, .topics_count = 1};
    struct kafka_request_header h = {
        .api_key = KAFKA_API_METADATA, .api_version = 12, .client_id = KAFKA_STRING_LIT("x")};
    struct buf frame = {0};
    check_int(kafka_request_frame(&h, &r, &frame), 0);
    for (size_t i = 4; i < frame.n; i++) {
        for (int bit = 0; bit < 8; bit++) {
            frame.p[i] ^= (uint8_t)(1 << bit);
            size_t before = d.connections[1].sent.n;
            driver_frame(&d, 1, slice_of(frame.p + 4, frame.n - 4));
            if (d.connections[1].open && d.connections[1].sent.n == before) driver_wait(&d, 60000);
            check(!d.connections[1].open || d.connections[1].sent.n > before);
            frame.p[i] ^= (uint8_t)(1 << bit);
        }
    }
    buf_release(&frame);
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
