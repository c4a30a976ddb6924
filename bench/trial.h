/* trial.h - the result of one measurement, and its two files.
 *
 *     DIR/E1/trial-acks_1-page_cache-2.json
 *     {"experiment": "E1", "cell": "acks=1 page-cache", "trial": 2, "target": "millrace", "durability": "page-cache",
 *      "valid": true, "void_reasons": [], "findings": [], "saturated": false,
 *      "settings": {"acks": "1", ...},                                  what was set, as text
 *      "metrics": {"throughput": {"unit": "messages/s", "value": 1.2e6}, ...},
 *      "histograms": {"ack": {"unit": "ns", "n": 2000, "min": 81, "max": 9011}, ...},
 *      "aggregatedPublishLatency99pct": 1.3, ...,                       milliseconds, the names of the OpenMessaging
 *      "environment": {...}}                                            Benchmark's result; see environment.h
 *     DIR/E1/trial-acks_1-page_cache-2.hlog                             the histograms whole (hlog.h), a tag each
 *
 * A trial that is void is kept with its reasons and takes no part in any figure; what the target did wrong is a finding
 * and does not make it void (gate.h). Histograms are stored whole, so that percentiles can be merged later and are
 * never averaged. The .json file appears last and whole: where it is, the trial is. */
#ifndef MILLRACE_BENCH_TRIAL_H
#define MILLRACE_BENCH_TRIAL_H

#include <jansson.h>
#include <stdbool.h>

#include "bench/gate.h"
#include "lib/base/err.h"
#include "lib/base/histogram.h"

enum { TRIAL_SETTINGS_MAX = 12, TRIAL_METRICS_MAX = 64, TRIAL_HISTOGRAMS_MAX = 16, TRIAL_NAME_MAX = 64 };

struct trial_setting {
    char name[TRIAL_NAME_MAX], value[256];
};

struct trial_metric {
    char name[TRIAL_NAME_MAX], unit[TRIAL_NAME_MAX];
    double value;
};

struct trial_histogram {
    char name[TRIAL_NAME_MAX], unit[TRIAL_NAME_MAX];
    struct histogram values;
};

struct trial {
    char experiment[16], cell[TRIAL_NAME_MAX];
    int number; /* from 1; a repeated one gets a new number */
    struct gate_verdict verdict;
    bool saturated; /* above the sustainable rate, on purpose */
    struct trial_setting settings[TRIAL_SETTINGS_MAX];
    int setting_count;
    struct trial_metric metrics[TRIAL_METRICS_MAX];
    int metric_count;
    struct trial_histogram histograms[TRIAL_HISTOGRAMS_MAX];
    int histogram_count;
};

void trial_init(struct trial *t, const char *experiment, const char *cell, int number);
void trial_release(struct trial *t);
void trial_set(struct trial *t, const char *name, const char *value);
void trial_metric(struct trial *t, const char *name, const char *unit, double value);
/* A new empty histogram of the trial. The trial owns it. */
struct histogram *trial_histogram(struct trial *t, const char *name, const char *unit);
/* Marks the trial void, for one more reason. */
void trial_void(struct trial *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Something that the target did wrong: a part of the result. */
void trial_finding(struct trial *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool trial_valid(const struct trial *t);
/* What the gates say about the facts, added to what is there. */
void trial_judge(struct trial *t, const struct gate_facts *facts);

/* NULL / NAN / NULL when the trial has none of that name. */
const char *trial_get(const struct trial *t, const char *name);
double trial_value(const struct trial *t, const char *metric);
const struct histogram *trial_values(const struct trial *t, const char *histogram);

/* "trial-acks_1_page-cache-2.KIND". */
void trial_file_name(const struct trial *t, const char *kind, char *out, size_t size);
/* Writes DIR/EXPERIMENT/trial-CELL-N.hlog and .json (the folder is created); `environment` is borrowed. */
int trial_write(const struct trial *t, const char *dir, json_t *environment, struct err_text *error);
int trial_read(struct trial *t, const char *path, struct err_text *error);

/* All trials of one experiment in a results folder, in byte order of their file names. */
struct trials {
    struct trial *items;
    int count;
    bool voids; /* a view of the void trials: the calls below take these instead of the valid ones */
};

/* A folder that is not there has no trials: 0. */
int trials_load(struct trials *all, const char *dir, const char *experiment, struct err_text *error);
void trials_release(struct trials *all);
/* The void ones of `all`, which keeps what they consist of: not to be released. */
struct trials trials_voids(const struct trials *all);
/* Whether the trial is one of the cell's that count. */
bool trials_has(const struct trials *all, const struct trial *t, const char *cell);
/* Merges the histograms of a cell's valid trials into `into` (initialised); returns how many. */
int trials_merge(const struct trials *all, const char *cell, const char *histogram, struct histogram *into);
/* The values of a metric in a cell's valid trials; at most `max` of them. Returns how many. */
int trials_values(const struct trials *all, const char *cell, const char *metric, double *values, int max);

#endif
