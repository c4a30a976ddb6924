/* spill.h - parts of a batch's groups and sessions that have no room in memory.
 *
 *     operator_process   its groups grow in an arena ... more than spill_memory_max: each is written as a part, and
 *                        all are forgotten; a row of a group that was written opens it afresh
 *     operator_flush     spill_each: the parts of all groups in the order of their keys, those of one group together:
 *                        they are merged, and what comes out is what one pass in memory would have given
 *
 *     file  | run: parts by key | run: parts by key | ...      a part: key 16, length 4, bytes
 *
 * Parts wait in memory until there are SPILL_RUN_BYTES of them; then they are sorted and appended to a temporary file
 * (temporary.h) as a run. At the end the runs are merged: the file is mapped, so nothing is read into memory of our
 * own. (Knuth, volume 3, 5.4.1.) A zeroed spill is empty. */
#ifndef MILLRACE_ETL_OPERATOR_SPILL_H
#define MILLRACE_ETL_OPERATOR_SPILL_H

#include "etl/operator/fingerprint.h"
#include "etl/state_size.h"
#include "lib/base/err.h"

/* What an operator keeps in memory; tests make it small. */
extern size_t spill_memory_max;

enum { SPILL_RUN_BYTES = 1 << 20 };

struct spill {
    struct spill_store *store; /* NULL: nothing was spilled */
    uint64_t parts, keys;      /* keys: known after spill_each */
};

typedef int spill_take(void *context, struct fingerprint key, struct slice part);

int spill_add(struct spill *s, struct fingerprint key, struct slice part, struct err_text *error);
/* Those of one key in the order of spill_add. `each` may not use the spill; what it returns other than 0 ends the walk.
 */
int spill_each(struct spill *s, spill_take *each, void *context, struct err_text *error);
/* Adds keys and bytes in the file. */
void spill_measure(const struct spill *s, struct state_size *size);
/* Empties it. */
void spill_release(struct spill *s);

#endif
