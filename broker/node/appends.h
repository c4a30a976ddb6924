/* appends.h - one batch on its way into one partition, until it may be seen (append.c), and the look at its records
 * before (check.c). */
#ifndef MILLRACE_BROKER_NODE_APPENDS_H
#define MILLRACE_BROKER_NODE_APPENDS_H

#include "broker/node/partitions.h"
#include "lib/kafka/batch.h"
#include "lib/kafka/messages.h"

struct connection;
struct request;
struct check_line;

/* A compressed batch may not grow beyond this while it is checked, and one that grows beyond the lesser bound is left
 * to the one thread for such. */
enum { DECOMPRESSED_BYTES_MAX = 128 * 1024 * 1024, DECOMPRESSED_BYTES_COMMON = 4 * 1024 * 1024 };

enum append_origin { APPEND_PRODUCE, APPEND_GROUP, APPEND_CONTROLLER };

struct append {
    struct partition *partition;
    enum append_origin origin;
    struct shared *frame; /* holds the batch; a reference */
    uint8_t *batch;
    size_t size;
    struct batch_header header;
    struct record_rules rules; /* the partition's when it came; jobs look at them, while those may change */
    int64_t now_ms;            /* when it came */
    bool unchecked;            /* its records must be looked at first, in a job */
    bool check_done;
    /* who is told */
    struct request *request; /* APPEND_PRODUCE */
    int32_t topic_at, partition_at;
    uint64_t token; /* APPEND_GROUP: of GROUP_STORED */
    /* how it goes */
    int16_t error;
    struct bad_records bad;    /* with INVALID_RECORD and INVALID_TIMESTAMP: which ones, if it was for single ones */
    int64_t base_offset, need; /* need: the high watermark that makes it seen */
    int64_t log_append_time_ms;
    bool duplicate, is_writing, write_reported, is_done;
    int write_err;
    struct append *next_in_line, *next_writing, *next_waiting;
};

/* A batch of `frame` (a reference is taken); who is told is filled in by the caller. */
struct append *append_new(struct partition *p, enum append_origin origin, struct shared *frame, uint8_t *batch,
                          size_t size, const struct batch_header *header);
/* Only of one that was not submitted, or when the node goes. */
void append_free(struct append *a);
/* Starts it; append_done is called when it is seen or has failed, possibly at once. */
void append_submit(struct node *n, struct append *a);
/* EVENT_APPENDED. */
void append_written(struct node *n, struct append *a, int err);
/* Completes those that the high watermark has reached. */
void appends_complete(struct node *n, struct partition *p, int64_t high_watermark);
/* Fails those that need an offset above `end`, as log_written undid them. */
void appends_fail_above(struct node *n, struct partition *p, int64_t end, int16_t error);
/* Builds a batch of the node's own records and submits it. */
struct own_record {
    struct kafka_bytes key, value;
};
void append_own(struct node *n, struct partition *p, enum append_origin origin, const struct own_record *records,
                int32_t count, uint64_t token);
/* check.c: the records of a batch; an error, and in a->bad those it is for. Puts a wrong max_timestamp right. */
int16_t append_records_check(struct append *a);
/* The topic stores another codec than the batch has. */
bool append_is_recoded(const struct append *a);
/* Its records have to be looked at in a job, or it comes behind one of the same connection whose have. */
bool append_must_line_up(const struct append *a);
/* Puts it there; append_checked is called when its turn has come and its records were looked at. */
void append_line_up(struct node *n, struct append *a);
void append_checked(struct node *n, struct append *a);
/* The connection is gone, its line goes on. */
void check_line_orphan(struct check_line *line);
/* For node_free. */
void check_lines_release(struct node *n);
/* What the three origins do when an append ends. */
void produce_appended(struct node *n, struct append *a);
void group_api_appended(struct node *n, struct append *a);
void controller_appended(struct node *n, struct append *a);
/* For node_free. */
void appends_release(struct node *n, struct partition *p);

#endif
