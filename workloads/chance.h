/* chance.h - how often things happen, in integers: popularity tables and dirt that falls due. */
#ifndef MILLRACE_WORKLOADS_CHANCE_H
#define MILLRACE_WORKLOADS_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/random.h"

#define POPULARITY_SLOTS 65536

/* Zipf-like popularity: item k is drawn with a weight of about 1 / (k + flatness). The weights are
 * spread over 65,536 slots, at least one for each item, so that a draw is one table look-up. */
struct popularity {
    uint16_t slot[POPULARITY_SLOTS];
};

/* `items` <= 16,384; a larger `flatness` makes the first items less dominant. */
void popularity_init(struct popularity *p, int items, int flatness);
int popularity_draw(const struct popularity *p, struct random *r);

/* Dirt of one kind: due for the first time within the input, however small that is, and afterwards
 * once per `interval` events on average. */
struct due {
    uint64_t next;
    uint64_t interval;
};

void due_init(struct due *d, struct random *r, uint64_t interval, uint64_t total);
/* True when the kind is due at event `now`; sets the next time. */
bool due_take(struct due *d, struct random *r, uint64_t now);

#endif
