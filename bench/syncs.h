/* syncs.h - how often a process asks the kernel to put a file on the disk: calls of fsync(2) and fdatasync(2).
 *
 *     syncs_begin(&s, pid) ... work ... n = syncs_end(&s)
 *
 * /proc does not count them, the kernel does: the calls' tracepoints as counters (perf_event_open(2)), one for each
 * thread of it and of its descendants that lives at the beginning, with all that these start afterwards. Needs tracefs
 * and CAP_PERFMON (or root); without them nothing is counted, which is told as -1 and costs nothing. */
#ifndef MILLRACE_BENCH_SYNCS_H
#define MILLRACE_BENCH_SYNCS_H

#include <stdint.h>
#include <sys/types.h>

enum { SYNCS_COUNTERS_MAX = 1024 };

struct syncs {
    int counters[SYNCS_COUNTERS_MAX], count;
};

/* `pid` 0: what the calling thread starts from now on. */
void syncs_begin(struct syncs *s, pid_t pid);
/* -1: they cannot be counted here, or not all of them. */
int64_t syncs_end(struct syncs *s);

#endif
