/* Groups and their members as data: who is in, what they offer, who leads. No protocol state is decided here. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/group/state.h"
#include "lib/base/memory.h"

/* The counts in protocol_support and in a vote stand where a table has its pointers. */

struct kafka_string group_string_copy(struct kafka_string s)
{
    if (s.n < 0) return KAFKA_STRING_NULL;
    return (struct kafka_string){memory_copy(s.p, (size_t)s.n), s.n};
}

struct kafka_bytes group_bytes_copy(struct kafka_bytes b)
{
    if (b.n < 0) return KAFKA_BYTES_NULL;
    return (struct kafka_bytes){memory_copy(b.p, (size_t)b.n), b.n};
}

struct kafka_string group_string_out(struct group_coordinator *c, struct kafka_string s)
{
    if (s.n < 0) return KAFKA_STRING_NULL;
    return (struct kafka_string){arena_copy(&c->out->arena, s.p, (size_t)s.n), s.n};
}

struct kafka_bytes group_bytes_out(struct group_coordinator *c, struct kafka_bytes b)
{
    if (b.n < 0) return KAFKA_BYTES_NULL;
    return (struct kafka_bytes){arena_copy(&c->out->arena, b.p, (size_t)b.n), b.n};
}

static void string_set(struct kafka_string *to, struct kafka_string from)
{
    struct kafka_string copy = group_string_copy(from);
    free((void *)to->p);
    *to = copy;
}

/* ---- groups ---- */

struct group *group_find(const struct group_coordinator *c, struct kafka_string id)
{
    return table_get(&c->groups, kafka_string_slice(id));
}

struct group *group_get(struct group_coordinator *c, struct kafka_string id)
{
    struct group *g = group_find(c, id);
    if (g) return g;
    if (c->groups.count >= (uint32_t)c->config.group_count_max) return NULL;
    g = memory_new(sizeof *g);
    g->coordinator = c;
    g->id = group_string_copy(id);
    g->partition = group_partition_of(id, c->config.partition_count);
    g->state_timestamp = -1;
    g->protocol_type = g->protocol_name = KAFKA_STRING_NULL;
    g->join = (struct deadline){.kind = DEADLINE_JOIN, .owner = g};
    g->sync = (struct deadline){.kind = DEADLINE_SYNC, .owner = g};
    table_set(&c->groups, kafka_string_slice(id), g);
    return g;
}

void group_free(struct group *g)
{
    struct group_coordinator *c = g->coordinator;
    assert(g->append_count == 0);
    group_members_clear(g);
    group_offsets_free(g);
    deadline_clear(&c->deadlines, &g->join);
    deadline_clear(&c->deadlines, &g->sync);
    table_release(&g->members);
    table_release(&g->pending_members);
    table_release(&g->static_members);
    table_release(&g->protocol_support);
    table_remove(&c->groups, kafka_string_slice(g->id));
    free((void *)g->id.p);
    free((void *)g->protocol_type.p);
    free((void *)g->protocol_name.p);
    free(g);
}

void group_discard(struct group *g)
{
    bool needed = g->state != GROUP_EMPTY || g->members.count > 0 || g->pending_members.count > 0 ||
                  g->offsets.count > 0 || g->append_count > 0 || g->stored;
    if (!needed) group_free(g);
}

void group_state_set(struct group *g, enum group_state state)
{
    g->state_before = g->state;
    g->state = state;
    g->state_timestamp = g->coordinator->now.wall_ms;
}

void group_protocol_set(struct group *g, struct kafka_string type, struct kafka_string name)
{
    string_set(&g->protocol_type, type);
    string_set(&g->protocol_name, name);
}

int32_t group_member_count(const struct group *g)
{
    return (int32_t)g->members.count;
}

struct group_member **group_members(const struct table *members, int32_t *count)
{
    struct group_member **list = memory_new((members->count + 1) * sizeof *list);
    int32_t n = 0;
    for (struct table_entry *e = table_first(members); e; e = table_next(members, e)) list[n++] = e->value;
    *count = n;
    return list;
}

int64_t group_rebalance_timeout_ms(const struct group *g)
{
    int64_t longest = 0;
    for (struct table_entry *e = table_first(&g->members); e; e = table_next(&g->members, e)) {
        const struct group_member *m = e->value;
        if (m->rebalance_timeout_ms > longest) longest = m->rebalance_timeout_ms;
    }
    return longest;
}

/* ---- protocols ---- */

static void support_count(struct group *g, const struct group_member *m, int change)
{
    for (int32_t i = 0; i < m->protocol_count; i++) {
        struct slice name = kafka_string_slice(m->protocols[i].name);
        intptr_t count = (intptr_t)table_get(&g->protocol_support, name) + change;
        assert(count >= 0);
        if (count == 0)
            table_remove(&g->protocol_support, name);
        else
            table_set(&g->protocol_support, name, (void *)count);
    }
}

static bool supported_by_all(const struct group *g, struct kafka_string protocol)
{
    return (intptr_t)table_get(&g->protocol_support, kafka_string_slice(protocol)) == group_member_count(g);
}

bool group_supports(const struct group *g, const struct group_join *join)
{
    if (g->state == GROUP_EMPTY) return !group_string_empty(join->protocol_type) && join->protocol_count > 0;
    if (!kafka_string_equal(g->protocol_type, join->protocol_type)) return false;
    for (int32_t i = 0; i < join->protocol_count; i++)
        if (supported_by_all(g, join->protocols[i].name)) return true;
    return false;
}

/* A member votes for the first of its own that everybody can do. A tie goes to the one voted for first, so
 * that the outcome does not depend on a hash. */
struct kafka_string group_protocol_select(const struct group *g)
{
    struct table votes = {0};
    struct kafka_string best = KAFKA_STRING_NULL;
    intptr_t best_count = 0;
    for (struct table_entry *e = table_first(&g->members); e; e = table_next(&g->members, e)) {
        const struct group_member *m = e->value;
        int32_t i = 0;
        while (i < m->protocol_count && !supported_by_all(g, m->protocols[i].name)) i++;
        if (i == m->protocol_count) continue;
        struct slice name = kafka_string_slice(m->protocols[i].name);
        table_set(&votes, name, (void *)((intptr_t)table_get(&votes, name) + 1));
    }
    for (struct table_entry *e = table_first(&votes); e; e = table_next(&votes, e))
        if ((intptr_t)e->value > best_count) {
            best_count = (intptr_t)e->value;
            best = kafka_string_of_slice(e->key);
        }
    /* The winner's name outlives the votes: it is that of a member's protocol. */
    const struct group_member *first = table_first(&g->members) ? table_first(&g->members)->value : NULL;
    struct kafka_string chosen = KAFKA_STRING_NULL;
    for (int32_t i = 0; first && i < first->protocol_count; i++)
        if (kafka_string_equal(first->protocols[i].name, best)) chosen = first->protocols[i].name;
    table_release(&votes);
    return chosen;
}

/* ---- members ---- */

struct group_member *group_member_find(const struct group *g, struct kafka_string id)
{
    return table_get(&g->members, kafka_string_slice(id));
}

struct group_member *group_member_pending_find(const struct group *g, struct kafka_string id)
{
    return table_get(&g->pending_members, kafka_string_slice(id));
}

struct group_member *group_member_static_find(const struct group *g, struct kafka_string instance_id)
{
    return table_get(&g->static_members, kafka_string_slice(instance_id));
}

int16_t group_member_check(const struct group *g, struct kafka_string id, struct kafka_string instance_id,
                           struct group_member **out)
{
    struct group_member *m = group_member_find(g, id);
    if (instance_id.n >= 0) {
        const struct group_member *owner = group_member_static_find(g, instance_id);
        if (!owner) return KAFKA_UNKNOWN_MEMBER_ID;
        if (owner != m) return KAFKA_FENCED_INSTANCE_ID;
    }
    if (!m) return KAFKA_UNKNOWN_MEMBER_ID;
    *out = m;
    return KAFKA_NONE;
}

static struct group_member *member_alloc(struct group *g, struct kafka_string id)
{
    struct group_member *m = memory_new(sizeof *m);
    m->group = g;
    m->id = group_string_copy(id);
    m->instance_id = m->client_id = m->client_host = KAFKA_STRING_NULL;
    m->session = (struct deadline){.kind = DEADLINE_SESSION, .owner = m};
    g->coordinator->member_count++;
    return m;
}

static int64_t protocols_bytes(const struct group_protocol *protocols, int32_t count)
{
    int64_t bytes = 0;
    for (int32_t i = 0; i < count; i++) bytes += protocols[i].name.n + protocols[i].metadata.n;
    return bytes;
}

static void protocols_free(struct group_member *m)
{
    m->group->coordinator->bytes -= protocols_bytes(m->protocols, m->protocol_count);
    for (int32_t i = 0; i < m->protocol_count; i++) {
        free((void *)m->protocols[i].name.p);
        free((void *)m->protocols[i].metadata.p);
    }
    free(m->protocols);
    m->protocols = NULL;
    m->protocol_count = 0;
}

static void protocols_copy(struct group_member *m, const struct group_protocol *protocols, int32_t count)
{
    protocols_free(m);
    m->protocols = memory_new((size_t)count * sizeof *m->protocols);
    for (int32_t i = 0; i < count; i++)
        m->protocols[i] =
            (struct group_protocol){group_string_copy(protocols[i].name), group_bytes_copy(protocols[i].metadata)};
    m->protocol_count = count;
    m->group->coordinator->bytes += protocols_bytes(m->protocols, count);
}

static void member_take_join(struct group_member *m, const struct group_join *join)
{
    m->session_timeout_ms = join->session_timeout_ms;
    m->rebalance_timeout_ms = join->rebalance_timeout_ms < 0 ? join->session_timeout_ms : join->rebalance_timeout_ms;
    m->skip_assignment_served = join->skip_assignment_served;
    string_set(&m->client_id, join->client_id);
    string_set(&m->client_host, join->client_host);
    protocols_copy(m, join->protocols, join->protocol_count);
}

struct group_member *group_member_new(struct group *g, struct kafka_string id, const struct group_join *join)
{
    struct group_member *m = member_alloc(g, id);
    m->instance_id = group_string_copy(join->instance_id);
    member_take_join(m, join);
    return m;
}

void group_member_add(struct group *g, struct group_member *m, struct kafka_string protocol_type)
{
    bool first = group_member_count(g) == 0;
    if (first) string_set(&g->protocol_type, protocol_type);
    void *before = table_set(&g->members, kafka_string_slice(m->id), m);
    assert(!before);
    if (m->instance_id.n >= 0) {
        before = table_set(&g->static_members, kafka_string_slice(m->instance_id), m);
        assert(!before);
    }
    support_count(g, m, 1);
    if (first) g->leader = m;
}

struct group_member *group_member_pending_add(struct group *g, struct kafka_string id)
{
    struct group_member *m = member_alloc(g, id);
    m->pending = true;
    table_set(&g->pending_members, kafka_string_slice(id), m);
    return m;
}

void group_member_update(struct group_member *m, const struct group_join *join)
{
    support_count(m->group, m, -1);
    member_take_join(m, join);
    support_count(m->group, m, 1);
}

void group_member_rename(struct group_member *m, struct kafka_string id)
{
    group_member_join_fail(m, KAFKA_FENCED_INSTANCE_ID);
    group_member_sync_done(m, KAFKA_FENCED_INSTANCE_ID);
    table_remove(&m->group->members, kafka_string_slice(m->id));
    string_set(&m->id, id);
    table_set(&m->group->members, kafka_string_slice(id), m);
}

void group_member_assign(struct group_member *m, struct kafka_bytes assignment)
{
    struct kafka_bytes copy = group_bytes_copy(assignment);
    m->group->coordinator->bytes += copy.n - m->assignment.n;
    free((void *)m->assignment.p);
    m->assignment = copy;
}

static void member_free(struct group_member *m)
{
    struct group_coordinator *c = m->group->coordinator;
    deadline_clear(&c->deadlines, &m->session);
    protocols_free(m);
    c->bytes -= m->assignment.n;
    c->member_count--;
    free((void *)m->id.p);
    free((void *)m->instance_id.p);
    free((void *)m->client_id.p);
    free((void *)m->client_host.p);
    free((void *)m->assignment.p);
    free(m);
}

void group_member_remove(struct group_member *m, int16_t error)
{
    struct group *g = m->group;
    group_member_join_fail(m, error);
    group_member_sync_done(m, error);
    if (m->pending) {
        table_remove(&g->pending_members, kafka_string_slice(m->id));
    } else {
        group_member_pending_sync_set(m, false);
        support_count(g, m, -1);
        table_remove(&g->members, kafka_string_slice(m->id));
        if (m->instance_id.n >= 0) table_remove(&g->static_members, kafka_string_slice(m->instance_id));
        if (g->leader == m) g->leader = NULL; /* elected when the join phase ends */
    }
    member_free(m);
}

void group_members_clear(struct group *g)
{
    struct table *tables[] = {&g->members, &g->pending_members};
    for (int i = 0; i < 2; i++)
        for (struct table_entry *e = table_first(tables[i]); e; e = table_next(tables[i], e)) member_free(e->value);
    table_release(&g->members);
    table_release(&g->pending_members);
    table_release(&g->static_members);
    table_release(&g->protocol_support);
    g->leader = NULL;
    g->awaiting_join_count = g->pending_sync_count = 0;
}

bool group_member_matches(const struct group_member *m, const struct group_join *join)
{
    if (m->protocol_count != join->protocol_count) return false;
    for (int32_t i = 0; i < m->protocol_count; i++) {
        const struct group_protocol *a = &m->protocols[i], *b = &join->protocols[i];
        if (!kafka_string_equal(a->name, b->name)) return false;
        if (!slice_equal(kafka_bytes_slice(a->metadata), kafka_bytes_slice(b->metadata))) return false;
    }
    return true;
}

struct kafka_bytes group_member_metadata(const struct group_member *m, struct kafka_string protocol)
{
    for (int32_t i = 0; i < m->protocol_count; i++)
        if (kafka_string_equal(m->protocols[i].name, protocol)) return m->protocols[i].metadata;
    return (struct kafka_bytes){(const uint8_t *)"", 0};
}

void group_member_pending_sync_set(struct group_member *m, bool pending)
{
    m->group->pending_sync_count += (int)pending - (int)m->pending_sync;
    m->pending_sync = pending;
}

void group_member_awaiting_join_set(struct group_member *m, bool awaiting)
{
    m->group->awaiting_join_count += (int)awaiting - (int)m->awaiting_join;
    m->awaiting_join = awaiting;
}

/* An id must fit the records' 32,767 bytes, and no list of members needs longer ones: the client's part is
 * cut, at a character of UTF-8. */
enum { MEMBER_ID_PREFIX_MAX = 1000 };

static int32_t member_id_prefix(struct kafka_string s)
{
    if (s.n <= MEMBER_ID_PREFIX_MAX) return s.n < 0 ? 0 : s.n;
    int32_t n = MEMBER_ID_PREFIX_MAX;
    while (n > 0 && ((uint8_t)s.p[n] & 0xc0) == 0x80) n--;
    return n;
}

struct kafka_string group_member_id_new(struct group_coordinator *c, const struct group_join *join)
{
    struct kafka_string prefix = join->instance_id.n >= 0 ? join->instance_id : join->client_id;
    int32_t n = member_id_prefix(prefix);
    uint8_t u[16];
    put_u64be(u, random_u64(&c->random));
    put_u64be(u + 8, random_u64(&c->random));
    u[6] = (uint8_t)(0x40 | (u[6] & 0x0f)); /* version 4, variant 1 (RFC 9562) */
    u[8] = (uint8_t)(0x80 | (u[8] & 0x3f));
    struct buf b = {0};
    buf_append(&b, prefix.p, (size_t)n);
    for (int i = 0; i < 16; i++)
        buf_printf(&b, "%s%02x", i == 0 || i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", u[i]);
    struct kafka_string id = group_string_copy((struct kafka_string){(const char *)b.p, (int32_t)b.n});
    buf_release(&b);
    return id;
}
