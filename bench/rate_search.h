/* rate_search.h - the highest rate that a target sustains, from trials that may be void and findings that may be
 * chance.
 *
 *     bracket   from `first` doubled until a rate is not sustained; or halved until one is
 *     bisect    (geometrically) until the two ends are within `precision`
 *     confirm   the lower end, by valid trials of its own: a rate that passed once may have been lucky. One that is not
 *               confirmed is lowered by a tenth.
 *
 * One trial that keeps its rate is enough to go on; one that does not is made again, and two of three decide: a single
 * finding on a machine that others use is chance more often than not. A void trial that kept its rate in spite of what
 * disturbed it counts when the way is sought, and not when it is confirmed; one that did not keep it says nothing and
 * is made again. What had to be decided without a valid trial leaves a doubt. */
#ifndef MILLRACE_BENCH_RATE_SEARCH_H
#define MILLRACE_BENCH_RATE_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/gate.h"

enum { RATE_SEARCH_AGAIN_MAX = 5, RATE_SEARCH_CONFIRMATIONS = 2 };

struct rate_seen { /* in one trial */
    bool kept;
    char why_void[GATE_TEXT_MAX]; /* "": valid */
};

struct rate_search {
    int64_t least, first, most;                                        /* messages/s */
    double precision;                                                  /* above 1: 1.03 */
    int (*trial)(void *context, int64_t rate, struct rate_seen *seen); /* 0, or negative: the search ends with that */
    bool (*over)(void *context);                                       /* no more trials */
    void *context;
};

struct rate_answer {
    int64_t rate;              /* the best that is known; 0: not even `least` was sustained */
    bool confirmed;            /* false: it was over before */
    char doubt[GATE_TEXT_MAX]; /* why a void trial had to decide; "" */
};

/* 0, or what a trial returned. */
int rate_search(const struct rate_search *search, struct rate_answer *answer);

#endif
