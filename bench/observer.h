/* observer.h - the wire beside a load: what its Produce requests weigh and how long they take there.
 *
 *     observer_start(&o, "127.0.0.1:9092", OBSERVE_ANYHOW, &error)    o.bootstrap: where the load connects to
 *     ... the load ...
 *     observer_stop(&o);  observer_tell(&o, trial);  observer_release(&o)
 *
 * A tap (tap/tap.h) in a thread of its own: off the loopback where this process may capture, else as a proxy between.
 * Of a capture the latency is what an ear at the wire hears: from a request's last byte to its answer's last byte, so
 * the client's own queues and threads are not in it. A proxy counts the same bytes but stands in the way: its times
 * are those of its own reads and are never called the wire's.
 *
 * The first Produce request is left out: it is the load's hello (load.h). Bytes are those of Kafka's frames with their
 * size field, without the headers of TCP and IP. */
#ifndef MILLRACE_BENCH_OBSERVER_H
#define MILLRACE_BENCH_OBSERVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "bench/tap/proxy.h"
#include "bench/tap/source.h"
#include "bench/trial.h"
#include "lib/pcap/capture.h"

enum observer_kind { OBSERVER_NONE, OBSERVER_CAPTURE, OBSERVER_PROXY };
enum observer_wish { OBSERVE_CAPTURED, /* or not at all */ OBSERVE_ANYHOW };

struct observer {
    enum observer_kind kind;
    char bootstrap[128];
    char refused[160];        /* why there is no capture; "" when there is one */
    struct histogram latency; /* ns, of requests that were answered */
    int64_t requests, request_bytes, response_bytes, records, record_bytes, unanswered;
    int64_t dropped; /* packets; -1: nothing was captured */
    /* while it runs */
    struct tap_sink sink;
    struct tap tap;
    struct tap_source source;
    struct capture *capture;
    struct proxy *proxy;
    pthread_t thread;
    _Atomic bool stop;
    int64_t seen; /* Produce exchanges, the hello among them */
};

/* Must not move until it is stopped. Without a capture and with OBSERVE_CAPTURED kind is OBSERVER_NONE, which is no
 * error; one is a broker that cannot be reached by a proxy. */
int observer_start(struct observer *o, const char *broker, enum observer_wish wish, struct err_text *error);
/* What is on its way still counts. */
void observer_stop(struct observer *o);
/* Settings observed (capture, proxy, none) and refused; metrics wire_requests, records_per_request,
 * bytes_per_record (both ways), request_bytes_per_record; histogram `wire` of a capture, `through_proxy` of a proxy. A
 * packet that the kernel dropped makes the trial void. */
void observer_tell(const struct observer *o, struct trial *t);
void observer_release(struct observer *o);
/* One exchange, as the tap tells it. */
void observer_exchange(void *context, const struct tap_exchange *x);

#endif
