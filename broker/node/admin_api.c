/* CreateTopics, CreatePartitions, DeleteTopics, InitProducerId: requests to the controller. */
#include <string.h>

#include "broker/node/node_internal.h"

/* --- CreateTopics --- */

/* As in Kafka the last value of a config that is named twice counts, and no null among them is passed over. */
static struct metadata_setting *create_settings(struct change *c,
                                                const struct create_topics_request_creatable_topic *in, int32_t *count)
{
    struct metadata_setting *settings = arena_alloc(&c->arena, (size_t)(in->configs_count + 1) * sizeof *settings);
    struct table seen = {0};
    *count = 0;
    for (int32_t i = 0; i < in->configs_count; i++) {
        struct kafka_string name = in->configs[i].name, value = in->configs[i].value;
        struct metadata_setting *s = table_get(&seen, kafka_string_slice(name));
        if (s && s->value.n >= 0) s->value = value;
        if (s) continue;
        s = &settings[(*count)++];
        *s = (struct metadata_setting){name, value};
        table_set(&seen, kafka_string_slice(name), s);
    }
    table_release(&seen);
    return settings;
}

static void create_fill(struct change *c, const struct create_topics_request_creatable_topic *in,
                        struct change_item *item)
{
    struct metadata_assignment *assignments =
        arena_alloc(&c->arena, (size_t)(in->assignments_count + 1) * sizeof *assignments);
    int32_t config_count;
    struct metadata_setting *settings = create_settings(c, in, &config_count);
    for (int32_t i = 0; i < in->assignments_count; i++)
        assignments[i] = (struct metadata_assignment){in->assignments[i].partition_index, in->assignments[i].broker_ids,
                                                      in->assignments[i].broker_ids_count};
    item->name = in->name;
    item->create = (struct metadata_create){
        .name = in->name,
        .num_partitions = in->num_partitions,
        .replication_factor = in->replication_factor,
        .assignments = assignments,
        .assignment_count = in->assignments_count,
        .configs = settings,
        .config_count = config_count,
    };
}

/* Whether another topic of the request has the same name; `seen` has those before it. */
static void named_twice_note(struct table *seen, struct kafka_string name, bool *twice)
{
    bool *other = table_set(seen, kafka_string_slice(name), twice);
    if (other) *other = *twice = true;
}

/* For each topic of the request whether another one has the same name. */
static bool *named_twice_find(struct request *r, const struct create_topics_request *in)
{
    bool *twice = arena_alloc(&r->arena, (size_t)in->topics_count + 1);
    struct table seen = {0};
    for (int32_t i = 0; i < in->topics_count; i++) named_twice_note(&seen, in->topics[i].name, &twice[i]);
    table_release(&seen);
    return twice;
}

/* Every config with the value it works with: the Java client relies on a list that is not null and on
 * sources above zero (T2). */
static void configs_fill(struct node *n, struct request *r, const struct metadata_create *create,
                         struct create_topics_response_creatable_topic_result *out)
{
    struct metadata_configs own = {0};
    own.items = arena_alloc(&r->arena, (size_t)(create->config_count + 1) * sizeof *own.items);
    for (int32_t i = 0; i < create->config_count; i++)
        own.items[own.count++] = (struct metadata_config){
            .name = arena_str(&r->arena, kafka_string_slice(create->configs[i].name)),
            .value = arena_str(&r->arena, kafka_string_slice(create->configs[i].value)),
        };
    struct config_layers broker = node_config_layers(n);
    out->configs = KAFKA_NEW(&r->arena, create_topics_response_creatable_topic_configs, topic_config_count);
    for (int32_t i = 0; i < topic_config_count; i++) {
        if (topic_configs[i].hidden) continue;
        struct create_topics_response_creatable_topic_configs *line = &out->configs[out->configs_count++];
        struct topic_config_value value;
        topic_config_effective(&topic_configs[i], &own, &broker, &value);
        line->name = kafka_string_of(topic_configs[i].def.name);
        line->value = kafka_string_of(arena_str(&r->arena, slice_str(value.text)));
        line->config_source = (int8_t)value.source;
    }
}

static void create_result(struct node *n, struct request *r, const struct change *c, const struct change_item *item,
                          struct create_topics_response_creatable_topic_result *out)
{
    out->error_code = item->outcome.error != KAFKA_NONE ? item->outcome.error : c->error;
    out->error_message = kafka_string_of(item->outcome.message ? arena_str(&r->arena, slice_str(item->outcome.message))
                                         : c->error            ? "the change could not be stored"
                                                               : NULL);
    if (out->error_code != KAFKA_NONE) return;
    out->topic_id = item->outcome.topic_id;
    out->num_partitions = item->outcome.num_partitions;
    out->replication_factor = item->outcome.replication_factor;
    configs_fill(n, r, &item->create, out);
}

static void topics_created(struct node *n, struct change *c)
{
    struct request *r = c->request;
    const struct create_topics_request *in = r->body;
    struct create_topics_response *out = KAFKA_NEW(&r->arena, create_topics_response, 1);
    const bool *twice = r->state;
    int32_t item = 0;
    out->topics_count = in->topics_count;
    out->topics = KAFKA_NEW(&r->arena, create_topics_response_creatable_topic_result, in->topics_count);
    for (int32_t i = 0; i < in->topics_count; i++) {
        out->topics[i].name = in->topics[i].name;
        out->topics[i].configs_count = 0;
        if (twice[i]) {
            out->topics[i].error_code = KAFKA_INVALID_REQUEST;
            out->topics[i].error_message = KAFKA_STRING_LIT("the request names this topic twice");
        } else {
            create_result(n, r, c, &c->items[item++], &out->topics[i]);
        }
    }
    request_answer(n, r, out);
}

void create_topics_begin(struct node *n, struct request *r)
{
    const struct create_topics_request *in = r->body;
    struct change *c = change_new(CHANGE_CREATE, r, in->topics_count, topics_created);
    const bool *twice = r->state = named_twice_find(r, in);
    c->validate_only = in->validate_only;
    c->item_count = 0;
    for (int32_t i = 0; i < in->topics_count; i++)
        if (!twice[i]) create_fill(c, &in->topics[i], &c->items[c->item_count++]);
    change_submit(n, c);
}

/* --- CreatePartitions --- */

static void grow_fill(struct change *c, const struct create_partitions_request_create_partitions_topic *in,
                      struct change_item *item)
{
    struct metadata_assignment *assignments =
        arena_alloc(&c->arena, (size_t)(in->assignments_count + 2) * sizeof *assignments);
    for (int32_t i = 0; i < in->assignments_count; i++)
        assignments[i] =
            (struct metadata_assignment){i, in->assignments[i].broker_ids, in->assignments[i].broker_ids_count};
    item->name = in->name;
    item->create = (struct metadata_create){.name = in->name,
                                            .num_partitions = in->count,
                                            .assignments = assignments,
                                            .assignment_count = in->assignments_count};
}

static void partitions_created(struct node *n, struct change *c)
{
    struct request *r = c->request;
    struct create_partitions_response *out = KAFKA_NEW(&r->arena, create_partitions_response, 1);
    out->results_count = c->item_count;
    out->results = KAFKA_NEW(&r->arena, create_partitions_response_create_partitions_topic_result, c->item_count);
    for (int32_t i = 0; i < c->item_count; i++) {
        const struct change_item *item = &c->items[i];
        out->results[i].name = item->name;
        out->results[i].error_code = item->outcome.error != KAFKA_NONE ? item->outcome.error : c->error;
        out->results[i].error_message = kafka_string_of(item->outcome.message);
    }
    request_answer(n, r, out);
}

void create_partitions_begin(struct node *n, struct request *r)
{
    const struct create_partitions_request *in = r->body;
    struct change *c = change_new(CHANGE_PARTITIONS, r, in->topics_count, partitions_created);
    bool *twice = arena_alloc(&r->arena, (size_t)in->topics_count + 1);
    struct table seen = {0};
    c->validate_only = in->validate_only;
    for (int32_t i = 0; i < in->topics_count; i++) {
        grow_fill(c, &in->topics[i], &c->items[i]);
        named_twice_note(&seen, in->topics[i].name, &twice[i]);
    }
    table_release(&seen);
    for (int32_t i = 0; i < in->topics_count; i++) {
        if (!twice[i]) continue;
        c->items[i].decided = true;
        c->items[i].outcome =
            (struct metadata_outcome){.error = KAFKA_INVALID_REQUEST, .message = "Duplicate topic name."};
    }
    change_submit(n, c);
}

/* --- DeleteTopics --- */

static void topics_deleted(struct node *n, struct change *c)
{
    struct request *r = c->request;
    struct delete_topics_response *out = KAFKA_NEW(&r->arena, delete_topics_response, 1);
    out->responses_count = c->item_count;
    out->responses = KAFKA_NEW(&r->arena, delete_topics_response_deletable_topic_result, c->item_count);
    for (int32_t i = 0; i < c->item_count; i++) {
        const struct change_item *item = &c->items[i];
        struct delete_topics_response_deletable_topic_result *line = &out->responses[i];
        line->error_code = item->outcome.error != KAFKA_NONE ? item->outcome.error : c->error;
        line->error_message =
            kafka_string_of(item->outcome.message ? arena_str(&r->arena, slice_str(item->outcome.message)) : NULL);
        line->name = item->name;
        line->topic_id = item->outcome.error == KAFKA_NONE ? item->outcome.topic_id : item->id;
    }
    request_answer(n, r, out);
}

static void deletion_disabled(struct node *n, struct change *c)
{
    int16_t error = c->request->header.api_version >= 3 ? KAFKA_TOPIC_DELETION_DISABLED : KAFKA_INVALID_REQUEST;
    for (int32_t i = 0; i < c->item_count; i++) c->items[i].outcome.error = error;
    topics_deleted(n, c);
}

void delete_topics_begin(struct node *n, struct request *r)
{
    const struct delete_topics_request *in = r->body;
    bool by_state = r->header.api_version >= 6;
    int32_t count = by_state ? in->topics_count : in->topic_names_count;
    struct change *c = change_new(CHANGE_DELETE, r, count, topics_deleted);
    for (int32_t i = 0; i < count; i++) {
        struct change_item *item = &c->items[i];
        item->name = by_state ? in->topics[i].name : in->topic_names[i];
        if (by_state) item->id = in->topics[i].topic_id;
        if (item->name.n >= 0) continue;
        const struct metadata_topic *t = metadata_topic_find_id(&n->image, item->id);
        if (t) item->name = kafka_string_of(arena_str(&r->arena, slice_str(t->name)));
    }
    if (n->config->delete_topics) {
        change_submit(n, c);
        return;
    }
    deletion_disabled(n, c);
    change_free(c);
}

/* --- InitProducerId: ids come from a block that the metadata log gave to this broker --- */

struct producer_id_wait {
    struct request *next;
};

static void producer_id_answer(struct node *n, struct request *r, int16_t error, int64_t id)
{
    struct init_producer_id_response *out = KAFKA_NEW(&r->arena, init_producer_id_response, 1);
    out->error_code = error;
    out->producer_id = error == KAFKA_NONE ? id : -1;
    out->producer_epoch = error == KAFKA_NONE ? 0 : -1;
    request_answer(n, r, out);
}

static void producer_ids_serve(struct node *n);

static void block_allocated(struct node *n, struct change *c)
{
    n->producer_id_asked = false;
    if (c->error == KAFKA_NONE) {
        n->producer_id_next = c->first_producer_id;
        n->producer_id_end = c->first_producer_id + METADATA_PRODUCER_ID_BLOCK;
        producer_ids_serve(n);
        return;
    }
    struct request *waiting = n->producer_id_first;
    n->producer_id_first = NULL;
    while (waiting) {
        struct request *r = waiting;
        waiting = ((struct producer_id_wait *)r->state)->next;
        producer_id_answer(n, r, KAFKA_COORDINATOR_NOT_AVAILABLE, -1);
    }
}

static void producer_ids_serve(struct node *n)
{
    while (n->producer_id_first && n->producer_id_next < n->producer_id_end) {
        struct request *r = n->producer_id_first;
        n->producer_id_first = ((struct producer_id_wait *)r->state)->next;
        producer_id_answer(n, r, KAFKA_NONE, n->producer_id_next++);
    }
    if (!n->producer_id_first || n->producer_id_asked) return;
    n->producer_id_asked = true;
    change_submit(n, change_new(CHANGE_PRODUCER_IDS, NULL, 1, block_allocated));
}

void init_producer_id_begin(struct node *n, struct request *r)
{
    const struct init_producer_id_request *in = r->body;
    if (in->transactional_id.n >= 0) {
        producer_id_answer(
            n, r, in->transactional_id.n == 0 ? KAFKA_INVALID_REQUEST : KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
            -1);
        return;
    }
    /* Who has an id and wants the next epoch (KIP-360) gets a new id; but half of a pair is a mistake, as in Kafka. */
    if ((in->producer_id == -1) != (in->producer_epoch == -1)) {
        producer_id_answer(n, r, KAFKA_INVALID_REQUEST, -1);
        return;
    }
    struct producer_id_wait *w = arena_alloc(&r->arena, sizeof *w);
    r->state = w;
    struct request **last = &n->producer_id_first;
    while (*last) last = &((struct producer_id_wait *)(*last)->state)->next;
    *last = r;
    producer_ids_serve(n);
}
