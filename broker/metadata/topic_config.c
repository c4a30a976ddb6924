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
#define BOOLEAN(name, value, ...)        {name, TOPIC_CONFIG_BOOLEAN, value, 0, 0, NULL, false, {__VA_ARGS__}}
#define INT(name, value, min, ...)       {name, TOPIC_CONFIG_INT, value, min, INT32_MAX, NULL, false, {__VA_ARGS__}}
#define LEVEL(name, value, min, max)     {name, TOPIC_CONFIG_INT, value, min, max, NULL, false, {{name, 1}}}
#define LONG(name, value, min, ...)      {name, TOPIC_CONFIG_LONG, value, min, INT64_MAX, NULL, false, {__VA_ARGS__}}
#define RATIO(name, value, ...)          {name, TOPIC_CONFIG_DOUBLE, value, 0, 1, NULL, false, {__VA_ARGS__}}
#define CHOICE(name, value, words, ...)  {name, TOPIC_CONFIG_CHOICE, value, 0, 0, words, false, {__VA_ARGS__}}
#define LIST(name, value, words, ...)    {name, TOPIC_CONFIG_LIST, value, 0, 0, words, false, {__VA_ARGS__}}
#define REPLICAS(name)                   {name, TOPIC_CONFIG_REPLICAS, "", 0, 0, NULL, false, {{NULL, 0}}}
#define HIDDEN_INT(name, min)            {name, TOPIC_CONFIG_INT, NULL, min, INT32_MAX, NULL, true, {{NULL, 0}}}
#define NONE                             {NULL, 0}

/* Name, default, least value or choices, broker keys. Levels have a largest value too: zlib's 1..9 (-1: its
 * default), LZ4's 1..17, zstd's -(1 << 17)..22. */
const struct topic_config topic_configs[] = {
    LIST("cleanup.policy", "delete", "compact,delete", {"log.cleanup.policy", 1}),
    LEVEL("compression.gzip.level", "-1", -1, 9),
    LEVEL("compression.lz4.level", "9", 1, 17),
    CHOICE("compression.type", "producer", "uncompressed,zstd,lz4,snappy,gzip,producer", {"compression.type", 1}),
    LEVEL("compression.zstd.level", "3", -131072, 22),
    LONG("delete.retention.ms", "86400000", 0, {"log.cleaner.delete.retention.ms", 1}),
    LONG("file.delete.delay.ms", "60000", 0, {"log.segment.delete.delay.ms", 1}),
    LONG("flush.messages", FOREVER, 1, {"log.flush.interval.messages", 1}),
    LONG("flush.ms", FOREVER, 0, {"log.flush.interval.ms", 1}, {"log.flush.scheduler.interval.ms", 1}),
    REPLICAS("follower.replication.throttled.replicas"),
    INT("index.interval.bytes", "4096", 0, {"log.index.interval.bytes", 1}),
    HIDDEN_INT("internal.segment.bytes", 1),
    REPLICAS("leader.replication.throttled.replicas"),
    LONG("local.retention.bytes", "-2", -2, {"log.local.retention.bytes", 1}),
    LONG("local.retention.ms", "-2", -2, {"log.local.retention.ms", 1}),
    LONG("max.compaction.lag.ms", FOREVER, 1, {"log.cleaner.max.compaction.lag.ms", 1}),
    INT("max.message.bytes", "1048588", 0, {"message.max.bytes", 1}),
    LONG("message.timestamp.after.max.ms", "3600000", 0, {"log.message.timestamp.after.max.ms", 1}),
    LONG("message.timestamp.before.max.ms", FOREVER, 0, {"log.message.timestamp.before.max.ms", 1}),
    CHOICE("message.timestamp.type", "CreateTime", "CreateTime,LogAppendTime", {"log.message.timestamp.type", 1}),
    RATIO("min.cleanable.dirty.ratio", "0.5", {"log.cleaner.min.cleanable.ratio", 1}),
    LONG("min.compaction.lag.ms", "0", 0, {"log.cleaner.min.compaction.lag.ms", 1}),
    INT("min.insync.replicas", "1", 1, {"min.insync.replicas", 1}),
    BOOLEAN("preallocate", "false", {"log.preallocate", 1}),
    BOOLEAN("remote.log.copy.disable", "false", NONE),
    BOOLEAN("remote.log.delete.on.disable", "false", NONE),
    BOOLEAN("remote.storage.enable", "false", NONE),
    LONG("retention.bytes", "-1", INT64_MIN, {"log.retention.bytes", 1}),
    LONG("retention.ms", "604800000", -1,
         {"log.retention.ms", 1}, {"log.retention.minutes", MINUTE_MS}, {"log.retention.hours", HOUR_MS}),
    INT("segment.bytes", "1073741824", 1048576, {"log.segment.bytes", 1}),
    INT("segment.index.bytes", "10485760", 4, {"log.index.size.max.bytes", 1}),
    LONG("segment.jitter.ms", "0", 0, {"log.roll.jitter.ms", 1}, {"log.roll.jitter.hours", HOUR_MS}),
    LONG("segment.ms", "604800000", 1, {"log.roll.ms", 1}, {"log.roll.hours", HOUR_MS}),
    BOOLEAN("unclean.leader.election.enable", "false", {"unclean.leader.election.enable", 1}),
};
/* clang-format on */
const int32_t topic_config_count = sizeof topic_configs / sizeof *topic_configs;

static int config_order(const void *key, const void *entry)
{
    return slice_compare(*(const struct slice *)key, slice_str(((const struct topic_config *)entry)->name));
}

const struct topic_config *topic_config_find(struct slice name)
{
    return bsearch(&name, topic_configs, (size_t)topic_config_count, sizeof *topic_configs, config_order);
}

const struct topic_config *topic_config_of_broker_key(struct slice broker_key)
{
    for (int32_t i = 0; i < topic_config_count; i++)
        for (int k = 0; k < TOPIC_CONFIG_SYNONYMS && topic_configs[i].synonyms[k].name; k++)
            if (slice_equal(slice_str(topic_configs[i].synonyms[k].name), broker_key)) return &topic_configs[i];
    return NULL;
}

/* ---- values ---- */

static struct slice trim(struct slice s)
{
    while (s.n > 0 && s.p[0] <= ' ') s.p++, s.n--;
    while (s.n > 0 && s.p[s.n - 1] <= ' ') s.n--;
    return s;
}

static bool slice_is(struct slice s, const char *word)
{
    return s.n == strlen(word) && strncasecmp((const char *)s.p, word, s.n) == 0;
}

/* The next of a comma separated list; false at its end. */
static bool list_next(struct slice *rest, struct slice *item)
{
    if (!rest->p) return false;
    const uint8_t *comma = rest->n ? memchr(rest->p, ',', rest->n) : NULL;
    size_t n = comma ? (size_t)(comma - rest->p) : rest->n;
    *item = trim(slice_of(rest->p, n));
    *rest = comma ? slice_of(comma + 1, rest->n - n - 1) : (struct slice){NULL, 0};
    return true;
}

static bool list_has(struct slice list, struct slice word)
{
    struct slice item;
    while (list_next(&list, &item))
        if (slice_equal(item, word)) return true;
    return false;
}

static bool boolean_good(struct slice s)
{
    return slice_is(s, "true") || slice_is(s, "false");
}

static bool number_good(const struct topic_config *c, struct slice s)
{
    int64_t v;
    return text_to_i64(s, &v) && v >= c->min && v <= c->max;
}

static bool ratio_good(const struct topic_config *c, struct slice s)
{
    char text[64], *end;
    if (s.n == 0 || s.n >= sizeof text || memchr(s.p, 0, s.n)) return false;
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    double v = strtod(text, &end);
    return *end == 0 && v >= (double)c->min && v <= (double)c->max;
}

/* Each item is a choice, and none comes twice. An empty list is allowed: neither compacted nor deleted. */
static bool list_good(const struct topic_config *c, struct slice s)
{
    struct slice rest = s, item;
    if (trim(s).n == 0) return true;
    while (list_next(&rest, &item))
        if (!list_has(slice_str(c->choices), item) || (rest.p && list_has(rest, item))) return false;
    return true;
}

/* "*", nothing, or PARTITION:BROKER,... */
static bool replicas_good(struct slice s)
{
    struct slice rest = trim(s), item;
    if (rest.n == 0 || slice_is(rest, "*")) return true;
    while (list_next(&rest, &item)) {
        const uint8_t *colon = item.n ? memchr(item.p, ':', item.n) : NULL;
        int64_t partition, broker;
        if (!colon) return false;
        size_t n = (size_t)(colon - item.p);
        if (!text_to_i64(slice_of(item.p, n), &partition) || partition < 0) return false;
        if (!text_to_i64(slice_of(colon + 1, item.n - n - 1), &broker) || broker < 0) return false;
    }
    return true;
}

static bool value_good(const struct topic_config *c, struct slice value)
{
    switch (c->type) {
    case TOPIC_CONFIG_BOOLEAN: return boolean_good(trim(value));
    case TOPIC_CONFIG_INT:
    case TOPIC_CONFIG_LONG: return number_good(c, trim(value));
    case TOPIC_CONFIG_DOUBLE: return ratio_good(c, trim(value));
    case TOPIC_CONFIG_CHOICE: return list_has(slice_str(c->choices), trim(value));
    case TOPIC_CONFIG_LIST: return list_good(c, value);
    case TOPIC_CONFIG_REPLICAS: return replicas_good(value);
    }
    return false;
}

static void value_expected(const struct topic_config *c, char *out, size_t size)
{
    switch (c->type) {
    case TOPIC_CONFIG_BOOLEAN: snprintf(out, size, "true or false"); break;
    case TOPIC_CONFIG_INT:
    case TOPIC_CONFIG_LONG:
        if (c->max == INT64_MAX)
            snprintf(out, size, "a whole number, at least %lld", (long long)c->min);
        else
            snprintf(out, size, "a whole number from %lld to %lld", (long long)c->min, (long long)c->max);
        break;
    case TOPIC_CONFIG_DOUBLE:
        snprintf(out, size, "a number from %lld to %lld", (long long)c->min, (long long)c->max);
        break;
    case TOPIC_CONFIG_CHOICE: snprintf(out, size, "one of %s", c->choices); break;
    case TOPIC_CONFIG_LIST: snprintf(out, size, "a list of %s, each once", c->choices); break;
    case TOPIC_CONFIG_REPLICAS: snprintf(out, size, "* or a list of PARTITION:BROKER"); break;
    }
}

int topic_config_check(const struct topic_config *c, struct slice value, struct err_text *error)
{
    char expected[200];
    if (value_good(c, value)) return 0;
    value_expected(c, expected, sizeof expected);
    return err_set(error, ERR_INVALID, "Invalid value %.*s for configuration %s: expected %s",
                   (int)(value.n < 200 ? value.n : 200), value.n ? (const char *)value.p : "", c->name, expected);
}

static int64_t setting_number(const struct metadata_setting *settings, int32_t count, const char *name)
{
    int64_t v = 0;
    text_to_i64(slice_str(topic_config_find(slice_str(name))->default_value), &v);
    for (int32_t i = 0; i < count; i++)
        if (kafka_string_equal_str(settings[i].name, name))
            text_to_i64(trim(kafka_string_slice(settings[i].value)), &v);
    return v;
}

int topic_config_check_all(const struct metadata_setting *settings, int32_t count, struct err_text *error)
{
    for (int32_t i = 0; i < count; i++) {
        struct slice name = kafka_string_slice(settings[i].name), value = kafka_string_slice(settings[i].value);
        const struct topic_config *c = topic_config_find(name);
        int shown = (int)(name.n < 200 ? name.n : 200);
        if (!c) return err_set(error, ERR_INVALID, "Unknown topic config name: %.*s", shown, (const char *)name.p);
        if (settings[i].value.n < 0)
            return err_set(error, ERR_INVALID, "Null value not supported for topic configs: %s", c->name);
        if (topic_config_check(c, value, error) != 0) return ERR_INVALID;
        if (strcmp(c->name, "remote.storage.enable") == 0 && slice_is(trim(value), "true"))
            return err_set(error, ERR_INVALID, "remote.storage.enable: this broker has no remote storage");
    }
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
    if (s->factor == 1 || !text_to_i64(trim(slice_str(value)), &v)) return value;
    v = v < 0 ? -1 : v > INT64_MAX / s->factor ? INT64_MAX : v * s->factor;
    snprintf(scratch, 24, "%lld", (long long)v);
    return scratch;
}

void topic_config_effective(const struct topic_config *c, const struct metadata_configs *topic,
                            const struct properties *broker, struct topic_config_value *out)
{
    const char *own = topic ? metadata_config_find(topic, c->name) : NULL;
    out->text = own ? own : c->default_value;
    out->source = own ? TOPIC_CONFIG_FROM_TOPIC : TOPIC_CONFIG_FROM_DEFAULT;
    for (int k = 0; !own && broker && k < TOPIC_CONFIG_SYNONYMS && c->synonyms[k].name; k++) {
        const struct property *p = properties_find(broker, c->synonyms[k].name);
        if (!p) continue;
        out->text = synonym_text(&c->synonyms[k], p->value, out->scratch);
        out->source = TOPIC_CONFIG_FROM_BROKER;
        break;
    }
}

int64_t topic_config_number(const char *name, const struct metadata_configs *topic, const struct properties *broker)
{
    const struct topic_config *c = topic_config_find(slice_str(name));
    struct topic_config_value value;
    int64_t v = -1;
    assert(c);
    topic_config_effective(c, topic, broker, &value);
    if (!value.text) return -1;
    struct slice text = trim(slice_str(value.text));
    if (c->type == TOPIC_CONFIG_BOOLEAN) return slice_is(text, "true");
    bool good = text_to_i64(text, &v);
    assert(good); /* checked when it was set */
    return v;
}

bool topic_config_has(const char *name, const char *word, const struct metadata_configs *topic,
                      const struct properties *broker)
{
    const struct topic_config *c = topic_config_find(slice_str(name));
    struct topic_config_value value;
    assert(c);
    topic_config_effective(c, topic, broker, &value);
    return list_has(slice_str(value.text), slice_str(word));
}
