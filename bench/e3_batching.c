/* e3_batching.c - E3 and E4: what batching and the size of a record do to throughput and latency.
 *
 * E3 varies how long a producer waits for more (linger) and how large a batch may become; E4 varies the record. A trial
 * first sends as fast as the client can, then at a rate of `PACED_RATE`, or of `PACED_BYTES` a second where records are
 * large, for the latency. Every target of the run in its default mode. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/experiment.h"
#include "bench/measure.h"
#include "bench/runner.h"
#include "bench/target_set.h"
#include "lib/base/memory.h"

enum { PACED_RATE = 2000, PACED_BYTES = 20000000 };

struct batching_cell {
    const char *name;
    int linger_ms, batch_bytes, message_bytes;
};

/* librdkafka's batch.size is at most a request, message.max.bytes; its default is a million. */
static const struct batching_cell e3_cells[] = {
    {"linger 0 ms, batch 16 KB", 0, 16384, 100},      {"linger 0 ms, batch 1 MB", 0, 1000000, 100},
    {"linger 1 ms, batch 16 KB", 1, 16384, 100},      {"linger 1 ms, batch 1 MB", 1, 1000000, 100},
    {"linger 5 ms, batch 16 KB", 5, 16384, 100},      {"linger 5 ms, batch 1 MB", 5, 1000000, 100},
    {"linger 20 ms, batch 16 KB", 20, 16384, 100},    {"linger 20 ms, batch 1 MB", 20, 1000000, 100},
    {"linger 100 ms, batch 1 MB", 100, 1000000, 100},
};
static const struct batching_cell e4_cells[] = {
    {"10 B", 5, 1000000, 10},     {"100 B", 5, 1000000, 100},     {"1 KB", 5, 1000000, 1000},
    {"10 KB", 5, 1000000, 10000}, {"100 KB", 5, 1000000, 100000}, {"900 KB", 5, 1000000, 900000},
};

enum { BATCHING_CELLS_MAX = 9, CELLS_MAX = BATCHING_CELLS_MAX * TARGET_MODES_MAX };

struct batching_run {
    struct bench *bench;
    struct target_set set;
    const struct batching_cell *cells; /* of each mode of a target */
    int count;
    char names[CELLS_MAX][TRIAL_NAME_MAX];
};

static const char *cell_name(void *context, int cell)
{
    const struct batching_run *run = context;
    return run->names[cell];
}

/* About as many bytes in every trial, between bounds that keep small records from lasting and large ones from
 * being over at once. */
static int64_t saturated_count(const struct batching_run *run, const struct batching_cell *c)
{
    int64_t bytes = run->bench->full ? INT64_C(400000000) : INT64_C(40000000);
    int64_t count = bytes / c->message_bytes, most = run->bench->full ? 4000000 : 400000;
    return count > most ? most : count < 40 ? 40 : count;
}

static int64_t paced_rate(const struct batching_cell *c)
{
    int64_t rate = PACED_BYTES / c->message_bytes;
    return rate < PACED_RATE ? rate : PACED_RATE;
}

static void settings(struct trial *t, const struct batching_cell *c)
{
    char text[32];
    snprintf(text, sizeof text, "%d", c->linger_ms);
    trial_set(t, "linger_ms", text);
    snprintf(text, sizeof text, "%d", c->batch_bytes);
    trial_set(t, "batch_bytes", text);
    snprintf(text, sizeof text, "%d", c->message_bytes);
    trial_set(t, "message_bytes", text);
    trial_set(t, "acks", "1");
    trial_metric(t, "linger", "ms", c->linger_ms);
    trial_metric(t, "batch", "bytes", c->batch_bytes);
    trial_metric(t, "message", "bytes", c->message_bytes);
}

static int one_trial(void *context, int cell, struct trial *t, char *text, size_t size, struct err_text *error)
{
    struct batching_run *run = context;
    const struct batching_cell *c = &run->cells[cell % run->count];
    const struct target_mode *mode = &run->set.modes[cell / run->count];
    struct measured_target target = target_measured(mode);
    struct load_options full = {.acks = "1",
                                .linger_ms = c->linger_ms,
                                .batch_bytes = c->batch_bytes,
                                .message_bytes = c->message_bytes,
                                .count = saturated_count(run, c),
                                .timeout_ms = 10000};
    target_load(mode, &full);
    struct load_options paced = full;
    paced.rate = paced_rate(c);
    paced.count = paced.rate * (run->bench->full ? 30 : 1);
    if (paced.count < 40) paced.count = 40;
    paced.warm_up = paced.count / 5;
    target_settings(mode, t);
    settings(t, c);
    int rc = measure_saturated(&target, &full, t, error);
    trial_metric(t, "bytes", "MB/s", trial_value(t, "throughput") * c->message_bytes / 1e6);
    if (rc == 0) rc = measure_paced(&target, &paced, PACE_KEPT, t, error);
    if (rc == 0)
        snprintf(text, size, "%9.0f messages/s, %7.1f MB/s   ack p50 %.2f p99 %.2f ms", trial_value(t, "throughput"),
                 trial_value(t, "bytes"), (double)histogram_percentile(trial_values(t, "ack"), 50) / 1e6,
                 (double)histogram_percentile(trial_values(t, "ack"), 99) / 1e6);
    return rc;
}

static int batching(struct bench *b, const char *experiment, const struct batching_cell *cells, int count,
                    struct err_text *error)
{
    struct batching_run *run = memory_new(sizeof *run);
    *run = (struct batching_run){.bench = b, .cells = cells, .count = count};
    int rc = target_set_start(&run->set, b, experiment, TARGETS_DEFAULTS, error);
    const struct runner runner = {.experiment = experiment,
                                  .cells = run->set.mode_count * count,
                                  .name = cell_name,
                                  .trial = one_trial,
                                  .context = run,
                                  .metric = "throughput",
                                  .precision = 0.05,
                                  .trials_min = b->trials,
                                  .trials_max = b->full ? 20 : b->trials,
                                  .seed = 3};
    for (int i = 0; i < runner.cells && rc == 0; i++)
        target_mode_cell(&run->set.modes[i / count], cells[i % count].name, run->names[i]);
    if (rc == 0) rc = runner_run(b, &runner, error);
    target_set_stop(&run->set);
    free(run);
    return rc;
}

int experiment_batching(struct bench *b, struct err_text *error)
{
    return batching(b, "E3", e3_cells, sizeof e3_cells / sizeof e3_cells[0], error);
}

int experiment_size(struct bench *b, struct err_text *error)
{
    return batching(b, "E4", e4_cells, sizeof e4_cells / sizeof e4_cells[0], error);
}
