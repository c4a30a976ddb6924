/* e13_wire.c - E13: what goes over the wire? Bytes per record by batch, codec and acks, and how long a request takes
 * there, beside what the client says.
 *
 * The payload is text as pipelines move it: windows of the order lines of the generated shop (CSV). A trial of bytes
 * sends a number of batches of a given number of records; bytes are counted, not timed, so a busy neighbour changes
 * nothing. A trial of latency sends on a schedule. Both are seen by an observer (observer.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/experiment.h"
#include "bench/measure.h"
#include "bench/observer.h"
#include "bench/runner.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"
#include "workloads/generate.h"

enum { BATCHES = 3, CODECS = 5, ACKS = 3, CELLS = BATCHES * CODECS + ACKS, MESSAGE_BYTES = 100, RATE = 1000 };

static const int batches[BATCHES] = {1, 30, 1000}; /* records */
static const char *const codecs[CODECS] = {"none", "gzip", "snappy", "lz4", "zstd"};
static const char *const acks_names[ACKS] = {"0", "1", "all"};

struct wire_run {
    struct bench *bench;
    struct target target;
    char *text; /* order lines */
    size_t text_bytes;
    char topic[64]; /* of the trial */
    bool told;      /* that there is no capture */
};

static bool is_paced(int cell)
{
    return cell >= BATCHES * CODECS;
}

static const char *cell_name(void *context, int cell)
{
    static char names[CELLS][TRIAL_NAME_MAX];
    (void)context;
    if (is_paced(cell))
        snprintf(names[cell], TRIAL_NAME_MAX, "acks=%s", acks_names[cell - BATCHES * CODECS]);
    else
        snprintf(names[cell], TRIAL_NAME_MAX, "%s, batches of %d", codecs[cell % CODECS], batches[cell / CODECS]);
    return names[cell];
}

/* --- payload --- */

/* A day of the shop. */
static int text_make(struct wire_run *run, struct err_text *error)
{
    char folder[PATH_MAX], path[PATH_MAX];
    int rc = bench_folder(run->bench, "payload", folder, error);
    struct generate_options options = {.out = folder, .scale = 20000, .seed = 13, .order_lines_only = true};
    if (rc == 0) rc = generate_ecommerce(&options, NULL, error);
    if (rc < 0) return rc;
    bench_path(path, folder, "2010-12-01.csv");
    FILE *file = fopen(path, "r");
    run->text = memory_new(1 << 20);
    run->text_bytes = file ? fread(run->text, 1, 1 << 20, file) : 0;
    if (file) fclose(file);
    bench_remove(folder);
    return run->text_bytes > 10 * MESSAGE_BYTES ? 0 : err_set(error, ERR_IO, "%s: cannot be read", path);
}

/* --- a trial --- */

/* As many as make a few requests at least. */
static int64_t bytes_count(const struct bench *b, int batch)
{
    int64_t count = batch == 1 ? 300 : batch * INT64_C(20);
    return b->full ? 10 * count : count;
}

static int bytes_load(struct wire_run *run, int cell, struct load_options *o, struct trial *t, struct err_text *error)
{
    struct load_result r = {0};
    struct gate_facts facts = {.disturbed = true, .lateness_p99_ns = -1, .io_before = -1, .capture_drops = -1};
    int batch = batches[cell / CODECS];
    snprintf(run->topic, sizeof run->topic, "wire-%lld", (long long)clock_mono_ns());
    o->topic = run->topic;
    o->acks = "1";
    o->codec = codecs[cell % CODECS];
    o->batch_messages = batch;
    o->linger_ms = batch == 1 ? 0 : 50; /* full batches do not wait for it */
    o->count = bytes_count(run->bench, batch);
    trial_set(t, "codec", o->codec);
    trial_metric(t, "batch", "records", batch);
    int rc = load_topic_create(run->target.bootstrap, run->topic, 1, error);
    if (rc == 0) rc = load_saturate(o, &r, error);
    if (rc < 0) return rc;
    trial_judge(t, &facts);
    if (r.acked != o->count)
        trial_finding(t, "%lld of %lld messages acknowledged", (long long)r.acked, (long long)o->count);
    return load_topic_delete(run->target.bootstrap, run->topic, error);
}

static int paced_load(struct wire_run *run, int cell, struct load_options *o, struct trial *t, struct err_text *error)
{
    struct measured_target target = {"millrace", o->bootstrap, run->target.process.pid};
    snprintf(run->topic, sizeof run->topic, "wire-%lld", (long long)clock_mono_ns());
    o->topic = run->topic;
    o->acks = acks_names[cell - BATCHES * CODECS];
    o->rate = RATE;
    o->count = run->bench->full ? 30 * RATE : RATE;
    o->warm_up = o->count / 5;
    o->ack_only = true;
    trial_set(t, "codec", "none");
    int rc = load_topic_create(run->target.bootstrap, run->topic, 1, error);
    if (rc == 0) rc = measure_paced(&target, o, PACE_KEPT, t, error);
    return rc < 0 ? rc : load_topic_delete(run->target.bootstrap, run->topic, error);
}

static void tell_refused(struct wire_run *run, const struct observer *o)
{
    if (o->kind != OBSERVER_PROXY || run->told) return;
    printf("  %s\n  bytes are counted by a proxy; the latency on the wire is not measured\n", o->refused);
    run->told = true;
}

static int one_trial(void *context, int cell, struct trial *t, char *text, size_t size, struct err_text *error)
{
    struct wire_run *run = context;
    struct observer *o = memory_new(sizeof *o);
    int rc = observer_start(o, run->target.bootstrap, OBSERVE_ANYHOW, error);
    struct load_options load = {.bootstrap = o->bootstrap,
                                .message_bytes = MESSAGE_BYTES,
                                .text = slice_of(run->text, run->text_bytes),
                                .timeout_ms = 10000};
    tell_refused(run, o);
    trial_set(t, "durability", "page-cache");
    trial_set(t, "message_bytes", "100");
    if (rc == 0) rc = is_paced(cell) ? paced_load(run, cell, &load, t, error) : bytes_load(run, cell, &load, t, error);
    trial_set(t, "acks", load.acks ? load.acks : "1");
    observer_stop(o);
    if (rc == 0) observer_tell(o, t);
    if (rc == 0 && is_paced(cell))
        snprintf(text, size, "%.1f bytes/record   client p50 %.3f ms, %s %.3f ms", trial_value(t, "bytes_per_record"),
                 (double)histogram_percentile(trial_values(t, "ack"), 50) / 1e6,
                 o->kind == OBSERVER_CAPTURE ? "wire" : "at the proxy",
                 (double)histogram_percentile(&o->latency, 50) / 1e6);
    else if (rc == 0)
        snprintf(text, size, "%.1f bytes/record, %.0f records/request", trial_value(t, "bytes_per_record"),
                 trial_value(t, "records_per_request"));
    observer_release(o);
    free(o);
    return rc;
}

int experiment_wire(struct bench *b, struct err_text *error)
{
    struct wire_run run = {.bench = b};
    const struct runner runner = {.experiment = "E13",
                                  .cells = CELLS,
                                  .name = cell_name,
                                  .trial = one_trial,
                                  .context = &run,
                                  .metric = "bytes_per_record",
                                  .precision = 0.05,
                                  .trials_min = b->trials,
                                  .trials_max = b->full ? 20 : b->trials,
                                  .seed = 13};
    int rc = text_make(&run, error);
    if (rc == 0) rc = target_start(&run.target, b, "wire", NULL, error);
    if (rc == 0) rc = runner_run(b, &runner, error);
    target_stop(&run.target);
    free(run.text);
    return rc;
}
