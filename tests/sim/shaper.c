/* An administrator of one topic that stays: gives it more partitions and other configs, one request at a time. What was
 * answered holds from then on, over any crash: partitions never get fewer, and the config that is told is the last one
 * that was answered, a later one, or one whose answer never came (its request may have been on its way for long). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "tests/sim/client.h"

#define SHAPED_TOPIC "shaped"
enum { PARTITIONS_MAX = 8, DOUBTFUL_MAX = 64, RESOURCE_TOPIC = 2, OPERATION_SET = 0, RETENTION_MS_FIRST = 1000000 };

struct shaper {
    bool created;
    int32_t partitions, partitions_asked; /* at least so many, at most so many */
    int64_t value, value_asked;           /* of retention.ms: answered or told last; in the latest request; 0: none */
    int64_t doubtful[DOUBTFUL_MAX];       /* values whose fate is not known */
    int doubtful_count;
};

/* --- requests --- */

static void create_send(struct client *c)
{
    struct create_topics_request in;
    struct create_topics_request_creatable_topic topic;
    kafka_struct_init(&create_topics_request_struct, &in);
    kafka_struct_init(&create_topics_request_creatable_topic_struct, &topic);
    topic.name = KAFKA_STRING_LIT(SHAPED_TOPIC);
    topic.num_partitions = 1;
    topic.replication_factor = 1;
    in.topics = &topic;
    in.topics_count = 1;
    in.timeout_ms = 1000;
    client_call(c, KAFKA_API_CREATE_TOPICS, 2, 99, &in, NULL);
}

static void partitions_send(struct client *c)
{
    struct shaper *k = c->state;
    struct create_partitions_request in;
    struct create_partitions_request_create_partitions_topic topic;
    kafka_struct_init(&create_partitions_request_struct, &in);
    kafka_struct_init(&create_partitions_request_create_partitions_topic_struct, &topic);
    topic.name = KAFKA_STRING_LIT(SHAPED_TOPIC);
    topic.count = k->partitions + 1;
    topic.assignments_count = -1;
    if (k->partitions_asked < topic.count) k->partitions_asked = topic.count;
    in.topics = &topic;
    in.topics_count = 1;
    in.timeout_ms = 1000;
    client_call(c, KAFKA_API_CREATE_PARTITIONS, 0, 99, &in, NULL);
}

static void config_send(struct client *c)
{
    struct shaper *k = c->state;
    struct incremental_alter_configs_request in;
    struct incremental_alter_configs_request_alter_configs_resource resource;
    struct incremental_alter_configs_request_alterable_config config;
    char text[32];
    kafka_struct_init(&incremental_alter_configs_request_struct, &in);
    k->value_asked = k->value_asked ? k->value_asked + 1 : RETENTION_MS_FIRST;
    snprintf(text, sizeof text, "%lld", (long long)k->value_asked);
    config.name = KAFKA_STRING_LIT("retention.ms");
    config.config_operation = OPERATION_SET;
    config.value = kafka_string_of(text);
    resource.resource_type = RESOURCE_TOPIC;
    resource.resource_name = KAFKA_STRING_LIT(SHAPED_TOPIC);
    resource.configs = &config;
    resource.configs_count = 1;
    in.resources = &resource;
    in.resources_count = 1;
    client_call(c, KAFKA_API_INCREMENTAL_ALTER_CONFIGS, 0, 99, &in, NULL);
}

static void configs_ask(struct client *c)
{
    struct describe_configs_request in;
    struct describe_configs_request_describe_configs_resource resource;
    struct kafka_string key = KAFKA_STRING_LIT("retention.ms");
    kafka_struct_init(&describe_configs_request_struct, &in);
    resource.resource_type = RESOURCE_TOPIC;
    resource.resource_name = KAFKA_STRING_LIT(SHAPED_TOPIC);
    resource.configuration_keys = &key;
    resource.configuration_keys_count = 1;
    in.resources = &resource;
    in.resources_count = 1;
    client_call(c, KAFKA_API_DESCRIBE_CONFIGS, 1, 99, &in, NULL);
}

static void metadata_ask(struct client *c)
{
    struct metadata_request in;
    kafka_struct_init(&metadata_request_struct, &in);
    in.topics_count = -1;
    in.allow_auto_topic_creation = false;
    client_call(c, KAFKA_API_METADATA, 1, 99, &in, NULL);
}

static void shaper_think(struct client *c)
{
    struct shaper *k = c->state;
    if (c->sim->phase != PHASE_ACTIVE || !client_connect(c)) return;
    client_think_in(c, 20 * NS_MS + sim_draw(c->sim, 300 * NS_MS));
    if (c->call_count > 0) return;
    if (!k->created) {
        create_send(c);
        return;
    }
    switch (sim_draw(c->sim, 5)) {
    case 0:
        if (k->partitions < PARTITIONS_MAX) partitions_send(c);
        break;
    case 1: config_send(c); break;
    case 2: metadata_ask(c); break;
    default: configs_ask(c); break;
    }
}

/* --- answers --- */

static void doubt(struct shaper *k)
{
    if (k->doubtful_count == DOUBTFUL_MAX) k->doubtful_count = 0;
    k->doubtful[k->doubtful_count++] = k->value_asked;
}

static bool is_doubtful(const struct shaper *k, int64_t value)
{
    for (int i = 0; i < k->doubtful_count; i++)
        if (k->doubtful[i] == value) return true;
    return false;
}

static void configs_told(struct client *c, const struct describe_configs_response *out)
{
    struct shaper *k = c->state;
    const struct describe_configs_response_describe_configs_result *r = &out->results[0];
    int64_t value;
    if (r->error_code != KAFKA_NONE || r->configs_count != 1)
        sim_fail(c->sim, SHAPED_TOPIC ": its configs were asked for, the answer is %s",
                 kafka_error_name(r->error_code));
    if (!text_to_i64(kafka_string_slice(r->configs[0].value), &value)) value = 0;
    if (value < RETENTION_MS_FIRST || value > k->value_asked) value = 0; /* the broker's own */
    if (value < k->value && !is_doubtful(k, value))
        sim_fail(c->sim, SHAPED_TOPIC ": retention.ms was %lld and is %lld now", (long long)k->value, (long long)value);
    k->value = value;
}

static void partitions_told(struct client *c, const struct metadata_response *out)
{
    struct shaper *k = c->state;
    int32_t count = -1;
    for (int32_t i = 0; i < out->topics_count; i++)
        if (kafka_string_equal_str(out->topics[i].name, SHAPED_TOPIC)) count = out->topics[i].partitions_count;
    if (count < 0) sim_fail(c->sim, "the topic " SHAPED_TOPIC " was made and is gone");
    if (count < k->partitions || count > k->partitions_asked)
        sim_fail(c->sim, SHAPED_TOPIC ": it has %d partitions, it had %d and at most %d were asked for", count,
                 k->partitions, k->partitions_asked);
    k->partitions = count;
}

static void shaper_answered(struct client *c, const struct call *call, const void *response)
{
    struct shaper *k = c->state;
    const struct create_topics_response *created = response;
    const struct create_partitions_response *grown = response;
    const struct incremental_alter_configs_response *altered = response;
    int16_t error;
    switch (call->api->key) {
    case KAFKA_API_CREATE_TOPICS:
        error = created->topics[0].error_code;
        k->created = error == KAFKA_NONE || error == KAFKA_TOPIC_ALREADY_EXISTS;
        k->partitions = k->partitions_asked = 1;
        break;
    case KAFKA_API_CREATE_PARTITIONS:
        if (grown->results[0].error_code == KAFKA_NONE) k->partitions++;
        break;
    case KAFKA_API_INCREMENTAL_ALTER_CONFIGS:
        if (altered->responses[0].error_code == KAFKA_NONE)
            k->value = k->value_asked;
        else
            doubt(k);
        break;
    case KAFKA_API_DESCRIBE_CONFIGS: configs_told(c, response); break;
    default: partitions_told(c, response); break;
    }
}

static void shaper_lost(struct client *c, const struct call *call)
{
    if (call->api->key == KAFKA_API_INCREMENTAL_ALTER_CONFIGS) doubt(c->state);
}

void shaper_add(struct sim *s)
{
    static const struct client_kind kind = {
        .name = "shaper",
        .think = shaper_think,
        .answered = shaper_answered,
        .lost = shaper_lost,
    };
    client_add(s, &kind, memory_new(sizeof(struct shaper)));
}
