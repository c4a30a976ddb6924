/* offsets.h - where each partition of a stream stands, kept in the warehouse itself.
 *
 *     millrace_stream(name, value)            cluster, topic, stream, group: what this warehouse was filled from
 *     millrace_stream_offsets(topic, partition, next, crc, ended)
 *
 * The offset moves in the transaction that loads the records: a kill at any moment leaves both or neither.
 * `UPDATE ... WHERE next = :from` is the fence: when no row changes, another worker owns the partition now.
 *
 * `crc` is that of the last loaded message; on assignment the message is fetched again and compared, so that a
 * topic that was deleted and made again, or a log that lost its end, is an error and never a silent gap. */
#ifndef MILLRACE_ETL_STREAM_OFFSETS_H
#define MILLRACE_ETL_STREAM_OFFSETS_H

#include <sqlite3.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"

/* Makes the tables when they are not there, with a row for each partition of the topic; a topic may grow, but
 * ERR_EXISTS when it has fewer partitions than before. Inside a write transaction. */
int offsets_init(sqlite3 *db, const char *topic, int partition_count, struct err_text *error);

/* The first call with a name stores the value; later ones compare. ERR_EXISTS with a sentence when the
 * warehouse was filled from another one. */
int offsets_identity(sqlite3 *db, const char *name, struct slice value, struct err_text *error);
/* The stream that the warehouse is filled from, to be released with sqlite3_free; ERR_NOTFOUND when nothing is loaded.
 */
int offsets_stream(sqlite3 *db, char **out, struct err_text *error);

struct offset_state {
    int64_t next; /* the first offset that is not loaded; -1 before the first one */
    uint32_t crc; /* of the message before it; meaningless while next is -1 */
    bool ended;   /* an end record of the stream was loaded */
};
int offsets_read(sqlite3 *db, const char *topic, int32_t partition, struct offset_state *out, struct err_text *error);
/* 1: moved; 0: another worker was here; negative: an error. */
int offsets_move(sqlite3 *db, const char *topic, int32_t partition, int64_t from, const struct offset_state *to,
                 struct err_text *error);
/* The partition goes on behind its end: of a stream whose publisher was started again. */
int offsets_reopen(sqlite3 *db, const char *topic, int32_t partition, struct err_text *error);
/* How many partitions the warehouse knows of a topic. */
int offsets_partitions(sqlite3 *db, const char *topic, int32_t *out, struct err_text *error);
/* How many partitions of all topics have no end yet; -1 while the tables are not there. */
int offsets_open_partitions(sqlite3 *db, struct err_text *error);
/* How many messages are loaded, over all topics. */
int offsets_loaded(sqlite3 *db, int64_t *out, struct err_text *error);

#endif
