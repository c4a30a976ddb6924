/* cost.h - what work cost, by process: the metrics of a trial that say so.
 *
 *     cost_begin(&c, pid) ... work ... cost_end(&c)             a process that goes on (a broker, a loader)
 *     cost_begin(&c, 0); start a child; cost_wait(&c, &p)       one that ends (a publisher, a batch)
 *
 *     cost_metrics(t, "broker", &c, millions)                   broker_user, broker_system: s per million events
 *                                                               broker_switches, broker_storage: per million, bytes
 *                                                               broker_syncs: calls of fsync(2) and fdatasync(2), per
 *                                                               million, where they can be counted (syncs.h)
 *                                                               broker_anonymous, broker_file: bytes, the most seen
 *                                                               broker_busy: processors while it was measured
 *
 * Children of a process count with it. Of one that ended the kernel's accounts are exact (getrusage(2)); its memory is
 * looked at every COST_LOOK_MS while it runs. What is not known (another user's storage) has no metric. */
#ifndef MILLRACE_BENCH_COST_H
#define MILLRACE_BENCH_COST_H

#include "bench/syncs.h"
#include "bench/trial.h"
#include "bench/usage.h"
#include "lib/os/process.h"

enum { COST_LOOK_MS = 10 };

struct cost {
    pid_t pid;
    int64_t began_ns, wall_ns;
    struct usage before, used; /* memory in `used`: the most */
    struct syncs syncs;
    int64_t sync_calls; /* -1: not known */
    bool known;
};

void cost_begin(struct cost *c, pid_t pid);
void cost_end(struct cost *c);
/* Waits for a child that writes to us (PROCESS_PIPE_OUT) and adds what it used; other children must not be waited for
 * meanwhile. Its exit status. */
int cost_wait(struct cost *c, struct process *p);

/* `who`: "broker"; nothing of a cost that is not known. `millions` of events. */
void cost_metrics(struct trial *t, const char *who, const struct cost *c, double millions);
/* User and system time of the named ones of a trial together, s per million events; NAN without any. */
double cost_cpu(const struct trial *t, const char *const who[], int count);
/* The one of them that was busiest, and how busy: processors; NULL without any. */
const char *cost_bottleneck(const struct trial *t, const char *const who[], int count, double *busy);

/* Bytes that went over the loopback interface so far, of whoever, with all headers; -1 when the kernel does not say. */
int64_t cost_loopback_bytes(void);

#endif
