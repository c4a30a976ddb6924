#include "bench/steady.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "bench/statistics.h"
#include "lib/base/memory.h"

#define TREND_Z    2.576 /* two-sided, 1 % */
#define CHANGE_MAX 0.1

/* --- where the rest is known best --- */

static double squared_error(const double *values, int n)
{
    double mean = 0, squares = 0;
    for (int i = 0; i < n; i++) mean += values[i] / n;
    for (int i = 0; i < n; i++) squares += (values[i] - mean) * (values[i] - mean);
    return squares / ((double)n * n);
}

static int truncation(const double *values, int n)
{
    int best = 0;
    double least = squared_error(values, n);
    for (int d = 1; d <= n / 2; d++) {
        double error = squared_error(values + d, n - d);
        if (error < least) {
            least = error;
            best = d;
        }
    }
    return best;
}

/* --- a trend in the rest --- */

/* Pairs that rise minus pairs that fall, in standard deviations of what chance gives (ties only make it smaller). */
static double trend_z(const double *values, int n)
{
    double s = 0;
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++) s += (values[j] > values[i]) - (values[j] < values[i]);
    double deviation = sqrt((double)n * (n - 1) * (2.0 * n + 5) / 18);
    return s == 0 ? 0 : (s - (s > 0 ? 1 : -1)) / deviation;
}

/* The median slope between pairs, over the whole length: in `rise`, and as a share of the median value. */
static double change(const double *values, int n, double *rise)
{
    int pairs = 0;
    double *slopes = memory_grow(NULL, (size_t)n * (size_t)n, sizeof *slopes);
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++) slopes[pairs++] = (values[j] - values[i]) / (j - i);
    double slope = values_median(slopes, pairs);
    for (int i = 0; i < n; i++) slopes[i] = values[i];
    double value = values_median(slopes, n);
    free(slopes);
    *rise = slope * (n - 1);
    if (value != 0) return slope * (n - 1) / fabs(value);
    return slope == 0 ? 0 : INFINITY;
}

struct steady steady_find(const double *values, int n)
{
    assert(n <= STEADY_WINDOWS_MAX);
    struct steady s = {.why = ""};
    if (n < STEADY_WINDOWS_MIN) {
        s.why = "too few windows to tell";
        return s;
    }
    s.from = truncation(values, n);
    s.change = change(values + s.from, n - s.from, &s.rise);
    if (s.from >= n / 2)
        s.why = "it was still settling after half of the run";
    else if (fabs(trend_z(values + s.from, n - s.from)) > TREND_Z && fabs(s.change) > CHANGE_MAX)
        s.why = s.change > 0 ? "it kept rising" : "it kept falling";
    s.found = !s.why[0];
    return s;
}

struct little little_check(double backlog, double chance, double rate, double latency_ns)
{
    struct little l = {.backlog = backlog, .chance = chance, .product = rate * latency_ns / 1e9};
    double difference = fabs(backlog - l.product);
    l.applies = backlog >= LITTLE_BACKLOG_MIN;
    l.error = l.product > 0 ? difference / l.product : backlog > 0 ? INFINITY : 0;
    l.holds = !l.applies || difference <= LITTLE_ERROR_MAX * l.product + LITTLE_CHANCE_Z * chance;
    return l;
}
