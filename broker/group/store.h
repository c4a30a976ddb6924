/* store.h - what waits for records to be stored.
 *
 *     group_append_new(g, kind)     a token, and memory for what must be remembered until then
 *     fill it in
 *     group_append_emit(p, ...)     GROUP_APPEND
 *        ...
 *     group_stored(c, token, error) GROUP_STORED: acts, answers, forgets
 *
 * A group with an append under way is never freed (append_count), so `group` stays good; its state may have
 * moved on, which is why what needs a generation remembers it. */
#ifndef MILLRACE_BROKER_GROUP_STORE_H
#define MILLRACE_BROKER_GROUP_STORE_H

#include "broker/group/state.h"

enum group_append_kind {
    GROUP_APPEND_COMMIT,     /* offsets: take effect and are answered when stored */
    GROUP_APPEND_ASSIGNMENT, /* the leader's assignment: then the group is stable and all syncs are answered */
    GROUP_APPEND_STATIC,     /* a static member's new id: then its join is answered */
    GROUP_APPEND_EMPTY,      /* the group without members: nobody waits */
    GROUP_APPEND_TOMBSTONES, /* offsets, perhaps the group itself, go when stored */
};

/* Who waits for tombstones. */
enum tombstone_answer { TOMBSTONES_UNANSWERED, TOMBSTONES_ANSWER_DELETE, TOMBSTONES_ANSWER_OFFSETS };

struct group_append_pending {
    enum group_append_kind kind;
    struct group *group;
    uint64_t token;
    struct arena arena;           /* of what follows */
    uint64_t request;             /* COMMIT, TOMBSTONES with an answer: whom to answer */
    struct group_offset *offsets; /* COMMIT: all that were asked for; TOMBSTONES: topic and partition */
    int32_t offset_count;
    int64_t commit_timestamp, expire_timestamp;
    int32_t generation;                   /* ASSIGNMENT, STATIC, TOMBSTONES with the group */
    struct group_assignment *assignments; /* ASSIGNMENT */
    int32_t assignment_count;
    struct kafka_string member_id, leader; /* STATIC: the new id; the leader before */
    bool group_ends;                       /* TOMBSTONES: the group's own is among them */
    enum tombstone_answer answer;          /* TOMBSTONES */
    bool last;                             /* TOMBSTONES: no further append of its request follows */
    int16_t error;                         /* TOMBSTONES: of an earlier append of the request */
    struct group_offset *asked;            /* TOMBSTONES: what an OffsetDelete named, each with its error */
    int32_t asked_count;
};

struct group_append_pending *group_append_new(struct group *g, enum group_append_kind kind);
/* `records` must live in the action list's arena. */
void group_append_emit(struct group_append_pending *p, struct group_record *records, int32_t count);
/* The group itself as it is; `assignments` NULL: what the members have. */
void group_append_emit_group(struct group_append_pending *p, const struct group_assignment *assignments, int32_t count);
void group_stored(struct group_coordinator *c, uint64_t token, int16_t error);
/* What a client is told when the log refused. */
int16_t group_append_error(int16_t error);
/* At the end of the coordinator: nobody is answered. */
void group_appends_free(struct group_coordinator *c);

#endif
