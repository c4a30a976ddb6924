/* loop.h - a small event loop over epoll, one per thread.
 *
 *     loop_init(&l);
 *     loop_add(&l, &watch, EPOLLIN);          watch.ready is called when `watch.descriptor` is ready
 *     for (;;) loop_step(&l, deadline_ns);    one round: wait, call what is ready, return
 *
 * A watch is the caller's storage (usually inside a connection) and may be removed at any moment, also
 * by another watch's `ready` in the same round: its event is then dropped. Only loop_wake may be
 * called from other threads. */
#ifndef MILLRACE_OS_LOOP_H
#define MILLRACE_OS_LOOP_H

#include <stdint.h>
#include <sys/epoll.h>

#include "lib/base/err.h"

struct loop_watch {
    int descriptor;
    void (*ready)(struct loop_watch *w, uint32_t events); /* events as of epoll(7) */
    void *context;                                        /* the caller's */
    uint32_t events;                                      /* the loop's: what epoll was told */
};

enum { LOOP_ROUND_MAX = 256 };

struct loop {
    int epoll;
    struct loop_watch wakeup;
    struct epoll_event round[LOOP_ROUND_MAX];
    int round_count; /* of the round under way */
};

int loop_init(struct loop *l);
void loop_release(struct loop *l);
/* EPOLLHUP and EPOLLERR are always reported. Level-triggered unless EPOLLET is among `events`. */
int loop_add(struct loop *l, struct loop_watch *w, uint32_t events);
/* Costs no system call when nothing changes. */
int loop_change(struct loop *l, struct loop_watch *w, uint32_t events);
/* Before the descriptor is closed. */
void loop_remove(struct loop *l, struct loop_watch *w);
/* Waits until something is ready, the loop is woken or `deadline_ns` (monotonic; INT64_MAX: no limit)
 * has come, and calls what is ready. The number of calls, or a negative err. */
int loop_step(struct loop *l, int64_t deadline_ns);
/* Makes the loop's current or next loop_step return early. From any thread and any signal handler. */
void loop_wake(struct loop *l);

#endif
