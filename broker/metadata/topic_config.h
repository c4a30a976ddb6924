/* topic_config.h - every config a topic of Kafka 4.2 can have: type, default, range, and the broker key
 * that is its default.
 *
 *     topic's own value  >  broker's key (log.retention.hours for retention.ms, ...)  >  Kafka's default
 *
 * Used by CreateTopics to check what a client sets, by the node for the config a log works with and for
 * what CreateTopics and DescribeConfigs answer. Source: LogConfig, TopicConfig and
 * ServerTopicConfigSynonyms of Apache Kafka. */
#ifndef MILLRACE_BROKER_METADATA_TOPIC_CONFIG_H
#define MILLRACE_BROKER_METADATA_TOPIC_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/metadata/metadata.h"
#include "lib/base/err.h"
#include "lib/base/properties.h"

enum topic_config_type {
    TOPIC_CONFIG_BOOLEAN,
    TOPIC_CONFIG_INT,
    TOPIC_CONFIG_LONG,
    TOPIC_CONFIG_DOUBLE,
    TOPIC_CONFIG_CHOICE,   /* one of `choices` */
    TOPIC_CONFIG_LIST,     /* comma separated, each one of `choices` */
    TOPIC_CONFIG_REPLICAS, /* "*" or partition:broker,... */
};

enum { TOPIC_CONFIG_SYNONYMS = 3 };

/* A broker key and what its number is multiplied with (hours to milliseconds). */
struct topic_config_synonym {
    const char *name;
    int64_t factor;
};

struct topic_config {
    const char *name;
    enum topic_config_type type;
    const char *default_value; /* NULL: not set (hidden ones only) */
    int64_t min, max;          /* INT, LONG; DOUBLE in these units too */
    const char *choices;       /* "compact,delete" */
    bool hidden;               /* works, but is not listed to clients (Kafka's internal.segment.bytes) */
    struct topic_config_synonym synonyms[TOPIC_CONFIG_SYNONYMS]; /* highest first; a NULL name ends the list */
};

/* All of them in byte order of the names. */
extern const struct topic_config topic_configs[];
extern const int32_t topic_config_count;

/* NULL for a name that no topic can have. */
const struct topic_config *topic_config_find(struct slice name);
/* The entry whose default a broker key is; NULL for others. */
const struct topic_config *topic_config_of_broker_key(struct slice broker_key);

/* 0, or ERR_INVALID with a sentence that names the config, the value and what would be right. */
int topic_config_check(const struct topic_config *c, struct slice value, struct err_text *error);
/* What a client wants to set for a new topic: every name is known, every value good, and they fit together:
 * min.compaction.lag.ms is not above max.compaction.lag.ms, and remote.storage.enable stays off, since there
 * is none. */
int topic_config_check_all(const struct metadata_setting *settings, int32_t count, struct err_text *error);

/* Where an effective value comes from; the numbers are the protocol's ConfigSource. */
enum topic_config_source {
    TOPIC_CONFIG_FROM_TOPIC = 1,   /* DYNAMIC_TOPIC_CONFIG */
    TOPIC_CONFIG_FROM_BROKER = 4,  /* STATIC_BROKER_CONFIG */
    TOPIC_CONFIG_FROM_DEFAULT = 5, /* DEFAULT_CONFIG */
};

struct topic_config_value {
    const char *text; /* `scratch` below, or memory of the topic, of the properties or of the table; NULL: not set */
    enum topic_config_source source;
    char scratch[24];
};

/* The value a topic works with. `topic` may be NULL (none yet), `broker` the broker's properties or NULL;
 * broker values were checked when the broker started. */
void topic_config_effective(const struct topic_config *c, const struct metadata_configs *topic,
                            const struct properties *broker, struct topic_config_value *out);

/* The same, parsed: INT, LONG and BOOLEAN as a number. The name must exist. -1 for a hidden one not set. */
int64_t topic_config_number(const char *name, const struct metadata_configs *topic, const struct properties *broker);
/* Whether a LIST or CHOICE contains the word ("cleanup.policy", "compact"). The name must exist. */
bool topic_config_has(const char *name, const char *word, const struct metadata_configs *topic,
                      const struct properties *broker);

#endif
