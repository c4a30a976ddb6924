#include "workloads/dirt.h"

#include <string.h>

#include "tests/unit.h"

static int taken(uint32_t rate, int records, uint64_t seed)
{
    struct random r;
    struct dirt_due d;
    int n = 0;
    random_seed(&r, seed);
    dirt_init(&d, &r, rate, (uint64_t)records);
    for (int i = 0; i < records; i++) n += dirt_take(&d, &r);
    return n;
}

TEST(dirt, rates_come_out)
{
    static const uint32_t rates[] = {1000, 10000, 300000, 500000, 900000};
    for (int i = 0; i < 5; i++) {
        int expected = (int)(rates[i] / 10), n = taken(rates[i], 100000, 1);
        check(n > expected - expected / 10 - 20 && n < expected + expected / 10 + 20);
    }
    check_int(taken(DIRT_ALWAYS, 1000, 1), 1000);
    check_int(taken(0, 1000, 1), 0);
}

TEST(dirt, happens_in_a_small_input)
{
    for (uint64_t seed = 0; seed < 50; seed++) check(taken(1, 30, seed) >= 1);
}

TEST(dirt, rates_are_read_and_the_last_counts)
{
    static const struct dirt_kind kinds[] = {{"late", 5, ""}, {"twice", 7, ""}};
    struct dirt_rates rates = {0};
    struct err_text error = {0};
    uint32_t out[2];
    check_int(dirt_rates_add(&rates, "late=0.25", &error), 0);
    check_int(dirt_rates_add(&rates, "late=1", &error), 0);
    check_int(dirt_rates_resolve(&rates, kinds, 2, out, &error), 0);
    check_int(out[0], DIRT_ALWAYS);
    check_int(out[1], 7);
    check_int(dirt_rates_add(&rates, "lat=0", &error), 0);
    check_int(dirt_rates_resolve(&rates, kinds, 2, out, &error), ERR_NOTFOUND);
    check(strstr(error.text, "\"lat\"") && strstr(error.text, "late, twice"));
}

TEST(dirt, what_is_no_rate_is_refused)
{
    static const char *const wrong[] = {"late", "=0.5", "late=", "late=1.1", "late=-0.1", "late=0.0000001", "late=x"};
    struct dirt_rates rates = {0};
    struct err_text error = {0};
    for (int i = 0; i < 7; i++) check_int(dirt_rates_add(&rates, wrong[i], &error), ERR_RANGE);
    check_int(rates.count, 0);
}
