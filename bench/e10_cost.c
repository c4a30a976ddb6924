/* e10_cost.c - E10: is the cost of the log independent of its length, and of the number of partitions?
 *
 * A broker for each cell stays up through the experiment: one partition whose log has a given length, in segments of
 * 16 MiB so that length means files as well; or many partitions of one record each. A trial asks at a constant rate, by
 * turns, for an append of one record and for a fetch of one batch, over one connection with one request in flight: of a
 * partition drawn at random, at an offset drawn at random. Latency counts from the instant at which a request was due.
 */
#include <signal.h>
#include <stdio.h>

#include "bench/experiment.h"
#include "bench/load.h"
#include "bench/monitor.h"
#include "bench/runner.h"
#include "bench/speed/wire.h"
#include "lib/base/random.h"
#include "lib/os/clock.h"
#include "lib/os/priority.h"

enum { LENGTHS = 4, COUNTS = 5, CELLS = LENGTHS + COUNTS, RATE = 1000, RECORD_BYTES = 100, BATCH_RECORDS = 160 };

/* Megabytes; and partitions of a record each. */
static const int lengths_quick[LENGTHS] = {1, 16, 64, 256}, lengths_full[LENGTHS] = {1, 16, 256, 4000};
static const int counts[COUNTS] = {1, 10, 100, 1000, 5000};
static const char topic[] = "cost";

/* What stands behind a cell. */
struct cost_side {
    struct target target;
    int32_t partitions;
    int64_t records, bytes; /* of each partition, before the first trial */
};

struct cost_run {
    struct bench *bench;
    struct cost_side sides[CELLS];
};

static int64_t cell_bytes(const struct bench *b, int cell)
{
    if (cell >= LENGTHS) return 0;
    return INT64_C(1000000) * (b->full ? lengths_full : lengths_quick)[cell];
}

static const char *cell_name(void *context, int cell)
{
    static char names[CELLS][TRIAL_NAME_MAX];
    const struct cost_run *run = context;
    if (cell < LENGTHS)
        snprintf(names[cell], TRIAL_NAME_MAX, "log of %lld MB", (long long)(cell_bytes(run->bench, cell) / 1000000));
    else
        snprintf(names[cell], TRIAL_NAME_MAX, "%d partition%s", counts[cell - LENGTHS], cell == LENGTHS ? "" : "s");
    return names[cell];
}

/* --- what is asked --- */

static int side_fill(struct cost_side *s, int64_t bytes, struct err_text *error)
{
    struct wire w = {.descriptor = -1};
    struct buf batch = {0};
    int records = bytes > 0 ? BATCH_RECORDS : 1;
    int rc = wire_batch(records, RECORD_BYTES, &batch);
    if (rc == 0) rc = wire_open(&w, s->target.bootstrap, error);
    do {
        for (int32_t i = 0; i < s->partitions && rc == 0; i++)
            rc = wire_produce(&w, topic, i, records, RECORD_BYTES, error);
        s->records += records;
        s->bytes += (int64_t)batch.n;
    } while (s->bytes < bytes && rc == 0);
    wire_close(&w);
    buf_release(&batch);
    return rc;
}

static int side_start(struct cost_run *run, int cell, struct err_text *error)
{
    static const char *const settings[] = {"log.segment.bytes=16777216", NULL};
    struct cost_side *s = &run->sides[cell];
    char name[32];
    s->partitions = cell < LENGTHS ? 1 : counts[cell - LENGTHS];
    snprintf(name, sizeof name, "cost-%d", cell);
    int rc = target_start(&s->target, run->bench, name, settings, error);
    if (rc == 0) rc = load_topic_create(s->target.bootstrap, topic, s->partitions, error);
    return rc == 0 ? side_fill(s, cell_bytes(run->bench, cell), error) : rc;
}

/* A clean end would sync each file of thousands of partitions, to be removed right behind it. */
static void side_stop(struct cost_side *s)
{
    process_signal(&s->target.process, SIGKILL);
    target_stop(&s->target);
}

/* --- a trial --- */

struct probe {
    const struct cost_side *side;
    struct wire wire;
    struct random dice;
    struct histogram *append, *fetch, *lag;
    int64_t warm_up, done_ns; /* when the answer before came */
    struct err_text *error;
};

/* Even requests append, odd ones fetch. Late by itself is the generator only while it could have sent. */
static int probe_send(void *context, int64_t i, int64_t intended_ns)
{
    struct probe *p = context;
    const struct cost_side *s = p->side;
    bool append = i % 2 == 0;
    int64_t free_ns = p->done_ns > intended_ns ? p->done_ns : intended_ns, begin_ns = clock_mono_ns();
    int32_t partition = (int32_t)random_below(&p->dice, (uint64_t)s->partitions);
    int64_t offset = (int64_t)random_below(&p->dice, (uint64_t)s->records);
    int rc = append ? wire_produce(&p->wire, topic, partition, 1, RECORD_BYTES, p->error)
                    : wire_fetch(&p->wire, topic, partition, offset, 1, p->error);
    p->done_ns = clock_mono_ns();
    if (i < p->warm_up) return rc;
    histogram_record(p->lag, begin_ns - free_ns);
    histogram_record(append ? p->append : p->fetch, p->done_ns - intended_ns);
    return rc;
}

static void percentiles(struct trial *t, const char *name)
{
    const struct histogram *h = trial_values(t, name);
    char metric[TRIAL_NAME_MAX];
    snprintf(metric, sizeof metric, "%s_p50", name);
    trial_metric(t, metric, "ms", (double)histogram_percentile(h, 50) / 1e6);
    snprintf(metric, sizeof metric, "%s_p99", name);
    trial_metric(t, metric, "ms", (double)histogram_percentile(h, 99) / 1e6);
}

static int ask(struct probe *p, int64_t count, struct gate_facts *facts)
{
    struct monitor monitor;
    struct schedule schedule = {.rate = RATE};
    struct priority before;
    pid_t pid = p->side->target.process.pid;
    facts->io_before = monitor_io_share();
    monitor_start(&monitor, &pid, 1);
    clock_sleep_exactly();
    enum priority_kind kind = priority_raise(PRIORITY_FIRST, &before);
    schedule.start_ns = clock_mono_ns() + 20000000;
    int64_t spin_ns = pacer_spin_ns(schedule.rate, kind == PRIORITY_REAL_TIME);
    struct pacer_clock clock = pacer_clock_spinning(&spin_ns);
    int rc = pacer_run(&schedule, count, &clock, probe_send, p);
    priority_restore(&before);
    monitor_stop(&monitor);
    int64_t planned_ns = schedule_instant(&schedule, count) - schedule.start_ns,
            took_ns = p->done_ns - schedule.start_ns;
    facts->machine = monitor.seen;
    facts->offered = RATE;
    facts->achieved = took_ns > planned_ns ? (double)count * 1e9 / (double)took_ns : RATE;
    facts->lateness_p99_ns = histogram_percentile(p->lag, 99);
    facts->reported_p99_ns = histogram_percentile(p->append, 99);
    return rc;
}

static int one_trial(void *context, int cell, struct trial *t, char *text, size_t size, struct err_text *error)
{
    struct cost_run *run = context;
    const struct cost_side *s = &run->sides[cell];
    int64_t count = RATE * (run->bench->full ? 10 : 8) / (run->bench->full ? 1 : 10);
    struct probe p = {.side = s, .warm_up = count / 5, .error = error};
    struct gate_facts facts = {.capture_drops = -1};
    p.append = trial_histogram(t, "append", "ns");
    p.fetch = trial_histogram(t, "fetch", "ns");
    p.lag = trial_histogram(t, "generator_lag", "ns");
    random_seed(&p.dice, (uint64_t)t->number);
    trial_set(t, "durability", "page-cache");
    trial_set(t, "broker_setting", "log.segment.bytes=16777216");
    trial_set(t, "message_bytes", "100");
    trial_set(t, "rate", "1000");
    trial_metric(t, cell < LENGTHS ? "log" : "partitions", cell < LENGTHS ? "bytes" : "partitions",
                 cell < LENGTHS ? (double)s->bytes : (double)s->partitions);
    int rc = wire_open(&p.wire, s->target.bootstrap, error);
    if (rc == 0) rc = ask(&p, count, &facts);
    wire_close(&p.wire);
    if (rc < 0) return rc;
    percentiles(t, "append");
    percentiles(t, "fetch");
    trial_judge(t, &facts);
    snprintf(text, size, "append p50 %.3f p99 %.3f ms   fetch p50 %.3f p99 %.3f ms", trial_value(t, "append_p50"),
             trial_value(t, "append_p99"), trial_value(t, "fetch_p50"), trial_value(t, "fetch_p99"));
    return 0;
}

int experiment_cost(struct bench *b, struct err_text *error)
{
    struct cost_run run = {.bench = b};
    const struct runner runner = {.experiment = "E10",
                                  .cells = CELLS,
                                  .name = cell_name,
                                  .trial = one_trial,
                                  .context = &run,
                                  .metric = "append_p50",
                                  .precision = 0.05,
                                  .trials_min = b->trials,
                                  .trials_max = b->full ? 20 : b->trials,
                                  .seed = 10};
    int rc = 0;
    for (int i = 0; i < CELLS && rc == 0; i++) rc = side_start(&run, i, error);
    if (rc == 0) rc = runner_run(b, &runner, error);
    for (int i = 0; i < CELLS; i++) side_stop(&run.sides[i]);
    return rc;
}
