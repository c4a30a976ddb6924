/* load.h - the load generator of E1: an ordinary Kafka client (librdkafka) on any cluster.
 *
 *     load_topic_create -> load_saturate | load_paced -> load_topic_delete
 *
 * load_saturate sends as fast as the client can: what is the most that gets through? load_paced sends on
 * an absolute schedule (schedule.h) and measures, from the intended instant of each message, when it was
 * acknowledged and when a consumer had it. */
#ifndef MILLRACE_BENCH_LOAD_H
#define MILLRACE_BENCH_LOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/gate.h"
#include "bench/schedule.h"
#include "lib/base/bytes.h"
#include "lib/base/err.h"
#include "lib/base/histogram.h"

struct connections; /* connections.h */

enum { LOAD_SLOW_MS = 4 };

struct load_options {
    const char *bootstrap, *topic; /* bootstrap NULL: librdkafka's own mock cluster, inside the client (no consumer) */
    const char *acks;              /* "0", "1" or "all" */
    int linger_ms;
    int batch_bytes;                 /* the most in a batch; 0: the client's default, a million */
    int batch_messages;              /* the most in a batch; 0: the client's default */
    const char *codec;               /* compression.codec; NULL: none */
    int message_bytes;               /* at least 8 */
    struct slice text;               /* messages are windows of it behind their number; empty: of zeros */
    int partitions;                  /* message i goes to i % partitions; 0: all go to the first. Reads the first */
    int64_t count;                   /* messages, those of the warm-up included */
    int64_t rate;                    /* per second; of load_paced only */
    const struct schedule *arrivals; /* load_paced: instead of regular ones; at least `count` */
    int64_t warm_up;                 /* the first ones are not recorded */
    int timeout_ms;                  /* for the last answer after the last send */
    bool ack_only;                   /* load_paced: nobody consumes; implied by the mock */
    bool read_back;       /* load_paced: nobody consumes meanwhile; when all answers are there, the whole log is read */
    bool idempotent;      /* the producer's enable.idempotence; needs acks "all" */
    bool no_retries;      /* a message that fails once has failed */
    const char *protocol; /* of plain.h; NULL: Kafka's */
    const char *const *topic_settings; /* key=value entries of the topic that is made for it; NULL: none */
    _Atomic int64_t *start_ns;         /* load_paced: gets the instant at which the schedule starts; may be NULL */
    _Atomic int64_t *fault_ns;         /* load_paced: when a fault was made, 0 before; may be NULL */
    _Atomic bool *slow; /* load_paced: while it is set the consumer takes LOAD_SLOW_MS for a message; may be NULL */
    struct connections *connections; /* of the producer, for who wants to reset them; may be NULL */
};

struct load_result {
    int64_t acked, failed; /* delivery reports without and with an error, warm-up included */
    int64_t consumed;      /* load_paced: messages that came back */
    int64_t in_log;        /* the log's length afterwards; -1 when it could not be asked, or there are several */
    int64_t silence_ns;    /* the longest time between two answers that came well */
    char gave_up[160];     /* load_paced: why the client refused to send any more, "" when it did not: such messages
                              failed. An idempotent producer does so when the log forgot what it had acknowledged */
    int64_t recovery_ns;   /* load_paced with a fault: until all was as before (record.h); -1: never */
    double seconds;        /* load_saturate: from the first send to the last delivery report */
    /* load_paced, nanoseconds from the intended instant. The caller's, initialised. */
    struct histogram *ack, *end_to_end, *lag; /* lag: how late the generator itself was */
    struct histogram *to_ack, *to_received;   /* from when it was sent; may be NULL */
    struct gate_facts facts; /* load_paced: rate, lateness, ledger, steady state, Little's law (record.h) */
};

int load_topic_create(const char *bootstrap, const char *topic, int partitions, struct err_text *error);
/* With key=value entries of the topic, NULL at the end; `settings` NULL: none. */
int load_topic_create_with(const char *bootstrap, const char *topic, int partitions, const char *const settings[],
                           struct err_text *error);
/* The topic of a load, however its target is spoken to: made with topic_settings, and removed. */
int load_topic_make(const struct load_options *options, struct err_text *error);
int load_topic_drop(const struct load_options *options, struct err_text *error);
int load_topic_delete(const char *bootstrap, const char *topic, struct err_text *error);
int load_saturate(const struct load_options *options, struct load_result *result, struct err_text *error);
int load_paced(const struct load_options *options, struct load_result *result, struct err_text *error);

#endif
