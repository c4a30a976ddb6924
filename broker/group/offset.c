/* OffsetCommit and OffsetFetch: what a group has read, partition by partition.
 *
 * A commit is answered, and can be fetched, when its records are stored: GROUP_COMMIT -> GROUP_APPEND ->
 * GROUP_STORED -> GROUP_ANSWER_COMMIT. Commits of one partition take effect in the order of their appends,
 * whatever the order of the reports. */
#include <stdlib.h>
#include <string.h>

#include "broker/group/record.h"
#include "broker/group/store.h"
#include "lib/base/memory.h"

/* ---- the offsets of a group ---- */

/* topic, NUL, partition: a topic's name has no NUL, so the keys of one topic stand together when sorted. */
static struct slice offset_key(struct buf *b, struct kafka_string topic, int32_t partition)
{
    buf_reset(b);
    buf_append_slice(b, kafka_string_slice(topic));
    buf_append_byte(b, 0);
    buf_put_u32(b, (uint32_t)partition);
    return buf_slice(b);
}

static int64_t committed_bytes(const struct group_committed *o)
{
    return (int64_t)sizeof *o + o->topic.n + o->metadata.n;
}

static void committed_free(struct group *g, struct group_committed *o)
{
    g->coordinator->bytes -= committed_bytes(o);
    free((void *)o->topic.p);
    free((void *)o->metadata.p);
    free(o);
}

void group_offset_put(struct group *g, const struct group_offset *o, int64_t commit_timestamp, int64_t expire_timestamp,
                      uint64_t written)
{
    struct buf b = {0};
    struct slice key = offset_key(&b, o->topic, o->partition);
    struct group_committed *before = table_get(&g->offsets, key);
    if (!before || before->written <= written) {
        struct group_committed *put = memory_new(sizeof *put);
        *put = (struct group_committed){
            .topic = group_string_copy(o->topic),
            .partition = o->partition,
            .leader_epoch = o->leader_epoch,
            .offset = o->offset,
            .metadata = group_string_copy(o->metadata.n < 0 ? KAFKA_STRING_LIT("") : o->metadata),
            .commit_timestamp = commit_timestamp,
            .expire_timestamp = expire_timestamp,
            .written = written,
        };
        g->coordinator->bytes += committed_bytes(put);
        table_set(&g->offsets, key, put);
        if (before) committed_free(g, before);
    }
    buf_release(&b);
}

void group_offset_remove(struct group *g, struct kafka_string topic, int32_t partition, uint64_t written)
{
    struct buf b = {0};
    struct slice key = offset_key(&b, topic, partition);
    struct group_committed *o = table_get(&g->offsets, key);
    if (o && o->written <= written) {
        table_remove(&g->offsets, key);
        committed_free(g, o);
    }
    buf_release(&b);
}

bool group_offset_exists(const struct group *g, struct kafka_string topic, int32_t partition)
{
    struct buf b = {0};
    bool found = table_get(&g->offsets, offset_key(&b, topic, partition)) != NULL;
    buf_release(&b);
    return found;
}

void group_offsets_free(struct group *g)
{
    for (struct table_entry *e = table_first(&g->offsets); e; e = table_next(&g->offsets, e))
        committed_free(g, e->value);
    table_release(&g->offsets);
}

/* ---- OffsetCommit ---- */

/* Who may commit: a member, in its generation; or, while the group has no members, anybody without one (a
 * consumer that assigns by itself, an administrator). */
static int16_t commit_check(struct group *g, const struct group_commit *r, struct group_member **m)
{
    if (r->generation < 0 && g->state == GROUP_EMPTY) return KAFKA_NONE;
    if (r->generation < 0 && group_string_empty(r->member_id) && r->instance_id.n < 0) return KAFKA_UNKNOWN_MEMBER_ID;
    int16_t error = group_member_check(g, r->member_id, r->instance_id, m);
    if (error != KAFKA_NONE) return error;
#if MILLRACE_SEEDED_BUG != 10 /* for tests/sim/bites.sh: a member of an older generation may commit */
    if (r->generation != g->generation) return KAFKA_ILLEGAL_GENERATION;
#endif
    return g->state == GROUP_COMPLETING_REBALANCE ? KAFKA_REBALANCE_IN_PROGRESS : KAFKA_NONE;
}

static int16_t commit_group(struct group_coordinator *c, const struct group_event *e, struct group **g,
                            struct group_member **m)
{
    if (e->group_id.n < 0 || e->group_id.n > INT16_MAX) return KAFKA_INVALID_GROUP_ID;
    int16_t error = group_partition_check(c, e->group_id);
    if (error != KAFKA_NONE) return error;
    *g = group_find(c, e->group_id);
    if (!*g && e->commit.generation >= 0)
        return e->commit.group_named ? KAFKA_GROUP_ID_NOT_FOUND : KAFKA_ILLEGAL_GENERATION;
    if (c->bytes >= c->config.bytes_max) return KAFKA_GROUP_MAX_SIZE_REACHED;
    if (!*g) *g = group_get(c, e->group_id);
    return *g ? commit_check(*g, &e->commit, m) : KAFKA_GROUP_MAX_SIZE_REACHED;
}

void group_answer_offsets(struct group_coordinator *c, enum group_action_kind kind, uint64_t token, int16_t error,
                          const struct group_offset *offsets, int32_t count)
{
    struct group_offset *list = arena_alloc(&c->out->arena, ((size_t)count + 1) * sizeof *list);
    for (int32_t i = 0; i < count; i++) {
        list[i] = offsets[i];
        list[i].topic = group_string_out(c, offsets[i].topic);
        list[i].metadata = group_string_out(c, offsets[i].metadata);
    }
    group_action_add(c, kind, token, error)->offsets = (struct group_offsets){list, count};
}

/* Copies of the request's offsets, each with `error` or an error of its own. */
static struct group_offset *commit_offsets(const struct group_coordinator *c, const struct group_commit *r,
                                           int16_t error, struct arena *a)
{
    int32_t count = r->offset_count > 0 ? r->offset_count : 0;
    struct group_offset *list = arena_alloc(a, ((size_t)count + 1) * sizeof *list);
    for (int32_t i = 0; i < count; i++) {
        list[i] = r->offsets[i];
        struct slice topic = kafka_string_slice(r->offsets[i].topic);
        list[i].topic = (struct kafka_string){arena_copy(a, topic.p, topic.n), (int32_t)topic.n};
        if (list[i].metadata.n > 0)
            list[i].metadata.p = arena_copy(a, r->offsets[i].metadata.p, (size_t)list[i].metadata.n);
        list[i].error = error;
        if (error == KAFKA_NONE && list[i].topic.n > INT16_MAX) list[i].error = KAFKA_INVALID_TOPIC_EXCEPTION;
        if (error == KAFKA_NONE && list[i].metadata.n > c->config.offset_metadata_bytes_max)
            list[i].error = KAFKA_OFFSET_METADATA_TOO_LARGE;
    }
    return list;
}

static void commit_store(struct group *g, struct group_append_pending *p)
{
    struct arena *arena = &g->coordinator->out->arena;
    struct group_record *records = arena_alloc(arena, ((size_t)p->offset_count + 1) * sizeof *records);
    int32_t n = 0;
    for (int32_t i = 0; i < p->offset_count; i++) {
        const struct group_offset *o = &p->offsets[i];
        if (o->error != KAFKA_NONE) continue;
        records[n].key = group_record_offset_key(arena, g->id, o->topic, o->partition);
        records[n++].value = group_record_offset_value(arena, o, p->commit_timestamp, p->expire_timestamp);
    }
    if (n > 0)
        group_append_emit(p, records, n);
    else /* every partition was refused; may forget the group */
        group_stored(g->coordinator, p->token, KAFKA_NONE);
}

/* -1 for none; what would overflow is for ever. */
static int64_t expiry(const struct group_coordinator *c, int64_t retention_ms)
{
    if (retention_ms < 0) return -1;
    return retention_ms > INT64_MAX - c->now.wall_ms ? INT64_MAX : c->now.wall_ms + retention_ms;
}

void group_commit_handle(struct group_coordinator *c, const struct group_event *e)
{
    const struct group_commit *r = &e->commit;
    struct group *g = NULL;
    struct group_member *m = NULL;
    int16_t error = commit_group(c, e, &g, &m);
    if (error != KAFKA_NONE) {
        struct group_offset *list = commit_offsets(c, r, error, &c->out->arena);
        group_answer_offsets(c, GROUP_ANSWER_COMMIT, e->token, KAFKA_NONE, list,
                             r->offset_count > 0 ? r->offset_count : 0);
        return;
    }
    if (m) group_session_restart(m); /* a commit is a sign of life */
    struct group_append_pending *p = group_append_new(g, GROUP_APPEND_COMMIT);
    p->request = e->token;
    p->offset_count = r->offset_count > 0 ? r->offset_count : 0;
    p->offsets = commit_offsets(c, r, KAFKA_NONE, &p->arena);
    p->commit_timestamp = c->now.wall_ms;
    p->expire_timestamp = expiry(c, r->retention_ms);
    commit_store(g, p);
}

/* ---- OffsetFetch ---- */

static void fetched(struct group_coordinator *c, const struct group_committed *o, struct group_offset *out)
{
    *out = (struct group_offset){
        .topic = group_string_out(c, o->topic),
        .partition = o->partition,
        .offset = o->offset,
        .leader_epoch = o->leader_epoch,
        .metadata = group_string_out(c, o->metadata),
    };
}

static struct group_offsets fetch_listed(struct group_coordinator *c, const struct group *g,
                                         const struct group_fetch *f)
{
    int32_t count = f->offset_count > 0 ? f->offset_count : 0;
    struct group_offsets out = {arena_alloc(&c->out->arena, ((size_t)count + 1) * sizeof *out.offsets), count};
    struct buf b = {0};
    for (int32_t i = 0; i < count; i++) {
        const struct group_offset *asked = &f->offsets[i];
        const struct group_committed *o =
            g ? table_get(&g->offsets, offset_key(&b, asked->topic, asked->partition)) : NULL;
        if (o)
            fetched(c, o, &out.offsets[i]);
        else
            out.offsets[i] = (struct group_offset){.topic = group_string_out(c, asked->topic),
                                                   .partition = asked->partition,
                                                   .offset = -1,
                                                   .leader_epoch = -1,
                                                   .metadata = KAFKA_STRING_LIT("")};
    }
    buf_release(&b);
    return out;
}

static int entry_order(const void *a, const void *b)
{
    const struct table_entry *const *x = a, *const *y = b;
    return slice_compare((*x)->key, (*y)->key);
}

static struct group_offsets fetch_all(struct group_coordinator *c, const struct group *g)
{
    size_t count = g ? g->offsets.count : 0, n = 0;
    struct group_offsets out = {arena_alloc(&c->out->arena, (count + 1) * sizeof *out.offsets), (int32_t)count};
    if (count == 0) return out;
    struct table_entry **entries = memory_new(count * sizeof *entries);
    for (struct table_entry *e = table_first(&g->offsets); e; e = table_next(&g->offsets, e)) entries[n++] = e;
    qsort(entries, count, sizeof *entries, entry_order);
    for (size_t i = 0; i < count; i++) fetched(c, entries[i]->value, &out.offsets[i]);
    free(entries);
    return out;
}

/* A group or a partition that is not known has offset -1 and no error: clients take anything else for a failure. */
void group_fetch_handle(struct group_coordinator *c, const struct group_event *e)
{
    int16_t error = e->group_id.n < 0 ? KAFKA_INVALID_GROUP_ID : group_partition_check(c, e->group_id);
    struct group_offsets out = {NULL, 0};
    if (error == KAFKA_NONE) {
        const struct group *g = group_find(c, e->group_id);
        out = e->fetch.all ? fetch_all(c, g) : fetch_listed(c, g, &e->fetch);
    }
    group_action_add(c, GROUP_ANSWER_FETCH, e->token, error)->offsets = out;
}
