/* A consumer that assigns by itself and only keeps its offsets with the broker: commits without a member and without
 * a generation, fetches them again, and deletes some of them or the whole group. */
#include <stdlib.h>

#include "lib/base/memory.h"
#include "tests/sim/client.h"

enum { PARTITIONS_MAX = 8 };

/* A commit or a deletion under way: of the first `count` partitions. */
struct errand {
    int64_t values[PARTITIONS_MAX];
    int32_t count;
};

static void commit_send(struct client *c)
{
    struct errand *e = memory_new(sizeof *e);
    struct offset_commit_request in;
    kafka_struct_init(&offset_commit_request_struct, &in);
    in.group_id = kafka_string_of(sim_groups[SIM_GROUP_ALONE]);
    in.generation_id_or_member_epoch = -1;
    in.topics = KAFKA_NEW(&c->arena, offset_commit_request_offset_commit_request_topic, 1);
    in.topics_count = 1;
    e->count = 1 + (int32_t)sim_draw(c->sim, sim_topic_partitions[0] - 1);
    in.topics[0].name = kafka_string_of(sim_topics[0]);
    in.topics[0].partitions = KAFKA_NEW(&c->arena, offset_commit_request_offset_commit_request_partition, e->count);
    in.topics[0].partitions_count = e->count;
    for (int32_t i = 0; i < e->count; i++) {
        e->values[i] = ++c->sim->commits;
        offsets_sent(c->sim, SIM_GROUP_ALONE, i, 0, e->values[i]);
        in.topics[0].partitions[i].partition_index = i;
        in.topics[0].partitions[i].committed_offset = e->values[i];
        in.topics[0].partitions[i].committed_metadata = kafka_string_of("alone");
    }
    client_call(c, KAFKA_API_OFFSET_COMMIT, 2, 9, &in, e);
    arena_reset(&c->arena);
}

/* Of the first partitions; a deletion is known by a negative number of its own. */
static struct errand *deletion_new(struct client *c, int32_t count)
{
    struct errand *e = memory_new(sizeof *e);
    e->count = count;
    for (int32_t i = 0; i < count; i++) {
        e->values[i] = -2 - ++c->sim->commits;
        offsets_sent(c->sim, SIM_GROUP_ALONE, i, 0, e->values[i]);
    }
    return e;
}

static void offsets_delete_send(struct client *c)
{
    struct offset_delete_request in;
    struct offset_delete_request_offset_delete_request_topic topic;
    struct offset_delete_request_offset_delete_request_partition partitions[PARTITIONS_MAX];
    kafka_struct_init(&offset_delete_request_struct, &in);
    struct errand *e = deletion_new(c, 1 + (int32_t)sim_draw(c->sim, sim_topic_partitions[0] - 1));
    for (int32_t i = 0; i < e->count; i++) partitions[i].partition_index = i;
    topic.name = kafka_string_of(sim_topics[0]);
    topic.partitions = partitions;
    topic.partitions_count = e->count;
    in.group_id = kafka_string_of(sim_groups[SIM_GROUP_ALONE]);
    in.topics = &topic;
    in.topics_count = 1;
    client_call(c, KAFKA_API_OFFSET_DELETE, 0, 0, &in, e);
}

static void group_delete_send(struct client *c)
{
    struct delete_groups_request in;
    struct kafka_string name = kafka_string_of(sim_groups[SIM_GROUP_ALONE]);
    kafka_struct_init(&delete_groups_request_struct, &in);
    in.groups_names = &name;
    in.groups_names_count = 1;
    client_call(c, KAFKA_API_DELETE_GROUPS, 0, 2, &in, deletion_new(c, sim_topic_partitions[0]));
}

static void fetch_send(struct client *c)
{
    struct offset_fetch_request in;
    struct offset_fetch_request_offset_fetch_request_topic topic;
    int32_t partitions[PARTITIONS_MAX];
    kafka_struct_init(&offset_fetch_request_struct, &in);
    for (int32_t i = 0; i < sim_topic_partitions[0]; i++) partitions[i] = i;
    topic.name = kafka_string_of(sim_topics[0]);
    topic.partition_indexes = partitions;
    topic.partition_indexes_count = sim_topic_partitions[0];
    in.group_id = kafka_string_of(sim_groups[SIM_GROUP_ALONE]);
    in.topics = &topic;
    in.topics_count = 1;
    client_call(c, KAFKA_API_OFFSET_FETCH, 1, 7, &in, NULL);
}

static void committer_think(struct client *c)
{
    if (c->sim->phase != PHASE_ACTIVE || !client_connect(c)) return;
    client_think_in(c, 10 * NS_MS + sim_draw(c->sim, 200 * NS_MS));
    if (c->call_count > 0) return;
    int64_t dice = sim_draw(c->sim, 99);
    if (dice < 48)
        commit_send(c);
    else if (dice < 92)
        fetch_send(c);
    else if (dice < 97)
        offsets_delete_send(c);
    else
        group_delete_send(c);
}

/* --- answers --- */

static bool error_allowed(int16_t error)
{
    switch (error) {
    case KAFKA_COORDINATOR_NOT_AVAILABLE:
    case KAFKA_NOT_COORDINATOR:
    case KAFKA_COORDINATOR_LOAD_IN_PROGRESS:
    case KAFKA_UNKNOWN_SERVER_ERROR:
    case KAFKA_KAFKA_STORAGE_ERROR: return true;
    default: return false;
    }
}

static void committed(struct client *c, const struct errand *e, const struct offset_commit_response *out)
{
    for (int32_t i = 0; i < out->topics[0].partitions_count; i++) {
        const struct offset_commit_response_offset_commit_response_partition *p = &out->topics[0].partitions[i];
        if (p->error_code == KAFKA_NONE)
            offsets_acked(c->sim, SIM_GROUP_ALONE, p->partition_index, e->values[p->partition_index]);
        else if (!error_allowed(p->error_code))
            sim_fail(c->sim, "a commit without a member was answered %s", kafka_error_name(p->error_code));
    }
}

static void offsets_deleted(struct client *c, const struct errand *e, const struct offset_delete_response *out)
{
    int16_t error = out->error_code;
    for (int32_t i = 0; error == KAFKA_NONE && i < out->topics[0].partitions_count; i++) {
        const struct offset_delete_response_offset_delete_response_partition *p = &out->topics[0].partitions[i];
        if (p->error_code == KAFKA_NONE)
            offsets_acked(c->sim, SIM_GROUP_ALONE, p->partition_index, e->values[p->partition_index]);
        else
            error = p->error_code;
    }
    if (error != KAFKA_NONE && error != KAFKA_GROUP_ID_NOT_FOUND && !error_allowed(error))
        sim_fail(c->sim, "OffsetDelete was answered %s", kafka_error_name(error));
}

static void group_deleted(struct client *c, const struct errand *e, const struct delete_groups_response *out)
{
    int16_t error = out->results[0].error_code;
    for (int32_t i = 0; error == KAFKA_NONE && i < e->count; i++)
        offsets_acked(c->sim, SIM_GROUP_ALONE, i, e->values[i]);
    if (error != KAFKA_NONE && error != KAFKA_GROUP_ID_NOT_FOUND && !error_allowed(error))
        sim_fail(c->sim, "DeleteGroups was answered %s", kafka_error_name(error));
}

static void fetched(struct client *c, const struct call *call, const struct offset_fetch_response *out)
{
    if (call->version >= 2 && out->error_code != KAFKA_NONE) {
        if (!error_allowed(out->error_code))
            sim_fail(c->sim, "OffsetFetch was answered %s", kafka_error_name(out->error_code));
        return;
    }
    for (int32_t i = 0; i < out->topics[0].partitions_count; i++) {
        const struct offset_fetch_response_offset_fetch_response_partition *p = &out->topics[0].partitions[i];
        if (p->error_code == KAFKA_NONE)
            offsets_told(c->sim, SIM_GROUP_ALONE, p->partition_index, p->committed_offset, call->sent_event);
    }
}

static void committer_answered(struct client *c, const struct call *call, const void *response)
{
    switch (call->api->key) {
    case KAFKA_API_OFFSET_COMMIT: committed(c, call->context, response); break;
    case KAFKA_API_OFFSET_DELETE: offsets_deleted(c, call->context, response); break;
    case KAFKA_API_DELETE_GROUPS: group_deleted(c, call->context, response); break;
    default: fetched(c, call, response); break;
    }
    free(call->context);
}

static void committer_lost(struct client *c, const struct call *call)
{
    (void)c;
    free(call->context);
}

void committer_add(struct sim *s)
{
    static const struct client_kind kind = {
        .name = "committer",
        .think = committer_think,
        .answered = committer_answered,
        .lost = committer_lost,
    };
    client_add(s, &kind, NULL);
}
