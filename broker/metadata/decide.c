/* What the controller decides about brokers and producer ids, as records; decide_topic.c and decide_config.c have
 * the rest. The image is read, never written: see metadata.h. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/metadata/decide.h"
#include "lib/base/memory.h"
#include "lib/kafka/metadata_record.h"

/* metadata.version of Kafka 4.2 (4.2-IV1). It fixes the versions of the records below; the features that go
 * with it in Kafka (group.version, transaction.version, ...) are left out until their protocols are here. */
enum { METADATA_VERSION_LEVEL = 29 };
enum { REGISTER_BROKER_VERSION = 3, REGISTRATION_CHANGE_VERSION = 0 };

/* ---- changes ---- */

void metadata_changes_reset(struct metadata_changes *c)
{
    c->count = 0;
    arena_reset(&c->arena);
}

void metadata_changes_release(struct metadata_changes *c)
{
    free(c->values);
    arena_release(&c->arena);
    *c = (struct metadata_changes){0};
}

void metadata_change_add(struct metadata_changes *c, int type, int version, const void *record)
{
    struct buf b = {0};
    int err = metadata_record_encode(type, version, record, &b);
    assert(err == 0); /* what goes in was checked */
    if (c->count == c->capacity) {
        c->capacity = c->capacity ? 2 * c->capacity : 16;
        c->values = memory_grow(c->values, (size_t)c->capacity, sizeof *c->values);
    }
    c->values[c->count++] = slice_of(arena_copy(&c->arena, b.p, b.n), b.n);
    buf_release(&b);
}

bool metadata_refuse(struct metadata_outcome *o, struct metadata_changes *c, int16_t error, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    o->error = error;
    o->message = arena_str(&c->arena, slice_str(text));
    return false;
}

static void change_feature(struct metadata_changes *c, const char *name, int16_t level)
{
    struct feature_level_record v = {.name = kafka_string_of(name), .feature_level = level};
    metadata_change_add(c, METADATA_RECORD_FEATURE_LEVEL, 0, &v);
}

void metadata_format(struct metadata_changes *out)
{
    change_feature(out, "metadata.version", METADATA_VERSION_LEVEL);
}

/* ---- brokers ---- */

/* Kafka registers a broker fenced and lets it in when it has caught up; a quorum of one has caught up. */
void metadata_register_broker(const struct metadata_image *m, const struct metadata_registration *r,
                              struct metadata_changes *out)
{
    (void)m; /* a second registration replaces the first, whatever it was */
    struct register_broker_record_broker_feature feature = {
        .name = KAFKA_STRING_LIT("metadata.version"),
        .min_supported_version = METADATA_VERSION_LEVEL,
        .max_supported_version = METADATA_VERSION_LEVEL,
    };
    struct kafka_uuid directory = r->directory;
    struct register_broker_record v;
    kafka_struct_init(&register_broker_record_struct, &v);
    v.broker_id = r->broker_id;
    v.incarnation_id = r->incarnation;
    v.broker_epoch = r->log_end;
    v.end_points = KAFKA_NEW(&out->arena, register_broker_record_broker_endpoint, r->endpoint_count);
    v.end_points_count = r->endpoint_count;
    for (int32_t i = 0; i < r->endpoint_count; i++) {
        v.end_points[i].name = kafka_string_of(r->endpoints[i].name);
        v.end_points[i].host = kafka_string_of(r->endpoints[i].host);
        v.end_points[i].port = r->endpoints[i].port;
        v.end_points[i].security_protocol = r->endpoints[i].security_protocol;
    }
    v.features = &feature;
    v.features_count = 1;
    v.rack = kafka_string_of(r->rack);
    v.fenced = true;
    v.log_dirs = &directory;
    v.log_dirs_count = 1;
    metadata_change_add(out, METADATA_RECORD_REGISTER_BROKER, REGISTER_BROKER_VERSION, &v);

    struct broker_registration_change_record change;
    kafka_struct_init(&broker_registration_change_record_struct, &change);
    change.broker_id = r->broker_id;
    change.broker_epoch = r->log_end;
    change.fenced = -1; /* unfenced */
    metadata_change_add(out, METADATA_RECORD_BROKER_REGISTRATION_CHANGE, REGISTRATION_CHANGE_VERSION, &change);
}

static bool is_in_sync(const struct metadata_partition *p, int32_t broker_id)
{
    for (int32_t i = 0; i < p->isr_count; i++)
        if (p->isr[i] == broker_id) return true;
    return false;
}

void metadata_elect_leaders(const struct metadata_image *m, int32_t broker_id, struct metadata_changes *out)
{
    for (const struct metadata_topic *t = metadata_topic_next(m, NULL); t; t = metadata_topic_next(m, t)) {
        for (int32_t i = 0; i < t->partition_count; i++) {
            if (t->partitions[i].leader >= 0 || !is_in_sync(&t->partitions[i], broker_id)) continue;
            struct partition_change_record v;
            kafka_struct_init(&partition_change_record_struct, &v);
            v.partition_id = i;
            v.topic_id = t->id;
            v.leader = broker_id;
            metadata_change_add(out, METADATA_RECORD_PARTITION_CHANGE, METADATA_PARTITION_VERSION, &v);
        }
    }
}

int64_t metadata_allocate_producer_ids(const struct metadata_image *m, int32_t broker_id, struct metadata_changes *out)
{
    const struct metadata_broker *b = metadata_broker_find(m, broker_id);
    struct producer_ids_record v = {
        .broker_id = broker_id,
        .broker_epoch = b ? b->epoch : -1,
        .next_producer_id = m->next_producer_id + METADATA_PRODUCER_ID_BLOCK,
    };
    metadata_change_add(out, METADATA_RECORD_PRODUCER_IDS, 0, &v);
    return m->next_producer_id;
}
