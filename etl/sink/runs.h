/* runs.h - `etl_runs`: a row for every run into a warehouse.
 *
 *     etl_runs(run, mode, pipeline, definition, input, started, ended, status, read, accepted, rejected, warned,
 *              replaced, taken_back, files, error)
 *
 *     running -> done | failed [runs_end] | interrupted [the next runs_begin: nobody else can be running]
 *
 * A table for everybody, but not content: no digest covers it, and a refresh leaves it. `definition` and `input` are
 * digests; `input` is NULL when it cannot be known. Counts are what this run read. Times are UTC.
 *
 * A run's row is committed before the run begins, else a kill would leave no trace of it. Who begins one holds the lock
 * of the database (lock.h). */
#ifndef MILLRACE_ETL_SINK_RUNS_H
#define MILLRACE_ETL_SINK_RUNS_H

#include <sqlite3.h>
#include <stdbool.h>

#include "etl/definition.h"
#include "lib/base/err.h"

enum run_status { RUN_DONE, RUN_FAILED, RUN_INTERRUPTED };

struct run_counts {
    int64_t read, accepted, rejected, warned;
    int64_t replaced;   /* former versions of records that came again with other content */
    int64_t taken_back; /* records that are gone */
    int64_t files;      /* of which something was read */
};

/* Makes the table; ERR_EXISTS when there is one of that name that no pipeline made. */
int runs_prepare(sqlite3 *db, struct err_text *error);
/* Runs that nobody ended are interrupted now. Inside a write transaction, like the others. */
int runs_begin(const struct definition *d, sqlite3 *db, const char *mode, const char *input, int64_t *run,
               struct err_text *error);
int runs_count(sqlite3 *db, int64_t run, const struct run_counts *counts, struct err_text *error);
/* The same for a run of several processes: what the warehouse has more than it had `before`, by its tables. */
int runs_totals(sqlite3 *db, struct run_counts *out, struct err_text *error);
int runs_count_since(sqlite3 *db, int64_t run, const struct run_counts *before, struct err_text *error);
/* `message`: what went wrong, NULL when it is done. */
int runs_end(sqlite3 *db, int64_t run, enum run_status status, const char *message, struct err_text *error);

struct run_last {
    int64_t run; /* 0: there is none */
    bool done;   /* else it failed or was interrupted */
    bool same;   /* of the same mode and definition, over the same input */
    char started[32];
};
/* The last run before this one. */
int runs_last(const struct definition *d, sqlite3 *db, const char *mode, const char *input, struct run_last *out,
              struct err_text *error);

#endif
