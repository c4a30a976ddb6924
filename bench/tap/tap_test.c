/* Conversations of one connection, made by lib/kafka's encoder, cut and damaged in every way that a capture knows. */
#include "bench/tap/tap.h"

#include "bench/tap/produce_test.h"
#include "bench/tap/source.h"
#include "bench/tap/summary.h"
#include "lib/kafka/error_code.h"

enum { EXCHANGES_MAX = 64 };

struct seen {
    struct tap tap;
    struct tap_exchange x[EXCHANGES_MAX];
    int count;
};

static void on_exchange(void *context, const struct tap_exchange *x)
{
    struct seen *s = context;
    check(s->count < EXCHANGES_MAX);
    s->x[s->count++] = *x;
}

static void start(struct seen *s)
{
    s->count = 0;
    tap_init(&s->tap, &(struct tap_sink){.exchange = on_exchange, .context = s});
}

static void finish(struct seen *s)
{
    check_int(s->tap.kept, 0);
    tap_release(&s->tap);
}

/* --- frames --- */

/* `n` Produce requests with i + 1 records each, and their answers. */
static void conversation(int n, struct buf *requests, struct buf *responses)
{
    for (int i = 0; i < n; i++) {
        produce_request_frame(i, 1, i + 1, requests);
        produce_response_frame(i, 0, responses);
    }
}

static void pieces(struct tap_connection *c, enum tap_stream stream, struct slice in, size_t piece, int64_t time_ns)
{
    for (size_t n; in.n > 0; in = slice_of(in.p + n, in.n - n)) {
        n = in.n < piece ? in.n : piece;
        tap_bytes(c, stream, time_ns, slice_of(in.p, n));
        time_ns++;
    }
}

/* --- the tests --- */

TEST(tap, latency_sizes_and_records_in_closed_form)
{
    struct seen s;
    struct buf q = {0}, a = {0}, batch = {0};
    start(&s);
    struct tap_connection *c = tap_connection_new(&s.tap, "c:1", "b:2", true);
    produce_request_frame(5, 1, 3, &q);
    produce_response_frame(5, KAFKA_NOT_LEADER_OR_FOLLOWER, &a);
    batch_of(3, &batch);
    pieces(c, TAP_REQUESTS, buf_slice(&q), 1, 1000);
    pieces(c, TAP_RESPONSES, buf_slice(&a), 1, 100000);
    check_int(s.count, 1);
    check_int(s.x[0].api_key, KAFKA_API_PRODUCE);
    check_int(s.x[0].api_version, 7);
    check_int(s.x[0].status, TAP_ANSWERED);
    check_int(s.x[0].request_first_ns, 1000);
    check_int(s.x[0].request_last_ns, 1000 + (int64_t)q.n - 1);
    check_int(s.x[0].response_first_ns, 100000);
    check_int(s.x[0].response_last_ns, 100000 + (int64_t)a.n - 1);
    check_int(s.x[0].request_bytes, q.n);
    check_int(s.x[0].response_bytes, a.n);
    check_int(s.x[0].records, 3);
    check_int(s.x[0].record_bytes, batch.n);
    check_int(s.x[0].error_count, 1);
    check_int(s.x[0].errors[0], KAFKA_NOT_LEADER_OR_FOLLOWER);
    check(s.x[0].request_decoded && s.x[0].response_decoded);
    tap_connection_free(c);
    finish(&s);
    buf_release(&q);
    buf_release(&a);
    buf_release(&batch);
}

TEST(tap, any_pieces_give_the_same)
{
    struct buf q = {0}, a = {0};
    conversation(6, &q, &a);
    for (size_t piece = 1; piece < 400; piece += 13) {
        struct seen s;
        start(&s);
        struct tap_connection *c = tap_connection_new(&s.tap, "c:1", "b:2", true);
        pieces(c, TAP_REQUESTS, buf_slice(&q), piece, 0);
        pieces(c, TAP_RESPONSES, buf_slice(&a), piece, 1000);
        check_int(s.count, 6);
        for (int i = 0; i < 6; i++) check_int(s.x[i].records, i + 1);
        tap_connection_free(c);
        finish(&s);
    }
    buf_release(&q);
    buf_release(&a);
}

TEST(tap, acks_0_asks_for_no_answer)
{
    struct seen s;
    struct buf q = {0}, a = {0};
    start(&s);
    struct tap_connection *c = tap_connection_new(&s.tap, "c:1", "b:2", true);
    produce_request_frame(1, 0, 1, &q);
    produce_request_frame(2, 1, 1, &q);
    produce_response_frame(2, 0, &a);
    pieces(c, TAP_REQUESTS, buf_slice(&q), 1000, 0);
    pieces(c, TAP_RESPONSES, buf_slice(&a), 1000, 0);
    tap_connection_free(c);
    check_int(s.count, 2);
    check_int(s.x[0].status, TAP_ONE_WAY);
    check_int(s.x[1].status, TAP_ANSWERED);
    finish(&s);
    buf_release(&q);
    buf_release(&a);
}

TEST(tap, what_is_not_described_is_matched_all_the_same)
{
    struct seen s;
    struct buf q = {0}, a = {0};
    start(&s);
    struct tap_connection *c = tap_connection_new(&s.tap, "c:1", "b:2", true);
    buf_append(&q, "\0\0\0\x0e\0\x11\0\1\0\0\0\x09\0\2me\1\2", 18); /* SaslHandshake 1 */
    buf_append(&a, "\0\0\0\6\0\0\0\x09\0\0", 10);
    pieces(c, TAP_REQUESTS, buf_slice(&q), 7, 0);
    pieces(c, TAP_RESPONSES, buf_slice(&a), 3, 0);
    check_int(s.count, 1);
    check_int(s.x[0].status, TAP_ANSWERED);
    check_int(s.x[0].api_key, 17);
    check(!s.x[0].request_decoded && !s.x[0].response_decoded);
    check_int(s.tap.counts.undecoded_api, 2);
    check_str(tap_api_name(17), "API 17");
    tap_connection_free(c);
    finish(&s);
    buf_release(&q);
    buf_release(&a);
}

TEST(tap, other_protocols_are_passed_over)
{
    struct seen s;
    start(&s);
    struct tap_connection *http = tap_connection_new(&s.tap, "c:1", "b:2", true);
    struct tap_connection *tls = tap_connection_new(&s.tap, "c:1", "b:2", true);
    pieces(http, TAP_REQUESTS, SLICE_LIT("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 5, 0);
    pieces(http, TAP_RESPONSES, SLICE_LIT("\0\0\0\5\0\0\0\1\0"), 5, 0);
    pieces(tls, TAP_REQUESTS, SLICE_LIT("\x16\3\1\2\0\1\0\1\xfc\3\3"), 20, 0);
    tap_connection_free(http);
    tap_connection_free(tls);
    check_int(s.count, 0);
    check_int(s.tap.counts.other_protocol, 1);
    check_int(s.tap.counts.encrypted, 1);
    finish(&s);
}

/* A gap anywhere in one stream: what does not touch it is there, and nothing is made up. */
static void check_gap(enum tap_stream stream, size_t from, size_t size)
{
    struct seen s;
    struct buf b[2] = {{0}, {0}};
    start(&s);
    conversation(8, &b[TAP_REQUESTS], &b[TAP_RESPONSES]);
    struct tap_connection *c = tap_connection_new(&s.tap, "c:1", "b:2", true);
    for (int i = 0; i < 2; i++) {
        size_t at = i == (int)stream ? from : b[i].n;
        if (at > b[i].n) at = b[i].n;
        size_t after = at + size < b[i].n ? at + size : b[i].n;
        pieces(c, (enum tap_stream)i, slice_of(b[i].p, at), 50, 0);
        if (after > at) tap_gap(c, (enum tap_stream)i, after - at);
        pieces(c, (enum tap_stream)i, slice_of(b[i].p + after, b[i].n - after), 50, 0);
    }
    tap_connection_free(c);
    int whole = 0;
    for (int i = 0; i < s.count; i++) {
        if (s.x[i].status != TAP_ANSWERED || !s.x[i].request_decoded) continue;
        check_int(s.x[i].records, s.x[i].correlation_id + 1);
        whole++;
    }
    /* A hole of 60 bytes touches two frames of requests (of 130 bytes and more) or three of responses at most. */
    check(whole >= 5);
    finish(&s);
    buf_release(&b[0]);
    buf_release(&b[1]);
}

TEST(tap, after_a_gap_in_the_requests)
{
    for (size_t from = 1; from < 700; from += 3) check_gap(TAP_REQUESTS, from, 60);
}

TEST(tap, after_a_gap_in_the_responses)
{
    for (size_t from = 1; from < 300; from++) check_gap(TAP_RESPONSES, from, 60);
}

/* --- through packets --- */

static void segment(struct tap_source *source, bool from_client, uint32_t sequence, struct slice payload,
                    int64_t time_ns)
{
    struct tcp_endpoint client = tcp_endpoint_v4(0x7f000001, 40000), broker = tcp_endpoint_v4(0x7f000001, 19092);
    struct tcp_segment g = {.time_ns = time_ns,
                            .from = from_client ? client : broker,
                            .to = from_client ? broker : client,
                            .sequence = sequence,
                            .payload = payload};
    tap_source_segment(source, &g);
}

static void check_midway(int port, int expected)
{
    struct seen s;
    struct tap_source source;
    struct buf q = {0}, a = {0};
    start(&s);
    conversation(4, &q, &a);
    tap_source_init(&source, &s.tap, port);
    /* the end of an answer to nothing that was seen, half a request, then whole ones */
    segment(&source, false, 500, SLICE_LIT("\0\0\0\0\1\2\3\4\5\6\7\7\7\7\7"), 1);
    segment(&source, true, 100, slice_of(q.p + 20, q.n - 20), 2);
    segment(&source, false, 515, buf_slice(&a), 3);
    produce_request_frame(77, 1, 5, &q);
    tap_source_finish(&source);
    int answered = 0;
    for (int i = 0; i < s.count; i++) answered += s.x[i].status == TAP_ANSWERED;
    check_int(answered, expected);
    if (expected) check_str(s.tap.counts.midway ? "midway" : "", "midway");
    finish(&s);
    buf_release(&q);
    buf_release(&a);
}

TEST(tap, from_the_middle_of_a_connection)
{
    check_midway(19092, 3);
    check_midway(9092, 0); /* another port: passed over */
}
