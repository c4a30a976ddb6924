/* How much gets through: librdkafka sends 100 B messages as fast as it can, acks=1, linger 5 ms. What it reaches
 * against the mock cluster inside of its own process is what the client itself can do. Processor time is that of the
 * broker's process alone, per 10^9 bytes of message values; the memory that the log will fill was touched before. */
#include "bench/load.h"
#include "bench/speed/speed.h"

enum { MESSAGES = 2000000 };

static int saturate(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    char topic[SPEED_TOPIC_MAX];
    struct load_result result = {0};
    const char *bootstrap = speed_bootstrap(s, side);
    speed_topic(topic);
    struct load_options options = {.bootstrap = bootstrap,
                                   .topic = topic,
                                   .acks = "1",
                                   .linger_ms = 5,
                                   .message_bytes = SPEED_MESSAGE_BYTES,
                                   .count = speed_scaled(s, MESSAGES, 1000),
                                   .timeout_ms = 30000};
    int rc = bootstrap ? load_topic_create(bootstrap, topic, 1, error) : 0;
    if (rc == 0) rc = speed_memory_touch(s, options.count * SPEED_MESSAGE_BYTES * 5 / 4, error);
    int64_t cpu_ns = speed_broker_cpu_ns(s, side);
    if (rc == 0) rc = load_saturate(&options, &result, error);
    if (rc < 0) return rc;
    if (cpu_ns >= 0) cpu_ns = speed_broker_cpu_ns(s, side) - cpu_ns;
    if (bootstrap) rc = load_topic_delete(bootstrap, topic, error);
    trial_metric(t, "throughput", "messages/s", (double)options.count / result.seconds);
    double gigabytes = (double)options.count * SPEED_MESSAGE_BYTES / 1e9;
    if (cpu_ns >= 0) trial_metric(t, "broker_cpu", "s/GB", (double)cpu_ns / 1e9 / gigabytes);
    if (result.acked != options.count || (bootstrap && result.in_log != options.count))
        trial_void(t, "%lld of %lld messages were acknowledged, %lld are in the log", (long long)result.acked,
                   (long long)options.count, (long long)result.in_log);
    return rc;
}

static const char *const settings[] = {NULL};
static const char *const sides[] = {"millrace", "mock", "kafka", NULL};
static const struct speed_bar bars[] = {
    {"messages/s / the client's with its own mock", "millrace", "throughput", "mock", NULL, SPEED_AT_LEAST, 0.9},
    {"messages/s / with Apache Kafka", "millrace", "throughput", "kafka", NULL, SPEED_AT_LEAST, 1.3},
    {"broker's processor seconds per GB", "millrace", "broker_cpu", NULL, NULL, SPEED_AT_MOST, 1},
    {"the same / Apache Kafka's", "millrace", "broker_cpu", "kafka", NULL, SPEED_AT_MOST, 1},
    {0},
};
const struct speed_row speed_row_producer = {
    "producer", "librdkafka producer, 100 B, acks=1", "page-cache", settings, sides, bars, saturate, NULL, NULL,
};
