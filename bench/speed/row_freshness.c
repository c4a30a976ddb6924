/* How soon a row that was published can be seen in the warehouse, at half of what the stream can take: the loader's
 * rate is measured on a topic that is complete (one partition, one worker: rows become visible in the order in which
 * they were born), then the same rows are published to another topic at half of that rate while a second `stream run`
 * follows.
 *
 * The instant of a row is the one at which it was due (schedule.h), so a publisher that is late counts against us. */
#include <stdio.h>
#include <string.h>

#include "bench/births.h"
#include "bench/load.h"
#include "bench/speed/etl_input.h"
#include "bench/watch.h"
#include "lib/os/clock.h"

enum { EVENTS = 100000, START_MS = 500, LAG_MAX_MS = 10 };
#define SEEN "SELECT sum(read) FROM records"

static struct etl_input input;

static int publish(struct speed *s, const char *topic, const char *rate, struct err_text *error)
{
    int rc = load_topic_create(s->ours.bootstrap, topic, 1, error);
    return rc < 0
               ? rc
               : bench_command(s->bench, NULL, NULL, error, "stream", "publish", input.definition, "--topic", topic,
                               "--in", input.in, "--bootstrap", s->ours.bootstrap, rate ? "--rate" : NULL, rate, NULL);
}

/* Rows per second from the first commit that was seen to the last: without the start of processes and of the group. */
static double rate_seen(const struct freshness *seen)
{
    int first = 0;
    while (first < seen->count && seen->items[first].visible == 0) first++;
    if (seen->count - first < 2) return 0;
    const struct observation *a = &seen->items[first], *b = &seen->items[seen->count - 1];
    return (double)(b->visible - a->visible) * 1e9 / (double)(b->at_ns - a->at_ns);
}

static int capacity_measure(struct speed *s, const char *topic, double *rate, struct err_text *error)
{
    char db[PATH_MAX];
    struct watch watch;
    double wall_s = 0;
    int rc = etl_database(s, &input, db, error);
    if (rc == 0) rc = publish(s, topic, NULL, error);
    if (rc < 0) return rc;
    watch_start(&watch, db, SEEN);
    rc = bench_command(s->bench, &wall_s, NULL, error, "stream", "run", input.definition, "--topic", topic, "--db", db,
                       "--workers", "1", "--bootstrap", s->ours.bootstrap, NULL);
    watch_stop(&watch);
    *rate = rate_seen(&watch.seen);
    freshness_release(&watch.seen);
    /* A stream so short that it was one commit (--scale) has only the time of the whole run. */
    if (rc == 0 && *rate <= 0) *rate = (double)input.rows / wall_s;
    return rc;
}

static void seen_wait(const struct watch *watch, int64_t rows)
{
    for (int64_t give_up_ns = clock_mono_ns() + INT64_C(10000000000);
         watch->visible < rows && clock_mono_ns() < give_up_ns;)
        clock_sleep_ms(5);
}

static int follow(struct speed *s, const char *topic, int64_t rate, struct watch *watch, struct err_text *error)
{
    struct process loader = {0};
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)rate);
    int rc =
        bench_start(s->bench, &loader, PROCESS_PIPE_OUT, error, "stream", "run", input.definition, "--topic", topic,
                    "--db", watch->db, "--workers", "1", "--follow", "--bootstrap", s->ours.bootstrap, NULL);
    clock_sleep_ms(START_MS); /* the worker is up before the first row, as in any running pipeline */
    if (rc == 0) rc = publish(s, topic, text, error);
    if (rc == 0) seen_wait(watch, input.rows);
    process_stop(&loader, 10000);
    return rc;
}

/* The first fifth is warm-up, as in all open loops. */
static int judge(const struct watch *watch, const struct schedule *births, struct trial *t)
{
    struct histogram *latency = trial_histogram(t, "visible", "ns");
    int64_t from_ns = schedule_instant(births, input.rows / 5), to_ns = schedule_instant(births, input.rows);
    int64_t unseen = freshness_latencies(&watch->seen, births, from_ns, to_ns, latency);
    const struct histogram *lag = trial_values(t, "generator_lag");
    int64_t lag_ms = histogram_percentile(lag, 99) / 1000000;
    speed_percentiles(t, "visible");
    trial_metric(t, "commits_seen", "commits", (double)watch->seen.count);
    if (unseen > 0) trial_void(t, "%lld rows never became visible", (long long)unseen);
    if (lag_ms > LAG_MAX_MS) trial_void(t, "the publisher was %lld ms late (99th percentile)", (long long)lag_ms);
    return 0;
}

static int measure(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    char db[PATH_MAX], full[SPEED_TOPIC_MAX], half[SPEED_TOPIC_MAX];
    double capacity = 0;
    struct watch watch;
    (void)side;
    speed_topic(full);
    int rc = capacity_measure(s, full, &capacity, error);
    if (rc == 0) rc = etl_database(s, &input, db, error);
    if (rc < 0) return rc;
    struct schedule births = {.rate = (int64_t)(capacity / 2)};
    trial_metric(t, "rate", "rows/s", (double)births.rate);
    speed_topic(half);
    watch_start(&watch, db, SEEN);
    rc = follow(s, half, births.rate, &watch, error);
    watch_stop(&watch);
    if (rc == 0)
        rc =
            births_read(s->ours.bootstrap, half, &births, input.rows, trial_histogram(t, "generator_lag", "ns"), error);
    if (rc == 0) rc = judge(&watch, &births, t);
    freshness_release(&watch.seen);
    return rc;
}

static int prepare(struct speed *s, const char *side, struct err_text *error)
{
    (void)side;
    return etl_input_make(s, ETL_SHOP, speed_scaled(s, EVENTS, 2000), &input, error);
}

static int finish(struct speed *s, const char *side, struct err_text *error)
{
    (void)s, (void)side, (void)error;
    bench_remove(input.in);
    return 0;
}

static const char *const settings[] = {"group.initial.rebalance.delay.ms=100", NULL};
static const char *const sides[] = {"millrace", NULL};
static const struct speed_bar bars[] = {
    {"us from a row's instant to visible, p50", "millrace", "visible_p50", NULL, NULL, SPEED_AT_MOST, 10000},
    {"us from a row's instant to visible, p99", "millrace", "visible_p99", NULL, NULL, SPEED_AT_MOST, 10000},
    {0},
};
const struct speed_row speed_row_freshness = {
    "freshness", "row published to row visible, half load", "page-cache, WAL", settings, sides, bars, measure, prepare,
    finish,
};
