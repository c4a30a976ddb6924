/* The index holds entry numbers; the entries stand in insertion order. A removed entry stays in both
 * as a tombstone (key.p == NULL) until the next growth closes the gaps. */
#include "lib/base/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

enum { TABLE_CAPACITY_MIN = 8 };

/* --- hash: folded 64x64 -> 128 bit products, the mixing step of wyhash (Wang Yi) --- */

static uint64_t hash_mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Little-endian, fewer than 8 bytes as if zeros followed. */
static uint64_t hash_load(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (n == 8) { /* nearly always: one load instead of eight */
        memcpy(&v, p, 8);
        return v;
    }
    if (n >= 4) { /* two, which overlap */
        uint32_t first, last;
        memcpy(&first, p, 4);
        memcpy(&last, p + n - 4, 4);
        return first | (uint64_t)last << (8 * (n - 4));
    }
#endif
    for (size_t i = 0; i < n; i++) v |= (uint64_t)p[i] << (8 * i);
    return v;
}

#define HASH_K0 UINT64_C(0xa0761d6478bd642f)
#define HASH_K1 UINT64_C(0xe7037ed1a0b428db)
#define HASH_K2 UINT64_C(0x8ebc6af09c88c6e3)

/* The last 16 bytes or fewer, as `low` and `high`, and the length. */
static uint64_t hash_end(uint64_t h, uint64_t low, uint64_t high, size_t n)
{
    return hash_mix(hash_mix(low ^ HASH_K1, high ^ h) ^ HASH_K2, n ^ HASH_K1);
}

uint64_t hash_bytes(const void *bytes, size_t n, uint64_t seed)
{
    const uint8_t *p = bytes;
    size_t left = n;
    uint64_t h = seed ^ HASH_K0;
    for (; left > 16; p += 16, left -= 16) h = hash_mix(hash_load(p, 8) ^ HASH_K1, hash_load(p + 8, 8) ^ h);
    return hash_end(h, hash_load(p, left < 8 ? left : 8), left > 8 ? hash_load(p + 8, left - 8) : 0, n);
}

/* A product waits for the one before it: those of two hashes do not wait for each other. */
void hash_bytes_pair(const void *bytes, size_t n, uint64_t hashes[2])
{
    const uint8_t *p = bytes;
    size_t left = n;
    uint64_t a = hashes[0] ^ HASH_K0, b = hashes[1] ^ HASH_K0;
    for (; left > 16; p += 16, left -= 16) {
        uint64_t low = hash_load(p, 8) ^ HASH_K1, high = hash_load(p + 8, 8);
        a = hash_mix(low, high ^ a);
        b = hash_mix(low, high ^ b);
    }
    uint64_t low = hash_load(p, left < 8 ? left : 8), high = left > 8 ? hash_load(p + 8, left - 8) : 0;
    hashes[0] = hash_end(a, low, high, n);
    hashes[1] = hash_end(b, low, high, n);
}

/* --- table --- */

static uint32_t *table_slot(const struct table *t, struct slice key)
{
    uint32_t mask = t->index_size - 1;
    for (uint32_t i = (uint32_t)hash_bytes(key.p, key.n, 0) & mask;; i = (i + 1) & mask) {
        uint32_t number = t->index[i];
        if (number == 0) return &t->index[i];
        struct slice there = t->entries[number - 1].key;
        if (there.p && slice_equal(there, key)) return &t->index[i];
    }
}

static struct table_entry *table_find(const struct table *t, struct slice key)
{
    if (t->count == 0) return NULL;
    uint32_t number = *table_slot(t, key);
    return number ? &t->entries[number - 1] : NULL;
}

/* Closes the gaps, makes room for one more entry and at least as many again as live ones. */
static void table_rebuild(struct table *t)
{
    uint32_t live = 0;
    assert(t->entries || t->entry_count == 0);
    for (uint32_t i = 0; i < t->entry_count; i++)
        if (t->entries[i].key.p) t->entries[live++] = t->entries[i];
    assert(live == t->count && live < UINT32_MAX / 8);
    uint32_t capacity = TABLE_CAPACITY_MIN;
    while (capacity < 2 * (live + 1)) capacity *= 2;
    t->entries = memory_grow(t->entries, capacity, sizeof *t->entries);
    t->entry_count = live;
    t->entry_capacity = capacity;
    free(t->index);
    t->index_size = 2 * capacity;
    t->index = memory_new(t->index_size * sizeof *t->index);
    for (uint32_t i = 0; i < live; i++) *table_slot(t, t->entries[i].key) = i + 1;
}

void table_release(struct table *t)
{
    for (uint32_t i = 0; i < t->entry_count; i++) free((void *)t->entries[i].key.p);
    free(t->entries);
    free(t->index);
    *t = (struct table){0};
}

void *table_get(const struct table *t, struct slice key)
{
    struct table_entry *e = table_find(t, key);
    return e ? e->value : NULL;
}

void *table_get_str(const struct table *t, const char *key)
{
    return table_get(t, slice_str(key));
}

void *table_set(struct table *t, struct slice key, void *value)
{
    assert(value);
    struct table_entry *e = table_find(t, key);
    if (e) {
        void *before = e->value;
        e->value = value;
        return before;
    }
    if (t->entry_count == t->entry_capacity) table_rebuild(t);
    assert(t->entries && t->index);
    uint32_t *slot = table_slot(t, key);
    t->entries[t->entry_count] = (struct table_entry){{memory_copy(key.p, key.n), key.n}, value};
    *slot = ++t->entry_count;
    t->count++;
    return NULL;
}

void *table_set_str(struct table *t, const char *key, void *value)
{
    return table_set(t, slice_str(key), value);
}

void *table_remove(struct table *t, struct slice key)
{
    struct table_entry *e = table_find(t, key);
    if (!e) return NULL;
    void *value = e->value;
    free((void *)e->key.p);
    *e = (struct table_entry){0};
    t->count--;
    return value;
}

static struct table_entry *table_live_from(const struct table *t, uint32_t i)
{
    while (i < t->entry_count && !t->entries[i].key.p) i++;
    return i < t->entry_count ? &t->entries[i] : NULL;
}

struct table_entry *table_first(const struct table *t)
{
    return table_live_from(t, 0);
}

struct table_entry *table_next(const struct table *t, const struct table_entry *e)
{
    return table_live_from(t, (uint32_t)(e - t->entries) + 1);
}
