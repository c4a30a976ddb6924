/* Verdicts of known trials; the list as a document. */
#include "bench/claims.h"

#include <math.h>

#include "bench/page_test.h"

enum { TRIALS = 3 };

static const struct claim *claim_of(const char *id)
{
    for (const struct claim *c = claims(); c->id; c++)
        if (strcmp(c->id, id) == 0) return c;
    unit_fail("no claim %s", id);
    return NULL;
}

/* Three trials of a cell around a value of a metric. */
static void cell_make(struct trials *all, const char *experiment, const char *cell, const char *metric, double value)
{
    for (int n = 1; n <= TRIALS; n++) {
        struct trial *t = &all->items[all->count++];
        trial_init(t, experiment, cell, n);
        trial_metric(t, metric, "x", value * (1 + (n - 2) * 0.01));
        histogram_record_count(trial_histogram(t, "ack", "ns"), (int64_t)value, 1000);
    }
}

static void all_release(struct trials *all)
{
    for (int i = 0; i < all->count; i++) trial_release(&all->items[i]);
}

static struct claim_result throughputs(const char *id, double a, double b, bool is_void)
{
    struct trial items[2 * TRIALS];
    struct trials all = {.items = items};
    const struct claim *c = claim_of(id);
    cell_make(&all, c->experiment, c->a, "throughput", a);
    if (c->b) cell_make(&all, c->experiment, c->b, "throughput", b);
    for (int i = 0; i < TRIALS && is_void; i++) trial_void(&items[i], "a busy neighbour (34 %%)");
    struct claim_result r = claim_judge(c, &all);
    all_release(&all);
    return r;
}

TEST(claims, an_interval_on_one_side_of_the_bound_decides)
{
    struct claim_result r = throughputs("acks-0-throughput", 1.2e6, 1e6, false);
    check_int(r.verdict, CLAIM_HOLDS);
    check(fabs(r.value.value - 1.2) < 1e-9 && r.value.low > 1.17 && r.value.high < 1.23);
    check_int(throughputs("acks-0-throughput", 1e6, 1e6, false).verdict, CLAIM_FAILS);
    check_int(throughputs("acks-0-throughput", 1.05e6, 1e6, false).verdict, CLAIM_OPEN);
    check_int(throughputs("acks-all-throughput", 0.8e6, 1e6, false).verdict, CLAIM_HOLDS);
    check_int(throughputs("acks-all-throughput", 1e6, 1e6, false).verdict, CLAIM_FAILS);
    check_int(throughputs("broker-millions", 1.1e6, 0, false).verdict, CLAIM_HOLDS);
    check_int(throughputs("broker-millions", 0.9e6, 0, false).verdict, CLAIM_FAILS);
    check_int(throughputs("acks-all-latency", 2e6, 1e6, false).verdict, CLAIM_HOLDS);
    check_int(throughputs("acks-all-latency", 1e6, 1e6, false).verdict, CLAIM_FAILS);
}

TEST(claims, void_trials_decide_nothing_and_say_why)
{
    struct claim_result r = throughputs("acks-0-throughput", 2e6, 1e6, true);
    check_int(r.verdict, CLAIM_NOT_MEASURED);
    check_str(r.why, "not measurable here: a busy neighbour");
    struct trials none = {0};
    check_int(claim_judge(claim_of("acks-0-throughput"), &none).verdict, CLAIM_NOT_MEASURED);
    check_int(claim_judge(claim_of("append-constant"), &none).verdict, CLAIM_NOT_MEASURED);
    check_int(claim_judge(claim_of("replicas"), &none).verdict, CLAIM_NOT_MEASURED);
}

TEST(claims, one_trial_decides_nothing)
{
    struct trial items[2 * TRIALS];
    struct trials all = {.items = items};
    const struct claim *c = claim_of("acks-0-throughput");
    cell_make(&all, "E1", c->a, "throughput", 2e6);
    cell_make(&all, "E1", c->b, "throughput", 1e6);
    int made = all.count;
    all.count = TRIALS + 1;
    struct claim_result r = claim_judge(c, &all);
    check_int(r.verdict, CLAIM_OPEN); /* though 2 is beyond the bound: the reader is told why */
    check_str(r.why, "one valid trial of acks=1 page-cache: nobody knows how far the next would be from it");
    all.count = TRIALS + 2;
    check_int(claim_judge(c, &all).verdict, CLAIM_HOLDS);
    all.count = made;
    all_release(&all);
}

TEST(claims, every_trial_counts_where_messages_are_lost)
{
    struct trial items[TRIALS];
    struct trials all = {.items = items};
    const struct claim *c = claim_of("acks-power");
    cell_make(&all, "E8", c->a, "lost", 0);
    check_int(claim_judge(c, &all).verdict, CLAIM_HOLDS);
    items[1].metrics[0].value = 7;
    check_int(claim_judge(c, &all).verdict, CLAIM_OPEN); /* some trials lost messages */
    items[0].metrics[0].value = items[2].metrics[0].value = 5;
    struct claim_result r = claim_judge(c, &all);
    check_int(r.verdict, CLAIM_FAILS);
    check(r.value.low == 5 && r.value.high == 7);
    all_release(&all);
}

TEST(claims, the_longest_log_is_found_by_its_length)
{
    struct trial items[3 * TRIALS];
    struct trials all = {.items = items};
    const struct claim *c = claim_of("append-constant");
    static const double lengths[] = {16e6, 1e6, 256e6}, costs[] = {9, 1, 1.02};
    for (int k = 0; k < 3; k++) {
        char cell[TRIAL_NAME_MAX];
        snprintf(cell, sizeof cell, "log %d", k);
        cell_make(&all, "E10", cell, "log", lengths[k]);
        for (int i = all.count - TRIALS; i < all.count; i++) trial_metric(&items[i], "append_p50", "ms", costs[k]);
    }
    struct claim_result r = claim_judge(c, &all);
    check_int(r.verdict, CLAIM_HOLDS);
    check(fabs(r.value.value - 1.02) < 1e-9);
    all_release(&all);
}

TEST(claims, the_page_begins_with_their_verdicts)
{
    struct err_text error = {0};
    struct buf page = {0}, json = {0};
    struct trial items[2 * TRIALS];
    struct trials all = {.items = items};
    const char *dir = results_new();
    cell_make(&all, "E1", "acks=0 page-cache", "throughput", 1.32e6);
    cell_make(&all, "E1", "acks=1 page-cache", "throughput", 1.1e6);
    for (int i = 0; i < all.count; i++) keep(&items[i], dir);
    if (bench_report(dir, &error) != 0) unit_fail("%s", error.text);
    page_read(dir, &page);
    file_read(dir, "claims.json", &json);
    check_has(&page, "<td class=good>holds<td>1.2&nbsp;times [1.18,&nbsp;1.22], 3 and 3 trials<br><span "
                     "class=note>throughput of acks=0 page-cache / "
                     "acks=1 page-cache &gt;= 1.05</span>");
    check_has(&page, "2 hold here, 0 do not, 0 are open");
    const char *table = strstr((const char *)page.p, "does not hold when"),
               *section = strstr((const char *)page.p, "<h2 id=E1>");
    check(table && section && table < section);
    check_has(&json, "\"verdict\": \"holds\"");
    buf_release(&page);
    buf_release(&json);
    results_remove(dir);
}

/* `millrace bench claims` wrote it: again after a change. */
TEST(claims, the_document_is_the_list)
{
    struct buf document = {0};
    char *printed = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&printed, &n);
    bench_claims(to);
    fclose(to);
    file_read("docs", "claims.md", &document);
    check_str((const char *)document.p, printed);
    free(printed);
    buf_release(&document);
}
