/* node_internal.h - what the files of this folder share: the node's parts and how they call each other.
 *
 *     node.c          node_step: an event to the part that waits for it; the deadlines
 *     open.c          node_open: format or recover, replay metadata and group offsets
 *     connection.c    frames to requests, answers in request order, depth of a pipeline
 *     dispatch.c      the table of APIs; ApiVersions
 *     produce.c       Produce         ---+
 *     group_api.c     groups          ---+--> append.c   one batch to one partition, until it may be seen
 *     group_admin_api.c  the same for administrators
 *     controller.c    metadata changes --+
 *     check.c         records looked at, and recoded, before they are appended
 *     fetch.c         Fetch, long polls; woken by append.c
 *     list_offsets.c  ListOffsets
 *     stored_configs.c configs of the metadata log that cannot be read
 *     leader_epochs.c OffsetForLeaderEpoch
 *     delete_records.c  DeleteRecords
 *     metadata_api.c  Metadata, FindCoordinator, DescribeCluster
 *     describe_configs.c, alter_configs.c   configs of topics and brokers
 *     config_keys.c   every config of a broker; config.c reads server.properties with it
 *     admin_api.c     CreateTopics, CreatePartitions, DeleteTopics, InitProducerId
 *     partition.c     the partitions that are here: their logs, syncs, jobs
 *     storage.c       checkpoints, retention, shutdown
 *
 * A request lives until it is answered. Its connection may be gone by then: r->connection is NULL and
 * the answer is dropped. */
#ifndef MILLRACE_BROKER_NODE_INTERNAL_H
#define MILLRACE_BROKER_NODE_INTERNAL_H

#include "broker/group/deadline.h"
#include "broker/group/group.h"
#include "broker/log/log.h"
#include "broker/metadata/metadata.h"
#include "broker/metadata/topic_config.h"
#include "broker/node/config.h"
#include "broker/node/config_keys.h"
#include "broker/node/node.h"
#include "lib/base/log.h"
#include "lib/base/random.h"
#include "lib/base/table.h"
#include "lib/kafka/api.h"
#include "lib/kafka/error_code.h"
#include "lib/kafka/messages.h"

#define METADATA_TOPIC "__cluster_metadata"
#define OFFSETS_TOPIC  "__consumer_offsets"

/* Requests of one connection that may be under way; beyond that its frames are not read. */
enum { PIPELINE_DEPTH_MAX = 64, PIPELINE_DEPTH_RESUME = 32 };
/* Memory of answers that wait for the answer to an earlier request, of one connection and of all; beyond that it is not
 * read either. */
enum { HELD_BYTES_MAX = 1024 * 1024, HELD_BYTES_ALL_MAX = 64 * 1024 * 1024 };
/* Memory of fetches that wait for more, with their frames; beyond that they are answered with what there is. */
enum { WATCHING_BYTES_MAX = 64 * 1024 * 1024 };
/* Requests whose memory is kept for the next ones. */
enum { FREE_REQUESTS_MAX = 256 };
/* A compressed batch may not grow beyond this while it is checked, and one that grows beyond the lesser bound is left
 * to the one thread for such. */
enum { DECOMPRESSED_BYTES_MAX = 128 * 1024 * 1024, DECOMPRESSED_BYTES_COMMON = 4 * 1024 * 1024 };

struct node;
struct partition;
struct append;

/* ---- deadlines: in milliseconds of the monotonic clock, rounded up ---- */

enum deadline_kind {
    DEADLINE_REQUEST,         /* owner: struct request */
    DEADLINE_FLUSH,           /* owner: struct partition; log.flush.interval.ms */
    DEADLINE_JOBS,            /* owner: struct partition; a job found no descriptor and is tried again */
    DEADLINE_GROUPS,          /* what the coordinator waits for */
    DEADLINE_RETENTION,       /* log.retention.check.interval.ms */
    DEADLINE_RECOVERY_POINTS, /* log.flush.offset.checkpoint.interval.ms */
    DEADLINE_HIGH_WATERMARKS, /* replica.high.watermark.checkpoint.interval.ms */
    DEADLINE_FOLDERS,         /* folders that could not be made are tried again */
    DEADLINE_PATIENCE,        /* a change does not wait any longer for folders of deleted partitions */
    DEADLINE_LOG_STARTS,      /* log.flush.start.offset.checkpoint.interval.ms */
    DEADLINE_DOOMED,          /* what a deleted partition waits for may have gone without an event */
};

/* `in_ms` from now; at least that long. */
void node_deadline_in(struct node *n, struct deadline *d, int64_t in_ms);

/* ---- requests ---- */

struct request {
    struct connection *connection; /* NULL: gone */
    struct kafka_request_header header;
    const struct kafka_api *api;
    struct shared *frame; /* what strings and records of `body` point into */
    void *body;           /* decoded; in the arena */
    void *state;          /* of the part that works on it; in the arena */
    struct arena arena;   /* reset when the request ends */
    struct deadline deadline;
    uint64_t token; /* what `awaited` knows it by; 0: nothing is awaited */
    bool answered;
    struct action_piece *pieces; /* the answer while it waits for its turn; in the arena */
    int piece_count;
    size_t held_bytes;             /* memory of `pieces` while they wait for an earlier request */
    struct request *next;          /* in the connection's order, or in the free list */
    struct request *next_waiting;  /* of those that wait for the same write */
    struct request *newer, *older; /* of all there are, for node_free */
};

struct connection {
    uint64_t id;
    char peer[64];
    struct request *first, **last;
    int depth;
    int64_t held_bytes;           /* of its answers that wait for an earlier one */
    struct check_line *line;      /* of its batches; NULL: none is checked */
    struct request *lookups_last; /* of its ListOffsets that look up times, linked by next_waiting; NULL: none does */
    bool paused;
    bool ended; /* its peer, perhaps dead, asks for nothing new: no fetch of it waits */
};

/* `peer` is its address as text, for the log and for groups. */
void connection_opened(struct node *n, uint64_t id, struct slice peer);
/* Nothing can be sent to it any more: its requests go on, their answers are dropped. */
void connection_gone(struct node *n, uint64_t id);
/* Nothing new will come from it, but what it sent may wait behind its long polls: they end now. */
void connection_ended(struct node *n, uint64_t id);
/* Decodes one request and starts it; takes the frame's reference. */
void connection_frame(struct node *n, uint64_t id, struct shared *frame);
/* For node_free. */
void connections_release(struct node *n);

/* Encodes and sends when its turn has come. The request is gone afterwards. */
void request_answer(struct node *n, struct request *r, const void *response);
/* The same with file ranges for the holes, in their order; their references are taken over. */
struct file_range {
    struct log_file *file;
    uint64_t at, length;
};
void request_answer_ranges(struct node *n, struct request *r, const void *response, const struct file_range *ranges,
                           int range_count);
/* Ends it without an answer (acks=0). */
void request_finish_silently(struct node *n, struct request *r);
/* Ends it and its connection. */
void request_refuse(struct node *n, struct request *r, const char *why);

/* Starts a decoded request. */
void dispatch(struct node *n, struct request *r);
/* ApiVersions is answered also where its version is not known (KIP-511). */
void api_versions_unknown(struct node *n, struct request *r);

/* ---- partitions ---- */

enum durability {
    DURABILITY_PAGE_CACHE,   /* seen and acknowledged when written */
    DURABILITY_GROUP_COMMIT, /* seen and acknowledged when synced */
    DURABILITY_INTERVAL,     /* as page cache, and synced from time to time */
};

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
    enum durability durability;
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

/* ---- appends: one batch on its way into one partition ---- */

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

/* ---- fetch ---- */

/* A long poll waits in the list of each partition that it names. */
struct watch {
    struct partition *partition;
    struct request *request;
    int64_t offset;     /* where it reads; OFFSET_OUT_OF_RANGE when the log starts later meanwhile */
    int64_t seen_bytes; /* visible_bytes when it was last counted */
    struct watch *next, **link;
};

void fetch_begin(struct node *n, struct request *r);
/* EVENT_READ: the bytes that a search in a segment asked for. */
void fetch_read_done(struct node *n, struct request *r, int err, struct slice data);
/* max_wait_ms is over. */
void fetch_expired(struct node *n, struct request *r);
/* The connection's peer has ended: it waits no longer. */
void fetch_hurry(struct node *n, struct request *r);
/* The connection is gone: forget it now if nothing is under way for it. */
void fetch_abandoned(struct node *n, struct request *r);
/* The node goes: drops what an unanswered fetch refers to. */
void fetch_release(struct request *r);
/* More became visible in `p`, it starts later, or it is going away. */
void fetch_wake(struct node *n, struct partition *p);

/* ---- the other APIs: each answers at once or when what it waits for has come ---- */

void produce_begin(struct node *n, struct request *r);
/* timeout_ms is over. */
void produce_expired(struct node *n, struct request *r);
void list_offsets_begin(struct node *n, struct request *r);
void leader_epochs_begin(struct node *n, struct request *r);
void delete_records_begin(struct node *n, struct request *r);
/* The log starts are on disk, or could not be written (err < 0). */
void delete_records_stored(struct node *n, struct request *r, int err);
void metadata_begin(struct node *n, struct request *r);
void find_coordinator_begin(struct node *n, struct request *r);
void describe_cluster_begin(struct node *n, struct request *r);
void describe_configs_begin(struct node *n, struct request *r);
void alter_configs_begin(struct node *n, struct request *r); /* IncrementalAlterConfigs too */
/* A sentence about a resource type that has no configs here; in `a`. */
const char *config_resource_unsupported(struct arena *a, int8_t type);
/* NULL when the name is this broker's id, else a sentence, in `a`. */
const char *config_broker_problem(const struct node *n, struct arena *a, struct kafka_string name);
void create_topics_begin(struct node *n, struct request *r);
void create_partitions_begin(struct node *n, struct request *r);
void delete_topics_begin(struct node *n, struct request *r);
void init_producer_id_begin(struct node *n, struct request *r);

/* Groups: one function for the six requests of members; answers come as actions of the coordinator. */
void group_api_begin(struct node *n, struct request *r);
/* What an answer's token leads to: a request, or one group of it. */
struct group_wait {
    struct request *request;
    int32_t group_at;
};
uint64_t group_wait_new(struct node *n, struct request *r, int32_t group_at);
/* group_admin_api.c: the four requests of administrators. */
void group_admin_begin(struct node *n, struct request *r);
void group_admin_answer(struct node *n, const struct group_wait *w, const struct group_action *a);
/* The coordinator's deadline has come. */
void group_api_timer(struct node *n);
/* Its offsets go with it. */
void group_api_topic_deleted(struct node *n, struct kafka_string topic);
/* `e` to the coordinator, and what it wants done. */
void group_api_step(struct node *n, const struct group_event *e);
/* Partition by partition at start: the records of its log, or none. */
int group_api_load(struct node *n, struct partition *p, struct disk *disk, struct err_text *error);
void group_api_load_empty(struct node *n, int32_t partition);

/* ---- the controller: changes of the metadata, one after the other ---- */

enum change_kind {
    CHANGE_CREATE,
    CHANGE_OFFSETS_TOPIC,
    CHANGE_DELETE,
    CHANGE_PARTITIONS,
    CHANGE_CONFIGS,
    CHANGE_PRODUCER_IDS,
    CHANGE_FOLDERS, /* of the metadata nothing: folders that could not be made before */
};

/* One thing of a request that wants a change: a topic, a resource with configs, or a block of ids. */
struct change_item {
    struct kafka_string name;        /* create, grow, delete by name; of a resource */
    struct kafka_uuid id;            /* delete by id */
    struct metadata_create create;   /* create, grow */
    struct metadata_alter alter;     /* configs */
    bool decided;                    /* set by the caller too, where there is nothing to decide: `outcome` is filled */
    struct metadata_outcome outcome; /* message is copied to the request's arena */
};

struct change {
    enum change_kind kind;
    struct request *request; /* who is answered; NULL: nobody, but continuation tells */
    struct change_item *items;
    int32_t item_count;
    bool validate_only;
    int64_t first_producer_id;
    int16_t error; /* the log refused */
    void (*done)(struct node *n, struct change *c);
    struct arena arena; /* holds the change itself and its items */
    struct change *next;
};

struct change *change_new(enum change_kind kind, struct request *r, int32_t items,
                          void (*done)(struct node *, struct change *));
/* Queues it; `done` is called with every outcome filled in, possibly at once, and the change is freed. */
void change_submit(struct node *n, struct change *c);
/* A doomed partition has gone: a topic of its name may be made now. */
void controller_doomed_gone(struct node *n, const struct partition *p);
/* A change has waited long enough for folders of deleted partitions. */
void controller_patience_over(struct node *n);
/* Tries again to make folders that are missing. */
void controller_folders_again(struct node *n);
/* Frees a change that was not submitted. */
void change_free(struct change *c);
/* For node_free. */
void controller_release(struct node *n);

/* ---- jobs and storage ---- */

/* A job of the node's own. `done` is called in the step of its EVENT_JOB_DONE and frees it. */
struct job {
    struct node_job base;
    void (*done)(struct node *n, struct job *j, int err);
    void (*drop)(struct job *j); /* frees it when the node goes away first */
    struct job *next, **link;    /* of those under way */
};
/* Hands it to a helper thread. */
void job_start(struct node *n, struct job *j);

/* Orders of jobs that belong to no partition. */
enum { ORDER_CHECKPOINTS = 1, ORDER_PARTITION_FIRST = 16 };

/* Sets the first deadlines of what is done by the clock. */
void storage_timers_start(struct node *n);
/* One of them has come. */
void storage_deadline(struct node *n, enum deadline_kind kind);
/* The text of checkpoint files, made on the loop thread and put in place elsewhere. A zeroed struct is empty. */
struct checkpoint_file {
    const char *path;
    struct buf text;
};
struct checkpoint_files {
    struct checkpoint_file files[4];
    int count;
};
/* Log starts, recovery points and high watermarks of all partitions that are here. */
void checkpoint_files_now(struct node *n, struct checkpoint_files *c);
int checkpoint_files_write(const struct checkpoint_files *c, struct disk *disk);
void checkpoint_files_release(struct checkpoint_files *c);
void checkpoint_hashes_forget(struct node *n);
/* Writes log-start-offset-checkpoint as of now; then delete_records_stored. One job serves all that wait meanwhile. */
void log_starts_await(struct node *n, struct request *r);
/* EVENT_SHUTDOWN. */
void shutdown_begin(struct node *n);
/* Looks whether the next stage of the shutdown can begin. */
void shutdown_continue(struct node *n);

/* ---- the node ---- */

enum shutdown_stage { SHUTDOWN_NOT, SHUTDOWN_LOGS, SHUTDOWN_CHECKPOINTS, SHUTDOWN_DONE };

struct node {
    const struct node_config *config;
    struct random random;
    struct node_time now;
    struct actions *out; /* during a step */

    struct kafka_uuid directory_id;
    char cluster_id[64];
    struct metadata_image image;
    struct partition *metadata; /* __cluster_metadata-0 */
    int32_t metadata_epoch;

    struct log_file_ids files;
    uint64_t last_order, last_token, last_lookup;
    struct table topics; /* name -> struct topic: those whose logs are here */
    struct partition **doomed;
    int doomed_count, doomed_capacity, doomed_next; /* doomed_next: who is looked at next */

    struct table connections; /* 8 bytes of id -> struct connection */
    struct request *free_requests, *requests;
    int free_request_count;
    int64_t held_bytes; /* of all connections */
    struct check_line *check_lines;
    int64_t watching_bytes; /* of the fetches that wait */
    struct table awaited;   /* 8 bytes of token -> struct append, partition or request, as the event knows */
    struct deadlines deadlines;
    int64_t wake_told_ns;

    struct group_coordinator *groups;
    struct deadline group_deadline, retention, recovery_points, high_watermarks, log_starts;

    struct change *changes, **changes_last; /* the first one is under way */
    bool change_running, changes_continuing;
    int32_t folders_blocked; /* by so many doomed partitions whose folders stand where new ones are to be made */
    bool folders_impatient;  /* they have been waited for: other changes go on */
    struct deadline folders_again, folders_patience, doomed_again;
    struct metadata_changes decided;
    int64_t producer_id_next, producer_id_end; /* our block */
    struct request *producer_id_first;         /* those that wait for a block */
    bool producer_id_asked;

    struct job *jobs;
    enum shutdown_stage shutdown;
    bool checkpoints_stale;                              /* they may name partitions of a topic that is deleted */
    uint64_t checkpoint_hashes[3];                       /* of what the checkpoint files say */
    struct request *log_starts_first, **log_starts_last; /* DeleteRecords that wait for the next write of the starts */
    bool log_starts_running;                             /* one is under way for others */
    int32_t logs_open;                                   /* a shutdown counts them again after so many steps */
    bool log_offline;                                    /* one of them could not be closed */
    uint64_t scrubbed;            /* `order` of the partition that had the last scrub; 0: begin again */
    struct partition *scrub_next; /* only while it is searched */
    bool disk_failed, started;
    int64_t connections_max; /* as the server was told; -1: not yet */
    struct buf opening_text; /* what recovery has to say, told in the first step */
};

/* A token for something awaited, found again by node_take_awaited. */
uint64_t node_await(struct node *n, void *owner);
/* NULL when nothing awaits it. */
void *node_take_awaited(struct node *n, uint64_t token);

/* --- actions.c: all take the references that an action holds --- */

/* An empty one at the end of the step's list. */
struct action *action_add(struct node *n, enum action_kind kind);
/* A line for the operator. */
void action_say(struct node *n, int level, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Warns the operator of each line of a text. */
void node_say_lines(struct node *n, struct slice text);
/* `holder` keeps the bytes; NULL: they lie in the list's arena. */
void action_append(struct node *n, const struct log_write *w, struct shared *holder, uint64_t token);
/* CLOSE, PAUSE, RESUME. */
void action_connection(struct node *n, enum action_kind kind, uint64_t connection);

#endif
