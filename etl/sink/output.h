/* output.h - writes the rows of one business table, and the state behind them.
 *
 * A row is addressed by the number `id`, its rowid in the business table. A store's rows
 * have the ids of their records (row.h); one that is taken back without an id is found by its position; a select gives
 * its row the id of the row it is made of. Of an aggregate or of sessions it is also the key of the state in
 * `millrace_state_TABLE(id, k, state)` (stream only), where k is the fingerprint of the group; states of aggregates
 * wait in front of it (operator/recent.h). A batch gives ids too, but nobody finds a row by them. */
#ifndef MILLRACE_ETL_SINK_OUTPUT_H
#define MILLRACE_ETL_SINK_OUTPUT_H

#include "etl/operator/fingerprint.h"
#include "etl/operator/operator.h"
#include "etl/operator/recent.h"
#include "etl/sink/bulk.h"
#include "etl/sink/deferred.h"
#include "etl/sink/pending.h"

struct output {
    struct operator_context *context;
    const struct table *table;
    int64_t deferred; /* batch: rows so far that another thread writes */
    struct deferred_target target;
    struct bulk *bulk;        /* batch */
    struct pending *pending;  /* live, rows that have ids and are not replaced; else NULL */
    struct value_text *rooms; /* one per column: texts of times while they are bound */
    struct buf state;         /* of a group, as it stands in `recent` */
    struct recent *recent;    /* live, aggregates: in front of their states; else NULL */
    sqlite3_stmt *put, *erase, *find, *state_get, *state_put, *state_change, *state_erase, *state_others;
    sqlite3_stmt *parent_rows; /* of a group; made when first needed */
};

int output_open(struct output *o, struct operator_context *c, const struct table *t);
void output_close(struct output *o);

/* --- rows --- */

/* Inserts a row; `values` are the table's columns, `order` the position if the table has an origin. Live:
 * under `id` if that is not 0. Sets `id`. Rows of stores and selects may wait (pending.h): they are in the database
 * after pending_write_all. */
int output_row(struct output *o, struct change *change);
/* Live: deletes a row. */
int output_row_erase(struct output *o, int64_t id);
/* Store, live: deletes the row with this id, or of this position; sets `id`. */
int output_take_back(struct output *o, struct change *change);

/* Reads a row of any table whose columns, then position, are those of the statement from `first` on. Texts are
 * valid until the next step. */
void output_row_read(const struct operator_context *c, sqlite3_stmt *s, int first, const struct table *t,
                     struct value *values, struct order *order);

/* --- aggregates and sessions --- */

/* Inserts or replaces the row `*id` (0: a new one, *id is set) and its state. */
int output_write(struct output *o, int64_t *id, const struct value *values, struct fingerprint group,
                 struct slice state);
int output_erase(struct output *o, int64_t id);
/* The row of an aggregate. */
int output_group_erase(struct output *o, int64_t id, struct fingerprint group);
/* Live: calls `each` for every stored state of a group. */
int output_states(struct output *o, struct fingerprint group,
                  bool (*each)(void *context, int64_t id, struct slice state), void *context);
/* Live: calls `each` for every row of the parent that belongs to the group with these `by` values, in no
 * particular order. `row` has the parent's columns. */
int output_parent_rows(struct output *o, const struct value *by, int (*each)(void *context, const struct change *row),
                       void *context);

#endif
