#include "bench/summary.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/messaging.h"
#include "bench/results.h"
#include "bench/statistics.h"

/* The first trial of each cell stands for it. */
static bool is_first(const struct trials *all, int i)
{
    for (int k = 0; k < i; k++)
        if (strcmp(all->items[k].cell, all->items[i].cell) == 0) return false;
    return true;
}

static bool is_of(const struct trials *all, int i, const char *cell)
{
    return strcmp(all->items[i].cell, cell) == 0;
}

/* --- what is ours --- */

static json_t *metric_json(const struct trials *all, const char *cell, const struct trial_metric *m)
{
    double values[INTERVAL_TRIALS_MAX];
    int n = trials_values(all, cell, m->name, values, INTERVAL_TRIALS_MAX);
    if (n == 0) return NULL;
    struct estimate e = estimate_median(values, n);
    return json_pack("{s:s, s:i, s:f, s:f, s:f, s:f}", "unit", m->unit, "n", n, "median", e.median, "low", e.low,
                     "high", e.high, "confidence", e.confidence);
}

static json_t *metrics_json(const struct trials *all, const char *cell)
{
    json_t *metrics = json_object();
    for (int i = 0; i < all->count; i++) {
        for (int k = 0; is_of(all, i, cell) && k < all->items[i].metric_count; k++) {
            const struct trial_metric *m = &all->items[i].metrics[k];
            json_t *known = json_object_get(metrics, m->name), *json = known ? NULL : metric_json(all, cell, m);
            if (json) json_object_set_new(metrics, m->name, json);
        }
    }
    return metrics;
}

static json_t *histogram_json(const struct histogram *h, const char *unit)
{
    static const struct {
        const char *name;
        double percentile;
    } at[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}, {"p99.99", 99.99}};
    json_t *json = json_pack("{s:s, s:I, s:I, s:I, s:f}", "unit", unit, "n", (json_int_t)h->total, "min",
                             (json_int_t)h->min, "max", (json_int_t)h->max, "mean", histogram_mean(h));
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
        json_object_set_new(json, at[i].name, json_integer(histogram_percentile(h, at[i].percentile)));
    return json;
}

static json_t *histograms_json(const struct trials *all, const char *cell)
{
    json_t *histograms = json_object();
    for (int i = 0; i < all->count; i++) {
        for (int k = 0; is_of(all, i, cell) && k < all->items[i].histogram_count; k++) {
            const struct trial_histogram *of = &all->items[i].histograms[k];
            struct histogram merged;
            if (json_object_get(histograms, of->name)) continue;
            histogram_init(&merged);
            trials_merge(all, cell, of->name, &merged);
            if (merged.total > 0) json_object_set_new(histograms, of->name, histogram_json(&merged, of->unit));
            histogram_release(&merged);
        }
    }
    return histograms;
}

static json_t *settings_json(const struct trial *t)
{
    json_t *settings = json_object();
    for (int i = 0; i < t->setting_count; i++)
        json_object_set_new(settings, t->settings[i].name, json_string(t->settings[i].value));
    return settings;
}

static void verdicts_append(json_t *json, const struct trials *all, const char *cell)
{
    int valid = 0, voids = 0;
    json_t *reasons = json_array(), *findings = json_array(), *files = json_array();
    for (int i = 0; i < all->count; i++) {
        const struct trial *t = &all->items[i];
        char file[PATH_MAX];
        if (!is_of(all, i, cell)) continue;
        valid += trial_valid(t);
        voids += !trial_valid(t);
        for (int k = 0; k < t->verdict.void_count; k++)
            json_array_append_new(reasons, json_string(t->verdict.void_reasons[k]));
        for (int k = 0; k < t->verdict.finding_count && trial_valid(t); k++)
            json_array_append_new(findings, json_string(t->verdict.findings[k]));
        trial_file_name(t, "hlog", file, sizeof file);
        if (t->histogram_count > 0) json_array_append_new(files, json_string(file));
    }
    json_object_set_new(json, "valid", json_integer(valid));
    json_object_set_new(json, "void", json_integer(voids));
    json_object_set_new(json, "void_reasons", reasons);
    json_object_set_new(json, "findings", findings);
    json_object_set_new(json, "hlog", files);
}

/* --- what the OpenMessaging Benchmark has --- */

/* A list with the metric of each valid trial. */
static void list_set(json_t *json, const char *key, const struct trials *all, const char *cell, const char *metric)
{
    double values[INTERVAL_TRIALS_MAX];
    int n = trials_values(all, cell, metric, values, INTERVAL_TRIALS_MAX);
    json_t *items = json_array();
    for (int i = 0; i < n; i++) json_array_append_new(items, json_real(values[i]));
    json_object_set_new(json, key, items);
}

static double number_setting(const struct trial *t, const char *name, double otherwise)
{
    const char *text = trial_get(t, name);
    return text ? strtod(text, NULL) : otherwise;
}

/* The rate at which the latencies were measured; where none were, that of the saturated part. */
static void rates_append(json_t *json, const struct trials *all, const struct trial *t)
{
    bool paced = !isnan(trial_value(t, "achieved"));
    list_set(json, "publishRate", all, t->cell, paced ? "achieved" : "throughput");
    list_set(json, "backlog", all, t->cell, "backlog");
    list_set(json, "publishErrorRate", all, t->cell, "error_rate");
    list_set(json, "consumeRate", all, t->cell, "consume_rate");
}

static void messaging_fields(json_t *json, const struct trials *all, const struct trial *first)
{
    const double one = trial_values(first, "ack") ? 1 : 0; /* a load on a broker has one of each, unless it says so */
    static const char *const counts[] = {"topics", "partitions", "producersPerTopic", "consumersPerTopic"};
    static const char *const settings[] = {"topics", "partitions", "producers", "consumers"};
    json_object_set_new(json, "messageSize", json_integer((json_int_t)number_setting(first, "message_bytes", 0)));
    for (int i = 0; i < 4; i++)
        json_object_set_new(json, counts[i], json_integer((json_int_t)number_setting(first, settings[i], one)));
    rates_append(json, all, first);
    for (const struct messaging_latency *l = messaging_latencies(); l->histogram; l++) {
        struct histogram merged;
        histogram_init(&merged);
        trials_merge(all, first->cell, l->histogram, &merged);
        messaging_aggregate(json, l, &merged);
        if (merged.total > 0) messaging_quantiles(json, l, &merged);
        histogram_release(&merged);
        for (int i = 0; i < all->count; i++) {
            const struct histogram *h = trial_values(&all->items[i], l->histogram);
            if (h && trials_has(all, &all->items[i], first->cell)) messaging_append(json, l, h);
        }
    }
}

/* --- the whole --- */

static json_t *cell_json(const struct trials *all, const struct trial *first)
{
    const char *target = trial_get(first, "target"), *durability = trial_get(first, "durability");
    if (!target) target = "millrace";
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s?, s:b}", "workload", first->cell, "driver", target, "cell",
                             first->cell, "target", target, "durability", durability, "saturated", first->saturated);
    verdicts_append(json, all, first->cell);
    json_object_set_new(json, "settings", settings_json(first));
    json_object_set_new(json, "metrics", metrics_json(all, first->cell));
    json_object_set_new(json, "histograms", histograms_json(all, first->cell));
    messaging_fields(json, all, first);
    return json;
}

json_t *summary_of(const struct trials *all, const char *experiment)
{
    int voids = 0;
    json_t *results = json_array();
    for (int i = 0; i < all->count; i++) {
        voids += !trial_valid(&all->items[i]);
        if (is_first(all, i)) json_array_append_new(results, cell_json(all, &all->items[i]));
    }
    return json_pack("{s:s, s:i, s:i, s:o}", "experiment", experiment, "trials", all->count, "void", voids, "results",
                     results);
}

int summary_write(const char *dir, const char *experiment, struct err_text *error)
{
    struct trials all;
    char path[PATH_MAX];
    int rc = trials_load(&all, dir, experiment, error);
    if (rc < 0 || all.count == 0) return rc;
    snprintf(path, sizeof path, "%.*s/%s/summary.json", PATH_MAX - 64, dir, experiment);
    rc = results_write_json(path, summary_of(&all, experiment), error);
    trials_release(&all);
    return rc;
}
