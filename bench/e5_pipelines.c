/* e5_pipelines.c - the two pipelines of E5 on the same arrivals.
 *
 *     batch, interval P    at phase + k * P the lines born since the last time land as one more CSV file,
 *                          and `millrace etl run` (full refresh of all files) starts
 *     stream, interval T   `millrace stream publish --arrivals` sends them to a topic as they are born;
 *                          `millrace stream run --follow --commit-ms T` loads them */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/cost.h"
#include "bench/e5.h"
#include "bench/load.h"
#include "bench/stages.h"
#include "lib/os/clock.h"

#define SECOND_NS INT64_C(1000000000)
enum { READY_MS = 10000, JOINED_MS = 400, TRANSACTIONS_MAX = 65536 };

/* Storage and network together are what an event makes the machine move. */
static void bytes_metrics(struct trial *t, const char *const who[], int count, int64_t network, double millions)
{
    double storage = 0;
    char name[TRIAL_NAME_MAX];
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s_storage", who[i]);
        double bytes = trial_value(t, name);
        storage += isnan(bytes) ? 0 : bytes;
    }
    trial_metric(t, "storage", "bytes per million events", storage);
    if (network >= 0) trial_metric(t, "network", "bytes per million events", (double)network / millions);
    trial_metric(t, "cpu", "s per million events", cost_cpu(t, who, count));
}

static int ended_well(int status, const char *what, struct err_text *error)
{
    return status == 0 ? 0 : err_set(error, ERR_IO, "`millrace %s` ended with status %d", what, status);
}

/* --- batch --- */

static int refresh(struct e5_run *run, const struct watch *watch, const char *in, struct cost *cost,
                   struct err_text *error)
{
    struct process p;
    int rc = bench_start(run->bench, &p, PROCESS_PIPE_OUT, error, "etl", "run", run->definition, "--in", in, "--db",
                         watch->db, NULL);
    return rc < 0 ? rc : ended_well(cost_wait(cost, &p), "etl run", error);
}

static int refreshes(struct e5_run *run, const struct e5_cell *cell, const struct watch *watch, struct cost *cost,
                     struct histogram *took, struct e5_made *made, struct err_text *error)
{
    struct e5_window w = e5_window(cell, run->bench->full);
    int64_t period_ns = cell->interval_ms * INT64_C(1000000), first_ns = made->births.start_ns + w.phase_ns;
    char name[32];
    int rc = 0;
    for (int64_t k = 0; rc == 0 && first_ns + k * period_ns <= made->births.start_ns + w.end_ns; k++) {
        int64_t at_ns = first_ns + k * period_ns;
        if (clock_mono_ns() > at_ns + period_ns) continue; /* the last one took longer than a period: skip */
        clock_sleep_until(at_ns, 0);
        int64_t begin_ns = clock_mono_ns(), due = schedule_due(&made->births, begin_ns);
        snprintf(name, sizeof name, "orders-%06lld.csv", (long long)k);
        rc = e5_input_land(&run->input, made->in, name, made->rows, due, error);
        made->rows = due;
        if (rc == 0) rc = refresh(run, watch, made->in, cost, error);
        histogram_record(took, clock_mono_ns() - begin_ns);
    }
    return rc;
}

int e5_batch(struct e5_run *run, const struct e5_cell *cell, struct watch *watch, struct trial *t, struct e5_made *made,
             struct err_text *error)
{
    static const char *const who[] = {"batch"};
    struct cost cost;
    struct histogram *took = trial_histogram(t, "refresh", "ns");
    int rc = bench_folder(run->bench, "in", made->in, error);
    if (rc < 0) return rc;
    made->births = run->input.arrivals.schedule;
    made->births.start_ns = clock_mono_ns() + 20000000;
    int64_t network = cost_loopback_bytes();
    cost_begin(&cost, 0);
    rc = refreshes(run, cell, watch, &cost, took, made, error);
    double millions = (double)made->rows / 1e6;
    trial_metric(t, "refreshes", "runs", (double)took->total);
    cost_metrics(t, who[0], &cost, millions);
    bytes_metrics(t, who, 1, network < 0 ? -1 : cost_loopback_bytes() - network, millions);
    return rc;
}

/* --- stream --- */

/* The topic of a definition: "topic", else "pipeline". */
static void topic_of(const char *definition, char out[256])
{
    json_t *json = json_load_file(definition, 0, NULL);
    const char *topic = json_string_value(json_object_get(json, "topic"));
    if (!topic) topic = json_string_value(json_object_get(json, "pipeline"));
    snprintf(out, 256, "%s", topic ? topic : "");
    json_decref(json);
}

static void wait_visible(const struct watch *watch, int64_t count, int64_t timeout_ns)
{
    int64_t give_up_ns = clock_mono_ns() + timeout_ns;
    while (watch->visible < count && clock_mono_ns() < give_up_ns) clock_sleep_ms(5);
}

struct streaming {
    struct e5_run *run;
    const struct e5_cell *cell;
    struct target broker;
    struct process loader;
    char sent[PATH_MAX], loaded[PATH_MAX], loaded_1[PATH_MAX]; /* what probes write */
    struct cost costs[3];                                      /* of the three processes */
    int64_t network;
};
static const char *const stream_who[] = {"publisher", "broker", "loader"};

/* Until its worker runs; who is measured joined before the first row, as in any running pipeline. */
static int loader_start(struct streaming *s, const char *db, struct err_text *error)
{
    char commit_ms[16], line[256];
    const char *more[5] = {NULL};
    int n = 0;
    snprintf(commit_ms, sizeof commit_ms, "%d", s->cell->interval_ms);
    if (s->cell->told) more[n++] = "--commit-ms", more[n++] = commit_ms;
    if (!s->cell->bare) more[n++] = "--probe", more[n++] = s->loaded;
    int rc = bench_start(s->run->bench, &s->loader, PROCESS_PIPE_OUT, error, "stream", "run", s->run->definition,
                         "--db", db, "--workers", "1", "--follow", "--bootstrap", s->broker.bootstrap, more[0], more[1],
                         more[2], more[3], NULL);
    if (rc == 0 && process_read_line(&s->loader, line, sizeof line, READY_MS) < 0)
        rc = err_set(error, ERR_IO, "`millrace stream run` started no worker");
    if (rc == 0) clock_sleep_ms(JOINED_MS);
    return rc;
}

static int rows_stream(struct streaming *s, const struct watch *watch, const struct e5_made *made,
                       struct err_text *error)
{
    struct process p;
    s->network = cost_loopback_bytes();
    cost_begin(&s->costs[1], s->broker.process.pid);
    cost_begin(&s->costs[2], s->loader.pid);
    cost_begin(&s->costs[0], 0);
    int rc = bench_start(s->run->bench, &p, PROCESS_PIPE_OUT, error, "stream", "publish", s->run->definition, "--in",
                         made->in, "--partitions", "1", "--arrivals", s->run->input.trace, "--probe", s->sent,
                         "--bootstrap", s->broker.bootstrap, NULL);
    if (rc == 0) rc = ended_well(cost_wait(&s->costs[0], &p), "stream publish", error);
    if (rc == 0) wait_visible(watch, made->rows, 5 * SECOND_NS + s->cell->interval_ms * INT64_C(1000000));
    cost_end(&s->costs[1]);
    cost_end(&s->costs[2]);
    if (s->network >= 0) s->network = cost_loopback_bytes() - s->network;
    return rc;
}

static void stream_metrics(const struct streaming *s, struct trial *t, double millions)
{
    double busy = 0;
    for (int i = 0; i < 3; i++) cost_metrics(t, stream_who[i], &s->costs[i], millions);
    bytes_metrics(t, stream_who, 3, s->network, millions);
    const char *most = cost_bottleneck(t, stream_who, 3, &busy);
    if (most) trial_set(t, "busiest", most);
}

/* What the probes saw of rows born in the window. */
static void chain_metrics(const struct streaming *s, const struct stages *stages, struct trial *t, int64_t start_ns)
{
    struct e5_window w = e5_window(s->cell, s->run->bench->full);
    struct histogram *parts[STAGES];
    static double rows[TRANSACTIONS_MAX], seconds[TRANSACTIONS_MAX];
    double all_rows = 0, all_seconds = 0;
    for (int i = 0; i < STAGES; i++) parts[i] = trial_histogram(t, stage_name((enum stage)i), "ns");
    stages_sum(stages, start_ns + w.born_from_ns, start_ns + w.born_to_ns, parts, trial_histogram(t, "total", "ns"),
               trial_histogram(t, "ack", "ns"));
    int n = stages_transactions(stages, start_ns + w.sample_from_ns, start_ns + w.sample_to_ns, rows, seconds,
                                TRANSACTIONS_MAX);
    for (int i = 0; i < n; i++) all_rows += rows[i], all_seconds += seconds[i];
    trial_metric(t, "transactions", "transactions", n);
    if (n > 0) trial_metric(t, "transaction_rows", "rows", all_rows / n);
    if (n > 0) trial_metric(t, "transaction_s", "s", all_seconds / n);
}

static int probes_read(const struct streaming *s, struct trial *t, struct e5_made *made, struct err_text *error)
{
    struct stages stages;
    int rc = stages_read(&stages, s->sent, s->cell->bare ? NULL : s->loaded_1, error);
    if (rc < 0) return rc;
    made->births = s->run->input.arrivals.schedule;
    made->births.start_ns = stages.count ? stages.records[0].due_ns : 0;
    struct histogram *lag = trial_histogram(t, "generator_lag", "ns");
    for (int64_t i = 0; i < stages.count; i++) histogram_record(lag, stage_ns(&stages.records[i], STAGE_LATENESS));
    if (!s->cell->bare) chain_metrics(s, &stages, t, made->births.start_ns);
    stages_release(&stages);
    return 0;
}

static int input_lay(struct streaming *s, struct e5_made *made, struct err_text *error)
{
    char folder[PATH_MAX];
    struct e5_window w = e5_window(s->cell, s->run->bench->full);
    made->rows = schedule_due(&s->run->input.arrivals.schedule, w.end_ns);
    int rc = bench_folder(s->run->bench, "in", made->in, error);
    if (rc == 0) rc = e5_input_land(&s->run->input, made->in, "orders.csv", 0, made->rows, error);
    if (rc == 0) rc = bench_folder(s->run->bench, "probe", folder, error);
    bench_path(s->sent, folder, "sent");
    bench_path(s->loaded, folder, "loaded");
    bench_path(s->loaded_1, folder, "loaded.worker-1");
    return rc;
}

int e5_stream(struct e5_run *run, const struct e5_cell *cell, struct watch *watch, struct trial *t,
              struct e5_made *made, struct err_text *error)
{
    /* A group's first members wait for each other only briefly: its start is not what is measured. */
    static const char *const settings[] = {"group.initial.rebalance.delay.ms=100", NULL};
    struct streaming s = {.run = run, .cell = cell};
    char topic[256];
    topic_of(run->definition, topic);
    int rc = input_lay(&s, made, error);
    if (rc == 0) rc = target_start(&s.broker, run->bench, "broker", settings, error);
    if (rc == 0) rc = load_topic_create(s.broker.bootstrap, topic, 1, error);
    if (rc == 0) rc = loader_start(&s, watch->db, error);
    if (rc == 0) rc = rows_stream(&s, watch, made, error);
    process_stop(&s.loader, 5000);
    target_stop(&s.broker);
    if (rc == 0) stream_metrics(&s, t, (double)made->rows / 1e6);
    return rc == 0 ? probes_read(&s, t, made, error) : rc;
}
