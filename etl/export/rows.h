/* rows.h - the rows of an output, one after the other, as lines of its format. For outputs only.
 *
 * Values, by their type in the database and, of a definition's table, in the definition:
 *
 *                CSV                                           NDJSON
 *     NULL       "null" of the output, by default nothing      null
 *     integer    12                                            12
 *     decimal    12.50, as many digits as its scale            12.50
 *     real       the shortest text that is the same number     the same
 *     text       in quotes when it must be; '' always is       "..."
 *     times      2024-12-31 23:59:00                           "2024-12-31 23:59:00"
 *     bytes      \x0AFF                                        "\\x0AFF" */
#ifndef MILLRACE_ETL_EXPORT_ROWS_H
#define MILLRACE_ETL_EXPORT_ROWS_H

#include <sqlite3.h>

#include "etl/definition.h"

struct export_rows {
    const struct export *export;
    sqlite3_stmt *statement;
    int column_count;
    int *scales; /* of each column; -1: no decimal */
};

/* ERR_INVALID when a column is not there. */
int export_rows_open(struct export_rows *r, const struct definition *d, const struct export *e, sqlite3 *db,
                     struct err_text *error);
/* The line with the names, if there is one. */
void export_header(const struct export_rows *r, struct buf *out);
/* Appends the row on which the statement stands. */
void export_row(const struct export_rows *r, struct buf *out);
void export_rows_close(struct export_rows *r);

/* --- for other outputs --- */

/* The names of all columns of a table or view, NULL-terminated, in `arena`. */
int export_names_read(sqlite3 *db, const char *relation, struct arena *arena, const char ***out,
                      struct err_text *error);
/* ERR_INVALID when `name`, which stands in the output's `key` (its path is `at`), is none of them. */
int export_name_check(const struct definition *d, const char *at, const char *relation, const char *key,
                      const char *name, const char *const *names, struct err_text *error);
/* The scale of a column of the definition's table of this index; -1: no decimal, or no such table. */
int export_scale(const struct definition *d, int table, const char *column);
/* Appends `count` columns of the row on which `s` stands, from `first` on, as an object of NDJSON; `scales` has one for
 * each of them. */
void export_json_object(sqlite3_stmt *s, int first, int count, const int *scales, struct buf *out);

#endif
