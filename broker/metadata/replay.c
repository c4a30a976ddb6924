/* One record of __cluster_metadata becomes part of the image. Each kind is checked before anything changes.
 *
 *     record                    effect
 *     RegisterBroker            the broker is here, as registered; an earlier registration is replaced
 *     UnregisterBroker          it is gone
 *     BrokerRegistrationChange  it is fenced, unfenced, shutting down
 *     Topic, then Partition     a topic and its partitions, numbered from 0 without gaps
 *     PartitionChange           fields that are set; a leader that is set begins a new leader epoch
 *     RemoveTopic               topic, partitions and configs are gone
 *     Config                    of a topic (2) or a broker (4; the empty name is every broker's default)
 *     FeatureLevel              a feature's level; 0 removes it
 *     ProducerIds               ids below next_producer_id are given away
 *     NoOp                      nothing */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/metadata/image.h"
#include "lib/base/memory.h"
#include "lib/kafka/metadata_record.h"

enum { RESOURCE_TOPIC = 2, RESOURCE_BROKER = 4 };
/* More than any broker holds; a record that claims more is broken. */
enum { PARTITIONS_MAX = 1000000 };

struct replay {
    struct metadata_image *m;
    struct err_text *error;
};

#define CONTRADICTS(r, ...) err_set((r)->error, ERR_CORRUPT, __VA_ARGS__)

static char *text_of(struct kafka_string s)
{
    return s.n < 0 ? NULL : memory_copy(s.p, (size_t)s.n);
}

static struct metadata_topic *topic_of(const struct metadata_image *m, struct kafka_uuid id)
{
    return (struct metadata_topic *)metadata_topic_find_id(m, id);
}

static int topic_unknown(const struct replay *r, const char *record, struct kafka_uuid id)
{
    char text[23];
    kafka_uuid_to_text(id, text);
    return CONTRADICTS(r, "%s for topic id %s, which does not exist", record, text);
}

/* ---- brokers ---- */

static struct metadata_broker *broker_of(const struct metadata_image *m, int32_t id)
{
    return (struct metadata_broker *)metadata_broker_find(m, id);
}

static struct metadata_broker *broker_insert(struct metadata_image *m, int32_t id)
{
    int32_t at = 0;
    m->brokers = memory_grow(m->brokers, (size_t)m->broker_count + 1, sizeof *m->brokers);
    while (at < m->broker_count && m->brokers[at].id < id) at++;
    memmove(&m->brokers[at + 1], &m->brokers[at], (size_t)(m->broker_count - at) * sizeof *m->brokers);
    m->broker_count++;
    return &m->brokers[at];
}

static int replay_register(const struct replay *r, const struct register_broker_record *v)
{
    if (v->broker_id < 0) return CONTRADICTS(r, "RegisterBrokerRecord: broker id %d is negative", v->broker_id);
    struct metadata_broker *b = broker_of(r->m, v->broker_id);
    if (b)
        metadata_broker_release(b);
    else
        b = broker_insert(r->m, v->broker_id);
    int32_t count = v->end_points_count > 0 ? v->end_points_count : 0;
    *b = (struct metadata_broker){
        .id = v->broker_id,
        .epoch = v->broker_epoch,
        .incarnation = v->incarnation_id,
        .endpoints = memory_new((size_t)count * sizeof *b->endpoints),
        .endpoint_count = count,
        .rack = text_of(v->rack),
        .fenced = v->fenced,
        .in_controlled_shutdown = v->in_controlled_shutdown,
    };
    for (int32_t i = 0; i < count; i++)
        b->endpoints[i] = (struct metadata_endpoint){text_of(v->end_points[i].name), text_of(v->end_points[i].host),
                                                     v->end_points[i].port, v->end_points[i].security_protocol};
    return 0;
}

static struct metadata_broker *broker_registered(const struct replay *r, const char *record, int32_t id, int64_t epoch)
{
    struct metadata_broker *b = broker_of(r->m, id);
    if (b && b->epoch == epoch) return b;
    CONTRADICTS(r, "%s: broker %d is not registered with epoch %lld", record, id, (long long)epoch);
    return NULL;
}

static int replay_unregister(const struct replay *r, const struct unregister_broker_record *v)
{
    struct metadata_image *m = r->m;
    struct metadata_broker *b = broker_registered(r, "UnregisterBrokerRecord", v->broker_id, v->broker_epoch);
    if (!b) return ERR_CORRUPT;
    metadata_broker_release(b);
    memmove(b, b + 1, (size_t)(&m->brokers[m->broker_count] - (b + 1)) * sizeof *b);
    m->broker_count--;
    return 0;
}

static int replay_registration_change(const struct replay *r, const struct broker_registration_change_record *v)
{
    struct metadata_broker *b = broker_registered(r, "BrokerRegistrationChangeRecord", v->broker_id, v->broker_epoch);
    if (!b) return ERR_CORRUPT;
    if (v->fenced != 0) b->fenced = v->fenced > 0;
    if (v->in_controlled_shutdown != 0) b->in_controlled_shutdown = v->in_controlled_shutdown > 0;
    return 0;
}

/* ---- topics ---- */

static int replay_topic(const struct replay *r, const struct topic_record *v)
{
    struct metadata_image *m = r->m;
    struct slice name = kafka_string_slice(v->name);
    if (metadata_topic_name_check(v->name) != KAFKA_NONE)
        return CONTRADICTS(r, "TopicRecord: the name is not one that a topic can have");
    if (metadata_topic_find(m, name)) return CONTRADICTS(r, "TopicRecord: topic %.*s exists", v->name.n, v->name.p);
    if (kafka_uuid_is_zero(v->topic_id) || topic_of(m, v->topic_id))
        return CONTRADICTS(r, "TopicRecord: the id of topic %.*s is taken", v->name.n, v->name.p);
    struct metadata_topic *t = memory_new(sizeof *t);
    t->name = text_of(v->name);
    t->id = v->topic_id;
    t->internal = metadata_topic_is_internal(name);
    t->previous = m->last;
    *(m->last ? &m->last->next : &m->first) = t;
    m->last = t;
    struct buf b = {0};
    table_set(&m->topics_by_name, name, t);
    table_set(&m->topics_by_id, slice_of(t->id.bytes, sizeof t->id.bytes), t);
    table_set(&m->topics_by_likeness, metadata_likeness(name, &b), t);
    buf_release(&b);
    return 0;
}

static int replay_remove_topic(const struct replay *r, const struct remove_topic_record *v)
{
    struct metadata_image *m = r->m;
    struct metadata_topic *t = topic_of(m, v->topic_id);
    if (!t) return topic_unknown(r, "RemoveTopicRecord", v->topic_id);
    struct buf b = {0};
    struct slice name = slice_str(t->name), likeness = metadata_likeness(name, &b);
    table_remove(&m->topics_by_name, name);
    table_remove(&m->topics_by_id, slice_of(t->id.bytes, sizeof t->id.bytes));
    if (table_get(&m->topics_by_likeness, likeness) == t) table_remove(&m->topics_by_likeness, likeness);
    buf_release(&b);
    *(t->previous ? &t->previous->next : &m->first) = t->next;
    *(t->next ? &t->next->previous : &m->last) = t->previous;
    m->partition_count -= t->partition_count;
    metadata_topic_free(t);
    return 0;
}

/* ---- partitions ---- */

static void set_ids(int32_t **to, int32_t *to_count, const int32_t *from, int32_t count)
{
    if (count < 0) count = 0;
    int32_t *copy = memory_copy(from, (size_t)count * sizeof *copy);
    free(*to);
    *to = copy;
    *to_count = count;
}

/* One for each replica, whatever the record has. */
static void set_directories(struct metadata_partition *p, const struct kafka_uuid *from, int32_t count)
{
    free(p->directories);
    p->directories = memory_new((size_t)p->replica_count * sizeof *p->directories);
    for (int32_t i = 0; i < p->replica_count && i < count; i++) p->directories[i] = from[i];
}

static int replay_partition(const struct replay *r, const struct partition_record *v)
{
    struct metadata_topic *t = topic_of(r->m, v->topic_id);
    if (!t) return topic_unknown(r, "PartitionRecord", v->topic_id);
    if (v->partition_id < 0 || v->partition_id > t->partition_count || v->partition_id >= PARTITIONS_MAX)
        return CONTRADICTS(r, "PartitionRecord: partition %d of %s does not follow partition %d", v->partition_id,
                           t->name, t->partition_count - 1);
    if (v->partition_id == t->partition_count) {
        /* By powers of two: a topic of many partitions arrives one record at a time. */
        if ((t->partition_count & (t->partition_count - 1)) == 0)
            t->partitions = memory_grow(t->partitions, t->partition_count ? (size_t)t->partition_count * 2 : 1,
                                        sizeof *t->partitions);
        t->partitions[t->partition_count++] = (struct metadata_partition){0};
        r->m->partition_count++;
    }
    struct metadata_partition *p = &t->partitions[v->partition_id];
    p->leader = v->leader;
    p->leader_epoch = v->leader_epoch;
    p->partition_epoch = v->partition_epoch;
    set_ids(&p->replicas, &p->replica_count, v->replicas, v->replicas_count);
    set_ids(&p->isr, &p->isr_count, v->isr, v->isr_count);
    set_directories(p, v->directories, v->directories_count);
    return 0;
}

static int replay_partition_change(const struct replay *r, const struct partition_change_record *v)
{
    enum { LEADER_UNCHANGED = -2 };
    struct metadata_topic *t = topic_of(r->m, v->topic_id);
    if (!t) return topic_unknown(r, "PartitionChangeRecord", v->topic_id);
    struct metadata_partition *p = (struct metadata_partition *)metadata_partition_find(t, v->partition_id);
    if (!p) return CONTRADICTS(r, "PartitionChangeRecord: %s has no partition %d", t->name, v->partition_id);
    if (v->isr_count >= 0) set_ids(&p->isr, &p->isr_count, v->isr, v->isr_count);
    if (v->replicas_count >= 0) {
        set_ids(&p->replicas, &p->replica_count, v->replicas, v->replicas_count);
        if (v->directories_count < 0) set_directories(p, NULL, 0);
    }
    if (v->directories_count >= 0) set_directories(p, v->directories, v->directories_count);
    if (v->leader != LEADER_UNCHANGED) {
        p->leader = v->leader;
        p->leader_epoch++;
    }
    p->partition_epoch++;
    return 0;
}

/* ---- configs, features, producer ids ---- */

static void config_set(struct metadata_configs *c, const char *name, struct kafka_string value)
{
    int32_t at = 0;
    while (at < c->count && strcmp(c->items[at].name, name) < 0) at++;
    bool there = at < c->count && strcmp(c->items[at].name, name) == 0;
    struct metadata_config *item = there ? &c->items[at] : NULL;
    if (there && value.n < 0) {
        free(item->name);
        free(item->value);
        memmove(item, item + 1, (size_t)(c->count - at - 1) * sizeof *item);
        c->count--;
    } else if (there) {
        free(item->value);
        item->value = text_of(value);
    } else if (value.n >= 0) {
        c->items = memory_grow(c->items, (size_t)c->count + 1, sizeof *c->items);
        item = &c->items[at];
        memmove(item + 1, item, (size_t)(c->count - at) * sizeof *item);
        *item = (struct metadata_config){memory_str(name), text_of(value)};
        c->count++;
    }
}

static struct metadata_configs *broker_configs(struct metadata_image *m, struct slice name)
{
    struct metadata_configs *c = table_get(&m->broker_configs, name);
    if (!c) {
        c = memory_new(sizeof *c);
        table_set(&m->broker_configs, name, c);
    }
    return c;
}

static int replay_config(const struct replay *r, const struct config_record *v)
{
    struct slice resource = kafka_string_slice(v->resource_name);
    struct metadata_configs *configs = NULL;
    if (v->resource_type == RESOURCE_TOPIC) {
        struct metadata_topic *t = table_get(&r->m->topics_by_name, resource);
        if (!t)
            return CONTRADICTS(r, "ConfigRecord for topic %.*s, which does not exist",
                               v->resource_name.n < 300 ? v->resource_name.n : 300, v->resource_name.p);
        configs = &t->configs;
    } else if (v->resource_type == RESOURCE_BROKER) {
        configs = broker_configs(r->m, resource);
    } else {
        return err_set(r->error, ERR_UNSUPPORTED, "ConfigRecord for a resource of type %d", v->resource_type);
    }
    char *name = text_of(v->name);
    config_set(configs, name, v->value);
    free(name);
    return 0;
}

static int replay_feature(const struct replay *r, const struct feature_level_record *v)
{
    struct metadata_image *m = r->m;
    int32_t at = 0;
    while (at < m->feature_count && !kafka_string_equal_str(v->name, m->features[at].name)) at++;
    if (at < m->feature_count && v->feature_level == 0) {
        free(m->features[at].name);
        m->features[at] = m->features[--m->feature_count];
    } else if (at < m->feature_count) {
        m->features[at].level = v->feature_level;
    } else if (v->feature_level != 0) {
        m->features = memory_grow(m->features, (size_t)m->feature_count + 1, sizeof *m->features);
        m->features[m->feature_count++] = (struct metadata_feature){text_of(v->name), v->feature_level};
    }
    return 0;
}

static int replay_producer_ids(const struct replay *r, const struct producer_ids_record *v)
{
    if (v->next_producer_id <= r->m->next_producer_id)
        return CONTRADICTS(r, "ProducerIdsRecord: %lld after %lld", (long long)v->next_producer_id,
                           (long long)r->m->next_producer_id);
    r->m->next_producer_id = v->next_producer_id;
    return 0;
}

/* ---- any record ---- */

static int replay_record(const struct replay *r, const struct metadata_record *record)
{
    switch (record->type) {
    case METADATA_RECORD_REGISTER_BROKER: return replay_register(r, record->value);
    case METADATA_RECORD_UNREGISTER_BROKER: return replay_unregister(r, record->value);
    case METADATA_RECORD_TOPIC: return replay_topic(r, record->value);
    case METADATA_RECORD_PARTITION: return replay_partition(r, record->value);
    case METADATA_RECORD_CONFIG: return replay_config(r, record->value);
    case METADATA_RECORD_PARTITION_CHANGE: return replay_partition_change(r, record->value);
    case METADATA_RECORD_REMOVE_TOPIC: return replay_remove_topic(r, record->value);
    case METADATA_RECORD_FEATURE_LEVEL: return replay_feature(r, record->value);
    case METADATA_RECORD_PRODUCER_IDS: return replay_producer_ids(r, record->value);
    case METADATA_RECORD_BROKER_REGISTRATION_CHANGE: return replay_registration_change(r, record->value);
    case METADATA_RECORD_NO_OP: return 0;
    default: return err_set(r->error, ERR_UNSUPPORTED, "metadata record of type %d", record->type);
    }
}

int metadata_replay(struct metadata_image *m, struct slice value, struct err_text *error)
{
    struct arena a = {0};
    struct metadata_record record = {.type = -1};
    int err = metadata_record_decode(value, &a, &record);
    if (err == 0) {
        err = replay_record(&(struct replay){m, error}, &record);
    } else if (err == ERR_UNSUPPORTED) {
        err_set(error, err, "metadata record of type %d version %d is not known", record.type, record.version);
    } else {
        err_set(error, err, "metadata record of %zu bytes cannot be read (%s)", value.n, err_name(err));
    }
    arena_release(&a);
    return err;
}
