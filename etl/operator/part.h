/* part.h - the parts of a list that stands in one text.
 *
 *     "Comedy|Drama |"  by "|"             Comedy, Drama        without the blanks around them; an empty one is none
 *     ["a", 1, null, {"b": 2}]  of JSON    a, 1, {"b": 2}       a string's text, other values as they stand; null is
 * none what is no JSON array                nothing */
#ifndef MILLRACE_ETL_OPERATOR_PART_H
#define MILLRACE_ETL_OPERATOR_PART_H

#include <stdbool.h>

#include "etl/source/json_scan.h"
#include "lib/base/bytes.h"

enum { PARTS_MAX = 1 << 20 }; /* in one list, less one */

struct parts {
    struct slice rest; /* by a text; p is NULL at the end */
    struct slice by;   /* p is NULL: JSON */
    struct json_scan scan;
    bool ended;
    struct arena *arena;
};

/* The list and the separator must live as long; parts are in the list or in the arena. */
void parts_begin(struct parts *p, struct slice list, const char *by, struct arena *arena);
bool parts_next(struct parts *p, struct slice *part);

#endif
