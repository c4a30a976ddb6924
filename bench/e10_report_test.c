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

/* The same logs of a peer, twice as dear; and one that is not spoken to. */
static void peer_trials(const char *dir)
{
    static const char *const cells[] = {"apache-kafka: log of 1 MB", "apache-kafka: log of 256 MB"};
    struct trial t;
    for (int i = 0; i < 2; i++) {
        trial_init(&t, "E10", cells[i], 1);
        trial_set(&t, "target", "apache-kafka");
        trial_set(&t, "durability", "page-cache");
        trial_set(&t, "promise", "page-cache");
        trial_metric(&t, "log", "bytes", i ? 256e6 : 1e6);
        trial_metric(&t, "append_p50", "ms", i ? 0.24 : 0.2);
        trial_metric(&t, "fetch_p50", "ms", 0.4);
        histogram_record_count(trial_histogram(&t, "append", "ns"), i ? 240000 : 200000, 1000);
        histogram_record_count(trial_histogram(&t, "fetch", "ns"), 400000, 1000);
        keep(&t, dir);
    }
    trial_init(&t, "E10", "redis: not measured", 1);
    trial_set(&t, "target", "redis");
    trial_void(&t, "it does not speak Kafka's protocol");
    keep(&t, dir);
}

TEST(e10, a_peer_has_curves_rows_and_an_answer_of_its_own)
{
    struct buf page = {0}, script = {0};
    const char *dir = results_new();
    peer_trials(dir);
    cost_page(dir, 0.098, &page, &script);
    /* Ours is not mixed with theirs. */
    check_has(&page, "<b>What a longer log costs.</b> A log of 256 MB against a log of 1 MB: an append takes 0.100 ms");
    check_has(&script, "$c00 << EOD\n1e+06 0.100000 0.099000 0.101000 0.101");
    check_has(&page,
              "<b>What a longer log costs apache-kafka.</b> apache-kafka: log of 256 MB against apache-kafka: log "
              "of 1 MB: an append takes 0.240 ms (median), 1.20 times as long [1.20, 1.20], it grows");
    check_has(&script, "$p00 << EOD\n1e+06 0.200000 0.200000 0.200000 0.2");
    check_has(&script, "title 'redis: not measured'");
    check_has(&page, "<b>Beside apache-kafka (E10).</b>");
    check_has(&page, "<b>Beside redis (E10).</b> <span class=bad>Not measured:</span> it does not speak Kafka's "
                     "protocol.</li>");
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
