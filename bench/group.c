#include "bench/group.h"

#include <stdio.h>
#include <string.h>

#include "bench/kafka_client.h"
#include "lib/os/clock.h"

/* To give back what it has; then the good-bye itself, which nobody tells us about. */
enum { LEAVE_MS = 5000, GOODBYE_MS = 150 };

void group_init(struct group *g, const char *bootstrap, const char *topic, const char *strategy)
{
    memset(g, 0, sizeof *g);
    g->bootstrap = bootstrap;
    g->topic = topic;
    g->strategy = strategy;
    snprintf(g->id, sizeof g->id, "bench-%lld", (long long)clock_mono_ns());
}

/* How many partitions a member has; -1 when it does not say. */
static int partitions_of(const struct group_member *m)
{
    rd_kafka_topic_partition_list_t *list = NULL;
    if (!m->client || rd_kafka_assignment(m->client, &list) != 0) return -1;
    int count = list->cnt;
    rd_kafka_topic_partition_list_destroy(list);
    return count;
}

static void consume_one(struct group_member *m)
{
    rd_kafka_message_t *message = rd_kafka_consumer_poll(m->client, 20);
    int64_t now_ns = clock_mono_ns();
    uint64_t number;
    if (!message) return;
    if (!message->err && message->len >= sizeof number) {
        memcpy(&number, message->payload, sizeof number);
        m->group->received(m->group->context, m->number, message->partition, number, now_ns);
    }
    rd_kafka_message_destroy(message);
}

/* A cooperative member of librdkafka 2.0 that only closes says no good-bye: the others would wait for its session to
 * end. One that unsubscribes does. */
static void *consume(void *context)
{
    struct group_member *m = context;
    while (!m->stop) consume_one(m);
    rd_kafka_unsubscribe(m->client);
    int64_t give_up_ns = clock_mono_ns() + LEAVE_MS * INT64_C(1000000);
    while (partitions_of(m) > 0 && clock_mono_ns() < give_up_ns) consume_one(m);
    give_up_ns = clock_mono_ns() + GOODBYE_MS * INT64_C(1000000);
    while (clock_mono_ns() < give_up_ns) consume_one(m);
    rd_kafka_consumer_close(m->client);
    return NULL;
}

int group_join(struct group *g, int member, struct err_text *error)
{
    char heartbeat[16];
    struct group_member *m = &g->members[member];
    snprintf(heartbeat, sizeof heartbeat, "%d", GROUP_HEARTBEAT_MS);
    m->client = kafka_client_new(RD_KAFKA_CONSUMER,
                                 kafka_client_conf(g->bootstrap, "group.id", g->id, "partition.assignment.strategy",
                                                   g->strategy, "heartbeat.interval.ms", heartbeat,
                                                   "session.timeout.ms", "6000", "auto.commit.interval.ms", "100",
                                                   "fetch.wait.max.ms", "100", "auto.offset.reset", "earliest",
                                                   "queued.min.messages", g->deep ? GROUP_QUEUE_MESSAGES : "100000",
                                                   "queued.max.messages.kbytes", g->deep ? "2097151" : "65536", NULL),
                                 error);
    if (!m->client) return ERR_IO;
    m->group = g;
    m->number = member;
    m->stop = false;
    rd_kafka_poll_set_consumer(m->client);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, g->topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t rc = rd_kafka_subscribe(m->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (rc == 0 && pthread_create(&m->thread, NULL, consume, m) == 0) return 0;
    rd_kafka_destroy(m->client);
    m->client = NULL;
    return err_set(error, ERR_IO, "subscribe %s: %s", g->topic, rd_kafka_err2str(rc));
}

void group_leave(struct group *g, int member)
{
    struct group_member *m = &g->members[member];
    if (!m->client) return;
    m->stop = true;
    pthread_join(m->thread, NULL);
    rd_kafka_destroy(m->client);
    m->client = NULL;
}

int group_formed(struct group *g, int members, int partitions, int timeout_ms, struct err_text *error)
{
    int64_t give_up_ns = clock_mono_ns() + (int64_t)timeout_ms * 1000000;
    while (clock_mono_ns() < give_up_ns) {
        int sum = 0, idle = 0;
        for (int i = 0; i < members; i++) {
            int count = partitions_of(&g->members[i]);
            sum += count;
            idle += count <= 0;
        }
        if (sum == partitions && idle == 0) return 0;
        clock_sleep_ms(5);
    }
    return err_set(error, ERR_IO, "%s: %d members did not share its partitions within %d ms", g->topic, members,
                   timeout_ms);
}

void group_release(struct group *g)
{
    /* All are told first: they leave together, not one after the other's rebalance. */
    for (int i = 0; i < GROUP_MEMBERS_MAX; i++) g->members[i].stop = true;
    for (int i = 0; i < GROUP_MEMBERS_MAX; i++) group_leave(g, i);
}
