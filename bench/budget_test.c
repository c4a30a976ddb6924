#include "bench/budget.h"

#include <math.h>

#include "bench/bench.h"
#include "tests/unit.h"

TEST(budget, the_last_experiment_has_all_that_is_left)
{
    const char *const ids[] = {"E7", NULL};
    check(budget_share(ids, 100) == 100);
    check(budget_share(ids, -1) == 0);
}

TEST(budget, shares_are_those_of_what_experiments_take)
{
    const char *const ids[] = {"E2", "E4", NULL};
    check(fabs(budget_share(ids, 150) - 90) < 1e-9);
    check(fabs(budget_share(ids + 1, 60) - 60) < 1e-9);
}

TEST(budget, all_experiments_fit_when_each_keeps_its_share)
{
    const char *ids[64];
    double left = BUDGET_QUICK_S;
    int count = 0;
    for (; bench_experiments()[count].id; count++) ids[count] = bench_experiments()[count].id;
    ids[count] = NULL;
    for (int i = 0; i < count; i++) {
        double share = budget_share(ids + i, left);
        check(share > 5); /* enough for a trial or two */
        left -= share;
    }
    check(fabs(left) < 1e-6);
}
