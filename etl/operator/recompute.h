/* recompute.h - tables whose rows follow from rows of other tables by a SELECT: join, top_n, dedupe, scd.
 *
 * Counts and sums move by differences. What a join or a ranking makes of a change depends on other rows, so it
 * is computed again, for as little as possible:
 *
 *     operator_process    marks the unit that the change touches; nothing else
 *     flush               for each marked unit:  old  the table's rows of the unit
 *                                                new  what the SELECT gives for it now
 *                         old - new is deleted and emitted as -row, new - old inserted and emitted as +row
 *
 * A unit is a row of the parent (join) or all rows with the same key (the others). Parents flush before
 * children, so the SELECT reads their final rows: the result is that of a batch whatever came in which order.
 * A batch marks nothing: at its flush one SELECT gives the rows of all units.
 *
 *     unit is      rows of it                    found again by
 *     a row        at most one (`by_id`)         the rowid, which is that of the parent's row
 *     a row, a key any number                    millrace_rows_TABLE(k, id): k is the rowid or the fingerprint
 *                                                of the key, id the rowid in TABLE
 *
 * The SELECT's columns are those of the table, then its position (output.h). It must be a function of the rows
 * of the parents: every ORDER BY that picks rows ends with all columns, so that a tie is one of equal rows. */
#ifndef MILLRACE_ETL_OPERATOR_RECOMPUTE_H
#define MILLRACE_ETL_OPERATOR_RECOMPUTE_H

#include "etl/operator/fingerprint.h"
#include "etl/operator/operator.h"
#include "etl/sink/output.h"

enum { RECOMPUTE_INDEXES = 2 };

/* What an operator says of itself. Texts are SQL. */
struct recompute_plan {
    bool by_id;     /* a unit is a row of the parent and gives at most one row */
    struct buf all; /* SELECT of all rows; batch */
    struct buf one; /* of one unit: ?1 is the parent's rowid, or ?1, ?2, ... the values of the key; live */
    /* What the SELECT goes by. In a batch they exist while the SELECT runs, those with `live` set not at all. */
    struct recompute_index {
        const struct table *table;
        struct buf columns;
        bool live;
    } indexes[RECOMPUTE_INDEXES];
    int index_count;
};

struct recompute {
    struct operator base;
    struct output output;
    struct recompute_plan plan;
    struct fingerprint_map marked;
    struct buf units; /* struct unit */
    struct arena keys, scratch;
    sqlite3_stmt *compute, *stored, *link, *unlink;
};

/* Fills in a zeroed plan; the recompute takes it. */
int recompute_open(struct recompute *r, struct operator_context *c, const struct table *t, struct recompute_plan *plan);
void recompute_close(struct recompute *r);

/* Live: marks a unit, a row of the parent or a key of `count` values (copied). */
void recompute_mark_row(struct recompute *r, int64_t id);
void recompute_mark_key(struct recompute *r, const struct value *values, const int *columns, int count);

int recompute_flush(struct recompute *r);
void recompute_forget(struct recompute *r);

/* --- pieces of SQL --- */

/* `, alias."column"` for each column of a table; without an alias `alias` is "". `descending` makes an ORDER BY. */
void recompute_columns(struct buf *sql, const struct table *t, const char *alias, bool descending);
/* The same for the columns of the position. */
void recompute_position(struct buf *sql, const struct table *t, const char *alias, bool descending);
/* The table's name as it is while it is built. */
void recompute_table(struct buf *sql, const struct table *t);

#endif
