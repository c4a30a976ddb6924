/* The page, made from trials with known figures. */
#include <sys/stat.h>
#include <unistd.h>

#include "bench/page_test.h"
#include "lib/base/table.h"

/* Batch: 1 s for 100,000 rows; without aggregates 0.9, without tables 0.3, without rules 0.1 s. */
static void replay_trials(const char *dir)
{
    static const struct {
        const char *cell;
        double seconds;
    } cells[] = {{"batch", 1.0}, {"extract+validate+store", 0.9}, {"extract+validate", 0.3}, {"extract", 0.1}};
    struct trial t;
    for (int c = 0; c < 4; c++) {
        for (int i = 1; i <= 3; i++) {
            trial_init(&t, "E7", cells[c].cell, i);
            trial_set(&t, "rows", "100000");
            double seconds = cells[c].seconds * (1 + (i - 2) * 0.05);
            trial_metric(&t, "seconds", "s", seconds);
            trial_metric(&t, "rate", "rows/s", 100000 / seconds);
            keep(&t, dir);
        }
    }
    trial_init(&t, "E7", "batch", 4);
    trial_set(&t, "rows", "100000");
    trial_metric(&t, "rate", "rows/s", 1);
    trial_metric(&t, "seconds", "s", 100000);
    trial_void(&t, "somebody <else> used the machine");
    keep(&t, dir);
}

/* A row's 50 ms, of which its transaction has three. */
static void stream_stages(struct trial *t)
{
    static const char *const parts[] = {"lateness", "transport", "validate", "wait", "transform", "commit"};
    static const int64_t ms[] = {1, 2, 4, 40, 1, 2};
    for (int i = 0; i < 6; i++) histogram_record_count(trial_histogram(t, parts[i], "ns"), ms[i] * 1000000, 100);
    histogram_record_count(trial_histogram(t, "total", "ns"), 50000000, 100);
    histogram_record_count(trial_histogram(t, "ack", "ns"), 9000000, 100);
    trial_metric(t, "transaction_rows", "rows", 10);
    trial_metric(t, "transaction_s", "s", 0.003);
    trial_metric(t, "loader_user", "s per million events", 70);
    trial_metric(t, "loader_system", "s per million events", 7);
    trial_metric(t, "loader_busy", "processors", 0.25);
    trial_metric(t, "broker_busy", "processors", 0.125);
}

static void freshness_trials(const char *dir)
{
    static const char *const cells[] = {"batch every 0.25 s", "batch every 1 s", "batch every 4 s", "stream"};
    static const double age_s[] = {0.225, 0.6, 2.1, 0.05};
    struct trial t;
    for (int c = 0; c < 4; c++) {
        for (int i = 1; i <= 3; i++) {
            trial_init(&t, "E5", cells[c], i);
            trial_set(&t, "rate", "500");
            trial_metric(&t, "cpu", "s per million events", 0.5);
            trial_metric(&t, "age_mean", "s", age_s[c]);
            trial_metric(&t, "age_peak", "s", 2 * age_s[c]);
            trial_metric(&t, "unseen", "rows", c == 2 ? 100 : 0);
            if (c == 3) stream_stages(&t);
            histogram_record_count(trial_histogram(&t, "age", "ns"), (int64_t)(age_s[c] * 1e9), 100);
            histogram_record_count(trial_histogram(&t, "latency", "ns"), (int64_t)(age_s[c] * 1e9), 100);
            if (c < 3) histogram_record_count(trial_histogram(&t, "refresh", "ns"), 100000000, 10);
            keep(&t, dir);
        }
    }
}

/* A stream whose rows are 50 ms old with its probe, and 40 without. */
static void bare_trials(const char *dir)
{
    struct trial t;
    for (int i = 1; i <= 3; i++) {
        trial_init(&t, "E5", "stream, not probed", i);
        trial_metric(&t, "age_mean", "s", 0.04);
        histogram_record_count(trial_histogram(&t, "age", "ns"), 40000000, 100);
        keep(&t, dir);
    }
}

/* gnuplot gives its patterns the same ids in every drawing, with different colours. */
static void check_ids_differ(const struct buf *page)
{
    struct table seen = {0};
    int count = 0;
    for (const char *at = (const char *)page->p; (at = strstr(at, " id=")) != NULL;) {
        at += 4;
        const char quote = *at == '\'' || *at == '"' ? *at++ : '>';
        const char *end = strchr(at, quote);
        struct slice id = slice_of(at, (size_t)(end - at));
        if (table_set(&seen, id, &seen)) unit_fail("id %.*s comes twice", (int)id.n, at);
        count++;
    }
    check(count > 50);
    table_release(&seen);
}

TEST(report, answers_come_from_the_trials)
{
    struct err_text error = {0};
    struct buf page = {0};
    const char *dir = results_new();
    replay_trials(dir);
    freshness_trials(dir);
    bare_trials(dir);
    if (bench_report(dir, &error) != 0) unit_fail("%s", error.text);
    page_read(dir, &page);
    check_has(&page, "instrumented / bare: mean age 1.25 [1.25, 1.25] (in brackets what the extremes of the trials "
                     "allow, n=3)");
    check_has(&page, "A batch loads 100000 rows/s");
    check_has(&page, "(E7, n=3 trials.)</span>"); /* nothing of the limits, which these results have not */
    check_has(&page, "bottleneck is the stage <b>store</b> (6.0 of 10.0 &micro;s per row)");
    check_has(&page, "at most 0.050 s old when streaming");
    check_has(&page, "<td>300<td>1.00");
    check_has(&page, "3.00 ms each and 0.0 &micro;s a row; a row is with the worker 7.00 ms after it was born");
    /* 0.225 s: not within 0.1, within 1; of 4 seconds half of the rows were never seen. */
    check_has(&page, "<td>0.0<td>100.0<td>100.0</tr>");
    check_has(&page, "<td>0.0<td>0.0<td>50.0</tr>");
    check_has(&page, "busiest: the loader, 0.25 of a processor");
    /* 13 trials, one void: left out of the figures, named with its reason, whatever it is made of. */
    check_has(&page, "13 trials, 1 void");
    check_has(&page, "somebody &lt;else&gt; used the machine");
    buf_release(&page);
    results_remove(dir);
}

TEST(report, the_page_stands_alone)
{
    struct err_text error = {0};
    struct buf page = {0};
    const char *dir = results_new();
    replay_trials(dir);
    freshness_trials(dir);
    if (bench_report(dir, &error) != 0) unit_fail("%s", error.text);
    page_read(dir, &page);
    check_has(&page, "<figure id=e5_age>\n<div class=wide><svg");
    check_has(&page, "<figure id=e7_rates>\n<div class=wide><svg");
    check_has(&page, "millrace bench run E7 --profile quick --out DIR");
    check_lacks(&page, "src=");
    check_lacks(&page, "<link");
    check_lacks(&page, "<?xml");
    check_ids_differ(&page);
    buf_release(&page);
    results_remove(dir);
}

/* Three void trials of each of two cells, a valid one of one of them. */
static void noisy_acks_trials(const char *dir)
{
    static const char *const cells[] = {"acks=1 page-cache", "acks=all group-commit"};
    struct trial t;
    for (int c = 0; c < 2; c++) {
        for (int i = 1; i <= 3 + c; i++) {
            trial_init(&t, "E1", cells[c], i);
            trial_set(&t, "paced_rate", "2000");
            trial_set(&t, "durability", strchr(cells[c], ' ') + 1);
            trial_metric(&t, "throughput", "messages/s", 1e6 * i);
            trial_metric(&t, "broker_cpu", "s per million messages", 1);
            histogram_record_count(trial_histogram(&t, "ack", "ns"), 1000000 * i, 1000);
            histogram_record_count(trial_histogram(&t, "end_to_end", "ns"), 2000000 * i, 1000);
            if (i < 4) trial_void(&t, "other work used 34.0 %% of a processor (at most 5)");
            keep(&t, dir);
        }
    }
}

TEST(report, a_cell_with_void_trials_only_is_hollow_and_says_why)
{
    struct err_text error = {0};
    struct buf page = {0}, script = {0};
    const char *dir = results_new();
    noisy_acks_trials(dir);
    if (bench_report(dir, &error) != 0) unit_fail("%s", error.text);
    page_read(dir, &page);
    check_has(&page,
              "<b>What acks cost.</b> <span class=bad>Not measurable here: other work used 34.0 % of a processor.");
    check_has(&page,
              "<td>page-cache<td>1<td>0<td colspan=10>not measurable here: other work used 34.0 % of a processor<");
    check_has(&page, "<td>group-commit<td>all<td>1<td>4000000<");
    check_has(&page, "n = 1 interleaved trials per bar");
    file_read(dir, "figures/e1_throughput.gnuplot", &script);
    check_has(&script, "$bars << EOD\n# x acks median low high\n1.26 2 4.000000 4.000000 4.000000\nEOD");
    check_has(&script, "$hollow << EOD\n0.00 1 2.000000\nEOD");
    check_has(&script, "'not measurable here:' . \"\\n\" . 'other work used 34.0 % of a processor' at 0,");
    buf_release(&script);
    buf_release(&page);
    results_remove(dir);
}

/* Records of 10 B (void), 100 B and 10 KB. */
static void size_trials(const char *dir)
{
    static const char *const cells[] = {"10 B", "100 B", "10 KB"};
    static const double bytes[] = {10, 100, 10000}, rates[] = {3e6, 2e6, 5e4};
    struct trial t;
    for (int c = 0; c < 3; c++) {
        trial_init(&t, "E4", cells[c], 1);
        trial_metric(&t, "message", "bytes", bytes[c]);
        trial_metric(&t, "throughput", "messages/s", rates[c]);
        trial_metric(&t, "bytes", "MB/s", rates[c] * bytes[c] / 1e6);
        if (c == 0) trial_void(&t, "the wall clock jumped by 20.0 ms");
        keep(&t, dir);
    }
}

TEST(report, sizes_are_points_and_void_ones_are_hollow)
{
    struct err_text error = {0};
    struct buf page = {0}, script = {0};
    const char *dir = results_new();
    size_trials(dir);
    if (bench_report(dir, &error) != 0) unit_fail("%s", error.text);
    page_read(dir, &page);
    file_read(dir, "figures/e4_size.gnuplot", &script);
    check_has(&page, "2.00 million/s, 200 MB/s; of 10 KB: 500 MB/s, 2.5 times the bytes");
    check_has(&page, "<td>10 B<td>0<td colspan=7>not measurable here: the wall clock jumped by 20.0 ms<");
    check_has(&script,
              "$c0 << EOD\n100 2e+06 2e+06 2e+06\n10000 50000 50000 50000\nEOD\n$v0 << EOD\n10 3e+06 3e+06 3e+06\nEOD");
    buf_release(&script);
    buf_release(&page);
    results_remove(dir);
}

TEST(report, losses_come_from_the_ledger_and_acks_0_promises_nothing)
{
    static const char *const events[] = {"kill -9, page-cache", "power cut, page-cache", "power cut, interval",
                                         "power cut, group-commit"};
    static const double lost[] = {0, 600, 90, 0};
    struct err_text error = {0};
    struct buf page = {0};
    struct trial t;
    const char *dir = results_new();
    for (int e = 0; e < 4; e++) {
        for (int i = 1; i <= 3; i++) {
            char cell[TRIAL_NAME_MAX];
            snprintf(cell, sizeof cell, "%s; %s", events[e], i == 3 ? "acks=0" : "acks=1, retries");
            trial_init(&t, "E8", cell, i);
            trial_metric(&t, "lost", "messages", i == 3 ? 999 : lost[e] - (i == 2 ? lost[e] / 2 : 0));
            trial_metric(&t, "down", "s", 0.01);
            keep(&t, dir);
        }
    }
    if (bench_report(dir, &error) != 0) unit_fail("%s", error.text);
    page_read(dir, &page);
    check_has(&page, "0 when the broker was killed, and when the power failed 600 in page-cache, 90 with a sync every "
                     "100 ms, 0 with");
    check_has(&page, "<td>power cut, page-cache<td>acks=1, retries<td>2<td>300 to 600<");
    buf_release(&page);
    results_remove(dir);
}

TEST(report, an_experiment_with_void_trials_only_says_so)
{
    struct err_text error = {0};
    struct buf page = {0};
    struct trial t;
    const char *dir = results_new();
    trial_init(&t, "E1", "acks=1 page-cache", 1);
    trial_void(&t, "other work used 180 %% of a processor");
    trial_void(&t, "the wall clock jumped");
    keep(&t, dir);
    if (bench_report(dir, &error) != 0) unit_fail("%s", error.text);
    page_read(dir, &page);
    check_has(&page, "1 trial, 1 void");
    check_has(&page, "other work used 180 % of a processor; the wall clock jumped");
    check_has(&page, "Not measurable here");
    check_lacks(&page, "<figure"); /* not even the void ones have anything to show */
    buf_release(&page);
    results_remove(dir);
}

TEST(report, without_results_there_is_no_page)
{
    struct err_text error = {0};
    struct stat st;
    char path[128];
    const char *dir = results_new();
    check_int(bench_report(dir, &error), ERR_NOTFOUND);
    check(strstr(error.text, dir) != NULL);
    snprintf(path, sizeof path, "%s/report.html", dir);
    check(stat(path, &st) != 0);
    results_remove(dir);
    check_int(bench_report("there-is-no-such-folder", NULL), ERR_NOTFOUND);
}

TEST(bench, an_unknown_experiment_is_refused_before_anything_runs)
{
    struct err_text error = {0};
    const char *const ids[] = {"E99", NULL};
    struct bench_options options = {.dir = "never-created"};
    check_int(bench_run(&options, ids, &error), ERR_INVALID);
    check(strstr(error.text, "E99") != NULL);
    check(access("never-created", F_OK) != 0);
}
