/* DescribeConfigs: what a topic or a broker works with, and where each value comes from.
 *
 *     TOPIC name     every config of a topic: its own, a broker's, or Kafka's default
 *     BROKER id      every key of the broker: dynamic, from server.properties, or default
 *     BROKER ""      what was set for every broker, and nothing else
 *
 * Keys that nobody knows are left out, as Kafka does. Synonyms are the places where the value could come from, those
 * that count first; Kafka 4.2 shows none for a topic where the first of several broker keys is not set
 * (retention.ms with log.retention.hours), which is done better here. */
#include <string.h>

#include "broker/node/node_internal.h"

/* Lines of one answer, over all resources: every config of some 2,000 topics. It is made in one go, and other clients
 * wait for so long. */
enum { CONFIG_LINES_MAX = 64 * 1024 };
enum { SYNONYMS_MAX = 1 + (CONFIG_LAYERS + 1) * TOPIC_CONFIG_SYNONYMS };

typedef struct describe_configs_response_describe_configs_result result;
typedef struct describe_configs_response_describe_configs_resource_result config_line;
typedef struct describe_configs_response_describe_configs_synonym synonym_line;

struct describe {
    struct node *n;
    struct request *r;
    struct config_layers layers;
    bool synonyms, documentation;
    int32_t lines_left;
    synonym_line found[SYNONYMS_MAX]; /* of the line that is made now */
    int32_t found_count;
    config_line *inherited; /* of a topic that has set nothing, by row; NULL: not made yet */
};

/* ---- synonyms ---- */

/* Texts are those of the image, the properties and the tables: the answer is encoded before they change. */
static void synonym_add(struct describe *d, const char *name, const char *value, enum kafka_config_source source)
{
    if (!value || !d->synonyms) return;
    d->found[d->found_count++] = (synonym_line){kafka_string_of(name), kafka_string_of(value), (int8_t)source};
}

static void synonyms_take(struct describe *d, config_line *line, int32_t from)
{
    line->synonyms_count = d->found_count - from;
    line->synonyms = arena_copy(&d->r->arena, d->found + from, (size_t)line->synonyms_count * sizeof *d->found);
    d->found_count = 0;
}

/* The broker keys behind a topic's config: layer by layer, in each the exact one first; then the defaults. */
static void topic_synonyms(struct describe *d, const struct topic_config *t)
{
    for (int layer = 0; layer < CONFIG_LAYERS; layer++)
        for (int k = 0; k < TOPIC_CONFIG_SYNONYMS && t->synonyms[k].name; k++)
            synonym_add(d, t->synonyms[k].name, config_layer_find(&d->layers, layer, t->synonyms[k].name),
                        config_layer_source(layer));
    for (int k = 0; k < TOPIC_CONFIG_SYNONYMS && t->synonyms[k].name; k++)
        synonym_add(d, t->synonyms[k].name, t->synonyms[k].default_value, KAFKA_SOURCE_DEFAULT);
}

/* Those of a broker's key begin where the key itself is set: what counts more has another name and its own line. */
static void broker_synonyms(struct describe *d, config_line *line, const struct config_def *def)
{
    const struct topic_config *t = topic_config_of_broker_key(slice_str(def->name), NULL);
    int32_t from = 0;
    if (t) {
        topic_synonyms(d, t);
    } else {
        for (int layer = 0; layer < CONFIG_LAYERS; layer++)
            synonym_add(d, def->name, config_layer_find(&d->layers, layer, def->name), config_layer_source(layer));
        synonym_add(d, def->name, def->default_value, KAFKA_SOURCE_DEFAULT);
    }
    while (from < d->found_count && !kafka_string_equal_str(d->found[from].name, def->name)) from++;
    synonyms_take(d, line, from);
}

/* ---- lines ---- */

static config_line *line_add(struct describe *d, result *out, const struct config_def *def, const char *value,
                             enum kafka_config_source source)
{
    config_line *line = &out->configs[out->configs_count++];
    line->name = kafka_string_of(def->name);
    line->value = kafka_string_of(value);
    line->config_source = (int8_t)source;
    line->config_type = (int8_t)config_wire_type(def->type);
    if (d->documentation) line->documentation = kafka_string_of(def->doc);
    return line;
}

/* What a topic that has set nothing has: the same for all topics, so it is worked out once for a request. */
static void inherited_make(struct describe *d)
{
    result out = {.configs = KAFKA_NEW(&d->r->arena, describe_configs_response_describe_configs_resource_result,
                                       topic_config_count)};
    for (int32_t i = 0; i < topic_config_count; i++) {
        struct topic_config_value value;
        topic_config_effective(&topic_configs[i], NULL, &d->layers, &value);
        const char *text = value.text == value.scratch ? arena_str(&d->r->arena, slice_str(value.text)) : value.text;
        config_line *line = line_add(d, &out, &topic_configs[i].def, text, value.source);
        topic_synonyms(d, &topic_configs[i]);
        synonyms_take(d, line, 0);
    }
    d->inherited = out.configs;
}

static void topic_line(struct describe *d, result *out, int32_t row, const struct metadata_topic *t)
{
    const struct topic_config *c = &topic_configs[row];
    const char *own = metadata_config_find(&t->configs, c->def.name);
    config_line *line = &out->configs[out->configs_count++];
    *line = d->inherited[row];
    if (!own) return;
    line->value = kafka_string_of(own);
    line->config_source = KAFKA_SOURCE_TOPIC;
    synonym_add(d, c->def.name, own, KAFKA_SOURCE_TOPIC);
    topic_synonyms(d, c);
    synonyms_take(d, line, 0);
}

/* node.id may have been given as broker.id; both tell the number that is in force, as in Kafka. */
static const char *value_in_force(struct describe *d, const char *name, const char *value)
{
    if (strcmp(name, "node.id") == 0 || strcmp(name, "broker.id") == 0)
        return arena_printf(&d->r->arena, "%lld", (long long)d->n->config->node_id);
    return value;
}

static void broker_line(struct describe *d, result *out, const struct broker_config *c)
{
    const char *value = c->def.default_value;
    enum kafka_config_source source = KAFKA_SOURCE_DEFAULT;
    for (int layer = CONFIG_LAYERS; layer-- > 0;) {
        const char *set = config_layer_find(&d->layers, layer, c->def.name);
        if (!set) continue;
        value = set;
        source = config_layer_source(layer);
    }
    config_line *line = line_add(d, out, &c->def, value_in_force(d, c->def.name, value), source);
    line->read_only = c->update == CONFIG_READ_ONLY;
    broker_synonyms(d, line, &c->def);
}

/* ---- resources ---- */

static void refuse(result *out, int16_t error, const char *message)
{
    out->error_code = error;
    out->error_message = kafka_string_of(message);
}

/* A null list means all, and an empty one too, as in Kafka (ConfigHelper). */
static bool are_all_asked(const struct describe_configs_request_describe_configs_resource *in)
{
    return in->configuration_keys_count <= 0;
}

/* Which of `count` rows are asked for; index_of names the row of a key, or -1. NULL: too many lines. */
static const bool *wanted(struct describe *d, const struct describe_configs_request_describe_configs_resource *in,
                          int32_t count, int (*index_of)(struct slice))
{
    bool *want = arena_alloc(&d->r->arena, (size_t)count + 1);
    int32_t lines = are_all_asked(in) ? count : 0;
    memset(want, are_all_asked(in), (size_t)count);
    for (int32_t i = 0; i < in->configuration_keys_count; i++) {
        int at = index_of(kafka_string_slice(in->configuration_keys[i]));
        if (at < 0 || want[at]) continue;
        want[at] = true;
        lines++;
    }
    d->lines_left -= lines;
    return d->lines_left < 0 ? NULL : want;
}

static int topic_row(struct slice name)
{
    const struct topic_config *c = topic_config_find(name);
    return c && !c->hidden ? (int)(c - topic_configs) : -1;
}

static void topic_describe(struct describe *d, const struct describe_configs_request_describe_configs_resource *in,
                           result *out)
{
    const struct metadata_topic *t = metadata_topic_find(&d->n->image, kafka_string_slice(in->resource_name));
    if (!t) {
        bool valid = metadata_topic_name_check(in->resource_name) == KAFKA_NONE;
        refuse(out, valid ? KAFKA_UNKNOWN_TOPIC_OR_PARTITION : KAFKA_INVALID_TOPIC_EXCEPTION,
               valid ? "This server does not host this topic." : "The name is not one that a topic can have.");
        return;
    }
    const bool *want = wanted(d, in, topic_config_count, topic_row);
    if (!want) {
        refuse(out, KAFKA_INVALID_REQUEST, "More configs than one request may ask for.");
        return;
    }
    if (!d->inherited) inherited_make(d);
    out->configs = arena_alloc(&d->r->arena, (size_t)topic_config_count * sizeof *out->configs);
    for (int32_t i = 0; i < topic_config_count; i++)
        if (want[i] && !topic_configs[i].hidden) topic_line(d, out, i, t);
}

static void broker_describe(struct describe *d, const struct describe_configs_request_describe_configs_resource *in,
                            result *out)
{
    int32_t count = broker_config_count();
    const bool *want = wanted(d, in, count, broker_config_index);
    if (!want) {
        refuse(out, KAFKA_INVALID_REQUEST, "More configs than one request may ask for.");
        return;
    }
    out->configs = KAFKA_NEW(&d->r->arena, describe_configs_response_describe_configs_resource_result, count);
    for (int32_t i = 0; i < count; i++) {
        struct broker_config c;
        broker_config_at(i, &c);
        if (want[i]) broker_line(d, out, &c);
    }
}

static bool is_asked(const struct describe_configs_request_describe_configs_resource *in, const char *name)
{
    for (int32_t i = 0; i < in->configuration_keys_count; i++)
        if (kafka_string_equal_str(in->configuration_keys[i], name)) return true;
    return are_all_asked(in);
}

static void brokers_describe(struct describe *d, const struct describe_configs_request_describe_configs_resource *in,
                             result *out)
{
    const struct metadata_configs *all = d->layers.cluster;
    int32_t count = all ? all->count : 0;
    out->configs = KAFKA_NEW(&d->r->arena, describe_configs_response_describe_configs_resource_result, count);
    for (int32_t i = 0; i < count && d->lines_left > 0; i++) {
        struct broker_config c;
        if (!broker_config_find(slice_str(all->items[i].name), &c) || !is_asked(in, c.def.name)) continue;
        config_line *line = line_add(d, out, &c.def, all->items[i].value, KAFKA_SOURCE_BROKER_DEFAULT);
        synonym_add(d, c.def.name, all->items[i].value, KAFKA_SOURCE_BROKER_DEFAULT);
        synonyms_take(d, line, 0);
        d->lines_left--;
    }
}

static void resource_describe(struct describe *d, const struct describe_configs_request_describe_configs_resource *in,
                              result *out)
{
    const char *problem;
    out->resource_type = in->resource_type;
    out->resource_name = in->resource_name;
    if (in->resource_type == KAFKA_RESOURCE_TOPIC)
        topic_describe(d, in, out);
    else if (in->resource_type != KAFKA_RESOURCE_BROKER)
        refuse(out, KAFKA_INVALID_REQUEST, config_resource_unsupported(&d->r->arena, in->resource_type));
    else if (in->resource_name.n == 0)
        brokers_describe(d, in, out);
    else if ((problem = config_broker_problem(d->n, &d->r->arena, in->resource_name)))
        refuse(out, KAFKA_INVALID_REQUEST, problem);
    else
        broker_describe(d, in, out);
}

void describe_configs_begin(struct node *n, struct request *r)
{
    const struct describe_configs_request *in = r->body;
    struct describe_configs_response *out = KAFKA_NEW(&r->arena, describe_configs_response, 1);
    struct describe d = {.n = n,
                         .r = r,
                         .layers = node_config_layers(n),
                         .synonyms = in->include_synonyms,
                         .documentation = in->include_documentation && r->header.api_version >= 3,
                         .lines_left = CONFIG_LINES_MAX};
    out->results = KAFKA_NEW(&r->arena, describe_configs_response_describe_configs_result, in->resources_count);
    out->results_count = in->resources_count;
    for (int32_t i = 0; i < in->resources_count; i++) resource_describe(&d, &in->resources[i], &out->results[i]);
    request_answer(n, r, out);
}
