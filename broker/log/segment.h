/* segment.h - one segment of a log: its three files, its size, its indexes.
 *
 *     00000000000000000250.log  .index  .timeindex       named by the first offset they may hold
 *
 * The active (last) segment keeps its indexes in memory and sends entries to the files in groups. A rolled
 * segment's indexes are on disk, where a reader searches them (read.c). */
#ifndef MILLRACE_BROKER_LOG_SEGMENT_H
#define MILLRACE_BROKER_LOG_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/log/index.h"
#include "broker/log/log_file.h"
#include "lib/kafka/batch.h"

struct segment {
    int64_t base_offset;
    struct log_file *log, *index, *time_index;
    uint64_t size; /* bytes given out to writes */
    /* What lies in [unseen_from, unseen_to) was not verified since the start: reads compare its offsets and CRCs before
     * they serve it. Empty in every segment that was begun here. */
    uint64_t unseen_from, unseen_to;
    bool named;          /* the .log file's name is durable in the directory */
    bool rolled;         /* waits for the job that finalises it */
    struct buf snapshot; /* of the producers as they were when it was rolled; for that job */
    bool indexed;        /* `offsets` is in memory: until a rolled one is final */
    struct offset_index offsets;
    struct time_index times;           /* likewise */
    uint64_t index_size;               /* bytes of .index on disk once it is final */
    uint32_t offsets_sent, times_sent; /* entries that are in the files or on their way */
    uint64_t since_index;              /* bytes since the last entry */
    int64_t first_timestamp;           /* the largest of the first batch, -1 while empty: the clock of segment.ms */
    int64_t max_timestamp, max_timestamp_offset; /* -1 while empty */
    /* By the clock, for records that have no timestamps: the first and the last append, or when the log was opened. */
    int64_t begun_ms, changed_ms;
};

/* Kafka's 20 digits. `out` holds "DIR/NNNNNNNNNNNNNNNNNNNN.SUFFIX". */
void segment_path(const char *dir, int64_t offset, const char *suffix, struct buf *out);
struct segment *segment_new(struct log_file_ids *ids, const char *dir, int64_t base_offset);
void segment_free(struct segment *s); /* drops its references */

/* Takes a batch with final offsets at `position` (the end) into size, indexes and times. True when an index
 * entry was made. */
bool segment_take(struct segment *s, const struct batch_header *h, uint64_t index_interval);
/* What segment_take changed, so that it can be taken back. */
struct segment_mark {
    uint64_t size, since_index;
    int64_t first_timestamp, max_timestamp, max_timestamp_offset;
    uint32_t offset_count, time_count;
};
struct segment_mark segment_mark(const struct segment *s);
void segment_undo(struct segment *s, const struct segment_mark *m);

/* The last time entry of a segment that will grow no more is its largest timestamp. */
void segment_finish_times(struct segment *s);
/* Nobody refers to the files but the log itself. */
bool segment_unreferenced(const struct segment *s);

#endif
