/* state_size.h - what an operator keeps about its keys, to be told at the end of a batch.
 *
 *     orders.duplicate: 700000 keys, 25165824 bytes in memory, 14024704 in a file, 56.0 a key; sales_by_day: 610 keys
 * ...
 */
#ifndef MILLRACE_ETL_STATE_SIZE_H
#define MILLRACE_ETL_STATE_SIZE_H

#include <stdint.h>

#include "lib/base/bytes.h"

struct state_size {
    uint64_t keys;
    uint64_t memory_bytes;  /* in this process, free slots included */
    uint64_t spilled_bytes; /* in temporary files */
};

/* Appends the size of the state of `owner`, and of its `part` unless that is NULL; nothing when it has no keys. */
void state_size_say(struct buf *out, const char *owner, const char *part, const struct state_size *size);

#endif
