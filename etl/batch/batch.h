/* batch.h - the full refresh: a folder of files in, a new set of tables out.
 *
 *     definition, lists of files           nothing is touched if these are wrong
 *     BEGIN IMMEDIATE                      a locked database is an error here
 *       every source in the definition's order, its files in byte order of names
 *                                          -> millrace_new_... tables
 *       flush, swap, indexes, views
 *     COMMIT                               the one instant at which the warehouse changes
 *     outputs                              files made from the tables (etl/export/export.h); changelogs: what has
 *                                          changed since the last run (etl/changelog/outbox.h)
 *
 * kill -9 at any moment leaves the old warehouse or the new one, never anything between. */
#ifndef MILLRACE_ETL_BATCH_BATCH_H
#define MILLRACE_ETL_BATCH_BATCH_H

#include <stdbool.h>

#include "etl/batch/reject_limit.h"
#include "lib/base/err.h"

struct batch_options {
    const char *definition; /* file */
    const char *in;         /* folder of sources */
    const char *db;         /* SQLite file, created when missing. A dry run needs none: NULL */
    const char *out;        /* folder of the definition's outputs; NULL: that of the database */
    const char *bootstrap;  /* HOST:PORT for outputs that are topics, or NULL: a broker of our own on broker_dir */
    const char *broker_dir;
    struct reject_limit max_rejects;
    bool dry_run; /* everything but the COMMIT; what it would have made is printed on standard output */
};

/* 0; ENGINE_RULE_FAILED (1) when a rule with severity `fail` was broken, or more records than max_rejects were
 * rejected; a negative `enum err`. In both latter cases the database is as it was (a file that was not there before
 * is removed again), but for an output that could not be written: then only the files are as they were, and what is
 * left of a changelog is sent by the next run. `error` says why. Progress goes to standard error. */
int batch_run(const struct batch_options *options, struct err_text *error);

#endif
