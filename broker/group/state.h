/* state.h - what the coordinator remembers, and the operations on it that the protocol is written in.
 *
 * The states of a group:
 *
 *                  first member [group_rebalance]
 *         Empty ---------------------------------> PreparingRebalance <------------------------+
 *           ^  \                                    |      ^                                   |
 *           |   \ nothing left [group_discard]      |      | join, leave, session over         | join, leave,
 *           |    v                                  |      | [group_rebalance]                 | session over
 *           |   (forgotten; Kafka's Dead)           |      |                                   | [group_rebalance]
 *           |                                       v      |                                   |
 *           +------------------------------ CompletingRebalance ---------------------------> Stable
 *             nobody joined [group_join_complete]        the leader's assignment is stored [group_assign_stored]
 *
 *     from                  -> to                    why                                     [function]
 *     Empty                 -> PreparingRebalance    the first member joins                  [group_rebalance]
 *     PreparingRebalance    -> CompletingRebalance   all have joined, or time is up          [group_join_complete]
 *     PreparingRebalance    -> Empty                 time is up and nobody is left           [group_join_complete]
 *     CompletingRebalance   -> Stable                the leader's assignment is stored       [group_assign_stored]
 *     CompletingRebalance   -> PreparingRebalance    someone joins, leaves, or did not sync  [group_rebalance]
 *     Stable                -> PreparingRebalance    someone joins anew, leaves, or expires  [group_rebalance]
 *     Empty                 -> (forgotten)           nothing is left of it                   [group_discard]
 *
 * A generation begins when joining completes. Whoever waits for JoinGroup has `awaiting_join`, whoever
 * waits for SyncGroup `awaiting_sync`; each holds the token to answer. A newcomer that was only given an id
 * (KIP-394) is pending: no member yet, but the join phase waits for it.
 *
 * Who calls whom: coordinator.c takes events apart and calls join.c, session.c (sync, heartbeat, leave),
 * offset.c, admin.c, load.c and, for stored appends, store.c; these use rebalance.c and tombstone.c, and all use
 * members.c. */
#ifndef MILLRACE_BROKER_GROUP_STATE_H
#define MILLRACE_BROKER_GROUP_STATE_H

#include "broker/group/deadline.h"
#include "broker/group/group.h"
#include "lib/base/random.h"
#include "lib/base/table.h"

enum group_state {
    GROUP_EMPTY,
    GROUP_PREPARING_REBALANCE,
    GROUP_COMPLETING_REBALANCE,
    GROUP_STABLE,
};

enum deadline_kind {
    DEADLINE_SESSION,   /* owner: the member, pending or not */
    DEADLINE_JOIN,      /* owner: the group; its join phase ends */
    DEADLINE_SYNC,      /* owner: the group; who has not synced by now is removed */
    DEADLINE_RETENTION, /* owner: the coordinator */
};

struct group_member {
    struct group *group;
    struct kafka_string id, instance_id, client_id, client_host; /* owned */
    int32_t session_timeout_ms, rebalance_timeout_ms;
    struct group_protocol *protocols; /* owned, distinct names, in order of preference */
    int32_t protocol_count;
    struct kafka_bytes assignment; /* owned */
    struct deadline session;
    uint64_t join_token, sync_token;
    bool awaiting_join, awaiting_sync;
    bool pending;                /* has an id, has not joined */
    bool is_new;                 /* its first join phase is not over */
    bool pending_sync;           /* joined this generation, has not synced */
    bool skip_assignment_served; /* of its last JoinGroup */
};

/* A committed offset. `written` is the token of the append that brought it, so that a later append that
 * is reported late, or an earlier one, finds its place. */
struct group_committed {
    struct kafka_string topic; /* owned */
    int32_t partition, leader_epoch;
    int64_t offset;
    struct kafka_string metadata; /* owned */
    int64_t commit_timestamp, expire_timestamp;
    uint64_t written;
};

struct group {
    struct group_coordinator *coordinator;
    struct kafka_string id; /* owned */
    int32_t partition;      /* of __consumer_offsets */
    enum group_state state, state_before;
    int64_t state_timestamp; /* wall clock; -1: not known (old records) */
    int32_t generation;
    struct kafka_string protocol_type; /* owned; null: never had a member */
    struct kafka_string protocol_name; /* owned; null: no generation */
    struct group_member *leader;       /* NULL: none; never so in CompletingRebalance and Stable */
    struct table members;              /* member id -> struct group_member, in order of joining */
    struct table pending_members;      /* member id -> struct group_member */
    struct table static_members;       /* instance id -> struct group_member */
    struct table protocol_support;     /* protocol name -> number of members that name it */
    int32_t awaiting_join_count, pending_sync_count;
    bool member_added;               /* since the initial delay began or was extended */
    bool stored;                     /* a record of the group is in the log */
    int64_t delay_ms, delay_left_ms; /* the initial delay under way and what may be added to it */
    struct deadline join, sync;
    uint64_t assign_token; /* the append of this generation's assignment, 0: none under way */
    struct table offsets;  /* topic NUL partition -> struct group_committed */
    int32_t append_count;  /* appends under way that hold offsets or this group's end */
};

/* One partition of __consumer_offsets. */
enum group_partition_state { GROUP_PARTITION_ABSENT, GROUP_PARTITION_LOADING, GROUP_PARTITION_LOADED };

struct group_coordinator {
    struct group_config config;
    struct random random;
    struct table groups; /* group id -> struct group */
    enum group_partition_state *partitions;
    struct deadlines deadlines;
    struct deadline retention;
    struct table appends; /* 8 bytes of token -> struct group_append_pending (store.h) */
    uint64_t last_append;
    int32_t member_count;                /* members and pending members */
    int64_t bytes;                       /* what members and offsets hold */
    int32_t skipped_bad, skipped_others; /* records, of the partition that is being loaded */
    /* of the step under way */
    struct group_time now;
    struct group_actions *out;
};

/* ---- coordinator.c: actions ---- */

struct group_action *group_action_add(struct group_coordinator *c, enum group_action_kind kind, uint64_t token,
                                      int16_t error);
void group_say(struct group_coordinator *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* KAFKA_NONE when the coordinator has the group's partition; the error to answer otherwise. */
int16_t group_partition_check(const struct group_coordinator *c, struct kafka_string group_id);

/* ---- members.c: groups and members ---- */

struct kafka_string group_string_copy(struct kafka_string s); /* owned; null stays null */
struct kafka_bytes group_bytes_copy(struct kafka_bytes b);
/* Copies for actions. */
struct kafka_string group_string_out(struct group_coordinator *c, struct kafka_string s);
struct kafka_bytes group_bytes_out(struct group_coordinator *c, struct kafka_bytes b);

struct group *group_find(const struct group_coordinator *c, struct kafka_string id);
/* Finds or makes it; NULL when there are too many. */
struct group *group_get(struct group_coordinator *c, struct kafka_string id);
/* Forgets a group with all that it holds; no append may be under way. */
void group_free(struct group *g);
/* Forgets it if nothing speaks for it: no member, offset, append under way or record in the log. Good to call
 * after anything that may have taken the last of these away. */
void group_discard(struct group *g);
void group_state_set(struct group *g, enum group_state state);
void group_protocol_set(struct group *g, struct kafka_string type, struct kafka_string name);
int32_t group_member_count(const struct group *g);
int64_t group_rebalance_timeout_ms(const struct group *g); /* the longest of its members */
/* The members as a list, for loops that remove some; free with free(). */
struct group_member **group_members(const struct table *members, int32_t *count);
void group_members_clear(struct group *g); /* all of them, pending ones too; nobody is answered */

/* Whether the group could settle on one of the join's protocols: all members name it. An empty group takes
 * any join that has a type and a protocol. */
bool group_supports(const struct group *g, const struct group_join *join);
/* The protocol that all members name and most put first; borrowed. Null when there is none. */
struct kafka_string group_protocol_select(const struct group *g);

struct group_member *group_member_find(const struct group *g, struct kafka_string id);
struct group_member *group_member_pending_find(const struct group *g, struct kafka_string id);
struct group_member *group_member_static_find(const struct group *g, struct kafka_string instance_id);
/* FENCED_INSTANCE_ID, UNKNOWN_MEMBER_ID, or NONE: then *out is the member. */
int16_t group_member_check(const struct group *g, struct kafka_string id, struct kafka_string instance_id,
                           struct group_member **out);
/* A member with this id that is not in the group yet; protocols and timeouts are the join's. */
struct group_member *group_member_new(struct group *g, struct kafka_string id, const struct group_join *join);
void group_member_add(struct group *g, struct group_member *m, struct kafka_string protocol_type);
/* A newcomer that has an id only. */
struct group_member *group_member_pending_add(struct group *g, struct kafka_string id);
/* Takes a member (pending or not) out and frees it; what it waits for is answered with `error` first. If it led,
 * nobody does until the next join phase ends: a rebalance must follow. */
void group_member_remove(struct group_member *m, int16_t error);
/* New protocols and timeouts of a member that joins again. */
void group_member_update(struct group_member *m, const struct group_join *join);
/* A static member under a new id. Who waits under the old one is told that it is fenced. */
void group_member_rename(struct group_member *m, struct kafka_string id);
void group_member_assign(struct group_member *m, struct kafka_bytes assignment);
void group_member_awaiting_join_set(struct group_member *m, bool awaiting);
void group_member_pending_sync_set(struct group_member *m, bool pending);
/* Whether the join names the same protocols with the same metadata, in the same order. */
bool group_member_matches(const struct group_member *m, const struct group_join *join);
/* Its metadata for a protocol; empty when it does not name it. */
struct kafka_bytes group_member_metadata(const struct group_member *m, struct kafka_string protocol);
/* A fresh id: instance or client id, '-', random uuid. The caller frees it. */
struct kafka_string group_member_id_new(struct group_coordinator *c, const struct group_join *join);

static inline bool group_string_empty(struct kafka_string s)
{
    return s.n <= 0;
}

/* ---- coordinator.c: answers ---- */

void group_answer_join_error(struct group_coordinator *c, uint64_t token, struct kafka_string member_id, int16_t error);
/* The generation as this member sees it; the leader gets the members. */
void group_answer_join(struct group_member *m, uint64_t token, struct kafka_string leader, bool with_members,
                       bool skip_assignment);
/* The member's assignment; on error `m` is not looked at. */
void group_answer_sync(struct group_coordinator *c, const struct group_member *m, uint64_t token, int16_t error);
/* COMMIT, DELETE_OFFSETS: each with its error. */
void group_answer_offsets(struct group_coordinator *c, enum group_action_kind kind, uint64_t token, int16_t error,
                          const struct group_offset *offsets, int32_t count);
/* What the member waits for is answered; nothing happens when it does not wait. */
void group_member_join_fail(struct group_member *m, int16_t error);
void group_member_sync_done(struct group_member *m, int16_t error);

/* ---- rebalance.c: the states ---- */

void group_session_restart(struct group_member *m); /* the member was heard of */
void group_rebalance(struct group *g);              /* not while one is under way */
/* Something changed: starts a rebalance, or ends the join phase under way if it waited for this. */
void group_rebalance_or_complete(struct group *g);
void group_join_maybe_complete(struct group *g);
void group_join_complete(struct group *g);
/* The leader's assignment is stored, or could not be. */
void group_assign_stored(struct group *g, const struct group_assignment *assignments, int32_t count, int16_t error);
void group_member_synced(struct group_member *m);
void group_session_expired(struct group_member *m);
void group_join_expired(struct group *g);
void group_sync_expired(struct group *g);

/* ---- requests ---- */

void group_join_handle(struct group_coordinator *c, const struct group_event *e);
void group_sync_handle(struct group_coordinator *c, const struct group_event *e);
void group_heartbeat_handle(struct group_coordinator *c, const struct group_event *e);
void group_leave_handle(struct group_coordinator *c, const struct group_event *e);
void group_commit_handle(struct group_coordinator *c, const struct group_event *e);
void group_fetch_handle(struct group_coordinator *c, const struct group_event *e);
void group_describe_handle(struct group_coordinator *c, const struct group_event *e);
void group_list_handle(struct group_coordinator *c, const struct group_event *e);
void group_delete_handle(struct group_coordinator *c, const struct group_event *e);
void group_delete_offsets_handle(struct group_coordinator *c, const struct group_event *e);

/* ---- offset.c, retention.c: committed offsets ---- */

/* The newer of what is there and what is put stays; newer by `written`, a tie goes to what is put. */
void group_offset_put(struct group *g, const struct group_offset *o, int64_t commit_timestamp, int64_t expire_timestamp,
                      uint64_t written);
/* Unless it was written later. */
void group_offset_remove(struct group *g, struct kafka_string topic, int32_t partition, uint64_t written);
bool group_offset_exists(const struct group *g, struct kafka_string topic, int32_t partition);
void group_offsets_free(struct group *g);
void group_topic_deleted(struct group_coordinator *c, struct kafka_string topic);
/* The topics that the members of a group of consumers read, as keys; false when a subscription cannot be read. */
bool group_subscribed_topics(const struct group *g, struct table *topics);
/* The periodic check: what has outlived its retention gets tombstones. */
void group_retention_check(struct group_coordinator *c);

/* ---- load.c: the start ---- */

void group_load_begin(struct group_coordinator *c, int32_t partition);
void group_load_record(struct group_coordinator *c, const struct group_event *e);
void group_load_end(struct group_coordinator *c, int32_t partition);

#endif
