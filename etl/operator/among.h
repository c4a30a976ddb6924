/* among.h - one rule of a table that looks at other rows (`unique`, `fk`, `sum_equals`), as SQL.
 *
 *     A    NAME_all, whose rows are judged; a row is named by its rowid
 *     K    millrace_check_NAME(id, broken): for each row of A the mask (checked.h) of what it breaks
 *     R    the table that fk and sum_equals look at
 *
 * The rules are a chain in their order, as those of sources are (etl/admission.h): a row takes part in a rule when
 * nothing that rejects it stands before that rule in the list, and none of the columns that the rule reads is NULL. So
 * the mask of a row is right up to a rule before the next one is judged.
 *
 *     batch    among_judge_all     one UPDATE of K
 *     live     among_touch_row, among_touch_key, among_touch_parent      whose verdicts may be others now?
 *              among_judge                                               is it broken by this row?
 *
 * unique: the first row of a key by event time, position, all columns keeps it. Of the rows that have not changed only
 * the first one can win or lose it: the rows of a touched key are walked through from the first on to the first one
 * that is not known to have changed.
 *
 * Sums have 128 bits, as in parents.h. */
#ifndef MILLRACE_ETL_OPERATOR_AMONG_H
#define MILLRACE_ETL_OPERATOR_AMONG_H

#include "etl/operator/fingerprint.h"
#include "etl/operator/operator.h"

struct among {
    struct operator_context *context;
    const struct table *table; /* NAME */
    const struct rule *rule;
    int number;                  /* index in table.rules.rules */
    sqlite3_stmt *row;           /* live: ?1: 1 when the row breaks the rule */
    sqlite3_stmt *of_key;        /* live: rowids of A with the key, of unique those that take part, in their order */
    sqlite3_stmt *key;           /* live, unique: the key columns of a row */
    struct fingerprint_map seen; /* to an index in `keys`, plus 1 */
    struct buf keys;             /* struct touched */
    struct arena arena;
};

int among_open(struct among *a, struct operator_context *c, const struct table *t, int number);
void among_close(struct among *a);

/* --- batch --- */
int among_judge_all(struct among *a);

/* --- live --- */

/* A row is gone; the values are those of A. */
void among_touch_key(struct among *a, const struct value *row);
/* A row of R has come (sign 1) or gone (-1). For fk it only counts how many have it: the row of an aggregate that goes
 * and comes with every commit touches none of the many rows that look at it. */
void among_touch_parent(struct among *a, const struct value *row, int sign);
/* A row of A is there whose verdicts by this rule or one before may be new. */
int among_touch_row(struct among *a, int64_t id);
/* Calls `each` for the rows whose verdict may be another one, but for those that among_touch_row has told of; it
 * returns true for one that had been told of, 0 for a new one, or an error. */
int among_affected(struct among *a, int (*each)(void *context, int64_t id), void *context);
int among_judge(struct among *a, int64_t id, bool *broken);
void among_forget(struct among *a);

#endif
