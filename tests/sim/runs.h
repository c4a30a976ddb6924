/* runs.h - many runs on several processes.
 *
 *     parent --- fork ---> worker 0: takes the next seed, runs it, adds to its tally
 *        |           \---> worker 1: the same
 *        +-- waits; the smallest seed that a worker ended with is the finding
 *
 * A run that finds something ends its worker (sim_fail, a failed assert, a bad access), so the parent learns it from
 * the worker's status and its tally. The others finish the run that they are at. */
#ifndef MILLRACE_TESTS_SIM_RUNS_H
#define MILLRACE_TESTS_SIM_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/sim/coverage.h"

struct sim_result;

/* What some runs came to. */
struct tally {
    uint64_t seed; /* that is running */
    uint64_t runs, events, crashes, faults, drops, operations, records;
    uint64_t operations_min, faults_min; /* of one run */
    int64_t ns, ns_min;
    struct coverage coverage;
};

void tally_add(struct tally *t, const struct sim_result *r);

struct seeds {
    uint64_t *items;
    size_t count;
};

/* Runs them all with so many workers; progress goes to stderr. True when nothing was found; else `*found` is a seed
 * and `*status` what its worker ended with. `out` is the sum. */
bool runs_do(const struct seeds *seeds, int workers, struct tally *out, uint64_t *found, int *status);

#endif
