/* statistics.h - what can be said about a figure from a few trials.
 *
 * The figure of a cell is the median of its trials. Its interval runs between two order statistics; how
 * sure it is follows from the binomial distribution alone, without any assumption about the
 * distribution of the trials (David and Nagaraja, Order Statistics, section 7.1). With three trials the
 * interval from the smallest to the largest holds the true median with a probability of 75 %: that is
 * what gets printed, not 95 %. */
#ifndef MILLRACE_BENCH_STATISTICS_H
#define MILLRACE_BENCH_STATISTICS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/histogram.h"

struct estimate {
    int n;
    double median;
    double low, high;
    double confidence; /* 0..1: how likely the interval holds the true median */
};

/* Sort in place. */
void values_sort(double *values, int n);
double values_median(double *values, int n);
/* `values` is sorted in place. The narrowest interval that reaches 95 %, else the whole range. */
struct estimate estimate_median(double *values, int n);

/* --- resampled --- */

/* An interval of 95 % from resampled trials (Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13: the
 * percentile interval); with fewer than INTERVAL_TRIALS_MIN trials the range of what the trials say one by one, because
 * a few values resampled only pretend to know more. The same seed gives the same interval. */
enum { INTERVAL_TRIALS_MIN = 5, INTERVAL_RESAMPLES = 2000, INTERVAL_TRIALS_MAX = 256 };

struct interval {
    int n; /* trials; 0: nothing is known and the rest is NAN */
    double value, low, high;
    bool range; /* of the trials, not 95 % */
};

struct interval interval_median(const double *values, int n, uint64_t seed);
/* The median of ratios a[i] / b[i] of trials that ran side by side: pairs are resampled, so what hit both counts for
 * nothing. No b[i] may be 0. */
struct interval interval_paired_ratio(const double *a, const double *b, int n, uint64_t seed);
/* The median of a over that of b, from two runs that have nothing to do with each other. A range when either has few
 * trials: smallest over largest to largest over smallest. */
struct interval interval_ratio(const double *a, int na, const double *b, int nb, uint64_t seed);
/* A percentile (0..100) of the merged counts of the trials' histograms: trials are resampled and merged again. */
struct interval interval_percentile(const struct histogram *const *trials, int n, double percentile, uint64_t seed);
/* The same percentile of a over that of b, as interval_ratio. */
struct interval interval_percentile_ratio(const struct histogram *const *a, int na, const struct histogram *const *b,
                                          int nb, double percentile, uint64_t seed);

#endif
