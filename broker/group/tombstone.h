/* tombstone.h - what is to be forgotten, as appends of tombstones to the group's partition.
 *
 *     struct tombstones t = {.g = g};
 *     tombstones_offset, tombstones_commits, tombstones_group      in any number
 *     tombstones_flush(&t)                                         what is left goes out
 *
 * An append holds at most a thousand records, so one call may become several appends. What they remove goes when they
 * are stored, in the order of the log: a commit that comes after them stays.
 *
 * With `answer` a request waits: it is answered when the last append is stored, with the first error there was
 * (tombstones_stored). If nothing was added there is no append, and the caller answers. */
#ifndef MILLRACE_BROKER_GROUP_TOMBSTONE_H
#define MILLRACE_BROKER_GROUP_TOMBSTONE_H

#include "broker/group/store.h"

struct tombstones {
    struct group *g;
    enum tombstone_answer answer;
    uint64_t request;                 /* whom to answer */
    const struct group_offset *asked; /* OFFSETS: what the request named, each with its error; copied */
    int32_t asked_count;
    struct group_append_pending *p; /* private: the append being filled; NULL: none begun */
    struct group_record *records;
    int32_t count, room; /* of the records, and so of its offsets, which are no more */
};

void tombstones_offset(struct tombstones *t, struct kafka_string topic, int32_t partition);
/* The offsets of commits that are on their way: they come before the tombstones in the log. `topic` null: of all. */
void tombstones_commits(struct tombstones *t, struct kafka_string topic);
/* The group's own record. */
void tombstones_group(struct tombstones *t);
/* False when nothing was added. */
bool tombstones_flush(struct tombstones *t);

/* store.c: an append of them is stored, or could not be. */
void tombstones_stored(struct group_append_pending *p, int16_t error);

#endif
