#include "broker/group/world_test.h"

#include <stdlib.h>
#include <string.h>

#include "broker/group/record.h"
#include "lib/base/memory.h"
#include "tests/unit.h"

struct kafka_string str(const char *s)
{
    return kafka_string_of(s);
}

struct kafka_bytes bytes(const char *s)
{
    return s ? (struct kafka_bytes){(const uint8_t *)s, (int32_t)strlen(s)} : KAFKA_BYTES_NULL;
}

void world_init(struct world *w, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    w->config = group_config_default();
    w->seed = seed;
    w->now = (struct group_time){1000, 1700000000000};
    w->c = group_coordinator_new(&w->config, seed);
}

static void record_free(struct world_record *r)
{
    free((void *)r->key.p);
    free((void *)r->value.p);
}

static void pending_drop(struct world *w)
{
    for (int32_t i = 0; i < w->pending_count; i++) {
        for (int32_t k = 0; k < w->pending[i].count; k++) record_free(&w->pending[i].records[k]);
        free(w->pending[i].records);
    }
    w->pending_count = 0;
}

static void table_free_values(struct table *t)
{
    for (struct table_entry *e = table_first(t); e; e = table_next(t, e)) free(e->value);
    table_release(t);
}

void world_release(struct world *w)
{
    group_coordinator_free(w->c);
    group_actions_release(&w->actions);
    pending_drop(w);
    for (int32_t i = 0; i < w->log_count; i++) record_free(&w->log[i]);
    free(w->pending);
    free(w->log);
    buf_release(&w->text);
    table_free_values(&w->labels);
    table_free_values(&w->names);
    table_free_values(&w->by_name);
}

/* ---- what is seen, as text ---- */

static void name_learn(struct world *w, struct kafka_string id)
{
    if (id.n <= 0 || table_get(&w->names, kafka_string_slice(id))) return;
    char name[16];
    snprintf(name, sizeof name, "m%u", w->names.count + 1);
    table_set(&w->names, kafka_string_slice(id), memory_str(name));
    table_set_str(&w->by_name, name, memory_copy(id.p, (size_t)id.n));
}

struct kafka_string world_member_id(const struct world *w, struct kafka_string name)
{
    const char *id = name.n > 0 ? table_get(&w->by_name, kafka_string_slice(name)) : NULL;
    return id ? kafka_string_of(id) : name;
}

static const char *name_of(struct world *w, struct kafka_string id)
{
    static char text[4][64];
    static int turn;
    const char *name = id.n > 0 ? table_get(&w->names, kafka_string_slice(id)) : NULL;
    if (name) return name;
    char *out = text[turn++ % 4];
    snprintf(out, 64, "%.*s", id.n <= 0 ? 1 : id.n, id.n <= 0 ? "-" : id.p);
    return out;
}

static const char *label_of(struct world *w, uint64_t token)
{
    const char *label = table_get(&w->labels, slice_of(&token, sizeof token));
    return label ? label : "?";
}

static void put_string(struct buf *b, struct kafka_string s)
{
    if (s.n < 0)
        buf_append_str(b, "null");
    else
        buf_printf(b, "\"%.*s\"", s.n, s.p);
}

static void put_bytes(struct buf *b, struct kafka_bytes v)
{
    put_string(b, (struct kafka_string){(const char *)v.p, v.n});
}

static void put_member_value(struct world *w, struct buf *b, const struct group_metadata_value *v)
{
    for (int32_t i = 0; i < v->members_count; i++) name_learn(w, v->members[i].member_id);
    buf_printf(b, "generation %d type ", v->generation);
    put_string(b, v->protocol_type);
    buf_append_str(b, " protocol ");
    put_string(b, v->protocol);
    buf_printf(b, " leader %s", name_of(w, v->leader));
    for (int32_t i = 0; i < v->members_count; i++) {
        buf_printf(b, " %s ", name_of(w, v->members[i].member_id));
        if (v->members[i].group_instance_id.n >= 0)
            buf_printf(b, "instance %.*s ", v->members[i].group_instance_id.n, v->members[i].group_instance_id.p);
        put_bytes(b, v->members[i].subscription);
        buf_append_str(b, "=");
        put_bytes(b, v->members[i].assignment);
    }
}

static void put_record(struct world *w, struct buf *b, const struct group_record *r)
{
    struct arena a = {0};
    struct group_record_decoded d;
    int err = group_record_decode(r->key, r->value, &a, &d);
    if (err != 0 || d.kind == GROUP_RECORD_OTHER) {
        buf_printf(b, "?");
    } else if (d.kind == GROUP_RECORD_OFFSET) {
        buf_printf(b, "offset of %.*s in %.*s-%d: ", d.offset_key.group.n, d.offset_key.group.p, d.offset_key.topic.n,
                   d.offset_key.topic.p, d.offset_key.partition);
        if (!d.tombstone) {
            buf_printf(b, "%lld ", (long long)d.offset.offset);
            put_string(b, d.offset.metadata);
        }
    } else {
        buf_printf(b, "group %.*s: ", d.group_key.group.n, d.group_key.group.p);
        if (!d.tombstone) put_member_value(w, b, &d.group);
    }
    if (err == 0 && d.tombstone) buf_append_str(b, "tombstone");
    buf_append_str(b, "\n");
    arena_release(&a);
}

static void put_joined(struct world *w, struct buf *b, const struct group_action *a)
{
    const struct group_joined *j = &a->joined;
    if (a->error != KAFKA_NONE) {
        buf_printf(b, " me %s\n", name_of(w, j->member_id));
        return;
    }
    buf_printf(b, " generation %d ", j->generation);
    put_string(b, j->protocol_name);
    buf_printf(b, " leader %s me %s%s", name_of(w, j->leader), name_of(w, j->member_id),
               j->skip_assignment ? " skip assignment" : "");
    for (int32_t i = 0; i < j->member_count; i++) {
        buf_printf(b, "%s%s=", i ? " " : " members ", name_of(w, j->members[i].member_id));
        put_bytes(b, j->members[i].metadata);
    }
    buf_append_str(b, "\n");
}

static void put_offsets(struct buf *b, const struct group_offsets *o)
{
    for (int32_t i = 0; i < o->offset_count; i++) {
        const struct group_offset *p = &o->offsets[i];
        buf_printf(b, " %.*s-%d", p->topic.n, p->topic.p, p->partition);
        if (p->error != KAFKA_NONE) {
            buf_printf(b, " %s", kafka_error_name(p->error));
            continue;
        }
        buf_printf(b, "=%lld ", (long long)p->offset);
        put_string(b, p->metadata);
    }
    buf_append_str(b, "\n");
}

static void put_left(struct world *w, struct buf *b, const struct group_left *l)
{
    for (int32_t i = 0; i < l->member_count; i++) {
        const struct group_left_member *m = &l->members[i];
        buf_printf(b, " %s %s", name_of(w, m->member_id.n > 0 ? m->member_id : m->instance_id),
                   kafka_error_name(m->error));
    }
    buf_append_str(b, "\n");
}

/* "g=Stable consumer range m1(c@/host)="meta"/"assignment"", a group a line */
static void put_descriptions(struct world *w, struct buf *b, const struct group_descriptions *d)
{
    for (int32_t i = 0; i < d->group_count; i++) {
        const struct group_described *g = &d->groups[i];
        buf_printf(b, " %.*s=%s", g->group_id.n, g->group_id.p, g->error ? kafka_error_name(g->error) : "");
        buf_append_slice(b, kafka_string_slice(g->state));
        if (g->protocol_type.n > 0) buf_printf(b, " %.*s", g->protocol_type.n, g->protocol_type.p);
        if (g->protocol_name.n > 0) buf_printf(b, " %.*s", g->protocol_name.n, g->protocol_name.p);
        for (int32_t k = 0; k < g->member_count; k++) {
            const struct group_described_member *m = &g->members[k];
            buf_printf(b, " %s(%.*s@%.*s)=", name_of(w, m->member_id), m->client_id.n, m->client_id.p, m->client_host.n,
                       m->client_host.p);
            put_bytes(b, m->metadata);
            buf_append_str(b, "/");
            put_bytes(b, m->assignment);
            if (m->instance_id.n >= 0) buf_printf(b, " static %.*s", m->instance_id.n, m->instance_id.p);
        }
    }
    buf_append_str(b, "\n");
}

static void put_deleted(struct buf *b, const struct group_offsets *o)
{
    for (int32_t i = 0; i < o->offset_count; i++)
        buf_printf(b, " %.*s-%d %s", o->offsets[i].topic.n, o->offsets[i].topic.p, o->offsets[i].partition,
                   kafka_error_name(o->offsets[i].error));
    buf_append_str(b, "\n");
}

static void action_show(struct world *w, const struct group_action *a)
{
    static const char *const kinds[] = {"joined",  "synced",    "heartbeat", "left",    "committed",
                                        "fetched", "described", "listed",    "deleted", "deleted-offsets"};
    struct buf *b = &w->text;
    if (a->kind == GROUP_SAY) {
        buf_printf(b, "say %s\n", a->text);
        return;
    }
    if (a->kind == GROUP_APPEND) {
        for (int32_t i = 0; i < a->append.record_count; i++) {
            buf_printf(b, "%s ", i ? "      " : "append");
            put_record(w, b, &a->append.records[i]);
        }
        return;
    }
    buf_printf(b, "%s %s", label_of(w, a->token), kinds[a->kind]);
    if (a->error != KAFKA_NONE) buf_printf(b, " %s", kafka_error_name(a->error));
    switch (a->kind) {
    case GROUP_ANSWER_JOIN: put_joined(w, b, a); break;
    case GROUP_ANSWER_SYNC:
        buf_append_str(b, " ");
        put_bytes(b, a->synced.assignment);
        buf_append_str(b, "\n");
        break;
    case GROUP_ANSWER_LEAVE: put_left(w, b, &a->left); break;
    case GROUP_ANSWER_COMMIT:
    case GROUP_ANSWER_FETCH: put_offsets(b, &a->offsets); break;
    case GROUP_ANSWER_DESCRIBE:
    case GROUP_ANSWER_LIST: put_descriptions(w, b, &a->descriptions); break;
    case GROUP_ANSWER_DELETE_OFFSETS: put_deleted(b, &a->offsets); break;
    default: buf_append_str(b, "\n"); break;
    }
}

const char *world_text(struct world *w)
{
    return buf_cstr(&w->text);
}

/* ---- steps ---- */

static void append_keep(struct world *w, const struct group_action *a)
{
    w->pending = memory_grow(w->pending, (size_t)w->pending_count + 1, sizeof *w->pending);
    struct world_append *p = &w->pending[w->pending_count++];
    *p = (struct world_append){a->token, memory_new((size_t)a->append.record_count * sizeof *p->records),
                               a->append.record_count};
    for (int32_t i = 0; i < p->count; i++)
        p->records[i] = (struct world_record){a->append.partition, group_bytes_copy(a->append.records[i].key),
                                              group_bytes_copy(a->append.records[i].value)};
}

static void step(struct world *w, const struct group_event *e)
{
    group_actions_reset(&w->actions);
    group_step(w->c, w->now, e, &w->actions);
    for (int32_t i = 0; i < w->actions.count; i++) {
        const struct group_action *a = &w->actions.items[i];
        bool given = a->error == KAFKA_NONE || a->error == KAFKA_MEMBER_ID_REQUIRED;
        if (a->kind == GROUP_ANSWER_JOIN && given) name_learn(w, a->joined.member_id);
    }
    for (int32_t i = 0; i < w->actions.count; i++) {
        const struct group_action *a = &w->actions.items[i];
        action_show(w, a);
        if (a->kind == GROUP_APPEND) append_keep(w, a);
        if (w->each) w->each(w, a);
    }
}

uint64_t world_step(struct world *w, const char *label, struct group_event *e)
{
    if (e->kind <= GROUP_DELETE_OFFSETS && e->token == 0) e->token = ++w->next_token + 1000;
    uint64_t token = e->token;
    if (label) free(table_set(&w->labels, slice_of(&token, sizeof token), memory_str(label)));
    step(w, e);
    while (w->autostore && w->pending_count > 0) world_stored(w, KAFKA_NONE);
    return token;
}

void world_wait(struct world *w, int64_t ms)
{
    int64_t end = w->now.monotonic_ms + ms;
    struct group_event timer = {.kind = GROUP_TIMER};
    while (deadlines_next(&w->c->deadlines) <= end) {
        int64_t at = deadlines_next(&w->c->deadlines);
        check_int(w->actions.wake_ms, at);
        if (at > w->now.monotonic_ms) {
            w->now.wall_ms += at - w->now.monotonic_ms;
            w->now.monotonic_ms = at;
        }
        world_step(w, NULL, &timer);
    }
    w->now.wall_ms += end - w->now.monotonic_ms;
    w->now.monotonic_ms = end;
}

bool world_stored(struct world *w, int16_t error)
{
    if (w->pending_count == 0) return false;
    struct world_append p = w->pending[0];
    memmove(w->pending, w->pending + 1, (size_t)(--w->pending_count) * sizeof *w->pending);
    for (int32_t i = 0; i < p.count; i++) {
        if (error == KAFKA_NONE) world_log_add(w, p.records[i].partition, p.records[i].key, p.records[i].value);
        record_free(&p.records[i]);
    }
    free(p.records);
    struct group_event e = {.kind = GROUP_STORED, .token = p.token, .error = error};
    step(w, &e);
    return true;
}

void world_log_add(struct world *w, int32_t partition, struct kafka_bytes key, struct kafka_bytes value)
{
    w->log = memory_grow(w->log, (size_t)w->log_count + 1, sizeof *w->log);
    w->log[w->log_count++] = (struct world_record){partition, group_bytes_copy(key), group_bytes_copy(value)};
}

void world_load(struct world *w)
{
    for (int32_t p = 0; p < w->config.partition_count; p++) {
        struct group_event e = {.kind = GROUP_LOAD_BEGIN, .partition = p};
        step(w, &e);
        for (int32_t i = 0; i < w->log_count; i++) {
            if (w->log[i].partition != p) continue;
            e = (struct group_event){
                .kind = GROUP_LOAD_RECORD, .partition = p, .key = w->log[i].key, .value = w->log[i].value};
            step(w, &e);
        }
        e = (struct group_event){.kind = GROUP_LOAD_END, .partition = p};
        step(w, &e);
    }
}

void world_restart(struct world *w)
{
    group_coordinator_free(w->c);
    pending_drop(w);
    w->c = group_coordinator_new(&w->config, ++w->seed);
    world_load(w);
}

const struct group_action *world_answer(const struct world *w, uint64_t token)
{
    for (int32_t i = w->actions.count - 1; i >= 0; i--)
        if (w->actions.items[i].kind < GROUP_APPEND && w->actions.items[i].token == token) return &w->actions.items[i];
    return NULL;
}

/* ---- requests ---- */

struct group_event world_join(const char *group, const char *member_id, const char *protocol, const char *metadata)
{
    static struct group_protocol protocols[8];
    static int turn;
    struct group_protocol *p = &protocols[turn++ % 8];
    *p = (struct group_protocol){str(protocol), bytes(metadata)};
    return (struct group_event){
        .kind = GROUP_JOIN,
        .group_id = str(group),
        .join = {.member_id = str(member_id),
                 .instance_id = KAFKA_STRING_NULL,
                 .client_id = str("c"),
                 .client_host = str("/127.0.0.1"),
                 .session_timeout_ms = 10000,
                 .rebalance_timeout_ms = 60000,
                 .protocol_type = str("consumer"),
                 .protocols = p,
                 .protocol_count = 1},
    };
}

struct group_event world_sync(const char *group, const char *member_id, int32_t generation)
{
    return (struct group_event){
        .kind = GROUP_SYNC,
        .group_id = str(group),
        .sync = {.generation = generation,
                 .member_id = str(member_id),
                 .instance_id = KAFKA_STRING_NULL,
                 .protocol_type = KAFKA_STRING_NULL,
                 .protocol_name = KAFKA_STRING_NULL},
    };
}

struct group_event world_heartbeat(const char *group, const char *member_id, int32_t generation)
{
    return (struct group_event){
        .kind = GROUP_HEARTBEAT,
        .group_id = str(group),
        .heartbeat = {.generation = generation, .member_id = str(member_id), .instance_id = KAFKA_STRING_NULL},
    };
}
