/* Targets side by side on the page, from trials with known figures. */
#include "bench/peer_report.h"

#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/page_test.h"
#include "tests/unit.h"

/* acks=1 in two modes: ours four times the throughput of the peer's in the page cache, as much on disk. */
static void trials_keep(const char *dir)
{
    static const struct {
        const char *cell, *target, *durability, *promise;
        double rate;
    } cells[] = {{"acks=1 page-cache", "millrace", "page-cache", "page-cache", 4e6},
                 {"acks=1 group-commit", "millrace", "group-commit", "on-disk", 1e6},
                 {"peer: acks=1 page-cache", "peer", "page-cache", "page-cache", 1e6},
                 {"peer: acks=1 sync-per-append", "peer", "sync-per-append", "on-disk", 1e6}};
    struct trial t;
    for (size_t c = 0; c < sizeof cells / sizeof cells[0]; c++) {
        for (int i = 1; i <= 3; i++) {
            trial_init(&t, "E1", cells[c].cell, i);
            trial_set(&t, "target", cells[c].target);
            trial_set(&t, "durability", cells[c].durability);
            trial_set(&t, "promise", cells[c].promise);
            trial_metric(&t, "throughput", "messages/s", cells[c].rate * (1 + (i - 2) * 0.01));
            keep(&t, dir);
        }
    }
    trial_init(&t, "E1", "gone: not measured", 1);
    trial_set(&t, "target", "gone");
    trial_void(&t, "gone cannot be had here: no program gone");
    keep(&t, dir);
}

TEST(peer_report, series_are_ours_first_and_by_what_they_promise)
{
    struct err_text error = {0};
    struct trials all;
    struct series s[SERIES_MAX];
    char cell[TRIAL_NAME_MAX], targets[256];
    const char *dir = results_new();
    trials_keep(dir);
    check_int(trials_load(&all, dir, "E1", &error), 0);
    check_int(series_find(&all, s), 5);
    check_str(series_cell(&s[0], "acks=1", cell), "acks=1 page-cache");
    check_str(series_cell(&s[1], "acks=1", cell), "acks=1 group-commit");
    check_str(series_cell(&s[2], "acks=1", cell), "peer: acks=1 page-cache");
    check_str(series_cell(&s[3], "acks=1", cell), "peer: acks=1 sync-per-append");
    check(s[4].absent);
    check_str(series_cell(&s[4], "acks=1", cell), "gone: not measured");
    check_str(series_label(&s[3], 5, s, cell), "peer sync-per-append");
    check_str(series_label(&s[1], 2, s, cell), "group-commit");
    series_targets(&all, targets);
    check_str(targets, " --target millrace --target peer --target gone");
    trials_release(&all);
    results_remove(dir);
}

TEST(peer_report, what_promises_the_same_is_compared)
{
    struct err_text error = {0};
    struct buf page = {0};
    const char *dir = results_new();
    trials_keep(dir);
    if (bench_report(dir, &error) != 0) unit_fail("%s", error.text);
    page_read(dir, &page);
    check_has(&page, "<b>Beside peer (E1).</b> Of 2 comparisons in cells with the same promise ours is better in 1, "
                     "theirs in 0, none in 1; 0 are not measurable.");
    check_has(&page, "<td>acks=1, page-cache<td>throughput, messages/s<td>4000000<td>1000000<td>4 [3.92, 4.08]");
    check_has(&page, "<td>acks=1, on-disk<td>throughput, messages/s<td>1000000<td>1000000<td>1 [0.98, 1.02]");
    check_has(&page, "<b>Beside gone (E1).</b> <span class=bad>Not measured:</span>");
    check_has(&page, "millrace bench run E1 --target millrace --target peer --target gone --profile");
    buf_release(&page);
    results_remove(dir);
}
