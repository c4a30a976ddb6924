#include "bench/speed/speed.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/environment.h"
#include "bench/load.h"
#include "bench/tool.h"
#include "lib/os/clock.h"

static const struct speed_row *const rows[] = {
    &speed_row_producer,     &speed_row_crowd,       &speed_row_latency_1000, &speed_row_latency_10000,
    &speed_row_end_to_end,   &speed_row_consumer,    &speed_row_fetch,        &speed_row_commit,
    &speed_row_commit_small, &speed_row_start_empty, &speed_row_start_1000,   &speed_row_start_kill,
    &speed_row_memory,       &speed_row_partitions,  &speed_row_log_length,   &speed_row_generate,
    &speed_row_parsers,      &speed_row_batch_shop,  &speed_row_batch_logs,   &speed_row_replay,
    &speed_row_freshness,
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

const char *bench_speed_row(int i, const char **what)
{
    if (i >= ROW_COUNT) return NULL;
    *what = rows[i]->what;
    return rows[i]->name;
}

/* --- for rows --- */

bool speed_is(const char *side, const char *name)
{
    return strcmp(side, name) == 0;
}

const char *speed_bootstrap(const struct speed *s, const char *side)
{
    if (speed_is(side, "kafka")) return s->peer;
    return speed_is(side, "mock") ? NULL : s->ours.bootstrap;
}

int64_t speed_broker_cpu_ns(const struct speed *s, const char *side)
{
    if (speed_is(side, "millrace")) return environment_process_cpu_ns(s->ours.process.pid);
    return speed_is(side, "kafka") && s->peer_pid ? environment_process_cpu_ns(s->peer_pid) : -1;
}

int64_t speed_scaled(const struct speed *s, int64_t full, int64_t least)
{
    int64_t scaled = (int64_t)((double)full * s->scale);
    return scaled > least ? scaled : least;
}

/* By the clock: a peer may still have the topics of an earlier run. */
void speed_topic(char out[SPEED_TOPIC_MAX])
{
    snprintf(out, SPEED_TOPIC_MAX, "speed-%lld", (long long)clock_mono_ns());
}

/* A page of memory that a virtual machine has not touched lately costs several microseconds at its first write, whoever
 * writes to it: more than the broker does for what goes on that page. Pages that were just given back are reused. */
int speed_memory_touch(const struct speed *s, int64_t bytes, struct err_text *error)
{
    static char block[1 << 20];
    char path[PATH_MAX];
    bench_path(path, s->bench->work, "touch.tmp");
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600), rc = fd < 0 ? err_from_errno(errno) : 0;
    for (int64_t done = 0; done < bytes && rc == 0; done += (int64_t)sizeof block)
        if (write(fd, block, sizeof block) != (ssize_t)sizeof block) rc = err_from_errno(errno);
    if (fd >= 0) close(fd);
    unlink(path);
    return rc < 0 ? err_set(error, rc, "%s: %s", path, err_name(rc)) : 0;
}

int speed_topic_fill(struct speed *s, const char *side, int64_t messages, struct err_text *error)
{
    const char *bootstrap = speed_bootstrap(s, side);
    struct load_result result = {0};
    struct load_options options = {.bootstrap = bootstrap,
                                   .topic = s->topic,
                                   .acks = "1",
                                   .linger_ms = 5,
                                   .message_bytes = SPEED_MESSAGE_BYTES,
                                   .count = messages,
                                   .timeout_ms = 30000};
    int rc = load_topic_create(bootstrap, s->topic, 1, error);
    if (rc == 0) rc = load_saturate(&options, &result, error);
    if (rc == 0 && result.acked != messages)
        rc = err_set(error, ERR_IO, "%s: %lld of %lld messages were acknowledged", s->topic, (long long)result.acked,
                     (long long)messages);
    return rc;
}

int speed_topic_drop(struct speed *s, const char *side, struct err_text *error)
{
    return load_topic_delete(speed_bootstrap(s, side), s->topic, error);
}

void speed_percentiles(struct trial *t, const char *name)
{
    char metric[TRIAL_NAME_MAX];
    const struct histogram *h = trial_values(t, name);
    snprintf(metric, sizeof metric, "%.40s_p50", name);
    trial_metric(t, metric, "us", (double)histogram_percentile(h, 50) / 1e3);
    snprintf(metric, sizeof metric, "%.40s_p99", name);
    trial_metric(t, metric, "us", (double)histogram_percentile(h, 99) / 1e3);
}

/* --- a run --- */

static int side_names(const struct speed *s, const struct speed_row *row, const char *sides[SPEED_SIDES_MAX])
{
    int count = 0;
    for (int i = 0; row->sides[i]; i++) {
        if (!s->peer && speed_is(row->sides[i], "kafka")) continue;
        if (speed_is(row->sides[i], "duckdb") && !tool_is_there(s->bench, "duckdb")) {
            printf("  (no DuckDB: DUCKDB_PYTHON names a Python that has its package)\n");
            continue;
        }
        sides[count++] = row->sides[i];
    }
    return count;
}

static void trial_say(char *text, size_t size, const struct trial *t)
{
    size_t n = 0;
    text[0] = 0;
    for (int i = 0; i < t->metric_count && n < size; i++)
        n += (size_t)snprintf(text + n, size - n, "%s%s %.4g %s", i ? ", " : "", t->metrics[i].name,
                              t->metrics[i].value, t->metrics[i].unit);
}

/* Trial 0 warms up: connections, caches, a just-in-time compiler. It is measured like the others and not kept. */
static int trial_run(struct speed *s, const struct speed_row *row, const char *side, int number, struct err_text *error)
{
    struct trial t;
    char cell[TRIAL_NAME_MAX], text[512];
    snprintf(cell, sizeof cell, "%s %s", row->name, side);
    trial_init(&t, "speed", cell, number);
    trial_set(&t, "durability", row->durability);
    int rc = row->measure(s, side, &t, error);
    if (rc < 0 || number == 0) {
        trial_release(&t);
        return rc;
    }
    trial_say(text, sizeof text, &t);
    return bench_keep(s->bench, &t, error, "%s", text);
}

/* A just-in-time compiler needs more than one round: what the rows do, some seconds of it, unmeasured. */
static int peer_warm(struct speed *s, struct err_text *error)
{
    static const struct speed_row *const with[] = {&speed_row_producer, &speed_row_end_to_end, &speed_row_producer,
                                                   &speed_row_end_to_end};
    int rc = 0;
    for (size_t i = 0; s->peer && i < sizeof with / sizeof with[0] && rc == 0; i++)
        rc = trial_run(s, with[i], "kafka", 0, error);
    return rc;
}

static int row_rounds(struct speed *s, const struct speed_row *row, struct err_text *error)
{
    const char *sides[SPEED_SIDES_MAX];
    int count = side_names(s, row, sides), rc = 0;
    speed_topic(s->topic);
    for (int i = 0; i < count && row->prepare && rc == 0; i++) rc = row->prepare(s, sides[i], error);
    for (int round = 0; round <= s->bench->trials && rc == 0; round++)
        for (int i = 0; i < count && rc == 0; i++)
            rc = trial_run(s, row, sides[round % 2 ? count - 1 - i : i], round, error);
    for (int i = 0; i < count && row->finish && rc == 0; i++) rc = row->finish(s, sides[i], error);
    return rc;
}

static int row_run(struct speed *s, const struct speed_row *row, struct err_text *error)
{
    printf("%s: %s (%s)\n", row->name, row->what, row->durability);
    fflush(stdout);
    int rc = row->settings ? target_start(&s->ours, s->bench, "speed", row->settings, error) : 0;
    if (rc == 0) rc = row_rounds(s, row, error);
    if (row->settings) target_stop(&s->ours);
    return rc;
}

static bool wanted(const struct bench_speed_options *options, const char *name)
{
    if (options->row_count == 0) return true;
    for (int i = 0; i < options->row_count; i++)
        if (strcmp(options->rows[i], name) == 0) return true;
    return false;
}

static int select_rows(const struct bench_speed_options *options, const struct speed_row *selected[ROW_COUNT],
                       struct err_text *error)
{
    int count = 0;
    for (int i = 0; i < ROW_COUNT; i++)
        if (wanted(options, rows[i]->name)) selected[count++] = rows[i];
    for (int i = 0; i < options->row_count; i++) {
        bool known = false;
        for (int j = 0; j < ROW_COUNT; j++) known |= strcmp(rows[j]->name, options->rows[i]) == 0;
        if (!known) return err_set(error, ERR_INVALID, "%s: there is no such row", options->rows[i]);
    }
    return count;
}

static void rows_forget(const struct bench *b)
{
    char path[PATH_MAX];
    bench_path(path, b->dir, "speed");
    bench_remove(path);
}

int bench_speed(const struct bench_speed_options *options, struct err_text *error)
{
    const struct speed_row *selected[ROW_COUNT];
    struct bench b;
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* as the pipelines: the loops beside them get the same SQLite */
    int count = select_rows(options, selected, error), rc = count < 0 ? count : 0;
    if (rc == 0 && !options->table_only) {
        rc = bench_prepare(&b, &(struct bench_options){.dir = options->dir}, error);
        if (rc < 0) return rc;
        b.trials = options->trials;
        struct speed s = {.bench = &b, .peer = options->peer, .peer_pid = options->peer_pid, .scale = options->scale};
        rows_forget(&b);
        rc = peer_warm(&s, error);
        for (int i = 0; i < count && rc == 0; i++) rc = row_run(&s, selected[i], error);
        json_decref(b.environment);
        bench_remove(b.work);
    }
    return rc < 0 ? rc : speed_table(options->dir, selected, count, error);
}
