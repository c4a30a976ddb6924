/* The start: __consumer_offsets is read once, from its first record to its last, and what it says last of a
 * key counts. A group that had members is stable again; they have a session's time to show themselves. */
#include <assert.h>

#include "broker/group/record.h"
#include "broker/group/state.h"

void group_load_begin(struct group_coordinator *c, int32_t partition)
{
    assert(partition >= 0 && partition < c->config.partition_count);
    assert(c->partitions[partition] == GROUP_PARTITION_ABSENT);
    c->partitions[partition] = GROUP_PARTITION_LOADING;
}

/* ---- records ---- */

static void load_offset(struct group_coordinator *c, const struct group_record_decoded *r)
{
    const struct offset_commit_key *key = &r->offset_key;
    struct group *g = r->tombstone ? group_find(c, key->group) : group_get(c, key->group);
    if (!g) return;
    if (r->tombstone) {
        group_offset_remove(g, key->topic, key->partition, 0);
        return;
    }
#if MILLRACE_SEEDED_BUG == 6 /* for tests/sim/bites.sh: the first commit is remembered, not the last one */
    if (group_offset_exists(g, key->topic, key->partition)) return;
#endif
    struct group_offset o = {
        .topic = key->topic,
        .partition = key->partition,
        .offset = r->offset.offset,
        .leader_epoch = r->offset.leader_epoch,
        .metadata = r->offset.metadata,
    };
    group_offset_put(g, &o, r->offset.commit_timestamp, r->offset.expire_timestamp, 0);
}

static void load_member(struct group *g, const struct group_metadata_value *v,
                        const struct group_metadata_value_member_metadata *from)
{
    struct group_protocol protocol = {v->protocol, from->subscription};
    struct group_join join = {
        .instance_id = from->group_instance_id,
        .client_id = from->client_id,
        .client_host = from->client_host,
        .session_timeout_ms = from->session_timeout,
        .rebalance_timeout_ms = from->rebalance_timeout,
        .protocols = &protocol,
        .protocol_count = 1,
    };
    if (group_member_find(g, from->member_id)) return;
    if (from->group_instance_id.n >= 0 && group_member_static_find(g, from->group_instance_id)) return;
    struct group_member *m = group_member_new(g, from->member_id, &join);
    group_member_add(g, m, v->protocol_type);
    group_member_assign(m, from->assignment);
}

static int load_group(struct group_coordinator *c, const struct group_record_decoded *r)
{
    const struct group_metadata_value *v = &r->group;
    struct group *g = r->tombstone ? group_find(c, r->group_key.group) : group_get(c, r->group_key.group);
    if (!g) return 0;
    group_members_clear(g);
    g->stored = !r->tombstone;
    g->state = GROUP_EMPTY;
    g->generation = 0;
    g->state_timestamp = -1;
    group_protocol_set(g, KAFKA_STRING_NULL, KAFKA_STRING_NULL);
    if (r->tombstone) return 0;
    if (v->members_count > 0 && v->protocol.n < 0) return ERR_CORRUPT;
    g->generation = v->generation;
    g->state_timestamp = v->current_state_timestamp;
    group_protocol_set(g, v->protocol_type.n > 0 ? v->protocol_type : KAFKA_STRING_NULL, v->protocol);
    for (int32_t i = 0; i < v->members_count; i++) load_member(g, v, &v->members[i]);
    struct group_member *leader = v->leader.n >= 0 ? group_member_find(g, v->leader) : NULL;
    if (leader) g->leader = leader;
    if (group_member_count(g) > 0) g->state = GROUP_STABLE;
    return 0;
}

void group_load_record(struct group_coordinator *c, const struct group_event *e)
{
    assert(c->partitions[e->partition] == GROUP_PARTITION_LOADING);
    struct arena a = {0};
    struct group_record_decoded r;
    int err = group_record_decode(e->key, e->value, &a, &r);
    if (err == 0 && r.kind == GROUP_RECORD_OFFSET) load_offset(c, &r);
    if (err == 0 && r.kind == GROUP_RECORD_GROUP) err = load_group(c, &r);
    if (err == 0 && r.kind == GROUP_RECORD_OTHER) c->skipped_others++;
    if (err != 0) c->skipped_bad++;
    arena_release(&a);
}

/* ---- the end ---- */

static void load_say(struct group_coordinator *c, int32_t partition)
{
    if (c->skipped_bad > 0)
        group_say(c, "__consumer_offsets-%d: %d records that cannot be read were left out", partition, c->skipped_bad);
    if (c->skipped_others > 0)
        group_say(c, "__consumer_offsets-%d: %d records of groups that are not classic were left out", partition,
                  c->skipped_others);
    c->skipped_bad = c->skipped_others = 0;
}

static void load_group_end(struct group *g)
{
    for (struct table_entry *e = table_first(&g->members); e; e = table_next(&g->members, e))
        group_session_restart(e->value);
    if (g->state == GROUP_STABLE && group_member_count(g) > g->coordinator->config.group_size_max) group_rebalance(g);
}

void group_load_end(struct group_coordinator *c, int32_t partition)
{
    assert(c->partitions[partition] == GROUP_PARTITION_LOADING);
    c->partitions[partition] = GROUP_PARTITION_LOADED;
    load_say(c, partition);
    for (struct table_entry *e = table_first(&c->groups); e; e = table_next(&c->groups, e)) {
        struct group *g = e->value;
        if (g->partition != partition) continue;
        load_group_end(g);
        group_discard(g);
    }
    if (!deadline_is_set(&c->retention))
        deadline_set(&c->deadlines, &c->retention, c->now.monotonic_ms + c->config.retention_check_ms);
}
