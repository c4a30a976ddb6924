/* How soon a row that was published can be seen in the warehouse, at half of what publisher, broker and worker reach
 * together: rows are published while a `stream run` follows (one partition, one worker: rows become visible in the
 * order in which they were born), first as fast as the publisher can, which gives a rate that is too high or just
 * reached, as the publisher has ended early; then at that rate, and at 0.8 of the last one, until the backlog does not
 * grow: until the rows of the last fifth wait at most GROWTH_MAX_MS longer than those of the second one (medians). In
 * the two seconds between them that is half a percent of the rate. The measurement is at half of that.
 *
 * When the bar is missed there, a quarter and an eighth of the rate are measured too, until one meets it: the largest
 * of the three that does is kept beside the percentiles.
 *
 * Beside it stands what the machine had to do with it, at half load: how much later than it asked to the reader was
 * woken (`reader_late`), and for how long the threads of the run and its worker ran and waited for a processor
 * (`loader_ran`, `loader_waited`). A bar below reader_late's p99 is the scheduler's to meet.
 *
 * The instant of a row is the one at which it was due (schedule.h), so a publisher that is late counts against us. */
#include <stdio.h>
#include <string.h>

#include "bench/births.h"
#include "bench/load.h"
#include "bench/run_delay.h"
#include "bench/speed/etl_input.h"
#include "bench/watch.h"
#include "lib/os/clock.h"

enum { EVENTS = 100000, START_MS = 500, LAG_MAX_MS = 10, GROWTH_MAX_MS = 10, PROBES = 8, BAR_US = 10000 };
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

static void seen_wait(const struct watch *watch, int64_t rows)
{
    for (int64_t give_up_ns = clock_mono_ns() + INT64_C(10000000000);
         watch->visible < rows && clock_mono_ns() < give_up_ns;)
        clock_sleep_ms(5);
}

/* What the machine had to do with it. */
struct machine {
    struct histogram *late; /* how late the reader was woken; NULL: not asked */
    struct run_delay loader;
};

/* Publishes to a new topic while a run follows, at `rate` rows/s or (0) as fast as it goes. */
static int follow(struct speed *s, int64_t rate, char topic[SPEED_TOPIC_MAX], struct watch *watch,
                  struct machine *machine, struct err_text *error)
{
    struct process loader = {0};
    char text[32], db[PATH_MAX];
    memset(watch, 0, sizeof *watch);
    snprintf(text, sizeof text, "%lld", (long long)rate);
    speed_topic(topic);
    int rc = etl_database(s, &input, db, error);
    if (rc < 0) return rc;
    watch_start(watch, db, SEEN, machine->late);
    rc = bench_start(s->bench, &loader, PROCESS_PIPE_OUT, error, "stream", "run", input.definition, "--topic", topic,
                     "--db", db, "--workers", "1", "--follow", "--bootstrap", s->ours.bootstrap, NULL);
    clock_sleep_ms(START_MS); /* the worker is up before the first row, as in any running pipeline */
    if (rc == 0) rc = publish(s, topic, rate ? text : NULL, error);
    if (rc == 0) seen_wait(watch, input.rows);
    run_delay_read(loader.pid, &machine->loader);
    process_stop(&loader, 10000);
    watch_stop(watch);
    watch->db = NULL; /* the name ends with this call */
    return rc;
}

/* From the instants of the rows of a fifth until they were visible, p50; INT64_MAX when one never was. */
static int64_t fifth_ms(const struct freshness *seen, const struct schedule *births, int fifth)
{
    struct histogram latency;
    histogram_init(&latency);
    int64_t from_ns = schedule_instant(births, input.rows * fifth / 5);
    int64_t to_ns = schedule_instant(births, input.rows * (fifth + 1) / 5);
    int64_t unseen = freshness_latencies(seen, births, from_ns, to_ns, &latency);
    int64_t ms = unseen > 0 ? INT64_MAX : (int64_t)histogram_percentile(&latency, 50) / 1000000;
    histogram_release(&latency);
    return ms;
}

/* By how much rows waited longer at the end than at the beginning, when all was warm: what did not grow was kept up
 * with. */
static int growth_ms(struct speed *s, const struct freshness *seen, const char *topic, int64_t rate, int64_t *ms,
                     struct err_text *error)
{
    struct schedule births = {.rate = rate};
    struct histogram lag;
    histogram_init(&lag);
    int rc = births_read(s->ours.bootstrap, topic, &births, input.rows, &lag, error);
    histogram_release(&lag);
    int64_t last = fifth_ms(seen, &births, 4);
    *ms = last == INT64_MAX ? last : last - fifth_ms(seen, &births, 1);
    return rc;
}

/* The rate that they reach together, in steps of a fifth. */
static int capacity_find(struct speed *s, int64_t *rate, struct err_text *error)
{
    char topic[SPEED_TOPIC_MAX];
    struct watch watch;
    struct machine unasked = {0};
    int64_t ms = INT64_MAX;
    int rc = follow(s, 0, topic, &watch, &unasked, error);
    *rate = (int64_t)rate_seen(&watch.seen);
    freshness_release(&watch.seen);
    for (int i = 0; i < PROBES && rc == 0 && *rate > 0; i++) {
        rc = follow(s, *rate, topic, &watch, &unasked, error);
        if (rc == 0) rc = growth_ms(s, &watch.seen, topic, *rate, &ms, error);
        freshness_release(&watch.seen);
        if (ms <= GROWTH_MAX_MS) break;
        *rate = *rate * 4 / 5;
    }
    return rc;
}

/* Publishes at a rate; the first fifth is warm-up, as in all open loops. */
static int follow_at(struct speed *s, int64_t rate, struct histogram *latency, struct histogram *lag,
                     struct machine *machine, struct trial *t, struct err_text *error)
{
    char topic[SPEED_TOPIC_MAX];
    struct watch watch;
    struct schedule births = {.rate = rate};
    int rc = follow(s, rate, topic, &watch, machine, error);
    if (rc == 0) rc = births_read(s->ours.bootstrap, topic, &births, input.rows, lag, error);
    if (rc == 0) {
        int64_t from_ns = schedule_instant(&births, input.rows / 5), to_ns = schedule_instant(&births, input.rows);
        int64_t unseen = freshness_latencies(&watch.seen, &births, from_ns, to_ns, latency);
        if (unseen > 0)
            trial_void(t, "at %lld rows/s %lld rows never became visible", (long long)rate, (long long)unseen);
        if (trial_values(t, "visible") == latency) trial_metric(t, "commits_seen", "commits", (double)watch.seen.count);
    }
    freshness_release(&watch.seen);
    return rc;
}

/* A bar that is missed at half load is met at some other one: a half, a quarter or an eighth of that; 0: at none. */
static int reach_find(struct speed *s, int64_t half, struct trial *t, struct err_text *error)
{
    static const char *const names[] = {"visible_quarter", "visible_eighth"};
    int64_t rate = half, p99_ns = histogram_percentile(trial_values(t, "visible"), 99);
    int rc = 0;
    for (int i = 0; i < 2 && rc == 0 && p99_ns > BAR_US * 1000 && rate > 1; i++) {
        struct histogram *latency = trial_histogram(t, names[i], "ns"), lag;
        struct machine unasked = {0};
        histogram_init(&lag);
        rc = follow_at(s, rate /= 2, latency, &lag, &unasked, t, error);
        histogram_release(&lag);
        if (rc == 0) speed_percentiles(t, names[i]);
        p99_ns = histogram_percentile(latency, 99);
    }
    trial_metric(t, "rate_within_10_ms", "rows/s", p99_ns > BAR_US * 1000 ? 0 : (double)rate);
    return rc;
}

static void machine_note(struct trial *t, const struct machine *machine)
{
    speed_percentiles(t, "reader_late");
    trial_metric(t, "loader_ran", "s", (double)machine->loader.ran_ns / 1e9);
    trial_metric(t, "loader_waited", "s", (double)machine->loader.waited_ns / 1e9);
}

static int measure(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    int64_t capacity = 0;
    (void)side;
    int rc = capacity_find(s, &capacity, error);
    if (rc < 0) return rc;
    /* A stream so short that it was one commit (--scale) has no rate. */
    int64_t rate = capacity >= 2 ? capacity / 2 : input.rows;
    struct histogram *lag = trial_histogram(t, "generator_lag", "ns");
    trial_metric(t, "rate", "rows/s", (double)rate);
    struct machine machine = {.late = trial_histogram(t, "reader_late", "ns")};
    rc = follow_at(s, rate, trial_histogram(t, "visible", "ns"), lag, &machine, t, error);
    if (rc < 0) return rc;
    speed_percentiles(t, "visible");
    machine_note(t, &machine);
    int64_t lag_ms = histogram_percentile(lag, 99) / 1000000;
    if (lag_ms > LAG_MAX_MS) trial_void(t, "the publisher was %lld ms late (99th percentile)", (long long)lag_ms);
    return reach_find(s, rate, t, error);
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
    {"us from a row's instant to visible, p99", "millrace", "visible_p99", NULL, NULL, SPEED_AT_MOST, BAR_US},
    {0},
};
const struct speed_row speed_row_freshness = {
    "freshness", "row published to row visible, half load", "page-cache, WAL", settings, sides, bars, measure, prepare,
    finish,
};
