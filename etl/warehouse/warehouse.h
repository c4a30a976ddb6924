/* warehouse.h - looking at a finished (or growing) warehouse: digest, compare, check.
 *
 * A business table is every table but `millrace_...` (state of the pipelines), `etl_runs` (when it was loaded) and
 * `sqlite_...`; views are no tables. The column `run` of `quarantine` and `warnings` is left out everywhere: it tells
 * when a row was found, not what is in it. Rows are compared in the order of all their columns, because a table is a
 * multiset of rows: how they came in says nothing.
 *
 * Each function reads one snapshot, so a stream may go on writing meanwhile.
 *
 * Results: 0 equal (or done), 1 different, a negative `enum err` with a sentence otherwise. */
#ifndef MILLRACE_ETL_WAREHOUSE_WAREHOUSE_H
#define MILLRACE_ETL_WAREHOUSE_WAREHOUSE_H

#include <sqlite3.h>
#include <stdio.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"

/* Opens an existing database, for reading only, and begins to read its snapshot. Close with
 * sqlite3_close. */
int warehouse_open(const char *path, sqlite3 **out, struct err_text *error);

/* --- tables as multisets of rows (what digest and compare are made of) --- */

struct warehouse_tables {
    char **names; /* business tables in byte order */
    int count;
};
int warehouse_tables_init(struct warehouse_tables *t, sqlite3 *db, struct err_text *error);
void warehouse_tables_release(struct warehouse_tables *t);

/* A statement that gives the rows of a table in the order of all columns (see above). */
int warehouse_rows(sqlite3 *db, const char *table, sqlite3_stmt **out, struct err_text *error);
/* Compares the current rows of two such statements as ORDER BY did: <0, 0, >0. */
int warehouse_row_compare(sqlite3_stmt *a, sqlite3_stmt *b);
/* Appends the row for a person: `('a', 1, NULL)`. */
void warehouse_row_print(sqlite3_stmt *s, struct buf *out);

/* --- the three commands --- */

/* Prints `TABLE<TAB>ROWS<TAB>SHA256` for each business table, sorted. The hash is over the column
 * names and the typed values, so that '1' and 1 differ. */
int warehouse_digest(sqlite3 *db, FILE *out, struct err_text *error);

/* Prints the tables and the first rows in which two warehouses differ. */
int warehouse_compare(sqlite3 *a, sqlite3 *b, FILE *out, struct err_text *error);

/* Compares with the ground truth in `directory`: each NAME.csv with the table or view NAME of the same
 * columns, summary.json with summary(key, value). Prints a verdict per truth file. */
int warehouse_check(sqlite3 *db, const char *directory, FILE *out, struct err_text *error);

#endif
