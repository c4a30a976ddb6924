/* client.h - the few things that publisher, supervisor and workers ask of librdkafka alike. */
#ifndef MILLRACE_ETL_STREAM_CLIENT_H
#define MILLRACE_ETL_STREAM_CLIENT_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "lib/base/err.h"

/* What a message may have at most: a record of any file (32 MiB, etl/source/input.h) with its headers. */
#define CLIENT_MESSAGE_BYTES_MAX "35651584"

/* A producer or consumer with the given "key", "value", ..., NULL settings on top of bootstrap.servers. `opaque` is
 * what librdkafka's callbacks get. NULL after a failure. */
struct client_callbacks {
    void (*delivered)(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque);
    /* The same at once, on a thread of the client's, not when somebody polls; its opaque is NULL. */
    rd_kafka_interceptor_f_on_acknowledgement_t *acknowledged;
    void (*rebalance)(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *list, void *opaque);
    void *opaque;
};
rd_kafka_t *client_new(rd_kafka_type_t type, const char *bootstrap, const char *const *settings,
                       const struct client_callbacks *callbacks, struct err_text *error);

/* A sentence for when nobody answers at an address without a port; otherwise "". */
const char *client_port_hint(const char *bootstrap);
/* A broker answered within `timeout_ms`. Asks for no topic: some brokers make one that is asked for. */
bool client_is_answered(rd_kafka_t *rk, int timeout_ms);

/* The partitions of a topic; 0 when there is no such topic (yet), ERR_IO when nobody answered within
 * `timeout_ms`. */
int client_partition_count(rd_kafka_t *rk, const char *topic, int timeout_ms);

/* Makes the topic, for messages of CLIENT_MESSAGE_BYTES_MAX, if `compact` with cleanup.policy=compact; ERR_EXISTS when
 * it is there. */
int client_topic_create(rd_kafka_t *rk, const char *topic, int partitions, bool compact, struct err_text *error);
/* The same with configs: "key", "value", ..., NULL. */
int client_topic_create_with(rd_kafka_t *rk, const char *topic, int partitions, const char *const *configs,
                             struct err_text *error);
/* The value of a topic's config; empty when there is none, or no answer. */
void client_topic_config(rd_kafka_t *rk, const char *topic, const char *name, char *out, size_t size);

#endif
