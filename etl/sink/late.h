/* late.h - the table `late`: records that came too late for a source that drops such ones.
 *
 * The rows of the other tables and these together are what a batch over the same files has. It exists when a
 * source says so ("late": {"drop_after_s": N}); in a batch, which has all records at once, it stays empty. */
#ifndef MILLRACE_ETL_SINK_LATE_H
#define MILLRACE_ETL_SINK_LATE_H

#include "etl/operator/operator.h"

struct late {
    struct operator_context *context;
    sqlite3_stmt *add;
};

int late_open(struct late *l, struct operator_context *c);
void late_close(struct late *l);
/* `time` is the row's event time, late_s how far its partition was ahead of it. */
int late_row(struct late *l, const struct record *record, const struct value *time, int64_t late_s);

#endif
