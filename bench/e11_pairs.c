/* e11_pairs.c - E11: n producers and m consumers, each pair over a connection of its own, against all through a broker.
 *
 * The same number of records is delivered in every trial, as fast as it goes: connections grow with n * m or with n +
 * m, what is sent with m or not at all (pairs.h). */
#include <stdio.h>

#include "bench/e11.h"
#include "bench/environment.h"
#include "bench/experiment.h"
#include "bench/load.h"
#include "bench/monitor.h"
#include "bench/pairs.h"
#include "bench/runner.h"
#include "lib/os/clock.h"

enum { RECORDS = 100, RECORD_BYTES = 100 };

const struct e11_shape e11_shapes[E11_SHAPES] = {
    {1, 1, false}, {2, 2, false}, {4, 4, false}, {8, 8, false}, {16, 16, true},
    {1, 8, false}, {8, 1, false}, {1, 16, true}, {16, 1, true},
};
const char *const e11_ways[E11_WAYS] = {"point to point", "broker"};

const char *e11_cell(int shape, int way)
{
    static char names[E11_SHAPES * E11_WAYS][TRIAL_NAME_MAX];
    char *name = names[shape * E11_WAYS + way];
    snprintf(name, TRIAL_NAME_MAX, "%d x %d, %s", e11_shapes[shape].producers, e11_shapes[shape].consumers,
             e11_ways[way]);
    return name;
}

struct pairs_run {
    struct target target;
    char topic[64];         /* of the trial */
    int shapes[E11_SHAPES]; /* that this profile measures */
    int shape_count;
    int deliveries; /* of batches, in a trial */
};

static const char *cell_name(void *context, int cell)
{
    const struct pairs_run *run = context;
    return e11_cell(run->shapes[cell / E11_WAYS], cell % E11_WAYS);
}

static int deliver(struct pairs_run *run, bool direct, struct pairs *p, struct err_text *error)
{
    if (direct) return pairs_direct(p, error);
    snprintf(run->topic, sizeof run->topic, "pairs-%lld", (long long)clock_mono_ns());
    p->bootstrap = run->target.bootstrap;
    p->topic = run->topic;
    int rc = load_topic_create(p->bootstrap, run->topic, 1, error);
    if (rc == 0) rc = pairs_through_broker(p, error);
    return rc < 0 ? rc : load_topic_delete(p->bootstrap, run->topic, error);
}

static int one_trial(void *context, int cell, struct trial *t, char *text, size_t size, struct err_text *error)
{
    struct pairs_run *run = context;
    struct monitor monitor;
    struct gate_facts facts = {
        .saturated = true, .lateness_p99_ns = -1, .io_before = monitor_io_share(), .capture_drops = -1};
    pid_t pid = run->target.process.pid;
    const struct e11_shape *shape = &e11_shapes[run->shapes[cell / E11_WAYS]];
    int way = cell % E11_WAYS, batches = run->deliveries / (shape->producers * shape->consumers);
    struct pairs p = {.producers = shape->producers,
                      .consumers = shape->consumers,
                      .batches = batches > 0 ? batches : 1,
                      .records = RECORDS,
                      .record_bytes = RECORD_BYTES};
    trial_set(t, "durability", way == 0 ? "none: a peer's memory" : "page-cache");
    trial_set(t, "way", e11_ways[way]);
    trial_set(t, "message_bytes", "100");
    monitor_start(&monitor, &pid, 1);
    int64_t cpu_ns = environment_own_cpu_ns() + environment_process_cpu_ns(pid);
    int rc = deliver(run, way == 0, &p, error);
    cpu_ns = environment_own_cpu_ns() + environment_process_cpu_ns(pid) - cpu_ns;
    monitor_stop(&monitor);
    if (rc < 0) return rc;
    double millions = (double)p.delivered / 1e6;
    trial_metric(t, "producers", "producers", p.producers);
    trial_metric(t, "consumers", "consumers", p.consumers);
    trial_metric(t, "connections", "connections", p.connections);
    trial_metric(t, "throughput", "records delivered/s", (double)p.delivered / p.seconds);
    trial_metric(t, "sent", "records/s", (double)p.delivered / p.consumers / p.seconds);
    trial_metric(t, "cpu", "s per million records delivered", (double)cpu_ns / 1e9 / millions);
    facts.machine = monitor.seen;
    trial_judge(t, &facts);
    snprintf(text, size, "%3d connections, %9.0f records delivered/s", p.connections, trial_value(t, "throughput"));
    return 0;
}

int experiment_pairs(struct bench *b, struct err_text *error)
{
    struct pairs_run run = {.deliveries = b->full ? 80000 : 8000};
    for (int i = 0; i < E11_SHAPES; i++)
        if (b->full || !e11_shapes[i].full) run.shapes[run.shape_count++] = i;
    const struct runner runner = {.experiment = "E11",
                                  .cells = run.shape_count * E11_WAYS,
                                  .name = cell_name,
                                  .trial = one_trial,
                                  .context = &run,
                                  .metric = "throughput",
                                  .precision = 0.05,
                                  .trials_min = b->trials,
                                  .trials_max = b->full ? 20 : b->trials,
                                  .seed = 11};
    int rc = target_start(&run.target, b, "pairs", NULL, error);
    if (rc == 0) rc = runner_run(b, &runner, error);
    target_stop(&run.target);
    return rc;
}
