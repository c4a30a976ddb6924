#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/metadata/controller_test.h"
#include "lib/kafka/metadata_record.h"
#include "tests/unit.h"

static const struct metadata_topic *topic(const struct controller *c, const char *name)
{
    return metadata_topic_find(&c->image, slice_str(name));
}

static void check_same(const struct metadata_image *a, const struct metadata_image *b)
{
    struct buf x = {0}, y = {0};
    image_show(a, &x);
    image_show(b, &y);
    check_str(buf_cstr(&x), buf_cstr(&y));
    buf_release(&x);
    buf_release(&y);
}

/* ---- brokers ---- */

TEST(metadata_broker, registers_unfenced_with_its_offset_as_epoch)
{
    struct controller c;
    controller_init(&c, 1);
    const struct metadata_broker *b = metadata_broker_find(&c.image, 1);
    check(b && !b->fenced);
    check_int(b->epoch, 1); /* record 0 is the feature level */
    check_str(b->endpoints[0].host, "127.0.0.1");
    check_int(b->endpoints[0].port, 9092);
    check(metadata_broker_find(&c.image, 2) == NULL);
    check_int(c.image.features[0].level, 29);
    controller_release(&c);
}

TEST(metadata_broker, registering_again_replaces)
{
    struct controller c;
    controller_init(&c, 2);
    struct metadata_endpoint endpoint = {"PLAINTEXT", "::1", 1234, 0};
    struct metadata_registration r = {.broker_id = 1,
                                      .incarnation = metadata_uuid_new(&c.random),
                                      .endpoints = &endpoint,
                                      .endpoint_count = 1,
                                      .rack = "r",
                                      .log_end = c.log_count};
    metadata_register_broker(&c.image, &r, &c.changes);
    controller_commit(&c);
    check_int(c.image.broker_count, 2);
    const struct metadata_broker *b = metadata_broker_find(&c.image, 1);
    check_int(b->epoch, 5);
    check_str(b->rack, "r");
    check_int(b->endpoints[0].port, 1234);
    controller_release(&c);
}

TEST(metadata_broker, producer_ids_come_in_blocks_and_never_twice)
{
    struct controller c;
    controller_init(&c, 1);
    for (int64_t expected = 0; expected < 3000; expected += METADATA_PRODUCER_ID_BLOCK) {
        check_int(metadata_allocate_producer_ids(&c.image, 1, &c.changes), expected);
        controller_commit(&c);
    }
    struct metadata_image again;
    controller_replay(&c, c.log_count, &again);
    check_int(metadata_allocate_producer_ids(&again, 1, &c.changes), 3000);
    metadata_image_release(&again);
    controller_release(&c);
}

/* ---- topics ---- */

TEST(metadata_topic, defaults_are_the_brokers)
{
    struct controller c;
    controller_init(&c, 1);
    c.limits.num_partitions = 3;
    struct metadata_outcome o = controller_create(&c, "orders", -1, -1, NULL);
    check_int(o.error, KAFKA_NONE);
    check_int(o.num_partitions, 3);
    check_int(o.replication_factor, 1);
    const struct metadata_topic *t = topic(&c, "orders");
    check_int(t->partition_count, 3);
    check(kafka_uuid_equal(t->id, o.topic_id));
    for (int i = 0; i < 3; i++) {
        const struct metadata_partition *p = metadata_partition_find(t, i);
        check_int(p->leader, 1);
        check_int(p->leader_epoch, 0);
        check(kafka_uuid_equal(p->directories[0], c.limits.directory));
    }
    check(metadata_partition_find(t, 3) == NULL);
    check(metadata_partition_find(t, -1) == NULL);
    check(metadata_partition_find(NULL, 0) == NULL);
    controller_release(&c);
}

TEST(metadata_topic, t08_more_replicas_than_brokers_are_refused)
{
    struct controller c;
    controller_init(&c, 1);
    check_int(controller_create(&c, "a", 1, 3, NULL).error, KAFKA_INVALID_REPLICATION_FACTOR);
    check_int(controller_create(&c, "a", 1, 0, NULL).error, KAFKA_INVALID_REPLICATION_FACTOR);
    check_int(controller_create(&c, "a", 1, -2, NULL).error, KAFKA_INVALID_REPLICATION_FACTOR);
    check_int(controller_create(&c, "a", 0, 1, NULL).error, KAFKA_INVALID_PARTITIONS);
    check_int(controller_create(&c, "a", -2, 1, NULL).error, KAFKA_INVALID_PARTITIONS);
    check(topic(&c, "a") == NULL);
    check_int(controller_create(&c, "a", 1, 1, NULL).error, KAFKA_NONE);
    controller_release(&c);
}

TEST(metadata_topic, t10_names)
{
    struct controller c;
    controller_init(&c, 1);
    char long_name[251];
    memset(long_name, 'a', 250);
    long_name[250] = 0;
    const char *bad[] = {"", ".", "..", "a b", "a/b", "a\xc3\xa9", "a:b", long_name};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_int(controller_create(&c, bad[i], 1, 1, NULL).error, KAFKA_INVALID_TOPIC_EXCEPTION);
    check_int(metadata_topic_name_check(KAFKA_STRING_NULL), KAFKA_INVALID_TOPIC_EXCEPTION);
    const char *good[] = {"a", "...", "A.b_C-9", long_name + 1};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        check_int(controller_create(&c, good[i], 1, 1, NULL).error, KAFKA_NONE);
    check_int(controller_create(&c, "a", 1, 1, NULL).error, KAFKA_TOPIC_ALREADY_EXISTS);
    controller_release(&c);
}

TEST(metadata_topic, t10_dots_and_underscores_collide)
{
    struct controller c;
    controller_init(&c, 1);
    check_int(controller_create(&c, "a.b_c", 1, 1, NULL).error, KAFKA_NONE);
    struct metadata_outcome o = controller_create(&c, "a_b.c", 1, 1, NULL);
    check_int(o.error, KAFKA_INVALID_TOPIC_EXCEPTION);
    check(strstr(o.message, "a.b_c") != NULL);
    controller_delete(&c, "a.b_c");
    check_int(controller_create(&c, "a_b.c", 1, 1, NULL).error, KAFKA_NONE);
    controller_release(&c);
}

TEST(metadata_topic, t11_configs_are_checked)
{
    struct controller c;
    controller_init(&c, 1);
    const char *bad[] = {"no.such.config=1",
                         "retention.ms=soon",
                         "retention.ms=-2",
                         "retention.ms",
                         "segment.bytes=14",
                         "cleanup.policy=shred",
                         "min.compaction.lag.ms=9;max.compaction.lag.ms=8",
                         "remote.storage.enable=true"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct metadata_outcome o = controller_create(&c, "a", 1, 1, bad[i]);
        check_int(o.error, KAFKA_INVALID_CONFIG);
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(bad[i], "="), bad[i]);
        check(strstr(o.message, name) != NULL); /* the message names the config */
    }
    check_int(controller_create(&c, "a", 1, 1, "retention.ms=-1;cleanup.policy=compact, delete").error, KAFKA_NONE);
    check_str(metadata_config_find(&topic(&c, "a")->configs, "retention.ms"), "-1");
    check(metadata_config_find(&topic(&c, "a")->configs, "segment.bytes") == NULL);
    controller_release(&c);
}

TEST(metadata_topic, t33_ids_survive_a_restart_and_change_when_recreated)
{
    struct controller c;
    controller_init(&c, 1);
    struct kafka_uuid first = controller_create(&c, "a", 2, 1, NULL).topic_id;
    struct metadata_image again;
    controller_replay(&c, c.log_count, &again);
    check(kafka_uuid_equal(metadata_topic_find(&again, slice_str("a"))->id, first));
    metadata_image_release(&again);
    check_int(controller_delete(&c, "a").error, KAFKA_NONE);
    check(metadata_topic_find_id(&c.image, first) == NULL);
    check(!kafka_uuid_equal(controller_create(&c, "a", 2, 1, NULL).topic_id, first));
    controller_release(&c);
}

TEST(metadata_topic, t49_internal_topics_are_the_brokers_own)
{
    struct controller c;
    controller_init(&c, 1);
    check_int(controller_create(&c, "__consumer_offsets", 1, 1, NULL).error, KAFKA_INVALID_TOPIC_EXCEPTION);
    struct metadata_outcome o =
        metadata_create_offsets_topic(&c.image, &c.limits, 50, 104857600, &c.random, &c.changes);
    check_int(o.error, KAFKA_NONE);
    check_int(o.replication_factor, 1); /* min(3, brokers) */
    controller_commit(&c);
    const struct metadata_topic *t = topic(&c, "__consumer_offsets");
    check(t && t->internal);
    check_int(t->partition_count, 50);
    check_str(metadata_config_find(&t->configs, "cleanup.policy"), "compact");
    check_int(controller_delete(&c, "__consumer_offsets").error, KAFKA_TOPIC_AUTHORIZATION_FAILED);
    o = metadata_delete_topic(&c.image, KAFKA_STRING_NULL, t->id, &c.changes);
    check_int(o.error, KAFKA_TOPIC_AUTHORIZATION_FAILED);
    check(topic(&c, "__consumer_offsets") != NULL);
    controller_release(&c);
}

TEST(metadata_topic, deletion_by_name_and_by_id)
{
    struct controller c;
    controller_init(&c, 1);
    struct kafka_uuid id = controller_create(&c, "a", 3, 1, "retention.ms=5").topic_id, none = {{0}};
    controller_create(&c, "b", 1, 1, NULL);
    check_int(controller_delete(&c, "zzz").error, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    check_int(metadata_delete_topic(&c.image, KAFKA_STRING_NULL, none, &c.changes).error, KAFKA_UNKNOWN_TOPIC_ID);
    check_int(c.changes.count, 0);
    check_int(metadata_delete_topic(&c.image, KAFKA_STRING_NULL, id, &c.changes).error, KAFKA_NONE);
    controller_commit(&c);
    check(topic(&c, "a") == NULL && topic(&c, "b") != NULL);
    check_int(c.image.partition_count, 1);
    controller_release(&c);
}

TEST(metadata_topic, replicas_are_spread)
{
    struct controller c;
    controller_init(&c, 3);
    check_int(controller_create(&c, "a", 6, 2, NULL).error, KAFKA_NONE);
    int leads[4] = {0};
    const struct metadata_topic *t = topic(&c, "a");
    for (int i = 0; i < 6; i++) {
        const struct metadata_partition *p = metadata_partition_find(t, i);
        check_int(p->replica_count, 2);
        check(p->replicas[0] == p->leader && p->replicas[1] != p->leader);
        leads[p->leader]++;
    }
    for (int i = 1; i <= 3; i++) check_int(leads[i], 2);
    controller_release(&c);
}

TEST(metadata_topic, bounds_on_partitions)
{
    struct controller c;
    controller_init(&c, 1);
    check_int(controller_create(&c, "a", 10001, 1, NULL).error, KAFKA_INVALID_PARTITIONS);
    check_int(controller_create(&c, "a", 5001, 1, NULL).error, KAFKA_INVALID_PARTITIONS);
    check_int(controller_create(&c, "a", 5000, 1, NULL).error, KAFKA_NONE);
    check_int(controller_create(&c, "b", 1, 1, NULL).error, KAFKA_INVALID_PARTITIONS);
    controller_release(&c);
}

static struct metadata_outcome assign(struct controller *c, const struct metadata_assignment *list, int32_t count,
                                      int32_t partitions, int16_t replication)
{
    struct metadata_create r = {.name = kafka_string_of("m"),
                                .num_partitions = partitions,
                                .replication_factor = replication,
                                .assignments = list,
                                .assignment_count = count};
    struct metadata_outcome o = metadata_create_topic(&c->image, &c->limits, &r, &c->random, &c->changes);
    check((o.error == KAFKA_NONE) == (c->changes.count > 0));
    return o;
}

TEST(metadata_topic, manual_assignments)
{
    struct controller c;
    controller_init(&c, 2);
    const int32_t one[] = {1}, both[] = {2, 1}, twice[] = {1, 1}, stranger[] = {7, 1};
    const struct metadata_assignment good[] = {{1, both, 2}, {0, both, 2}}, gap[] = {{0, one, 1}, {2, one, 1}},
                                     uneven[] = {{0, both, 2}, {1, one, 1}}, doubled[] = {{0, twice, 2}},
                                     unknown[] = {{0, stranger, 2}}, nobody[] = {{0, one, 0}},
                                     same[] = {{0, one, 1}, {0, one, 1}};
    check_int(assign(&c, gap, 2, -1, -1).error, KAFKA_INVALID_REPLICA_ASSIGNMENT);
    check_int(assign(&c, same, 2, -1, -1).error, KAFKA_INVALID_REPLICA_ASSIGNMENT);
    check_int(assign(&c, uneven, 2, -1, -1).error, KAFKA_INVALID_REPLICA_ASSIGNMENT);
    check_int(assign(&c, doubled, 1, -1, -1).error, KAFKA_INVALID_REPLICA_ASSIGNMENT);
    check_int(assign(&c, unknown, 1, -1, -1).error, KAFKA_INVALID_REPLICA_ASSIGNMENT);
    check_int(assign(&c, nobody, 1, -1, -1).error, KAFKA_INVALID_REPLICA_ASSIGNMENT);
    check_int(assign(&c, good, 2, 2, -1).error, KAFKA_INVALID_REQUEST);
    check_int(assign(&c, good, 2, -1, 2).error, KAFKA_INVALID_REQUEST);
    struct metadata_outcome o = assign(&c, good, 2, -1, -1);
    check_int(o.num_partitions, 2);
    check_int(o.replication_factor, 2);
    controller_commit(&c);
    check_int(metadata_partition_find(topic(&c, "m"), 1)->leader, 2);
    controller_release(&c);
}

/* ---- records ---- */

TEST(metadata_record, bytes_of_a_topic)
{
    struct controller c;
    controller_init(&c, 1);
    struct metadata_create r = {.name = kafka_string_of("ab"), .num_partitions = 1, .replication_factor = 1};
    struct metadata_outcome o = metadata_create_topic(&c.image, &c.limits, &r, &c.random, &c.changes);
    check_int(c.changes.count, 2);
    uint8_t topic_bytes[] = {1, 2, 0, 3, 'a', 'b', [22] = 0}; /* frame 1, type 2, version 0, "ab", id, no tags */
    memcpy(topic_bytes + 6, o.topic_id.bytes, 16);
    check_int(c.changes.values[0].n, 23);
    check_mem(c.changes.values[0].p, topic_bytes, 23);
    /* PartitionRecord 1: partition, topic id, replicas, isr, removing, adding, leader, epochs, directories, tags */
    uint8_t p[73] = {1, 3, 1};
    memcpy(p + 7, o.topic_id.bytes, 16);
    const uint8_t lists[] = {2, 0, 0, 0, 1, 2, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2};
    memcpy(p + 23, lists, sizeof lists);
    memcpy(p + 48, c.limits.directory.bytes, 16);
    check_int(c.changes.values[1].n, 65);
    check_mem(c.changes.values[1].p, p, 65);
    controller_release(&c);
}

static int replay(struct controller *c, int type, int version, const void *record, struct err_text *error)
{
    struct buf b = {0};
    check_int(metadata_record_encode(type, version, record, &b), 0);
    int err = metadata_replay(&c->image, buf_slice(&b), error);
    buf_release(&b);
    return err;
}

#define REFUSED(type, version, record)                                                                                 \
    do {                                                                                                               \
        struct err_text error_ = {0};                                                                                  \
        check_int(replay(&c, type, version, record, &error_), ERR_CORRUPT);                                            \
        check(error_.text[0]);                                                                                         \
        check_same(&c.image, &before);                                                                                 \
    } while (0)

TEST(metadata_replay, contradictions_change_nothing)
{
    struct controller c;
    controller_init(&c, 1);
    struct kafka_uuid id = controller_create(&c, "a", 2, 1, "retention.ms=5").topic_id, other = id;
    other.bytes[0] ^= 1;
    metadata_allocate_producer_ids(&c.image, 1, &c.changes);
    controller_commit(&c);
    struct metadata_image before;
    controller_replay(&c, c.log_count, &before);

    struct topic_record same_name = {kafka_string_of("a"), other}, same_id = {kafka_string_of("b"), id},
                        bad_name = {kafka_string_of("b c"), other}, no_id = {kafka_string_of("b"), {{0}}};
    REFUSED(METADATA_RECORD_TOPIC, 0, &same_name);
    REFUSED(METADATA_RECORD_TOPIC, 0, &same_id);
    REFUSED(METADATA_RECORD_TOPIC, 0, &bad_name);
    REFUSED(METADATA_RECORD_TOPIC, 0, &no_id);
    struct remove_topic_record remove = {other};
    REFUSED(METADATA_RECORD_REMOVE_TOPIC, 0, &remove);
    struct partition_record p;
    kafka_struct_init(&partition_record_struct, &p);
    p.topic_id = id;
    p.partition_id = 3; /* 2 is the next */
    REFUSED(METADATA_RECORD_PARTITION, 1, &p);
    p.partition_id = -1;
    REFUSED(METADATA_RECORD_PARTITION, 1, &p);
    p.topic_id = other;
    p.partition_id = 2;
    REFUSED(METADATA_RECORD_PARTITION, 1, &p);
    struct partition_change_record change;
    kafka_struct_init(&partition_change_record_struct, &change);
    change.topic_id = id;
    change.partition_id = 2;
    REFUSED(METADATA_RECORD_PARTITION_CHANGE, 0, &change);
    struct config_record config = {2, kafka_string_of("zzz"), kafka_string_of("k"), kafka_string_of("v")};
    REFUSED(METADATA_RECORD_CONFIG, 0, &config);
    struct producer_ids_record ids = {1, 1, 1000};
    REFUSED(METADATA_RECORD_PRODUCER_IDS, 0, &ids);
    struct unregister_broker_record gone = {1, 99};
    REFUSED(METADATA_RECORD_UNREGISTER_BROKER, 0, &gone);
    struct broker_registration_change_record fence = {.broker_id = 2, .fenced = 1};
    REFUSED(METADATA_RECORD_BROKER_REGISTRATION_CHANGE, 0, &fence);
    metadata_image_release(&before);
    controller_release(&c);
}

TEST(metadata_topic, partitions_without_a_leader_get_the_broker_that_is_in_sync)
{
    struct controller c;
    struct err_text error = {0};
    controller_init(&c, 2);
    struct kafka_uuid id = controller_create(&c, "a", 2, 1, NULL).topic_id;
    int32_t mine = metadata_partition_find(topic(&c, "a"), 1)->leader;
    struct partition_change_record change;
    struct metadata_changes elected = {0};
    kafka_struct_init(&partition_change_record_struct, &change);
    change.topic_id = id;
    change.partition_id = 1;
    change.leader = -1; /* it ended cleanly */
    check_int(replay(&c, METADATA_RECORD_PARTITION_CHANGE, 0, &change, &error), 0);
    metadata_elect_leaders(&c.image, mine + 1, &elected);
    check_int(elected.count, 0); /* not in sync */
    metadata_elect_leaders(&c.image, mine, &elected);
    check_int(elected.count, 1);
    check_int(metadata_replay(&c.image, elected.values[0], &error), 0);
    const struct metadata_partition *p = metadata_partition_find(topic(&c, "a"), 1);
    check_int(p->leader, mine);
    check_int(p->leader_epoch, 2);
    metadata_changes_reset(&elected);
    metadata_elect_leaders(&c.image, mine, &elected);
    check_int(elected.count, 0);
    metadata_changes_release(&elected);
    controller_release(&c);
}

TEST(metadata_replay, every_kind_of_record_has_its_effect)
{
    struct controller c;
    struct err_text error = {0};
    controller_init(&c, 2);
    struct kafka_uuid id = controller_create(&c, "a", 1, 2, "retention.ms=5").topic_id;
    int32_t isr[] = {2};
    struct partition_change_record change;
    kafka_struct_init(&partition_change_record_struct, &change);
    change.topic_id = id;
    change.partition_id = 0;
    change.isr = isr;
    change.isr_count = 1;
    check_int(replay(&c, METADATA_RECORD_PARTITION_CHANGE, 0, &change, &error), 0);
    const struct metadata_partition *p = metadata_partition_find(topic(&c, "a"), 0);
    check_int(p->isr_count, 1);
    check_int(p->leader_epoch, 0); /* the leader is unchanged, so is its epoch */
    check_int(p->partition_epoch, 1);
    change.leader = 2;
    check_int(replay(&c, METADATA_RECORD_PARTITION_CHANGE, 0, &change, &error), 0);
    check_int(p->leader, 2);
    check_int(p->leader_epoch, 1);

    struct config_record config = {2, kafka_string_of("a"), kafka_string_of("flush.ms"), kafka_string_of("7")};
    check_int(replay(&c, METADATA_RECORD_CONFIG, 0, &config, &error), 0);
    check_str(topic(&c, "a")->configs.items[0].name, "flush.ms"); /* in byte order */
    config.value = kafka_string_of("8");
    check_int(replay(&c, METADATA_RECORD_CONFIG, 0, &config, &error), 0);
    check_str(metadata_config_find(&topic(&c, "a")->configs, "flush.ms"), "8");
    config.value = KAFKA_STRING_NULL;
    check_int(replay(&c, METADATA_RECORD_CONFIG, 0, &config, &error), 0);
    check(metadata_config_find(&topic(&c, "a")->configs, "flush.ms") == NULL);
    check_str(metadata_config_find(&topic(&c, "a")->configs, "retention.ms"), "5");

    struct broker_registration_change_record fence;
    kafka_struct_init(&broker_registration_change_record_struct, &fence);
    fence.broker_id = 2;
    fence.broker_epoch = metadata_broker_find(&c.image, 2)->epoch;
    fence.fenced = 1;
    check_int(replay(&c, METADATA_RECORD_BROKER_REGISTRATION_CHANGE, 0, &fence, &error), 0);
    check(metadata_broker_find(&c.image, 2)->fenced);
    check_int(controller_create(&c, "b", 1, 2, NULL).error, KAFKA_INVALID_REPLICATION_FACTOR);
    struct unregister_broker_record gone = {2, fence.broker_epoch};
    check_int(replay(&c, METADATA_RECORD_UNREGISTER_BROKER, 0, &gone, &error), 0);
    check(metadata_broker_find(&c.image, 2) == NULL && metadata_broker_find(&c.image, 1) != NULL);

    int32_t replicas[] = {1};
    change.replicas = change.isr = replicas;
    change.replicas_count = change.isr_count = 1;
    change.leader = 1;
    check_int(replay(&c, METADATA_RECORD_PARTITION_CHANGE, 0, &change, &error), 0);
    p = metadata_partition_find(topic(&c, "a"), 0);
    check(p->replica_count == 1 && kafka_uuid_is_zero(p->directories[0])); /* one for each replica, not known */

    struct feature_level_record feature = {kafka_string_of("metadata.version"), 30};
    check_int(replay(&c, METADATA_RECORD_FEATURE_LEVEL, 0, &feature, &error), 0);
    check_int(c.image.features[0].level, 30);
    feature.feature_level = 0;
    check_int(replay(&c, METADATA_RECORD_FEATURE_LEVEL, 0, &feature, &error), 0);
    check_int(c.image.feature_count, 0);
    struct no_op_record nothing;
    check_int(replay(&c, METADATA_RECORD_NO_OP, 0, &nothing, &error), 0);
    check_str(error.text, "");
    controller_release(&c);
}

/* Found by metadata_record_fuzz: an offset into no array at all. */
TEST(metadata_replay, a_config_that_was_never_set_can_be_removed)
{
    struct controller c;
    struct err_text error = {0};
    controller_init(&c, 1);
    struct config_record config = {4, kafka_string_of(""), kafka_string_of("k"), KAFKA_STRING_NULL};
    check_int(replay(&c, METADATA_RECORD_CONFIG, 0, &config, &error), 0);
    config.value = kafka_string_of("v");
    check_int(replay(&c, METADATA_RECORD_CONFIG, 0, &config, &error), 0);
    config.value = KAFKA_STRING_NULL;
    check_int(replay(&c, METADATA_RECORD_CONFIG, 0, &config, &error), 0);
    check_int(((struct metadata_configs *)table_get_str(&c.image.broker_configs, ""))->count, 0);
    controller_release(&c);
}

TEST(metadata_replay, unknown_and_broken_records_are_named)
{
    struct controller c;
    struct err_text error = {0};
    controller_init(&c, 1);
    const uint8_t unknown[] = {1, 99, 0, 0};
    check_int(metadata_replay(&c.image, slice_of(unknown, sizeof unknown), &error), ERR_UNSUPPORTED);
    check(strstr(error.text, "type 99") != NULL);
    struct config_record strange = {8, kafka_string_of("x"), kafka_string_of("k"), kafka_string_of("v")};
    error.text[0] = 0;
    check_int(replay(&c, METADATA_RECORD_CONFIG, 0, &strange, &error), ERR_UNSUPPORTED);
    check(strstr(error.text, "type 8") != NULL);
    for (int32_t i = 0; i < c.log_count; i++)
        for (size_t n = 0; n < c.log[i].n; n++) {
            error.text[0] = 0;
            int err = metadata_replay(&c.image, slice_of(c.log[i].p, n), &error);
            check(err < 0 && error.text[0]);
        }
    controller_release(&c);
}

/* Whatever was decided: the image is a function of the log, at every length of it. */
TEST(metadata_property, the_image_is_what_the_log_says)
{
    struct controller c;
    controller_init(&c, 3);
    enum { STEPS = 400, NAMES = 12 };
    for (int i = 0; i < STEPS; i++) {
        char name[16], configs[64];
        snprintf(name, sizeof name, "t%d", (int)random_below(&c.random, NAMES));
        snprintf(configs, sizeof configs, "retention.ms=%d", (int)random_below(&c.random, 1000));
        bool there = topic(&c, name) != NULL;
        if (random_chance(&c.random, 1, 10)) {
            metadata_allocate_producer_ids(&c.image, 1, &c.changes);
            controller_commit(&c);
        } else if (random_chance(&c.random, 1, 2)) {
            check_int(controller_create(&c, name, 1 + (int32_t)random_below(&c.random, 9), 2, configs).error,
                      there ? KAFKA_TOPIC_ALREADY_EXISTS : KAFKA_NONE);
        } else {
            check_int(controller_delete(&c, name).error, there ? KAFKA_NONE : KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
        }
    }
    struct metadata_image again;
    controller_replay(&c, c.log_count, &again);
    check_same(&c.image, &again);
    metadata_image_release(&again);
    for (int32_t n = 0; n < c.log_count; n += 37) { /* image_show checks that an image agrees with itself */
        struct buf b = {0};
        controller_replay(&c, n, &again);
        image_show(&again, &b);
        metadata_image_release(&again);
        buf_release(&b);
    }
    check(c.log_count > 500);
    controller_release(&c);
}

TEST(metadata_uuid, random_version_4_and_never_an_option)
{
    struct random r;
    random_seed(&r, 3);
    for (int i = 0; i < 10000; i++) {
        char text[23];
        struct kafka_uuid u = metadata_uuid_new(&r);
        kafka_uuid_to_text(u, text);
        check(text[0] != '-');
        check_int(u.bytes[6] >> 4, 4);
        check_int(u.bytes[8] >> 6, 2);
    }
}
