/* compare.h - is a run worse than another one? (inside this folder only; bench.h has the command)
 *
 *     what differs   the ratio new / old of medians and of merged percentiles, with its interval (statistics.h)
 *     noise floor    what halves of one run differ by, the odd trials against the even ones, in either run: the largest
 *                    over all cells of a measure, twice, and COMPARE_FLOOR_MIN at least. The same
 *                    experiment compared with itself (A/A) stays below it
 *     verdict        worse or better only when the interval excludes 1 and the effect exceeds the floor
 *
 * Counts of lost messages have no ratio: worse is a run all of whose trials lost more than every one of the other. */
#ifndef MILLRACE_BENCH_COMPARE_H
#define MILLRACE_BENCH_COMPARE_H

#include "bench/statistics.h"
#include "bench/trial.h"

#define COMPARE_FLOOR_MIN 0.05
enum { COMPARE_LINES_MAX = 1024 };

enum compare_verdict { COMPARE_SAME, COMPARE_BETTER, COMPARE_WORSE, COMPARE_NOT_MEASURABLE };

struct compare_line {
    char experiment[16], cell[TRIAL_NAME_MAX], measure[TRIAL_NAME_MAX], unit[32];
    double before, after; /* medians, or percentiles of merged histograms */
    struct interval ratio;
    double floor; /* 0.08: 8 % */
    enum compare_verdict verdict;
};

struct comparison {
    struct compare_line lines[COMPARE_LINES_MAX];
    int count;
};

/* Adds the lines of one experiment. Cells that only one of the runs has are left out. */
void compare_experiment(struct comparison *c, const struct trials *before, const struct trials *after);
/* What a comparison says as a whole: worse, else not measurable (a cell of both runs has no valid trial in one of them,
 * or there is nothing to compare), else better, else same. */
enum compare_verdict compare_verdict(const struct comparison *c);

#endif
