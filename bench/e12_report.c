/* e12_report.c - E12 in the report: what a state and a correction cost, by the length of the history. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report.h"

enum { PANELS = 2, WAYS = 3, POINTS_MAX = 16 };

static const char *const titles[PANELS][WAYS] = {
    {"every event again", "from a snapshot", "a row in SQLite"},
    {"replay without it", "its contrary appended", "backup restored, changes again"}};
/* The metrics that place the cells of a way. */
static const char *const axes[PANELS][WAYS] = {{"replayed", "snapshotted", "tabled"},
                                               {"left_out", "compensated", "restored"}};

/* The cells of a way, shortest history first. */
struct line {
    const char *cells[POINTS_MAX];
    double events[POINTS_MAX];
    int count;
};

static void cell_add(struct line *l, const char *cell, double events)
{
    int at = l->count;
    for (int i = 0; i < l->count; i++)
        if (strcmp(l->cells[i], cell) == 0) return;
    if (at == POINTS_MAX) return;
    for (; at > 0 && l->events[at - 1] > events; at--) {
        l->cells[at] = l->cells[at - 1];
        l->events[at] = l->events[at - 1];
    }
    l->cells[at] = cell;
    l->events[at] = events;
    l->count++;
}

static struct line line_of(const struct trials *all, const char *axis)
{
    struct line l = {.count = 0};
    for (int i = 0; i < all->count; i++) {
        double events = trial_value(&all->items[i], axis);
        if (!isnan(events)) cell_add(&l, all->items[i].cell, events);
    }
    return l;
}

/* --- figure --- */

/* Lines "events p50 low high"; of valid cells, or of those that have void trials only. */
static void points(struct figure *f, const struct trials *all, const struct line *l, bool is_void)
{
    char why[REPORT_WHY_MAX];
    struct trials voids = trials_voids(all);
    for (int i = 0; i < l->count; i++) {
        struct estimate e;
        if (report_unmeasurable(all, l->cells[i], why) != is_void ||
            !report_estimate(is_void ? &voids : all, l->cells[i], "answer_p50", &e))
            continue;
        buf_printf(&f->script, "%g %.6f %.6f %.6f\n", l->events[i], e.median, e.low, e.high);
        f->points++;
    }
}

static void panel(struct figure *f, int p)
{
    static const int full[PANELS][WAYS] = {{7, 5, 9}, {13, 11, 15}}, hollow[PANELS][WAYS] = {{6, 4, 8}, {12, 10, 14}};
    buf_printf(&f->script, "set title '%s'\n%s\nplot ", p == 0 ? "to know the state" : "to correct a wrong event",
               p == 0 ? "set ylabel 'milliseconds'" : "unset ylabel");
    for (int w = 0; w < WAYS; w++) {
        int colour = p * WAYS + w;
        buf_printf(&f->script,
                   "$c%d%d using 1:2 with lines lw 2.5 dt %d lc rgb '%s' notitle, \\\n"
                   "$c%d%d using 1:2:3:4 with yerrorbars pt %d ps 1 lw 1.5 lc rgb '%s' title '%s', \\\n"
                   "$v%d%d using 1:2 with points pt %d ps 1.2 lc rgb '%s' title '%s (void)'%s",
                   p, w, w + 1, figure_colour(colour), p, w, full[p][w], figure_colour(colour), titles[p][w], p, w,
                   hollow[p][w], figure_faded(colour), titles[p][w], w + 1 < WAYS ? ", \\\n" : "\n");
    }
}

static int state_figure(struct report *r, const struct trials *all, const struct line lines[PANELS][WAYS],
                        const struct caption *caption, struct err_text *error)
{
    struct figure f;
    int drawn[PANELS];
    figure_begin(&f, "e12_state", 1000, 460);
    for (int p = 0; p < PANELS; p++) {
        int before = f.points;
        for (int w = 0; w < WAYS; w++) {
            buf_printf(&f.script, "$c%d%d << EOD\n", p, w);
            points(&f, all, &lines[p][w], false);
            buf_printf(&f.script, "EOD\n$v%d%d << EOD\n", p, w);
            points(&f, all, &lines[p][w], true);
            buf_append_str(&f.script, "EOD\n");
        }
        drawn[p] = f.points - before;
    }
    buf_append_str(&f.script, "set logscale xy\nset format y '%g'\nset grid xtics ytics lc rgb '#dddddd' lt 1\n"
                              "set xlabel 'events in the history'\nset yrange [0.001:*]\nset offsets 0,0,graph 0.45,0\n"
                              "set xtics ('10' 10, '100' 100, '1,000' 1000, '10,000' 10000, '100,000' 100000)\n"
                              "set key top left Left reverse maxrows 6\n"
                              "set multiplot layout 1,2 margins 0.11,0.96,0.15,0.88 spacing 0.1,0\n");
    for (int p = 0; p < PANELS; p++) {
        if (drawn[p] > 0)
            panel(&f, p);
        else
            buf_append_str(&f.script, "set multiplot next\n");
    }
    buf_append_str(&f.script, "unset multiplot\n");
    int rc = report_figure(r, &f, caption, error);
    figure_release(&f);
    return rc;
}

/* --- table and answers --- */

static void row(struct buf *b, const struct trials *all, const char *title, const char *cell, double events)
{
    struct estimate e, read = {0};
    char why[REPORT_WHY_MAX];
    if (report_unmeasurable(all, cell, why))
        buf_printf(b, "<tr class=note><td>%s<td>%.0f<td>0<td colspan=3>%s</tr>\n", title, events, why);
    if (!report_estimate(all, cell, "answer_p50", &e)) return;
    report_estimate(all, cell, "read", &read);
    buf_printf(b, "<tr><td>%s<td>%.0f<td>%d<td>%.3f [%.3f, %.3f]<td>%.3f<td>%.0f</tr>\n", title, events, e.n, e.median,
               e.low, e.high, report_percentile(all, cell, "answer", 99) / 1e6, read.median);
}

static void table(struct report *r, const struct trials *all, const struct line lines[PANELS][WAYS])
{
    buf_append_str(&r->body, "<table><caption>All cells of E12</caption><tr><th>way<th>events<th>n<th>p50 ms<th>p99 "
                             "ms<th>events or changes read</tr>\n");
    for (int p = 0; p < PANELS; p++)
        for (int w = 0; w < WAYS; w++)
            for (int i = 0; i < lines[p][w].count; i++)
                row(&r->body, all, titles[p][w], lines[p][w].cells[i], lines[p][w].events[i]);
    buf_append_str(&r->body, "</table>\n");
}

static bool longest(const struct trials *all, const struct line *l, struct estimate *out, double *events)
{
    if (l->count == 0) return false;
    *events = l->events[l->count - 1];
    return report_estimate(all, l->cells[l->count - 1], "answer_p50", out);
}

static void answer(struct report *r, const struct trials *all, int panel_number, const struct line lines[WAYS],
                   const char *topic)
{
    struct estimate e[WAYS];
    double events = 0;
    for (int w = 0; w < WAYS; w++) {
        if (lines[w].count == 0 || report_no_answer(r, topic, all, lines[w].cells[lines[w].count - 1])) return;
        if (!longest(all, &lines[w], &e[w], &events)) return;
    }
    buf_printf(&r->answers, "<li><b>%s.</b> After %.0f events", topic, events);
    for (int w = 0; w < WAYS; w++)
        buf_printf(&r->answers, "%s %s: %.3f ms", w == 0 ? "" : ",", titles[panel_number][w], e[w].median);
    buf_printf(&r->answers, " (medians). <span class=note>(E12, n=%d)</span></li>\n", e[0].n);
}

int report_state(struct report *r, struct err_text *error)
{
    struct trials all;
    struct line lines[PANELS][WAYS];
    const char *cells[PANELS * WAYS * POINTS_MAX];
    char n[96];
    int count = 0, rc = trials_load(&all, r->dir, "E12", error);
    if (rc < 0 || all.count == 0) return rc;
    r->experiments++;
    report_section(r, "E12: what does a state cost that is folded from its history?", &all);
    for (int p = 0; p < PANELS; p++) {
        for (int w = 0; w < WAYS; w++) {
            lines[p][w] = line_of(&all, axes[p][w]);
            for (int i = 0; i < lines[p][w].count; i++) cells[count++] = lines[p][w].cells[i];
        }
    }
    report_n(n, sizeof n, &all, cells, count, "answer_p50", "point");
    struct caption caption = {
        "E12. The balance of an account, by the length of its history",
        "Lower is better. Left: the balance is asked for. Every event again: a fold over the whole history, read from "
        "the "
        "topic. From a snapshot: the newest one, 10 events old, and what came since. A row: SELECT in a database of "
        "10,001 accounts, in the process that asks; the event store answers through a pipe. Right: one deposit was "
        "wrong. "
        "Replay without it: the whole history twice, with and without. Its contrary: one more event and a fold from "
        "the snapshot. Backup restored: the database of half-way copied, and every later change made again but one, "
        "which takes a journal of changes. Nobody syncs. Lines over points: the range of the medians of trials.",
        n, "page-cache; SQLite with synchronous=OFF", "E12"};
    answer(r, &all, 0, lines[0], "What a folded state costs");
    answer(r, &all, 1, lines[1], "What a correction costs");
    rc = state_figure(r, &all, lines, &caption, error);
    if (rc == 0) table(r, &all, lines);
    trials_release(&all);
    return rc;
}
