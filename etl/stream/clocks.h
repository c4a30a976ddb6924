/* clocks.h - how far event time has come in each partition: the clock by which a record is late.
 *
 *     millrace_stream_clocks(topic, partition, source, time)    time: seconds since 1970
 *
 * The clock of a source in a partition is the largest event time among its records that broke no rejecting
 * rule (a wrong date must not make the rest late), in the order of the log. It moves in the transaction that
 * moves the offset, so which records are late follows from the log alone: not from the number of workers,
 * the size of commits, or kills. Only sources that drop late records have clocks. */
#ifndef MILLRACE_ETL_STREAM_CLOCKS_H
#define MILLRACE_ETL_STREAM_CLOCKS_H

#include <sqlite3.h>

#include "etl/definition.h"
#include "lib/base/err.h"

#define CLOCK_NONE INT64_MIN /* nothing was seen yet */

/* Makes the table when it is not there. Inside a write transaction. */
int clocks_init(sqlite3 *db, struct err_text *error);
/* The clocks of a partition: `out` has room for one per feed. */
int clocks_read(sqlite3 *db, const struct definition *d, const char *topic, int32_t partition, int64_t *out,
                struct err_text *error);
int clocks_write(sqlite3 *db, const struct definition *d, const char *topic, int32_t partition, const int64_t *clocks,
                 struct err_text *error);

/* Seconds by which a record of this event time is late, 0 when it is not; moves the clock. */
int64_t clock_late_s(const struct feed *feed, int64_t *clock, int64_t time_s);

#endif
