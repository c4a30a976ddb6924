/* truth.h - what the truths of all workloads have in common: files in DIR/ground_truth that `millrace warehouse check`
 * reads, and tables that every workload has. */
#ifndef MILLRACE_WORKLOADS_TRUTH_H
#define MILLRACE_WORKLOADS_TRUTH_H

#include "workloads/out_file.h"

/* Opens `name` (below the output's folder) and writes the header line. */
void truth_open(struct out_file *o, struct disk *disk, struct err_text *why, const char *name, const char *header);
/* Closes and releases `count` files; their first error, or 0. */
int truth_close(struct out_file *const files[], int count);

/* What became of the records of the sources: counts[source * fates + fate], fate 0 accepted, 1 malformed (rule
 * "format"), the others by rule, in the order of the rules. */
struct truth_fates {
    const char *const *sources;
    int source_count;
    const char *const *rules; /* [0] is not used */
    int fates;
    const uint64_t *counts;
};

void truth_put_records(struct buf *b, const struct truth_fates *f);  /* source,read,accepted,rejected */
void truth_put_rejected(struct buf *b, const struct truth_fates *f); /* source,rule,rows */

/* RANK,TEXT,COUNT of the 20 largest counts, the smaller text first where they are equal. */
void truth_put_top20(struct buf *b, const uint64_t *counts, int n, const char *(*text)(const void *context, int i),
                     const void *context);

#endif
