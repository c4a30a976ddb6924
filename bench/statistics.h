/* statistics.h - what can be said about a figure from a few trials.
 *
 * The figure of a cell is the median of its trials. Its interval runs between two order statistics; how
 * sure it is follows from the binomial distribution alone, without any assumption about the
 * distribution of the trials (David and Nagaraja, Order Statistics, section 7.1). With three trials the
 * interval from the smallest to the largest holds the true median with a probability of 75 %: that is
 * what gets printed, not 95 %. */
#ifndef MILLRACE_BENCH_STATISTICS_H
#define MILLRACE_BENCH_STATISTICS_H

struct estimate {
    int n;
    double median;
    double low, high;
    double confidence; /* 0..1: how likely the interval holds the true median */
};

/* `values` is sorted in place. The narrowest interval that reaches 95 %, else the whole range. */
struct estimate estimate_median(double *values, int n);

#endif
