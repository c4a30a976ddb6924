/* model.h - how old what a warehouse shows must be, from what a transaction costs: the curve over E5's sweep.
 *
 *     a transaction of n rows takes  a + b n  seconds             (fitted to measured transactions: least squares of
 * shares) rows arrive at random, r a second; one is at the worker after d seconds a transaction is due T after the
 * first row that waits, and begins when the one before it is done
 *
 *     P = max(T + 1/r, a / (1 - b r))       a period: the wait for a first row and T; or as fast as transactions go
 *     n = r P                               its rows
 *     g = (1 - exp(-r T)) / r               how old the newest row is when the transaction begins
 *     age = d + g + a + b n + (P^2 + 1/r^2) / (2 P)
 *
 * The last term is the mean of a saw-tooth whose periods vary by the wait for the first row (Kaul, Yates and Gruteser,
 * "Real-time status: how often should one update?", INFOCOM 2012: E[P^2] / 2 E[P]). A batch that takes R and starts
 * every T has the age R + T/2 + 1/r. The ages that are measured are not used: it is a prediction. */
#ifndef MILLRACE_BENCH_MODEL_H
#define MILLRACE_BENCH_MODEL_H

struct model {
    double fixed_s, row_s; /* a, b */
    double delivery_s;     /* d */
    double rate;           /* r */
};

/* a and b from `n` transactions, neither below 0; errors count as shares of what a transaction took, for these range
 * over decades. One transaction, or all of one size: all of it is fixed. */
void model_fit(struct model *m, const double *rows, const double *seconds, int n);
/* The mean age in seconds at a commit interval; INFINITY when rows come faster than they can be written. */
double model_age_s(const struct model *m, double interval_s);

#endif
