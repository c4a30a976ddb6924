/* recent.h - where the latest batches of the active segment begin.
 *
 * A consumer that keeps up asks for an offset of the last few batches: a look in here answers it, and no
 * index and no header has to be read. Grows from nothing to a bound; then the oldest batch is forgotten. */
#ifndef MILLRACE_BROKER_LOG_RECENT_H
#define MILLRACE_BROKER_LOG_RECENT_H

#include <stdbool.h>
#include <stdint.h>

enum { RECENT_MAX = 1024 }; /* 16 KiB for a busy partition */

struct recent_batch {
    int64_t base_offset;
    uint64_t position;
};

struct recent {
    struct recent_batch *items; /* a ring; capacity is a power of two */
    uint32_t first, count, capacity;
};

void recent_release(struct recent *r);
void recent_clear(struct recent *r);
void recent_push(struct recent *r, int64_t base_offset, uint64_t position);
/* Forgets the batches from `base_offset` on (an append was undone). */
void recent_cut(struct recent *r, int64_t base_offset);

/* The batch that holds `offset`: where it begins, and where the next one does (`end` for the last). False
 * when it is older than what is remembered. */
bool recent_find(const struct recent *r, int64_t offset, uint64_t end, uint64_t *position, uint64_t *next);
/* The largest remembered beginning <= `position`; 0 if there is none. */
uint64_t recent_boundary(const struct recent *r, uint64_t position);
/* The last remembered batch with base_offset <= `offset`. */
bool recent_floor(const struct recent *r, int64_t offset, struct recent_batch *out);

#endif
