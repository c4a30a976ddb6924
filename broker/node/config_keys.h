/* config_keys.h - every config a broker can have: the rows behind server.properties, DescribeConfigs and AlterConfigs.
 *
 *     config_keys[]            keys of the broker itself, with the field of node_config that takes them
 *     topic_configs[] ->       keys that are topics' defaults (log.retention.hours, ...): made from their rows
 *
 * Which keys may be altered while the broker runs is Kafka 4.2's rule (DynamicBrokerConfig) for what has a meaning
 * here: keys that topics start with, producer.id.expiration.ms, max.connections. Keys that Kafka can alter and
 * that have no effect here are accepted and kept, as they are in server.properties. */
#ifndef MILLRACE_BROKER_NODE_CONFIG_KEYS_H
#define MILLRACE_BROKER_NODE_CONFIG_KEYS_H

#include <stddef.h>

#include "broker/metadata/topic_config.h"

/* Who may set it in which way (DynamicBrokerConfig's update mode). */
enum config_update {
    CONFIG_READ_ONLY,    /* server.properties and a new start */
    CONFIG_PER_BROKER,   /* of one broker */
    CONFIG_CLUSTER_WIDE, /* of one broker, or of all of them */
};

/* How node_config_load takes it. */
enum config_key_kind {
    CONFIG_KEY_NUMBER,    /* an int64_t field */
    CONFIG_KEY_FLAG,      /* a bool field */
    CONFIG_KEY_TEXT,      /* a char * field */
    CONFIG_KEY_BY_HAND,   /* more than a number: config.c reads it */
    CONFIG_KEY_NO_EFFECT, /* Kafka's, without a meaning on one node of this kind */
};

struct config_key {
    struct config_def def;
    enum config_update update;
    enum config_key_kind kind;
    size_t offset; /* of the field in struct node_config */
};

extern const struct config_key config_keys[];
extern const int config_key_count;

/* Row `i` of config_keys; NULL for a name that is not there. */
const struct config_key *config_key_find(struct slice name);

/* What a client is told of a broker's key. */
struct broker_config {
    struct config_def def;
    enum config_update update;
};

/* Any key of a broker, those that topics start with included. */
bool broker_config_find(struct slice name, struct broker_config *out);
/* All of them: 0 .. broker_config_count() - 1, each once; the place of one, or -1. */
int broker_config_index(struct slice name);
int broker_config_count(void);
void broker_config_at(int i, struct broker_config *out);

/* The number that a key of the broker itself has: the first of the layers, or its default. The name must exist. */
int64_t config_key_number(const char *name, const struct config_layers *layers);

#endif
