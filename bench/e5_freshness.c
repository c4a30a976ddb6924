/* e5_freshness.c - E5 and E6: how fresh is the warehouse, batch against streaming, on the same arrivals, and what does
 * that cost?
 *
 * In every cell the same order lines are born at the same recorded instants. A reader of the database of its own notes
 * how many of them can be seen, and when (watch.h). In the end the warehouse must be what one batch over the same files
 * gives. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/e5.h"
#include "bench/freshness.h"
#include "bench/monitor.h"
#include "bench/runner.h"

#define SECOND_NS INT64_C(1000000000)
#define STEP_NS   INT64_C(1000000)
/* Every line counts: also a rejected one is visible, in the quarantine. */
#define VISIBLE_QUERY "SELECT value FROM summary WHERE key = 'data_rows'"

static const struct e5_cell cells[] = {
    {"batch every 0.25 s", E5_BATCH, 250, false, false, false},
    {"batch every 1 s", E5_BATCH, 1000, false, false, false},
    {"batch every 4 s", E5_BATCH, 4000, false, false, false},
    {"batch every 15 s", E5_BATCH, 15000, false, false, true},
    {"batch every 60 s", E5_BATCH, 60000, false, false, true},
    {"stream", E5_STREAM, 2, false, false, false},
    {"stream, not probed", E5_STREAM, 2, false, true, false},
    {"stream every 1 ms", E5_STREAM, 1, true, false, false},
    {"stream every 10 ms", E5_STREAM, 10, true, false, false},
    {"stream every 30 ms", E5_STREAM, 30, true, false, true},
    {"stream every 100 ms", E5_STREAM, 100, true, false, false},
    {"stream every 300 ms", E5_STREAM, 300, true, false, true},
    {"stream every 1 s", E5_STREAM, 1000, true, false, false},
    {"stream every 4 s", E5_STREAM, 4000, true, false, true},
    {"stream every 15 s", E5_STREAM, 15000, true, false, true},
    {"stream every 60 s", E5_STREAM, 60000, true, false, true},
};
enum { CELLS = sizeof cells / sizeof cells[0] };

const struct e5_cell *e5_cell(int i)
{
    return i < CELLS ? &cells[i] : NULL;
}

const struct e5_cell *e5_cell_named(const char *name)
{
    for (int i = 0; i < CELLS; i++) {
        if (strcmp(cells[i].name, name) == 0) return &cells[i];
    }
    return NULL;
}

/* What comes first starts processes, fills caches, and for a batch is its first refresh. */
struct e5_window e5_window(const struct e5_cell *cell, bool full)
{
    struct e5_window w = {0};
    int64_t interval_ns = cell->interval_ms * INT64_C(1000000);
    int64_t least_ns = full ? 15 * SECOND_NS : SECOND_NS * (cell->kind == E5_STREAM ? 5 : 4) / 4;
    int64_t length_ns = (least_ns + interval_ns - 1) / interval_ns * interval_ns;
    if (cell->kind == E5_BATCH) {
        w.phase_ns = SECOND_NS * 3 / 10;
        w.sample_from_ns = w.phase_ns + SECOND_NS * 4 / 10;
        w.born_from_ns = w.phase_ns;
    } else {
        w.sample_from_ns = w.born_from_ns = SECOND_NS / 2 + interval_ns;
    }
    w.sample_to_ns = w.sample_from_ns + length_ns;
    w.born_to_ns = w.born_from_ns + length_ns;
    w.end_ns = w.sample_to_ns + SECOND_NS / 10;
    return w;
}

/* --- a trial --- */

/* The same files in one batch. */
static int compare(struct e5_run *run, const struct e5_made *made, const char *db, struct gate_facts *facts,
                   struct err_text *error)
{
    char folder[PATH_MAX], whole[PATH_MAX];
    int rc = bench_folder(run->bench, "whole", folder, error);
    bench_path(whole, folder, "warehouse.db");
    if (rc == 0)
        rc = bench_command(run->bench, NULL, NULL, error, "etl", "run", run->definition, "--in", made->in, "--db",
                           whole, NULL);
    int same = rc == 0 ? bench_same_warehouse(run->bench, whole, db, error) : rc;
    if (same >= 0) facts->digest = same ? GATE_DIGEST_SAME : GATE_DIGEST_DIFFERS;
    return same < 0 ? same : 0;
}

static void judge(const struct e5_run *run, const struct e5_cell *cell, const struct freshness *seen,
                  const struct schedule *births, struct gate_facts *facts, struct trial *t)
{
    struct e5_window w = e5_window(cell, run->bench->full);
    int64_t start_ns = births->start_ns;
    struct histogram *ages = trial_histogram(t, "age", "ns"), *latencies = trial_histogram(t, "latency", "ns");
    freshness_ages(seen, births, start_ns + w.sample_from_ns, start_ns + w.sample_to_ns, STEP_NS, ages);
    int64_t unseen = freshness_latencies(seen, births, start_ns + w.born_from_ns, start_ns + w.born_to_ns, latencies);
    trial_metric(t, "age_mean", "s", histogram_mean(ages) / 1e9);
    trial_metric(t, "age_peak", "s",
                 freshness_peak_ns(seen, births, start_ns + w.sample_from_ns, start_ns + w.sample_to_ns) / 1e9);
    trial_metric(t, "samples", "ages", (double)ages->total);
    trial_metric(t, "arrivals", "rows", (double)latencies->total);
    trial_metric(t, "unseen", "rows", (double)unseen);
    trial_metric(t, "changes_seen", "commits", (double)seen->count);
    const struct histogram *lag = trial_values(t, "generator_lag");
    trial_judge(t, facts);
    if (unseen > 0) trial_finding(t, "%lld arrivals never became visible", (long long)unseen);
    if (lag && histogram_percentile(lag, 99) > 50000000)
        trial_void(t, "the publisher was %lld ms late (99th percentile)",
                   (long long)(histogram_percentile(lag, 99) / 1000000));
}

static void settings(const struct e5_run *run, const struct e5_cell *cell, struct trial *t)
{
    char rate[32], arrivals[256];
    arrivals_said(run->bench->arrivals ? run->bench->arrivals : "poisson", arrivals, sizeof arrivals);
    snprintf(rate, sizeof rate, "%lld", (long long)run->input.arrivals.schedule.rate);
    trial_set(t, "rate", rate);
    trial_set(t, "arrivals", arrivals);
    trial_set(t, "pipeline", "ecommerce/online_retail.json");
    trial_set(t, "durability",
              cell->kind == E5_BATCH ? "SQLite WAL, synchronous=NORMAL" : "broker: page-cache; SQLite WAL");
    trial_metric(t, "interval", "s", (double)cell->interval_ms / 1000);
}

/* The cells of the profile. */
static const struct e5_cell *cell_of(const struct e5_run *run, int number)
{
    const struct e5_cell *cell = cells;
    for (;; cell++) {
        if (cell->full && !run->bench->full) continue;
        if (number-- == 0) return cell;
    }
}

static const char *cell_name(void *context, int cell)
{
    return cell_of(context, cell)->name;
}

static int one_trial(void *context, int number, struct trial *t, char *text, size_t size, struct err_text *error)
{
    struct e5_run *run = context;
    const struct e5_cell *cell = cell_of(run, number);
    char db[PATH_MAX], folder[PATH_MAX];
    struct watch watch;
    struct monitor monitor;
    struct e5_made made = {0};
    struct gate_facts facts = {.lateness_p99_ns = -1, .io_before = monitor_io_share(), .capture_drops = -1};
    int rc = bench_folder(run->bench, "db", folder, error);
    if (rc < 0) return rc;
    bench_path(db, folder, "warehouse.db");
    settings(run, cell, t);
    monitor_start(&monitor, NULL, 0);
    watch_start(&watch, db, VISIBLE_QUERY, NULL);
    rc = (cell->kind == E5_BATCH ? e5_batch : e5_stream)(run, cell, &watch, t, &made, error);
    watch_stop(&watch);
    monitor_stop(&monitor);
    facts.machine = monitor.seen;
    if (rc == 0) rc = compare(run, &made, db, &facts, error);
    if (rc == 0) judge(run, cell, &watch.seen, &made.births, &facts, t);
    freshness_release(&watch.seen);
    if (rc == 0)
        snprintf(text, size, "age of the newest row: median %.3f s, p99 %.3f s; %.1f CPU s per million",
                 (double)histogram_percentile(trial_values(t, "age"), 50) / 1e9,
                 (double)histogram_percentile(trial_values(t, "age"), 99) / 1e9, trial_value(t, "cpu"));
    return rc;
}

/* --- the run --- */

int experiment_freshness(struct bench *b, struct err_text *error)
{
    struct e5_run run = {.bench = b};
    struct runner runner = {.experiment = "E5",
                            .name = cell_name,
                            .trial = one_trial,
                            .context = &run,
                            .trials_min = b->trials,
                            .trials_max = b->trials,
                            .seed = 5};
    int64_t longest_ns = 0;
    for (int i = 0; i < CELLS; i++) {
        if (cells[i].full && !b->full) continue;
        runner.cells++;
        int64_t end_ns = e5_window(&cells[i], b->full).end_ns;
        if (end_ns > longest_ns) longest_ns = end_ns;
    }
    bench_path(run.definition, b->workloads, "ecommerce/online_retail.json");
    /* A batch may start its last refresh a little later than planned, and takes what has arrived by then. */
    int rc = e5_input_make(&run.input, b, longest_ns + 10 * SECOND_NS, error);
    if (rc == 0) rc = runner_run(b, &runner, error);
    e5_input_release(&run.input);
    return rc;
}
