/* gaps.h - how long a partition is silent: the gaps between its records, before and after a group changes.
 *
 * Records arrive at a constant rate, so a gap beyond the time between two arrivals is somebody's pause. A gap belongs
 * to the phase in which it ends. What is delivered again counts as delivered again and ends no gap: nobody waited for
 * it. What is not there when the run ends makes the last gap of its partition, to the end: message i is of partition i
 * % partitions. */
#ifndef MILLRACE_BENCH_GAPS_H
#define MILLRACE_BENCH_GAPS_H

#include <stdint.h>

enum { GAPS_PHASES = 3, GAPS_PARTITIONS_MAX = 64 };

struct gaps {
    int partitions;
    int64_t count;                 /* messages are 0 .. count-1 */
    int64_t begin_ns;              /* what comes before is not looked at */
    int64_t phase_ns[GAPS_PHASES]; /* where each begins; the first is begin_ns */
    uint8_t *receipts;             /* owned; at most 255 each */
    int64_t last_ns[GAPS_PARTITIONS_MAX];
    int64_t longest_ns[GAPS_PHASES][GAPS_PARTITIONS_MAX];
};

void gaps_init(struct gaps *g, int partitions, int64_t count);
void gaps_release(struct gaps *g);
/* Instants, ascending: from here on, then the second and the third phase. */
void gaps_begin(struct gaps *g, int64_t begin_ns, int64_t second_ns, int64_t third_ns);
/* In the order of time. 1: for the first time, 0: again, or not one of ours. Not from two threads at once. */
int gaps_received(struct gaps *g, int32_t partition, uint64_t number, int64_t now_ns);
/* Nothing more comes. */
void gaps_end(struct gaps *g, int64_t now_ns);
/* Messages that were received never, and receipts beyond the first. */
int64_t gaps_missing(const struct gaps *g);
int64_t gaps_again(const struct gaps *g);
/* The longest of a phase over all partitions, and of how many partitions it is longer than `bound_ns`. */
int64_t gaps_longest(const struct gaps *g, int phase);
int gaps_stopped(const struct gaps *g, int phase, int64_t bound_ns);

#endif
