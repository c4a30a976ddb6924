/* database.h - a connection to a warehouse that several processes fill at the same time. */
#ifndef MILLRACE_ETL_STREAM_DATABASE_H
#define MILLRACE_ETL_STREAM_DATABASE_H

#include <sqlite3.h>

#include "lib/base/err.h"

/* Opens FILE, which is created when it is missing; nothing is written yet. Who must wait for another process's
 * transaction looks again every millisecond, `busy_ms` times (ERR_LOCKED then). Close with sqlite3_close. */
int database_open(const char *path, int busy_ms, sqlite3 **out, struct err_text *error);

/* How this connection works from now on: write-ahead log, synced at checkpoints only; no commit ever does a checkpoint.
 * Writes to the file: after it is known to be ours. */
int database_tune(sqlite3 *db, struct err_text *error);

/* Moves the write-ahead log into the database when it has grown large, without waiting for readers. For one process,
 * with two connections of its own.
 *
 * `gate` keeps writers away meanwhile. Without it a checkpoint races with them: between its reading the header of the
 * wal-index and taking its locks a writer may start the log over, and then frames are taken for moved that are not
 * (sqlite.org/wal.html, "the WAL-reset bug", up to 3.51.2; Debian 12 has 3.40). A commit's own checkpoint is no better
 * as soon as there are two writers. */
int database_checkpoint(sqlite3 *db, sqlite3 *gate, struct err_text *error);

#endif
