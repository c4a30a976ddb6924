/* e8_loss.c - E8: what is lost and duplicated when something goes wrong, and how long until all is as before?
 *
 * A producer sends on a schedule; somewhere in the middle
 *
 *     kill          the broker is killed (kill -9) and starts again on the same address
 *     power cut     and `millrace power-cut` takes what was not synced
 *     pause         it is stopped for FAULT_MS
 *     reset         all connections of the producer are cut
 *     slow consumer a consumer takes LOAD_SLOW_MS for a message, for FAULT_MS: it falls behind
 *     full disk     its file system has no room, for FAULT_MS
 *
 * while the producer goes on. When every message has its answer the log is read from its start (the slow consumer reads
 * all along), and the sender's ledger says what became of each: lost is what was acknowledged and is not there. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/connections.h"
#include "bench/e8.h"
#include "bench/experiment.h"
#include "bench/measure.h"
#include "bench/runner.h"
#include "lib/base/random.h"
#include "lib/os/clock.h"

enum { MESSAGE_BYTES = 100, RATE = 1000, CELLS_MAX = E8_EVENTS * E8_PRODUCERS, FAULT_MS = 300, SMALL_MIB = 16 };
enum { ALL = 15, PATIENT = 4, HASTY_TOO = 6 }; /* producers that try again; beside one that does not */

const struct e8_event e8_events[E8_EVENTS] = {
    {"kill -9, page-cache", "page-cache", E8_KILL, {NULL}, ALL},
    {"power cut, page-cache", "page-cache", E8_POWER, {NULL}, ALL},
    {"power cut, interval", "interval", E8_POWER, {"log.flush.interval.ms=100", NULL}, ALL},
    {"power cut, group-commit", "group-commit", E8_POWER, {"log.flush.interval.messages=1", NULL}, ALL},
    {"pause", "page-cache", E8_PAUSE, {NULL}, PATIENT},
    {"reset", "page-cache", E8_RESET, {NULL}, HASTY_TOO},
    {"slow consumer", "page-cache", E8_SLOW, {NULL}, PATIENT},
    {"full disk", "page-cache", E8_FULL, {NULL}, PATIENT},
};
const struct e8_producer e8_producers[E8_PRODUCERS] = {
    {"acks=0", "0", true, false},
    {"acks=1, no retries", "1", true, false},
    {"acks=1, retries", "1", false, false},
    {"acks=all, idempotent", "all", false, true},
};

struct loss_run {
    struct bench *bench;
    struct target target;
    const struct e8_event *event;
    int cells[CELLS_MAX]; /* event * E8_PRODUCERS + producer */
};

const char *e8_cell(int event, int producer)
{
    static char names[CELLS_MAX][TRIAL_NAME_MAX];
    char *name = names[event * E8_PRODUCERS + producer];
    if (!(e8_events[event].producers & 1u << producer)) return NULL;
    snprintf(name, TRIAL_NAME_MAX, "%s; %s", e8_events[event].name, e8_producers[producer].name);
    return name;
}

static const char *cell_name(void *context, int cell)
{
    const struct loss_run *run = context;
    return e8_cell(run->cells[cell] / E8_PRODUCERS, run->cells[cell] % E8_PRODUCERS);
}

/* --- the accident --- */

/* In a thread of its own, beside the load. The thread stays until it is told to end: the new broker lives as long as
 * the thread that started it. */
struct accident {
    struct loss_run *run;
    int64_t after_ns; /* the start of the schedule */
    pthread_t thread;
    _Atomic int64_t start_ns, fault_ns; /* 0 until they are known */
    _Atomic bool stop;                  /* the load has ended */
    _Atomic bool slow;
    struct connections connections;
    int rc;
    struct err_text error;
    int64_t down_ns; /* from its beginning until it was mended */
};

static int broker_dies(struct accident *a)
{
    struct loss_run *run = a->run;
    int rc = 0;
    target_halt(&run->target, SIGKILL);
    if (run->event->kind == E8_POWER)
        rc = bench_command(run->bench, NULL, NULL, &a->error, "power-cut", run->target.folder, NULL);
    return rc == 0 ? target_resume(&run->target, run->bench, "loss", run->event->settings, &a->error) : rc;
}

static int broker_pauses(struct accident *a)
{
    process_signal(&a->run->target.process, SIGSTOP);
    clock_sleep_ms(FAULT_MS);
    process_signal(&a->run->target.process, SIGCONT);
    return 0;
}

static int connections_break(struct accident *a)
{
    if (connections_reset(&a->connections) > 0) return 0;
    return err_set(&a->error, ERR_IO, "the producer had no connection to reset");
}

/* Writes a file until there is no room; that takes milliseconds. */
static int disk_fills(struct accident *a)
{
    static const char zeros[65536];
    char folder[PATH_MAX], path[PATH_MAX];
    target_seen_folder(&a->run->target, folder);
    bench_path(path, folder, "other-data");
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return err_set(&a->error, ERR_IO, "%s: cannot be made: %s", path, strerror(errno));
    size_t size = sizeof zeros;
    while (size > 0) {
        if (write(fd, zeros, size) < 0) size = errno == ENOSPC ? size / 2 : 0;
    }
    bool full = errno == ENOSPC;
    close(fd);
    clock_sleep_ms(FAULT_MS);
    if (unlink(path) != 0 || !full) return err_set(&a->error, ERR_IO, "%s: the disk was not filled", path);
    return 0;
}

static int fault(struct accident *a)
{
    switch (a->run->event->kind) {
    case E8_KILL:
    case E8_POWER: return broker_dies(a);
    case E8_PAUSE: return broker_pauses(a);
    case E8_RESET: return connections_break(a);
    case E8_FULL: return disk_fills(a);
    case E8_SLOW: break;
    }
    a->slow = true;
    clock_sleep_ms(FAULT_MS);
    a->slow = false;
    return 0;
}

static void *happen(void *context)
{
    struct accident *a = context;
    while (a->start_ns == 0 && !a->stop) clock_sleep_ms(1);
    clock_sleep_until(a->start_ns + a->after_ns, 0);
    a->fault_ns = clock_mono_ns();
    a->rc = fault(a);
    a->down_ns = clock_mono_ns() - a->fault_ns;
    while (!a->stop) clock_sleep_ms(5);
    target_stop(&a->run->target);
    return NULL;
}

/* --- a trial --- */

static void settings(struct trial *t, const struct e8_event *event, const struct e8_producer *producer)
{
    trial_set(t, "acks", producer->acks);
    trial_set(t, "retries", producer->no_retries ? "0" : "without end");
    trial_set(t, "idempotence", producer->idempotent ? "true" : "false");
    trial_set(t, "durability", event->mode);
    trial_set(t, "event", event->name);
    trial_set(t, "rate", "1000");
    trial_set(t, "message_bytes", "100");
}

static int accident_load(struct loss_run *run, const struct e8_producer *producer, struct trial *t, struct accident *a,
                         struct err_text *error)
{
    struct random random;
    int64_t length_ns = run->bench->full ? INT64_C(4000000000) : INT64_C(1000000000);
    struct measured_target target = {"millrace", run->target.bootstrap, 0};
    enum e8_kind kind = run->event->kind;
    /* To see the end of it: a client that was refused waits for up to a second before it tries again. */
    if (kind >= E8_PAUSE && !run->bench->full) length_ns = INT64_C(1500000000);
    if (kind == E8_FULL && !run->bench->full) length_ns = INT64_C(2500000000);
    struct load_options o = {.acks = producer->acks,
                             .no_retries = producer->no_retries,
                             .idempotent = producer->idempotent,
                             .message_bytes = MESSAGE_BYTES,
                             .rate = RATE,
                             .count = RATE * length_ns / INT64_C(1000000000),
                             .timeout_ms = 20000,
                             .start_ns = &a->start_ns,
                             .fault_ns = &a->fault_ns,
                             .slow = kind == E8_SLOW ? &a->slow : NULL,
                             .connections = kind == E8_RESET ? &a->connections : NULL,
                             .read_back = kind != E8_SLOW};
    random_seed(&random, (uint64_t)t->number * 1000 + (uint64_t)(run->event - e8_events) * E8_PRODUCERS +
                             (uint64_t)(producer - e8_producers));
    /* Between 30 and 70 % of the way; what lasts must end, and be over, before the last message. */
    a->after_ns = length_ns * (30 + (int64_t)random_below(&random, kind >= E8_PAUSE ? 11 : 41)) / 100;
    pthread_create(&a->thread, NULL, happen, a);
    int rc = measure_paced(&target, &o, PACE_DISTURBED, t, error);
    a->stop = true;
    pthread_join(a->thread, NULL);
    return rc < 0 ? rc : a->rc < 0 ? (*error = a->error, a->rc) : 0;
}

static int broker_start(struct loss_run *run, struct err_text *error)
{
    const struct e8_event *e = run->event;
    return e->kind == E8_FULL ? target_start_small(&run->target, run->bench, "loss", e->settings, SMALL_MIB, error)
                              : target_start(&run->target, run->bench, "loss", e->settings, error);
}

static int one_trial(void *context, int cell, struct trial *t, char *text, size_t size, struct err_text *error)
{
    struct loss_run *run = context;
    struct accident a = {.run = run};
    const struct e8_producer *producer = &e8_producers[run->cells[cell] % E8_PRODUCERS];
    connections_init(&a.connections);
    run->event = &e8_events[run->cells[cell] / E8_PRODUCERS];
    settings(t, run->event, producer);
    int rc = broker_start(run, error);
    if (rc == ERR_UNSUPPORTED) { /* other faults can be made here all the same */
        trial_void(t, "%s", error->text);
        error->text[0] = 0;
        return 0;
    }
    if (rc == 0) rc = accident_load(run, producer, t, &a, error);
    if (rc < 0) return rc;
    trial_metric(t, "down", "s", (double)a.down_ns / 1e9);
    snprintf(text, size, "%.0f lost, %.0f duplicated, %.0f failed, %.0f out of order; as before after %.2f s",
             trial_value(t, "lost"), trial_value(t, "duplicated"), trial_value(t, "failed"),
             trial_value(t, "reordered"), trial_value(t, "recovery"));
    return 0;
}

int experiment_loss(struct bench *b, struct err_text *error)
{
    struct loss_run run = {.bench = b};
    struct runner runner = {.experiment = "E8",
                            .name = cell_name,
                            .trial = one_trial,
                            .context = &run,
                            .trials_min = b->trials,
                            .trials_max = b->trials,
                            .seed = 8};
    for (int i = 0; i < CELLS_MAX; i++)
        if (e8_cell(i / E8_PRODUCERS, i % E8_PRODUCERS)) run.cells[runner.cells++] = i;
    return runner_run(b, &runner, error);
}
