/* peer_report.h - targets side by side in a section of the page (inside this folder only).
 *
 * The trials of an experiment fall into series, one for each target and durability mode. A series names its cells as
 * target_set.h does: "acks=1 page-cache" of ours, "apache-kafka: acks=1 sync-per-append" of a peer, and "10 %" where
 * only the targets' default modes are measured. */
#ifndef MILLRACE_BENCH_PEER_REPORT_H
#define MILLRACE_BENCH_PEER_REPORT_H

#include "bench/report.h"

enum { SERIES_MAX = 16 };

struct series {
    char target[TRIAL_NAME_MAX], durability[TRIAL_NAME_MAX], promise[TRIAL_NAME_MAX];
    char before[TRIAL_NAME_MAX], behind[TRIAL_NAME_MAX]; /* what stands around the cell's own name */
    bool absent;                                         /* the target could not be had: no cell, one void trial */
};

/* Ours first, then by target, what could not be had last; each target's modes by what they promise, the weakest first.
 * Returns how many. */
int series_find(const struct trials *all, struct series out[SERIES_MAX]);
/* The cell of a series; `own` is its name without target and mode: "acks=1". */
const char *series_cell(const struct series *s, const char *own, char out[TRIAL_NAME_MAX]);
/* "group-commit" of ours where it stands alone, else "apache-kafka sync-per-append"; `out` for a line on a figure. */
const char *series_label(const struct series *s, int series_count, const struct series *all, char out[TRIAL_NAME_MAX]);
/* The series that a trial is of, or -1. */
int series_index(const struct series *s, int count, const struct trial *t);
/* For the end of a plot command: titles "apache-kafka: not measured" of those that could not be had. */
void series_absent_titles(struct buf *script, const struct series *s, int count);
/* Whether there is any other target than ours. */
bool series_have_peers(const struct series *s, int count);

/* A table for each peer: ours over theirs in every cell with the same promise, with intervals and the noise floor
 * (compare.h), and a sentence for the answers. Nothing without peers. */
void report_peers(struct report *r, const struct trials *all);
/* " --target millrace --target apache-kafka", as a run is asked for these trials; "" without peers. */
void series_targets(const struct trials *all, char out[256]);

#endif
