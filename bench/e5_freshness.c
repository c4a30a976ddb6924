/* e5_freshness.c - E5: how fresh is the warehouse, batch against streaming, on the same arrivals?
 *
 *     arrival i (an order line) is born at start + i / rate, in every cell the same line
 *
 *     batch, period P    at start + k * P the lines born since the last time land as one more CSV file,
 *                        and `millrace etl run` (full refresh of all files) starts
 *     stream             `millrace stream publish --rate` sends them to a topic as they are born;
 *                        `millrace stream run --follow` loads them
 *
 *     watch              another reader of the database notes how many arrivals can be seen, and when
 *
 * Whole periods are sampled, after the first: a batch's age would else depend on where the trial stops. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/births.h"
#include "bench/environment.h"
#include "bench/experiment.h"
#include "bench/load.h"
#include "bench/monitor.h"
#include "bench/runner.h"
#include "bench/watch.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"
#include "workloads/generate.h"

#define SECOND_NS INT64_C(1000000000)
#define STEP_NS   INT64_C(1000000)
/* Every line counts: also a rejected one is visible, in the quarantine. */
#define VISIBLE_QUERY "SELECT value FROM summary WHERE key = 'data_rows'"

enum { CELLS = 4 };

static const struct {
    const char *name;
    int64_t period_ms; /* 0: stream */
} cells[CELLS] = {{"batch every 0.25 s", 250}, {"batch every 1 s", 1000}, {"batch every 4 s", 4000}, {"stream", 0}};

struct order_lines {
    char *text; /* the whole CSV, header first */
    size_t size;
    size_t *end; /* end[i]: where the text ends with i lines behind the header */
    int64_t count;
};

/* When what is measured begins and ends, relative to the first arrival. */
struct window {
    int64_t sample_from_ns, sample_to_ns; /* ages */
    int64_t born_from_ns, born_to_ns;     /* latencies of arrivals */
    int64_t end_ns;                       /* arrivals go on until here */
};

struct freshness_run {
    struct bench *bench;
    struct order_lines lines;
    char definition[PATH_MAX];
    int64_t rate;
};

/* Whole periods; what comes first starts processes, fills caches, and for a batch is its first refresh. */
static struct window window_of(const struct bench *b, int64_t period_ms)
{
    int64_t period_ns = period_ms * 1000000;
    int64_t length_ns = b->full ? 24 * SECOND_NS : period_ms == 4000 ? 4 * SECOND_NS : 3 * SECOND_NS;
    struct window w = {.sample_from_ns = period_ns + (period_ms ? SECOND_NS * 2 / 5 : SECOND_NS)};
    w.sample_to_ns = w.sample_from_ns + length_ns;
    w.born_from_ns = w.sample_from_ns - period_ns;
    w.born_to_ns = w.sample_to_ns - period_ns;
    w.end_ns = w.sample_to_ns + SECOND_NS * 3 / 10;
    return w;
}

/* --- arrivals: the lines of one generated day after the other, in one file --- */

static int text_append_file(struct order_lines *a, const char *path)
{
    struct stat st;
    FILE *file = fopen(path, "r");
    if (!file || fstat(fileno(file), &st) != 0) return ERR_IO;
    size_t skip = 0;
    char *all = memory_new((size_t)st.st_size + 1);
    size_t n = fread(all, 1, (size_t)st.st_size, file);
    fclose(file);
    if (a->size > 0) skip = strcspn(all, "\n") + 1; /* one header is enough */
    a->text = memory_grow(a->text, a->size + n + 1, 1);
    memcpy(a->text + a->size, all + skip, n - skip);
    a->size += n - skip;
    free(all);
    return 0;
}

static void lines_find(struct order_lines *a)
{
    size_t at = 0, capacity = 0;
    a->count = -1; /* the header */
    for (const char *end; (end = memchr(a->text + at, '\n', a->size - at)) != NULL;) {
        at = (size_t)(end - a->text) + 1;
        if ((size_t)++a->count >= capacity) {
            capacity = capacity ? 2 * capacity : 4096;
            a->end = memory_grow(a->end, capacity, sizeof *a->end);
        }
        a->end[a->count] = at;
    }
}

static int file_names(const char *folder, struct order_lines *a)
{
    char path[PATH_MAX], name[32];
    /* Seven days from 2010-12-01 on; a Saturday is missing. Their order is that of time. */
    for (int day = 1; day <= 31; day++) {
        snprintf(name, sizeof name, "2010-12-%02d.csv", day);
        bench_path(path, folder, name);
        if (access(path, R_OK) == 0 && text_append_file(a, path) < 0) return ERR_IO;
    }
    return a->size > 0 ? 0 : ERR_NOTFOUND;
}

static int order_lines_make(struct freshness_run *run, int64_t count, struct err_text *error)
{
    char folder[PATH_MAX];
    int rc = bench_folder(run->bench, "arrivals", folder, error);
    struct generate_options options = {.out = folder, .scale = count, .seed = 5, .order_lines_only = true};
    if (rc == 0) rc = generate_ecommerce(&options, NULL, error);
    if (rc == 0 && file_names(folder, &run->lines) < 0)
        rc = err_set(error, ERR_IO, "%s: the generated files cannot be read", folder);
    if (rc == 0) lines_find(&run->lines);
    bench_remove(folder);
    return rc;
}

/* --- batch --- */

/* The arrivals [from, to) as one more file; it appears whole, or not at all. */
static int land(const struct order_lines *a, const char *in, int64_t number, int64_t from, int64_t to,
                struct err_text *error)
{
    char path[PATH_MAX], landing[PATH_MAX], name[32];
    snprintf(name, sizeof name, "orders-%06lld.csv", (long long)number);
    bench_path(path, in, name);
    bench_path(landing, in, "landing");
    FILE *file = fopen(landing, "w");
    size_t header = a->end[0], n = a->end[to] - a->end[from];
    bool done = file && fwrite(a->text, 1, header, file) == header && fwrite(a->text + a->end[from], 1, n, file) == n;
    if (file && fclose(file) != 0) done = false;
    return done && rename(landing, path) == 0 ? 0 : err_set(error, ERR_IO, "%s: cannot be written", path);
}

static int refreshes(struct freshness_run *run, const char *in, const char *db, const struct window *w,
                     int64_t period_ns, const struct schedule *births, struct trial *t, struct err_text *error)
{
    struct histogram *took = trial_histogram(t, "refresh", "ns");
    int64_t cpu_ns = environment_children_cpu_ns(), landed = 0;
    int rc = 0;
    for (int64_t k = 1; rc == 0; k++) {
        int64_t at_ns = births->start_ns + k * period_ns;
        if (at_ns > births->start_ns + w->end_ns) break;
        if (clock_mono_ns() > at_ns + period_ns) continue; /* the last one took longer than a period: skip */
        clock_sleep_until(at_ns, 0);
        double wall_s;
        int64_t due = schedule_due(births, clock_mono_ns());
        rc = land(&run->lines, in, k, landed, due, error);
        landed = due;
        if (rc == 0)
            rc = bench_command(run->bench, &wall_s, NULL, error, "etl", "run", run->definition, "--in", in, "--db", db,
                               NULL);
        if (rc == 0) histogram_record(took, (int64_t)(wall_s * 1e9));
    }
    trial_metric(t, "refreshes", "runs", (double)took->total);
    trial_metric(t, "cpu", "s", (double)(environment_children_cpu_ns() - cpu_ns) / 1e9);
    return rc;
}

static int batch_trial(struct freshness_run *run, int64_t period_ms, struct trial *t, struct watch *watch,
                       struct schedule *births, struct err_text *error)
{
    char in[PATH_MAX];
    struct window w = window_of(run->bench, period_ms);
    int rc = bench_folder(run->bench, "in", in, error);
    *births = (struct schedule){.start_ns = clock_mono_ns() + 20000000, .rate = run->rate};
    return rc < 0 ? rc : refreshes(run, in, watch->db, &w, period_ms * 1000000, births, t, error);
}

/* --- stream --- */

static int file_write(const char *path, const char *text, size_t n, struct err_text *error)
{
    FILE *file = fopen(path, "w");
    bool done = file && fwrite(text, 1, n, file) == n;
    if (file && fclose(file) != 0) done = false;
    return done ? 0 : err_set(error, ERR_IO, "%s: cannot be written", path);
}

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

static int stream_run(struct freshness_run *run, const struct target *target, const char *in, const char *rate,
                      int64_t count, struct watch *watch, struct trial *t, struct err_text *error)
{
    struct process loader = {0};
    int64_t cpu_ns = environment_children_cpu_ns(), broker_ns = environment_process_cpu_ns(target->process.pid);
    int rc = bench_start(run->bench, &loader, PROCESS_PIPE_OUT, error, "stream", "run", run->definition, "--db",
                         watch->db, "--workers", "1", "--follow", "--bootstrap", target->bootstrap, NULL);
    if (rc < 0) return rc;
    clock_sleep_ms(500); /* the worker is up before the first arrival, as in any running pipeline */
    rc = bench_command(run->bench, NULL, NULL, error, "stream", "publish", run->definition, "--in", in, "--partitions",
                       "1", "--rate", rate, "--bootstrap", target->bootstrap, NULL);
    if (rc == 0) wait_visible(watch, count, 5 * SECOND_NS);
    process_stop(&loader, 5000);
    double broker_s = (double)(environment_process_cpu_ns(target->process.pid) - broker_ns) / 1e9;
    trial_metric(t, "cpu", "s", (double)(environment_children_cpu_ns() - cpu_ns) / 1e9 + broker_s);
    return rc;
}

static int stream_trial(struct freshness_run *run, struct trial *t, struct watch *watch, struct schedule *births,
                        struct err_text *error)
{
    char in[PATH_MAX], path[PATH_MAX], topic[256], rate[32];
    /* A group's first members wait for each other only briefly: its start is not what is measured. */
    static const char *const settings[] = {"group.initial.rebalance.delay.ms=100", NULL};
    struct target target = {0};
    struct window w = window_of(run->bench, 0);
    int64_t count = w.end_ns * run->rate / SECOND_NS;
    snprintf(rate, sizeof rate, "%lld", (long long)run->rate);
    topic_of(run->definition, topic);
    int rc = bench_folder(run->bench, "in", in, error);
    bench_path(path, in, "orders.csv");
    if (rc == 0) rc = file_write(path, run->lines.text, run->lines.end[count], error);
    if (rc == 0) rc = target_start(&target, run->bench, "broker", settings, error);
    if (rc == 0) rc = load_topic_create(target.bootstrap, topic, 1, error);
    if (rc == 0) rc = stream_run(run, &target, in, rate, count, watch, t, error);
    *births = (struct schedule){.rate = run->rate};
    if (rc == 0)
        rc = births_read(target.bootstrap, topic, births, count, trial_histogram(t, "generator_lag", "ns"), error);
    target_stop(&target);
    return rc;
}

/* --- cells and trials --- */

static void judge(struct freshness_run *run, int64_t period_ms, const struct watch *watch,
                  const struct schedule *births, const struct monitor_seen *machine, struct trial *t)
{
    struct gate_facts facts = {.machine = *machine, .lateness_p99_ns = -1, .io_before = -1, .capture_drops = -1};
    struct window w = window_of(run->bench, period_ms);
    int64_t start_ns = births->start_ns;
    struct histogram *ages = trial_histogram(t, "age", "ns"), *latencies = trial_histogram(t, "latency", "ns");
    freshness_ages(&watch->seen, births, start_ns + w.sample_from_ns, start_ns + w.sample_to_ns, STEP_NS, ages);
    int64_t unseen =
        freshness_latencies(&watch->seen, births, start_ns + w.born_from_ns, start_ns + w.born_to_ns, latencies);
    trial_metric(t, "samples", "ages", (double)ages->total);
    trial_metric(t, "arrivals", "rows", (double)latencies->total);
    trial_metric(t, "changes_seen", "commits", (double)watch->seen.count);
    const struct histogram *lag = trial_values(t, "generator_lag");
    trial_judge(t, &facts);
    if (unseen > 0) trial_finding(t, "%lld arrivals never became visible", (long long)unseen);
    if (lag && histogram_percentile(lag, 99) > 50000000)
        trial_void(t, "the publisher was %lld ms late (99th percentile)",
                   (long long)(histogram_percentile(lag, 99) / 1000000));
}

static const char *cell_name(void *context, int cell)
{
    (void)context;
    return cells[cell].name;
}

static int one_trial(void *context, int cell, struct trial *t, char *text, size_t size, struct err_text *error)
{
    struct freshness_run *run = context;
    char db[PATH_MAX], folder[PATH_MAX], rate[32];
    struct watch watch;
    struct monitor monitor;
    struct schedule births;
    int rc = bench_folder(run->bench, "db", folder, error);
    if (rc < 0) return rc;
    bench_path(db, folder, "warehouse.db");
    snprintf(rate, sizeof rate, "%lld", (long long)run->rate);
    trial_set(t, "rate", rate);
    trial_set(t, "pipeline", "ecommerce/online_retail.json");
    trial_set(t, "durability",
              cells[cell].period_ms ? "SQLite WAL, synchronous=NORMAL" : "broker: page-cache; SQLite WAL");
    trial_metric(t, "period", "s", (double)cells[cell].period_ms / 1000);
    monitor_start(&monitor, NULL, 0);
    watch_start(&watch, db, VISIBLE_QUERY);
    rc = cells[cell].period_ms ? batch_trial(run, cells[cell].period_ms, t, &watch, &births, error)
                               : stream_trial(run, t, &watch, &births, error);
    watch_stop(&watch);
    monitor_stop(&monitor);
    if (rc == 0) judge(run, cells[cell].period_ms, &watch, &births, &monitor.seen, t);
    freshness_release(&watch.seen);
    if (rc == 0)
        snprintf(text, size, "age of the newest row: median %.3f s, 99th percentile %.3f s",
                 (double)histogram_percentile(trial_values(t, "age"), 50) / 1e9,
                 (double)histogram_percentile(trial_values(t, "age"), 99) / 1e9);
    return rc;
}

int experiment_freshness(struct bench *b, struct err_text *error)
{
    struct freshness_run run = {.bench = b, .rate = 500};
    bench_path(run.definition, b->workloads, "ecommerce/online_retail.json");
    struct window longest = window_of(b, 4000);
    const struct runner runner = {.experiment = "E5",
                                  .cells = CELLS,
                                  .name = cell_name,
                                  .trial = one_trial,
                                  .context = &run,
                                  .trials_min = b->trials,
                                  .trials_max = b->trials,
                                  .seed = 5};
    int rc = order_lines_make(&run, (longest.end_ns / SECOND_NS + 2) * run.rate, error);
    if (rc == 0) rc = runner_run(b, &runner, error);
    free(run.lines.text);
    free(run.lines.end);
    return rc;
}
