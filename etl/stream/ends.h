/* ends.h - a run that has read all there is, and waits for ends that do not come: a person wants to know.
 *
 * It is said once, when every partition has been read to its end for some seconds and one of them has no end
 * message: the publisher failed half-way, or takes its time. */
#ifndef MILLRACE_ETL_STREAM_ENDS_H
#define MILLRACE_ETL_STREAM_ENDS_H

#include <librdkafka/rdkafka.h>
#include <sqlite3.h>
#include <stdbool.h>

#include "lib/base/err.h"

struct ends {
    int64_t since_ns; /* nothing more to read since then; 0: there is */
    int64_t total;    /* messages at that time */
    bool said;
};

/* Looks on, now and then. `logs` has every partition with the offset at which its log ends now. */
int ends_watch(struct ends *e, sqlite3 *db, const rd_kafka_topic_partition_list_t *logs, struct err_text *error);

#endif
