/* steady.h - when did a run settle, and did it at all?
 *
 * A run is cut into windows of equal length; each has one value (its throughput, its median latency). The start of the
 * steady state is where the mean of what follows is known best: MSER minimises the squared standard error of the rest,
 * sum((y - mean)^2) / (n - d)^2, over the truncation points d of the first half (White, Simulation 69(6), 1997; Hoad,
 * Robinson and Davies 2010 compare it with its rivals). A minimum at the very end of that half means that the run was
 * still on its way. So does a trend in what remains: Mann and Kendall's test at the level of 1 %, together with a
 * change of more than a tenth of the median by Theil and Sen's slope (many windows find any small slope). */
#ifndef MILLRACE_BENCH_STEADY_H
#define MILLRACE_BENCH_STEADY_H

#include <stdbool.h>
#include <stdint.h>

enum { STEADY_WINDOWS_MIN = 20, STEADY_WINDOWS_MAX = 1000 };

struct steady {
    bool found;
    int from;        /* the first window of the steady state */
    double change;   /* by the slope, over the rest of the run, as a share of its median */
    double rise;     /* the same in the values' own unit */
    const char *why; /* "" or why there is none */
};

/* `values`: n of them, STEADY_WINDOWS_MIN at least for a verdict, at most STEADY_WINDOWS_MAX. */
struct steady steady_find(const double *values, int n);

/* Little's law (Little 1961): the mean number of messages on their way is the rate times the mean time that one is on
 * its way. Three numbers that are measured in three ways: a difference means that one of them is wrong, as far as it
 * is more than chance: samples at independent instants of one run have a standard error of their own. */
struct little {
    double backlog; /* messages: mean of samples taken at independent instants */
    double chance;  /* messages: its standard error */
    double product; /* rate times mean latency */
    double error;   /* |backlog - product| / product */
    bool applies;   /* a mean backlog of LITTLE_BACKLOG_MIN at least: below it, single messages decide */
    bool holds;     /* or does not apply: within LITTLE_ERROR_MAX of the product and LITTLE_CHANCE_Z standard errors */
};
#define LITTLE_BACKLOG_MIN 10
#define LITTLE_ERROR_MAX   0.05
#define LITTLE_CHANCE_Z    2.576 /* two-sided, 1 % */

/* `chance`: the standard error of `backlog`. `rate` in messages/s, `latency_ns` the mean from the same instant from
 * which a message counts as on its way. */
struct little little_check(double backlog, double chance, double rate, double latency_ns);

#endif
