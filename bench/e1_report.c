/* e1_report.c - E1 in the report: throughput bars, percentile curves of two latencies, a table. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peer_report.h"
#include "lib/base/memory.h"

enum { ACKS = 3, CELLS_MAX = ACKS * SERIES_MAX, PANELS_IN_A_ROW = 3 };
static const char *const acks[ACKS] = {"0", "1", "all"};

/* What the section is about: a group of bars, and a panel, for each series. */
struct acks_page {
    struct report *r;
    const struct trials *all;
    struct series series[SERIES_MAX];
    int count;
    char names[CELLS_MAX][TRIAL_NAME_MAX];
    const char *cells[CELLS_MAX]; /* series by series */
};

static void page_init(struct acks_page *p, struct report *r, const struct trials *all)
{
    *p = (struct acks_page){.r = r, .all = all};
    p->count = series_find(all, p->series);
    for (int i = 0; i < p->count * ACKS; i++) {
        char own[16];
        snprintf(own, sizeof own, "acks=%s", acks[i % ACKS]);
        p->cells[i] = series_cell(&p->series[i / ACKS], own, p->names[i]);
    }
}

static const char *cell_of(const struct acks_page *p, int a, int m)
{
    return p->cells[m * ACKS + a];
}

static void throughput_points(struct figure *f, const struct acks_page *p, const struct trials *from)
{
    double values[REPORT_TRIALS_MAX];
    for (int m = 0; m < p->count; m++) {
        for (int a = 0; a < ACKS; a++) {
            int count = trials_values(from, cell_of(p, a, m), "throughput", values, REPORT_TRIALS_MAX);
            f->points += count;
            for (int i = 0; i < count; i++) buf_printf(&f->script, "%.2f %.6f\n", m + (a - 1) * 0.26, values[i] / 1e6);
        }
    }
}

/* The names of the groups of bars; with peers in two lines. */
static void group_tics(struct buf *script, const struct acks_page *p)
{
    bool peers = series_have_peers(p->series, p->count);
    for (int m = 0; m < p->count; m++)
        buf_printf(script, "%s\"%s%s%s\" %d", m ? ", " : "set xtics (", peers ? p->series[m].target : "",
                   peers ? "\\n" : "", p->series[m].durability, m);
    buf_printf(script, ")\nset xrange [-0.6:%.1f]\n", p->count - 0.4);
}

static int throughput_figure(const struct acks_page *p, struct err_text *error)
{
    const struct trials *all = p->all;
    struct figure f;
    static const char *const fills[ACKS] = {"solid 0.85", "pattern 2", "pattern 1"};
    struct trials voids = trials_voids(all);
    struct buf notes = {0};
    char n[160], trials[96], why[REPORT_WHY_MAX];
    figure_begin(&f, "e1_throughput", p->count > 4 ? 1300 : 900, 420);
    buf_append_str(&f.script, "$bars << EOD\n# x acks median low high\n");
    for (int m = 0; m < p->count; m++) {
        for (int a = 0; a < ACKS; a++) {
            struct estimate e;
            if (!report_estimate(all, cell_of(p, a, m), "throughput", &e)) continue;
            buf_printf(&f.script, "%.2f %d %.6f %.6f %.6f\n", m + (a - 1) * 0.26, a, e.median / 1e6, e.low / 1e6,
                       e.high / 1e6);
        }
    }
    buf_append_str(&f.script, "EOD\n$trials << EOD\n");
    throughput_points(&f, p, all);
    buf_append_str(&f.script, "EOD\n$voids << EOD\n");
    throughput_points(&f, p, &voids);
    buf_append_str(&f.script, "EOD\n");
    buf_append_str(&f.script, "$hollow << EOD\n");
    for (int m = 0; m < p->count; m++) {
        for (int a = 0; a < ACKS; a++) {
            struct estimate e;
            if (!report_unmeasurable(all, cell_of(p, a, m), why)) continue;
            if (p->series[m].absent && a > 0) continue;
            figure_note(&notes, m + (a - 1) * 0.26, p->series[m].absent ? "not measured: could not be had" : why);
            if (report_estimate(&voids, cell_of(p, a, m), "throughput", &e))
                buf_printf(&f.script, "%.2f %d %.6f\n", m + (a - 1) * 0.26, a, e.median / 1e6);
        }
    }
    buf_append_str(&f.script, "EOD\n");
    buf_append_slice(&f.script, buf_slice(&notes));
    buf_release(&notes);
    group_tics(&f.script, p);
    if (series_have_peers(p->series, p->count)) buf_append_str(&f.script, "set bmargin 5\nset xlabel offset 0,-1\n");
    buf_append_str(&f.script, "set yrange [0:*]\nset offsets 0,0,graph 0.05,0\n"
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
    report_n(trials, sizeof trials, all, p->cells, p->count * ACKS, "throughput", "bar");
    snprintf(n, sizeof n, "%s; each sends the same number of messages", trials);
    struct caption c = {
        "E1. Throughput of one producer",
        "Higher is better. A bar is the median of its trials, the line over it goes from the smallest to the largest. "
        "One "
        "librdkafka producer sends as fast as it can (100 B, linger 5 ms) until the last delivery report.",
        n,
        "page-cache: no sync; group-commit: <code>log.flush.interval.messages=1</code>, nothing is acknowledged before "
        "it is on disk; interval: <code>log.flush.interval.ms=100</code>, acks don't wait; other targets: "
        "<code>bench/targets</code>",
        "E1"};
    int rc = report_figure(p->r, &f, &c, error);
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

static int latency_figure(const struct acks_page *p, const char *name, const char *histogram,
                          const struct caption *caption, struct err_text *error)
{
    const struct trials *all = p->all;
    struct figure f;
    struct trials voids = trials_voids(all);
    static const int dashes[ACKS] = {1, 2, 4};
    int points[SERIES_MAX] = {0}, rows = (p->count + PANELS_IN_A_ROW - 1) / PANELS_IN_A_ROW;
    char label[TRIAL_NAME_MAX];
    figure_begin(&f, name, 1100, rows > 1 ? 380 * rows : 420);
    for (int m = 0; m < p->count; m++) {
        for (int a = 0; a < ACKS; a++) {
            buf_printf(&f.script, "$c%d_%d << EOD\n", m, a);
            points[m] += percentile_curve(&f.script, shown(all, &voids, cell_of(p, a, m)), cell_of(p, a, m), histogram);
            buf_append_str(&f.script, "EOD\n");
        }
    }
    for (int m = 0; m < p->count; m++) f.points += points[m];
    buf_append_str(&f.script, "set logscale xy\nset grid xtics ytics lc rgb '#dddddd' lt 1\n"
                              "set xtics ('0' 1, '50' 2, '90' 10, '99' 100, '99.9' 1000, '99.99' 10000)\n"
                              "set xlabel 'percentile'\nset xrange [1:*]\n"
                              "set format y '%g'\n");
    buf_append_str(&f.script, "set key bottom right\n"); /* the curves come from the left and rise */
    /* All panels share one range, or they could not be compared. */
    double low = INFINITY, high = 0;
    for (int m = 0; m < p->count; m++) {
        for (int a = 0; a < ACKS; a++) {
            const struct trials *from = shown(all, &voids, cell_of(p, a, m));
            double p0 = report_percentile(from, cell_of(p, a, m), histogram, 0) / 1e6;
            double p100 = report_percentile(from, cell_of(p, a, m), histogram, 99.9) / 1e6;
            if (p0 > 0 && p0 < low) low = p0;
            if (p100 > high) high = p100;
        }
    }
    buf_printf(&f.script, "set yrange [%g:%g]\nset multiplot layout %d,%d margins 0.08,0.975,%g,%g spacing 0.055,%g\n",
               isfinite(low) ? low * 0.7 : 0.01, high > 0 ? high * 3 : 100, rows, PANELS_IN_A_ROW, 60.0 / f.height,
               1 - 40.0 / f.height, rows > 1 ? 110.0 / f.height : 0);
    for (int m = 0; m < p->count; m++) {
        if (points[m] == 0) {
            buf_append_str(&f.script, "set multiplot next\n");
            continue;
        }
        buf_printf(&f.script, "set title '%s'\n%s\nplot ", series_label(&p->series[m], p->count, p->series, label),
                   m % PANELS_IN_A_ROW == 0 ? "set ylabel 'milliseconds'" : "unset ylabel");
        for (int a = 0; a < ACKS; a++) {
            bool is_void = shown(all, &voids, cell_of(p, a, m)) == &voids;
            buf_printf(&f.script, "$c%d_%d using 1:2 with lines lw %s dt %d lc rgb '%s' title 'acks=%s%s'%s", m, a,
                       is_void ? "1.2" : "2.5", dashes[a], is_void ? figure_faded(a) : figure_colour(a), acks[a],
                       is_void ? " (void)" : "", a + 1 < ACKS ? ", " : "\n");
        }
    }
    buf_append_str(&f.script, "unset multiplot\n");
    int rc = report_figure(p->r, &f, caption, error);
    figure_release(&f);
    return rc;
}

static void table(const struct acks_page *p)
{
    const struct trials *all = p->all;
    struct buf *b = &p->r->body;
    char why[REPORT_WHY_MAX], label[TRIAL_NAME_MAX];
    buf_append_str(b,
                   "<table><caption>All cells of E1: medians of trials; percentiles of the merged histograms</caption>"
                   "<tr><th>durability<th>acks<th>n<th>messages/s<th>interval<th>ack p50 ms<th>p99 ms<th>of it on the "
                   "wire p50 ms<th>p99 ms<th>end to end p50 ms<th>p99 ms<th>broker CPU s/M<th>syncs per 1,000</tr>\n");
    for (int m = 0; m < p->count; m++) {
        for (int a = 0; a < ACKS; a++) {
            const char *cell = cell_of(p, a, m);
            struct estimate e, cpu, syncs;
            series_label(&p->series[m], p->count, p->series, label);
            if (p->series[m].absent && a > 0) continue;
            if (report_unmeasurable(all, cell, why))
                buf_printf(b, "<tr class=note><td>%s<td>%s<td>0<td colspan=10>%s</tr>\n", label, acks[a], why);
            if (!report_estimate(all, cell, "throughput", &e) || !report_estimate(all, cell, "broker_cpu", &cpu))
                continue;
            buf_printf(b, "<tr><td>%s<td>%s<td>%d<td>%.0f<td>%.0f to %.0f (%.0f&nbsp;%%)<td>%.3f<td>%.3f", label,
                       acks[a], e.n, e.median, e.low, e.high, e.confidence * 100,
                       report_percentile(all, cell, "ack", 50) / 1e6, report_percentile(all, cell, "ack", 99) / 1e6);
            if (report_total(all, cell, "wire") > 0)
                buf_printf(b, "<td>%.3f<td>%.3f", report_percentile(all, cell, "wire", 50) / 1e6,
                           report_percentile(all, cell, "wire", 99) / 1e6);
            else
                buf_printf(b, "<td>%s<td>", a == 0 ? "no answer" : "not measured");
            buf_printf(b, "<td>%.3f<td>%.3f<td>%.2f", report_percentile(all, cell, "end_to_end", 50) / 1e6,
                       report_percentile(all, cell, "end_to_end", 99) / 1e6, cpu.median);
            if (report_estimate(all, cell, "syncs", &syncs))
                buf_printf(b, "<td>%.1f</tr>\n", syncs.median / 1e3);
            else
                buf_append_str(b, "<td>not counted</tr>\n");
        }
    }
    buf_append_str(
        b, "</table><p class=note>The interval goes from the lowest to the highest trial that the given "
           "confidence needs; the percentage is the probability that it holds the true median. On the wire: from a "
           "request's last byte on the loopback to its answer's, of all requests of the same trials, where this "
           "process may capture (CAP_NET_RAW); not measured elsewhere. Syncs: calls of fsync and fdatasync by the "
           "broker for a thousand paced messages, where the kernel counts them for us (CAP_PERFMON).</p>\n");
}

static void answer(struct report *r, const struct trials *all)
{
    struct estimate one, all_synced;
    if (report_no_answer(r, "What acks cost", all, "acks=1 page-cache") ||
        report_no_answer(r, "What acks cost", all, "acks=all group-commit"))
        return;
    double ack_cache = report_percentile(all, "acks=all page-cache", "ack", 50) / 1e6;
    double ack_sync = report_percentile(all, "acks=all group-commit", "ack", 50) / 1e6;
    double sync = report_limit_percentile(r, "fdatasync_4k", 50) / 1e6;
    if (!report_estimate(all, "acks=1 page-cache", "throughput", &one) ||
        !report_estimate(all, "acks=all group-commit", "throughput", &all_synced))
        return;
    buf_printf(
        &r->answers,
        "<li><b>What acks cost.</b> acks=all with every batch synced to disk (group-commit) still takes %.2f million "
        "messages/s, %.0f&nbsp;%% of acks=1 into the page cache (%.2f million). What it costs is latency: an "
        "acknowledgement takes %.2f ms (median) instead of %.2f ms. <span class=note>(E1, n=%d trials per cell",
        all_synced.median / 1e6, 100 * all_synced.median / one.median, one.median / 1e6, ack_sync, ack_cache, one.n);
    if (!isnan(sync)) buf_printf(&r->answers, "; an fdatasync of 4 KiB alone takes %.2f ms here", sync);
    buf_append_str(&r->answers, ".)</span></li>\n");
}

int report_acks(struct report *r, struct err_text *error)
{
    struct trials all;
    struct acks_page *p = memory_new(sizeof *p);
    char n[160], trials[96];
    int rc = trials_load(&all, r->dir, "E1", error);
    if (rc < 0 || all.count == 0) {
        free(p);
        return rc;
    }
    r->experiments++;
    page_init(p, r, &all);
    report_section(r, "E1: what do acks=0, 1 and all cost, in each durability mode?", &all);
    answer(r, &all);
    rc = throughput_figure(p, error);
    const char *rate = NULL;
    for (int i = 0; i < all.count && !rate; i++) rate = trial_get(&all.items[i], "paced_rate");
    report_n(trials, sizeof trials, &all, p->cells, p->count * ACKS, "paced_n", "curve");
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
    if (rc == 0) rc = latency_figure(p, "e1_ack_latency", "ack", &ack, error);
    if (rc == 0) rc = latency_figure(p, "e1_end_to_end", "end_to_end", &end, error);
    if (rc == 0) rc = report_acks_chain(r, &all, p->cells, p->count * ACKS, error);
    if (rc == 0) table(p);
    if (rc == 0) report_peers(r, &all);
    trials_release(&all);
    free(p);
    return rc;
}
