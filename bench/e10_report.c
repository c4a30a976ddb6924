/* e10_report.c - E10 in the report: the cost of an append and of a fetch against the log's length and against the
 * number of partitions. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report.h"

enum { POINTS_MAX = 32, AXES = 2, KINDS = 2 };

static const char *const axes[AXES] = {"log", "partitions"}; /* the metrics that place a cell */
static const char *const kinds[KINDS] = {"append", "fetch"};

struct point {
    const char *cell;
    double x;
};

/* The cells along one axis, ascending. */
struct axis {
    struct point points[POINTS_MAX];
    int count;
};

static int by_x(const void *a, const void *b)
{
    const struct point *p = a, *q = b;
    return (p->x > q->x) - (p->x < q->x);
}

static void axis_find(struct axis *x, const struct trials *all, const char *metric)
{
    x->count = 0;
    for (int i = 0; i < all->count && x->count < POINTS_MAX; i++) {
        const struct trial *t = &all->items[i];
        double at = trial_value(t, metric);
        bool known = isnan(at);
        for (int k = 0; k < x->count; k++) known |= strcmp(x->points[k].cell, t->cell) == 0;
        if (!known) x->points[x->count++] = (struct point){t->cell, at};
    }
    qsort(x->points, (size_t)x->count, sizeof *x->points, by_x);
}

static const char *metric_of(int kind, int percentile)
{
    static char name[TRIAL_NAME_MAX];
    snprintf(name, sizeof name, "%s_p%d", kinds[kind], percentile);
    return name;
}

/* --- figure --- */

/* Lines "x p50 low high p99"; of valid cells, or of those that have void trials only. */
static void curve(struct figure *f, const struct trials *all, const struct axis *x, int kind, bool is_void)
{
    char why[REPORT_WHY_MAX];
    struct trials voids = trials_voids(all);
    const struct trials *from = is_void ? &voids : all;
    for (int i = 0; i < x->count; i++) {
        struct estimate e;
        const char *cell = x->points[i].cell;
        if (report_unmeasurable(all, cell, why) != is_void || !report_estimate(from, cell, metric_of(kind, 50), &e))
            continue;
        buf_printf(&f->script, "%g %.6f %.6f %.6f %.6f\n", x->points[i].x, e.median, e.low, e.high,
                   report_percentile(from, cell, kinds[kind], 99) / 1e6);
        f->points++;
    }
}

static void panel(struct figure *f, int axis)
{
    if (axis == 0)
        buf_append_str(&f->script, "set xlabel 'length of the log'\nset ylabel 'milliseconds'\n"
                                   "set xtics ('1 MB' 1e6, '10 MB' 1e7, '100 MB' 1e8, '1 GB' 1e9, '10 GB' 1e10)\n"
                                   "set xrange [0.7e6:*]\nset key top left Left reverse maxrows 4\n");
    else
        buf_append_str(&f->script, "set xlabel 'partitions in use'\nunset ylabel\nunset key\n"
                                   "set xtics ('1' 1, '10' 10, '100' 100, '1,000' 1000, '5,000' 5000)\n"
                                   "set xrange [0.7:8000]\n");
    buf_append_str(&f->script, "plot ");
    for (int k = 0; k < KINDS; k++)
        buf_printf(&f->script,
                   "$c%d%d using 1:2 with lines lw 2.5 lc rgb '%s' notitle, \\\n"
                   "$c%d%d using 1:2:3:4 with yerrorbars pt %d ps 0.9 lw 1.5 lc rgb '%s' title '%s p50', \\\n"
                   "$c%d%d using 1:5 with linespoints pt %d ps 0.9 lw 1.5 dt 2 lc rgb '%s' title '%s p99', \\\n"
                   "$v%d%d using 1:2 with points pt %d ps 1.2 lc rgb '%s' title '%s p50 (void)', \\\n"
                   "$v%d%d using 1:5 with points pt %d ps 1.2 lc rgb '%s' title '%s p99 (void)'%s",
                   axis, k, figure_colour(k), axis, k, k ? 7 : 5, figure_colour(k), kinds[k], axis, k, k ? 6 : 4,
                   figure_colour(k), kinds[k], axis, k, k ? 7 : 5, figure_faded(k), kinds[k], axis, k, k ? 6 : 4,
                   figure_faded(k), kinds[k], k + 1 < KINDS ? ", \\\n" : "\n");
}

static int cost_figure(struct report *r, const struct trials *all, const struct axis x[AXES],
                       const struct caption *caption, struct err_text *error)
{
    struct figure f;
    int points[AXES];
    figure_begin(&f, "e10_cost", 1000, 440);
    for (int a = 0; a < AXES; a++) {
        int before = f.points;
        for (int k = 0; k < KINDS; k++) {
            buf_printf(&f.script, "$c%d%d << EOD\n", a, k);
            curve(&f, all, &x[a], k, false);
            buf_printf(&f.script, "EOD\n$v%d%d << EOD\n", a, k);
            curve(&f, all, &x[a], k, true);
            buf_append_str(&f.script, "EOD\n");
        }
        points[a] = f.points - before;
    }
    buf_append_str(&f.script, "set logscale xy\nset format y '%g'\nset grid xtics ytics lc rgb '#dddddd' lt 1\n"
                              "set yrange [0.01:*]\nset offsets 0,0,graph 0.45,0\n"
                              "set multiplot layout 1,2 margins 0.09,0.98,0.14,0.96 spacing 0.08,0\n");
    for (int a = 0; a < AXES; a++) {
        if (points[a] > 0)
            panel(&f, a);
        else
            buf_append_str(&f.script, "set multiplot next\n");
    }
    buf_append_str(&f.script, "unset multiplot\n");
    int rc = report_figure(r, &f, caption, error);
    figure_release(&f);
    return rc;
}

/* --- table and answer --- */

/* The median of the trials of a cell over that of another one; false when one has none. */
static bool ratio(const struct trials *all, const char *cell, const char *base, int kind, struct interval *out)
{
    double of[REPORT_TRIALS_MAX], over[REPORT_TRIALS_MAX];
    int n = trials_values(all, cell, metric_of(kind, 50), of, REPORT_TRIALS_MAX);
    int m = trials_values(all, base, metric_of(kind, 50), over, REPORT_TRIALS_MAX);
    if (n > 0 && m > 0) *out = interval_ratio(of, n, over, m, 10);
    return n > 0 && m > 0;
}

static void row(struct buf *b, const struct trials *all, const char *cell, const char *base)
{
    struct estimate e;
    struct interval v;
    char why[REPORT_WHY_MAX];
    if (report_unmeasurable(all, cell, why))
        buf_printf(b, "<tr class=note><td>%s<td>0<td colspan=6>%s</tr>\n", cell, why);
    if (!report_estimate(all, cell, "append_p50", &e)) return;
    buf_printf(b, "<tr><td>%s<td>%d", cell, e.n);
    for (int k = 0; k < KINDS; k++) {
        if (!report_estimate(all, cell, metric_of(k, 50), &e)) return;
        buf_printf(b, "<td>%.3f [%.3f, %.3f]<td>%.3f", e.median, e.low, e.high,
                   report_percentile(all, cell, kinds[k], 99) / 1e6);
        if (ratio(all, cell, base, k, &v))
            buf_printf(b, "<td>%.2f [%.2f, %.2f]", v.value, v.low, v.high);
        else
            buf_append_str(b, "<td>&ndash;");
    }
    buf_append_str(b, "</tr>\n");
}

static void table(struct report *r, const struct trials *all, const struct axis x[AXES])
{
    buf_append_str(&r->body, "<table><caption>All cells of E10</caption><tr><th>cell<th>n<th>append p50 ms<th>p99 "
                             "ms<th>p50 / smallest<th>fetch p50 ms<th>p99 ms<th>p50 / smallest</tr>\n");
    for (int a = 0; a < AXES; a++)
        for (int i = 0; i < x[a].count; i++) row(&r->body, all, x[a].points[i].cell, x[a].points[0].cell);
    buf_append_str(&r->body, "</table><p class=note>In brackets the range of the trials, from five trials on the "
                             "95&nbsp;% interval. Smallest: the first cell of its kind.</p>\n");
}

/* What a ratio of costs says: it grows only when its interval is above 1 and the effect is one. */
static const char *grows(const struct interval *v)
{
    if (v->low <= 1) return "no growth that can be told";
    return v->value <= 1.1 ? "less than a tenth more" : "it grows";
}

static void answer(struct report *r, const struct trials *all, const struct axis *x, const char *topic,
                   const char *base, const char *most)
{
    struct interval append, fetch;
    struct estimate e;
    if (x->count < 2 || report_no_answer(r, topic, all, x->points[0].cell) ||
        report_no_answer(r, topic, all, x->points[x->count - 1].cell))
        return;
    const char *first = x->points[0].cell, *last = x->points[x->count - 1].cell;
    if (!ratio(all, last, first, 0, &append) || !ratio(all, last, first, 1, &fetch) ||
        !report_estimate(all, last, "append_p50", &e))
        return;
    buf_printf(
        &r->answers,
        "<li><b>%s.</b> %s%s against %s%s: an append takes %.3f ms (median), %.2f times as long [%.2f, %.2f], %s; "
        "a fetch %.2f times [%.2f, %.2f], %s. <span class=note>(E10, n=%d)</span></li>\n",
        topic, most, last, base, first, e.median, append.value, append.low, append.high, grows(&append), fetch.value,
        fetch.low, fetch.high, grows(&fetch), e.n);
}

int report_cost(struct report *r, struct err_text *error)
{
    struct trials all;
    struct axis x[AXES];
    const char *cells[AXES * POINTS_MAX];
    char n[96];
    int count = 0, rc = trials_load(&all, r->dir, "E10", error);
    if (rc < 0 || all.count == 0) return rc;
    r->experiments++;
    report_section(r, "E10: is the cost of the log independent of its length, and of the number of partitions?", &all);
    for (int a = 0; a < AXES; a++) {
        axis_find(&x[a], &all, axes[a]);
        for (int i = 0; i < x[a].count; i++) cells[count++] = x[a].points[i].cell;
    }
    report_n(n, sizeof n, &all, cells, count, "append_p50", "point");
    struct caption caption = {
        "E10. An append and a fetch, by the length of the log and by the number of partitions",
        "A flat line is a cost that does not depend on what is below it. Left: one partition "
        "whose log was filled before, in segments of 16 MiB; a fetch asks for one batch of 16 KB at an offset drawn at "
        "random. Right: partitions of one record each, drawn at random for each request. One connection, 1,000 "
        "requests/s, one in flight, appends (100 B, acks=1) and fetches by turns; latency counts from the instant at "
        "which a request was due. Lines over points: the range of the medians of trials.",
        n, "page-cache", "E10"};
    answer(r, &all, &x[0], "What a longer log costs", "a ", "A ");
    answer(r, &all, &x[1], "What more partitions cost", "", "");
    rc = cost_figure(r, &all, x, &caption, error);
    if (rc == 0) table(r, &all, x);
    trials_release(&all);
    return rc;
}
