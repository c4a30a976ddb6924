#include "etl/eventstore/places.h"

#include <stdlib.h>

#include "lib/base/hash.h"
#include "lib/base/memory.h"

enum { SIZE_MIN = 1024 };

/* Open addressing; at most half of the slots are taken. */
static struct es_places_slot *slot_of(const struct es_places *t, uint64_t hash)
{
    uint32_t i = (uint32_t)hash & (t->size - 1);
    while (t->slots[i].hash != 0 && t->slots[i].hash != hash) i = (i + 1) & (t->size - 1);
    return &t->slots[i];
}

static uint64_t hash_of(struct slice stream)
{
    uint64_t hash = hash_bytes(stream.p, stream.n, 0);
    return hash ? hash : 1;
}

static void grow(struct es_places *t)
{
    struct es_places old = *t;
    t->size = old.size ? 2 * old.size : SIZE_MIN;
    t->slots = memory_new(t->size * sizeof *t->slots);
    for (uint32_t i = 0; i < old.size; i++)
        if (old.slots[i].hash) *slot_of(t, old.slots[i].hash) = old.slots[i];
    free(old.slots);
}

void es_places_release(struct es_places *t)
{
    free(t->slots);
    *t = (struct es_places){0};
}

bool es_place_add(struct es_places *t, struct slice stream, int64_t offset)
{
    if (t->size == 0) grow(t);
    struct es_places_slot *slot = slot_of(t, hash_of(stream));
    if (slot->hash != 0) return true;
    if (t->count >= ES_PLACES_MAX) return false;
    *slot = (struct es_places_slot){hash_of(stream), offset};
    if (2 * ++t->count > t->size) grow(t);
    return true;
}

int64_t es_place_of(const struct es_places *t, struct slice stream, int64_t unmet)
{
    const struct es_places_slot *slot = t->size ? slot_of(t, hash_of(stream)) : NULL;
    return slot && slot->hash ? slot->first : unmet;
}
