/* held.h - lines that are on their way: made now, written when their instant has come.
 *
 *     held_init -> held_put with an instant to come ... held_take until it has nothing for `now` -> held_release
 *
 * Bounded: what finds no room must be written at once. */
#ifndef MILLRACE_WORKLOADS_HELD_H
#define MILLRACE_WORKLOADS_HELD_H

#include "lib/base/bytes.h"

struct held_line {
    struct buf text;
    int64_t release;
    int64_t time; /* the caller's */
    int tag;      /* the caller's: which file */
};

struct held {
    struct held_line *line; /* a binary heap: no line is released before its parent */
    int count, max;
};

void held_init(struct held *h, int max);
void held_release(struct held *h);
static inline bool held_has_room(const struct held *h, int lines)
{
    return h->max - h->count >= lines;
}
/* Copies the text; there must be room. */
void held_put(struct held *h, struct slice text, int64_t release, int64_t time, int tag);
/* The line of the earliest release not after `now`, or NULL; it is good until the next held_put. */
const struct held_line *held_take(struct held *h, int64_t now);

#endif
