/* e1_chain.c - where the time of a message goes, in E1: two chains whose parts sum message by message (record.h). */
#include <math.h>

#include "bench/report.h"

static double mean_ms(const struct trials *all, const char *cell, const char *histogram)
{
    struct histogram h;
    histogram_init(&h);
    double ms = trials_merge(all, cell, histogram, &h) > 0 ? histogram_mean(&h) / 1e6 : NAN;
    histogram_release(&h);
    return ms;
}

static void bars(struct figure *f, const struct trials *all, const char *const cells[], int count)
{
    buf_append_str(&f->script, "$parts << EOD\n# y part from to\n");
    for (int i = 0; i < count; i++) {
        double late = mean_ms(all, cells[i], "generator_lag"), ack = mean_ms(all, cells[i], "produce_to_ack");
        double received = mean_ms(all, cells[i], "produce_to_received");
        if (isnan(late) || isnan(ack)) continue;
        buf_printf(&f->script, "%.2f 0 0 %.4f\n%.2f 1 %.4f %.4f\n", count - i + 0.2, late, count - i + 0.2, late,
                   late + ack);
        f->points++;
        if (isnan(received)) continue;
        buf_printf(&f->script, "%.2f 0 0 %.4f\n%.2f 2 %.4f %.4f\n", count - i - 0.2, late, count - i - 0.2, late,
                   late + received);
    }
    buf_append_str(&f->script, "EOD\nset ytics (");
    for (int i = 0; i < count; i++) buf_printf(&f->script, "%s'%s' %d", i ? ", " : "", cells[i], count - i);
    buf_append_str(&f->script, ")\n");
}

int report_acks_chain(struct report *r, const struct trials *all, const char *const cells[], int count,
                      struct err_text *error)
{
    static const char *const names[] = {"lateness", "produce to acknowledged", "produce to received"};
    static const char *const fills[] = {"solid 0.85", "pattern 4", "pattern 2"};
    static const int colours[] = {3, 0, 1};
    struct figure f;
    char n[96];
    figure_begin(&f, "e1_chain", 1000, 110 + 36 * count);
    bars(&f, all, cells, count);
    buf_printf(
        &f.script,
        "set yrange [0.4:%d.6]\nset xrange [0:*]\nset xlabel 'milliseconds since the instant at which the message "
        "was due (mean)'\nset grid xtics lc rgb '#dddddd' lt 1\nset key outside top center horizontal maxcols 2\nplot ",
        count);
    for (int k = 0; k < 3; k++)
        buf_printf(
            &f.script,
            "$parts using ($2==%d ? $3 : NaN):1:3:4:($1-0.16):($1+0.16) with boxxyerror fill %s lc rgb '%s' title "
            "'%s'%s",
            k, fills[k], figure_colour(colours[k]), names[k], k < 2 ? ", \\\n" : "\n");
    report_n(n, sizeof n, all, cells, count, "paced_n", "pair");
    struct caption caption = {
        "E1. Where the time of a message goes",
        "Means over all messages of the paced runs, which add up message by message: how late the generator itself "
        "was, "
        "and then what client and broker took until the acknowledgement (upper bar) or until a consumer had it (lower "
        "bar).",
        n, "as above", "E1"};
    int rc = report_figure(r, &f, &caption, error);
    figure_release(&f);
    return rc;
}
