/* rewrite.h - a broker's answers on their way to a client: addresses that they advertise become the proxy's.
 *
 *     Metadata, FindCoordinator, DescribeCluster, Produce (from 10): host and port of each broker
 *     ApiVersions: what is offered of these ends at the version that is described, and Fetch at 15, for later answers
 *                  name brokers that nobody would rewrite (KIP-951)
 *
 * These are kept until they are whole, decoded, changed and encoded again; all others pass as they come. Works on a
 * stream in any pieces: only the first 8 bytes of a frame and the answers above are held back. */
#ifndef MILLRACE_BENCH_TAP_REWRITE_H
#define MILLRACE_BENCH_TAP_REWRITE_H

#include "bench/tap/tap.h"

enum { REWRITE_HOST_MAX = 256 };

struct rewriter {
    const struct tap_connection *connection; /* knows what is answered; asked before it sees the bytes */
    /* Where clients should go instead of host:port. False: it stays. */
    bool (*place)(void *context, struct slice host, int32_t port, char to[REWRITE_HOST_MAX], int32_t *to_port);
    void *context;
    struct buf held;       /* of the frame at hand */
    size_t size, had;      /* of it, with its size field */
    bool holding;          /* it is kept until it is whole */
    bool raw;              /* no frames: all passes */
    int64_t not_rewritten; /* answers that should have been and do not fit their description */
    struct arena arena;
};

void rewriter_init(struct rewriter *r, const struct tap_connection *c);
void rewriter_release(struct rewriter *r);
/* Appends to `out` what goes on to the client. */
void rewriter_bytes(struct rewriter *r, struct slice in, struct buf *out);
/* The broker has said its last: what was held back of a frame goes on as it is. */
void rewriter_end(struct rewriter *r, struct buf *out);

#endif
