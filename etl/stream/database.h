/* database.h - a connection to a warehouse that several processes fill at the same time. */
#ifndef MILLRACE_ETL_STREAM_DATABASE_H
#define MILLRACE_ETL_STREAM_DATABASE_H

#include <sqlite3.h>

#include "lib/base/err.h"

/* Opens FILE, which is created when it is missing; nothing is written yet. Who must wait for another process's
 * transaction looks again every 0.2 ms, for `busy_ms` (ERR_LOCKED then). Close with sqlite3_close. */
int database_open(const char *path, int busy_ms, sqlite3 **out, struct err_text *error);

/* How this connection works from now on: write-ahead log, synced at checkpoints only; no commit ever does a checkpoint.
 * Writes to the file: after it is known to be ours. */
int database_tune(sqlite3 *db, struct err_text *error);

#endif
