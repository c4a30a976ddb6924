/* summary.h - DIR/E1/summary.json: what came out of an experiment, cell by cell.
 *
 *     {"experiment": "E1", "trials": 27, "void": 2, "results": [
 *       {"workload": "acks=1 page-cache", "driver": "millrace", "publishRate": [1999.8, ...],     the fields of a
 *        "aggregatedPublishLatency99pct": 1.3, "publishLatency99pct": [1.2, 1.3, 1.5], ...,       result of the
 *        "aggregatedPublishLatencyQuantiles": {"50.0": 0.2, ...},                                 OpenMessaging
 * Benchmark "cell": ..., "target": ..., "durability": ..., "saturated": false, "valid": 3, "void": 0, "void_reasons":
 * [], "findings": [], "settings": {...}, "metrics": {"throughput": {"unit": "messages/s", "n": 3, "median": 1e6, "low":
 * 9e5, "high": 1.1e6, "confidence": 0.75}, ...}, "histograms": {"ack": {"unit": "ns", "n": 6000, "mean": ..., "p50":
 * ..., "p99": ..., "max": ...}}, "hlog": ["trial-acks_1_page-cache-1.hlog", ...]}, ...]}
 *
 * Metrics are medians of the valid trials with their interval (statistics.h), percentiles those of merged histograms.
 * It follows from the trials alone and can be written again at any time. */
#ifndef MILLRACE_BENCH_SUMMARY_H
#define MILLRACE_BENCH_SUMMARY_H

#include "bench/trial.h"

/* The document; the caller's. */
json_t *summary_of(const struct trials *all, const char *experiment);
/* Writes DIR/EXPERIMENT/summary.json; nothing when there are no trials. */
int summary_write(const char *dir, const char *experiment, struct err_text *error);

#endif
