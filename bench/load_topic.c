/* load_topic.c - topics for the load generator (load.h). */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "bench/kafka_client.h"
#include "bench/load.h"
#include "bench/plain.h"

enum { ADMIN_TIMEOUT_MS = 60000 }; /* 5,000 partitions on a busy disk take longer than 10 s to make */

static int admin_wait(rd_kafka_queue_t *queue, const char *what, const char *topic, struct err_text *error)
{
    const rd_kafka_topic_result_t **topics = NULL;
    size_t count = 0;
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ADMIN_TIMEOUT_MS);
    if (!event) return err_set(error, ERR_IO, "%s %s: no answer within %d ms", what, topic, ADMIN_TIMEOUT_MS);
    int rc = 0;
    if (rd_kafka_event_error(event))
        rc = err_set(error, ERR_IO, "%s %s: %s", what, topic, rd_kafka_event_error_string(event));
    else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_CREATETOPICS_RESULT)
        topics = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    else
        topics = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
    if (rc == 0 && count == 1 && rd_kafka_topic_result_error(topics[0]))
        rc = err_set(error, ERR_IO, "%s %s: %s", what, topic, rd_kafka_err2str(rd_kafka_topic_result_error(topics[0])));
    rd_kafka_event_destroy(event);
    return rc;
}

static void settings_add(rd_kafka_NewTopic_t *topic, const char *const settings[])
{
    char key[256];
    for (int i = 0; settings && settings[i]; i++) {
        const char *equals = strchr(settings[i], '=');
        assert(equals);
        snprintf(key, sizeof key, "%.*s", (int)(equals - settings[i]), settings[i]);
        rd_kafka_NewTopic_set_config(topic, key, equals + 1);
    }
}

int load_topic_create(const char *bootstrap, const char *topic, int partitions, struct err_text *error)
{
    return load_topic_create_with(bootstrap, topic, partitions, NULL, error);
}

int load_topic_create_with(const char *bootstrap, const char *topic, int partitions, const char *const settings[],
                           struct err_text *error)
{
    char text[256];
    rd_kafka_t *client = kafka_client_new(RD_KAFKA_PRODUCER, kafka_client_conf(bootstrap, NULL), error);
    if (!client) return ERR_IO;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_NewTopic_t *new_topic = rd_kafka_NewTopic_new(topic, partitions, 1, text, sizeof text);
    settings_add(new_topic, settings);
    rd_kafka_CreateTopics(client, &new_topic, 1, NULL, queue);
    int rc = admin_wait(queue, "create topic", topic, error);
    rd_kafka_NewTopic_destroy(new_topic);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
    return rc;
}

int load_topic_delete(const char *bootstrap, const char *topic, struct err_text *error)
{
    rd_kafka_t *client = kafka_client_new(RD_KAFKA_PRODUCER, kafka_client_conf(bootstrap, NULL), error);
    if (!client) return ERR_IO;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_DeleteTopic_t *gone = rd_kafka_DeleteTopic_new(topic);
    rd_kafka_DeleteTopics(client, &gone, 1, NULL, queue);
    int rc = admin_wait(queue, "delete topic", topic, error);
    rd_kafka_DeleteTopic_destroy(gone);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
    return rc;
}

int load_topic_make(const struct load_options *o, struct err_text *error)
{
    return o->protocol ? plain_topic_make(o, error)
                       : load_topic_create_with(o->bootstrap, o->topic, 1, o->topic_settings, error);
}

int load_topic_drop(const struct load_options *o, struct err_text *error)
{
    return o->protocol ? plain_topic_delete(o, error) : load_topic_delete(o->bootstrap, o->topic, error);
}
