/* e2_load.c - E2: how does latency grow with load?
 *
 *     search   the highest rate that the target sustains: doubled until a trial fails, bisected, then confirmed by
 *              trials of their own (a rate that passed once may have been lucky)
 *     curve    seven shares of that rate, 1 % to 105 %, interleaved as always; above 100 % a trial is saturated, and
 *              says so
 *
 * A rate is sustained when a valid trial at it has no finding: 99 % of it was achieved, a steady state was found,
 * Little's law holds, the ledger closes without a loss (gate.h). Arrivals are Poisson: regular ones would hide the
 * queue until the very end.
 *
 * The search takes a bounded time. What it decided by a void trial, or could not end, makes its answer void too: the
 * curve is drawn all the same, as shares of a rate that is not certain. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/arrivals.h"
#include "bench/experiment.h"
#include "bench/measure.h"
#include "bench/runner.h"
#include "lib/os/clock.h"

enum { MESSAGE_BYTES = 100, SHARES = 7, FIRST_RATE = 4000, RATE_MAX = 4000000, CONFIRMATIONS = 2, STEPS_MAX = 24 };
static const double shares[SHARES] = {0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 1.05};

struct load_run {
    struct bench *bench;
    struct target target;
    double rate; /* that is sustained; messages/s */
    /* the search's */
    int number; /* of its trials */
    int64_t until_ns;
    int again;                 /* void trials that were made again */
    char doubt[GATE_TEXT_MAX]; /* why its answer is not certain; "" */
};

/* --- one trial --- */

static int rate_trial(struct load_run *run, int64_t rate, double seconds, enum measured_pace pace, struct trial *t,
                      struct err_text *error)
{
    char text[32];
    struct arrivals a;
    struct arrivals_pattern pattern = {.kind = ARRIVALS_POISSON, .rate = rate, .seed = (uint64_t)t->number};
    struct measured_target target = {"millrace", run->target.bootstrap, run->target.process.pid};
    struct load_options o = {
        .acks = "1", .message_bytes = MESSAGE_BYTES, .linger_ms = 0, .rate = rate, .timeout_ms = 10000};
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
    trial_set(t, "durability", "page-cache");
    trial_set(t, "message_bytes", "100");
    trial_set(t, "linger_ms", "0");
    rc = measure_paced(&target, &o, pace, t, error);
    arrivals_release(&a);
    return rc;
}

/* --- the search --- */

static double trial_seconds(const struct load_run *run)
{
    return run->bench->full ? 20 : 1.5;
}

static bool search_over(const struct load_run *run)
{
    return runner_ending() || clock_mono_ns() > run->until_ns;
}

/* One trial of the search: whether the rate was kept, and why the trial is void ("" when it is not). */
static int search_trial(struct load_run *run, int64_t rate, bool *kept, char why_void[GATE_TEXT_MAX],
                        struct err_text *error)
{
    char cell[TRIAL_NAME_MAX], finding[GATE_TEXT_MAX];
    struct trial t;
    snprintf(cell, sizeof cell, "search %lld", (long long)rate);
    trial_init(&t, "E2", cell, ++run->number);
    int rc = rate_trial(run, rate, trial_seconds(run), PACE_KEPT, &t, error);
    if (rc < 0) {
        trial_release(&t);
        return rc;
    }
    *kept = t.verdict.finding_count == 0;
    snprintf(why_void, GATE_TEXT_MAX, "%s", trial_valid(&t) ? "" : t.verdict.void_reasons[0]);
    snprintf(finding, sizeof finding, "%s", *kept ? "" : t.verdict.findings[0]);
    return bench_keep(run->bench, &t, error, "%s%s", *kept ? "sustained" : "not sustained: ", finding);
}

/* 1: sustained, 0: not, or negative. Void trials are made again a few times; then the last one decides and leaves a
 * doubt. */
static int sustained(struct load_run *run, int64_t rate, struct err_text *error)
{
    char why_void[GATE_TEXT_MAX];
    bool kept;
    int rc = search_trial(run, rate, &kept, why_void, error);
    for (; rc == 0 && why_void[0] && run->again < run->bench->again_max && !search_over(run); run->again++)
        rc = search_trial(run, rate, &kept, why_void, error);
    if (rc < 0) return rc;
    if (why_void[0] && !run->doubt[0]) snprintf(run->doubt, sizeof run->doubt, "%s", why_void);
    return kept;
}

static int confirmed(struct load_run *run, int64_t rate, struct err_text *error)
{
    int rc = 1;
    for (int i = 0; i < CONFIRMATIONS && rc == 1; i++) rc = sustained(run, rate, error);
    return rc;
}

/* The rates between which the answer lies; `low` is sustained or 0. */
static int bracket(struct load_run *run, int64_t *low, int64_t *high, struct err_text *error)
{
    int rc = 1;
    *low = 0;
    for (*high = FIRST_RATE; *high <= RATE_MAX && rc == 1 && !search_over(run);) {
        rc = sustained(run, *high, error);
        if (rc == 1) {
            *low = *high;
            *high *= 2;
        }
    }
    return rc < 0 ? rc : 0;
}

static int bisect(struct load_run *run, int64_t *low, int64_t high, struct err_text *error)
{
    double precision = run->bench->full ? 1.03 : 1.15;
    for (int step = 0; step < STEPS_MAX && (double)high > (double)*low * precision && !search_over(run); step++) {
        int64_t middle = (int64_t)sqrt((double)*low * (double)high);
        int rc = sustained(run, middle, error);
        if (rc < 0) return rc;
        if (rc == 1)
            *low = middle;
        else
            high = middle;
    }
    return 0;
}

/* An earlier run's answer counts, a void one too: its trial is in the folder, and those of the curve that may be there
 * are shares of it. */
static int known_rate(struct load_run *run, struct err_text *error)
{
    struct trials all;
    int rc = trials_load(&all, run->bench->dir, "E2", error);
    if (rc < 0) return rc;
    for (int i = 0; i < all.count; i++) {
        const struct trial *t = &all.items[i];
        if (strcmp(t->cell, "sustainable") == 0) run->rate = trial_value(t, "rate");
        if (strncmp(t->cell, "search", 6) == 0 && t->number > run->number) run->number = t->number;
    }
    trials_release(&all);
    return 0;
}

static int search(struct load_run *run, struct err_text *error)
{
    int64_t low = 0, high = 0, begin_ns = clock_mono_ns();
    struct trial t;
    int rc = known_rate(run, error);
    if (rc < 0 || run->rate > 0) return rc;
    run->until_ns = begin_ns + (run->bench->full ? INT64_C(1800000000000) : INT64_C(60000000000));
    int64_t half_ns = begin_ns + (run->bench->until_ns - begin_ns) / 2; /* the curve needs the other half */
    if (run->bench->until_ns && half_ns < run->until_ns) run->until_ns = half_ns;
    rc = bracket(run, &low, &high, error);
    if (rc == 0 && low > 0) rc = bisect(run, &low, high, error);
    while (rc == 0 && low > 0 && !search_over(run)) {
        rc = confirmed(run, low, error);
        if (rc == 0) low = low * 9 / 10;
    }
    if (rc < 0 || runner_ending() || low == 0) return rc < 0 ? rc : 0;
    run->rate = (double)low;
    trial_init(&t, "E2", "sustainable", 1);
    trial_metric(&t, "rate", "messages/s", run->rate);
    if (rc == 0) trial_void(&t, "the search was not over after %.0f s", (double)(clock_mono_ns() - begin_ns) / 1e9);
    if (run->doubt[0]) trial_void(&t, "found by void trials: %s", run->doubt);
    return bench_keep(run->bench, &t, error, "%.0f messages/s, confirmed %d times", run->rate, CONFIRMATIONS);
}

/* --- the curve --- */

static const char *cell_name(void *context, int cell)
{
    static char names[SHARES][TRIAL_NAME_MAX];
    (void)context;
    snprintf(names[cell], sizeof names[cell], "%g %%", shares[cell] * 100);
    return names[cell];
}

static int one_trial(void *context, int cell, struct trial *t, char *text, size_t size, struct err_text *error)
{
    struct load_run *run = context;
    int64_t rate = (int64_t)(run->rate * shares[cell]);
    trial_metric(t, "share", "of the sustainable rate", shares[cell]);
    int rc = rate_trial(run, rate > 0 ? rate : 1, run->bench->full ? 60 : 2,
                        shares[cell] > 1 ? PACE_SATURATED : PACE_KEPT, t, error);
    if (rc == 0)
        snprintf(text, size, "%7lld messages/s   ack p50 %.2f p99 %.2f ms", (long long)rate,
                 (double)histogram_percentile(trial_values(t, "ack"), 50) / 1e6,
                 (double)histogram_percentile(trial_values(t, "ack"), 99) / 1e6);
    return rc;
}

int experiment_load(struct bench *b, struct err_text *error)
{
    struct load_run run = {.bench = b};
    const struct runner runner = {.experiment = "E2",
                                  .cells = SHARES,
                                  .name = cell_name,
                                  .trial = one_trial,
                                  .context = &run,
                                  .trials_min = b->trials,
                                  .trials_max = b->trials,
                                  .seed = 2};
    int rc = target_start(&run.target, b, "load", NULL, error);
    if (rc == 0) rc = search(&run, error);
    if (rc == 0 && run.rate == 0)
        printf("  no rate could be confirmed: there is nothing to draw a curve against\n");
    else if (rc == 0)
        rc = runner_run(b, &runner, error);
    target_stop(&run.target);
    return rc;
}
