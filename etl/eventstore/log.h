/* log.h - the Kafka side of the event store: partitions read from an offset to their end, records written one by one.
 *
 *     es_log_read(log, topic, 2, 0, each, context, &end, error)      every record below the end that there was
 *     es_log_send(log, topic, 2, &raw, timestamp, &offset, error)    back when it is acknowledged by all
 *
 * Librdkafka's clients stay connected; nothing is fetched between two calls. */
#ifndef MILLRACE_ETL_EVENTSTORE_LOG_H
#define MILLRACE_ETL_EVENTSTORE_LOG_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "etl/eventstore/record.h"
#include "lib/base/err.h"

/* What becomes of records that are under way. */
struct es_delivery {
    int waiting;
    rd_kafka_resp_err_t failed; /* the first failure */
};

struct es_log {
    char *bootstrap;
    int timeout_ms;                  /* for an answer, and for an acknowledgement */
    rd_kafka_t *consumer, *producer; /* the producer is NULL until something is written */
    struct es_delivery queued;       /* of es_log_queue */
};

int es_log_open(struct es_log *log, const char *bootstrap, int timeout_ms, struct err_text *error);
void es_log_close(struct es_log *log);

/* How many there are; 0: no such topic. */
int es_log_partitions(struct es_log *log, const char *topic, struct err_text *error);
/* Makes a topic that keeps everything, or, `compact`, the newest record of each key. Back when it is there. */
int es_log_topic_create(struct es_log *log, const char *topic, int partitions, bool compact, struct err_text *error);
/* ERR_INVALID for a compacted topic: of a stream only the last record stays. */
int es_log_keeps_all(struct es_log *log, const char *topic, struct err_text *error);
/* Where the records of this key are. */
int32_t es_log_partition_of(struct slice key, int partitions);
/* The first offset that is kept, and the one behind the last. */
int es_log_ends(struct es_log *log, const char *topic, int32_t partition, int64_t *low, int64_t *high,
                struct err_text *error);

/* The same of partitions 0 to count - 1, in two questions. */
int es_log_ends_all(struct es_log *log, const char *topic, int count, int64_t *low, int64_t *high,
                    struct err_text *error);

/* 0: go on; 1: enough; negative: a failure, which ends the reading. */
typedef int es_log_each(void *context, const rd_kafka_message_t *m);
/* Calls `each` for what there is from `from` to the end as of now. *next is the offset to go on at. ERR_NOTFOUND with a
 * sentence when the beginning is gone, ERR_RANGE when the log ends before `from`. */
int es_log_read(struct es_log *log, const char *topic, int32_t partition, int64_t from, es_log_each *each,
                void *context, int64_t *next, struct err_text *error);
/* The same for who has read as far as `from`: if there is anything, it begins at the record at `known` <= from, so that
 * it can be seen whether this is still the log that was read (unless that record is no longer kept). */
int es_log_read_on(struct es_log *log, const char *topic, int32_t partition, int64_t known, int64_t from,
                   es_log_each *each, void *context, int64_t *next, struct err_text *error);

/* The message as its parts. */
void es_log_raw(const rd_kafka_message_t *m, struct es_raw *out);

/* Waits for the acknowledgement. ERR_CLOSED: none came, it may be in the log or not. */
int es_log_send(struct es_log *log, const char *topic, int32_t partition, const struct es_raw *raw, int64_t timestamp,
                struct err_text *error);
/* The same without waiting: many under way at once. */
int es_log_queue(struct es_log *log, const char *topic, int32_t partition, const struct es_raw *raw, int64_t timestamp,
                 struct err_text *error);
/* Until all are acknowledged. */
int es_log_flush(struct es_log *log, struct err_text *error);

#endif
