/* partitions.h - which partitions an argument means: "orders" all, "orders:0,3" these two. */
#ifndef MILLRACE_CLI_PARTITIONS_H
#define MILLRACE_CLI_PARTITIONS_H

#include <librdkafka/rdkafka.h>

/* A list for the caller to destroy; or NULL, and *why says what is wrong. "T" asks the cluster, "T:P" does not. */
rd_kafka_topic_partition_list_t *partitions_of(rd_kafka_t *rk, const char *argument, const char **why);

#endif
