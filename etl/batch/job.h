/* job.h - the inside of a batch_run, whatever its mode.
 *
 *     job  definition, lists of files, database, run's row      [batch.c]
 *       refresh_run    --mode full                              [refresh.c]
 *       load_run       append, incremental, upsert              [load.c]
 *     what it says about itself                                 [say.c] */
#ifndef MILLRACE_ETL_BATCH_JOB_H
#define MILLRACE_ETL_BATCH_JOB_H

#include <sqlite3.h>

#include "etl/batch/batch.h"
#include "etl/changelog/sender.h"
#include "etl/definition.h"
#include "etl/engine.h"
#include "etl/export/export.h"
#include "etl/sink/runs.h"
#include "etl/source/notes.h"
#include "etl/source/source.h"
#include "etl/stream/own_broker.h"
#include "lib/os/progress.h"

enum { JOB_PROGRESS_EVERY = 4096 };

struct job {
    const struct batch_options *options;
    struct definition *definition;
    struct source_lists lists;
    char input[65]; /* digest of their names and digests */
    sqlite3 *db;
    int lock; /* -1: none */
    struct exports exports;
    struct own_broker broker;
    struct sender *sender; /* of the changelogs; NULL without any */
    bool created;          /* the database file was not there and holds no warehouse */
    struct engine *engine;
    int64_t run;              /* 0: not begun, or a dry run that has no row of its own */
    struct run_counts counts; /* replaced, taken_back and files are counted here, the others by the engine */
    struct source_notes *notes;
    struct progress progress;
    char title[128];
    uint64_t lines_done; /* of files that are finished */
    struct err_text *error;
};

/* The row of this run, in the transaction of the caller. */
int job_run_begin(struct job *j);
/* Writes the counts so far into the row of this run. */
int job_counts_write(struct job *j);
/* The first failure of the engine in the words of the engine. */
int job_engine_result(struct job *j, int result);
/* ENGINE_RULE_FAILED when more records are rejected than may be; `complete` when no more records come. */
int job_rejects_check(struct job *j, bool complete);

/* What the changelogs need in a database with its tables, in the transaction of the caller; a topic that is new gets
 * all rows. But for --mode full, triggers follow the tables, as in a stream. */
int job_outboxes_make(struct job *j);

/* Everything from BEGIN to COMMIT; after a failure what was not committed is rolled back. */
int refresh_run(struct job *j);
int load_run(struct job *j);

/* --- say.c --- */

/* ": duplicate 12, bad_date 3" of what a full refresh rejects. */
void rejects_say(struct job *j, struct buf *out);
/* On standard output, before the roll-back: what would be there. */
int dry_run_say(struct job *j);
void committed_say(struct job *j);

#endif
