#include "broker/group/deadline.h"

#include "lib/base/random.h"
#include "tests/unit.h"

TEST(group_deadline, equal_instants_come_in_the_order_they_were_set)
{
    struct deadlines h = {0};
    struct deadline d[3] = {0};
    for (int i = 0; i < 3; i++) deadline_set(&h, &d[i], 5);
    deadline_set(&h, &d[0], 5); /* set again: now the last */
    check_int(deadlines_next(&h), 5);
    check(deadlines_due(&h, 4) == NULL);
    check(deadlines_due(&h, 5) == &d[1]);
    check(deadlines_due(&h, 5) == &d[2]);
    check(deadlines_due(&h, 5) == &d[0]);
    check(deadlines_due(&h, INT64_MAX) == NULL);
    check_int(deadlines_next(&h), INT64_MAX);
    deadlines_release(&h);
}

TEST(group_deadline, a_cleared_one_does_not_come)
{
    struct deadlines h = {0};
    struct deadline d[2] = {0};
    deadline_set(&h, &d[0], 1);
    deadline_set(&h, &d[1], 2);
    deadline_clear(&h, &d[0]);
    deadline_clear(&h, &d[0]);
    check(!deadline_is_set(&d[0]));
    check(deadlines_due(&h, 9) == &d[1]);
    check(deadlines_due(&h, 9) == NULL);
    deadlines_release(&h);
}

/* Against a plain array, over random sets, moves and clears. */
TEST(group_deadline, always_the_earliest)
{
    enum { N = 64, STEPS = 20000 };
    struct deadlines h = {0};
    struct deadline d[N] = {0};
    struct random r;
    random_seed(&r, 4);
    for (int step = 0; step < STEPS; step++) {
        struct deadline *one = &d[random_below(&r, N)];
        if (random_chance(&r, 2, 3))
            deadline_set(&h, one, (int64_t)random_below(&r, 1000));
        else
            deadline_clear(&h, one);
        int64_t least = INT64_MAX;
        int32_t set = 0;
        for (int i = 0; i < N; i++)
            if (deadline_is_set(&d[i])) {
                set++;
                if (d[i].at_ms < least) least = d[i].at_ms;
            }
        check_int(h.count, set);
        check_int(deadlines_next(&h), least);
    }
    for (int64_t last = 0; h.count > 0;) {
        const struct deadline *due = deadlines_due(&h, INT64_MAX);
        check(due->at_ms >= last);
        last = due->at_ms;
    }
    deadlines_release(&h);
}
