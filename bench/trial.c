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

static void say(char texts[GATE_TEXTS_MAX][GATE_TEXT_MAX], int *count, const char *format, va_list list)
{
    if (*count < GATE_TEXTS_MAX) vsnprintf(texts[(*count)++], GATE_TEXT_MAX, format, list);
}

void trial_void(struct trial *t, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    say(t->verdict.void_reasons, &t->verdict.void_count, format, list);
    va_end(list);
}

void trial_finding(struct trial *t, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    say(t->verdict.findings, &t->verdict.finding_count, format, list);
    va_end(list);
}

bool trial_valid(const struct trial *t)
{
    return t->verdict.void_count == 0;
}

void trial_judge(struct trial *t, const struct gate_facts *facts)
{
    struct gate_verdict v;
    gate_judge(facts, &v);
    for (int i = 0; i < v.void_count; i++) trial_void(t, "%s", v.void_reasons[i]);
    for (int i = 0; i < v.finding_count; i++) trial_finding(t, "%s", v.findings[i]);
    t->verdict.wrong_answer |= v.wrong_answer;
    t->verdict.unsteady |= v.unsteady;
    t->saturated = facts->saturated;
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

/* --- all of a folder --- */

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
    if (names.count > 0) all->items = memory_new(names.count * sizeof *all->items); /* none: nothing to release */
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

struct trials trials_voids(const struct trials *all)
{
    return (struct trials){.items = all->items, .count = all->count, .voids = true};
}

bool trials_has(const struct trials *all, const struct trial *t, const char *cell)
{
    return trial_valid(t) != all->voids && strcmp(t->cell, cell) == 0;
}

int trials_merge(const struct trials *all, const char *cell, const char *histogram, struct histogram *into)
{
    int merged = 0;
    for (int i = 0; i < all->count; i++) {
        const struct histogram *h = trial_values(&all->items[i], histogram);
        if (!h || !trials_has(all, &all->items[i], cell)) continue;
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
        if (trials_has(all, &all->items[i], cell) && !isnan(value)) values[n++] = value;
    }
    return n;
}
