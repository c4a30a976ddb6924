/* deadline.h - a heap of deadlines, each embedded in what it is for.
 *
 * One deadline per session, one per rebalance; setting, moving and clearing one costs O(log n). Equal
 * instants come out in the order in which they were set, so that a run repeats.
 *
 *     deadline_set(h, &member->session, now + timeout)     also moves one that is set
 *     while ((d = deadlines_due(h, now))) ...              takes it out */
#ifndef MILLRACE_BROKER_GROUP_DEADLINE_H
#define MILLRACE_BROKER_GROUP_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed but for `kind` and `owner`, it is not set. */
struct deadline {
    int64_t at_ms;
    uint64_t sequence;
    int32_t place; /* in the heap, counted from 1; 0: not set */
    int kind;      /* the owner's business */
    void *owner;
};

/* A zeroed struct is empty. */
struct deadlines {
    struct deadline **items;
    int32_t count, capacity;
    uint64_t sequence;
};

void deadlines_release(struct deadlines *h);
void deadline_set(struct deadlines *h, struct deadline *d, int64_t at_ms);
void deadline_clear(struct deadlines *h, struct deadline *d); /* also when it is not set */
bool deadline_is_set(const struct deadline *d);
/* Takes out the earliest that is not after `now_ms`; NULL when there is none. */
struct deadline *deadlines_due(struct deadlines *h, int64_t now_ms);
/* INT64_MAX when none is set. */
int64_t deadlines_next(const struct deadlines *h);

#endif
