/* source.h - Kafka out of captured packets: lib/pcap's streams into tap.h's.
 *
 *     tap_source_init(&s, &tap, port);
 *     tap_source_segment(&s, &segment) ...
 *     tap_source_finish(&s);
 *
 * Who is the client: the side that sent the SYN; of a connection whose beginning was not captured, the side that does
 * not have `port`, or else the one whose bytes look like a request. With a port, connections of other ports are
 * passed over. */
#ifndef MILLRACE_BENCH_TAP_SOURCE_H
#define MILLRACE_BENCH_TAP_SOURCE_H

#include "bench/tap/tap.h"
#include "lib/pcap/reassembly.h"

struct tap_source {
    struct tap *tap;
    int port; /* of brokers; 0: any */
    struct reassembly reassembly;
};

/* The struct must not move afterwards. */
void tap_source_init(struct tap_source *s, struct tap *tap, int port);
void tap_source_segment(struct tap_source *s, const struct tcp_segment *segment);
void tap_source_finish(struct tap_source *s);

#endif
