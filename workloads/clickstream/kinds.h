/* kinds.h - the kinds of dirt of the clickstream workload. */
#ifndef MILLRACE_WORKLOADS_CLICKSTREAM_KINDS_H
#define MILLRACE_WORKLOADS_CLICKSTREAM_KINDS_H

#include "workloads/dirt.h"

enum clickstream_dirt {
    /* access logs */
    DIRT_GARBAGE,
    DIRT_ESCAPES,
    DIRT_LATE,
    DIRT_IDENTICAL,
    DIRT_MALFORMED,
    DIRT_OFFSET,
    /* front-end events */
    DIRT_BOT_EVENT,
    DIRT_CUT_EVENT,
    DIRT_NO_VISITOR,
    DIRT_BAD_TIME,
    DIRT_NEGATIVE_WATCH,
    DIRT_QUOTED_NUMBER,
    DIRT_EXTRA_FIELD,
    DIRT_DUPLICATE_EVENT,
    DIRT_LATE_EVENT,
    DIRT_SKEWED_CLOCK,
    DIRT_COUNT,
};

extern const struct dirt_kind clickstream_kinds[DIRT_COUNT];

/* The chances of everything, drawn from one stream of random numbers. */
struct chances {
    struct random random;
    struct dirt_due due[DIRT_COUNT];
};

/* `total`: events of the whole input. */
void chances_init(struct chances *c, const uint32_t rates[DIRT_COUNT], uint64_t total);
static inline bool chances_take(struct chances *c, enum clickstream_dirt kind)
{
    return dirt_take(&c->due[kind], &c->random);
}

#endif
