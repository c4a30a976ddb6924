/* What is forgotten: offsets that nobody has used for offsets.retention.minutes, groups that are left with
 * none, offsets of topics that are gone (KIP-211).
 *
 *     the group is                      an offset expires when this is `retention` ago
 *     empty, had members                the last member left
 *     empty, never had members          it was committed (a consumer that assigns by itself)
 *     stable, of type "consumer"        it was committed, and no member subscribes to its topic any more
 *     otherwise                         never
 *
 * An expiry of its own, from an old client, counts instead. Tombstones are appended first; what they remove
 * goes when they are stored. */
#include <stdlib.h>

#include "broker/group/record.h"
#include "broker/group/store.h"
#include "lib/base/memory.h"

/* Records in one append: with the longest names still below the smallest max.message.bytes in use. */
enum { TOMBSTONES_IN_APPEND = 1000 };

/* ---- tombstones ---- */

struct tombstones {
    struct group *g;
    struct group_append_pending *p; /* NULL: none begun */
    struct group_record *records;
    int32_t count;
};

static void tombstones_flush(struct tombstones *t)
{
    if (t->p) group_append_emit(t->p, t->records, t->count);
    t->p = NULL;
}

static struct group_record *tombstone_add(struct tombstones *t)
{
    struct arena *out = &t->g->coordinator->out->arena;
    if (t->p && t->count == TOMBSTONES_IN_APPEND) tombstones_flush(t);
    if (!t->p) {
        t->p = group_append_new(t->g, GROUP_APPEND_TOMBSTONES);
        t->p->offsets = arena_alloc(&t->p->arena, TOMBSTONES_IN_APPEND * sizeof *t->p->offsets);
        t->records = arena_alloc(out, TOMBSTONES_IN_APPEND * sizeof *t->records);
        t->count = 0;
    }
    struct group_record *r = &t->records[t->count++];
    r->value = KAFKA_BYTES_NULL;
    return r;
}

static void tombstone_add_offset(struct tombstones *t, struct kafka_string topic, int32_t partition)
{
    struct group_record *r = tombstone_add(t);
    r->key = group_record_offset_key(&t->g->coordinator->out->arena, t->g->id, topic, partition);
    struct group_offset *o = &t->p->offsets[t->p->offset_count++];
    o->topic = (struct kafka_string){arena_copy(&t->p->arena, topic.p, (size_t)topic.n), topic.n};
    o->partition = partition;
}

static void tombstone_add_group(struct tombstones *t)
{
    struct group_record *r = tombstone_add(t);
    r->key = group_record_group_key(&t->g->coordinator->out->arena, t->g->id);
    t->p->group_ends = true;
}

/* ---- a topic is gone ---- */

static void topic_deleted_in(struct group *g, struct kafka_string topic)
{
    struct tombstones t = {.g = g};
    for (struct table_entry *e = table_first(&g->offsets); e; e = table_next(&g->offsets, e)) {
        const struct group_committed *o = e->value;
        if (kafka_string_equal(o->topic, topic)) tombstone_add_offset(&t, o->topic, o->partition);
    }
    tombstones_flush(&t);
}

/* A commit that is on its way comes before the tombstones in the log, so it gets one too. */
static void topic_deleted_under_way(struct group_append_pending *commit, struct kafka_string topic)
{
    struct tombstones t = {.g = commit->group};
    for (int32_t i = 0; i < commit->offset_count; i++)
        if (commit->offsets[i].error == KAFKA_NONE && kafka_string_equal(commit->offsets[i].topic, topic))
            tombstone_add_offset(&t, topic, commit->offsets[i].partition);
    tombstones_flush(&t);
}

static void topic_deleted_all_under_way(struct group_coordinator *c, struct kafka_string topic)
{
    int32_t n = 0;
    struct group_append_pending **commits = memory_new((c->appends.count + 1) * sizeof *commits);
    for (struct table_entry *e = table_first(&c->appends); e; e = table_next(&c->appends, e)) {
        struct group_append_pending *p = e->value;
        if (p->kind == GROUP_APPEND_COMMIT) commits[n++] = p;
    }
    for (int32_t i = 0; i < n; i++) topic_deleted_under_way(commits[i], topic);
    free(commits);
}

void group_topic_deleted(struct group_coordinator *c, struct kafka_string topic)
{
    topic_deleted_all_under_way(c, topic);
    for (struct table_entry *e = table_first(&c->groups); e; e = table_next(&c->groups, e))
        topic_deleted_in(e->value, topic);
}

/* ---- retention ---- */

/* The topics that the members of a stable group of consumers read; false when one cannot be read. */
static bool subscribed_topics(const struct group *g, struct table *topics)
{
    struct arena a = {0};
    bool ok = true;
    for (struct table_entry *e = table_first(&g->members); ok && e; e = table_next(&g->members, e)) {
        struct consumer_protocol_subscription s;
        struct kafka_bytes metadata = group_member_metadata(e->value, g->protocol_name);
        int version;
        ok = kafka_decode_versioned(&consumer_protocol_subscription_message, kafka_bytes_slice(metadata), true, &a, &s,
                                    &version) == 0;
        for (int32_t i = 0; ok && i < s.topics_count; i++) table_set(topics, kafka_string_slice(s.topics[i]), e->value);
    }
    arena_release(&a);
    return ok;
}

static bool offset_expired(const struct group *g, const struct group_committed *o)
{
    const struct group_coordinator *c = g->coordinator;
    if (o->expire_timestamp >= 0) return c->now.wall_ms >= o->expire_timestamp;
    bool since_empty = g->state == GROUP_EMPTY && g->protocol_type.n >= 0 && g->state_timestamp >= 0;
    int64_t base = since_empty ? g->state_timestamp : o->commit_timestamp;
    if (base < 0) base = 0; /* a record may hold any number */
    return c->now.wall_ms - base >= c->config.offsets_retention_ms;
}

static void retention_check_group(struct group *g)
{
    struct table topics = {0};
    struct tombstones t = {.g = g};
    bool all = true, stable = g->state == GROUP_STABLE && kafka_string_equal_str(g->protocol_type, "consumer");
    if (g->append_count > 0 || (g->state != GROUP_EMPTY && !stable)) return;
    if (!stable || subscribed_topics(g, &topics)) {
        for (struct table_entry *e = table_first(&g->offsets); e; e = table_next(&g->offsets, e)) {
            const struct group_committed *o = e->value;
            if (offset_expired(g, o) && !table_get(&topics, kafka_string_slice(o->topic)))
                tombstone_add_offset(&t, o->topic, o->partition);
            else
                all = false;
        }
        if (all && g->state == GROUP_EMPTY && g->pending_members.count == 0 && g->stored) tombstone_add_group(&t);
    }
    table_release(&topics);
    tombstones_flush(&t);
    group_discard(g);
}

void group_retention_check(struct group_coordinator *c)
{
    for (struct table_entry *e = table_first(&c->groups); e; e = table_next(&c->groups, e))
        retention_check_group(e->value);
}
