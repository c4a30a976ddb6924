/* e8_report.c - E8 in the report: what was lost, duplicated and refused when something went wrong, and how long it took
 * until all was as before. */
#include <stdio.h>
#include <string.h>

#include "bench/e8.h"
#include "bench/report.h"

static double bar_x(int event, int producer)
{
    return event + (producer - 1.5) * 0.2;
}

/* Bars and trials of a metric; what is below 0 is not known and no point. */
static void bars(struct figure *f, const struct trials *all, const char *metric)
{
    double values[REPORT_TRIALS_MAX];
    struct buf trials = {0};
    buf_append_str(&f->script, "$bars << EOD\n# x producer median low high\n");
    buf_append_str(&trials, "$trials << EOD\n");
    for (int i = 0; i < E8_EVENTS * E8_PRODUCERS; i++) {
        int e = i / E8_PRODUCERS, p = i % E8_PRODUCERS;
        struct estimate v;
        const char *cell = e8_cell(e, p);
        if (!cell || !report_estimate(all, cell, metric, &v)) continue;
        if (v.median >= 0)
            buf_printf(&f->script, "%.2f %d %g %g %g\n", bar_x(e, p), p, v.median, v.low, v.high), f->points++;
        int n = trials_values(all, cell, metric, values, REPORT_TRIALS_MAX);
        for (int k = 0; k < n; k++)
            if (values[k] >= 0) buf_printf(&trials, "%.2f %g\n", bar_x(e, p), values[k]), f->points++;
    }
    buf_append_str(&f->script, "EOD\n");
    buf_append(&f->script, trials.p, trials.n);
    buf_append_str(&f->script, "EOD\n");
    buf_release(&trials);
}

static int bars_figure(struct report *r, const struct trials *all, const char *name, const char *metric,
                       const char *axis, const char *format, const struct caption *caption, struct err_text *error)
{
    static const char *const fills[E8_PRODUCERS] = {"solid 0.85", "pattern 2", "pattern 1", "pattern 4"};
    struct figure f;
    figure_begin(&f, name, 1100, 420);
    bars(&f, all, metric);
    buf_printf(&f.script,
               "set xrange [-0.6:%d.6]\nset yrange [0:*]\nset offsets 0,0,graph 0.1,0\nset boxwidth 0.18\n"
               "set xtics (\"kill -9\\npage-cache\" 0, \"power cut\\npage-cache\" 1, \"power cut\\nevery 100 ms\" 2, "
               "\"power cut\\ngroup-commit\" 3, \"pause\" 4, \"reset\" 5, \"slow\\nconsumer\" 6, \"full\\ndisk\" 7)\n"
               "set bmargin 3.5\nset ylabel '%s'\nset key outside top center horizontal\nplot ",
               E8_EVENTS - 1, axis);
    for (int p = 0; p < E8_PRODUCERS; p++)
        buf_printf(&f.script,
                   "$bars using ($2==%d ? $1 : NaN):3 with boxes fill %s lc rgb '%s' lw 1.5 title '%s', \\\n", p,
                   fills[p], figure_colour(p), e8_producers[p].name);
    buf_printf(&f.script,
               "$trials using 1:2 with points pt 7 ps 0.4 lc rgb '#000000' title 'a trial', \\\n"
               "$bars using 1:5:(sprintf('%s', $3)) with labels offset 0,0.8 font ',11' notitle\n",
               format);
    int rc = report_figure(r, &f, caption, error);
    figure_release(&f);
    return rc;
}

/* From the smallest trial's to the largest's; below 0 is "not within the run". */
static void put_range(struct buf *b, const struct trials *all, const char *cell, const char *metric, int digits)
{
    double values[REPORT_TRIALS_MAX];
    int n = trials_values(all, cell, metric, values, REPORT_TRIALS_MAX);
    if (n == 0) {
        buf_append_str(b, "<td>&ndash;");
        return;
    }
    values_sort(values, n);
    if (values[0] < 0)
        buf_append_str(b, "<td>not within the run");
    else
        buf_printf(b, "<td>%.*f", digits, values[0]);
    if (values[0] != values[n - 1]) buf_printf(b, " to %.*f", digits, values[n - 1]);
}

static void table(struct report *r, const struct trials *all)
{
    struct buf *b = &r->body;
    char why[REPORT_WHY_MAX];
    buf_append_str(
        b, "<table><caption>All cells of E8: messages of a trial, from the sender's ledger</caption><tr><th>what "
           "happened<th>producer<th>n<th>acknowledged and gone<th>twice<th>failed<th>out of order<th>lasted "
           "s<th>as before after s</tr>\n");
    for (int i = 0; i < E8_EVENTS * E8_PRODUCERS; i++) {
        struct estimate down;
        const char *cell = e8_cell(i / E8_PRODUCERS, i % E8_PRODUCERS);
        if (cell && report_unmeasurable(all, cell, why))
            buf_printf(b, "<tr class=note><td>%s<td>%s<td>0<td colspan=6>%s</tr>\n", e8_events[i / E8_PRODUCERS].name,
                       e8_producers[i % E8_PRODUCERS].name, why);
        if (!cell || !report_estimate(all, cell, "down", &down)) continue;
        buf_printf(b, "<tr><td>%s<td>%s<td>%d", e8_events[i / E8_PRODUCERS].name, e8_producers[i % E8_PRODUCERS].name,
                   down.n);
        put_range(b, all, cell, "lost", 0);
        put_range(b, all, cell, "duplicated", 0);
        put_range(b, all, cell, "failed", 0);
        put_range(b, all, cell, "reordered", 0);
        buf_printf(b, "<td>%.3f", down.median);
        put_range(b, all, cell, "recovery", 3);
        buf_append_str(b, "</tr>\n");
    }
    buf_append_str(b,
                   "</table><p class=note>Failed messages are those that the producer was told about. An idempotent "
                   "producer fails all that follow when the log forgot messages that it had acknowledged: it refuses "
                   "to go on, so nothing is as before.</p>\n");
}

/* The most that any trial of an event lost, of producers that wait for an answer; -1 without any. */
static double most_lost(const struct trials *all, int event)
{
    double values[REPORT_TRIALS_MAX], most = -1;
    for (int p = 1; p < E8_PRODUCERS; p++) {
        const char *cell = e8_cell(event, p);
        int n = cell ? trials_values(all, cell, "lost", values, REPORT_TRIALS_MAX) : 0;
        for (int i = 0; i < n; i++) most = values[i] > most ? values[i] : most;
    }
    return most;
}

static void answer(struct report *r, const struct trials *all)
{
    double most[E8_EVENTS], others = -1;
    for (int e = 0; e < E8_EVENTS; e++) {
        most[e] = most_lost(all, e);
        if (e <= 3 && most[e] < 0) return;
        if (e > 3 && most[e] > others) others = most[e];
    }
    buf_printf(
        &r->answers,
        "<li><b>What an acknowledgement is worth.</b> Acknowledged messages (acks=1 or all, 1,000 a second) that "
        "were gone afterwards, at most in a trial: %.0f when the broker was killed, and when the power failed %.0f "
        "in page-cache, %.0f with a sync every 100 ms, %.0f with group-commit. Retries and idempotence do not bring "
        "back what a power cut takes; syncing does.",
        most[0], most[1], most[2], most[3]);
    if (others >= 0) buf_printf(&r->answers, " A pause, a reset, a slow consumer or a full disk cost %.0f.", others);
    buf_append_str(&r->answers, " <span class=note>(E8)</span></li>\n");
}

static int figures(struct report *r, const struct trials *all, struct err_text *error)
{
    const char *cells[E8_EVENTS];
    char n[96];
    for (int e = 0; e < E8_EVENTS; e++) cells[e] = e8_cell(e, 2);
    report_n(n, sizeof n, all, cells, E8_EVENTS, "lost", "bar");
    struct caption losses = {
        "E8. Acknowledged messages that are gone",
        "Lower is better; a bar is the median of its trials. A producer sends 1,000 messages/s; between 30 and "
        "70&nbsp;% "
        "of the way the broker is killed, or the power fails as well (what was not synced is taken out of its files), "
        "and it starts again on the same address; or it is stopped for 0.3 s, or the producer's connections are reset, "
        "or "
        "its disk has no room for 0.3 s, or a consumer is slow for as long. Then the whole log is read and compared "
        "with "
        "what was acknowledged. With acks=0 an acknowledgement only says that the message was sent.",
        n, "as named; all of the others in page-cache. A kill alone takes nothing out of the page cache", "E8"};
    struct caption recovery = {"E8. How long until all is as before",
                               "Lower is better. From the instant of the fault until the last message was due that was "
                               "acknowledged (by the slow "
                               "consumer: received) much later than before, or never: later than twice the 99th "
                               "percentile before the fault, and "
                               "20 ms. A trial that did not get there within the run has no point.",
                               n, "as above", "E8"};
    int rc = bars_figure(r, all, "e8_losses", "lost", "acknowledged messages that are gone", "%.0f", &losses, error);
    return rc == 0 ? bars_figure(r, all, "e8_recovery", "recovery", "seconds", "%.2f", &recovery, error) : rc;
}

int report_loss(struct report *r, struct err_text *error)
{
    struct trials all;
    int rc = trials_load(&all, r->dir, "E8", error);
    if (rc < 0 || all.count == 0) return rc;
    r->experiments++;
    report_section(r, "E8: what is lost and duplicated when something goes wrong?", &all);
    answer(r, &all);
    rc = figures(r, &all, error);
    if (rc == 0) table(r, &all);
    trials_release(&all);
    return rc;
}
