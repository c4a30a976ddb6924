/* SyncGroup, Heartbeat, LeaveGroup: what a member does between two joins. */
#include <string.h>

#include "broker/group/store.h"

/* ---- SyncGroup ---- */

static bool differs(struct kafka_string asked, struct kafka_string have)
{
    return asked.n >= 0 && have.n >= 0 && !kafka_string_equal(asked, have);
}

static int16_t sync_check(const struct group *g, const struct group_sync *s, struct group_member **m)
{
    int16_t error = group_member_check(g, s->member_id, s->instance_id, m);
    if (error != KAFKA_NONE) return error;
    if (s->generation != g->generation) return KAFKA_ILLEGAL_GENERATION;
    if (differs(s->protocol_type, g->protocol_type) || differs(s->protocol_name, g->protocol_name))
        return KAFKA_INCONSISTENT_GROUP_PROTOCOL;
    if (g->state == GROUP_PREPARING_REBALANCE) return KAFKA_REBALANCE_IN_PROGRESS;
    return KAFKA_NONE;
}

/* Stored before anybody is told: a coordinator that starts anew must know the generation that its members
 * work with. A leader that asks twice has one append under way. */
static void sync_store(struct group *g, const struct group_sync *s)
{
    if (g->assign_token != 0) return;
    struct group_append_pending *p = group_append_new(g, GROUP_APPEND_ASSIGNMENT);
    p->assignment_count = s->assignment_count > 0 ? s->assignment_count : 0;
    p->assignments = arena_alloc(&p->arena, ((size_t)p->assignment_count + 1) * sizeof *p->assignments);
    for (int32_t i = 0; i < p->assignment_count; i++) {
        struct slice id = kafka_string_slice(s->assignments[i].member_id);
        struct slice bytes = kafka_bytes_slice(s->assignments[i].assignment);
        p->assignments[i].member_id = (struct kafka_string){arena_copy(&p->arena, id.p, id.n), (int32_t)id.n};
        p->assignments[i].assignment = (struct kafka_bytes){arena_copy(&p->arena, bytes.p, bytes.n), (int32_t)bytes.n};
    }
    g->assign_token = p->token;
    group_append_emit_group(p, p->assignments, p->assignment_count);
}

void group_sync_handle(struct group_coordinator *c, const struct group_event *e)
{
    struct group_member *m = NULL;
    int16_t error = group_string_empty(e->group_id) ? KAFKA_INVALID_GROUP_ID : group_partition_check(c, e->group_id);
    struct group *g = error ? NULL : group_find(c, e->group_id);
    if (error == KAFKA_NONE) error = g ? sync_check(g, &e->sync, &m) : KAFKA_UNKNOWN_MEMBER_ID;
    if (error != KAFKA_NONE) {
        group_answer_sync(c, NULL, e->token, error);
        return;
    }
    group_member_synced(m);
    if (g->state == GROUP_STABLE) {
        group_session_restart(m);
        group_answer_sync(c, m, e->token, KAFKA_NONE);
        return;
    }
    group_member_sync_done(m, KAFKA_REBALANCE_IN_PROGRESS); /* an earlier request of the same member */
    m->awaiting_sync = true;
    m->sync_token = e->token;
    if (m == g->leader) sync_store(g, &e->sync);
}

/* ---- Heartbeat ---- */

static int16_t heartbeat(struct group_coordinator *c, struct kafka_string group_id, const struct group_heartbeat *h)
{
    if (group_string_empty(group_id)) return KAFKA_INVALID_GROUP_ID;
    int16_t error = group_partition_check(c, group_id);
    if (error == KAFKA_COORDINATOR_LOAD_IN_PROGRESS) return KAFKA_NONE; /* nobody expires meanwhile */
    if (error != KAFKA_NONE) return error;
    const struct group *g = group_find(c, group_id);
    struct group_member *m = NULL;
    if (!g) return KAFKA_UNKNOWN_MEMBER_ID;
    error = group_member_check(g, h->member_id, h->instance_id, &m);
    if (error != KAFKA_NONE) return error;
    if (h->generation != g->generation) return KAFKA_ILLEGAL_GENERATION;
    if (!m->is_new) group_session_restart(m);
    return g->state == GROUP_PREPARING_REBALANCE ? KAFKA_REBALANCE_IN_PROGRESS : KAFKA_NONE;
}

void group_heartbeat_handle(struct group_coordinator *c, const struct group_event *e)
{
    group_action_add(c, GROUP_ANSWER_HEARTBEAT, e->token, heartbeat(c, e->group_id, &e->heartbeat));
}

/* ---- LeaveGroup ---- */

/* An empty member id names a static member by its instance id alone: that is how an administrator removes one. */
static int16_t leaver_find(const struct group *g, const struct group_leaver *l, struct group_member **m)
{
    if (group_string_empty(l->member_id)) {
        *m = l->instance_id.n >= 0 ? group_member_static_find(g, l->instance_id) : NULL;
        return *m ? KAFKA_NONE : KAFKA_UNKNOWN_MEMBER_ID;
    }
    *m = group_member_pending_find(g, l->member_id);
    return *m ? KAFKA_NONE : group_member_check(g, l->member_id, l->instance_id, m);
}

static int16_t leave_one(const struct group *g, const struct group_leaver *l, bool *member_left)
{
    struct group_member *m = NULL;
    int16_t error = g ? leaver_find(g, l, &m) : KAFKA_UNKNOWN_MEMBER_ID;
    if (error != KAFKA_NONE) return error;
    if (!m->pending) *member_left = true;
    group_member_remove(m, KAFKA_UNKNOWN_MEMBER_ID);
    return KAFKA_NONE;
}

static struct group_left leave_all(struct group_coordinator *c, struct group *g, const struct group_leave *request,
                                   bool *member_left)
{
    int32_t count = request->member_count > 0 ? request->member_count : 0;
    struct group_left left = {arena_alloc(&c->out->arena, ((size_t)count + 1) * sizeof *left.members), count};
    for (int32_t i = 0; i < count; i++)
        left.members[i] = (struct group_left_member){
            .member_id = group_string_out(c, request->members[i].member_id),
            .instance_id = group_string_out(c, request->members[i].instance_id),
            .error = leave_one(g, &request->members[i], member_left),
        };
    return left;
}

void group_leave_handle(struct group_coordinator *c, const struct group_event *e)
{
    int16_t error = group_string_empty(e->group_id) ? KAFKA_INVALID_GROUP_ID : group_partition_check(c, e->group_id);
    if (error != KAFKA_NONE) {
        group_action_add(c, GROUP_ANSWER_LEAVE, e->token, error)->left = (struct group_left){NULL, 0};
        return;
    }
    struct group *g = group_find(c, e->group_id);
    bool member_left = false;
    struct group_left left = leave_all(c, g, &e->leave, &member_left);
    group_action_add(c, GROUP_ANSWER_LEAVE, e->token, KAFKA_NONE)->left = left;
    if (!g) return;
    if (g->state == GROUP_PREPARING_REBALANCE)
        group_join_maybe_complete(g);
    else if (member_left && g->state != GROUP_EMPTY)
        group_rebalance(g);
    group_discard(g);
}
