#include "lib/base/random.h"

#include "tests/unit.h"

/* The first outputs for seed 0: splitmix64(0) gives the state e220a8397b1dcdaf 6e789e6aa1b965f4
 * 06c45d188009454f f88bb8a8724c81ec, as in the authors' programs; xoshiro256** then rotates
 * 5 * s[1] by 7 and multiplies by 9. */
TEST(random, known_sequence)
{
    struct random r;
    random_seed(&r, 0);
    check_int(r.s[0], 0xe220a8397b1dcdaf);
    check_int(r.s[1], 0x6e789e6aa1b965f4);
    check_int(r.s[3], 0xf88bb8a8724c81ec);
    check_int(random_u64(&r), 0x99ec5f36cb75f2b4);
    check_int(random_u64(&r), 0xbf6e1f784956452a);
    for (int i = 2; i < 99; i++) random_u64(&r);
    check_int(random_u64(&r), 0x3cb72d021fba219c);
}

TEST(random, below_is_in_range_and_even)
{
    struct random r;
    int counts[6] = {0};
    random_seed(&r, 7);
    for (int i = 0; i < 60000; i++) counts[random_below(&r, 6)]++;
    for (int i = 0; i < 6; i++) check(counts[i] > 9500 && counts[i] < 10500);
    check_int(random_below(&r, 1), 0);
}

TEST(random, chance_has_its_frequency)
{
    struct random r;
    int hits = 0;
    random_seed(&r, 8);
    for (int i = 0; i < 10000; i++) hits += random_chance(&r, 1, 10);
    check(hits > 850 && hits < 1150);
    check(!random_chance(&r, 0, 10));
    check(random_chance(&r, 10, 10));
}
