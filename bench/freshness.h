/* freshness.h - how old is what a warehouse shows: the arithmetic of E5, without any I/O.
 *
 *     visible rows
 *        ^            ________ n2      an observation (t, n): from instant t on the warehouse shows the
 *        |   ________| n1              first n arrivals
 *        |__|
 *        +--+--------+----------> t    the age at t is t - birth of the newest visible arrival; it grows
 *          t1       t2                 with t and drops at each observation: a saw-tooth
 *
 * Source: Kaul, Yates, Gruteser, "Real-time status: how often should one update?" (INFOCOM 2012) for the
 * age of information. */
#ifndef MILLRACE_BENCH_FRESHNESS_H
#define MILLRACE_BENCH_FRESHNESS_H

#include <stdint.h>

#include "bench/schedule.h"
#include "lib/base/histogram.h"

struct observation {
    int64_t at_ns;
    int64_t visible; /* arrivals that can be seen, in their order */
};

/* What was seen, ascending in both fields. Owns `items`. */
struct freshness {
    struct observation *items;
    int count, capacity;
};

void freshness_release(struct freshness *f);
/* Keeps only changes; a smaller `visible` than before (a table that was just emptied) is kept as well. */
void freshness_observe(struct freshness *f, int64_t at_ns, int64_t visible);

/* Samples the age every `step_ns` in [from_ns, to_ns); arrivals are born on `births`. An instant at which
 * nothing is visible yet counts as the age of arrival 0. */
void freshness_ages(const struct freshness *f, const struct schedule *births, int64_t from_ns, int64_t to_ns,
                    int64_t step_ns, struct histogram *ages);
/* The mean of the ages just before something newer was seen, at instants in [from_ns, to_ns): the peaks of the
 * saw-tooth, nanoseconds; 0 when there are none. */
double freshness_peak_ns(const struct freshness *f, const struct schedule *births, int64_t from_ns, int64_t to_ns);
/* For each arrival born in [from_ns, to_ns): the time until it was visible first. Returns how many never
 * were. */
int64_t freshness_latencies(const struct freshness *f, const struct schedule *births, int64_t from_ns, int64_t to_ns,
                            struct histogram *latencies);

#endif
