/* e0_pause.c - E0: does the harness report a stall as long as it was? Its test of itself, on the real clock.
 *
 * The broker is stopped (SIGSTOP) for S in a run of T at a constant rate. A message that is due x into the pause waits
 * S - x, so the share S/T of all messages is late by something between 0 and S, evenly. That gives the percentiles
 * above 1 - S/T in closed form: the latency that the share 1-p of the messages exceeds is S - (1-p) T. A generator that
 * counted from the instant of sending, or waited for answers, would report a few late messages (coordinated omission).
 * bench/schedule_test.c has the same on a clock of its own. */
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

#include "bench/experiment.h"
#include "bench/measure.h"
#include "bench/runner.h"
#include "lib/os/clock.h"

enum { RATE = 1000, MESSAGES = 4000, PAUSE_AFTER_MS = 1500, PAUSE_MS = 500 };
#define ERROR_MAX 0.1 /* of the pause */

static const double percentiles[] = {90, 95, 99};
enum { PERCENTILES = sizeof percentiles / sizeof percentiles[0] };

struct pause {
    const struct process *broker;
    pthread_t thread;
    _Atomic int64_t start_ns;
    _Atomic bool stop;
    int64_t length_ns; /* as it was */
};

static void *pause_it(void *context)
{
    struct pause *p = context;
    while (p->start_ns == 0 && !p->stop) clock_sleep_ms(1);
    if (p->stop) return NULL;
    clock_sleep_until(p->start_ns + INT64_C(1000000) * PAUSE_AFTER_MS, 0);
    int64_t begin_ns = clock_mono_ns();
    process_signal(p->broker, SIGSTOP);
    clock_sleep_ms(PAUSE_MS);
    process_signal(p->broker, SIGCONT);
    p->length_ns = clock_mono_ns() - begin_ns;
    return NULL;
}

/* The percentiles as reported and as they must be. `too_short`, `too_long`: the largest differences, as shares of the
 * pause. */
static void compare(const struct pause *p, struct trial *t, double *too_short, double *too_long)
{
    char name[TRIAL_NAME_MAX];
    const struct histogram *ack = trial_values(t, "ack");
    double pause_s = (double)p->length_ns / 1e9;
    *too_short = *too_long = 0;
    for (int i = 0; i < PERCENTILES; i++) {
        double expected_s = pause_s - (1 - percentiles[i] / 100) * MESSAGES / RATE;
        double reported_s = (double)histogram_percentile(ack, percentiles[i]) / 1e9;
        snprintf(name, sizeof name, "expected p%g", percentiles[i]);
        trial_metric(t, name, "s", expected_s);
        snprintf(name, sizeof name, "reported p%g", percentiles[i]);
        trial_metric(t, name, "s", reported_s);
        *too_short = fmax(*too_short, (expected_s - reported_s) / pause_s);
        *too_long = fmax(*too_long, (reported_s - expected_s) / pause_s);
    }
    trial_metric(t, "pause", "s", pause_s);
    trial_metric(t, "error", "of the pause", fmax(*too_short, *too_long));
}

static const char *cell_name(void *context, int cell)
{
    (void)context, (void)cell;
    return "pause";
}

static int one_trial(void *context, int cell, struct trial *t, char *text, size_t size, struct err_text *error)
{
    const struct target *broker = context;
    struct pause pause = {.broker = &broker->process};
    struct measured_target target = {"millrace", broker->bootstrap, broker->process.pid};
    struct load_options o = {.acks = "1",
                             .message_bytes = 100,
                             .rate = RATE,
                             .count = MESSAGES,
                             .timeout_ms = 20000,
                             .start_ns = &pause.start_ns};
    (void)cell;
    trial_set(t, "durability", "page-cache");
    pthread_create(&pause.thread, NULL, pause_it, &pause);
    int rc = measure_paced(&target, &o, PACE_DISTURBED, t, error);
    pause.stop = true;
    pthread_join(pause.thread, NULL);
    if (rc < 0) return rc;
    double too_short, too_long, foreign = trial_value(t, "foreign_cpu");
    compare(&pause, t, &too_short, &too_long);
    /* A busy machine makes latencies longer, never shorter. */
    if (too_short > ERROR_MAX)
        trial_finding(t, "THE HARNESS IS WRONG: a pause is reported %.0f %% too short", 100 * too_short);
    else if (too_long > ERROR_MAX && foreign > GATE_FOREIGN_CORE)
        trial_void(t, "other work used %.1f %% of a processor (at most %.0f)", 100 * foreign, 100 * GATE_FOREIGN_CORE);
    else if (too_long > ERROR_MAX)
        trial_finding(t, "THE HARNESS IS WRONG: a pause is reported %.0f %% too long", 100 * too_long);
    snprintf(text, size, "paused %.3f s; p99 must be %.3f s, reported %.3f s", trial_value(t, "pause"),
             trial_value(t, "expected p99"), trial_value(t, "reported p99"));
    return 0;
}

int experiment_pause(struct bench *b, struct err_text *error)
{
    struct target broker;
    const struct runner runner = {.experiment = "E0",
                                  .cells = 1,
                                  .name = cell_name,
                                  .trial = one_trial,
                                  .context = &broker,
                                  .trials_min = b->full ? b->trials : 1,
                                  .trials_max = b->full ? b->trials : 1,
                                  .seed = 10};
    int rc = target_start(&broker, b, "pause", NULL, error);
    if (rc == 0) rc = runner_run(b, &runner, error);
    target_stop(&broker);
    return rc;
}
