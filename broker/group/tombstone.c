#include "broker/group/tombstone.h"

#include <stdlib.h>
#include <string.h>

#include "broker/group/record.h"
#include "lib/base/memory.h"

/* Records in one append: with the longest names still below the smallest max.message.bytes in use. */
enum { TOMBSTONES_IN_APPEND = 1000 };
/* Most groups have a few offsets, and the end of a topic asks for tombstones of thousands of groups in one step. */
enum { ROOM_FIRST = 8 };

/* ---- asking ---- */

static void append_end(struct tombstones *t)
{
    group_append_emit(t->p, t->records, t->count);
    t->p = NULL;
}

static void *array_grow(struct arena *arena, const void *items, int32_t count, int32_t room, size_t size)
{
    void *larger = arena_alloc(arena, (size_t)room * size);
    return count ? memcpy(larger, items, (size_t)count * size) : larger;
}

static void room_make(struct tombstones *t)
{
    int32_t room = t->room ? t->room * 2 : ROOM_FIRST;
    if (room > TOMBSTONES_IN_APPEND) room = TOMBSTONES_IN_APPEND;
    struct group_append_pending *p = t->p;
    p->offsets = array_grow(&p->arena, p->offsets, p->offset_count, room, sizeof *p->offsets);
    t->records = array_grow(&t->g->coordinator->out->arena, t->records, t->count, room, sizeof *t->records);
    t->room = room;
}

static struct group_record *record_add(struct tombstones *t)
{
    if (t->p && t->count == TOMBSTONES_IN_APPEND) append_end(t);
    if (!t->p) {
        t->p = group_append_new(t->g, GROUP_APPEND_TOMBSTONES);
        t->p->answer = t->answer;
        t->p->request = t->request;
        t->count = t->room = 0;
    }
    if (t->count == t->room) room_make(t);
    struct group_record *r = &t->records[t->count++];
    r->value = KAFKA_BYTES_NULL;
    return r;
}

static struct kafka_string keep(struct group_append_pending *p, struct kafka_string s)
{
    return (struct kafka_string){arena_copy(&p->arena, s.p, (size_t)(s.n > 0 ? s.n : 0)), s.n};
}

void tombstones_offset(struct tombstones *t, struct kafka_string topic, int32_t partition)
{
    struct group_record *r = record_add(t);
    r->key = group_record_offset_key(&t->g->coordinator->out->arena, t->g->id, topic, partition);
    struct group_offset *o = &t->p->offsets[t->p->offset_count++];
    o->topic = keep(t->p, topic);
    o->partition = partition;
}

void tombstones_group(struct tombstones *t)
{
    struct group_record *r = record_add(t);
    r->key = group_record_group_key(&t->g->coordinator->out->arena, t->g->id);
    t->p->group_ends = true;
}

static void commit_forget(struct tombstones *t, const struct group_append_pending *commit, struct kafka_string topic)
{
    for (int32_t i = 0; i < commit->offset_count; i++) {
        const struct group_offset *o = &commit->offsets[i];
        if (o->error == KAFKA_NONE && (topic.n < 0 || kafka_string_equal(o->topic, topic)))
            tombstones_offset(t, o->topic, o->partition);
    }
}

/* A list first: asking for tombstones adds to the table of appends. */
void tombstones_commits(struct tombstones *t, struct kafka_string topic)
{
    struct group_coordinator *c = t->g->coordinator;
    int32_t n = 0;
    if (t->g->append_count == 0) return;
    struct group_append_pending **commits = memory_new((c->appends.count + 1) * sizeof *commits);
    for (struct table_entry *e = table_first(&c->appends); e; e = table_next(&c->appends, e)) {
        struct group_append_pending *p = e->value;
        if (p->kind == GROUP_APPEND_COMMIT && p->group == t->g) commits[n++] = p;
    }
    for (int32_t i = 0; i < n; i++) commit_forget(t, commits[i], topic);
    free(commits);
}

bool tombstones_flush(struct tombstones *t)
{
    struct group_append_pending *p = t->p;
    if (!p) return false;
    p->last = true;
    p->asked = arena_copy(&p->arena, t->asked, (size_t)t->asked_count * sizeof *t->asked);
    p->asked_count = t->asked_count;
    for (int32_t i = 0; i < t->asked_count; i++) p->asked[i].topic = keep(p, t->asked[i].topic);
    append_end(t);
    return true;
}

/* ---- stored ---- */

static void failure_say(const struct group_append_pending *p, int16_t error)
{
    const struct group *g = p->group;
    if (p->answer == TOMBSTONES_UNANSWERED)
        group_say(g->coordinator, "group %.*s: offsets that have expired could not be removed (%s); trying again later",
                  g->id.n, g->id.p, kafka_error_name(error));
}

/* The last append of the same request is the one that answers. */
static void failure_pass_on(const struct group_append_pending *p, int16_t error)
{
    struct group_coordinator *c = p->group->coordinator;
    for (struct table_entry *e = table_first(&c->appends); e; e = table_next(&c->appends, e)) {
        struct group_append_pending *other = e->value;
        if (other->kind == GROUP_APPEND_TOMBSTONES && other->answer == p->answer && other->request == p->request &&
            other->last && other->error == KAFKA_NONE)
            other->error = error;
    }
}

static void request_answer(const struct group_append_pending *p, int16_t error)
{
    struct group_coordinator *c = p->group->coordinator;
    if (p->error != KAFKA_NONE) error = p->error;
    error = group_append_error(error);
    if (p->answer == TOMBSTONES_ANSWER_DELETE)
        group_action_add(c, GROUP_ANSWER_DELETE, p->request, error);
    else
        group_answer_offsets(c, GROUP_ANSWER_DELETE_OFFSETS, p->request, error, p->asked, p->asked_count);
}

void tombstones_stored(struct group_append_pending *p, int16_t error)
{
    struct group *g = p->group;
    if (error != KAFKA_NONE) failure_say(p, error);
    for (int32_t i = 0; error == KAFKA_NONE && i < p->offset_count; i++)
        group_offset_remove(g, p->offsets[i].topic, p->offsets[i].partition, p->token);
    if (error == KAFKA_NONE && p->group_ends && g->generation == p->generation) g->stored = false;
    if (p->answer != TOMBSTONES_UNANSWERED && p->last)
        request_answer(p, error);
    else if (p->answer != TOMBSTONES_UNANSWERED && error != KAFKA_NONE)
        failure_pass_on(p, error);
    group_discard(g);
}
