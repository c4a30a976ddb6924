/* E12's section from trials with known times. */
#include "bench/page_test.h"

static void state_trial(const char *dir, const char *cell, int number, const char *axis, double events, double ms)
{
    struct trial t;
    trial_init(&t, "E12", cell, number);
    trial_metric(&t, axis, "events", events);
    trial_metric(&t, "answer_p50", "ms", ms);
    trial_metric(&t, "read", "events", events);
    histogram_record_count(trial_histogram(&t, "answer", "ns"), (int64_t)(ms * 1e6), 100);
    keep(&t, dir);
}

TEST(e12, ways_are_lines_over_the_length_and_the_longest_answers)
{
    static const char *const ways[] = {"replay", "snapshot", "state table", "replay without", "compensate", "restore"},
                             *const axes[] = {"replayed", "snapshotted", "tabled",
                                              "left_out", "compensated", "restored"};
    struct buf page = {0}, script = {0};
    struct err_text error = {0};
    const char *dir = results_new();
    for (int w = 0; w < 6; w++) {
        for (int i = 1; i <= 3; i++) {
            char cell[TRIAL_NAME_MAX];
            snprintf(cell, sizeof cell, "%s, 20000 events", ways[w]);
            state_trial(dir, cell, i, axes[w], 20000, 10 * (w + 1) + i * 0.001);
            snprintf(cell, sizeof cell, "%s, 200 events", ways[w]);
            state_trial(dir, cell, i, axes[w], 200, w + 1 + i * 0.001);
        }
    }
    if (bench_report(dir, &error) != 0) unit_fail("%s", error.text);
    page_read(dir, &page);
    file_read(dir, "figures/e12_state.gnuplot", &script);
    check_has(&page,
              "<b>What a folded state costs.</b> After 20000 events every event again: 10.002 ms, from a snapshot: "
              "20.002 ms, a row in SQLite: 30.002 ms (medians).");
    check_has(&page, "<b>What a correction costs.</b> After 20000 events replay without it: 40.002 ms, its contrary "
                     "appended: 50.002 ms, backup restored, changes again: 60.002 ms (medians).");
    check_has(&script, "$c00 << EOD\n200 1.002000 1.001000 1.003000\n20000 10.002000");
    check_has(&script, "$c12 << EOD\n200 6.002000");
    /* Snapshots do not mend anything here, and the claim says so. */
    check_has(&page, "median time of an answer of every event again / from a snapshot &gt;= 2");
    buf_release(&page);
    buf_release(&script);
    results_remove(dir);
}
