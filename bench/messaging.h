/* messaging.h - the field names of the OpenMessaging Benchmark's results (its TestResult), for what reads those.
 *
 * Latencies are in milliseconds; of what it calls the publish delay, a message's lateness, in microseconds. A histogram
 * of ours (nanoseconds) becomes "publishLatency99pct" and so on: `aggregated` of all trials merged, and a list with a
 * value per trial, where the benchmark has one per ten seconds. */
#ifndef MILLRACE_BENCH_MESSAGING_H
#define MILLRACE_BENCH_MESSAGING_H

#include <jansson.h>

#include "lib/base/histogram.h"

/* Our histogram and what the benchmark calls it. */
struct messaging_latency {
    const char *histogram; /* "ack" */
    const char *name;      /* "PublishLatency" */
    double unit;           /* ns */
};
/* All of them; a NULL histogram at the end. */
const struct messaging_latency *messaging_latencies(void);

/* aggregatedPublishLatencyAvg, 50pct ... Max; nothing when there are no observations. */
void messaging_aggregate(json_t *json, const struct messaging_latency *l, const struct histogram *h);
/* aggregatedPublishLatencyQuantiles: {"50.0": 1.2, ...}. */
void messaging_quantiles(json_t *json, const struct messaging_latency *l, const struct histogram *h);
/* A trial's values at the end of the lists publishLatencyAvg, 50pct ... Max. */
void messaging_append(json_t *json, const struct messaging_latency *l, const struct histogram *h);

#endif
