#include "lib/kafka/api.h"

#include "lib/kafka/error_code.h"
#include "lib/kafka/hex_test.h"
#include "lib/kafka/messages.h"

/* T13: from which version each API is flexible. */
TEST(api, t13_flexible_versions)
{
    static const int from[][2] = {
        {0, 9},  {1, 12}, {2, 6},  {3, 9},  {8, 8},  {9, 6},  {10, 3},           {11, 6}, {12, 4},
        {13, 4}, {14, 4}, {15, 5}, {16, 3}, {18, 3}, {19, 5}, {20, 4},           {21, 2}, {22, 2},
        {23, 4}, {32, 4}, {33, 2}, {37, 2}, {42, 2}, {44, 1}, {47, KAFKA_NEVER}, {60, 0}};
    check_int(sizeof(from) / sizeof(from[0]), kafka_apis_count);
    for (int i = 0; i < kafka_apis_count; i++) {
        check_int(kafka_apis[i].key, from[i][0]);
        if (from[i][1] > 0) check(!kafka_api_flexible(from[i][0], from[i][1] - 1));
        check(from[i][1] == KAFKA_NEVER || kafka_api_flexible(from[i][0], from[i][1]));
        check_int(kafka_apis[i].response->flexible_from, from[i][1]);
    }
    check(!kafka_api_flexible(77, 0));
}

/* T5, T6, T7: ranges that old clients compare with their own. */
TEST(api, t6_advertised_versions)
{
    static const int contains[][2] = {{0, 0},  {0, 3},  {0, 7},  {1, 4},  {1, 10}, {8, 2},  {9, 1}, {2, 1},
                                      {10, 0}, {11, 0}, {12, 0}, {13, 0}, {14, 0}, {22, 0}, {3, 0}};
    for (size_t i = 0; i < sizeof(contains) / sizeof(contains[0]); i++) {
        const struct kafka_api *api = kafka_api_find(contains[i][0]);
        check(api->min <= contains[i][1] && contains[i][1] <= api->max);
    }
    for (int i = 0; i < kafka_apis_count; i++) {
        check(kafka_apis[i].request->min <= kafka_apis[i].min && kafka_apis[i].max <= kafka_apis[i].request->max);
        check(kafka_apis[i].response->min <= kafka_apis[i].min && kafka_apis[i].max <= kafka_apis[i].response->max);
    }
    check_int(kafka_api_find(KAFKA_API_PRODUCE)->served_from, 3);
}

TEST(api, request_headers)
{
    struct arena a = {0};
    struct kafka_request_header h;
    struct slice body;
    /* v1, then v2 with a tag that nobody knows: client_id keeps its classic length. */
    check_int(kafka_request_header_decode(hex(&a, "0003 0001 00000007 0003 'abc' ffffffff"), &h, &body), 0);
    check_int(h.api_key, 3);
    check_int(h.correlation_id, 7);
    check(kafka_string_equal_str(h.client_id, "abc"));
    check_int(body.n, 4);
    check_int(kafka_request_header_decode(hex(&a, "0003 0009 00000007 ffff 01 05 02 eeee 00"), &h, &body), 0);
    check_int(h.client_id.n, -1);
    check_int(body.n, 1);
    /* An API that we do not speak can still be answered. */
    check_int(kafka_request_header_decode(hex(&a, "03e7 0063 00000008 ffff 0102"), &h, &body), 0);
    check_int(h.correlation_id, 8);
    check_int(body.n, 2);
    arena_release(&a);
}

/* T1: ApiVersions from the future; its header is read, its body is not. */
TEST(api, t1_api_versions_of_a_later_version)
{
    struct arena a = {0};
    struct kafka_request_header h;
    struct slice body;
    check_int(kafka_request_header_decode(hex(&a, "0012 0063 00000001 0001 'c' 00 'whatever it is'"), &h, &body), 0);
    check_int(h.api_version, 99);
    check_int(body.n, 14);
    struct api_versions_request r;
    check_int(kafka_decode(&api_versions_request_message, h.api_version, body, &a, &r), ERR_UNSUPPORTED);
    arena_release(&a);
}

TEST(api, a_cut_header_is_an_error_at_every_byte)
{
    struct arena a = {0};
    struct kafka_request_header h;
    struct slice whole = hex(&a, "0003 0009 00000007 0003 'abc' 01 05 02 eeee"), body;
    for (size_t n = 0; n < whole.n; n++) {
        uint8_t *tight = tight_copy(slice_of(whole.p, n));
        check_int(kafka_request_header_decode(slice_of(tight, n), &h, &body), ERR_CORRUPT);
        free(tight);
    }
    check_int(kafka_request_header_decode(whole, &h, &body), 0);
    check_int(kafka_request_header_decode(hex(&a, "0003 0001 00000007 fffe"), &h, &body), ERR_CORRUPT);
    arena_release(&a);
}

TEST(api, response_headers)
{
    struct arena a = {0};
    struct buf out = {0};
    kafka_response_header_encode(KAFKA_API_METADATA, 8, 7, &out);
    kafka_response_header_encode(KAFKA_API_METADATA, 9, 8, &out);
    kafka_response_header_encode(KAFKA_API_API_VERSIONS, 3, 9, &out); /* version 0 always */
    check_hex(&a, buf_slice(&out), "00000007 00000008 00 00000009");
    int32_t correlation;
    struct slice body;
    check_int(
        kafka_response_header_decode(KAFKA_API_METADATA, 9, hex(&a, "00000008 01 00 01 ff 77"), &correlation, &body),
        0);
    check_int(correlation, 8);
    check_int(body.n, 1);
    check_int(kafka_response_header_decode(KAFKA_API_API_VERSIONS, 3, hex(&a, "00000009 77"), &correlation, &body), 0);
    check_int(body.n, 1);
    buf_release(&out);
    arena_release(&a);
}

TEST(api, frames)
{
    struct arena a = {0};
    struct buf out = {0};
    struct heartbeat_response *r = KAFKA_NEW(&a, heartbeat_response, 1);
    r->error_code = KAFKA_REBALANCE_IN_PROGRESS;
    check_int(kafka_response_frame(KAFKA_API_HEARTBEAT, 4, 5, r, &out), 0);
    check_hex(&a, buf_slice(&out), "0000000c 00000005 00 00000000 001b 00");
    buf_reset(&out);
    struct kafka_request_header h = {KAFKA_API_HEARTBEAT, 0, 5, KAFKA_STRING_LIT("me")};
    struct heartbeat_request *q = KAFKA_NEW(&a, heartbeat_request, 1);
    q->group_id = KAFKA_STRING_LIT("g");
    check_int(kafka_request_frame(&h, q, &out), 0);
    check_hex(&a, buf_slice(&out), "00000015 000c 0000 00000005 0002 'me' 0001 'g' 00000000 0000");
    q->group_id = KAFKA_STRING_NULL;
    size_t before = out.n;
    check_int(kafka_request_frame(&h, q, &out), ERR_INVALID);
    check_int(out.n, before);
    buf_release(&out);
    arena_release(&a);
}

TEST(error_code, numbers_and_names)
{
    check_int(KAFKA_NONE, 0);
    check_int(KAFKA_UNKNOWN_SERVER_ERROR, -1);
    check_int(KAFKA_OFFSET_OUT_OF_RANGE, 1);
    check_int(KAFKA_MEMBER_ID_REQUIRED, 79);
    check_int(KAFKA_UNKNOWN_TOPIC_ID, 100);
    check_str(kafka_error_name(87), "INVALID_RECORD");
    check_str(kafka_error_name(99), "?");
}
