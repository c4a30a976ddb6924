/* schedule.h - when an open-loop load generator sends: an absolute schedule, and a pacer that keeps it.
 *
 * Message i is due at an instant that was fixed before the run, whatever happened to the messages before it. Latency
 * counts from that instant, so a stall of the system (or of the generator) is seen by every message that was due
 * during it: no coordinated omission (Gil Tene; the README of wrk2 explains it). */
#ifndef MILLRACE_BENCH_SCHEDULE_H
#define MILLRACE_BENCH_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

struct schedule {
    int64_t start_ns; /* CLOCK_MONOTONIC */
    int64_t rate;     /* messages per second, > 0; on average where arrivals are irregular */
    /* Irregular arrivals (arrivals.h): message i is due at start_ns + offsets[i], ascending, for i < count. Borrowed.
     * NULL: message i is due at start_ns + i / rate, for any i. */
    const int64_t *offsets;
    int64_t count;
};

/* The instant at which message `i` is due; of regular arrivals rounded down, exact for any i below 2^63 / 10^9
 * seconds. */
int64_t schedule_instant(const struct schedule *s, int64_t i);
/* How many messages are due at `now_ns`, those due exactly then included; 0 before the start. */
int64_t schedule_due(const struct schedule *s, int64_t now_ns);

/* The clock that a pacer runs on: the real one, or a test's. */
struct pacer_clock {
    int64_t (*now_ns)(void *context);
    void (*sleep_until)(void *context, int64_t at_ns);
    void *context;
};

/* Calls `send(context, i, intended_ns)` for i = 0 .. count-1, each at its instant or, when it is late,
 * at once; it never skips one and never waits for an answer. A `send` that returns non-zero ends it.
 * Returns what `send` returned. */
int pacer_run(const struct schedule *s, int64_t count, const struct pacer_clock *clock,
              int (*send)(void *context, int64_t i, int64_t intended_ns), void *context);

/* How a sender waits for an instant, by CLOCK_MONOTONIC: it sleeps until `spin_ns` before it, then spins; after
 * `rest_ns` at the earliest, by when several messages may be due. */
struct pacer_wait {
    int64_t spin_ns, rest_ns;
};
/* At `rate` messages/s on average. A sender at real time (lib/os/priority.h) spins for a tenth of the time at most:
 * what it spins is the target's, and the kernel stops a thread at real time that does not sleep. Where that is too
 * little to make up for what it takes to wake, it rests instead. */
struct pacer_wait pacer_wait_at(int64_t rate, bool real_time);
/* `wait` is borrowed. */
struct pacer_clock pacer_clock_waiting(const struct pacer_wait *wait);

#endif
