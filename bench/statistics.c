#include "bench/statistics.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void values_sort(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, by_value);
}

double values_median(double *values, int n)
{
    assert(n > 0);
    values_sort(values, n);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* The probability that the median lies between the k-th smallest and the k-th largest of n (k from 1):
 * 1 - 2 * P(fewer than k of n fair coins show heads). */
static double coverage(int n, int k)
{
    double term = pow(0.5, n), below = 0;
    for (int i = 0; i < k; i++) {
        below += term;
        term = term * (n - i) / (i + 1);
    }
    return 1 - 2 * below;
}

struct estimate estimate_median(double *values, int n)
{
    struct estimate e = {.n = n, .median = values_median(values, n)};
    int k = 1;
    while (2 * (k + 1) <= n && coverage(n, k + 1) >= 0.95) k++;
    e.low = values[k - 1];
    e.high = values[n - k];
    e.confidence = n == 1 ? 0 : coverage(n, k);
    return e;
}
