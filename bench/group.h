/* group.h - a consumer group whose members come and go: each a client (librdkafka) and a thread of its own.
 *
 *     group_init(&g, ...);  group_join(&g, 0, &error); ...  group_formed(&g, 3, partitions, timeout_ms)
 *     group_leave(&g, 0);   ...                             group_release(&g)
 *
 * `received` is called for each record, by the thread of the member that got it: several at once. Members commit what
 * they had every 100 ms and when they give a partition back, so what a rebalance delivers twice is what they could not
 * commit. */
#ifndef MILLRACE_BENCH_GROUP_H
#define MILLRACE_BENCH_GROUP_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

/* A member learns of a rebalance by its next heartbeat or commit, and librdkafka joins at most once a second. */
enum { GROUP_MEMBERS_MAX = 16, GROUP_HEARTBEAT_MS = 250 };

/* queued.min.messages of a deep queue. A client that has more than this (by default 100,000, of all partitions
 * together, because their queues are one) asks for nothing more and, in librdkafka 2.0, looks again after a second,
 * however fast the queue is emptied; fetch.queue.backoff.ms came with 2.2 (librdkafka's issue 2879). */
#define GROUP_QUEUE_MESSAGES "4000000"

struct group;

struct group_member {
    struct group *group;
    int number;
    rd_kafka_t *client; /* NULL: not in the group */
    pthread_t thread;
    _Atomic bool stop;
};

struct group {
    const char *bootstrap, *topic;
    const char *strategy; /* partition.assignment.strategy */
    bool deep;            /* queues that a complete topic cannot fill: GROUP_QUEUE_MESSAGES, 2 GB */
    char id[64];          /* one that nobody used before */
    void (*received)(void *context, int member, int32_t partition, uint64_t number, int64_t now_ns);
    void *context;
    struct group_member members[GROUP_MEMBERS_MAX];
};

/* The texts are borrowed. */
void group_init(struct group *g, const char *bootstrap, const char *topic, const char *strategy);
int group_join(struct group *g, int member, struct err_text *error);
/* Says good-bye and waits for the end; one that is not in the group is fine. */
void group_leave(struct group *g, int member);
/* Waits until the first `members` of them have all `partitions` between them, none of them none. ERR_IO when that takes
 * longer. */
int group_formed(struct group *g, int members, int partitions, int timeout_ms, struct err_text *error);
/* All leave. */
void group_release(struct group *g);

#endif
