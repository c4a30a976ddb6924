/* top.h - the values that are there most often, in bounded memory.
 *
 * Misra and Gries (1982), in blocks: at TOP_COUNTERS counters the count of the one that ranks TOP_KEPT + 1 is taken off
 * all of them, and those left without one go. `error` adds up what was taken off: a value that is there n times is
 * counted between n - error and n times, and error is at most rows / (TOP_KEPT + 1). It is 0, and all counts exact,
 * while there are fewer different values than TOP_COUNTERS. */
#ifndef MILLRACE_ETL_QUALITY_TOP_H
#define MILLRACE_ETL_QUALITY_TOP_H

#include "etl/operator/fingerprint.h"

enum { TOP_KEPT = 2048, TOP_COUNTERS = 2 * TOP_KEPT };
/* Bytes of a text that are shown, and kept: one more tells that it was longer. */
enum { TEXT_SHOWN_MAX = 256, TEXT_KEPT_MAX = TEXT_SHOWN_MAX + 1 };

struct top_entry {
    struct fingerprint key;
    struct value value; /* a text is the entry's own, of its first TEXT_KEPT_MAX bytes at most */
    uint64_t rows;
};

struct top {
    struct top_entry *entries;
    int count;
    uint64_t error;
    struct fingerprint_map index; /* key -> place in entries */
};

void top_add(struct top *t, struct fingerprint key, const struct value *v);
/* Puts the entries into order: most rows first, then smaller values. Nothing is added afterwards. */
void top_sort(struct top *t);
void top_release(struct top *t);

#endif
