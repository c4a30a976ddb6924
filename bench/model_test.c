#include "bench/model.h"

#include <math.h>

#include "lib/base/random.h"
#include "tests/unit.h"

static bool near(double value, double expected, double share)
{
    return fabs(value - expected) <= share * expected;
}

TEST(model, two_costs_are_found_again)
{
    struct model m = {0};
    double rows[] = {1, 10, 100, 1000}, seconds[4];
    for (int i = 0; i < 4; i++) seconds[i] = 0.002 + rows[i] * 30e-6;
    model_fit(&m, rows, seconds, 4);
    check(near(m.fixed_s, 0.002, 1e-6));
    check(near(m.row_s, 30e-6, 1e-6));
    model_fit(&m, rows, seconds, 1);
    check(near(m.fixed_s, seconds[0], 1e-6));
    check(m.row_s == 0);
    double below[] = {0.001, 0.011, 0.111, 1.111};
    model_fit(&m, rows, below, 4);
    check(m.fixed_s == 0);
    check(m.row_s > 0.001 && m.row_s < 0.0012);
}

/* The pipeline that the model speaks of, event by event: the formula must give the mean age of that. */
static double simulated_age_s(const struct model *m, double interval_s, uint64_t seed)
{
    struct random random;
    random_seed(&random, seed);
    double next = 0, free_at = 0, shown = 0, shown_at = 0, area = 0, begin = -1, end = 0;
    for (int round = 0; round < 4000; round++) {
        double first = next, newest = next, rows = 0;
        double cut = fmax(first + interval_s, free_at);
        while (next <= cut) {
            newest = next;
            rows++;
            next -= log(((double)(random_u64(&random) >> 11) + 1) * 0x1p-53) / m->rate;
        }
        free_at = cut + m->fixed_s + m->row_s * rows;
        double seen = free_at + m->delivery_s;
        if (begin < 0)
            begin = seen;
        else
            area += (seen - shown_at) * ((seen + shown_at) / 2 - shown);
        shown = newest;
        shown_at = end = seen;
    }
    return area / (end - begin);
}

TEST(model, the_formula_is_what_a_simulation_gives)
{
    struct model m = {.fixed_s = 0.0015, .row_s = 40e-6, .delivery_s = 0.002, .rate = 500};
    static const double intervals_s[] = {0.01, 0.1, 1, 4};
    for (int i = 0; i < 4; i++) {
        double age = simulated_age_s(&m, intervals_s[i], 7);
        if (!near(model_age_s(&m, intervals_s[i]), age, 0.05))
            unit_fail("%g s: %g is not %g", intervals_s[i], model_age_s(&m, intervals_s[i]), age);
    }
    /* At its busiest the transactions follow each other without a pause. */
    check(near(model_age_s(&m, 0.0005), simulated_age_s(&m, 0.0005, 7), 0.15));
}

TEST(model, more_rows_than_can_be_written_never_get_fresh)
{
    struct model m = {.fixed_s = 0.001, .row_s = 0.003, .rate = 500};
    check(isinf(model_age_s(&m, 1)));
}
