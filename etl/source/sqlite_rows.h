/* sqlite_rows.h - the rows of a table, or of a view, of another SQLite database, as records.
 *
 *     sqlite_rows_open    read-only, in one read transaction: what is written meanwhile is not seen
 *     sqlite_rows_next    in order of rowid, as often as sqlite_rows_rewind says; what has no rowids (a view, a table
 *                         WITHOUT ROWID) in order of all columns that are read, numbered from 1
 *     sqlite_rows_close
 *
 * A record is the row as a JSON array of the columns that were asked for, in their order, without blanks:
 *
 *     [17,"B\u0001b",null,9.5,"0AFF"]
 *
 * NULL is null, an INTEGER its digits; a REAL the shortest of 15 or 17 digits that is the same number, without a point
 * when it has no fraction; TEXT a string with only ", \ and control characters escaped; a BLOB its bytes as hexadecimal
 * digits. So it is short, travels as text, and is read by what reads JSON. TEXT that is not UTF-8 stays as it is: such
 * a record is malformed. */
#ifndef MILLRACE_ETL_SOURCE_SQLITE_ROWS_H
#define MILLRACE_ETL_SOURCE_SQLITE_ROWS_H

#include <stdint.h>

#include "etl/source/source.h"
#include "lib/base/bytes.h"
#include "lib/base/err.h"

struct sqlite_rows;

/* `columns` ends with NULL. `others`: behind them stands an object of what is not NULL in the table's other columns,
 * null when there is nothing: [17,"Bob",{"fax":"5"}]. Rows of the same path `beside` (NULL: none are there) lend their
 * transaction: tables that are read side by side are of one moment. Errors name the file and the table or column:
 * ERR_NOTFOUND for what is not there. */
int sqlite_rows_open(const char *path, const char *table, const char *const *columns, bool others,
                     const struct sqlite_rows *beside, struct sqlite_rows **out, struct err_text *error);
/* The numbers of its rows are no rowids: they change when rows come or go. */
bool sqlite_rows_counted(const struct sqlite_rows *r);
/* 1: *name, in the arena, is the first column of the table that is none of these; 0: there is none. */
int sqlite_rows_other_column(struct sqlite_rows *r, const char *const *columns, struct arena *arena, const char **name,
                             struct err_text *error);
/* 1: the next row, valid until the next call; 0: no more; negative: an error. */
int sqlite_rows_next(struct sqlite_rows *r, struct slice *row, int64_t *rowid, struct err_text *error);
/* From the first row again, in the same transaction. */
void sqlite_rows_rewind(struct sqlite_rows *r);
/* The same, and only rows whose `column` is NULL, or not smaller than `since` less `look_back` (seconds, of a text what
 * SQLite takes for a time; a text that is none is in). NULL or WATERMARK_NONE: all rows. */
int sqlite_rows_since(struct sqlite_rows *r, const char *column, const struct watermark *since, int64_t look_back,
                      struct err_text *error);
/* Raises *io to the largest value of a column. */
int sqlite_rows_watermark(struct sqlite_rows *r, const char *column, struct watermark *io, struct err_text *error);
/* See source_numbers. */
int sqlite_rows_numbers(struct sqlite_rows *r, int (*each)(void *context, uint64_t number), void *context,
                        struct err_text *error);
/* SHA-256 of the rows, each with a line end, in hexadecimal; of the first `bytes` bytes of that, to whole rows. */
int sqlite_rows_digest(struct sqlite_rows *r, uint64_t bytes, char digest[65], struct err_text *error);
void sqlite_rows_close(struct sqlite_rows *r); /* NULL is allowed */

#endif
