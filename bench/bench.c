#include "bench/bench.h"

#include <assert.h>
#include <ftw.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/arrivals.h"
#include "bench/budget.h"
#include "bench/environment.h"
#include "bench/experiment.h"
#include "bench/folder.h"
#include "bench/limits.h"
#include "bench/manifest.h"
#include "bench/runner.h"
#include "bench/summary.h"
#include "bench/target_set.h"
#include "lib/base/bytes.h"
#include "lib/os/clock.h"
#include "lib/os/priority.h"

enum { BROKER_READY_MS = 10000, BROKER_STOP_MS = 10000, COMMAND_MS = 600000 };

static const struct bench_experiment_name names[] = {
    {"E0", "the harness against itself: is a pause of the broker reported as long as it was?"},
    {"E1", "what do acks=0, 1, all cost, in each durability mode?"},
    {"E2", "how does latency grow with load, from 1 % to 105 % of the rate that is sustained?"},
    {"E3", "batching: what linger and batch size do to throughput and latency"},
    {"E4", "record size: records and bytes per second"},
    {"E5", "how fresh is the warehouse: batch at several periods against streaming, on the same arrivals?"},
    {"E6", "what does freshness cost: processor time and bytes against age, from E5's trials"},
    {"E7", "bulk load and replay: rows per second of batch and of stream, and what limits them"},
    {"E8", "what is lost and duplicated, and for how long, when a broker dies, stalls, loses its clients or its disk"},
    {"E9",
     "consumer groups: what members add, and how long a join or a leave stops a partition, eager and cooperative"},
    {"E10", "is the cost of the log independent of its length, and of the number of partitions?"},
    {"E11", "point to point against a broker: connections and throughput against producers x consumers"},
    {"E12", "event sourcing: what a state costs by replay, by snapshot and as a row, and what a correction costs"},
    {"E13", "what goes over the wire: bytes per record by batch, codec and acks; latency there beside the client's"},
    {NULL, NULL},
};
static int (*const runs[])(struct bench *b, struct err_text *error) = {
    experiment_pause,     experiment_acks,      experiment_load,   experiment_batching, experiment_size,
    experiment_freshness, experiment_freshness, experiment_replay, experiment_loss,     experiment_groups,
    experiment_cost,      experiment_pairs,     experiment_state,  experiment_wire};

_Static_assert(sizeof names / sizeof names[0] == sizeof runs / sizeof runs[0] + 1, "each experiment has its function");

const struct bench_experiment_name *bench_experiments(void)
{
    return names;
}

/* --- files and folders --- */

void bench_path(char out[PATH_MAX], const char *folder, const char *name)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", folder, name);
    assert(n > 0 && n < PATH_MAX);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st, (void)type, (void)where;
    remove(path);
    return 0;
}

void bench_remove(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int bench_folder(const struct bench *b, const char *name, char out[PATH_MAX], struct err_text *error)
{
    bench_path(out, b->work, name);
    bench_remove(out);
    return folder_make(out, error);
}

/* --- child processes --- */

static void arguments(const struct bench *b, const char *argv[EXPERIMENT_ARGUMENTS_MAX], va_list list)
{
    int count = 0;
    argv[count++] = b->program;
    while ((argv[count] = va_arg(list, const char *)) != NULL) {
        count++;
        assert(count < EXPERIMENT_ARGUMENTS_MAX);
    }
}

static void command_text(const char *const argv[], struct buf *out)
{
    buf_append_str(out, "millrace");
    for (int i = 1; argv[i]; i++) buf_printf(out, " %s", argv[i]);
}

int bench_start(const struct bench *b, struct process *p, int flags, struct err_text *error, ...)
{
    const char *argv[EXPERIMENT_ARGUMENTS_MAX];
    va_list list;
    va_start(list, error);
    arguments(b, argv, list);
    va_end(list);
    return process_start(p, argv, flags | PROCESS_QUIET_ERR | PROCESS_OWN_GROUP, error);
}

/* Its exit status, or a negative `enum err` with a sentence. */
static int command_status(const char *const argv[], double *wall_s, double *cpu_s, struct err_text *error)
{
    struct process p;
    int64_t begin_ns = clock_mono_ns(), cpu_ns = environment_children_cpu_ns();
    int rc = process_start(&p, argv, PROCESS_PIPE_OUT | PROCESS_QUIET_ERR | PROCESS_OWN_GROUP, error);
    if (rc < 0) return rc;
    char line[256];
    while ((rc = process_read_line(&p, line, sizeof line, COMMAND_MS)) >= 0) {}
    int status = rc == ERR_LOCKED ? (process_stop(&p, 1000), -1) : process_wait(&p, COMMAND_MS);
    if (wall_s) *wall_s = (double)(clock_mono_ns() - begin_ns) / 1e9;
    if (cpu_s) *cpu_s = (double)(environment_children_cpu_ns() - cpu_ns) / 1e9;
    if (status >= 0) return status;
    struct buf text = {0};
    command_text(argv, &text);
    err_set(error, ERR_IO, "`%s` said nothing for %d s and was ended", buf_cstr(&text), COMMAND_MS / 1000);
    buf_release(&text);
    return ERR_IO;
}

static int command_failed(const char *const argv[], int status, struct err_text *error)
{
    struct buf text = {0};
    command_text(argv, &text);
    err_set(error, ERR_IO, "`%s` ended with status %d: run it by hand to see why", buf_cstr(&text), status);
    buf_release(&text);
    return ERR_IO;
}

static int warehouse_verdict(const struct bench *b, const char *verb, const char *one, const char *other,
                             struct err_text *error)
{
    const char *const argv[] = {b->program, "warehouse", verb, one, other, NULL};
    int status = command_status(argv, NULL, NULL, error);
    return status > 1 ? command_failed(argv, status, error) : status < 0 ? status : status == 0;
}

int bench_ask(const char *path, const char *sql, int64_t *value, struct err_text *error)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    bool found = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
                 sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW;
    if (found) *value = sqlite3_column_int64(s, 0);
    int result = found ? 0 : err_set(error, ERR_IO, "%s: %s: %s", path, sql, sqlite3_errmsg(db));
    sqlite3_finalize(s);
    sqlite3_close(db);
    return result;
}

int bench_same_warehouse(const struct bench *b, const char *one, const char *other, struct err_text *error)
{
    return warehouse_verdict(b, "compare", one, other, error);
}

int bench_true_warehouse(const struct bench *b, const char *db, const char *truth, struct err_text *error)
{
    return warehouse_verdict(b, "check", db, truth, error);
}

int bench_command(const struct bench *b, double *wall_s, double *cpu_s, struct err_text *error, ...)
{
    const char *argv[EXPERIMENT_ARGUMENTS_MAX];
    va_list list;
    va_start(list, error);
    arguments(b, argv, list);
    va_end(list);
    int status = command_status(argv, wall_s, cpu_s, error);
    return status > 0 ? command_failed(argv, status, error) : status;
}

int target_start(struct target *t, const struct bench *b, const char *name, const char *const settings[],
                 struct err_text *error)
{
    *t = (struct target){0};
    int rc = bench_folder(b, name, t->folder, error);
    return rc < 0 ? rc : target_resume(t, b, name, settings, error);
}

/* Of an own user namespace, where root of the machine may do without. */
static const char *namespaces(void)
{
    static const char *const ways[] = {"-rm", "-m"};
    for (int i = 0; i < 2; i++) {
        const char *const argv[] = {"unshare", ways[i], "sh", "-c", "mount -t tmpfs tmpfs /mnt", NULL};
        struct process p;
        if (process_start(&p, argv, PROCESS_QUIET_ERR, NULL) == 0 && process_wait(&p, BROKER_READY_MS) == 0)
            return ways[i];
    }
    return NULL;
}

/* unshare and sh become the broker: the process stays the same. Returns how many. */
static int small_arguments(const struct target *t, char *mount, size_t size, const char *argv[EXPERIMENT_ARGUMENTS_MAX])
{
    const char *way = namespaces();
    snprintf(mount, size, "size=%dm", t->small_mib);
    const char *const all[] = {
        "unshare", way ? way : "-m", "sh", "-c", "mount -t tmpfs -o \"$0\" tmpfs \"$1\" && shift && exec \"$@\"",
        mount,     t->folder};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) argv[i] = all[i];
    return sizeof all / sizeof all[0];
}

int target_start_small(struct target *t, const struct bench *b, const char *name, const char *const settings[], int mib,
                       struct err_text *error)
{
    *t = (struct target){.small_mib = mib};
    if (!namespaces())
        return err_set(error, ERR_UNSUPPORTED,
                       "no file system of its own can be mounted here (unshare -rm, unshare -m)");
    int rc = bench_folder(b, name, t->folder, error);
    return rc < 0 ? rc : target_resume(t, b, name, settings, error);
}

void target_seen_folder(const struct target *t, char out[PATH_MAX])
{
    int n = t->small_mib ? snprintf(out, PATH_MAX, "/proc/%d/root%s", (int)t->process.pid, t->folder)
                         : snprintf(out, PATH_MAX, "%s", t->folder);
    assert(n > 0 && n < PATH_MAX);
}

int target_resume(struct target *t, const struct bench *b, const char *name, const char *const settings[],
                  struct err_text *error)
{
    char listeners[192], log_dirs[PATH_MAX + 16], line[256] = "", said[PATH_MAX], said_name[64], mount[64];
    const char *argv[EXPERIMENT_ARGUMENTS_MAX] = {NULL};
    int count = t->small_mib ? small_arguments(t, mount, sizeof mount, argv) : 0;
    argv[count++] = b->program;
    argv[count++] = "broker";
    argv[count++] = "-o";
    argv[count++] = listeners;
    argv[count++] = "-o";
    /* One that comes back has the address that its clients know. */
    snprintf(listeners, sizeof listeners, "listeners=PLAINTEXT://%s", t->bootstrap[0] ? t->bootstrap : "127.0.0.1:0");
    snprintf(said_name, sizeof said_name, "%.50s.log", name);
    bench_path(said, b->work, said_name);
    bench_remove(said);
    snprintf(log_dirs, sizeof log_dirs, "log.dirs=%s", t->folder);
    argv[count++] = log_dirs;
    for (int i = 0; settings && settings[i]; i++) {
        argv[count++] = "-o";
        argv[count++] = settings[i];
        assert(count < EXPERIMENT_ARGUMENTS_MAX);
    }
    int rc = process_start_logged(&t->process, argv, PROCESS_PIPE_OUT | PROCESS_OWN_GROUP, said, error);
    if (rc == 0) rc = process_read_line(&t->process, line, sizeof line, BROKER_READY_MS);
    if (rc >= 0 && strncmp(line, "ready ", 6) == 0) {
        snprintf(t->bootstrap, sizeof t->bootstrap, "%.*s", (int)sizeof t->bootstrap - 1, line + 6);
        return 0;
    }
    target_stop(t);
    return err_set(error, ERR_IO, "millrace broker with %s did not become ready (it said: %s)", log_dirs, line);
}

void target_halt(struct target *t, int signal_number)
{
    process_signal(&t->process, signal_number);
    process_stop(&t->process, BROKER_STOP_MS);
}

void target_stop(struct target *t)
{
    process_stop(&t->process, BROKER_STOP_MS);
    if (t->folder[0]) bench_remove(t->folder);
    *t = (struct target){0};
}

/* --- runs --- */

int bench_keep(const struct bench *b, struct trial *t, struct err_text *error, const char *format, ...)
{
    va_list list;
    int rc = trial_write(t, b->dir, b->environment, error);
    printf("  %-26s trial %d  ", t->cell, t->number);
    va_start(list, format);
    if (!trial_valid(t))
        printf("VOID: %s", t->verdict.void_reasons[0]);
    else
        vprintf(format, list);
    va_end(list);
    printf("\n");
    fflush(stdout);
    trial_release(t);
    return rc;
}

static int measure_limits(struct bench *b, struct err_text *error)
{
    struct trial t;
    int rc = limits_measure(&t, b->work, error);
    const struct histogram *sync = trial_values(&t, "fdatasync_4k");
    if (rc == 0)
        return bench_keep(b, &t, error, "fdatasync p50 %.0f us, SQLite %.0f rows/s",
                          (double)histogram_percentile(sync, 50) / 1e3, trial_value(&t, "sqlite_insert"));
    trial_release(&t);
    return rc;
}

int bench_workloads_find(struct bench *b, const char *given, struct err_text *error)
{
    char beside[PATH_MAX], probe[PATH_MAX];
    snprintf(beside, sizeof beside, "%s", b->program);
    for (int up = 0; up < 2 && strrchr(beside, '/'); up++) *strrchr(beside, '/') = 0;
    char installed[PATH_MAX], tree[PATH_MAX];
    bench_path(tree, beside, "workloads");
    bench_path(installed, beside, "share/millrace/workloads");
    const char *const places[] = {given ? given : "workloads", tree, installed};
    for (int i = 0; i < (given ? 1 : 3); i++) {
        bench_path(probe, places[i], "ecommerce/online_retail.json");
        if (access(probe, R_OK) != 0) continue;
        snprintf(b->workloads, sizeof b->workloads, "%s", places[i]);
        return 0;
    }
    return err_set(error, ERR_NOTFOUND, "%s: no pipeline definitions there (ecommerce/online_retail.json)", places[0]);
}

static int id_index(const char *id)
{
    for (int i = 0; names[i].id; i++) {
        if (strcmp(names[i].id, id) == 0) return i;
    }
    return -1;
}

int bench_prepare(struct bench *b, const struct bench_options *options, struct err_text *error)
{
    *b = options->full ? (struct bench){.full = true, .trials = 7, .again_max = RUNNER_AGAIN_MAX, .again_s = 600}
                       : (struct bench){.trials = EXPERIMENT_TRIALS_MIN, .again_max = 2, .again_s = 8};
    for (int i = 0; i < options->target_count && i < BENCH_TARGETS_MAX; i++) b->targets[i] = options->targets[i];
    b->target_count = options->target_count < BENCH_TARGETS_MAX ? options->target_count : BENCH_TARGETS_MAX;
    if (b->target_count == 0) b->targets[b->target_count++] = "millrace";
    int rc = folders_make(options->dir, error);
    if (rc < 0) return rc;
    if (!realpath(options->dir, b->dir) || strlen(b->dir) > PATH_MAX / 2)
        return err_set(error, ERR_INVALID, "%s: the path is too long", options->dir);
    if (options->program)
        snprintf(b->program, sizeof b->program, "%s", options->program);
    else
        rc = process_self(b->program, sizeof b->program);
    bench_path(b->work, b->dir, "scratch");
    bench_remove(b->work);
    if (rc == 0) rc = folder_make(b->work, error);
    b->arrivals = options->arrivals;
    b->environment = environment_read(b->dir);
    json_object_set_new(b->environment, "profile", json_string(b->full ? "full" : "quick"));
    return rc;
}

/* E6 has no trials of its own: they are E5's. */
static const char *trials_id(const char *id)
{
    return strcmp(id, "E6") == 0 ? "E5" : id;
}

/* What is kept of E5 although it is to be measured again was just measured for it. */
static bool just_measured(const char *const ids[], int i)
{
    for (int k = 0; k < i; k++) {
        if (strcmp(trials_id(ids[k]), trials_id(ids[i])) == 0) return true;
    }
    return false;
}

/* A target that was given as a path is told by its file's name. */
static void command_said(const struct bench_options *o, const char *id, char *out, size_t size)
{
    struct buf text = {0};
    buf_printf(&text, "millrace bench run %s --profile %s", id, o->full ? "full" : "quick");
    char arrivals[256];
    if (o->arrivals) arrivals_said(o->arrivals, arrivals, sizeof arrivals);
    if (o->arrivals) buf_printf(&text, " --arrivals %s", arrivals);
    if (o->minutes > 0) buf_printf(&text, " --minutes %g", o->minutes);
    for (int i = 0; i < o->target_count; i++) {
        const char *slash = strrchr(o->targets[i], '/');
        buf_printf(&text, " --target %s", slash ? slash + 1 : o->targets[i]);
    }
    snprintf(out, size, "%s", buf_cstr(&text));
    buf_release(&text);
}

/* One experiment of a run, within its share of the time; its manifest and summary are written also when it was ended.
 */
static int experiment_run(struct bench *b, const struct bench_options *options, int index, bool again, double budget_s,
                          struct err_text *error)
{
    char path[PATH_MAX], command[512];
    const char *id = trials_id(names[index].id);
    json_t *now = environment_read(b->dir);
    int64_t begin_ns = clock_mono_ns();
    printf("%s: %s\n", names[index].id, names[index].question);
    fflush(stdout);
    bench_path(path, b->dir, id);
    if (again) bench_remove(path);
    b->until_ns = begin_ns + (int64_t)(budget_s * 1e9);
    b->cut = 0;
    int rc = runs[index](b, error);
    command_said(options, id, command, sizeof command);
    struct manifest m = {id,
                         names[id_index(id)].question,
                         command,
                         json_object_get(now, "time"),
                         (double)(clock_mono_ns() - begin_ns) / 1e9,
                         budget_s,
                         runner_ending()};
    printf("  %s took %.1f s\n", names[index].id, m.seconds);
    if (rc >= 0) {
        int written = manifest_write(b, &m, error);
        if (written == 0) written = summary_write(b->dir, id, error);
        rc = written < 0 ? written : rc;
    }
    json_decref(now);
    return rc;
}

static int arrivals_check(const char *text, struct err_text *error)
{
    struct arrivals_pattern p;
    return text ? arrivals_parse(&p, text, 1, 0, error) : 0;
}

/* Faults, pipelines and groups are ours: a peer that was asked for is told of, not passed over in silence. */
static void peers_note(const struct bench *b, const char *id)
{
    static const char *const side_by_side[] = {"E1", "E2", "E3", "E4", "E10"};
    for (int i = 0; i < 5; i++) {
        if (strcmp(side_by_side[i], id) == 0) return;
    }
    for (int i = 0; i < b->target_count; i++) {
        if (strcmp(b->targets[i], "millrace") != 0)
            printf("%s measures millrace alone: nothing of %s\n", id, b->targets[i]);
    }
}

/* What it depends on how many trials a busy machine makes void. */
static void priority_note(void)
{
    enum priority_kind kind = priority_permitted();
    printf("the load generator's sender: %s%s\n", priority_name(kind),
           kind == PRIORITY_REAL_TIME ? ""
                                      : "; real time is not permitted here (root, CAP_SYS_NICE or `ulimit -r` of at "
                                        "least 2): beside a busy target more trials may be void");
}

int bench_run(const struct bench_options *options, const char *const ids[], struct err_text *error)
{
    struct bench b = {0};
    double seconds = options->minutes > 0 ? options->minutes * 60 : options->full ? BUDGET_FULL_S : BUDGET_QUICK_S;
    int64_t end_ns = clock_mono_ns() + (int64_t)(seconds * (1 - BUDGET_RESERVE) * 1e9);
    for (int i = 0; ids[i]; i++) {
        if (id_index(ids[i]) < 0) return err_set(error, ERR_INVALID, "%s: there is no such experiment", ids[i]);
    }
    int rc = arrivals_check(options->arrivals, error);
    if (rc == 0) rc = bench_prepare(&b, options, error);
    if (rc < 0) return rc;
    runner_watch_signals();
    if (rc == 0) rc = target_check(&b, error);
    if (rc == 0) rc = bench_workloads_find(&b, options->workloads, error);
    if (rc == 0) {
        priority_note();
        printf("limits of this machine\n");
        rc = measure_limits(&b, error);
    }
    for (int i = 0; ids[i] && rc == 0; i++) {
        double left_s = (double)(end_ns - clock_mono_ns()) / 1e9;
        bool again = options->again && !just_measured(ids, i);
        peers_note(&b, ids[i]);
        rc = experiment_run(&b, options, id_index(ids[i]), again, budget_share(ids + i, left_s), error);
    }
    if (rc == 0) bench_remove(b.work); /* else what a command was given stays, to run it by hand */
    json_decref(b.environment);
    return rc;
}
