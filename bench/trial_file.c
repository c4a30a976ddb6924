/* trial_file.c - a trial's two files: its JSON document and its histograms (trial.h). */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/folder.h"
#include "bench/hlog.h"
#include "bench/messaging.h"
#include "bench/results.h"
#include "bench/trial.h"

enum { HLOG_BYTES_MAX = 64 << 20 };

/* --- writing --- */

static json_t *texts(const char list[GATE_TEXTS_MAX][GATE_TEXT_MAX], int count)
{
    json_t *array = json_array();
    for (int i = 0; i < count; i++) json_array_append_new(array, json_string(list[i]));
    return array;
}

static json_t *histogram_json(const struct trial_histogram *h)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:f}", "unit", h->unit, "n", (json_int_t)h->values.total, "min",
                     (json_int_t)(h->values.total ? h->values.min : 0), "max", (json_int_t)h->values.max, "mean",
                     histogram_mean(&h->values));
}

static void messaging_fields(json_t *json, const struct trial *t)
{
    json_object_set_new(json, "workload", json_string(t->cell));
    json_object_set_new(json, "driver", json_incref(json_object_get(json, "target")));
    for (const struct messaging_latency *l = messaging_latencies(); l->histogram; l++) {
        const struct histogram *h = trial_values(t, l->histogram);
        if (h) messaging_aggregate(json, l, h);
    }
}

static json_t *trial_json(const struct trial *t, json_t *environment)
{
    json_t *settings = json_object(), *metrics = json_object(), *histograms = json_object();
    const char *target = trial_get(t, "target"), *durability = trial_get(t, "durability");
    for (int i = 0; i < t->setting_count; i++)
        json_object_set_new(settings, t->settings[i].name, json_string(t->settings[i].value));
    for (int i = 0; i < t->metric_count; i++)
        json_object_set_new(metrics, t->metrics[i].name,
                            json_pack("{s:s, s:f}", "unit", t->metrics[i].unit, "value", t->metrics[i].value));
    for (int i = 0; i < t->histogram_count; i++)
        json_object_set_new(histograms, t->histograms[i].name, histogram_json(&t->histograms[i]));
    json_t *json =
        json_pack("{s:s, s:s, s:i, s:s, s:s?, s:b, s:o, s:o, s:b, s:o, s:o, s:o, s:O}", "experiment", t->experiment,
                  "cell", t->cell, "trial", t->number, "target", target ? target : "millrace", "durability", durability,
                  "valid", trial_valid(t), "void_reasons", texts(t->verdict.void_reasons, t->verdict.void_count),
                  "findings", texts(t->verdict.findings, t->verdict.finding_count), "saturated", t->saturated,
                  "settings", settings, "metrics", metrics, "histograms", histograms, "environment", environment);
    messaging_fields(json, t);
    return json;
}

static int hlog_write(const struct trial *t, const char *path, struct err_text *error)
{
    struct buf log = {0};
    hlog_begin(&log, 0);
    for (int i = 0; i < t->histogram_count; i++)
        hlog_append(&log, t->histograms[i].name, 0, 0, &t->histograms[i].values);
    int rc = results_write(path, log.p, log.n, error);
    buf_release(&log);
    return rc;
}

void trial_file_name(const struct trial *t, const char *kind, char *out, size_t size)
{
    char name[TRIAL_NAME_MAX];
    snprintf(name, sizeof name, "%s", t->cell);
    for (char *c = name; *c; c++) {
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", *c)) *c = '_';
    }
    snprintf(out, size, "trial-%s-%d.%s", name, t->number, kind);
}

int trial_write(const struct trial *t, const char *dir, json_t *environment, struct err_text *error)
{
    char path[PATH_MAX], name[TRIAL_NAME_MAX + 32];
    int rc = folder_make(dir, error);
    snprintf(path, sizeof path, "%s/%s", dir, t->experiment);
    if (rc == 0) rc = folder_make(path, error);
    if (rc < 0) return rc;
    trial_file_name(t, "hlog", name, sizeof name);
    snprintf(path, sizeof path, "%s/%s/%s", dir, t->experiment, name);
    if (t->histogram_count > 0) rc = hlog_write(t, path, error);
    trial_file_name(t, "json", name, sizeof name);
    snprintf(path, sizeof path, "%s/%s/%s", dir, t->experiment, name);
    return rc == 0 ? results_write_json(path, trial_json(t, environment), error) : rc;
}

/* --- reading --- */

/* The whole file; ERR_NOTFOUND when there is none. */
static int file_read(const char *path, struct buf *out, struct err_text *error)
{
    struct stat st;
    FILE *file = fopen(path, "r");
    if (!file || fstat(fileno(file), &st) != 0 || st.st_size > HLOG_BYTES_MAX) {
        int rc = err_set(error, file ? ERR_RANGE : ERR_NOTFOUND, "%s: cannot be read", path);
        if (file) fclose(file);
        return rc;
    }
    out->n += fread(buf_reserve(out, (size_t)st.st_size), 1, (size_t)st.st_size, file);
    fclose(file);
    return 0;
}

static int histograms_read(struct trial *t, json_t *histograms, const char *path, struct err_text *error)
{
    char hlog[PATH_MAX];
    const char *key;
    json_t *about;
    struct buf log = {0};
    if (json_object_size(histograms) == 0) return 0;
    snprintf(hlog, sizeof hlog, "%.*s.hlog", (int)(strlen(path) - strlen(".json")), path);
    int rc = file_read(hlog, &log, error);
    json_object_foreach(histograms, key, about)
    {
        const char *unit = json_string_value(json_object_get(about, "unit"));
        struct err_text why = {0};
        if (rc < 0) break;
        struct histogram *h = trial_histogram(t, key, unit ? unit : "");
        if (hlog_read(buf_slice(&log), key, h, &why) != 1 ||
            h->total != (uint64_t)json_integer_value(json_object_get(about, "n"))) {
            rc = err_set(error, ERR_CORRUPT, "%s: not the histogram %s that %s tells of %s", hlog, key, path, why.text);
        } else if (h->total > 0) { /* buckets know their bounds only; the extremes were stored exactly */
            h->min = json_integer_value(json_object_get(about, "min"));
            h->max = json_integer_value(json_object_get(about, "max"));
        }
    }
    buf_release(&log);
    return rc;
}

static int trial_parse(struct trial *t, json_t *json, const char *path, struct err_text *error)
{
    const char *experiment, *cell, *key;
    json_t *reasons, *findings, *settings, *metrics, *histograms, *value;
    int number, saturated;
    size_t i;
    if (json_unpack(json, "{s:s, s:s, s:i, s:o, s:o, s:b, s:o, s:o, s:o}", "experiment", &experiment, "cell", &cell,
                    "trial", &number, "void_reasons", &reasons, "findings", &findings, "saturated", &saturated,
                    "settings", &settings, "metrics", &metrics, "histograms", &histograms) != 0 ||
        json_object_size(settings) > TRIAL_SETTINGS_MAX || json_object_size(metrics) > TRIAL_METRICS_MAX ||
        json_object_size(histograms) > TRIAL_HISTOGRAMS_MAX)
        return err_set(error, ERR_CORRUPT, "%s: is not the result of a trial", path);
    trial_init(t, experiment, cell, number);
    t->saturated = saturated;
    json_array_foreach(reasons, i, value) trial_void(t, "%s", json_is_string(value) ? json_string_value(value) : "?");
    json_array_foreach(findings, i, value)
        trial_finding(t, "%s", json_is_string(value) ? json_string_value(value) : "?");
    json_object_foreach(settings, key, value) trial_set(t, key, json_is_string(value) ? json_string_value(value) : "");
    json_object_foreach(metrics, key, value)
    {
        const char *unit = json_string_value(json_object_get(value, "unit"));
        trial_metric(t, key, unit ? unit : "", json_number_value(json_object_get(value, "value")));
    }
    return histograms_read(t, histograms, path, error);
}

int trial_read(struct trial *t, const char *path, struct err_text *error)
{
    json_error_t where;
    memset(t, 0, sizeof *t);
    json_t *json = json_load_file(path, 0, &where);
    if (!json) return err_set(error, ERR_CORRUPT, "%s:%d: %s", path, where.line, where.text);
    int rc = trial_parse(t, json, path, error);
    if (rc < 0) trial_release(t);
    json_decref(json);
    return rc;
}
