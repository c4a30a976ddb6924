#include "lib/pcap/packet.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { ETHER_IPV4 = 0x0800, ETHER_IPV6 = 0x86dd, ETHER_VLAN = 0x8100, ETHER_VLAN_OUTER = 0x88a8 };
enum { PROTOCOL_TCP = 6 };
enum { IPV4_HEADER = 20, IPV6_HEADER = 40, TCP_HEADER = 20 };

static const uint8_t V4_PREFIX[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool address_is_v4(const uint8_t *address)
{
    return memcmp(address, V4_PREFIX, sizeof V4_PREFIX) == 0;
}

struct tcp_endpoint tcp_endpoint_v4(uint32_t address, uint16_t port)
{
    struct tcp_endpoint e = {.port = port};
    memcpy(e.address, V4_PREFIX, sizeof V4_PREFIX);
    put_u32be(e.address + 12, address);
    return e;
}

void tcp_endpoint_format(const struct tcp_endpoint *e, char out[TCP_ENDPOINT_TEXT])
{
    char text[INET6_ADDRSTRLEN] = "?";
    bool v4 = address_is_v4(e->address);
    inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? e->address + 12 : e->address, text, sizeof text);
    snprintf(out, TCP_ENDPOINT_TEXT, v4 ? "%s:%u" : "[%s]:%u", text, e->port);
}

int tcp_endpoint_compare(const struct tcp_endpoint *a, const struct tcp_endpoint *b)
{
    int order = memcmp(a->address, b->address, sizeof a->address);
    return order ? order : (int)a->port - (int)b->port;
}

/* What is behind the first `n` bytes, nothing when there are fewer. */
static struct slice behind(struct slice s, size_t n)
{
    return n <= s.n ? slice_of(s.p + n, s.n - n) : slice_of(NULL, 0);
}

/* `rest` is what was captured from here on, `sent` what was sent: the IP header says. */
static enum packet_kind tcp_decode(struct slice rest, size_t sent, struct tcp_segment *out)
{
    if (rest.n < TCP_HEADER) return PACKET_DAMAGED;
    size_t header = (size_t)(rest.p[12] >> 4) * 4;
    if (header < TCP_HEADER || header > sent) return PACKET_DAMAGED;
    out->from.port = get_u16be(rest.p);
    out->to.port = get_u16be(rest.p + 2);
    out->sequence = get_u32be(rest.p + 4);
    out->acknowledged = get_u32be(rest.p + 8);
    out->flags = rest.p[13];
    size_t size = sent - header, captured = rest.n > header ? rest.n - header : 0;
    if (captured > size) captured = size; /* Ethernet pads small frames */
    out->payload = captured ? slice_of(rest.p + header, captured) : slice_of(NULL, 0);
    out->missing = (uint32_t)(size - captured);
    return PACKET_TCP;
}

static void v4_address(const uint8_t *p, uint8_t *out)
{
    memcpy(out, V4_PREFIX, sizeof V4_PREFIX);
    memcpy(out + 12, p, 4);
}

/* A length of 0 is that of a packet which the network card cuts into real ones: it reaches to the end of what was
 * captured. */
static enum packet_kind ipv4_decode(struct slice in, struct tcp_segment *out)
{
    if (in.n < IPV4_HEADER) return PACKET_DAMAGED;
    size_t header = (size_t)(in.p[0] & 0xf) * 4, total = get_u16be(in.p + 2);
    if (total == 0) total = in.n;
    if (header < IPV4_HEADER || header > total) return PACKET_DAMAGED;
    if (in.p[9] != PROTOCOL_TCP) return PACKET_OTHER;
    if (get_u16be(in.p + 6) & 0x3fff) return PACKET_FRAGMENT; /* more fragments, or an offset */
    v4_address(in.p + 12, out->from.address);
    v4_address(in.p + 16, out->to.address);
    return tcp_decode(behind(in, header), total - header, out);
}

enum { V6_HOP_BY_HOP = 0, V6_ROUTING = 43, V6_FRAGMENT = 44, V6_AUTHENTICATION = 51, V6_DESTINATION = 60 };

/* The bytes of the extension header at `in`; 0 when `next` is none. */
static size_t v6_extension_size(int next, struct slice in)
{
    if (next == V6_FRAGMENT) return 8;
    if (in.n < 2) return 0;
    if (next == V6_AUTHENTICATION) return ((size_t)in.p[1] + 2) * 4;
    bool known = next == V6_HOP_BY_HOP || next == V6_ROUTING || next == V6_DESTINATION;
    return known ? ((size_t)in.p[1] + 1) * 8 : 0;
}

static enum packet_kind ipv6_decode(struct slice in, struct tcp_segment *out)
{
    if (in.n < IPV6_HEADER) return PACKET_DAMAGED;
    size_t sent = get_u16be(in.p + 4), size;
    if (sent == 0) sent = in.n - IPV6_HEADER;
    int next = in.p[6];
    memcpy(out->from.address, in.p + 8, 16);
    memcpy(out->to.address, in.p + 24, 16);
    struct slice rest = behind(in, IPV6_HEADER);
    while (next != PROTOCOL_TCP && (size = v6_extension_size(next, rest)) > 0) {
        if (size > sent || size > rest.n) return PACKET_DAMAGED;
        if (next == V6_FRAGMENT && get_u16be(rest.p + 2) & 0xfff9) return PACKET_FRAGMENT;
        next = rest.p[0];
        rest = behind(rest, size);
        sent -= size;
    }
    return next == PROTOCOL_TCP ? tcp_decode(rest, sent, out) : PACKET_OTHER;
}

static enum packet_kind ip_decode(struct slice in, struct tcp_segment *out)
{
    if (in.n == 0) return PACKET_DAMAGED;
    int version = in.p[0] >> 4;
    if (version == 4) return ipv4_decode(in, out);
    return version == 6 ? ipv6_decode(in, out) : PACKET_OTHER;
}

static enum packet_kind ether_type_decode(int type, struct slice in, struct tcp_segment *out)
{
    while (type == ETHER_VLAN || type == ETHER_VLAN_OUTER) {
        if (in.n < 4) return PACKET_DAMAGED;
        type = get_u16be(in.p + 2);
        in = behind(in, 4);
    }
    return type == ETHER_IPV4 || type == ETHER_IPV6 ? ip_decode(in, out) : PACKET_OTHER;
}

/* A header of `size` bytes with the packet's type at `at`. */
static enum packet_kind typed_decode(struct slice in, size_t at, size_t size, struct tcp_segment *out)
{
    if (in.n < size) return PACKET_DAMAGED;
    return ether_type_decode(get_u16be(in.p + at), behind(in, size), out);
}

bool packet_link_known(int link)
{
    switch (link) {
    case PACKET_LINK_NULL:
    case PACKET_LINK_ETHERNET:
    case PACKET_LINK_RAW:
    case PACKET_LINK_RAW_FILE:
    case PACKET_LINK_LOOP:
    case PACKET_LINK_COOKED:
    case PACKET_LINK_IPV4:
    case PACKET_LINK_IPV6:
    case PACKET_LINK_COOKED2: return true;
    default: return false;
    }
}

enum packet_kind packet_decode(int link, struct slice packet, struct tcp_segment *out)
{
    *out = (struct tcp_segment){0};
    switch (link) {
    case PACKET_LINK_ETHERNET: return typed_decode(packet, 12, 14, out);
    case PACKET_LINK_COOKED: return typed_decode(packet, 14, 16, out);
    case PACKET_LINK_COOKED2: return typed_decode(packet, 0, 20, out);
    /* Four bytes of address family, whose number for IPv6 differs between systems: the IP header says it, too. */
    case PACKET_LINK_NULL:
    case PACKET_LINK_LOOP: return ip_decode(behind(packet, 4), out);
    case PACKET_LINK_RAW:
    case PACKET_LINK_RAW_FILE:
    case PACKET_LINK_IPV4:
    case PACKET_LINK_IPV6: return ip_decode(packet, out);
    default: return PACKET_OTHER;
    }
}

/* --- building --- */

/* The sum of RFC 1071 over whole 16-bit words; an odd last byte counts as the high one. */
static uint32_t sum_words(uint32_t sum, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i + 1 < n; i += 2) sum += get_u16be(p + i);
    return n & 1 ? sum + ((uint32_t)p[n - 1] << 8) : sum;
}

static uint16_t sum_close(uint32_t sum)
{
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void ipv4_header_build(const struct tcp_segment *s, size_t tcp_size, uint8_t *h)
{
    h[0] = 0x45;
    put_u16be(h + 2, (uint16_t)(IPV4_HEADER + tcp_size));
    put_u16be(h + 6, 0x4000); /* do not fragment */
    h[8] = 64;
    h[9] = PROTOCOL_TCP;
    memcpy(h + 12, s->from.address + 12, 4);
    memcpy(h + 16, s->to.address + 12, 4);
    put_u16be(h + 10, sum_close(sum_words(0, h, IPV4_HEADER)));
}

static void ipv6_header_build(const struct tcp_segment *s, size_t tcp_size, uint8_t *h)
{
    h[0] = 0x60;
    put_u16be(h + 4, (uint16_t)tcp_size);
    h[6] = PROTOCOL_TCP;
    h[7] = 64;
    memcpy(h + 8, s->from.address, 16);
    memcpy(h + 24, s->to.address, 16);
}

void packet_build(const struct tcp_segment *s, struct buf *out)
{
    assert(s->payload.n <= PACKET_PAYLOAD_MAX);
    bool v4 = address_is_v4(s->from.address) && address_is_v4(s->to.address);
    size_t header = v4 ? IPV4_HEADER : IPV6_HEADER, tcp_size = TCP_HEADER + s->payload.n;
    uint8_t *ip = buf_reserve(out, header + tcp_size), *tcp = ip + header;
    memset(ip, 0, header + TCP_HEADER);
    if (v4)
        ipv4_header_build(s, tcp_size, ip);
    else
        ipv6_header_build(s, tcp_size, ip);
    put_u16be(tcp, s->from.port);
    put_u16be(tcp + 2, s->to.port);
    put_u32be(tcp + 4, s->sequence);
    put_u32be(tcp + 8, s->acknowledged);
    tcp[12] = TCP_HEADER / 4 << 4;
    tcp[13] = s->flags;
    put_u16be(tcp + 14, 65535);
    if (s->payload.n) memcpy(tcp + TCP_HEADER, s->payload.p, s->payload.n);
    /* Over the addresses, too: they stand in one piece in both headers. */
    uint32_t sum = PROTOCOL_TCP + (uint32_t)tcp_size;
    sum = v4 ? sum_words(sum, ip + 12, 8) : sum_words(sum, ip + 8, 32);
    put_u16be(tcp + 16, sum_close(sum_words(sum, tcp, tcp_size)));
    out->n += header + tcp_size;
}
