/* sent_rows.h - which rows of a table were sent, and what of each: a checksum by rowid. */
#ifndef MILLRACE_ETL_STREAM_SENT_ROWS_H
#define MILLRACE_ETL_STREAM_SENT_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/bytes.h"

struct sent_rows;

struct sent_rows *sent_rows_new(void);
void sent_rows_free(struct sent_rows *s); /* NULL is allowed */
/* True when this is not what was sent of the row last; it is from now on. */
bool sent_rows_note(struct sent_rows *s, uint64_t number, struct slice raw);
/* The row was sent, or will be; if it is new here, what of it is not known. */
void sent_rows_add(struct sent_rows *s, uint64_t number);
void sent_rows_remove(struct sent_rows *s, uint64_t number);
/* All of them, ascending; to be freed. */
uint64_t *sent_rows_numbers(const struct sent_rows *s, size_t *count);

#endif
