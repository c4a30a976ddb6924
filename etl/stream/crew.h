/* crew.h - the worker processes of a run: started, watched, replaced, stopped.
 *
 *     crew_start      "worker 1 4711" ... on standard output, a line for each process, also for a replacement
 *     crew_watch ...  now and then: the dead are replaced
 *     crew_stop       SIGTERM: each commits what it has; the slow ones are killed, which loses nothing */
#ifndef MILLRACE_ETL_STREAM_CREW_H
#define MILLRACE_ETL_STREAM_CREW_H

#include "etl/stream/worker.h"
#include "lib/os/process.h"

struct crew_member {
    struct process process;
    int number; /* from 1 */
    int64_t started_ns;
    int early_deaths; /* in a row */
};

struct crew {
    struct worker_options options; /* but for `instance`, which follows from the number */
    struct crew_member *members;
    int count;
};

int crew_start(struct crew *c, const struct worker_options *options, int count, struct err_text *error);
/* 0; ENGINE_RULE_FAILED when a worker met a broken rule of severity `fail`; negative when one ended with an error, or
 * when they die as fast as they are started. */
int crew_watch(struct crew *c, struct err_text *error);
void crew_stop(struct crew *c);

#endif
