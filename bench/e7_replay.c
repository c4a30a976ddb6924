/* e7_replay.c - E7: rows per second of a bulk load and of a replay, and what limits them.
 *
 *     batch      millrace etl run                       files -> warehouse, one transaction
 *     publish    millrace stream publish                files -> topic
 *     replay     millrace stream run                    topic -> warehouse, everything is there already
 *     backfill   the same with --backfill               as a batch loads files (etl/stream/whole.h)
 *     peers      the sqlite3 shell, DuckDB, pandas      the same files -> the same tables (tool.h), where they are
 * there
 *
 * The bottleneck is found by taking stages away: the same pipeline without its aggregates, then without
 * its tables, then (batch only) without its rules. What a run gets faster by is what that stage costs.
 * How busy the broker and the workers were is measured beside it. Every warehouse of a whole pipeline, batch or stream,
 * must equal the one that a batch made before the first trial, and a peer's sales must be as many and come to as much:
 * a fast wrong answer is none. */
#include <stdio.h>
#include <string.h>

#include "bench/environment.h"
#include "bench/experiment.h"
#include "bench/monitor.h"
#include "bench/runner.h"
#include "bench/tool.h"
#include "workloads/generate.h"

enum { PARTITIONS = 4, WORKERS = 2 };

/* What is left of the pipeline in each step of taking away. */
static const char *const steps[] = {"extract", "extract+validate", "extract+validate+store"};
enum { STEPS = 3, WHOLE = STEPS, CELLS_MAX = 12 };

static const struct replay_cell {
    const char *name;
    enum { BATCH, PUBLISH, REPLAY, PEER } kind;
    int step;         /* or WHOLE */
    const char *peer; /* name of its script */
    bool backfill;
} cells[CELLS_MAX] = {
    {"batch", BATCH, WHOLE, NULL, false},
    {"extract", BATCH, 0, NULL, false},
    {"extract+validate", BATCH, 1, NULL, false},
    {"extract+validate+store", BATCH, 2, NULL, false},
    {"publish", PUBLISH, WHOLE, NULL, false},
    {"replay", REPLAY, WHOLE, NULL, false},
    {"replay, backfill", REPLAY, WHOLE, NULL, true},
    {"replay fetch+validate", REPLAY, 1, NULL, false},
    {"replay fetch+validate+store", REPLAY, 2, NULL, false},
    {"sqlite3 shell", PEER, WHOLE, "import", false},
    {"DuckDB", PEER, WHOLE, "duckdb", false},
    {"pandas", PEER, WHOLE, "pandas", false},
};

struct replay_run {
    struct bench *bench;
    char in[PATH_MAX], definition[PATH_MAX];
    char step_definition[STEPS][PATH_MAX];
    char reference_db[PATH_MAX];
    int64_t sales, revenue; /* of the reference */
    int64_t rows;
    const struct replay_cell *cells[CELLS_MAX]; /* without the peers that are not there */
    int cell_count;
};

static const char *cell_definition(const struct replay_run *run, const struct replay_cell *cell)
{
    return cell->step == WHOLE ? run->definition : run->step_definition[cell->step];
}

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

static void settings(const struct replay_run *run, struct trial *t)
{
    char rows[32];
    snprintf(rows, sizeof rows, "%lld", (long long)run->rows);
    trial_set(t, "rows", rows);
    trial_set(t, "pipeline", "ecommerce/online_retail.json");
    trial_set(t, "durability", "broker: page-cache; SQLite WAL, synchronous=NORMAL");
}

/* What was measured of one command, and what else went on meanwhile. */
struct measured {
    double wall_s, cpu_s;
    int64_t broker_ns;
    struct gate_facts facts;
    struct monitor monitor;
};

static void measure_begin(struct measured *m, pid_t broker)
{
    *m = (struct measured){.facts = {.lateness_p99_ns = -1, .io_before = monitor_io_share(), .capture_drops = -1}};
    m->broker_ns = broker ? environment_process_cpu_ns(broker) : 0;
    monitor_start(&m->monitor, NULL, 0);
}

static void measure_end(struct measured *m, pid_t broker)
{
    monitor_stop(&m->monitor);
    m->facts.machine = m->monitor.seen;
    if (broker) m->broker_ns = environment_process_cpu_ns(broker) - m->broker_ns;
}

static void measured_metrics(const struct replay_run *run, const struct measured *m, struct trial *t)
{
    trial_metric(t, "seconds", "s", m->wall_s);
    trial_metric(t, "rate", "rows/s", (double)run->rows / m->wall_s);
    trial_metric(t, "cpu", "s", m->cpu_s);
}

static int database(const struct replay_run *run, char db[PATH_MAX], struct err_text *error)
{
    char folder[PATH_MAX];
    int rc = bench_folder(run->bench, "db", folder, error);
    bench_path(db, folder, "warehouse.db");
    return rc;
}

/* A whole pipeline's warehouse against the reference. */
static int compare(struct replay_run *run, const char *db, struct gate_facts *facts, struct err_text *error)
{
    int same = bench_same_warehouse(run->bench, run->reference_db, db, error);
    if (same >= 0) facts->digest = same ? GATE_DIGEST_SAME : GATE_DIGEST_DIFFERS;
    return same < 0 ? same : 0;
}

static int batch_trial(struct replay_run *run, const struct replay_cell *cell, struct trial *t, struct err_text *error)
{
    char db[PATH_MAX];
    struct measured m;
    int rc = database(run, db, error);
    if (rc < 0) return rc;
    measure_begin(&m, 0);
    rc = bench_command(run->bench, &m.wall_s, &m.cpu_s, error, "etl", "run", cell_definition(run, cell), "--in",
                       run->in, "--db", db, NULL);
    measure_end(&m, 0);
    if (rc == 0 && cell->step == WHOLE) rc = compare(run, db, &m.facts, error);
    measured_metrics(run, &m, t);
    trial_judge(t, &m.facts);
    return rc;
}

static int publish(struct replay_run *run, const struct target *broker, const struct replay_cell *cell,
                   struct measured *m, struct err_text *error)
{
    char partitions[16];
    snprintf(partitions, sizeof partitions, "%d", PARTITIONS);
    return bench_command(run->bench, &m->wall_s, &m->cpu_s, error, "stream", "publish", cell_definition(run, cell),
                         "--topic", "orders", "--in", run->in, "--partitions", partitions, "--bootstrap",
                         broker->bootstrap, NULL);
}

static int publish_trial(struct replay_run *run, const struct target *broker, const struct replay_cell *cell,
                         struct trial *t, struct err_text *error)
{
    struct measured m;
    measure_begin(&m, broker->process.pid);
    int rc = publish(run, broker, cell, &m, error);
    measure_end(&m, broker->process.pid);
    measured_metrics(run, &m, t);
    trial_metric(t, "busy_publisher", "processors", m.cpu_s / m.wall_s);
    trial_metric(t, "busy_broker", "processors", (double)m.broker_ns / 1e9 / m.wall_s);
    trial_judge(t, &m.facts);
    return rc;
}

static int replay_trial(struct replay_run *run, const struct target *broker, const struct replay_cell *cell,
                        struct trial *t, struct err_text *error)
{
    char db[PATH_MAX], workers[16];
    struct measured m = {0};
    snprintf(workers, sizeof workers, "%d", WORKERS);
    int rc = publish(run, broker, cell, &m, error);
    if (rc == 0) rc = database(run, db, error);
    if (rc < 0) return rc;
    measure_begin(&m, broker->process.pid);
    rc = bench_command(run->bench, &m.wall_s, &m.cpu_s, error, "stream", "run", cell_definition(run, cell), "--topic",
                       "orders", "--db", db, "--workers", workers, "--bootstrap", broker->bootstrap,
                       cell->backfill ? "--backfill" : NULL, NULL);
    measure_end(&m, broker->process.pid);
    if (rc == 0 && cell->step == WHOLE) rc = compare(run, db, &m.facts, error);
    trial_set(t, "workers", workers);
    measured_metrics(run, &m, t);
    trial_metric(t, "busy_workers", "processors", m.cpu_s / m.wall_s);
    trial_metric(t, "busy_broker", "processors", (double)m.broker_ns / 1e9 / m.wall_s);
    trial_judge(t, &m.facts);
    return rc;
}

/* Files of ours that another tool reads are not cached by it: the input is in memory for all. */
static int peer_trial(struct replay_run *run, const struct replay_cell *cell, struct trial *t, struct err_text *error)
{
    char db[PATH_MAX];
    struct measured m;
    struct tool_took took;
    int rc = database(run, db, error);
    if (rc < 0) return rc;
    measure_begin(&m, 0);
    rc = tool_run(run->bench, cell->peer, run->in, db, &took, error);
    measure_end(&m, 0);
    if (rc < 0) return rc;
    m.wall_s = took.wall_s;
    m.cpu_s = took.cpu_s;
    measured_metrics(run, &m, t);
    trial_judge(t, &m.facts);
    if (took.sales != run->sales || took.revenue != run->revenue)
        trial_void(t, "its table sales has %lld rows that come to %lld, not %lld and %lld", (long long)took.sales,
                   (long long)took.revenue, (long long)run->sales, (long long)run->revenue);
    return 0;
}

/* A new broker for each trial. */
static int stream_trial(struct replay_run *run, const struct replay_cell *cell, struct trial *t, struct err_text *error)
{
    /* Kafka's default of three seconds would be most of the trial. With 0 the second worker comes too late for the
     * first assignment, and the rebalance that follows costs librdkafka more than a second. */
    static const char *const settings_of_broker[] = {"group.initial.rebalance.delay.ms=100", NULL};
    struct target broker = {0};
    int rc = target_start(&broker, run->bench, "broker", settings_of_broker, error);
    if (rc == 0)
        rc = cell->kind == PUBLISH ? publish_trial(run, &broker, cell, t, error)
                                   : replay_trial(run, &broker, cell, t, error);
    target_stop(&broker);
    return rc;
}

static const char *cell_name(void *context, int cell)
{
    const struct replay_run *run = context;
    return run->cells[cell]->name;
}

static int one_trial(void *context, int index, struct trial *t, char *text, size_t size, struct err_text *error)
{
    struct replay_run *run = context;
    const struct replay_cell *cell = run->cells[index];
    settings(run, t);
    int rc = cell->kind == BATCH  ? batch_trial(run, cell, t, error)
             : cell->kind == PEER ? peer_trial(run, cell, t, error)
                                  : stream_trial(run, cell, t, error);
    if (rc == 0) snprintf(text, size, "%9.0f rows/s", trial_value(t, "rate"));
    return rc;
}

/* --- what all trials share --- */

static void cells_choose(struct replay_run *run)
{
    for (int i = 0; i < CELLS_MAX; i++) {
        if (cells[i].kind == PEER && !tool_is_there(run->bench, cells[i].peer))
            printf("  E7: %s is not here and is left out (docs/measuring.md says how to have it)\n", cells[i].name);
        else
            run->cells[run->cell_count++] = &cells[i];
    }
}

/* BENCH_WRONG when the reference is not what the generator knows to be true. */
static int truth_check(const struct replay_run *run, struct err_text *error)
{
    char truth[PATH_MAX];
    bench_path(truth, run->in, "ground_truth");
    int same = bench_true_warehouse(run->bench, run->reference_db, truth, error);
    if (same == 0) printf("  a batch does not give the true warehouse: nothing is measured\n");
    return same == 1 ? 0 : same == 0 ? BENCH_WRONG : same;
}

static int reference(struct replay_run *run, struct err_text *error)
{
    char folder[PATH_MAX];
    int rc = bench_folder(run->bench, "reference", folder, error);
    bench_path(run->reference_db, folder, "warehouse.db");
    if (rc == 0)
        rc = bench_command(run->bench, NULL, NULL, error, "etl", "run", run->definition, "--in", run->in, "--db",
                           run->reference_db, NULL);
    if (rc == 0) rc = truth_check(run, error);
    if (rc == 0) rc = bench_ask(run->reference_db, "SELECT count(*) FROM sales", &run->sales, error);
    return rc == 0 ? bench_ask(run->reference_db, "SELECT sum(revenue) FROM sales", &run->revenue, error) : rc;
}

int experiment_replay(struct bench *b, struct err_text *error)
{
    struct replay_run run = {.bench = b, .rows = b->full ? 1000000 : 60000};
    cells_choose(&run);
    const struct runner runner = {.experiment = "E7",
                                  .cells = run.cell_count,
                                  .name = cell_name,
                                  .trial = one_trial,
                                  .context = &run,
                                  .metric = "rate",
                                  .precision = 0.05,
                                  .trials_min = b->trials,
                                  .trials_max = b->full ? 20 : b->trials,
                                  .seed = 7};
    bench_path(run.definition, b->workloads, "ecommerce/online_retail.json");
    int rc = bench_folder(b, "orders", run.in, error);
    struct generate_options options = {.out = run.in, .scale = run.rows, .seed = 7, .order_lines_only = true};
    if (rc == 0) rc = generate_ecommerce(&options, NULL, error);
    if (rc == 0) rc = reference(&run, error);
    if (rc == 0) rc = step_definitions(&run, error);
    return rc != 0 ? rc : runner_run(b, &runner, error);
}
