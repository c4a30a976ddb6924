#include "bench/births.h"

#include "bench/kafka_client.h"
#include "lib/os/clock.h"

int births_read(const char *bootstrap, const char *topic, struct schedule *births, int64_t count, struct histogram *lag,
                struct err_text *error)
{
    rd_kafka_t *client =
        kafka_client_new(RD_KAFKA_CONSUMER,
                         kafka_client_conf(bootstrap, "group.id", "bench", "enable.auto.commit", "false", NULL), error);
    if (!client) return ERR_IO;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, 0)->offset = 0;
    rd_kafka_assign(client, list);
    rd_kafka_topic_partition_list_destroy(list);
    int64_t wall_to_mono_ns = clock_mono_ns() - clock_wall_ms() * 1000000, i = 0;
    int64_t give_up_ns = clock_mono_ns() + INT64_C(10000000000);
    while (i < count && clock_mono_ns() < give_up_ns) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(client, 200);
        if (!m) continue;
        rd_kafka_headers_t *headers;
        const void *kind;
        size_t size;
        /* Records about files and ends have a kind; lines have none. */
        bool is_line = !m->err && (rd_kafka_message_headers(m, &headers) != 0 ||
                                   rd_kafka_header_get_last(headers, "millrace-kind", &kind, &size) != 0);
        if (is_line) {
            int64_t at_ns = rd_kafka_message_timestamp(m, NULL) * 1000000 + wall_to_mono_ns;
            if (i == 0) births->start_ns = at_ns;
            histogram_record(lag, at_ns - schedule_instant(births, i));
            i++;
        }
        rd_kafka_message_destroy(m);
    }
    rd_kafka_consumer_close(client);
    rd_kafka_destroy(client);
    return i == count ? 0
                      : err_set(error, ERR_IO, "topic %s: only %lld of %lld lines came back", topic, (long long)i,
                                (long long)count);
}
