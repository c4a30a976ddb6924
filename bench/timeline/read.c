/* The lines of logs, into marks, faults and events. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "bench/timeline/model.h"
#include "lib/base/memory.h"

void timeline_init(struct timeline *t)
{
    *t = (struct timeline){.begin_ns = INT64_MAX, .end_ns = INT64_MIN};
}

void timeline_release(struct timeline *t)
{
    free(t->marks);
    free(t->events);
    free(t->lanes);
    free(t->brokers);
    free(t->faults);
    free(t->batches);
    table_release(&t->names);
    arena_release(&t->arena);
}

/* --- members --- */

static const char *text(struct timeline *t, const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s && *s ? arena_str(&t->arena, slice_str(s)) : "";
}

static const char *name_kept(struct timeline *t, const char *s)
{
    char *known = table_get_str(&t->names, s);
    if (known) return known;
    known = arena_str(&t->arena, slice_str(s));
    table_set_str(&t->names, s, known);
    return known;
}

/* As text(), of what many lines say. */
static const char *name(struct timeline *t, const json_t *o, const char *member)
{
    const char *s = json_string_value(json_object_get(o, member));
    return s && *s ? name_kept(t, s) : "";
}

static int64_t number(const json_t *o, const char *name, int64_t otherwise)
{
    const json_t *n = json_object_get(o, name);
    return json_is_integer(n) ? (int64_t)json_integer_value(n) : otherwise;
}

static void extend(struct timeline *t, int64_t time_ns)
{
    if (time_ns < t->begin_ns) t->begin_ns = time_ns;
    if (time_ns > t->end_ns) t->end_ns = time_ns;
}

/* One more element of an array of the timeline's. */
#define ADD(list, count, capacity)                                                                                     \
    ((count) == (capacity) ? ((capacity) = (capacity) ? (capacity)*2 : 64,                                             \
                              (list) = memory_grow((list), (capacity), sizeof *(list)), &(list)[(count)++])            \
                           : &(list)[(count)++])

/* --- what a request was about --- */

/* "numbers 0-2, 5; words 0": a run of partitions is told by its ends. */
static const char *assigned_text(struct timeline *t, const json_t *list)
{
    struct buf out = {0};
    const char *topic = "", *here;
    int64_t last = -2, first = -2;
    size_t i;
    json_t *o;
    json_array_foreach(list, i, o)
    {
        int64_t partition = number(o, "partition", 0);
        here = json_string_value(json_object_get(o, "topic"));
        if (!here) here = "?";
        bool same = i > 0 && strcmp(topic, here) == 0;
        if (same && partition == last + 1) {
            last = partition;
            continue;
        }
        if (last > first) buf_printf(&out, "-%" PRId64, last);
        if (same)
            buf_printf(&out, ", %" PRId64, partition);
        else
            buf_printf(&out, "%s%s %" PRId64, i > 0 ? "; " : "", here, partition);
        topic = here;
        first = last = partition;
    }
    if (last > first) buf_printf(&out, "-%" PRId64, last);
    if (out.n == 0) buf_append_str(&out, "nothing");
    const char *s = arena_str(&t->arena, buf_slice(&out));
    buf_release(&out);
    return s;
}

/* "numbers-0 at 120 and 2 more partitions": of the first one where there are several. */
static const char *place_text(struct timeline *t, const json_t *list)
{
    const json_t *o = json_array_get(list, 0);
    size_t count = json_array_size(list);
    if (!o) return "";
    const char *topic = json_string_value(json_object_get(o, "topic"));
    char more[48] = "", at[32] = "";
    int64_t offset = number(o, "offset", -1);
    if (offset >= 0) snprintf(at, sizeof at, " at %" PRId64, offset);
    if (count > 1) snprintf(more, sizeof more, " and %zu more partitions", count - 1);
    return arena_printf(&t->arena, "%s-%" PRId64 "%s%s", topic && *topic ? topic : "?", number(o, "partition", 0), at,
                        more);
}

static void about_set(struct timeline *t, struct timeline_mark *m, const json_t *detail)
{
    static const char *const lists[] = {"appended", "fetched", "committed", "produced"};
    m->member = name(t, detail, "member");
    if (!*m->member) m->member = name(t, detail, "joined_as");
    m->group = name(t, detail, "group");
    m->generation = number(detail, "generation", -1);
    const json_t *assigned = json_object_get(detail, "assigned");
    if (assigned) m->assigned = assigned_text(t, assigned);
    for (int i = 0; i < 4 && !*m->about; i++) {
        const json_t *list = json_object_get(detail, lists[i]);
        if (json_array_size(list) > 0) m->about = place_text(t, list);
    }
}

/* Where the broker put what was sent to this partition. */
static int64_t appended_at(const json_t *detail, const char *topic, int64_t partition)
{
    size_t i;
    json_t *o;
    json_array_foreach(json_object_get(detail, "appended"), i, o)
    {
        const char *there = json_string_value(json_object_get(o, "topic"));
        if (there && strcmp(there, topic) == 0 && number(o, "partition", 0) == partition)
            return number(o, "error", 0) ? -1 : number(o, "offset", -1);
    }
    return -1;
}

static void batches_read(struct timeline *t, struct timeline_mark *m, const json_t *detail)
{
    size_t i;
    json_t *o;
    m->batch_from = t->batch_count;
    json_array_foreach(json_object_get(detail, "produced"), i, o)
    {
        int64_t producer = number(o, "producer_id", -1), crc = number(o, "crc", -1);
        const char *topic = json_string_value(json_object_get(o, "topic"));
        int64_t partition = number(o, "partition", 0);
        char place[512];
        if (!topic || (producer < 0 && crc < 0)) continue;
        struct timeline_batch batch = {.numbered = producer >= 0, .offset = appended_at(detail, topic, partition)};
        if (batch.numbered)
            snprintf(place, sizeof place, "%" PRId64 "/%" PRId64 "/%s-%" PRId64, producer, number(o, "epoch", 0), topic,
                     partition);
        else
            snprintf(place, sizeof place, "%s/%s-%" PRId64, m->client_id, topic, partition);
        batch.place = name_kept(t, place);
        batch.identity = arena_printf(&t->arena, "%s/%" PRId64, place, batch.numbered ? number(o, "sequence", 0) : crc);
        *ADD(t->batches, t->batch_count, t->batch_capacity) = batch;
    }
    m->batch_count = t->batch_count - m->batch_from;
}

/* --- lines --- */

static const char *const kind_apis[TIMELINE_OTHER] = {"Produce",   "Fetch",     "OffsetCommit", "JoinGroup",
                                                      "SyncGroup", "Heartbeat", "LeaveGroup"};

static enum timeline_kind kind_of(const char *api)
{
    for (int i = 0; i < TIMELINE_OTHER; i++)
        if (strcmp(kind_apis[i], api) == 0) return (enum timeline_kind)i;
    return TIMELINE_OTHER;
}

static bool exchange(struct timeline *t, const json_t *o)
{
    struct timeline_mark m = {.generation = -1, .lane = -1, .member = "", .group = "", .assigned = "", .about = ""};
    const json_t *detail = json_object_get(o, "detail");
    const char *status = json_string_value(json_object_get(o, "status"));
    m.begin_ns = number(o, "request_time_ns", -1);
    m.api = name(t, o, "api");
    if (m.begin_ns < 0 || !*m.api || !status) return false;
    m.kind = kind_of(m.api);
    m.one_way = strcmp(status, "one_way") == 0;
    m.end_ns = m.begin_ns + number(o, "last_byte_ns", 0);
    if (strcmp(status, "unanswered") == 0) m.fault = TIMELINE_UNANSWERED;
    m.records = number(o, "records", 0);
    m.correlation_id = number(o, "correlation_id", -1);
    m.connection = name(t, o, "client");
    m.client_id = name(t, o, "client_id");
    m.broker = name(t, o, "broker");
    m.error = name(t, json_array_get(json_object_get(o, "errors"), 0), "name");
    if (detail) about_set(t, &m, detail);
    if (detail) batches_read(t, &m, detail);
    extend(t, m.begin_ns);
    extend(t, m.end_ns);
    *ADD(t->marks, t->mark_count, t->mark_capacity) = m;
    return true;
}

static bool fault(struct timeline *t, const json_t *o)
{
    static const char *const names[] = {"delay", "drop_request", "cut", "drop_response", "cut_response", "held"};
    enum { NAMES = sizeof names / sizeof *names, HELD = NAMES - 1 };
    struct timeline_fault_line f = {.correlation_id = number(o, "correlation_id", -1),
                                    .time_ns = number(o, "time_ns", -1),
                                    .delay_ns = number(o, "delay_ns", 0),
                                    .held_ns = number(o, "held_ns", 0),
                                    .connection = name(t, o, "client")};
    const char *what = json_string_value(json_object_get(o, "what"));
    int i = 0;
    while (what && i < NAMES && strcmp(names[i], what) != 0) i++;
    if (!what || i == NAMES || f.time_ns < 0) return false;
    f.fault = i == HELD ? TIMELINE_FINE : (enum timeline_fault)i;
    extend(t, f.time_ns);
    *ADD(t->faults, t->fault_count, t->fault_capacity) = f;
    return true;
}

/* "note" stands for its own words; of a partition the way that is closed is told. */
static const char *label_of(const struct timeline_event *e, const json_t *o)
{
    if (strcmp(e->what, "note") == 0) return e->text;
    if (json_is_false(json_object_get(o, "responses"))) return "no requests";
    if (json_is_false(json_object_get(o, "requests"))) return "no answers";
    return e->what;
}

static bool event(struct timeline *t, const json_t *o)
{
    struct timeline_event e = {.what = text(t, o, "what"),
                               .broker = text(t, o, "broker"),
                               .text = text(t, o, "text"),
                               .time_ns = number(o, "time_ns", -1),
                               .duration_ns = number(o, "duration_ns", 0)};
    if (!*e.what || e.time_ns < 0) return false;
    e.label = label_of(&e, o);
    extend(t, e.time_ns);
    *ADD(t->events, t->event_count, t->event_capacity) = e;
    return true;
}

/* False: it has a type of ours and lacks what belongs to it. */
static bool line_take(struct timeline *t, const json_t *o, const char *type)
{
    if (strcmp(type, "exchange") == 0) return exchange(t, o);
    if (strcmp(type, "fault") == 0) return fault(t, o);
    if (strcmp(type, "event") == 0) return event(t, o);
    if (strcmp(type, "summary") == 0) t->summary = true;
    return true; /* "ready", "summary" */
}

static int line_read(struct timeline *t, const char *path, int64_t line, const char *bytes, size_t n,
                     struct err_text *error)
{
    json_error_t why;
    json_t *o = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &why);
    const char *type = json_string_value(json_object_get(o, "type"));
    int status = 0;
    if (!o)
        status = err_set(error, ERR_INVALID, "%s:%" PRId64 ": no JSON: %s", path, line, why.text);
    else if (!type)
        status =
            err_set(error, ERR_INVALID, "%s:%" PRId64 ": an object without \"type\": no line of a log", path, line);
    else if (!line_take(t, o, type))
        status = err_set(error, ERR_INVALID, "%s:%" PRId64 ": \"%s\" lacks its time, or what it is", path, line, type);
    json_decref(o);
    return status;
}

static bool blank(const char *bytes, ssize_t n)
{
    for (ssize_t i = 0; i < n; i++)
        if (bytes[i] != ' ' && bytes[i] != '\n' && bytes[i] != '\r' && bytes[i] != '\t') return false;
    return true;
}

/* Of a log that is being written the last line may be half. */
int timeline_read(struct timeline *t, const char *path, struct err_text *error)
{
    FILE *f = fopen(path, "r");
    char *bytes = NULL;
    size_t capacity = 0;
    ssize_t n;
    int status = f ? 0 : err_set(error, ERR_NOTFOUND, "%s: %s", path, strerror(errno));
    for (int64_t line = 1; status == 0 && (n = getline(&bytes, &capacity, f)) >= 0; line++) {
        if (blank(bytes, n) || (line == 1 && strncmp(bytes, "ready ", 6) == 0)) continue;
        if (bytes[n - 1] == '\n') status = line_read(t, path, line, bytes, (size_t)n, error);
    }
    if (status == 0 && ferror(f)) status = err_set(error, ERR_IO, "%s: %s", path, strerror(errno));
    free(bytes);
    if (f) fclose(f);
    return status;
}
