/* e2_report.c - E2 in the report: latency against load, and what the rate that is sustained is. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/report.h"

enum { SHARES = 7, CURVES = 3 };
static const char *const cells[SHARES] = {"1 %", "10 %", "25 %", "50 %", "75 %", "90 %", "105 %"};
static const double shares[SHARES] = {1, 10, 25, 50, 75, 90, 105};
static const double percentiles[CURVES] = {50, 99, 99.9};

/* A percentile of a cell's merged trials with its interval; false when it has none, or too few messages: five must lie
 * beyond the percentile. */
static bool latency(const struct trials *all, const char *cell, double percentile, struct interval *out)
{
    const struct histogram *trials[INTERVAL_TRIALS_MAX];
    uint64_t total = 0;
    int n = 0;
    for (int i = 0; i < all->count && n < INTERVAL_TRIALS_MAX; i++) {
        const struct histogram *h = trial_values(&all->items[i], "ack");
        if (!h || !trials_has(all, &all->items[i], cell)) continue;
        trials[n++] = h;
        total += h->total;
    }
    if (n == 0 || (1 - percentile / 100) * (double)total < 5) return false;
    *out = interval_percentile(trials, n, percentile, 2);
    return true;
}

static int curve_figure(struct report *r, const struct trials *all, const struct caption *caption,
                        struct err_text *error)
{
    struct figure f;
    struct trials voids = trials_voids(all);
    char why[REPORT_WHY_MAX];
    static const int dashes[CURVES] = {1, 2, 4}, hollow[CURVES] = {6, 4, 8};
    figure_begin(&f, "e2_load", 900, 440);
    for (int c = 0; c < CURVES; c++) {
        buf_printf(&f.script, "$c%d << EOD\n", c);
        for (int i = 0; i < SHARES; i++) {
            struct interval v;
            if (!latency(all, cells[i], percentiles[c], &v)) continue;
            buf_printf(&f.script, "%g %.6f %.6f %.6f\n", shares[i], v.value / 1e6, v.low / 1e6, v.high / 1e6);
            f.points++;
        }
        buf_printf(&f.script, "EOD\n$v%d << EOD\n", c);
        for (int i = 0; i < SHARES; i++) {
            struct interval v;
            if (!report_unmeasurable(all, cells[i], why) || !latency(&voids, cells[i], percentiles[c], &v)) continue;
            buf_printf(&f.script, "%g %.6f\n", shares[i], v.value / 1e6);
            f.points++;
        }
        buf_append_str(&f.script, "EOD\n");
    }
    buf_append_str(&f.script, "set logscale y\nset format y '%g'\nset grid xtics ytics lc rgb '#dddddd' lt 1\n"
                              "set xrange [0:110]\nset xtics (1, 10, 25, 50, 75, 90, 105)\n"
                              "set xlabel 'load, % of the rate that is sustained'\n"
                              "set ylabel 'latency of an acknowledgement, milliseconds'\n"
                              "set arrow from 100, graph 0 to 100, graph 1 nohead dt 3 lc rgb '#777777'\n"
                              "set key outside top center horizontal\nplot ");
    for (int c = 0; c < CURVES; c++)
        buf_printf(&f.script,
                   "$c%d using 1:2 with lines lw 2.5 dt %d lc rgb '%s' title 'p%g', "
                   "$c%d using 1:2:3:4 with yerrorbars pt 7 ps 0.7 lw 1.5 lc rgb '%s' notitle, "
                   "$v%d using 1:2 with points pt %d ps 0.9 lc rgb '#777777' title 'p%g (void)'%s",
                   c, dashes[c], figure_colour(c), percentiles[c], c, figure_colour(c), c, hollow[c], percentiles[c],
                   c + 1 < CURVES ? ", \\\n" : "\n");
    int rc = report_figure(r, &f, caption, error);
    figure_release(&f);
    return rc;
}

static void table(struct report *r, const struct trials *all)
{
    struct buf *b = &r->body;
    char why[REPORT_WHY_MAX];
    buf_append_str(b, "<table><caption>All cells of E2</caption><tr><th>load<th>n<th>offered /s<th>achieved /s<th>p50 "
                      "ms<th>p99 ms<th>p99.9 ms<th>generator late, of p99<th>other work, processors</tr>\n");
    for (int i = 0; i < SHARES; i++) {
        struct estimate offered, achieved, late, foreign;
        if (report_unmeasurable(all, cells[i], why))
            buf_printf(b, "<tr class=note><td>%s<td>0<td colspan=7>%s</tr>\n", cells[i], why);
        if (!report_estimate(all, cells[i], "offered", &offered)) continue;
        report_estimate(all, cells[i], "achieved", &achieved);
        report_estimate(all, cells[i], "lateness_share", &late);
        report_estimate(all, cells[i], "foreign_cpu", &foreign);
        buf_printf(b, "<tr><td>%s%s<td>%d<td>%.0f<td>%.0f", cells[i], shares[i] > 100 ? " (saturated)" : "", offered.n,
                   offered.median, achieved.median);
        for (int c = 0; c < CURVES; c++) {
            struct interval v;
            if (latency(all, cells[i], percentiles[c], &v))
                buf_printf(b, "<td>%.3f [%.3f, %.3f]", v.value / 1e6, v.low / 1e6, v.high / 1e6);
            else
                buf_append_str(b, "<td>&ndash;");
        }
        buf_printf(b, "<td>%.0f&nbsp;%%<td>%.3f</tr>\n", late.median * 100, foreign.median);
    }
    buf_append_str(b, "</table><p class=note>Percentiles of merged histograms; in brackets the 95&nbsp;% interval from "
                      "resampled trials, below five trials the range of the trials.</p>\n");
}

static void answer(struct report *r, const struct trials *all, double rate)
{
    struct interval half, most;
    static const char topic[] = "How latency grows with load";
    if (report_no_answer(r, topic, all, "sustainable") || report_no_answer(r, topic, all, "50 %") ||
        report_no_answer(r, topic, all, "90 %"))
        return;
    if (!latency(all, "50 %", 99, &half) || !latency(all, "90 %", 99, &most)) return;
    buf_printf(
        &r->answers,
        "<li><b>How latency grows with load.</b> %.0f messages/s were sustained (100 B, no lingering, acks=1). The "
        "99th percentile of an acknowledgement is %.2f ms at half of that and %.2f ms at 90&nbsp;%%, %.1f times as "
        "much. <span class=note>(E2)</span></li>\n",
        rate, half.value / 1e6, most.value / 1e6, most.value / half.value);
}

int report_load(struct report *r, struct err_text *error)
{
    struct trials all;
    double rate = 0;
    char n[240], trials[96];
    int rc = trials_load(&all, r->dir, "E2", error);
    if (rc < 0 || all.count == 0) return rc;
    r->experiments++;
    report_section(r, "E2: how does latency grow with load?", &all);
    struct trials voids = trials_voids(&all);
    bool certain = trials_values(&all, "sustainable", "rate", &rate, 1) == 1;
    if (!certain && trials_values(&voids, "sustainable", "rate", &rate, 1) == 0) {
        buf_append_str(&r->body, "<p class=bad>No rate could be confirmed as sustained.</p>\n");
    } else {
        report_n(trials, sizeof trials, &all, cells, SHARES, "offered", "load");
        snprintf(n, sizeof n, "%s; 100 %% is %.0f messages/s%s", trials, rate,
                 certain ? "" : ", which is not certain: its search was void");
        struct caption caption = {
            "E2. Latency against load",
            "Lower is better. From the instant at which a message was due (Poisson arrivals) until its "
            "acknowledgement. Right of the dotted line more is offered than can be sustained: the backlog grows for as "
            "long as the trial lasts, so those points say how long that was.",
            n, "page-cache", "E2"};
        answer(r, &all, rate);
        rc = curve_figure(r, &all, &caption, error);
        if (rc == 0) table(r, &all);
    }
    trials_release(&all);
    return rc;
}
