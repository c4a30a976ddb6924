/* AlterConfigs and IncrementalAlterConfigs: two requests, one change. What a resource may not have altered is seen
 * here; what its configs come to is decided by broker/metadata, and live in the step that replays the records
 * (controller.c). */
#include <string.h>

#include "broker/node/node_internal.h"
#include "lib/base/text.h"

const char *config_resource_unsupported(struct arena *a, int8_t type)
{
    const char *name = type == KAFKA_RESOURCE_BROKER_LOGGER    ? "BROKER_LOGGER"
                       : type == KAFKA_RESOURCE_CLIENT_METRICS ? "CLIENT_METRICS"
                       : type == KAFKA_RESOURCE_GROUP          ? "GROUP"
                                                               : NULL;
    if (name) return arena_printf(a, "Unsupported resource type: %s", name);
    return arena_printf(a, "Unknown resource type %d", type);
}

const char *config_broker_problem(const struct node *n, struct arena *a, struct kafka_string name)
{
    int64_t id;
    int shown = name.n < 0 ? 0 : name.n > 100 ? 100 : name.n;
    const char *p = name.n > 0 ? name.p : "";
    if (!text_to_i64(kafka_string_slice(name), &id))
        return arena_printf(a, "Broker id must be an integer, but it is: %.*s", shown, p);
    if (id == n->config->node_id) return NULL;
    return arena_printf(a, "Unexpected broker id, expected %lld or empty string, but received %.*s",
                        (long long)n->config->node_id, shown, p);
}

/* ---- what both requests say ---- */

/* One resource of either request. */
struct resource {
    int8_t type;
    struct kafka_string name;
    struct metadata_config_op *ops;
    int32_t op_count;
};

static void def_find(struct change *c, int8_t type, struct metadata_config_op *op)
{
    struct slice name = kafka_string_slice(op->name);
    const struct topic_config *t = type == KAFKA_RESOURCE_TOPIC ? topic_config_find(name) : NULL;
    struct broker_config b;
    if (t) op->def = &t->def;
    if (type == KAFKA_RESOURCE_BROKER && broker_config_find(name, &b))
        op->def = arena_copy(&c->arena, &b.def, sizeof b.def);
}

static void ops_of_replacing(struct change *c, const struct alter_configs_request_alter_configs_resource *in,
                             struct resource *out)
{
    *out = (struct resource){in->resource_type, in->resource_name, NULL, in->configs_count};
    out->ops = arena_alloc(&c->arena, (size_t)(in->configs_count + 1) * sizeof *out->ops);
    for (int32_t i = 0; i < in->configs_count; i++)
        out->ops[i] = (struct metadata_config_op){in->configs[i].name, in->configs[i].value, KAFKA_OP_SET, NULL};
}

static void ops_of_incremental(struct change *c,
                               const struct incremental_alter_configs_request_alter_configs_resource *in,
                               struct resource *out)
{
    *out = (struct resource){in->resource_type, in->resource_name, NULL, in->configs_count};
    out->ops = arena_alloc(&c->arena, (size_t)(in->configs_count + 1) * sizeof *out->ops);
    for (int32_t i = 0; i < in->configs_count; i++)
        out->ops[i] = (struct metadata_config_op){in->configs[i].name, in->configs[i].value,
                                                  in->configs[i].config_operation, NULL};
}

/* ---- what may not be altered ---- */

static void refuse(struct change_item *item, int16_t error, const char *message)
{
    item->decided = true;
    item->outcome.error = error;
    item->outcome.message = message;
}

/* The keys that only server.properties sets, as Kafka writes such a set; NULL when there are none. */
static const char *fixed_keys(struct arena *a, const struct resource *in)
{
    struct buf list = {0};
    for (int32_t i = 0; i < in->op_count && list.n < 400; i++) {
        struct broker_config b;
        if (in->ops[i].operation == KAFKA_OP_DELETE || !broker_config_find(kafka_string_slice(in->ops[i].name), &b) ||
            b.update != CONFIG_READ_ONLY)
            continue;
        buf_printf(&list, "%s%s", list.n ? ", " : "", b.def.name);
    }
    const char *out = list.n ? arena_printf(a, "Set(%s)", buf_cstr(&list)) : NULL;
    buf_release(&list);
    return out;
}

static void broker_check(struct node *n, struct change *c, const struct resource *in, struct change_item *item)
{
    const char *problem = in->name.n > 0 ? config_broker_problem(n, &c->arena, in->name) : NULL;
    const char *fixed = problem ? NULL : fixed_keys(&c->arena, in);
    if (fixed) problem = arena_printf(&c->arena, "Cannot update these configs dynamically: %s", fixed);
    if (problem) refuse(item, KAFKA_INVALID_REQUEST, problem);
}

/* No resource has as many and none a name as long. Each name is looked up in the registry and compared with what is
 * set. */
enum { OPS_MAX = 1000, NAME_MAX_BYTES = 255 };

static bool are_names_short(const struct resource *in)
{
    for (int32_t i = 0; i < in->op_count; i++)
        if (in->ops[i].name.n > NAME_MAX_BYTES) return false;
    return true;
}

static void resource_take(struct node *n, struct change *c, const struct resource *in, bool replace)
{
    struct change_item *item = &c->items[c->item_count++];
    item->name = in->name;
    item->alter = (struct metadata_alter){in->type, in->name, in->ops, in->op_count, replace};
    if (in->op_count > OPS_MAX) {
        refuse(item, KAFKA_INVALID_REQUEST, "More configurations than a resource can have.");
        return;
    }
    if (!are_names_short(in)) {
        refuse(item, KAFKA_INVALID_REQUEST, "The name of a configuration is longer than any has.");
        return;
    }
    for (int32_t i = 0; i < in->op_count; i++) def_find(c, in->type, &in->ops[i]);
    if (in->type == KAFKA_RESOURCE_BROKER)
        broker_check(n, c, in, item);
    else if (in->type != KAFKA_RESOURCE_TOPIC)
        refuse(item, KAFKA_INVALID_REQUEST, config_resource_unsupported(&c->arena, in->type));
    else if (in->name.n == 0)
        refuse(item, KAFKA_INVALID_REQUEST, "Default topic resources are not allowed.");
}

/* A resource that is named twice is altered by neither. */
static void twice_refuse(struct change *c)
{
    struct table seen = {0};
    for (int32_t i = 0; i < c->item_count; i++) {
        struct change_item *item = &c->items[i];
        const char *key = arena_printf(&c->arena, "%d %.*s", item->alter.resource_type, item->name.n, item->name.p);
        struct change_item *other = table_set_str(&seen, key, item);
        if (!other) continue;
        refuse(other, KAFKA_INVALID_REQUEST, "Each resource must appear at most once.");
        refuse(item, KAFKA_INVALID_REQUEST, "Each resource must appear at most once.");
    }
    table_release(&seen);
}

/* ---- the answer: both requests have the same ---- */

static void configs_altered(struct node *n, struct change *c)
{
    struct request *r = c->request;
    struct alter_configs_response *out = KAFKA_NEW(&r->arena, alter_configs_response, 1);
    out->responses_count = c->item_count;
    out->responses = KAFKA_NEW(&r->arena, alter_configs_response_alter_configs_resource_response, c->item_count);
    for (int32_t i = 0; i < c->item_count; i++) {
        const struct change_item *item = &c->items[i];
        out->responses[i].error_code = item->outcome.error != KAFKA_NONE ? item->outcome.error : c->error;
        out->responses[i].error_message = kafka_string_of(item->outcome.message);
        out->responses[i].resource_type = item->alter.resource_type;
        out->responses[i].resource_name = item->name;
    }
    if (r->api->key == KAFKA_API_ALTER_CONFIGS) {
        request_answer(n, r, out);
        return;
    }
    struct incremental_alter_configs_response *same = KAFKA_NEW(&r->arena, incremental_alter_configs_response, 1);
    same->responses = out->responses;
    same->responses_count = out->responses_count;
    request_answer(n, r, same);
}

void alter_configs_begin(struct node *n, struct request *r)
{
    const struct alter_configs_request *whole = r->body;
    const struct incremental_alter_configs_request *parts = r->body;
    bool replace = r->api->key == KAFKA_API_ALTER_CONFIGS;
    int32_t count = replace ? whole->resources_count : parts->resources_count;
    struct change *c = change_new(CHANGE_CONFIGS, r, count, configs_altered);
    c->validate_only = replace ? whole->validate_only : parts->validate_only;
    c->item_count = 0;
    for (int32_t i = 0; i < count; i++) {
        struct resource in;
        if (replace)
            ops_of_replacing(c, &whole->resources[i], &in);
        else
            ops_of_incremental(c, &parts->resources[i], &in);
        resource_take(n, c, &in, replace);
    }
    twice_refuse(c);
    change_submit(n, c);
}
