/* Members on the mock cluster of librdkafka, which knows consumer groups. Not under ThreadSanitizer, as load_test.c. */
#ifndef __SANITIZE_THREAD__
#include "bench/group.h"

#include <librdkafka/rdkafka_mock.h>

#include "bench/kafka_client.h"
#include "bench/load.h"
#include "lib/os/clock.h"
#include "tests/unit.h"

enum { PARTITIONS = 4, COUNT = 400, PATIENCE_MS = 30000 };

struct seen {
    _Atomic int64_t records, by_partition[PARTITIONS]; /* each message once: a rebalance delivers some again */
    _Atomic bool had[COUNT];
};

static void take(void *context, int member, int32_t partition, uint64_t number, int64_t now_ns)
{
    struct seen *s = context;
    (void)member;
    (void)now_ns;
    if (number >= COUNT || atomic_exchange(&s->had[number], true)) return;
    s->by_partition[partition]++;
    s->records++;
}

TEST(group, members_share_what_a_load_spreads)
{
    struct err_text error = {0};
    struct seen seen = {0};
    struct group group;
    struct load_result result = {0};
    rd_kafka_t *owner = kafka_client_new(RD_KAFKA_PRODUCER, kafka_client_conf("mock", NULL), &error);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(owner, 1);
    const char *bootstrap = rd_kafka_mock_cluster_bootstraps(cluster);
    rd_kafka_mock_topic_create(cluster, "shared", PARTITIONS, 1);
    struct load_options o = {.bootstrap = bootstrap,
                             .topic = "shared",
                             .acks = "1",
                             .partitions = PARTITIONS,
                             .message_bytes = 16,
                             .count = COUNT,
                             .timeout_ms = PATIENCE_MS};
    check_int(load_saturate(&o, &result, &error), 0);
    check_int(result.acked, COUNT);
    check_int(result.in_log, -1);
    group_init(&group, bootstrap, "shared", "range");
    group.received = take;
    group.context = &seen;
    check_int(group_join(&group, 0, &error), 0);
    check_int(group_join(&group, 1, &error), 0);
    if (group_formed(&group, 2, PARTITIONS, PATIENCE_MS, &error) != 0) unit_fail("%s", error.text);
    for (int i = 0; i < PATIENCE_MS / 10 && seen.records < COUNT; i++) clock_sleep_ms(10);
    check_int(seen.records, COUNT);
    for (int i = 0; i < PARTITIONS; i++) check_int(seen.by_partition[i], COUNT / PARTITIONS);
    group_leave(&group, 1);
    check(group.members[1].client == NULL);
    group_leave(&group, 1); /* one that has gone is fine */
    /* One that has left has no part. (The mock does not deal again when a single member is left.) */
    check_int(group_formed(&group, 2, PARTITIONS, 20, &error), ERR_IO);
    check(strstr(error.text, "shared: 2 members did not share") != NULL);
    group_release(&group);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(owner);
}
#endif
