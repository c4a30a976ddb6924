/* unique.h - who has a key: the stateful part of the rule `unique`.
 *
 * The row with the smallest position (file name bytes, then byte offset) keeps a key, whatever the order
 * of arrival. A batch meets rows in that order, so the first one wins and a set of fingerprints is
 * enough. A stream keeps every candidate, losers too, because a winner can be taken away again: in
 *
 *     millrace_unique_RULE(high, low, file, byte_offset, line, layout, repeated, late_s, raw)
 *
 * high and low are the halves of the key's fingerprint, the rest is the record, enough to parse it
 * again when it wins or loses later. New candidates are appended and only the small index on `high` is
 * written at random places, which keeps commits small. */
#ifndef MILLRACE_ETL_OPERATOR_UNIQUE_H
#define MILLRACE_ETL_OPERATOR_UNIQUE_H

#include "etl/operator/fingerprint.h"
#include "etl/operator/operator.h"

struct unique;

int unique_open(struct operator_context *c, const char *rule, struct unique **out);
void unique_close(struct unique *u); /* NULL is allowed */

/* Batch: true when no row before had this key. */
bool unique_first(struct unique *u, struct fingerprint key);

/* Live: the candidate with the smallest position. 1: *out is set, its memory is in `arena`; 0: none. */
int unique_winner(struct unique *u, struct fingerprint key, struct arena *arena, struct record *out);
int unique_add(struct unique *u, struct fingerprint key, const struct record *record);
int unique_remove(struct unique *u, struct fingerprint key, const struct position *at);

/* Order of positions: file name bytes, then byte offset. */
int position_compare(const struct position *a, const struct position *b);

#endif
