/* checkpoint.h - moves the write-ahead log into the database when it has grown: one thread of one process, beside the
 * workers.
 *
 *     gate:  |w|                                        |--------w--------|    no worker writes meanwhile
 *     hold:   |---------------- r ----------------|----|                       the log can not start over
 *     db:        copies all there was, syncs both    again   copies the rest
 *
 * SQLite up to 3.51.2 (Debian 12 has 3.40) loses a race between a checkpoint and a writer that starts the log over:
 * between reading the header of the wal-index and taking the locks, frames are taken for moved that are not
 * (sqlite.org/wal.html, "the WAL-reset bug"). A commit's own checkpoint is no better as soon as there are two writers.
 * A log is only started over while no reader stands in it. So a reader stands in it while most is moved, which takes
 * long and keeps no writer away; and what came meanwhile is moved behind the write lock, which is short.
 *
 * A reader finds its place in the log only when not all of it is moved already; else it reads the database file, and
 * holds nothing: then there is nothing to move either.
 *
 * The log is kept short. One that grows goes onto pages of memory and disk that were not used before, at four times
 * the price of a frame (18 us instead of 4), and one that has outgrown what is kept is cut by a commit (50 ms). */
#ifndef MILLRACE_ETL_STREAM_CHECKPOINT_H
#define MILLRACE_ETL_STREAM_CHECKPOINT_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>

#include "lib/base/err.h"

struct checkpoint {
    sqlite3 *db, *gate, *hold; /* connections of its own */
    int file;                  /* the caller's */

    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t turned;
    bool ended;
    int result;
    struct err_text failure;
};

/* Before there are workers. `path` is the database, `file` a descriptor of it: one that is closed would take the locks
 * of SQLite with it. */
int checkpoint_open(struct checkpoint *c, const char *path, int file, struct err_text *error);
/* Once. Does nothing while the log is short. */
int checkpoint_run(struct checkpoint *c, struct err_text *error);
/* Again and again, on a thread. */
int checkpoint_start(struct checkpoint *c, struct err_text *error);
/* How that has failed; 0. */
int checkpoint_look(struct checkpoint *c, struct err_text *error);
void checkpoint_close(struct checkpoint *c);

#endif
