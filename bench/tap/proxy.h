/* proxy.h - the tap without a capability: clients connect here, and what they say goes on to a broker.
 *
 *     client --> listener of a broker --> broker          a listener for each broker that answers name, on the host
 *                    |                                    that the client connected to
 *                  tap.h, writer.h
 *
 * One thread, one event loop. Each direction of a connection has a buffer of PROXY_BUFFER_MAX bytes: its reader waits
 * while it is full, so the slower side sets the pace (an answer that is rewritten is held whole besides). The end of
 * one direction goes on as such; the other one lives on. Beyond PROXY_LINKS_MAX connections, or
 * what the limit of descriptors has room for (two each; it is raised as far as we may), clients wait in the kernel's
 * queue.
 *
 * Times are those at which the proxy read: a request's last byte, its answer's first and last. */
#ifndef MILLRACE_BENCH_TAP_PROXY_H
#define MILLRACE_BENCH_TAP_PROXY_H

#include "bench/tap/tap.h"
#include "lib/base/err.h"
#include "lib/pcap/writer.h"

enum { PROXY_BUFFER_MAX = 256 << 10, PROXY_LINKS_MAX = 4096, PROXY_LISTENERS_MAX = 1024 };

struct proxy;

/* What may stand in every link, between what one end says and what the other one hears: bench/chaos. `opened` makes a
 * link's own state, which the others get; all is called on the proxy's thread, times are of the monotonic clock. */
struct proxy_between {
    void *(*opened)(void *context, const char *client, const char *broker);
    void (*closed)(void *state);
    /* One end said this; answers are rewritten already. */
    void (*bytes)(void *state, enum tap_stream stream, int64_t mono_ns, struct slice in);
    /* It has said its last. */
    void (*ended)(void *state, enum tap_stream stream);
    /* Appends what is due to out[TAP_REQUESTS], for the broker, and out[TAP_RESPONSES], for the client. Returns when to
     * be asked again, or PROXY_CUT: the link ends when all of that is written. */
    int64_t (*due)(void *context, void *state, int64_t mono_ns, struct buf *const out[2]);
    /* Bytes that wait to become due. */
    size_t (*held)(const void *state, enum tap_stream stream);
    /* A broker cannot be reached. */
    void (*complain)(void *context, const char *sentence);
    void *context;
};
#define PROXY_CUT INT64_MIN

/* "HOST:PORT" both; port 0 to listen on a free one. `writer` may be NULL. NULL with a sentence. */
struct proxy *proxy_new(struct tap *tap, struct capture_writer *writer, const char *listen, const char *to,
                        struct err_text *error);
/* Before the first step. */
void proxy_put_between(struct proxy *p, const struct proxy_between *between);
/* The broker at `from` is at `to` from now on: "HOST:PORT" both. Links that exist stay where they are. */
void proxy_broker_moved(struct proxy *p, const char *from, const char *to);
/* Wall-clock time that never jumps, as the tap is told it. */
int64_t proxy_time_ns(const struct proxy *p);
/* Where clients connect to, "127.0.0.1:19092". */
const char *proxy_address(const struct proxy *p);
/* One round: waits for at most 100 ms, 10 ms with something between. 0 or a negative err. */
int proxy_step(struct proxy *p);
/* From now on no client is taken, and of those that are here no further request: what they have asked is answered, then
 * their connections end. The steps do it. */
void proxy_drain(struct proxy *p);
/* Clients whose answers have not all been written. */
int proxy_waiting(const struct proxy *p);
/* Clients that have not ended their side yet. */
int proxy_connections(const struct proxy *p);
/* Answers whose addresses went to a client as they were, for they do not fit their description. */
int64_t proxy_not_rewritten(const struct proxy *p);
/* Ends all connections. */
void proxy_free(struct proxy *p);

#endif
