/* priority.h - a thread that gets a processor as soon as it is woken, whatever else wants one.
 *
 *     struct priority before;
 *     enum priority_kind kind = priority_raise(PRIORITY_FIRST, &before);
 *     ...                                       threads, and clients with threads, that are made here inherit it
 *     priority_restore(&before);
 *
 * For who measures time on a machine that is full of what is measured: a thread that waits for its turn on a processor
 * (some milliseconds beside a busy one) would report that wait as somebody's latency. Real time where it is permitted
 * (root, CAP_SYS_NICE or RLIMIT_RTPRIO), else nice -20 (RLIMIT_NICE; it ranks only among the threads of a session where
 * the kernel groups by session, sched(7)), else as before. A thread at real time keeps its processor for as long as it
 * likes, up to kernel.sched_rt_runtime_us of each second: it must sleep, not spin. */
#ifndef MILLRACE_OS_PRIORITY_H
#define MILLRACE_OS_PRIORITY_H

enum priority_kind { PRIORITY_ORDINARY, PRIORITY_NICE, PRIORITY_REAL_TIME };
enum priority_rank { PRIORITY_SECOND = 1, PRIORITY_FIRST = 2 }; /* the first goes before the second */

struct priority { /* of a thread, as it was */
    int policy, real_time, nice;
};

/* Raises the calling thread as far as it may be; says how far that was. */
enum priority_kind priority_raise(enum priority_rank rank, struct priority *before);
void priority_restore(const struct priority *before);
/* How far it may be raised: tries it. */
enum priority_kind priority_permitted(void);
/* "real time (round robin)", "nice -20", "ordinary". */
const char *priority_name(enum priority_kind kind);

#endif
