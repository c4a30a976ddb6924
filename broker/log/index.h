/* index.h - the two sparse indexes of a segment, in memory and as bytes.
 *
 *     .index       8 bytes an entry: relative offset u32, position u32
 *     .timeindex  12 bytes an entry: timestamp i64, relative offset u32            (all big-endian)
 *
 * An entry of .index names a batch by its LAST offset and gives where the batch begins; so every batch
 * before that position ends below that offset. An entry (t, o) of .timeindex says: up to offset o nothing
 * in this segment is newer than t. Offsets are relative to the segment's base. An entry is made before a
 * batch once more than index.interval.bytes went by since the last one, as Kafka does.
 *
 * Both ascend strictly in their first number; that is how damage is recognised. 8 bytes per 4 KiB of log:
 * an active segment of 1 GiB costs 2 MiB of memory. */
#ifndef MILLRACE_BROKER_LOG_INDEX_H
#define MILLRACE_BROKER_LOG_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/bytes.h"

enum { OFFSET_ENTRY_SIZE = 8, TIME_ENTRY_SIZE = 12 };

struct offset_entry {
    uint32_t offset, position;
};

struct time_entry {
    int64_t timestamp;
    uint32_t offset;
};

/* Zeroed structs are empty indexes. */
struct offset_index {
    struct offset_entry *entries;
    uint32_t count, capacity;
};

struct time_index {
    struct time_entry *entries;
    uint32_t count, capacity;
};

void offset_index_release(struct offset_index *x); /* empty again */
void time_index_release(struct time_index *x);

/* Adds an entry; one that does not ascend is left out, as in Kafka. True if it was added. */
bool offset_index_add(struct offset_index *x, uint32_t offset, uint32_t position);
bool time_index_add(struct time_index *x, int64_t timestamp, uint32_t offset);

/* Adds the longest prefix of `bytes` that ascends and lies below `log_size` (offset entries); true when that
 * was all of it. */
bool offset_index_parse(struct offset_index *x, struct slice bytes, uint64_t log_size);
bool time_index_parse(struct time_index *x, struct slice bytes);

/* Appends entries from number `from` on, encoded. */
void offset_index_encode(const struct offset_index *x, uint32_t from, struct buf *out);
void time_index_encode(const struct time_index *x, uint32_t from, struct buf *out);

/* The last entry <= offset. False when there is none. */
bool offset_index_find(const struct offset_index *x, uint32_t offset, struct offset_entry *out);
/* Where to start looking for `offset`: the position of that entry, or 0. */
uint32_t offset_index_floor(const struct offset_index *x, uint32_t offset);
/* The largest indexed position <= `position`; 0 if there is none. Always the beginning of a batch. */
uint32_t offset_index_boundary(const struct offset_index *x, uint64_t position);
/* The offset from which to look for `timestamp`: that of the last entry <= timestamp, or 0. */
uint32_t time_index_floor(const struct time_index *x, int64_t timestamp);

#endif
