/* e1_report.c - E1 in the report: throughput bars, percentile curves of two latencies, a table. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/report.h"

enum { ACKS = 3, MODES = 3 };
static const char *const acks[ACKS] = {"0", "1", "all"};
static const char *const modes[MODES] = {"page-cache", "group-commit", "interval"};

static const char *cell_name(int a, int m)
{
    static char name[TRIAL_NAME_MAX];
    snprintf(name, sizeof name, "acks=%s %s", acks[a], modes[m]);
    return name;
}

static const char *const *cell_names(void)
{
    static char names[ACKS * MODES][TRIAL_NAME_MAX];
    static const char *list[ACKS * MODES];
    for (int i = 0; i < ACKS * MODES; i++) {
        snprintf(names[i], sizeof names[i], "%s", cell_name(i % ACKS, i / ACKS));
        list[i] = names[i];
    }
    return list;
}

static void throughput_points(struct figure *f, const struct trials *all)
{
    double values[REPORT_TRIALS_MAX];
    for (int m = 0; m < MODES; m++) {
        for (int a = 0; a < ACKS; a++) {
            int count = trials_values(all, cell_name(a, m), "throughput", values, REPORT_TRIALS_MAX);
            f->points += count;
            for (int i = 0; i < count; i++) buf_printf(&f->script, "%.2f %.6f\n", m + (a - 1) * 0.26, values[i] / 1e6);
        }
    }
}

static int throughput_figure(struct report *r, const struct trials *all, struct err_text *error)
{
    struct figure f;
    static const char *const fills[ACKS] = {"solid 0.85", "pattern 2", "pattern 1"};
    struct trials voids = trials_voids(all);
    struct buf notes = {0};
    char n[160], trials[96], why[REPORT_WHY_MAX];
    figure_begin(&f, "e1_throughput", 900, 420);
    buf_append_str(&f.script, "$bars << EOD\n# x acks median low high\n");
    for (int m = 0; m < MODES; m++) {
        for (int a = 0; a < ACKS; a++) {
            struct estimate e;
            if (!report_estimate(all, cell_name(a, m), "throughput", &e)) continue;
            buf_printf(&f.script, "%.2f %d %.6f %.6f %.6f\n", m + (a - 1) * 0.26, a, e.median / 1e6, e.low / 1e6,
                       e.high / 1e6);
        }
    }
    buf_append_str(&f.script, "EOD\n$trials << EOD\n");
    throughput_points(&f, all);
    buf_append_str(&f.script, "EOD\n$voids << EOD\n");
    throughput_points(&f, &voids);
    buf_append_str(&f.script, "EOD\n");
    buf_append_str(&f.script, "$hollow << EOD\n");
    for (int m = 0; m < MODES; m++) {
        for (int a = 0; a < ACKS; a++) {
            struct estimate e;
            if (!report_unmeasurable(all, cell_name(a, m), why)) continue;
            figure_note(&notes, m + (a - 1) * 0.26, why);
            if (report_estimate(&voids, cell_name(a, m), "throughput", &e))
                buf_printf(&f.script, "%.2f %d %.6f\n", m + (a - 1) * 0.26, a, e.median / 1e6);
        }
    }
    buf_append_str(&f.script, "EOD\n");
    buf_append_slice(&f.script, buf_slice(&notes));
    buf_release(&notes);
    buf_append_str(&f.script, "set xrange [-0.6:2.6]\nset yrange [0:*]\nset offsets 0,0,graph 0.05,0\n"
                              "set xtics ('page-cache' 0, 'group-commit' 1, 'interval' 2)\n"
                              "set xlabel 'durability mode of the broker'\n"
                              "set ylabel 'million messages/s (100 B)'\n"
                              "set key outside top center horizontal\n"
                              "set boxwidth 0.24\nplot ");
    for (int a = 0; a < ACKS; a++)
        buf_printf(&f.script,
                   "$bars using ($2==%d ? $1 : NaN):3 with boxes fill %s lc rgb '%s' lw 1.5 notitle, \\\n"
                   "$hollow using ($2==%d ? $1 : NaN):3 with boxes fill empty lc rgb '%s' dt 3 lw 1.5 notitle, \\\n"
                   "NaN with boxes fill %s lc rgb '%s' lw 1.5 title 'acks=%s', \\\n",
                   a, fills[a], figure_colour(a), a, figure_colour(a), fills[a], figure_colour(a), acks[a]);
    buf_append_str(&f.script, "$bars using 1:3:4:5 with yerrorbars pt -1 lc rgb '#000000' lw 1.5 notitle, \\\n"
                              "$trials using 1:2 with points pt 7 ps 0.4 lc rgb '#000000' title 'a trial', \\\n"
                              "$voids using 1:2 with points pt 6 ps 0.6 lc rgb '#777777' title 'a void trial'\n");
    report_n(trials, sizeof trials, all, cell_names(), ACKS * MODES, "throughput", "bar");
    snprintf(n, sizeof n, "%s; each sends the same number of messages", trials);
    struct caption c = {
        "E1. Throughput of one producer",
        "Higher is better. A bar is the median of its trials, the line over it goes from the smallest to the largest. "
        "One "
        "librdkafka producer sends as fast as it can (100 B, linger 5 ms) until the last delivery report.",
        n,
        "page-cache: no sync; group-commit: <code>log.flush.interval.messages=1</code>, nothing is acknowledged before "
        "it is on disk; interval: <code>log.flush.interval.ms=100</code>, acks don't wait",
        "E1"};
    int rc = report_figure(r, &f, &c, error);
    figure_release(&f);
    return rc;
}

/* Percentiles up to what n observations can tell: five of them lie beyond the last point. Returns how many points. */
static int percentile_curve(struct buf *script, const struct trials *all, const char *cell, const char *histogram)
{
    static const double at[] = {0,    10,   20,   30,   40,   50,    60,    70,    75,     80,
                                85,   90,   92,   94,   95,   96,    97,    98,    98.5,   99,
                                99.3, 99.5, 99.7, 99.8, 99.9, 99.95, 99.98, 99.99, 99.995, 99.999};
    uint64_t n = report_total(all, cell, histogram);
    size_t i = 0;
    for (; i < sizeof at / sizeof at[0]; i++) {
        if ((1 - at[i] / 100) * (double)n < 5) break;
        buf_printf(script, "%.6f %.6f\n", 1 / (1 - at[i] / 100), report_percentile(all, cell, histogram, at[i]) / 1e6);
    }
    return (int)i;
}

/* Where a curve comes from: void trials when there are no others. */
static const struct trials *shown(const struct trials *all, const struct trials *voids, const char *cell)
{
    char why[REPORT_WHY_MAX];
    return report_unmeasurable(all, cell, why) ? voids : all;
}

static int latency_figure(struct report *r, const struct trials *all, const char *name, const char *histogram,
                          const struct caption *caption, struct err_text *error)
{
    struct figure f;
    struct trials voids = trials_voids(all);
    static const int dashes[ACKS] = {1, 2, 4};
    int points[MODES] = {0};
    figure_begin(&f, name, 1100, 420);
    for (int m = 0; m < MODES; m++) {
        for (int a = 0; a < ACKS; a++) {
            buf_printf(&f.script, "$c%d%d << EOD\n", m, a);
            points[m] += percentile_curve(&f.script, shown(all, &voids, cell_name(a, m)), cell_name(a, m), histogram);
            buf_append_str(&f.script, "EOD\n");
        }
    }
    for (int m = 0; m < MODES; m++) f.points += points[m];
    buf_append_str(&f.script, "set logscale xy\nset grid xtics ytics lc rgb '#dddddd' lt 1\n"
                              "set xtics ('0' 1, '50' 2, '90' 10, '99' 100, '99.9' 1000, '99.99' 10000)\n"
                              "set xlabel 'percentile'\nset key top left\nset xrange [1:*]\n"
                              "set format y '%g'\n");
    /* All panels share one range, or they could not be compared. */
    double low = INFINITY, high = 0;
    for (int m = 0; m < MODES; m++) {
        for (int a = 0; a < ACKS; a++) {
            const struct trials *from = shown(all, &voids, cell_name(a, m));
            double p0 = report_percentile(from, cell_name(a, m), histogram, 0) / 1e6;
            double p100 = report_percentile(from, cell_name(a, m), histogram, 99.9) / 1e6;
            if (p0 > 0 && p0 < low) low = p0;
            if (p100 > high) high = p100;
        }
    }
    buf_printf(&f.script, "set yrange [%g:%g]\nset multiplot layout 1,3 margins 0.07,0.975,0.14,0.91 spacing 0.045,0\n",
               isfinite(low) ? low * 0.7 : 0.01, high > 0 ? high * 3 : 100);
    for (int m = 0; m < MODES; m++) {
        if (points[m] == 0) {
            buf_append_str(&f.script, "set multiplot next\n");
            continue;
        }
        buf_printf(&f.script, "set title '%s'\n%s\nplot ", modes[m],
                   m == 0 ? "set ylabel 'milliseconds'" : "unset ylabel");
        for (int a = 0; a < ACKS; a++) {
            bool is_void = shown(all, &voids, cell_name(a, m)) == &voids;
            buf_printf(&f.script, "$c%d%d using 1:2 with lines lw %s dt %d lc rgb '%s' title 'acks=%s%s'%s", m, a,
                       is_void ? "1.2" : "2.5", dashes[a], is_void ? figure_faded(a) : figure_colour(a), acks[a],
                       is_void ? " (void)" : "", a + 1 < ACKS ? ", " : "\n");
        }
    }
    buf_append_str(&f.script, "unset multiplot\n");
    int rc = report_figure(r, &f, caption, error);
    figure_release(&f);
    return rc;
}

static void table(struct report *r, const struct trials *all)
{
    struct buf *b = &r->body;
    char why[REPORT_WHY_MAX];
    buf_append_str(
        b, "<table><caption>All cells of E1: medians of trials; percentiles of the merged histograms</caption>"
           "<tr><th>durability<th>acks<th>n<th>messages/s<th>interval<th>ack p50 ms<th>p99 ms<th>end to end p50 "
           "ms<th>p99 ms<th>broker CPU s/M</tr>\n");
    for (int m = 0; m < MODES; m++) {
        for (int a = 0; a < ACKS; a++) {
            const char *cell = cell_name(a, m);
            struct estimate e, cpu;
            if (report_unmeasurable(all, cell, why))
                buf_printf(b, "<tr class=note><td>%s<td>%s<td>0<td colspan=7>%s</tr>\n", modes[m], acks[a], why);
            if (!report_estimate(all, cell, "throughput", &e) || !report_estimate(all, cell, "broker_cpu", &cpu))
                continue;
            buf_printf(b,
                       "<tr><td>%s<td>%s<td>%d<td>%.0f<td>%.0f to %.0f "
                       "(%.0f&nbsp;%%)<td>%.3f<td>%.3f<td>%.3f<td>%.3f<td>%.2f</tr>\n",
                       modes[m], acks[a], e.n, e.median, e.low, e.high, e.confidence * 100,
                       report_percentile(all, cell, "ack", 50) / 1e6, report_percentile(all, cell, "ack", 99) / 1e6,
                       report_percentile(all, cell, "end_to_end", 50) / 1e6,
                       report_percentile(all, cell, "end_to_end", 99) / 1e6, cpu.median);
        }
    }
    buf_append_str(b, "</table><p class=note>The interval goes from the lowest to the highest trial that the given "
                      "confidence needs; the percentage is the probability that it holds the true median.</p>\n");
}

static void answer(struct report *r, const struct trials *all)
{
    struct estimate one, all_synced;
    if (report_no_answer(r, "What acks cost", all, "acks=1 page-cache") ||
        report_no_answer(r, "What acks cost", all, "acks=all group-commit"))
        return;
    double ack_cache = report_percentile(all, "acks=all page-cache", "ack", 50) / 1e6;
    double ack_sync = report_percentile(all, "acks=all group-commit", "ack", 50) / 1e6;
    if (!report_estimate(all, "acks=1 page-cache", "throughput", &one) ||
        !report_estimate(all, "acks=all group-commit", "throughput", &all_synced))
        return;
    buf_printf(
        &r->answers,
        "<li><b>What acks cost.</b> acks=all with every batch synced to disk (group-commit) still takes %.2f million "
        "messages/s, %.0f&nbsp;%% of acks=1 into the page cache (%.2f million). What it costs is latency: an "
        "acknowledgement takes %.2f ms (median) instead of %.2f ms. <span class=note>(E1, n=%d trials per "
        "cell; an fdatasync of 4 KiB alone takes %.2f ms here.)</span></li>\n",
        all_synced.median / 1e6, 100 * all_synced.median / one.median, one.median / 1e6, ack_sync, ack_cache, one.n,
        report_limit_percentile(r, "fdatasync_4k", 50) / 1e6);
}

int report_acks(struct report *r, struct err_text *error)
{
    struct trials all;
    char n[160], trials[96];
    int rc = trials_load(&all, r->dir, "E1", error);
    if (rc < 0 || all.count == 0) return rc;
    r->experiments++;
    report_section(r, "E1: what do acks=0, 1 and all cost, in each durability mode?", &all);
    answer(r, &all);
    rc = throughput_figure(r, &all, error);
    const char *rate = trial_get(&all.items[0], "paced_rate");
    report_n(trials, sizeof trials, &all, cell_names(), ACKS * MODES, "paced_n", "curve");
    snprintf(n, sizeof n, "%s, merged, at %s messages/s", trials, rate ? rate : "?");
    struct caption ack = {
        "E1. Latency of an acknowledgement",
        "Lower is better; further right are rarer, slower messages (percentile scale as in HDR plots). Time "
        "from the instant at which a message was due until its delivery report, linger 0: an open loop, so "
        "a stall counts for every message that was due during it. acks=0 is reported when it was sent.",
        n, "as above", "E1"};
    struct caption end = {"E1. Latency end to end",
                          "The same messages, from the instant at which they were due until a consumer had them. "
                          "With group-commit nothing is visible before it is durable, whatever acks says.",
                          n, "as above", "E1"};
    if (rc == 0) rc = latency_figure(r, &all, "e1_ack_latency", "ack", &ack, error);
    if (rc == 0) rc = latency_figure(r, &all, "e1_end_to_end", "end_to_end", &end, error);
    if (rc == 0) table(r, &all);
    trials_release(&all);
    return rc;
}
