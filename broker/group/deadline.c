#include "broker/group/deadline.h"

#include <assert.h>
#include <stdlib.h>

#include "lib/base/memory.h"

static bool deadline_before(const struct deadline *a, const struct deadline *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->sequence < b->sequence);
}

static void deadlines_put(struct deadlines *h, int32_t place, struct deadline *d)
{
    h->items[place - 1] = d;
    d->place = place;
}

static void deadlines_up(struct deadlines *h, struct deadline *d)
{
    int32_t place = d->place;
    for (; place > 1 && deadline_before(d, h->items[place / 2 - 1]); place /= 2)
        deadlines_put(h, place, h->items[place / 2 - 1]);
    deadlines_put(h, place, d);
}

static void deadlines_down(struct deadlines *h, struct deadline *d)
{
    int32_t place = d->place;
    for (;;) {
        int32_t child = 2 * place;
        if (child > h->count) break;
        if (child < h->count && deadline_before(h->items[child], h->items[child - 1])) child++;
        if (!deadline_before(h->items[child - 1], d)) break;
        deadlines_put(h, place, h->items[child - 1]);
        place = child;
    }
    deadlines_put(h, place, d);
}

void deadlines_release(struct deadlines *h)
{
    free(h->items);
    *h = (struct deadlines){0};
}

void deadline_set(struct deadlines *h, struct deadline *d, int64_t at_ms)
{
    deadline_clear(h, d);
    if (h->count == h->capacity) {
        h->capacity = h->capacity ? 2 * h->capacity : 16;
        h->items = memory_grow(h->items, (size_t)h->capacity, sizeof *h->items);
    }
    d->at_ms = at_ms;
    d->sequence = h->sequence++;
    deadlines_put(h, ++h->count, d);
    deadlines_up(h, d);
}

void deadline_clear(struct deadlines *h, struct deadline *d)
{
    if (d->place == 0) return;
    assert(h->items[d->place - 1] == d);
    struct deadline *last = h->items[--h->count];
    if (last != d) {
        deadlines_put(h, d->place, last);
        deadlines_up(h, last);
        deadlines_down(h, last);
    }
    d->place = 0;
}

bool deadline_is_set(const struct deadline *d)
{
    return d->place != 0;
}

struct deadline *deadlines_due(struct deadlines *h, int64_t now_ms)
{
    if (h->count == 0 || h->items[0]->at_ms > now_ms) return NULL;
    struct deadline *d = h->items[0];
    deadline_clear(h, d);
    return d;
}

int64_t deadlines_next(const struct deadlines *h)
{
    return h->count ? h->items[0]->at_ms : INT64_MAX;
}
