/* kept.h - what the operators of a live pipeline keep about their keys: all of it lies in tables of the database.
 *
 *     millrace_state_visits: 7172 keys, 1179648 bytes in the database, 164.5 a key; millrace_unique_same: ...
 *
 * What a process has of it in memory is a cache, which it may forget at any time. A batch without an earlier run keeps
 * its state in memory and in temporary files instead (etl/state_size.h). */
#ifndef MILLRACE_ETL_SINK_KEPT_H
#define MILLRACE_ETL_SINK_KEPT_H

#include "etl/sink/sql.h"

/* A larger database is not looked at: it would take seconds. */
enum { KEPT_LOOK_BYTES_MAX = 1 << 30 };

/* Appends a part for each such table that has rows: how many, and the pages that they and their indexes take, which
 * are read for that. Nothing where SQLite was built without its table dbstat. */
int kept_say(sqlite3 *db, struct buf *out, struct err_text *error);

#endif
