/* A NUL in the value of a config: no client gets one in, and a metadata log that has one anyway does not stop a start.
 */
#include "broker/node/driver_test.h"
#include "broker/node/node_internal.h"
#include "lib/base/checksum.h"
#include "tests/unit.h"

static struct driver d;

/* "\0" before a number: what is trimmed away by the checks, and ends the text that an image keeps. */
#define NUL_FIRST ((struct kafka_string){"\0001000", 5})

static int16_t alter(int8_t type, const char *name, const char *key, int8_t operation, struct kafka_string value)
{
    struct incremental_alter_configs_request_alterable_config c = {kafka_string_of(key), operation, value};
    struct incremental_alter_configs_request_alter_configs_resource resource = {
        .resource_type = type, .resource_name = kafka_string_of(name), .configs = &c, .configs_count = 1};
    struct incremental_alter_configs_request r = {.resources = &resource, .resources_count = 1};
    driver_ask(&d, 1, KAFKA_API_INCREMENTAL_ALTER_CONFIGS, 1, &r);
    struct incremental_alter_configs_response *a = driver_answer(&d, 1);
    check(a && a->responses_count == 1);
    return a->responses[0].error_code;
}

static int16_t replace(const char *topic, const char *key, struct kafka_string value)
{
    struct alter_configs_request_alterable_config c = {kafka_string_of(key), value};
    struct alter_configs_request_alter_configs_resource resource = {KAFKA_RESOURCE_TOPIC, kafka_string_of(topic), &c,
                                                                    1};
    struct alter_configs_request r = {.resources = &resource, .resources_count = 1};
    driver_ask(&d, 1, KAFKA_API_ALTER_CONFIGS, 2, &r);
    struct alter_configs_response *a = driver_answer(&d, 1);
    check(a && a->responses_count == 1);
    return a->responses[0].error_code;
}

static int16_t create(const char *topic, const char *key, struct kafka_string value)
{
    struct create_topics_request_creatable_topic_config c = {kafka_string_of(key), value};
    struct create_topics_request_creatable_topic t = {.name = kafka_string_of(topic),
                                                      .num_partitions = 1,
                                                      .replication_factor = 1,
                                                      .configs = &c,
                                                      .configs_count = 1};
    struct create_topics_request r = {.topics = &t, .topics_count = 1};
    driver_ask(&d, 1, KAFKA_API_CREATE_TOPICS, 7, &r);
    struct create_topics_response *a = driver_answer(&d, 1);
    check(a && a->topics_count == 1);
    return a->topics[0].error_code;
}

TEST(node_stored_configs, no_client_sets_a_value_with_a_nul)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    check_int(alter(KAFKA_RESOURCE_TOPIC, "t", "retention.ms", KAFKA_OP_SET, NUL_FIRST), KAFKA_INVALID_CONFIG);
    check_int(replace("t", "retention.ms", NUL_FIRST), KAFKA_INVALID_CONFIG);
    check_int(create("u", "retention.ms", NUL_FIRST), KAFKA_INVALID_CONFIG);
    check_int(alter(KAFKA_RESOURCE_TOPIC, "t", "cleanup.policy", KAFKA_OP_SET, (struct kafka_string){"\0delete", 7}),
              KAFKA_INVALID_CONFIG);
    check_int(
        alter(KAFKA_RESOURCE_TOPIC, "t", "cleanup.policy", KAFKA_OP_APPEND, (struct kafka_string){"compact\0x", 9}),
        KAFKA_INVALID_CONFIG);
    check_int(alter(KAFKA_RESOURCE_BROKER, "", "log.retention.ms", KAFKA_OP_SET, NUL_FIRST), KAFKA_INVALID_REQUEST);
    check_int(alter(KAFKA_RESOURCE_BROKER, "1", "max.connections", KAFKA_OP_SET, NUL_FIRST), KAFKA_INVALID_REQUEST);
    driver_crash(&d, "");
    check_int(create("u", "retention.ms", KAFKA_STRING_LIT("1000")), KAFKA_NONE);
    driver_close(&d);
}

/* The value `from` in the metadata log becomes a NUL and what is left of it, under a crc that fits. */
static void poison(const char *from)
{
    struct buf *log = memory_disk_file(d.disk, "__cluster_metadata-0/00000000000000000000.log");
    check(log);
    uint8_t *at = memmem(log->p, log->n, from, strlen(from));
    check(at);
    *at = 0;
    for (size_t i = 0, n; i < log->n; i += n) {
        struct batch_header h;
        check_int(batch_header_read(slice_of(log->p + i, log->n - i), &h), 0);
        n = batch_size(&h);
        put_u32be(log->p + i + 17, crc32c(0, log->p + i + 21, n - 21));
    }
}

TEST(node_stored_configs, a_value_that_is_no_number_is_told_and_does_not_stop_a_start)
{
    struct buf told = {0};
    driver_open(&d, "");
    driver_create(&d, "t", 1, "retention.ms", "777001");
    check_int(alter(KAFKA_RESOURCE_BROKER, "", "max.connections", KAFKA_OP_SET, KAFKA_STRING_LIT("777002")), 0);
    check_int(alter(KAFKA_RESOURCE_BROKER, "1", "log.retention.ms", KAFKA_OP_SET, KAFKA_STRING_LIT("777003")), 0);
    check_int(d.connections_max, 777002);
    stored_configs_doubt(&d.node->image, &told);
    check_int(told.n, 0);
    driver_stop(&d);
    poison("777001");
    poison("777002");
    poison("777003");
    check_int(driver_start(&d, "", NULL), 0);
    stored_configs_doubt(&d.node->image, &told);
    check_str(buf_cstr(&told), "retention.ms of topic t is stored as something that is no number: 604800000 counts\n"
                               "max.connections of every broker is stored as something that is no number: 2147483647 "
                               "counts\n"
                               "log.retention.ms of broker 1 is stored as something that is no number: 604800000 "
                               "counts\n");
    driver_wait(&d, 1);
    check_int(d.connections_max, INT32_MAX);
    check_int(partition_log_config(d.node, metadata_topic_find(&d.node->image, slice_str("t"))).retention_ms,
              604800000);
    check_int(alter(KAFKA_RESOURCE_TOPIC, "t", "retention.ms", KAFKA_OP_SET, KAFKA_STRING_LIT("5")), KAFKA_NONE);
    buf_release(&told);
    driver_close(&d);
}
