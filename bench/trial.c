#include "bench/trial.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/memory.h"
#include "lib/os/disk.h"

void trial_init(struct trial *t, const char *experiment, const char *cell, int number)
{
    memset(t, 0, sizeof *t);
    snprintf(t->experiment, sizeof t->experiment, "%s", experiment);
    snprintf(t->cell, sizeof t->cell, "%s", cell);
    t->number = number;
}

void trial_release(struct trial *t)
{
    for (int i = 0; i < t->histogram_count; i++) histogram_release(&t->histograms[i].values);
    t->histogram_count = 0;
}

void trial_set(struct trial *t, const char *name, const char *value)
{
    assert(t->setting_count < TRIAL_SETTINGS_MAX);
    struct trial_setting *s = &t->settings[t->setting_count++];
    snprintf(s->name, sizeof s->name, "%s", name);
    snprintf(s->value, sizeof s->value, "%s", value);
}

void trial_metric(struct trial *t, const char *name, const char *unit, double value)
{
    assert(t->metric_count < TRIAL_METRICS_MAX);
    struct trial_metric *m = &t->metrics[t->metric_count++];
    snprintf(m->name, sizeof m->name, "%s", name);
    snprintf(m->unit, sizeof m->unit, "%s", unit);
    m->value = value;
}

struct histogram *trial_histogram(struct trial *t, const char *name, const char *unit)
{
    assert(t->histogram_count < TRIAL_HISTOGRAMS_MAX);
    struct trial_histogram *h = &t->histograms[t->histogram_count++];
    snprintf(h->name, sizeof h->name, "%s", name);
    snprintf(h->unit, sizeof h->unit, "%s", unit);
    histogram_init(&h->values);
    return &h->values;
}

void trial_void(struct trial *t, const char *format, ...)
{
    va_list list;
    if (t->void_reason[0]) return;
    va_start(list, format);
    vsnprintf(t->void_reason, sizeof t->void_reason, format, list);
    va_end(list);
}

const char *trial_get(const struct trial *t, const char *name)
{
    for (int i = 0; i < t->setting_count; i++) {
        if (strcmp(t->settings[i].name, name) == 0) return t->settings[i].value;
    }
    return NULL;
}

double trial_value(const struct trial *t, const char *metric)
{
    for (int i = 0; i < t->metric_count; i++) {
        if (strcmp(t->metrics[i].name, metric) == 0) return t->metrics[i].value;
    }
    return NAN;
}

const struct histogram *trial_values(const struct trial *t, const char *histogram)
{
    for (int i = 0; i < t->histogram_count; i++) {
        if (strcmp(t->histograms[i].name, histogram) == 0) return &t->histograms[i].values;
    }
    return NULL;
}

/* --- writing --- */

static void append_pair(void *context, int64_t upper, uint64_t count)
{
    json_array_append_new(context, json_pack("[I, I]", (json_int_t)upper, (json_int_t)count));
}

static json_t *histogram_json(const struct trial_histogram *h)
{
    json_t *counts = json_array();
    histogram_each(&h->values, append_pair, counts);
    return json_pack("{s:s, s:I, s:I, s:I, s:o}", "unit", h->unit, "n", (json_int_t)h->values.total, "min",
                     (json_int_t)(h->values.total ? h->values.min : 0), "max", (json_int_t)h->values.max, "counts",
                     counts);
}

static json_t *trial_json(const struct trial *t, json_t *environment)
{
    json_t *settings = json_object(), *metrics = json_object(), *histograms = json_object();
    for (int i = 0; i < t->setting_count; i++)
        json_object_set_new(settings, t->settings[i].name, json_string(t->settings[i].value));
    for (int i = 0; i < t->metric_count; i++)
        json_object_set_new(metrics, t->metrics[i].name,
                            json_pack("{s:s, s:f}", "unit", t->metrics[i].unit, "value", t->metrics[i].value));
    for (int i = 0; i < t->histogram_count; i++)
        json_object_set_new(histograms, t->histograms[i].name, histogram_json(&t->histograms[i]));
    return json_pack("{s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:O}", "experiment", t->experiment, "cell", t->cell, "trial",
                     t->number, "void", t->void_reason[0] ? json_string(t->void_reason) : json_null(), "settings",
                     settings, "metrics", metrics, "histograms", histograms, "environment", environment);
}

static int folder_make(const char *path, struct err_text *error)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST) return 0;
    return err_set(error, err_from_errno(errno), "%s: cannot be created: %s", path, strerror(errno));
}

int trial_write(const struct trial *t, const char *dir, json_t *environment, struct err_text *error)
{
    char path[PATH_MAX], name[TRIAL_NAME_MAX];
    snprintf(name, sizeof name, "%s", t->cell);
    for (char *c = name; *c; c++) {
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", *c)) *c = '_';
    }
    int rc = folder_make(dir, error);
    snprintf(path, sizeof path, "%s/%s", dir, t->experiment);
    if (rc == 0) rc = folder_make(path, error);
    if (rc < 0) return rc;
    snprintf(path, sizeof path, "%s/%s/trial-%s-%d.json", dir, t->experiment, name, t->number);
    json_t *json = trial_json(t, environment);
    if (json_dump_file(json, path, JSON_INDENT(1)) != 0) rc = err_set(error, ERR_IO, "%s: cannot be written", path);
    json_decref(json);
    return rc;
}

/* --- reading --- */

static int histogram_read(struct histogram *h, json_t *json)
{
    size_t index;
    json_t *pair;
    json_array_foreach(json_object_get(json, "counts"), index, pair)
    {
        int64_t count = json_integer_value(json_array_get(pair, 1));
        if (json_array_size(pair) != 2 || count < 0) return ERR_CORRUPT;
        histogram_record_count(h, json_integer_value(json_array_get(pair, 0)), (uint64_t)count);
    }
    if (h->total != (uint64_t)json_integer_value(json_object_get(json, "n"))) return ERR_CORRUPT;
    if (h->total > 0) {
        /* Buckets know their bounds only; the extremes were stored exactly. */
        h->min = json_integer_value(json_object_get(json, "min"));
        h->max = json_integer_value(json_object_get(json, "max"));
    }
    return 0;
}

static int trial_parse(struct trial *t, json_t *json)
{
    const char *experiment, *cell, *key;
    json_t *is_void, *settings, *metrics, *histograms, *value;
    int number;
    if (json_unpack(json, "{s:s, s:s, s:i, s:o, s:o, s:o, s:o}", "experiment", &experiment, "cell", &cell, "trial",
                    &number, "void", &is_void, "settings", &settings, "metrics", &metrics, "histograms",
                    &histograms) != 0)
        return ERR_CORRUPT;
    if (json_object_size(settings) > TRIAL_SETTINGS_MAX || json_object_size(metrics) > TRIAL_METRICS_MAX ||
        json_object_size(histograms) > TRIAL_HISTOGRAMS_MAX)
        return ERR_CORRUPT;
    trial_init(t, experiment, cell, number);
    if (json_is_string(is_void)) trial_void(t, "%s", json_string_value(is_void));
    json_object_foreach(settings, key, value) trial_set(t, key, json_is_string(value) ? json_string_value(value) : "");
    json_object_foreach(metrics, key, value)
    {
        const char *unit = json_string_value(json_object_get(value, "unit"));
        trial_metric(t, key, unit ? unit : "", json_number_value(json_object_get(value, "value")));
    }
    json_object_foreach(histograms, key, value)
    {
        const char *unit = json_string_value(json_object_get(value, "unit"));
        if (histogram_read(trial_histogram(t, key, unit ? unit : ""), value) != 0) return ERR_CORRUPT;
    }
    return 0;
}

int trial_read(struct trial *t, const char *path, struct err_text *error)
{
    json_error_t where;
    memset(t, 0, sizeof *t);
    json_t *json = json_load_file(path, 0, &where);
    if (!json) return err_set(error, ERR_CORRUPT, "%s:%d: %s", path, where.line, where.text);
    int rc = trial_parse(t, json);
    if (rc < 0) {
        trial_release(t);
        err_set(error, rc, "%s: is not the result of a trial", path);
    }
    json_decref(json);
    return rc;
}

struct names {
    char (*items)[NAME_MAX + 1];
    size_t count;
};

static void trial_file(void *context, const char *name, bool is_dir)
{
    struct names *names = context;
    size_t n = strlen(name);
    if (is_dir || strncmp(name, "trial-", 6) != 0 || n < 5 || strcmp(name + n - 5, ".json") != 0) return;
    names->items = memory_grow(names->items, names->count + 1, sizeof *names->items);
    snprintf(names->items[names->count++], sizeof *names->items, "%s", name);
}

int trials_load(struct trials *all, const char *dir, const char *experiment, struct err_text *error)
{
    struct disk *disk;
    struct names names = {0};
    char path[PATH_MAX];
    memset(all, 0, sizeof *all);
    snprintf(path, sizeof path, "%s/%s", dir, experiment);
    struct stat st;
    if (stat(path, &st) != 0) return 0;
    int rc = disk_linux_new(path, &disk, error);
    if (rc < 0) return rc;
    rc = disk->call->list(disk, "", trial_file, &names);
    disk_linux_free(disk);
    all->items = memory_new(names.count * sizeof *all->items);
    for (size_t i = 0; i < names.count && rc >= 0; i++) {
        snprintf(path, sizeof path, "%s/%s/%s", dir, experiment, names.items[i]);
        rc = trial_read(&all->items[all->count], path, error);
        if (rc >= 0) all->count++;
    }
    free(names.items);
    if (rc < 0) trials_release(all);
    return rc < 0 ? rc : 0;
}

void trials_release(struct trials *all)
{
    for (int i = 0; i < all->count; i++) trial_release(&all->items[i]);
    free(all->items);
    *all = (struct trials){0};
}

static bool counts(const struct trial *t, const char *cell)
{
    return !t->void_reason[0] && strcmp(t->cell, cell) == 0;
}

int trials_merge(const struct trials *all, const char *cell, const char *histogram, struct histogram *into)
{
    int merged = 0;
    for (int i = 0; i < all->count; i++) {
        const struct histogram *h = trial_values(&all->items[i], histogram);
        if (!h || !counts(&all->items[i], cell)) continue;
        histogram_merge(into, h);
        merged++;
    }
    return merged;
}

int trials_values(const struct trials *all, const char *cell, const char *metric, double *values, int max)
{
    int n = 0;
    for (int i = 0; i < all->count && n < max; i++) {
        double value = trial_value(&all->items[i], metric);
        if (counts(&all->items[i], cell) && !isnan(value)) values[n++] = value;
    }
    return n;
}
