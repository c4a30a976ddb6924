#include "etl/quality/distinct.h"

#include <math.h>
#include <stdlib.h>

#include "lib/base/memory.h"

enum { REGISTERS = 1 << DISTINCT_REGISTER_BITS };

/* A register keeps the longest run of leading zeros, plus one, among the hashes that fell to it. */
static void register_add(uint8_t *registers, struct fingerprint value)
{
    uint64_t rest = value.high << DISTINCT_REGISTER_BITS;
    int rank = rest ? __builtin_clzll(rest) + 1 : 64 - DISTINCT_REGISTER_BITS + 1;
    uint8_t *at = &registers[value.high >> (64 - DISTINCT_REGISTER_BITS)];
    if (rank > *at) *at = (uint8_t)rank;
}

static void estimate_from_now_on(struct distinct *d)
{
    d->registers = memory_new(REGISTERS);
    for (size_t i = 0; i < d->seen.size; i++) {
        struct fingerprint key = d->seen.slots[i].key;
        if (key.high || key.low) register_add(d->registers, key);
    }
    fingerprint_map_release(&d->seen);
}

void distinct_add(struct distinct *d, struct fingerprint value)
{
    bool added;
    if (d->registers) {
        register_add(d->registers, value);
        return;
    }
    fingerprint_map_at(&d->seen, value, &added);
    if (d->seen.count > DISTINCT_EXACT_MAX) estimate_from_now_on(d);
}

uint64_t distinct_count(const struct distinct *d)
{
    if (!d->registers) return d->seen.count;
    double sum = 0, m = REGISTERS, alpha = 0.7213 / (1 + 1.079 / m);
    for (int i = 0; i < REGISTERS; i++) sum += ldexp(1, -d->registers[i]);
    return (uint64_t)llround(alpha * m * m / sum);
}

void distinct_release(struct distinct *d)
{
    fingerprint_map_release(&d->seen);
    free(d->registers);
    *d = (struct distinct){0};
}
