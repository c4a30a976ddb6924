#include "etl/operator/key_set.h"

#include <stdlib.h>

#include "etl/operator/key_runs.h"
#include "lib/base/memory.h"

/* A Bloom filter of a fixed size before the files, 32 bits for each key that may be recent: most keys that are asked
 * for are new. With 14 times as many older ones it still knows two thirds of the new ones. (Bloom, "Space/time
 * trade-offs in hash coding with allowable errors", 1970.) */
enum { FILTER_BITS = 32, FILTER_PROBES = 2 };

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

/* All recent keys become older ones. They are sorted where they lie: a copy would be the most that the set ever has. */
static int spill(struct key_set *s, struct err_text *error)
{
    uint64_t bits = (uint64_t)FILTER_BITS * recent_max(s);
    if (!s->older) {
        s->older = memory_new(sizeof *s->older + bits / 8);
        s->older->filter_bits = bits;
    }
    size_t count = fingerprint_map_compact(&s->recent);
    struct fingerprint *keys = (struct fingerprint *)(void *)s->recent.slots;
    for (size_t i = 0; i < count; i++) {
        struct fingerprint key = s->recent.slots[i].key;
        filter_add(s->older, key);
        keys[i] = key; /* not behind slot i */
    }
    key_sort(keys, count);
    int result = key_runs_add(&s->older->runs, keys, count, error);
    s->older_count += count;
    fingerprint_map_clear(&s->recent);
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
    if (fingerprint_map_has(&s->recent, key)) return true;
    return s->older && older_has(s->older, key);
}

int key_set_add(struct key_set *s, struct fingerprint key, bool *added, struct err_text *error)
{
    *added = false;
    if (key_set_has(s, key)) return 0;
    int result = s->recent.count < recent_max(s) ? 0 : spill(s, error);
    if (result == 0) fingerprint_map_at(&s->recent, key, added);
    return result;
}

void key_set_prefetch(const struct key_set *s, struct fingerprint key)
{
    if (s->recent.size) __builtin_prefetch(&s->recent.slots[key.low & (s->recent.size - 1)]);
}

void key_set_measure(const struct key_set *s, struct state_size *size)
{
    size->keys += s->older_count + s->recent.count;
    size->memory_bytes +=
        s->recent.size * sizeof *s->recent.slots + (s->older ? sizeof *s->older + s->older->filter_bits / 8 : 0);
    size->spilled_bytes += s->older_count * sizeof(struct fingerprint);
}

void key_set_release(struct key_set *s)
{
    if (s->older) key_runs_release(&s->older->runs);
    free(s->older);
    fingerprint_map_release(&s->recent);
    *s = (struct key_set){.recent_max = s->recent_max};
}
