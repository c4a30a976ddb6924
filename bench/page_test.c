/* All figures on one page, from made trials: also what tests/page/page.sh looks at in a browser ($MILLRACE_PAGE keeps
 * it). */
#include "bench/page_test.h"

#include <math.h>
#include <stdlib.h>

#include "bench/claims.h"

enum { TRIALS = 3, METRICS_MAX = 8 };

struct made { /* a cell: what each of its trials has */
    const char *experiment, *cell;
    struct {
        const char *name;
        double value;
    } metrics[METRICS_MAX];
    const char *histograms[3];
    double ms; /* around which their values lie */
};

/* A tail as latencies have it: the k-th of a hundred thousand observations is 1/k as frequent. */
static void values_add(struct histogram *h, double ms, int trial)
{
    for (int i = 1; i <= 200; i++)
        histogram_record_count(h, (int64_t)(ms * 1e6 * (0.5 + i * i * 0.0002 + trial * 0.02)),
                               (uint64_t)(40000 / (i * i) + 1));
}

/* Cells name their mode, or are in the default. */
static const char *durability_of(const char *cell)
{
    static const char *const others[] = {"group-commit", "interval"};
    for (int i = 0; i < 2; i++)
        if (strstr(cell, others[i])) return others[i];
    return "page-cache";
}

static void cell_make(const char *dir, const struct made *m)
{
    for (int n = 1; n <= TRIALS; n++) {
        struct trial t;
        trial_init(&t, m->experiment, m->cell, n);
        trial_set(&t, "rows", "100000");
        trial_set(&t, "rate", "500");
        trial_set(&t, "target", "millrace");
        trial_set(&t, "observed", "capture");
        trial_set(&t, "durability", durability_of(m->cell));
        for (int i = 0; i < METRICS_MAX && m->metrics[i].name; i++)
            trial_metric(&t, m->metrics[i].name, "x", m->metrics[i].value * (1 + (n - 1) * 0.04));
        for (int i = 0; i < 3 && m->histograms[i]; i++)
            values_add(trial_histogram(&t, m->histograms[i], "ns"), m->ms, n);
        keep(&t, dir);
    }
}

static void acks_make(const char *dir)
{
    static const char *const acks[] = {"0", "1", "all"}, *const modes[] = {"page-cache", "group-commit", "interval"};
    for (int i = 0; i < 9; i++) {
        char cell[TRIAL_NAME_MAX];
        snprintf(cell, sizeof cell, "acks=%s %s", acks[i % 3], modes[i / 3]);
        cell_make(
            dir, &(struct made){
                     "E1", cell, {{"throughput", 1e6 - 1e5 * i}, {"broker_cpu", 0.4}}, {"ack", "end_to_end"}, 0.1 + i});
    }
}

static void load_make(const char *dir)
{
    static const char *const cells[] = {"1 %", "10 %", "25 %", "50 %", "75 %", "90 %", "105 %"};
    cell_make(dir, &(struct made){"E2", "sustainable", {{"rate", 100000}}, {NULL}, 0});
    for (int i = 0; i < 7; i++)
        cell_make(dir, &(struct made){"E2",
                                      cells[i],
                                      {{"offered", 1e4 * (i + 1)},
                                       {"achieved", 1e4 * (i + 1)},
                                       {"lateness_share", 0.01},
                                       {"foreign_cpu", 0.01}},
                                      {"ack"},
                                      0.2 * exp(0.6 * i)});
}

static void batching_make(const char *dir)
{
    static const double lingers[] = {0, 1, 5, 20, 100}, batches[] = {16384, 1e6};
    for (int i = 0; i < 10; i++) {
        char cell[TRIAL_NAME_MAX];
        snprintf(cell, sizeof cell, "linger %g ms, batch %s", lingers[i % 5], i < 5 ? "16 KB" : "1 MB");
        cell_make(dir, &(struct made){"E3",
                                      cell,
                                      {{"linger", lingers[i % 5]},
                                       {"batch", batches[i / 5]},
                                       {"throughput", 2e5 * (i + 1)},
                                       {"bytes", 20 * (i + 1)}},
                                      {"ack"},
                                      0.2 + lingers[i % 5]});
    }
}

static void size_make(const char *dir)
{
    static const char *const cells[] = {"10 B", "100 B", "1 KB", "10 KB", "100 KB", "900 KB"};
    for (int i = 0; i < 6; i++) {
        double bytes = i < 5 ? pow(10, i + 1) : 9e5, rate = 1 / (5e-7 + bytes * 2e-9);
        cell_make(dir, &(struct made){"E4",
                                      cells[i],
                                      {{"message", bytes}, {"throughput", rate}, {"bytes", rate * bytes / 1e6}},
                                      {"ack"},
                                      0.2});
    }
}

static void pipelines_make(const char *dir)
{
    static const char *const ages[] = {"batch every 0.25 s", "batch every 1 s", "batch every 4 s", "stream"};
    static const struct {
        const char *cell;
        double seconds;
    } loads[] = {{"batch", 1},
                 {"extract+validate+store", 0.9},
                 {"extract+validate", 0.3},
                 {"extract", 0.1},
                 {"publish", 0.5},
                 {"replay", 3},
                 {"replay fetch+validate+store", 2.5},
                 {"replay fetch+validate", 1}};
    static const double age_ms[] = {225, 600, 2100, 50};
    for (int i = 0; i < 4; i++)
        cell_make(dir, &(struct made){
                           "E5", ages[i], {{"cpu", 0.5}}, {"age", "latency", i < 3 ? "refresh" : NULL}, age_ms[i]});
    for (int i = 0; i < 8; i++)
        cell_make(
            dir,
            &(struct made){
                "E7", loads[i].cell, {{"seconds", loads[i].seconds}, {"rate", 1e5 / loads[i].seconds}}, {NULL}, 0});
}

static void losses_make(const char *dir)
{
    static const char *const events[] = {"kill -9, page-cache", "power cut, page-cache", "power cut, interval",
                                         "power cut, group-commit"};
    static const char *const producers[] = {"acks=0", "acks=1, no retries", "acks=1, retries", "acks=all, idempotent"};
    for (int i = 0; i < 16; i++) {
        char cell[TRIAL_NAME_MAX];
        snprintf(cell, sizeof cell, "%s; %s", events[i / 4], producers[i % 4]);
        double lost = i % 4 == 0 ? 700 : i / 4 == 1 ? 600 : i / 4 == 2 ? 90 : 0;
        cell_make(dir,
                  &(struct made){
                      "E8", cell, {{"lost", lost}, {"down", 0.01}, {"duplicated", 0}, {"reordered", 0}}, {NULL}, 0});
    }
}

static void groups_make(const char *dir)
{
    static const char *const sizes[] = {"1 member", "2 members", "4 members"};
    static const char *const strategies[] = {"rebalance, range", "rebalance, cooperative-sticky"};
    for (int i = 0; i < 3; i++)
        cell_make(dir, &(struct made){"E9",
                                      sizes[i],
                                      {{"members", 1 << i},
                                       {"throughput", 1e6 * (i + 1)},
                                       {"broker_cpu", 0.2},
                                       {"client_cpu", 0.5},
                                       {"busiest", 0.5},
                                       {"first_record", 0.3}},
                                      {NULL},
                                      0});
    for (int i = 0; i < 2; i++)
        cell_make(dir, &(struct made){"E9",
                                      strategies[i],
                                      {{"pause_before", 0.01},
                                       {"pause_join", 0.3},
                                       {"pause_leave", 0.2},
                                       {"stopped_join", i ? 2 : 8},
                                       {"stopped_leave", 2},
                                       {"redelivered", 0}},
                                      {"gap_before", "gap_join", "gap_leave"},
                                      100});
}

static void wire_make(const char *dir)
{
    static const char *const cells[] = {"none, batches of 1", "none, batches of 30", "none, batches of 1000",
                                        "zstd, batches of 1000"};
    static const double bytes[] = {307, 130, 110, 25}, records[] = {1, 30, 1000, 1000};
    for (int i = 0; i < 4; i++)
        cell_make(dir, &(struct made){"E13",
                                      cells[i],
                                      {{"bytes_per_record", bytes[i]},
                                       {"request_bytes_per_record", bytes[i] * 0.9},
                                       {"batch_bytes_per_record", bytes[i] * 0.8},
                                       {"records_per_request", records[i]}},
                                      {NULL},
                                      0});
    cell_make(dir,
              &(struct made){"E13", "acks=1", {{"bytes_per_record", 307}, {"paced_n", 100}}, {"ack", "wire"}, 0.3});
}

static void pairs_make(const char *dir)
{
    for (int i = 0; i < 8; i++) {
        int n = 1 << i / 2;
        char cell[TRIAL_NAME_MAX];
        snprintf(cell, sizeof cell, "%d x %d, %s", n, n, i % 2 ? "broker" : "point to point");
        cell_make(dir, &(struct made){"E11",
                                      cell,
                                      {{"ends", n},
                                       {"connections", i % 2 ? 2 * n : n * n},
                                       {"throughput", 1e6 / n},
                                       {"sent", 1e5},
                                       {"cpu", 0.3}},
                                      {NULL},
                                      0});
    }
}

static void costs_make(const char *dir)
{
    static const char *const logs[] = {"log of 1 MB", "log of 256 MB"}, *const partitions[] = {"1 partition",
                                                                                               "5000 partitions"};
    static const double log[] = {1e6, 256e6}, many[] = {1, 5000};
    for (int i = 0; i < 2; i++) {
        cell_make(
            dir,
            &(struct made){
                "E10", logs[i], {{"log", log[i]}, {"append_p50", 0.1}, {"fetch_p50", 0.2}}, {"append", "fetch"}, 0.1});
        cell_make(dir, &(struct made){"E10",
                                      partitions[i],
                                      {{"partitions", many[i]}, {"append_p50", 0.1}, {"fetch_p50", 0.2}},
                                      {"append", "fetch"},
                                      0.1});
    }
}

static void states_make(const char *dir)
{
    static const char *const ways[] = {"replay", "snapshot", "state table", "replay without", "compensate", "restore"},
                             *const axes[] = {"replayed", "snapshotted", "tabled",
                                              "left_out", "compensated", "restored"};
    static const double ms[] = {2, 1, 0.01, 4, 3, 20};
    for (int i = 0; i < 12; i++) {
        int events = i / 6 ? 20000 : 20;
        char cell[TRIAL_NAME_MAX];
        snprintf(cell, sizeof cell, "%s, %d events", ways[i % 6], events);
        cell_make(dir,
                  &(struct made){"E12",
                                 cell,
                                 {{axes[i % 6], events}, {"answer_p50", ms[i % 6] * (i / 6 ? 20 : 1)}, {"read", 10}},
                                 {"answer"},
                                 ms[i % 6]});
    }
}

/* The list is ahead of experiments that are on their way. */
static bool exists(const char *experiment)
{
    for (const struct bench_experiment_name *e = bench_experiments(); e->id; e++)
        if (strcmp(e->id, experiment) == 0) return true;
    return false;
}

TEST(report, all_figures_are_on_one_page)
{
    static const char *const figures[] = {"e1_throughput", "e1_ack_latency", "e1_end_to_end", "e2_load",  "e3_batching",
                                          "e4_size",       "e5_age",         "e5_sweep",      "e6_cost",  "e7_rates",
                                          "e7_stages",     "e8_losses",      "e9_scaling",    "e9_pause", "e10_cost",
                                          "e11_pairs",     "e12_state",      "e13_bytes"};
    struct err_text error = {0};
    struct buf page = {0};
    const char *kept = getenv("MILLRACE_PAGE"), *dir = kept ? kept : results_new();
    acks_make(dir);
    load_make(dir);
    batching_make(dir);
    size_make(dir);
    pipelines_make(dir);
    losses_make(dir);
    costs_make(dir);
    states_make(dir);
    groups_make(dir);
    wire_make(dir);
    pairs_make(dir);
    if (bench_report(dir, &error) != 0) unit_fail("%s", error.text);
    page_read(dir, &page);
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        char text[96];
        snprintf(text, sizeof text, "<figure id=%s>\n<div class=wide><svg", figures[i]);
        check_has(&page, text);
    }
    /* Every claim that can be tested is, and leads to its figure. */
    for (const struct claim *c = claims(); c->id; c++) {
        char text[96];
        if (!c->figure || !exists(c->experiment)) continue;
        snprintf(text, sizeof text, "<td><a href=#%s>%s</a></tr>", c->figure, c->experiment);
        check_has(&page, text);
    }
    check_has(&page, "<a href=#E1>E1</a>");
    check_has(&page, "<h2 id=E1>");
    /* Colours are the page's, so that it can be dark. */
    check_has(&page, "stroke='var(--grid)'");
    check_lacks(&page, "rgb(");
    check_lacks(&page, "fill=\"#ffffff\"");
    buf_release(&page);
    if (!kept) results_remove(dir);
}
