#include "lib/kafka/api.h"

#include "lib/kafka/cursor.h"
#include "lib/kafka/messages.h"
#include "lib/kafka/varint.h"

#define API(key_, name_, message_, min_, max_, served_)                                                                \
    {                                                                                                                  \
        key_, name_, min_, max_, served_, &message_##_request_message, &message_##_response_message                    \
    }

const struct kafka_api kafka_apis[] = {
    API(KAFKA_API_PRODUCE, "Produce", produce, 0, 11, 3),
    API(KAFKA_API_FETCH, "Fetch", fetch, 4, 16, 4),
    API(KAFKA_API_LIST_OFFSETS, "ListOffsets", list_offsets, 1, 8, 1),
    API(KAFKA_API_METADATA, "Metadata", metadata, 0, 12, 0),
    API(KAFKA_API_OFFSET_COMMIT, "OffsetCommit", offset_commit, 2, 9, 2),
    API(KAFKA_API_OFFSET_FETCH, "OffsetFetch", offset_fetch, 1, 9, 1),
    API(KAFKA_API_FIND_COORDINATOR, "FindCoordinator", find_coordinator, 0, 4, 0),
    API(KAFKA_API_JOIN_GROUP, "JoinGroup", join_group, 0, 9, 0),
    API(KAFKA_API_HEARTBEAT, "Heartbeat", heartbeat, 0, 4, 0),
    API(KAFKA_API_LEAVE_GROUP, "LeaveGroup", leave_group, 0, 5, 0),
    API(KAFKA_API_SYNC_GROUP, "SyncGroup", sync_group, 0, 5, 0),
    API(KAFKA_API_DESCRIBE_GROUPS, "DescribeGroups", describe_groups, 0, 5, 0),
    API(KAFKA_API_LIST_GROUPS, "ListGroups", list_groups, 0, 5, 0),
    API(KAFKA_API_API_VERSIONS, "ApiVersions", api_versions, 0, 4, 0),
    API(KAFKA_API_CREATE_TOPICS, "CreateTopics", create_topics, 2, 7, 2),
    API(KAFKA_API_DELETE_TOPICS, "DeleteTopics", delete_topics, 1, 6, 1),
    API(KAFKA_API_DELETE_RECORDS, "DeleteRecords", delete_records, 0, 2, 0),
    API(KAFKA_API_INIT_PRODUCER_ID, "InitProducerId", init_producer_id, 0, 4, 0),
    API(KAFKA_API_OFFSET_FOR_LEADER_EPOCH, "OffsetForLeaderEpoch", offset_for_leader_epoch, 2, 4, 2),
    API(KAFKA_API_DESCRIBE_CONFIGS, "DescribeConfigs", describe_configs, 1, 4, 1),
    API(KAFKA_API_ALTER_CONFIGS, "AlterConfigs", alter_configs, 0, 2, 0),
    API(KAFKA_API_CREATE_PARTITIONS, "CreatePartitions", create_partitions, 0, 3, 0),
    API(KAFKA_API_DELETE_GROUPS, "DeleteGroups", delete_groups, 0, 2, 0),
    API(KAFKA_API_INCREMENTAL_ALTER_CONFIGS, "IncrementalAlterConfigs", incremental_alter_configs, 0, 1, 0),
    API(KAFKA_API_OFFSET_DELETE, "OffsetDelete", offset_delete, 0, 0, 0),
    API(KAFKA_API_DESCRIBE_CLUSTER, "DescribeCluster", describe_cluster, 0, 1, 0),
};
const int kafka_apis_count = sizeof(kafka_apis) / sizeof(kafka_apis[0]);

const struct kafka_api *kafka_api_find(int key)
{
    for (int i = 0; i < kafka_apis_count; i++)
        if (kafka_apis[i].key == key) return &kafka_apis[i];
    return NULL;
}

/* A version above ours counts as flexible too: versions never turn back, and the header of an ApiVersions
 * request from the future must be read to answer it. */
bool kafka_api_flexible(int key, int version)
{
    const struct kafka_api *api = kafka_api_find(key);
    return api && version >= api->request->flexible_from;
}

/* Header tags carry nothing that we know; they are skipped. */
static void header_tags_skip(struct cursor *c)
{
    uint32_t count = cursor_uvarint32(c);
    int64_t last = -1;
    for (uint32_t i = 0; i < count && !c->error; i++) {
        uint32_t tag = cursor_uvarint32(c);
        cursor_take(c, cursor_uvarint32(c));
        if ((int64_t)tag <= last) cursor_fail(c, ERR_CORRUPT);
        last = tag;
    }
}

int kafka_request_header_decode(struct slice frame, struct kafka_request_header *out, struct slice *body)
{
    struct cursor c = cursor_of(frame);
    out->api_key = (int16_t)cursor_u16(&c);
    out->api_version = (int16_t)cursor_u16(&c);
    out->correlation_id = (int32_t)cursor_u32(&c);
    int16_t n = (int16_t)cursor_u16(&c);
    if (n < -1) cursor_fail(&c, ERR_CORRUPT);
    out->client_id = n < 0 ? KAFKA_STRING_NULL : kafka_string_of_slice(cursor_slice(&c, (size_t)n));
    if (kafka_api_flexible(out->api_key, out->api_version)) header_tags_skip(&c);
    *body = (struct slice){c.p, cursor_left(&c)};
    return c.error;
}

void kafka_request_header_encode(const struct kafka_request_header *h, struct buf *out)
{
    buf_put_u16(out, (uint16_t)h->api_key);
    buf_put_u16(out, (uint16_t)h->api_version);
    buf_put_u32(out, (uint32_t)h->correlation_id);
    buf_put_u16(out, (uint16_t)h->client_id.n);
    buf_append_slice(out, kafka_string_slice(h->client_id));
    if (kafka_api_flexible(h->api_key, h->api_version)) varint_append_u64(out, 0);
}

static bool response_header_has_tags(int api_key, int api_version)
{
    return api_key != KAFKA_API_API_VERSIONS && kafka_api_flexible(api_key, api_version);
}

void kafka_response_header_encode(int api_key, int api_version, int32_t correlation_id, struct buf *out)
{
    buf_put_u32(out, (uint32_t)correlation_id);
    if (response_header_has_tags(api_key, api_version)) varint_append_u64(out, 0);
}

int kafka_response_header_decode(int api_key, int api_version, struct slice frame, int32_t *correlation_id,
                                 struct slice *body)
{
    struct cursor c = cursor_of(frame);
    *correlation_id = (int32_t)cursor_u32(&c);
    if (response_header_has_tags(api_key, api_version)) header_tags_skip(&c);
    *body = (struct slice){c.p, cursor_left(&c)};
    return c.error;
}

/* Fills in the size of the frame that starts at `start`, or takes the frame back. */
static int frame_finish(struct buf *out, size_t start, int err)
{
    if (err)
        out->n = start;
    else
        put_u32be(out->p + start, (uint32_t)(out->n - start - 4));
    return err;
}

int kafka_request_frame(const struct kafka_request_header *h, const void *request, struct buf *out)
{
    const struct kafka_api *api = kafka_api_find(h->api_key);
    if (!api) return ERR_UNSUPPORTED;
    size_t start = out->n;
    buf_put_u32(out, 0);
    kafka_request_header_encode(h, out);
    return frame_finish(out, start, kafka_encode(api->request, h->api_version, request, out));
}

int kafka_response_frame(int api_key, int api_version, int32_t correlation_id, const void *response, struct buf *out)
{
    const struct kafka_api *api = kafka_api_find(api_key);
    if (!api) return ERR_UNSUPPORTED;
    size_t start = out->n;
    buf_put_u32(out, 0);
    kafka_response_header_encode(api_key, api_version, correlation_id, out);
    return frame_finish(out, start, kafka_encode(api->response, api_version, response, out));
}
