#include "broker/node/config_keys.h"

#include "broker/node/config.h"
#include "tests/unit.h"

TEST(config_keys, each_is_there_once_and_its_default_is_good)
{
    int count = broker_config_count();
    check(count > config_key_count);
    for (int i = 0; i < count; i++) {
        struct broker_config c, again;
        struct err_text error = {0};
        broker_config_at(i, &c);
        check(broker_config_find(slice_str(c.def.name), &again));
        check_str(again.def.doc, c.def.doc);
        check(c.def.doc[0] >= 'A' && c.def.doc[0] <= 'Z' && c.def.doc[strlen(c.def.doc) - 1] == '.');
        if (strcmp(c.def.name, "broker.id") != 0 && c.def.default_value && /* -1: not given */
            config_check(&c.def, slice_str(c.def.default_value), &error) != 0)
            unit_fail("%s", error.text);
        for (int k = 0; k < i; k++) {
            broker_config_at(k, &again);
            check(strcmp(again.def.name, c.def.name) != 0);
        }
    }
    struct broker_config c;
    check(!broker_config_find(SLICE_LIT("no.such.key"), &c));
    check(!broker_config_find(SLICE_LIT("retention.ms"), &c)); /* a topic's */
}

static enum config_update update_of(const char *name)
{
    struct broker_config c;
    check(broker_config_find(slice_str(name), &c));
    return c.update;
}

TEST(config_keys, what_may_be_altered_is_what_kafka_alters)
{
    static const char *const altered[] = {"message.max.bytes", "log.retention.ms", "log.flush.interval.ms",
                                          "compression.type",  "max.connections",  "producer.id.expiration.ms"};
    static const char *const fixed[] = {"node.id",
                                        "log.retention.hours",
                                        "log.retention.minutes",
                                        "log.roll.hours",
                                        "num.partitions",
                                        "listeners",
                                        "log.dirs",
                                        "log.flush.scheduler.interval.ms"};
    for (size_t i = 0; i < sizeof altered / sizeof *altered; i++) check_int(update_of(altered[i]), CONFIG_CLUSTER_WIDE);
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) check_int(update_of(fixed[i]), CONFIG_READ_ONLY);
}

TEST(config_keys, hours_are_ints_with_their_own_default)
{
    struct broker_config c;
    check(broker_config_find(SLICE_LIT("log.retention.hours"), &c));
    check_int(c.def.type, CONFIG_INT);
    check_str(c.def.default_value, "168");
    check(broker_config_find(SLICE_LIT("log.retention.ms"), &c));
    check_int(c.def.type, CONFIG_LONG);
    check(c.def.default_value == NULL);
}

TEST(config_keys, a_number_comes_from_the_first_layer_that_has_it)
{
    struct metadata_config all = {"max.connections", "7"}, mine = {"max.connections", "8"};
    struct metadata_configs cluster = {&all, 1}, broker = {&mine, 1};
    struct config_layers layers = {0};
    check_int(config_key_number("max.connections", &layers), INT32_MAX);
    layers.cluster = &cluster;
    check_int(config_key_number("max.connections", &layers), 7);
    layers.broker = &broker;
    check_int(config_key_number("max.connections", &layers), 8);
}
