#include "bench/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "lib/base/memory.h"

enum { VALUES_MAX = INTERVAL_TRIALS_MAX };
#define FLOOR_FACTOR 2

/* What is compared, where an experiment has it. */
static const struct measure {
    const char *name, *unit, *source; /* a metric, or a histogram's name */
    double percentile;                /* of the histogram; 0: a metric's median */
    double scale;                     /* for printing */
    bool more_is_better, count;
} measures[] = {
    {"throughput", "messages/s", "throughput", 0, 1, true, false},
    {"rate", "/s", "rate", 0, 1, true, false},
    {"ack p50", "ms", "ack", 50, 1e-6, false, false},
    {"ack p99", "ms", "ack", 99, 1e-6, false, false},
    {"end to end p50", "ms", "end_to_end", 50, 1e-6, false, false},
    {"end to end p99", "ms", "end_to_end", 99, 1e-6, false, false},
    {"append p50", "ms", "append", 50, 1e-6, false, false},
    {"append p99", "ms", "append", 99, 1e-6, false, false},
    {"fetch p50", "ms", "fetch", 50, 1e-6, false, false},
    {"fetch p99", "ms", "fetch", 99, 1e-6, false, false},
    {"age p50", "s", "age", 50, 1e-9, false, false},
    {"age p99", "s", "age", 99, 1e-9, false, false},
    {"broker CPU", "s/M", "broker_cpu", 0, 1, false, false},
    {"lost", "messages", "lost", 0, 1, false, true},
};
enum { MEASURES = sizeof measures / sizeof measures[0] };

/* --- one side --- */

/* Which of a cell's valid trials: all, or every second one, so that a drift within a run is in both halves. */
enum half { WHOLE, ODD, EVEN };

struct side {
    double values[VALUES_MAX]; /* a metric's, or each trial's percentile */
    const struct histogram *histograms[VALUES_MAX];
    int n;
};

static struct side side_of(const struct trials *all, const char *cell, const struct measure *m, enum half half)
{
    struct side s = {.n = 0};
    int seen = 0;
    for (int i = 0; i < all->count && s.n < VALUES_MAX; i++) {
        const struct trial *t = &all->items[i];
        if (!trials_has(all, t, cell)) continue;
        const struct histogram *h = m->percentile > 0 ? trial_values(t, m->source) : NULL;
        /* Five observations beyond a percentile, or it says little. */
        bool has = m->percentile > 0 ? h && (double)h->total * (100 - m->percentile) >= 500
                                     : !isnan(trial_value(t, m->source));
        if (!has || (half != WHOLE && (seen++ % 2 == 0) != (half == ODD))) continue;
        s.histograms[s.n] = h;
        s.values[s.n++] = h ? (double)histogram_percentile(h, m->percentile) : trial_value(t, m->source);
    }
    return s;
}

static double value_of(const struct side *s, const struct measure *m)
{
    double copy[VALUES_MAX];
    struct histogram merged;
    if (m->percentile <= 0) {
        memcpy(copy, s->values, (size_t)s->n * sizeof *copy);
        return values_median(copy, s->n);
    }
    histogram_init(&merged);
    for (int i = 0; i < s->n; i++) histogram_merge(&merged, s->histograms[i]);
    double value = (double)histogram_percentile(&merged, m->percentile);
    histogram_release(&merged);
    return value;
}

static struct interval ratio_of(const struct side *after, const struct side *before, const struct measure *m)
{
    return m->percentile > 0
               ? interval_percentile_ratio(after->histograms, after->n, before->histograms, before->n, m->percentile, 1)
               : interval_ratio(after->values, after->n, before->values, before->n, 1);
}

/* --- cells --- */

static bool has_cell(const struct trials *all, const char *cell)
{
    for (int i = 0; i < all->count; i++)
        if (strcmp(all->items[i].cell, cell) == 0) return true;
    return false;
}

/* The first trial of each cell that both runs have; a search's steps are no cells to compare. */
static bool is_new_cell(const struct trials *before, const struct trials *after, int i)
{
    const char *cell = after->items[i].cell;
    if (strncmp(cell, "search ", 7) == 0 || strstr(cell, ": search ") || !has_cell(before, cell)) return false;
    for (int k = 0; k < i; k++)
        if (strcmp(after->items[k].cell, cell) == 0) return false;
    return true;
}

/* --- the noise floor --- */

static double halves_differ(const struct trials *all, const char *cell, const struct measure *m)
{
    struct side odd = side_of(all, cell, m, ODD), even = side_of(all, cell, m, EVEN);
    if (odd.n == 0 || even.n == 0) return 0;
    double ratio = value_of(&odd, m) / value_of(&even, m);
    return isfinite(ratio) && ratio > 0 ? fabs(log(ratio)) : 0;
}

static double floor_of(const struct trials *before, const struct trials *after, const struct measure *m)
{
    double most = 0;
    for (int i = 0; i < after->count; i++) {
        if (!is_new_cell(before, after, i)) continue;
        const char *cell = after->items[i].cell;
        most = fmax(most, fmax(halves_differ(before, cell, m), halves_differ(after, cell, m)));
    }
    return fmax(COMPARE_FLOOR_MIN, exp(FLOOR_FACTOR * most) - 1);
}

/* --- verdicts --- */

static enum compare_verdict ratio_verdict(const struct interval *ratio, double floor, bool more_is_better)
{
    if (ratio->n == 0 || !isfinite(ratio->value)) return COMPARE_NOT_MEASURABLE;
    bool up = ratio->low > 1 && ratio->value > 1 + floor, down = ratio->high < 1 && ratio->value < 1 / (1 + floor);
    if (!up && !down) return COMPARE_SAME;
    return up == more_is_better ? COMPARE_BETTER : COMPARE_WORSE;
}

static enum compare_verdict count_verdict(struct side *before, struct side *after)
{
    values_sort(before->values, before->n);
    values_sort(after->values, after->n);
    if (after->values[0] > before->values[before->n - 1]) return COMPARE_WORSE;
    return after->values[after->n - 1] < before->values[0] ? COMPARE_BETTER : COMPARE_SAME;
}

/* Whether any trial of the cell, a void one too, has what is measured: else there is nothing to miss. */
static bool is_measure_of(const struct trials *all, const char *cell, const struct measure *m)
{
    struct trials voids = trials_voids(all);
    return side_of(all, cell, m, WHOLE).n > 0 || side_of(&voids, cell, m, WHOLE).n > 0;
}

static void line_add(struct comparison *c, const struct trials *before, const struct trials *after, const char *cell,
                     const struct measure *m, double floor)
{
    struct side old = side_of(before, cell, m, WHOLE), new = side_of(after, cell, m, WHOLE);
    if (c->count == COMPARE_LINES_MAX) return;
    struct compare_line *line = &c->lines[c->count];
    *line = (struct compare_line){.floor = floor, .verdict = COMPARE_NOT_MEASURABLE, .before = NAN, .after = NAN};
    snprintf(line->experiment, sizeof line->experiment, "%s", after->items[0].experiment);
    snprintf(line->cell, sizeof line->cell, "%s", cell);
    snprintf(line->measure, sizeof line->measure, "%s", m->name);
    snprintf(line->unit, sizeof line->unit, "%s", m->unit);
    if (old.n > 0) line->before = value_of(&old, m) * m->scale;
    if (new.n > 0) line->after = value_of(&new, m) * m->scale;
    if (old.n > 0 && new.n > 0) {
        line->ratio = ratio_of(&new, &old, m);
        line->verdict = m->count ? count_verdict(&old, &new) : ratio_verdict(&line->ratio, floor, m->more_is_better);
    }
    c->count++;
}

void compare_experiment(struct comparison *c, const struct trials *before, const struct trials *after)
{
    for (int k = 0; k < MEASURES; k++) {
        const struct measure *m = &measures[k];
        double floor = m->count ? 0 : floor_of(before, after, m);
        for (int i = 0; i < after->count; i++) {
            const char *cell = after->items[i].cell;
            if (is_new_cell(before, after, i) && is_measure_of(before, cell, m) && is_measure_of(after, cell, m))
                line_add(c, before, after, cell, m, floor);
        }
    }
}

enum compare_verdict compare_verdict(const struct comparison *c)
{
    int seen[COMPARE_NOT_MEASURABLE + 1] = {0};
    for (int i = 0; i < c->count; i++) seen[c->lines[i].verdict]++;
    if (seen[COMPARE_WORSE]) return COMPARE_WORSE;
    if (seen[COMPARE_NOT_MEASURABLE] || c->count == 0) return COMPARE_NOT_MEASURABLE;
    return seen[COMPARE_BETTER] ? COMPARE_BETTER : COMPARE_SAME;
}

/* --- the command --- */

static const char *number(double value, char text[32])
{
    if (isnan(value))
        snprintf(text, 32, "-");
    else
        snprintf(text, 32, "%.4g", value);
    return text;
}

static void line_print(const struct compare_line *l)
{
    static const char *const words[] = {"same", "better", "WORSE", "not measurable"};
    char before[32], after[32], effect[64] = "";
    if (l->ratio.n > 0 && l->floor > 0)
        snprintf(effect, sizeof effect, "%.2f [%.2f, %.2f] floor %.0f %%", l->ratio.value, l->ratio.low, l->ratio.high,
                 100 * l->floor);
    printf("%-3s %-30s %-15s %10s -> %-10s %-10s  %-32s %s\n", l->experiment, l->cell, l->measure,
           number(l->before, before), number(l->after, after), l->unit, effect, words[l->verdict]);
}

static int compare_folder(struct comparison *c, const char *experiment, const char *before_dir, const char *after_dir,
                          struct err_text *error)
{
    struct trials before, after = {0};
    int rc = trials_load(&before, before_dir, experiment, error);
    if (rc < 0) return rc;
    rc = trials_load(&after, after_dir, experiment, error);
    if (rc == 0 && before.count > 0 && after.count > 0) compare_experiment(c, &before, &after);
    trials_release(&before);
    trials_release(&after);
    return rc;
}

int bench_compare(const char *before, const char *after, struct err_text *error)
{
    struct comparison *c = memory_new(sizeof *c);
    int rc = 0;
    for (const struct bench_experiment_name *e = bench_experiments(); e->id && rc == 0; e++)
        rc = compare_folder(c, e->id, before, after, error);
    if (rc == 0 && c->count == 0)
        rc = err_set(error, ERR_NOTFOUND, "%s and %s have no cell of an experiment in common", before, after);
    for (int i = 0; i < c->count && rc == 0; i++) line_print(&c->lines[i]);
    static const int ends[] = {0, 0, BENCH_WORSE, BENCH_NOT_MEASURABLE};
    if (rc == 0) rc = ends[compare_verdict(c)];
    free(c);
    return rc;
}
