/* e1_acks.c - E1: what do acks=0, 1 and all cost, in each durability mode?
 *
 * A broker per durability mode stays up through the experiment. Trials interleave: every cell once, then
 * every cell again in the opposite order, so that a slow minute of the machine hits all of them. A trial
 * of a cell is, on a topic of its own, first a saturated run (throughput), then a paced one (latency). */
#include <stdio.h>
#include <string.h>

#include "bench/experiment.h"
#include "bench/measure.h"

enum { ACKS = 3, MODES = 3, CELLS = ACKS * MODES, MESSAGE_BYTES = 100, REPEATS_MAX = 5 };

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

static int one_trial(struct acks_run *run, int mode, int acks, int number, bool *is_void, struct err_text *error)
{
    char cell[TRIAL_NAME_MAX], rate[32];
    struct trial t;
    snprintf(cell, sizeof cell, "acks=%s %s", acks_names[acks], modes[mode].name);
    snprintf(rate, sizeof rate, "%lld", (long long)run->rate);
    trial_init(&t, "E1", cell, number);
    trial_set(&t, "acks", acks_names[acks]);
    trial_set(&t, "durability", modes[mode].name);
    trial_set(&t, "broker_setting", modes[mode].settings[0] ? modes[mode].settings[0] : "defaults");
    trial_set(&t, "message_bytes", "100");
    trial_set(&t, "saturated_linger_ms", "5");
    trial_set(&t, "paced_linger_ms", "0");
    trial_set(&t, "paced_rate", rate);
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
    int rc = measure_saturated(&target, &full, &t, error);
    if (rc == 0 && trial_valid(&t)) rc = measure_paced(&target, &paced, false, &t, error);
    *is_void = !trial_valid(&t);
    if (rc < 0) {
        trial_release(&t);
        return rc;
    }
    return bench_keep(run->bench, &t, error,
                      "%9.0f messages/s   ack p50 %.2f p99 %.2f ms   end to end p50 %.2f p99 %.2f ms",
                      trial_value(&t, "throughput"), percentile_ms(&t, "ack", 50), percentile_ms(&t, "ack", 99),
                      percentile_ms(&t, "end_to_end", 50), percentile_ms(&t, "end_to_end", 99));
}

static int all_trials(struct acks_run *run, struct err_text *error)
{
    int numbers[CELLS] = {0};
    int rc = 0;
    for (int round = 0; round < run->bench->trials; round++) {
        for (int i = 0; i < CELLS && rc == 0; i++) {
            int cell = round % 2 ? CELLS - 1 - i : i;
            bool is_void = true;
            for (int attempt = 0; attempt <= REPEATS_MAX && is_void && rc == 0; attempt++)
                rc = one_trial(run, cell / ACKS, cell % ACKS, ++numbers[cell], &is_void, error);
        }
    }
    return rc;
}

int experiment_acks(struct bench *b, struct err_text *error)
{
    struct acks_run run = {
        .bench = b, .saturated_count = b->full ? 4000000 : 500000, .paced_count = b->full ? 60000 : 2500, .rate = 2000};
    int rc = 0;
    for (int i = 0; i < MODES && rc == 0; i++)
        rc = target_start(&run.targets[i], b, modes[i].name, modes[i].settings, error);
    if (rc == 0) rc = all_trials(&run, error);
    for (int i = 0; i < MODES; i++) target_stop(&run.targets[i]);
    return rc;
}
