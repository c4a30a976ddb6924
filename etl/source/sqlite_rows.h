/* sqlite_rows.h - the rows of a table of another SQLite database, as records.
 *
 *     sqlite_rows_open    read-only, in one read transaction: what is written meanwhile is not seen
 *     sqlite_rows_next    in order of rowid, as often as sqlite_rows_rewind says
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

#include "lib/base/bytes.h"
#include "lib/base/err.h"

struct sqlite_rows;

/* `columns` ends with NULL. Errors name the file and the table or column: ERR_NOTFOUND, ERR_UNSUPPORTED for views and
 * tables without rowids. */
int sqlite_rows_open(const char *path, const char *table, const char *const *columns, struct sqlite_rows **out,
                     struct err_text *error);
/* 1: the next row, valid until the next call; 0: no more; negative: an error. */
int sqlite_rows_next(struct sqlite_rows *r, struct slice *row, int64_t *rowid, struct err_text *error);
/* From the first row again, in the same transaction. */
void sqlite_rows_rewind(struct sqlite_rows *r);
/* SHA-256 of the rows, each with a line end, in hexadecimal; of the first `bytes` bytes of that, to whole rows. */
int sqlite_rows_digest(struct sqlite_rows *r, uint64_t bytes, char digest[65], struct err_text *error);
void sqlite_rows_close(struct sqlite_rows *r); /* NULL is allowed */

#endif
