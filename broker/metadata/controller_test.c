#include "broker/metadata/controller_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/kafka/metadata_record.h"
#include "tests/unit.h"

void controller_commit(struct controller *c)
{
    struct err_text error = {0};
    for (int32_t i = 0; i < c->changes.count; i++) {
        struct slice v = c->changes.values[i];
        c->log = memory_grow(c->log, (size_t)c->log_count + 1, sizeof *c->log);
        c->log[c->log_count++] = slice_of(arena_copy(&c->arena, v.p, v.n), v.n);
        if (metadata_replay(&c->image, v, &error) != 0) unit_fail("replay: %s", error.text);
    }
    metadata_changes_reset(&c->changes);
}

static void register_one(struct controller *c, int32_t id)
{
    struct metadata_endpoint endpoint = {"PLAINTEXT", "127.0.0.1", (uint16_t)(9091 + id), 0};
    struct metadata_registration r = {
        .broker_id = id,
        .incarnation = metadata_uuid_new(&c->random),
        .directory = c->limits.directory,
        .endpoints = &endpoint,
        .endpoint_count = 1,
        .log_end = c->log_count,
    };
    metadata_register_broker(&c->image, &r, &c->changes);
    controller_commit(c);
}

void controller_init(struct controller *c, int brokers)
{
    *c = (struct controller){0};
    random_seed(&c->random, 1);
    metadata_image_init(&c->image);
    c->limits = (struct metadata_limits){.num_partitions = 1,
                                         .default_replication_factor = 1,
                                         .partition_count_max = 5000,
                                         .directory = metadata_uuid_new(&c->random),
                                         .broker_id = 1};
    metadata_format(&c->changes);
    controller_commit(c);
    for (int i = 1; i <= brokers; i++) register_one(c, i);
}

void controller_release(struct controller *c)
{
    metadata_image_release(&c->image);
    metadata_changes_release(&c->changes);
    arena_release(&c->arena);
    free(c->log);
}

void controller_replay(const struct controller *c, int32_t count, struct metadata_image *out)
{
    struct err_text error = {0};
    metadata_image_init(out);
    for (int32_t i = 0; i < count; i++)
        if (metadata_replay(out, c->log[i], &error) != 0) unit_fail("record %d: %s", i, error.text);
}

struct metadata_outcome controller_create(struct controller *c, const char *name, int32_t partitions,
                                          int16_t replication, const char *configs)
{
    struct metadata_setting settings[16];
    struct metadata_create r = {.name = kafka_string_of(name),
                                .num_partitions = partitions,
                                .replication_factor = replication,
                                .configs = settings};
    char *text = memory_str(configs ? configs : "");
    for (char *save, *item = strtok_r(text, ";", &save); item; item = strtok_r(NULL, ";", &save)) {
        char *equals = strchr(item, '=');
        if (equals) *equals = 0;
        settings[r.config_count++] =
            (struct metadata_setting){kafka_string_of(item), kafka_string_of(equals ? equals + 1 : NULL)};
    }
    struct metadata_outcome o = metadata_create_topic(&c->image, &c->limits, &r, &c->random, &c->changes);
    if (o.error == KAFKA_NONE)
        controller_commit(c);
    else
        check_int(c->changes.count, 0);
    free(text);
    return o;
}

struct metadata_outcome controller_delete(struct controller *c, const char *name)
{
    struct kafka_uuid none = {{0}};
    struct metadata_outcome o = metadata_delete_topic(&c->image, kafka_string_of(name), none, &c->changes);
    if (o.error == KAFKA_NONE) controller_commit(c);
    return o;
}

/* ---- as text ---- */

static void show_ids(struct buf *b, const char *what, const int32_t *ids, int32_t count)
{
    buf_printf(b, " %s", what);
    for (int32_t i = 0; i < count; i++) buf_printf(b, "%s%d", i ? "," : " ", ids[i]);
}

static void show_configs(struct buf *b, const struct metadata_configs *c)
{
    for (int32_t i = 0; i < c->count; i++) buf_printf(b, "  %s=%s\n", c->items[i].name, c->items[i].value);
}

static void show_topic(const struct metadata_topic *t, struct buf *b)
{
    char id[23];
    kafka_uuid_to_text(t->id, id);
    buf_printf(b, "topic %s %s%s\n", t->name, id, t->internal ? " internal" : "");
    show_configs(b, &t->configs);
    for (int32_t i = 0; i < t->partition_count; i++) {
        const struct metadata_partition *p = &t->partitions[i];
        buf_printf(b, "  %d: leader %d epoch %d/%d", i, p->leader, p->leader_epoch, p->partition_epoch);
        show_ids(b, "replicas", p->replicas, p->replica_count);
        show_ids(b, "isr", p->isr, p->isr_count);
        buf_append_str(b, " in");
        for (int32_t k = 0; k < p->replica_count; k++) {
            kafka_uuid_to_text(p->directories[k], id);
            buf_printf(b, " %s", id);
        }
        buf_append_byte(b, '\n');
    }
}

void image_show(const struct metadata_image *m, struct buf *b)
{
    char id[23];
    for (int32_t i = 0; i < m->feature_count; i++)
        buf_printf(b, "feature %s %d\n", m->features[i].name, m->features[i].level);
    for (int32_t i = 0; i < m->broker_count; i++) {
        const struct metadata_broker *k = &m->brokers[i];
        kafka_uuid_to_text(k->incarnation, id);
        buf_printf(b, "broker %d epoch %lld %s%s%s rack %s", k->id, (long long)k->epoch, id, k->fenced ? " fenced" : "",
                   k->in_controlled_shutdown ? " leaving" : "", k->rack ? k->rack : "-");
        for (int32_t e = 0; e < k->endpoint_count; e++)
            buf_printf(b, " %s://%s:%d/%d", k->endpoints[e].name, k->endpoints[e].host, k->endpoints[e].port,
                       k->endpoints[e].security_protocol);
        buf_append_byte(b, '\n');
    }
    for (struct table_entry *e = table_first(&m->broker_configs); e; e = table_next(&m->broker_configs, e)) {
        buf_printf(b, "broker %.*s\n", (int)e->key.n, e->key.p);
        show_configs(b, e->value);
    }
    int64_t partitions = 0;
    uint32_t topics = 0;
    for (const struct metadata_topic *t = metadata_topic_next(m, NULL); t; t = metadata_topic_next(m, t), topics++) {
        show_topic(t, b);
        partitions += t->partition_count;
        check(metadata_topic_find(m, slice_str(t->name)) == t);
        check(metadata_topic_find_id(m, t->id) == t);
    }
    check_int(partitions, m->partition_count);
    check(topics == m->topics_by_name.count && topics == m->topics_by_id.count);
    buf_printf(b, "next producer id %lld\n", (long long)m->next_producer_id);
}

static void show_value(struct buf *b, enum kafka_type type, const void *v)
{
    char id[23];
    struct kafka_string s;
    switch (type) {
    case KAFKA_BOOL: buf_append_str(b, *(const bool *)v ? "true" : "false"); break;
    case KAFKA_INT8: buf_printf(b, "%d", *(const int8_t *)v); break;
    case KAFKA_INT16: buf_printf(b, "%d", *(const int16_t *)v); break;
    case KAFKA_UINT16: buf_printf(b, "%d", *(const uint16_t *)v); break;
    case KAFKA_INT32: buf_printf(b, "%d", *(const int32_t *)v); break;
    case KAFKA_INT64: buf_printf(b, "%lld", (long long)*(const int64_t *)v); break;
    case KAFKA_UUID:
        kafka_uuid_to_text(*(const struct kafka_uuid *)v, id);
        buf_append_str(b, id);
        break;
    case KAFKA_STRING:
        s = *(const struct kafka_string *)v;
        if (s.n < 0)
            buf_append_str(b, "null");
        else
            buf_printf(b, "\"%.*s\"", s.n, s.p);
        break;
    default: break;
    }
}

static void show_field(void *context, const struct kafka_field *f, int depth, int32_t index, const void *value)
{
    struct buf *b = context;
    (void)depth;
    if (index < 0) buf_printf(b, " %s=", f->name);
    if (index > 0) buf_append_byte(b, ',');
    show_value(b, index < 0 ? f->type : f->element, value);
}

void record_show(struct slice value, struct buf *b)
{
    struct arena a = {0};
    struct metadata_record r;
    check_int(metadata_record_decode(value, &a, &r), 0);
    const struct message *m = metadata_record_message(r.type);
    buf_printf(b, "%s %d", m->name, r.version);
    kafka_walk(m, r.version, r.value, show_field, b);
    buf_append_byte(b, '\n');
    arena_release(&a);
}
