/* csv_common.h - the kind of record that nearly all are: quotes stand around a whole field, or doubled inside of such
 * quotes, or not at all. Its fields are found by the bits of blocks (marks.h), without looking at byte after byte.
 *
 *     a,"b,c","d""e"        the record
 *     ..1.....1..1..1       quotes
 *     ..111111...           inside: from an opening quote to before its closing one, which is each quote xored with all
 *                           below it; a delimiter there is content
 *
 * Everything else, and all that is malformed, is left to csv.c, which goes field by field and can say what is wrong. */
#ifndef MILLRACE_ETL_SOURCE_CSV_COMMON_H
#define MILLRACE_ETL_SOURCE_CSV_COMMON_H

#include "etl/source/csv.h"

/* As csv_split, which asks here first. False: the record is of another kind; then *count and the fields mean nothing.
 */
bool csv_common_split(const struct csv_spec *spec, struct slice record, struct arena *arena, struct slice *fields,
                      int *count);

/* Halves doubled quotes: the same slice when there are none. */
struct slice csv_doubled_halve(struct slice s, char quote, struct arena *arena);

#endif
