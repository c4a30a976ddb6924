/* store.h - what the parts of the event store share (inside this folder only). */
#ifndef MILLRACE_ETL_EVENTSTORE_STORE_H
#define MILLRACE_ETL_EVENTSTORE_STORE_H

#include "etl/eventstore/eventstore.h"
#include "etl/eventstore/places.h"

/* How far a writer has read a partition (written.h). */
struct es_read {
    int64_t seen;          /* the last record; -1: none */
    uint32_t crc;          /* of it */
    int64_t front, placed; /* what is below was read; and what of it has its places */
};

struct written;

struct es_store {
    struct es_log log;
    char *topic;
    int partitions;          /* of the store, which the topic may have more of (count.c) */
    bool counted;            /* records have said so: it changes no more */
    int told_partitions;     /* es_options.partitions */
    struct table written;    /* stream -> struct written (written.h): streams that were written to */
    int64_t written_events;  /* of all of them */
    struct written **behind; /* those that are not at the front */
    int behind_count, behind_capacity;
    struct es_read *read; /* of each partition; NULL: nothing yet */
    struct es_places places;
    struct table folds;      /* path -> struct es_fold, of fold_file.h */
    int snapshot_partitions; /* of TOPIC-snapshots; 0: not looked for yet, or not there */
};

/* A message as a record with its place; malformed when that is not the partition of its stream. */
void es_message_decode(const struct es_store *s, const rd_kafka_message_t *m, struct arena *arena,
                       struct es_record *out);
void es_written_release(struct es_store *s);
/* What is known of partitions and streams is of another log, or of another count. */
void es_forget(struct es_store *s);

/* Sets `partitions`: how many the topic has now (0: it is not there), or a failure (ERR_INVALID: there is no telling).
 */
int es_count_find(struct es_store *s, struct err_text *error);
/* As long as there was no record the count may still change: before anything is read or written. */
int es_count_confirm(struct es_store *s, struct err_text *error);

#endif
