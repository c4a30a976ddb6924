/* How fast a librdkafka consumer gets what is in the page cache: one partition of 100 B records from its beginning,
 * from the first message to the last. */
#include <librdkafka/rdkafka.h>

#include "bench/kafka_client.h"
#include "bench/speed/speed.h"
#include "lib/os/clock.h"

enum { MESSAGES = 4000000, BATCH = 1000, STALL_MS = 10000 };

static int consumer_open(const char *bootstrap, const char *topic, rd_kafka_t **out, struct err_text *error)
{
    rd_kafka_t *client =
        kafka_client_new(RD_KAFKA_CONSUMER,
                         kafka_client_conf(bootstrap, "group.id", "speed", "enable.auto.commit", "false",
                                           "enable.auto.offset.store", "false", "queued.min.messages", "1000000", NULL),
                         error);
    if (!client) return ERR_IO;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, 0)->offset = 0;
    rd_kafka_poll_set_consumer(client);
    rd_kafka_resp_err_t rc = rd_kafka_assign(client, list);
    rd_kafka_topic_partition_list_destroy(list);
    *out = client;
    return rc ? err_set(error, ERR_IO, "assign %s: %s", topic, rd_kafka_err2str(rc)) : 0;
}

/* Returns how many messages came; `seconds` gets the time from the first batch to the last, which is what came
 * after the first one. */
static int64_t read_all(rd_kafka_t *client, int64_t wanted, double *seconds)
{
    rd_kafka_message_t *messages[BATCH];
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(client);
    int64_t got = 0, begin_ns = 0;
    while (got < wanted) {
        ssize_t n = rd_kafka_consume_batch_queue(queue, STALL_MS, messages, BATCH);
        if (n <= 0) break;
        if (begin_ns == 0) begin_ns = clock_mono_ns();
        for (ssize_t i = 0; i < n; i++) {
            got += !messages[i]->err && messages[i]->len == SPEED_MESSAGE_BYTES;
            rd_kafka_message_destroy(messages[i]);
        }
    }
    *seconds = (double)(clock_mono_ns() - begin_ns) / 1e9;
    rd_kafka_queue_destroy(queue);
    return got;
}

static int consume(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    rd_kafka_t *client = NULL;
    int64_t wanted = speed_scaled(s, MESSAGES, 10000), got = 0;
    double seconds = 0;
    int rc = consumer_open(speed_bootstrap(s, side), s->topic, &client, error);
    int64_t cpu_ns = speed_broker_cpu_ns(s, side);
    if (rc == 0) got = read_all(client, wanted, &seconds);
    if (cpu_ns >= 0) cpu_ns = speed_broker_cpu_ns(s, side) - cpu_ns;
    if (client) {
        rd_kafka_consumer_close(client);
        rd_kafka_destroy(client);
    }
    if (rc < 0) return rc;
    trial_metric(t, "throughput", "messages/s", (double)got / seconds);
    if (cpu_ns >= 0) trial_metric(t, "broker_cpu", "s/GB", (double)cpu_ns / (double)(got * SPEED_MESSAGE_BYTES));
    if (got != wanted) trial_void(t, "%lld of %lld messages came", (long long)got, (long long)wanted);
    return 0;
}

static int fill(struct speed *s, const char *side, struct err_text *error)
{
    return speed_topic_fill(s, side, speed_scaled(s, MESSAGES, 10000), error);
}

static const char *const settings[] = {NULL};
static const char *const sides[] = {"millrace", "kafka", NULL};
static const struct speed_bar bars[] = {
    {"messages/s / from Apache Kafka", "millrace", "throughput", "kafka", NULL, SPEED_AT_LEAST, 1},
    {"broker's processor seconds per GB / Kafka's", "millrace", "broker_cpu", "kafka", NULL, SPEED_AT_MOST, 1},
    {0},
};
const struct speed_row speed_row_consumer = {
    "consumer",       "librdkafka consumer, 100 B from page cache", "page-cache", settings, sides, bars, consume, fill,
    speed_topic_drop,
};
