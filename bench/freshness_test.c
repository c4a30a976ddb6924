#include "bench/freshness.h"

#include "tests/unit.h"

#define SECOND INT64_C(1000000000)

/* A refresh every second that takes 0.2 s and shows what had arrived when it began: the age runs from 0.2 s
 * to 1.2 s, evenly. */
static void saw_tooth(struct freshness *f, const struct schedule *births)
{
    for (int64_t k = 0; k <= 20; k++) freshness_observe(f, k * SECOND + SECOND / 5, schedule_due(births, k * SECOND));
}

static bool about(int64_t value, int64_t expected)
{
    int64_t off = value - expected;
    return (off < 0 ? -off : off) <= 5000000;
}

TEST(freshness, ages_of_a_periodic_refresh_are_even)
{
    struct freshness f = {0};
    struct schedule births = {.start_ns = 0, .rate = 1000};
    struct histogram ages;
    histogram_init(&ages);
    saw_tooth(&f, &births);
    freshness_ages(&f, &births, 5 * SECOND, 15 * SECOND, 1000000, &ages);
    check_int(ages.total, 10000);
    check(about(ages.min, SECOND / 5) && about(ages.max, SECOND * 6 / 5));
    check(about(histogram_percentile(&ages, 50), SECOND * 7 / 10));
    check(about(histogram_percentile(&ages, 90), SECOND * 11 / 10));
    histogram_release(&ages);
    freshness_release(&f);
}

TEST(freshness, each_arrival_waits_for_the_refresh_after_it)
{
    struct freshness f = {0};
    struct schedule births = {.start_ns = 0, .rate = 1000};
    struct histogram latencies;
    histogram_init(&latencies);
    saw_tooth(&f, &births);
    check_int(freshness_latencies(&f, &births, 5 * SECOND, 15 * SECOND, &latencies), 0);
    check_int(latencies.total, 10000);
    /* Born right at the start of a refresh: 0.2 s; right after it: 1.2 s. */
    check(about(latencies.min, SECOND / 5) && about(latencies.max, SECOND * 6 / 5));
    histogram_release(&latencies);
    freshness_release(&f);
}

TEST(freshness, peaks_are_the_ages_before_something_newer)
{
    struct freshness f = {0};
    struct schedule births = {.start_ns = 0, .rate = 1000};
    /* Row 999 is born at 0.999 s, and the newest one until 2.5 s; an emptied table in between shows nothing newer. */
    freshness_observe(&f, SECOND, 1000);
    freshness_observe(&f, 2 * SECOND, 0);
    freshness_observe(&f, 5 * SECOND / 2, 2001);
    freshness_observe(&f, 4 * SECOND, 3001);
    check(freshness_peak_ns(&f, &births, 0, 3 * SECOND) == 1501e6);
    check(freshness_peak_ns(&f, &births, 0, 5 * SECOND) == (1501e6 + 2000e6) / 2);
    check(freshness_peak_ns(&f, &births, 5 * SECOND, 6 * SECOND) == 0);
    freshness_release(&f);
}

TEST(freshness, what_was_never_seen_is_counted)
{
    struct freshness f = {0};
    struct schedule births = {.start_ns = 0, .rate = 1000};
    struct histogram latencies;
    histogram_init(&latencies);
    freshness_observe(&f, SECOND, 600);
    freshness_observe(&f, 2 * SECOND, 600); /* no change */
    check_int(f.count, 1);
    check_int(freshness_latencies(&f, &births, 0, SECOND, &latencies), 400);
    check_int(latencies.total, 600);
    histogram_release(&latencies);
    freshness_release(&f);
}
