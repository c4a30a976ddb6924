/* run_delay.h - how long a process was kept waiting by the machine: it could run, and no processor was free.
 *
 * Source: /proc/PID/task/TID/schedstat (Documentation/scheduler/sched-stats.rst of Linux): nanoseconds on a processor,
 * nanoseconds on a run queue. Threads that have ended are not in it. */
#ifndef MILLRACE_BENCH_RUN_DELAY_H
#define MILLRACE_BENCH_RUN_DELAY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct run_delay {
    int64_t ran_ns, waited_ns; /* of all threads together */
};

/* Of a process and its descendants, since they started. false: the kernel does not say. */
bool run_delay_read(pid_t pid, struct run_delay *out);

#endif
