/* What a start takes: of an empty folder, of 1,000 partitions that were closed cleanly, and how much is read of a log
 * after kill -9. And what a broker keeps in memory when nobody asks anything of it. Each trial starts a broker. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/environment.h"
#include "bench/load.h"
#include "bench/speed/speed.h"
#include "bench/speed/wire.h"
#include "lib/kafka/api.h"
#include "lib/kafka/messages.h"
#include "lib/os/clock.h"

enum { PARTITIONS = 1000, KILOBYTE = 1024 };

/* One broker for a row, on a folder that stays between its trials. */
static struct target broker;

static const char *const no_settings[] = {NULL};
static const char *const synced[] = {"log.flush.interval.messages=1", "log.flush.offset.checkpoint.interval.ms=100",
                                     NULL};

static void pause_ms(int64_t ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* A number of /proc/PID/FILE: the one behind `key`. */
static double proc_number(pid_t pid, const char *file, const char *key)
{
    char path[64], line[256];
    double value = -1;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, key, strlen(key)) == 0) sscanf(line + strlen(key), "%lf", &value);
    if (f) fclose(f);
    return value;
}

/* Processor time beside it: on a busy machine a start is mostly waiting, for a processor and for the disk. */
static void ready_metrics(struct trial *t, pid_t pid, int64_t begin_ns)
{
    trial_metric(t, "ready", "ms", (double)(clock_mono_ns() - begin_ns) / 1e6);
    trial_metric(t, "cpu", "ms", pid ? (double)environment_process_cpu_ns(pid) / 1e6 : 0);
}

static int resume_timed(struct speed *s, const char *const *settings, struct trial *t, struct err_text *error)
{
    int64_t begin_ns = clock_mono_ns();
    int rc = target_resume(&broker, s->bench, "start", settings, error);
    ready_metrics(t, broker.process.pid, begin_ns);
    return rc;
}

/* --- an empty folder --- */

/* What any program of this kind would need: the dynamic linker's work for this program, and as many syncs of small
 * files as the start of an empty folder makes. */
static int bare_start(struct speed *s, struct trial *t, struct err_text *error)
{
    enum { SYNCS = 5 };
    char folder[PATH_MAX], path[PATH_MAX], name[16];
    double wall_s = 0;
    int rc = bench_folder(s->bench, "start-bare", folder, error);
    int64_t begin_ns = clock_mono_ns();
    if (rc == 0) rc = bench_command(s->bench, &wall_s, NULL, error, "broker", "--help", NULL);
    for (int i = 0; i < SYNCS && rc == 0; i++) {
        snprintf(name, sizeof name, "%d", i);
        bench_path(path, folder, name);
        int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, name, sizeof name) < 0 || fdatasync(fd) != 0)
            rc = err_set(error, err_from_errno(errno), "%s: %s", path, strerror(errno));
        if (fd >= 0) close(fd);
    }
    trial_metric(t, "ready", "ms", (double)(clock_mono_ns() - begin_ns) / 1e6);
    bench_remove(folder);
    return rc;
}

static int start_empty(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    if (speed_is(side, "machine")) return bare_start(s, t, error);
    struct target once = {0};
    int rc = bench_folder(s->bench, "start-empty", once.folder, error);
    int64_t begin_ns = clock_mono_ns();
    if (rc == 0) rc = target_resume(&once, s->bench, "start-empty", no_settings, error);
    ready_metrics(t, once.process.pid, begin_ns);
    target_stop(&once);
    return rc;
}

/* --- many partitions --- */

static int32_t partition_count(const struct speed *s)
{
    return (int32_t)speed_scaled(s, PARTITIONS, 50);
}

static int partitions_make(struct speed *s, const char *side, struct err_text *error)
{
    (void)side;
    int rc = target_start(&broker, s->bench, "start", no_settings, error);
    int32_t count = partition_count(s);
    if (rc == 0) rc = load_topic_create(broker.bootstrap, s->topic, count, error);
    struct wire w = {.descriptor = -1};
    if (rc == 0) rc = wire_open(&w, broker.bootstrap, error);
    for (int32_t i = 0; i < count && rc == 0; i++) rc = wire_produce(&w, s->topic, i, 1, 100, error);
    wire_close(&w);
    target_halt(&broker, SIGTERM);
    return rc;
}

static int broker_drop(struct speed *s, const char *side, struct err_text *error)
{
    (void)s;
    (void)side;
    (void)error;
    target_stop(&broker);
    return 0;
}

static int start_1000(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    (void)side;
    int rc = resume_timed(s, no_settings, t, error);
    target_halt(&broker, SIGTERM);
    return rc;
}

/* --- after kill -9 --- */

enum { BATCH_RECORDS = 160, BATCHES_BELOW = 20000, BATCHES_ABOVE = 20 };

static int batches_add(struct speed *s, int64_t count, struct err_text *error)
{
    struct wire w;
    int rc = wire_open(&w, broker.bootstrap, error);
    for (int64_t i = 0; i < count && rc == 0; i++) rc = wire_produce(&w, s->topic, 0, BATCH_RECORDS, 100, error);
    wire_close(&w);
    return rc;
}

static int log_make(struct speed *s, const char *side, struct err_text *error)
{
    (void)side;
    int rc = target_start(&broker, s->bench, "start", synced, error);
    if (rc == 0) rc = load_topic_create(broker.bootstrap, s->topic, 1, error);
    if (rc == 0) rc = batches_add(s, speed_scaled(s, BATCHES_BELOW, 2000), error);
    pause_ms(500); /* a checkpoint of the recovery point */
    return rc;
}

/* Some batches, kill -9 before the next checkpoint, and a start. What the kernel counts as read includes the program's
 * own libraries, which is the same for a log of any length. */
static int start_kill(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    (void)side;
    int rc = batches_add(s, BATCHES_ABOVE, error);
    target_halt(&broker, SIGKILL);
    if (rc == 0) rc = resume_timed(s, synced, t, error);
    if (rc < 0) return rc;
    double read = proc_number(broker.process.pid, "io", "rchar:");
    double below = (double)speed_scaled(s, BATCHES_BELOW, 2000) * BATCH_RECORDS * 100;
    trial_metric(t, "read", "bytes", read);
    trial_metric(t, "read_share", "", read / below);
    pause_ms(500);
    return 0;
}

/* --- memory --- */

/* Connections that asked something once and are silent from then on. */
static int connections_cost(const struct target *x, double before, struct trial *t, struct err_text *error)
{
    enum { CONNECTIONS = 500 };
    struct wire w[CONNECTIONS];
    struct api_versions_request request = {KAFKA_STRING_LIT("bench"), KAFKA_STRING_LIT("1")};
    struct slice body;
    int open = 0, rc = 0;
    while (open < CONNECTIONS && rc == 0) {
        rc = wire_open(&w[open], x->bootstrap, error);
        if (rc == 0) rc = wire_call(&w[open], KAFKA_API_API_VERSIONS, 3, &request, &body, error);
        open++;
    }
    double after = proc_number(x->process.pid, "status", "RssAnon:") * KILOBYTE;
    while (open) wire_close(&w[--open]);
    trial_metric(t, "connection", "bytes", (after - before) / CONNECTIONS);
    return rc;
}

static int memory(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    (void)side;
    struct target empty;
    int rc = target_start(&empty, s->bench, "memory-empty", no_settings, error);
    if (rc == 0) rc = target_resume(&broker, s->bench, "start", no_settings, error);
    pause_ms(300);
    double anonymous = proc_number(empty.process.pid, "status", "RssAnon:") * KILOBYTE;
    double many = proc_number(broker.process.pid, "status", "RssAnon:") * KILOBYTE;
    trial_metric(t, "anonymous", "bytes", anonymous);
    trial_metric(t, "resident", "bytes", proc_number(empty.process.pid, "status", "VmRSS:") * KILOBYTE);
    trial_metric(t, "partition", "bytes", (many - anonymous) / partition_count(s));
    if (rc == 0) rc = connections_cost(&empty, anonymous, t, error);
    target_stop(&empty);
    target_halt(&broker, SIGTERM);
    return rc;
}

static const char *const sides[] = {"millrace", NULL};
static const char *const empty_sides[] = {"millrace", "machine", NULL};
static const struct speed_bar empty_bars[] = {
    {"ms to ready", "millrace", "ready", NULL, NULL, SPEED_AT_MOST, 15},
    {"ms to ready / exec and five syncs", "millrace", "ready", "machine", NULL, SPEED_AT_MOST, 2},
    {0}};
const struct speed_row speed_row_start_empty = {
    "start-empty", "ready after the start of an empty folder",
    "page-cache",  NULL,
    empty_sides,   empty_bars,
    start_empty,   NULL,
    NULL,
};
static const struct speed_bar partitions_bars[] = {{"ms to ready", "millrace", "ready", NULL, NULL, SPEED_AT_MOST, 150},
                                                   {0}};
const struct speed_row speed_row_start_1000 = {
    "start-1000", "ready after a clean stop with 1,000 partitions",
    "page-cache", NULL,
    sides,        partitions_bars,
    start_1000,   partitions_make,
    broker_drop,
};
static const struct speed_bar kill_bars[] = {
    {"bytes read / bytes below the recovery point", "millrace", "read_share", NULL, NULL, SPEED_AT_MOST, 0.02}, {0}};
const struct speed_row speed_row_start_kill = {
    "start-kill",   "start after kill -9, 320 MB below the recovery point",
    "group-commit", NULL,
    sides,          kill_bars,
    start_kill,     log_make,
    broker_drop,
};
static const struct speed_bar memory_bars[] = {
    {"anonymous bytes, idle", "millrace", "anonymous", NULL, NULL, SPEED_AT_MOST, 4 << 20},
    {"resident bytes, idle", "millrace", "resident", NULL, NULL, SPEED_AT_MOST, 10 << 20},
    {"bytes of an idle partition", "millrace", "partition", NULL, NULL, SPEED_AT_MOST, 8 << 10},
    {"bytes of an idle connection", "millrace", "connection", NULL, NULL, SPEED_AT_MOST, 4 << 10},
    {0},
};
const struct speed_row speed_row_memory = {
    "memory",     "memory of an idle broker, empty and with 1,000 partitions",
    "page-cache", NULL,
    sides,        memory_bars,
    memory,       partitions_make,
    broker_drop,
};
