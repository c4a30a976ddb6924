#include "bench/runner.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/statistics.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/os/clock.h"

static volatile sig_atomic_t ending;

void runner_end(void)
{
    ending = 1;
}

static void end_at_signal(int number)
{
    ending = 1;
    signal(number, SIG_DFL);
}

void runner_watch_signals(void)
{
    signal(SIGINT, end_at_signal);
    signal(SIGTERM, end_at_signal);
}

bool runner_ending(void)
{
    return ending;
}

/* --- how many, and in which order --- */

void runner_order(uint64_t seed, int block, int cells, int order[])
{
    struct random r;
    random_seed(&r, seed * 1000003 + (uint64_t)block);
    for (int i = 0; i < cells; i++) {
        int j = (int)random_below(&r, (uint64_t)i + 1);
        order[i] = order[j];
        order[j] = i;
    }
}

/* The width of an interval shrinks with the square root of the number of trials. */
int runner_needed(int n, double median, double half_width, double precision, int max)
{
    double share = median != 0 ? fabs(half_width / median) : 0;
    double needed = ceil(n * (share / precision) * (share / precision));
    if (!(needed > n)) return n;
    return needed < max ? (int)needed : max;
}

/* --- a run --- */

struct cell {
    int made, valid;                    /* trials */
    int blocks;                         /* that it had its trial in */
    int again;                          /* void trials that were made again, in this run */
    int timed;                          /* trials of this run */
    double seconds;                     /* that those took, together */
    double values[INTERVAL_TRIALS_MAX]; /* of the metric, valid trials' */
    int value_count;
};

struct run {
    struct bench *bench;
    const struct runner *r;
    struct cell *cells;
    int wanted;     /* valid trials per cell */
    double again_s; /* that making void trials again took */
    int cut;        /* trials that there was no time for */
    bool wrong;
};

static void value_take(struct cell *c, const struct trial *t, const char *metric)
{
    double value = metric ? trial_value(t, metric) : NAN;
    if (!isnan(value) && c->value_count < INTERVAL_TRIALS_MAX) c->values[c->value_count++] = value;
}

static void trial_count(struct run *run, const struct trial *t)
{
    for (int i = 0; i < run->r->cells; i++) {
        struct cell *c = &run->cells[i];
        if (strcmp(run->r->name(run->r->context, i), t->cell) != 0) continue;
        if (t->number > c->made) c->made = t->number;
        c->valid += trial_valid(t);
        if (trial_valid(t)) value_take(c, t, run->r->metric);
    }
}

static int resume(struct run *run, struct err_text *error)
{
    struct trials all;
    int rc = trials_load(&all, run->bench->dir, run->r->experiment, error);
    if (rc < 0) return rc;
    for (int i = 0; i < all.count; i++) trial_count(run, &all.items[i]);
    if (all.count > 0) printf("  %d trials are there already\n", all.count);
    trials_release(&all);
    return 0;
}

/* Seconds that a trial of the cell takes, by what its trials took so far, else by those of all; 0: nothing is known. */
static double trial_s(const struct run *run, int index)
{
    double seconds = 0;
    int trials = 0;
    if (run->cells[index].timed > 0) return run->cells[index].seconds / run->cells[index].timed;
    for (int i = 0; i < run->r->cells; i++) {
        seconds += run->cells[i].seconds;
        trials += run->cells[i].timed;
    }
    return trials > 0 ? seconds / trials : 0;
}

static bool in_time(const struct run *run, int index)
{
    int64_t until_ns = run->bench->until_ns;
    return until_ns == 0 || (double)(until_ns - clock_mono_ns()) / 1e9 > trial_s(run, index);
}

/* Seconds that what is missing will take; at most what there is time for. */
static double left_s(const struct run *run)
{
    double seconds = 0;
    for (int i = 0; i < run->r->cells; i++) {
        const struct cell *c = &run->cells[i];
        double each = trial_s(run, i);
        int missing = run->wanted - (c->valid > c->blocks ? c->valid : c->blocks);
        if (missing > 0) seconds += each * missing;
    }
    double until_s = (double)(run->bench->until_ns - clock_mono_ns()) / 1e9;
    return run->bench->until_ns == 0 || seconds < until_s ? seconds : fmax(0, until_s);
}

static void time_text(double s, char *text, size_t size)
{
    if (s >= 3600)
        snprintf(text, size, "%d h %02d min", (int)s / 3600, (int)s / 60 % 60);
    else if (s >= 60)
        snprintf(text, size, "%d min %02d s", (int)s / 60, (int)s % 60);
    else
        snprintf(text, size, "%d s", (int)s);
}

/* `took`: seconds. */
static int one_trial(struct run *run, int index, double *took, struct err_text *error)
{
    const struct runner *r = run->r;
    struct cell *c = &run->cells[index];
    struct trial t;
    char text[512] = "", left[32];
    int64_t begin_ns = clock_mono_ns();
    trial_init(&t, r->experiment, r->name(r->context, index), ++c->made);
    int rc = r->trial(r->context, index, &t, text, sizeof text, error);
    *took = (double)(clock_mono_ns() - begin_ns) / 1e9;
    c->seconds += *took;
    c->timed++;
    if (rc < 0) {
        trial_release(&t);
        return rc;
    }
    run->wrong |= t.verdict.wrong_answer;
    if (trial_valid(&t)) value_take(c, &t, r->metric);
    c->valid += trial_valid(&t);
    time_text(left_s(run), left, sizeof left);
    return bench_keep(run->bench, &t, error, "%s   (%s left)", text, left);
}

static int cell_run(struct run *run, int index, struct err_text *error)
{
    struct cell *c = &run->cells[index];
    const struct bench *b = run->bench;
    int before = c->valid;
    double took_s;
    c->blocks++;
    int rc = one_trial(run, index, &took_s, error);
    while (rc == 0 && c->valid == before && c->again < b->again_max && run->again_s < b->again_s && !ending &&
           !run->wrong && in_time(run, index)) {
        c->again++;
        rc = one_trial(run, index, &took_s, error);
        run->again_s += took_s;
    }
    return rc;
}

static int block_run(struct run *run, int block, struct err_text *error)
{
    int order[RUNNER_CELLS_MAX], rc = 0;
    runner_order(run->r->seed, block, run->r->cells, order);
    for (int i = 0; i < run->r->cells && rc == 0 && !ending && !run->wrong; i++) {
        /* A run that goes on finds some cells ahead of others. */
        if (run->cells[order[i]].valid > block) continue;
        if (in_time(run, order[i]))
            rc = cell_run(run, order[i], error);
        else
            run->cut++;
    }
    return rc;
}

static void say_missing(const struct run *run)
{
    int count = 0;
    for (int i = 0; i < run->r->cells; i++) count += run->cells[i].valid == 0 && run->cells[i].made > 0;
    if (run->cut > 0) printf("  %d trials were cut: their time is over. The same command makes them\n", run->cut);
    if (count > 0)
        printf("  %d of %d cells are not measurable now: all their trials were void. The same command tries again\n",
               count, run->r->cells);
}

/* After the pilot: the cell that varies most decides for all, because they are compared with each other. */
static void decide(struct run *run)
{
    const struct runner *r = run->r;
    for (int i = 0; i < r->cells && r->metric; i++) {
        const struct cell *c = &run->cells[i];
        if (c->value_count == 0) continue;
        struct interval v = interval_median(c->values, c->value_count, r->seed);
        int needed = runner_needed(c->value_count, v.value, (v.high - v.low) / 2, r->precision, r->trials_max);
        if (needed > run->wanted) run->wanted = needed;
    }
    if (run->wanted > r->trials_min) printf("  the pilot varies: %d trials per cell\n", run->wanted);
}

int runner_run(struct bench *b, const struct runner *r, struct err_text *error)
{
    struct run run = {.bench = b, .r = r, .wanted = r->trials_min};
    b->order_seed = r->seed;
    run.cells = memory_new((size_t)r->cells * sizeof *run.cells);
    int rc = resume(&run, error);
    for (int block = 0; block < run.wanted && rc == 0 && !ending && !run.wrong; block++) {
        rc = block_run(&run, block, error);
        if (block + 1 == r->trials_min && rc == 0 && !ending) decide(&run);
    }
    if (rc == 0 && !ending && !run.wrong) say_missing(&run);
    free(run.cells);
    b->cut += run.cut;
    if (rc < 0) return rc;
    return run.wrong ? BENCH_WRONG : ending ? BENCH_ENDED : 0;
}
