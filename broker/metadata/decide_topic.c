/* Topics come, grow and go: what the controller decides about them, as records. See metadata.h. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/metadata/decide.h"
#include "broker/metadata/image.h"
#include "broker/metadata/topic_config.h"
#include "lib/base/memory.h"
#include "lib/kafka/metadata_record.h"

enum { INTERNAL_REPLICATION_FACTOR = 3 };
enum { REQUEST_PARTITIONS_MAX = 10000 };

/* ---- a new topic ---- */

struct create {
    const struct metadata_image *m;
    const struct metadata_limits *limits;
    const struct metadata_create *request;
    struct random *random;
    struct metadata_changes *out;
    struct metadata_outcome outcome;
    int32_t from; /* the first new partition; assignments count from there */
};

#define REFUSE(create, error, ...) metadata_refuse(&(create)->outcome, (create)->out, error, __VA_ARGS__)

static bool create_name(struct create *c)
{
    struct kafka_string name = c->request->name;
    int shown = name.n < 0 ? 0 : name.n > 300 ? 300 : name.n;
    if (metadata_topic_name_check(name) != KAFKA_NONE)
        return REFUSE(c, KAFKA_INVALID_TOPIC_EXCEPTION,
                      "Topic name '%.*s' is illegal: it has 1 to 249 of a-z, A-Z, 0-9, '.', '_' and '-', and is "
                      "neither '.' nor '..'",
                      shown, name.p ? name.p : "");
    if (metadata_topic_find(c->m, kafka_string_slice(name)))
        return REFUSE(c, KAFKA_TOPIC_ALREADY_EXISTS, "Topic '%.*s' already exists.", name.n, name.p);
    struct buf b = {0};
    const struct metadata_topic *alike =
        table_get(&c->m->topics_by_likeness, metadata_likeness(kafka_string_slice(name), &b));
    buf_release(&b);
    if (alike)
        return REFUSE(c, KAFKA_INVALID_TOPIC_EXCEPTION, "Topic '%.*s' collides with existing topic: %s", name.n, name.p,
                      alike->name);
    return true;
}

static bool create_configs(struct create *c)
{
    struct err_text text = {0};
    if (topic_config_check_all(c->request->configs, c->request->config_count, &text) == 0) return true;
    return REFUSE(c, KAFKA_INVALID_CONFIG, "%.400s", text.text);
}

static int32_t brokers_alive(const struct metadata_image *m)
{
    int32_t n = 0;
    for (int32_t i = 0; i < m->broker_count; i++)
        if (!m->brokers[i].fenced) n++;
    return n;
}

/* Counts as they will be: -1 is the broker's default. */
static bool create_counts(struct create *c)
{
    const struct metadata_create *r = c->request;
    struct metadata_outcome *o = &c->outcome;
    if (r->num_partitions == 0 || r->num_partitions < -1)
        return REFUSE(c, KAFKA_INVALID_PARTITIONS,
                      "Number of partitions must be larger than 0, or -1 for the default.");
    if (r->replication_factor == 0 || r->replication_factor < -1)
        return REFUSE(c, KAFKA_INVALID_REPLICATION_FACTOR,
                      "Replication factor must be larger than 0, or -1 for the default.");
    o->num_partitions = r->num_partitions == -1 ? c->limits->num_partitions : r->num_partitions;
    o->replication_factor = r->replication_factor == -1 ? c->limits->default_replication_factor : r->replication_factor;
    int32_t alive = brokers_alive(c->m);
    if (o->replication_factor > alive)
        return REFUSE(c, KAFKA_INVALID_REPLICATION_FACTOR,
                      "The target replication factor of %d cannot be reached because only %d broker(s) are registered.",
                      o->replication_factor, alive);
    return true;
}

static bool create_room(struct create *c)
{
    int32_t n = c->outcome.num_partitions;
    if (n > REQUEST_PARTITIONS_MAX)
        return REFUSE(c, KAFKA_INVALID_PARTITIONS, "%d partitions are too many for one topic: at most %d", n,
                      REQUEST_PARTITIONS_MAX);
    if (c->m->partition_count + n > c->limits->partition_count_max)
        return REFUSE(c, KAFKA_INVALID_PARTITIONS,
                      "%d more partitions are too many: this cluster has %lld, and holds at most %d", n,
                      (long long)c->m->partition_count, c->limits->partition_count_max);
    return true;
}

/* ---- manual assignments ---- */

/* The assignment of the i-th new partition; they mostly come in order. */
static const struct metadata_assignment *assignment_of(const struct metadata_create *r, int32_t i)
{
    if (i < r->assignment_count && r->assignments[i].partition == i) return &r->assignments[i];
    for (int32_t k = 0; k < r->assignment_count; k++)
        if (r->assignments[k].partition == i) return &r->assignments[k];
    return NULL;
}

static bool assignment_brokers(struct create *c, const struct metadata_assignment *a)
{
    if (a->broker_count < 1)
        return REFUSE(c, KAFKA_INVALID_REPLICA_ASSIGNMENT, "Partition %d is assigned to no broker.",
                      c->from + a->partition);
    if (a->broker_count != c->request->assignments[0].broker_count)
        return REFUSE(c, KAFKA_INVALID_REPLICA_ASSIGNMENT, "Partition %d has %d replicas, but partition %d has %d.",
                      c->from + a->partition, a->broker_count, c->from + c->request->assignments[0].partition,
                      c->request->assignments[0].broker_count);
    for (int32_t i = 0; i < a->broker_count; i++) {
        if (!metadata_broker_find(c->m, a->brokers[i]))
            return REFUSE(c, KAFKA_INVALID_REPLICA_ASSIGNMENT,
                          "Partition %d is assigned to broker %d, which is not "
                          "registered.",
                          c->from + a->partition, a->brokers[i]);
        for (int32_t k = 0; k < i; k++)
            if (a->brokers[k] == a->brokers[i])
                return REFUSE(c, KAFKA_INVALID_REPLICA_ASSIGNMENT, "Partition %d is assigned to broker %d twice.",
                              c->from + a->partition, a->brokers[i]);
    }
    return true;
}

static bool create_assignments(struct create *c)
{
    const struct metadata_create *r = c->request;
    if (r->num_partitions != -1)
        return REFUSE(c, KAFKA_INVALID_REQUEST,
                      "A manual partition assignment was specified, but numPartitions was not set to -1.");
    if (r->replication_factor != -1)
        return REFUSE(c, KAFKA_INVALID_REQUEST,
                      "A manual partition assignment was specified, but replication factor was not set to -1.");
    c->outcome.num_partitions = r->assignment_count;
    if (!create_room(c)) return false;
    for (int32_t i = 0; i < r->assignment_count; i++) {
        if (!assignment_of(r, i))
            return REFUSE(c, KAFKA_INVALID_REPLICA_ASSIGNMENT,
                          "The assigned partitions are not 0 to %d, each once: %d is missing.", r->assignment_count - 1,
                          i);
        if (!assignment_brokers(c, &r->assignments[i])) return false;
    }
    c->outcome.replication_factor = (int16_t)r->assignments[0].broker_count;
    return true;
}

/* ---- the records ---- */

/* Round robin over the brokers that are alive, from a random one, so that leaders spread over topics too. */
static void place(const struct create *c, int32_t first, int32_t partition, int32_t *replicas)
{
    const struct metadata_image *m = c->m;
    int32_t alive = brokers_alive(m), n = 0;
    int32_t *ids = memory_new((size_t)(alive + 1) * sizeof *ids);
    for (int32_t i = 0; i < m->broker_count; i++)
        if (!m->brokers[i].fenced) ids[n++] = m->brokers[i].id;
    assert(alive > 0); /* as many as the replicas, at least */
    for (int32_t i = 0; i < c->outcome.replication_factor; i++) replicas[i] = ids[(first + partition + i) % alive];
    free(ids);
}

static void change_partition(struct create *c, int32_t partition, int32_t *replicas)
{
    int32_t count = c->outcome.replication_factor;
    struct partition_record v;
    kafka_struct_init(&partition_record_struct, &v);
    v.partition_id = partition;
    v.topic_id = c->outcome.topic_id;
    v.replicas = v.isr = replicas;
    v.replicas_count = v.isr_count = count;
    v.leader = replicas[0];
    v.leader_epoch = 0;
    v.partition_epoch = 0;
    v.directories = arena_alloc(&c->out->arena, (size_t)count * sizeof *v.directories);
    v.directories_count = count;
    for (int32_t i = 0; i < count; i++)
        if (replicas[i] == c->limits->broker_id) v.directories[i] = c->limits->directory;
    metadata_change_add(c->out, METADATA_RECORD_PARTITION, METADATA_PARTITION_VERSION, &v);
}

/* The new partitions; assigned by hand, or placed. */
static void change_partitions(struct create *c)
{
    int32_t alive = brokers_alive(c->m);
    int32_t first = alive > 0 ? (int32_t)random_below(c->random, (uint64_t)alive) : 0;
    int32_t *replicas = memory_new((size_t)c->outcome.replication_factor * sizeof *replicas);
    for (int32_t i = c->from; i < c->from + c->outcome.num_partitions; i++) {
        const struct metadata_assignment *a = assignment_of(c->request, i - c->from);
        if (a)
            memcpy(replicas, a->brokers, (size_t)a->broker_count * sizeof *replicas);
        else
            place(c, first, i, replicas);
        change_partition(c, i, replicas);
    }
    free(replicas);
}

static void change_topic(struct create *c)
{
    const struct metadata_create *r = c->request;
    struct topic_record topic = {.name = r->name, .topic_id = c->outcome.topic_id};
    metadata_change_add(c->out, METADATA_RECORD_TOPIC, 0, &topic);
    for (int32_t i = 0; i < r->config_count; i++) {
        struct config_record v = {.resource_type = 2,
                                  .resource_name = r->name,
                                  .name = r->configs[i].name,
                                  .value = config_stored(r->configs[i].value)};
        metadata_change_add(c->out, METADATA_RECORD_CONFIG, 0, &v);
    }
    change_partitions(c);
}

static struct metadata_outcome create_topic(const struct metadata_image *m, const struct metadata_limits *limits,
                                            const struct metadata_create *request, struct random *random,
                                            struct metadata_changes *out)
{
    struct create c = {.m = m, .limits = limits, .request = request, .random = random, .out = out};
    bool good = create_name(&c) && create_configs(&c) &&
                (request->assignment_count > 0 ? create_assignments(&c) : create_counts(&c) && create_room(&c));
    if (!good) return c.outcome;
    do c.outcome.topic_id = metadata_uuid_new(random);
    while (metadata_topic_find_id(m, c.outcome.topic_id));
    change_topic(&c);
    return c.outcome;
}

struct metadata_outcome metadata_create_topic(const struct metadata_image *m, const struct metadata_limits *limits,
                                              const struct metadata_create *request, struct random *random,
                                              struct metadata_changes *out)
{
    if (request->name.n > 0 && metadata_topic_is_internal(kafka_string_slice(request->name))) {
        struct metadata_outcome o = {0};
        metadata_refuse(&o, out, KAFKA_INVALID_TOPIC_EXCEPTION,
                        "Topic '%.*s' is the broker's own: it creates it when it needs it.", request->name.n,
                        request->name.p);
        return o;
    }
    return create_topic(m, limits, request, random, out);
}

struct metadata_outcome metadata_create_offsets_topic(const struct metadata_image *m,
                                                      const struct metadata_limits *limits, int32_t partition_count,
                                                      int32_t segment_bytes, struct random *random,
                                                      struct metadata_changes *out)
{
    int32_t alive = brokers_alive(m);
    char segment[24];
    int n = snprintf(segment, sizeof segment, "%d", segment_bytes);
    struct metadata_setting configs[] = {
        {KAFKA_STRING_LIT("cleanup.policy"), KAFKA_STRING_LIT("compact")},
        {KAFKA_STRING_LIT("compression.type"), KAFKA_STRING_LIT("producer")},
        {KAFKA_STRING_LIT("segment.bytes"), {segment, n}},
    };
    struct metadata_create r = {
        .name = KAFKA_STRING_LIT("__consumer_offsets"),
        .num_partitions = partition_count,
        .replication_factor = (int16_t)(alive < INTERNAL_REPLICATION_FACTOR ? alive : INTERNAL_REPLICATION_FACTOR),
        .configs = configs,
        .config_count = sizeof configs / sizeof *configs,
    };
    return create_topic(m, limits, &r, random, out);
}

/* ---- more partitions ---- */

static bool grow_count(struct create *c, const struct metadata_topic *t, int32_t count)
{
    if (count == t->partition_count)
        return REFUSE(c, KAFKA_INVALID_PARTITIONS, "Topic already has %d partition(s).", count);
    if (count < t->partition_count)
        return REFUSE(c, KAFKA_INVALID_PARTITIONS,
                      "The topic %s currently has %d partition(s); %d would not be an increase.", t->name,
                      t->partition_count, count);
    return true;
}

/* As many replicas as the partitions have that are there, on brokers that are here. */
static bool grow_replicas(struct create *c, const struct metadata_topic *t)
{
    const struct metadata_create *r = c->request;
    int32_t alive = brokers_alive(c->m);
    c->outcome.replication_factor = (int16_t)t->partitions[0].replica_count;
    if (r->assignment_count < 0) {
        if (c->outcome.replication_factor <= alive) return true;
        return REFUSE(c, KAFKA_INVALID_REPLICATION_FACTOR,
                      "The target replication factor of %d cannot be reached because only %d broker(s) are registered.",
                      c->outcome.replication_factor, alive);
    }
    if (r->assignment_count != c->outcome.num_partitions)
        return REFUSE(c, KAFKA_INVALID_REPLICA_ASSIGNMENT,
                      "Attempted to add %d additional partition(s), but only %d assignment(s) were specified.",
                      c->outcome.num_partitions, r->assignment_count);
    for (int32_t i = 0; i < r->assignment_count; i++) {
        if (!assignment_brokers(c, &r->assignments[i])) return false;
        if (r->assignments[i].broker_count != c->outcome.replication_factor)
            return REFUSE(c, KAFKA_INVALID_REPLICA_ASSIGNMENT, "Partition %d has %d replicas, but the topic has %d.",
                          c->from + i, r->assignments[i].broker_count, c->outcome.replication_factor);
    }
    return true;
}

static bool grow_name(struct create *c, const struct metadata_topic *t)
{
    if (!t) return REFUSE(c, KAFKA_UNKNOWN_TOPIC_OR_PARTITION, "This server does not host this topic.");
    if (!t->internal) return true;
    return REFUSE(c, KAFKA_TOPIC_AUTHORIZATION_FAILED,
                  "Topic '%s' is the broker's own: what it keeps where depends on how many partitions it has.",
                  t->name);
}

struct metadata_outcome metadata_grow_topic(const struct metadata_image *m, const struct metadata_limits *limits,
                                            const struct metadata_create *request, struct random *random,
                                            struct metadata_changes *out)
{
    struct create c = {.m = m, .limits = limits, .request = request, .random = random, .out = out};
    const struct metadata_topic *t = metadata_topic_find(m, kafka_string_slice(request->name));
    if (!grow_name(&c, t) || !grow_count(&c, t, request->num_partitions)) return c.outcome;
    c.from = t->partition_count;
    c.outcome.num_partitions = request->num_partitions - c.from;
    if (!create_room(&c) || !grow_replicas(&c, t)) return c.outcome;
    c.outcome.topic_id = t->id;
    change_partitions(&c);
    return c.outcome;
}

/* ---- a topic goes ---- */

struct metadata_outcome metadata_delete_topic(const struct metadata_image *m, struct kafka_string name,
                                              struct kafka_uuid id, struct metadata_changes *out)
{
    struct metadata_outcome o = {0};
    const struct metadata_topic *t =
        name.n >= 0 ? metadata_topic_find(m, kafka_string_slice(name)) : metadata_topic_find_id(m, id);
    if (!t) {
        metadata_refuse(&o, out, name.n >= 0 ? KAFKA_UNKNOWN_TOPIC_OR_PARTITION : KAFKA_UNKNOWN_TOPIC_ID,
                        "This server does not host this topic.");
        return o;
    }
    if (t->internal) {
        metadata_refuse(&o, out, KAFKA_TOPIC_AUTHORIZATION_FAILED,
                        "Topic '%s' is the broker's own: it keeps what clients rely on, and cannot be deleted.",
                        t->name);
        return o;
    }
    o.topic_id = t->id;
    o.num_partitions = t->partition_count;
    struct remove_topic_record v = {.topic_id = t->id};
    metadata_change_add(out, METADATA_RECORD_REMOVE_TOPIC, 0, &v);
    return o;
}
