/* json_records.h - the elements of an array inside a JSON document, one after the other, without a tree.
 *
 *     "$"  "[*]"               the document is an array: its elements
 *     "inventory.items"        the elements of the array there; "inventory.items[*]" is the same
 *     "orders[*].lines"        those of every order, in order
 *
 * A record is the stretch of the file that an element takes. The whole document is checked: what is not JSON is an
 * error with line and byte offset, also between records. */
#ifndef MILLRACE_ETL_SOURCE_JSON_RECORDS_H
#define MILLRACE_ETL_SOURCE_JSON_RECORDS_H

#include "etl/source/input.h"

struct json_record {
    struct slice raw;
    uint64_t byte_offset, line; /* line from 1 */
    uint64_t number;            /* from 1 */
};

struct json_records;

/* NULL, or what is wrong with the text of a path to records. */
const char *json_records_path_check(const char *path);
/* `in` and the texts must outlive it. */
struct json_records *json_records_new(struct input *in, const char *file, const char *path);
/* 1: *out is the next record, valid until the next call; 0: the end of a whole document; negative: an error. */
int json_records_next(struct json_records *j, struct json_record *out, struct err_text *error);
void json_records_free(struct json_records *j); /* NULL is allowed */

#endif
