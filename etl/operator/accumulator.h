/* accumulator.h - one aggregate column of one group: count, sum, min, max, first, last.
 *
 * Counting and adding can be undone; an extreme can not: when the extreme itself is taken back, the
 * accumulator is `lost` until an equal or a better value comes. Who still has a lost one at flush must
 * read the group's rows again (group_rebuild).
 *
 * count_distinct lives in a tally; here is only its number. Duration is made from the group's span. */
#ifndef MILLRACE_ETL_OPERATOR_ACCUMULATOR_H
#define MILLRACE_ETL_OPERATOR_ACCUMULATOR_H

#include "etl/operator/operator.h"

struct accumulator {
    __int128 sum;                        /* wide: an overflow on the way to a sum that fits does no harm */
    int64_t n;                           /* rows, values that are not NULL, or distinct values */
    struct accumulator_extreme *extreme; /* in the arena of the group; NULL: no value needed it yet */
};

/* A definition has many groups, and most of their columns count and add: what the others need stands apart. */
struct accumulator_extreme {
    int64_t lost;        /* copies of the extreme that were taken back */
    struct value value;  /* the extreme, if n > 0 (count_distinct: the value before); its text lives in `text` */
    struct order *order; /* first and last only; its file lives in `text` */
    uint8_t *text;
    size_t text_capacity;
};

/* Adds or takes back one value (never NULL). Texts are copied into `arena`, which outlives *a. */
void accumulator_change(struct accumulator *a, enum aggregate_function f, const struct value *v,
                        const struct order *order, int sign, struct arena *arena);
/* count_distinct where rows are only added: true when the group's value before was this one too (it is
 * kept in `value`). The lines of an invoice follow each other, so most rows end here. */
bool accumulator_repeats(struct accumulator *a, const struct value *v, struct arena *arena);
/* Adds what `from` has collected; neither may be lost. Not for count_distinct. */
void accumulator_merge(struct accumulator *a, enum aggregate_function f, const struct accumulator *from,
                       struct arena *arena);
/* The column's value; false when a sum does not fit 64 bits. */
bool accumulator_value(const struct accumulator *a, const struct table_column *column, struct value *out);

/* State in the database; see accumulator.c for the bytes. */
void accumulator_encode(const struct accumulator *a, enum aggregate_function f, struct buf *out);
/* Extremes that were taken back and not replaced. */
static inline bool accumulator_is_lost(const struct accumulator *a)
{
    return a->n > 0 && a->extreme && a->extreme->lost > 0;
}

/* Reads from the front of *in; false when it is too short. */
bool accumulator_decode(struct accumulator *a, enum aggregate_function f, struct slice *in, struct arena *arena);

#endif
