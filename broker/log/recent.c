#include "broker/log/recent.h"

#include <assert.h>
#include <stdlib.h>

#include "lib/base/memory.h"

void recent_release(struct recent *r)
{
    free(r->items);
    *r = (struct recent){0};
}

void recent_clear(struct recent *r)
{
    r->first = r->count = 0;
}

static struct recent_batch *at(const struct recent *r, uint32_t i)
{
    return &r->items[(r->first + i) & (r->capacity - 1)];
}

static void grow(struct recent *r)
{
    uint32_t capacity = r->capacity ? r->capacity * 2 : 16;
    struct recent_batch *items = memory_new(capacity * sizeof *items);
    for (uint32_t i = 0; i < r->count; i++) items[i] = *at(r, i);
    free(r->items);
    r->items = items;
    r->first = 0;
    r->capacity = capacity;
}

void recent_push(struct recent *r, int64_t base_offset, uint64_t position)
{
    if (r->count == r->capacity && r->capacity < RECENT_MAX) grow(r);
    if (r->count == r->capacity) {
        r->first++;
        r->count--;
    }
    *at(r, r->count++) = (struct recent_batch){base_offset, position};
}

void recent_cut(struct recent *r, int64_t base_offset)
{
    while (r->count && at(r, r->count - 1)->base_offset >= base_offset) r->count--;
}

/* How many of the remembered batches have base_offset <= offset. */
static uint32_t count_up_to(const struct recent *r, int64_t offset)
{
    uint32_t low = 0, high = r->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (at(r, middle)->base_offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool recent_find(const struct recent *r, int64_t offset, uint64_t end, uint64_t *position, uint64_t *next)
{
    uint32_t n = count_up_to(r, offset);
    if (n == 0) return false;
    *position = at(r, n - 1)->position;
    *next = n < r->count ? at(r, n)->position : end;
    return true;
}

uint64_t recent_boundary(const struct recent *r, uint64_t position)
{
    uint32_t low = 0, high = r->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (at(r, middle)->position <= position)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? at(r, low - 1)->position : 0;
}

bool recent_floor(const struct recent *r, int64_t offset, struct recent_batch *out)
{
    uint32_t n = count_up_to(r, offset);
    if (n == 0) return false;
    *out = *at(r, n - 1);
    return true;
}
