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
 * Each part has its header (requests.h, partitions.h, appends.h, apis.h, controller.h, storage.h, node_deadline.h);
 * this one has the node that they are parts of, and what all of them use. */
#ifndef MILLRACE_BROKER_NODE_INTERNAL_H
#define MILLRACE_BROKER_NODE_INTERNAL_H

#include "broker/group/deadline.h"
#include "broker/group/group.h"
#include "broker/log/log.h"
#include "broker/metadata/metadata.h"
#include "broker/metadata/topic_config.h"
#include "broker/node/apis.h"
#include "broker/node/appends.h"
#include "broker/node/config.h"
#include "broker/node/config_keys.h"
#include "broker/node/controller.h"
#include "broker/node/node.h"
#include "broker/node/node_deadline.h"
#include "broker/node/partitions.h"
#include "broker/node/requests.h"
#include "broker/node/storage.h"
#include "lib/base/log.h"
#include "lib/base/random.h"
#include "lib/base/table.h"
#include "lib/kafka/api.h"
#include "lib/kafka/error_code.h"
#include "lib/kafka/messages.h"

#define METADATA_TOPIC "__cluster_metadata"
#define OFFSETS_TOPIC  "__consumer_offsets"

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
