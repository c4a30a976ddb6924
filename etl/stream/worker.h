/* worker.h - one worker process of `millrace stream run`: a member of the consumer group that loads its partitions.
 *
 *     join -> assigned: positions from the database -> poll, stage, commit ... -> SIGTERM: commit, end
 *                ^                                        |
 *                +--------------- rebalance --------------+   what is pending is dropped
 *
 * The group only shares out partitions; no offset is ever committed to it. The member is static
 * (KIP-345): a worker that replaces a dead one takes over its partitions without a rebalance. */
#ifndef MILLRACE_ETL_STREAM_WORKER_H
#define MILLRACE_ETL_STREAM_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

struct worker_options {
    const char *definition; /* file */
    const char *db;
    const char *bootstrap;
    const char *topic; /* in place of the pipeline's own */
    const char *group;
    const char *instance; /* the static member's name */
    int64_t run;          /* number in etl_runs */
    bool backfill;        /* the only one, with large transactions */
    int commit_ms;        /* a transaction every so many milliseconds; 0: as soon as may be */
    const char *probe;    /* file for its instants, see probe.h; NULL: none */
};

/* Exit status of a worker that must be replaced although nothing is wrong: it was fenced (EX_TEMPFAIL). */
enum { WORKER_REPLACE = 75 };

/* 0 after SIGTERM; 1 when a rule with severity `fail` was broken; 2 for what another worker would meet as well;
 * WORKER_REPLACE. `error` says why, but for 0. */
int worker_run(const struct worker_options *options, struct err_text *error);

#endif
