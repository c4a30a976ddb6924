#include "lib/pcap/packet.h"

#include "tests/unit.h"

static struct tcp_segment sample(bool v6)
{
    struct tcp_segment s = {.sequence = 0xfffffff0, .acknowledged = 7, .flags = TCP_ACK};
    s.from = tcp_endpoint_v4(0x7f000001, 41000);
    s.to = tcp_endpoint_v4(0x7f000002, 9092);
    if (v6) {
        s.from.address[0] = 0x20;
        s.to.address[15] = 9;
    }
    s.payload = SLICE_LIT("hello");
    return s;
}

static void check_same(const struct tcp_segment *a, const struct tcp_segment *b)
{
    check_int(tcp_endpoint_compare(&a->from, &b->from), 0);
    check_int(tcp_endpoint_compare(&a->to, &b->to), 0);
    check_int(a->sequence, b->sequence);
    check_int(a->acknowledged, b->acknowledged);
    check_int(a->flags, b->flags);
    check(slice_equal(a->payload, b->payload));
    check_int(a->missing, b->missing);
}

/* A link header of `header` in front of a raw packet, and `tail` bytes of padding behind it. */
static void check_behind(int link, struct slice header, bool v6, size_t tail)
{
    struct tcp_segment s = sample(v6), out;
    struct buf packet = {0};
    buf_append_slice(&packet, header);
    packet_build(&s, &packet);
    for (size_t i = 0; i < tail; i++) buf_append_byte(&packet, 0);
    check(packet_link_known(link));
    check_int(packet_decode(link, buf_slice(&packet), &out), PACKET_TCP);
    check_same(&out, &s);
    for (size_t n = 0; n < packet.n - tail - s.payload.n; n++)
        check_int(packet_decode(link, slice_of(packet.p, n), &out) != PACKET_TCP, 1);
    buf_release(&packet);
}

TEST(packet, link_layers)
{
    check_behind(PACKET_LINK_RAW, SLICE_LIT(""), false, 0);
    check_behind(PACKET_LINK_RAW_FILE, SLICE_LIT(""), true, 0);
    check_behind(PACKET_LINK_ETHERNET, SLICE_LIT("\1\2\3\4\5\6\1\2\3\4\5\6\x08\x00"), false, 9);
    check_behind(PACKET_LINK_ETHERNET, SLICE_LIT("\1\2\3\4\5\6\1\2\3\4\5\6\x86\xdd"), true, 0);
    check_behind(PACKET_LINK_ETHERNET, SLICE_LIT("\1\2\3\4\5\6\1\2\3\4\5\6\x88\xa8\0\5\x81\0\0\7\x08\0"), false, 0);
    check_behind(PACKET_LINK_NULL, SLICE_LIT("\2\0\0\0"), false, 0);
    check_behind(PACKET_LINK_LOOP, SLICE_LIT("\0\0\0\x1e"), true, 0);
    check_behind(PACKET_LINK_COOKED, SLICE_LIT("\0\0\3\4\0\6\0\0\0\0\0\0\0\0\x08\0"), false, 0);
    check_behind(PACKET_LINK_COOKED2, SLICE_LIT("\x86\xdd\0\0\0\0\0\1\3\4\0\6\0\0\0\0\0\0\0\0"), true, 0);
}

TEST(packet, snap_length)
{
    struct tcp_segment s = sample(false), out;
    struct buf packet = {0};
    packet_build(&s, &packet);
    check_int(packet_decode(PACKET_LINK_RAW, slice_of(packet.p, packet.n - 2), &out), PACKET_TCP);
    check(slice_equal(out.payload, SLICE_LIT("hel")));
    check_int(out.missing, 2);
    buf_release(&packet);
}

TEST(packet, other_protocols_and_fragments)
{
    struct tcp_segment s = sample(false), out;
    struct buf packet = {0};
    packet_build(&s, &packet);
    packet.p[6] = 0x20; /* more fragments */
    check_int(packet_decode(PACKET_LINK_RAW, buf_slice(&packet), &out), PACKET_FRAGMENT);
    packet.p[6] = 0;
    packet.p[9] = 17; /* UDP */
    check_int(packet_decode(PACKET_LINK_RAW, buf_slice(&packet), &out), PACKET_OTHER);
    packet.p[0] = 0x44; /* a header of 16 bytes */
    check_int(packet_decode(PACKET_LINK_RAW, buf_slice(&packet), &out), PACKET_DAMAGED);
    check(!packet_link_known(105));
    buf_release(&packet);
}

/* A hop-by-hop header and an atomic fragment in front of TCP. */
TEST(packet, ipv6_extensions)
{
    struct tcp_segment s = sample(true), out;
    struct buf plain = {0}, packet = {0};
    packet_build(&s, &plain);
    buf_append(&packet, plain.p, 40);
    buf_append(&packet, "\x2c\0\1\4\0\0\0\0\6\0\0\0\0\0\0\1", 16);
    buf_append(&packet, plain.p + 40, plain.n - 40);
    packet.p[6] = 0;
    put_u16be(packet.p + 4, (uint16_t)(packet.n - 40));
    check_int(packet_decode(PACKET_LINK_RAW, buf_slice(&packet), &out), PACKET_TCP);
    check_same(&out, &s);
    packet.p[40 + 8 + 3] = 1; /* more fragments */
    check_int(packet_decode(PACKET_LINK_RAW, buf_slice(&packet), &out), PACKET_FRAGMENT);
    buf_release(&plain);
    buf_release(&packet);
}

TEST(packet, endpoints_as_text)
{
    char text[TCP_ENDPOINT_TEXT];
    struct tcp_endpoint e = tcp_endpoint_v4(0x0a000102, 9092);
    tcp_endpoint_format(&e, text);
    check_str(text, "10.0.1.2:9092");
    e = (struct tcp_endpoint){.address = {[15] = 1}, .port = 80};
    tcp_endpoint_format(&e, text);
    check_str(text, "[::1]:80");
}
