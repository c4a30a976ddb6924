/* e3_report.c - E3 and E4 in the report: what batching and the size of a record do to throughput and latency. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peer_report.h"

enum { POINTS_MAX = 128 };

/* A cell as a point of a curve: `x` is what varies along a curve, `series` what tells curves apart. */
struct point {
    const char *cell;
    double x, series;
    int target; /* of the section's series: target and durability mode */
};

/* The targets of a section. */
struct targets {
    struct series series[SERIES_MAX];
    int count;
};

static int by_series_and_x(const void *a, const void *b)
{
    const struct point *p = a, *q = b;
    if (p->target != q->target) return p->target - q->target;
    if (p->series != q->series) return p->series < q->series ? -1 : 1;
    return (p->x > q->x) - (p->x < q->x);
}

/* The cells of the experiment, void ones too, by the metrics `x` and `series`; NULL: one series. */
static int points_find(const struct trials *all, const char *x, const char *series, struct targets *targets,
                       struct point points[POINTS_MAX])
{
    int n = 0;
    targets->count = series_find(all, targets->series);
    for (int i = 0; i < all->count && n < POINTS_MAX; i++) {
        const struct trial *t = &all->items[i];
        int target = series_index(targets->series, targets->count, t);
        bool known = target < 0 || targets->series[target].absent;
        for (int k = 0; k < n; k++) known |= strcmp(points[k].cell, t->cell) == 0;
        if (!known)
            points[n++] = (struct point){t->cell, trial_value(t, x), series ? trial_value(t, series) : 0, target};
    }
    qsort(points, (size_t)n, sizeof *points, by_series_and_x);
    return n;
}

static void points_n(char *out, size_t size, const struct trials *all, const struct point *points, int count)
{
    const char *cells[POINTS_MAX];
    for (int i = 0; i < count; i++) cells[i] = points[i].cell;
    report_n(out, size, all, cells, count, "throughput", "point");
}

static double ack_ms(const struct trials *all, const char *cell, double percentile)
{
    return report_percentile(all, cell, "ack", percentile) / 1e6;
}

/* --- E3 --- */

/* Lines "throughput p50 p99 label" of a series; of valid cells, or of those that have void trials only. */
static void batching_points(struct figure *f, const struct trials *all, const struct point *points, int count,
                            int target, double series, bool is_void)
{
    char why[REPORT_WHY_MAX];
    struct trials voids = trials_voids(all);
    const struct trials *from = is_void ? &voids : all;
    for (int i = 0; i < count; i++) {
        struct estimate e;
        const char *cell = points[i].cell;
        if (points[i].target != target || points[i].series != series ||
            report_unmeasurable(all, cell, why) != is_void || !report_estimate(from, cell, "throughput", &e) ||
            report_total(from, cell, "ack") == 0)
            continue;
        buf_printf(&f->script, "%.6f %.6f %.6f \"%g ms\"\n", e.median / 1e6, ack_ms(from, cell, 50),
                   ack_ms(from, cell, 99), points[i].x);
        f->points++;
    }
}

enum { BATCHES = 2 };

static void batching_curve(const struct targets *targets, int k, struct buf *script)
{
    static const char *const labels[BATCHES] = {"batches of at most 16 KB", "batches of at most 1 MB"};
    int s = k % BATCHES;
    bool peers = series_have_peers(targets->series, targets->count);
    char label[TRIAL_NAME_MAX];
    series_label(&targets->series[k / BATCHES], targets->count, targets->series, label);
    buf_printf(script,
               "%s$c%d using 1:2 with lines lw 1.5 dt %d lc rgb '%s' notitle, "
               "$c%d using 1:2:2:3 with yerrorbars pt %d ps 0.9 lw 1.5 lc rgb '%s' title '%s%s%s', "
               "$c%d using 1:2:4 with labels left offset 0.8,0.5 notitle, "
               "$v%d using 1:2:2:3 with yerrorbars pt %d ps 0.9 lw 1 lc rgb '%s' title '(void)', "
               "$v%d using 1:2:4 with labels left offset 0.8,0.5 tc rgb '#777777' notitle",
               k ? ", \\\n" : "", k, s + 1, figure_colour(k), k, s ? 7 : 5, figure_colour(k), peers ? label : "",
               peers ? ", " : "", labels[s], k, k, s ? 6 : 4, figure_faded(k), k);
}

static int batching_figure(struct report *r, const struct trials *all, const struct targets *targets,
                           const struct point *points, int count, const struct caption *caption, struct err_text *error)
{
    static const double batches[BATCHES] = {16384, 1000000};
    struct figure f;
    bool peers = series_have_peers(targets->series, targets->count);
    figure_begin(&f, "e3_batching", 900, peers ? 460 + 40 * targets->count : 460);
    for (int k = 0; k < BATCHES * targets->count; k++) {
        buf_printf(&f.script, "$c%d << EOD\n", k);
        batching_points(&f, all, points, count, k / BATCHES, batches[k % BATCHES], false);
        buf_printf(&f.script, "EOD\n$v%d << EOD\n", k);
        batching_points(&f, all, points, count, k / BATCHES, batches[k % BATCHES], true);
        buf_append_str(&f.script, "EOD\n");
    }
    buf_printf(&f.script,
               "set logscale y\nset format y '%%g'\nset grid xtics ytics lc rgb '#dddddd' lt 1\n"
               "set xrange [0:*]\nset offsets 0,graph 0.08,0,0\n"
               "set xlabel 'throughput, million messages/s (100 B)'\n"
               "set ylabel 'acknowledgement at 2,000/s, milliseconds'\n"
               "set key outside top center horizontal%s\nplot ",
               peers ? " maxcols 2" : "");
    for (int k = 0; k < BATCHES * targets->count; k++) {
        if (!targets->series[k / BATCHES].absent) batching_curve(targets, k, &f.script);
    }
    series_absent_titles(&f.script, targets->series, targets->count);
    buf_append_byte(&f.script, '\n');
    int rc = report_figure(r, &f, caption, error);
    figure_release(&f);
    return rc;
}

static void table(struct report *r, const struct trials *all, const struct point *points, int count)
{
    struct buf *b = &r->body;
    char why[REPORT_WHY_MAX];
    buf_printf(b,
               "<table><caption>All cells of %s</caption><tr><th>cell<th>n<th>messages/s<th>range<th>MB/s<th>ack p50 "
               "ms<th>p99 ms<th>broker CPU s/M<th>client CPU s/M</tr>\n",
               all->items[0].experiment);
    for (int i = 0; i < count; i++) {
        struct estimate e, bytes = {0}, broker = {0}, client = {0};
        const char *cell = points[i].cell;
        if (report_unmeasurable(all, cell, why))
            buf_printf(b, "<tr class=note><td>%s<td>0<td colspan=7>%s</tr>\n", cell, why);
        if (!report_estimate(all, cell, "throughput", &e)) continue;
        report_estimate(all, cell, "bytes", &bytes);
        report_estimate(all, cell, "broker_cpu", &broker);
        report_estimate(all, cell, "client_cpu", &client);
        buf_printf(b, "<tr><td>%s<td>%d<td>%.0f<td>%.0f to %.0f<td>%.1f<td>%.3f<td>%.3f<td>%.2f<td>%.2f</tr>\n", cell,
                   e.n, e.median, e.low, e.high, bytes.median, ack_ms(all, cell, 50), ack_ms(all, cell, 99),
                   broker.median, client.median);
    }
    buf_append_str(b, "</table>\n");
}

static void batching_answer(struct report *r, const struct trials *all)
{
    static const char topic[] = "What batching buys", none[] = "linger 0 ms, batch 1 MB",
                      some[] = "linger 5 ms, batch 1 MB";
    struct estimate without, with;
    if (report_no_answer(r, topic, all, none) || report_no_answer(r, topic, all, some) ||
        !report_estimate(all, none, "throughput", &without) || !report_estimate(all, some, "throughput", &with))
        return;
    buf_printf(
        &r->answers,
        "<li><b>%s.</b> Waiting 5 ms for more (linger) gives %.2f times the throughput of not waiting, %.2f "
        "million messages/s; at 2,000 messages/s an acknowledgement then takes %.2f ms (median) instead of %.2f. "
        "<span class=note>(E3, n=%d trials per cell.)</span></li>\n",
        topic, with.median / without.median, with.median / 1e6, ack_ms(all, some, 50), ack_ms(all, none, 50), with.n);
}

int report_batching(struct report *r, struct err_text *error)
{
    struct trials all;
    struct point points[POINTS_MAX];
    struct targets targets;
    char n[96];
    int rc = trials_load(&all, r->dir, "E3", error);
    if (rc < 0 || all.count == 0) return rc;
    r->experiments++;
    report_section(r, "E3: batching, throughput against latency", &all);
    int count = points_find(&all, "linger", "batch", &targets, points);
    points_n(n, sizeof n, &all, points, count);
    struct caption caption = {
        "E3. Throughput against latency, by linger",
        "Further right and lower is better. A point is a setting: its throughput as fast as the client can go, and "
        "the median time of an acknowledgement at 2,000 messages/s; the line above a point goes to the 99th "
        "percentile. The label is how long the producer waits for more messages. At 2,000/s the wait is what an "
        "acknowledgement takes; a fast producer fills its batches before the wait is over.",
        n, "each target's default (page-cache)", "E3"};
    batching_answer(r, &all);
    rc = batching_figure(r, &all, &targets, points, count, &caption, error);
    if (rc == 0) table(r, &all, points, count);
    if (rc == 0) report_peers(r, &all);
    trials_release(&all);
    return rc;
}

/* --- E4 --- */

/* Lines "bytes messages/s MB/s"; of valid cells, or of those that have void trials only. */
static void size_points(struct figure *f, const struct trials *all, const struct point *points, int count, int target,
                        bool is_void)
{
    char why[REPORT_WHY_MAX];
    struct trials voids = trials_voids(all);
    const struct trials *from = is_void ? &voids : all;
    for (int i = 0; i < count; i++) {
        struct estimate e;
        if (points[i].target != target || report_unmeasurable(all, points[i].cell, why) != is_void ||
            !report_estimate(from, points[i].cell, "throughput", &e))
            continue;
        buf_printf(&f->script, "%g %.6g %.6g %.6g\n", points[i].x, e.median, e.low, e.high);
        f->points++;
    }
}

/* Curve of target `t` in panel `panel`: records, or bytes. */
static void size_curve(const struct targets *targets, int t, int panel, struct buf *script)
{
    static const char *const scales[] = {"1", "$1/1e6"};
    bool peers = series_have_peers(targets->series, targets->count);
    const char *scale = scales[panel], *colour = figure_colour(peers ? t : panel);
    char label[TRIAL_NAME_MAX];
    series_label(&targets->series[t], targets->count, targets->series, label);
    buf_printf(script,
               "%s$c%d using 1:($2*%s) with lines lw 2.5 dt %d lc rgb '%s' notitle, "
               "$c%d using 1:($2*%s):($3*%s):($4*%s) with yerrorbars pt %d ps 0.8 lw 1.5 lc rgb '%s' title '%s', "
               "$v%d using 1:($2*%s) with points pt 6 ps 1 lc rgb '%s' title '%s%svoid trials'",
               t ? ", \\\n" : "", t, scale, t + 1, colour, t, scale, scale, scale, t ? 5 : 7, colour,
               peers ? label : "median and range of trials", t, scale, peers ? figure_faded(t) : "#777777",
               peers ? label : "", peers ? ", " : "");
}

static int size_figure(struct report *r, const struct trials *all, const struct targets *targets,
                       const struct point *points, int count, const struct caption *caption, struct err_text *error)
{
    struct figure f;
    static const char *const labels[] = {"records/s", "MB/s"};
    bool peers = series_have_peers(targets->series, targets->count);
    figure_begin(&f, "e4_size", 1000, 420);
    for (int t = 0; t < targets->count; t++) {
        buf_printf(&f.script, "$c%d << EOD\n", t);
        size_points(&f, all, points, count, t, false);
        buf_printf(&f.script, "EOD\n$v%d << EOD\n", t);
        size_points(&f, all, points, count, t, true);
        buf_append_str(&f.script, "EOD\n");
    }
    buf_append_str(&f.script, "set logscale xy\nset grid xtics ytics lc rgb '#dddddd' lt 1\n"
                              "set xtics ('10 B' 10, '100 B' 100, '1 KB' 1e3, '10 KB' 1e4, '100 KB' 1e5, '1 MB' 1e6)\n"
                              "set xrange [5:2e6]\nset xlabel 'size of a record'\nset key top right\n"
                              "set multiplot layout 1,2 margins 0.08,0.98,0.16,0.95 spacing 0.09,0\n");
    for (int panel = 0; panel < 2; panel++) {
        buf_printf(&f.script, "set ylabel '%s'\nset format y '%s'\nset key %s\nplot ", labels[panel],
                   panel ? "%g" : "%.0s%c",
                   panel   ? "bottom right"
                   : peers ? "top right"
                           : "bottom left");
        for (int t = 0; t < targets->count; t++) {
            if (!targets->series[t].absent) size_curve(targets, t, panel, &f.script);
        }
        series_absent_titles(&f.script, targets->series, targets->count);
        buf_append_byte(&f.script, '\n');
    }
    buf_append_str(&f.script, "unset multiplot\n");
    int rc = report_figure(r, &f, caption, error);
    figure_release(&f);
    return rc;
}

static void size_answer(struct report *r, const struct trials *all)
{
    static const char topic[] = "How large a record should be", small[] = "100 B", large[] = "10 KB";
    struct estimate few, many, records;
    if (report_no_answer(r, topic, all, small) || report_no_answer(r, topic, all, large) ||
        !report_estimate(all, small, "bytes", &few) || !report_estimate(all, large, "bytes", &many) ||
        !report_estimate(all, small, "throughput", &records))
        return;
    buf_printf(&r->answers,
               "<li><b>%s.</b> Records of 100 B: %.2f million/s, %.0f MB/s; of 10 KB: %.0f MB/s, %.1f times the bytes. "
               "Small records cost by the record, large ones by the byte. <span class=note>(E4, n=%d trials per "
               "cell.)</span></li>\n",
               topic, records.median / 1e6, few.median, many.median, many.median / few.median, many.n);
}

int report_size(struct report *r, struct err_text *error)
{
    struct trials all;
    struct point points[POINTS_MAX];
    struct targets targets;
    char n[96];
    int rc = trials_load(&all, r->dir, "E4", error);
    if (rc < 0 || all.count == 0) return rc;
    r->experiments++;
    report_section(r, "E4: the size of a record", &all);
    int count = points_find(&all, "message", NULL, &targets, points);
    points_n(n, sizeof n, &all, points, count);
    struct caption caption = {
        "E4. Records and bytes per second against the size of a record",
        "Higher is better, both axes are logarithmic. Where the left curve is flat, a record costs "
        "the same whatever its size; where the right one is, a byte does.",
        n, "each target's default (page-cache)", "E4"};
    size_answer(r, &all);
    rc = size_figure(r, &all, &targets, points, count, &caption, error);
    if (rc == 0) table(r, &all, points, count);
    if (rc == 0) report_peers(r, &all);
    trials_release(&all);
    return rc;
}
