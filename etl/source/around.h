/* around.h - values that stand around a record: in the objects, or elements, that it is inside of.
 *
 *     {"order_id": 7, "lines": [{"sku": "a"}, {"sku": "b"}]}        records: "orders[*].lines"
 *
 *     ../order_id      of the object around the record; ../../exported of the one around that
 *     #                the record's place in its array; ../# that of the object around it
 *
 * A record is read far from its file, so what its columns need of its surroundings travels in its layout: a JSON array
 * with one value for each of them, in the order of the columns; null for what is not there.
 *
 *     [7,1]            of the second line, for columns ../order_id and # */
#ifndef MILLRACE_ETL_SOURCE_AROUND_H
#define MILLRACE_ETL_SOURCE_AROUND_H

#include <stdbool.h>

#include "lib/base/bytes.h"

struct json_paths;

enum { AROUND_MAX = 64 };

struct around_value {
    int up;           /* how many objects or elements up; 0: the record itself, then `place` */
    bool place;       /* its place among its siblings, not a value in it */
    const char *path; /* from there on; unless `place` */
    int field;        /* of the record */
};

struct around {
    struct around_value values[AROUND_MAX];
    int count;
    struct json_paths *layout; /* where each stands in a layout */
};

/* Whether a column's path leads out of the record. */
bool around_leads(const char *path);
struct around *around_new(struct arena *arena);
/* Adds such a path for the field of this number; `truth_is_number` as in json_paths_add. The text must live as long.
 * NULL, or what is wrong with it. */
const char *around_add(struct around *a, const char *path, bool truth_is_number, int field);
/* The values of a layout, as json_split gives them, which are taken off its front. False: it is no such layout. */
bool around_split(const struct around *a, struct slice *layout, struct arena *arena, struct slice values[AROUND_MAX]);
/* Puts them where the record's fields are. */
void around_put(const struct around *a, const struct slice *values, struct slice *fields);

#endif
