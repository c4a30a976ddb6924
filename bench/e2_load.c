/* e2_load.c - E2: how does latency grow with load?
 *
 *     search   the highest rate that the target sustains: doubled until it is not kept, bisected, then confirmed by
 *              trials of their own (rate_search.h)
 *     curve    seven shares of that rate, 1 % to 105 %, interleaved as always; above 100 % a trial is saturated, and
 *              says so
 *
 * A rate is sustained when a valid trial at it has no finding: 99 % of it was achieved, a steady state was found,
 * Little's law holds, the ledger closes without a loss (gate.h). Where only the steady state is missing, a queue that
 * never ends must be the reason: one that grows by 1 % of what comes, which is what the gate of the rate lets pass,
 * makes the latency rise by 1 % of the time. Arrivals are Poisson: regular ones would hide the queue until the very
 * end.
 *
 * The search takes a bounded time. What it decided by a void trial, or could not end, makes its answer void too: the
 * curve is drawn all the same, as shares of a rate that is not certain. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/arrivals.h"
#include "bench/experiment.h"
#include "bench/measure.h"
#include "bench/rate_search.h"
#include "bench/runner.h"
#include "bench/target_set.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"

enum { MESSAGE_BYTES = 100, SHARES = 7, RATE_MIN = 100, FIRST_RATE = 4000, RATE_MAX = 4000000, SEARCH_TRIALS = 30 };
static const double shares[SHARES] = {0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 1.05};

struct load_run { /* a target in one of its modes */
    struct bench *bench;
    const struct target_mode *mode;
    double rate; /* that is sustained; messages/s */
    /* the search's */
    int number; /* of its trials */
    int64_t until_ns;
    double trial_s;
    struct err_text *error;
};

/* --- one trial --- */

static int rate_trial(struct load_run *run, int64_t rate, double seconds, enum measured_pace pace, struct trial *t,
                      struct err_text *error)
{
    char text[32];
    struct arrivals a;
    struct arrivals_pattern pattern = {.kind = ARRIVALS_POISSON, .rate = rate, .seed = (uint64_t)t->number};
    struct measured_target target = target_measured(run->mode);
    struct load_options o = {
        .acks = "1", .message_bytes = MESSAGE_BYTES, .linger_ms = 0, .rate = rate, .timeout_ms = 10000};
    target_load(run->mode, &o);
    o.count = (int64_t)((double)rate * seconds);
    if (o.count < 100) o.count = 100;
    o.warm_up = o.count / 5;
    int rc = arrivals_make(&a, &pattern, o.count, error);
    if (rc < 0) return rc;
    o.arrivals = &a.schedule;
    snprintf(text, sizeof text, "%lld", (long long)rate);
    trial_set(t, "rate", text);
    trial_set(t, "arrivals", arrivals_name(pattern.kind));
    trial_set(t, "acks", "1");
    target_settings(run->mode, t);
    trial_set(t, "message_bytes", "100");
    trial_set(t, "linger_ms", "0");
    rc = measure_paced(&target, &o, pace, t, error);
    arrivals_release(&a);
    return rc;
}

/* As long as leaves time for so many, between what profile quick takes and what full takes at most. */
static double trial_seconds(const struct bench *b, double left_s, int trials, double quick_s, double full_s)
{
    double fitting_s = b->full ? left_s / trials : quick_s;
    return fitting_s < quick_s ? quick_s : fitting_s > full_s ? full_s : fitting_s;
}

/* --- the search --- */

static bool search_over(void *context)
{
    const struct load_run *run = context;
    return runner_ending() || clock_mono_ns() > run->until_ns;
}

static bool rate_kept(const struct trial *t, double seconds)
{
    const struct gate_verdict *v = &t->verdict;
    return v->finding_count == 0 ||
           (v->finding_count == 1 && v->unsteady && trial_value(t, "latency_rise") <= (1 - GATE_RATE_MIN) * seconds);
}

static int search_trial(void *context, int64_t rate, struct rate_seen *seen)
{
    struct load_run *run = context;
    char own[32], cell[TRIAL_NAME_MAX], finding[GATE_TEXT_MAX];
    struct trial t;
    snprintf(own, sizeof own, "search %lld", (long long)rate);
    target_mode_cell(run->mode, own, cell);
    trial_init(&t, "E2", cell, ++run->number);
    int rc = rate_trial(run, rate, run->trial_s, PACE_KEPT, &t, run->error);
    if (rc < 0) {
        trial_release(&t);
        return rc;
    }
    seen->kept = rate_kept(&t, run->trial_s);
    snprintf(seen->why_void, GATE_TEXT_MAX, "%s", trial_valid(&t) ? "" : t.verdict.void_reasons[0]);
    snprintf(finding, sizeof finding, "%s", seen->kept ? "" : t.verdict.findings[0]);
    return bench_keep(run->bench, &t, run->error, "%s%s", seen->kept ? "sustained" : "not sustained: ", finding);
}

/* An earlier run's answer counts, a void one too: its trial is in the folder, and those of the curve that may be there
 * are shares of it. */
static int known_rate(struct load_run *run, struct err_text *error)
{
    struct trials all;
    char answer[TRIAL_NAME_MAX];
    int rc = trials_load(&all, run->bench->dir, "E2", error);
    if (rc < 0) return rc;
    target_mode_cell(run->mode, "sustainable", answer);
    for (int i = 0; i < all.count; i++) {
        const struct trial *t = &all.items[i];
        if (strcmp(t->cell, answer) == 0) run->rate = trial_value(t, "rate");
        if (strstr(t->cell, "search ") && t->number > run->number) run->number = t->number;
    }
    trials_release(&all);
    return 0;
}

/* `share`: how much of the time that is left for the experiment it may take. */
static int search(struct load_run *run, double share)
{
    int64_t begin_ns = clock_mono_ns();
    struct rate_answer answer;
    struct trial t;
    char cell[TRIAL_NAME_MAX];
    const struct rate_search how = {.least = RATE_MIN,
                                    .first = FIRST_RATE,
                                    .most = RATE_MAX,
                                    .precision = run->bench->full ? 1.03 : 1.15,
                                    .trial = search_trial,
                                    .over = search_over,
                                    .context = run};
    int rc = known_rate(run, run->error);
    if (rc < 0 || run->rate > 0) return rc;
    run->until_ns = begin_ns + (run->bench->full ? INT64_C(1800000000000) : INT64_C(60000000000));
    int64_t end_ns = begin_ns + (int64_t)((double)(run->bench->until_ns - begin_ns) * share);
    if (run->bench->until_ns && end_ns < run->until_ns) run->until_ns = end_ns;
    run->trial_s = trial_seconds(run->bench, (double)(run->until_ns - begin_ns) / 1e9, SEARCH_TRIALS, 1.5, 20);
    rc = rate_search(&how, &answer);
    if (rc < 0 || runner_ending() || answer.rate == 0) return rc;
    run->rate = (double)answer.rate;
    target_mode_cell(run->mode, "sustainable", cell);
    trial_init(&t, "E2", cell, 1);
    target_settings(run->mode, &t);
    trial_metric(&t, "rate", "messages/s", run->rate);
    if (!answer.confirmed)
        trial_void(&t, "the search was not over after %.0f s", (double)(clock_mono_ns() - begin_ns) / 1e9);
    if (answer.doubt[0]) trial_void(&t, "found by void trials: %s", answer.doubt);
    return bench_keep(run->bench, &t, run->error, "%.0f messages/s, confirmed %d times", run->rate,
                      RATE_SEARCH_CONFIRMATIONS);
}

/* --- the curve --- */

struct curve {
    struct target_set set;
    struct load_run runs[TARGET_MODES_MAX]; /* those whose rate is known */
    int run_count;
    double trial_s;
    char names[SHARES * TARGET_MODES_MAX][TRIAL_NAME_MAX];
};

static const char *cell_name(void *context, int cell)
{
    const struct curve *curve = context;
    return curve->names[cell];
}

static int one_trial(void *context, int cell, struct trial *t, char *text, size_t size, struct err_text *error)
{
    struct curve *curve = context;
    struct load_run *run = &curve->runs[cell / SHARES];
    double share = shares[cell % SHARES];
    int64_t rate = (int64_t)(run->rate * share);
    trial_metric(t, "share", "of the sustainable rate", share);
    int rc = rate_trial(run, rate > 0 ? rate : 1, curve->trial_s, share > 1 ? PACE_SATURATED : PACE_KEPT, t, error);
    if (rc == 0)
        snprintf(text, size, "%7lld messages/s   ack p50 %.2f p99 %.2f ms", (long long)rate,
                 (double)histogram_percentile(trial_values(t, "ack"), 50) / 1e6,
                 (double)histogram_percentile(trial_values(t, "ack"), 99) / 1e6);
    return rc;
}

/* One search after the other: each needs the target's whole machine. The curves need half of the time. */
static int searches(struct curve *curve, struct bench *b, struct err_text *error)
{
    int rc = 0, modes = curve->set.mode_count;
    for (int i = 0; i < modes && rc == 0 && !runner_ending(); i++) {
        struct load_run *run = &curve->runs[curve->run_count];
        *run = (struct load_run){.bench = b, .mode = &curve->set.modes[i], .error = error};
        rc = search(run, 1.0 / (2 * modes - i));
        if (rc == 0 && run->rate == 0)
            printf("  no rate of %s could be confirmed: there is nothing to draw a curve against\n",
                   run->mode->spec->name);
        if (run->rate > 0) curve->run_count++;
    }
    return rc;
}

int experiment_load(struct bench *b, struct err_text *error)
{
    struct curve *curve = memory_new(sizeof *curve);
    int rc = target_set_start(&curve->set, b, "E2", TARGETS_DEFAULTS, error);
    if (rc == 0) rc = searches(curve, b, error);
    const struct runner runner = {.experiment = "E2",
                                  .cells = SHARES * curve->run_count,
                                  .name = cell_name,
                                  .trial = one_trial,
                                  .context = curve,
                                  .trials_min = b->trials,
                                  .trials_max = b->trials,
                                  .seed = 2};
    double left_s = b->until_ns ? (double)(b->until_ns - clock_mono_ns()) / 1e9 : INFINITY;
    curve->trial_s = trial_seconds(b, left_s, runner.cells > 0 ? runner.cells * EXPERIMENT_TRIALS_MIN : 1, 2, 60);
    for (int i = 0; i < runner.cells; i++) {
        char own[16];
        snprintf(own, sizeof own, "%g %%", shares[i % SHARES] * 100);
        target_mode_cell(curve->runs[i / SHARES].mode, own, curve->names[i]);
    }
    if (rc == 0 && runner.cells > 0) rc = runner_run(b, &runner, error);
    target_set_stop(&curve->set);
    free(curve);
    return rc;
}
