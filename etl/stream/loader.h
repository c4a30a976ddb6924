/* loader.h - messages into the warehouse, exactly once: what a worker has pending, and its transaction.
 *
 *     loader_assign            where a partition stands -> the offset to fetch from
 *     loader_take ...          verify, or decode and judge a message, in offset order of its partition: into a page
 *     loader_step              gives the page to the writer (writer.h) when it is time: BEGIN IMMEDIATE; offsets and
 *                              clocks (clocks.h) move; records that are new go through the engine; COMMIT
 *     loader_revoke            all partitions go: what is not committed is dropped
 *
 * The partition's first message after an assignment is the last one that was loaded before: it must be the same one
 * (see verify.h), else the log is not the one that this warehouse was filled from. */
#ifndef MILLRACE_ETL_STREAM_LOADER_H
#define MILLRACE_ETL_STREAM_LOADER_H

#include <librdkafka/rdkafka.h>
#include <sqlite3.h>
#include <stdbool.h>

#include "etl/definition.h"
#include "etl/stream/topics.h"
#include "lib/base/err.h"

struct loader;
struct probe;

/* Another worker has moved a partition's offset: this one must drop everything and join again. Besides 0,
 * ENGINE_RULE_FAILED and errors, a result of loader_step and loader_finish. */
#define LOADER_FENCED 2

struct loader_limits {
    bool alone;                       /* no other worker writes */
    size_t page_messages, page_bytes; /* what is given to the writer at once, at most */
    size_t messages, bytes;           /* when a transaction ends: at this size; */
    size_t lone_messages;             /* at this one as long as no other worker commits */
    int quiet_ms, busy_ms;            /* at this age: when no more wait, and when more do */
};
extern const struct loader_limits loader_limits_live, loader_limits_backfill;
/* Those of a live load that commits every so many milliseconds: a micro-batch. */
struct loader_limits loader_limits_every(int ms);

/* Opens an engine on a database that the supervisor has prepared. Definition, database, topics and the probe (NULL:
 * none; of a live load only) outlive it. */
int loader_open(const struct definition *d, sqlite3 *db, int64_t run, const struct topics *topics,
                const struct loader_limits *limits, struct probe *probe, struct loader **out, struct err_text *error);
void loader_close(struct loader *l); /* NULL is allowed */

/* A partition is ours from now on; *start is the offset to fetch from. */
int loader_assign(struct loader *l, const char *topic, int32_t partition, int64_t *start, struct err_text *error);
void loader_revoke(struct loader *l);

/* Takes over a message. ERR_CORRUPT: it is not what the topic must hold here; the text says what and where. */
int loader_take(struct loader *l, rd_kafka_message_t *m, struct err_text *error);
/* `m` says that there is no more in its partition for now. ERR_CORRUPT when the last loaded message has not been
 * seen. */
int loader_reached_end(struct loader *l, const rd_kafka_message_t *m, struct err_text *error);
/* `m` says that the fetch position of its partition is outside of its log: always an error, in words. */
int loader_out_of_range(struct loader *l, const rd_kafka_message_t *m, struct err_text *error);

enum { LOADER_IDLE_MS = 100 };

/* To be called after each wait for a message; `more`: there was one. Writes what is pending when it is time: at once
 * when there is enough of it, soon when no more messages wait to be taken. After anything but 0 the database is as it
 * was before the transaction. */
int loader_step(struct loader *l, bool more, struct err_text *error);
/* How long to wait for a message: at most LOADER_IDLE_MS. */
int loader_wait_ms(const struct loader *l);
/* Writes what is pending, and waits for it: after the last message. */
int loader_finish(struct loader *l, struct err_text *error);

#endif
