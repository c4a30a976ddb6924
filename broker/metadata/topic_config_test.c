#include "broker/metadata/topic_config.h"

#include <string.h>

#include "tests/unit.h"

static bool good(const char *name, const char *value)
{
    struct err_text error = {0};
    const struct topic_config *c = topic_config_find(slice_str(name));
    check(c != NULL);
    bool ok = config_check(&c->def, slice_str(value), &error) == 0;
    if (!ok) check(strstr(error.text, name) && strstr(error.text, value));
    return ok;
}

TEST(topic_config, the_table_is_sorted_and_its_defaults_are_good)
{
    for (int32_t i = 0; i < topic_config_count; i++) {
        const struct topic_config *c = &topic_configs[i];
        if (i > 0) check(strcmp(topic_configs[i - 1].def.name, c->def.name) < 0);
        check(topic_config_find(slice_str(c->def.name)) == c);
        check(c->hidden == (c->def.default_value == NULL));
        if (c->def.default_value) check_int(config_check(&c->def, slice_str(c->def.default_value), NULL), 0);
    }
    check(topic_config_find(slice_str("retention")) == NULL);
    check(topic_config_find(slice_str("")) == NULL);
}

TEST(topic_config, values)
{
    check(good("retention.ms", "-1") && good("retention.ms", " 9223372036854775807 "));
    check(!good("retention.ms", "-2") && !good("retention.ms", "1.5") && !good("retention.ms", "9223372036854775808"));
    check(good("segment.bytes", "1048576") && !good("segment.bytes", "1048575") &&
          !good("segment.bytes", "2147483648"));
    check(good("retention.bytes", "-1000"));
    check(good("preallocate", "TRUE") && !good("preallocate", "yes"));
    check(good("min.cleanable.dirty.ratio", "0.25") && !good("min.cleanable.dirty.ratio", "1.01"));
    check(!good("min.cleanable.dirty.ratio", "nan") && !good("min.cleanable.dirty.ratio", "half"));
    check(good("cleanup.policy", "compact") && good("cleanup.policy", "delete, compact") && good("cleanup.policy", ""));
    check(!good("cleanup.policy", "delete,delete") && !good("cleanup.policy", "delete,") &&
          !good("cleanup.policy", "none"));
    check(good("compression.type", "zstd") && !good("compression.type", "ZSTD") && !good("compression.type", "brotli"));
    check(good("compression.gzip.level", "-1") && good("compression.gzip.level", "9"));
    check(!good("compression.gzip.level", "0") && !good("compression.gzip.level", "10"));
    check(good("compression.zstd.level", "-131072") && !good("compression.zstd.level", "23"));
    static char longer[INT16_MAX + 2]; /* flexible requests can carry it, a ConfigRecord cannot */
    memset(longer, ' ', sizeof longer - 1);
    check_int(config_check(&topic_config_find(slice_str("retention.ms"))->def, slice_str(longer), NULL), ERR_INVALID);
    longer[0] = '1';
    check_int(config_check(&topic_config_find(slice_str("retention.ms"))->def, slice_str(longer), NULL), ERR_INVALID);
    static const char *const holed[] = {"retention.ms", "cleanup.policy", "compression.type", "preallocate"};
    static const char *const holed_values[] = {"\0001000", "\0delete", "zstd\0", "true\0"};
    static const size_t holed_sizes[] = {5, 7, 5, 5};
    for (int i = 0; i < 4; i++)
        check_int(
            config_check(&topic_config_find(slice_str(holed[i]))->def, slice_of(holed_values[i], holed_sizes[i]), NULL),
            ERR_INVALID);
    check(good("leader.replication.throttled.replicas", "*") &&
          good("leader.replication.throttled.replicas", "0:1,1:2"));
    check(!good("leader.replication.throttled.replicas", "0") && !good("leader.replication.throttled.replicas", "0:x"));
}

static int64_t number(const char *name, const char *topic_value, const char *broker_key, const char *broker_value)
{
    struct metadata_config item = {(char *)name, (char *)topic_value};
    struct metadata_configs topic = {&item, topic_value ? 1 : 0};
    struct properties broker = {0};
    if (broker_key) properties_set(&broker, broker_key, broker_value, "test", 1);
    int64_t v = topic_config_number(name, &topic, &(struct config_layers){.file = &broker});
    properties_release(&broker);
    return v;
}

TEST(topic_config, topic_before_broker_before_default)
{
    check_int(number("retention.ms", NULL, NULL, NULL), 604800000);
    check_int(number("retention.ms", NULL, "log.retention.ms", "5"), 5);
    check_int(number("retention.ms", "6", "log.retention.ms", "5"), 6);
    check_int(number("retention.ms", NULL, "log.retention.minutes", "2"), 120000);
    check_int(number("retention.ms", NULL, "log.retention.hours", "3"), 10800000);
    check_int(number("retention.ms", NULL, "log.retention.hours", "-1"), -1);
    check_int(number("segment.ms", NULL, "log.roll.hours", "9223372036854775807"), INT64_MAX);
    check_int(number("max.message.bytes", NULL, "message.max.bytes", "77"), 77);
    check_int(number("preallocate", NULL, "log.preallocate", "true"), 1);
    check_int(number("internal.segment.bytes", NULL, NULL, NULL), -1);
    check_int(number("internal.segment.bytes", "300", NULL, NULL), 300);
    check_int(number("retention.ms", "", "log.retention.ms", "5"), 604800000); /* not from our checks */
    check_int(number("internal.segment.bytes", "many", NULL, NULL), -1);
}

TEST(topic_config, the_source_is_told)
{
    struct properties file = {0};
    struct config_layers broker = {.file = &file};
    struct topic_config_value v;
    const struct topic_config *c = topic_config_find(slice_str("retention.ms"));
    topic_config_effective(c, NULL, &broker, &v);
    check_int(v.source, KAFKA_SOURCE_DEFAULT);
    properties_set(&file, "log.retention.hours", "1", "test", 1);
    topic_config_effective(c, NULL, &broker, &v);
    check_int(v.source, KAFKA_SOURCE_STATIC);
    check_str(v.text, "3600000");
    properties_set(&file, "log.retention.ms", "9", "test", 2); /* the more exact key counts */
    topic_config_effective(c, NULL, &broker, &v);
    check_str(v.text, "9");
    struct metadata_config item = {"retention.ms", "7"};
    struct metadata_configs topic = {&item, 1};
    topic_config_effective(c, &topic, &broker, &v);
    check_int(v.source, KAFKA_SOURCE_TOPIC);
    check_str(v.text, "7");
    const struct topic_config_synonym *s;
    check(topic_config_of_broker_key(slice_str("log.roll.hours"), &s) == topic_config_find(slice_str("segment.ms")));
    check(s->read_only && s->factor == 3600000);
    check(topic_config_of_broker_key(slice_str("node.id"), NULL) == NULL);
    properties_release(&file);
}

TEST(topic_config, words)
{
    struct metadata_config item = {"cleanup.policy", "compact , delete"};
    struct metadata_configs topic = {&item, 1};
    check(topic_config_has("cleanup.policy", "compact", &topic, NULL));
    check(topic_config_has("cleanup.policy", "delete", &topic, NULL));
    check(!topic_config_has("cleanup.policy", "compact", NULL, NULL));
    check(topic_config_has("message.timestamp.type", "CreateTime", NULL, NULL));
}

/* Of the layers the first one that has any of the synonyms counts, even if its synonym is the weaker one. */
TEST(topic_config, dynamic_before_static)
{
    struct metadata_config mine = {"log.retention.ms", "1"},
                           all[] = {{"log.retention.ms", "2"}, {"message.max.bytes", "3"}};
    struct metadata_configs broker = {&mine, 1}, cluster = {all, 2};
    struct properties file = {0};
    properties_set(&file, "log.retention.minutes", "4", "test", 1);
    properties_set(&file, "message.max.bytes", "5", "test", 2);
    struct config_layers layers = {&broker, &cluster, &file};
    struct topic_config_value v;
    topic_config_effective(topic_config_find(slice_str("retention.ms")), NULL, &layers, &v);
    check_str(v.text, "1");
    check_int(v.source, KAFKA_SOURCE_BROKER);
    topic_config_effective(topic_config_find(slice_str("max.message.bytes")), NULL, &layers, &v);
    check_str(v.text, "3");
    check_int(v.source, KAFKA_SOURCE_BROKER_DEFAULT);
    layers.broker = layers.cluster = NULL;
    check_int(topic_config_number("retention.ms", NULL, &layers), 240000);
    properties_release(&file);
}
