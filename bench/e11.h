/* e11.h - E11: how many producers send to how many consumers, point to point and through a broker. */
#ifndef MILLRACE_BENCH_E11_H
#define MILLRACE_BENCH_E11_H

#include <stdbool.h>

/* As many of both, then one to many and many to one; those that only profile `full` measures are marked. */
enum { E11_SQUARES = 5, E11_SHAPES = 9, E11_WAYS = 2 };

struct e11_shape {
    int producers, consumers;
    bool full;
};
extern const struct e11_shape e11_shapes[E11_SHAPES];
extern const char *const e11_ways[E11_WAYS]; /* point to point, broker */

/* "4 x 4, broker" */
const char *e11_cell(int shape, int way);

#endif
