/* topic_describe.h - `millrace topic describe`: partitions, offsets and what a topic's configs have set. */
#ifndef MILLRACE_CLI_TOPIC_DESCRIBE_H
#define MILLRACE_CLI_TOPIC_DESCRIBE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

/* Each topic in the order named; CLI_OK, or CLI_USAGE after a message for each that could not be described. */
int topic_describe(const char *const *names, bool json, const char *bootstrap, rd_kafka_t *rk);

#endif
