/* monitor.h - what else went on while a trial ran: was it the target that was measured, or its neighbours?
 *
 *     monitor_start(&m, pids, n) ... the trial ... monitor_stop(&m)  ->  m.seen
 *
 * Foreign processor time is what the machine was busy with beyond what is accounted: the harness and all it started,
 * and the processes that are named. The machine's side is taken from its idle time, which the kernel keeps exactly and
 * shows in ticks of 10 ms (the other columns of /proc/stat are samples); so what is foreign is known to
 * MONITOR_EXACT_NS. The kernel's own threads write and send for whoever asked them to, mostly the target: they count as
 * neither (where they cannot be told apart, as foreign). Interrupts count to whom they interrupt. A thread wakes every
 * 50 ms for what has no counter: jumps of the wall clock against the monotonic one (somebody set it; what a time
 * service slews stays below the bound), and how long it was kept from running itself.
 *
 * Sources: proc(5); Documentation/accounting/psi.rst of Linux for the pressure files, whose "some" counts the time in
 * which at least one task waited. */
#ifndef MILLRACE_BENCH_MONITOR_H
#define MILLRACE_BENCH_MONITOR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { MONITOR_PIDS_MAX = 8 };
#define MONITOR_EXACT_NS INT64_C(20000000) /* idle, and idle that waits for storage: a tick each */

struct monitor_seen {
    int64_t wall_ns;
    int64_t busy_ns;       /* of all processors together */
    int64_t accounted_ns;  /* ours and the target's */
    bool programs_seen;    /* all of the machine's, and the kernel's threads; else the next two are 0 */
    int64_t programs_ns;   /* of all programs, ours and the target's among them */
    int64_t kernel_ns;     /* of the kernel's threads */
    int64_t foreign_ns;    /* busy and none of these; where programs are seen at most what others used; never below 0 */
    int64_t steal_ns;      /* taken by the hypervisor; -1 when it is not known, as every field below */
    int64_t io_stall_ns;   /* somebody waited for storage */
    int64_t cpu_stall_ns;  /* somebody waited for a processor */
    int64_t clock_jump_ns; /* the largest step of the wall clock, absolute */
};

struct monitor {
    pid_t pids[MONITOR_PIDS_MAX]; /* beside our own family */
    bool ours[MONITOR_PIDS_MAX];  /* belongs to our family anyway */
    int pid_count;
    struct monitor_seen seen;
    /* while it runs */
    struct monitor_seen begin; /* counters; wall_ns an instant */
    pthread_t thread;
    _Atomic bool stop;
    _Atomic int64_t jump_ns;
};

/* At most MONITOR_PIDS_MAX processes, the target's; their descendants count too. Those that this process started count
 * anyway, once. */
void monitor_start(struct monitor *m, const pid_t *pids, int count);
void monitor_stop(struct monitor *m);

/* The share of 50 ms in which somebody waits for storage: asked before a trial, when the target is idle and does not
 * wait itself. Waits up to three seconds for a share of at most MONITOR_IO_QUIET, because what an earlier trial wrote
 * may still be on its way; storage that stayed busy for as long is not waited for again. -1 when the kernel does not
 * say. */
#define MONITOR_IO_QUIET 0.10
double monitor_io_share(void);

#endif
