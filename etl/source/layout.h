/* layout.h - where the declared columns stand in one file: the header line, and its short text form.
 *
 * The text travels with each record (struct record, `layout`), because the header does not:
 *
 *     "8"          eight fields, the declared columns stand in their own order from the first field on
 *     "8:0,2,-1"   eight fields; column 0 is field 0, column 1 is field 2, column 2 is not in this file
 *
 *
 * When the source has a column for what no other reads, the titles of such fields follow on a line of their own, as a
 * JSON array with null for the fields that are read: ["Discount",null]
 *
 * Inside etl/source and the row parser only. */
#ifndef MILLRACE_ETL_SOURCE_LAYOUT_H
#define MILLRACE_ETL_SOURCE_LAYOUT_H

#include "etl/source/spec.h"

struct layout {
    int field_count;      /* exact; 0: any number that reaches the columns */
    int *fields;          /* by declared column: index of its field, or -1 */
    struct slice *titles; /* with "extra": by field, as a JSON string; p is NULL for one that a column reads */
};

/* The layout of definitions without a header line: what the columns say. `l->fields` has room. */
void layout_fixed(const struct feed *feed, struct layout *l);
/* Reads the text form. False when it is not one (it may come from anywhere). */
bool layout_parse(const struct feed *feed, struct slice text, struct layout *l);
/* From a header's fields. ERR_INVALID names file, column and what the header has. `l->fields` has room. */
int layout_from_header(const struct feed *feed, const char *file, const struct slice *titles, int count,
                       struct layout *l, struct err_text *error);
void layout_print(const struct feed *feed, const struct layout *l, struct buf *out);
/* Appends what the text form needs with "extra". */
void layout_titles_print(const struct feed *feed, const struct layout *l, const struct slice *titles, struct buf *out);

#endif
