/* Gaps of two partitions on a clock of the test's. */
#include "bench/gaps.h"
#include "tests/unit.h"

#define MS INT64_C(1000000)

/* Messages 0 .. 9, alternating, one every millisecond from 1 ms on; phases from 0, 4 and 8 ms. */
static void regular(struct gaps *g, int count)
{
    gaps_init(g, 2, 10);
    gaps_begin(g, 0, 4 * MS, 8 * MS);
    for (int i = 0; i < count; i++) check_int(gaps_received(g, i % 2, (uint64_t)i, (i + 1) * MS), 1);
}

TEST(gaps, a_gap_is_between_two_records_of_a_partition)
{
    struct gaps g;
    regular(&g, 10);
    gaps_end(&g, 100 * MS);
    for (int phase = 0; phase < GAPS_PHASES; phase++) check_int(gaps_longest(&g, phase), 2 * MS);
    check_int(gaps_missing(&g), 0);
    check_int(gaps_again(&g), 0);
    check_int(gaps_stopped(&g, 1, 2 * MS), 0);
    gaps_release(&g);
}

TEST(gaps, one_belongs_to_the_phase_in_which_it_ends)
{
    struct gaps g;
    regular(&g, 3);
    /* Partition 0 has had its record at 3 ms; the next one comes at 7. Partition 1: 2 ms, then 5. */
    check_int(gaps_received(&g, 1, 3, 5 * MS), 1);
    check_int(gaps_received(&g, 0, 4, 7 * MS), 1);
    check_int(gaps_longest(&g, 0), 2 * MS);
    check_int(gaps_longest(&g, 1), 4 * MS);
    check_int(gaps_stopped(&g, 1, 3 * MS), 1);
    check_int(gaps_stopped(&g, 1, 2 * MS), 2);
    gaps_release(&g);
}

TEST(gaps, what_comes_again_ends_no_gap)
{
    struct gaps g;
    regular(&g, 2);
    check_int(gaps_received(&g, 0, 0, 3 * MS), 0);
    check_int(gaps_received(&g, 0, 2, 6 * MS), 1);
    check_int(gaps_longest(&g, 1), 5 * MS);
    check_int(gaps_again(&g), 1);
    gaps_release(&g);
}

TEST(gaps, what_never_comes_is_a_gap_to_the_end)
{
    struct gaps g;
    regular(&g, 9); /* the last of partition 1 is missing; it was last heard of at 8 ms */
    gaps_end(&g, 30 * MS);
    check_int(gaps_longest(&g, 2), 22 * MS);
    check_int(gaps_stopped(&g, 2, 10 * MS), 1);
    check_int(gaps_missing(&g), 1);
    gaps_release(&g);
}

TEST(gaps, strangers_and_what_came_before_count_for_nothing)
{
    struct gaps g;
    gaps_init(&g, 2, 10);
    check_int(gaps_received(&g, 0, 0, 5 * MS), 1); /* before the beginning is known */
    check_int(gaps_received(&g, 0, UINT64_MAX, 5 * MS), 0);
    check_int(gaps_received(&g, 2, 1, 5 * MS), 0);
    check_int(gaps_longest(&g, 0), 0);
    check_int(gaps_missing(&g), 9);
    gaps_release(&g);
}
