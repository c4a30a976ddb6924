/* e1_acks.c - E1: what do acks=0, 1 and all cost, in each durability mode?
 *
 * A broker per durability mode stays up through the experiment. A trial of a cell is, on topics of its own, first a
 * saturated run (throughput), then a paced one (latency). */
#include <stdio.h>
#include <string.h>

#include "bench/experiment.h"
#include "bench/measure.h"
#include "bench/runner.h"

enum { ACKS = 3, MODES = 3, CELLS = ACKS * MODES, MESSAGE_BYTES = 100 };

static const char *const acks_names[ACKS] = {"0", "1", "all"};
static const struct {
    const char *name;
    const char *settings[3];
} modes[MODES] = {
    {"page-cache", {NULL}},
    {"group-commit", {"log.flush.interval.messages=1", NULL}},
    {"interval", {"log.flush.interval.ms=100", NULL}},
};

struct acks_run {
    struct bench *bench;
    struct target targets[MODES];
    int64_t saturated_count, paced_count, rate;
};

static double percentile_ms(const struct trial *t, const char *histogram, double percentile)
{
    const struct histogram *h = trial_values(t, histogram);
    return h ? (double)histogram_percentile(h, percentile) / 1e6 : 0;
}

static const char *cell_name(void *context, int cell)
{
    static char names[CELLS][TRIAL_NAME_MAX];
    (void)context;
    snprintf(names[cell], sizeof names[cell], "acks=%s %s", acks_names[cell % ACKS], modes[cell / ACKS].name);
    return names[cell];
}

static int one_trial(void *context, int cell, struct trial *t, char *text, size_t size, struct err_text *error)
{
    struct acks_run *run = context;
    int mode = cell / ACKS, acks = cell % ACKS;
    char rate[32];
    snprintf(rate, sizeof rate, "%lld", (long long)run->rate);
    trial_set(t, "acks", acks_names[acks]);
    trial_set(t, "durability", modes[mode].name);
    trial_set(t, "broker_setting", modes[mode].settings[0] ? modes[mode].settings[0] : "defaults");
    trial_set(t, "message_bytes", "100");
    trial_set(t, "saturated_linger_ms", "5");
    trial_set(t, "paced_linger_ms", "0");
    trial_set(t, "paced_rate", rate);
    struct measured_target target = {"millrace", run->targets[mode].bootstrap, run->targets[mode].process.pid};
    struct load_options full = {.acks = acks_names[acks],
                                .message_bytes = MESSAGE_BYTES,
                                .linger_ms = 5,
                                .count = run->saturated_count,
                                .timeout_ms = 10000};
    struct load_options paced = full;
    paced.linger_ms = 0;
    paced.rate = run->rate;
    paced.count = run->paced_count;
    paced.warm_up = run->paced_count / 5;
    int rc = measure_saturated(&target, &full, t, error);
    if (rc == 0) rc = measure_paced(&target, &paced, PACE_KEPT, t, error);
    if (rc == 0)
        snprintf(text, size, "%9.0f messages/s   ack p50 %.2f p99 %.2f ms   end to end p50 %.2f p99 %.2f ms",
                 trial_value(t, "throughput"), percentile_ms(t, "ack", 50), percentile_ms(t, "ack", 99),
                 percentile_ms(t, "end_to_end", 50), percentile_ms(t, "end_to_end", 99));
    return rc;
}

int experiment_acks(struct bench *b, struct err_text *error)
{
    struct acks_run run = {
        .bench = b, .saturated_count = b->full ? 4000000 : 500000, .paced_count = b->full ? 60000 : 2500, .rate = 2000};
    int rc = 0;
    for (int i = 0; i < MODES && rc == 0; i++)
        rc = target_start(&run.targets[i], b, modes[i].name, modes[i].settings, error);
    const struct runner runner = {.experiment = "E1",
                                  .cells = CELLS,
                                  .name = cell_name,
                                  .trial = one_trial,
                                  .context = &run,
                                  .metric = "throughput",
                                  .precision = 0.05,
                                  .trials_min = b->trials,
                                  .trials_max = b->full ? 20 : b->trials,
                                  .seed = 1};
    if (rc == 0) rc = runner_run(b, &runner, error);
    for (int i = 0; i < MODES; i++) target_stop(&run.targets[i]);
    return rc;
}
