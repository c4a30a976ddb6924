/* batch.h - a folder of files into the tables of a database: `millrace etl run`.
 *
 *     definition, lists of files           nothing is touched if these are wrong
 *     the run's row in etl_runs            a locked database, or a run that is under way, is an error here
 *     full (ENGINE_FRESH):
 *       BEGIN IMMEDIATE
 *         every source in the definition's order, its files in byte order of names
 *                                          -> new tables, after the old ones are dropped
 *         flush, indexes, views
 *       COMMIT                             the one instant at which the warehouse changes
 *     append, incremental, upsert:         what is new or has changed, a transaction per file (load.c)
 *     outputs                              files made from the tables (etl/export/export.h); changelogs: what has
 *                                          changed since the last run (etl/changelog/outbox.h)
 *
 * kill -9 at any moment leaves the old warehouse or the new one, or one that has some of the new files: the next run
 * goes on there. */
#ifndef MILLRACE_ETL_BATCH_BATCH_H
#define MILLRACE_ETL_BATCH_BATCH_H

#include <stdbool.h>

#include "etl/engine.h"
#include "etl/reject_limit.h"
#include "lib/base/err.h"

struct batch_options {
    const char *definition; /* file */
    const char *in;         /* folder of sources */
    const char *db;         /* SQLite file, created when missing. A dry run needs none: NULL */
    const char *out;        /* folder of the definition's outputs; NULL: that of the database */
    const char *bootstrap;  /* HOST:PORT for outputs that are topics, or NULL: a broker of our own on broker_dir */
    const char *broker_dir;
    struct reject_limit max_rejects; /* a run that has one is a single transaction */
    enum engine_mode mode;           /* not ENGINE_LIVE, which is a stream's */
    bool dry_run; /* everything but the COMMIT; what it would have made is printed on standard output */
    bool resume;  /* does nothing when the last run is one of this definition over these files, and is done */
};

/* `full`, `append`, `incremental` or `upsert`; false for anything else. */
bool batch_mode_read(const char *text, enum engine_mode *out);

/* 0; ENGINE_RULE_FAILED (1) when a rule with severity `fail` was broken, or more records than max_rejects were
 * rejected; a negative `enum err`. In both latter cases the tables are as they were (a database that was not there
 * before is removed again), but for what a load mode has committed on the way, and for an output that could not be
 * written: then only the files are as they were, and what is left of a changelog is sent by the next run. `error` says
 * why. Progress goes to standard error. */
int batch_run(const struct batch_options *options, struct err_text *error);

#endif
