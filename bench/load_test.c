/* The load generator against librdkafka's own in-process cluster. It starts threads with thrd_create, which
 * ThreadSanitizer does not intercept: not there. */
#ifndef __SANITIZE_THREAD__
#include "bench/load.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "bench/kafka_client.h"
#include "tests/unit.h"

struct mock {
    rd_kafka_t *client;
    rd_kafka_mock_cluster_t *cluster;
};

static const char *mock_start(struct mock *m)
{
    m->client = kafka_client_new(RD_KAFKA_PRODUCER, kafka_client_conf("127.0.0.1:1", NULL), NULL);
    check(m->client != NULL);
    m->cluster = rd_kafka_mock_cluster_new(m->client, 1);
    check(rd_kafka_mock_topic_create(m->cluster, "t", 1, 1) == RD_KAFKA_RESP_ERR_NO_ERROR);
    return rd_kafka_mock_cluster_bootstraps(m->cluster);
}

static void mock_stop(struct mock *m)
{
    rd_kafka_mock_cluster_destroy(m->cluster);
    rd_kafka_destroy(m->client);
}

TEST(load, saturation_counts_what_was_acknowledged)
{
    struct mock m;
    struct load_result r = {0};
    struct err_text error = {0};
    struct load_options o = {.bootstrap = mock_start(&m),
                             .topic = "t",
                             .acks = "all",
                             .linger_ms = 5,
                             .message_bytes = 100,
                             .count = 20000,
                             .timeout_ms = 10000};
    if (load_saturate(&o, &r, &error) != 0) unit_fail("%s", error.text);
    check_int(r.acked, 20000);
    check_int(r.failed, 0);
    check_int(r.in_log, 20000);
    check(r.seconds > 0 && r.seconds < 10);
    mock_stop(&m);
}

TEST(load, a_paced_run_records_each_message_once)
{
    struct mock m;
    struct histogram ack, end_to_end, lag;
    struct err_text error = {0};
    struct load_result r = {.ack = &ack, .end_to_end = &end_to_end, .lag = &lag};
    histogram_init(&ack);
    histogram_init(&end_to_end);
    histogram_init(&lag);
    struct load_options o = {.bootstrap = mock_start(&m),
                             .topic = "t",
                             .acks = "1",
                             .message_bytes = 64,
                             .count = 1000,
                             .rate = 1000,
                             .warm_up = 100,
                             .timeout_ms = 10000};
    if (load_paced(&o, &r, &error) != 0) unit_fail("%s", error.text);
    check_int(r.acked, 1000);
    check_int(r.consumed, 1000);
    check_int(ack.total, 900);
    check_int(end_to_end.total, 900);
    check_int(lag.total, 900);
    /* Nothing is acknowledged before it was due, and nothing arrives in no time. */
    check(ack.min > 1000 && end_to_end.min > 1000);
    histogram_release(&ack);
    histogram_release(&end_to_end);
    histogram_release(&lag);
    mock_stop(&m);
}

/* The mock answers late: all of that shows, from the intended instants, although the generator never waits. */
TEST(load, a_slow_broker_shows_in_full)
{
    struct mock m;
    struct histogram ack, end_to_end, lag;
    struct err_text error = {0};
    struct load_result r = {.ack = &ack, .end_to_end = &end_to_end, .lag = &lag};
    histogram_init(&ack);
    histogram_init(&end_to_end);
    histogram_init(&lag);
    struct load_options o = {.bootstrap = mock_start(&m),
                             .topic = "t",
                             .acks = "1",
                             .message_bytes = 64,
                             .count = 300,
                             .rate = 1000,
                             .timeout_ms = 10000};
    check(rd_kafka_mock_broker_set_rtt(m.cluster, 1, 150) == RD_KAFKA_RESP_ERR_NO_ERROR);
    if (load_paced(&o, &r, &error) != 0) unit_fail("%s", error.text);
    check_int(ack.total, 300);
    check(histogram_percentile(&ack, 1) >= 100000000);
    check(histogram_percentile(&lag, 99) < 50000000);
    histogram_release(&ack);
    histogram_release(&end_to_end);
    histogram_release(&lag);
    mock_stop(&m);
}

TEST(load, nobody_there_is_an_error_that_names_the_place)
{
    struct load_result r = {0};
    struct err_text error = {0};
    struct load_options o = {
        .bootstrap = "127.0.0.1:1", .topic = "t", .acks = "1", .message_bytes = 64, .count = 10, .timeout_ms = 300};
    check_int(load_saturate(&o, &r, &error), ERR_IO);
    check(strstr(error.text, "127.0.0.1:1") != NULL);
}
#endif
