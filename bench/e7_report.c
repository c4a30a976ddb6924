/* e7_report.c - E7 in the report: rates beside SQLite's own, and what each stage of a batch costs. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/report.h"

/* What a pipeline does per row, and the cells from which that is known: with this stage and those before it. */
enum { STAGES_MAX = 4, PIPELINES = 2 };
static const struct pipeline {
    const char *name;
    int count;
    const char *stages[STAGES_MAX], *cells[STAGES_MAX];
} pipelines[PIPELINES] = {
    {"batch",
     4,
     {"extract", "validate", "store", "aggregate"},
     {"extract", "extract+validate", "extract+validate+store", "batch"}},
    {"replay",
     3,
     {"fetch+validate", "store", "aggregate"},
     {"replay fetch+validate", "replay fetch+validate+store", "replay"}},
};

struct stages {
    double us[STAGES_MAX]; /* per row; what noise made negative is 0 */
    double sum_us;
    int slowest;
    bool known;
};

static double rows_of(const struct trials *all)
{
    const char *rows = trial_get(&all->items[0], "rows");
    double value = 0;
    return rows && sscanf(rows, "%lf", &value) == 1 ? value : 0;
}

static struct stages stages_of(const struct trials *all, const struct pipeline *p)
{
    struct stages s = {.known = true};
    double before_s = 0, rows = rows_of(all);
    for (int i = 0; i < p->count; i++) {
        struct estimate e;
        if (!report_estimate(all, p->cells[i], "seconds", &e) || rows <= 0) return (struct stages){0};
        s.us[i] = fmax(0, (e.median - before_s) / rows * 1e6);
        s.sum_us += s.us[i];
        before_s = e.median;
        if (s.us[i] > s.us[s.slowest]) s.slowest = i;
    }
    return s;
}

/* The bars of the first figure; a peer that was not there has none. */
enum { OURS = 4, BARS_MAX = 7 };
static const struct bar {
    const char *cell, *label;
} bars[BARS_MAX] = {
    {"batch", "batch\\nfiles to\\nwarehouse"},
    {"publish", "publish\\nfiles to\\ntopic"},
    {"replay", "replay\\ntopic to\\nwarehouse"},
    {"replay, backfill", "backfill\\nof a whole\\ntopic"},
    {"sqlite3 shell", "sqlite3\\n.import\\nand SQL"},
    {"DuckDB", "DuckDB\\ninto its\\nown file"},
    {"pandas", "pandas\\ninto\\nSQLite"},
};

/* Those of which there is a trial, valid or not; how many. */
static int bars_there(const struct trials *all, const struct bar *there[BARS_MAX])
{
    double value;
    int count = 0;
    struct trials voids = trials_voids(all);
    for (int i = 0; i < BARS_MAX; i++)
        if (i < OURS || trials_values(all, bars[i].cell, "rate", &value, 1) > 0 ||
            trials_values(&voids, bars[i].cell, "rate", &value, 1) > 0)
            there[count++] = &bars[i];
    return count;
}

static void rate_points(struct figure *f, const struct trials *all, const struct bar *const there[], int bar_count)
{
    double values[REPORT_TRIALS_MAX];
    for (int i = 0; i < bar_count; i++) {
        int count = trials_values(all, there[i]->cell, "rate", values, REPORT_TRIALS_MAX);
        f->points += count;
        for (int k = 0; k < count; k++) buf_printf(&f->script, "%d %.3f\n", i, values[k] / 1e3);
    }
}

static int rates_figure(struct report *r, const struct trials *all, const struct caption *caption,
                        struct err_text *error)
{
    const struct bar *there[BARS_MAX];
    int count = bars_there(all, there);
    struct figure f;
    struct trials voids = trials_voids(all);
    struct buf notes = {0};
    char why[REPORT_WHY_MAX];
    double limit = report_limit(r, "sqlite_insert");
    figure_begin(&f, "e7_rates", 900, 380);
    buf_append_str(&f.script, "$bars << EOD\n");
    for (int i = 0; i < count; i++) {
        struct estimate e;
        if (report_estimate(all, there[i]->cell, "rate", &e))
            buf_printf(&f.script, "%d %.3f %.3f %.3f %d\n", i, e.median / 1e3, e.low / 1e3, e.high / 1e3, i);
    }
    if (!isnan(limit))
        buf_printf(&f.script, "%d %.3f %.3f %.3f %d\n", count, limit / 1e3, limit / 1e3, limit / 1e3, count);
    buf_append_str(&f.script, "EOD\n$trials << EOD\n");
    rate_points(&f, all, there, count);
    buf_append_str(&f.script, "EOD\n$voids << EOD\n");
    rate_points(&f, &voids, there, count);
    buf_append_str(&f.script, "EOD\n$hollow << EOD\n");
    for (int i = 0; i < count; i++) {
        struct estimate e;
        if (!report_unmeasurable(all, there[i]->cell, why)) continue;
        figure_note(&notes, i, why);
        if (report_estimate(&voids, there[i]->cell, "rate", &e)) buf_printf(&f.script, "%d %.3f\n", i, e.median / 1e3);
    }
    buf_append_str(&f.script, "EOD\n");
    buf_append_slice(&f.script, buf_slice(&notes));
    buf_release(&notes);
    buf_printf(&f.script,
               "set xrange [-0.6:%d.6]\nset yrange [0:*]\nset boxwidth 0.6\nunset key\nset bmargin 5\nset xtics (",
               count);
    for (int i = 0; i < count; i++) buf_printf(&f.script, "\"%s\" %d, ", there[i]->label, i);
    buf_printf(&f.script, "\"limit\\nSQLite inserts,\\none table\" %d)\nset ylabel 'thousand rows/s'\nplot ", count);
    for (int i = 0; i <= count; i++)
        buf_printf(&f.script, "$bars using ($5==%d ? $1 : NaN):2 with boxes fill %s lc rgb '%s' lw 1.5, \\\n", i,
                   i == count  ? "pattern 4"
                   : i >= OURS ? "pattern 2"
                               : "solid 0.85",
                   i >= OURS ? "#777777" : figure_colour(i));
    buf_append_str(&f.script, "$bars using 1:2:3:4 with yerrorbars pt -1 lc rgb '#000000' lw 1.5, \\\n"
                              "$trials using 1:2 with points pt 7 ps 0.4 lc rgb '#000000', \\\n"
                              "$hollow using 1:2 with boxes fill empty lc rgb '#777777' dt 3 lw 1.5, \\\n"
                              "$voids using ($1-0.2):2 with points pt 6 ps 0.7 lc rgb '#777777', \\\n"
                              "$bars using 1:4:(sprintf('%.0f k', $2)) with labels offset 0,0.8\n");
    int rc = report_figure(r, &f, caption, error);
    figure_release(&f);
    return rc;
}

static int stages_figure(struct report *r, const struct stages stages[PIPELINES], const struct caption *caption,
                         struct err_text *error)
{
    struct figure f;
    int at = 0;
    struct buf tics = {0};
    figure_begin(&f, "e7_stages", 900, 380);
    buf_append_str(&f.script, "$bars << EOD\n");
    for (int k = 0; k < PIPELINES; k++) {
        for (int i = 0; i < pipelines[k].count && stages[k].known; i++, at++) {
            buf_printf(&f.script, "%d %.4f %d\n", at, stages[k].us[i], k);
            f.points++;
            buf_printf(&tics, "%s\"%s\" %d", tics.n ? ", " : "", pipelines[k].stages[i], at);
        }
        at++; /* a gap between the pipelines */
    }
    buf_printf(
        &f.script,
        "EOD\nset xrange [-0.6:%d.4]\nset yrange [0:*]\nset boxwidth 0.6\nset key outside top center horizontal\n"
        "set bmargin 3.5\nset xtics (%s)\nset ylabel 'microseconds per row'\nset offsets 0,0,graph 0.08,0\nplot ",
        at - 2, buf_cstr(&tics));
    buf_release(&tics);
    for (int k = 0; k < PIPELINES; k++)
        buf_printf(&f.script,
                   "$bars using ($3==%d ? $1 : NaN):2 with boxes fill %s lc rgb '%s' lw 1.5 title '%s', \\\n", k,
                   k ? "pattern 2" : "solid 0.85", figure_colour(k ? 2 : 0), pipelines[k].name);
    buf_append_str(&f.script, "$bars using 1:2:(sprintf('%.2f', $2)) with labels offset 0,0.8 notitle\n");
    int rc = report_figure(r, &f, caption, error);
    figure_release(&f);
    return rc;
}

/* Whether processors or waiting limited the replay: two workers share one database, which one of them can
 * write at a time. */
static void put_busy(struct buf *b, const struct trials *all)
{
    struct estimate workers, broker;
    if (!report_estimate(all, "replay", "busy_workers", &workers) ||
        !report_estimate(all, "replay", "busy_broker", &broker))
        return;
    buf_printf(b, "; its workers used %.2f processors and the broker %.2f%s", workers.median, broker.median,
               workers.median < 0.7 && broker.median < 0.7 ? ", so most of its time is waiting, not computing" : "");
}

static void table(struct report *r, const struct trials *all)
{
    static const char *const cells[] = {"batch",
                                        "extract+validate+store",
                                        "extract+validate",
                                        "extract",
                                        "publish",
                                        "replay",
                                        "replay fetch+validate+store",
                                        "replay fetch+validate",
                                        "replay, backfill",
                                        "sqlite3 shell",
                                        "DuckDB",
                                        "pandas"};
    char why[REPORT_WHY_MAX];
    struct buf *b = &r->body;
    buf_append_str(
        b, "<table><caption>All cells of E7</caption><tr><th>what<th>n<th>rows/s<th>interval<th>seconds</tr>\n");
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        struct estimate rate, seconds;
        if (report_unmeasurable(all, cells[i], why))
            buf_printf(b, "<tr class=note><td>%s<td>0<td colspan=3>%s</tr>\n", cells[i], why);
        if (!report_estimate(all, cells[i], "rate", &rate) || !report_estimate(all, cells[i], "seconds", &seconds))
            continue;
        buf_printf(b, "<tr><td>%s<td>%d<td>%.0f<td>%.0f to %.0f (%.0f&nbsp;%%)<td>%.3f</tr>\n", cells[i], rate.n,
                   rate.median, rate.low, rate.high, rate.confidence * 100, seconds.median);
    }
    buf_append_str(b, "</table>\n");
}

static void put_bottleneck(struct buf *b, const struct pipeline *p, const struct stages *s)
{
    if (s->known)
        buf_printf(b, "; its bottleneck is the stage <b>%s</b> (%.1f of %.1f &micro;s per row)", p->stages[s->slowest],
                   s->us[s->slowest], s->sum_us);
}

static void put_peers(struct buf *b, const struct trials *all, const struct estimate *batch)
{
    const char *before = ". A batch loads these files";
    for (int i = OURS; i < BARS_MAX; i++) {
        struct estimate peer;
        if (!report_estimate(all, bars[i].cell, "rate", &peer)) continue;
        buf_printf(b, "%s %.1f times as fast as %s", before, batch->median / peer.median, bars[i].cell);
        before = ",";
    }
}

static void answer(struct report *r, const struct trials *all, const struct stages stages[PIPELINES])
{
    struct estimate batch, replay, backfill;
    if (report_no_answer(r, "Bulk load and replay", all, "batch")) return;
    if (!report_estimate(all, "batch", "rate", &batch)) return;
    buf_printf(&r->answers, "<li><b>Bulk load and replay.</b> A batch loads %.0f rows/s", batch.median);
    put_bottleneck(&r->answers, &pipelines[0], &stages[0]);
    if (report_estimate(all, "replay", "rate", &replay)) {
        buf_printf(&r->answers, ". A replay from the topic loads %.0f rows/s, %.2f of the batch", replay.median,
                   replay.median / batch.median);
        put_bottleneck(&r->answers, &pipelines[1], &stages[1]);
        put_busy(&r->answers, all);
        if (report_estimate(all, "replay, backfill", "rate", &backfill))
            buf_printf(&r->answers,
                       "; with --backfill, which loads a whole topic as a batch loads files, %.0f rows/s, %.2f",
                       backfill.median, backfill.median / batch.median);
    }
    put_peers(&r->answers, all, &batch);
    buf_printf(&r->answers, ". <span class=note>(E7, n=%d trials", batch.n);
    double alone = report_limit(r, "sqlite_insert");
    if (!isnan(alone)) buf_printf(&r->answers, "; SQLite alone inserts %.0f rows/s here", alone);
    buf_append_str(&r->answers, ".)</span></li>\n");
}

int report_replay(struct report *r, struct err_text *error)
{
    static const char *const main_cells[] = {"batch", "publish", "replay"};
    struct trials all;
    char n[160], trials[96];
    int rc = trials_load(&all, r->dir, "E7", error);
    if (rc < 0 || all.count == 0) return rc;
    r->experiments++;
    report_section(r, "E7: bulk load and replay", &all);
    struct stages stages[PIPELINES];
    for (int k = 0; k < PIPELINES; k++) stages[k] = stages_of(&all, &pipelines[k]);
    answer(r, &all, stages);
    report_n(trials, sizeof trials, &all, main_cells, 3, "rate", "bar");
    snprintf(n, sizeof n, "%s, %.0f rows each", trials, rows_of(&all));
    struct caption rates = {
        "E7. Rows per second",
        "Higher is better. A bar is the median of its trials, the line over it goes from the smallest to "
        "the largest. Grey: other tools over the same files, with the same tables as their result. The last bar is "
        "what "
        "SQLite does with plain inserts into one table without index, in one process: no warehouse on this machine "
        "fills faster.",
        n, "broker: page-cache; warehouse: SQLite WAL, synchronous=NORMAL", "E7"};
    struct caption costs = {"E7. Where the time goes, stage by stage",
                            "Lower is better; the tallest bar of a pipeline is its bottleneck. Each pipeline ran "
                            "whole, without its aggregates, "
                            "without its tables and (batch) without its rules: a bar is the time that the run got "
                            "shorter by. The first bar of "
                            "each holds what is left, the start of the processes included.",
                            n, "as above", "E7"};
    rc = rates_figure(r, &all, &rates, error);
    if (rc == 0 && stages[0].known) rc = stages_figure(r, stages, &costs, error);
    if (rc == 0) table(r, &all);
    trials_release(&all);
    return rc;
}
