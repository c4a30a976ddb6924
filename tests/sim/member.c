/* A member of a consumer group, classic protocol: joins, syncs (as leader it assigns), fetches the committed
 * offsets of what it owns, commits, beats, leaves or just goes silent.
 *
 *     new --join--> joined --sync--> stable --rebalance, fenced, unknown--> new
 *
 * The leader's assignment is a blob of our own: generation int32, hash of the leader's id int64, count int32,
 * partitions int32 each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "tests/sim/client.h"

enum member_state { MEMBER_NEW, MEMBER_JOINED, MEMBER_STABLE, MEMBER_AWAY };
enum { OWNED_MAX = 8, MEMBERS_MAX = 16 };

struct member {
    int group;
    char instance[16]; /* empty: dynamic */
    char id[80];
    enum member_state state;
    int32_t generation;
    char protocol[16];
    bool leads;
    char members[MEMBERS_MAX][80]; /* leader: to be assigned */
    int member_count;
    int32_t owned[OWNED_MAX];
    int owned_count;
    bool offsets_known;
    int32_t session_ms;
};

/* A commit or an offset fetch under way. */
struct errand {
    int32_t generation;
    int32_t partitions[OWNED_MAX];
    int64_t values[OWNED_MAX];
    int count;
};

static struct kafka_string group_of(const struct member *m)
{
    return kafka_string_of(sim_groups[m->group]);
}

static struct kafka_string instance_of(const struct member *m)
{
    return m->instance[0] ? kafka_string_of(m->instance) : KAFKA_STRING_NULL;
}

/* How the history calls it: a static member keeps its name over its ids. */
static const char *name_of(const struct member *m)
{
    return m->instance[0] ? m->instance : m->id;
}

/* Static membership begins with these versions; a dynamic member speaks them all. */
static int since(const struct member *m, int version)
{
    return m->instance[0] ? version : 0;
}

/* --- requests --- */

static void join_send(struct client *c)
{
    struct member *m = c->state;
    struct join_group_request in;
    struct join_group_request_join_group_request_protocol protocols[2];
    kafka_struct_init(&join_group_request_struct, &in);
    for (int i = 0; i < 2; i++) {
        kafka_struct_init(&join_group_request_join_group_request_protocol_struct, &protocols[i]);
        protocols[i].name = kafka_string_of(i ? "roundrobin" : "range");
        protocols[i].metadata = kafka_bytes_of_slice(SLICE_LIT("meta"));
    }
    in.group_id = group_of(m);
    in.session_timeout_ms = m->session_ms;
    in.rebalance_timeout_ms = 600;
    in.member_id = kafka_string_of(m->id);
    in.group_instance_id = instance_of(m);
    in.protocol_type = KAFKA_STRING_LIT("consumer");
    in.protocols = protocols;
    in.protocols_count = 2;
    client_call(c, KAFKA_API_JOIN_GROUP, since(m, 5), 99, &in, NULL);
}

static void blob_make(const struct member *m, int at, struct buf *out)
{
    int32_t count = 0, partitions = sim_topic_partitions[0];
    buf_put_u32(out, (uint32_t)m->generation);
    buf_put_u64(out, hash_bytes(m->id, strlen(m->id), 1));
    for (int32_t p = 0; p < partitions; p++) count += p % m->member_count == at;
    buf_put_u32(out, (uint32_t)count);
    for (int32_t p = 0; p < partitions; p++)
        if (p % m->member_count == at) buf_put_u32(out, (uint32_t)p);
}

static void sync_send(struct client *c)
{
    struct member *m = c->state;
    struct sync_group_request in;
    struct buf blobs[MEMBERS_MAX] = {0};
    kafka_struct_init(&sync_group_request_struct, &in);
    in.group_id = group_of(m);
    in.generation_id = m->generation;
    in.member_id = kafka_string_of(m->id);
    in.group_instance_id = instance_of(m);
    in.protocol_type = KAFKA_STRING_LIT("consumer");
    in.protocol_name = kafka_string_of(m->protocol);
    if (m->leads) {
        in.assignments_count = m->member_count;
        in.assignments = KAFKA_NEW(&c->arena, sync_group_request_sync_group_request_assignment, m->member_count);
        for (int i = 0; i < m->member_count; i++) {
            blob_make(m, i, &blobs[i]);
            in.assignments[i].member_id = kafka_string_of(m->members[i]);
            in.assignments[i].assignment = kafka_bytes_of_slice(buf_slice(&blobs[i]));
        }
    }
    client_call(c, KAFKA_API_SYNC_GROUP, since(m, 3), 99, &in, NULL);
    for (int i = 0; i < MEMBERS_MAX; i++) buf_release(&blobs[i]);
    arena_reset(&c->arena);
}

static void heartbeat_send(struct client *c)
{
    struct member *m = c->state;
    struct heartbeat_request in;
    kafka_struct_init(&heartbeat_request_struct, &in);
    in.group_id = group_of(m);
    in.generation_id = m->generation;
    in.member_id = kafka_string_of(m->id);
    in.group_instance_id = instance_of(m);
    client_call(c, KAFKA_API_HEARTBEAT, since(m, 3), 99, &in, NULL);
}

static void leave_send(struct client *c)
{
    struct member *m = c->state;
    struct leave_group_request in;
    struct leave_group_request_member_identity identity;
    int16_t version = client_version(c, KAFKA_API_LEAVE_GROUP, since(m, 3), 99);
    kafka_struct_init(&leave_group_request_struct, &in);
    kafka_struct_init(&leave_group_request_member_identity_struct, &identity);
    in.group_id = group_of(m);
    in.member_id = identity.member_id = kafka_string_of(m->id);
    identity.group_instance_id = instance_of(m);
    in.members = &identity;
    in.members_count = 1;
    client_call_version(c, KAFKA_API_LEAVE_GROUP, version, &in, NULL, true);
}

static struct errand *errand_new(const struct member *m)
{
    struct errand *e = memory_new(sizeof *e);
    e->generation = m->generation;
    e->count = m->owned_count;
    memcpy(e->partitions, m->owned, sizeof e->partitions);
    return e;
}

static void commit_send(struct client *c)
{
    struct member *m = c->state;
    struct offset_commit_request in;
    struct errand *e = errand_new(m);
    kafka_struct_init(&offset_commit_request_struct, &in);
    in.group_id = group_of(m);
    in.generation_id_or_member_epoch = m->generation;
    in.member_id = kafka_string_of(m->id);
    in.group_instance_id = instance_of(m);
    in.topics = KAFKA_NEW(&c->arena, offset_commit_request_offset_commit_request_topic, 1);
    in.topics_count = 1;
    in.topics[0].name = kafka_string_of(sim_topics[0]);
    in.topics[0].partitions = KAFKA_NEW(&c->arena, offset_commit_request_offset_commit_request_partition, e->count);
    in.topics[0].partitions_count = e->count;
    for (int i = 0; i < e->count; i++) {
        e->values[i] = ++c->sim->commits;
        offsets_sent(c->sim, m->group, e->partitions[i], m->generation, e->values[i]);
        in.topics[0].partitions[i].partition_index = e->partitions[i];
        in.topics[0].partitions[i].committed_offset = e->values[i];
        in.topics[0].partitions[i].committed_metadata = kafka_string_of("from the simulator");
    }
    client_call(c, KAFKA_API_OFFSET_COMMIT, since(m, 7), 99, &in, e);
    arena_reset(&c->arena);
}

static void offsets_ask(struct client *c)
{
    struct member *m = c->state;
    struct offset_fetch_request in;
    struct offset_fetch_request_offset_fetch_request_topic old;
    struct offset_fetch_request_offset_fetch_request_topics new;
    struct offset_fetch_request_offset_fetch_request_group group;
    struct errand *e = errand_new(m);
    int16_t version = client_version(c, KAFKA_API_OFFSET_FETCH, 0, 99);
    kafka_struct_init(&offset_fetch_request_struct, &in);
    kafka_struct_init(&offset_fetch_request_offset_fetch_request_group_struct, &group);
    old.name = new.name = kafka_string_of(sim_topics[0]);
    old.partition_indexes = new.partition_indexes = e->partitions;
    old.partition_indexes_count = new.partition_indexes_count = e->count;
    in.group_id = group.group_id = group_of(m);
    in.topics = &old;
    in.topics_count = group.topics_count = 1;
    group.topics = &new;
    in.groups = &group;
    in.groups_count = 1;
    client_call_version(c, KAFKA_API_OFFSET_FETCH, version, &in, e, true);
}

/* --- answers --- */

/* What a member does on errors that the protocol has; false for one that must not come. */
static bool error_take(struct member *m, int16_t error)
{
    switch (error) {
    case KAFKA_NONE: return true;
    case KAFKA_UNKNOWN_MEMBER_ID:
    case KAFKA_GROUP_ID_NOT_FOUND: /* a commit from version 9 on to a group that is gone */
    case KAFKA_FENCED_INSTANCE_ID: m->id[0] = 0; break;
    case KAFKA_REBALANCE_IN_PROGRESS:
    case KAFKA_ILLEGAL_GENERATION:
    case KAFKA_MEMBER_ID_REQUIRED: break;
    case KAFKA_COORDINATOR_NOT_AVAILABLE: /* the offsets topic is being made, or its log refused */
    case KAFKA_NOT_COORDINATOR:
    case KAFKA_COORDINATOR_LOAD_IN_PROGRESS:
    case KAFKA_UNKNOWN_SERVER_ERROR:
    case KAFKA_KAFKA_STORAGE_ERROR: break;
    default: return false;
    }
    m->state = MEMBER_NEW;
    return true;
}

static void text_of(struct kafka_string from, char *out, size_t size)
{
    snprintf(out, size, "%.*s", from.n > 0 ? (int)from.n : 0, from.n > 0 ? from.p : "");
}

static void join_answered(struct member *m, const struct join_group_response *out)
{
    if (out->member_id.n > 0) text_of(out->member_id, m->id, sizeof m->id);
    if (out->error_code == KAFKA_UNKNOWN_MEMBER_ID || out->error_code == KAFKA_FENCED_INSTANCE_ID) m->id[0] = 0;
    if (out->error_code != KAFKA_NONE) return;
    m->state = MEMBER_JOINED;
    m->generation = out->generation_id;
    text_of(out->protocol_name, m->protocol, sizeof m->protocol);
    m->leads = kafka_string_equal(out->leader, out->member_id) && !out->skip_assignment && out->members_count > 0;
    m->member_count = out->members_count < MEMBERS_MAX ? out->members_count : MEMBERS_MAX;
    for (int i = 0; i < m->member_count; i++) text_of(out->members[i].member_id, m->members[i], sizeof m->members[i]);
}

static void sync_answered(struct client *c, const struct sync_group_response *out)
{
    struct member *m = c->state;
    struct slice blob = kafka_bytes_slice(out->assignment);
    if (out->error_code != KAFKA_NONE) return;
    m->state = MEMBER_STABLE;
    m->offsets_known = false;
    m->owned_count = 0;
    ownership_synced(c->sim, m->group, m->generation);
    if (blob.n == 0) return; /* the leader did not know of us */
    if (blob.n < 16 || (int32_t)get_u32be(blob.p) != m->generation)
        sim_fail(c->sim, "group %d, generation %d: %s was given an assignment of another generation", m->group,
                 m->generation, name_of(m));
    m->owned_count = (int)get_u32be(blob.p + 12);
    for (int i = 0; i < m->owned_count; i++) {
        m->owned[i] = (int32_t)get_u32be(blob.p + 16 + 4 * i);
        ownership_told(c->sim, m->group, m->generation, get_u64be(blob.p + 4), name_of(m), m->owned[i]);
    }
}

static int16_t commit_answered(struct client *c, const struct call *call, const struct offset_commit_response *out)
{
    struct member *m = c->state;
    const struct errand *e = call->context;
    int16_t error = KAFKA_NONE;
    for (int32_t t = 0; t < out->topics_count; t++)
        for (int32_t i = 0; i < out->topics[t].partitions_count; i++) {
            const struct offset_commit_response_offset_commit_response_partition *p = &out->topics[t].partitions[i];
            error = p->error_code;
            if (error != KAFKA_NONE) continue;
            ownership_commit_acked(c->sim, m->group, e->generation, call->sent_event);
            for (int k = 0; k < e->count; k++)
                if (e->partitions[k] == p->partition_index)
                    offsets_acked(c->sim, m->group, p->partition_index, e->values[k]);
        }
    return error;
}

static int16_t offsets_answered(struct client *c, const struct call *call, const struct offset_fetch_response *out)
{
    struct member *m = c->state;
    bool batched = call->version >= 8;
    int16_t error = batched ? out->groups[0].error_code : out->error_code;
    if (error != KAFKA_NONE) return error;
    if (batched) {
        for (int32_t i = 0; out->groups[0].topics_count && i < out->groups[0].topics[0].partitions_count; i++)
            offsets_told(c->sim, m->group, out->groups[0].topics[0].partitions[i].partition_index,
                         out->groups[0].topics[0].partitions[i].committed_offset, call->sent_event);
    } else {
        for (int32_t i = 0; out->topics_count && i < out->topics[0].partitions_count; i++)
            if (out->topics[0].partitions[i].error_code == KAFKA_NONE)
                offsets_told(c->sim, m->group, out->topics[0].partitions[i].partition_index,
                             out->topics[0].partitions[i].committed_offset, call->sent_event);
    }
    m->offsets_known = true;
    return KAFKA_NONE;
}

static void member_answered(struct client *c, const struct call *call, const void *response)
{
    struct member *m = c->state;
    int16_t error = KAFKA_NONE;
    switch (call->api->key) {
    case KAFKA_API_JOIN_GROUP:
        error = ((const struct join_group_response *)response)->error_code;
        join_answered(m, response);
        break;
    case KAFKA_API_SYNC_GROUP:
        error = ((const struct sync_group_response *)response)->error_code;
        sync_answered(c, response);
        break;
    case KAFKA_API_HEARTBEAT: error = ((const struct heartbeat_response *)response)->error_code; break;
    case KAFKA_API_OFFSET_COMMIT: error = commit_answered(c, call, response); break;
    case KAFKA_API_OFFSET_FETCH: error = offsets_answered(c, call, response); break;
    case KAFKA_API_LEAVE_GROUP: m->id[0] = 0; break;
    default: break;
    }
    free(call->context);
    bool id_required = error == KAFKA_MEMBER_ID_REQUIRED;
    if (!error_take(m, error))
        sim_fail(c->sim, "%s v%d of a member was answered %s", call->api->name, call->version, kafka_error_name(error));
    client_think_in(c, id_required ? 0 : NS_MS + sim_draw(c->sim, 50 * NS_MS));
}

static void member_lost(struct client *c, const struct call *call)
{
    (void)c;
    free(call->context);
}

static void member_gone(struct client *c)
{
    struct member *m = c->state;
    if (m->state == MEMBER_JOINED) m->state = MEMBER_NEW;
    if (sim_chance(c->sim, 3)) { /* it was the whole process */
        m->state = MEMBER_NEW;
        m->id[0] = 0;
    }
}

/* --- what to do next --- */

static void stable_think(struct client *c)
{
    struct member *m = c->state;
    int64_t dice = sim_draw(c->sim, 99);
    if (dice < 3) {
        m->state = MEMBER_AWAY;
        leave_send(c);
    } else if (dice < 5) {
        m->state = MEMBER_AWAY; /* silent: the session runs out */
    } else if (m->owned_count && !m->offsets_known) {
        offsets_ask(c);
    } else if (m->owned_count && dice < 50) {
        commit_send(c);
    } else {
        heartbeat_send(c);
    }
}

static void member_think(struct client *c)
{
    struct member *m = c->state;
    if (c->sim->phase != PHASE_ACTIVE || !client_connect(c)) return;
    client_think_in(c, 20 * NS_MS + sim_draw(c->sim, m->session_ms * NS_MS / 3));
    if (c->call_count > 0) return;
    switch (m->state) {
    case MEMBER_NEW: join_send(c); break;
    case MEMBER_JOINED: sync_send(c); break;
    case MEMBER_STABLE: stable_think(c); break;
    case MEMBER_AWAY:
        if (!sim_chance(c->sim, 4)) break;
        m->state = MEMBER_NEW;
        break;
    }
}

void member_add(struct sim *s)
{
    static const struct client_kind kind = {
        .name = "member",
        .think = member_think,
        .answered = member_answered,
        .lost = member_lost,
        .gone = member_gone,
    };
    struct member *m = memory_new(sizeof *m);
    m->group = (int)sim_draw(s, SIM_GROUP_ALONE - 1);
    m->session_ms = 300 + (int32_t)sim_draw(s, 900);
    if (sim_chance(s, 3)) snprintf(m->instance, sizeof m->instance, "instance-%d", s->client_count);
    client_add(s, &kind, m);
}
