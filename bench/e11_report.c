/* e11_report.c - E11 in the report: connections and throughput, point to point against a broker. */
#include <stdio.h>

#include "bench/e11.h"
#include "bench/report.h"

/* Lines "n value low high" of a way, as many producers as consumers; of valid cells, or of those that have void trials
 * only. */
static void points(struct figure *f, const struct trials *all, int way, const char *metric, double unit, bool is_void)
{
    char why[REPORT_WHY_MAX];
    struct trials voids = trials_voids(all);
    for (int s = 0; s < E11_SQUARES; s++) {
        struct estimate e;
        if (report_unmeasurable(all, e11_cell(s, way), why) != is_void ||
            !report_estimate(is_void ? &voids : all, e11_cell(s, way), metric, &e))
            continue;
        buf_printf(&f->script, "%d %.6g %.6g %.6g\n", e11_shapes[s].producers, e.median / unit, e.low / unit,
                   e.high / unit);
        f->points++;
    }
}

static void panel(struct figure *f, const char *prefix, const char *ylabel, bool key)
{
    buf_printf(&f->script, "set ylabel '%s'\n%s\nplot ", ylabel, key ? "set key top left Left reverse" : "unset key");
    for (int w = 0; w < E11_WAYS; w++)
        buf_printf(&f->script,
                   "$%sc%d using 1:2 with lines lw 2.5 dt %d lc rgb '%s' notitle, "
                   "$%sc%d using 1:2:3:4 with yerrorbars pt %d ps 1 lw 1.5 lc rgb '%s' title '%s', "
                   "$%sv%d using 1:2 with points pt %d ps 1.2 lc rgb '%s' title '%s (void)'%s",
                   prefix, w, w + 1, figure_colour(w), prefix, w, w ? 7 : 5, figure_colour(w), e11_ways[w], prefix, w,
                   w ? 6 : 4, figure_faded(w), e11_ways[w], w ? "\n" : ", \\\n");
}

static int pairs_figure(struct report *r, const struct trials *all, struct err_text *error)
{
    static const char *const prefixes[] = {"a", "b"}, *const metrics[] = {"connections", "throughput"};
    static const double units[] = {1, 1e6};
    struct figure f;
    const char *cells[E11_SQUARES * E11_WAYS];
    char n[96];
    figure_begin(&f, "e11_pairs", 1000, 420);
    for (int m = 0; m < 2; m++) {
        for (int w = 0; w < E11_WAYS; w++) {
            buf_printf(&f.script, "$%sc%d << EOD\n", prefixes[m], w);
            points(&f, all, w, metrics[m], units[m], false);
            buf_printf(&f.script, "EOD\n$%sv%d << EOD\n", prefixes[m], w);
            points(&f, all, w, metrics[m], units[m], true);
            buf_append_str(&f.script, "EOD\n");
        }
    }
    buf_append_str(&f.script, "set grid xtics ytics lc rgb '#dddddd' lt 1\nset logscale x 2\nset yrange [0:*]\n"
                              "set offsets 0,graph 0.08,graph 0.2,0\nset xtics (1, 2, 4, 8, 16)\nset xrange [0.8:*]\n"
                              "set xlabel 'producers, and as many consumers'\n"
                              "set multiplot layout 1,2 margins 0.08,0.98,0.15,0.95 spacing 0.1,0\n");
    panel(&f, "a", "connections", true);
    panel(&f, "b", "million records delivered/s", false);
    buf_append_str(&f.script, "unset multiplot\n");
    for (int i = 0; i < E11_SQUARES * E11_WAYS; i++) cells[i] = e11_cell(i / E11_WAYS, i % E11_WAYS);
    report_n(n, sizeof n, all, cells, E11_SQUARES * E11_WAYS, "throughput", "point");
    struct caption caption = {
        "E11. Everybody to everybody: a connection for each pair, or a broker",
        "Left: lower is better; right: higher. Each of n producers' records (100 B, batches of 100, one in flight) "
        "goes "
        "to each of n consumers. Point to point a producer sends each batch n times over n connections and waits for n "
        "receipts; through the broker it appends it once (acks=1), and n consumers fetch it. All threads and the "
        "broker "
        "share this machine. What the broker also does, a pair of sockets does not: keep the records, in one order, "
        "for "
        "whoever comes later.",
        n, "page-cache at the broker; point to point none: what was taken lies in the peer's memory", "E11"};
    int rc = report_figure(r, &f, &caption, error);
    figure_release(&f);
    return rc;
}

static void table(struct report *r, const struct trials *all)
{
    struct buf *b = &r->body;
    char why[REPORT_WHY_MAX];
    buf_append_str(b,
                   "<table><caption>All cells of E11</caption><tr><th>producers x consumers, "
                   "way<th>n<th>connections<th>delivered /s<th>interval<th>sent once /s<th>CPU s/M delivered</tr>\n");
    for (int i = 0; i < E11_SHAPES * E11_WAYS; i++) {
        struct estimate e, connections = {0}, sent = {0}, cpu = {0};
        const char *cell = e11_cell(i / E11_WAYS, i % E11_WAYS);
        if (report_unmeasurable(all, cell, why))
            buf_printf(b, "<tr class=note><td>%s<td>0<td colspan=5>%s</tr>\n", cell, why);
        if (!report_estimate(all, cell, "throughput", &e)) continue;
        report_estimate(all, cell, "connections", &connections);
        report_estimate(all, cell, "sent", &sent);
        report_estimate(all, cell, "cpu", &cpu);
        buf_printf(b, "<tr><td>%s<td>%d<td>%.0f<td>%.0f<td>%.0f to %.0f<td>%.0f<td>%.2f</tr>\n", cell, e.n,
                   connections.median, e.median, e.low, e.high, sent.median, cpu.median);
    }
    buf_append_str(b, "</table>\n");
}

static void answer(struct report *r, const struct trials *all)
{
    static const char topic[] = "Point to point or a broker";
    struct estimate direct, through, pairs, spokes;
    int s = E11_SQUARES - 1;
    char why[REPORT_WHY_MAX];
    while (s > 0 && !report_estimate(all, e11_cell(s, 0), "throughput", &direct) &&
           !report_unmeasurable(all, e11_cell(s, 0), why))
        s--;
    if (report_no_answer(r, topic, all, e11_cell(s, 0)) || report_no_answer(r, topic, all, e11_cell(s, 1)) ||
        !report_estimate(all, e11_cell(s, 0), "throughput", &direct) ||
        !report_estimate(all, e11_cell(s, 1), "throughput", &through) ||
        !report_estimate(all, e11_cell(s, 0), "connections", &pairs) ||
        !report_estimate(all, e11_cell(s, 1), "connections", &spokes))
        return;
    buf_printf(
        &r->answers,
        "<li><b>%s.</b> %d producers and %d consumers need %.0f connections when each pair has its own and %.0f with a "
        "broker, which delivers %.2f times as many records a second (%.2f million), and keeps them. <span "
        "class=note>(E11, n=%d)</span></li>\n",
        topic, e11_shapes[s].producers, e11_shapes[s].consumers, pairs.median, spokes.median,
        through.median / direct.median, through.median / 1e6, through.n);
}

/* One to many, or many to one: the widest that was measured. */
static void lopsided(struct report *r, const struct trials *all, int from, const char *what)
{
    struct estimate direct, through;
    int widest = -1;
    for (int i = from; i < E11_SHAPES; i += 2)
        if (report_estimate(all, e11_cell(i, 0), "throughput", &direct) &&
            report_estimate(all, e11_cell(i, 1), "throughput", &through))
            widest = i;
    if (widest < 0) return;
    report_estimate(all, e11_cell(widest, 0), "throughput", &direct);
    report_estimate(all, e11_cell(widest, 1), "throughput", &through);
    buf_printf(
        &r->answers,
        "<li><b>%s.</b> %d to %d: through the broker %.2f times as many records a second as point to point. <span "
        "class=note>(E11, n=%d)</span></li>\n",
        what, e11_shapes[widest].producers, e11_shapes[widest].consumers, through.median / direct.median, through.n);
}

int report_pairs(struct report *r, struct err_text *error)
{
    struct trials all;
    int rc = trials_load(&all, r->dir, "E11", error);
    if (rc < 0 || all.count == 0) return rc;
    r->experiments++;
    report_section(r, "E11: point to point against a broker", &all);
    answer(r, &all);
    lopsided(r, &all, E11_SQUARES, "One to many");
    lopsided(r, &all, E11_SQUARES + 1, "Many to one");
    rc = pairs_figure(r, &all, error);
    if (rc == 0) table(r, &all);
    trials_release(&all);
    return rc;
}
