/* output.h - writes the rows of one business table, and the state behind them.
 *
 * Rows of a store are addressed by their position. Rows of an aggregate or of sessions are addressed by
 * the number `id`: it is the rowid of the row in the business table and the key of its state in
 * `millrace_state_TABLE(id, k, state)` (stream only), where k is the fingerprint of the group. */
#ifndef MILLRACE_ETL_SINK_OUTPUT_H
#define MILLRACE_ETL_SINK_OUTPUT_H

#include "etl/operator/fingerprint.h"
#include "etl/operator/operator.h"

struct output {
    struct operator_context *context;
    const struct table *table;
    struct value_text *rooms; /* one per column: texts of times while they are bound */
    sqlite3_stmt *put, *erase, *state_get, *state_put, *state_change, *state_erase;
    sqlite3_stmt *parent_rows; /* of a group; made when first needed */
};

int output_open(struct output *o, struct operator_context *c, const struct table *t);
void output_close(struct output *o);

/* --- stores --- */

/* `values` are those of the feed that change->input names. */
int output_store(struct output *o, const struct change *change);
int output_take_back(struct output *o, const struct order *position);

/* --- aggregates and sessions --- */

/* Inserts or replaces the row `*id` (0: a new one, *id is set) and its state. */
int output_write(struct output *o, int64_t *id, const struct value *values, struct fingerprint group,
                 struct slice state);
int output_erase(struct output *o, int64_t id);
/* Live: calls `each` for every stored state of a group. */
int output_states(struct output *o, struct fingerprint group,
                  bool (*each)(void *context, int64_t id, struct slice state), void *context);
/* Live: calls `each` for every row of the parent that belongs to the group with these `by` values, in no
 * particular order. `row` has the parent's columns. */
int output_parent_rows(struct output *o, const struct value *by, int (*each)(void *context, const struct change *row),
                       void *context);

#endif
