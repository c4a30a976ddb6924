/* quarantine.h - what became of the records: violations, counts, files.
 *
 *     quarantine, warnings   a row per violation
 *     rejects                how many rows each rule of each source rejected (as their first violation)
 *     records                a row per source: read, accepted, rejected, warned
 *     files                  a row per file of a source
 *
 * Violations are written as they come, counts at flush. */
#ifndef MILLRACE_ETL_SINK_QUARANTINE_H
#define MILLRACE_ETL_SINK_QUARANTINE_H

#include "etl/engine.h"
#include "etl/operator/operator.h"
#include "etl/sink/deferred.h"

/* Of one source, since the last flush. */
struct quarantine_counts {
    int64_t read, accepted, rejected, warned;
    int64_t *rejects; /* per ordinal */
};

struct quarantine {
    struct operator_context *context;
    int64_t run;
    sqlite3_stmt *add, *warn;            /* a violation */
    sqlite3_stmt *erase, *erase_warning; /* those of a position; live */
    sqlite3_stmt *file, *count, *records, *empty;
    struct deferred_target violations, files;
    struct quarantine_counts *counts; /* per feed */
};

int quarantine_open(struct quarantine *q, struct operator_context *c, int64_t run);
void quarantine_close(struct quarantine *q);

/* Records the violations of a row and counts it in its bucket (row->bucket); sign -1 takes both back. */
int quarantine_row(struct quarantine *q, const struct row *row, int sign);
/* Counts a record that was read, or (sign -1) is taken back; the signs of a row that changes its bucket cancel. */
void quarantine_read(struct quarantine *q, int feed, int sign);
int quarantine_file(struct quarantine *q, const struct file_fact *fact);
int quarantine_flush(struct quarantine *q);
void quarantine_forget(struct quarantine *q);

/* The severity of an ordinal: 0 (format) and those above the rules (type) reject. */
enum severity quarantine_severity(const struct feed *feed, int ordinal);

#endif
