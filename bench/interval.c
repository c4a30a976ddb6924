/* interval.c - intervals from resampled trials (statistics.h). */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "bench/statistics.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"

static double median_of(const double *values, int n)
{
    double copy[INTERVAL_TRIALS_MAX];
    assert(n > 0 && n <= INTERVAL_TRIALS_MAX);
    for (int i = 0; i < n; i++) copy[i] = values[i];
    return values_median(copy, n);
}

static double resampled_median(const double *values, int n, struct random *r)
{
    double drawn[INTERVAL_TRIALS_MAX];
    for (int i = 0; i < n; i++) drawn[i] = values[random_below(r, (uint64_t)n)];
    return values_median(drawn, n);
}

/* The 2.5th and the 97.5th percentile of what the resamples gave. Sorts them. */
static void ends(double *resampled, struct interval *out)
{
    values_sort(resampled, INTERVAL_RESAMPLES);
    out->low = resampled[INTERVAL_RESAMPLES / 40];
    out->high = resampled[INTERVAL_RESAMPLES - 1 - INTERVAL_RESAMPLES / 40];
}

static struct interval nothing(void)
{
    return (struct interval){.value = NAN, .low = NAN, .high = NAN, .range = true};
}

static void spread(const double *values, int n, double *low, double *high)
{
    assert(n > 0);
    *low = *high = values[0];
    for (int i = 1; i < n; i++) {
        if (values[i] < *low) *low = values[i];
        if (values[i] > *high) *high = values[i];
    }
}

struct interval interval_median(const double *values, int n, uint64_t seed)
{
    if (n == 0) return nothing();
    struct interval out = {.n = n, .value = median_of(values, n), .range = n < INTERVAL_TRIALS_MIN};
    if (out.range) {
        spread(values, n, &out.low, &out.high);
        return out;
    }
    double resampled[INTERVAL_RESAMPLES];
    struct random r;
    random_seed(&r, seed);
    for (int i = 0; i < INTERVAL_RESAMPLES; i++) resampled[i] = resampled_median(values, n, &r);
    ends(resampled, &out);
    return out;
}

struct interval interval_paired_ratio(const double *a, const double *b, int n, uint64_t seed)
{
    double ratios[INTERVAL_TRIALS_MAX];
    assert(n <= INTERVAL_TRIALS_MAX);
    for (int i = 0; i < n; i++) ratios[i] = a[i] / b[i];
    return interval_median(ratios, n, seed);
}

struct interval interval_ratio(const double *a, int na, const double *b, int nb, uint64_t seed)
{
    if (na == 0 || nb == 0) return nothing();
    int n = na < nb ? na : nb;
    struct interval out = {.n = n, .value = median_of(a, na) / median_of(b, nb), .range = n < INTERVAL_TRIALS_MIN};
    if (out.range) {
        double a_low, a_high, b_low, b_high;
        spread(a, na, &a_low, &a_high);
        spread(b, nb, &b_low, &b_high);
        out.low = a_low / b_high;
        out.high = a_high / b_low;
        return out;
    }
    double resampled[INTERVAL_RESAMPLES];
    struct random r;
    random_seed(&r, seed);
    for (int i = 0; i < INTERVAL_RESAMPLES; i++)
        resampled[i] = resampled_median(a, na, &r) / resampled_median(b, nb, &r);
    ends(resampled, &out);
    return out;
}

/* --- percentiles of merged counts --- */

/* Trials to be merged, with the buckets that any of them has something in: few of all there are. */
struct merging {
    const struct histogram *const *trials;
    int n;
    uint32_t *buckets; /* owned, ascending */
    int bucket_count;
};

static struct merging merging_new(const struct histogram *const *trials, int n)
{
    struct merging m = {.trials = trials, .n = n, .buckets = memory_new(HISTOGRAM_BUCKETS * sizeof *m.buckets)};
    assert(n <= INTERVAL_TRIALS_MAX);
    for (uint32_t b = 0; b < HISTOGRAM_BUCKETS; b++) {
        bool any = false;
        for (int i = 0; i < n; i++) any |= trials[i]->counts[b] > 0;
        if (any) m.buckets[m.bucket_count++] = b;
    }
    return m;
}

/* The weights say how often each trial was drawn. */
static double weighted_percentile(const struct merging *m, const int *weights, double percentile)
{
    uint64_t total = 0, seen = 0;
    for (int i = 0; i < m->n; i++) total += (uint64_t)weights[i] * m->trials[i]->total;
    double rank = ceil(percentile / 100 * (double)total * (1 - 1e-12));
    uint64_t wanted = rank < 1 ? 1 : (uint64_t)rank;
    int k = 0;
    for (; k < m->bucket_count && seen < wanted; k++) {
        for (int i = 0; i < m->n; i++) seen += (uint64_t)weights[i] * m->trials[i]->counts[m->buckets[k]];
    }
    return k ? (double)histogram_bucket_upper(m->buckets[k - 1]) : 0;
}

static double merged_percentile(const struct merging *m, double percentile)
{
    int weights[INTERVAL_TRIALS_MAX];
    for (int i = 0; i < m->n; i++) weights[i] = 1;
    return weighted_percentile(m, weights, percentile);
}

static double drawn_percentile(const struct merging *m, double percentile, struct random *r)
{
    int weights[INTERVAL_TRIALS_MAX] = {0};
    for (int i = 0; i < m->n; i++) weights[random_below(r, (uint64_t)m->n)]++;
    return weighted_percentile(m, weights, percentile);
}

static void percentile_spread(const struct histogram *const *trials, int n, double percentile, double *low,
                              double *high)
{
    double each[INTERVAL_TRIALS_MAX];
    for (int i = 0; i < n; i++) each[i] = (double)histogram_percentile(trials[i], percentile);
    spread(each, n, low, high);
}

struct interval interval_percentile(const struct histogram *const *trials, int n, double percentile, uint64_t seed)
{
    double resampled[INTERVAL_RESAMPLES];
    struct random r;
    if (n <= 0) return nothing();
    struct merging m = merging_new(trials, n);
    struct interval out = {.n = n, .value = merged_percentile(&m, percentile), .range = n < INTERVAL_TRIALS_MIN};
    if (out.range) {
        percentile_spread(trials, n, percentile, &out.low, &out.high);
    } else {
        random_seed(&r, seed);
        for (int k = 0; k < INTERVAL_RESAMPLES; k++) resampled[k] = drawn_percentile(&m, percentile, &r);
        ends(resampled, &out);
    }
    free(m.buckets);
    return out;
}

static void percentile_ratio_range(const struct merging *a, const struct merging *b, double percentile,
                                   struct interval *out)
{
    double a_low, a_high, b_low, b_high;
    percentile_spread(a->trials, a->n, percentile, &a_low, &a_high);
    percentile_spread(b->trials, b->n, percentile, &b_low, &b_high);
    out->low = a_low / b_high;
    out->high = a_high / b_low;
}

struct interval interval_percentile_ratio(const struct histogram *const *a, int na, const struct histogram *const *b,
                                          int nb, double percentile, uint64_t seed)
{
    double resampled[INTERVAL_RESAMPLES];
    struct random r;
    if (na <= 0 || nb <= 0) return nothing();
    struct merging over = merging_new(a, na), under = merging_new(b, nb);
    int n = na < nb ? na : nb;
    struct interval out = {.n = n,
                           .value = merged_percentile(&over, percentile) / merged_percentile(&under, percentile),
                           .range = n < INTERVAL_TRIALS_MIN};
    if (out.range) {
        percentile_ratio_range(&over, &under, percentile, &out);
    } else {
        random_seed(&r, seed);
        for (int k = 0; k < INTERVAL_RESAMPLES; k++)
            resampled[k] = drawn_percentile(&over, percentile, &r) / drawn_percentile(&under, percentile, &r);
        ends(resampled, &out);
    }
    free(over.buckets);
    free(under.buckets);
    return out;
}
