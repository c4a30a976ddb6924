/* What each direction received, against the bytes that were sent: byte i of a stream is i * 7 + direction. */
#include "lib/pcap/reassembly.h"

#include "lib/base/random.h"
#include "tests/unit.h"

enum { STREAM = 4000, SECOND_NS = 1000000000 };

struct seen {
    struct buf bytes[2];
    uint64_t gap[2];
    int opened, closed, ended, opener;
};

static uint8_t byte_at(int direction, size_t i)
{
    return (uint8_t)(i * 7 + (size_t)direction);
}

static void on_open(void *context, struct tcp_flow *f)
{
    struct seen *s = context;
    s->opened++;
    s->opener = f->opener;
}

static void on_bytes(void *context, struct tcp_flow *f, int direction, int64_t time_ns, struct slice bytes)
{
    struct seen *s = context;
    (void)f, (void)time_ns;
    check(bytes.n > 0);
    buf_append_slice(&s->bytes[direction], bytes);
}

/* A gap is seen as so many bytes 0xee. */
static void on_gap(void *context, struct tcp_flow *f, int direction, uint64_t size)
{
    struct seen *s = context;
    (void)f;
    check(size > 0);
    s->gap[direction] += size;
    for (uint64_t i = 0; i < size; i++) buf_append_byte(&s->bytes[direction], 0xee);
}

static void on_end(void *context, struct tcp_flow *f, int direction)
{
    (void)f, (void)direction;
    ((struct seen *)context)->ended++;
}

static void on_closed(void *context, struct tcp_flow *f)
{
    (void)f;
    ((struct seen *)context)->closed++;
}

static void start(struct reassembly *r, struct seen *s)
{
    *s = (struct seen){.opener = 9};
    const struct reassembly_sink sink = {on_open, on_bytes, on_gap, on_end, on_closed, s};
    reassembly_init(r, &sink);
}

static void finish(struct reassembly *r, struct seen *s)
{
    reassembly_finish(r);
    check_int(s->opened, s->closed);
    check_int(r->waiting, 0);
    buf_release(&s->bytes[0]);
    buf_release(&s->bytes[1]);
}

/* The stream's bytes from..to of the lower endpoint (direction 0) or of the higher one, whose ISN is `isn`. */
static void send_at(struct reassembly *r, int direction, uint32_t isn, size_t from, size_t to, uint8_t flags,
                    int64_t time_ns)
{
    uint8_t bytes[STREAM];
    struct tcp_endpoint low = tcp_endpoint_v4(0x7f000001, 1000), high = tcp_endpoint_v4(0x7f000001, 9092);
    for (size_t i = from; i < to; i++) bytes[i - from] = byte_at(direction, i);
    struct tcp_segment s = {.time_ns = time_ns,
                            .from = direction ? high : low,
                            .to = direction ? low : high,
                            .sequence = isn + (flags & TCP_SYN ? 0 : 1) + (uint32_t)from,
                            .flags = flags,
                            .payload = slice_of(bytes, to - from)};
    reassembly_segment(r, &s);
}

static void send(struct reassembly *r, uint32_t isn, size_t from, size_t to)
{
    send_at(r, 0, isn, from, to, 0, 0);
}

static void ack_at(struct reassembly *r, uint32_t isn, size_t acked, int64_t time_ns)
{
    struct tcp_segment s = {.time_ns = time_ns,
                            .from = tcp_endpoint_v4(0x7f000001, 9092),
                            .to = tcp_endpoint_v4(0x7f000001, 1000),
                            .acknowledged = isn + 1 + (uint32_t)acked,
                            .flags = TCP_ACK};
    reassembly_segment(r, &s);
}

static void check_bytes(const struct seen *s, int direction, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) check_int(s->bytes[direction].p[i], byte_at(direction, i));
}

TEST(reassembly, in_order_both_ways_with_an_end)
{
    struct reassembly r;
    struct seen s;
    start(&r, &s);
    send_at(&r, 0, 100, 0, 0, TCP_SYN, 0);
    send_at(&r, 1, 900, 0, 0, TCP_SYN | TCP_ACK, 0);
    send(&r, 100, 0, 300);
    send_at(&r, 1, 900, 0, 50, 0, 0);
    send_at(&r, 0, 100, 300, 400, TCP_FIN, 0);
    check_int(s.closed, 0);
    send_at(&r, 1, 900, 50, 80, TCP_FIN, 0);
    check_int(s.closed, 1);
    check_int(s.opener, 0);
    check_int(s.ended, 2);
    check_int(s.bytes[0].n, 400);
    check_int(s.bytes[1].n, 80);
    check_bytes(&s, 0, 0, 400);
    check_bytes(&s, 1, 0, 80);
    finish(&r, &s);
}

TEST(reassembly, the_server_spoke_first_in_the_capture)
{
    struct reassembly r;
    struct seen s;
    start(&r, &s);
    send_at(&r, 1, 900, 0, 0, TCP_SYN | TCP_ACK, 0);
    check_int(s.opener, 0); /* who answers a SYN did not send it */
    finish(&r, &s);
}

/* Every cut of the stream in random order, overlapping, repeated, across the wrap of sequence numbers. */
TEST(reassembly, any_order_and_overlap_across_the_wrap)
{
    struct random random;
    random_seed(&random, 7);
    for (int round = 0; round < 200; round++) {
        struct reassembly r;
        struct seen s;
        uint32_t isn = UINT32_MAX - (uint32_t)random_below(&random, STREAM);
        start(&r, &s);
        send_at(&r, 0, isn, 0, 0, TCP_SYN, 0);
        for (int i = 0; i < 60; i++) {
            size_t from = random_below(&random, STREAM), to = from + random_below(&random, STREAM - from) / 4;
            send(&r, isn, from, to);
        }
        for (size_t at = STREAM; at > 0; at -= 100) send(&r, isn, at - 100, at);
        check_int(s.bytes[0].n, STREAM);
        check_bytes(&s, 0, 0, STREAM);
        check_int(r.waiting, 0);
        check_int(r.counts.gaps, 0);
        finish(&r, &s);
    }
}

TEST(reassembly, the_first_copy_counts)
{
    struct reassembly r;
    struct seen s;
    start(&r, &s);
    send(&r, 0, 0, 10);
    struct tcp_segment lie = {.from = tcp_endpoint_v4(0x7f000001, 1000),
                              .to = tcp_endpoint_v4(0x7f000001, 9092),
                              .sequence = 1,
                              .payload = SLICE_LIT("xxxxxxxxxxxxxxx")};
    send(&r, 0, 12, 20);
    reassembly_segment(&r, &lie); /* 0..15, of which 10 and 11 are new */
    check_int(s.bytes[0].n, 20);
    check_bytes(&s, 0, 0, 10);
    check_bytes(&s, 0, 12, 20);
    check_int(s.bytes[0].p[10], 'x');
    check_int(r.counts.repeated_bytes, 10 + 3);
    finish(&r, &s);
}

TEST(reassembly, a_hole_that_was_acknowledged_is_a_gap)
{
    struct reassembly r;
    struct seen s;
    start(&r, &s);
    send(&r, 0, 0, 100);
    send_at(&r, 0, 0, 150, 200, 0, SECOND_NS);
    ack_at(&r, 0, 200, SECOND_NS + REASSEMBLY_PATIENCE_NS - 1);
    check_int(s.bytes[0].n, 100); /* it may still come */
    ack_at(&r, 0, 200, SECOND_NS + REASSEMBLY_PATIENCE_NS);
    check_int(s.gap[0], 50);
    check_int(s.bytes[0].n, 200);
    check_bytes(&s, 0, 150, 200);
    send(&r, 0, 100, 150); /* too late */
    check_int(s.bytes[0].n, 200);
    finish(&r, &s);
}

TEST(reassembly, a_hole_that_was_not_acknowledged_waits_until_the_end)
{
    struct reassembly r;
    struct seen s;
    start(&r, &s);
    send(&r, 0, 0, 100);
    send(&r, 0, 150, 200);
    ack_at(&r, 0, 100, 10 * (int64_t)SECOND_NS);
    check_int(s.bytes[0].n, 100);
    reassembly_finish(&r);
    check_int(s.bytes[0].n, 200);
    check_int(s.gap[0], 50);
    finish(&r, &s);
}

TEST(reassembly, seen_from_the_middle)
{
    struct reassembly r;
    struct seen s;
    start(&r, &s);
    ack_at(&r, 5, 70, 0); /* begins nothing */
    check_int(s.opened, 0);
    send(&r, 5, 70, 90);
    check_int(s.opener, -1);
    check_int(r.counts.midway, 1);
    check_int(s.bytes[0].p[0], byte_at(0, 70));
    finish(&r, &s);
}

TEST(reassembly, addresses_used_again)
{
    struct reassembly r;
    struct seen s;
    start(&r, &s);
    send_at(&r, 0, 100, 0, 0, TCP_SYN, 0);
    send_at(&r, 0, 100, 0, 0, TCP_SYN, 0); /* the same SYN once more */
    send(&r, 100, 0, 10);
    check_int(s.opened, 1);
    send_at(&r, 0, 70000, 0, 0, TCP_SYN, 0);
    check_int(s.opened, 2);
    check_int(s.closed, 1);
    send(&r, 70000, 0, 10);
    check_int(s.bytes[0].n, 20);
    send_at(&r, 0, 70000, 10, 10, TCP_RST, 0);
    check_int(s.closed, 2);
    finish(&r, &s);
}

TEST(reassembly, what_waits_is_bounded)
{
    struct reassembly r;
    struct seen s;
    start(&r, &s);
    send(&r, 0, 0, 1);
    for (size_t i = 0; i < REASSEMBLY_PIECES_MAX + 1; i++) {
        struct tcp_segment piece = {.from = tcp_endpoint_v4(0x7f000001, 1000),
                                    .to = tcp_endpoint_v4(0x7f000001, 9092),
                                    .sequence = (uint32_t)(10 + 2 * i),
                                    .payload = SLICE_LIT("p")};
        reassembly_segment(&r, &piece);
    }
    check(s.gap[0] > 0);
    check(r.waiting <= REASSEMBLY_WAITING_MAX);
    finish(&r, &s);
}
