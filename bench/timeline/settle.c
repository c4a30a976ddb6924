/* From what was read to what can be drawn: in order, faults at their requests, a lane for each. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/timeline/model.h"
#include "lib/base/memory.h"
#include "lib/base/table.h"

const char *timeline_kind_name(enum timeline_kind kind)
{
    static const char *const names[TIMELINE_KINDS] = {"produce", "fetch",     "commit", "join",
                                                      "sync",    "heartbeat", "leave",  "other"};
    return names[kind];
}

const char *timeline_fault_name(enum timeline_fault fault)
{
    static const char *const names[] = {
        "",         "request lost", "cut in the middle of the request", "answer lost", "cut in place of the answer",
        "no answer"};
    return names[fault];
}

static int by_begin(const void *a, const void *b)
{
    const struct timeline_mark *x = a, *y = b;
    if (x->begin_ns != y->begin_ns) return x->begin_ns < y->begin_ns ? -1 : 1;
    int order = strcmp(x->connection, y->connection);
    if (order != 0) return order;
    return (x->correlation_id > y->correlation_id) - (x->correlation_id < y->correlation_id);
}

static int by_time(const void *a, const void *b)
{
    const struct timeline_event *x = a, *y = b;
    return (x->time_ns > y->time_ns) - (x->time_ns < y->time_ns);
}

/* --- faults --- */

static int by_request(const void *a, const void *b)
{
    const struct timeline_fault_line *x = a, *y = b;
    int order = strcmp(x->connection, y->connection);
    if (order != 0) return order;
    return (x->correlation_id > y->correlation_id) - (x->correlation_id < y->correlation_id);
}

/* Of one request there may be several lines: it was delayed, and its answer held. */
static void fault_join(struct timeline_mark *m, const struct timeline_fault_line *f)
{
    if (f->delay_ns > 0) m->delay_ns = f->delay_ns;
    if (f->fault != TIMELINE_FINE) m->fault = f->fault;
    if (m->held_ns > 0 || f->held_ns == 0) return;
    m->held_ns = f->held_ns;
    m->end_ns += f->held_ns;
}

static void faults_join(struct timeline *t)
{
    if (t->fault_count == 0) return;
    qsort(t->faults, t->fault_count, sizeof *t->faults, by_request);
    for (size_t i = 0; i < t->mark_count; i++) {
        struct timeline_mark *m = &t->marks[i];
        struct timeline_fault_line key = {.connection = m->connection, .correlation_id = m->correlation_id};
        const struct timeline_fault_line *f = bsearch(&key, t->faults, t->fault_count, sizeof key, by_request);
        while (f && f > t->faults && by_request(&key, f - 1) == 0) f--;
        for (; f && f < t->faults + t->fault_count && by_request(&key, f) == 0; f++) fault_join(m, f);
    }
}

/* --- lanes --- */

/* A connection on which a member of a group spoke, and when. */
struct spoken {
    const char *connection, *client_id, *member;
    int64_t begin_ns, end_ns;
    bool shared; /* another client with this client.id was there at the same time */
};

struct spokens {
    struct table by_connection; /* a struct spoken each, in the timeline's arena */
};

static void spoken_add(struct timeline *t, struct spokens *s, const struct timeline_mark *m)
{
    struct spoken *found = table_get_str(&s->by_connection, m->connection);
    if (found) {
        if (m->end_ns > found->end_ns) found->end_ns = m->end_ns;
        return;
    }
    found = arena_alloc(&t->arena, sizeof *found);
    *found = (struct spoken){m->connection, m->client_id, m->member, m->begin_ns, m->end_ns, false};
    table_set_str(&s->by_connection, m->connection, found);
}

static int by_client(const void *a, const void *b)
{
    const struct spoken *x = *(const struct spoken *const *)a, *y = *(const struct spoken *const *)b;
    int order = strcmp(x->client_id, y->client_id);
    return order != 0 ? order : (x->begin_ns > y->begin_ns) - (x->begin_ns < y->begin_ns);
}

/* Of those that were passed, the best and the best of another member than that one's. */
struct best {
    const struct spoken *first, *second;
};

/* The best one of another member with the same client.id, or NULL. */
static const struct spoken *best_other(const struct best *b, const struct spoken *a)
{
    if (!b->first || strcmp(b->first->client_id, a->client_id) != 0) return NULL;
    return strcmp(b->first->member, a->member) != 0 ? b->first : b->second;
}

static void best_add(struct best *b, const struct spoken *a, bool better)
{
    if (!b->first || strcmp(b->first->client_id, a->client_id) != 0) {
        *b = (struct best){.first = a};
    } else if (strcmp(b->first->member, a->member) == 0) {
        if (better) b->first = a;
    } else if (better) {
        *b = (struct best){.first = a, .second = b->first};
    } else if (!b->second || a->end_ns > b->second->end_ns) {
        b->second = a;
    }
}

/* One that came back is the same one: only clients that were there at the same time are told apart. By begin, each
 * looks at who stayed longest of those before it, and at who came next of those behind it. */
static void sharing_find(struct spoken **list, size_t n)
{
    struct best before = {NULL, NULL}, behind = {NULL, NULL};
    for (size_t i = 0; i < n; i++) {
        const struct spoken *other = best_other(&before, list[i]);
        if (other && other->end_ns >= list[i]->begin_ns) list[i]->shared = true;
        best_add(&before, list[i], !before.first || list[i]->end_ns > before.first->end_ns);
    }
    for (size_t i = n; i-- > 0;) {
        const struct spoken *other = best_other(&behind, list[i]);
        if (other && other->begin_ns <= list[i]->end_ns) list[i]->shared = true;
        best_add(&behind, list[i], true);
    }
}

static void spokens_find(struct timeline *t, struct spokens *s)
{
    for (size_t i = 0; i < t->mark_count; i++)
        if (*t->marks[i].member) spoken_add(t, s, &t->marks[i]);
    struct spoken **list = memory_new((s->by_connection.count + 1) * sizeof *list);
    size_t n = 0;
    for (struct table_entry *e = table_first(&s->by_connection); e; e = table_next(&s->by_connection, e))
        list[n++] = e->value;
    qsort(list, n, sizeof *list, by_client);
    sharing_find(list, n);
    free(list);
}

struct lanes {
    struct table by_name; /* the number of a lane, plus one */
    struct spokens spokens;
};

static int lane_of(struct timeline *t, struct lanes *lanes, const char *name)
{
    uintptr_t known = (uintptr_t)table_get_str(&lanes->by_name, name);
    if (known) return (int)known - 1;
    t->lanes = memory_grow(t->lanes, (size_t)t->lane_count + 1, sizeof *t->lanes);
    t->lanes[t->lane_count] = (struct timeline_lane){.name = arena_str(&t->arena, slice_str(name))};
    table_set_str(&lanes->by_name, name, (void *)(uintptr_t)(t->lane_count + 1));
    return t->lane_count++;
}

static const char *tail(const char *s, size_t n)
{
    size_t length = strlen(s);
    return length > n ? s + length - n : s;
}

static int lane_of_mark(struct timeline *t, struct lanes *lanes, const struct timeline_mark *m)
{
    enum { MEMBER_TAIL = 4 };
    char name[256];
    const char *id = *m->client_id ? m->client_id : "(no client.id)";
    const struct spoken *s = table_get_str(&lanes->spokens.by_connection, m->connection);
    if (!s || !s->shared) return lane_of(t, lanes, id);
    snprintf(name, sizeof name, "%.240s ...%s", id, tail(s->member, MEMBER_TAIL));
    return lane_of(t, lanes, name);
}

/* A broker that came back at another address is the same one: its first address stands for all of them. */
static void brokers_join(struct timeline *t)
{
    const char *killed = NULL;
    for (size_t i = 0; i < t->event_count; i++) {
        struct timeline_event *e = &t->events[i];
        if (strcmp(e->what, "kill") == 0) killed = e->broker;
        if (strcmp(e->what, "ready") != 0 || !killed || strcmp(killed, e->broker) == 0) continue;
        const char *moved = e->broker;
        for (size_t j = 0; j < t->mark_count; j++)
            if (strcmp(t->marks[j].broker, moved) == 0) t->marks[j].broker = killed;
        for (size_t j = i; j < t->event_count; j++)
            if (strcmp(t->events[j].broker, moved) == 0) t->events[j].broker = killed;
    }
}

static void broker_add(struct timeline *t, const char *name)
{
    for (int i = 0; i < t->broker_count; i++)
        if (strcmp(t->brokers[i], name) == 0) return;
    t->brokers = memory_grow(t->brokers, (size_t)t->broker_count + 1, sizeof *t->brokers);
    t->brokers[t->broker_count++] = name;
}

static void lanes_find(struct timeline *t)
{
    struct lanes lanes = {0};
    spokens_find(t, &lanes.spokens);
    for (size_t i = 0; i < t->mark_count; i++) {
        struct timeline_mark *m = &t->marks[i];
        if (m->kind == TIMELINE_OTHER) continue;
        m->lane = lane_of_mark(t, &lanes, m);
        t->lanes[m->lane].marks++;
        broker_add(t, m->broker);
    }
    table_release(&lanes.by_name);
    table_release(&lanes.spokens.by_connection);
}

/* --- their order --- */

struct place {
    int lane; /* before */
    bool produces;
    const char *name;
};

/* Who produces stands above who reads; then by name, in which 10 comes after 9. */
static int by_place(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->produces != y->produces) return x->produces ? -1 : 1;
    return strverscmp(x->name, y->name);
}

static void lanes_sort(struct timeline *t)
{
    size_t n = (size_t)t->lane_count;
    struct place *places = memory_new((n + 1) * sizeof *places);
    struct timeline_lane *lanes = memory_new((n + 1) * sizeof *lanes);
    int *now = memory_new((n + 1) * sizeof *now);
    for (size_t i = 0; i < n; i++) places[i] = (struct place){.lane = (int)i, .name = t->lanes[i].name};
    for (size_t i = 0; i < t->mark_count; i++)
        if (t->marks[i].kind == TIMELINE_PRODUCE) places[t->marks[i].lane].produces = true;
    qsort(places, n, sizeof *places, by_place);
    for (size_t i = 0; i < n; i++) {
        lanes[i] = t->lanes[places[i].lane];
        now[places[i].lane] = (int)i;
    }
    for (size_t i = 0; i < t->mark_count; i++)
        if (t->marks[i].lane >= 0) t->marks[i].lane = now[t->marks[i].lane];
    free(t->lanes);
    t->lanes = lanes;
    free(places);
    free(now);
}

void timeline_settle(struct timeline *t)
{
    if (t->mark_count) qsort(t->marks, t->mark_count, sizeof *t->marks, by_begin);
    if (t->event_count) qsort(t->events, t->event_count, sizeof *t->events, by_time);
    faults_join(t);
    timeline_order(t);
    brokers_join(t);
    lanes_find(t);
    lanes_sort(t);
    if (t->begin_ns > t->end_ns) t->begin_ns = t->end_ns = 0;
}
