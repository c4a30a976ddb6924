#include "broker/group/store.h"

#include <stdlib.h>

#include "broker/group/record.h"
#include "broker/group/tombstone.h"
#include "lib/base/memory.h"

static struct slice token_key(const uint64_t *token)
{
    return slice_of(token, sizeof *token);
}

struct group_append_pending *group_append_new(struct group *g, enum group_append_kind kind)
{
    struct group_coordinator *c = g->coordinator;
    struct group_append_pending *p = memory_new(sizeof *p);
    p->kind = kind;
    p->group = g;
    p->generation = g->generation;
    p->token = ++c->last_append;
    table_set(&c->appends, token_key(&p->token), p);
    g->append_count++;
    return p;
}

void group_append_emit(struct group_append_pending *p, struct group_record *records, int32_t count)
{
    struct group_action *a = group_action_add(p->group->coordinator, GROUP_APPEND, p->token, KAFKA_NONE);
    a->append = (struct group_append){.partition = p->group->partition, .records = records, .record_count = count};
}

/* ---- the group's own record ---- */

static struct group_metadata_value_member_metadata *record_members(const struct group *g, const struct table *by_member,
                                                                   struct arena *arena)
{
    struct group_metadata_value_member_metadata *list =
        KAFKA_NEW(arena, group_metadata_value_member_metadata, group_member_count(g));
    int32_t n = 0;
    for (struct table_entry *e = table_first(&g->members); e; e = table_next(&g->members, e), n++) {
        const struct group_member *m = e->value;
        const struct group_assignment *a = by_member ? table_get(by_member, e->key) : NULL;
        struct kafka_bytes none = {NULL, 0};
        list[n].member_id = m->id;
        list[n].group_instance_id = m->instance_id;
        list[n].client_id = m->client_id.n < 0 ? KAFKA_STRING_LIT("") : m->client_id;
        list[n].client_host = m->client_host.n < 0 ? KAFKA_STRING_LIT("") : m->client_host;
        list[n].rebalance_timeout = m->rebalance_timeout_ms;
        list[n].session_timeout = m->session_timeout_ms;
        list[n].subscription = group_member_metadata(m, g->protocol_name);
        list[n].assignment = !by_member ? m->assignment : a && a->assignment.n > 0 ? a->assignment : none;
    }
    return list;
}

void group_append_emit_group(struct group_append_pending *p, const struct group_assignment *assignments, int32_t count)
{
    struct group *g = p->group;
    struct arena *arena = &g->coordinator->out->arena;
    struct table by_member = {0};
    for (int32_t i = 0; i < count; i++)
        table_set(&by_member, kafka_string_slice(assignments[i].member_id), (void *)&assignments[i]);
    struct group_metadata_value value = {
        .protocol_type = g->protocol_type.n < 0 ? KAFKA_STRING_LIT("") : g->protocol_type,
        .generation = g->generation,
        .protocol = g->protocol_name,
        .leader = g->leader ? g->leader->id : KAFKA_STRING_NULL,
        .current_state_timestamp = g->state_timestamp,
        .members = record_members(g, assignments ? &by_member : NULL, arena),
        .members_count = group_member_count(g),
    };
    table_release(&by_member);
    struct group_record *r = arena_alloc(arena, sizeof *r);
    r->key = group_record_group_key(arena, g->id);
    r->value = group_record_group_value(arena, &value);
    g->stored = true;
    group_append_emit(p, r, 1);
}

/* ---- what was waiting goes on ---- */

/* What a client is told when the log refused: look for the coordinator again, or simply try again. Kafka 4.2's table,
 * for commits too (CoordinatorOperationExceptionHelper). With one broker a client that a full disk sends looking finds
 * the same one and tries until there is room, as it does there with one replica. */
int16_t group_append_error(int16_t error)
{
    switch (error) {
    case KAFKA_UNKNOWN_TOPIC_OR_PARTITION:
    case KAFKA_NOT_ENOUGH_REPLICAS:
    case KAFKA_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case KAFKA_REQUEST_TIMED_OUT: return KAFKA_COORDINATOR_NOT_AVAILABLE;
    case KAFKA_NOT_LEADER_OR_FOLLOWER:
    case KAFKA_KAFKA_STORAGE_ERROR: return KAFKA_NOT_COORDINATOR;
    case KAFKA_MESSAGE_TOO_LARGE:
    case KAFKA_RECORD_LIST_TOO_LARGE:
    case KAFKA_INVALID_FETCH_SIZE: return KAFKA_UNKNOWN_SERVER_ERROR;
    default: return error;
    }
}

static void stored_commit(struct group_append_pending *p, int16_t error)
{
    struct group_coordinator *c = p->group->coordinator;
    error = group_append_error(error);
    for (int32_t i = 0; i < p->offset_count; i++) {
        struct group_offset *o = &p->offsets[i];
        if (o->error != KAFKA_NONE) continue;
        o->error = error;
        if (error == KAFKA_NONE) group_offset_put(p->group, o, p->commit_timestamp, p->expire_timestamp, p->token);
    }
    group_answer_offsets(c, GROUP_ANSWER_COMMIT, p->request, KAFKA_NONE, p->offsets, p->offset_count);
}

/* Answered only if the group is still as it was; if a rebalance began meanwhile, that will answer. On failure the
 * new id stays: the member that came back has taken the old one's place in any case, and will ask again. */
static void stored_static(struct group_append_pending *p, int16_t error)
{
    struct group *g = p->group;
    struct group_member *m = group_member_find(g, p->member_id);
    if (!m || !m->awaiting_join || g->state != GROUP_STABLE || g->generation != p->generation) return;
    if (error != KAFKA_NONE) {
        group_member_join_fail(m, group_append_error(error));
        return;
    }
    bool leads = m == g->leader;
    group_member_awaiting_join_set(m, false);
    group_session_restart(m);
    /* A client that cannot be told to skip the assignment is not told that it leads, or it would assign. */
    if (m->skip_assignment_served)
        group_answer_join(m, m->join_token, g->leader->id, leads, leads);
    else
        group_answer_join(m, m->join_token, p->leader, false, false);
}

void group_stored(struct group_coordinator *c, uint64_t token, int16_t error)
{
    struct group_append_pending *p = table_remove(&c->appends, token_key(&token));
    if (!p) return;
    struct group *g = p->group;
    g->append_count--;
    switch (p->kind) {
    case GROUP_APPEND_COMMIT:
        stored_commit(p, error);
        group_discard(g);
        break;
    case GROUP_APPEND_ASSIGNMENT:
        if (g->state == GROUP_COMPLETING_REBALANCE && g->assign_token == token)
            group_assign_stored(g, p->assignments, p->assignment_count, group_append_error(error));
        break;
    case GROUP_APPEND_STATIC: stored_static(p, error); break;
    case GROUP_APPEND_EMPTY:
        /* Without the record an earlier generation would come back at the next start, and expire. */
        if (error != KAFKA_NONE)
            group_say(c, "group %.*s is empty, which could not be stored (%s)", g->id.n, g->id.p,
                      kafka_error_name(error));
        break;
    case GROUP_APPEND_TOMBSTONES: tombstones_stored(p, error); break;
    }
    arena_release(&p->arena);
    free(p);
}

void group_appends_free(struct group_coordinator *c)
{
    for (struct table_entry *e = table_first(&c->appends); e; e = table_next(&c->appends, e)) {
        struct group_append_pending *p = e->value;
        p->group->append_count--;
        arena_release(&p->arena);
        free(p);
    }
    table_release(&c->appends);
}
