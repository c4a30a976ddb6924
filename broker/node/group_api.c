/* Group requests to events of the coordinator, its answers to responses. Here the versions of the
 * APIs end: the coordinator knows none.
 *
 *     request -> group_event (token) -> group_step -> GROUP_ANSWER_... (token) -> response
 *                                                  -> GROUP_APPEND -> append.c -> GROUP_STORED */
#include <assert.h>
#include <string.h>

#include "broker/node/node_internal.h"

uint64_t group_wait_new(struct node *n, struct request *r, int32_t group_at)
{
    struct group_wait *w = arena_alloc(&r->arena, sizeof *w);
    *w = (struct group_wait){r, group_at};
    return node_await(n, w);
}

/* --- JoinGroup --- */

static void join_begin(struct node *n, struct request *r)
{
    const struct join_group_request *in = r->body;
    struct group_protocol *protocols = arena_alloc(&r->arena, (size_t)(in->protocols_count + 1) * sizeof *protocols);
    for (int32_t i = 0; i < in->protocols_count; i++)
        protocols[i] = (struct group_protocol){in->protocols[i].name, in->protocols[i].metadata};
    const char *peer = r->connection ? r->connection->peer : "";
    struct group_event e = {
        .kind = GROUP_JOIN,
        .token = group_wait_new(n, r, 0),
        .group_id = in->group_id,
        .join =
            {
                .member_id = in->member_id,
                .instance_id = in->group_instance_id,
                .client_id = r->header.client_id.n < 0 ? KAFKA_STRING_LIT("") : r->header.client_id,
                .client_host = kafka_string_of(arena_printf(&r->arena, "/%s", peer)),
                .session_timeout_ms = in->session_timeout_ms,
                .rebalance_timeout_ms = r->header.api_version == 0 ? -1 : in->rebalance_timeout_ms,
                .protocol_type = in->protocol_type,
                .protocols = protocols,
                .protocol_count = in->protocols_count,
                .member_id_required = r->header.api_version >= 4,
                .skip_assignment_served = r->header.api_version >= 9,
            },
    };
    group_api_step(n, &e);
}

static void join_answer(struct node *n, struct request *r, const struct group_action *a)
{
    const struct group_joined *in = &a->joined;
    struct join_group_response *out = KAFKA_NEW(&r->arena, join_group_response, 1);
    out->error_code = a->error;
    out->generation_id = in->generation;
    out->protocol_type = in->protocol_type;
    out->protocol_name = in->protocol_name;
    /* Before version 7 "no protocol" is the empty string. */
    if (r->header.api_version < 7 && out->protocol_name.n < 0) out->protocol_name = KAFKA_STRING_LIT("");
    out->leader = in->leader;
    out->skip_assignment = in->skip_assignment;
    out->member_id = in->member_id;
    out->members_count = in->member_count;
    out->members = KAFKA_NEW(&r->arena, join_group_response_join_group_response_member, in->member_count);
    for (int32_t i = 0; i < in->member_count; i++) {
        out->members[i].member_id = in->members[i].member_id;
        out->members[i].group_instance_id = in->members[i].instance_id;
        out->members[i].metadata = in->members[i].metadata;
    }
    request_answer(n, r, out);
}

/* --- SyncGroup --- */

static void sync_begin(struct node *n, struct request *r)
{
    const struct sync_group_request *in = r->body;
    struct group_assignment *assignments =
        arena_alloc(&r->arena, (size_t)(in->assignments_count + 1) * sizeof *assignments);
    for (int32_t i = 0; i < in->assignments_count; i++)
        assignments[i] = (struct group_assignment){in->assignments[i].member_id, in->assignments[i].assignment};
    struct group_event e = {
        .kind = GROUP_SYNC,
        .token = group_wait_new(n, r, 0),
        .group_id = in->group_id,
        .sync =
            {
                .generation = in->generation_id,
                .member_id = in->member_id,
                .instance_id = in->group_instance_id,
                .protocol_type = in->protocol_type,
                .protocol_name = in->protocol_name,
                .assignments = assignments,
                .assignment_count = in->assignments_count,
            },
    };
    group_api_step(n, &e);
}

static void sync_answer(struct node *n, struct request *r, const struct group_action *a)
{
    struct sync_group_response *out = KAFKA_NEW(&r->arena, sync_group_response, 1);
    out->error_code = a->error;
    out->protocol_type = a->synced.protocol_type;
    out->protocol_name = a->synced.protocol_name;
    out->assignment = a->synced.assignment;
    request_answer(n, r, out);
}

/* --- Heartbeat --- */

static void heartbeat_begin(struct node *n, struct request *r)
{
    const struct heartbeat_request *in = r->body;
    struct group_event e = {
        .kind = GROUP_HEARTBEAT,
        .token = group_wait_new(n, r, 0),
        .group_id = in->group_id,
        .heartbeat = {in->generation_id, in->member_id, in->group_instance_id},
    };
    group_api_step(n, &e);
}

static void heartbeat_answer(struct node *n, struct request *r, const struct group_action *a)
{
    struct heartbeat_response *out = KAFKA_NEW(&r->arena, heartbeat_response, 1);
    out->error_code = a->error;
    request_answer(n, r, out);
}

/* --- LeaveGroup: one member before version 3 (T41) --- */

static void leave_begin(struct node *n, struct request *r)
{
    const struct leave_group_request *in = r->body;
    bool batched = r->header.api_version >= 3;
    int32_t count = batched ? in->members_count : 1;
    struct group_leaver *members = arena_alloc(&r->arena, (size_t)(count + 1) * sizeof *members);
    for (int32_t i = 0; i < count; i++)
        members[i] = batched ? (struct group_leaver){in->members[i].member_id, in->members[i].group_instance_id}
                             : (struct group_leaver){in->member_id, KAFKA_STRING_NULL};
    struct group_event e = {
        .kind = GROUP_LEAVE,
        .token = group_wait_new(n, r, 0),
        .group_id = in->group_id,
        .leave = {members, count},
    };
    group_api_step(n, &e);
}

static void leave_answer(struct node *n, struct request *r, const struct group_action *a)
{
    const struct group_left *in = &a->left;
    struct leave_group_response *out = KAFKA_NEW(&r->arena, leave_group_response, 1);
    out->error_code = a->error;
    if (r->header.api_version < 3) {
        if (a->error == KAFKA_NONE && in->member_count > 0) out->error_code = in->members[0].error;
        request_answer(n, r, out);
        return;
    }
    out->members_count = in->member_count;
    out->members = KAFKA_NEW(&r->arena, leave_group_response_member_response, in->member_count);
    for (int32_t i = 0; i < in->member_count; i++) {
        out->members[i].member_id = in->members[i].member_id;
        out->members[i].group_instance_id = in->members[i].instance_id;
        out->members[i].error_code = in->members[i].error;
    }
    request_answer(n, r, out);
}

/* --- OffsetCommit --- */

struct commit {
    struct offset_commit_response *response;
    /* The lines of partitions that exist, in the order of the event's offsets. */
    struct offset_commit_response_offset_commit_response_partition **lines;
};

static struct kafka_string metadata_text(struct kafka_string s)
{
    return s.n < 0 ? KAFKA_STRING_LIT("") : s;
}

static int32_t commit_lines(struct node *n, struct request *r, struct commit *s, struct group_offset *offsets)
{
    const struct offset_commit_request *in = r->body;
    int32_t known = 0;
    for (int32_t t = 0; t < in->topics_count; t++) {
        const struct offset_commit_request_offset_commit_request_topic *topic = &in->topics[t];
        struct offset_commit_response_offset_commit_response_topic *answer = &s->response->topics[t];
        const struct metadata_topic *there = metadata_topic_find(&n->image, kafka_string_slice(topic->name));
        answer->name = topic->name;
        answer->partitions_count = topic->partitions_count;
        answer->partitions =
            KAFKA_NEW(&r->arena, offset_commit_response_offset_commit_response_partition, topic->partitions_count);
        for (int32_t i = 0; i < topic->partitions_count; i++) {
            const struct offset_commit_request_offset_commit_request_partition *p = &topic->partitions[i];
            answer->partitions[i].partition_index = p->partition_index;
            if (!metadata_partition_find(there, p->partition_index)) {
                answer->partitions[i].error_code = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
                continue;
            }
            s->lines[known] = &answer->partitions[i];
            offsets[known++] = (struct group_offset){
                .topic = topic->name,
                .partition = p->partition_index,
                .offset = p->committed_offset,
                .leader_epoch = p->committed_leader_epoch,
                .metadata = metadata_text(p->committed_metadata),
            };
        }
    }
    return known;
}

static void commit_begin(struct node *n, struct request *r)
{
    const struct offset_commit_request *in = r->body;
    struct commit *s = arena_alloc(&r->arena, sizeof *s);
    int32_t lines = 0;
    for (int32_t t = 0; t < in->topics_count; t++) lines += in->topics[t].partitions_count;
    r->state = s;
    s->response = KAFKA_NEW(&r->arena, offset_commit_response, 1);
    s->response->topics_count = in->topics_count;
    s->response->topics = KAFKA_NEW(&r->arena, offset_commit_response_offset_commit_response_topic, in->topics_count);
    s->lines = arena_alloc(&r->arena, (size_t)(lines + 1) * sizeof(void *));
    struct group_offset *offsets = arena_alloc(&r->arena, (size_t)(lines + 1) * sizeof *offsets);
    int32_t known = commit_lines(n, r, s, offsets);
    if (known == 0) {
        request_answer(n, r, s->response);
        return;
    }
    struct group_event e = {
        .kind = GROUP_COMMIT,
        .token = group_wait_new(n, r, 0),
        .group_id = in->group_id,
        .commit =
            {
                .generation = in->generation_id_or_member_epoch,
                .member_id = in->member_id,
                .instance_id = in->group_instance_id,
                .retention_ms = in->retention_time_ms,
                .offsets = offsets,
                .offset_count = known,
                .group_named = r->header.api_version >= 9,
            },
    };
    group_api_step(n, &e);
}

static void commit_answer(struct node *n, struct request *r, const struct group_action *a)
{
    struct commit *s = r->state;
    for (int32_t i = 0; i < a->offsets.offset_count; i++) s->lines[i]->error_code = a->offsets.offsets[i].error;
    request_answer(n, r, s->response);
}

/* --- OffsetFetch: one group before version 8, a list of them from then on --- */

struct offset_fetch {
    struct offset_fetch_response *response;
    int32_t pending, lines;
};

/* The topics that a request names for one group, in one form for all versions. */
struct fetch_topics {
    bool all;
    struct group_offset *offsets;
    int32_t count;
};

static struct fetch_topics topics_of(struct request *r, int32_t group_at)
{
    const struct offset_fetch_request *in = r->body;
    bool batched = r->header.api_version >= 8;
    const struct offset_fetch_request_offset_fetch_request_group *g = batched ? &in->groups[group_at] : NULL;
    int32_t topics = batched ? g->topics_count : in->topics_count, count = 0;
    struct fetch_topics out = {.all = topics < 0};
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1) out.offsets = arena_alloc(&r->arena, (size_t)(count + 1) * sizeof *out.offsets);
        for (int32_t t = 0; t < topics; t++) {
            struct kafka_string name = batched ? g->topics[t].name : in->topics[t].name;
            const int32_t *indexes = batched ? g->topics[t].partition_indexes : in->topics[t].partition_indexes;
            int32_t n = batched ? g->topics[t].partition_indexes_count : in->topics[t].partition_indexes_count;
            if (pass == 0) count += n;
            for (int32_t i = 0; pass == 1 && i < n; i++)
                out.offsets[out.count++] = (struct group_offset){.topic = name, .partition = indexes[i]};
        }
    }
    return out;
}

static void offset_fetch_one(struct node *n, struct request *r, int32_t group_at, struct kafka_string group_id)
{
    struct fetch_topics topics = topics_of(r, group_at);
    struct group_event e = {
        .kind = GROUP_FETCH,
        .token = group_wait_new(n, r, group_at),
        .group_id = group_id,
        .fetch = {topics.all, topics.offsets, topics.count},
    };
    group_api_step(n, &e);
}

static void offset_fetch_drop(struct node *n, struct request *r)
{
    struct offset_fetch *s = r->state;
    if (--s->pending == 0) request_answer(n, r, s->response);
}

/* A few bytes that name a group can mean every offset that it has. One group is answered once, and when the answer has
 * grown large those that are left have to be asked for in another request. */
static void offset_fetch_each(struct node *n, struct request *r)
{
    const struct offset_fetch_request *in = r->body;
    struct offset_fetch *s = r->state;
    struct table seen = {0};
    for (int32_t g = 0; g < in->groups_count; g++) {
        struct kafka_string id = in->groups[g].group_id;
        if (!table_set(&seen, kafka_string_slice(id), &seen) && s->lines < KAFKA_ELEMENTS_MAX) {
            offset_fetch_one(n, r, g, id);
            continue;
        }
        s->response->groups[g].group_id = id;
        s->response->groups[g].error_code = KAFKA_INVALID_REQUEST;
        offset_fetch_drop(n, r);
    }
    table_release(&seen);
}

static void offset_fetch_begin(struct node *n, struct request *r)
{
    const struct offset_fetch_request *in = r->body;
    bool batched = r->header.api_version >= 8;
    struct offset_fetch *s = arena_alloc(&r->arena, sizeof *s);
    r->state = s;
    s->response = KAFKA_NEW(&r->arena, offset_fetch_response, 1);
    int32_t groups = batched ? in->groups_count : 1;
    s->response->groups_count = batched ? groups : 0;
    s->response->groups = KAFKA_NEW(&r->arena, offset_fetch_response_offset_fetch_response_group, groups);
    s->pending = groups + 1;
    if (!batched) offset_fetch_one(n, r, 0, in->group_id);
    if (batched) offset_fetch_each(n, r);
    offset_fetch_drop(n, r);
}

/* Offsets of one topic stand together. */
static int32_t topic_end(const struct group_offsets *o, int32_t from)
{
    int32_t end = from + 1;
    while (end < o->offset_count && kafka_string_equal(o->offsets[end].topic, o->offsets[from].topic)) end++;
    return end;
}

static int32_t topics_count(const struct group_offsets *o)
{
    int32_t topics = 0;
    for (int32_t i = 0; i < o->offset_count; i = topic_end(o, i)) topics++;
    return topics;
}

/* The names and metadata of an answer live in the coordinator's list; a response that waits for further
 * groups needs its own. */
static struct kafka_string keep(struct request *r, struct kafka_string s)
{
    if (s.n > 0) s.p = arena_copy(&r->arena, s.p, (size_t)s.n);
    return s;
}

/* Version 1 has no error of its own: each partition that was asked for carries it. */
static void offset_fetch_fail_each(struct request *r, int16_t error)
{
    const struct offset_fetch_request *in = r->body;
    struct offset_fetch_response *out = ((struct offset_fetch *)r->state)->response;
    out->topics_count = in->topics_count;
    out->topics = KAFKA_NEW(&r->arena, offset_fetch_response_offset_fetch_response_topic, in->topics_count);
    for (int32_t t = 0; t < in->topics_count; t++) {
        int32_t count = in->topics[t].partition_indexes_count;
        struct offset_fetch_response_offset_fetch_response_topic *topic = &out->topics[t];
        topic->name = in->topics[t].name;
        topic->partitions_count = count;
        topic->partitions = KAFKA_NEW(&r->arena, offset_fetch_response_offset_fetch_response_partition, count);
        for (int32_t p = 0; p < count; p++) {
            topic->partitions[p].partition_index = in->topics[t].partition_indexes[p];
            topic->partitions[p].committed_offset = -1;
            topic->partitions[p].error_code = error;
        }
    }
}

static void offset_fetch_answer_single(struct request *r, const struct group_action *a)
{
    struct offset_fetch_response *out = ((struct offset_fetch *)r->state)->response;
    const struct group_offsets *o = &a->offsets;
    int32_t topics = topics_count(o), t = 0;
    if (a->error != KAFKA_NONE && r->header.api_version < 2) {
        offset_fetch_fail_each(r, a->error);
        return;
    }
    out->error_code = a->error;
    out->topics_count = topics;
    out->topics = KAFKA_NEW(&r->arena, offset_fetch_response_offset_fetch_response_topic, topics);
    for (int32_t i = 0; i < o->offset_count; t++) {
        int32_t end = topic_end(o, i), count = end - i;
        struct offset_fetch_response_offset_fetch_response_topic *topic = &out->topics[t];
        topic->name = keep(r, o->offsets[i].topic);
        topic->partitions_count = count;
        topic->partitions = KAFKA_NEW(&r->arena, offset_fetch_response_offset_fetch_response_partition, count);
        for (int32_t p = 0; i < end; i++, p++) {
            topic->partitions[p].partition_index = o->offsets[i].partition;
            topic->partitions[p].committed_offset = o->offsets[i].offset;
            topic->partitions[p].committed_leader_epoch = o->offsets[i].leader_epoch;
            topic->partitions[p].metadata = keep(r, o->offsets[i].metadata);
            topic->partitions[p].error_code = o->offsets[i].error;
        }
    }
}

static void offset_fetch_answer_batched(struct request *r, int32_t group_at, const struct group_action *a)
{
    const struct offset_fetch_request *in = r->body;
    struct offset_fetch *s = r->state;
    struct offset_fetch_response_offset_fetch_response_group *out = &s->response->groups[group_at];
    const struct group_offsets *o = &a->offsets;
    int32_t topics = topics_count(o), t = 0;
    s->lines += o->offset_count;
    out->group_id = in->groups[group_at].group_id;
    out->error_code = a->error;
    out->topics_count = topics;
    out->topics = KAFKA_NEW(&r->arena, offset_fetch_response_offset_fetch_response_topics, topics);
    for (int32_t i = 0; i < o->offset_count; t++) {
        int32_t end = topic_end(o, i), count = end - i;
        struct offset_fetch_response_offset_fetch_response_topics *topic = &out->topics[t];
        topic->name = keep(r, o->offsets[i].topic);
        topic->partitions_count = count;
        topic->partitions = KAFKA_NEW(&r->arena, offset_fetch_response_offset_fetch_response_partitions, count);
        for (int32_t p = 0; i < end; i++, p++) {
            topic->partitions[p].partition_index = o->offsets[i].partition;
            topic->partitions[p].committed_offset = o->offsets[i].offset;
            topic->partitions[p].committed_leader_epoch = o->offsets[i].leader_epoch;
            topic->partitions[p].metadata = keep(r, o->offsets[i].metadata);
            topic->partitions[p].error_code = o->offsets[i].error;
        }
    }
}

/* --- the coordinator's actions --- */

static void answer_request(struct node *n, const struct group_action *a)
{
    struct group_wait *w = node_take_awaited(n, a->token);
    assert(w);
    struct request *r = w->request;
    switch (a->kind) {
    case GROUP_ANSWER_JOIN: join_answer(n, r, a); return;
    case GROUP_ANSWER_SYNC: sync_answer(n, r, a); return;
    case GROUP_ANSWER_HEARTBEAT: heartbeat_answer(n, r, a); return;
    case GROUP_ANSWER_LEAVE: leave_answer(n, r, a); return;
    case GROUP_ANSWER_COMMIT: commit_answer(n, r, a); return;
    case GROUP_ANSWER_FETCH:
        if (r->header.api_version >= 8)
            offset_fetch_answer_batched(r, w->group_at, a);
        else
            offset_fetch_answer_single(r, a);
        offset_fetch_drop(n, r);
        return;
    case GROUP_ANSWER_DESCRIBE:
    case GROUP_ANSWER_LIST:
    case GROUP_ANSWER_DELETE:
    case GROUP_ANSWER_DELETE_OFFSETS: group_admin_answer(n, w, a); return;
    case GROUP_APPEND:
    case GROUP_SAY: return;
    }
}

static void stored_tell(struct node *n, uint64_t token, int16_t error)
{
    struct group_event e = {.kind = GROUP_STORED, .token = token, .error = error};
    group_api_step(n, &e);
}

static void records_append(struct node *n, const struct group_action *a)
{
    struct partition *p = partition_find(n, SLICE_LIT(OFFSETS_TOPIC), a->append.partition);
    if (!p) {
        stored_tell(n, a->token, KAFKA_NOT_COORDINATOR);
        return;
    }
    struct own_record *records = arena_alloc(&n->out->arena, (size_t)(a->append.record_count + 1) * sizeof *records);
    for (int32_t i = 0; i < a->append.record_count; i++)
        records[i] = (struct own_record){a->append.records[i].key, a->append.records[i].value};
    append_own(n, p, APPEND_GROUP, records, a->append.record_count, a->token);
}

void group_api_appended(struct node *n, struct append *a)
{
    stored_tell(n, a->token, a->error);
}

/* An append can fail at once and tell the coordinator of it while the actions of this step are carried
 * out; so each step has a list of its own. */
void group_api_step(struct node *n, const struct group_event *e)
{
    struct group_actions actions = {0};
    struct group_time now = {n->now.monotonic_ns / 1000000, n->now.wall_ms};
    group_step(n->groups, now, e, &actions);
    if (actions.wake_ms == INT64_MAX)
        deadline_clear(&n->deadlines, &n->group_deadline);
    else
        deadline_set(&n->deadlines, &n->group_deadline, actions.wake_ms);
    for (int32_t i = 0; i < actions.count; i++) {
        const struct group_action *a = &actions.items[i];
        if (a->kind == GROUP_APPEND)
            records_append(n, a);
        else if (a->kind == GROUP_SAY)
            action_say(n, LOG_LEVEL_WARN, "groups: %s", a->text);
        else
            answer_request(n, a);
    }
    group_actions_release(&actions);
}

void group_api_timer(struct node *n)
{
    struct group_event e = {.kind = GROUP_TIMER};
    group_api_step(n, &e);
}

void group_api_topic_deleted(struct node *n, struct kafka_string topic)
{
    struct group_event e = {.kind = GROUP_TOPIC_DELETED, .topic = topic};
    group_api_step(n, &e);
}

/* Who waits for the others of its group, for hours perhaps, does not keep its frame: the coordinator has copied what
 * it needs, and the memory for requests is for those that are worked on. */
static void begin_without_frame(struct node *n, struct request *r, void (*begin)(struct node *n, struct request *r))
{
    struct shared *frame = r->frame;
    r->frame = NULL;
    begin(n, r);
    shared_unref(frame);
}

void group_api_begin(struct node *n, struct request *r)
{
    switch (r->api->key) {
    case KAFKA_API_JOIN_GROUP: begin_without_frame(n, r, join_begin); return;
    case KAFKA_API_SYNC_GROUP: begin_without_frame(n, r, sync_begin); return;
    case KAFKA_API_HEARTBEAT: heartbeat_begin(n, r); return;
    case KAFKA_API_LEAVE_GROUP: leave_begin(n, r); return;
    case KAFKA_API_OFFSET_COMMIT: commit_begin(n, r); return;
    case KAFKA_API_OFFSET_FETCH: offset_fetch_begin(n, r); return;
    default: assert(!"not a request of groups");
    }
}

/* --- loading at start --- */

static void load_step(struct node *n, enum group_event_kind kind, int32_t partition, const struct batch_record *r)
{
    struct group_event e = {.kind = kind, .partition = partition};
    if (r) {
        e.key = r->key;
        e.value = r->value;
    }
    group_api_step(n, &e);
}

static int batch_load(struct node *n, struct partition *p, struct slice batch, const struct batch_header *h,
                      struct buf *scratch)
{
    struct slice payload;
    struct batch_records records;
    struct batch_record record;
    buf_reset(scratch);
    if (batch_is_control(h)) return 0;
    int rc = batch_payload(batch, h, DECOMPRESSED_BYTES_MAX, scratch, &payload);
    if (rc < 0) return rc;
    batch_records_init(&records, h, payload);
    while ((rc = batch_records_next(&records, &record)) > 0) load_step(n, GROUP_LOAD_RECORD, p->index, &record);
    return rc;
}

int group_api_load(struct node *n, struct partition *p, struct disk *disk, struct err_text *error)
{
    struct log_cursor *cursor;
    struct slice batch;
    struct batch_header header;
    struct buf scratch = {0};
    int rc = log_cursor_open(p->log, disk, log_offsets(p->log)->start, &cursor);
    if (rc < 0) return err_set(error, rc, "%s: cannot read its records: %s", log_dir(p->log), err_name(rc));
    load_step(n, GROUP_LOAD_BEGIN, p->index, NULL);
    while ((rc = log_cursor_next(cursor, &batch, &header)) > 0) {
        rc = batch_load(n, p, batch, &header, &scratch);
        if (rc < 0) break;
    }
    load_step(n, GROUP_LOAD_END, p->index, NULL);
    if (log_cursor_damaged(cursor) > 0)
        action_say(
            n, LOG_LEVEL_ERROR,
            "%s: damaged at %d places: commits that were stored there are lost, their groups stand at older ones",
            log_dir(p->log), log_cursor_damaged(cursor));
    log_cursor_close(cursor);
    buf_release(&scratch);
    if (rc < 0) err_set(error, rc, "%s: cannot read its records: %s", log_dir(p->log), err_name(rc));
    return rc;
}

void group_api_load_empty(struct node *n, int32_t partition)
{
    load_step(n, GROUP_LOAD_BEGIN, partition, NULL);
    load_step(n, GROUP_LOAD_END, partition, NULL);
}
