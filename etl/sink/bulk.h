/* bulk.h - many rows into a table by one statement, which reads them where they lie.
 *
 *     INSERT OR FAIL INTO "sales"("invoice", ...) SELECT * FROM "millrace_bulk_sales"
 *
 * What it selects from is a virtual table of this connection: SQLite asks it for one row after the other, column by
 * column. So nothing is bound, no statement begins and ends for a row, and the place behind the table's last row is
 * found once. With OR FAIL the statement keeps no journal of its own: after a failure the caller rolls back. */
#ifndef MILLRACE_ETL_SINK_BULK_H
#define MILLRACE_ETL_SINK_BULK_H

#include <sqlite3.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"

/* The caller's rows. */
struct bulk_rows {
    const void *(*next)(const void *row); /* NULL: it was the last one */
    /* Gives one column (sqlite3_result_...). A text must stay until the next row. */
    void (*column)(void *object, const void *row, int column, sqlite3_context *out);
};

struct bulk;

/* `insert` is the statement up to its values: "INSERT OR FAIL INTO t(a, b)". `name` is unique among those of the
 * connection. */
int bulk_open(sqlite3 *db, const char *name, const char *insert, int columns, const struct bulk_rows *rows,
              void *object, struct bulk **out, struct err_text *error);
/* Inserts `first` and what comes behind it. */
int bulk_write(struct bulk *b, const void *first, struct err_text *error);
void bulk_close(struct bulk *b); /* NULL is allowed */

#endif
