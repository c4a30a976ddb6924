/* unique.h - who has a key: the stateful part of the rule `unique`.
 *
 * The row with the smallest position (file name bytes, then byte offset) keeps a key, whatever the order
 * of arrival. A batch meets rows in that order, so the first one wins and a set of fingerprints is
 * enough (key_set.h). A stream keeps every candidate, losers too, because a winner can be taken away again: in
 *
 *     millrace_unique_SOURCE.RULE(high, low, holder, file, byte_offset, line, number, layout, repeated, late_s, raw)
 *
 * high and low are the halves of the key's fingerprint, holder is 1 for the one who has the key and 0 for
 * the others, the rest is the record, enough to parse it again when it wins or loses later. Rows are
 * appended. `millrace_keys_SOURCE.RULE(k, n)` says which row has a key (numbers.h: written late, many keys at once),
 * and a small partial index finds the others (few) by key and position, so that the next holder is the first of them
 * however many there are. Who is alone (operator.h) knows the holders in memory, as long as there are not too many, and
 * has no such table; the next one who is not alone makes it. */
#ifndef MILLRACE_ETL_OPERATOR_UNIQUE_H
#define MILLRACE_ETL_OPERATOR_UNIQUE_H

#include "etl/operator/key_set.h"
#include "etl/operator/operator.h"

struct unique;

/* Alone: with more keys than these it makes the table after all. */
extern size_t unique_holders_max;

int unique_open(struct operator_context *c, const struct feed *feed, const char *rule, struct unique **out);
void unique_close(struct unique *u); /* NULL is allowed */

/* Batch: the key will be asked for soon. */
void unique_prefetch(const struct unique *u, struct fingerprint key);
/* Batch: *first when no row before had this key. */
int unique_first(struct unique *u, struct fingerprint key, bool *first);
/* Batch: adds what is kept about the keys. */
void unique_measure(const struct unique *u, struct state_size *size);
/* Batch: no key will be asked for any more. */
void unique_forget(struct unique *u);

/* Live: who has the key, which is to be known before it changes hands. 1: *out is set, its memory is in `arena`; 0:
 * nobody. */
int unique_holder(struct unique *u, struct fingerprint key, struct arena *arena, struct record *out);
/* Adds a candidate. `holder` is who has the key now, or NULL; the one with the smaller position has it
 * afterwards. */
int unique_add(struct unique *u, struct fingerprint key, const struct record *record, const struct record *holder);
/* Removes a candidate; if it has the key (`held`), the one with the next position gets it. */
int unique_remove(struct unique *u, struct fingerprint key, const struct position *at, bool held);

/* Live: after a rollback. */
void unique_rollback(struct unique *u);

/* Order of positions: file name bytes, then byte offset. */
int position_compare(const struct position *a, const struct position *b);

#endif
