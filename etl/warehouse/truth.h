/* truth.h - a ground truth folder in memory: tables of text cells.
 *
 * CSV as RFC 4180 has it (comma, doubled quotes, header line), LF or CRLF; JSON flattened to its
 * leaves: {"a": {"b": [1, "x"]}} is the rows (a.b.0, 1) and (a.b.1, x). */
#ifndef MILLRACE_ETL_WAREHOUSE_TRUTH_H
#define MILLRACE_ETL_WAREHOUSE_TRUTH_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

struct truth_table {
    const char **columns;
    int column_count;
    const char **cells; /* row after row */
    int row_count;
    struct arena arena; /* owns all texts */
    struct buf storage; /* owns `cells` */
};

/* Reads a CSV file. A row of another width is an error that names file and row. */
int truth_csv_read(const char *path, struct truth_table *out, struct err_text *error);
/* Reads a JSON file as a table of (key, value); members named in `without` (ends with NULL) on the top
 * level are left out. true, false and null are those words. */
int truth_json_read(const char *path, const char *const *without, struct truth_table *out, struct err_text *error);
/* Appends a row; `cells` has column_count texts, which are copied. */
void truth_row_add(struct truth_table *t, const char *const *cells);
void truth_release(struct truth_table *t);

#endif
