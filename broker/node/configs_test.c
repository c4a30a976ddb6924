/* Configs and partitions through the whole node: told, altered, live at once, kept over a restart. */
#include "broker/node/config_keys.h"
#include "broker/node/driver_test.h"
#include "lib/kafka/compression.h"
#include "tests/unit.h"

static struct driver d;

enum { TOPIC = KAFKA_RESOURCE_TOPIC, BROKER = KAFKA_RESOURCE_BROKER };

/* --- short forms --- */

static struct describe_configs_response_describe_configs_result described(int8_t type, const char *name,
                                                                          const char *key)
{
    struct kafka_string keys[] = {kafka_string_of(key), KAFKA_STRING_LIT("no.such.key")};
    struct describe_configs_request_describe_configs_resource resource = {.resource_type = type,
                                                                          .resource_name = kafka_string_of(name),
                                                                          .configuration_keys = keys,
                                                                          .configuration_keys_count = key ? 2 : -1};
    struct describe_configs_request r = {
        .resources = &resource, .resources_count = 1, .include_synonyms = true, .include_documentation = true};
    driver_ask(&d, 1, KAFKA_API_DESCRIBE_CONFIGS, 4, &r);
    struct describe_configs_response *a = driver_answer(&d, 1);
    check(a && a->results_count == 1);
    return a->results[0];
}

static struct describe_configs_response_describe_configs_resource_result config(int8_t type, const char *name,
                                                                                const char *key)
{
    struct describe_configs_response_describe_configs_result r = described(type, name, key);
    check_int(r.error_code, KAFKA_NONE);
    check_int(r.configs_count, 1);
    return r.configs[0];
}

static void check_config(int8_t type, const char *name, const char *key, const char *value, int source)
{
    struct describe_configs_response_describe_configs_resource_result c = config(type, name, key);
    if (!kafka_string_equal_str(c.value, value))
        unit_fail("%s of %s is %.*s, not %s", key, name, c.value.n, c.value.p, value);
    check_int(c.config_source, source);
}

static struct alter_configs_response_alter_configs_resource_response
alter_with(int8_t type, const char *name, int8_t operation, const char *key, const char *value, bool validate_only)
{
    struct incremental_alter_configs_request_alterable_config c = {kafka_string_of(key), operation,
                                                                   kafka_string_of(value)};
    struct incremental_alter_configs_request_alter_configs_resource resource = {
        .resource_type = type, .resource_name = kafka_string_of(name), .configs = &c, .configs_count = 1};
    struct incremental_alter_configs_request r = {
        .resources = &resource, .resources_count = 1, .validate_only = validate_only};
    driver_ask(&d, 1, KAFKA_API_INCREMENTAL_ALTER_CONFIGS, 1, &r);
    struct incremental_alter_configs_response *a = driver_answer(&d, 1);
    check(a && a->responses_count == 1);
    check(kafka_string_equal_str(a->responses[0].resource_name, name));
    return a->responses[0];
}

static int16_t set(int8_t type, const char *name, const char *key, const char *value)
{
    return alter_with(type, name, value ? KAFKA_OP_SET : KAFKA_OP_DELETE, key, value, false).error_code;
}

static int16_t grow(const char *topic, int32_t count, bool validate_only)
{
    struct create_partitions_request_create_partitions_topic t = {
        .name = kafka_string_of(topic), .count = count, .assignments_count = -1};
    struct create_partitions_request r = {.topics = &t, .topics_count = 1, .validate_only = validate_only};
    driver_ask(&d, 2, KAFKA_API_CREATE_PARTITIONS, 3, &r);
    struct create_partitions_response *a = driver_answer(&d, 2);
    check(a && a->results_count == 1); /* T46: echoed */
    check(kafka_string_equal_str(a->results[0].name, topic));
    return a->results[0].error_code;
}

/* --- DescribeConfigs --- */

TEST(node_configs, t46_all_configs_of_a_topic_with_source_and_type)
{
    driver_open(&d, "log.retention.hours=2\nlog.segment.bytes=2097152\n");
    driver_create(&d, "t", 1, "retention.bytes", "5");
    struct describe_configs_response_describe_configs_result all = described(TOPIC, "t", NULL);
    check_int(all.configs_count, 33);
    for (int32_t i = 0; i < all.configs_count; i++) {
        check(all.configs[i].config_source > 0 && all.configs[i].config_type > 0 && all.configs[i].documentation.n > 0);
        check(!all.configs[i].read_only && !all.configs[i].is_sensitive);
        check(!kafka_string_equal_str(all.configs[i].name, "internal.segment.bytes"));
    }
    check_config(TOPIC, "t", "retention.bytes", "5", KAFKA_SOURCE_TOPIC);
    check_config(TOPIC, "t", "segment.bytes", "2097152", KAFKA_SOURCE_STATIC);
    check_config(TOPIC, "t", "segment.ms", "604800000", KAFKA_SOURCE_DEFAULT);
    struct describe_configs_response_describe_configs_resource_result c = config(TOPIC, "t", "retention.ms");
    check(kafka_string_equal_str(c.value, "7200000"));
    check_int(c.config_type, KAFKA_CONFIG_LONG);
    check_int(c.synonyms_count, 2);
    check(kafka_string_equal_str(c.synonyms[0].name, "log.retention.hours"));
    check(kafka_string_equal_str(c.synonyms[0].value, "2"));
    check_int(c.synonyms[1].source, KAFKA_SOURCE_DEFAULT);
    check_int(described(TOPIC, "nowhere", NULL).error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    check_int(described(TOPIC, "a/b", NULL).error_code, KAFKA_INVALID_TOPIC_EXCEPTION);
    check_int(described(KAFKA_RESOURCE_BROKER_LOGGER, "1", NULL).error_code, KAFKA_INVALID_REQUEST);
    check_int(described(99, "1", NULL).error_code, KAFKA_INVALID_REQUEST);
    driver_close(&d);
}

TEST(node_configs, a_broker_tells_all_its_keys)
{
    driver_open(&d, "broker.id=1\nnum.partitions=4\nlog.roll.hours=3\n");
    struct describe_configs_response_describe_configs_result all = described(BROKER, "1", NULL);
    check_int(all.configs_count, broker_config_count());
    check_config(BROKER, "1", "num.partitions", "4", KAFKA_SOURCE_STATIC);
    check(config(BROKER, "1", "num.partitions").read_only);
    check(!config(BROKER, "1", "message.max.bytes").read_only);
    check_config(BROKER, "1", "node.id", "1", KAFKA_SOURCE_DEFAULT);
    check_config(BROKER, "1", "log.roll.hours", "3", KAFKA_SOURCE_STATIC);
    check_int(config(BROKER, "1", "log.roll.ms").value.n, -1);
    check_int(config(BROKER, "1", "log.roll.ms").synonyms_count, 0); /* as Kafka has it */
    check_int(described(BROKER, "", NULL).configs_count, 0);
    check_int(described(BROKER, "7", NULL).error_code, KAFKA_INVALID_REQUEST);
    check_int(described(BROKER, "one", NULL).error_code, KAFKA_INVALID_REQUEST);
    driver_close(&d);
}

/* Kafka 4.2 was seen to do so: a name that reads as the broker's id describes it, and what is set under another
 * spelling is kept under that one, where nothing works with it. */
TEST(node_configs, another_spelling_of_the_brokers_id)
{
    driver_open(&d, "");
    check_int(set(BROKER, "01", "log.retention.ms", "1000"), KAFKA_NONE);
    check(config(BROKER, "1", "log.retention.ms").value.n < 0);
    check(config(BROKER, "+1", "log.retention.ms").value.n < 0);
    check_int(set(BROKER, "1", "log.retention.ms", "2000"), KAFKA_NONE);
    check_config(BROKER, "01", "log.retention.ms", "2000", KAFKA_SOURCE_BROKER);
    check_int(described(BROKER, "1 ", NULL).error_code, KAFKA_INVALID_REQUEST);
    check_int(described(BROKER, "-1", NULL).error_code, KAFKA_INVALID_REQUEST);
    driver_close(&d);
}

static int32_t lines_without_keys(int8_t type, const char *name)
{
    struct describe_configs_request_describe_configs_resource resource = {.resource_type = type,
                                                                          .resource_name = kafka_string_of(name)};
    struct describe_configs_request r = {.resources = &resource, .resources_count = 1};
    driver_ask(&d, 1, KAFKA_API_DESCRIBE_CONFIGS, 4, &r);
    struct describe_configs_response *a = driver_answer(&d, 1);
    check(a && a->results_count == 1 && a->results[0].error_code == KAFKA_NONE);
    return a->results[0].configs_count;
}

TEST(node_configs, an_empty_list_of_keys_asks_for_all)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    check_int(set(BROKER, "", "max.connections", "50"), KAFKA_NONE);
    check_int(lines_without_keys(TOPIC, "t"), 33);
    check_int(lines_without_keys(BROKER, "1"), broker_config_count());
    check_int(lines_without_keys(BROKER, ""), 1);
    driver_close(&d);
}

/* The last resource of an answer has no configs. The answer itself is larger than what this side would decode. */
static bool last_is_refused(int32_t asked)
{
    static struct describe_configs_request_describe_configs_resource resources[2000];
    struct describe_configs_request r = {.resources = resources, .resources_count = asked};
    for (int32_t i = 0; i < asked; i++)
        resources[i] = (struct describe_configs_request_describe_configs_resource){
            .resource_type = TOPIC, .resource_name = KAFKA_STRING_LIT("t"), .configuration_keys_count = -1};
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    driver_ask(&d, 1, KAFKA_API_DESCRIBE_CONFIGS, 1, &r);
    const struct buf *sent = &d.connections[1].sent;
    static const char end[] = "\x02\0\1t\0\0\0\0"; /* TOPIC, its name, no configs */
    check(sent->n > sizeof end);
    bool refused = memcmp(sent->p + sent->n - (sizeof end - 1), end, sizeof end - 1) == 0;
    driver_close(&d);
    return refused;
}

TEST(node_configs, the_lines_of_an_answer_are_bounded)
{
    check(!last_is_refused(1900));
    check(last_is_refused(2000));
}

/* --- alterations: live at once, and kept --- */

static int16_t produced(size_t value_bytes)
{
    struct driver_batch b = DRIVER_BATCH;
    b.value_bytes = value_bytes;
    return driver_produce(&d, "t", &b).error_code;
}

TEST(node_configs, t24_a_smaller_batch_limit_counts_at_once_and_after_a_crash)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    check_int(produced(500), KAFKA_NONE);
    check_int(alter_with(TOPIC, "t", KAFKA_OP_SET, "max.message.bytes", "300", true).error_code, KAFKA_NONE);
    check_int(produced(500), KAFKA_NONE); /* only validated */
    check_int(set(TOPIC, "t", "max.message.bytes", "300"), KAFKA_NONE);
    check_int(produced(500), KAFKA_MESSAGE_TOO_LARGE);
    driver_crash(&d, "");
    check_int(produced(500), KAFKA_MESSAGE_TOO_LARGE);
    check_config(TOPIC, "t", "max.message.bytes", "300", KAFKA_SOURCE_TOPIC);
    check_int(set(TOPIC, "t", "max.message.bytes", NULL), KAFKA_NONE);
    check_int(produced(500), KAFKA_NONE);
    driver_close(&d);
}

TEST(node_configs, a_broker_key_reaches_topics_that_have_none_of_their_own)
{
    driver_open(&d, "message.max.bytes=100000\n");
    driver_create(&d, "t", 1, NULL, NULL);
    driver_create(&d, "own", 1, "max.message.bytes", "90000");
    check_int(set(BROKER, "", "message.max.bytes", "300"), KAFKA_NONE);
    check_int(produced(500), KAFKA_MESSAGE_TOO_LARGE);
    check_int(driver_produce(&d, "own", &DRIVER_BATCH).error_code, KAFKA_NONE);
    check_config(TOPIC, "t", "max.message.bytes", "300", KAFKA_SOURCE_BROKER_DEFAULT);
    check_int(set(BROKER, "1", "message.max.bytes", "700"), KAFKA_NONE);
    check_config(BROKER, "1", "message.max.bytes", "700", KAFKA_SOURCE_BROKER);
    check_config(BROKER, "", "message.max.bytes", "300", KAFKA_SOURCE_BROKER_DEFAULT);
    struct describe_configs_response_describe_configs_resource_result c = config(TOPIC, "own", "max.message.bytes");
    static const int sources[] = {KAFKA_SOURCE_TOPIC, KAFKA_SOURCE_BROKER, KAFKA_SOURCE_BROKER_DEFAULT,
                                  KAFKA_SOURCE_STATIC, KAFKA_SOURCE_DEFAULT};
    check_int(c.synonyms_count, 5);
    for (int i = 0; i < 5; i++) check_int(c.synonyms[i].source, sources[i]);
    check_int(produced(500), KAFKA_NONE);
    driver_restart(&d, "message.max.bytes=100000\n");
    check_config(TOPIC, "t", "max.message.bytes", "700", KAFKA_SOURCE_BROKER);
    check_int(produced(700), KAFKA_MESSAGE_TOO_LARGE);
    check_int(set(BROKER, "1", "message.max.bytes", NULL), KAFKA_NONE);
    check_int(set(BROKER, "", "message.max.bytes", NULL), KAFKA_NONE);
    check_config(TOPIC, "t", "max.message.bytes", "100000", KAFKA_SOURCE_STATIC);
    check_int(produced(700), KAFKA_NONE);
    driver_close(&d);
}

TEST(node_configs, t21_t23_timestamps_keys_and_codec_change_while_it_runs)
{
    struct driver_batch keyless = DRIVER_BATCH, keyed = DRIVER_BATCH;
    keyed.keyed = true;
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    check_int(driver_produce(&d, "t", &keyless).log_append_time_ms, -1);
    check_int(set(TOPIC, "t", "message.timestamp.type", "LogAppendTime"), KAFKA_NONE);
    check(driver_produce(&d, "t", &keyless).log_append_time_ms > 0);
    check_int(alter_with(TOPIC, "t", KAFKA_OP_APPEND, "cleanup.policy", "compact", false).error_code, KAFKA_NONE);
    check_config(TOPIC, "t", "cleanup.policy", "delete,compact", KAFKA_SOURCE_TOPIC);
    check_int(driver_produce(&d, "t", &keyless).error_code, KAFKA_INVALID_RECORD);
    check_int(driver_produce(&d, "t", &keyed).error_code, KAFKA_NONE);
    check_int(alter_with(TOPIC, "t", KAFKA_OP_SUBTRACT, "cleanup.policy", "compact", false).error_code, KAFKA_NONE);
    check_int(driver_produce(&d, "t", &keyless).error_code, KAFKA_NONE);
    check_int(set(TOPIC, "t", "compression.type", "zstd"), KAFKA_NONE);
    keyless.count = 20;
    int64_t at = driver_produce(&d, "t", &keyless).base_offset;
    struct driver_fetch f = DRIVER_FETCH;
    f.offset = at;
    driver_fetch_begin(&d, 3, "t", &f);
    struct batch_header header;
    check_int(batch_header_read(kafka_bytes_slice(driver_fetched(&d, 3).records), &header), 0);
    check_int(batch_codec(&header), COMPRESSION_ZSTD);
    check_int(set(TOPIC, "t", "min.insync.replicas", "2"), KAFKA_NONE);
    check_int(driver_produce(&d, "t", &keyless).error_code, KAFKA_NOT_ENOUGH_REPLICAS);
    driver_close(&d);
}

/* A batch keeps the codec it found when it came: the job that recodes it must not see another one. */
TEST(node_configs, a_codec_that_changes_while_a_batch_is_looked_at)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, "compression.type", "zstd");
    struct buf batch = {0};
    struct driver_batch b = DRIVER_BATCH;
    driver_batch_build(&b, &batch);
    d.hold_jobs = true;
    driver_produce_begin(&d, 4, "t", -1, 9, (struct kafka_bytes){batch.p, (int32_t)batch.n});
    check_int(d.held_job_count, 1);
    check_int(set(TOPIC, "t", "compression.type", "gzip"), KAFKA_NONE);
    d.hold_jobs = false;
    driver_release_jobs(&d);
    struct produce_response *a = driver_answer(&d, 4);
    check(a && a->responses[0].partition_responses[0].error_code == KAFKA_NONE);
    struct driver_fetch f = DRIVER_FETCH;
    driver_fetch_begin(&d, 3, "t", &f);
    struct batch_header header;
    check_int(batch_header_read(kafka_bytes_slice(driver_fetched(&d, 3).records), &header), 0);
    check_int(batch_codec(&header), COMPRESSION_ZSTD);
    buf_release(&batch);
    driver_close(&d);
}

static size_t stored_size(int64_t offset)
{
    struct driver_fetch f = DRIVER_FETCH;
    struct batch_header header;
    f.offset = offset;
    driver_fetch_begin(&d, 3, "t", &f);
    check_int(batch_header_read(kafka_bytes_slice(driver_fetched(&d, 3).records), &header), 0);
    return batch_size(&header);
}

TEST(node_configs, the_effort_of_a_codec_changes_while_it_runs)
{
    struct driver_batch b = DRIVER_BATCH;
    b.count = 400;
    b.value_bytes = 30;
    driver_open(&d, "");
    driver_create(&d, "t", 1, "compression.type", "zstd");
    int64_t best = driver_produce(&d, "t", &b).base_offset;
    check_int(set(BROKER, "", "compression.zstd.level", "-131072"), KAFKA_NONE);
    int64_t fast = driver_produce(&d, "t", &b).base_offset;
    check(stored_size(best) < stored_size(fast));
    check_int(set(TOPIC, "t", "compression.gzip.level", "0"), KAFKA_INVALID_CONFIG);
    check_int(set(TOPIC, "t", "compression.zstd.level", "19"), KAFKA_NONE);
    check(stored_size(driver_produce(&d, "t", &b).base_offset) < stored_size(fast));
    driver_close(&d);
}

static int codec_of_next(void)
{
    struct driver_batch b = DRIVER_BATCH;
    struct driver_fetch f = DRIVER_FETCH;
    struct batch_header header;
    f.offset = driver_produce(&d, "t", &b).base_offset;
    driver_fetch_begin(&d, 3, "t", &f);
    check_int(batch_header_read(kafka_bytes_slice(driver_fetched(&d, 3).records), &header), 0);
    return batch_codec(&header);
}

/* Blanks around a value do not count, whichever way it came; and they are not stored. */
TEST(node_configs, blanks_around_a_value)
{
    driver_open(&d, "compression.type=gzip");
    driver_create(&d, "t", 1, "compression.type", " zstd ");
    check_int(codec_of_next(), COMPRESSION_ZSTD);
    check_config(TOPIC, "t", "compression.type", "zstd", KAFKA_SOURCE_TOPIC);
    check_int(set(TOPIC, "t", "compression.type", "\tlz4 "), KAFKA_NONE);
    check_int(codec_of_next(), COMPRESSION_LZ4);
    check_config(TOPIC, "t", "compression.type", "lz4", KAFKA_SOURCE_TOPIC);
    check_int(set(TOPIC, "t", "compression.type", " producer"), KAFKA_NONE);
    check_int(codec_of_next(), COMPRESSION_NONE);
    check_int(set(TOPIC, "t", "compression.type", NULL), KAFKA_NONE);
    check_int(codec_of_next(), COMPRESSION_GZIP);
    properties_set(&d.config.properties, "compression.type", "snappy ", "test", 1); /* as -o passes it */
    check_int(set(TOPIC, "t", "retention.ms", " 5 "), KAFKA_NONE);
    check_int(codec_of_next(), COMPRESSION_SNAPPY);
    check_config(TOPIC, "t", "retention.ms", "5", KAFKA_SOURCE_TOPIC);
    check_int(set(TOPIC, "t", "cleanup.policy", "   "), KAFKA_NONE);
    check_config(TOPIC, "t", "cleanup.policy", "", KAFKA_SOURCE_TOPIC);
    driver_close(&d);
}

/* --- the durability mode changes under waiting producers --- */

static void produce_waiting(int connection)
{
    struct buf batch = {0};
    struct driver_batch b = DRIVER_BATCH;
    driver_batch_build(&b, &batch);
    driver_produce_begin(&d, connection, "t", 1, 9, (struct kafka_bytes){batch.p, (int32_t)batch.n});
    buf_release(&batch);
}

TEST(node_configs, group_commit_begins_and_ends_while_producers_wait)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    produce_waiting(4);
    check(driver_answer(&d, 4)); /* page cache: at once */
    check_int(set(TOPIC, "t", "flush.messages", "1"), KAFKA_NONE);
    d.hold_syncs = true;
    produce_waiting(4);
    check(!driver_answer(&d, 4));
    driver_release_syncs(&d, 0);
    check(driver_answer(&d, 4));
    produce_waiting(4);
    check(!driver_answer(&d, 4));
    d.hold_syncs = false; /* the metadata log syncs too; the topic's sync stays held */
    check_int(set(TOPIC, "t", "flush.messages", NULL), KAFKA_NONE);
    check(driver_answer(&d, 4)); /* written is enough now */
    driver_release_syncs(&d, 0);
    driver_close(&d);
}

TEST(node_configs, an_interval_counts_for_what_is_written_already)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    check_int(produced(10), KAFKA_NONE);
    check_int(set(TOPIC, "t", "flush.ms", "50"), KAFKA_NONE);
    int before = d.sync_count;
    driver_wait(&d, 49);
    check_int(d.sync_count, before);
    driver_wait(&d, 2);
    check_int(d.sync_count, before + 1);
    driver_close(&d);
}

TEST(node_configs, the_limit_of_connections_is_told)
{
    driver_open(&d, "max.connections=100\n");
    check_int(described(BROKER, "", NULL).configs_count, 0);
    check_int(d.connections_max, 100);
    check_int(set(BROKER, "", "max.connections", "50"), KAFKA_NONE);
    check_int(d.connections_max, 50);
    check_int(set(BROKER, "1", "max.connections", "60"), KAFKA_NONE);
    check_int(d.connections_max, 60);
    driver_crash(&d, "max.connections=100\n");
    driver_wait(&d, 1);
    check_int(d.connections_max, 60);
    driver_close(&d);
}

/* --- what is refused --- */

/* Creates "NAME" with retention.ms twice; its error, and the value that the answer tells. */
static int16_t create_twice(const char *name, struct kafka_string first, struct kafka_string second, const char *told)
{
    struct create_topics_request_creatable_topic_config configs[2] = {
        {.name = KAFKA_STRING_LIT("retention.ms"), .value = first},
        {.name = KAFKA_STRING_LIT("retention.ms"), .value = second}};
    struct create_topics_request_creatable_topic t = {.name = kafka_string_of(name),
                                                      .num_partitions = 1,
                                                      .replication_factor = 1,
                                                      .configs = configs,
                                                      .configs_count = 2};
    struct create_topics_request r = {.topics = &t, .topics_count = 1};
    driver_ask(&d, 1, KAFKA_API_CREATE_TOPICS, 5, &r);
    struct create_topics_response *a = driver_answer(&d, 1);
    check(a && a->topics_count == 1);
    for (int32_t i = 0; told && i < a->topics[0].configs_count; i++)
        if (kafka_string_equal_str(a->topics[0].configs[i].name, "retention.ms"))
            check(kafka_string_equal_str(a->topics[0].configs[i].value, told));
    return a->topics[0].error_code;
}

/* What Kafka 4.2 was seen to do: the last value counts and alone has to be good, and a null is refused anywhere. */
TEST(node_configs, a_config_named_twice_in_a_new_topic)
{
    struct kafka_string none = KAFKA_STRING_NULL, bad = KAFKA_STRING_LIT("x");
    struct kafka_string one = KAFKA_STRING_LIT("1000"), two = KAFKA_STRING_LIT("2000");
    driver_open(&d, "");
    check_int(create_twice("a", one, two, "2000"), KAFKA_NONE);
    check_config(TOPIC, "a", "retention.ms", "2000", KAFKA_SOURCE_TOPIC);
    check_int(create_twice("b", bad, two, "2000"), KAFKA_NONE);
    check_config(TOPIC, "b", "retention.ms", "2000", KAFKA_SOURCE_TOPIC);
    check_int(create_twice("c", two, bad, NULL), KAFKA_INVALID_CONFIG);
    check_int(create_twice("d", two, none, NULL), KAFKA_INVALID_CONFIG);
    check_int(create_twice("e", none, two, NULL), KAFKA_INVALID_CONFIG);
    driver_close(&d);
}

TEST(node_configs, what_may_not_be_altered)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    check_int(set(TOPIC, "t", "no.such.key", "1"), KAFKA_INVALID_CONFIG);
    check_int(set(TOPIC, "nowhere", "retention.ms", "1"), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    check_int(set(TOPIC, "", "retention.ms", "1"), KAFKA_INVALID_REQUEST);
    check_int(set(BROKER, "1", "num.partitions", "2"), KAFKA_INVALID_REQUEST);
    check_int(set(BROKER, "", "log.retention.hours", "2"), KAFKA_INVALID_REQUEST);
    check_int(set(BROKER, "1", "no.such.key", "2"), KAFKA_INVALID_CONFIG);
    check_int(set(BROKER, "1", "message.max.bytes", "x"), KAFKA_INVALID_REQUEST);
    check_int(set(BROKER, "7", "message.max.bytes", "5"), KAFKA_INVALID_REQUEST);
    check_int(set(KAFKA_RESOURCE_BROKER_LOGGER, "1", "root", "INFO"), KAFKA_INVALID_REQUEST);
    check_int(alter_with(TOPIC, "t", 9, "retention.ms", "1", false).error_code, KAFKA_INVALID_REQUEST);
    check_int(alter_with(TOPIC, "t", KAFKA_OP_SET, "retention.ms", NULL, false).error_code, KAFKA_INVALID_REQUEST);
    check_config(TOPIC, "t", "retention.ms", "604800000", KAFKA_SOURCE_DEFAULT);
    driver_close(&d);
}

/* `count` DELETEs of names of `length` bytes that nobody knows, all different but for the last `again`. */
static int16_t unset_strangers(int32_t count, size_t length, int32_t again)
{
    static char names[1000][300];
    static struct incremental_alter_configs_request_alterable_config c[1000];
    for (int32_t i = 0; i < count; i++) {
        memset(names[i], 'x', length);
        snprintf(names[i] + length - 4, sizeof names[i] - length + 4, "%04d", i < count - again ? i : 0);
        c[i] = (struct incremental_alter_configs_request_alterable_config){kafka_string_of(names[i]), KAFKA_OP_DELETE,
                                                                           KAFKA_STRING_NULL};
    }
    struct incremental_alter_configs_request_alter_configs_resource resource = {
        .resource_type = TOPIC, .resource_name = KAFKA_STRING_LIT("t"), .configs = c, .configs_count = count};
    struct incremental_alter_configs_request r = {.resources = &resource, .resources_count = 1};
    driver_ask(&d, 1, KAFKA_API_INCREMENTAL_ALTER_CONFIGS, 1, &r);
    struct incremental_alter_configs_response *a = driver_answer(&d, 1);
    check(a && a->responses_count == 1);
    return a->responses[0].error_code;
}

/* What a later version has set can be unset, without knowing it; names are bounded, for the work that they are. */
TEST(node_configs, names_of_strangers_are_bounded_and_come_once)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    check_int(unset_strangers(1000, 255, 0), KAFKA_NONE);
    check_int(unset_strangers(1, 256, 0), KAFKA_INVALID_REQUEST);
    check_int(unset_strangers(2, 256, 0), KAFKA_INVALID_REQUEST);
    check_int(unset_strangers(1000, 255, 1), KAFKA_INVALID_REQUEST);
    check_int(unset_strangers(2, 4, 1), KAFKA_INVALID_REQUEST);
    driver_close(&d);
}

/* A ConfigRecord cannot hold what would come of it. */
TEST(node_configs, a_list_does_not_grow_beyond_a_record)
{
    static const char key[] = "leader.replication.throttled.replicas";
    struct buf first = {0}, second = {0};
    for (int i = 0; i < 3000; i++) {
        buf_printf(&first, "%s%04d:1000", i ? "," : "", i);
        buf_printf(&second, "%s%04d:2000", i ? "," : "", i);
    }
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    check_int(set(TOPIC, "t", key, buf_cstr(&first)), KAFKA_NONE);
    check_int(alter_with(TOPIC, "t", KAFKA_OP_APPEND, key, buf_cstr(&second), false).error_code, KAFKA_INVALID_CONFIG);
    check_int(alter_with(TOPIC, "t", KAFKA_OP_SUBTRACT, key, buf_cstr(&first), false).error_code, KAFKA_NONE);
    check_config(TOPIC, "t", key, "", KAFKA_SOURCE_TOPIC);
    buf_release(&first);
    buf_release(&second);
    driver_close(&d);
}

/* The old request says all that is set; a resource that it names twice is altered by neither. */
TEST(node_configs, alter_configs_replaces)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, "retention.ms", "5");
    driver_create(&d, "u", 1, NULL, NULL);
    struct alter_configs_request_alterable_config c = {KAFKA_STRING_LIT("segment.ms"), KAFKA_STRING_LIT("7")};
    struct alter_configs_request_alter_configs_resource resources[] = {
        {TOPIC, KAFKA_STRING_LIT("t"), &c, 1},
        {TOPIC, KAFKA_STRING_LIT("u"), &c, 1},
        {TOPIC, KAFKA_STRING_LIT("u"), &c, 1},
    };
    struct alter_configs_request r = {.resources = resources, .resources_count = 3, .validate_only = true};
    for (int i = 0; i < 2; i++, r.validate_only = false) {
        check_config(TOPIC, "t", "retention.ms", "5", KAFKA_SOURCE_TOPIC);
        driver_ask(&d, 1, KAFKA_API_ALTER_CONFIGS, i ? 2 : 0, &r);
        struct alter_configs_response *a = driver_answer(&d, 1);
        check(a && a->responses_count == 3);
        check_int(a->responses[0].error_code, KAFKA_NONE);
        check_int(a->responses[1].error_code, KAFKA_INVALID_REQUEST);
        check_int(a->responses[2].error_code, KAFKA_INVALID_REQUEST);
    }
    check_config(TOPIC, "t", "retention.ms", "604800000", KAFKA_SOURCE_DEFAULT);
    check_config(TOPIC, "t", "segment.ms", "7", KAFKA_SOURCE_TOPIC);
    check_config(TOPIC, "u", "segment.ms", "604800000", KAFKA_SOURCE_DEFAULT);
    driver_close(&d);
}

/* --- more partitions --- */

static struct metadata_response_metadata_response_topic metadata_of(const char *topic)
{
    struct metadata_request_metadata_request_topic t = {.name = kafka_string_of(topic)};
    struct metadata_request r = {.topics = &t, .topics_count = 1};
    driver_ask(&d, 1, KAFKA_API_METADATA, 12, &r);
    struct metadata_response *a = driver_answer(&d, 1);
    check(a && a->topics_count == 1);
    return a->topics[0];
}

static int16_t produced_to(int32_t partition)
{
    struct buf batch = {0};
    struct driver_batch b = DRIVER_BATCH;
    driver_batch_build(&b, &batch);
    struct produce_request_partition_produce_data p = {.index = partition, .records = {batch.p, (int32_t)batch.n}};
    struct produce_request_topic_produce_data t = {
        .name = KAFKA_STRING_LIT("t"), .partition_data = &p, .partition_data_count = 1};
    struct produce_request r = {
        .transactional_id = KAFKA_STRING_NULL, .acks = 1, .timeout_ms = 5000, .topic_data = &t, .topic_data_count = 1};
    driver_ask(&d, 5, KAFKA_API_PRODUCE, 9, &r);
    buf_release(&batch);
    struct produce_response *a = driver_answer(&d, 5);
    check(a);
    return a->responses[0].partition_responses[0].error_code;
}

TEST(node_configs, a_topic_that_is_read_gets_more_partitions)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, "max.message.bytes", "300");
    struct driver_fetch f = DRIVER_FETCH;
    f.max_wait_ms = 1000;
    f.min_bytes = 1;
    driver_fetch_begin(&d, 3, "t", &f); /* waits while the topic grows */
    check_int(produced_to(2), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    check_int(grow("t", 3, true), KAFKA_NONE);
    check_int(metadata_of("t").partitions_count, 1);
    check_int(grow("t", 3, false), KAFKA_NONE);
    check_int(metadata_of("t").partitions_count, 3);
    check_int(metadata_of("t").partitions[2].leader_id, 1);
    check_int(produced_to(2), KAFKA_NONE);
    check(!driver_answer(&d, 3));
    check_int(produced_to(0), KAFKA_NONE);
    check(driver_fetched(&d, 3).records.n > 0);
    driver_crash(&d, "");
    check_int(metadata_of("t").partitions_count, 3);
    check_int(produced_to(1), KAFKA_NONE);
    check_int(memory_disk_files(d.disk, "t-2/") > 0, 1);
    check_int(grow("t", 3, false), KAFKA_INVALID_PARTITIONS);
    check_int(grow("t", 2, false), KAFKA_INVALID_PARTITIONS);
    check_int(grow("t", 100000, false), KAFKA_INVALID_PARTITIONS);
    check_int(grow("nowhere", 2, false), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    driver_close(&d);
}

TEST(node_configs, partitions_whose_folders_were_not_made_before_a_crash)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    d.hold_jobs = true;
    struct create_partitions_request_create_partitions_topic t = {
        .name = KAFKA_STRING_LIT("t"), .count = 2, .assignments_count = -1};
    struct create_partitions_request r = {.topics = &t, .topics_count = 1};
    driver_ask(&d, 2, KAFKA_API_CREATE_PARTITIONS, 0, &r);
    check(!driver_answer(&d, 2));
    check_int(metadata_of("t").partitions_count, 2);
    check_int(metadata_of("t").partitions[1].error_code, KAFKA_LEADER_NOT_AVAILABLE);
    d.hold_jobs = false;
    d.held_job_count = 0;
    driver_crash(&d, "");
    check_int(metadata_of("t").partitions[1].error_code, KAFKA_NONE);
    check_int(produced_to(1), KAFKA_NONE);
    driver_close(&d);
}

/* The bound on all partitions counts those that the same request has asked for before. */
TEST(node_configs, the_bound_on_partitions_holds_within_a_request)
{
    static const char *const names[] = {"a", "b", "c"};
    struct create_topics_request_creatable_topic t[3] = {0};
    for (int i = 0; i < 3; i++) {
        t[i].name = kafka_string_of(names[i]);
        t[i].num_partitions = 9000;
        t[i].replication_factor = 1;
    }
    struct create_topics_request r = {.topics = t, .topics_count = 3, .validate_only = true};
    driver_open(&d, "");
    driver_ask(&d, 1, KAFKA_API_CREATE_TOPICS, 7, &r);
    struct create_topics_response *a = driver_answer(&d, 1);
    check(a);
    check_int(a->topics[1].error_code, KAFKA_NONE);
    check_int(a->topics[2].error_code, KAFKA_INVALID_PARTITIONS);
    driver_close(&d);
}
