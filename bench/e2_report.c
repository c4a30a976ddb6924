/* e2_report.c - E2 in the report: latency against load, and what the rate that is sustained is. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peer_report.h"
#include "lib/base/memory.h"

enum { SHARES = 7, CURVES = 3 };
static const char *const cells[SHARES] = {"1 %", "10 %", "25 %", "50 %", "75 %", "90 %", "105 %"};
static const double shares[SHARES] = {1, 10, 25, 50, 75, 90, 105};
static const double percentiles[CURVES] = {50, 99, 99.9};

/* What the section is about: a set of curves for each target and mode. */
struct load_page {
    struct report *r;
    const struct trials *all;
    struct series series[SERIES_MAX];
    int count;
    char names[SERIES_MAX][SHARES][TRIAL_NAME_MAX];
};

static void page_init(struct load_page *p, struct report *r, const struct trials *all)
{
    *p = (struct load_page){.r = r, .all = all};
    p->count = series_find(all, p->series);
    for (int s = 0; s < p->count; s++) {
        for (int i = 0; i < SHARES; i++) series_cell(&p->series[s], cells[i], p->names[s][i]);
    }
}

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

/* Curve `c` of series `k`: lines "share ms low high", then the shares that have void trials only. */
static void curve_points(const struct load_page *p, struct figure *f, int k, int c)
{
    struct trials voids = trials_voids(p->all);
    char why[REPORT_WHY_MAX];
    buf_printf(&f->script, "$c%d_%d << EOD\n", k, c);
    for (int i = 0; i < SHARES; i++) {
        struct interval v;
        if (!latency(p->all, p->names[k][i], percentiles[c], &v)) continue;
        buf_printf(&f->script, "%g %.6f %.6f %.6f\n", shares[i], v.value / 1e6, v.low / 1e6, v.high / 1e6);
        f->points++;
    }
    buf_printf(&f->script, "EOD\n$v%d_%d << EOD\n", k, c);
    for (int i = 0; i < SHARES; i++) {
        struct interval v;
        const char *cell = p->names[k][i];
        if (!report_unmeasurable(p->all, cell, why) || !latency(&voids, cell, percentiles[c], &v)) continue;
        buf_printf(&f->script, "%g %.6f\n", shares[i], v.value / 1e6);
        f->points++;
    }
    buf_append_str(&f->script, "EOD\n");
}

/* With one target a percentile has a colour, with several a target has. */
static void curve_plot(const struct load_page *p, struct buf *script, int k, int c)
{
    static const int dashes[CURVES] = {1, 2, 4}, hollow[CURVES] = {6, 4, 8};
    bool peers = series_have_peers(p->series, p->count);
    int colour = peers ? k : c;
    char label[TRIAL_NAME_MAX];
    series_label(&p->series[k], p->count, p->series, label);
    buf_printf(script,
               "%s$c%d_%d using 1:2 with lines lw 2.5 dt %d lc rgb '%s' title '%s%sp%g', "
               "$c%d_%d using 1:2:3:4 with yerrorbars pt 7 ps 0.7 lw 1.5 lc rgb '%s' notitle, "
               "$v%d_%d using 1:2 with points pt %d ps 0.9 lc rgb '%s' title '%s%sp%g (void)'",
               k + c > 0 ? ", \\\n" : "", k, c, dashes[c], figure_colour(colour), peers ? label : "", peers ? " " : "",
               percentiles[c], k, c, figure_colour(colour), k, c, hollow[c], peers ? figure_faded(k) : "#777777",
               peers ? label : "", peers ? " " : "", percentiles[c]);
}

static int curve_figure(const struct load_page *p, const struct caption *caption, struct err_text *error)
{
    struct figure f;
    bool peers = series_have_peers(p->series, p->count);
    figure_begin(&f, "e2_load", 900, peers ? 440 + 50 * p->count : 440);
    for (int k = 0; k < p->count; k++) {
        for (int c = 0; c < CURVES; c++) curve_points(p, &f, k, c);
    }
    buf_append_str(&f.script, "set logscale y\nset format y '%g'\nset grid xtics ytics lc rgb '#dddddd' lt 1\n"
                              "set xrange [0:110]\nset xtics (1, 10, 25, 50, 75, 90, 105)\n"
                              "set xlabel 'load, % of the rate that is sustained'\n"
                              "set ylabel 'latency of an acknowledgement, milliseconds'\n"
                              "set arrow from 100, graph 0 to 100, graph 1 nohead dt 3 lc rgb '#777777'\n");
    buf_printf(&f.script, "set key outside top center horizontal%s\nplot ", peers ? " maxcols 2" : "");
    for (int k = 0; k < p->count; k++) {
        for (int c = 0; c < CURVES; c++) curve_plot(p, &f.script, k, c);
    }
    series_absent_titles(&f.script, p->series, p->count);
    buf_append_byte(&f.script, '\n');
    int rc = report_figure(p->r, &f, caption, error);
    figure_release(&f);
    return rc;
}

static void table_row(const struct load_page *p, const char *cell, double share)
{
    struct buf *b = &p->r->body;
    char why[REPORT_WHY_MAX];
    struct estimate offered, achieved, late, foreign;
    if (report_unmeasurable(p->all, cell, why))
        buf_printf(b, "<tr class=note><td>%s<td>0<td colspan=7>%s</tr>\n", cell, why);
    if (!report_estimate(p->all, cell, "offered", &offered)) return;
    report_estimate(p->all, cell, "achieved", &achieved);
    report_estimate(p->all, cell, "lateness_share", &late);
    report_estimate(p->all, cell, "foreign_cpu", &foreign);
    buf_printf(b, "<tr><td>%s%s<td>%d<td>%.0f<td>%.0f", cell, share > 100 ? " (saturated)" : "", offered.n,
               offered.median, achieved.median);
    for (int c = 0; c < CURVES; c++) {
        struct interval v;
        if (latency(p->all, cell, percentiles[c], &v))
            buf_printf(b, "<td>%.3f [%.3f, %.3f]", v.value / 1e6, v.low / 1e6, v.high / 1e6);
        else
            buf_append_str(b, "<td>&ndash;");
    }
    buf_printf(b, "<td>%.0f&nbsp;%%<td>%.3f</tr>\n", late.median * 100, foreign.median);
}

static void table(const struct load_page *p)
{
    struct buf *b = &p->r->body;
    buf_append_str(b, "<table><caption>All cells of E2</caption><tr><th>load<th>n<th>offered /s<th>achieved /s<th>p50 "
                      "ms<th>p99 ms<th>p99.9 ms<th>generator late, of p99<th>other work, processors</tr>\n");
    for (int k = 0; k < p->count; k++) {
        for (int i = 0; i < (p->series[k].absent ? 1 : SHARES); i++) table_row(p, p->names[k][i], shares[i]);
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

/* The rate that the target of a series sustains; false when none was found. `certain`: by valid trials. */
static bool sustained(const struct trials *all, const struct series *s, double *rate, bool *certain)
{
    char cell[TRIAL_NAME_MAX];
    struct trials voids = trials_voids(all);
    series_cell(s, "sustainable", cell);
    *certain = trials_values(all, cell, "rate", rate, 1) == 1;
    return *certain || trials_values(&voids, cell, "rate", rate, 1) == 1;
}

/* What 100 % is, for each series that has a rate; false when none has. */
static bool rates_say(const struct load_page *p, struct buf *out)
{
    bool any = false;
    for (int k = 0; k < p->count; k++) {
        double rate = 0;
        bool certain;
        char label[TRIAL_NAME_MAX];
        if (!sustained(p->all, &p->series[k], &rate, &certain)) continue;
        if (series_have_peers(p->series, p->count))
            buf_printf(out, "; %s: ", series_label(&p->series[k], p->count, p->series, label));
        else
            buf_append_str(out, "; ");
        buf_printf(out, "100 %% is %.0f messages/s%s", rate,
                   certain ? "" : ", which is not certain: its search was void");
        any = true;
    }
    return any;
}

static int section(const struct load_page *p, struct err_text *error)
{
    char trials[96];
    const char *names[SERIES_MAX * SHARES];
    double rate = 0;
    bool certain;
    struct buf n = {0};
    for (int i = 0; i < p->count * SHARES; i++) names[i] = p->names[i / SHARES][i % SHARES];
    report_n(trials, sizeof trials, p->all, names, p->count * SHARES, "offered", "load");
    buf_append_str(&n, trials);
    if (!rates_say(p, &n)) {
        buf_append_str(&p->r->body, "<p class=bad>No rate could be confirmed as sustained.</p>\n");
        buf_release(&n);
        return 0;
    }
    struct caption caption = {
        "E2. Latency against load",
        "Lower is better. From the instant at which a message was due (Poisson arrivals) until its "
        "acknowledgement. Right of the dotted line more is offered than can be sustained: the backlog grows for as "
        "long as the trial lasts, so those points say how long that was. Each target's load is a share of its own "
        "rate.",
        buf_cstr(&n), "each target's default (page-cache)", "E2"};
    if (sustained(p->all, &p->series[0], &rate, &certain)) answer(p->r, p->all, rate);
    int rc = curve_figure(p, &caption, error);
    if (rc == 0) table(p);
    buf_release(&n);
    return rc;
}

int report_load(struct report *r, struct err_text *error)
{
    struct trials all;
    int rc = trials_load(&all, r->dir, "E2", error);
    if (rc < 0 || all.count == 0) return rc;
    struct load_page *p = memory_new(sizeof *p);
    r->experiments++;
    report_section(r, "E2: how does latency grow with load?", &all);
    page_init(p, r, &all);
    rc = section(p, error);
    if (rc == 0) report_peers(r, &all);
    trials_release(&all);
    free(p);
    return rc;
}
