/* topic_config.h - every config a topic of Kafka 4.2 can have: type, default, range, meaning, and the broker
 * keys that are its default.
 *
 *     topic's own value  >  broker's keys (log.retention.hours for retention.ms, ...)  >  Kafka's default
 *
 * Used by CreateTopics and AlterConfigs to check what a client sets, by the node for the config a log works with and
 * for what CreateTopics and DescribeConfigs answer. Source: LogConfig, TopicConfig and ServerTopicConfigSynonyms of
 * Apache Kafka. */
#ifndef MILLRACE_BROKER_METADATA_TOPIC_CONFIG_H
#define MILLRACE_BROKER_METADATA_TOPIC_CONFIG_H

#include "broker/metadata/config_value.h"

enum { TOPIC_CONFIG_SYNONYMS = 3 };

/* A broker key that is a topic's default. */
struct topic_config_synonym {
    const char *name;
    int64_t factor;            /* what its number is multiplied with: hours to milliseconds */
    const char *default_value; /* in its own unit; NULL: not set, so the next synonym counts */
    bool read_only;            /* only server.properties sets it */
};

struct topic_config {
    struct config_def def; /* a default of NULL: hidden ones only */
    bool hidden;           /* works, but is not listed to clients (Kafka's internal.segment.bytes) */
    struct topic_config_synonym synonyms[TOPIC_CONFIG_SYNONYMS]; /* highest first; a NULL name ends the list */
};

/* All of them in byte order of the names. */
extern const struct topic_config topic_configs[];
extern const int32_t topic_config_count;

/* NULL for a name that no topic can have. */
const struct topic_config *topic_config_find(struct slice name);
/* The entry whose default a broker key is and, if asked, which of its synonyms; NULL for others. */
const struct topic_config *topic_config_of_broker_key(struct slice broker_key,
                                                      const struct topic_config_synonym **synonym);

/* What a client wants a topic to have: every name is known, every value good, and they fit together:
 * min.compaction.lag.ms is not above max.compaction.lag.ms, and remote.storage.enable stays off, since there
 * is none. */
int topic_config_check_all(const struct metadata_setting *settings, int32_t count, struct err_text *error);

struct topic_config_value {
    const char *text; /* `scratch` below, or memory of the topic, of a layer or of the table; NULL: not set */
    enum kafka_config_source source;
    char scratch[24];
};

/* The value a topic works with. `topic` may be NULL (none yet); values were checked when they were set. */
void topic_config_effective(const struct topic_config *c, const struct metadata_configs *topic,
                            const struct config_layers *broker, struct topic_config_value *out);

/* The same, parsed: INT, LONG and BOOLEAN as a number. The name must exist. -1 for a hidden one not set. */
int64_t topic_config_number(const char *name, const struct metadata_configs *topic, const struct config_layers *broker);
/* Whether a LIST or CHOICE contains the word ("cleanup.policy", "compact"). The name must exist. */
bool topic_config_has(const char *name, const char *word, const struct metadata_configs *topic,
                      const struct config_layers *broker);

#endif
