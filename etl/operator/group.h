/* group.h - the rows of one group (or of one session), summed up.
 *
 * A group holds an accumulator for each column after the `by` columns. It lives in an arena of its
 * operator, which is emptied when the operator forgets. */
#ifndef MILLRACE_ETL_OPERATOR_GROUP_H
#define MILLRACE_ETL_OPERATOR_GROUP_H

#include "etl/operator/accumulator.h"
#include "etl/operator/fingerprint.h"
#include "etl/operator/tally.h"

struct group {
    struct fingerprint key;
    int64_t id;                       /* its row in the database (output.h), 0 while it has none */
    int64_t rows;                     /* rows of the input that are in it */
    int64_t start, end;               /* of the rows' times; sessions only */
    bool dirty;                       /* changed since the last flush */
    struct value *by;                 /* table.by_count values */
    struct value *before;             /* the table's row before the first change since the last flush; in the cycle's
                                         arena; NULL when there was none or nobody downstream asks */
    struct accumulator *accumulators; /* column_count - by_count */
};

/* A group without rows. `by` may be NULL (to be set later). */
struct group *group_new(const struct table *t, struct fingerprint key, struct arena *arena);
void group_by_set(struct group *g, const struct table *t, const struct value *input, struct arena *arena);

/* Adds the rows of changes to the group, or takes them back. `tallies` has one for each column of
 * count_distinct, NULL for the others. `scratch` is for conditions. With `only_added` no row is ever taken
 * back: a value that comes again need not be counted. */
int group_change(struct group *g, const struct table *t, const struct change *const *rows, size_t count,
                 struct tally *const *tallies, bool only_added, struct arena *arena, struct arena *scratch);
/* Adds all rows of another one. What is counted as distinct was new to the tally in one of them only. */
void group_merge(struct group *g, const struct table *t, const struct group *from, struct arena *arena);

/* Extremes that were taken back and not replaced: the group's rows must be read again. */
bool group_is_lost(const struct group *g, const struct table *t);
/* Empties the extremes; group_extremes_add brings them back row by row. */
void group_extremes_reset(struct group *g, const struct table *t);
void group_extremes_add(struct group *g, const struct table *t, const struct change *row, struct arena *arena,
                        struct arena *scratch);

/* The table's row; ERR_RANGE, with the column named, when a sum does not fit 64 bits. */
int group_row(const struct group *g, const struct table *t, struct value *out, struct err_text *error);

/* State in the database: rows 8 bytes, start 8, end 8, then the accumulators. */
void group_encode(const struct group *g, const struct table *t, struct buf *out);
bool group_decode(struct group *g, const struct table *t, struct slice in, struct arena *arena);

/* A part of a group in a spill: its `by` values (type 1 byte, number 8, text 4 + bytes), then as above. */
void group_part_encode(const struct group *g, const struct table *t, struct buf *out);
/* The part as a group of its own, for group_merge; NULL when it is damaged. */
struct group *group_part_decode(const struct table *t, struct fingerprint key, struct slice in, struct arena *arena);

#endif
