/* xml_records.h - the elements of an XML file that are records, one after the other, without a tree.
 *
 *     "product"                 every element of this name, wherever it stands (not those inside another record)
 *     "catalog/shelf/product"   only at this place, from the root on
 *
 * What is wanted of an element around records may stand behind them: they wait until it has been found or the element
 * ends, within XML_WAIT_BYTES_MAX.
 *
 * A record is the stretch of the file from its start tag to its end tag, as it stands there. The whole file is
 * checked: what is not well-formed is an error with line and byte offset, also between records. */
#ifndef MILLRACE_ETL_SOURCE_XML_RECORDS_H
#define MILLRACE_ETL_SOURCE_XML_RECORDS_H

#include "etl/source/around.h"
#include "etl/source/input.h"

enum { XML_WAIT_BYTES_MAX = 32 << 20 };

struct xml_record {
    struct slice raw;
    uint64_t byte_offset, line; /* line from 1 */
    uint64_t number;            /* from 1 */
};

struct xml_records;

/* NULL, or what is wrong with the text of a record's path. */
const char *xml_records_path_check(const char *path);
/* NULL, or why this value does not stand around such records. */
const char *xml_records_around_check(const char *path, const struct around_value *value);
/* `encoding`: of the file, whatever it declares; NULL: what it declares. `around`: what is wanted of what is around
 * records, with white space taken off as `trim` says; NULL: nothing. `in` and the texts must outlive it. */
struct xml_records *xml_records_new(struct input *in, const char *file, const char *path, const char *encoding,
                                    const struct around *around, bool trim);
/* 1: *out is the next record, valid until the next call; 0: the end of a whole file; negative: an error. */
int xml_records_next(struct xml_records *x, struct xml_record *out, struct err_text *error);
/* At the end of a file: whether it has no record although its root, or the element that records stand in, has child
 * elements. Then the list of the elements that it has, as ways from the root, the first few; else NULL.
 * Lives as long as `x`. */
const char *xml_records_missed(const struct xml_records *x);
/* Appends what the record that was given last needs of its file: the values around it (around.h), if any are wanted,
 * and how to read it (xml_text.h). */
void xml_records_layout(const struct xml_records *x, struct buf *out);
void xml_records_free(struct xml_records *x); /* NULL is allowed */

#endif
