#include "bench/steady.h"

#include <math.h>

#include "lib/base/random.h"
#include "tests/unit.h"

enum { N = 60 };

/* Noise of a twentieth, uniform. */
static void noisy(double values[N], uint64_t seed)
{
    struct random r;
    random_seed(&r, seed);
    for (int i = 0; i < N; i++) values[i] *= 0.95 + (double)random_below(&r, 1000) / 10000;
}

TEST(steady, a_flat_run_is_steady_from_the_start)
{
    int early = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        double values[N];
        for (int i = 0; i < N; i++) values[i] = 1000;
        noisy(values, seed);
        struct steady s = steady_find(values, N);
        early += s.found && s.from < N / 2;
    }
    /* MSER may like a quiet second half better by chance, but seldom. */
    check(early >= 90);
    double same[N] = {0};
    check(steady_find(same, N).found && steady_find(same, N).from == 0);
}

TEST(steady, a_warm_up_is_cut_off)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        double values[N];
        for (int i = 0; i < N; i++) values[i] = i < 12 ? 1000 + 500 * (12 - i) : 1000;
        noisy(values, seed);
        struct steady s = steady_find(values, N);
        check(s.found && s.from >= 9 && s.from < N / 2);
    }
}

TEST(steady, what_grows_without_end_is_not)
{
    double values[N];
    for (int i = 0; i < N; i++) values[i] = 1000 + 50 * i;
    noisy(values, 3);
    check(!steady_find(values, N).found);
    for (int i = 0; i < N; i++) values[i] = 1000 - 12 * i;
    noisy(values, 4);
    check(!steady_find(values, N).found);
}

TEST(steady, a_step_in_the_second_half_is_not)
{
    double values[N];
    for (int i = 0; i < N; i++) values[i] = i < 40 ? 1000 : 3000;
    noisy(values, 5);
    struct steady s = steady_find(values, N);
    check(!s.found && s.why[0]);
}

TEST(steady, too_short_is_no_verdict)
{
    double values[N] = {0};
    check(!steady_find(values, STEADY_WINDOWS_MIN - 1).found);
}

TEST(little, agrees_within_five_percent_where_it_applies)
{
    check(little_check(100, 0, 10000, 10e6).holds);
    check(little_check(104, 0, 10000, 10e6).holds);
    check(!little_check(106, 0, 10000, 10e6).holds);
    check(!little_check(94, 0, 10000, 10e6).holds);
    check(little_check(9, 0, 10000, 10e6).holds && !little_check(9, 0, 10000, 10e6).applies);
    check(!little_check(20, 0, 10000, 0).holds);
}

/* Five of the twelve are allowed; seven are 2.8 standard errors of 2.5, and 2.3 of 3. */
TEST(little, leaves_to_chance_what_samples_cannot_tell)
{
    check(!little_check(112, 2.5, 10000, 10e6).holds);
    check(little_check(112, 3, 10000, 10e6).holds);
    check(!little_check(88, 2.5, 10000, 10e6).holds);
    check(little_check(88, 3, 10000, 10e6).holds);
}

/* From 1000 to 1590 in 60 windows: by the slope 590 more, half of which MSER may leave out as not settled yet. */
TEST(steady, says_how_much_a_run_rose_in_its_own_unit)
{
    double values[N];
    for (int i = 0; i < N; i++) values[i] = 1000 + 10 * i;
    struct steady s = steady_find(values, N);
    check(!s.found && fabs(s.rise - 10 * (N - 1 - s.from)) < 1e-6);
}
