/* E10's section from trials with known costs. */
#include "bench/page_test.h"

static void cost_trial(const char *dir, const char *cell, int number, const char *axis, double x, double append_ms)
{
    struct trial t;
    trial_init(&t, "E10", cell, number);
    trial_metric(&t, axis, "x", x);
    trial_metric(&t, "append_p50", "ms", append_ms);
    trial_metric(&t, "fetch_p50", "ms", 2 * append_ms);
    histogram_record_count(trial_histogram(&t, "append", "ns"), (int64_t)(append_ms * 1e6), 100);
    histogram_record_count(trial_histogram(&t, "fetch", "ns"), (int64_t)(append_ms * 2e6), 100);
    keep(&t, dir);
}

static void cost_page(const char *dir, double longest_ms, struct buf *page, struct buf *script)
{
    struct err_text error = {0};
    for (int i = 1; i <= 3; i++) {
        cost_trial(dir, "log of 256 MB", i, "log", 256e6, longest_ms + i * 0.001);
        cost_trial(dir, "log of 1 MB", i, "log", 1e6, 0.098 + i * 0.001);
    }
    cost_trial(dir, "1 partition", 1, "partitions", 1, 0.1);
    cost_trial(dir, "5000 partitions", 1, "partitions", 5000, 0.105);
    if (bench_report(dir, &error) != 0) unit_fail("%s", error.text);
    page_read(dir, page);
    file_read(dir, "figures/e10_cost.gnuplot", script);
}

TEST(e10, a_cost_that_stays_is_flat)
{
    struct buf page = {0}, script = {0};
    const char *dir = results_new();
    cost_page(dir, 0.098, &page, &script);
    check_has(&page, "<b>What a longer log costs.</b> A log of 256 MB against a log of 1 MB: an append takes 0.100 ms "
                     "(median), 1.00 times as long [0.98, 1.02], no growth that can be told");
    check_has(&page, "<b>What more partitions cost.</b> 5000 partitions against 1 partition");
    check_has(&page, "1.05 times as long [1.05, 1.05], less than a tenth more");
    /* Shortest first, whatever the order of the files; partitions in their own panel. */
    check_has(&script, "$c00 << EOD\n1e+06 0.100000 0.099000 0.101000 0.101");
    check_has(&script, "$c10 << EOD\n1 0.100000 0.100000 0.100000");
    check_has(&page, "<figure id=e10_cost>\n<div class=wide><svg");
    buf_release(&page);
    buf_release(&script);
    results_remove(dir);
}

TEST(e10, a_cost_that_grows_is_said_to_grow)
{
    struct buf page = {0}, script = {0};
    const char *dir = results_new();
    cost_page(dir, 0.198, &page, &script);
    check_has(&page, "2.00 times as long [1.97, 2.03], it grows; a fetch 2.00 times [1.97, 2.03], it grows");
    buf_release(&page);
    buf_release(&script);
    results_remove(dir);
}
