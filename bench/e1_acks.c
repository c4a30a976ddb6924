/* e1_acks.c - E1: what do acks=0, 1 and all cost, in each durability mode?
 *
 * A broker per durability mode stays up through the experiment. Trials interleave: every cell once, then
 * every cell again in the opposite order, so that a slow minute of the machine hits all of them. A trial
 * of a cell is, on a topic of its own, first a saturated run (throughput), then a paced one (latency). */
#include <stdio.h>
#include <string.h>

#include "bench/environment.h"
#include "bench/experiment.h"
#include "bench/load.h"

enum { ACKS = 3, MODES = 3, CELLS = ACKS * MODES, MESSAGE_BYTES = 100, REPEATS_MAX = 2 };
#define LAG_P99_NS_MAX INT64_C(10000000)

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
    int sequence; /* for topic names */
};

static void saturated(struct acks_run *run, const struct target *target, struct load_options *o, struct trial *t)
{
    struct load_result r = {0};
    struct err_text error = {0};
    int64_t broker_ns = environment_process_cpu_ns(target->process.pid), own_ns = environment_own_cpu_ns();
    o->count = run->saturated_count;
    o->linger_ms = 5;
    if (load_saturate(o, &r, &error) != 0) {
        trial_void(t, "%s", error.text);
        return;
    }
    double millions = (double)o->count / 1e6;
    trial_metric(t, "throughput", "messages/s", (double)r.acked / r.seconds);
    trial_metric(t, "saturated_n", "messages", (double)o->count);
    trial_metric(t, "saturated_missing", "messages", (double)(r.acked - r.in_log));
    trial_metric(t, "broker_cpu", "s per million messages",
                 (double)(environment_process_cpu_ns(target->process.pid) - broker_ns) / 1e9 / millions);
    trial_metric(t, "client_cpu", "s per million messages",
                 (double)(environment_own_cpu_ns() - own_ns) / 1e9 / millions);
    if (r.failed > 0 || r.acked < o->count)
        trial_void(t, "saturated: %lld of %lld messages acknowledged", (long long)r.acked, (long long)o->count);
    else if (strcmp(o->acks, "0") != 0 && r.in_log != r.acked)
        trial_void(t, "saturated: %lld acknowledged, %lld in the log", (long long)r.acked, (long long)r.in_log);
}

static void paced(struct acks_run *run, struct load_options *o, struct trial *t)
{
    struct err_text error = {0};
    struct load_result r = {.ack = trial_histogram(t, "ack", "ns"),
                            .end_to_end = trial_histogram(t, "end_to_end", "ns"),
                            .lag = trial_histogram(t, "generator_lag", "ns")};
    o->rate = run->rate;
    o->count = run->paced_count;
    o->warm_up = run->paced_count / 5;
    o->linger_ms = 0;
    if (load_paced(o, &r, &error) != 0) {
        trial_void(t, "%s", error.text);
        return;
    }
    trial_metric(t, "paced_n", "messages", (double)r.ack->total);
    trial_metric(t, "paced_missing", "messages", (double)(r.acked - r.consumed));
    int64_t lag_ns = histogram_percentile(r.lag, 99);
    if (r.failed > 0 || r.acked < o->count)
        trial_void(t, "paced: %lld of %lld messages acknowledged", (long long)r.acked, (long long)o->count);
    else if (strcmp(o->acks, "0") != 0 && r.consumed != r.acked)
        trial_void(t, "paced: %lld acknowledged, %lld consumed", (long long)r.acked, (long long)r.consumed);
    else if (lag_ns > LAG_P99_NS_MAX)
        trial_void(t, "the generator itself was %lld ms late (99th percentile)", (long long)(lag_ns / 1000000));
}

static int topic_run(struct acks_run *run, const struct target *target, const char *acks, struct trial *t,
                     void (*step)(struct acks_run *, const struct target *, struct load_options *, struct trial *),
                     struct err_text *error)
{
    char topic[64];
    snprintf(topic, sizeof topic, "e1-%d", ++run->sequence);
    struct load_options o = {.bootstrap = target->bootstrap,
                             .topic = topic,
                             .acks = acks,
                             .message_bytes = MESSAGE_BYTES,
                             .timeout_ms = 10000};
    int rc = load_topic_create(o.bootstrap, topic, 1, error);
    if (rc < 0) return rc;
    step(run, target, &o, t);
    return load_topic_delete(o.bootstrap, topic, error);
}

static void paced_step(struct acks_run *run, const struct target *target, struct load_options *o, struct trial *t)
{
    (void)target;
    paced(run, o, t);
}

static double percentile_ms(const struct trial *t, const char *histogram, double percentile)
{
    const struct histogram *h = trial_values(t, histogram);
    return h ? (double)histogram_percentile(h, percentile) / 1e6 : 0;
}

static int one_trial(struct acks_run *run, int mode, int acks, int number, bool *is_void, struct err_text *error)
{
    char cell[TRIAL_NAME_MAX], rate[32];
    struct trial t;
    const struct target *target = &run->targets[mode];
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
    int rc = topic_run(run, target, acks_names[acks], &t, saturated, error);
    if (rc == 0 && trial_valid(&t)) rc = topic_run(run, target, acks_names[acks], &t, paced_step, error);
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
