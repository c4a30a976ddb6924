#include "broker/metadata/topic_config.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/text.h"

#define HOUR_MS   ((int64_t)3600000)
#define MINUTE_MS ((int64_t)60000)
#define FOREVER   "9223372036854775807"

/* clang-format off */
#define ROW(name, type, value, min, max, choices, doc, ...) \
    {{name, type, value, min, max, choices, doc}, false, {__VA_ARGS__}},
#define BOOLEAN(name, value, doc, ...)       ROW(name, CONFIG_BOOLEAN, value, 0, 0, NULL, doc, __VA_ARGS__)
#define INT(name, value, min, doc, ...)      ROW(name, CONFIG_INT, value, min, INT32_MAX, NULL, doc, __VA_ARGS__)
#define LEVEL(name, value, min, max, doc)    ROW(name, CONFIG_INT, value, min, max, NULL, doc, LIKE(name, value))
#define LONG(name, value, min, doc, ...)     ROW(name, CONFIG_LONG, value, min, INT64_MAX, NULL, doc, __VA_ARGS__)
#define RATIO(name, value, doc, ...)         ROW(name, CONFIG_DOUBLE, value, 0, 1, NULL, doc, __VA_ARGS__)
#define CHOICE(name, value, words, doc, ...) ROW(name, CONFIG_CHOICE, value, 0, 0, words, doc, __VA_ARGS__)
#define LIST(name, value, words, doc, ...)   ROW(name, CONFIG_LIST, value, 0, 0, words, doc, __VA_ARGS__)
#define REPLICAS(name, doc)                  ROW(name, CONFIG_REPLICAS, "", 0, 0, NULL, doc, NONE)
#define HIDDEN_INT(name, min, doc)           {{name, CONFIG_INT, NULL, min, INT32_MAX, NULL, doc}, true, {NONE}},
#define NONE                    {NULL, 0, NULL, false}
#define LIKE(key, value)        {key, 1, value, false}
#define UNSET(key)              {key, 1, NULL, false}
#define FIXED(key, unit, value) {key, unit, value, true}

/* Name, default, least value or choices, meaning, broker keys. Levels have a largest value too: zlib's 1..9 (-1: its
 * default), LZ4's 1..17, zstd's -(1 << 17)..22. */
const struct topic_config topic_configs[] = {
    LIST("cleanup.policy", "delete", "compact,delete",
         "What happens to old records: delete drops segments by age and size, compact keeps the last record of each key.",
         LIKE("log.cleanup.policy", "delete"))
    ROW("compression.gzip.level", CONFIG_INT, "-1", -1, 9, "-1,1,2,3,4,5,6,7,8,9",
        "Effort of gzip where the broker compresses; -1 is zlib's own choice.", LIKE("compression.gzip.level", "-1"))
    LEVEL("compression.lz4.level", "9", 1, 17, "Effort of LZ4 where the broker compresses.")
    CHOICE("compression.type", "producer", "uncompressed,zstd,lz4,snappy,gzip,producer",
           "The codec in which batches are stored; producer keeps each as it came.",
           LIKE("compression.type", "producer"))
    LEVEL("compression.zstd.level", "3", -131072, 22, "Effort of Zstandard where the broker compresses.")
    LONG("delete.retention.ms", "86400000", 0,
         "How long a tombstone of a compacted topic stays, so that late readers learn of the deletion.",
         LIKE("log.cleaner.delete.retention.ms", "86400000"))
    LONG("file.delete.delay.ms", "60000", 0, "How long a file that is no longer part of the log waits for its removal.",
         LIKE("log.segment.delete.delay.ms", "60000"))
    LONG("flush.messages", FOREVER, 1, "Sync before the record is acknowledged that would be this many without one; 1 syncs before each.",
         LIKE("log.flush.interval.messages", FOREVER))
    LONG("flush.ms", FOREVER, 0, "Sync records at most this long after they were written.",
         UNSET("log.flush.interval.ms"), FIXED("log.flush.scheduler.interval.ms", 1, FOREVER))
    REPLICAS("follower.replication.throttled.replicas",
             "Partition and broker pairs whose catching up is throttled on the follower, or *.")
    INT("index.interval.bytes", "4096", 0, "Bytes of records between two entries of the offset index.",
        LIKE("log.index.interval.bytes", "4096"))
    HIDDEN_INT("internal.segment.bytes", 1, "Size of a segment below the public minimum, for tests.")
    REPLICAS("leader.replication.throttled.replicas",
             "Partition and broker pairs whose catching up is throttled on the leader, or *.")
    LONG("local.retention.bytes", "-2", -2, "With tiered storage: bytes kept locally; -2 is retention.bytes.",
         LIKE("log.local.retention.bytes", "-2"))
    LONG("local.retention.ms", "-2", -2, "With tiered storage: time kept locally; -2 is retention.ms.",
         LIKE("log.local.retention.ms", "-2"))
    LONG("max.compaction.lag.ms", FOREVER, 1, "A record of a compacted topic waits at most this long for compaction.",
         LIKE("log.cleaner.max.compaction.lag.ms", FOREVER))
    INT("max.message.bytes", "1048588", 0, "The largest batch that is accepted, as it is on the wire.",
        LIKE("message.max.bytes", "1048588"))
    LONG("message.timestamp.after.max.ms", "3600000", 0,
         "How far a record's timestamp may lie ahead of the broker's clock.",
         LIKE("log.message.timestamp.after.max.ms", "3600000"))
    LONG("message.timestamp.before.max.ms", FOREVER, 0,
         "How far a record's timestamp may lie behind the broker's clock.",
         LIKE("log.message.timestamp.before.max.ms", FOREVER))
    CHOICE("message.timestamp.type", "CreateTime", "CreateTime,LogAppendTime",
           "Whether a record's time is that of its producer or that of its arrival.",
           LIKE("log.message.timestamp.type", "CreateTime"))
    RATIO("min.cleanable.dirty.ratio", "0.5", "The share of a log that is not compacted yet at which compaction begins.",
          LIKE("log.cleaner.min.cleanable.ratio", "0.5"))
    LONG("min.compaction.lag.ms", "0", 0, "A record of a compacted topic is left alone for at least this long.",
         LIKE("log.cleaner.min.compaction.lag.ms", "0"))
    INT("min.insync.replicas", "1", 1, "With acks=all: replicas that must have a record before it is acknowledged.",
        LIKE("min.insync.replicas", "1"))
    BOOLEAN("preallocate", "false", "Whether a new segment gets its full size on the disk at once.",
            LIKE("log.preallocate", "false"))
    BOOLEAN("remote.log.copy.disable", "false", "With tiered storage: no further segments are copied there.", NONE)
    BOOLEAN("remote.log.delete.on.disable", "false",
            "With tiered storage: what is there is deleted when it is disabled.", NONE)
    BOOLEAN("remote.storage.enable", "false", "Tiered storage; this broker has none.", NONE)
    LONG("retention.bytes", "-1", INT64_MIN, "Bytes that a partition keeps before its oldest segments go; -1 is all.",
         LIKE("log.retention.bytes", "-1"))
    LONG("retention.ms", "604800000", -1, "How long records are kept before their segment goes; -1 is for ever.",
         UNSET("log.retention.ms"), FIXED("log.retention.minutes", MINUTE_MS, NULL),
         FIXED("log.retention.hours", HOUR_MS, "168"))
    INT("segment.bytes", "1073741824", 1048576, "Size at which a segment is closed and the next one begins.",
        LIKE("log.segment.bytes", "1073741824"))
    INT("segment.index.bytes", "10485760", 4, "Largest size of the index of a segment.",
        LIKE("log.index.size.max.bytes", "10485760"))
    LONG("segment.jitter.ms", "0", 0, "Most that is taken at random from segment.ms, so that not all roll at once.",
         UNSET("log.roll.jitter.ms"), FIXED("log.roll.jitter.hours", HOUR_MS, "0"))
    LONG("segment.ms", "604800000", 1, "Age at which a segment is closed even if it is not full.",
         UNSET("log.roll.ms"), FIXED("log.roll.hours", HOUR_MS, "168"))
    BOOLEAN("unclean.leader.election.enable", "false",
            "Whether a replica that is not in sync may lead, at the price of records.",
            LIKE("unclean.leader.election.enable", "false"))
};
/* clang-format on */
const int32_t topic_config_count = sizeof topic_configs / sizeof *topic_configs;

static int config_order(const void *key, const void *entry)
{
    return slice_compare(*(const struct slice *)key, slice_str(((const struct topic_config *)entry)->def.name));
}

const struct topic_config *topic_config_find(struct slice name)
{
    return bsearch(&name, topic_configs, (size_t)topic_config_count, sizeof *topic_configs, config_order);
}

const struct topic_config *topic_config_of_broker_key(struct slice broker_key,
                                                      const struct topic_config_synonym **synonym)
{
    for (int32_t i = 0; i < topic_config_count; i++)
        for (int k = 0; k < TOPIC_CONFIG_SYNONYMS && topic_configs[i].synonyms[k].name; k++) {
            if (!slice_equal(slice_str(topic_configs[i].synonyms[k].name), broker_key)) continue;
            if (synonym) *synonym = &topic_configs[i].synonyms[k];
            return &topic_configs[i];
        }
    return NULL;
}

/* ---- all of a topic's together ---- */

static int64_t setting_number(const struct metadata_setting *settings, int32_t count, const char *name)
{
    int64_t v = 0;
    text_to_i64(slice_str(topic_config_find(slice_str(name))->def.default_value), &v);
    for (int32_t i = 0; i < count; i++)
        if (kafka_string_equal_str(settings[i].name, name))
            text_to_i64(config_trim(kafka_string_slice(settings[i].value)), &v);
    return v;
}

static int setting_check(const struct metadata_setting *s, struct err_text *error)
{
    struct slice name = kafka_string_slice(s->name), value = kafka_string_slice(s->value);
    const struct topic_config *c = topic_config_find(name);
    int shown = (int)(name.n < 200 ? name.n : 200);
    if (!c) return err_set(error, ERR_INVALID, "Unknown topic config name: %.*s", shown, (const char *)name.p);
    if (s->value.n < 0)
        return err_set(error, ERR_INVALID, "Null value not supported for topic configs: %s", c->def.name);
    if (config_check(&c->def, value, error) != 0) return ERR_INVALID;
    struct slice text = config_trim(value);
    if (strcmp(c->def.name, "remote.storage.enable") == 0 && strncasecmp((const char *)text.p, "true", 4) == 0)
        return err_set(error, ERR_INVALID, "remote.storage.enable: this broker has no remote storage");
    return 0;
}

int topic_config_check_all(const struct metadata_setting *settings, int32_t count, struct err_text *error)
{
    for (int32_t i = 0; i < count; i++)
        if (setting_check(&settings[i], error) != 0) return ERR_INVALID;
    int64_t least = setting_number(settings, count, "min.compaction.lag.ms");
    int64_t most = setting_number(settings, count, "max.compaction.lag.ms");
    if (least > most)
        return err_set(error, ERR_INVALID, "min.compaction.lag.ms (%lld) is above max.compaction.lag.ms (%lld)",
                       (long long)least, (long long)most);
    return 0;
}

/* ---- effective values ---- */

/* Hours or minutes become milliseconds; what would overflow is as good as for ever, negative is -1. */
static const char *synonym_text(const struct topic_config_synonym *s, const char *value, char scratch[24])
{
    int64_t v;
    if (s->factor == 1 || !text_to_i64(config_trim(slice_str(value)), &v)) return value;
    v = v < 0 ? -1 : v > INT64_MAX / s->factor ? INT64_MAX : v * s->factor;
    snprintf(scratch, 24, "%lld", (long long)v);
    return scratch;
}

/* The first layer that has one of the synonyms, and in it the first synonym. */
static bool broker_value(const struct topic_config *c, const struct config_layers *broker,
                         struct topic_config_value *out)
{
    for (int layer = 0; layer < CONFIG_LAYERS; layer++)
        for (int k = 0; k < TOPIC_CONFIG_SYNONYMS && c->synonyms[k].name; k++) {
            const char *text = config_layer_find(broker, layer, c->synonyms[k].name);
            if (!text) continue;
            out->text = synonym_text(&c->synonyms[k], text, out->scratch);
            out->source = config_layer_source(layer);
            return true;
        }
    return false;
}

void topic_config_effective(const struct topic_config *c, const struct metadata_configs *topic,
                            const struct config_layers *broker, struct topic_config_value *out)
{
    const char *own = topic ? metadata_config_find(topic, c->def.name) : NULL;
    out->text = own ? own : c->def.default_value;
    out->source = own ? KAFKA_SOURCE_TOPIC : KAFKA_SOURCE_DEFAULT;
    if (!own && broker) broker_value(c, broker, out);
}

int64_t topic_config_number(const char *name, const struct metadata_configs *topic, const struct config_layers *broker)
{
    const struct topic_config *c = topic_config_find(slice_str(name));
    struct topic_config_value value;
    int64_t v;
    assert(c);
    topic_config_effective(c, topic, broker, &value);
    if (c->def.type == CONFIG_BOOLEAN) return config_trim(slice_str(value.text)).n == 4; /* "true" in any case */
    (void)config_number(&c->def, value.text, &v); /* what is no number was told at the start */
    return v;
}

bool topic_config_has(const char *name, const char *word, const struct metadata_configs *topic,
                      const struct config_layers *broker)
{
    const struct topic_config *c = topic_config_find(slice_str(name));
    struct topic_config_value value;
    assert(c);
    topic_config_effective(c, topic, broker, &value);
    return config_list_has(slice_str(value.text), slice_str(word));
}
