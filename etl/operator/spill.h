/* spill.h - parts of a batch's groups and sessions that have no room in memory.
 *
 *     operator_process   its groups grow in an arena ... more than spill_memory_max: each is written as a part, and
 *                        all are forgotten; a row of a group that was written opens it afresh
 *     operator_flush     spill_each: the parts of all groups in the order of their keys, those of one group together:
 *                        they are merged, and what comes out is what one pass in memory would have given
 *
 * The parts are a table in a SQLite database of its own, without a name, as key_set.h has one. A zeroed spill is empty.
 * Errors are of SQLite (a full disk). */
#ifndef MILLRACE_ETL_OPERATOR_SPILL_H
#define MILLRACE_ETL_OPERATOR_SPILL_H

#include "etl/operator/fingerprint.h"
#include "etl/state_size.h"
#include "lib/base/err.h"

/* What an operator keeps in memory; tests make it small. */
extern size_t spill_memory_max;

struct spill {
    struct spill_store *store; /* NULL: nothing was spilled */
    uint64_t parts, keys;      /* keys: known after spill_each */
};

int spill_add(struct spill *s, struct fingerprint key, struct slice part, struct err_text *error);
/* `each` may not use the spill; what it returns other than 0 ends the walk. */
int spill_each(struct spill *s, int (*each)(void *context, struct fingerprint key, struct slice part), void *context,
               struct err_text *error);
/* Adds keys and bytes in the file. */
void spill_measure(const struct spill *s, struct state_size *size);
/* Empties it. */
void spill_release(struct spill *s);

#endif
