/* One step: an event is handed to its part, deadlines that have come are acted on, answers are collected. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/group/store.h"
#include "lib/base/memory.h"

/* ---- configuration ---- */

struct group_config group_config_default(void)
{
    return (struct group_config){
        .partition_count = 50,
        .session_timeout_min_ms = 6000,
        .session_timeout_max_ms = 1800000,
        .initial_rebalance_delay_ms = 3000,
        .group_size_max = INT32_MAX,
        .offsets_retention_ms = (int64_t)7 * 24 * 3600 * 1000,
        .retention_check_ms = 600000,
        .offset_metadata_bytes_max = 4096,
        .group_count_max = 100000,
        .member_count_max = 100000,
        .bytes_max = (int64_t)512 << 20,
        .protocol_count_max = 100,
        .member_bytes_max = 4 << 20,
    };
}

/* The next code point of UTF-8 text as String.hashCode sees it: one or two UTF-16 units. Bytes that are not
 * UTF-8 count as U+FFFD each, which is what Java makes of them. */
static uint32_t utf8_next(const uint8_t *p, int32_t n, int32_t *used)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    int length = p[0] < 0x80 ? 1 : p[0] >= 0xf0 && p[0] < 0xf8 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc0 ? 2 : 0;
    *used = 1;
    if (length == 1) return p[0];
    if (length == 0 || length > n || p[0] >= 0xf8) return 0xfffd;
    uint32_t c = p[0] & (0x7fu >> length);
    for (int i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80) return 0xfffd;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return 0xfffd;
    *used = length;
    return c;
}

int32_t group_partition_of(struct kafka_string group_id, int32_t partition_count)
{
    uint32_t hash = 0;
    for (int32_t i = 0, used; i < group_id.n; i += used) {
        uint32_t c = utf8_next((const uint8_t *)group_id.p + i, group_id.n - i, &used);
        if (c >= 0x10000) {
            hash = hash * 31 + (0xd800 + ((c - 0x10000) >> 10));
            c = 0xdc00 + ((c - 0x10000) & 0x3ff);
        }
        hash = hash * 31 + c;
    }
    int32_t h = (int32_t)hash;
    return (h == INT32_MIN ? 0 : abs(h)) % partition_count;
}

/* ---- life ---- */

struct group_coordinator *group_coordinator_new(const struct group_config *config, uint64_t seed)
{
    struct group_coordinator *c = memory_new(sizeof *c);
    c->config = *config;
    random_seed(&c->random, seed);
    c->partitions = memory_new((size_t)config->partition_count * sizeof *c->partitions);
    c->retention = (struct deadline){.kind = DEADLINE_RETENTION, .owner = c};
    return c;
}

void group_coordinator_free(struct group_coordinator *c)
{
    if (!c) return;
    group_appends_free(c);
    for (struct table_entry *e = table_first(&c->groups); e; e = table_next(&c->groups, e)) group_free(e->value);
    assert(c->member_count == 0 && c->bytes == 0);
    table_release(&c->groups);
    deadlines_release(&c->deadlines);
    free(c->partitions);
    free(c);
}

int16_t group_partition_check(const struct group_coordinator *c, struct kafka_string group_id)
{
    switch (c->partitions[group_partition_of(group_id, c->config.partition_count)]) {
    case GROUP_PARTITION_LOADED: return KAFKA_NONE;
    case GROUP_PARTITION_LOADING: return KAFKA_COORDINATOR_LOAD_IN_PROGRESS;
    default: return KAFKA_NOT_COORDINATOR;
    }
}

/* ---- actions ---- */

struct group_action *group_action_add(struct group_coordinator *c, enum group_action_kind kind, uint64_t token,
                                      int16_t error)
{
    struct group_actions *out = c->out;
    if (out->count == out->capacity) {
        out->capacity = out->capacity ? 2 * out->capacity : 16;
        out->items = memory_grow(out->items, (size_t)out->capacity, sizeof *out->items);
    }
    struct group_action *a = &out->items[out->count++];
    memset(a, 0, sizeof *a);
    a->kind = kind;
    a->token = token;
    a->error = error;
    return a;
}

void group_say(struct group_coordinator *c, const char *format, ...)
{
    char line[512];
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    group_action_add(c, GROUP_SAY, 0, KAFKA_NONE)->text = arena_str(&c->out->arena, slice_str(line));
}

void group_actions_reset(struct group_actions *a)
{
    a->count = 0;
    arena_reset(&a->arena);
}

void group_actions_release(struct group_actions *a)
{
    free(a->items);
    arena_release(&a->arena);
    *a = (struct group_actions){0};
}

/* ---- answers to members ---- */

void group_answer_join_error(struct group_coordinator *c, uint64_t token, struct kafka_string member_id, int16_t error)
{
    group_action_add(c, GROUP_ANSWER_JOIN, token, error)->joined = (struct group_joined){
        .generation = -1,
        .protocol_type = KAFKA_STRING_NULL,
        .protocol_name = KAFKA_STRING_NULL,
        .leader = KAFKA_STRING_LIT(""),
        .member_id = member_id.n < 0 ? KAFKA_STRING_LIT("") : group_string_out(c, member_id),
    };
}

static struct group_joined_member *joined_members(const struct group *g)
{
    struct group_coordinator *c = g->coordinator;
    struct group_joined_member *list = arena_alloc(&c->out->arena, ((size_t)group_member_count(g) + 1) * sizeof *list);
    int32_t n = 0;
    for (struct table_entry *e = table_first(&g->members); e; e = table_next(&g->members, e)) {
        const struct group_member *m = e->value;
        list[n++] = (struct group_joined_member){
            .member_id = group_string_out(c, m->id),
            .instance_id = group_string_out(c, m->instance_id),
            .metadata = group_bytes_out(c, group_member_metadata(m, g->protocol_name)),
        };
    }
    return list;
}

void group_answer_join(struct group_member *m, uint64_t token, struct kafka_string leader, bool with_members,
                       bool skip_assignment)
{
    struct group *g = m->group;
    struct group_coordinator *c = g->coordinator;
    struct group_joined joined = {
        .generation = g->generation,
        .protocol_type = group_string_out(c, g->protocol_type),
        .protocol_name = group_string_out(c, g->protocol_name),
        .leader = group_string_out(c, leader),
        .member_id = group_string_out(c, m->id),
        .skip_assignment = skip_assignment,
        .members = with_members ? joined_members(g) : NULL,
        .member_count = with_members ? group_member_count(g) : 0,
    };
    group_action_add(c, GROUP_ANSWER_JOIN, token, KAFKA_NONE)->joined = joined;
}

void group_answer_sync(struct group_coordinator *c, const struct group_member *m, uint64_t token, int16_t error)
{
    bool ok = error == KAFKA_NONE;
    struct group_synced synced = {
        .protocol_type = ok ? group_string_out(c, m->group->protocol_type) : KAFKA_STRING_NULL,
        .protocol_name = ok ? group_string_out(c, m->group->protocol_name) : KAFKA_STRING_NULL,
        .assignment = ok ? group_bytes_out(c, m->assignment) : (struct kafka_bytes){NULL, 0},
    };
    group_action_add(c, GROUP_ANSWER_SYNC, token, error)->synced = synced;
}

void group_member_join_fail(struct group_member *m, int16_t error)
{
    if (!m->awaiting_join) return;
    group_member_awaiting_join_set(m, false);
    /* Whose id is not good any more is told to join as a newcomer. */
    struct kafka_string id = error == KAFKA_UNKNOWN_MEMBER_ID ? KAFKA_STRING_LIT("") : m->id;
    group_answer_join_error(m->group->coordinator, m->join_token, id, error);
}

void group_member_sync_done(struct group_member *m, int16_t error)
{
    if (!m->awaiting_sync) return;
    m->awaiting_sync = false;
    group_session_restart(m);
    group_answer_sync(m->group->coordinator, m, m->sync_token, error);
}

/* ---- the step ---- */

/* Deadlines set while others are acted on lie in the future, so this ends. */
static void deadlines_act(struct group_coordinator *c)
{
    struct deadline *d;
    while ((d = deadlines_due(&c->deadlines, c->now.monotonic_ms)) != NULL) {
        switch ((enum deadline_kind)d->kind) {
        case DEADLINE_SESSION: group_session_expired(d->owner); break;
        case DEADLINE_JOIN: group_join_expired(d->owner); break;
        case DEADLINE_SYNC: group_sync_expired(d->owner); break;
        case DEADLINE_RETENTION:
            group_retention_check(c);
            deadline_set(&c->deadlines, &c->retention, c->now.monotonic_ms + c->config.retention_check_ms);
            break;
        }
    }
}

static void event_act(struct group_coordinator *c, const struct group_event *e)
{
    switch (e->kind) {
    case GROUP_JOIN: group_join_handle(c, e); break;
    case GROUP_SYNC: group_sync_handle(c, e); break;
    case GROUP_HEARTBEAT: group_heartbeat_handle(c, e); break;
    case GROUP_LEAVE: group_leave_handle(c, e); break;
    case GROUP_COMMIT: group_commit_handle(c, e); break;
    case GROUP_FETCH: group_fetch_handle(c, e); break;
    case GROUP_DESCRIBE: group_describe_handle(c, e); break;
    case GROUP_LIST: group_list_handle(c, e); break;
    case GROUP_DELETE: group_delete_handle(c, e); break;
    case GROUP_DELETE_OFFSETS: group_delete_offsets_handle(c, e); break;
    case GROUP_STORED: group_stored(c, e->token, e->error); break;
    case GROUP_TIMER: deadlines_act(c); break;
    case GROUP_TOPIC_DELETED: group_topic_deleted(c, e->topic); break;
    case GROUP_LOAD_BEGIN: group_load_begin(c, e->partition); break;
    case GROUP_LOAD_RECORD: group_load_record(c, e); break;
    case GROUP_LOAD_END: group_load_end(c, e->partition); break;
    }
}

void group_step(struct group_coordinator *c, struct group_time now, const struct group_event *e,
                struct group_actions *out)
{
    c->now = now;
    c->out = out;
    event_act(c, e);
    out->wake_ms = deadlines_next(&c->deadlines);
    c->out = NULL;
}
