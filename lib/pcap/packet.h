/* packet.h - one captured packet, from its link layer down to what TCP carries.
 *
 *     Ethernet (VLAN tags too) | loopback (BSD) | raw IP | Linux cooked v1, v2
 *        IPv4 (options) | IPv6 (hop-by-hop, routing, destination, authentication headers)
 *           TCP (options) -> struct tcp_segment
 *
 * Pure: bytes in, a struct out, nothing allocated; `payload` borrows from the packet. What the capture cut off
 * (snap length) is counted in `missing`. Checksums are not looked at: a host that leaves them to its network card
 * captures its own packets with wrong ones.
 *
 * Sources: RFC 791, 8200, 9293; the link-layer header types of tcpdump.org. */
#ifndef MILLRACE_PCAP_PACKET_H
#define MILLRACE_PCAP_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/bytes.h"

/* libpcap's numbers (DLT_...) on Linux. */
enum packet_link {
    PACKET_LINK_NULL = 0,
    PACKET_LINK_ETHERNET = 1,
    PACKET_LINK_RAW = 12,
    PACKET_LINK_RAW_FILE = 101, /* the same, as it stands in files */
    PACKET_LINK_LOOP = 108,
    PACKET_LINK_COOKED = 113,
    PACKET_LINK_IPV4 = 228,
    PACKET_LINK_IPV6 = 229,
    PACKET_LINK_COOKED2 = 276,
};

/* An IPv4 address is kept as ::ffff:a.b.c.d (RFC 4291). */
struct tcp_endpoint {
    uint8_t address[16];
    uint16_t port;
};

enum { TCP_ENDPOINT_TEXT = 56 };
/* "127.0.0.1:9092", "[::1]:9092" */
void tcp_endpoint_format(const struct tcp_endpoint *e, char out[TCP_ENDPOINT_TEXT]);
/* memcmp order of address, then of port. */
int tcp_endpoint_compare(const struct tcp_endpoint *a, const struct tcp_endpoint *b);
struct tcp_endpoint tcp_endpoint_v4(uint32_t address, uint16_t port);

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };

struct tcp_segment {
    int64_t time_ns; /* since 1970-01-01 UTC; the capture's, not set by packet_decode */
    struct tcp_endpoint from, to;
    uint32_t sequence, acknowledged; /* acknowledged only with TCP_ACK */
    uint8_t flags;
    struct slice payload;
    uint32_t missing; /* bytes behind the payload that were sent and not captured */
};

enum packet_kind {
    PACKET_TCP,
    PACKET_OTHER,    /* another protocol */
    PACKET_FRAGMENT, /* a part of an IP datagram: not put together here */
    PACKET_DAMAGED,  /* headers that cannot be, or that the capture cut off */
};

/* Whether packet_decode knows this link type. */
bool packet_link_known(int link);
enum packet_kind packet_decode(int link, struct slice packet, struct tcp_segment *out);

/* Appends the segment as an IP packet of PACKET_LINK_RAW, IPv4 or IPv6 as its endpoints are, with right checksums. A
 * payload has at most PACKET_PAYLOAD_MAX bytes. */
enum { PACKET_PAYLOAD_MAX = 65535 - 60 };
void packet_build(const struct tcp_segment *s, struct buf *out);

#endif
