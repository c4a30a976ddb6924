/* partitions.h - the partitions that are here: their logs, what they are held to, their syncs and jobs (partition.c).
 */
#ifndef MILLRACE_BROKER_NODE_PARTITIONS_H
#define MILLRACE_BROKER_NODE_PARTITIONS_H

#include "broker/group/deadline.h"
#include "broker/log/log.h"
#include "broker/metadata/metadata.h"
#include "broker/metadata/topic_config.h"
#include "broker/node/node.h"

struct append;
struct watch;

enum { CODEC_OF_PRODUCER = -1 };

struct check_line;

/* What the records of a batch are held to. */
struct record_rules {
    bool keyed;                          /* the topic is compacted */
    bool create_time;                    /* message.timestamp.type: the producer's times count, within bounds */
    int64_t before_max_ms, after_max_ms; /* message.timestamp.{before,after}.max.ms */
    int codec;                           /* compression.type: what is stored; CODEC_OF_PRODUCER: as it came */
    int level;                           /* of that codec: compression.gzip.level, ... */
};

/* Records that were refused, at most BAD_RECORDS_MAX of them. Owns `items`. */
enum { BAD_RECORDS_MAX = 1000 };
struct bad_record {
    int32_t index; /* in the batch */
    int16_t error;
};
struct bad_records {
    struct bad_record *items;
    int32_t count;
};

struct append_list {
    struct append *first, *last;
};

struct partition {
    struct topic *topic;
    int32_t index;
    struct log *log;
    uint64_t order; /* of its jobs */
    /* The durability mode. Fewer than flush_messages records are seen and acknowledged without being synced: 1 is
     * group-commit, INT64_MAX with either is page-cache, anything else interval. */
    int64_t flush_messages, flush_ms;
    int32_t leader_epoch; /* what its batches are stamped with; -1: the metadata log, each batch has its own */
    int64_t min_insync_replicas;
    int64_t message_bytes_max; /* max.message.bytes */
    bool internal;
    struct record_rules rules;
    int32_t checks;             /* batches in lines of checks (check.c) */
    struct append_list writing; /* given to the disk, in the order of the appends */
    struct append_list waiting; /* for the high watermark, by the offset they need */
    struct watch *watches;      /* fetches that wait for more */
    int64_t visible_bytes;      /* ever made visible; only differences count */
    bool syncing, job_running;
    int reads;              /* of fetches, under way */
    uint64_t looked_up_for; /* the ListOffsets that had a time looked up here last */
    int64_t unflushed;      /* records that no sync covers yet */
    bool flush_overdue;     /* the interval is over; what it was to sync could not be given to a sync then */
    struct deadline flush, jobs_again;
    bool doomed; /* its topic is deleted */
    bool blocks; /* its folder has the name of one that is to be made */
};

struct topic {
    char *name;
    struct kafka_uuid id;
    struct partition **partitions;
    int32_t partition_count; /* with a log so far */
};

/* NULL when it is not here. */
struct partition *partition_find(struct node *n, struct slice topic, int32_t index);
/* The leader epoch that a client believes in; negative: it does not say. */
int16_t leader_epoch_check(const struct metadata_partition *p, int32_t theirs);
/* The partition as its leader serves it, or why it does not. */
int16_t partition_lead(struct node *n, struct slice topic, int32_t index, int32_t leader_epoch, struct partition **p);
/* The same of a topic. One whose folders are still being made is in the image, but not here. */
struct topic *topic_find(struct node *n, struct slice name);
/* Makes the partition around its log, which it takes. `t` NULL: the metadata log. */
struct partition *partition_new(struct node *n, struct topic *t, int32_t index, struct log *log);
/* A topic of the image, with no partitions yet. */
struct topic *topic_new(struct node *n, const struct metadata_topic *t);
/* One that is here has more partitions in the image: room for them. */
struct topic *topic_grow(struct node *n, const struct metadata_topic *t);
/* What this broker says of configs: dynamic values, then server.properties. Good until the next replay. */
struct config_layers node_config_layers(const struct node *n);
/* The number that a key of the broker itself has now (config_keys.h); it must exist. */
int64_t node_config_number(const struct node *n, const char *key);
/* A line for each number of the image that is none, so that its default counts (config_number). */
void stored_configs_doubt(const struct metadata_image *m, struct buf *out);
/* Tells the server what else has changed with the broker's configs. */
void node_limits_tell(struct node *n);
/* Its configs, or those of the broker, have changed: its partitions work with the new ones from now on. */
void topic_reconfigure(struct node *n, struct topic *t);
/* The topic's own configs over the broker's over the defaults. `t` NULL: the metadata log. */
struct log_config partition_log_config(const struct node *n, const struct metadata_topic *t);
/* "orders-0" */
void partition_dir(const char *topic, int32_t index, char *out, size_t size);
/* Starts what its log wants done on a helper thread. */
void partition_jobs(struct node *n, struct partition *p);
/* DEADLINE_JOBS. */
void partition_jobs_again(struct node *n, struct partition *p);
/* A sync of what is written, unless one is under way. */
void partition_sync(struct node *n, struct partition *p);
/* flush.ms counts from here on, if there are records that no sync covers. */
void partition_flush_await(struct node *n, struct partition *p);
/* DEADLINE_FLUSH: the same, made up for as soon as it can be. */
void partition_flush(struct node *n, struct partition *p);
/* Its outcome; a failure takes the whole directory offline. */
void partition_synced(struct node *n, struct partition *p, int err);
/* Writes were reported or a sync ended: moves the high watermark, answers, starts the next sync. */
void partition_advance(struct node *n, struct partition *p);
/* Fails everything that waits; the topic is being deleted. */
void topic_delete(struct node *n, struct topic *t);
/* Goes on with deletions that wait for references; frees what is gone. */
void partitions_doomed_continue(struct node *n);
/* For node_free. */
void partitions_release(struct node *n);
/* Calls `each` for every partition, the metadata log included. */
void partitions_each(struct node *n, void (*each)(struct node *n, struct partition *p));
/* After a failed sync: nothing on this disk is to be trusted. */
void node_disk_failed(struct node *n, const char *what);

#endif
