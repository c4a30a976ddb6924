#include "lib/base/histogram.h"

#include "lib/base/random.h"
#include "tests/unit.h"

TEST(histogram, empty)
{
    struct histogram h;
    histogram_init(&h);
    check_int(histogram_percentile(&h, 50), 0);
    check_int(h.max, 0);
    check_int(h.min, INT64_MAX);
    check(histogram_mean(&h) == 0);
    histogram_release(&h);
}

TEST(histogram, small_values_are_exact_and_zeros_count)
{
    struct histogram h;
    histogram_init(&h);
    for (int i = 0; i < 1000; i++) histogram_record(&h, i);
    histogram_record(&h, 0);
    histogram_record(&h, -5);
    check_int(h.total, 1002);
    check_int(h.counts[0], 3);
    check_int(histogram_percentile(&h, 0), 0);
    check_int(histogram_percentile(&h, 50), 498);
    check_int(histogram_percentile(&h, 100), 999);
    histogram_release(&h);
}

/* 1000 observations: the 99.9th percentile is the 999th, whatever binary fractions make of it. */
TEST(histogram, rank_is_not_a_victim_of_rounding)
{
    struct histogram h;
    histogram_init(&h);
    for (int i = 1; i <= 1000; i++) histogram_record(&h, i);
    check_int(histogram_percentile(&h, 99.9), 999);
    check_int(histogram_percentile(&h, 99), 990);
    check_int(histogram_percentile(&h, 55), 550);
    check_int(histogram_percentile(&h, 55.01), 551);
    histogram_release(&h);
}

TEST(histogram, every_value_keeps_three_digits)
{
    struct histogram h;
    struct random r;
    random_seed(&r, 2);
    histogram_init(&h);
    for (int i = 0; i < 20000; i++) {
        int64_t value = (int64_t)(random_u64(&r) >> (22 + random_below(&r, 42)));
        histogram_reset(&h);
        histogram_record(&h, value);
        histogram_record(&h, INT64_MAX); /* so that `max` does not help */
        int64_t upper = histogram_percentile(&h, 50);
        check(upper >= value);
        check(upper - value <= value / 1000);
    }
    check_int(h.max, ((int64_t)1 << HISTOGRAM_BITS) - 1);
    check_int(h.counts[HISTOGRAM_BUCKETS - 1], 1);
    histogram_release(&h);
}

struct rebuild {
    struct histogram *into;
    int64_t last;
};

static void add_bucket(void *context, int64_t upper, uint64_t count)
{
    struct rebuild *r = context;
    check(upper > r->last);
    r->last = upper;
    histogram_record_count(r->into, upper, count);
}

TEST(histogram, merged_and_rebuilt_histograms_have_the_same_buckets)
{
    struct histogram a, b, rebuilt;
    struct random r;
    random_seed(&r, 3);
    histogram_init(&a);
    histogram_init(&b);
    histogram_init(&rebuilt);
    for (int i = 0; i < 5000; i++) histogram_record(i % 2 ? &a : &b, (int64_t)random_below(&r, 1 << 30));
    histogram_record(&b, 1);
    histogram_record(&b, (int64_t)1 << 40);
    histogram_merge(&a, &b);
    check_int(a.total, 5002);
    check_int(a.min, 1);
    check_int(a.max, (int64_t)1 << 40);
    struct rebuild state = {&rebuilt, -1};
    histogram_each(&a, add_bucket, &state);
    check_mem(rebuilt.counts, a.counts, HISTOGRAM_BUCKETS * sizeof *a.counts);
    histogram_release(&a);
    histogram_release(&b);
    histogram_release(&rebuilt);
}

TEST(histogram, json_is_sparse_and_ascending)
{
    struct histogram h;
    struct buf out = {0};
    histogram_init(&h);
    histogram_to_json(&h, &out);
    check_str(buf_cstr(&out), "[]");
    buf_reset(&out);
    histogram_record_count(&h, 2048, 7);
    histogram_record(&h, 0);
    histogram_to_json(&h, &out);
    check_str(buf_cstr(&out), "[[0,1],[2049,7]]");
    check(histogram_mean(&h) == 1792);
    buf_release(&out);
    histogram_release(&h);
}
