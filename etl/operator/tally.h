/* tally.h - how many rows have a certain value, for count_distinct that can take rows back.
 *
 * One tally per count_distinct column; its keys are fingerprints of (group, value). Live, the counts
 * are in `millrace_distinct_TABLE_COLUMN(k BLOB PRIMARY KEY, n)`, read when a key is first seen and
 * written at flush. A batch only remembers which keys there were (key_set.h). */
#ifndef MILLRACE_ETL_OPERATOR_TALLY_H
#define MILLRACE_ETL_OPERATOR_TALLY_H

#include "etl/operator/key_set.h"
#include "etl/operator/operator.h"

struct tally;

int tally_open(struct operator_context *c, const char *table, const char *column, struct tally **out);
/* Counts a row in or out. *change: +1 the value is new, -1 it is gone, 0 neither. */
int tally_change(struct tally *t, struct fingerprint key, int sign, int *change);
int tally_flush(struct tally *t);
/* Batch: adds what is kept about the keys. */
void tally_measure(const struct tally *t, struct state_size *size);
void tally_forget(struct tally *t);
void tally_close(struct tally *t); /* NULL is allowed */

#endif
