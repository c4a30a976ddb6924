/* e7_report.c - E7 in the report: rates beside SQLite's own, and what each stage of a batch costs. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/report.h"

/* What a batch does per row, in the order in which stages were taken away. */
enum { STAGES = 4 };
static const char *const stage_names[STAGES] = {"extract", "validate", "store", "aggregate"};
static const char *const stage_cells[STAGES] = {"extract", "extract+validate", "extract+validate+store", "batch"};

struct stages {
    double us[STAGES]; /* per row; what noise made negative is 0 */
    int slowest;
    bool known;
};

static double rows_of(const struct trials *all)
{
    const char *rows = trial_get(&all->items[0], "rows");
    double value = 0;
    return rows && sscanf(rows, "%lf", &value) == 1 ? value : 0;
}

static struct stages stages_of(const struct trials *all)
{
    struct stages s = {.known = true};
    double before_s = 0, rows = rows_of(all);
    for (int i = 0; i < STAGES; i++) {
        struct estimate e;
        if (!report_estimate(all, stage_cells[i], "seconds", &e) || rows <= 0) return (struct stages){0};
        s.us[i] = fmax(0, (e.median - before_s) / rows * 1e6);
        before_s = e.median;
        if (s.us[i] > s.us[s.slowest]) s.slowest = i;
    }
    return s;
}

static int rates_figure(struct report *r, const struct trials *all, const struct caption *caption,
                        struct err_text *error)
{
    static const char *const cells[] = {"batch", "publish", "replay"};
    static const char *const labels[] = {"batch (files to warehouse)", "publish (files to topic)",
                                         "replay (topic to warehouse)"};
    struct figure f;
    double values[REPORT_TRIALS_MAX], limit = report_limit(r, "sqlite_insert");
    figure_begin(&f, "e7_rates", 900, 380);
    buf_append_str(&f.script, "$bars << EOD\n");
    for (int i = 0; i < 3; i++) {
        struct estimate e;
        if (report_estimate(all, cells[i], "rate", &e))
            buf_printf(&f.script, "%d %.3f %.3f %.3f %d\n", i, e.median / 1e3, e.low / 1e3, e.high / 1e3, i);
    }
    if (!isnan(limit)) buf_printf(&f.script, "3 %.3f %.3f %.3f 3\n", limit / 1e3, limit / 1e3, limit / 1e3);
    buf_append_str(&f.script, "EOD\n$trials << EOD\n");
    for (int i = 0; i < 3; i++) {
        int count = trials_values(all, cells[i], "rate", values, REPORT_TRIALS_MAX);
        for (int k = 0; k < count; k++) buf_printf(&f.script, "%d %.3f\n", i, values[k] / 1e3);
    }
    buf_append_str(&f.script, "EOD\nset xrange [-0.6:3.6]\nset yrange [0:*]\nset boxwidth 0.6\nunset key\nset xtics (");
    for (int i = 0; i < 3; i++)
        buf_printf(&f.script, "\"%.*s\\n%s\" %d, ", (int)strcspn(labels[i], " "), labels[i], strchr(labels[i], ' ') + 1,
                   i);
    buf_append_str(&f.script, "\"SQLite inserts\\n(limit, 1 table)\" 3)\nset ylabel 'thousand rows/s'\nplot ");
    for (int i = 0; i < 4; i++)
        buf_printf(&f.script, "$bars using ($5==%d ? $1 : NaN):2 with boxes fill %s lc rgb '%s' lw 1.5, \\\n", i,
                   i == 3 ? "pattern 4" : "solid 0.85", i == 3 ? "#777777" : figure_colour(i));
    buf_append_str(&f.script, "$bars using 1:2:3:4 with yerrorbars pt -1 lc rgb '#000000' lw 1.5, \\\n"
                              "$trials using 1:2 with points pt 6 ps 0.7 lc rgb '#000000', \\\n"
                              "$bars using 1:4:(sprintf('%.0f k', $2)) with labels offset 0,0.8\n");
    int rc = report_figure(r, &f, caption, error);
    figure_release(&f);
    return rc;
}

static int stages_figure(struct report *r, const struct stages *s, const struct caption *caption,
                         struct err_text *error)
{
    struct figure f;
    figure_begin(&f, "e7_stages", 900, 340);
    buf_append_str(&f.script, "$bars << EOD\n");
    for (int i = 0; i < STAGES; i++) buf_printf(&f.script, "%d %.4f %s\n", i, s->us[i], stage_names[i]);
    buf_printf(&f.script,
               "EOD\nset xrange [-0.6:%d.6]\nset yrange [0:*]\nset boxwidth 0.6\nunset key\n"
               "set ylabel 'microseconds per row'\nset xlabel 'stage of the batch pipeline'\n"
               "plot $bars using 1:2:xtic(3) with boxes fill solid 0.85 lc rgb '%s', \\\n"
               "$bars using 1:2:(sprintf('%%.2f', $2)) with labels offset 0,0.8\n",
               STAGES - 1, figure_colour(0));
    int rc = report_figure(r, &f, caption, error);
    figure_release(&f);
    return rc;
}

/* The part of the replay that is busiest; a worker is one processor at most. */
static const char *replay_bottleneck(const struct trials *all, double *busy)
{
    struct estimate workers, broker, count;
    *busy = 0;
    if (!report_estimate(all, "replay", "busy_workers", &workers) ||
        !report_estimate(all, "replay", "busy_broker", &broker) || !report_estimate(all, "replay", "workers", &count))
        return "not measured";
    *busy = fmax(workers.median, broker.median);
    if (broker.median > workers.median) return "the broker";
    return workers.median >= 0.6 * fmin(count.median, 2)
               ? "the workers' processors (the stages of the batch, and the fetching)"
               : "the workers waiting for one another's transactions";
}

static void table(struct report *r, const struct trials *all)
{
    static const char *const cells[] = {"batch", "extract+validate+store", "extract+validate", "extract", "publish",
                                        "replay"};
    struct buf *b = &r->body;
    buf_append_str(
        b, "<table><caption>All cells of E7</caption><tr><th>what<th>n<th>rows/s<th>interval<th>seconds</tr>\n");
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        struct estimate rate, seconds;
        if (!report_estimate(all, cells[i], "rate", &rate) || !report_estimate(all, cells[i], "seconds", &seconds))
            continue;
        buf_printf(b, "<tr><td>%s<td>%d<td>%.0f<td>%.0f to %.0f (%.0f&nbsp;%%)<td>%.3f</tr>\n", cells[i], rate.n,
                   rate.median, rate.low, rate.high, rate.confidence * 100, seconds.median);
    }
    buf_append_str(b, "</table>\n");
}

static void answer(struct report *r, const struct trials *all, const struct stages *s)
{
    struct estimate batch, replay;
    double busy;
    if (!report_estimate(all, "batch", "rate", &batch)) return;
    buf_printf(&r->answers, "<li><b>Bulk load and replay.</b> A batch loads %.0f rows/s", batch.median);
    if (s->known)
        buf_printf(&r->answers, "; its bottleneck is the stage <b>%s</b> (%.1f of %.1f &micro;s per row)",
                   stage_names[s->slowest], s->us[s->slowest], s->us[0] + s->us[1] + s->us[2] + s->us[3]);
    if (report_estimate(all, "replay", "rate", &replay)) {
        const char *what = replay_bottleneck(all, &busy);
        buf_printf(&r->answers,
                   ". A replay from the topic loads %.0f rows/s (%.2f of the batch); its bottleneck: <b>%s</b> (%.2f "
                   "processors busy)",
                   replay.median, replay.median / batch.median, what, busy);
    }
    buf_printf(&r->answers,
               ". <span class=note>(E7, n=%d trials; SQLite alone inserts %.0f rows/s here.)</span></li>\n", batch.n,
               report_limit(r, "sqlite_insert"));
}

int report_replay(struct report *r, struct err_text *error)
{
    struct trials all;
    struct estimate e;
    char n[128];
    int rc = trials_load(&all, r->dir, "E7", error);
    if (rc < 0 || all.count == 0) return rc;
    r->experiments++;
    report_section(r, "E7: bulk load and replay", &all);
    struct stages s = stages_of(&all);
    answer(r, &all, &s);
    snprintf(n, sizeof n, "n = %d interleaved trials per bar, %.0f rows each",
             report_estimate(&all, "batch", "rate", &e) ? e.n : 0, rows_of(&all));
    struct caption rates = {
        "E7. Rows per second",
        "Higher is better. A bar is the median of its trials, the line over it goes from the smallest to "
        "the largest. The hatched bar is what SQLite does with plain inserts into one table without index, "
        "in one process: no warehouse on this machine fills faster.",
        n, "broker: page-cache; warehouse: SQLite WAL, synchronous=NORMAL", "E7"};
    struct caption stages = {
        "E7. Where the time of a batch goes",
        "Lower is better; the tallest bar is the bottleneck. The pipeline ran whole, without its "
        "aggregates, without its tables and without its rules: a bar is the time that the run got shorter by.",
        n, "as above", "E7"};
    rc = rates_figure(r, &all, &rates, error);
    if (rc == 0 && s.known) rc = stages_figure(r, &s, &stages, error);
    if (rc == 0) table(r, &all);
    trials_release(&all);
    return rc;
}
