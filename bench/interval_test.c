#include <math.h>

#include "bench/statistics.h"
#include "lib/base/random.h"
#include "tests/unit.h"

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fabs(b);
}

static double uniform(struct random *r)
{
    return (double)random_below(r, 1000000) / 1e6;
}

TEST(interval, few_trials_give_their_range)
{
    static const double v[] = {3, 1, 2, 8};
    struct interval i = interval_median(v, 4, 1);
    check(i.range && i.n == 4 && near(i.value, 2.5) && near(i.low, 1) && near(i.high, 8));
    check_int(interval_median(v, 0, 1).n, 0);
    check(isnan(interval_median(v, 0, 1).value));
}

/* 300 times ten trials of 1 + uniform noise: their true median is 1.5. The interval of a bootstrap from so few holds it
 * a little less often than it says. */
TEST(interval, holds_the_truth_about_as_often_as_it_says)
{
    struct random r;
    int held = 0, narrow = 0;
    random_seed(&r, 11);
    for (int k = 0; k < 300; k++) {
        double v[10];
        for (int i = 0; i < 10; i++) v[i] = 1 + uniform(&r);
        struct interval at = interval_median(v, 10, (uint64_t)k);
        check(!at.range && at.low <= at.value && at.value <= at.high);
        held += at.low <= 1.5 && at.high >= 1.5;
        narrow += at.high - at.low < 0.9;
    }
    check(held >= 270 && held < 300);
    check(narrow >= 250);
}

/* A bad minute doubles both sides of a pair: the paired ratio does not see it. */
TEST(interval, pairs_cancel_what_hits_both)
{
    double a[8], b[8];
    for (int i = 0; i < 8; i++) {
        b[i] = i % 2 ? 100 : 200;
        a[i] = 1.5 * b[i];
    }
    struct interval paired = interval_paired_ratio(a, b, 8, 3), apart = interval_ratio(a, 8, b, 8, 3);
    check(near(paired.value, 1.5) && near(paired.low, 1.5) && near(paired.high, 1.5));
    check(apart.low < 1 && apart.high > 2);
}

TEST(interval, a_ratio_of_few_trials_spans_the_extremes)
{
    static const double a[] = {2, 4}, b[] = {1, 2, 2};
    struct interval i = interval_ratio(a, 2, b, 3, 1);
    check(i.range && near(i.low, 1) && near(i.high, 4) && near(i.value, 1.5));
}

/* Same seed, same interval; a percentile of the merged counts is none of the trials' averages. */
TEST(interval, percentiles_come_from_merged_counts)
{
    struct histogram h[6];
    const struct histogram *trials[6];
    for (int i = 0; i < 6; i++) {
        histogram_init(&h[i]);
        histogram_record_count(&h[i], 10, 990);
        histogram_record_count(&h[i], i == 0 ? 1000 : 20, 10); /* one trial had a stall */
        trials[i] = &h[i];
    }
    struct interval p50 = interval_percentile(trials, 6, 50, 5), p999 = interval_percentile(trials, 6, 99.9, 5);
    check(!p50.range && near(p50.low, 10) && near(p50.high, 10));
    check(near(p999.value, 1000) && near(p999.low, 20) && near(p999.high, 1000));
    struct interval again = interval_percentile(trials, 6, 99.9, 5), few = interval_percentile(trials, 3, 99.9, 5);
    check(near(again.low, p999.low) && near(again.high, p999.high));
    check(few.range && near(few.low, 20) && near(few.high, 1000));
    for (int i = 0; i < 6; i++) histogram_release(&h[i]);
}
