/* parents.h - what the rules `fk` and `sum_equals` know: of the table that they look at, and of the rows that look.
 *
 *     a row of the table comes or goes --> parents_change --> rows and sum of its key
 *     a row of the rule's source       --> parents_judge      broken, as the keys stand now
 *
 * A batch reads sources in order, so the table is complete when the first row asks: a set of keys (fk, key_set.h) or
 * a sum for each key, in memory or, when they are many (spill.h), in a temporary database. In a stream a key may change
 * later; it is kept in
 *
 *     millrace_parents_SOURCE.RULE(high, low, rows, total, total_high)
 *     millrace_children_SOURCE.RULE(high, low, broken, value, file, byte_offset, ...)    see kept_record.h
 *
 * high and low are the halves of the key's fingerprint; a child is a row that takes part, with how it has been judged
 * and its value. Before a commit parents_misjudged finds those that stand wrong by then.
 *
 * Sums have 128 bits (wide_sum.h), so no order of rows overflows. total is the lower half, total_high the upper. */
#ifndef MILLRACE_ETL_OPERATOR_PARENTS_H
#define MILLRACE_ETL_OPERATOR_PARENTS_H

#include "etl/operator/fingerprint.h"
#include "etl/operator/operator.h"

struct parents;

/* `rule`: index in feed.rules, one with a reference. */
int parents_open(struct operator_context *c, const struct feed *feed, int rule, struct parents **out);
void parents_close(struct parents *p); /* NULL is allowed */

/* A row of any source takes its place in a bucket (sign 1), or leaves it; `values` are its feed's columns. */
int parents_change(struct parents *p, int feed, int bucket, const struct value *values, int sign);
/* Whether a row with this key, and (sum_equals) this value of rule.column, breaks the rule now. */
int parents_judge(struct parents *p, struct fingerprint key, const struct value *value, bool *broken);

/* --- batch --- */

void parents_measure(const struct parents *p, struct state_size *size);
/* Nobody asks any more. */
void parents_release(struct parents *p);

/* --- live: children --- */

int parents_child_add(struct parents *p, struct fingerprint key, const struct value *value, bool broken,
                      const struct record *record);
/* How it has been judged. 1: *broken is set; 0: it is not there. */
int parents_child_find(struct parents *p, struct fingerprint key, const struct position *at, bool *broken);
/* It is judged otherwise from now on. */
int parents_child_turn(struct parents *p, struct fingerprint key, const struct position *at, bool broken);
int parents_child_remove(struct parents *p, struct fingerprint key, const struct position *at);

/* Writes the keys that have changed, and appends the records (struct record, memory in `arena`) of the children that
 * have to be turned. */
int parents_misjudged(struct parents *p, struct arena *arena, struct buf *out);
/* Drops what is not written: after a rollback. */
void parents_forget(struct parents *p);

#endif
