/* config_value.h - what a config is, whether a text is a value of it, and which of several layers sets it.
 *
 *     topic's own  >  dynamic, this broker  >  dynamic, every broker  >  server.properties  >  default
 *
 * A config is a row of one of two tables: those of topics (topic_config.h) and those of a broker
 * (broker/node/config_keys.h). Names, types, ranges and defaults are those of Apache Kafka 4.2 (ConfigDef,
 * TopicConfig, LogConfig, KafkaConfig, DynamicBrokerConfig). Values are text, as they are in the protocol, in
 * ConfigRecords and in server.properties; blanks around them do not count. */
#ifndef MILLRACE_BROKER_METADATA_CONFIG_VALUE_H
#define MILLRACE_BROKER_METADATA_CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/metadata/metadata.h"
#include "lib/base/err.h"
#include "lib/base/properties.h"
#include "lib/kafka/messages_config.h"

enum config_type {
    CONFIG_BOOLEAN,
    CONFIG_SHORT,
    CONFIG_INT,
    CONFIG_LONG,
    CONFIG_DOUBLE,
    CONFIG_STRING,
    CONFIG_CHOICE,   /* a STRING that is one of `choices` */
    CONFIG_LIST,     /* comma separated; each one of `choices` once, if there are any */
    CONFIG_REPLICAS, /* a LIST: "*" or partition:broker,... */
};

/* A ConfigRecord's string holds no more. */
enum { CONFIG_VALUE_MAX = INT16_MAX };

struct config_def {
    const char *name;
    enum config_type type;
    const char *default_value; /* NULL: not set */
    int64_t min, max;          /* SHORT, INT, LONG; DOUBLE in these units too */
    const char *choices;       /* "compact,delete"; of a number too, where a range has a hole */
    const char *doc;           /* one sentence */
};

/* 0, or ERR_INVALID with a sentence that names the config, the value and what would be right. */
int config_check(const struct config_def *d, struct slice value, struct err_text *error);
/* What SHORT, INT and LONG come to, `text` NULL: not set. The default, -1 without one, for what is no number, and
 * false: it was checked when it was set, but a log written elsewhere, or before a check was as strict, must not stop a
 * start. */
bool config_number(const struct config_def *d, const char *text, int64_t *out);
/* How DescribeConfigs names its type. */
enum kafka_config_type config_wire_type(enum config_type t);
/* Whether APPEND and SUBTRACT make sense for it. */
bool config_is_list(const struct config_def *d);

struct slice config_trim(struct slice s);
/* A value as it is stored: without the blanks around it. Not of null. */
struct kafka_string config_stored(struct kafka_string value);
/* The next item of a comma separated list, without blanks around it; false at its end. A list with nothing in it has
 * one empty item. */
bool config_list_next(struct slice *rest, struct slice *item);
bool config_list_has(struct slice list, struct slice word);

/* What a broker says, highest first. Each may be NULL. */
struct config_layers {
    const struct metadata_configs *broker;  /* dynamic, of this broker */
    const struct metadata_configs *cluster; /* dynamic, of every broker */
    const struct properties *file;          /* server.properties and -o */
};

enum { CONFIG_LAYERS = 3 };
/* What layer 0 (broker) to 2 (file) has for a key, or NULL. */
const char *config_layer_find(const struct config_layers *l, int layer, const char *key);
/* DYNAMIC_BROKER_CONFIG, DYNAMIC_DEFAULT_BROKER_CONFIG, STATIC_BROKER_CONFIG. */
enum kafka_config_source config_layer_source(int layer);

#endif
