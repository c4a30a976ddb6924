#include "etl/stream/client.h"

#include <string.h>

enum { ADMIN_TIMEOUT_MS = 30000 };

static rd_kafka_resp_err_t interceptor_add(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *context, char *why,
                                           size_t size)
{
    const struct client_callbacks *callbacks = context;
    (void)conf, (void)why, (void)size;
    return rd_kafka_interceptor_add_on_acknowledgement(rk, "acknowledged", callbacks->acknowledged, NULL);
}

rd_kafka_t *client_new(rd_kafka_type_t type, const char *bootstrap, const char *const *settings,
                       const struct client_callbacks *callbacks, struct err_text *error)
{
    char why[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    int ok = rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, why, sizeof why) == RD_KAFKA_CONF_OK;
    /* A broker that is being restarted is no news for a person; what matters arrives as an error of the call. */
    ok = ok && rd_kafka_conf_set(conf, "log_level", "2", why, sizeof why) == RD_KAFKA_CONF_OK;
    ok = ok && rd_kafka_conf_set(conf, "reconnect.backoff.max.ms", "1000", why, sizeof why) == RD_KAFKA_CONF_OK;
    for (int i = 0; ok && settings[i]; i += 2)
        ok = rd_kafka_conf_set(conf, settings[i], settings[i + 1], why, sizeof why) == RD_KAFKA_CONF_OK;
    rd_kafka_conf_set_opaque(conf, callbacks->opaque);
    if (callbacks->delivered) rd_kafka_conf_set_dr_msg_cb(conf, callbacks->delivered);
    /* Called before rd_kafka_new returns. */
    if (callbacks->acknowledged)
        rd_kafka_conf_interceptor_add_on_new(conf, "acknowledged", interceptor_add, (void *)(uintptr_t)callbacks);
    if (callbacks->rebalance) rd_kafka_conf_set_rebalance_cb(conf, callbacks->rebalance);
    rd_kafka_t *rk = ok ? rd_kafka_new(type, conf, why, sizeof why) : NULL;
    if (!rk) {
        rd_kafka_conf_destroy(conf);
        err_set(error, ERR_INVALID, "Kafka client: %s", why);
    }
    return rk;
}

const char *client_port_hint(const char *bootstrap)
{
    return strchr(bootstrap, ':') ? "" : " (an address is HOST:PORT; without a port it is 9092)";
}

bool client_is_answered(rd_kafka_t *rk, int timeout_ms)
{
    const struct rd_kafka_metadata *metadata;
    bool answered = rd_kafka_metadata(rk, 0, NULL, &metadata, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (answered) rd_kafka_metadata_destroy(metadata);
    return answered;
}

int client_partition_count(rd_kafka_t *rk, const char *topic, int timeout_ms)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, topic, NULL);
    int count = ERR_IO;
    if (rd_kafka_metadata(rk, 0, rkt, &metadata, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        count = 0;
        if (metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR)
            count = metadata->topics[0].partition_cnt;
        rd_kafka_metadata_destroy(metadata);
    }
    rd_kafka_topic_destroy(rkt);
    return count;
}

static int topic_result(rd_kafka_event_t *event, const char *topic, struct err_text *error)
{
    if (!event)
        return err_set(error, ERR_IO, "topic %s: no answer to its creation within %d s", topic,
                       ADMIN_TIMEOUT_MS / 1000);
    if (rd_kafka_event_error(event))
        return err_set(error, ERR_IO, "topic %s: %s", topic, rd_kafka_event_error_string(event));
    size_t count;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    rd_kafka_resp_err_t err = rd_kafka_topic_result_error(results[0]);
    if (err == RD_KAFKA_RESP_ERR_NO_ERROR) return 0;
    if (err == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return ERR_EXISTS;
    const char *text = rd_kafka_topic_result_error_string(results[0]);
    return err_set(error, ERR_INVALID, "topic %s: %s", topic, text ? text : rd_kafka_err2str(err));
}

int client_topic_create(rd_kafka_t *rk, const char *topic, int partitions, bool compact, struct err_text *error)
{
    const char *const configs[] = {"cleanup.policy", "compact", NULL};
    return client_topic_create_with(rk, topic, partitions, compact ? configs : configs + 2, error);
}

int client_topic_create_with(rd_kafka_t *rk, const char *topic, int partitions, const char *const *configs,
                             struct err_text *error)
{
    char why[256];
    rd_kafka_NewTopic_t *new_topic = rd_kafka_NewTopic_new(topic, partitions, -1, why, sizeof why);
    if (!new_topic) return err_set(error, ERR_INVALID, "topic %s: %s", topic, why);
    rd_kafka_NewTopic_set_config(new_topic, "max.message.bytes", CLIENT_MESSAGE_BYTES_MAX);
    for (; configs[0]; configs += 2) rd_kafka_NewTopic_set_config(new_topic, configs[0], configs[1]);
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_request_timeout(options, ADMIN_TIMEOUT_MS, why, sizeof why);
    rd_kafka_AdminOptions_set_operation_timeout(options, ADMIN_TIMEOUT_MS, why, sizeof why);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_CreateTopics(rk, &new_topic, 1, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ADMIN_TIMEOUT_MS + 1000);
    int result = topic_result(event, topic, error);
    if (event) rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_NewTopic_destroy(new_topic);
    return result;
}

static void config_take(rd_kafka_event_t *event, const char *name, char *out, size_t size)
{
    size_t resources = 0, entries = 0;
    const rd_kafka_ConfigResource_t **all =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &resources);
    const rd_kafka_ConfigEntry_t **entry = resources ? rd_kafka_ConfigResource_configs(all[0], &entries) : NULL;
    for (size_t i = 0; i < entries; i++)
        if (strcmp(rd_kafka_ConfigEntry_name(entry[i]), name) == 0 && rd_kafka_ConfigEntry_value(entry[i]))
            snprintf(out, size, "%s", rd_kafka_ConfigEntry_value(entry[i]));
}

void client_topic_config(rd_kafka_t *rk, const char *topic, const char *name, char *out, size_t size)
{
    char why[256];
    rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    *out = 0;
    rd_kafka_AdminOptions_set_request_timeout(options, ADMIN_TIMEOUT_MS, why, sizeof why);
    rd_kafka_DescribeConfigs(rk, &resource, 1, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ADMIN_TIMEOUT_MS + 1000);
    if (event && !rd_kafka_event_error(event)) config_take(event, name, out, size);
    if (event) rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ConfigResource_destroy(resource);
}
