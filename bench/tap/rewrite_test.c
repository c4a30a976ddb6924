/* Answers on their way through the proxy, in any pieces: addresses change, all else stays to the byte. */
#include "bench/tap/rewrite.h"

#include "lib/kafka/api.h"
#include "lib/kafka/messages.h"
#include "tests/unit.h"

static void no_exchange(void *context, const struct tap_exchange *x)
{
    (void)context, (void)x;
}

/* Broker N is at 127.0.0.9:20000+N; one that is called "elsewhere" stays. */
static bool place(void *context, struct slice host, int32_t port, char to[REWRITE_HOST_MAX], int32_t *to_port)
{
    (void)context;
    snprintf(to, REWRITE_HOST_MAX, "127.0.0.9");
    *to_port = port + 10000;
    return !slice_equal(host, SLICE_LIT("elsewhere"));
}

struct wire {
    struct tap tap;
    struct tap_connection *connection;
    struct rewriter rewriter;
    struct buf in, out; /* answers as the broker sends them, as the client gets them */
};

static void start(struct wire *w)
{
    *w = (struct wire){0};
    tap_init(&w->tap, &(struct tap_sink){.exchange = no_exchange});
    w->connection = tap_connection_new(&w->tap, "c:1", "b:2", true);
    rewriter_init(&w->rewriter, w->connection);
    w->rewriter.place = place;
}

static void finish(struct wire *w)
{
    rewriter_release(&w->rewriter);
    tap_connection_free(w->connection);
    tap_release(&w->tap);
    buf_release(&w->in);
    buf_release(&w->out);
}

/* The client asked for this: the tap knows. */
static void asked(struct wire *w, int key, int version, int32_t id)
{
    struct arena a = {0};
    struct buf frame = {0};
    const struct message *m = kafka_api_find(key)->request;
    struct kafka_request_header h = {(int16_t)key, (int16_t)version, id, KAFKA_STRING_LIT("c")};
    check_int(kafka_request_frame(&h, kafka_struct_array(m->root, &a, 1), &frame), 0);
    tap_bytes(w->connection, TAP_REQUESTS, 0, buf_slice(&frame));
    buf_release(&frame);
    arena_release(&a);
}

static void pass(struct wire *w, size_t piece)
{
    buf_reset(&w->out);
    for (size_t at = 0; at < w->in.n; at += piece)
        rewriter_bytes(&w->rewriter, slice_of(w->in.p + at, w->in.n - at < piece ? w->in.n - at : piece), &w->out);
    rewriter_end(&w->rewriter, &w->out);
}

static void metadata_frame(int32_t id, const char *host_a, int port_a, const char *host_b, int port_b, struct buf *out)
{
    struct metadata_response m;
    struct metadata_response_metadata_response_broker brokers[2];
    kafka_struct_init(&metadata_response_struct, &m);
    for (int i = 0; i < 2; i++) {
        kafka_struct_init(&metadata_response_metadata_response_broker_struct, &brokers[i]);
        brokers[i].node_id = i;
        brokers[i].host = kafka_string_of(i ? host_b : host_a);
        brokers[i].port = i ? port_b : port_a;
    }
    m.brokers = brokers;
    m.brokers_count = 2;
    m.cluster_id = KAFKA_STRING_LIT("cluster");
    check_int(kafka_response_frame(KAFKA_API_METADATA, 9, id, &m, out), 0);
}

static void heartbeat_frame(int32_t id, struct buf *out)
{
    struct heartbeat_response m;
    kafka_struct_init(&heartbeat_response_struct, &m);
    check_int(kafka_response_frame(KAFKA_API_HEARTBEAT, 4, id, &m, out), 0);
}

TEST(rewrite, each_broker_gets_its_place_in_any_pieces)
{
    for (size_t piece = 1; piece < 120; piece += 7) {
        struct wire w;
        struct buf expected = {0};
        start(&w);
        asked(&w, KAFKA_API_HEARTBEAT, 4, 1);
        asked(&w, KAFKA_API_METADATA, 9, 2);
        asked(&w, KAFKA_API_HEARTBEAT, 4, 3);
        heartbeat_frame(1, &w.in);
        metadata_frame(2, "a-very-long-name.example", 9092, "elsewhere", 9093, &w.in);
        heartbeat_frame(3, &w.in);
        heartbeat_frame(1, &expected);
        metadata_frame(2, "127.0.0.9", 19092, "elsewhere", 9093, &expected);
        heartbeat_frame(3, &expected);
        pass(&w, piece);
        check(slice_equal(buf_slice(&w.out), buf_slice(&expected)));
        check_int(w.rewriter.not_rewritten, 0);
        buf_release(&expected);
        finish(&w);
    }
}

TEST(rewrite, what_does_not_fit_its_description_passes_and_is_counted)
{
    struct wire w;
    start(&w);
    asked(&w, KAFKA_API_METADATA, 9, 2);
    buf_append(&w.in, "\0\0\0\7\0\0\0\2\0\xff\xff", 11);
    pass(&w, 3);
    check(slice_equal(buf_slice(&w.out), buf_slice(&w.in)));
    check_int(w.rewriter.not_rewritten, 1);
    finish(&w);
}

TEST(rewrite, no_kafka_passes_as_it_is)
{
    for (size_t piece = 1; piece < 30; piece++) {
        struct wire w;
        start(&w);
        buf_append_str(&w.in, "HTTP/1.1 200 OK\r\n\r\nhello\0\0\0\1");
        pass(&w, piece);
        check(slice_equal(buf_slice(&w.out), buf_slice(&w.in)));
        finish(&w);
    }
}

/* What is cut off by the end of the connection is not lost, whether it was held or not. */
TEST(rewrite, a_frame_that_ends_too_early)
{
    for (size_t n = 1; n < 40; n++) {
        struct wire w;
        start(&w);
        asked(&w, KAFKA_API_METADATA, 9, 2);
        metadata_frame(2, "host", 9092, "host", 9093, &w.in);
        w.in.n = n;
        pass(&w, 5);
        check(slice_equal(buf_slice(&w.out), buf_slice(&w.in)));
        finish(&w);
    }
}

static void versions_frame(int fetch_max, int metadata_max, int produce_max, struct buf *out)
{
    struct api_versions_response m;
    struct api_versions_response_api_version keys[] = {{KAFKA_API_FETCH, 4, (int16_t)fetch_max},
                                                       {KAFKA_API_METADATA, 0, (int16_t)metadata_max},
                                                       {KAFKA_API_PRODUCE, 3, (int16_t)produce_max}};
    kafka_struct_init(&api_versions_response_struct, &m);
    m.api_keys = keys;
    m.api_keys_count = 3;
    check_int(kafka_response_frame(KAFKA_API_API_VERSIONS, 3, 7, &m, out), 0);
}

TEST(rewrite, versions_that_would_name_brokers_unseen_are_not_offered)
{
    struct wire w;
    struct buf expected = {0};
    start(&w);
    asked(&w, KAFKA_API_API_VERSIONS, 3, 7);
    versions_frame(18, 13, 13, &w.in);
    versions_frame(15, kafka_api_find(KAFKA_API_METADATA)->max, kafka_api_find(KAFKA_API_PRODUCE)->max, &expected);
    pass(&w, 1000);
    check(slice_equal(buf_slice(&w.out), buf_slice(&expected)));
    buf_release(&expected);
    finish(&w);
}
