/* group.h - the group coordinator: classic consumer groups and committed offsets, as a pure machine.
 *
 *                      +-------------------------------------------------------------+
 *   group_event -----> |  groups: members, generation, assignment     offsets        | -----> group_actions
 *   (join, sync, ...,  |  deadlines: sessions, rebalances, retention                 |   (answer a request,
 *    stored, timer)    +-------------------------------------------------------------+    append records)
 *
 *   group_coordinator_new
 *   GROUP_LOAD_BEGIN p, GROUP_LOAD_RECORD p ..., GROUP_LOAD_END p     for each partition of __consumer_offsets
 *   group_step(c, now, &event, &actions); carry the actions out; group_actions_reset(&actions)
 *   group_coordinator_free
 *
 * Every request event has a `token` of the caller's choice and is answered exactly once by an action with
 * the same token: at once, or later when others have joined, the leader has synced, or records are stored.
 * Nothing is answered or cancelled when a client's connection goes; its session does time out, and an
 * answer to a client that has gone is dropped by the caller.
 *
 * What must be durable before what may be said: GROUP_APPEND asks for records to be appended to one
 * partition of __consumer_offsets, as one batch. When they are stored as acks=all stores, the caller
 * reports GROUP_STORED with the append's token; only then are the commit or the SyncGroup that waited
 * for them answered. Appends to one partition are to be reported in their order.
 *
 * Ownership: an event's strings and arrays are borrowed for the call. An action's live in the action
 * list until group_actions_reset. Strings and bytes are lib/kafka's (n = -1 is null).
 *
 * Errors are Kafka's codes (lib/kafka/error_code.h), since they are what this protocol is made of; but no
 * API version is known here: where the protocol changed, the event has a flag.
 *
 * The states of a group are drawn in state.h, what the records look like in record.h.
 * Sources: KIP-345 (static members), KIP-394 (member id required), KIP-134 (initial delay), KIP-211
 * (retention of offsets), KIP-814 (skip assignment). */
#ifndef MILLRACE_BROKER_GROUP_GROUP_H
#define MILLRACE_BROKER_GROUP_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/bytes.h"
#include "lib/kafka/error_code.h"
#include "lib/kafka/schema.h"

struct group_coordinator;

/* ---- configuration: Kafka's keys; group_config_default gives Kafka's defaults ---- */

struct group_config {
    int32_t partition_count;            /* of __consumer_offsets: offsets.topic.num.partitions (50) */
    int64_t session_timeout_min_ms;     /* group.min.session.timeout.ms (6,000) */
    int64_t session_timeout_max_ms;     /* group.max.session.timeout.ms (1,800,000) */
    int64_t initial_rebalance_delay_ms; /* group.initial.rebalance.delay.ms (3,000); 0 is allowed */
    int32_t group_size_max;             /* group.max.size (INT32_MAX) */
    int64_t offsets_retention_ms;       /* offsets.retention.minutes (7 days) */
    int64_t retention_check_ms;         /* offsets.retention.check.interval.ms (600,000) */
    int32_t offset_metadata_bytes_max;  /* offset.metadata.max.bytes (4,096) */
    int32_t group_count_max;            /* ours: groups in memory (100,000) */
    int32_t member_count_max;           /* ours: members of all groups, pending ones too (100,000) */
    int64_t bytes_max;                  /* ours: what all groups hold: metadata, assignments, offsets (512 MiB) */
    int32_t protocol_count_max;         /* ours: distinct protocols a member may name (100) */
    int32_t member_bytes_max;           /* ours: a member's metadata over all its protocols (4 MiB) */
};

struct group_config group_config_default(void);

/* ---- events ---- */

enum group_event_kind {
    /* requests; answered by the action of the same name, with the same token */
    GROUP_JOIN,
    GROUP_SYNC,
    GROUP_HEARTBEAT,
    GROUP_LEAVE,
    GROUP_COMMIT,
    GROUP_FETCH,
    GROUP_DESCRIBE,       /* several groups in one request */
    GROUP_LIST,           /* all groups */
    GROUP_DELETE,         /* a group without members, with its offsets */
    GROUP_DELETE_OFFSETS, /* offsets of topics that nobody in the group reads (KIP-496) */
    /* from the rest of the node */
    GROUP_STORED,        /* what GROUP_APPEND `token` asked for is stored, or failed with `error` */
    GROUP_TIMER,         /* actions.wake_ms has come */
    GROUP_TOPIC_DELETED, /* `topic` is gone: so are its offsets */
    /* start: `partition` of __consumer_offsets is here. Before BEGIN its groups answer NOT_COORDINATOR,
     * until END they answer COORDINATOR_LOAD_IN_PROGRESS. A new, empty partition has no records. */
    GROUP_LOAD_BEGIN,
    GROUP_LOAD_RECORD, /* `key` and `value` of the next record; a null value is a tombstone */
    GROUP_LOAD_END,
};

/* One way of assigning that a member offers ("range"), and its subscription in that way's format. */
struct group_protocol {
    struct kafka_string name;
    struct kafka_bytes metadata;
};

struct group_join {
    struct kafka_string member_id;   /* empty for a newcomer */
    struct kafka_string instance_id; /* null for a dynamic member */
    struct kafka_string client_id, client_host;
    int32_t session_timeout_ms;
    int32_t rebalance_timeout_ms; /* negative: the same as the session timeout (JoinGroup 0) */
    struct kafka_string protocol_type;
    const struct group_protocol *protocols; /* in order of preference */
    int32_t protocol_count;
    bool member_id_required;     /* newcomers first get an id, then join with it (JoinGroup 4, KIP-394) */
    bool skip_assignment_served; /* the client understands skip_assignment (JoinGroup 9, KIP-814) */
};

struct group_assignment {
    struct kafka_string member_id;
    struct kafka_bytes assignment;
};

struct group_sync {
    int32_t generation;
    struct kafka_string member_id, instance_id;
    struct kafka_string protocol_type, protocol_name; /* null where the client does not say (SyncGroup < 5) */
    const struct group_assignment *assignments;       /* from the leader */
    int32_t assignment_count;
};

struct group_heartbeat {
    int32_t generation;
    struct kafka_string member_id, instance_id;
};

struct group_leaver {
    struct kafka_string member_id, instance_id; /* an empty member id: whoever has this instance id */
};

struct group_leave {
    const struct group_leaver *members; /* one of them before LeaveGroup 3 */
    int32_t member_count;
};

/* A committed offset of one partition, in requests and answers alike. */
struct group_offset {
    struct kafka_string topic;
    int32_t partition;
    int64_t offset;       /* fetch: -1 when nothing is committed */
    int32_t leader_epoch; /* -1 when unknown */
    struct kafka_string metadata;
    int16_t error; /* answers only */
};

/* The caller has already taken out partitions that do not exist (UNKNOWN_TOPIC_OR_PARTITION). */
struct group_commit {
    int32_t generation; /* -1 with an empty member id: a consumer that assigns by itself */
    struct kafka_string member_id, instance_id;
    int64_t retention_ms; /* OffsetCommit 2-4; -1: the broker's */
    bool group_named;     /* a generation of an unknown group is GROUP_ID_NOT_FOUND (OffsetCommit 9) rather than
                             ILLEGAL_GENERATION */
    const struct group_offset *offsets;
    int32_t offset_count;
};

struct group_fetch {
    bool all;                           /* every partition that has an offset */
    const struct group_offset *offsets; /* otherwise: topic and partition of each */
    int32_t offset_count;
};

struct group_describe {
    const struct kafka_string *ids;
    int32_t id_count;
};

struct group_event {
    enum group_event_kind kind;
    uint64_t token;               /* requests and GROUP_STORED */
    struct kafka_string group_id; /* requests */
    union {
        struct group_join join;
        struct group_sync sync;
        struct group_heartbeat heartbeat;
        struct group_leave leave;
        struct group_commit commit;
        struct group_fetch fetch;
        struct group_describe describe;
        struct group_fetch delete_offsets; /* `all` is not used */
    };
    int16_t error;             /* GROUP_STORED: KAFKA_NONE, or why the log refused (KAFKA_STORAGE_ERROR, ...) */
    struct kafka_string topic; /* GROUP_TOPIC_DELETED */
    int32_t partition;         /* GROUP_LOAD_... */
    struct kafka_bytes key, value;
};

/* ---- actions ---- */

enum group_action_kind {
    GROUP_ANSWER_JOIN,
    GROUP_ANSWER_SYNC,
    GROUP_ANSWER_HEARTBEAT, /* only `error` */
    GROUP_ANSWER_LEAVE,
    GROUP_ANSWER_COMMIT,
    GROUP_ANSWER_FETCH,
    GROUP_ANSWER_DESCRIBE,
    GROUP_ANSWER_LIST,
    GROUP_ANSWER_DELETE, /* only `error` */
    GROUP_ANSWER_DELETE_OFFSETS,
    GROUP_APPEND,
    GROUP_SAY, /* `text`: a line of level WARN for the operator */
};

struct group_joined_member {
    struct kafka_string member_id, instance_id;
    struct kafka_bytes metadata; /* for the protocol that was chosen */
};

/* On error: generation -1, protocol_type and protocol_name null, leader empty; member_id as the client sent
 * it, or the new one with MEMBER_ID_REQUIRED. */
struct group_joined {
    int32_t generation;
    struct kafka_string protocol_type, protocol_name, leader, member_id;
    bool skip_assignment;
    struct group_joined_member *members; /* for the leader; others get none */
    int32_t member_count;
};

/* On error: protocol_type and protocol_name null, assignment empty. */
struct group_synced {
    struct kafka_string protocol_type, protocol_name;
    struct kafka_bytes assignment;
};

struct group_left_member {
    struct kafka_string member_id, instance_id; /* as asked */
    int16_t error;
};

/* `error` of the action is for the request as a whole, then there are no members. */
struct group_left {
    struct group_left_member *members;
    int32_t member_count;
};

/* ANSWER_COMMIT: every partition asked for, in that order, with its `error`; the action's own error is
 * not used. ANSWER_FETCH: every partition asked for, or all that have an offset (those of one topic
 * stand together); the action's own error is NONE, or it is the group's and there are no offsets.
 * ANSWER_DELETE_OFFSETS: as ANSWER_COMMIT, but an error of the action stands for all. */
struct group_offsets {
    struct group_offset *offsets;
    int32_t offset_count;
};

/* `protocol_name` and the members' `metadata` and `assignment` are there while the group is stable; until then
 * they are empty. Names of states are Kafka's: "Empty", "PreparingRebalance", "CompletingRebalance", "Stable", and
 * "Dead" for a group that is not known. */
struct group_described_member {
    struct kafka_string member_id, instance_id, client_id, client_host;
    struct kafka_bytes metadata, assignment;
};

struct group_described {
    int16_t error; /* then only the id is there */
    struct kafka_string group_id, state, protocol_type, protocol_name;
    struct group_described_member *members; /* LIST: none */
    int32_t member_count;
};

/* ANSWER_DESCRIBE: each group asked for, in that order; ANSWER_LIST: all that are known, sorted by id. */
struct group_descriptions {
    struct group_described *groups;
    int32_t group_count;
};

struct group_record {
    struct kafka_bytes key, value; /* a null value is a tombstone */
};

struct group_append {
    int32_t partition; /* of __consumer_offsets */
    struct group_record *records;
    int32_t record_count;
};

struct group_action {
    enum group_action_kind kind;
    uint64_t token; /* of the request answered; of the append, for its GROUP_STORED */
    int16_t error;  /* answers: the error of the whole */
    union {
        struct group_joined joined;
        struct group_synced synced;
        struct group_left left;
        struct group_offsets offsets;
        struct group_descriptions descriptions;
        struct group_append append;
        const char *text;
    };
};

/* Zero it before first use. After every step `wake_ms` says when a GROUP_TIMER is wanted (INT64_MAX:
 * never); a GROUP_TIMER that comes early does no harm. */
struct group_actions {
    struct group_action *items;
    int32_t count, capacity;
    int64_t wake_ms;
    struct arena arena;
};

void group_actions_reset(struct group_actions *a); /* keeps the memory */
void group_actions_release(struct group_actions *a);

/* ---- the machine ---- */

struct group_time {
    int64_t monotonic_ms; /* for deadlines; never goes back */
    int64_t wall_ms;      /* for commit timestamps and their retention */
};

/* `seed` feeds member ids. Aborts only when memory is gone. */
struct group_coordinator *group_coordinator_new(const struct group_config *config, uint64_t seed);
void group_coordinator_free(struct group_coordinator *c);

/* Adds what is to be done to `out`, which may hold actions already. */
void group_step(struct group_coordinator *c, struct group_time now, const struct group_event *e,
                struct group_actions *out);

/* Partition of __consumer_offsets that keeps this group: String.hashCode over UTF-16 units, made
 * non-negative as Kafka does (INT_MIN becomes 0), modulo the number of partitions. */
int32_t group_partition_of(struct kafka_string group_id, int32_t partition_count);

#endif
