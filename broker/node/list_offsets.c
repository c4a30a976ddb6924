/* ListOffsets: the ends are known at once; a time is looked up in the files, by a job (T37).
 * Each connection has its turn with that.
 *
 *     -1 latest  -2 earliest  -3 of the largest timestamp (KIP-734)  -4 earliest local (KIP-405)  >= 0 a time
 *
 * An offset comes with the leader epoch of its record; where there is none yet, with the one that the next will have.
 */
#include <stdlib.h>

#include "broker/node/node_internal.h"
#include "lib/base/memory.h"

enum { TIME_LATEST = -1, TIME_EARLIEST = -2, TIME_EARLIEST_LOCAL = -4 };

struct list_offsets {
    struct list_offsets_response *response;
    uint64_t id;          /* never reused */
    int32_t topic_at, at; /* the next line that may have a time to look up */
    bool any;             /* there is one */
};

struct lookup_job {
    struct job job;
    struct request *request;
    struct list_offsets_response_list_offsets_partition_response *line;
    struct log_lookup *lookup;
};

/* Special values are known from some version on, as in Kafka: an older client cannot have meant that. */
static bool is_served(int64_t timestamp, int version)
{
    switch (timestamp) {
    case TIME_LATEST:
    case TIME_EARLIEST: return true;
    case LOG_LOOKUP_MAX_TIMESTAMP: return version >= 7;
    case TIME_EARLIEST_LOCAL: return version >= 8;
    default: return timestamp >= 0;
    }
}

static bool is_time(int64_t timestamp)
{
    return timestamp >= 0 || timestamp == LOG_LOOKUP_MAX_TIMESTAMP;
}

/* --- one look-up --- */

static int lookup_run(struct node_job *base, struct disk *disk)
{
    return log_lookup_run(((struct lookup_job *)base)->lookup, disk);
}

static void lookup_drop(struct job *j)
{
    struct lookup_job *l = (struct lookup_job *)j;
    log_lookup_free(l->lookup);
    free(l);
}

static void lookups_continue(struct node *n, struct request *r);

static void lookup_done(struct node *n, struct job *j, int err)
{
    struct lookup_job *l = (struct lookup_job *)j;
    if (err < 0) {
        l->line->error_code = err == ERR_CORRUPT ? KAFKA_CORRUPT_MESSAGE : KAFKA_KAFKA_STORAGE_ERROR;
    } else if (l->lookup->found) {
        l->line->offset = l->lookup->offset;
        l->line->timestamp = l->lookup->found_timestamp;
        l->line->leader_epoch = l->lookup->leader_epoch;
    }
    struct request *r = l->request;
    lookup_drop(j);
    lookups_continue(n, r);
}

/* A look-up reads what will not change any more, so it may run beside the jobs of the log. */
static void lookup_begin(struct node *n, struct request *r, struct partition *p, int64_t timestamp,
                         struct list_offsets_response_list_offsets_partition_response *line)
{
    struct lookup_job *l = memory_new(sizeof *l);
    l->job.base = (struct node_job){.name = "log-lookup", .run = lookup_run};
    l->job.done = lookup_done;
    l->job.drop = lookup_drop;
    l->request = r;
    l->line = line;
    l->lookup = log_lookup_new(p->log, timestamp);
    job_start(n, &l->job);
}

/* --- whose turn it is --- */

/* The next line of a request whose time is looked up: its job is started. */
static bool lookup_next(struct node *n, struct request *r)
{
    const struct list_offsets_request *in = r->body;
    struct list_offsets *s = r->state;
    for (; s->any && s->topic_at < in->topics_count; s->topic_at++, s->at = 0) {
        const struct list_offsets_request_list_offsets_topic *topic = &in->topics[s->topic_at];
        while (s->at < topic->partitions_count) {
            const struct list_offsets_request_list_offsets_partition *line = &topic->partitions[s->at];
            struct list_offsets_response_list_offsets_partition_response *out =
                &s->response->topics[s->topic_at].partitions[s->at++];
            struct partition *p;
            if (!is_time(line->timestamp) || out->error_code != KAFKA_NONE) continue;
            out->error_code = partition_lead(n, kafka_string_slice(topic->name), line->partition_index,
                                             line->current_leader_epoch, &p);
            if (out->error_code != KAFKA_NONE) continue; /* it went while this waited */
            lookup_begin(n, r, p, line->timestamp, out);
            return true;
        }
    }
    return false;
}

/* A connection has one look-up at a time, of the first of its requests that wait for one. So there are no more of them
 * than connections, and first come, first served is turn by turn. Once it is gone, nobody wants to know the rest. */
static void lookups_continue(struct node *n, struct request *r)
{
    while (r) {
        if (r->connection && lookup_next(n, r)) return;
        struct list_offsets *s = r->state;
        struct request *next = r->next_waiting;
        r->next_waiting = NULL;
        if (r->connection && r->connection->lookups_last == r) r->connection->lookups_last = NULL;
        request_answer(n, r, s->response);
        r = next;
    }
}

static void lookups_line_up(struct node *n, struct request *r)
{
    struct request *last = r->connection->lookups_last;
    r->connection->lookups_last = r;
    if (last)
        last->next_waiting = r;
    else
        lookups_continue(n, r);
}

/* --- what is known at once --- */

static void line_begin(struct node *n, struct list_offsets *s, struct slice topic, int version,
                       const struct list_offsets_request_list_offsets_partition *in,
                       struct list_offsets_response_list_offsets_partition_response *out)
{
    out->partition_index = in->partition_index;
    if (!is_served(in->timestamp, version)) {
        out->error_code = KAFKA_UNSUPPORTED_VERSION;
        return;
    }
    struct partition *p;
    out->error_code = partition_lead(n, topic, in->partition_index, in->current_leader_epoch, &p);
    if (out->error_code != KAFKA_NONE) return;
    const struct log_offsets *o = log_offsets(p->log);
    switch (in->timestamp) {
    case TIME_LATEST: out->offset = o->high_watermark; break;
    case TIME_EARLIEST:
    case TIME_EARLIEST_LOCAL: out->offset = o->start; break;
    default:
        if (p->looked_up_for == s->id) {
            out->error_code = KAFKA_INVALID_REQUEST; /* named twice, as Kafka says: jobs are not for free */
        } else {
            p->looked_up_for = s->id;
            s->any = true;
        }
        return;
    }
    bool has_record = in->timestamp != TIME_LATEST && out->offset < o->end;
    out->leader_epoch = has_record ? log_epoch_at(p->log, out->offset) : p->leader_epoch;
}

void list_offsets_begin(struct node *n, struct request *r)
{
    const struct list_offsets_request *in = r->body;
    struct list_offsets *s = arena_alloc(&r->arena, sizeof *s);
    struct list_offsets_response *out = KAFKA_NEW(&r->arena, list_offsets_response, 1);
    r->state = s;
    s->response = out;
    s->id = ++n->last_lookup;
    out->topics_count = in->topics_count;
    out->topics = KAFKA_NEW(&r->arena, list_offsets_response_list_offsets_topic_response, in->topics_count);
    for (int32_t t = 0; t < in->topics_count; t++) {
        const struct list_offsets_request_list_offsets_topic *topic = &in->topics[t];
        struct list_offsets_response_list_offsets_topic_response *answer = &out->topics[t];
        answer->name = topic->name;
        answer->partitions_count = topic->partitions_count;
        answer->partitions =
            KAFKA_NEW(&r->arena, list_offsets_response_list_offsets_partition_response, topic->partitions_count);
        for (int32_t i = 0; i < topic->partitions_count; i++)
            line_begin(n, s, kafka_string_slice(topic->name), r->header.api_version, &topic->partitions[i],
                       &answer->partitions[i]);
    }
    if (s->any)
        lookups_line_up(n, r);
    else
        request_answer(n, r, out);
}
