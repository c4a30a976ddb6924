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

/* A merge of weighted trials is walked bucket by bucket: the weights say how often each trial was drawn. */
static double weighted_percentile(const struct histogram *const *trials, const int *weights, int n, double percentile)
{
    uint64_t total = 0, seen = 0;
    for (int i = 0; i < n; i++) total += (uint64_t)weights[i] * trials[i]->total;
    double rank = ceil(percentile / 100 * (double)total * (1 - 1e-12));
    uint64_t wanted = rank < 1 ? 1 : (uint64_t)rank;
    uint32_t bucket = 0;
    for (; bucket < HISTOGRAM_BUCKETS && seen < wanted; bucket++) {
        for (int i = 0; i < n; i++) seen += (uint64_t)weights[i] * trials[i]->counts[bucket];
    }
    return bucket ? (double)histogram_bucket_upper(bucket - 1) : 0;
}

struct interval interval_percentile(const struct histogram *const *trials, int n, double percentile, uint64_t seed)
{
    int weights[INTERVAL_TRIALS_MAX] = {0};
    double resampled[INTERVAL_RESAMPLES];
    struct random r;
    assert(n <= INTERVAL_TRIALS_MAX);
    if (n <= 0) return nothing();
    for (int i = 0; i < n; i++) weights[i] = 1;
    struct interval out = {
        .n = n, .value = weighted_percentile(trials, weights, n, percentile), .range = n < INTERVAL_TRIALS_MIN};
    if (out.range) {
        for (int i = 0; i < n; i++) resampled[i] = (double)histogram_percentile(trials[i], percentile);
        spread(resampled, n, &out.low, &out.high);
        return out;
    }
    random_seed(&r, seed);
    for (int k = 0; k < INTERVAL_RESAMPLES; k++) {
        for (int i = 0; i < n; i++) weights[i] = 0;
        for (int i = 0; i < n; i++) weights[random_below(&r, (uint64_t)n)]++;
        resampled[k] = weighted_percentile(trials, weights, n, percentile);
    }
    ends(resampled, &out);
    return out;
}
