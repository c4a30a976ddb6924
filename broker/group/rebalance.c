/* The rebalance: from "somebody must rejoin" to "everybody has an assignment".
 *
 *     group_rebalance                 waiting syncs are sent back, the join phase opens
 *       group_join_complete           all are in, or time is up: the next generation, JoinGroup is answered
 *         (SyncGroup of the leader)   session.c appends the assignment
 *           group_assign_stored       SyncGroup is answered
 *
 * The join phase of an empty group is different: it stays open for group.initial.rebalance.delay.ms, and as
 * long again whenever somebody came meanwhile, up to the rebalance timeout (KIP-134). */
#include <assert.h>
#include <stdlib.h>

#include "broker/group/store.h"
#include "lib/base/memory.h"

/* A client may ask for a rebalance timeout of 0. Where that would mean "again at once, for ever" or "before any
 * answer can arrive", this is the least. */
enum { REBALANCE_TIMEOUT_MIN_MS = 1000 };

static int64_t at_least_min(int64_t timeout_ms)
{
    return timeout_ms < REBALANCE_TIMEOUT_MIN_MS ? REBALANCE_TIMEOUT_MIN_MS : timeout_ms;
}

static void deadline_in(struct group *g, struct deadline *d, int64_t timeout_ms)
{
    struct group_coordinator *c = g->coordinator;
    deadline_set(&c->deadlines, d, c->now.monotonic_ms + timeout_ms);
}

void group_session_restart(struct group_member *m)
{
    deadline_in(m->group, &m->session, m->session_timeout_ms);
}

static bool all_joined(const struct group *g)
{
    return g->awaiting_join_count == group_member_count(g) && g->pending_members.count == 0;
}

/* ---- the join phase opens ---- */

static void syncs_fail(struct group *g, int16_t error)
{
    for (struct table_entry *e = table_first(&g->members); e; e = table_next(&g->members, e)) {
        struct group_member *m = e->value;
        group_member_assign(m, (struct kafka_bytes){NULL, 0});
        group_member_sync_done(m, error);
    }
}

static void pending_syncs_clear(struct group *g)
{
    for (struct table_entry *e = table_first(&g->members); e; e = table_next(&g->members, e))
        group_member_pending_sync_set(e->value, false);
    deadline_clear(&g->coordinator->deadlines, &g->sync);
}

static void initial_delay_begin(struct group *g)
{
    g->member_added = false;
    g->delay_ms = g->coordinator->config.initial_rebalance_delay_ms;
    int64_t left = group_rebalance_timeout_ms(g) - g->delay_ms;
    g->delay_left_ms = left > 0 ? left : 0;
    if (g->delay_ms == 0)
        group_join_complete(g);
    else
        deadline_in(g, &g->join, g->delay_ms);
}

void group_rebalance(struct group *g)
{
    assert(g->state != GROUP_PREPARING_REBALANCE);
    if (g->state == GROUP_COMPLETING_REBALANCE) syncs_fail(g, KAFKA_REBALANCE_IN_PROGRESS);
    pending_syncs_clear(g);
    g->assign_token = 0;
    group_state_set(g, GROUP_PREPARING_REBALANCE);
    if (g->state_before == GROUP_EMPTY)
        initial_delay_begin(g);
    else if (all_joined(g))
        group_join_complete(g);
    else
        deadline_in(g, &g->join, group_rebalance_timeout_ms(g));
}

void group_rebalance_or_complete(struct group *g)
{
    if (g->state == GROUP_PREPARING_REBALANCE)
        group_join_maybe_complete(g);
    else
        group_rebalance(g);
}

/* The initial delay ends by its deadline alone. */
void group_join_maybe_complete(struct group *g)
{
    if (g->state == GROUP_PREPARING_REBALANCE && g->state_before != GROUP_EMPTY && all_joined(g))
        group_join_complete(g);
}

/* ---- the join phase closes ---- */

/* Static members may come back within their session (KIP-345); others that did not rejoin are out. */
static void absentees_remove(struct group *g)
{
    int32_t count;
    struct group_member **members = group_members(&g->members, &count);
    for (int32_t i = 0; i < count; i++)
        if (!members[i]->awaiting_join && members[i]->instance_id.n < 0)
            group_member_remove(members[i], KAFKA_UNKNOWN_MEMBER_ID);
    free(members);
}

/* The leader must be there to assign. False when nobody is. */
static bool leader_elect(struct group *g)
{
    if (g->leader && g->leader->awaiting_join) return true;
    for (struct table_entry *e = table_first(&g->members); e; e = table_next(&g->members, e)) {
        struct group_member *m = e->value;
        if (!m->awaiting_join) continue;
        g->leader = m;
        return true;
    }
    return false;
}

static void generation_begin(struct group *g, struct kafka_string protocol_name)
{
    g->generation = g->generation == INT32_MAX ? 0 : g->generation + 1;
    g->assign_token = 0;
    group_protocol_set(g, g->protocol_type, protocol_name);
}

static void generation_empty(struct group *g)
{
    generation_begin(g, KAFKA_STRING_NULL);
    group_state_set(g, GROUP_EMPTY);
    struct group_append_pending *p = group_append_new(g, GROUP_APPEND_EMPTY);
    group_append_emit_group(p, NULL, 0);
}

static void generation_members(struct group *g)
{
    struct kafka_string protocol = group_protocol_select(g);
    assert(protocol.n >= 0); /* group_supports let nobody in who has none in common */
    generation_begin(g, protocol);
    group_state_set(g, GROUP_COMPLETING_REBALANCE);
    for (struct table_entry *e = table_first(&g->members); e; e = table_next(&g->members, e)) {
        struct group_member *m = e->value;
        if (m->awaiting_join) {
            group_member_awaiting_join_set(m, false);
            group_answer_join(m, m->join_token, g->leader->id, m == g->leader, false);
        }
        m->is_new = false;
        group_session_restart(m);
        group_member_pending_sync_set(m, true);
    }
    deadline_in(g, &g->sync, at_least_min(group_rebalance_timeout_ms(g)));
}

void group_join_complete(struct group *g)
{
    assert(g->state == GROUP_PREPARING_REBALANCE);
    deadline_clear(&g->coordinator->deadlines, &g->join);
    absentees_remove(g);
    if (group_member_count(g) == 0)
        generation_empty(g);
    else if (leader_elect(g))
        generation_members(g);
    else /* only absent static members: their sessions will end, or one comes back */
        deadline_in(g, &g->join, at_least_min(group_rebalance_timeout_ms(g)));
}

/* ---- the assignment ---- */

void group_assign_stored(struct group *g, const struct group_assignment *assignments, int32_t count, int16_t error)
{
    g->assign_token = 0;
    if (error != KAFKA_NONE) {
        syncs_fail(g, error);
        group_rebalance(g);
        return;
    }
    struct table by_member = {0};
    for (int32_t i = 0; i < count; i++)
        table_set(&by_member, kafka_string_slice(assignments[i].member_id), (void *)&assignments[i]);
    group_state_set(g, GROUP_STABLE);
    for (struct table_entry *e = table_first(&g->members); e; e = table_next(&g->members, e)) {
        const struct group_assignment *a = table_get(&by_member, e->key);
        group_member_assign(e->value, a ? a->assignment : (struct kafka_bytes){NULL, 0});
        group_member_sync_done(e->value, KAFKA_NONE);
    }
    table_release(&by_member);
}

void group_member_synced(struct group_member *m)
{
    group_member_pending_sync_set(m, false);
    if (m->group->pending_sync_count == 0) deadline_clear(&m->group->coordinator->deadlines, &m->group->sync);
}

/* ---- deadlines ---- */

void group_session_expired(struct group_member *m)
{
    struct group *g = m->group;
    /* Who waits for the others cannot send heartbeats; the answer starts the session anew. A newcomer's
     * wait has an end of its own: its client may have gone and come back as somebody else. */
    if (!m->pending && !m->is_new && (m->awaiting_join || m->awaiting_sync)) return;
    bool was_member = !m->pending;
    group_member_remove(m, KAFKA_UNKNOWN_MEMBER_ID);
    if (g->state == GROUP_STABLE || g->state == GROUP_COMPLETING_REBALANCE) {
        if (was_member) group_rebalance(g);
    } else if (g->state == GROUP_PREPARING_REBALANCE && all_joined(g)) {
        group_join_complete(g);
    } else {
        group_discard(g);
    }
}

void group_join_expired(struct group *g)
{
    struct group_coordinator *c = g->coordinator;
    if (g->state_before == GROUP_EMPTY && g->member_added && g->delay_left_ms > 0) {
        int64_t delay_ms = c->config.initial_rebalance_delay_ms;
        if (delay_ms > g->delay_left_ms) delay_ms = g->delay_left_ms;
        g->delay_left_ms = g->delay_left_ms > g->delay_ms ? g->delay_left_ms - g->delay_ms : 0;
        g->delay_ms = delay_ms;
        g->member_added = false;
        deadline_in(g, &g->join, delay_ms);
        return;
    }
    group_join_complete(g);
}

void group_sync_expired(struct group *g)
{
    int32_t count;
    struct group_member **members = group_members(&g->members, &count);
    for (int32_t i = 0; i < count; i++)
        if (members[i]->pending_sync) group_member_remove(members[i], KAFKA_UNKNOWN_MEMBER_ID);
    free(members);
    group_rebalance(g);
}
