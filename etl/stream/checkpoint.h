/* checkpoint.h - moves the write-ahead log into the database when it has grown large: one process, beside the workers.
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
 * holds nothing. So the first part is left out unless there is a commit since everything was moved. */
#ifndef MILLRACE_ETL_STREAM_CHECKPOINT_H
#define MILLRACE_ETL_STREAM_CHECKPOINT_H

#include <sqlite3.h>
#include <stdint.h>

#include "lib/base/err.h"

struct checkpoint {
    sqlite3 *db;          /* the caller's */
    sqlite3 *gate, *hold; /* connections of its own */
    int file;             /* the caller's */
    int64_t version;      /* of the database as `db` sees it when all was moved; 0: not known */
};

/* Before there are workers. `db` is a connection to the file `path` on which nothing is going on during calls, `file` a
 * descriptor of it: one that is closed would take the locks of SQLite with it. */
int checkpoint_open(struct checkpoint *c, sqlite3 *db, const char *path, int file, struct err_text *error);
/* Now and then. Does nothing while the log is small. */
int checkpoint_run(struct checkpoint *c, struct err_text *error);
void checkpoint_close(struct checkpoint *c);

#endif
