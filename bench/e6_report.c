/* e6_report.c - E6 in the report: what freshness costs, from E5's trials. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/e5.h"
#include "bench/report.h"

static const char *const who[] = {"publisher", "broker", "loader", "batch"};
enum { WHO = sizeof who / sizeof who[0] };

static double median(const struct trials *all, const char *cell, const char *metric)
{
    double values[REPORT_TRIALS_MAX];
    int n = trials_values(all, cell, metric, values, REPORT_TRIALS_MAX);
    return n > 0 ? values_median(values, n) : NAN;
}

static double of(const struct trials *all, const char *cell, const char *process, const char *what)
{
    char name[TRIAL_NAME_MAX];
    snprintf(name, sizeof name, "%s_%s", process, what);
    return median(all, cell, name);
}

/* Storage and network together, bytes an event. */
static double bytes_of(const struct trials *all, const char *cell)
{
    double network = median(all, cell, "network");
    return (median(all, cell, "storage") + (isnan(network) ? 0 : network)) / 1e6;
}

/* known[0], known[1]: points with a CPU time, with bytes; gnuplot cannot draw none. */
static void points(struct figure *f, const struct trials *all, enum e5_kind kind, const char *name, int known[2])
{
    buf_printf(&f->script, "$%s << EOD\n# median age s, CPU s per million, bytes an event, interval\n", name);
    for (int i = 0; e5_cell(i); i++) {
        const struct e5_cell *c = e5_cell(i);
        double age_s = report_percentile(all, c->name, "age", 50) / 1e9;
        if (c->kind != kind || c->bare || age_s < 0) continue;
        char label[32] = "\"\""; /* a stream that is not told an interval stands close to that of 1 ms */
        if (c->kind == E5_BATCH || c->told)
            snprintf(label, sizeof label, "%g%s", c->interval_ms >= 1000 ? c->interval_ms / 1000.0 : c->interval_ms,
                     c->interval_ms >= 1000 ? "s" : "ms");
        buf_printf(&f->script, "%.6f %.3f %.1f %s\n", age_s, median(all, c->name, "cpu"), bytes_of(all, c->name),
                   label);
        known[0] += !isnan(median(all, c->name, "cpu"));
        known[1] += !isnan(bytes_of(all, c->name));
        f->points++;
    }
    buf_append_str(&f->script, "EOD\n");
}

static int pareto_figure(struct report *r, const struct trials *all, const struct caption *caption,
                         struct err_text *error)
{
    struct figure f;
    struct trials voids = trials_voids(all);
    figure_begin(&f, "e6_cost", 1100, 460);
    int known[2] = {0};
    points(&f, all, E5_STREAM, "streams", known);
    points(&f, all, E5_BATCH, "batches", known);
    points(&f, &voids, E5_STREAM, "void_streams", known);
    points(&f, &voids, E5_BATCH, "void_batches", known);
    buf_append_str(&f.script, "set logscale xy\nset format '%g'\nset grid xtics ytics lc rgb '#dddddd' lt 1\n"
                              "set xlabel 'median age of the newest row, seconds'\n"
                              "set multiplot layout 1,2 margins 0.08,0.985,0.14,0.87 spacing 0.08,0\n"
                              "set offsets graph 0.08, graph 0.08, graph 0.1, graph 0.1\n");
    static const char *const axes[] = {"CPU seconds per million events", "bytes per event: storage and network"};
    for (int k = 0; k < 2; k++) {
        if (known[k] == 0) {
            buf_append_str(&f.script, "set multiplot next\n");
            continue;
        }
        buf_printf(&f.script, "set ylabel '%s'\n%s\nplot ", axes[k],
                   k ? "unset key" : "set key at screen 0.5,0.98 center top maxrows 1 vertical");
        buf_printf(&f.script,
                   "$streams using 1:%d with linespoints lw 1.5 pt 7 ps 1 lc rgb '%s' title 'stream', \\\n"
                   "$streams using 1:%d:4 with labels offset 0,0.9 notitle, \\\n"
                   "$batches using 1:%d with linespoints lw 1.5 dt 2 pt 5 ps 1 lc rgb '%s' title 'batch', \\\n"
                   "$batches using 1:%d:4 with labels offset 0,-0.9 notitle, \\\n"
                   "$void_streams using 1:%d with points pt 6 lc rgb '#777777' title 'void trials', \\\n"
                   "$void_batches using 1:%d with points pt 4 lc rgb '#777777' notitle\n",
                   k + 2, figure_colour(2), k + 2, k + 2, figure_colour(0), k + 2, k + 2, k + 2);
    }
    buf_append_str(&f.script, "unset multiplot\n");
    int rc = report_figure(r, &f, caption, error);
    figure_release(&f);
    return rc;
}

static void table_row(struct buf *b, const struct trials *all, const char *cell, const char *process)
{
    double storage = of(all, cell, process, "storage"), syncs = of(all, cell, process, "syncs");
    buf_printf(b, "<tr><td>%s<td>%s<td>%.1f<td>%.1f<td>%.3f<td>%.2f<td>", cell, process, of(all, cell, process, "user"),
               of(all, cell, process, "system"), of(all, cell, process, "busy"),
               of(all, cell, process, "switches") / 1e6);
    if (isnan(storage))
        buf_append_str(b, "&ndash;");
    else
        buf_printf(b, "%.0f", storage / 1e6);
    if (isnan(syncs))
        buf_append_str(b, "<td>&ndash;");
    else
        buf_printf(b, "<td>%.2f", syncs / 1e3);
    buf_printf(b, "<td>%.1f<td>%.1f</tr>\n", of(all, cell, process, "anonymous") / 1048576,
               of(all, cell, process, "file") / 1048576);
}

/* "the loader, 0.11 of a processor". */
static void bottleneck(struct buf *b, const struct trials *all, const char *cell)
{
    const char *most = NULL;
    double busy = 0;
    for (int i = 0; i < WHO; i++) {
        double v = of(all, cell, who[i], "busy");
        if (isnan(v) || (most && v <= busy)) continue;
        most = who[i];
        busy = v;
    }
    double network = median(all, cell, "network");
    if (!most) return;
    buf_printf(b, "<tr class=note><td>%s<td colspan=9>busiest: the %s, %.2f of a processor; network ", cell, most,
               busy);
    if (isnan(network))
        buf_append_str(b, "not known</tr>\n");
    else
        buf_printf(b, "%.0f bytes an event</tr>\n", network / 1e6);
}

static void table(struct report *r, const struct trials *all)
{
    struct buf *b = &r->body;
    buf_append_str(b,
                   "<table><caption>Cost by process: medians of trials</caption><tr><th>pipeline<th>process<th>user s "
                   "per million events<th>system s<th>processors while it ran<th>context switches an event<th>bytes "
                   "to storage an event<th>syncs per 1,000 events<th>anonymous memory MiB<th>file memory MiB</tr>\n");
    for (int i = 0; e5_cell(i); i++) {
        const char *cell = e5_cell(i)->name;
        for (int k = 0; k < WHO; k++)
            if (!isnan(of(all, cell, who[k], "user"))) table_row(b, all, cell, who[k]);
        bottleneck(b, all, cell);
    }
    buf_append_str(b,
                   "</table><p class=note>Publisher and batch: with starting and ending, the loader without. Bytes to "
                   "storage are those of pages that were made dirty. Network is what went over the loopback interface, "
                   "with headers, of whoever.</p>\n");
}

static void answer(struct report *r, const struct trials *all)
{
    double stream = median(all, "stream", "cpu"), second = median(all, "stream every 1 s", "cpu");
    double batch = median(all, "batch every 1 s", "cpu"), rare = median(all, "batch every 4 s", "cpu");
    if (isnan(stream) || isnan(second) || isnan(batch) || isnan(rare)) return;
    buf_printf(
        &r->answers,
        "<li><b>What freshness costs.</b> A million events cost %.0f CPU seconds in a stream that commits as soon as "
        "it can, %.0f in one that commits every second, %.0f in batches every second and %.0f in batches every 4 "
        "seconds, at median ages of %.3f, %.2f, %.2f and %.2f s. <span class=note>(E6, at this low rate: starting "
        "a batch, and committing a few rows at a time, is most of it.)</span></li>\n",
        stream, second, batch, rare, report_percentile(all, "stream", "age", 50) / 1e9,
        report_percentile(all, "stream every 1 s", "age", 50) / 1e9,
        report_percentile(all, "batch every 1 s", "age", 50) / 1e9,
        report_percentile(all, "batch every 4 s", "age", 50) / 1e9);
}

int report_price(struct report *r, struct err_text *error)
{
    struct trials all;
    const char *cells[32];
    char n[160];
    int count = 0, rc = trials_load(&all, r->dir, "E5", error);
    if (rc < 0 || all.count == 0) return rc;
    buf_append_str(&r->links, "<a href=#E6>E6</a> ");
    buf_append_str(&r->body, "<h2 id=E6>E6: what does freshness cost?</h2>\n");
    answer(r, &all);
    for (int i = 0; e5_cell(i); i++)
        if (report_total(&all, e5_cell(i)->name, "age") > 0) cells[count++] = e5_cell(i)->name;
    report_n(n, sizeof n, &all, cells, count, "cpu", "point");
    struct caption caption = {
        "E6. Cost against age",
        "Further left is fresher, lower is cheaper: what lies below and left of another point is better in both. A "
        "label "
        "is the interval between commits or refreshes. User and system time of all processes of a pipeline; bytes that "
        "went to storage and over the network. A batch refreshes everything, so it costs more the longer the history "
        "is.",
        n, "broker: page-cache; warehouse: SQLite WAL, synchronous=NORMAL", "E6"};
    rc = pareto_figure(r, &all, &caption, error);
    if (rc == 0) table(r, &all);
    trials_release(&all);
    return rc;
}
