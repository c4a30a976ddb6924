/* DescribeGroups, ListGroups, DeleteGroups, OffsetDelete: requests to events of the coordinator, and back. */
#include <assert.h>
#include <strings.h>

#include "broker/node/node_internal.h"

/* --- DescribeGroups --- */

/* What nobody is forbidden: READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS, by the numbers of Kafka's
 * AclOperation. There is no authorizer. */
enum { GROUP_OPERATIONS = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11 };

static void describe_begin(struct node *n, struct request *r)
{
    const struct describe_groups_request *in = r->body;
    struct group_event e = {
        .kind = GROUP_DESCRIBE,
        .token = group_wait_new(n, r, 0),
        .describe = {in->groups, in->groups_count},
    };
    group_api_step(n, &e);
}

static void members_fill(struct request *r, const struct group_described *in,
                         struct describe_groups_response_described_group *out)
{
    out->members_count = in->member_count;
    out->members = KAFKA_NEW(&r->arena, describe_groups_response_described_group_member, in->member_count);
    for (int32_t i = 0; i < in->member_count; i++) {
        out->members[i].member_id = in->members[i].member_id;
        out->members[i].group_instance_id = in->members[i].instance_id;
        out->members[i].client_id = in->members[i].client_id;
        out->members[i].client_host = in->members[i].client_host;
        out->members[i].member_metadata = in->members[i].metadata;
        out->members[i].member_assignment = in->members[i].assignment;
    }
}

static void describe_answer(struct node *n, struct request *r, const struct group_descriptions *in)
{
    const struct describe_groups_request *asked = r->body;
    struct describe_groups_response *out = KAFKA_NEW(&r->arena, describe_groups_response, 1);
    out->groups_count = in->group_count;
    out->groups = KAFKA_NEW(&r->arena, describe_groups_response_described_group, in->group_count);
    for (int32_t i = 0; i < in->group_count; i++) {
        const struct group_described *g = &in->groups[i];
        struct describe_groups_response_described_group *line = &out->groups[i];
        line->error_code = g->error;
        line->group_id = g->group_id;
        line->group_state = g->state;
        line->protocol_type = g->protocol_type;
        line->protocol_data = g->protocol_name;
        members_fill(r, g, line);
        if (asked->include_authorized_operations && g->error == KAFKA_NONE)
            line->authorized_operations = GROUP_OPERATIONS;
    }
    request_answer(n, r, out);
}

/* --- ListGroups --- */

static void list_begin(struct node *n, struct request *r)
{
    struct group_event e = {.kind = GROUP_LIST, .token = group_wait_new(n, r, 0)};
    group_api_step(n, &e);
}

static bool word_equal(struct kafka_string a, struct kafka_string b)
{
    return a.n == b.n && strncasecmp(a.p, b.p, (size_t)a.n) == 0;
}

/* Words that a filter may have: there are five states and two types, and each group is held against each word. */
enum { FILTER_WORDS_MAX = 64 };

/* An empty filter lets everything pass; case does not matter. */
static bool filter_passes(const struct kafka_string *filter, int32_t count, struct kafka_string word)
{
    for (int32_t i = 0; i < count; i++)
        if (word_equal(filter[i], word)) return true;
    return count <= 0;
}

static void list_answer(struct node *n, struct request *r, int16_t error, const struct group_descriptions *in)
{
    static const struct kafka_string classic = {"classic", 7};
    const struct list_groups_request *asked = r->body;
    struct list_groups_response *out = KAFKA_NEW(&r->arena, list_groups_response, 1);
    out->error_code = error;
    if (asked->states_filter_count > FILTER_WORDS_MAX || asked->types_filter_count > FILTER_WORDS_MAX) {
        out->error_code = KAFKA_INVALID_REQUEST;
        request_answer(n, r, out);
        return;
    }
    out->groups = KAFKA_NEW(&r->arena, list_groups_response_listed_group, in->group_count);
    bool type_passes = filter_passes(asked->types_filter, asked->types_filter_count, classic);
    for (int32_t i = 0; type_passes && i < in->group_count; i++) {
        const struct group_described *g = &in->groups[i];
        if (!filter_passes(asked->states_filter, asked->states_filter_count, g->state)) continue;
        struct list_groups_response_listed_group *line = &out->groups[out->groups_count++];
        line->group_id = g->group_id;
        line->protocol_type = g->protocol_type;
        line->group_state = g->state;
        line->group_type = classic;
    }
    request_answer(n, r, out);
}

/* --- DeleteGroups: a group named twice is deleted once --- */

struct delete_groups {
    struct delete_groups_response *response;
    int32_t pending; /* groups without an outcome, and one while they are being asked for */
};

static void delete_drop(struct node *n, struct request *r)
{
    struct delete_groups *s = r->state;
    if (--s->pending == 0) request_answer(n, r, s->response);
}

static void delete_lines(struct request *r, struct delete_groups *s)
{
    const struct delete_groups_request *in = r->body;
    struct table seen = {0};
    s->response->results = KAFKA_NEW(&r->arena, delete_groups_response_deletable_group_result, in->groups_names_count);
    for (int32_t i = 0; i < in->groups_names_count; i++)
        if (!table_set(&seen, kafka_string_slice(in->groups_names[i]), s))
            s->response->results[s->response->results_count++].group_id = in->groups_names[i];
    table_release(&seen);
}

static void delete_begin(struct node *n, struct request *r)
{
    struct delete_groups *s = arena_alloc(&r->arena, sizeof *s);
    r->state = s;
    s->response = KAFKA_NEW(&r->arena, delete_groups_response, 1);
    delete_lines(r, s);
    s->pending = s->response->results_count + 1;
    for (int32_t i = 0; i < s->response->results_count; i++) {
        struct group_event e = {
            .kind = GROUP_DELETE,
            .token = group_wait_new(n, r, i),
            .group_id = s->response->results[i].group_id,
        };
        group_api_step(n, &e);
    }
    delete_drop(n, r);
}

static void delete_answer(struct node *n, struct request *r, int32_t at, int16_t error)
{
    struct delete_groups *s = r->state;
    s->response->results[at].error_code = error;
    delete_drop(n, r);
}

/* --- OffsetDelete --- */

struct delete_offsets {
    struct offset_delete_response *response;
    /* The lines of partitions that exist, in the order of the event's offsets. */
    struct offset_delete_response_offset_delete_response_partition **lines;
};

static int32_t offset_lines(struct node *n, struct request *r, struct delete_offsets *s, struct group_offset *offsets)
{
    const struct offset_delete_request *in = r->body;
    int32_t known = 0;
    for (int32_t t = 0; t < in->topics_count; t++) {
        const struct offset_delete_request_offset_delete_request_topic *topic = &in->topics[t];
        struct offset_delete_response_offset_delete_response_topic *answer = &s->response->topics[t];
        const struct metadata_topic *there = metadata_topic_find(&n->image, kafka_string_slice(topic->name));
        answer->name = topic->name;
        answer->partitions_count = topic->partitions_count;
        answer->partitions =
            KAFKA_NEW(&r->arena, offset_delete_response_offset_delete_response_partition, topic->partitions_count);
        for (int32_t i = 0; i < topic->partitions_count; i++) {
            answer->partitions[i].partition_index = topic->partitions[i].partition_index;
            if (!metadata_partition_find(there, topic->partitions[i].partition_index)) {
                answer->partitions[i].error_code = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
                continue;
            }
            s->lines[known] = &answer->partitions[i];
            offsets[known++] =
                (struct group_offset){.topic = topic->name, .partition = topic->partitions[i].partition_index};
        }
    }
    return known;
}

static void offsets_begin(struct node *n, struct request *r)
{
    const struct offset_delete_request *in = r->body;
    struct delete_offsets *s = arena_alloc(&r->arena, sizeof *s);
    int32_t lines = 0;
    for (int32_t t = 0; t < in->topics_count; t++) lines += in->topics[t].partitions_count;
    r->state = s;
    s->response = KAFKA_NEW(&r->arena, offset_delete_response, 1);
    s->response->topics_count = in->topics_count;
    s->response->topics = KAFKA_NEW(&r->arena, offset_delete_response_offset_delete_response_topic, in->topics_count);
    s->lines = arena_alloc(&r->arena, (size_t)(lines + 1) * sizeof(void *));
    struct group_offset *offsets = arena_alloc(&r->arena, (size_t)(lines + 1) * sizeof *offsets);
    int32_t known = offset_lines(n, r, s, offsets);
    if (known == 0) {
        request_answer(n, r, s->response);
        return;
    }
    struct group_event e = {
        .kind = GROUP_DELETE_OFFSETS,
        .token = group_wait_new(n, r, 0),
        .group_id = in->group_id,
        .delete_offsets = {.offsets = offsets, .offset_count = known},
    };
    group_api_step(n, &e);
}

/* An error of the whole stands alone. */
static void offsets_answer(struct node *n, struct request *r, const struct group_action *a)
{
    struct delete_offsets *s = r->state;
    s->response->error_code = a->error;
    if (a->error != KAFKA_NONE) s->response->topics_count = 0;
    for (int32_t i = 0; a->error == KAFKA_NONE && i < a->offsets.offset_count; i++)
        s->lines[i]->error_code = a->offsets.offsets[i].error;
    request_answer(n, r, s->response);
}

/* --- both ways --- */

void group_admin_begin(struct node *n, struct request *r)
{
    switch (r->api->key) {
    case KAFKA_API_DESCRIBE_GROUPS: describe_begin(n, r); return;
    case KAFKA_API_LIST_GROUPS: list_begin(n, r); return;
    case KAFKA_API_DELETE_GROUPS: delete_begin(n, r); return;
    case KAFKA_API_OFFSET_DELETE: offsets_begin(n, r); return;
    default: assert(!"not a request of an administrator of groups");
    }
}

void group_admin_answer(struct node *n, const struct group_wait *w, const struct group_action *a)
{
    struct request *r = w->request;
    switch (a->kind) {
    case GROUP_ANSWER_DESCRIBE: describe_answer(n, r, &a->descriptions); return;
    case GROUP_ANSWER_LIST: list_answer(n, r, a->error, &a->descriptions); return;
    case GROUP_ANSWER_DELETE: delete_answer(n, r, w->group_at, a->error); return;
    case GROUP_ANSWER_DELETE_OFFSETS: offsets_answer(n, r, a); return;
    default: assert(!"not an answer to an administrator of groups");
    }
}
