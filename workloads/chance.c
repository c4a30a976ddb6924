#include "workloads/chance.h"

#include <assert.h>

void popularity_init(struct popularity *p, int items, int flatness)
{
    assert(items > 0 && items <= POPULARITY_SLOTS / 4 && flatness > 0);
    uint64_t total = 0;
    for (int k = 0; k < items; k++) total += UINT64_C(1000000000) / (uint64_t)(k + flatness);
    uint64_t spare = POPULARITY_SLOTS - (uint64_t)items;
    uint64_t weight = 0;
    uint32_t at = 0;
    for (int k = 0; k < items; k++) {
        weight += UINT64_C(1000000000) / (uint64_t)(k + flatness);
        uint32_t end = (uint32_t)(weight * spare / total) + (uint32_t)k + 1;
        while (at < end) p->slot[at++] = (uint16_t)k;
    }
    assert(at == POPULARITY_SLOTS);
}

int popularity_draw(const struct popularity *p, struct random *r)
{
    return p->slot[random_u64(r) >> 48];
}

void due_init(struct due *d, struct random *r, uint64_t interval, uint64_t total)
{
    /* The first third of the input, so that what needs an earlier row or a later one finds it. */
    uint64_t within = total / 3 < interval ? total / 3 : interval;
    d->interval = interval;
    d->next = total / 10 + random_below(r, within + 1);
}

bool due_take(struct due *d, struct random *r, uint64_t now)
{
    if (now < d->next) return false;
    d->next = now + 1 + random_below(r, 2 * d->interval);
    return true;
}
