/* e5_report.c - E5 in the report: how old the warehouse is, how complete at a deadline, how both follow from what a
 * transaction costs, and where a record's time goes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/e5.h"
#include "bench/model.h"
#include "bench/report.h"
#include "bench/stages.h"

/* The cells that are drawn as curves. */
enum { CURVES = 6, BARS = 3, DEADLINES = 3 };
static const char *const curves[CURVES] = {
    "stream", "stream every 100 ms", "stream every 1 s", "batch every 0.25 s", "batch every 1 s", "batch every 4 s"};
static const char *const bars[BARS] = {"stream every 1 ms", "stream", "stream every 10 ms"};
static const int64_t deadlines_ns[DEADLINES] = {100000000, 1000000000, 5000000000};

/* Where a curve comes from: void trials when there are no others. */
static const struct trials *shown(const struct trials *all, const struct trials *voids, const char *cell)
{
    char why[REPORT_WHY_MAX];
    return report_unmeasurable(all, cell, why) ? voids : all;
}

/* --- age, and completeness --- */

static double unseen(const struct trials *all, const char *cell)
{
    double values[REPORT_TRIALS_MAX], sum = 0;
    int n = trials_values(all, cell, "unseen", values, REPORT_TRIALS_MAX);
    for (int i = 0; i < n; i++) sum += values[i];
    return sum;
}

/* Percent of the rows that could be seen by a deadline; those that never were count. -1 without rows. */
static double complete_by(const struct trials *all, const char *cell, int64_t deadline_ns)
{
    double low = 0, high = 100, total = (double)report_total(all, cell, "latency");
    if (total == 0) return -1;
    if (report_percentile(all, cell, "latency", 100) > (double)deadline_ns) {
        for (int i = 0; i < 30; i++) {
            double middle = (low + high) / 2;
            if (report_percentile(all, cell, "latency", middle) <= (double)deadline_ns)
                low = middle;
            else
                high = middle;
        }
    }
    return (high > 99.9999 ? 100 : low) * total / (total + unseen(all, cell));
}

static void curve_data(struct figure *f, const struct trials *from, const char *cell, int i)
{
    double seen = (double)report_total(from, cell, "latency"), all = seen + unseen(from, cell);
    buf_printf(&f->script, "$age%d << EOD\n", i);
    for (int p = 0; p <= 200 && report_total(from, cell, "age") > 0; p++, f->points++)
        buf_printf(&f->script, "%.6f %.1f\n", report_percentile(from, cell, "age", p / 2.0) / 1e9, p / 2.0);
    buf_printf(&f->script, "EOD\n$row%d << EOD\n", i);
    for (int p = 0; p <= 200 && seen > 0; p++)
        buf_printf(&f->script, "%.6f %.2f\n", report_percentile(from, cell, "latency", p / 2.0) / 1e9,
                   p / 2.0 * seen / all);
    buf_append_str(&f->script, "EOD\n");
}

static void curves_plot(struct buf *script, const bool is_void[CURVES], const char *data, bool keys)
{
    static const char *const dashes[CURVES] = {"1", "3", "(18,4)", "2", "4", "5"};
    static const int colours[CURVES] = {2, 4, 5, 0, 1, 3};
    buf_append_str(script, "plot ");
    for (int i = 0; i < CURVES; i++) {
        buf_printf(script, "$%s%d using 1:2 with lines lw %s dt %s lc rgb '%s' ", data, i, is_void[i] ? "1.2" : "2.5",
                   dashes[i], is_void[i] ? figure_faded(colours[i]) : figure_colour(colours[i]));
        if (keys)
            buf_printf(script, "title '%s%s'", curves[i], is_void[i] ? " (void)" : "");
        else
            buf_append_str(script, "notitle");
        buf_append_str(script, i + 1 < CURVES ? ", \\\n" : "\n");
    }
}

static int age_figure(struct report *r, const struct trials *all, const struct caption *caption, struct err_text *error)
{
    struct figure f;
    struct trials voids = trials_voids(all);
    bool is_void[CURVES];
    figure_begin(&f, "e5_age", 1100, 460);
    for (int i = 0; i < CURVES; i++) {
        const struct trials *from = shown(all, &voids, curves[i]);
        is_void[i] = from == &voids;
        curve_data(&f, from, curves[i], i);
    }
    buf_append_str(&f.script,
                   "set logscale x\nset format x '%g'\nset grid xtics ytics lc rgb '#dddddd' lt 1\nset yrange [0:100]\n"
                   "set multiplot layout 1,2 margins 0.075,0.985,0.14,0.71 spacing 0.08,0\n"
                   "set xlabel 'age of the newest visible row, seconds'\nset ylabel '% of the time'\n"
                   "set key at screen 0.5,0.98 center top maxrows 3 vertical\n");
    curves_plot(&f.script, is_void, "age", true);
    buf_append_str(&f.script, "unset key\nset xlabel 'deadline, seconds after a row was born'\n"
                              "set ylabel '% of the rows visible'\n");
    curves_plot(&f.script, is_void, "row", false);
    buf_append_str(&f.script, "unset multiplot\n");
    int rc = report_figure(r, &f, caption, error);
    figure_release(&f);
    return rc;
}

/* --- the sweep, and its prediction --- */

/* What the model needs, of all valid trials of probed streams. false: there are too few. */
static bool model_of(const struct trials *all, struct model *m)
{
    double *rows = calloc((size_t)all->count + 1, sizeof *rows),
           *seconds = calloc((size_t)all->count + 1, sizeof *rows);
    double delivery_s = 0, rate = 0;
    int n = 0;
    for (int i = 0; i < all->count && rows && seconds; i++) {
        const struct trial *t = &all->items[i];
        const struct histogram *lateness = trial_values(t, "lateness"), *transport = trial_values(t, "transport");
        const struct histogram *validate = trial_values(t, "validate");
        double took_s = trial_value(t, "transaction_s");
        if (!trials_has(all, t, t->cell) || !lateness || !transport || !validate || !(took_s > 0)) continue;
        delivery_s += (histogram_mean(lateness) + histogram_mean(transport) + histogram_mean(validate)) / 1e9;
        rows[n] = trial_value(t, "transaction_rows");
        seconds[n++] = took_s;
        rate = strtod(trial_get(t, "rate"), NULL);
    }
    if (n > 0) {
        model_fit(m, rows, seconds, n);
        m->delivery_s = delivery_s / n;
        m->rate = rate;
    }
    free(rows);
    free(seconds);
    return n > 0;
}

/* The mean of what refreshes took, seconds; NAN without any. */
static double refresh_s(const struct trials *all)
{
    double sum = 0, n = 0;
    for (int i = 0; i < all->count; i++) {
        const struct trial *t = &all->items[i];
        const struct histogram *took = trial_values(t, "refresh");
        if (!took || !trials_has(all, t, t->cell)) continue;
        sum += histogram_mean(took) * (double)took->total / 1e9;
        n += (double)took->total;
    }
    return n > 0 ? sum / n : NAN;
}

static void sweep_points(struct figure *f, const struct trials *all, enum e5_kind kind, const char *name)
{
    buf_printf(&f->script, "$%s << EOD\n", name);
    for (int i = 0; i < all->count; i++) {
        const struct trial *t = &all->items[i];
        const struct e5_cell *cell = e5_cell_named(t->cell);
        if (!cell || cell->kind != kind || cell->bare || !trials_has(all, t, t->cell)) continue;
        buf_printf(&f->script, "%g %.6f\n", cell->interval_ms / 1e3, trial_value(t, "age_mean"));
        f->points++;
    }
    buf_append_str(&f->script, "EOD\n");
}

static void predictions(struct figure *f, const struct trials *all)
{
    struct model m = {0};
    double took_s = refresh_s(all), age_s;
    bool known = model_of(all, &m);
    buf_append_str(&f->script, "$predicted << EOD\n");
    for (int i = 0; i <= 96 && known; i++) {
        double interval_s = 0.001 * pow(10, i / 20.0);
        if (isfinite(age_s = model_age_s(&m, interval_s))) buf_printf(&f->script, "%g %.6f\n", interval_s, age_s);
    }
    buf_append_str(&f->script, "EOD\n$refreshed << EOD\n");
    for (int i = 0; i <= 60 && !isnan(took_s); i++) {
        double interval_s = 0.06 * pow(10, i / 20.0);
        /* A refresh that takes longer than its interval misses the next ones. */
        double period_s = interval_s * ceil(took_s / interval_s);
        buf_printf(&f->script, "%g %.6f\n", interval_s, took_s + period_s / 2 + (known ? 1 / m.rate : 0));
    }
    buf_append_str(&f->script, "EOD\n");
}

static int sweep_figure(struct report *r, const struct trials *all, const struct caption *caption,
                        struct err_text *error)
{
    struct figure f;
    struct trials voids = trials_voids(all);
    figure_begin(&f, "e5_sweep", 900, 460);
    sweep_points(&f, all, E5_STREAM, "streams");
    sweep_points(&f, all, E5_BATCH, "batches");
    sweep_points(&f, &voids, E5_STREAM, "void_streams");
    sweep_points(&f, &voids, E5_BATCH, "void_batches");
    predictions(&f, all);
    buf_printf(&f.script,
               "set logscale xy\nset format '%%g'\nset grid xtics ytics lc rgb '#dddddd' lt 1\nset xrange [0.0007:85]\n"
               "set xlabel 'interval between commits (stream) or refreshes (batch), seconds'\n"
               "set ylabel 'mean age of the newest row, seconds'\nset key top left\nset datafile missing '?'\n"
               "plot $predicted using 1:2 with lines lw 2 dt 2 lc rgb '%s' title 'stream, predicted', \\\n"
               "$refreshed using 1:2 with lines lw 2 dt 4 lc rgb '%s' title 'batch, predicted', \\\n"
               "$streams using 1:2 with points pt 7 ps 1 lc rgb '%s' title 'stream, a trial', \\\n"
               "$batches using 1:2 with points pt 5 ps 1 lc rgb '%s' title 'batch, a trial', \\\n"
               "$void_streams using 1:2 with points pt 6 ps 0.8 lc rgb '#777777' title 'void trials', \\\n"
               "$void_batches using 1:2 with points pt 4 ps 0.8 lc rgb '#777777' notitle\n",
               figure_colour(2), figure_colour(1), figure_colour(2), figure_colour(0));
    int rc = report_figure(r, &f, caption, error);
    figure_release(&f);
    return rc;
}

static void model_note(struct report *r, const struct trials *all)
{
    struct model m = {0};
    if (!model_of(all, &m)) return;
    buf_printf(
        &r->body,
        "<p class=note>Fitted to the transactions of all stream trials: %.2f ms each and %.1f &micro;s a row; a row "
        "is with the worker %.2f ms after it was born. A refresh takes %.3f s.</p>\n",
        m.fixed_s * 1e3, m.row_s * 1e6, m.delivery_s * 1e3, refresh_s(all));
}

/* --- where the time of a record goes --- */

static double mean_ms(const struct trials *all, const char *cell, const char *histogram)
{
    struct histogram h;
    histogram_init(&h);
    double ms = trials_merge(all, cell, histogram, &h) > 0 ? histogram_mean(&h) / 1e6 : NAN;
    histogram_release(&h);
    return ms;
}

/* Two bars a cell: to visible above, to acknowledged below. */
static int chain_figure(struct report *r, const struct trials *all, const struct caption *caption,
                        struct err_text *error)
{
    static const char *const fills[STAGES + 1] = {"solid 0.85", "pattern 2", "pattern 6", "pattern 1",
                                                  "pattern 5",  "pattern 7", "pattern 4"};
    static const int colours[STAGES + 1] = {3, 0, 4, 1, 2, 5, 0};
    struct figure f;
    struct trials voids = trials_voids(all);
    figure_begin(&f, "e5_chain", 1000, 440);
    buf_append_str(&f.script, "$parts << EOD\n# y part from to\n");
    for (int i = 0; i < BARS; i++) {
        const struct trials *from = shown(all, &voids, bars[i]);
        double at = 0, late = mean_ms(from, bars[i], "lateness"), ack = mean_ms(from, bars[i], "ack");
        if (isnan(late)) continue;
        for (int k = 0; k < STAGES; k++, f.points++) {
            double part = mean_ms(from, bars[i], stage_name((enum stage)k));
            buf_printf(&f.script, "%.2f %d %.4f %.4f\n", BARS - i + 0.2, k, at, at + part);
            at += part;
        }
        buf_printf(&f.script, "%.2f 0 0 %.4f\n%.2f %d %.4f %.4f\n", BARS - i - 0.2, late, BARS - i - 0.2, STAGES, late,
                   late + ack);
    }
    buf_append_str(&f.script, "EOD\nset ytics (");
    for (int i = 0; i < BARS; i++)
        buf_printf(&f.script, "'%s%s' %d%s", bars[i], shown(all, &voids, bars[i]) == &voids ? "\\n(void)" : "",
                   BARS - i, i + 1 < BARS ? ", " : "");
    buf_printf(&f.script,
               ")\nset yrange [0.4:%d.6]\nset xrange [0:*]\nset format x '%%g'\n"
               "set xlabel 'milliseconds since the instant at which the record was due (mean)'\n"
               "set grid xtics lc rgb '#dddddd' lt 1\nset key outside top center horizontal maxcols 3\nplot ",
               BARS);
    for (int k = 0; k <= STAGES; k++)
        buf_printf(
            &f.script,
            "$parts using ($2==%d ? $3 : NaN):1:3:4:($1-0.16):($1+0.16) with boxxyerror fill %s lc rgb '%s' title "
            "'%s'%s",
            k, fills[k], figure_colour(colours[k]), k < STAGES ? stage_name((enum stage)k) : "acknowledgement",
            k < STAGES ? ", \\\n" : "\n");
    int rc = report_figure(r, &f, caption, error);
    figure_release(&f);
    return rc;
}

static void chain_table(struct report *r, const struct trials *all)
{
    struct buf *b = &r->body;
    buf_append_str(b, "<table><caption>Mean milliseconds of a record; the parts sum to the total, but for the "
                      "thousandth to which histograms round</caption><tr><th>stream"
                      "<th>records");
    for (int k = 0; k < STAGES; k++) buf_printf(b, "<th>%s", stage_name((enum stage)k));
    buf_append_str(b, "<th>total<th>acknowledgement</tr>\n");
    for (int i = 0; e5_cell(i); i++) {
        const char *cell = e5_cell(i)->name;
        if (report_total(all, cell, "total") == 0) continue;
        buf_printf(b, "<tr><td>%s<td>%llu", cell, (unsigned long long)report_total(all, cell, "total"));
        for (int k = 0; k < STAGES; k++) buf_printf(b, "<td>%.3f", mean_ms(all, cell, stage_name((enum stage)k)));
        buf_printf(b, "<td>%.3f<td>%.3f</tr>\n", mean_ms(all, cell, "total"), mean_ms(all, cell, "ack"));
    }
    buf_append_str(b, "</table>\n");
}

/* Medians of trials; the same but for the probe. */
static void probe_effect(struct report *r, const struct trials *all)
{
    static const struct {
        const char *metric, *what;
    } measures[] = {{"age_mean", "mean age"}, {"loader_user", "user time of the loader"}, {"cpu", "processor time"}};
    double with[REPORT_TRIALS_MAX], without[REPORT_TRIALS_MAX];
    if (report_total(all, "stream, not probed", "age") == 0 || report_total(all, "stream", "age") == 0) return;
    struct interval last = {0};
    buf_append_str(&r->body, "<p class=note>What the probe itself costs, instrumented / bare: ");
    for (int i = 0; i < 3; i++) {
        int n = trials_values(all, "stream", measures[i].metric, with, REPORT_TRIALS_MAX);
        int m = trials_values(all, "stream, not probed", measures[i].metric, without, REPORT_TRIALS_MAX);
        struct interval v = interval_ratio(with, n, without, m, 5);
        if (v.n == 0) continue;
        buf_printf(&r->body, "%s%s %.2f [%.2f, %.2f]", last.n ? ", " : "", measures[i].what, v.value, v.low, v.high);
        last = v;
    }
    buf_printf(&r->body, " (in brackets %s, n=%d).</p>\n",
               last.range ? "what the extremes of the trials allow" : "the 95&nbsp;% interval", last.n);
}

/* --- tables, answer --- */

static void table(struct report *r, const struct trials *all)
{
    struct buf *b = &r->body;
    char why[REPORT_WHY_MAX];
    buf_append_str(
        b, "<table><caption>All cells of E5</caption><tr><th>pipeline<th>n trials<th>rows<th>age mean s<th>p50<th>p99"
           "<th>mean peak<th>a row visible after s, p50<th>p99<th>% of rows within 0.1 s<th>1 s<th>5 s</tr>\n");
    for (int i = 0; e5_cell(i); i++) {
        const char *cell = e5_cell(i)->name;
        struct estimate mean, peak;
        if (report_unmeasurable(all, cell, why))
            buf_printf(b, "<tr class=note><td>%s<td>0<td colspan=10>%s</tr>\n", cell, why);
        if (!report_estimate(all, cell, "age_mean", &mean) || !report_estimate(all, cell, "age_peak", &peak)) continue;
        buf_printf(b, "<tr><td>%s<td>%d<td>%llu<td>%.3f<td>%.3f<td>%.3f<td>%.3f<td>%.3f<td>%.3f", cell, mean.n,
                   (unsigned long long)report_total(all, cell, "latency"), mean.median,
                   report_percentile(all, cell, "age", 50) / 1e9, report_percentile(all, cell, "age", 99) / 1e9,
                   peak.median, report_percentile(all, cell, "latency", 50) / 1e9,
                   report_percentile(all, cell, "latency", 99) / 1e9);
        for (int k = 0; k < DEADLINES; k++) buf_printf(b, "<td>%.1f", complete_by(all, cell, deadlines_ns[k]));
        buf_append_str(b, "</tr>\n");
    }
    buf_append_str(b, "</table><p class=note>The mean peak is the age just before something newer is seen.</p>\n");
}

static void answer(struct report *r, const struct trials *all)
{
    static const char *const told[4] = {"stream", "batch every 0.25 s", "batch every 1 s", "batch every 4 s"};
    double age[4];
    for (int i = 0; i < 4; i++)
        if (report_no_answer(r, "How fresh the warehouse is", all, told[i])) return;
    for (int i = 0; i < 4; i++) age[i] = report_percentile(all, told[i], "age", 50) / 1e9;
    if (age[0] < 0 || age[1] < 0) return;
    buf_printf(
        &r->answers,
        "<li><b>How fresh the warehouse is.</b> Half of the time its newest row is at most %.3f s old when streaming, "
        "%.2f s with a batch every 0.25 s, %.2f s every second, %.2f s every 4 seconds: a batch is about half its "
        "interval plus its run time behind, which is %.0f times the stream's age at 0.25 s. A stream that commits as "
        "rarely is as old: what makes the difference is the interval, not the kind. <span class=note>(E5, the same "
        "arrivals in each cell.)</span></li>\n",
        age[0], age[1], age[2], age[3], age[1] / age[0]);
}

static int figures(struct report *r, const struct trials *all, struct err_text *error)
{
    char n[240], trials[96];
    const char *rate = trial_get(&all->items[0], "rate"), *arrivals = trial_get(&all->items[0], "arrivals");
    report_n(trials, sizeof trials, all, curves, CURVES, "age_mean", "cell");
    snprintf(n, sizeof n,
             "%s, %s rows/s (arrivals: %s, the same instants in every trial), ages sampled every millisecond "
             "over whole intervals",
             trials, rate ? rate : "?", arrivals ? arrivals : "?");
    struct caption age = {
        "E5. Age of information, and completeness at a deadline",
        "Further left is fresher. At any instant the age is the time since the newest row that a reader of the "
        "warehouse "
        "can see was born. A line through (1&nbsp;s, 60&nbsp;%) on the left means: 60&nbsp;% of the time the newest "
        "row "
        "is at most a second old; on the right: 60&nbsp;% of the rows can be seen within a second. Batches are full "
        "refreshes of all there is.",
        n, "broker: page-cache; warehouse: SQLite WAL, synchronous=NORMAL", "E5"};
    struct caption sweep = {
        "E5. One curve from streaming to batch",
        "Lower is fresher. A stream that commits every T, a batch that starts every T. The dashed curves are "
        "predictions, "
        "not fits to the ages: of a stream from what a transaction costs (so much each, so much a row, fitted to the "
        "transactions' durations), of a batch from the run time of a refresh. Where they bend, the fixed cost takes "
        "over: "
        "committing more often than that gains nothing.",
        n, "as above", "E5"};
    struct caption chain = {
        "E5. Where the time of a record goes",
        "From the left, the mean over all records: lateness of the publisher itself; transport to the worker; validate "
        "(decoded, parsed, judged); wait for the transaction; transform (operators); commit. The lower bar of each "
        "pair "
        "is the other chain: lateness, and what the acknowledgement took.",
        n, "as above", "E5"};
    int rc = age_figure(r, all, &age, error);
    if (rc == 0) rc = sweep_figure(r, all, &sweep, error);
    if (rc == 0) model_note(r, all);
    return rc == 0 ? chain_figure(r, all, &chain, error) : rc;
}

int report_freshness(struct report *r, struct err_text *error)
{
    struct trials all;
    int rc = trials_load(&all, r->dir, "E5", error);
    if (rc < 0 || all.count == 0) return rc;
    r->experiments++;
    report_section(r, "E5: how fresh is the warehouse?", &all);
    answer(r, &all);
    rc = figures(r, &all, error);
    if (rc == 0) {
        chain_table(r, &all);
        probe_effect(r, &all);
        table(r, &all);
    }
    trials_release(&all);
    return rc;
}
