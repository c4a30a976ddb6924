/* whole.h - a stream that is complete and in order, loaded as a batch loads files: by an engine that keeps its state in
 * memory and takes nothing back, in one transaction.
 *
 *     topics --> read, put in order, judge [a thread] --> apply [the caller's] --> write [the engine's thread]
 *                (ordered.h)
 *
 * What a live engine would go on from (state of groups, candidates of `unique`, which records are loaded) is not
 * written: nothing new can come in such a stream. So it is no good for one that is followed, nor for what only a
 * stream has: late records that are dropped, versions of records. */
#ifndef MILLRACE_ETL_STREAM_WHOLE_H
#define MILLRACE_ETL_STREAM_WHOLE_H

#include <sqlite3.h>

#include "etl/stream/ordered.h"

struct whole_options {
    struct ordered_options stream;
    sqlite3 *db;
    int64_t run;
    /* Now and then: so many of the messages are loaded. */
    void (*progress)(void *context, uint64_t done, uint64_t total);
    void *context;
    struct buf *state; /* what the operators kept about keys is appended */
};

/* Inside a write transaction on a database in which this pipeline has nothing but its run: makes and fills the tables,
 * and writes where the partitions stand and what stream it is. After anything but 0 the caller rolls back and loads in
 * the other way, which also tells a person what is wrong; ERR_UNSUPPORTED: nothing is wrong (ordered.h). ERR_CLOSED: a
 * signal came. */
int whole_load(const struct whole_options *options, struct err_text *error);

#endif
