/* random.h - a small seeded generator (xoshiro256**, Blackman and Vigna 2018; seeded by splitmix64).
 *
 * The same seed gives the same numbers on every machine. Not for secrets. */
#ifndef MILLRACE_BASE_RANDOM_H
#define MILLRACE_BASE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t s[4];
};

void random_seed(struct random *r, uint64_t seed);
uint64_t random_u64(struct random *r);
/* Uniform in [0, bound); bound > 0. Unbiased (Lemire 2019). */
uint64_t random_below(struct random *r, uint64_t bound);
bool random_chance(struct random *r, uint32_t numerator, uint32_t denominator);

#endif
