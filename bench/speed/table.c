/* The table of speed.h, made from the files of the trials: a ratio is taken within a round, between trials that ran
 * one after the other, and the table has the median of these ratios. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/speed/speed.h"
#include "bench/statistics.h"

enum { ROUNDS_MAX = 1000 };

struct line {
    const struct speed_row *row;
    const struct speed_bar *bar;
    struct estimate value; /* n 0: nothing was measured */
    double side, against;  /* medians of the metrics themselves; NAN where there is none */
};

static const struct trial *find(const struct trials *all, const char *row, const char *side, int number)
{
    char cell[TRIAL_NAME_MAX];
    snprintf(cell, sizeof cell, "%s %s", row, side);
    for (int i = 0; i < all->count; i++) {
        const struct trial *t = &all->items[i];
        if (t->number == number && trial_valid(t) && strcmp(t->cell, cell) == 0) return t;
    }
    return NULL;
}

static double metric_of(const struct trials *all, const struct line *l, bool against, int round)
{
    const struct speed_bar *b = l->bar;
    const char *metric = against && b->against_metric ? b->against_metric : b->metric;
    const struct trial *t = find(all, l->row->name, against ? b->against : b->side, round);
    return t ? trial_value(t, metric) : NAN;
}

static double median_of(double *values, int n)
{
    return n ? estimate_median(values, n).median : NAN;
}

static void line_measure(struct line *l, const struct trials *all)
{
    double ratios[ROUNDS_MAX], sides[ROUNDS_MAX], others[ROUNDS_MAX];
    int n = 0;
    for (int round = 1; round <= all->count && n < ROUNDS_MAX; round++) {
        double side = metric_of(all, l, false, round), other = l->bar->against ? metric_of(all, l, true, round) : 1;
        if (isnan(side) || isnan(other) || other == 0) continue;
        ratios[n] = side / other;
        sides[n] = side;
        others[n++] = other;
    }
    l->value = n ? estimate_median(ratios, n) : (struct estimate){0};
    l->side = median_of(sides, n);
    l->against = l->bar->against ? median_of(others, n) : NAN;
}

static bool reaches(const struct speed_bar *b, double value)
{
    return b->sense != SPEED_AT_MOST ? value >= b->bar : value <= b->bar;
}

/* "unclear": the median misses the bar, but the interval does not exclude it. */
static const char *verdict(const struct line *l)
{
    if (l->value.n == 0) return "not measured";
    if (reaches(l->bar, l->value.median)) return "met";
    return reaches(l->bar, l->value.low) || reaches(l->bar, l->value.high) ? "unclear" : "NOT MET";
}

static void line_print(const struct line *l)
{
    const struct speed_bar *b = l->bar;
    char measured[64] = "-", plain[64] = "";
    if (l->value.n)
        snprintf(measured, sizeof measured, "%.3g [%.3g, %.3g]", l->value.median, l->value.low, l->value.high);
    if (l->value.n && b->against) snprintf(plain, sizeof plain, "%.4g / %.4g", l->side, l->against);
    printf("| %-12s | %-49s | %s %-5.4g | %-26s | %-22s | %2d | %-12s | %-12s |\n", l->row->name, b->what,
           b->sense != SPEED_AT_MOST ? ">=" : "<=", b->bar, measured, plain, l->value.n, l->row->durability,
           verdict(l));
}

static json_t *line_json(const struct line *l)
{
    const struct speed_bar *b = l->bar;
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:f, s:s, s:i}", "row", l->row->name, "what", b->what, "durability",
                             l->row->durability, "sense", b->sense != SPEED_AT_MOST ? ">=" : "<=", "bar", b->bar,
                             "verdict", verdict(l), "n", l->value.n);
    if (l->value.n == 0) return json;
    json_object_set_new(json, "median", json_real(l->value.median));
    json_object_set_new(json, "low", json_real(l->value.low));
    json_object_set_new(json, "high", json_real(l->value.high));
    json_object_set_new(json, "confidence", json_real(l->value.confidence));
    json_object_set_new(json, "side", json_real(l->side));
    if (b->against) json_object_set_new(json, "against", json_real(l->against));
    return json;
}

static int table_keep(const char *dir, json_t *lines, struct err_text *error)
{
    char folder[PATH_MAX], path[PATH_MAX];
    bench_path(folder, dir, "speed");
    bench_path(path, folder, "table.json");
    return json_dump_file(lines, path, JSON_INDENT(1)) == 0 ? 0 : err_set(error, ERR_IO, "%s: cannot be written", path);
}

/* What this bar adds to those that are missed. *before: the one ahead of it is, and so is this one when it returns. */
static int line_missed(const struct line *l, bool *before)
{
    bool missed = l->value.n > 0 && !reaches(l->bar, l->value.median), either = l->bar->sense == SPEED_OR_AT_LEAST;
    int change = either ? -(int)*before : 0;
    *before = missed && (!either || *before);
    return change + *before;
}

int speed_table(const char *dir, const struct speed_row *const rows[], int count, struct err_text *error)
{
    struct trials all;
    int rc = trials_load(&all, dir, "speed", error), missed = 0;
    if (rc < 0) return rc;
    if (all.count == 0) return err_set(error, ERR_NOTFOUND, "%s: no trials of `bench speed` there", dir);
    json_t *lines = json_array();
    printf("\n| %-12s | %-49s | %-8s | %-26s | %-22s | %2s | %-12s | %-12s |\n", "row", "what", "bar",
           "measured [interval]", "medians", "n", "durability", "verdict");
    printf("|---|---|---|---|---|---|---|---|\n");
    for (int i = 0; i < count; i++) {
        bool before = false;
        for (const struct speed_bar *b = rows[i]->bars; b->what; b++) {
            struct line l = {.row = rows[i], .bar = b};
            line_measure(&l, &all);
            line_print(&l);
            json_array_append_new(lines, line_json(&l));
            missed += line_missed(&l, &before);
        }
    }
    rc = table_keep(dir, lines, error);
    json_decref(lines);
    trials_release(&all);
    return rc < 0 ? rc : missed;
}
