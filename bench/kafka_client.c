#include "bench/kafka_client.h"

#include <assert.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/os/net.h"

/* librdkafka makes its sockets through this: without it they keep the system's congestion control. */
static int socket_tuned(int domain, int type, int protocol, void *opaque)
{
    (void)opaque;
    int descriptor = socket(domain, type | SOCK_CLOEXEC, protocol);
    if (descriptor >= 0) net_tune(descriptor);
    return descriptor;
}

rd_kafka_conf_t *kafka_client_conf(const char *bootstrap, ...)
{
    char text[512];
    va_list list;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    const char *key = "bootstrap.servers", *value = bootstrap;
    va_start(list, bootstrap);
    while (key) {
        rd_kafka_conf_res_t rc = rd_kafka_conf_set(conf, key, value, text, sizeof text);
        assert(rc == RD_KAFKA_CONF_OK);
        (void)rc;
        key = va_arg(list, const char *);
        if (key) value = va_arg(list, const char *);
    }
    va_end(list);
    rd_kafka_conf_set(conf, "socket.nagle.disable", "true", text, sizeof text);
    rd_kafka_conf_set(conf, "log_level", "2", text, sizeof text);
    rd_kafka_conf_set_socket_cb(conf, socket_tuned);
    return conf;
}

rd_kafka_t *kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct err_text *error)
{
    char text[512];
    rd_kafka_t *client = rd_kafka_new(type, conf, text, sizeof text);
    if (client) return client;
    rd_kafka_conf_destroy(conf);
    err_set(error, ERR_IO, "Kafka client: %s", text);
    return NULL;
}

int64_t kafka_client_log_length(rd_kafka_t *client, const char *topic, int timeout_ms)
{
    int64_t low, high;
    if (rd_kafka_query_watermark_offsets(client, topic, 0, &low, &high, timeout_ms)) return -1;
    return high;
}
