/* e8_report.c - E8 in the report: what was lost, duplicated and refused when a broker died. */
#include <stdio.h>
#include <string.h>

#include "bench/report.h"

enum { EVENTS = 4, PRODUCERS = 4 };
static const char *const events[EVENTS] = {"kill -9, page-cache", "power cut, page-cache", "power cut, interval",
                                           "power cut, group-commit"};
static const char *const producers[PRODUCERS] = {"acks=0", "acks=1, no retries", "acks=1, retries",
                                                 "acks=all, idempotent"};

static const char *cell_name(int event, int producer)
{
    static char name[TRIAL_NAME_MAX];
    snprintf(name, sizeof name, "%s; %s", events[event], producers[producer]);
    return name;
}

static double bar_x(int event, int producer)
{
    return event + (producer - 1.5) * 0.2;
}

static void bars(struct figure *f, const struct trials *all)
{
    double lost[REPORT_TRIALS_MAX];
    buf_append_str(&f->script, "$bars << EOD\n# x producer median low high\n");
    for (int e = 0; e < EVENTS; e++) {
        for (int p = 0; p < PRODUCERS; p++) {
            struct estimate v;
            if (!report_estimate(all, cell_name(e, p), "lost", &v)) continue;
            buf_printf(&f->script, "%.2f %d %g %g %g\n", bar_x(e, p), p, v.median, v.low, v.high);
            f->points++;
        }
    }
    buf_append_str(&f->script, "EOD\n$trials << EOD\n");
    for (int e = 0; e < EVENTS; e++) {
        for (int p = 0; p < PRODUCERS; p++) {
            int n = trials_values(all, cell_name(e, p), "lost", lost, REPORT_TRIALS_MAX);
            for (int i = 0; i < n; i++) buf_printf(&f->script, "%.2f %g\n", bar_x(e, p), lost[i]);
        }
    }
    buf_append_str(&f->script, "EOD\n");
}

static int losses_figure(struct report *r, const struct trials *all, const struct caption *caption,
                         struct err_text *error)
{
    static const char *const fills[PRODUCERS] = {"solid 0.85", "pattern 2", "pattern 1", "pattern 4"};
    struct figure f;
    figure_begin(&f, "e8_losses", 1000, 420);
    bars(&f, all);
    buf_append_str(&f.script,
                   "set xrange [-0.6:3.6]\nset yrange [0:*]\nset offsets 0,0,graph 0.1,0\nset boxwidth 0.18\n"
                   "set xtics (\"kill -9\\npage-cache\" 0, \"power cut\\npage-cache\" 1, \"power "
                   "cut\\nevery 100 ms\" 2, \"power cut\\ngroup-commit\" 3)\nset bmargin 3.5\n"
                   "set ylabel 'acknowledged messages that are gone'\n"
                   "set key outside top center horizontal\nplot ");
    for (int p = 0; p < PRODUCERS; p++)
        buf_printf(&f.script,
                   "$bars using ($2==%d ? $1 : NaN):3 with boxes fill %s lc rgb '%s' lw 1.5 title '%s', \\\n", p,
                   fills[p], figure_colour(p), producers[p]);
    buf_append_str(&f.script, "$trials using 1:2 with points pt 7 ps 0.4 lc rgb '#000000' title 'a trial', \\\n"
                              "$bars using 1:5:(sprintf('%.0f', $3)) with labels offset 0,0.8 notitle\n");
    int rc = report_figure(r, &f, caption, error);
    figure_release(&f);
    return rc;
}

static void put_range(struct buf *b, const struct trials *all, const char *cell, const char *metric)
{
    double values[REPORT_TRIALS_MAX];
    int n = trials_values(all, cell, metric, values, REPORT_TRIALS_MAX);
    if (n == 0) {
        buf_append_str(b, "<td>&ndash;");
        return;
    }
    values_sort(values, n);
    if (values[0] == values[n - 1])
        buf_printf(b, "<td>%.0f", values[0]);
    else
        buf_printf(b, "<td>%.0f to %.0f", values[0], values[n - 1]);
}

static void table(struct report *r, const struct trials *all)
{
    struct buf *b = &r->body;
    buf_append_str(
        b, "<table><caption>All cells of E8: messages of a trial, from the sender's ledger</caption><tr><th>what "
           "happened<th>producer<th>n<th>acknowledged and gone<th>twice<th>failed<th>out of order<th>broker "
           "away s</tr>\n");
    for (int e = 0; e < EVENTS; e++) {
        for (int p = 0; p < PRODUCERS; p++) {
            struct estimate down;
            const char *cell = cell_name(e, p);
            if (!report_estimate(all, cell, "down", &down)) continue;
            buf_printf(b, "<tr><td>%s<td>%s<td>%d", events[e], producers[p], down.n);
            put_range(b, all, cell, "lost");
            put_range(b, all, cell, "duplicated");
            put_range(b, all, cell, "failed");
            put_range(b, all, cell, "reordered");
            buf_printf(b, "<td>%.3f</tr>\n", down.median);
        }
    }
    buf_append_str(b,
                   "</table><p class=note>Failed messages are those that the producer was told about. An idempotent "
                   "producer fails all that follow when the log forgot messages that it had acknowledged: it refuses "
                   "to go on.</p>\n");
}

/* The most that any trial of an event lost, of producers that wait for an answer. */
static double most_lost(const struct trials *all, int event)
{
    double values[REPORT_TRIALS_MAX], most = -1;
    for (int p = 1; p < PRODUCERS; p++) {
        int n = trials_values(all, cell_name(event, p), "lost", values, REPORT_TRIALS_MAX);
        for (int i = 0; i < n; i++) most = values[i] > most ? values[i] : most;
    }
    return most;
}

static void answer(struct report *r, const struct trials *all)
{
    double most[EVENTS];
    for (int e = 0; e < EVENTS; e++) {
        most[e] = most_lost(all, e);
        if (most[e] < 0) return;
    }
    buf_printf(
        &r->answers,
        "<li><b>What an acknowledgement is worth.</b> Acknowledged messages (acks=1 or all, 1,000 a second) that "
        "were gone afterwards, at most in a trial: %.0f when the broker was killed, and when the power failed %.0f "
        "in page-cache, %.0f with a sync every 100 ms, %.0f with group-commit. Retries and idempotence do not bring "
        "back what a power cut takes; syncing does. <span class=note>(E8)</span></li>\n",
        most[0], most[1], most[2], most[3]);
}

int report_loss(struct report *r, struct err_text *error)
{
    struct trials all;
    const char *cells[EVENTS];
    char names[EVENTS][TRIAL_NAME_MAX], n[96];
    int rc = trials_load(&all, r->dir, "E8", error);
    if (rc < 0 || all.count == 0) return rc;
    r->experiments++;
    report_section(r, "E8: what is lost and duplicated when a broker dies?", &all);
    for (int e = 0; e < EVENTS; e++) {
        snprintf(names[e], sizeof names[e], "%s", cell_name(e, 1));
        cells[e] = names[e];
    }
    report_n(n, sizeof n, &all, cells, EVENTS, "lost", "bar");
    struct caption caption = {
        "E8. Acknowledged messages that are gone",
        "Lower is better; a bar is the median of its trials. A producer sends 1,000 messages/s; between 30 and "
        "70&nbsp;% of "
        "the way the broker is killed, or the power fails as well (what was not synced is taken out of its files), and "
        "it "
        "starts again on the same address. Then the whole log is read and compared with what was acknowledged. With "
        "acks=0 an acknowledgement only says that the message was sent.",
        n, "as named; a kill alone takes nothing out of the page cache", "E8"};
    answer(r, &all);
    rc = losses_figure(r, &all, &caption, error);
    if (rc == 0) table(r, &all);
    trials_release(&all);
    return rc;
}
