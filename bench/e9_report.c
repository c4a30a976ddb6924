/* e9_report.c - E9 in the report: what members of a group add, and how long a change of the group stops partitions. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report.h"

enum { STRATEGIES = 3, CHANGES = 2, SIZES_MAX = 16 };

static const char *const strategies[STRATEGIES] = {"range", "cooperative-sticky", "roundrobin"};
static const char *const changes[CHANGES] = {"join", "leave"};

static const char *strategy_cell(int s)
{
    static char names[STRATEGIES][TRIAL_NAME_MAX];
    snprintf(names[s], sizeof names[s], "rebalance, %s", strategies[s]);
    return names[s];
}

static const char *metric_of(const char *prefix, int change)
{
    static char name[TRIAL_NAME_MAX];
    snprintf(name, sizeof name, "%s_%s", prefix, changes[change]);
    return name;
}

/* A group's size and its cell. */
struct size {
    const char *cell;
    double members;
};

static int by_members(const void *a, const void *b)
{
    const struct size *p = a, *q = b;
    return (p->members > q->members) - (p->members < q->members);
}

static int sizes_find(const struct trials *all, struct size sizes[SIZES_MAX])
{
    int n = 0;
    for (int i = 0; i < all->count && n < SIZES_MAX; i++) {
        const struct trial *t = &all->items[i];
        double members = trial_value(t, "members");
        bool known = isnan(members);
        for (int k = 0; k < n; k++) known |= strcmp(sizes[k].cell, t->cell) == 0;
        if (!known) sizes[n++] = (struct size){t->cell, members};
    }
    qsort(sizes, (size_t)n, sizeof *sizes, by_members);
    return n;
}

/* --- scaling --- */

static void scaling_points(struct figure *f, const struct trials *all, const struct size *sizes, int count,
                           bool is_void)
{
    char why[REPORT_WHY_MAX];
    struct trials voids = trials_voids(all);
    for (int i = 0; i < count; i++) {
        struct estimate e;
        if (report_unmeasurable(all, sizes[i].cell, why) != is_void ||
            !report_estimate(is_void ? &voids : all, sizes[i].cell, "throughput", &e))
            continue;
        buf_printf(&f->script, "%g %.6f %.6f %.6f\n", sizes[i].members, e.median / 1e6, e.low / 1e6, e.high / 1e6);
        f->points++;
    }
}

static int scaling_figure(struct report *r, const struct trials *all, const struct size *sizes, int count,
                          struct err_text *error)
{
    struct figure f;
    const char *cells[SIZES_MAX];
    char n[96];
    figure_begin(&f, "e9_scaling", 760, 400);
    buf_append_str(&f.script, "$c << EOD\n");
    scaling_points(&f, all, sizes, count, false);
    buf_append_str(&f.script, "EOD\n$v << EOD\n");
    scaling_points(&f, all, sizes, count, true);
    buf_append_str(&f.script, "EOD\n");
    for (int i = 0; i < count; i++) cells[i] = sizes[i].cell;
    buf_printf(&f.script,
               "set xrange [0.5:%g]\nset yrange [0:*]\nset offsets 0,0,graph 0.15,0\nset xtics 1\n"
               "set xlabel 'members of the group'\nset ylabel 'million messages/s, all members'\n"
               "set key top left Left reverse\n"
               "plot $c using 1:2 with lines lw 2.5 lc rgb '%s' notitle, \\\n"
               "$c using 1:2:3:4 with yerrorbars pt 7 ps 1 lw 1.5 lc rgb '%s' title 'received', \\\n"
               "$v using 1:2 with points pt 6 ps 1.2 lc rgb '%s' title 'received (void)'\n",
               count > 0 ? sizes[count - 1].members + 0.5 : 4.5, figure_colour(0), figure_colour(0), figure_faded(0));
    report_n(n, sizeof n, all, cells, count, "throughput", "point");
    struct caption caption = {
        "E9. Throughput of a consumer group, by its members",
        "Higher is better. A group reads a complete topic of eight partitions (100 B messages) as fast as it can, from "
        "the first record that a member gets to the last one; each has a queue for all of it, because a client of "
        "librdkafka 2.0 whose queue was full looks again only after a second. Members are librdkafka clients with "
        "threads of their own "
        "on the same machine as the broker: beyond its processors more members cannot add anything.",
        n, "page-cache", "E9"};
    int rc = report_figure(r, &f, &caption, error);
    figure_release(&f);
    return rc;
}

/* --- rebalance --- */

static double bar_x(int strategy, int change)
{
    return strategy + (change - 0.5) * 0.36;
}

/* Lines "x change pause low high": the longest gap of any partition. */
static void pause_bars(struct figure *f, const struct trials *all, bool is_void)
{
    char why[REPORT_WHY_MAX];
    struct trials voids = trials_voids(all);
    const struct trials *from = is_void ? &voids : all;
    for (int s = 0; s < STRATEGIES; s++) {
        for (int c = 0; c < CHANGES; c++) {
            struct estimate e;
            if (report_unmeasurable(all, strategy_cell(s), why) != is_void ||
                !report_estimate(from, strategy_cell(s), metric_of("pause", c), &e))
                continue;
            buf_printf(&f->script, "%.2f %d %.4f %.4f %.4f\n", bar_x(s, c), c, e.median, e.low, e.high);
            f->points++;
        }
    }
}

/* What a hollow bar has to say for itself. */
static void hollow_notes(struct figure *f, const struct trials *all)
{
    char why[REPORT_WHY_MAX];
    for (int s = 0; s < STRATEGIES; s++)
        if (report_unmeasurable(all, strategy_cell(s), why)) figure_note(&f->script, s, why);
}

/* Each partition's longest gap, of all trials: "x gap", spread over the bar's width. */
static void partition_points(struct figure *f, const struct trials *all, int strategy, int change)
{
    for (int p = 0; p <= 10; p++) {
        double gap_ns = report_percentile(all, strategy_cell(strategy), metric_of("gap", change), p * 10);
        if (gap_ns >= 0) buf_printf(&f->script, "%.3f %.4f\n", bar_x(strategy, change) + (p - 5) * 0.026, gap_ns / 1e9);
    }
}

/* Whether a cell was tried at all: not each profile has all. */
static bool is_there(const struct trials *all, const char *cell)
{
    for (int i = 0; i < all->count; i++)
        if (strcmp(all->items[i].cell, cell) == 0) return true;
    return false;
}

static int pause_figure(struct report *r, const struct trials *all, struct err_text *error)
{
    static const char *const fills[CHANGES] = {"solid 0.85", "pattern 2"};
    struct figure f;
    const char *cells[STRATEGIES];
    char n[96];
    figure_begin(&f, "e9_pause", 900, 420);
    buf_append_str(&f.script, "$bars << EOD\n");
    pause_bars(&f, all, false);
    buf_append_str(&f.script, "EOD\n$hollow << EOD\n");
    pause_bars(&f, all, true);
    buf_append_str(&f.script, "EOD\n$partitions << EOD\n");
    for (int s = 0; s < STRATEGIES; s++)
        for (int c = 0; c < CHANGES; c++) partition_points(&f, all, s, c);
    buf_append_str(&f.script, "EOD\n");
    hollow_notes(&f, all);
    buf_printf(&f.script,
               "set xrange [-0.6:%.1f]\nset yrange [0:*]\nset offsets 0,0,graph 0.1,0\nset boxwidth 0.32\n"
               "set xtics ('range (eager)' 0, 'cooperative-sticky' 1, 'roundrobin (eager)' 2)\n"
               "set ylabel 'longest gap of a partition, seconds'\nset key outside top center horizontal\nplot ",
               is_there(all, strategy_cell(STRATEGIES - 1)) ? STRATEGIES - 0.4 : STRATEGIES - 1.4);
    for (int c = 0; c < CHANGES; c++)
        buf_printf(&f.script,
                   "$bars using ($2==%d ? $1 : NaN):3 with boxes fill %s lc rgb '%s' lw 1.5 notitle, \\\n"
                   "$hollow using ($2==%d ? $1 : NaN):3 with boxes fill empty lc rgb '%s' dt 3 lw 1.5 notitle, \\\n"
                   "NaN with boxes fill %s lc rgb '%s' lw 1.5 title 'a member %ss', \\\n",
                   c, fills[c], figure_colour(c), c, figure_colour(c), fills[c], figure_colour(c), changes[c]);
    buf_append_str(&f.script,
                   "$bars using 1:3:4:5 with yerrorbars pt -1 ps 0 lc rgb '#000000' lw 1.5 notitle, \\\n"
                   "$partitions using 1:2 with points pt 7 ps 0.5 lc rgb '#000000' title 'partitions, in order'\n");
    for (int s = 0; s < STRATEGIES; s++) cells[s] = strategy_cell(s);
    report_n(n, sizeof n, all, cells, STRATEGIES, "pause_join", "strategy");
    struct caption caption = {
        "E9. How long a partition is silent when a member joins or leaves",
        "Lower is better. 4,000 messages/s arrive on eight partitions and three members read them; a fourth joins and "
        "later leaves. A bar is the longest time between two records that any partition had, from the change on "
        "(median "
        "of trials, the line its range); dots over it are the deciles of all partitions' longest gaps. Eager: "
        "everything stops "
        "until everybody is back. Cooperative: only what moves. A member learns of a rebalance by its heartbeat, here "
        "every 250 ms (the client's default is 3 s), so pauses grow with that; librdkafka joins at most once a second, "
        "which "
        "is what the second round of a cooperative rebalance waits for.",
        n, "page-cache", "E9"};
    int rc = report_figure(r, &f, &caption, error);
    figure_release(&f);
    return rc;
}

/* --- tables and answers --- */

static void scaling_table(struct report *r, const struct trials *all, const struct size *sizes, int count)
{
    struct buf *b = &r->body;
    char why[REPORT_WHY_MAX];
    buf_append_str(b, "<table><caption>E9: a group reads as fast as it can</caption><tr><th>group<th>n<th>messages/s"
                      "<th>interval<th>first record after s<th>longest wait of a member s<th>busiest member's "
                      "share<th>broker CPU s/M<th>clients' CPU "
                      "s/M</tr>\n");
    for (int i = 0; i < count; i++) {
        struct estimate e, first = {0}, wait = {0}, busiest = {0}, broker = {0}, client = {0};
        const char *cell = sizes[i].cell;
        if (report_unmeasurable(all, cell, why))
            buf_printf(b, "<tr class=note><td>%s<td>0<td colspan=7>%s</tr>\n", cell, why);
        if (!report_estimate(all, cell, "throughput", &e)) continue;
        report_estimate(all, cell, "first_record", &first);
        report_estimate(all, cell, "longest_wait", &wait);
        report_estimate(all, cell, "busiest", &busiest);
        report_estimate(all, cell, "broker_cpu", &broker);
        report_estimate(all, cell, "client_cpu", &client);
        buf_printf(b, "<tr><td>%s<td>%d<td>%.0f<td>%.0f to %.0f<td>%.2f<td>%.3f<td>%.0f&nbsp;%%<td>%.2f<td>%.2f</tr>\n",
                   cell, e.n, e.median, e.low, e.high, first.median, wait.median, busiest.median * 100, broker.median,
                   client.median);
    }
    buf_append_str(b, "</table>\n");
}

static void pause_table(struct report *r, const struct trials *all)
{
    struct buf *b = &r->body;
    char why[REPORT_WHY_MAX];
    buf_append_str(
        b, "<table><caption>E9: a member joins, then leaves</caption><tr><th>strategy<th>change<th>n<th>longest "
           "gap s<th>interval<th>median partition s<th>partitions stopped<th>before s<th>end to end p99 "
           "ms<th>delivered again</tr>\n");
    for (int s = 0; s < STRATEGIES; s++) {
        const char *cell = strategy_cell(s);
        if (report_unmeasurable(all, cell, why))
            buf_printf(b, "<tr class=note><td>%s<td><td>0<td colspan=7>%s</tr>\n", strategies[s], why);
        for (int c = 0; c < CHANGES; c++) {
            struct estimate e, stopped = {0}, before = {0}, again = {0};
            if (!report_estimate(all, cell, metric_of("pause", c), &e)) continue;
            report_estimate(all, cell, metric_of("stopped", c), &stopped);
            report_estimate(all, cell, "pause_before", &before);
            report_estimate(all, cell, "redelivered", &again);
            buf_printf(
                b, "<tr><td>%s<td>%s<td>%d<td>%.3f<td>%.3f to %.3f<td>%.3f<td>%.0f of 8<td>%.3f<td>%.0f<td>%.0f</tr>\n",
                strategies[s], changes[c], e.n, e.median, e.low, e.high,
                report_percentile(all, cell, metric_of("gap", c), 50) / 1e9, stopped.median, before.median,
                report_percentile(all, cell, "end_to_end", 99) / 1e6, again.median);
        }
    }
    buf_append_str(b, "</table><p class=note>Stopped: silent for more than 10 ms, five times what lies between two "
                      "messages of a partition. Before: the longest gap of any partition before the change. End to end "
                      "and what was delivered again are of the whole trial: librdkafka 2.0 reads what it keeps in a "
                      "cooperative rebalance again.</p>\n");
}

static void answers(struct report *r, const struct trials *all, const struct size *sizes, int count)
{
    static const char scaling[] = "What members add", pause[] = "What a rebalance costs";
    struct estimate one, most, eager, cooperative, stopped = {0}, stopped_less = {0};
    if (count > 1 && !report_no_answer(r, scaling, all, sizes[0].cell) &&
        !report_no_answer(r, scaling, all, sizes[count - 1].cell) &&
        report_estimate(all, sizes[0].cell, "throughput", &one) &&
        report_estimate(all, sizes[count - 1].cell, "throughput", &most))
        buf_printf(
            &r->answers,
            "<li><b>%s.</b> One member of a group reads %.2f million messages/s, %.0f together %.2f times as many. "
            "<span class=note>(E9, n=%d)</span></li>\n",
            scaling, one.median / 1e6, sizes[count - 1].members, most.median / one.median, most.n);
    const char *range = strategy_cell(0), *sticky = strategy_cell(1);
    if (report_no_answer(r, pause, all, range) || report_no_answer(r, pause, all, sticky) ||
        !report_estimate(all, range, "pause_join", &eager) || !report_estimate(all, sticky, "pause_join", &cooperative))
        return;
    report_estimate(all, range, "stopped_join", &stopped);
    report_estimate(all, sticky, "stopped_join", &stopped_less);
    buf_printf(
        &r->answers,
        "<li><b>%s.</b> When a fourth member joins, an eager group (range) stops %.0f of 8 partitions, the longest "
        "for %.2f s; a cooperative one %.0f, for %.2f s. <span class=note>(E9, heartbeats every 250 ms, "
        "n=%d)</span></li>\n",
        pause, stopped.median, eager.median, stopped_less.median, cooperative.median, eager.n);
}

int report_groups(struct report *r, struct err_text *error)
{
    struct trials all;
    struct size sizes[SIZES_MAX];
    int rc = trials_load(&all, r->dir, "E9", error);
    if (rc < 0 || all.count == 0) return rc;
    r->experiments++;
    report_section(r, "E9: what do members of a consumer group add, and what does a rebalance cost?", &all);
    int count = sizes_find(&all, sizes);
    answers(r, &all, sizes, count);
    rc = scaling_figure(r, &all, sizes, count, error);
    if (rc == 0 && count > 0) scaling_table(r, &all, sizes, count);
    if (rc == 0) rc = pause_figure(r, &all, error);
    if (rc == 0) pause_table(r, &all);
    trials_release(&all);
    return rc;
}
