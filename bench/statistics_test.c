#include "bench/statistics.h"

#include "tests/unit.h"

static bool near(double a, double b)
{
    return a - b < 1e-9 && b - a < 1e-9;
}

TEST(statistics, three_trials_say_75_percent)
{
    double v[] = {3, 1, 2};
    struct estimate e = estimate_median(v, 3);
    check_int(e.n, 3);
    check(near(e.median, 2) && near(e.low, 1) && near(e.high, 3) && near(e.confidence, 0.75));
}

TEST(statistics, an_even_number_takes_the_middle)
{
    double v[] = {10, 1, 2, 4};
    struct estimate e = estimate_median(v, 4);
    check(near(e.median, 3) && near(e.low, 1) && near(e.high, 10) && near(e.confidence, 0.875));
}

/* The textbook case: with ten values the second and the ninth give 97.85 %, the third and eighth 89.06 %. */
TEST(statistics, ten_trials_drop_the_extremes)
{
    double v[] = {10, 9, 8, 7, 6, 5, 4, 3, 2, 1};
    struct estimate e = estimate_median(v, 10);
    check(near(e.median, 5.5) && near(e.low, 2) && near(e.high, 9));
    check(near(e.confidence, 1 - 2 * 11.0 / 1024));
}

TEST(statistics, one_trial_says_nothing_about_its_interval)
{
    double v[] = {5};
    struct estimate e = estimate_median(v, 1);
    check(near(e.median, 5) && near(e.low, 5) && near(e.high, 5) && near(e.confidence, 0));
}
