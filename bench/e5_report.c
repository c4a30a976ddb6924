/* e5_report.c - E5 in the report: the age's distribution, and the age against the period. */
#include <stdio.h>
#include <string.h>

#include "bench/report.h"

enum { CELLS = 4, BATCHES = 3 };
static const char *const cells[CELLS] = {"batch every 0.25 s", "batch every 1 s", "batch every 4 s", "stream"};
static const double periods_s[BATCHES] = {0.25, 1, 4};

static int distribution_figure(struct report *r, const struct trials *all, const struct caption *caption,
                               struct err_text *error)
{
    struct figure f;
    struct trials voids = trials_voids(all);
    bool is_void[CELLS];
    char why[REPORT_WHY_MAX];
    static const int dashes[CELLS] = {2, 4, 5, 1}, colours[CELLS] = {0, 1, 3, 2};
    figure_begin(&f, "e5_age", 900, 440);
    for (int i = 0; i < CELLS; i++) {
        buf_printf(&f.script, "$c%d << EOD\n", i);
        is_void[i] = report_unmeasurable(all, cells[i], why);
        const struct trials *from = is_void[i] ? &voids : all;
        for (int p = 0; p <= 200 && report_total(from, cells[i], "age") > 0; p++, f.points++)
            buf_printf(&f.script, "%.6f %.1f\n", report_percentile(from, cells[i], "age", p / 2.0) / 1e9, p / 2.0);
        buf_append_str(&f.script, "EOD\n");
    }
    buf_append_str(&f.script, "set logscale x\nset format x '%g'\nset grid xtics ytics lc rgb '#dddddd' lt 1\n"
                              "set xlabel 'age of the newest visible row, seconds'\n"
                              "set ylabel '% of the time at most that old'\nset yrange [0:100]\n"
                              "set key outside top center horizontal\nplot ");
    for (int i = 0; i < CELLS; i++)
        buf_printf(&f.script, "$c%d using 1:2 with lines lw %s dt %d lc rgb '%s' title '%s%s'%s", i,
                   is_void[i] ? "1.2" : "2.5", dashes[i],
                   is_void[i] ? figure_faded(colours[i]) : figure_colour(colours[i]), cells[i],
                   is_void[i] ? " (void)" : "", i + 1 < CELLS ? ", \\\n" : "\n");
    int rc = report_figure(r, &f, caption, error);
    figure_release(&f);
    return rc;
}

/* Median age of each trial: they show how far trials differ. */
static void trial_medians(struct figure *f, const struct trials *all, const char *cell, double x)
{
    for (int i = 0; i < all->count; i++) {
        const struct histogram *h = trial_values(&all->items[i], "age");
        if (!h || !trials_has(all, &all->items[i], cell)) continue;
        buf_printf(&f->script, "%g %.6f\n", x, (double)histogram_percentile(h, 50) / 1e9);
        f->points++;
    }
}

/* A refresh that takes R and starts every P shows rows that are R old when they appear and R + P just before
 * the next ones do; the age is even in between, so its median is R + P / 2. */
static int sweep_figure(struct report *r, const struct trials *all, const struct caption *caption,
                        struct err_text *error)
{
    struct figure f;
    struct trials voids = trials_voids(all);
    double refresh_s = 0;
    int known = 0;
    for (int i = 0; i < BATCHES; i++) {
        double took = report_percentile(all, cells[i], "refresh", 50);
        if (took > 0) refresh_s += took / 1e9, known++;
    }
    char predicted[64] = "NaN";
    if (known) snprintf(predicted, sizeof predicted, "%.6f + x / 2", refresh_s / known);
    figure_begin(&f, "e5_sweep", 900, 420);
    buf_append_str(&f.script, "$medians << EOD\n");
    for (int i = 0; i < BATCHES; i++) {
        double age = report_percentile(all, cells[i], "age", 50);
        if (age >= 0) buf_printf(&f.script, "%g %.6f\n", periods_s[i], age / 1e9);
    }
    buf_append_str(&f.script, "EOD\n$trials << EOD\n");
    for (int i = 0; i < BATCHES; i++) trial_medians(&f, all, cells[i], periods_s[i]);
    buf_append_str(&f.script, "EOD\n$voids << EOD\n");
    for (int i = 0; i < BATCHES; i++) trial_medians(&f, &voids, cells[i], periods_s[i]);
    double stream_s = report_percentile(all, "stream", "age", 50) / 1e9;
    buf_printf(&f.script,
               "EOD\nset logscale xy\nset format '%%g'\nset grid xtics ytics lc rgb '#dddddd' lt 1\n"
               "set xrange [0.15:6.5]\nset xtics (0.25, 0.5, 1, 2, 4)\n"
               "set xlabel 'period of the batch, seconds'\nset ylabel 'median age, seconds'\n"
               "set key outside top center horizontal\n"
               "plot %s with lines lw 2 dt 2 lc rgb '%s' %s, \\\n"
               "$medians using 1:2 with points pt 7 ps 1.3 lc rgb '%s' title 'batch, all trials merged', \\\n"
               "$trials using 1:2 with points pt 7 ps 0.4 lc rgb '#000000' title 'a trial', \\\n"
               "$voids using 1:2 with points pt 6 ps 0.8 lc rgb '#777777' title 'a void trial'",
               predicted, figure_colour(1), known ? "title 'predicted: refresh time + period / 2'" : "notitle",
               figure_colour(0));
    if (stream_s > 0)
        buf_printf(&f.script, ", \\\n%.6f with lines lw 2.5 lc rgb '%s' title 'stream'", stream_s, figure_colour(2));
    buf_append_byte(&f.script, '\n');
    int rc = report_figure(r, &f, caption, error);
    figure_release(&f);
    return rc;
}

static void table(struct report *r, const struct trials *all)
{
    struct buf *b = &r->body;
    char why[REPORT_WHY_MAX];
    buf_append_str(
        b, "<table><caption>All cells of E5</caption><tr><th>pipeline<th>n trials<th>arrivals<th>age p50 s<th>age "
           "p99 s<th>latency of a row p50 s<th>p99 s<th>refresh p50 s<th>CPU s per trial</tr>\n");
    for (int i = 0; i < CELLS; i++) {
        struct estimate cpu;
        if (report_unmeasurable(all, cells[i], why))
            buf_printf(b, "<tr class=note><td>%s<td>0<td colspan=7>%s</tr>\n", cells[i], why);
        if (!report_estimate(all, cells[i], "cpu", &cpu)) continue;
        double refresh = report_percentile(all, cells[i], "refresh", 50);
        buf_printf(b, "<tr><td>%s<td>%d<td>%llu<td>%.3f<td>%.3f<td>%.3f<td>%.3f<td>", cells[i], cpu.n,
                   (unsigned long long)report_total(all, cells[i], "latency"),
                   report_percentile(all, cells[i], "age", 50) / 1e9, report_percentile(all, cells[i], "age", 99) / 1e9,
                   report_percentile(all, cells[i], "latency", 50) / 1e9,
                   report_percentile(all, cells[i], "latency", 99) / 1e9);
        if (refresh >= 0)
            buf_printf(b, "%.3f", refresh / 1e9);
        else
            buf_append_str(b, "&ndash;");
        buf_printf(b, "<td>%.2f</tr>\n", cpu.median);
    }
    buf_append_str(
        b, "</table><p class=note>Trials of different cells differ in length, so their CPU times do too.</p>\n");
}

static void answer(struct report *r, const struct trials *all)
{
    double age[CELLS];
    for (int i = 0; i < CELLS; i++)
        if (report_no_answer(r, "How fresh the warehouse is", all, cells[i])) return;
    for (int i = 0; i < CELLS; i++) age[i] = report_percentile(all, cells[i], "age", 50) / 1e9;
    if (age[3] < 0 || age[0] < 0) return;
    buf_printf(
        &r->answers,
        "<li><b>How fresh the warehouse is.</b> Half of the time its newest row is at most %.3f s old when streaming, "
        "%.2f s with a batch every 0.25 s, %.2f s every second, %.2f s every 4 seconds: a batch is about half its "
        "period plus its run time behind, which is %.0f times the stream's age at 0.25 s. <span class=note>(E5, the "
        "same arrivals in each cell.)</span></li>\n",
        age[3], age[0], age[1], age[2], age[0] / age[3]);
}

int report_freshness(struct report *r, struct err_text *error)
{
    struct trials all;
    char n[200], trials[96];
    int rc = trials_load(&all, r->dir, "E5", error);
    if (rc < 0 || all.count == 0) return rc;
    r->experiments++;
    report_section(r, "E5: how fresh is the warehouse?", &all);
    answer(r, &all);
    const char *rate = trial_get(&all.items[0], "rate");
    report_n(trials, sizeof trials, &all, cells, CELLS, "cpu", "line");
    snprintf(n, sizeof n, "%s, %s rows/s, age sampled every millisecond over whole periods", trials, rate ? rate : "?");
    struct caption age = {
        "E5. Age of information",
        "Further left is fresher. At any instant the age is the time since the newest row that a "
        "reader of the warehouse "
        "can see was born (sent, or written to the file that lands next). A line through (1&nbsp;s, 60&nbsp;%) "
        "means: 60&nbsp;% of the time "
        "the newest row is at most a second old. Batches are full refreshes of all there is.",
        n, "broker: page-cache; warehouse: SQLite WAL, synchronous=NORMAL", "E5"};
    struct caption sweep = {
        "E5. Age against the period",
        "Lower is fresher. The dashed curve is no fit but a prediction from the measured run time of a refresh: a row "
        "is "
        "that old when it appears, and the period longer just before the next refresh, so the median lies half a "
        "period above.",
        n, "as above", "E5"};
    rc = distribution_figure(r, &all, &age, error);
    if (rc == 0) rc = sweep_figure(r, &all, &sweep, error);
    if (rc == 0) table(r, &all);
    trials_release(&all);
    return rc;
}
