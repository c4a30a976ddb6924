/* link.h - one connection under chaos: frames in, their fates drawn, what is left of them out when it is due.
 *
 *     client --> lane of requests --> broker        a lane: bytes -> frames -> fate -> queue -> due
 *     client <-- lane of responses <- broker        in a lane nothing overtakes anything
 *
 *     chaos_link_bytes(l, TAP_REQUESTS, now, bytes) ...  in any pieces
 *     next = chaos_link_due(l, now, closed_until_ns, out);  again at `next`, after bytes, and after an end
 *
 * TCP never loses a message and goes on: what is lost keeps all that is behind it from arriving. So a drop silences its
 * lane for good: the client waits until its own timeout, and then makes a new connection.
 *
 * What is no Kafka, or cannot be decoded, passes as it is and has no number. Pure: time is told. */
#ifndef MILLRACE_BENCH_CHAOS_LINK_H
#define MILLRACE_BENCH_CHAOS_LINK_H

#include "bench/chaos/plan.h"
#include "bench/tap/tap.h"

/* What happened to a request that did not just pass. Strings and slices are valid during the call. */
struct chaos_event {
    struct chaos_fate fate;
    const char *client, *broker; /* "host:port" */
    int64_t connection, request; /* ordinals of the plan */
    int api_key;
    int32_t correlation_id;
    struct slice client_id;
    int64_t records; /* that it carries */
    int64_t held_ns; /* its answer was there, and waited so long in a partition */
};

struct chaos_link_sink {
    /* A fate is carried out: a request's when it comes, a response's when it would have gone. Or an answer passes that
     * was held: then without the client's id. */
    void (*fault)(void *context, const struct chaos_event *e);
    /* A request that the plan means has come. */
    void (*meant)(void *context);
    /* Records that a client now knows to be appended, or has got; `api_key` of the answer. */
    void (*passed)(void *context, int api_key, int64_t acknowledged, int64_t fetched);
    /* The number of a connection whose first meant request has come. */
    int64_t (*number)(void *context);
    void *context;
};

struct chaos_link;

#define CHAOS_LINK_CUT INT64_MIN

struct chaos_link *chaos_link_new(const struct chaos_plan *plan, const struct chaos_link_sink *sink, const char *client,
                                  const char *broker);
void chaos_link_free(struct chaos_link *l);
void chaos_link_bytes(struct chaos_link *l, enum tap_stream stream, int64_t now_ns, struct slice in);
/* No more bytes come: half a frame goes on as it is. */
void chaos_link_ended(struct chaos_link *l, enum tap_stream stream);
/* Bytes that wait to become due. */
size_t chaos_link_held(const struct chaos_link *l, enum tap_stream stream);
/* Appends what is due; a lane is closed until its instant. When to be asked again (INT64_MAX: only after more bytes),
 * or CHAOS_LINK_CUT: the connection ends behind what was appended. */
int64_t chaos_link_due(struct chaos_link *l, int64_t now_ns, const int64_t closed_until_ns[2],
                       struct buf *const out[2]);

#endif
