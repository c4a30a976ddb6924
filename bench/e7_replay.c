/* e7_replay.c - E7: rows per second of a bulk load and of a replay, and what limits them.
 *
 *     batch      millrace etl run                       files -> warehouse, one transaction
 *     publish    millrace stream publish                files -> topic
 *     replay     millrace stream run                    topic -> warehouse, everything is there already
 *
 * The bottleneck is found by taking stages away: the same pipeline without its aggregates, then without
 * its tables, then (batch only) without its rules. What a run gets faster by is what that stage costs.
 * How busy the broker and the workers were is measured beside it. */
#include <stdio.h>
#include <string.h>

#include "bench/environment.h"
#include "bench/experiment.h"
#include "workloads/generate.h"

enum { PARTITIONS = 4, WORKERS = 2 };

/* What is left of the pipeline in each step of taking away. */
static const char *const steps[] = {"extract", "extract+validate", "extract+validate+store"};
enum { STEPS = 3 };

struct replay_run {
    struct bench *bench;
    char in[PATH_MAX], definition[PATH_MAX];
    char step_definition[STEPS][PATH_MAX];
    int64_t rows;
};

/* --- definitions with less and less in them --- */

static void drop_aggregates(json_t *definition)
{
    json_t *tables = json_object_get(definition, "tables");
    for (size_t i = json_array_size(tables); i-- > 0;) {
        json_t *table = json_array_get(tables, i);
        if (json_object_get(table, "aggregate") || json_object_get(table, "sessions")) json_array_remove(tables, i);
    }
    json_object_set_new(definition, "views", json_array());
}

static int step_definitions(struct replay_run *run, struct err_text *error)
{
    char folder[PATH_MAX], name[64];
    json_error_t where;
    int rc = bench_folder(run->bench, "definitions", folder, error);
    json_t *definition = json_load_file(run->definition, 0, &where);
    if (!definition) return err_set(error, ERR_INVALID, "%s:%d: %s", run->definition, where.line, where.text);
    for (int step = STEPS - 1; step >= 0 && rc == 0; step--) {
        if (step == 2) drop_aggregates(definition);
        /* A definition needs a table: this one stays empty. */
        if (step == 1)
            json_object_set_new(
                definition, "tables",
                json_pack("[{s:s, s:[s], s:s}]", "name", "nothing", "columns", "invoice", "where", "_line < 0"));
        if (step == 0) json_object_set_new(definition, "rules", json_array());
        if (step == 0) json_object_set_new(definition, "derive", json_array());
        snprintf(name, sizeof name, "%s.json", steps[step]);
        bench_path(run->step_definition[step], folder, name);
        if (json_dump_file(definition, run->step_definition[step], JSON_INDENT(1)) != 0)
            rc = err_set(error, ERR_IO, "%s: cannot be written", run->step_definition[step]);
    }
    json_decref(definition);
    return rc;
}

/* --- trials --- */

static void trial_begin(const struct replay_run *run, struct trial *t, const char *cell, int number)
{
    char rows[32];
    trial_init(t, "E7", cell, number);
    snprintf(rows, sizeof rows, "%lld", (long long)run->rows);
    trial_set(t, "rows", rows);
    trial_set(t, "pipeline", "ecommerce/online_retail.json");
    trial_set(t, "durability", "broker: page-cache; SQLite WAL, synchronous=NORMAL");
}

static int batch_trial(struct replay_run *run, const char *cell, const char *definition, int number,
                       struct err_text *error)
{
    char folder[PATH_MAX], db[PATH_MAX];
    struct trial t;
    double wall_s = 0, cpu_s = 0;
    int rc = bench_folder(run->bench, "db", folder, error);
    bench_path(db, folder, "warehouse.db");
    trial_begin(run, &t, cell, number);
    if (rc == 0)
        rc = bench_command(run->bench, &wall_s, &cpu_s, error, "etl", "run", definition, "--in", run->in, "--db", db,
                           NULL);
    if (rc < 0) return rc;
    trial_metric(&t, "seconds", "s", wall_s);
    trial_metric(&t, "rate", "rows/s", (double)run->rows / wall_s);
    trial_metric(&t, "cpu", "s", cpu_s);
    return bench_keep(run->bench, &t, error, "%9.0f rows/s", trial_value(&t, "rate"));
}

/* One stream: which definition, through which topic, under which name of a cell. */
struct stream {
    const char *cell, *definition, *topic;
};

/* Fills the topic; a trial of its own only if it is to be kept. */
static int publish_trial(struct replay_run *run, const struct target *target, const struct stream *s, bool keep,
                         int number, struct err_text *error)
{
    char partitions[16];
    struct trial t;
    double wall_s = 0, cpu_s = 0;
    int64_t broker_ns = environment_process_cpu_ns(target->process.pid);
    snprintf(partitions, sizeof partitions, "%d", PARTITIONS);
    int rc = bench_command(run->bench, &wall_s, &cpu_s, error, "stream", "publish", s->definition, "--topic", s->topic,
                           "--in", run->in, "--partitions", partitions, "--bootstrap", target->bootstrap, NULL);
    if (rc < 0 || !keep) return rc;
    double broker_s = (double)(environment_process_cpu_ns(target->process.pid) - broker_ns) / 1e9;
    trial_begin(run, &t, "publish", number);
    trial_set(&t, "partitions", partitions);
    trial_metric(&t, "seconds", "s", wall_s);
    trial_metric(&t, "rate", "rows/s", (double)run->rows / wall_s);
    trial_metric(&t, "busy_publisher", "processors", cpu_s / wall_s);
    trial_metric(&t, "busy_broker", "processors", broker_s / wall_s);
    return bench_keep(run->bench, &t, error, "%9.0f rows/s", trial_value(&t, "rate"));
}

static int replay_trial(struct replay_run *run, const struct target *target, const struct stream *s, int number,
                        struct err_text *error)
{
    char folder[PATH_MAX], db[PATH_MAX], workers[16];
    struct trial t;
    double wall_s = 0, cpu_s = 0;
    int64_t broker_ns = environment_process_cpu_ns(target->process.pid);
    int rc = bench_folder(run->bench, "db", folder, error);
    bench_path(db, folder, "warehouse.db");
    snprintf(workers, sizeof workers, "%d", WORKERS);
    if (rc == 0)
        rc = bench_command(run->bench, &wall_s, &cpu_s, error, "stream", "run", s->definition, "--topic", s->topic,
                           "--db", db, "--workers", workers, "--bootstrap", target->bootstrap, NULL);
    if (rc < 0) return rc;
    double broker_s = (double)(environment_process_cpu_ns(target->process.pid) - broker_ns) / 1e9;
    trial_begin(run, &t, s->cell, number);
    trial_set(&t, "workers", workers);
    trial_metric(&t, "seconds", "s", wall_s);
    trial_metric(&t, "rate", "rows/s", (double)run->rows / wall_s);
    trial_metric(&t, "busy_workers", "processors", cpu_s / wall_s);
    trial_metric(&t, "busy_broker", "processors", broker_s / wall_s);
    return bench_keep(run->bench, &t, error, "%9.0f rows/s", trial_value(&t, "rate"));
}

/* A new broker for each round. */
static int stream_round(struct replay_run *run, int number, struct err_text *error)
{
    /* Kafka's default of three seconds would be most of the trial. With 0 the second worker comes too late for the
     * first assignment, and the rebalance that follows costs librdkafka more than a second. */
    static const char *const settings[] = {"group.initial.rebalance.delay.ms=100", NULL};
    const struct stream streams[] = {{"replay", run->definition, "orders"},
                                     {"replay fetch+validate+store", run->step_definition[2], "orders-2"},
                                     {"replay fetch+validate", run->step_definition[1], "orders-1"}};
    struct target target = {0};
    int rc = target_start(&target, run->bench, "broker", settings, error);
    for (int i = 0; i < 3 && rc == 0; i++) {
        rc = publish_trial(run, &target, &streams[i], i == 0, number, error);
        if (rc == 0) rc = replay_trial(run, &target, &streams[i], number, error);
    }
    target_stop(&target);
    return rc;
}

int experiment_replay(struct bench *b, struct err_text *error)
{
    struct replay_run run = {.bench = b, .rows = b->full ? 1000000 : 60000};
    bench_path(run.definition, b->workloads, "ecommerce/online_retail.json");
    int rc = bench_folder(b, "orders", run.in, error);
    struct generate_options options = {.out = run.in, .scale = run.rows, .seed = 7, .order_lines_only = true};
    if (rc == 0) rc = generate_ecommerce(&options, NULL, error);
    if (rc == 0) rc = step_definitions(&run, error);
    for (int number = 1; number <= b->trials && rc == 0; number++) {
        rc = batch_trial(&run, "batch", run.definition, number, error);
        for (int step = 0; step < STEPS && rc == 0; step++)
            rc = batch_trial(&run, steps[step], run.step_definition[step], number, error);
        if (rc == 0) rc = stream_round(&run, number, error);
    }
    return rc;
}
