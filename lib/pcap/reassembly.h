/* reassembly.h - TCP segments, as they were captured, to the bytes that each side of a connection received.
 *
 *     reassembly_init(&r, &sink);
 *     reassembly_segment(&r, &segment) ...       in the order of the capture
 *     reassembly_finish(&r);                     what still waits comes out, connections end
 *
 *     segments --> by connection, by direction --> sink->bytes, sink->gap, sink->end, sink->closed
 *                     |
 *                     +-- what is there already is dropped (retransmissions, overlaps: the first copy counts)
 *                     +-- what comes too early waits for what is before it
 *
 * A hole is given up, as a gap, when the receiver acknowledged it and nothing filled it for REASSEMBLY_PATIENCE_NS of
 * the capture's time (the capture lost it, the receiver did not), when what waits behind it reaches its bound, or at
 * the connection's end. A connection whose beginning was not captured starts at its first bytes.
 *
 * Sequence numbers are compared by their difference (RFC 9293, 3.4), so they may wrap.
 *
 * Bounds: REASSEMBLY_WAITING_MAX bytes in REASSEMBLY_PIECES_MAX pieces wait in a direction, REASSEMBLY_WAITING_ALL_MAX
 * in all; beyond it the holes of that direction are given up. Of more than REASSEMBLY_FLOWS_MAX connections the one
 * that was silent for longest ends. */
#ifndef MILLRACE_PCAP_REASSEMBLY_H
#define MILLRACE_PCAP_REASSEMBLY_H

#include "lib/base/table.h"
#include "lib/pcap/packet.h"

enum {
    REASSEMBLY_WAITING_MAX = 4 << 20,
    REASSEMBLY_WAITING_ALL_MAX = 256 << 20,
    REASSEMBLY_FLOWS_MAX = 65536,
    REASSEMBLY_PIECES_MAX = 8192
};
#define REASSEMBLY_PATIENCE_NS 200000000

/* One connection. a and b are its ends; direction 0 is what a sends. */
struct tcp_flow {
    struct tcp_endpoint a, b;
    int opener;    /* the direction that sent the SYN; -1 when the beginning was not captured */
    void *context; /* the sink's */
};

/* What the sink does with a connection. `context` is the one given at init. Times are those of the segment that
 * carried the bytes; `bytes` is valid during the call. */
struct reassembly_sink {
    void (*opened)(void *context, struct tcp_flow *f);
    void (*bytes)(void *context, struct tcp_flow *f, int direction, int64_t time_ns, struct slice bytes);
    /* So many bytes were sent and will never come. */
    void (*gap)(void *context, struct tcp_flow *f, int direction, uint64_t size);
    /* The direction has said its last (FIN). */
    void (*end)(void *context, struct tcp_flow *f, int direction);
    /* The connection is over and `f` goes. */
    void (*closed)(void *context, struct tcp_flow *f);
    void *context;
};

struct flow;

struct reassembly {
    struct reassembly_sink sink;
    struct table flows;           /* by both endpoints */
    struct flow *newest, *oldest; /* by their last segment */
    size_t waiting;               /* bytes of all directions */
    struct {
        uint64_t segments, payload_bytes, repeated_bytes, early_segments, gaps, gap_bytes, flows, midway, evicted;
    } counts;
};

void reassembly_init(struct reassembly *r, const struct reassembly_sink *sink);
void reassembly_segment(struct reassembly *r, const struct tcp_segment *s);
void reassembly_finish(struct reassembly *r);

#endif
