/* loaded.h - which records the warehouse holds already: one bit for each record of each file.
 *
 *     millrace_loaded(source, file, chunk, bits)    bits: 512 bytes for the numbers chunk*4096+1 .. (chunk+1)*4096
 *
 * A record is known by its source, its file and its number there (the line it begins on, for most), not by the
 * partition or offset it came through. So records that a retried or restarted publisher sends again are recognised in
 * any order and any partition, at one bit each.
 *
 * Everything happens inside the caller's transaction; what was read is kept between transactions until
 * loaded_forget (after a rollback, or when another process has written). */
#ifndef MILLRACE_ETL_STREAM_LOADED_H
#define MILLRACE_ETL_STREAM_LOADED_H

#include <sqlite3.h>

#include "etl/row.h"
#include "lib/base/err.h"

struct loaded;

int loaded_open(sqlite3 *db, struct loaded **out, struct err_text *error); /* makes the table when it is not there */
void loaded_close(struct loaded *l);                                       /* NULL is allowed */

/* 1: the record was marked before; 0: it was not, and is now; negative: an error of the database. */
int loaded_mark(struct loaded *l, struct slice source, const struct position *at, struct err_text *error);
/* Writes the marks of this transaction. */
int loaded_flush(struct loaded *l, struct err_text *error);
void loaded_forget(struct loaded *l);

#endif
