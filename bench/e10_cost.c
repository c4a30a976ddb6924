/* e10_cost.c - E10: is the cost of the log independent of its length, and of the number of partitions?
 *
 * A broker for each cell stays up through the experiment: one partition whose log has a given length, in segments of
 * 16 MiB so that length means files as well; or many partitions of one record each. A trial asks at a constant rate, by
 * turns, for an append of one record and for a fetch of one batch, over one connection with one request in flight: of a
 * partition drawn at random, at an offset drawn at random. Latency counts from the instant at which a request was due.
 *
 * A peer that speaks Kafka's protocol has the logs of all lengths in one broker, a topic each: a virtual machine for
 * each would leave the machine no room. Peers that do not are left out, and say so. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load.h"
#include "bench/monitor.h"
#include "bench/runner.h"
#include "bench/speed/wire.h"
#include "bench/target_set.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/os/clock.h"
#include "lib/os/priority.h"

enum {
    LENGTHS = 4,
    COUNTS = 5,
    OWN_CELLS = LENGTHS + COUNTS,
    CELLS_MAX = OWN_CELLS + BENCH_TARGETS_MAX * LENGTHS,
    RATE = 1000,
    RECORD_BYTES = 100,
    BATCH_RECORDS = 160,
    READY_MS = 10000,
    WARM_S = 10 /* of those that want it, with what is asked here */
};

/* Megabytes; and partitions of a record each. */
static const int lengths_quick[LENGTHS] = {1, 16, 64, 256}, lengths_full[LENGTHS] = {1, 16, 256, 4000};
static const int counts[COUNTS] = {1, 10, 100, 1000, 5000};

/* What stands behind a cell. */
struct cost_side {
    const struct target_mode *mode; /* of a peer; NULL: ours, a broker of its own */
    struct target target;           /* ours */
    const char *bootstrap;
    pid_t pid;
    char name[TRIAL_NAME_MAX], topic[16];
    int64_t length; /* that the log is filled to; 0: a record in each partition */
    int32_t partitions;
    int64_t records, bytes; /* of each partition, before the first trial */
};

struct cost_run {
    struct bench *bench;
    struct target_set peers;
    struct cost_side sides[CELLS_MAX];
    int count;
};

static const char *cell_name(void *context, int cell)
{
    return ((const struct cost_run *)context)->sides[cell].name;
}

/* --- what is asked --- */

/* A topic that was just made may be unknown to the broker for a moment: until it takes a record. */
static int side_begin(struct wire *w, struct cost_side *s, struct err_text *error)
{
    int64_t give_up_ns = clock_mono_ns() + READY_MS * INT64_C(1000000);
    int rc = wire_produce(w, s->topic, 0, 1, RECORD_BYTES, error);
    for (; rc == ERR_INVALID && clock_mono_ns() < give_up_ns; rc = wire_produce(w, s->topic, 0, 1, RECORD_BYTES, error))
        clock_sleep_ms(50);
    if (rc == 0 && error) error->text[0] = 0;
    s->records += rc == 0;
    return rc;
}

static int side_fill(struct cost_side *s, struct err_text *error)
{
    struct wire w = {.descriptor = -1};
    struct buf batch = {0};
    int records = s->length > 0 ? BATCH_RECORDS : 1;
    int rc = wire_batch(records, RECORD_BYTES, &batch);
    if (rc == 0) rc = wire_open(&w, s->bootstrap, error);
    if (rc == 0 && s->mode) rc = side_begin(&w, s, error);
    do {
        for (int32_t i = 0; i < s->partitions && rc == 0; i++)
            rc = wire_produce(&w, s->topic, i, records, RECORD_BYTES, error);
        s->records += records;
        s->bytes += (int64_t)batch.n;
    } while (s->bytes < s->length && rc == 0);
    wire_close(&w);
    buf_release(&batch);
    return rc;
}

/* Another side, of `length` bytes or of `partitions`. */
static struct cost_side *side_add(struct cost_run *run, const struct target_mode *mode, int64_t length, int partitions)
{
    char own[TRIAL_NAME_MAX];
    struct cost_side *s = &run->sides[run->count];
    *s = (struct cost_side){.mode = mode, .length = length, .partitions = partitions};
    snprintf(s->topic, sizeof s->topic, "cost-%d", run->count++);
    if (length > 0)
        snprintf(own, sizeof own, "log of %lld MB", (long long)(length / 1000000));
    else
        snprintf(own, sizeof own, "%d partition%s", partitions, partitions == 1 ? "" : "s");
    if (mode)
        target_cell(mode, own, s->name);
    else
        snprintf(s->name, sizeof s->name, "%s", own);
    return s;
}

static int side_start(struct cost_run *run, struct cost_side *s, struct err_text *error)
{
    static const char *const settings[] = {"log.segment.bytes=16777216", NULL};
    static const char *const topic_settings[] = {"segment.bytes=16777216", NULL};
    int rc = s->mode ? 0 : target_start(&s->target, run->bench, s->topic, settings, error);
    s->bootstrap = s->mode ? s->mode->process->address : s->target.bootstrap;
    s->pid = s->mode ? s->mode->process->process.pid : s->target.process.pid;
    if (rc == 0)
        rc = load_topic_create_with(s->bootstrap, s->topic, s->partitions, s->mode ? topic_settings : NULL, error);
    return rc == 0 ? side_fill(s, error) : rc;
}

/* A clean end would sync each file of thousands of partitions, to be removed right behind it. */
static void side_stop(struct cost_side *s)
{
    if (s->mode) return;
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
    int rc = append ? wire_produce(&p->wire, s->topic, partition, 1, RECORD_BYTES, p->error)
                    : wire_fetch(&p->wire, s->topic, partition, offset, 1, p->error);
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
    pid_t pid = p->side->pid;
    facts->io_before = monitor_io_share();
    monitor_start(&monitor, &pid, 1);
    clock_sleep_exactly();
    enum priority_kind kind = priority_raise(PRIORITY_FIRST, &before);
    struct pacer_wait wait = pacer_wait_at(schedule.rate, kind == PRIORITY_REAL_TIME);
    struct pacer_clock clock = pacer_clock_waiting(&wait);
    schedule.start_ns = clock_mono_ns() + 20000000;
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
    if (s->mode)
        target_settings(s->mode, t);
    else
        trial_set(t, "durability", "page-cache");
    trial_set(t, s->mode ? "topic_setting" : "broker_setting",
              s->mode ? "segment.bytes=16777216" : "log.segment.bytes=16777216");
    trial_set(t, "message_bytes", "100");
    trial_set(t, "rate", "1000");
    if (s->length > 0)
        trial_metric(t, "log", "bytes", (double)s->bytes);
    else
        trial_metric(t, "partitions", "partitions", s->partitions);
    int rc = wire_open(&p.wire, s->bootstrap, error);
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

/* --- peers --- */

/* Appends and fetches by turns, as fast as they come: what is compiled while it runs is compiled then. */
static int peer_warm(const struct target_mode *m, struct err_text *error)
{
    struct cost_side s = {.mode = m, .topic = "cost-warm-up", .partitions = 1, .bootstrap = m->process->address};
    struct wire w = {.descriptor = -1};
    int64_t until_ns = clock_mono_ns() + WARM_S * INT64_C(1000000000);
    if (m->spec->warm_up_s == 0) return 0;
    int rc = load_topic_create(s.bootstrap, s.topic, 1, error);
    if (rc == 0) rc = wire_open(&w, s.bootstrap, error);
    if (rc == 0) rc = side_begin(&w, &s, error);
    while (rc == 0 && clock_mono_ns() < until_ns) {
        rc = wire_produce(&w, s.topic, 0, BATCH_RECORDS, RECORD_BYTES, error);
        if (rc == 0) rc = wire_produce(&w, s.topic, 0, 1, RECORD_BYTES, error);
        if (rc == 0) rc = wire_fetch(&w, s.topic, 0, s.records, 1, error);
        s.records += BATCH_RECORDS + 1;
    }
    wire_close(&w);
    return rc == 0 ? load_topic_delete(s.bootstrap, s.topic, error) : rc;
}

/* Those of the run's targets that can be asked the same: `some` gets them, the others say why they are left out. */
static int peers_choose(const struct bench *b, struct bench *some, bool *ours, struct err_text *error)
{
    int rc = 0;
    *some = *b;
    some->target_count = 0;
    *ours = false;
    for (int i = 0; i < b->target_count && rc == 0; i++) {
        struct target_spec spec;
        rc = target_find(&spec, b->targets[i], b->program, error);
        if (rc == 0 && strcmp(spec.name, "millrace") == 0)
            *ours = true;
        else if (rc == 0 && strcmp(spec.protocol, "kafka") == 0)
            some->targets[some->target_count++] = b->targets[i];
        else if (rc == 0)
            rc = target_not_measured(b, "E10", spec.name,
                                     "it does not speak Kafka's protocol: it cannot be asked for a batch at an offset",
                                     error);
        target_spec_release(&spec);
    }
    return rc;
}

/* The sides of all targets; a peer that cannot be had here has none. */
static int sides_plan(struct cost_run *run, struct err_text *error)
{
    struct bench some;
    bool ours;
    const struct bench *b = run->bench;
    const int *lengths = b->full ? lengths_full : lengths_quick;
    int rc = peers_choose(b, &some, &ours, error);
    for (int i = 0; i < LENGTHS && ours; i++) side_add(run, NULL, INT64_C(1000000) * lengths[i], 1);
    for (int i = 0; i < COUNTS && ours; i++) side_add(run, NULL, 0, counts[i]);
    if (rc < 0 || some.target_count == 0) return rc;
    rc = target_set_start(&run->peers, &some, "E10", TARGETS_DEFAULTS, error);
    if (rc == ERR_NOTFOUND && ours) {
        if (error) error->text[0] = 0; /* its trial says it */
        return 0;
    }
    for (int m = 0; m < run->peers.mode_count && rc == 0; m++) {
        const struct target_mode *mode = &run->peers.modes[m];
        if (mode->durability != &mode->spec->durabilities[0]) continue;
        rc = peer_warm(mode, error);
        for (int i = 0; i < LENGTHS; i++) side_add(run, mode, INT64_C(1000000) * lengths[i], 1);
    }
    return rc;
}

int experiment_cost(struct bench *b, struct err_text *error)
{
    struct cost_run *run = memory_new(sizeof *run);
    run->bench = b;
    int rc = sides_plan(run, error);
    const struct runner runner = {.experiment = "E10",
                                  .cells = run->count,
                                  .name = cell_name,
                                  .trial = one_trial,
                                  .context = run,
                                  .metric = "append_p50",
                                  .precision = 0.05,
                                  .trials_min = b->trials,
                                  .trials_max = b->full ? 20 : b->trials,
                                  .seed = 10};
    for (int i = 0; i < run->count && rc == 0; i++) rc = side_start(run, &run->sides[i], error);
    if (rc == 0 && run->count > 0) rc = runner_run(b, &runner, error);
    for (int i = 0; i < run->count; i++) side_stop(&run->sides[i]);
    target_set_stop(&run->peers);
    free(run);
    return rc;
}
