#include "etl/reject_limit.h"

#include "tests/unit.h"

TEST(reject_limit, a_number_is_judged_at_once)
{
    struct reject_limit l;
    check(reject_limit_read("2", &l));
    check(!reject_limit_broken(&l, 2, 2, true));
    check(reject_limit_broken(&l, 3, 1000000, false));
    check(reject_limit_read("0", &l));
    check(reject_limit_broken(&l, 1, 5, false));
    check(!reject_limit_broken(&l, 0, 0, true));
}

TEST(reject_limit, a_share_is_judged_at_the_end)
{
    struct reject_limit l;
    check(reject_limit_read("0.5%", &l));
    check(!reject_limit_broken(&l, 1000, 1000, false));
    check(!reject_limit_broken(&l, 5, 1000, true)); /* exactly so many may be */
    check(reject_limit_broken(&l, 6, 1000, true));
    check(!reject_limit_broken(&l, 0, 0, true));
    check(reject_limit_read("100%", &l));
    check(!reject_limit_broken(&l, 1000, 1000, true));
    check(reject_limit_read("33.333333%", &l));
    check(reject_limit_broken(&l, 1, 3, true));
}

TEST(reject_limit, anything_else_is_refused)
{
    static const char *const wrong[] = {
        "", "%", "-1", "1.5", "101%", "0.0000001%", "1 %", "ten", "9223372036854775808"};
    struct reject_limit l;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (reject_limit_read(wrong[i], &l)) unit_fail("\"%s\" was taken", wrong[i]);
}

TEST(reject_limit, none_is_no_limit)
{
    check(!reject_limit_broken(&(struct reject_limit){0}, UINT64_MAX, UINT64_MAX, true));
}
