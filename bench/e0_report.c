/* e0_report.c - E0 in the report: what a pause must look like, and what was reported. */
#include <stdio.h>

#include "bench/report.h"

static void table(struct report *r, const struct trials *all)
{
    static const int at[] = {90, 95, 99};
    struct buf *b = &r->body;
    buf_append_str(b, "<table><caption>A pause of the broker, medians of trials</caption><tr><th>percentile of the "
                      "acknowledgement<th>must be s<th>reported s</tr>\n");
    for (int i = 0; i < 3; i++) {
        char name[TRIAL_NAME_MAX];
        struct estimate expected, reported;
        snprintf(name, sizeof name, "expected p%d", at[i]);
        bool has = report_estimate(all, "pause", name, &expected);
        snprintf(name, sizeof name, "reported p%d", at[i]);
        if (has && report_estimate(all, "pause", name, &reported))
            buf_printf(b, "<tr><td>p%d<td>%.3f<td>%.3f</tr>\n", at[i], expected.median, reported.median);
    }
    buf_append_str(b,
                   "</table><p class=note>The broker is stopped (SIGSTOP) for half a second in a run of four at 1,000 "
                   "messages/s. A message that is due during the pause waits for its end, so the percentiles follow "
                   "from the two lengths: pause - (1 - p) * run. A generator that waits for answers would have sent "
                   "and counted one late message.</p>\n");
}

int report_pause(struct report *r, struct err_text *error)
{
    struct trials all;
    struct estimate pause, expected, reported, off;
    int rc = trials_load(&all, r->dir, "E0", error);
    if (rc < 0 || all.count == 0) return rc;
    r->experiments++;
    report_section(r, "E0: does the harness report a stall as long as it was?", &all);
    if (!report_no_answer(r, "The harness against itself", &all, "pause") &&
        report_estimate(&all, "pause", "pause", &pause) && report_estimate(&all, "pause", "error", &off) &&
        report_estimate(&all, "pause", "expected p99", &expected) &&
        report_estimate(&all, "pause", "reported p99", &reported)) {
        buf_printf(
            &r->answers,
            "<li><b>The harness against itself.</b> %s: with the broker paused for %.2f s the 99th percentile must "
            "be %.3f s, and %.3f s were reported (largest difference %.1f&nbsp;%% of the pause). <span "
            "class=note>(E0)</span></li>\n",
            off.median <= 0.1 ? "It reports stalls" : "<span class=bad>It does not report stalls</span>", pause.median,
            expected.median, reported.median, 100 * off.median);
        table(r, &all);
    }
    trials_release(&all);
    return 0;
}
