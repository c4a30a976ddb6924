#include "etl/operator/key_set.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "etl/operator/key_runs.h"
#include "lib/base/memory.h"

/* A Bloom filter of a fixed size before the files, 16 bits for each key that may be recent: most keys that are asked
 * for are new. With 7 times as many older ones it still knows two thirds of the new ones. (Bloom, "Space/time
 * trade-offs in hash coding with allowable errors", 1970.) */
enum { FILTER_BITS = 16, FILTER_PROBES = 2 };

/* The rows of a visit or an order are near each other: an older key that was found is asked for again soon. */
enum { FOUND = 1024 };

struct key_store {
    struct key_runs runs;
    struct fingerprint found[FOUND]; /* by the low bits; both 0: none */
    uint64_t filter_bits;
    uint8_t filter[]; /* that many bits */
};

static size_t recent_max(const struct key_set *s)
{
    return s->recent_max ? s->recent_max : KEY_SET_RECENT_MAX;
}

/* Bit number `probe` of a key; a fingerprint's bits are as good as random. */
static uint64_t filter_bit(const struct key_store *k, struct fingerprint key, int probe)
{
    return (key.high >> (32 * probe) & UINT32_MAX) % k->filter_bits;
}

static void filter_add(struct key_store *k, struct fingerprint key)
{
    for (int i = 0; i < FILTER_PROBES; i++) {
        uint64_t bit = filter_bit(k, key, i);
        k->filter[bit / 8] |= (uint8_t)(1u << bit % 8);
    }
}

static bool filter_may_have(const struct key_store *k, struct fingerprint key)
{
    bool all = true;
    for (int i = 0; i < FILTER_PROBES && all; i++) {
        uint64_t bit = filter_bit(k, key, i);
        all = k->filter[bit / 8] & 1u << bit % 8;
    }
    return all;
}

/* --- the recent ones --- */

/* A place of the index: which key, from 1, below PLACE_BITS; above them bits that choose no place. */
enum { CAPACITY_MIN = 128, PLACE_BITS = 19 };

static uint32_t place_of(struct fingerprint key, size_t number)
{
    return (uint32_t)(key.high >> 32 << PLACE_BITS) | (uint32_t)number;
}

/* The place of the key, or the free one where it would be. */
static uint32_t *place_find(const struct key_set *s, struct fingerprint key)
{
    size_t mask = 2 * s->capacity - 1, at = key.low & mask;
    uint32_t tag = place_of(key, 0);
    for (;; at = (at + 1) & mask) {
        uint32_t place = s->index[at], number = place & ((1u << PLACE_BITS) - 1);
        if (place == 0 || (place - number == tag && fingerprint_equal(s->keys[number - 1], key))) return &s->index[at];
    }
}

static bool recent_has(const struct key_set *s, struct fingerprint key)
{
    return s->count && *place_find(s, key);
}

static void recent_grow(struct key_set *s)
{
    s->capacity = s->capacity ? 2 * s->capacity : CAPACITY_MIN;
    assert(s->capacity < 1u << PLACE_BITS);
    s->keys = memory_grow(s->keys, s->capacity, sizeof *s->keys);
    free(s->index);
    s->index = memory_new(2 * s->capacity * sizeof *s->index);
    for (size_t i = 0; i < s->count; i++) *place_find(s, s->keys[i]) = place_of(s->keys[i], i + 1);
}

static void recent_add(struct key_set *s, struct fingerprint key)
{
    if (s->count == s->capacity) recent_grow(s);
    s->keys[s->count++] = key;
    *place_find(s, key) = place_of(key, s->count);
}

/* --- the older ones --- */

/* All recent keys become older ones. They are sorted where they lie: a copy would be the most that the set ever has. */
static int spill(struct key_set *s, struct err_text *error)
{
    uint64_t bits = (uint64_t)FILTER_BITS * recent_max(s);
    if (!s->older) {
        s->older = memory_new(sizeof *s->older + bits / 8);
        s->older->filter_bits = bits;
    }
    for (size_t i = 0; i < s->count; i++) filter_add(s->older, s->keys[i]);
    key_sort(s->keys, s->count);
    int result = key_runs_add(&s->older->runs, s->keys, s->count, error);
    s->older_count += s->count;
    s->count = 0;
    memset(s->index, 0, 2 * s->capacity * sizeof *s->index);
    return result;
}

static bool older_has(struct key_store *k, struct fingerprint key)
{
    struct fingerprint *found = &k->found[key.low % FOUND];
    if (fingerprint_equal(*found, key)) return true;
    if (!filter_may_have(k, key) || !key_runs_has(&k->runs, key)) return false;
    *found = key;
    return true;
}

bool key_set_has(const struct key_set *s, struct fingerprint key)
{
    if (recent_has(s, key)) return true;
    return s->older && older_has(s->older, key);
}

int key_set_add(struct key_set *s, struct fingerprint key, bool *added, struct err_text *error)
{
    *added = false;
    if (key_set_has(s, key)) return 0;
    int result = s->count < recent_max(s) ? 0 : spill(s, error);
    if (result < 0) return result;
    recent_add(s, key);
    *added = true;
    return 0;
}

void key_set_prefetch(const struct key_set *s, struct fingerprint key)
{
    if (s->capacity) __builtin_prefetch(&s->index[key.low & (2 * s->capacity - 1)]);
}

void key_set_measure(const struct key_set *s, struct state_size *size)
{
    size->keys += s->older_count + s->count;
    size->memory_bytes += s->capacity * (sizeof *s->keys + 2 * sizeof *s->index);
    if (s->older) size->memory_bytes += sizeof *s->older + s->older->filter_bits / 8;
    size->spilled_bytes += s->older_count * sizeof(struct fingerprint);
}

void key_set_release(struct key_set *s)
{
    if (s->older) key_runs_release(&s->older->runs);
    free(s->older);
    free(s->keys);
    free(s->index);
    *s = (struct key_set){.recent_max = s->recent_max};
}
