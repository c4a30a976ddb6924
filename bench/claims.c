#include "bench/claims.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"

enum { VALUES_MAX = 64 };

/* --- cells --- */

static bool is_ours(const struct trial *t)
{
    const char *target = trial_get(t, "target");
    return !target || strcmp(target, "millrace") == 0;
}

/* A cell by its name, or by the extreme of a metric over all cells of ours, void ones too; NULL when there is none. */
static const char *cell_find(const struct trials *all, const char *name)
{
    bool most = strncmp(name, "most:", 5) == 0;
    if (!most && strncmp(name, "least:", 6) != 0) return name;
    const char *metric = strchr(name, ':') + 1, *found = NULL;
    double extreme = 0;
    for (int i = 0; i < all->count; i++) {
        double value = trial_value(&all->items[i], metric);
        if (isnan(value) || !is_ours(&all->items[i]) || (found && (most ? value <= extreme : value >= extreme)))
            continue;
        extreme = value;
        found = all->items[i].cell;
    }
    return found;
}

struct side {
    double values[VALUES_MAX];
    const struct histogram *histograms[VALUES_MAX];
    int n;
};

static struct side side_of(const struct claim *c, const struct trials *all, const char *cell)
{
    struct side s = {.n = 0};
    for (int i = 0; i < all->count && s.n < VALUES_MAX; i++) {
        const struct trial *t = &all->items[i];
        if (!trials_has(all, t, cell)) continue;
        const struct histogram *h = c->percentile > 0 ? trial_values(t, c->measure) : NULL;
        double value = trial_value(t, c->measure);
        if (c->percentile > 0 ? !h || h->total == 0 : isnan(value)) continue;
        s.histograms[s.n] = h;
        s.values[s.n++] = value;
    }
    return s;
}

/* --- verdicts --- */

static enum claim_verdict above(const struct interval *v, double bound)
{
    return v->low >= bound ? CLAIM_HOLDS : v->high < bound ? CLAIM_FAILS : CLAIM_OPEN;
}

static enum claim_verdict below(const struct interval *v, double bound)
{
    return v->high <= bound ? CLAIM_HOLDS : v->low > bound ? CLAIM_FAILS : CLAIM_OPEN;
}

/* Counts: the median between the least and the greatest of any trial. Some above, some below the bound: open. */
static struct interval every(const struct side *s)
{
    struct side sorted = *s;
    values_sort(sorted.values, s->n);
    return (struct interval){.n = s->n,
                             .value = values_median(sorted.values, s->n),
                             .low = sorted.values[0],
                             .high = sorted.values[s->n - 1],
                             .range = true};
}

static struct interval value_of(const struct claim *c, const struct side *a, const struct side *b)
{
    if (c->kind == CLAIM_EVERY_AT_LEAST || c->kind == CLAIM_EVERY_AT_MOST) return every(a);
    if (!c->b)
        return c->percentile > 0 ? interval_percentile(a->histograms, a->n, c->percentile, 1)
                                 : interval_median(a->values, a->n, 1);
    return c->percentile > 0 ? interval_percentile_ratio(a->histograms, a->n, b->histograms, b->n, c->percentile, 1)
                             : interval_ratio(a->values, a->n, b->values, b->n, 1);
}

static struct claim_result not_measured(const struct trials *all, const char *cell)
{
    struct claim_result r = {.verdict = CLAIM_NOT_MEASURED};
    if (!cell || !report_unmeasurable(all, cell, r.why)) snprintf(r.why, sizeof r.why, "not measured in this run");
    return r;
}

struct claim_result claim_judge(const struct claim *c, const struct trials *all)
{
    if (c->kind == CLAIM_NOT_HERE || !c->a) return not_measured(all, NULL);
    const char *cell = cell_find(all, c->a), *other = c->b ? cell_find(all, c->b) : NULL;
    if (!cell || (c->b && (!other || other == cell))) return not_measured(all, NULL);
    struct side a = side_of(c, all, cell), b = {.n = 0};
    if (other) b = side_of(c, all, other);
    if (a.n == 0) return not_measured(all, cell);
    if (other && b.n == 0) return not_measured(all, other);
    struct claim_result r = {.value = value_of(c, &a, &b)};
    if (r.value.n == 0 || !isfinite(r.value.value)) return not_measured(all, NULL);
    bool least = c->kind == CLAIM_RATIO_AT_LEAST || c->kind == CLAIM_AT_LEAST || c->kind == CLAIM_EVERY_AT_LEAST;
    r.verdict = least ? above(&r.value, c->bound) : below(&r.value, c->bound);
    r.trials[0] = a.n;
    r.trials[1] = b.n;
    if (r.verdict == CLAIM_OPEN) snprintf(r.why, sizeof r.why, "the bound lies within the interval");
    bool few = a.n < CLAIM_TRIALS_MIN;
    if (few || (other && b.n < CLAIM_TRIALS_MIN)) {
        r.verdict = CLAIM_OPEN;
        snprintf(r.why, sizeof r.why, "one valid trial of %s: nobody knows how far the next would be from it",
                 few ? cell : other);
    }
    return r;
}

/* --- in words --- */

/* Metrics and cells as a reader says them; what is not here says itself. */
static const struct {
    const char *name, *words, *unit;
} measures[] = {{"throughput", "throughput", "messages/s"},
                {"ack", "time to the acknowledgement", ""},
                {"bytes", "bytes per second", "B/s"},
                {"age", "age of the newest visible row", ""},
                {"cpu", "processor time per event", ""},
                {"rate", "rows per second", "rows/s"},
                {"lost", "acknowledged messages lost", "messages"},
                {"duplicated", "messages written twice", "messages"},
                {"reordered", "messages out of order", "messages"},
                {"append_p50", "median time of an append", ""},
                {"fetch_p50", "median time of a fetch", ""},
                {"stopped_join", "partitions that stop", "partitions"},
                {"connections", "connections", "connections"},
                {"bytes_per_record", "bytes on the wire per record", "B"},
                {"answer_p50", "median time of an answer", ""}};

static const struct {
    const char *name, *words;
} extremes[] = {{"most:log", "the longest log"},
                {"least:log", "the shortest log"},
                {"most:partitions", "the most partitions"},
                {"least:partitions", "the fewest partitions"},
                {"most:replayed", "every event again"},
                {"most:snapshotted", "from a snapshot"},
                {"most:compensated", "a contrary event"},
                {"most:restored", "a backup restored, changes made again"}};

static void put_cell(struct buf *out, const char *cell)
{
    for (size_t i = 0; i < sizeof extremes / sizeof extremes[0]; i++)
        if (strcmp(extremes[i].name, cell) == 0) cell = extremes[i].words;
    buf_append_str(out, cell);
}

static void put_measure(struct buf *out, const struct claim *c)
{
    const char *words = c->measure;
    for (size_t i = 0; i < sizeof measures / sizeof measures[0]; i++)
        if (strcmp(measures[i].name, words) == 0) words = measures[i].words;
    if (c->percentile == 50)
        buf_append_str(out, "median ");
    else if (c->percentile > 0)
        buf_printf(out, "p%g of the ", c->percentile);
    buf_append_str(out, words);
}

const char *claim_unit(const struct claim *c)
{
    if (c->kind == CLAIM_RATIO_AT_LEAST || c->kind == CLAIM_RATIO_AT_MOST) return "times";
    for (size_t i = 0; c->measure && i < sizeof measures / sizeof measures[0]; i++)
        if (strcmp(measures[i].name, c->measure) == 0) return measures[i].unit;
    return "";
}

void claim_rule(const struct claim *c, struct buf *out)
{
    bool most = c->kind == CLAIM_RATIO_AT_MOST || c->kind == CLAIM_EVERY_AT_MOST;
    if (c->kind == CLAIM_SAME_WAREHOUSE) {
        buf_append_str(out, "all tables of both workloads: batch = stream = truth (millrace lab)");
        return;
    }
    if (c->kind == CLAIM_NOT_HERE) {
        buf_append_str(out, c->why);
        return;
    }
    bool every = c->kind == CLAIM_EVERY_AT_LEAST || c->kind == CLAIM_EVERY_AT_MOST;
    put_measure(out, c);
    buf_append_str(out, every ? " in every trial of " : c->percentile > 0 ? ", " : " of ");
    put_cell(out, c->a);
    if (c->b) buf_append_str(out, " / ");
    if (c->b) put_cell(out, c->b);
    buf_printf(out, " %s %.10g", most ? "<=" : ">=", c->bound);
    if (c->why) buf_printf(out, " (%s)", c->why);
}

void bench_claims(FILE *to)
{
    struct buf out = {0};
    buf_append_str(
        &out, "# What is claimed, and what decides it here\n\n"
              "Each claim of the seed documents and of the literature that a figure of ours can test, in our words. "
              "`millrace bench\n"
              "report` judges every one from the trials of a run and puts the verdicts first on its page (and into "
              "`claims.json`); this\n"
              "list is what `millrace bench claims` prints. A seed document is cited by its number and section.\n\n"
              "A claim *holds* when the whole interval of what was measured lies on its side of the bound, it *does "
              "not hold* when the\n"
              "whole interval lies on the other side, and is *open* in between: more trials (`--profile full`) may "
              "decide. Intervals are\n"
              "those of `docs/measuring.md`: 95 % from resampled trials, below five trials the range; one trial of "
              "either side leaves it open. A bound is the "
              "least that a reader\n"
              "of the sentence would accept as true. Medians, and percentiles of merged histograms.\n\n"
              "| claim | where from | figure | holds when |\n|---|---|---|---|\n");
    for (const struct claim *c = claims(); c->id; c++) {
        buf_printf(&out, "| **%s** %s | %s | %s%s%s | ", c->id, c->text, c->source, c->experiment ? c->experiment : "",
                   c->figure ? ", " : "",
                   c->figure       ? c->figure
                   : c->experiment ? ""
                                   : "-");
        claim_rule(c, &out);
        buf_append_str(&out, " |\n");
    }
    fwrite(out.p, 1, out.n, to);
    buf_release(&out);
}
