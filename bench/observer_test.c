/* The observer of a load: what it counts, and a proxy between a producer and librdkafka's mock cluster. Not under
 * ThreadSanitizer, as load_test.c. */
#ifndef __SANITIZE_THREAD__
#include "bench/observer.h"

#include "bench/kafka_client.h"

#include <librdkafka/rdkafka_mock.h>

#include "bench/load.h"
#include "lib/kafka/api.h"
#include "tests/unit.h"

static struct tap_exchange produce(int64_t bytes, int64_t records, int64_t took_ns, enum tap_status status)
{
    return (struct tap_exchange){.api_key = KAFKA_API_PRODUCE,
                                 .status = status,
                                 .request_bytes = bytes,
                                 .response_bytes = status == TAP_ANSWERED ? 50 : 0,
                                 .records = records,
                                 .record_bytes = bytes - 40,
                                 .request_last_ns = 1000,
                                 .response_last_ns = 1000 + took_ns};
}

TEST(observer, counts_produce_requests_behind_the_hello)
{
    struct observer o = {.kind = OBSERVER_CAPTURE, .dropped = 0};
    struct trial t;
    histogram_init(&o.latency);
    const struct tap_exchange seen[] = {produce(9999, 1, 77, TAP_ANSWERED), /* the hello */
                                        produce(1000, 10, 500, TAP_ANSWERED),
                                        {.api_key = KAFKA_API_FETCH, .status = TAP_ANSWERED, .request_bytes = 5},
                                        produce(500, 10, 0, TAP_ONE_WAY),
                                        produce(450, 5, 0, TAP_UNANSWERED)};
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) observer_exchange(&o, &seen[i]);
    trial_init(&t, "E13", "x", 1);
    observer_tell(&o, &t);
    check(trial_value(&t, "wire_requests") == 3);
    check(trial_value(&t, "wire_unanswered") == 1);
    check(trial_value(&t, "bytes_per_record") == (1000 + 50 + 500 + 450) / 25.0);
    check(trial_value(&t, "request_bytes_per_record") == 1950 / 25.0);
    /* Only what was answered took any time. */
    check_int(trial_values(&t, "wire")->total, 1);
    check_int(trial_values(&t, "wire")->max, 500);
    check(trial_valid(&t));
    trial_release(&t);
    observer_release(&o);
}

TEST(observer, dropped_packets_make_a_trial_void)
{
    struct observer o = {.kind = OBSERVER_CAPTURE, .dropped = 3};
    struct trial t;
    histogram_init(&o.latency);
    trial_init(&t, "E13", "x", 1);
    observer_tell(&o, &t);
    check(!trial_valid(&t));
    trial_release(&t);
    observer_release(&o);
}

/* Whether this machine lets us capture or not: all messages are seen, and the smaller batches weigh more. */
static double bytes_of(const char *broker, int batch, struct err_text *error)
{
    struct observer o;
    struct load_result r = {0};
    struct trial t;
    if (observer_start(&o, broker, OBSERVE_ANYHOW, error) != 0) unit_fail("%s", error->text);
    struct load_options load = {.bootstrap = o.bootstrap,
                                .topic = "observed",
                                .acks = "1",
                                .codec = "none",
                                .batch_messages = batch,
                                .linger_ms = 200,
                                .message_bytes = 100,
                                .count = 60,
                                .timeout_ms = 30000};
    if (load_saturate(&load, &r, error) != 0) unit_fail("%s", error->text);
    observer_stop(&o);
    check_int(o.records, 60);
    check_int(o.unanswered, 0);
    trial_init(&t, "E13", "x", 1);
    observer_tell(&o, &t);
    double bytes = trial_value(&t, "bytes_per_record");
    check(trial_values(&t, o.kind == OBSERVER_CAPTURE ? "wire" : "through_proxy")->total > 0);
    check((o.kind == OBSERVER_PROXY) == (o.refused[0] != 0));
    trial_release(&t);
    observer_release(&o);
    return bytes;
}

TEST(observer, a_load_weighs_less_in_larger_batches)
{
    struct err_text error = {0};
    rd_kafka_t *owner = kafka_client_new(RD_KAFKA_PRODUCER, kafka_client_conf("mock", NULL), &error);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(owner, 1);
    rd_kafka_mock_topic_create(cluster, "observed", 1, 1);
    const char *broker = rd_kafka_mock_cluster_bootstraps(cluster);
    double large = bytes_of(broker, 30, &error), small = bytes_of(broker, 2, &error);
    check(large > 100 && large < 140);
    check(small > large + 20);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(owner);
}
#endif
