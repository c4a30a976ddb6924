/* absence.h - columns whose path leads to nothing in any record of a file.
 *
 * A title that a CSV lacks is an error at its first line. In JSON and XML only all records together show that a path is
 * misspelt, or that whoever writes the file has dropped a member: each column would be NULL without a word. So a reader
 * looks at its records until every column has been there once, which most often is the first one or two.
 *
 *     "optional" of the column    not said: told at the end of the run    true: nothing    false: an error
 *
 * A JSON null is there; of what is read from around a record it is not. Inside etl/source only. */
#ifndef MILLRACE_ETL_SOURCE_ABSENCE_H
#define MILLRACE_ETL_SOURCE_ABSENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "etl/definition.h"
#include "etl/row.h"
#include "lib/base/err.h"

/* How many records of a file are looked at for a column that only is told of. */
enum { ABSENCE_RECORDS_MAX = 10000 };

struct absence;

/* NULL when there is nothing to look for. */
struct absence *absence_new(const struct feed *feed);
void absence_free(struct absence *a); /* NULL is allowed */
void absence_look(struct absence *a, const struct record *record);
/* How many records were looked at; those that do not fit the format do not count. */
uint64_t absence_records(const struct absence *a);
/* Whether a declared column was in none of them. */
bool absence_of(const struct absence *a, int column);
/* At the end of a file: ERR_INVALID names the file and the column with "optional": false that was in no record. */
int absence_check(const struct absence *a, const char *file, struct err_text *error);

#endif
