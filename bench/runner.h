/* runner.h - the order in which trials are made, how many, and what happens to void ones.
 *
 *     block 1   every cell once, in an order drawn for this block
 *     block 2   every cell once, in another order
 *     ...
 *
 * So a bad minute of the machine, or a slow drift of it, hits all cells alike (Box, Hunter and Hunter, Statistics for
 * Experimenters, chapter 3).
 *
 * The first blocks are the pilot. From their spread follows how many there must be for the interval of the main metric
 * to be no wider than `precision` on either side of its median; between the pilot's and `trials_max`.
 *
 * A void trial is kept and made again at once, but not without end: as often for a cell, and for as long in all, as
 * the profile allows (struct bench: again_max, again_s). Then the run goes on; the next block has another trial of the
 * cell, as planned. So a run ends in bounded time on a machine of any noise. A cell that has no valid trial at the end
 * is not measurable now, which is said and is no error. A finding is a result and repeats nothing. A wrong warehouse
 * ends the run.
 *
 * A run has a time budget (budget.h). A trial that would not end in time, by what those of its cell took (or, before
 * its first one, those of the others), is not begun: it is cut, and counted. The same command makes it later.
 *
 * Trials that lie in the results folder already count: a run that was ended goes on where it stopped. */
#ifndef MILLRACE_BENCH_RUNNER_H
#define MILLRACE_BENCH_RUNNER_H

#include "bench/experiment.h"

enum { RUNNER_CELLS_MAX = 256, RUNNER_AGAIN_MAX = 5 };

struct runner {
    const char *experiment; /* "E1" */
    int cells;
    const char *(*name)(void *context, int cell);
    /* Makes one trial of a cell: `t` is initialised, settings, metrics and verdict are to be filled in. A negative
     * `enum err` ends the run. `text` gets what came out, for the person who waits. */
    int (*trial)(void *context, int cell, struct trial *t, char *text, size_t size, struct err_text *error);
    void *context;
    const char *metric; /* that decides how many trials there must be; NULL: trials_min */
    double precision;   /* half the width of its interval as a share of its median: 0.05 */
    int trials_min, trials_max;
    uint64_t seed; /* of the orders */
};

/* Returns 0, BENCH_ENDED when it was asked to stop (runner_end), BENCH_WRONG after a wrong warehouse, or a negative
 * `enum err`. */
int runner_run(struct bench *b, const struct runner *r, struct err_text *error);

/* From now on SIGINT and SIGTERM ask the run to stop after the trial that is under way; a second one ends the process.
 */
void runner_watch_signals(void);
/* The same by a call. */
void runner_end(void);
bool runner_ending(void);

/* The order of a block: `order` gets 0 .. cells-1, shuffled; the same seed and block, the same order. */
void runner_order(uint64_t seed, int block, int cells, int order[]);
/* How many trials a cell needs, from those of its pilot: n, the median and half the width of its interval. */
int runner_needed(int n, double median, double half_width, double precision, int max);

#endif
