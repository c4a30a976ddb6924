/* E9's section from trials with known pauses. */
#include "bench/page_test.h"

static void scaling_trial(const char *dir, const char *cell, double members, double throughput)
{
    struct trial t;
    trial_init(&t, "E9", cell, 1);
    trial_metric(&t, "members", "members", members);
    trial_metric(&t, "throughput", "messages/s", throughput);
    keep(&t, dir);
}

/* `stopped` of eight partitions are silent for pause_s at a join; the others for 8 ms. */
static void rebalance_trial(const char *dir, const char *cell, double pause_s, int stopped, const char *why_void)
{
    static const char *const phases[] = {"before", "join", "leave"};
    struct trial t;
    trial_init(&t, "E9", cell, 1);
    for (int i = 0; i < 3; i++) {
        char name[TRIAL_NAME_MAX];
        bool long_one = i == 1;
        snprintf(name, sizeof name, "gap_%s", phases[i]);
        struct histogram *h = trial_histogram(&t, name, "ns");
        for (int p = 0; p < 8; p++) histogram_record(h, long_one && p < stopped ? (int64_t)(pause_s * 1e9) : 8000000);
        snprintf(name, sizeof name, "pause_%s", phases[i]);
        trial_metric(&t, name, "s", long_one ? pause_s : 0.008);
        snprintf(name, sizeof name, "stopped_%s", phases[i]);
        trial_metric(&t, name, "partitions", long_one ? stopped : 0);
    }
    if (why_void) trial_void(&t, "%s", why_void);
    keep(&t, dir);
}

TEST(e9, the_longest_gaps_are_bars_and_say_how_many_partitions_stopped)
{
    struct err_text error = {0};
    struct buf page = {0}, script = {0};
    const char *dir = results_new();
    scaling_trial(dir, "4 members", 4, 3e6);
    scaling_trial(dir, "1 member", 1, 2e6);
    rebalance_trial(dir, "rebalance, range", 0.3, 8, NULL);
    rebalance_trial(dir, "rebalance, roundrobin", 0.9, 8, "other work used 34.0 % of a processor (at most 5)");
    rebalance_trial(dir, "rebalance, cooperative-sticky", 0.2, 2, NULL);
    if (bench_report(dir, &error) != 0) unit_fail("%s", error.text);
    page_read(dir, &page);
    check_has(&page, "One member of a group reads 2.00 million messages/s, 4 together 1.50 times as many");
    check_has(
        &page,
        "an eager group (range) stops 8 of 8 partitions, the longest for 0.30 s; a cooperative one 2, for 0.20 s");
    check_has(&page,
              "<td>roundrobin<td><td>0<td colspan=7>not measurable here: other work used 34.0 % of a processor<");
    check_has(&page, "<td>cooperative-sticky<td>join<td>1<td>0.200<td>0.200 to 0.200<td>0.008<td>2 of 8<");
    file_read(dir, "figures/e9_pause.gnuplot", &script);
    check_has(&script, "$bars << EOD\n-0.18 0 0.3000 0.3000 0.3000\n0.18 1 0.0080");
    check_has(&script, "$hollow << EOD\n1.82 0 0.9000");
    check_lacks(&script, "$hollow << EOD\nEOD");
    check_has(&script, "set label 'not measurable here:' . \"\\n\" . 'other work used");
    file_read(dir, "figures/e9_scaling.gnuplot", &script);
    check_has(&script, "$c << EOD\n1 2.000000 2.000000 2.000000\n4 3.000000");
    buf_release(&page);
    buf_release(&script);
    results_remove(dir);
}
