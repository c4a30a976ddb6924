#include "etl/quality/top.h"

#include "tests/unit.h"

static void add(struct top *t, int64_t number)
{
    struct value v = {.type = VALUE_INTEGER, .i = number};
    top_add(t, fingerprint_of(&number, sizeof number), &v);
}

TEST(top, counts_of_few_values_are_exact)
{
    struct top t = {0};
    for (int64_t i = 0; i < TOP_COUNTERS - 1; i++)
        for (int64_t k = 0; k <= i % 3; k++) add(&t, i);
    top_sort(&t);
    check_int(t.count, TOP_COUNTERS - 1);
    check_int(t.error, 0);
    check_int(t.entries[0].rows, 3);
    check_int(t.entries[0].value.i, 2); /* of equals the smaller value first */
    check_int(t.entries[1].value.i, 5);
    check_int(t.entries[t.count - 1].rows, 1);
    top_release(&t);
}

/* 7 is in one of 100 rows, only in the second half, among values that are there once. */
TEST(top, a_frequent_value_that_comes_late_is_found_within_the_error)
{
    struct top t = {0};
    int64_t rows = 0, sevens = 0;
    for (; rows < 200000; rows++) add(&t, 1000 + rows);
    for (; rows < 400000; rows++) {
        bool seven = rows % 50 == 0;
        sevens += seven;
        add(&t, seven ? 7 : 1000 + rows);
    }
    top_sort(&t);
    check_int(t.entries[0].value.i, 7);
    check(t.error > 0 && t.error <= (uint64_t)rows / (TOP_KEPT + 1));
    check(t.entries[0].rows <= (uint64_t)sevens && t.entries[0].rows + t.error >= (uint64_t)sevens);
    check(t.count < TOP_COUNTERS);
    top_release(&t);
}

TEST(top, long_texts_are_kept_apart_though_only_their_beginning_is)
{
    struct top t = {0};
    char text[1000];
    memset(text, 'x', sizeof text);
    for (int i = 0; i < 4; i++) {
        text[sizeof text - 1] = (char)('a' + i % 2);
        struct value v = {.type = VALUE_TEXT, .text = slice_of(text, sizeof text)};
        top_add(&t, fingerprint_of(text, sizeof text), &v);
    }
    check_int(t.count, 2);
    check_int(t.entries[0].rows, 2);
    check_int(t.entries[0].value.text.n, TEXT_KEPT_MAX);
    top_release(&t);
}
