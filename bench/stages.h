/* stages.h - where the time of each record went on its way through the streaming pipeline (E5).
 *
 *     publish --probe FILE                run --probe FILE
 *     due  sent  acked         joined by topic, partition, offset         received  judged  begun  applied  committed
 *
 *     |--lateness--|--transport--|--validate--|--wait--|--transform--|--commit--|          one record, from the instant
 *     due         sent       received      judged    begun        applied   committed     at which it was due
 *
 * The parts of a record sum to its total (stages_sum, which a test asserts for every record): so means of parts can be
 * stacked, which percentiles cannot. The other chain is lateness and what the acknowledgement took.
 *
 * A transaction is what records with the same commit have in common; what it took against its rows gives the two costs
 * of the model (model.h). Source: the files' format is in docs/formats/stream.md. */
#ifndef MILLRACE_BENCH_STAGES_H
#define MILLRACE_BENCH_STAGES_H

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/histogram.h"

enum stage { STAGE_LATENESS, STAGE_TRANSPORT, STAGE_VALIDATE, STAGE_WAIT, STAGE_TRANSFORM, STAGE_COMMIT, STAGES };

struct staged {
    int64_t partition, offset;
    int64_t due_ns, sent_ns, acked_ns;
    int64_t received_ns, judged_ns, begun_ns, applied_ns, committed_ns; /* received_ns 0: never loaded */
};

struct stages {
    struct staged *records; /* owned; in the order of due_ns */
    int64_t count;
};

/* "lateness" and so on. */
const char *stage_name(enum stage stage);
/* Reads both files; `loaded` NULL: the publisher's alone. ERR_NOTFOUND, or ERR_CORRUPT that names file and line: no
 * line of a probe, or a record that was loaded and never sent. */
int stages_read(struct stages *s, const char *sent, const char *loaded, struct err_text *error);
void stages_release(struct stages *s);

/* Part `stage` of a record that was loaded, nanoseconds. */
int64_t stage_ns(const struct staged *r, enum stage stage);
/* Of the records due in [from_ns, to_ns) that were loaded: how many; their parts go to `parts[STAGES]`, their totals to
 * `total`, what an acknowledgement took to `ack` (each may be NULL). */
int64_t stages_sum(const struct stages *s, int64_t from_ns, int64_t to_ns, struct histogram *const parts[STAGES],
                   struct histogram *total, struct histogram *ack);

/* The transactions that committed in [from_ns, to_ns): rows and seconds from begun to committed, of at most `max`.
 * Returns how many. */
int stages_transactions(const struct stages *s, int64_t from_ns, int64_t to_ns, double *rows, double *seconds, int max);

#endif
