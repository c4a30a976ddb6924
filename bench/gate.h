/* gate.h - may this trial's number be believed?
 *
 * Two kinds of trouble, kept apart. What came from outside of the target (a busy neighbour, the hypervisor, a jump of
 * the clock, the generator itself, a capture that dropped packets) makes a trial *void*: it says nothing about the
 * target, is kept with its reasons and run again. What the target did itself (lost messages, a rate that it did not
 * keep, no steady state, stalls) is a *finding*: it is the result, and is shown. One thing ends the whole run: a
 * warehouse whose digest differs from the truth, because a fast wrong answer is none.
 *
 *     gate_facts gf = {0}; ... what was measured ...; gate_judge(&gf, &v)
 *
 * The bounds, and why, are in docs/measuring.md. A fact that is not known (a negative count, a `has_` that is false)
 * trips nothing. */
#ifndef MILLRACE_BENCH_GATE_H
#define MILLRACE_BENCH_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/ledger.h"
#include "bench/monitor.h"
#include "bench/steady.h"

#define GATE_RATE_MIN       0.99             /* achieved / offered */
#define GATE_LATENESS_SHARE 0.05             /* of the 99th percentile that the trial reports */
#define GATE_LATENESS_NS    INT64_C(100000)  /* or this, whichever is more */
#define GATE_FOREIGN_CORE   0.05             /* of one processor, beyond MONITOR_EXACT_NS */
#define GATE_STEAL_SHARE    0.01             /* of all processors */
#define GATE_IO_SHARE       MONITOR_IO_QUIET /* of the time, before the target does anything */
#define GATE_CLOCK_JUMP_NS  INT64_C(10000000)

enum gate_digest { GATE_DIGEST_NONE, GATE_DIGEST_SAME, GATE_DIGEST_DIFFERS };

struct gate_facts {
    bool saturated; /* above the sustainable rate: no rate, steady state or Little is asked of it */
    /* A fault was made on purpose. What it does to the pace is a result; messages are counted, not timed, and a busy
     * machine loses none: nothing from outside makes that void. */
    bool disturbed;
    double offered, achieved;    /* messages/s; offered 0: nothing was offered at a rate */
    int64_t lateness_p99_ns;     /* of the generator; -1: there was none */
    int64_t reported_p99_ns;     /* the latency that the trial reports */
    struct monitor_seen machine; /* wall_ns 0: not watched */
    double io_before; /* share of the time in which somebody waited for storage just before the trial; -1: not known */
    bool has_ledger, has_steady, has_little;
    struct ledger_sum ledger;
    struct steady steady;
    struct little little;
    int64_t capture_drops; /* packets; -1: nothing was captured */
    enum gate_digest digest;
};

enum { GATE_TEXT_MAX = 160, GATE_TEXTS_MAX = 10 };

struct gate_verdict {
    char void_reasons[GATE_TEXTS_MAX][GATE_TEXT_MAX];
    int void_count;
    char findings[GATE_TEXTS_MAX][GATE_TEXT_MAX];
    int finding_count;
    bool unsteady;     /* one of the findings is that there was no steady state */
    bool wrong_answer; /* the digest: nothing more may be measured */
};

void gate_judge(const struct gate_facts *facts, struct gate_verdict *v);

#endif
