/* The auditor: after every start it has the broker to itself, reads back everything and compares.
 *
 *     create (once) -> metadata -> coordinator -> starts -> ends -> fetch each partition from start to end -> offsets
 * -> done */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/memory.h"
#include "tests/sim/client.h"

enum audit_stage {
    AUDIT_CREATE,
    AUDIT_METADATA,
    AUDIT_COORDINATOR,
    AUDIT_STARTS,
    AUDIT_ENDS,
    AUDIT_FETCH,
    AUDIT_OFFSETS,
    AUDIT_DONE
};
enum { AUDIT_SECONDS_MAX = 30, PARTITIONS_MAX = 16 };

struct auditor {
    enum audit_stage stage;
    int64_t began_ns;
    int64_t starts[PARTITIONS_MAX], ends[PARTITIONS_MAX];
    int partition; /* being fetched */
    int64_t position;
    int group; /* being asked for */
};

/* --- requests --- */

static void create_send(struct client *c)
{
    struct create_topics_request in;
    kafka_struct_init(&create_topics_request_struct, &in);
    in.topics = KAFKA_NEW(&c->arena, create_topics_request_creatable_topic, SIM_TOPICS);
    in.topics_count = SIM_TOPICS;
    for (int i = 0; i < SIM_TOPICS; i++) {
        in.topics[i].name = kafka_string_of(sim_topics[i]);
        in.topics[i].num_partitions = sim_topic_partitions[i];
        in.topics[i].replication_factor = 1;
    }
    in.timeout_ms = 5000;
    client_call(c, KAFKA_API_CREATE_TOPICS, 2, 99, &in, NULL);
}

static void metadata_send(struct client *c)
{
    struct metadata_request in;
    kafka_struct_init(&metadata_request_struct, &in);
    in.topics_count = -1;
    in.allow_auto_topic_creation = false;
    client_call(c, KAFKA_API_METADATA, 1, 99, &in, NULL);
}

/* The first one makes the offsets topic. */
static void coordinator_ask(struct client *c)
{
    struct find_coordinator_request in;
    struct kafka_string key = kafka_string_of(sim_groups[0]);
    kafka_struct_init(&find_coordinator_request_struct, &in);
    in.key = key;
    in.coordinator_keys = &key;
    in.coordinator_keys_count = 1;
    client_call(c, KAFKA_API_FIND_COORDINATOR, 0, 99, &in, NULL);
}

static void list_send(struct client *c, int64_t timestamp)
{
    const struct history *h = &c->sim->history;
    struct list_offsets_request in;
    kafka_struct_init(&list_offsets_request_struct, &in);
    in.replica_id = -1;
    in.topics = KAFKA_NEW(&c->arena, list_offsets_request_list_offsets_topic, h->partition_count);
    in.topics_count = h->partition_count;
    for (int i = 0; i < h->partition_count; i++) {
        in.topics[i].name = kafka_string_of(h->partitions[i].topic);
        in.topics[i].partitions = KAFKA_NEW(&c->arena, list_offsets_request_list_offsets_partition, 1);
        in.topics[i].partitions_count = 1;
        in.topics[i].partitions[0].partition_index = h->partitions[i].index;
        in.topics[i].partitions[0].timestamp = timestamp;
    }
    client_call(c, KAFKA_API_LIST_OFFSETS, 1, 99, &in, NULL);
}

static void fetch_send(struct client *c)
{
    const struct auditor *a = c->state;
    const struct told_partition *p = &c->sim->history.partitions[a->partition];
    struct fetch_request in;
    kafka_struct_init(&fetch_request_struct, &in);
    in.max_bytes = 1 << 20;
    in.topics = KAFKA_NEW(&c->arena, fetch_request_fetch_topic, 1);
    in.topics_count = 1;
    in.topics[0].topic = kafka_string_of(p->topic);
    in.topics[0].partitions = KAFKA_NEW(&c->arena, fetch_request_fetch_partition, 1);
    in.topics[0].partitions_count = 1;
    in.topics[0].partitions[0].partition = p->index;
    in.topics[0].partitions[0].fetch_offset = a->position;
    in.topics[0].partitions[0].partition_max_bytes = 1 << 20;
    client_call(c, KAFKA_API_FETCH, 4, 12, &in, NULL);
}

static void offsets_ask(struct client *c)
{
    const struct auditor *a = c->state;
    struct offset_fetch_request in;
    struct offset_fetch_request_offset_fetch_request_topic topic;
    int32_t partitions[PARTITIONS_MAX];
    kafka_struct_init(&offset_fetch_request_struct, &in);
    for (int32_t i = 0; i < sim_topic_partitions[0]; i++) partitions[i] = i;
    topic.name = kafka_string_of(sim_topics[0]);
    topic.partition_indexes = partitions;
    topic.partition_indexes_count = sim_topic_partitions[0];
    in.group_id = kafka_string_of(sim_groups[a->group]);
    in.topics = &topic;
    in.topics_count = 1;
    client_call(c, KAFKA_API_OFFSET_FETCH, 1, 7, &in, NULL);
}

static void auditor_think(struct client *c)
{
    struct auditor *a = c->state;
    if (a->stage == AUDIT_DONE || !client_connect(c)) return;
    if (c->sim->now_ns - a->began_ns > AUDIT_SECONDS_MAX * NS_SEC)
        sim_fail(c->sim, "the audit after a start did not come to its end (stage %d)", a->stage);
    client_think_in(c, 50 * NS_MS);
    if (c->call_count > 0) return;
    switch (a->stage) {
    case AUDIT_CREATE: create_send(c); break;
    case AUDIT_METADATA: metadata_send(c); break;
    case AUDIT_COORDINATOR: coordinator_ask(c); break;
    case AUDIT_STARTS: list_send(c, -2); break;
    case AUDIT_ENDS: list_send(c, -1); break;
    case AUDIT_FETCH: fetch_send(c); break;
    case AUDIT_OFFSETS: offsets_ask(c); break;
    case AUDIT_DONE: break;
    }
    arena_reset(&c->arena);
}

/* --- answers --- */

static bool created(struct client *c, const struct create_topics_response *out)
{
    for (int32_t i = 0; i < out->topics_count; i++) {
        int16_t error = out->topics[i].error_code;
        if (error != KAFKA_NONE && error != KAFKA_TOPIC_ALREADY_EXISTS) return false;
    }
    c->sim->topics_made = true;
    return true;
}

static const struct metadata_response_metadata_response_topic *topic_in(const struct metadata_response *out,
                                                                        const char *name)
{
    for (int32_t i = 0; i < out->topics_count; i++)
        if (kafka_string_equal_str(out->topics[i].name, name)) return &out->topics[i];
    return NULL;
}

/* What the first start made up is what all later ones say. */
static void identity_check(struct sim *s, struct kafka_string cluster_id)
{
    if (!s->cluster_id[0])
        snprintf(s->cluster_id, sizeof s->cluster_id, "%.*s", (int)cluster_id.n, cluster_id.p);
    else if (!kafka_string_equal_str(cluster_id, s->cluster_id))
        sim_fail(s, "the cluster was %s and is %.*s now", s->cluster_id, (int)cluster_id.n, cluster_id.p);
}

static bool metadata_taken(struct client *c, const struct call *call, const struct metadata_response *out)
{
    struct sim *s = c->sim;
    if (call->version >= 2 && out->cluster_id.n > 0) identity_check(s, out->cluster_id);
    for (int i = 0; i < SIM_TOPICS; i++) {
        const struct metadata_response_metadata_response_topic *t = topic_in(out, sim_topics[i]);
        if (!t || t->partitions_count != sim_topic_partitions[i])
            sim_fail(s, "topic %s was made and is %s", sim_topics[i], t ? "another one now" : "gone");
    }
    const struct metadata_response_metadata_response_topic *passing = topic_in(out, SIM_PASSING_TOPIC);
    bool there = passing != NULL;
    if (there && call->version >= 10) passing_id_told(s, &passing->topic_id, call->sent_event);
    if (s->history.passing == TOPIC_PRESENT && !there) sim_fail(s, "the topic that was made last is gone");
    if (s->history.passing == TOPIC_ABSENT && there) sim_fail(s, "the topic that was deleted last is there");
    s->history.passing = there ? TOPIC_PRESENT : TOPIC_ABSENT;
    s->history.passing_muddled = false;
    return true;
}

static bool coordinator_told(const struct call *call, const struct find_coordinator_response *out)
{
    return (call->version >= 4 ? out->coordinators[0].error_code : out->error_code) == KAFKA_NONE;
}

static bool listed(struct client *c, const struct list_offsets_response *out, int64_t *into)
{
    for (int32_t i = 0; i < out->topics_count; i++) {
        const struct list_offsets_response_list_offsets_partition_response *p = &out->topics[i].partitions[0];
        if (p->error_code != KAFKA_NONE) return false;
        int at = history_partition_find(&c->sim->history, out->topics[i].name, p->partition_index);
        into[at] = p->offset;
    }
    return true;
}

/* The next partition that has something to read. */
static void partition_next(struct client *c, int from)
{
    struct auditor *a = c->state;
    a->partition = from;
    while (a->partition < c->sim->history.partition_count && a->starts[a->partition] == a->ends[a->partition])
        a->partition++;
    if (a->partition < c->sim->history.partition_count)
        a->position = a->starts[a->partition];
    else
        a->stage = AUDIT_OFFSETS;
}

static void ends_taken(struct client *c)
{
    struct auditor *a = c->state;
    for (int i = 0; i < c->sim->history.partition_count; i++) history_recovered(c->sim, i, a->starts[i], a->ends[i]);
    history_orders_reset(&c->sim->history);
    a->stage = AUDIT_FETCH;
    a->group = 0;
    partition_next(c, 0);
}

static void fetched(struct client *c, const struct call *call, const struct fetch_response *out)
{
    struct auditor *a = c->state;
    struct sim *s = c->sim;
    const struct told_partition *told = &s->history.partitions[a->partition];
    const struct fetch_response_partition_data *p = &out->responses[0].partitions[0];
    if (p->error_code == KAFKA_OFFSET_OUT_OF_RANGE && sim_records_go(s)) { /* old segments went meanwhile */
        a->stage = AUDIT_STARTS;
        return;
    }
    if (p->error_code == KAFKA_CORRUPT_MESSAGE && rot_skip_unreadable(s, a->partition, &a->position)) {
        if (a->position >= a->ends[a->partition]) partition_next(c, a->partition + 1);
        return;
    }
    if (p->error_code != KAFKA_NONE)
        sim_fail(s, "%s-%d: offset %lld of %lld to %lld cannot be read after the start: %s", told->topic, told->index,
                 (long long)a->position, (long long)a->starts[a->partition], (long long)a->ends[a->partition],
                 kafka_error_name(p->error_code));
    int64_t next = history_fetched(s, a->partition, a->position, p->high_watermark, kafka_bytes_slice(p->records),
                                   call->sent_event, true);
    rot_skip(s, a->partition, &next);
    if (next == a->position)
        sim_fail(s, "%s-%d: nothing at offset %lld, although the log ends at %lld", told->topic, told->index,
                 (long long)next, (long long)a->ends[a->partition]);
    a->position = next;
    if (next >= a->ends[a->partition]) partition_next(c, a->partition + 1);
}

static void offsets_taken(struct client *c, const struct offset_fetch_response *out)
{
    struct auditor *a = c->state;
    if (out->error_code != KAFKA_NONE || out->topics_count == 0) return;
    for (int32_t i = 0; i < out->topics[0].partitions_count; i++) {
        const struct offset_fetch_response_offset_fetch_response_partition *p = &out->topics[0].partitions[i];
        if (p->error_code != KAFKA_NONE) return;
        offsets_recovered(c->sim, a->group, p->partition_index, p->committed_offset);
    }
    if (++a->group < SIM_GROUPS) return;
    if (c->sim->may_lose || c->sim->groups_may_lose) ownership_forget(&c->sim->history);
    a->stage = AUDIT_DONE;
    client_drop(c);
    sim_audited(c->sim);
}

static void auditor_answered(struct client *c, const struct call *call, const void *response)
{
    struct auditor *a = c->state;
    client_think_in(c, 0);
    switch (a->stage) {
    case AUDIT_CREATE:
        if (created(c, response)) a->stage = AUDIT_METADATA;
        break;
    case AUDIT_METADATA:
        if (metadata_taken(c, call, response)) a->stage = AUDIT_COORDINATOR;
        break;
    case AUDIT_COORDINATOR:
        if (coordinator_told(call, response)) a->stage = AUDIT_STARTS;
        break;
    case AUDIT_STARTS:
        if (listed(c, response, a->starts)) a->stage = AUDIT_ENDS;
        break;
    case AUDIT_ENDS:
        if (listed(c, response, a->ends)) ends_taken(c);
        break;
    case AUDIT_FETCH: fetched(c, call, response); break;
    case AUDIT_OFFSETS: offsets_taken(c, response); break;
    case AUDIT_DONE: break;
    }
}

void auditor_begin(struct client *c)
{
    struct auditor *a = c->state;
    a->stage = c->sim->topics_made ? AUDIT_METADATA : AUDIT_CREATE;
    a->began_ns = c->sim->now_ns;
    client_think_in(c, NS_MS);
}

struct client *auditor_add(struct sim *s)
{
    static const struct client_kind kind = {
        .name = "auditor",
        .think = auditor_think,
        .answered = auditor_answered,
    };
    return client_add(s, &kind, memory_new(sizeof(struct auditor)));
}
