#include "bench/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "tests/unit.h"

enum { CELLS = 9, TRIALS_MAX = 7 };

/* A run of CELLS cells: throughput around a million, latencies around 1 ms, spread by `noise` (0.1: 10 %), now and then
 * with a trial that is far off; everything times `factor`. */
struct made {
    struct trials all;
    struct trial items[CELLS * TRIALS_MAX];
};

/* About normal: the sum of twelve uniform numbers. */
static double normal(struct random *r)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) sum += (double)(random_u64(r) >> 11) * 0x1p-53;
    return sum;
}

static double noisy(struct random *r, double value, double noise)
{
    double far = random_below(r, 20) == 0 ? 3 : 1;
    return value * exp(noise * far * normal(r));
}

static struct made *run_new(struct random *r, int trials, double noise, double factor)
{
    struct made *run = memory_new(sizeof *run);
    run->all = (struct trials){.items = run->items};
    for (int c = 0; c < CELLS; c++) {
        for (int i = 1; i <= trials; i++) {
            char cell[TRIAL_NAME_MAX];
            struct trial *t = &run->items[run->all.count++];
            snprintf(cell, sizeof cell, "cell %d", c);
            trial_init(t, "E1", cell, i);
            trial_metric(t, "throughput", "messages/s", noisy(r, 1e6 * (c + 1), noise) / factor);
            trial_metric(t, "lost", "messages", 0);
            struct histogram *ack = trial_histogram(t, "ack", "ns");
            double scale = noisy(r, 1e6, noise) * factor;
            for (int k = 0; k < 600; k++) histogram_record(ack, (int64_t)noisy(r, scale, 0.2));
        }
    }
    return run;
}

static void run_free(struct made *run)
{
    for (int i = 0; i < run->all.count; i++) trial_release(&run->items[i]);
    free(run);
}

static enum compare_verdict compared(struct made *before, struct made *after, struct comparison *c)
{
    c->count = 0;
    compare_experiment(c, &before->all, &after->all);
    return compare_verdict(c);
}

static enum compare_verdict pair(struct random *r, int trials, double noise, double factor)
{
    struct comparison *c = memory_new(sizeof *c);
    struct made *before = run_new(r, trials, noise, 1), *after = run_new(r, trials, noise, factor);
    enum compare_verdict v = compared(before, after, c);
    check_int(c->count, CELLS * 4); /* throughput, two percentiles, lost */
    run_free(before);
    run_free(after);
    free(c);
    return v;
}

/* The same thing compared with itself, 20 times in the size of profile quick, at three kinds of noise. */
TEST(compare, twenty_runs_against_themselves_stay_silent)
{
    static const double noises[] = {0.02, 0.1, 0.3};
    struct random r;
    random_seed(&r, 6);
    int alarms = 0;
    for (int i = 0; i < 20; i++) alarms += pair(&r, 3, noises[i % 3], 1) != COMPARE_SAME;
    check_int(alarms, 0);
}

TEST(compare, what_got_slower_is_seen_above_the_noise)
{
    struct random r;
    random_seed(&r, 7);
    check_int(pair(&r, 3, 0.02, 1.3), COMPARE_WORSE);
    check_int(pair(&r, 3, 0.02, 0.7), COMPARE_BETTER);
    check_int(pair(&r, 7, 0.02, 1.3), COMPARE_WORSE);
    check_int(pair(&r, 3, 0.02, 1.04), COMPARE_SAME); /* below the least floor */
    check_int(pair(&r, 3, 0.5, 1.3), COMPARE_SAME);   /* lost in the noise */
}

TEST(compare, a_cell_without_a_valid_trial_is_not_measurable_unless_something_else_is_worse)
{
    struct random r;
    struct comparison *c = memory_new(sizeof *c);
    random_seed(&r, 8);
    struct made *before = run_new(&r, 3, 0.02, 1), *after = run_new(&r, 3, 0.02, 1), *slow = run_new(&r, 3, 0.02, 2);
    for (int i = 0; i < 3; i++) trial_void(&after->items[i], "a busy neighbour");
    for (int i = 0; i < 3; i++) trial_void(&slow->items[i], "a busy neighbour");
    check_int(compared(before, after, c), COMPARE_NOT_MEASURABLE);
    check(strcmp(c->lines[0].cell, "cell 0") == 0 && c->lines[0].verdict == COMPARE_NOT_MEASURABLE);
    check(isnan(c->lines[0].after) && c->lines[0].before > 0);
    check_int(c->lines[1].verdict, COMPARE_SAME);
    check_int(compared(before, slow, c), COMPARE_WORSE);
    run_free(before);
    run_free(after);
    run_free(slow);
    free(c);
}

TEST(compare, losses_are_counts)
{
    struct random r;
    struct comparison *c = memory_new(sizeof *c);
    random_seed(&r, 9);
    struct made *before = run_new(&r, 3, 0.02, 1), *after = run_new(&r, 3, 0.02, 1);
    after->items[0].metrics[1].value = 5; /* one trial of three: may be chance */
    check_int(compared(before, after, c), COMPARE_SAME);
    for (int i = 0; i < 3; i++) after->items[i].metrics[1].value = 5;
    check_int(compared(before, after, c), COMPARE_WORSE);
    check_int(compared(after, before, c), COMPARE_BETTER);
    run_free(before);
    run_free(after);
    free(c);
}
