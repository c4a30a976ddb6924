#include "tests/sim/runs.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/sim.h"

enum { WORKERS_MAX = 64, TOLD_EVERY_SECONDS = 2 };

/* What the processes share. */
struct shared_state {
    _Atomic uint64_t next; /* seed to be taken, by its place */
    _Atomic bool stop;
    struct tally tallies[WORKERS_MAX];
};

/* --- tallies --- */

void tally_add(struct tally *t, const struct sim_result *r)
{
    if (t->runs == 0 || r->operations < t->operations_min) t->operations_min = r->operations;
    if (t->runs == 0 || r->faults < t->faults_min) t->faults_min = r->faults;
    if (t->runs == 0 || r->ns < t->ns_min) t->ns_min = r->ns;
    t->runs++;
    t->events += r->events;
    t->crashes += (uint64_t)r->crashes;
    t->faults += r->faults;
    t->drops += r->coverage.faults[FAULT_DROP];
    t->operations += r->operations;
    t->records += (uint64_t)r->records_acked;
    t->ns += r->ns;
    coverage_merge(&t->coverage, &r->coverage);
}

static void tally_merge(struct tally *into, const struct tally *from)
{
    if (from->runs == 0) return;
    if (into->runs == 0 || from->operations_min < into->operations_min) into->operations_min = from->operations_min;
    if (into->runs == 0 || from->faults_min < into->faults_min) into->faults_min = from->faults_min;
    if (into->runs == 0 || from->ns_min < into->ns_min) into->ns_min = from->ns_min;
    into->runs += from->runs;
    into->events += from->events;
    into->crashes += from->crashes;
    into->faults += from->faults;
    into->drops += from->drops;
    into->operations += from->operations;
    into->records += from->records;
    into->ns += from->ns;
    coverage_merge(&into->coverage, &from->coverage);
}

/* --- a worker --- */

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void progress_tell(const struct shared_state *state, uint64_t count, double began)
{
    uint64_t runs = 0;
    for (int i = 0; i < WORKERS_MAX; i++) runs += state->tallies[i].runs;
    fprintf(stderr, "%llu of %llu runs, %.0f a second\n", (unsigned long long)runs, (unsigned long long)count,
            (double)runs / (now_s() - began));
}

static void worker_run(struct shared_state *state, int worker, const struct seeds *seeds)
{
    struct tally *t = &state->tallies[worker];
    double began = now_s(), told = began;
    uint64_t i;
    while (!state->stop && (i = state->next++) < seeds->count) {
        struct sim_result r;
        t->seed = seeds->items[i];
        sim_run(t->seed, NULL, &r);
        tally_add(t, &r);
        if (worker != 0 || now_s() - told < TOLD_EVERY_SECONDS) continue;
        told = now_s();
        progress_tell(state, seeds->count, began);
    }
}

/* --- the parent --- */

/* Waits for one of them; the worker that has ended, or -1. */
static int worker_wait(pid_t *workers, int count, int *status)
{
    pid_t ended = waitpid(-1, status, 0);
    if (ended < 0) return -1;
    for (int i = 0; i < count; i++)
        if (workers[i] == ended) return i;
    return -1;
}

static bool workers_wait(struct shared_state *state, pid_t *workers, int count, uint64_t *found, int *status)
{
    bool well = true;
    for (int left = count; left > 0;) {
        int ended_with = 0, worker = worker_wait(workers, count, &ended_with);
        if (worker < 0 && errno == EINTR) continue;
        if (worker < 0) return false;
        left--;
        if (ended_with == 0) continue;
        state->stop = true;
        if (!well && state->tallies[worker].seed >= *found) continue;
        well = false;
        *found = state->tallies[worker].seed;
        *status = ended_with;
    }
    return well;
}

bool runs_do(const struct seeds *seeds, int workers, struct tally *out, uint64_t *found, int *status)
{
    pid_t children[WORKERS_MAX];
    struct shared_state *state = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *out = (struct tally){0};
    *found = 0;
    *status = -1;
    if (state == MAP_FAILED) return false;
    if (workers < 1) workers = 1;
    if (workers > WORKERS_MAX) workers = WORKERS_MAX;
    fflush(NULL);
    int count = 0;
    for (int i = 0; i < workers; i++) {
        pid_t child = fork();
        if (child == 0) {
            worker_run(state, i, seeds);
            exit(0); /* not _exit: the sanitizer looks for leaks at the end */
        }
        if (child > 0) children[count++] = child;
    }
    bool well = count > 0 && workers_wait(state, children, count, found, status);
    for (int i = 0; i < workers; i++) tally_merge(out, &state->tallies[i]);
    munmap(state, sizeof *state);
    return well;
}
