/* How much gets through where the client is not the limit: sixteen connections with one request of 100 KB in flight
 * each, driven by one thread that sends the same bytes again (wire.h). librdkafka spends more on a message than a
 * broker does, so beside it two brokers that differ by a factor in cost can look the same. */
#include "bench/load.h"
#include "bench/speed/speed.h"
#include "bench/speed/wire.h"

enum { PRODUCERS = 16, RECORDS = 1000, SECONDS = 2 };

static int crowd(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    char topic[SPEED_TOPIC_MAX];
    const char *bootstrap = speed_bootstrap(s, side);
    speed_topic(topic);
    struct wire_crowd crowd = {.bootstrap = bootstrap,
                               .topic = topic,
                               .connections = PRODUCERS,
                               .records = RECORDS,
                               .record_bytes = SPEED_MESSAGE_BYTES,
                               .seconds = SECONDS * s->scale,
                               .ack = trial_histogram(t, "ack", "ns")};
    int rc = load_topic_create(bootstrap, topic, 1, error);
    if (rc == 0) rc = speed_memory_touch(s, speed_scaled(s, (int64_t)2 << 30, 1 << 20), error);
    int64_t cpu_ns = speed_broker_cpu_ns(s, side);
    if (rc == 0) rc = wire_crowd(&crowd, error);
    if (rc < 0) return rc;
    if (cpu_ns >= 0) cpu_ns = speed_broker_cpu_ns(s, side) - cpu_ns;
    rc = load_topic_delete(bootstrap, topic, error);
    double messages = (double)crowd.acked * RECORDS;
    trial_metric(t, "throughput", "messages/s", messages / crowd.took_s);
    if (cpu_ns >= 0) trial_metric(t, "broker_cpu", "s/GB", (double)cpu_ns / (messages * SPEED_MESSAGE_BYTES));
    speed_percentiles(t, "ack");
    return rc;
}

static const char *const settings[] = {NULL};
static const char *const sides[] = {"millrace", "kafka", NULL};
static const struct speed_bar bars[] = {
    {"messages/s / Apache Kafka's", "millrace", "throughput", "kafka", NULL, SPEED_AT_LEAST, 1.3},
    {"broker's processor seconds per GB", "millrace", "broker_cpu", NULL, NULL, SPEED_AT_MOST, 1},
    {0},
};
const struct speed_row speed_row_crowd = {
    "producer-bare", "bare producers, 100 KB a request, acks=1", "page-cache", settings, sides, bars, crowd, NULL, NULL,
};
