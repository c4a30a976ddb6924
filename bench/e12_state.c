/* e12_state.c - E12: what does a state cost that is folded from its history, with snapshots and without, and what a
 * correction, against a table of states in SQLite?
 *
 * A cell is a way to ask (states.h) and the length of the history. A trial asks again and again for a tenth of a
 * second, twice at least, after a question that does not count. */
#include <stdio.h>
#include <string.h>

#include "bench/experiment.h"
#include "bench/monitor.h"
#include "bench/runner.h"
#include "bench/states.h"
#include "lib/os/clock.h"

enum { LENGTHS = 4, CELLS = LENGTHS * STATES_WAYS, ASKED_MIN = 2, ASKED_MAX = 100, TRIAL_NS = 100000000 };

static const int64_t lengths_quick[LENGTHS] = {20, 200, 2000, 20000},
                     lengths_full[LENGTHS] = {100, 1000, 10000, 200000};
/* The metric that places a cell on its axis, and names its way to the claims. */
static const char *const axes[STATES_WAYS] = {"replayed", "snapshotted", "tabled",
                                              "left_out", "compensated", "restored"};

struct state_run {
    struct bench *bench;
    struct target target;
    struct states states[LENGTHS];
};

static int64_t events_of(const struct bench *b, int cell)
{
    return (b->full ? lengths_full : lengths_quick)[cell / STATES_WAYS];
}

static const char *cell_name(void *context, int cell)
{
    static char names[CELLS][TRIAL_NAME_MAX];
    const struct state_run *run = context;
    snprintf(names[cell], TRIAL_NAME_MAX, "%s, %lld events", STATES_WAY_NAMES[cell % STATES_WAYS],
             (long long)events_of(run->bench, cell));
    return names[cell];
}

static int ask(struct states *s, enum states_way way, struct histogram *times, int64_t *read, struct err_text *error)
{
    int64_t until_ns = clock_mono_ns() + TRIAL_NS, took_ns;
    int rc = states_ask(s, way, &took_ns, read, error); /* warms up */
    for (int i = 0; rc == 0 && i < ASKED_MAX && (i < ASKED_MIN || clock_mono_ns() < until_ns); i++) {
        rc = states_ask(s, way, &took_ns, read, error);
        if (rc == 0) histogram_record(times, took_ns);
    }
    return rc;
}

static int one_trial(void *context, int cell, struct trial *t, char *text, size_t size, struct err_text *error)
{
    struct state_run *run = context;
    struct states *s = &run->states[cell / STATES_WAYS];
    enum states_way way = cell % STATES_WAYS;
    struct monitor monitor;
    struct gate_facts facts = {.lateness_p99_ns = -1, .io_before = -1, .capture_drops = -1};
    struct histogram *times = trial_histogram(t, "answer", "ns");
    pid_t pids[] = {run->target.process.pid, s->serve.pid};
    int64_t read = 0;
    trial_set(t, "durability",
              way == STATES_TABLE || way == STATES_RESTORE ? "none: SQLite, synchronous=OFF" : "page-cache");
    trial_set(t, "way", STATES_WAY_NAMES[way]);
    monitor_start(&monitor, pids, 2);
    int rc = ask(s, way, times, &read, error);
    monitor_stop(&monitor);
    if (rc < 0) return rc;
    facts.machine = monitor.seen;
    trial_metric(t, axes[way], "events", (double)s->events);
    trial_metric(t, "answer_p50", "ms", (double)histogram_percentile(times, 50) / 1e6);
    trial_metric(t, "read", "events", (double)read);
    trial_judge(t, &facts);
    snprintf(text, size, "p50 %.3f ms, %lld events read", trial_value(t, "answer_p50"), (long long)read);
    return 0;
}

static int all_open(struct state_run *run, struct err_text *error)
{
    int rc = 0;
    for (int i = 0; i < LENGTHS && rc == 0; i++) {
        char name[32], folder[PATH_MAX];
        snprintf(name, sizeof name, "states-%d", i);
        rc = bench_folder(run->bench, name, folder, error);
        if (rc == 0)
            rc = states_open(&run->states[i], run->bench, run->target.bootstrap, folder,
                             events_of(run->bench, i * STATES_WAYS), error);
    }
    return rc;
}

int experiment_state(struct bench *b, struct err_text *error)
{
    struct state_run run = {.bench = b};
    const struct runner runner = {.experiment = "E12",
                                  .cells = CELLS,
                                  .name = cell_name,
                                  .trial = one_trial,
                                  .context = &run,
                                  .metric = "answer_p50",
                                  .precision = 0.1,
                                  .trials_min = b->trials,
                                  .trials_max = b->full ? 20 : b->trials,
                                  .seed = 12};
    int rc = target_start(&run.target, b, "states", NULL, error);
    if (rc == 0) rc = all_open(&run, error);
    if (rc == 0) rc = runner_run(b, &runner, error);
    for (int i = 0; i < LENGTHS; i++) states_close(&run.states[i]);
    target_stop(&run.target);
    return rc;
}
