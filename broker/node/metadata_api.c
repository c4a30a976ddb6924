/* Metadata, FindCoordinator and DescribeCluster: who is where. The first two may have to create a topic first, and
 * answer when it is there, so that a client need not come back to learn of its leader. */
#include <string.h>

#include "broker/node/node_internal.h"

/* What a client may do, as bits of Kafka's AclOperation codes: all of it, as there is no authorizer. READ 3, WRITE 4,
 * CREATE 5, DELETE 6, ALTER 7, DESCRIBE 8, CLUSTER_ACTION 9, DESCRIBE_CONFIGS 10, ALTER_CONFIGS 11,
 * IDEMPOTENT_WRITE 12. */
enum {
    OPERATIONS_TOPIC = 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 10 | 1 << 11,
    OPERATIONS_CLUSTER = 1 << 5 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12,
};

/* --- Metadata --- */

static void partition_fill(struct node *n, struct request *r, const struct metadata_topic *t, int32_t index,
                           struct metadata_response_metadata_response_partition *out)
{
    const struct metadata_partition *p = &t->partitions[index];
    bool here = partition_find(n, slice_str(t->name), index) && !n->disk_failed;
    out->error_code = here ? KAFKA_NONE : KAFKA_LEADER_NOT_AVAILABLE;
    out->partition_index = index;
    out->leader_id = here ? p->leader : -1;
    out->leader_epoch = p->leader_epoch;
    out->replica_nodes = arena_copy(&r->arena, p->replicas, (size_t)p->replica_count * sizeof *p->replicas);
    out->replica_nodes_count = p->replica_count;
    out->isr_nodes = arena_copy(&r->arena, p->isr, (size_t)p->isr_count * sizeof *p->isr);
    out->isr_nodes_count = p->isr_count;
    if (!here) {
        out->offline_replicas = out->replica_nodes;
        out->offline_replicas_count = p->replica_count;
    }
}

static void topic_fill(struct node *n, struct request *r, const struct metadata_topic *t,
                       struct metadata_response_metadata_response_topic *out)
{
    /* The name outlives the answer only in the arena: the image may change. */
    out->name = kafka_string_of(arena_str(&r->arena, slice_str(t->name)));
    out->topic_id = t->id;
    out->is_internal = t->internal;
    if (((const struct metadata_request *)r->body)->include_topic_authorized_operations)
        out->topic_authorized_operations = OPERATIONS_TOPIC;
    out->partitions_count = t->partition_count;
    out->partitions = KAFKA_NEW(&r->arena, metadata_response_metadata_response_partition, t->partition_count);
    for (int32_t i = 0; i < t->partition_count; i++) partition_fill(n, r, t, i, &out->partitions[i]);
}

/* Java's Admin sends an id with the empty name, not with null: an id that is given counts, as in Kafka. */
static bool is_by_id(const struct request *r, const struct metadata_request_metadata_request_topic *t)
{
    int version = r->header.api_version;
    return version >= 10 && (t->name.n < 0 || (version >= 12 && !kafka_uuid_is_zero(t->topic_id)));
}

/* What was tried to create, in the order asked: a walk beside the topics of the request. */
struct created {
    const struct change *change; /* NULL: nothing was */
    int32_t at;
};

/* What became of the attempt to create it, if there was one. */
static int16_t missing_error(struct created *c, struct kafka_string name)
{
    int16_t error = metadata_topic_name_check(name); /* T10 */
    if (error != KAFKA_NONE) return error;
    if (!c->change || c->at == c->change->item_count || c->change->items[c->at].name.p != name.p)
        return KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    int16_t outcome = c->change->items[c->at].outcome.error;
    return c->change->error != KAFKA_NONE ? c->change->error : outcome;
}

/* To the next item when this topic of the request was one. */
static void created_pass(struct created *c, struct kafka_string name)
{
    if (c->change && c->at < c->change->item_count && c->change->items[c->at].name.p == name.p) c->at++;
}

static void asked_fill(struct node *n, struct request *r, struct created *c,
                       const struct metadata_request_metadata_request_topic *in,
                       struct metadata_response_metadata_response_topic *out)
{
    bool by_id = is_by_id(r, in);
    const struct metadata_topic *t = by_id ? metadata_topic_find_id(&n->image, in->topic_id)
                                           : metadata_topic_find(&n->image, kafka_string_slice(in->name));
    if (t) {
        topic_fill(n, r, t, out);
        return;
    }
    out->topic_id = in->topic_id;
    out->name = !by_id ? in->name : r->header.api_version < 12 ? KAFKA_STRING_LIT("") : KAFKA_STRING_NULL;
    out->error_code = by_id ? KAFKA_UNKNOWN_TOPIC_ID : missing_error(c, in->name);
    if (out->error_code == KAFKA_NONE || out->error_code == KAFKA_TOPIC_ALREADY_EXISTS)
        out->error_code = KAFKA_LEADER_NOT_AVAILABLE;
}

static bool wants_all(const struct request *r)
{
    const struct metadata_request *in = r->body;
    return in->topics_count < 0 || (r->header.api_version == 0 && in->topics_count == 0);
}

static void all_fill(struct node *n, struct request *r, struct metadata_response *out)
{
    int32_t count = (int32_t)n->image.topics_by_name.count, i = 0;
    out->topics = KAFKA_NEW(&r->arena, metadata_response_metadata_response_topic, count);
    for (const struct metadata_topic *t = metadata_topic_next(&n->image, NULL); t && i < count;
         t = metadata_topic_next(&n->image, t))
        topic_fill(n, r, t, &out->topics[i++]);
    out->topics_count = i;
}

static void metadata_answer(struct node *n, struct request *r, const struct change *c)
{
    const struct metadata_request *in = r->body;
    struct metadata_response *out = KAFKA_NEW(&r->arena, metadata_response, 1);
    out->brokers = KAFKA_NEW(&r->arena, metadata_response_metadata_response_broker, 1);
    out->brokers_count = 1;
    out->brokers[0].node_id = (int32_t)n->config->node_id;
    out->brokers[0].host = kafka_string_of(n->config->advertised_host);
    out->brokers[0].port = n->config->advertised_port;
    out->brokers[0].rack = kafka_string_of(n->config->rack);
    out->cluster_id = kafka_string_of(n->cluster_id);
    out->controller_id = (int32_t)n->config->node_id;
    if (in->include_cluster_authorized_operations) out->cluster_authorized_operations = OPERATIONS_CLUSTER;
    if (wants_all(r)) {
        all_fill(n, r, out);
    } else {
        out->topics_count = in->topics_count;
        out->topics = KAFKA_NEW(&r->arena, metadata_response_metadata_response_topic, in->topics_count);
        struct created created = {c, 0};
        for (int32_t i = 0; i < in->topics_count; i++) {
            asked_fill(n, r, &created, &in->topics[i], &out->topics[i]);
            created_pass(&created, in->topics[i].name);
        }
    }
    request_answer(n, r, out);
}

static void topics_created(struct node *n, struct change *c)
{
    metadata_answer(n, c->request, c);
}

static void default_create(struct change_item *item, struct kafka_string name)
{
    item->name = name;
    item->create = (struct metadata_create){.name = name, .num_partitions = -1, .replication_factor = -1};
}

/* Topics that one request makes by asking for them; a client that wants more asks again, as it does for any topic
 * that it is told not to be there yet. */
enum { CREATED_AT_ONCE_MAX = 1000 };

/* A topic that is named twice is answered once, as Kafka does: a name costs a few bytes, its answer as much as the
 * topic has partitions. */
static void topics_once(const struct request *r, struct metadata_request *in)
{
    struct table seen = {0};
    int32_t count = 0;
    if (in->topics_count < 2) return;
    for (int32_t i = 0; i < in->topics_count; i++) {
        const struct metadata_request_metadata_request_topic *t = &in->topics[i];
        struct slice key =
            is_by_id(r, t) ? slice_of(t->topic_id.bytes, sizeof t->topic_id.bytes) : kafka_string_slice(t->name);
        if (!table_set(&seen, key, &seen)) in->topics[count++] = *t;
    }
    in->topics_count = count;
    table_release(&seen);
}

void metadata_begin(struct node *n, struct request *r)
{
    topics_once(r, r->body);
    const struct metadata_request *in = r->body;
    bool create = n->config->auto_create_topics && (r->header.api_version < 4 || in->allow_auto_topic_creation);
    struct change *c = NULL;
    int created = 0;
    for (int32_t i = 0; create && i < in->topics_count && created < CREATED_AT_ONCE_MAX; i++) {
        struct kafka_string name = in->topics[i].name;
        if (is_by_id(r, &in->topics[i]) || metadata_topic_find(&n->image, kafka_string_slice(name))) continue;
        if (metadata_topic_name_check(name) != KAFKA_NONE) continue;
        if (metadata_topic_is_internal(kafka_string_slice(name))) continue;
        if (!c) c = change_new(CHANGE_CREATE, r, in->topics_count, topics_created);
        default_create(&c->items[created++], name);
    }
    if (c) {
        c->item_count = created;
        change_submit(n, c);
    } else {
        metadata_answer(n, r, NULL);
    }
}

/* --- DescribeCluster --- */

enum { ENDPOINT_BROKERS = 1, ENDPOINT_CONTROLLERS = 2 };

static void cluster_refuse(struct describe_cluster_response *out, int8_t endpoint_type)
{
    bool known = endpoint_type == ENDPOINT_CONTROLLERS;
    out->error_code = known ? KAFKA_MISMATCHED_ENDPOINT_TYPE : KAFKA_UNSUPPORTED_ENDPOINT_TYPE;
    out->error_message = known ? KAFKA_STRING_LIT("this listener is that of the brokers, not that of the controllers")
                               : KAFKA_STRING_LIT("no such endpoint type");
    out->cluster_id = KAFKA_STRING_LIT("");
}

void describe_cluster_begin(struct node *n, struct request *r)
{
    const struct describe_cluster_request *in = r->body;
    struct describe_cluster_response *out = KAFKA_NEW(&r->arena, describe_cluster_response, 1);
    out->endpoint_type = in->endpoint_type;
    if (in->endpoint_type != ENDPOINT_BROKERS) {
        cluster_refuse(out, in->endpoint_type);
    } else {
        out->cluster_id = kafka_string_of(n->cluster_id);
        out->controller_id = (int32_t)n->config->node_id;
        out->brokers = KAFKA_NEW(&r->arena, describe_cluster_response_describe_cluster_broker, 1);
        out->brokers_count = 1;
        out->brokers[0].broker_id = (int32_t)n->config->node_id;
        out->brokers[0].host = kafka_string_of(n->config->advertised_host);
        out->brokers[0].port = n->config->advertised_port;
        out->brokers[0].rack = kafka_string_of(n->config->rack);
        if (in->include_cluster_authorized_operations) out->cluster_authorized_operations = OPERATIONS_CLUSTER;
    }
    request_answer(n, r, out);
}

/* --- FindCoordinator --- */

enum { KEY_TYPE_GROUP = 0 };

static void coordinator_fill(struct node *n, struct find_coordinator_response_coordinator *out, int16_t error)
{
    out->error_code = error;
    out->node_id = error == KAFKA_NONE ? (int32_t)n->config->node_id : -1;
    out->host = error == KAFKA_NONE ? kafka_string_of(n->config->advertised_host) : KAFKA_STRING_LIT("");
    out->port = error == KAFKA_NONE ? n->config->advertised_port : -1;
    out->error_message = KAFKA_STRING_NULL;
}

static void coordinator_answer(struct node *n, struct request *r, int16_t error)
{
    const struct find_coordinator_request *in = r->body;
    struct find_coordinator_response *out = KAFKA_NEW(&r->arena, find_coordinator_response, 1);
    bool batched = r->header.api_version >= 4; /* T43 */
    int32_t count = batched ? in->coordinator_keys_count : 1;
    out->coordinators = KAFKA_NEW(&r->arena, find_coordinator_response_coordinator, count);
    out->coordinators_count = count;
    for (int32_t i = 0; i < count; i++) {
        coordinator_fill(n, &out->coordinators[i], error);
        if (batched) out->coordinators[i].key = in->coordinator_keys[i];
    }
    if (!batched) {
        out->error_code = error;
        out->error_message = KAFKA_STRING_NULL;
        out->node_id = out->coordinators[0].node_id;
        out->host = out->coordinators[0].host;
        out->port = out->coordinators[0].port;
    }
    request_answer(n, r, out);
}

static void offsets_topic_created(struct node *n, struct change *c)
{
    bool there = metadata_topic_find(&n->image, SLICE_LIT(OFFSETS_TOPIC)) != NULL;
    coordinator_answer(n, c->request, there && !c->error ? KAFKA_NONE : KAFKA_COORDINATOR_NOT_AVAILABLE);
}

void find_coordinator_begin(struct node *n, struct request *r)
{
    const struct find_coordinator_request *in = r->body;
    if (in->key_type != KEY_TYPE_GROUP) {
        /* Transactions are not served; a client must not keep trying. */
        coordinator_answer(n, r,
                           in->key_type == 1 ? KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED : KAFKA_INVALID_REQUEST);
        return;
    }
    if (topic_find(n, SLICE_LIT(OFFSETS_TOPIC))) {
        coordinator_answer(n, r, n->disk_failed ? KAFKA_COORDINATOR_NOT_AVAILABLE : KAFKA_NONE);
        return;
    }
    struct change *c = change_new(CHANGE_OFFSETS_TOPIC, r, 1, offsets_topic_created);
    c->items[0].name = KAFKA_STRING_LIT(OFFSETS_TOPIC);
    change_submit(n, c);
}
