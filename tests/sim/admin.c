/* An administrator: makes and deletes one topic again and again, deletes records, asks for metadata and offsets. */
#include <stdlib.h>

#include "lib/base/memory.h"
#include "tests/sim/client.h"

static void create_send(struct client *c)
{
    struct create_topics_request in;
    struct create_topics_request_creatable_topic topic;
    kafka_struct_init(&create_topics_request_struct, &in);
    kafka_struct_init(&create_topics_request_creatable_topic_struct, &topic);
    topic.name = KAFKA_STRING_LIT(SIM_PASSING_TOPIC);
    topic.num_partitions = 1 + (int32_t)sim_draw(c->sim, 2);
    topic.replication_factor = 1;
    in.topics = &topic;
    in.topics_count = 1;
    in.timeout_ms = 1000;
    c->sim->history.passing = TOPIC_UNKNOWN;
    client_call(c, KAFKA_API_CREATE_TOPICS, 2, 99, &in, NULL);
}

static void delete_send(struct client *c)
{
    struct delete_topics_request in;
    struct delete_topics_request_delete_topic_state state;
    struct kafka_string name = KAFKA_STRING_LIT(SIM_PASSING_TOPIC);
    kafka_struct_init(&delete_topics_request_struct, &in);
    kafka_struct_init(&delete_topics_request_delete_topic_state_struct, &state);
    state.name = name;
    in.topic_names = &name;
    in.topics = &state;
    in.topic_names_count = in.topics_count = 1;
    in.timeout_ms = 1000;
    c->sim->history.passing = TOPIC_UNKNOWN;
    client_call(c, KAFKA_API_DELETE_TOPICS, 1, 99, &in, NULL);
}

static void delete_records_send(struct client *c)
{
    struct told_partition *p = &c->sim->history.partitions[sim_draw(c->sim, c->sim->history.partition_count - 1)];
    int64_t known = p->end > p->start ? p->end - p->start : 0;
    struct delete_records_request in;
    struct delete_records_request_delete_records_topic topic;
    struct delete_records_request_delete_records_partition partition;
    kafka_struct_init(&delete_records_request_struct, &in);
    partition.partition_index = p->index;
    partition.offset = sim_chance(c->sim, 8) ? -1 : p->start + sim_draw(c->sim, known / 2 + 1);
    topic.name = kafka_string_of(p->topic);
    topic.partitions = &partition;
    topic.partitions_count = 1;
    in.topics = &topic;
    in.topics_count = 1;
    in.timeout_ms = 1000;
    history_delete_asked(p, partition.offset);
    client_call(c, KAFKA_API_DELETE_RECORDS, 0, 2, &in, NULL);
}

static void metadata_send(struct client *c)
{
    struct metadata_request in;
    kafka_struct_init(&metadata_request_struct, &in);
    in.topics_count = -1;
    in.allow_auto_topic_creation = false;
    client_call(c, KAFKA_API_METADATA, 1, 99, &in, NULL);
}

static void list_send(struct client *c)
{
    struct list_offsets_request in;
    struct list_offsets_request_list_offsets_topic topic;
    struct list_offsets_request_list_offsets_partition partition;
    kafka_struct_init(&list_offsets_request_struct, &in);
    kafka_struct_init(&list_offsets_request_list_offsets_partition_struct, &partition);
    const struct told_partition *p = &c->sim->history.partitions[sim_draw(c->sim, c->sim->history.partition_count - 1)];
    topic.name = kafka_string_of(p->topic);
    topic.partitions = &partition;
    topic.partitions_count = 1;
    partition.partition_index = p->index;
    partition.timestamp = sim_chance(c->sim, 2) ? sim_wall_ms(c->sim) - sim_draw(c->sim, 3000) : -1;
    in.replica_id = -1;
    in.topics = &topic;
    in.topics_count = 1;
    client_call(c, KAFKA_API_LIST_OFFSETS, 1, 99, &in, partition.timestamp < 0 ? c : NULL);
}

static void admin_think(struct client *c)
{
    if (c->sim->phase != PHASE_ACTIVE || !client_connect(c)) return;
    client_think_in(c, 20 * NS_MS + sim_draw(c->sim, 300 * NS_MS));
    if (c->call_count > 0) return;
    switch (sim_draw(c->sim, c->sim->plan.deletes ? 6 : 5)) {
    case 0: create_send(c); break;
    case 1: delete_send(c); break;
    case 2: metadata_send(c); break;
    case 6: delete_records_send(c); break;
    default: list_send(c); break;
    }
}

static void presence_told(struct client *c, int16_t error, enum told_presence done, int16_t was_so)
{
    struct history *h = &c->sim->history;
    if (h->passing_muddled) return;
    if (error == KAFKA_NONE || error == was_so)
        h->passing = done;
    else
        h->passing_muddled = true; /* in doubt: what could not be synced may be there after the next start */
}

static void metadata_told(struct client *c, const struct call *call, const struct metadata_response *out)
{
    for (int32_t i = 0; call->version >= 10 && i < out->topics_count; i++)
        if (kafka_string_equal_str(out->topics[i].name, SIM_PASSING_TOPIC))
            passing_id_told(c->sim, &out->topics[i].topic_id, call->sent_event);
}

static void deletion_told(struct client *c, const struct call *call, int16_t error)
{
    if (error == KAFKA_NONE || error == KAFKA_UNKNOWN_TOPIC_OR_PARTITION) passing_deleted(c->sim, call->sent_event);
}

static void records_deleted(struct client *c, const struct call *call, const struct delete_records_response *out)
{
    const struct delete_records_response_delete_records_partition_result *p = &out->topics[0].partitions[0];
    int at = history_partition_find(&c->sim->history, out->topics[0].name, p->partition_index);
    if (at < 0) sim_fail(c->sim, "DeleteRecords was answered for a partition that was not asked for");
    if (p->error_code == KAFKA_NONE) history_deleted(c->sim, at, p->low_watermark, call->sent_event);
}

static void admin_answered(struct client *c, const struct call *call, const void *response)
{
    const struct create_topics_response *created = response;
    const struct delete_topics_response *deleted = response;
    const struct list_offsets_response *listed = response;
    if (call->api->key == KAFKA_API_CREATE_TOPICS)
        presence_told(c, created->topics[0].error_code, TOPIC_PRESENT, KAFKA_TOPIC_ALREADY_EXISTS);
    if (call->api->key == KAFKA_API_DELETE_RECORDS) records_deleted(c, call, response);
    if (call->api->key == KAFKA_API_METADATA) metadata_told(c, call, response);
    if (call->api->key == KAFKA_API_DELETE_TOPICS) deletion_told(c, call, deleted->responses[0].error_code);
    if (call->api->key == KAFKA_API_DELETE_TOPICS)
        presence_told(c, deleted->responses[0].error_code, TOPIC_ABSENT, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    if (call->api->key == KAFKA_API_LIST_OFFSETS) {
        const struct list_offsets_response_list_offsets_partition_response *p = &listed->topics[0].partitions[0];
        int at = history_partition_find(&c->sim->history, listed->topics[0].name, p->partition_index);
        if (at < 0) sim_fail(c->sim, "ListOffsets was answered for a partition that was not asked for");
        /* The context marks a question for the latest offset. */
        if (p->error_code == KAFKA_NONE && call->context) history_shown(c->sim, at, p->offset, call->sent_event);
    }
}

/* Its request may still arrive, after later ones on another connection. */
static void admin_lost(struct client *c, const struct call *call)
{
    if (call->api->key != KAFKA_API_CREATE_TOPICS && call->api->key != KAFKA_API_DELETE_TOPICS) return;
    c->sim->history.passing = TOPIC_UNKNOWN;
    c->sim->history.passing_muddled = true;
}

void admin_add(struct sim *s)
{
    static const struct client_kind kind = {
        .name = "admin",
        .think = admin_think,
        .answered = admin_answered,
        .lost = admin_lost,
    };
    client_add(s, &kind, NULL);
}
