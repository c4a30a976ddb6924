/* Reading the image, and giving its memory back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/metadata/image.h"

void metadata_image_init(struct metadata_image *m)
{
    *m = (struct metadata_image){0};
}

void metadata_partition_release(struct metadata_partition *p)
{
    free(p->replicas);
    free(p->isr);
    free(p->directories);
}

void metadata_configs_release(struct metadata_configs *c)
{
    for (int32_t i = 0; i < c->count; i++) {
        free(c->items[i].name);
        free(c->items[i].value);
    }
    free(c->items);
}

void metadata_topic_free(struct metadata_topic *t)
{
    for (int32_t i = 0; i < t->partition_count; i++) metadata_partition_release(&t->partitions[i]);
    free(t->partitions);
    metadata_configs_release(&t->configs);
    free(t->name);
    free(t);
}

void metadata_broker_release(struct metadata_broker *b)
{
    for (int32_t i = 0; i < b->endpoint_count; i++) {
        free(b->endpoints[i].name);
        free(b->endpoints[i].host);
    }
    free(b->endpoints);
    free(b->rack);
}

void metadata_image_release(struct metadata_image *m)
{
    for (struct metadata_topic *t = m->first, *next; t; t = next) {
        next = t->next;
        metadata_topic_free(t);
    }
    for (struct table_entry *e = table_first(&m->broker_configs); e; e = table_next(&m->broker_configs, e)) {
        metadata_configs_release(e->value);
        free(e->value);
    }
    for (int32_t i = 0; i < m->broker_count; i++) metadata_broker_release(&m->brokers[i]);
    for (int32_t i = 0; i < m->feature_count; i++) free(m->features[i].name);
    free(m->brokers);
    free(m->features);
    table_release(&m->topics_by_name);
    table_release(&m->topics_by_id);
    table_release(&m->topics_by_likeness);
    table_release(&m->broker_configs);
    *m = (struct metadata_image){0};
}

const struct metadata_topic *metadata_topic_find(const struct metadata_image *m, struct slice name)
{
    return table_get(&m->topics_by_name, name);
}

const struct metadata_topic *metadata_topic_find_id(const struct metadata_image *m, struct kafka_uuid id)
{
    return table_get(&m->topics_by_id, slice_of(id.bytes, sizeof id.bytes));
}

const struct metadata_partition *metadata_partition_find(const struct metadata_topic *t, int32_t partition)
{
    return t && partition >= 0 && partition < t->partition_count ? &t->partitions[partition] : NULL;
}

const struct metadata_broker *metadata_broker_find(const struct metadata_image *m, int32_t id)
{
    for (int32_t i = 0; i < m->broker_count; i++)
        if (m->brokers[i].id == id) return &m->brokers[i];
    return NULL;
}

const struct metadata_configs *metadata_broker_configs(const struct metadata_image *m, struct slice name)
{
    return table_get(&m->broker_configs, name);
}

const char *metadata_config_find(const struct metadata_configs *c, const char *name)
{
    for (int32_t i = 0; i < c->count; i++)
        if (strcmp(c->items[i].name, name) == 0) return c->items[i].value;
    return NULL;
}

const struct metadata_topic *metadata_topic_next(const struct metadata_image *m, const struct metadata_topic *after)
{
    return after ? after->next : m->first;
}

/* "a.b" and "a_b" would be one name in metrics, which know no dots. */
struct slice metadata_likeness(struct slice name, struct buf *b)
{
    buf_reset(b);
    for (size_t i = 0; i < name.n; i++) buf_append_byte(b, name.p[i] == '.' ? '_' : name.p[i]);
    return buf_slice(b);
}
