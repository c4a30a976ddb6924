/* Which part works on which request; ApiVersions, which is answered on the spot. */
#include "broker/node/node_internal.h"

/* --- ApiVersions --- */

static void api_versions_fill(struct request *r, struct api_versions_response *out)
{
    out->api_keys = KAFKA_NEW(&r->arena, api_versions_response_api_version, kafka_apis_count);
    out->api_keys_count = kafka_apis_count;
    for (int i = 0; i < kafka_apis_count; i++) {
        out->api_keys[i].api_key = kafka_apis[i].key;
        out->api_keys[i].min_version = kafka_apis[i].min;
        out->api_keys[i].max_version = kafka_apis[i].max;
    }
}

/* T1: the body is not looked at; the answer is that of version 0 and names one API, so that the client
 * asks again in a version that both know. */
void api_versions_unknown(struct node *n, struct request *r)
{
    struct api_versions_response *out = KAFKA_NEW(&r->arena, api_versions_response, 1);
    out->error_code = KAFKA_UNSUPPORTED_VERSION;
    out->api_keys = KAFKA_NEW(&r->arena, api_versions_response_api_version, 1);
    out->api_keys_count = 1;
    out->api_keys[0].api_key = r->api->key;
    out->api_keys[0].min_version = r->api->min;
    out->api_keys[0].max_version = r->api->max;
    r->header.api_version = 0;
    request_answer(n, r, out);
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* T16: [a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])? */
static bool software_is_valid(struct kafka_string s)
{
    if (s.n < 1 || !is_word(s.p[0]) || !is_word(s.p[s.n - 1])) return false;
    for (int32_t i = 0; i < s.n; i++)
        if (!is_word(s.p[i]) && s.p[i] != '-' && s.p[i] != '.') return false;
    return true;
}

static void api_versions_begin(struct node *n, struct request *r)
{
    const struct api_versions_request *in = r->body;
    struct api_versions_response *out = KAFKA_NEW(&r->arena, api_versions_response, 1);
    bool named = r->header.api_version >= 3;
    if (named && (!software_is_valid(in->client_software_name) || !software_is_valid(in->client_software_version)))
        out->error_code = KAFKA_INVALID_REQUEST;
    else
        api_versions_fill(r, out);
    request_answer(n, r, out);
}

/* --- the table --- */

void dispatch(struct node *n, struct request *r)
{
    switch ((enum kafka_api_key)r->api->key) {
    case KAFKA_API_PRODUCE: produce_begin(n, r); return;
    case KAFKA_API_FETCH: fetch_begin(n, r); return;
    case KAFKA_API_LIST_OFFSETS: list_offsets_begin(n, r); return;
    case KAFKA_API_OFFSET_FOR_LEADER_EPOCH: leader_epochs_begin(n, r); return;
    case KAFKA_API_DELETE_RECORDS: delete_records_begin(n, r); return;
    case KAFKA_API_METADATA: metadata_begin(n, r); return;
    case KAFKA_API_FIND_COORDINATOR: find_coordinator_begin(n, r); return;
    case KAFKA_API_OFFSET_COMMIT:
    case KAFKA_API_OFFSET_FETCH:
    case KAFKA_API_JOIN_GROUP:
    case KAFKA_API_HEARTBEAT:
    case KAFKA_API_LEAVE_GROUP:
    case KAFKA_API_SYNC_GROUP: group_api_begin(n, r); return;
    case KAFKA_API_DESCRIBE_GROUPS:
    case KAFKA_API_LIST_GROUPS:
    case KAFKA_API_DELETE_GROUPS:
    case KAFKA_API_OFFSET_DELETE: group_admin_begin(n, r); return;
    case KAFKA_API_API_VERSIONS: api_versions_begin(n, r); return;
    case KAFKA_API_CREATE_TOPICS: create_topics_begin(n, r); return;
    case KAFKA_API_DELETE_TOPICS: delete_topics_begin(n, r); return;
    case KAFKA_API_INIT_PRODUCER_ID: init_producer_id_begin(n, r); return;
    case KAFKA_API_DESCRIBE_CONFIGS: describe_configs_begin(n, r); return;
    case KAFKA_API_ALTER_CONFIGS:
    case KAFKA_API_INCREMENTAL_ALTER_CONFIGS: alter_configs_begin(n, r); return;
    case KAFKA_API_CREATE_PARTITIONS: create_partitions_begin(n, r); return;
    case KAFKA_API_DESCRIBE_CLUSTER: describe_cluster_begin(n, r); return;
    }
    request_refuse(n, r, "an API that is described but not served");
}
