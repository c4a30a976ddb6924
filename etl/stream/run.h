/* run.h - `millrace stream run`: the supervisor of the workers that load a topic (or several) into a warehouse.
 *
 *     broker (named, or one of our own)    found or started, started again when it dies
 *     topics                               waited for
 *     warehouse                            tables made, identity stored or compared
 *     backfill, if asked for               up to what the topics held when it began: as a whole (whole.h), or else one
 *                                          worker, then the indexes
 *     workers                              N processes; a dead one is replaced
 *     changelogs                           what workers left in outboxes is sent all the while (etl/changelog/sender.h)
 *     until every partition's end record is loaded, or a signal
 *     outputs                              when all is loaded, with follow at every stop (etl/export/export.h)
 *
 * The supervisor holds a lock on the database file, so that one run at a time loads into it, and does
 * the checkpoints of its write-ahead log. */
#ifndef MILLRACE_ETL_STREAM_RUN_H
#define MILLRACE_ETL_STREAM_RUN_H

#include <stdbool.h>

#include "etl/reject_limit.h"
#include "lib/base/err.h"

enum { RUN_WORKERS_MAX = 64 };

struct run_options {
    const char *definition; /* file */
    const char *db;         /* SQLite file, created when missing */
    const char *out;        /* folder of the definition's outputs; NULL: that of the database */
    int workers;            /* 1 .. RUN_WORKERS_MAX */
    bool backfill;          /* catches up first: as a whole, or by one worker, large transactions, indexes at the end */
    struct reject_limit max_rejects; /* of the warehouse when all is loaded, with follow when it stops */
    int commit_ms;                   /* a transaction every so many milliseconds; 0: as soon as may be */
    const char *probe;               /* workers write the instants of records to PROBE.worker-N (probe.h); NULL: none */
    bool follow;                     /* goes on after the ends, until SIGTERM or SIGINT */
    const char *bootstrap;           /* HOST:PORT, or NULL: a broker of our own on broker_dir */
    const char *broker_dir;
    const char *topic; /* in place of the pipeline's; NULL: that one */
};

/* 0 when every partition is loaded up to its end (with follow: after a signal); ENGINE_RULE_FAILED (1), also for
 * max_rejects; a negative
 * `enum err` with a sentence. */
int run_stream(const struct run_options *options, struct err_text *error);

#endif
