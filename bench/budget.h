/* budget.h - how long a run may take, and what of that belongs to each experiment (inside this folder only).
 *
 *     a run has 10 minutes (profile quick) or 4 hours (full), or what it was given
 *     an experiment gets a share of what is left when it begins, by what it and those after it take when nothing is cut
 *
 * So what one experiment does not need the next ones have, and a slow machine cuts trials of all instead of the last
 * experiments whole. The runner begins no trial that would not end in time (runner.h); the page says what was cut. */
#ifndef MILLRACE_BENCH_BUDGET_H
#define MILLRACE_BENCH_BUDGET_H

#include <stdint.h>

enum { BUDGET_QUICK_S = 600, BUDGET_FULL_S = 4 * 3600 };
/* Of a run's time, for what is no trial: the set-up of an experiment may take longer than it usually does. */
#define BUDGET_RESERVE 0.08

/* Seconds of `left_s` for the experiment ids[0], with ids[1] ... (NULL at the end) to come. */
double budget_share(const char *const ids[], double left_s);

#endif
