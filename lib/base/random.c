#include "lib/base/random.h"

#include <assert.h>

/* splitmix64 (Steele, Lea, Flood 2014): fills the state, so that near seeds give unrelated streams. */
static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

void random_seed(struct random *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++) r->s[i] = splitmix64(&seed);
}

uint64_t random_u64(struct random *r)
{
    uint64_t *s = r->s, result = rotate_left(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

/* The high word of a 64x64 product is uniform except for the products whose low word falls below
 * 2^64 mod bound; those are drawn again (Lemire, "Fast random integer generation in an interval"). */
uint64_t random_below(struct random *r, uint64_t bound)
{
    assert(bound > 0);
    uint64_t rest = -bound % bound;
    for (;;) {
        unsigned __int128 product = (unsigned __int128)random_u64(r) * bound;
        if ((uint64_t)product >= rest) return (uint64_t)(product >> 64);
    }
}

bool random_chance(struct random *r, uint32_t numerator, uint32_t denominator)
{
    return random_below(r, denominator) < numerator;
}
