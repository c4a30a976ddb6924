/* JoinGroup: who may come in, and what that does to the group. */
#include <assert.h>
#include <stdlib.h>

#include "broker/group/store.h"

/* Newcomers cannot send heartbeats while they wait, and nobody sees whether they are still there. */
enum { NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * 60 * 1000 };
/* A list of protocols longer than this is not even looked at (equal names in it are one). */
enum { PROTOCOLS_RAW_MAX = 10000, STRING_MAX = 32767 };

struct join {
    struct group_coordinator *c;
    struct group *g;
    uint64_t token;
    struct group_join request; /* with distinct protocols */
};

static void join_refuse(const struct join *j, struct kafka_string member_id, int16_t error)
{
    group_answer_join_error(j->c, j->token, member_id, error);
}

/* ---- bounds ---- */

/* Equal names are one protocol: the first counts. Quadratic in protocol_count_max, not in what was sent. */
static int16_t protocols_distinct(struct join *j, const struct group_join *request)
{
    const struct group_config *config = &j->c->config;
    if (request->protocol_count > PROTOCOLS_RAW_MAX) return KAFKA_INVALID_REQUEST;
    size_t room = (size_t)(config->protocol_count_max + 1) * sizeof(struct group_protocol);
    struct group_protocol *distinct = arena_alloc(&j->c->out->arena, room);
    int32_t n = 0;
    int64_t bytes = 0;
    for (int32_t i = 0; i < request->protocol_count; i++) {
        struct group_protocol p = request->protocols[i];
        int32_t k = 0;
        while (k < n && !kafka_string_equal(distinct[k].name, p.name)) k++;
        if (k < n) continue;
        if (n == config->protocol_count_max || p.name.n < 0 || p.name.n > STRING_MAX) return KAFKA_INVALID_REQUEST;
        distinct[n++] = p;
        bytes += p.name.n + (p.metadata.n > 0 ? p.metadata.n : 0);
    }
    if (bytes > config->member_bytes_max) return KAFKA_INVALID_REQUEST;
    j->request.protocols = distinct;
    j->request.protocol_count = n;
    return KAFKA_NONE;
}

static int16_t join_check(struct join *j, struct kafka_string group_id, const struct group_join *request)
{
    const struct group_config *config = &j->c->config;
    if (group_string_empty(group_id) || group_id.n > STRING_MAX) return KAFKA_INVALID_GROUP_ID;
    if (request->session_timeout_ms < config->session_timeout_min_ms ||
        request->session_timeout_ms > config->session_timeout_max_ms)
        return KAFKA_INVALID_SESSION_TIMEOUT;
    if (request->protocol_type.n > STRING_MAX || request->instance_id.n > STRING_MAX ||
        request->client_id.n > STRING_MAX || request->client_host.n > STRING_MAX)
        return KAFKA_INVALID_REQUEST;
    int16_t error = group_partition_check(j->c, group_id);
    return error ? error : protocols_distinct(j, request);
}

/* group.max.size. While a rebalance is under way, who rejoins first stays: a group that is too large since
 * the bound was lowered shrinks to it. */
static bool join_accept(const struct join *j)
{
    const struct group *g = j->g;
    const struct group_member *m = group_member_find(g, j->request.member_id);
    int32_t max = j->c->config.group_size_max;
    switch (g->state) {
    case GROUP_EMPTY: return true;
    case GROUP_PREPARING_REBALANCE: return (m && m->awaiting_join) || g->awaiting_join_count < max;
    default: return m || group_member_count(g) < max;
    }
}

static bool join_has_room(const struct join *j, bool new_member)
{
    if (new_member && j->c->member_count >= j->c->config.member_count_max) return false;
    return j->c->bytes < j->c->config.bytes_max;
}

/* ---- members come in ---- */

static void member_await(struct group_member *m, uint64_t token)
{
    /* The same member asks again: whoever holds the earlier request has lost its place. */
    group_member_join_fail(m, KAFKA_REBALANCE_IN_PROGRESS);
    m->join_token = token;
    group_member_awaiting_join_set(m, true);
}

static void join_add(struct join *j, struct kafka_string id)
{
    struct group *g = j->g;
    struct group_member *m = group_member_new(g, id, &j->request);
    m->is_new = true;
    if (g->state == GROUP_PREPARING_REBALANCE && g->state_before == GROUP_EMPTY) g->member_added = true;
    group_member_add(g, m, j->request.protocol_type);
    member_await(m, j->token);
    deadline_set(&j->c->deadlines, &m->session, j->c->now.monotonic_ms + NEW_MEMBER_JOIN_TIMEOUT_MS);
    group_rebalance_or_complete(g);
}

static void join_update(struct join *j, struct group_member *m)
{
    group_member_update(m, &j->request);
    member_await(m, j->token);
    group_rebalance_or_complete(j->g);
}

/* The current generation as the member already knows it, or should. */
static void join_answer_current(struct join *j, struct group_member *m, bool with_members)
{
    m->skip_assignment_served = j->request.skip_assignment_served;
    group_answer_join(m, j->token, j->g->leader->id, with_members, false);
}

/* A static member is back, under a new id (KIP-345). A stable group goes on as it was, provided that the
 * protocol stays the same; while the leader is assigning it knows only the old id, so that begins again. */
static void join_static_again(struct join *j, struct group_member *m, struct kafka_string id)
{
    struct group *g = j->g;
    struct kafka_string leader = group_string_copy(g->leader ? g->leader->id : KAFKA_STRING_NULL);
    group_member_rename(m, id);
    group_session_restart(m);
    group_member_update(m, &j->request);
    member_await(m, j->token);
    if (g->state == GROUP_COMPLETING_REBALANCE) {
        group_rebalance(g);
    } else if (g->state == GROUP_STABLE && kafka_string_equal(group_protocol_select(g), g->protocol_name)) {
        struct group_append_pending *p = group_append_new(g, GROUP_APPEND_STATIC);
        p->member_id = (struct kafka_string){arena_copy(&p->arena, id.p, (size_t)id.n), id.n};
        p->leader = (struct kafka_string){arena_copy(&p->arena, leader.p, (size_t)leader.n), leader.n};
        group_append_emit_group(p, NULL, 0);
    } else {
        group_rebalance_or_complete(g);
    }
    free((void *)leader.p);
}

static void join_pending(struct join *j, struct kafka_string id)
{
    struct group_member *m = group_member_pending_add(j->g, id);
    m->session_timeout_ms = j->request.session_timeout_ms;
    group_session_restart(m);
    join_refuse(j, id, KAFKA_MEMBER_ID_REQUIRED);
}

static void join_newcomer(struct join *j)
{
    const struct kafka_string nobody = {"", 0};
    struct group_member *before =
        j->request.instance_id.n >= 0 ? group_member_static_find(j->g, j->request.instance_id) : NULL;
    if (!group_supports(j->g, &j->request)) {
        join_refuse(j, nobody, KAFKA_INCONSISTENT_GROUP_PROTOCOL);
        return;
    }
    if (!join_has_room(j, !before)) {
        join_refuse(j, nobody, KAFKA_GROUP_MAX_SIZE_REACHED);
        return;
    }
    struct kafka_string id = group_member_id_new(j->c, &j->request);
    if (before)
        join_static_again(j, before, id);
    else if (j->request.instance_id.n < 0 && j->request.member_id_required)
        join_pending(j, id);
    else
        join_add(j, id);
    free((void *)id.p);
}

static void join_known(struct join *j, struct group_member *m)
{
    struct group *g = j->g;
    bool same = group_member_matches(m, &j->request), leads = m == g->leader;
    switch (g->state) {
    case GROUP_EMPTY: assert(!"an empty group has no members"); break;
    case GROUP_PREPARING_REBALANCE: join_update(j, m); break;
    case GROUP_COMPLETING_REBALANCE:
        if (same) /* it missed the answer */
            join_answer_current(j, m, leads);
        else
            join_update(j, m);
        break;
    case GROUP_STABLE:
        if (same && !leads)
            join_answer_current(j, m, false);
        else /* a leader asks for a rebalance by joining: the topics may have changed */
            join_update(j, m);
        break;
    }
}

static void join_returning(struct join *j)
{
    struct kafka_string id = j->request.member_id;
    struct group_member *pending = group_member_pending_find(j->g, id), *m = NULL;
    int16_t error = KAFKA_NONE;
    if (!group_supports(j->g, &j->request))
        error = KAFKA_INCONSISTENT_GROUP_PROTOCOL;
    else if (!join_has_room(j, false))
        error = KAFKA_GROUP_MAX_SIZE_REACHED;
    else if (!pending || j->request.instance_id.n >= 0)
        error = group_member_check(j->g, id, j->request.instance_id, &m);
    if (error != KAFKA_NONE) {
        join_refuse(j, id, error);
    } else if (m) {
        join_known(j, m);
    } else {
        group_member_remove(pending, KAFKA_NONE);
        join_add(j, id);
    }
}

static void join_turn_away(struct join *j)
{
    struct group_member *m = group_member_find(j->g, j->request.member_id);
    if (!m) m = group_member_pending_find(j->g, j->request.member_id);
    if (m) group_member_remove(m, KAFKA_GROUP_MAX_SIZE_REACHED);
    join_refuse(j, (struct kafka_string){"", 0}, KAFKA_GROUP_MAX_SIZE_REACHED);
    group_join_maybe_complete(j->g);
}

void group_join_handle(struct group_coordinator *c, const struct group_event *e)
{
    struct join j = {.c = c, .token = e->token, .request = e->join};
    bool newcomer = group_string_empty(e->join.member_id);
    int16_t error = join_check(&j, e->group_id, &e->join);
    if (error != KAFKA_NONE) {
        join_refuse(&j, e->join.member_id, error);
        return;
    }
    j.g = newcomer ? group_get(c, e->group_id) : group_find(c, e->group_id);
    if (!j.g) {
        join_refuse(&j, e->join.member_id, newcomer ? KAFKA_GROUP_MAX_SIZE_REACHED : KAFKA_UNKNOWN_MEMBER_ID);
        return;
    }
    if (!join_accept(&j))
        join_turn_away(&j);
    else if (newcomer)
        join_newcomer(&j);
    else
        join_returning(&j);
    group_discard(j.g);
}
