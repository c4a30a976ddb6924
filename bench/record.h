/* record.h - what a run on a schedule records, message by message, and what follows from it.
 *
 *     record_init -> record_begin -> pacer: record_sent    reports: record_answer    reader: record_received
 *                 -> record_end -> record_facts
 *
 * Two chains of one message, both from the instant at which it was due; their parts sum, message by message:
 *
 *     |------lag------|------to_ack------|           until its answer: ack
 *     |------lag------|--------to_received-------|   until a consumer had it: end_to_end
 *     due            sent
 *
 * Messages below `warm_up` go to the ledger only. Each of the three calls has a thread of its own.
 *
 * A fourth thread asks at random instants how many messages are on their way (due, and not answered), without looking
 * at any of them: Little's law then ties three measurements together (steady.h). */
#ifndef MILLRACE_BENCH_RECORD_H
#define MILLRACE_BENCH_RECORD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "bench/gate.h"
#include "bench/ledger.h"
#include "bench/schedule.h"
#include "lib/base/histogram.h"

enum { RECORD_WINDOWS = 40 };

struct record {
    struct schedule schedule;
    int64_t count, warm_up;
    struct histogram *ack, *end_to_end, *lag; /* the caller's, initialised; any may be NULL */
    struct histogram *to_ack, *to_received;   /* likewise */
    int64_t *sent_ns, *ack_ns,
        *received_ns; /* owned: of each message, since it was due; ack_ns, received_ns -1: never */
    struct ledger ledger;
    struct histogram windows[RECORD_WINDOWS]; /* ack latencies by the instant at which a message was due */
    _Atomic int64_t answered;                 /* all messages, acknowledged or not */
    int64_t answered_at_end;                  /* when the last one was due */
    /* the sampler's */
    pthread_t sampler;
    _Atomic bool stop;
    int64_t samples;
    double backlog_sum, backlog_squares;
};

/* `schedule` is copied, its offsets are borrowed. start_ns may still be set (record_start). */
void record_init(struct record *r, const struct schedule *schedule, int64_t count, int64_t warm_up);
void record_release(struct record *r);
/* The run starts at `start_ns`; the sampler waits for the end of the warm-up. */
void record_begin(struct record *r, int64_t start_ns);
void record_sent(struct record *r, int64_t number, int64_t now_ns);
void record_answer(struct record *r, int64_t number, bool acknowledged, int64_t now_ns);
void record_received(struct record *r, int64_t number, int64_t now_ns);
/* The last message was sent; answers may still come. Ends the sampler. */
void record_end(struct record *r);

/* From an instant until all was as before: until that at which the last message was due that was answered (or,
 * `received`, came to the consumer) never or much later than messages were before the instant: later than twice
 * their 99th percentile and RECORD_CALM_NS. 0 when there was none, -1 when the last message of all was one.
 * Nanoseconds. */
#define RECORD_CALM_NS INT64_C(20000000)
int64_t record_recovery(const struct record *r, int64_t fault_ns, bool received);

/* The facts that a gate can judge: rate, lateness, ledger, steady state, Little's law. When all threads have ended. */
void record_facts(const struct record *r, struct gate_facts *facts);

#endif
