/* pending.h - rows that wait for others, to go into their table together (bulk.h).
 *
 *     pending_open -> { pending_value | pending_integer | pending_text | pending_blob for each column,
 *                       pending_row_end }... -> pending_write -> ... -> pending_close
 *
 * What waits is not in the database: whoever reads or deletes rows there calls pending_write before, and whoever rolls
 * back pending_drop. Values are copied. Memory: a row has 16 bytes a column and its texts; up to PENDING_ROWS_MAX rows
 * wait, up to PENDING_TEXT_BYTES_MAX bytes of texts. */
#ifndef MILLRACE_ETL_SINK_PENDING_H
#define MILLRACE_ETL_SINK_PENDING_H

#include <sqlite3.h>

#include "etl/row.h"
#include "lib/base/err.h"

enum { PENDING_ROWS_MAX = 256, PENDING_TEXT_BYTES_MAX = 1 << 18 };

struct pending;

/* Those of one connection. */
struct pending_list {
    struct pending *first;
};

/* `into` is what stands behind INSERT INTO: a table and its `columns` columns. `name` as in bulk_open. On failure *out
 * has to be closed as well. */
int pending_open(struct pending_list *list, sqlite3 *db, const char *name, const char *into, int columns,
                 struct pending **out, struct err_text *error);
void pending_close(struct pending_list *list, struct pending *p); /* NULL is allowed; what waits is dropped */

/* The next column of the row. */
void pending_value(struct pending *p, const struct value *v);
void pending_integer(struct pending *p, int64_t i);
void pending_text(struct pending *p, struct slice text);
void pending_blob(struct pending *p, struct slice bytes);
/* All columns are there. May write what waits. */
int pending_row_end(struct pending *p, struct err_text *error);

bool pending_is_empty(const struct pending *p); /* nothing waits */
int pending_write(struct pending *p, struct err_text *error);
void pending_drop(struct pending *p);
int pending_write_all(const struct pending_list *list, struct err_text *error);
void pending_drop_all(const struct pending_list *list);

#endif
