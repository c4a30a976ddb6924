/* watch.h - a reader of a warehouse that notes when rows become visible, as any other reader sees them.
 *
 *     watch_start -> ... the pipeline runs ... -> watch_stop -> watch.seen
 *
 * A thread with a connection of its own asks `PRAGMA data_version` every millisecond; when another process
 * has committed, it asks how many arrivals can be seen. */
#ifndef MILLRACE_BENCH_WATCH_H
#define MILLRACE_BENCH_WATCH_H

#include <pthread.h>
#include <stdatomic.h>

#include "bench/freshness.h"
#include "lib/base/err.h"

struct watch {
    const char *db, *query; /* the caller's; the query gives one integer */
    struct freshness seen;  /* read it after watch_stop */
    struct histogram *late; /* the caller's, ns: how much later than it asked to the reader was woken; NULL: not kept */
    _Atomic int64_t visible;
    _Atomic bool stop;
    pthread_t thread;
};

/* The database need not exist yet. `late` may be NULL. */
void watch_start(struct watch *w, const char *db, const char *query, struct histogram *late);
void watch_stop(struct watch *w);

#endif
