/* kafka_client.h - librdkafka as the harness configures it: loopback sockets tuned, logs kept quiet. */
#ifndef MILLRACE_BENCH_KAFKA_CLIENT_H
#define MILLRACE_BENCH_KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>

#include "lib/base/err.h"

/* A configuration with the bootstrap servers; more keys and values follow, ended by NULL. The keys are
 * ours, not a user's: a wrong one is a bug and aborts. */
rd_kafka_conf_t *kafka_client_conf(const char *bootstrap, ...) __attribute__((sentinel));
/* Takes `conf` in any case. NULL with a sentence on failure. */
rd_kafka_t *kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct err_text *error);
/* The length of partition 0 of `topic` in messages (its high watermark), or -1. */
int64_t kafka_client_log_length(rd_kafka_t *client, const char *topic, int timeout_ms);

#endif
