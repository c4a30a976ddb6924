/* history.h - what clients were told, kept to hold the broker to it.
 *
 *     history.c     records: which one is at which offset, what was acknowledged, how far was shown
 *     starts.c      where logs start, and what retention may take
 *     survival.c    what a crash left on the disk
 *     offsets.c     committed offsets of groups
 *     passing.c     the topic that comes and goes
 *     ownership.c   which member owns which partition in which generation
 *
 * The promises that are checked here (docs/architecture.md, "The broker"):
 *   - an offset that was acknowledged or seen never shows other bytes, and no offset is given out twice
 *   - after a crash everything acknowledged or shown is there, where the mode promises it: under group commit
 *     always; in the other modes unless the power was cut, and then the log is a prefix of what it was, which
 *     holds all that the disk has kept, in interval mode also all that was older than the interval
 *   - what a start has recovered is durable: the next power cut does not take it
 *   - offsets are dense; nothing is shown that nobody sent, no bytes are changed
 *   - records of an idempotent producer appear at most once, in order, and once when acknowledged */
#ifndef MILLRACE_TESTS_SIM_HISTORY_H
#define MILLRACE_TESTS_SIM_HISTORY_H

#include "lib/base/bytes.h"
#include "lib/kafka/messages_data.h"

struct sim;

/* One sequence of records into one partition, of one producer id where it is idempotent; records are numbered from 0.
 */
struct lane {
    uint32_t id; /* 1, 2, ... */
    bool idempotent;
    int partition;      /* number in the history */
    int64_t *offset_of; /* of each record, -1 while unknown; the latest where there may be more */
    uint32_t count, capacity;
    uint8_t *claimed;    /* of each record: the broker says that it stored it, but not where */
    int64_t *stamp_ms;   /* of each record */
    int64_t last_number; /* in an audit: of the last record seen */
};

/* What is known of one offset. */
struct fact {
    uint32_t lane, number; /* lane 0: nothing is known */
    uint64_t hash;         /* of the record as a consumer saw it; 0: not seen */
    int64_t acked_ns;      /* and when, if it was */
    int32_t bytes;         /* of its batch, at the last record of one */
    bool acked;
};

struct told_partition {
    char topic[32];
    int32_t index;
    struct fact *facts; /* by offset */
    int64_t end, capacity;
    int64_t start;           /* the last log start that was told */
    uint64_t start_event;    /* and when */
    int64_t judged;          /* below: retention was allowed to take it */
    int64_t delete_asked;    /* below: DeleteRecords may have taken it */
    int64_t deleted;         /* below: it says that it has */
    int64_t unsettled_bytes; /* of batches that may have been stored */
    int64_t rotten;          /* where a start may end the log, because a bit has turned over; INT64_MAX: nowhere */
    int64_t survived;        /* where what the disk kept ends, before a start */
    int64_t flushed;         /* what interval mode promised at the last power cut */
    int64_t shown;           /* the highest high watermark that was told */
    uint64_t shown_event;    /* and when */
    int64_t recovered;       /* the end at the last start: durable since */
    int64_t acked;           /* records ever acknowledged */
};

struct commit {
    int64_t value;
    int32_t generation;
    uint64_t sent, acked; /* numbers of events; acked 0: not yet, or never */
    int64_t sent_ns;
    bool expired; /* the broker said that there is none, and it was old enough for that */
};

struct told_offset {
    int group, partition;
    struct commit *commits;
    int count;
    struct commit *sent; /* each that was ever sent: where logs are damaged, an overtaken one may come back */
    int sent_count;
};

struct told_owner {
    int group;
    int32_t generation, partition;
    uint64_t leader; /* who assigned it */
    char member[64];
};

struct told_generation {
    int group;
    int32_t generation;
    uint64_t synced; /* number of the event in which a member learned its assignment */
};

/* What is known of the topic that comes and goes. */
struct passing_id {
    struct kafka_uuid id;
    uint64_t told; /* in which event first */
};

struct passing {
    uint64_t *acked; /* of each record: number of the event, 0 not yet or never */
    uint64_t count, capacity;
    struct passing_id *ids;
    int id_count;
    uint64_t deletion_sent, deletion_told; /* of the latest one that was answered */
};

enum told_presence { TOPIC_ABSENT, TOPIC_PRESENT, TOPIC_UNKNOWN };

struct history {
    struct told_partition *partitions;
    int partition_count;
    struct lane **lanes;
    int lane_count;
    struct told_offset *offsets;
    int offset_count;
    struct told_owner *owners;
    int owner_count;
    struct told_generation generations[4]; /* the latest of each group */
    enum told_presence passing;            /* the topic that comes and goes */
    bool passing_muddled;                  /* requests about it may still be on their way */
    int64_t *producer_ids;                 /* ever given out */
    int producer_id_count;
};

void history_release(struct history *h);
int history_partition_add(struct history *h, const char *topic, int32_t index);
int history_partition_find(const struct history *h, struct kafka_string topic, int32_t index); /* -1: not ours */
struct lane *history_lane_add(struct history *h, int partition, bool idempotent);

/* The value of a record: says who sent it, and the rest follows from that. */
void record_value(uint32_t lane, uint32_t number, struct buf *out);

/* Records [number, number + count) of a lane were acknowledged at these offsets; their batch has so many bytes. */
void history_acked(struct sim *s, struct lane *l, uint32_t number, int32_t count, int64_t base_offset, size_t bytes);
/* They were stored before, says the broker (DUPLICATE_SEQUENCE_NUMBER), without their offsets: older batches of a
 * producer than its last one do not survive a restart in Kafka's producer snapshots. */
void history_claimed(struct lane *l, uint32_t number, int32_t count);
/* An audit has read everything: what was claimed must have been there. */
void history_claims_check(struct sim *s);
/* A high watermark was told, in answer to a request that was sent in that event: it never goes back. */
void history_shown(struct sim *s, int partition, int64_t high_watermark, uint64_t sent);
/* Records were fetched from `offset`: checks each; the offset after the last one. `auditing` also checks their
 * order, from lanes whose last_number was reset. */
int64_t history_fetched(struct sim *s, int partition, int64_t offset, int64_t high_watermark, struct slice records,
                        uint64_t sent, bool auditing);
/* After a start: the log says it begins and ends here. What may be lost is forgotten, the rest must be there. */
void history_recovered(struct sim *s, int partition, int64_t start, int64_t end);
void history_orders_reset(struct history *h);
/* A producer id was given out: to nobody else before. */
void history_producer_id(struct sim *s, int64_t id);

/* --- starts.c --- */

/* A batch was sent, or (negative) its fate is known. */
void history_sent_bytes(struct told_partition *p, int64_t n);
/* DeleteRecords is asked for, or has answered. */
void history_delete_asked(struct told_partition *p, int64_t offset);
void history_deleted(struct sim *s, int partition, int64_t start, uint64_t sent);
/* A log start was told, in answer to a request that was sent in that event. */
void history_started(struct sim *s, int partition, int64_t start, uint64_t sent);

/* --- survival.c --- */

/* The power goes: notes what the mode promises all the same. */
void survival_promise(struct sim *s);
/* Before a start: where the valid batches on the disk end. */
void survival_look(struct sim *s);

/* --- offsets.c --- */

void offsets_sent(struct sim *s, int group, int partition, int32_t generation, int64_t value);
void offsets_acked(struct sim *s, int group, int partition, int64_t value);
/* An offset (or -1) was fetched by a request sent in that event. */
void offsets_told(struct sim *s, int group, int partition, int64_t value, uint64_t sent);
/* After a start nothing is under way: what is told now is what there is. */
void offsets_recovered(struct sim *s, int group, int partition, int64_t value);

/* --- passing.c --- */

void passing_release(struct passing *p);
/* Of a record that will be sent. */
uint64_t passing_number(struct passing *p);
void passing_acked(struct sim *s, uint64_t first, int32_t count);
/* The topic is gone: says the answer to a request that was sent in that event. */
void passing_deleted(struct sim *s, uint64_t sent);
void passing_id_told(struct sim *s, const struct kafka_uuid *id, uint64_t sent);
void passing_fetched(struct sim *s, struct slice records, uint64_t sent);

/* --- ownership.c --- */

/* A member learned from SyncGroup that it owns a partition. */
void ownership_told(struct sim *s, int group, int32_t generation, uint64_t leader, const char *member,
                    int32_t partition);
/* A member learned that its generation has begun; commits of older ones must fail from now on. */
void ownership_synced(struct sim *s, int group, int32_t generation);
void ownership_commit_acked(struct sim *s, int group, int32_t generation, uint64_t sent);
/* Generations may come again: the records of the groups were lost. */
void ownership_forget(struct history *h);

#endif
