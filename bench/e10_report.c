/* e10_report.c - E10 in the report: the cost of an append and of a fetch against the log's length and against the
 * number of partitions. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peer_report.h"
#include "lib/base/memory.h"

enum { POINTS_MAX = 32, AXES = 2, KINDS = 2, PEERS_MAX = 4 };

static const char *const axes[AXES] = {"log", "partitions"}; /* the metrics that place a cell */
static const char *const kinds[KINDS] = {"append", "fetch"};

struct point {
    const char *cell;
    double x;
};

/* The cells of a target along one axis, ascending. */
struct axis {
    const struct series *series;
    struct point points[POINTS_MAX];
    int count;
};

/* Ours along both axes, and each peer's logs. */
struct cost_page {
    struct series series[SERIES_MAX];
    int series_count;
    struct axis ours[AXES], peers[PEERS_MAX];
    int peer_count;
};

static int by_x(const void *a, const void *b)
{
    const struct point *p = a, *q = b;
    return (p->x > q->x) - (p->x < q->x);
}

static bool is_of(const struct cost_page *p, const struct trial *t, const struct series *s)
{
    int i = series_index(p->series, p->series_count, t);
    return i >= 0 && &p->series[i] == s;
}

static void axis_find(struct axis *x, const struct cost_page *p, const struct series *s, const struct trials *all,
                      const char *metric)
{
    x->series = s;
    x->count = 0;
    for (int i = 0; i < all->count && x->count < POINTS_MAX; i++) {
        const struct trial *t = &all->items[i];
        double at = trial_value(t, metric);
        bool known = isnan(at) || !is_of(p, t, s);
        for (int k = 0; k < x->count; k++) known |= strcmp(x->points[k].cell, t->cell) == 0;
        if (!known) x->points[x->count++] = (struct point){t->cell, at};
    }
    qsort(x->points, (size_t)x->count, sizeof *x->points, by_x);
}

static void page_find(struct cost_page *p, const struct trials *all)
{
    *p = (struct cost_page){0};
    p->series_count = series_find(all, p->series);
    for (int i = 0; i < p->series_count; i++) {
        const struct series *s = &p->series[i];
        if (s->absent) continue;
        if (strcmp(s->target, "millrace") == 0)
            for (int a = 0; a < AXES; a++) axis_find(&p->ours[a], p, s, all, axes[a]);
        else if (p->peer_count < PEERS_MAX)
            axis_find(&p->peers[p->peer_count++], p, s, all, axes[0]);
    }
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

/* The points of an axis as the data blocks $PREFIXk and $PREFIXvk of gnuplot. */
static void blocks(struct figure *f, const struct trials *all, const struct axis *x, const char *measured,
                   const char *is_void)
{
    for (int k = 0; k < KINDS; k++) {
        buf_printf(&f->script, "$%s%d << EOD\n", measured, k);
        curve(f, all, x, k, false);
        buf_printf(&f->script, "EOD\n$%s%d << EOD\n", is_void, k);
        curve(f, all, x, k, true);
        buf_append_str(&f->script, "EOD\n");
    }
}

/* A peer's curves over those of ours. */
static void peer_curves(struct figure *f, int peer, const struct axis *x)
{
    for (int k = 0; k < KINDS; k++) {
        int colour = 2 + KINDS * peer + k, point = k ? 9 : 13;
        buf_printf(&f->script,
                   ", \\\n$p%d%d using 1:2 with lines lw 2.5 lc rgb '%s' notitle, \\\n"
                   "$p%d%d using 1:2:3:4 with yerrorbars pt %d ps 0.9 lw 1.5 lc rgb '%s' title '%s %s p50', \\\n"
                   "$p%d%d using 1:5 with linespoints pt %d ps 0.9 lw 1.5 dt 2 lc rgb '%s' title '%s %s p99', \\\n"
                   "$q%d%d using 1:2 with points pt %d ps 1.2 lc rgb '%s' title '%s %s p50 (void)'",
                   peer, k, figure_colour(colour), peer, k, point, figure_colour(colour), x->series->target, kinds[k],
                   peer, k, point - 1, figure_colour(colour), x->series->target, kinds[k], peer, k, point,
                   figure_faded(colour), x->series->target, kinds[k]);
    }
}

static void panel(struct figure *f, const struct cost_page *p, int axis)
{
    if (axis == 0)
        buf_printf(&f->script,
                   "set xlabel 'length of the log'\nset ylabel 'milliseconds'\n"
                   "set xtics ('1 MB' 1e6, '10 MB' 1e7, '100 MB' 1e8, '1 GB' 1e9, '10 GB' 1e10)\n"
                   "set xrange [0.7e6:*]\nset key top left Left reverse maxrows %d\n",
                   p->peer_count > 0 ? 9 : 4);
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
                   figure_faded(k), kinds[k], k + 1 < KINDS ? ", \\\n" : "");
    for (int i = 0; i < p->peer_count && axis == 0; i++) peer_curves(f, i, &p->peers[i]);
    if (axis == 0) series_absent_titles(&f->script, p->series, p->series_count);
    buf_append_str(&f->script, "\n");
}

static int cost_figure(struct report *r, const struct trials *all, const struct cost_page *p,
                       const struct caption *caption, struct err_text *error)
{
    struct figure f;
    int points[AXES];
    char measured[16], is_void[16];
    figure_begin(&f, "e10_cost", 1000, p->peer_count > 0 ? 540 : 440);
    for (int a = 0; a < AXES; a++) {
        int before = f.points;
        snprintf(measured, sizeof measured, "c%d", a);
        snprintf(is_void, sizeof is_void, "v%d", a);
        blocks(&f, all, &p->ours[a], measured, is_void);
        points[a] = f.points - before;
    }
    for (int i = 0; i < p->peer_count; i++) {
        snprintf(measured, sizeof measured, "p%d", i);
        snprintf(is_void, sizeof is_void, "q%d", i);
        blocks(&f, all, &p->peers[i], measured, is_void);
        points[0] += p->peers[i].count;
    }
    buf_append_str(&f.script, "set logscale xy\nset format y '%g'\nset grid xtics ytics lc rgb '#dddddd' lt 1\n"
                              "set yrange [0.01:*]\n");
    buf_printf(&f.script, "set offsets 0,0,graph %g,0\n", p->peer_count > 0 ? 0.62 : 0.45);
    buf_append_str(&f.script, "set multiplot layout 1,2 margins 0.09,0.98,0.14,0.96 spacing 0.08,0\n");
    for (int a = 0; a < AXES; a++) {
        if (points[a] > 0)
            panel(&f, p, a);
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

static void rows(struct buf *b, const struct trials *all, const struct axis *x)
{
    for (int i = 0; i < x->count; i++) row(b, all, x->points[i].cell, x->points[0].cell);
}

static void table(struct report *r, const struct trials *all, const struct cost_page *p)
{
    buf_append_str(&r->body, "<table><caption>All cells of E10</caption><tr><th>cell<th>n<th>append p50 ms<th>p99 "
                             "ms<th>p50 / smallest<th>fetch p50 ms<th>p99 ms<th>p50 / smallest</tr>\n");
    for (int a = 0; a < AXES; a++) rows(&r->body, all, &p->ours[a]);
    for (int i = 0; i < p->peer_count; i++) rows(&r->body, all, &p->peers[i]);
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

static int cells_of(const struct cost_page *p, const char *cells[])
{
    int count = 0;
    for (int a = 0; a < AXES; a++)
        for (int i = 0; i < p->ours[a].count; i++) cells[count++] = p->ours[a].points[i].cell;
    for (int k = 0; k < p->peer_count; k++)
        for (int i = 0; i < p->peers[k].count; i++) cells[count++] = p->peers[k].points[i].cell;
    return count;
}

int report_cost(struct report *r, struct err_text *error)
{
    struct trials all;
    const char *cells[(AXES + PEERS_MAX) * POINTS_MAX];
    char n[96], topic[TRIAL_NAME_MAX + 32];
    int rc = trials_load(&all, r->dir, "E10", error);
    if (rc < 0 || all.count == 0) return rc;
    struct cost_page *p = memory_new(sizeof *p);
    r->experiments++;
    report_section(r, "E10: is the cost of the log independent of its length, and of the number of partitions?", &all);
    page_find(p, &all);
    report_n(n, sizeof n, &all, cells, cells_of(p, cells), "append_p50", "point");
    struct caption caption = {
        "E10. An append and a fetch, by the length of the log and by the number of partitions",
        "A flat line is a cost that does not depend on what is below it. Left: one partition "
        "whose log was filled before, in segments of 16 MiB; a fetch asks for one batch of 16 KB at an offset drawn at "
        "random. Right: partitions of one record each, drawn at random for each request. One connection, 1,000 "
        "requests/s, one in flight, appends (100 B, acks=1) and fetches by turns; latency counts from the instant at "
        "which a request was due. Lines over points: the range of the medians of trials. Of ours each point is a "
        "broker of its own; a peer, which is asked by the same client, has all its logs in one.",
        n, "page-cache", "E10"};
    answer(r, &all, &p->ours[0], "What a longer log costs", "a ", "A ");
    answer(r, &all, &p->ours[1], "What more partitions cost", "", "");
    for (int i = 0; i < p->peer_count; i++) {
        snprintf(topic, sizeof topic, "What a longer log costs %s", p->peers[i].series->target);
        answer(r, &all, &p->peers[i], topic, "", "");
    }
    rc = cost_figure(r, &all, p, &caption, error);
    if (rc == 0) table(r, &all, p);
    if (rc == 0) report_peers(r, &all);
    trials_release(&all);
    free(p);
    return rc;
}
