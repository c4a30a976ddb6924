/* ends.h - how far a warehouse has filled the topics of its changelogs.
 *
 *     millrace_changelog_ends(topic, partition, next)    the offset behind the last message that was acknowledged there
 *
 * A partition that ends before that offset belongs to another topic of the same name, made since by somebody else, or
 * has lost its end: what was told is not there any more, so everything is to be told again. It is written in the
 * transaction that takes the told keys out of the outbox. */
#ifndef MILLRACE_ETL_CHANGELOG_ENDS_H
#define MILLRACE_ETL_CHANGELOG_ENDS_H

#include <librdkafka/rdkafka.h>
#include <sqlite3.h>

#include "lib/base/err.h"

/* Inside of a transaction; a table that is there stays as it is. */
int ends_make(sqlite3 *db, struct err_text *error);
int ends_write(sqlite3 *db, const char *topic, int32_t partition, int64_t next, struct err_text *error);
/* The topic begins anew. */
int ends_forget(sqlite3 *db, const char *topic, struct err_text *error);
/* 1: some partition of the topic does not hold what was told there. 0: all do. */
int ends_missing(sqlite3 *db, rd_kafka_t *client, const char *topic, struct err_text *error);

#endif
