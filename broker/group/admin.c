/* DescribeGroups, ListGroups, DeleteGroups, OffsetDelete: what an administrator sees of groups and takes away.
 *
 * Both deletions are answered when their tombstones are stored; the group, or the offset, is there until then. */
#include <stdlib.h>

#include "broker/group/tombstone.h"
#include "lib/base/memory.h"

/* ---- DescribeGroups, ListGroups ---- */

static struct kafka_string state_name(const struct group *g)
{
    switch (g->state) {
    case GROUP_EMPTY: return KAFKA_STRING_LIT("Empty");
    case GROUP_PREPARING_REBALANCE: return KAFKA_STRING_LIT("PreparingRebalance");
    case GROUP_COMPLETING_REBALANCE: return KAFKA_STRING_LIT("CompletingRebalance");
    case GROUP_STABLE: return KAFKA_STRING_LIT("Stable");
    }
    return KAFKA_STRING_LIT("Dead");
}

static struct kafka_string not_null(struct kafka_string s)
{
    return s.n < 0 ? KAFKA_STRING_LIT("") : s;
}

static struct group_described summary(struct group_coordinator *c, const struct group *g)
{
    return (struct group_described){
        .group_id = group_string_out(c, g->id),
        .state = state_name(g),
        .protocol_type = not_null(group_string_out(c, g->protocol_type)),
        .protocol_name = KAFKA_STRING_LIT(""),
    };
}

static struct group_described_member member_describe(struct group_coordinator *c, const struct group_member *m,
                                                     bool stable)
{
    struct kafka_bytes none = {NULL, 0};
    return (struct group_described_member){
        .member_id = group_string_out(c, m->id),
        .instance_id = group_string_out(c, m->instance_id),
        .client_id = not_null(group_string_out(c, m->client_id)),
        .client_host = not_null(group_string_out(c, m->client_host)),
        .metadata = stable ? group_bytes_out(c, group_member_metadata(m, m->group->protocol_name)) : none,
        .assignment = stable && m->assignment.n > 0 ? group_bytes_out(c, m->assignment) : none,
    };
}

static struct group_described describe(struct group_coordinator *c, const struct group *g)
{
    struct group_described out = summary(c, g);
    bool stable = g->state == GROUP_STABLE;
    if (stable) out.protocol_name = not_null(group_string_out(c, g->protocol_name));
    out.members = arena_alloc(&c->out->arena, ((size_t)group_member_count(g) + 1) * sizeof *out.members);
    for (struct table_entry *e = table_first(&g->members); e; e = table_next(&g->members, e))
        out.members[out.member_count++] = member_describe(c, e->value, stable);
    return out;
}

/* What one answer may hold of members' metadata and assignments, but for the group that goes beyond. */
enum { DESCRIBED_BYTES_MAX = 64 * 1024 * 1024 };

/* A group named again would be described again: an answer of a request's size times all that a group holds. */
static struct group_described describe_one(struct group_coordinator *c, struct kafka_string id, struct table *seen)
{
    struct group_described none = {.group_id = not_null(group_string_out(c, id)),
                                   .state = KAFKA_STRING_LIT(""),
                                   .protocol_type = KAFKA_STRING_LIT(""),
                                   .protocol_name = KAFKA_STRING_LIT("")};
    none.error = id.n < 0 ? KAFKA_INVALID_GROUP_ID : group_partition_check(c, id);
    if (none.error != KAFKA_NONE) return none;
    if (table_set(seen, kafka_string_slice(id), c) || c->out->arena.used > DESCRIBED_BYTES_MAX) {
        none.error = KAFKA_INVALID_REQUEST;
        return none;
    }
    const struct group *g = group_find(c, id);
    if (g) return describe(c, g);
    none.state = KAFKA_STRING_LIT("Dead");
    return none;
}

void group_describe_handle(struct group_coordinator *c, const struct group_event *e)
{
    int32_t count = e->describe.id_count > 0 ? e->describe.id_count : 0;
    struct group_descriptions out = {arena_alloc(&c->out->arena, ((size_t)count + 1) * sizeof *out.groups), count};
    struct table seen = {0};
    for (int32_t i = 0; i < count; i++) out.groups[i] = describe_one(c, e->describe.ids[i], &seen);
    table_release(&seen);
    group_action_add(c, GROUP_ANSWER_DESCRIBE, e->token, KAFKA_NONE)->descriptions = out;
}

static int by_id(const void *a, const void *b)
{
    const struct group_described *x = a, *y = b;
    return slice_compare(kafka_string_slice(x->group_id), kafka_string_slice(y->group_id));
}

static int16_t all_loaded(const struct group_coordinator *c)
{
    for (int32_t i = 0; i < c->config.partition_count; i++)
        if (c->partitions[i] == GROUP_PARTITION_LOADING) return KAFKA_COORDINATOR_LOAD_IN_PROGRESS;
    return KAFKA_NONE;
}

void group_list_handle(struct group_coordinator *c, const struct group_event *e)
{
    int16_t error = all_loaded(c);
    size_t room = ((size_t)c->groups.count + 1) * sizeof(struct group_described);
    struct group_descriptions out = {arena_alloc(&c->out->arena, room), 0};
    for (struct table_entry *g = table_first(&c->groups); g && error == KAFKA_NONE; g = table_next(&c->groups, g))
        out.groups[out.group_count++] = summary(c, g->value);
    qsort(out.groups, (size_t)out.group_count, sizeof *out.groups, by_id);
    group_action_add(c, GROUP_ANSWER_LIST, e->token, error)->descriptions = out;
}

/* ---- DeleteGroups ---- */

static int16_t delete_check(const struct group_coordinator *c, struct kafka_string id, struct group **g)
{
    if (id.n < 0) return KAFKA_INVALID_GROUP_ID;
    int16_t error = group_partition_check(c, id);
    if (error != KAFKA_NONE) return error;
    *g = group_find(c, id);
    if (!*g) return KAFKA_GROUP_ID_NOT_FOUND;
    return (*g)->state == GROUP_EMPTY ? KAFKA_NONE : KAFKA_NON_EMPTY_GROUP;
}

void group_delete_handle(struct group_coordinator *c, const struct group_event *e)
{
    struct group *g = NULL;
    int16_t error = delete_check(c, e->group_id, &g);
    if (error != KAFKA_NONE) {
        group_action_add(c, GROUP_ANSWER_DELETE, e->token, error);
        return;
    }
    struct tombstones t = {.g = g, .answer = TOMBSTONES_ANSWER_DELETE, .request = e->token};
    tombstones_commits(&t, KAFKA_STRING_NULL);
    for (struct table_entry *o = table_first(&g->offsets); o; o = table_next(&g->offsets, o)) {
        const struct group_committed *committed = o->value;
        tombstones_offset(&t, committed->topic, committed->partition);
    }
    tombstones_group(&t);
    tombstones_flush(&t);
}

/* ---- OffsetDelete ---- */

/* While a group has members, only one of consumers tells which topics its members read. */
static int16_t offsets_check(const struct group_coordinator *c, struct kafka_string id, struct group **g)
{
    if (group_string_empty(id)) return KAFKA_INVALID_GROUP_ID;
    int16_t error = group_partition_check(c, id);
    if (error != KAFKA_NONE) return error;
    *g = group_find(c, id);
    if (!*g) return KAFKA_GROUP_ID_NOT_FOUND;
    bool consumers = kafka_string_equal_str((*g)->protocol_type, "consumer");
    return (*g)->state == GROUP_EMPTY || consumers ? KAFKA_NONE : KAFKA_NON_EMPTY_GROUP;
}

/* Each with an error of its own; those that may go get a tombstone if there is anything to remove. A commit that is on
 * its way comes first in the log and goes too. */
static void offsets_forget(struct tombstones *t, const struct table *subscribed, bool known, struct group_offset *list,
                           int32_t count)
{
    bool under_way = t->g->append_count > 0;
    for (int32_t i = 0; i < count; i++) {
        struct group_offset *o = &list[i];
        o->metadata = KAFKA_STRING_LIT("");
        if (!known || table_get(subscribed, kafka_string_slice(o->topic))) {
            o->error = KAFKA_GROUP_SUBSCRIBED_TO_TOPIC;
            continue;
        }
        o->error = KAFKA_NONE;
        if (under_way || group_offset_exists(t->g, o->topic, o->partition))
            tombstones_offset(t, o->topic, o->partition);
    }
}

void group_delete_offsets_handle(struct group_coordinator *c, const struct group_event *e)
{
    struct group *g = NULL;
    int32_t count = e->delete_offsets.offset_count > 0 ? e->delete_offsets.offset_count : 0;
    int16_t error = offsets_check(c, e->group_id, &g);
    if (error != KAFKA_NONE) {
        group_answer_offsets(c, GROUP_ANSWER_DELETE_OFFSETS, e->token, error, NULL, 0);
        return;
    }
    struct group_offset *list = arena_copy(&c->out->arena, e->delete_offsets.offsets, (size_t)count * sizeof *list);
    struct table subscribed = {0};
    bool known = g->state == GROUP_EMPTY || group_subscribed_topics(g, &subscribed);
    struct tombstones t = {
        .g = g, .answer = TOMBSTONES_ANSWER_OFFSETS, .request = e->token, .asked = list, .asked_count = count};
    offsets_forget(&t, &subscribed, known, list, count);
    table_release(&subscribed);
    if (!tombstones_flush(&t)) group_answer_offsets(c, GROUP_ANSWER_DELETE_OFFSETS, e->token, KAFKA_NONE, list, count);
}
