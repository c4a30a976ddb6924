/* capture.h - packets out of a file or off an interface, and captures written; libpcap does both.
 *
 *     c = capture_open_file("x.pcap", &error);            pcap and pcapng, or
 *     c = capture_open_live("lo", &error);                needs CAP_NET_RAW
 *     while ((kind = capture_next(c, &segment, &error)) > CAPTURE_END) ...
 *     capture_close(c);
 *
 * Link types: packet.h. Another one is refused by its name. */
#ifndef MILLRACE_PCAP_CAPTURE_H
#define MILLRACE_PCAP_CAPTURE_H

#include "lib/base/err.h"
#include "lib/pcap/packet.h"

struct capture;

enum { CAPTURE_END = 0, CAPTURE_SEGMENT = 1, CAPTURE_IDLE = 2 };

struct capture_counts {
    uint64_t packets, other, fragments, damaged, cut; /* cut: by the snap length */
    uint64_t dropped;                                 /* live: by the kernel, for want of room */
};

/* NULL with a sentence: no such file, no capture, a link type that is not known. */
struct capture *capture_open_file(const char *path, struct err_text *error);
/* `port` 0: TCP of any port. NULL with a sentence, which for want of a privilege says so and what goes without. */
struct capture *capture_open_live(const char *interface, int port, struct err_text *error);
void capture_close(struct capture *c);
/* CAPTURE_SEGMENT, whose payload is valid until the next call; CAPTURE_END of a file; CAPTURE_IDLE when an interface
 * brought nothing for 100 ms or a signal came; or a negative err with a sentence: what came before stands. */
int capture_next(struct capture *c, struct tcp_segment *out, struct err_text *error);
/* So far. */
struct capture_counts capture_counts(struct capture *c);

#endif
