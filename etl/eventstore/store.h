/* store.h - what the parts of the event store share (inside this folder only). */
#ifndef MILLRACE_ETL_EVENTSTORE_STORE_H
#define MILLRACE_ETL_EVENTSTORE_STORE_H

#include "etl/eventstore/eventstore.h"

/* The last record of a partition that a writer has read. */
struct es_seen {
    int64_t offset; /* -1: none */
    uint32_t crc;
};

struct es_store {
    struct es_log log;
    char *topic;
    int partitions;
    struct table written;    /* stream -> struct written (append.c): streams that were written to */
    struct es_seen *seen;    /* of each partition (append.c) */
    struct table folds;      /* path -> struct es_fold, of fold_file.h */
    int snapshot_partitions; /* of TOPIC-snapshots; 0: not looked for yet, or not there */
};

/* A message as a record with its place; malformed when that is not the partition of its stream. */
void es_message_decode(const struct es_store *s, const rd_kafka_message_t *m, struct arena *arena,
                       struct es_record *out);
void es_written_release(struct es_store *s);

#endif
