/* e8_loss.c - E8: what is lost and duplicated when a broker dies?
 *
 * A producer sends on a schedule; somewhere in the middle the broker is killed (kill -9), or the power fails as well
 * (millrace power-cut takes what was not synced); it starts again on the same address while the producer goes on. When
 * every message has its answer the log is read from its start, and the sender's ledger says what became of each: lost
 * is what was acknowledged and is not there. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "bench/experiment.h"
#include "bench/measure.h"
#include "bench/runner.h"
#include "lib/base/random.h"
#include "lib/os/clock.h"

enum { MESSAGE_BYTES = 100, RATE = 1000, EVENTS = 4, PRODUCERS = 4, CELLS = EVENTS * PRODUCERS };

static const struct {
    const char *name, *mode;
    bool power;
    const char *settings[2];
} events[EVENTS] = {
    {"kill -9, page-cache", "page-cache", false, {NULL}},
    {"power cut, page-cache", "page-cache", true, {NULL}},
    {"power cut, interval", "interval", true, {"log.flush.interval.ms=100", NULL}},
    {"power cut, group-commit", "group-commit", true, {"log.flush.interval.messages=1", NULL}},
};
static const struct {
    const char *name, *acks;
    bool no_retries, idempotent;
} producers[PRODUCERS] = {
    {"acks=0", "0", true, false},
    {"acks=1, no retries", "1", true, false},
    {"acks=1, retries", "1", false, false},
    {"acks=all, idempotent", "all", false, true},
};

struct loss_run {
    struct bench *bench;
    struct target target;
    int event;
};

static const char *cell_name(void *context, int cell)
{
    static char names[CELLS][TRIAL_NAME_MAX];
    (void)context;
    snprintf(names[cell], sizeof names[cell], "%s; %s", events[cell / PRODUCERS].name,
             producers[cell % PRODUCERS].name);
    return names[cell];
}

/* --- the accident --- */

/* In a thread of its own, beside the load. The thread stays until it is told to end: the new broker lives as long as
 * the thread that started it. */
struct accident {
    struct loss_run *run;
    int64_t after_ns; /* the start of the schedule */
    pthread_t thread;
    _Atomic int64_t start_ns; /* 0 until it is known */
    _Atomic bool stop;        /* the load has ended */
    int rc;
    struct err_text error;
    int64_t down_ns; /* from the kill until the broker was ready again */
};

static void *happen(void *context)
{
    struct accident *a = context;
    struct loss_run *run = a->run;
    while (a->start_ns == 0 && !a->stop) clock_sleep_ms(1);
    clock_sleep_until(a->start_ns + a->after_ns, 0);
    int64_t begin_ns = clock_mono_ns();
    target_halt(&run->target, SIGKILL);
    if (events[run->event].power)
        a->rc = bench_command(run->bench, NULL, NULL, &a->error, "power-cut", run->target.folder, NULL);
    if (a->rc == 0) a->rc = target_resume(&run->target, run->bench, "loss", events[run->event].settings, &a->error);
    a->down_ns = clock_mono_ns() - begin_ns;
    while (!a->stop) clock_sleep_ms(5);
    target_stop(&run->target);
    return NULL;
}

/* --- a trial --- */

static void settings(struct trial *t, int cell)
{
    trial_set(t, "acks", producers[cell % PRODUCERS].acks);
    trial_set(t, "retries", producers[cell % PRODUCERS].no_retries ? "0" : "without end");
    trial_set(t, "idempotence", producers[cell % PRODUCERS].idempotent ? "true" : "false");
    trial_set(t, "durability", events[cell / PRODUCERS].mode);
    trial_set(t, "event", events[cell / PRODUCERS].power ? "power cut" : "kill -9");
    trial_set(t, "rate", "1000");
    trial_set(t, "message_bytes", "100");
}

static int accident_load(struct loss_run *run, int cell, struct trial *t, struct accident *a, struct err_text *error)
{
    struct random random;
    int64_t length_ns = run->bench->full ? INT64_C(4000000000) : INT64_C(1000000000);
    struct measured_target target = {"millrace", run->target.bootstrap, 0};
    struct load_options o = {.acks = producers[cell % PRODUCERS].acks,
                             .no_retries = producers[cell % PRODUCERS].no_retries,
                             .idempotent = producers[cell % PRODUCERS].idempotent,
                             .message_bytes = MESSAGE_BYTES,
                             .rate = RATE,
                             .count = RATE * length_ns / INT64_C(1000000000),
                             .timeout_ms = 20000,
                             .start_ns = &a->start_ns,
                             .read_back = true};
    random_seed(&random, (uint64_t)t->number * 1000 + (uint64_t)cell);
    /* Between 30 and 70 % of the way. */
    a->after_ns = length_ns * (30 + (int64_t)random_below(&random, 41)) / 100;
    pthread_create(&a->thread, NULL, happen, a);
    int rc = measure_paced(&target, &o, PACE_DISTURBED, t, error);
    a->stop = true;
    pthread_join(a->thread, NULL);
    return rc < 0 ? rc : a->rc < 0 ? (*error = a->error, a->rc) : 0;
}

static int one_trial(void *context, int cell, struct trial *t, char *text, size_t size, struct err_text *error)
{
    struct loss_run *run = context;
    struct accident a = {.run = run};
    run->event = cell / PRODUCERS;
    settings(t, cell);
    int rc = target_start(&run->target, run->bench, "loss", events[run->event].settings, error);
    if (rc == 0) rc = accident_load(run, cell, t, &a, error);
    if (rc < 0) return rc;
    trial_metric(t, "down", "s", (double)a.down_ns / 1e9);
    snprintf(text, size, "%.0f lost, %.0f duplicated, %.0f failed, %.0f out of order; silent for %.2f s",
             trial_value(t, "lost"), trial_value(t, "duplicated"), trial_value(t, "failed"),
             trial_value(t, "reordered"), trial_value(t, "silence"));
    return 0;
}

int experiment_loss(struct bench *b, struct err_text *error)
{
    struct loss_run run = {.bench = b};
    const struct runner runner = {.experiment = "E8",
                                  .cells = CELLS,
                                  .name = cell_name,
                                  .trial = one_trial,
                                  .context = &run,
                                  .trials_min = b->trials,
                                  .trials_max = b->trials,
                                  .seed = 8};
    return runner_run(b, &runner, error);
}
