/* writer.h - a capture file of connections that a program saw as streams and not as packets.
 *
 *     w = capture_writer_new("x.pcap", &error);
 *     f = writer_flow(client, broker);                 the handshake goes out with the first call
 *     capture_write_open(w, &f, time);  capture_write_bytes(w, &f, direction, time, bytes);  capture_write_end(...)
 *
 * The format is pcap with nanoseconds and link type raw IP. Packets are what TCP would have sent without loss: a
 * handshake, segments of at most PACKET_PAYLOAD_MAX bytes, each acknowledged by the one that goes the other way, FINs.
 * The same calls give the same bytes. */
#ifndef MILLRACE_PCAP_WRITER_H
#define MILLRACE_PCAP_WRITER_H

#include <stdio.h>

#include "lib/base/err.h"
#include "lib/pcap/packet.h"

struct capture_writer;

/* One connection; direction 0 is the client's. */
struct writer_flow {
    struct tcp_endpoint ends[2];
    uint32_t next[2]; /* sequence numbers, also those to begin with */
    bool ended[2];
};

struct capture_writer *capture_writer_new(const char *path, struct err_text *error);
/* The same to a stream, which is closed with it; for tests. */
struct capture_writer *capture_writer_to(FILE *to);
void capture_write_open(struct capture_writer *w, struct writer_flow *f, int64_t time_ns);
void capture_write_bytes(struct capture_writer *w, struct writer_flow *f, int direction, int64_t time_ns,
                         struct slice bytes);
void capture_write_end(struct capture_writer *w, struct writer_flow *f, int direction, int64_t time_ns);
/* One packet as it is. */
void capture_write_segment(struct capture_writer *w, const struct tcp_segment *s);
/* 0, or ERR_IO when something could not be written. */
int capture_writer_free(struct capture_writer *w);

#endif
