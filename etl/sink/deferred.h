/* deferred.h - what a batch writes to the database while it reads, done by a second thread.
 *
 *     deferred_new -> { deferred_room, fill it, deferred_put }... -> deferred_end -> deferred_free
 *
 *     block  [ sales 1 | sales 2 | files 1 | sales 3 ]     written as  sales 1, 2, 3;  files 1
 *
 * What is put for one target is written in its order; the targets of a block take turns, so that each gets many rows
 * at a time (bulk.h).
 *
 * Between deferred_new and deferred_end the database belongs to that thread: nobody else may use its connection. A
 * failure comes back later, with the next block of writes or at the end; what was asked after it is not done.
 *
 * Memory: DEFERRED_BLOCKS blocks of DEFERRED_BLOCK_BYTES; a write that is larger has a block to itself. */
#ifndef MILLRACE_ETL_SINK_DEFERRED_H
#define MILLRACE_ETL_SINK_DEFERRED_H

#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"

enum { DEFERRED_BLOCKS = 32, DEFERRED_BLOCK_BYTES = 1 << 16 };

struct deferred;

/* Writes what was put for `object`: `room` and those behind it, on the other thread. */
typedef int deferred_write(void *object, const void *room, struct err_text *error);
struct deferred_target {
    deferred_write *write;
    void *object;
    void *last; /* deferred.c's own; NULL to begin with */
};

struct deferred *deferred_new(void);
/* Room for what a write needs to know, 16-byte aligned, until deferred_put. */
void *deferred_room(struct deferred *d, size_t bytes);
/* 0, or how an earlier one failed. The target must live until deferred_end. */
int deferred_put(struct deferred *d, struct deferred_target *target, struct err_text *error);
/* For a deferred_write: the next room of the same target, NULL behind the last one. */
const void *deferred_next(const void *room);
/* Waits until all is written. The database is the caller's again. */
int deferred_end(struct deferred *d, struct err_text *error);
void deferred_free(struct deferred *d); /* NULL is allowed; ends it when that has not been done */

/* Copies a text to *end, which moves behind it. */
static inline struct slice deferred_text(uint8_t **end, struct slice text)
{
    struct slice copy = {*end, text.n};
    if (text.n) memcpy(*end, text.p, text.n);
    *end += text.n;
    return copy;
}

#endif
