#include "etl/quality/distinct.h"

#include "tests/unit.h"

static void numbers_add(struct distinct *d, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) distinct_add(d, fingerprint_of(&i, sizeof i));
}

TEST(distinct, is_exact_up_to_its_bound)
{
    struct distinct d = {0};
    check_int(distinct_count(&d), 0);
    numbers_add(&d, 0, DISTINCT_EXACT_MAX);
    numbers_add(&d, 0, 1000); /* again */
    check(distinct_is_exact(&d));
    check_int(distinct_count(&d), DISTINCT_EXACT_MAX);
    distinct_release(&d);
}

/* Four standard errors; the fingerprints are the same on every machine, so the figures are, too. */
TEST(distinct, an_estimate_is_as_near_as_it_says)
{
    struct distinct d = {0};
    uint64_t added = 0;
    for (uint64_t n = DISTINCT_EXACT_MAX + 1; n < 5000000; n *= 3) {
        numbers_add(&d, added, n);
        added = n;
        check(!distinct_is_exact(&d));
        double off = ((double)distinct_count(&d) - (double)n) / (double)n;
        if (off < -4 * DISTINCT_STANDARD_ERROR || off > 4 * DISTINCT_STANDARD_ERROR)
            unit_fail("%llu are estimated as %llu", (unsigned long long)n, (unsigned long long)distinct_count(&d));
    }
    uint64_t once = distinct_count(&d);
    numbers_add(&d, 0, 200000); /* what is known changes nothing */
    check_int(distinct_count(&d), once);
    distinct_release(&d);
}
