/* json_records.h - the elements of an array inside a JSON document, or the members of an object whose names are data,
 * one after the other, without a tree.
 *
 *     "$"  "[*]"               the document is an array: its elements
 *     "inventory.items"        the elements of the array there; "inventory.items[*]" is the same
 *     "orders[*].lines"        those of every order, in order
 *     "stock.*"                the values of all members of the object there; "*" of the document
 *     "days.*[*]"              the elements of the arrays that are its members
 *
 * What is wanted of an object around records is looked for when it begins: as far ahead as it takes to find all of it,
 * so the members behind the records count as well, within AROUND_BYTES_MAX.
 *
 * A record is the stretch of the file that an element takes. The whole document is checked: what is not JSON is an
 * error with line and byte offset, also between records. */
#ifndef MILLRACE_ETL_SOURCE_JSON_RECORDS_H
#define MILLRACE_ETL_SOURCE_JSON_RECORDS_H

#include "etl/source/around.h"
#include "etl/source/input.h"

enum { AROUND_BYTES_MAX = 32 << 20 };

struct json_record {
    struct slice raw;
    uint64_t byte_offset, line; /* line from 1 */
    uint64_t number;            /* from 1 */
};

struct json_records;

/* NULL, or what is wrong with the text of a path to records. */
const char *json_records_path_check(const char *path);
/* NULL, or why this value does not stand around such records. */
const char *json_records_around_check(const char *path, const struct around_value *value);
/* `many`: one document stands behind the other, most often one a line; each may lack the array, but not all.
 * `around`: what is wanted of what is around records; NULL: nothing. `in` and the texts must outlive it, but for `key`:
 * where the path stands in the definition, for messages. */
struct json_records *json_records_new(struct input *in, const char *file, const char *path, const char *key, bool many,
                                      const struct around *around);
/* 1: *out is the next record, valid until the next call; 0: the end of a whole document; negative: an error. */
int json_records_next(struct json_records *j, struct json_record *out, struct err_text *error);
/* Appends the layout of the record that was given last (around.h), in the bytes of the file. */
void json_records_layout(const struct json_records *j, struct buf *out);
void json_records_free(struct json_records *j); /* NULL is allowed */

#endif
