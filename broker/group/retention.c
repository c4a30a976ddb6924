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
#include "broker/group/record.h"
#include "broker/group/tombstone.h"

/* ---- a topic is gone ---- */

void group_topic_deleted(struct group_coordinator *c, struct kafka_string topic)
{
    for (struct table_entry *e = table_first(&c->groups); e; e = table_next(&c->groups, e)) {
        struct tombstones t = {.g = e->value};
        tombstones_commits(&t, topic);
        for (struct table_entry *o = table_first(&t.g->offsets); o; o = table_next(&t.g->offsets, o)) {
            const struct group_committed *committed = o->value;
            if (kafka_string_equal(committed->topic, topic)) tombstones_offset(&t, topic, committed->partition);
        }
        tombstones_flush(&t);
    }
}

/* ---- retention ---- */

bool group_subscribed_topics(const struct group *g, struct table *topics)
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
    if (!stable || group_subscribed_topics(g, &topics)) {
        for (struct table_entry *e = table_first(&g->offsets); e; e = table_next(&g->offsets, e)) {
            const struct group_committed *o = e->value;
            if (offset_expired(g, o) && !table_get(&topics, kafka_string_slice(o->topic)))
                tombstones_offset(&t, o->topic, o->partition);
            else
                all = false;
        }
        if (all && g->state == GROUP_EMPTY && g->pending_members.count == 0 && g->stored) tombstones_group(&t);
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
