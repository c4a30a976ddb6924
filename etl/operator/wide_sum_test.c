#include "etl/operator/wide_sum.h"

#include "tests/unit.h"

TEST(wide_sum, is_compared_in_the_larger_scale)
{
    check(!wide_sum_apart(125, 1, 125, 1, 0));
    check(!wide_sum_apart(12, 10, 120, 1, 0));
    check(!wide_sum_apart(120, 1, 12, 10, 0));
    check(!wide_sum_apart(-121, 1, -12, 10, 1));
    check(wide_sum_apart(-122, 1, -12, 10, 1));
    check(wide_sum_apart(122, 1, 12, 10, 1));
}

/* In 64 bits the first is 10 * INT64_MAX = -10, the second 2 * 2^63 = 0. */
TEST(wide_sum, does_not_wrap)
{
    check(wide_sum_apart(INT64_MAX, 10, 0, 1, 10));
    check(wide_sum_apart(0, 1, (wide_sum)INT64_MAX * 2 + 2, 1, 0));
    check(wide_sum_apart(INT64_MAX, 1000000000000000000, INT64_MIN, 1, INT64_MAX));
    check(wide_sum_apart(INT64_MIN, 1, INT64_MAX, 1, INT64_MAX));
    check(!wide_sum_apart(0, 1, INT64_MAX, 1, INT64_MAX));
    check(wide_sum_apart(INT64_MAX, 1, (wide_sum)INT64_MAX << 63, 1000000000000000000, INT64_MAX));
}
