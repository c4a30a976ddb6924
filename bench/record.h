/* record.h - what a run on a schedule records, message by message, and what follows from it.
 *
 *     record_init -> record_begin -> pacer: record_sent    reports: record_answer    reader: record_received
 *                 -> record_end -> record_facts
 *
 * Three chains of one message, all from the instant at which it was due: until it was handed to the client (lag), until
 * its answer (ack), until a consumer had it (end to end). Lag is a part of the other two: ack - lag is what client and
 * broker took. Messages below `warm_up` go to the ledger only. Each of the three calls has a thread of its own.
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
    struct ledger ledger;
    struct histogram windows[RECORD_WINDOWS]; /* ack latencies by the instant at which a message was due */
    _Atomic int64_t answered;                 /* all messages, acknowledged or not */
    int64_t answered_at_end;                  /* when the last one was due */
    /* the sampler's */
    pthread_t sampler;
    _Atomic bool stop;
    int64_t samples;
    double backlog_sum;
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

/* The facts that a gate can judge: rate, lateness, ledger, steady state, Little's law. When all threads have ended. */
void record_facts(const struct record *r, struct gate_facts *facts);

#endif
