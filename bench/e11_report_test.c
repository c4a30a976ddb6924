/* E11's section from trials with known figures. */
#include "bench/page_test.h"

static void pairs_trial(const char *dir, const char *cell, int connections, double throughput, const char *why_void)
{
    struct trial t;
    trial_init(&t, "E11", cell, 1);
    trial_metric(&t, "connections", "connections", connections);
    trial_metric(&t, "throughput", "records delivered/s", throughput);
    if (why_void) trial_void(&t, "%s", why_void);
    keep(&t, dir);
}

TEST(e11, connections_and_throughput_of_the_largest_group)
{
    struct err_text error = {0};
    struct buf page = {0}, script = {0};
    const char *dir = results_new();
    pairs_trial(dir, "1 x 1, point to point", 1, 2e6, NULL);
    pairs_trial(dir, "1 x 1, broker", 2, 1e6, NULL);
    pairs_trial(dir, "4 x 4, point to point", 16, 2e6, NULL);
    pairs_trial(dir, "4 x 4, broker", 8, 3e6, NULL);
    pairs_trial(dir, "1 x 8, point to point", 8, 2e6, NULL);
    pairs_trial(dir, "1 x 8, broker", 9, 3e6, NULL);
    pairs_trial(dir, "1 x 16, point to point", 16, 2e6, NULL);
    pairs_trial(dir, "1 x 16, broker", 17, 5e6, NULL);
    pairs_trial(dir, "8 x 1, broker", 9, 1e6, NULL);
    if (bench_report(dir, &error) != 0) unit_fail("%s", error.text);
    page_read(dir, &page);
    check_has(&page,
              "4 producers and 4 consumers need 16 connections when each pair has its own and 8 with a broker, which "
              "delivers 1.50 times as many records a second (3.00 million)");
    check_has(&page, "1 to 16: through the broker 2.50 times as many records a second as point to point");
    check_lacks(&page, "Many to one");
    file_read(dir, "figures/e11_pairs.gnuplot", &script);
    check_has(&script, "$ac0 << EOD\n1 1 1 1\n4 16 16 16\nEOD");
    check_has(&script, "$bc1 << EOD\n1 1 1 1\n4 3 3 3\nEOD");
    buf_release(&page);
    buf_release(&script);
    results_remove(dir);
}

TEST(e11, a_larger_group_that_is_void_gives_no_answer_and_is_hollow)
{
    struct err_text error = {0};
    struct buf page = {0}, script = {0};
    const char *dir = results_new();
    pairs_trial(dir, "1 x 1, point to point", 1, 2e6, NULL);
    pairs_trial(dir, "1 x 1, broker", 2, 1e6, NULL);
    pairs_trial(dir, "2 x 2, point to point", 4, 5e6, "the wall clock jumped by 20.0 ms");
    pairs_trial(dir, "2 x 2, broker", 4, 3e6, NULL);
    if (bench_report(dir, &error) != 0) unit_fail("%s", error.text);
    page_read(dir, &page);
    check_has(&page, "<b>Point to point or a broker.</b> <span class=bad>Not measurable here: the wall clock jumped");
    file_read(dir, "figures/e11_pairs.gnuplot", &script);
    check_has(&script, "$bc0 << EOD\n1 2 2 2\nEOD\n$bv0 << EOD\n2 5 5 5\nEOD");
    buf_release(&page);
    buf_release(&script);
    results_remove(dir);
}
