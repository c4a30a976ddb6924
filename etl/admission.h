/* admission.h - where a row belongs, given all the others of its source: the rules `unique`, `fk` and
 * `sum_equals` for any order of arrival.
 *
 * A judged row knows its own violations; these rules are decided among rows. They are a chain in
 * ordinal order. A row enters at the first, and
 *
 *     does not take part (null key, rejected by an earlier rule)  -> next rule
 *     unique: holds the key (smallest position)                   -> next rule; the former holder is demoted
 *     fk, sum_equals: is as the table has it (parents.h)          -> next rule
 *     neither                                                     -> it has lost here: settled
 *
 * After the last rule it is settled without a loss. `settle` tells the engine that a row now stands with
 * a set of losses (a bit per rule), or (sign -1) no longer does. A row that is demoted or
 * promoted at rule k leaves what it did in the rules after k, which may promote others there, and
 * enters again. Rules with severity `warn` only note the loss and let the row go on.
 *
 * The tables that rules look at are of earlier sources: admission_hear is told of all their rows. When a key there has
 * changed, admission_turn moves the rows that stand wrong; it is called before a commit, source by source, because rows
 * that move may be looked at by those of later ones.
 *
 * In a batch rows come in order of their positions, so the first one holds and nobody is ever moved. */
#ifndef MILLRACE_ETL_ADMISSION_H
#define MILLRACE_ETL_ADMISSION_H

#include "etl/operator/parents.h"
#include "etl/operator/unique.h"
#include "etl/parse.h"

enum { ADMISSION_RULES_MAX = 32 };

/* A parsed row and its keys; everything in it lives in one arena. */
struct judged {
    struct record record;
    struct row row;            /* row.record is &record */
    uint32_t takes_part;       /* bit per rule */
    struct fingerprint keys[]; /* one per rule */
};

struct admission {
    struct operator_context *context;
    const struct feed *feed;   /* whose rows: each has an admission of its own */
    struct row_parser *parser; /* of admission_judge */
    struct row_parser *again; /* live: of the rows that move; it is not the same one, as another thread may have that */
    /* Of each rule one of these: */
    struct unique *uniques[ADMISSION_RULES_MAX];
    struct parents *parents[ADMISSION_RULES_MAX];
    int rules[ADMISSION_RULES_MAX]; /* index in feed.rules */
    int count;
    int (*settle)(void *owner, const struct judged *row, uint32_t lost, int sign);
    void *owner;
};

int admission_open(struct admission *a, struct operator_context *c, const struct feed *feed);
/* Batch, after the last record: says what was kept about keys (state_size.h), gives it back. */
void admission_end(struct admission *a, struct buf *state);
void admission_close(struct admission *a); /* also one of zeros */

/* Parses a record; the copy of the row and of its record is in `arena`. Of the admission it uses nothing but the
 * parser: another thread than the one that takes rows in may do it. `lateness`: see row_parse_in_order. */
struct judged *admission_judge(struct admission *a, const struct record *record, struct lateness *lateness,
                               struct arena *arena);
/* Tells the processor that the row will be taken in soon. */
void admission_expect(const struct admission *a, const struct judged *row);
/* Takes a row in; calls `settle` for it and for every row that moves. */
int admission_add(struct admission *a, const struct judged *row);
/* A row of any source takes its place in a bucket (sign 1), or leaves it. */
int admission_hear(struct admission *a, int feed, int bucket, const struct value *values, int sign);
/* Live: moves the rows for which it makes a difference; calls `settle` likewise. */
int admission_turn(struct admission *a);
/* Live, after a rollback. */
void admission_forget(struct admission *a);
/* Live: takes the row of a record out that was taken in; calls `settle` likewise. */
int admission_take_back(struct admission *a, const struct record *record);

#endif
