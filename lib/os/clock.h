/* clock.h - the two clocks, and waiting for an instant.
 *
 * Durations and latencies use only the monotonic clock, in nanoseconds; zero lengths are kept. The
 * wall clock is for what people and files see (record timestamps, log lines). Pure parts call
 * neither: they are told the time. */
#ifndef MILLRACE_OS_CLOCK_H
#define MILLRACE_OS_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC in nanoseconds; comparable between processes of one machine. */
int64_t clock_mono_ns(void);
/* Milliseconds since 1970-01-01 UTC, Kafka's unit of time. */
int64_t clock_wall_ms(void);
/* Returns at the instant `mono_ns` or as soon after it as possible; at once when it has passed. Sleeps
 * until `spin_ns` before it and then burns the rest: a sleep alone wakes 50 us and more too late,
 * which an open-loop load generator would have to count as latency. 0 to never spin. */
void clock_sleep_until(int64_t mono_ns, int64_t spin_ns);
/* From now on the calling thread is woken when it asked for it, not up to 50 us later (the kernel's timer slack, which
 * saves energy by waking threads together). */
void clock_sleep_exactly(void);
/* Sleeps for at least this long, without spinning; signals do not cut it short. */
void clock_sleep_ms(int64_t ms);

#endif
