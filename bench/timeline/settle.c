/* From what was read to what can be drawn: in order, faults at their requests, a lane for each. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/timeline/model.h"
#include "lib/base/memory.h"

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

static int by_sequence(const void *a, const void *b)
{
    const struct timeline_mark *x = *(const struct timeline_mark *const *)a;
    const struct timeline_mark *y = *(const struct timeline_mark *const *)b;
    int order = strcmp(x->sequence, y->sequence);
    return order != 0 ? order : by_begin(x, y);
}

/* An idempotent producer's second try has the first one's sequence. */
static void again_find(struct timeline *t)
{
    struct timeline_mark **sorted = memory_new((t->mark_count + 1) * sizeof *sorted);
    size_t n = 0;
    for (size_t i = 0; i < t->mark_count; i++)
        if (*t->marks[i].sequence) sorted[n++] = &t->marks[i];
    qsort(sorted, n, sizeof *sorted, by_sequence);
    for (size_t i = 1; i < n; i++) sorted[i]->again = strcmp(sorted[i - 1]->sequence, sorted[i]->sequence) == 0;
    free(sorted);
}

/* --- lanes --- */

/* A connection on which a member of a group spoke, and when. */
struct spoken {
    const char *connection, *client_id, *member;
    int64_t begin_ns, end_ns;
};

struct spokens {
    struct spoken *list;
    size_t count, capacity;
};

static struct spoken *spoken_find(const struct spokens *s, const char *connection)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->list[i].connection, connection) == 0) return &s->list[i];
    return NULL;
}

static void spoken_add(struct spokens *s, const struct timeline_mark *m)
{
    struct spoken *found = spoken_find(s, m->connection);
    if (found) {
        if (m->end_ns > found->end_ns) found->end_ns = m->end_ns;
        return;
    }
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? s->capacity * 2 : 16;
        s->list = memory_grow(s->list, s->capacity, sizeof *s->list);
    }
    s->list[s->count++] = (struct spoken){m->connection, m->client_id, m->member, m->begin_ns, m->end_ns};
}

/* Whether another client with this client.id was there at the same time: one that came back is the same one. */
static bool shared(const struct spokens *s, const struct spoken *a)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct spoken *b = &s->list[i];
        bool other = b != a && strcmp(a->client_id, b->client_id) == 0 && strcmp(a->member, b->member) != 0;
        if (other && a->begin_ns <= b->end_ns && b->begin_ns <= a->end_ns) return true;
    }
    return false;
}

static int lane_of(struct timeline *t, const char *name)
{
    for (int i = 0; i < t->lane_count; i++)
        if (strcmp(t->lanes[i].name, name) == 0) return i;
    t->lanes = memory_grow(t->lanes, (size_t)t->lane_count + 1, sizeof *t->lanes);
    t->lanes[t->lane_count] = (struct timeline_lane){.name = name};
    return t->lane_count++;
}

static const char *tail(const char *s, size_t n)
{
    size_t length = strlen(s);
    return length > n ? s + length - n : s;
}

static const char *lane_name(struct timeline *t, const struct timeline_mark *m, const struct spokens *spokens)
{
    enum { MEMBER_TAIL = 4 };
    const char *id = *m->client_id ? m->client_id : "(no client.id)";
    const struct spoken *s = spoken_find(spokens, m->connection);
    return s && shared(spokens, s) ? arena_printf(&t->arena, "%s ...%s", id, tail(s->member, MEMBER_TAIL)) : id;
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
    struct spokens spokens = {0};
    for (size_t i = 0; i < t->mark_count; i++)
        if (*t->marks[i].member) spoken_add(&spokens, &t->marks[i]);
    for (size_t i = 0; i < t->mark_count; i++) {
        struct timeline_mark *m = &t->marks[i];
        if (m->kind == TIMELINE_OTHER) continue;
        m->lane = lane_of(t, lane_name(t, m, &spokens));
        t->lanes[m->lane].marks++;
        broker_add(t, m->broker);
    }
    free(spokens.list);
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
    again_find(t);
    brokers_join(t);
    lanes_find(t);
    lanes_sort(t);
    if (t->begin_ns > t->end_ns) t->begin_ns = t->end_ns = 0;
}
