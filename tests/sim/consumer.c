/* A consumer without a group: fetches some partitions in one request, from wherever it stands, and checks what it
 * is shown. */
#include <stdlib.h>

#include "lib/base/memory.h"
#include "tests/sim/client.h"

enum { POSITIONS_MAX = 8 };

struct consumer {
    int64_t positions[POSITIONS_MAX]; /* by partition of the history */
    int losses[POSITIONS_MAX];        /* s->losses when the position was told */
    int32_t max_wait_ms, min_bytes, max_bytes;
};

static void fetch_fill(struct client *c, struct fetch_request *in)
{
    struct consumer *k = c->state;
    const struct history *h = &c->sim->history;
    int count = 1 + (int)sim_draw(c->sim, h->partition_count - 1);
    int first = (int)sim_draw(c->sim, h->partition_count - 1);
    kafka_struct_init(&fetch_request_struct, in);
    in->max_wait_ms = k->max_wait_ms;
    in->min_bytes = k->min_bytes;
    in->max_bytes = k->max_bytes;
    in->topics = KAFKA_NEW(&c->arena, fetch_request_fetch_topic, count);
    in->topics_count = count;
    for (int i = 0; i < count; i++) {
        int at = (first + i) % h->partition_count;
        struct fetch_request_fetch_topic *t = &in->topics[i];
        t->topic = kafka_string_of(h->partitions[at].topic);
        t->partitions = KAFKA_NEW(&c->arena, fetch_request_fetch_partition, 1);
        t->partitions_count = 1;
        t->partitions[0].partition = h->partitions[at].index;
        t->partitions[0].fetch_offset = k->positions[at];
        t->partitions[0].partition_max_bytes = k->max_bytes;
    }
}

static void consumer_think(struct client *c)
{
    struct fetch_request in;
    if (c->sim->phase != PHASE_ACTIVE || !client_connect(c)) return;
    client_think_in(c, 5 * NS_MS + sim_draw(c->sim, 150 * NS_MS));
    if (c->call_count > 0) return;
    fetch_fill(c, &in);
    client_call(c, KAFKA_API_FETCH, 4, 12, &in, NULL);
    arena_reset(&c->arena);
}

static void partition_answered(struct client *c, const struct call *call, int at,
                               const struct fetch_response_partition_data *out)
{
    struct consumer *k = c->state;
    struct sim *s = c->sim;
    const struct told_partition *p = &s->history.partitions[at];
    bool reads_fail = s->plan.faults.read_error || s->plan.short_read;
    switch (out->error_code) {
    case KAFKA_NONE:
        if (out->log_start_offset >= 0) history_started(s, at, out->log_start_offset, call->sent_event);
        k->positions[at] = history_fetched(s, at, k->positions[at], out->high_watermark,
                                           kafka_bytes_slice(out->records), call->sent_event, false);
        /* Above the high watermark a position is from before a loss: writes under way may cover it, and fail. */
        if (k->positions[at] <= out->high_watermark) k->losses[at] = s->losses;
        rot_skip(s, at, &k->positions[at]);
        return;
    case KAFKA_OFFSET_OUT_OF_RANGE:
        if (!s->plan.retention && k->positions[at] >= p->delete_asked && k->losses[at] == s->losses)
            sim_fail(s, "%s-%d: offset %lld was there and is out of range now", p->topic, p->index,
                     (long long)k->positions[at]);
        k->positions[at] = p->start;
        return;
    case KAFKA_CORRUPT_MESSAGE:
        if (rot_skip_unreadable(s, at, &k->positions[at]) || reads_fail) return;
        break;
    case KAFKA_KAFKA_STORAGE_ERROR:
    case KAFKA_NOT_LEADER_OR_FOLLOWER:
    case KAFKA_UNKNOWN_TOPIC_OR_PARTITION: return;
    default: break;
    }
    sim_fail(s, "%s-%d: a fetch at offset %lld was answered %s", p->topic, p->index, (long long)k->positions[at],
             kafka_error_name(out->error_code));
}

static void consumer_answered(struct client *c, const struct call *call, const void *response)
{
    const struct fetch_response *out = response;
    for (int32_t t = 0; t < out->responses_count; t++)
        for (int32_t i = 0; i < out->responses[t].partitions_count; i++) {
            const struct fetch_response_partition_data *p = &out->responses[t].partitions[i];
            int at = history_partition_find(&c->sim->history, out->responses[t].topic, p->partition_index);
            if (at < 0) sim_fail(c->sim, "a fetch was answered for a partition that was not asked for");
            partition_answered(c, call, at, p);
        }
    if (sim_chance(c->sim, 20)) { /* reads it all again */
        struct consumer *k = c->state;
        for (int i = 0; i < c->sim->history.partition_count; i++) k->positions[i] = c->sim->history.partitions[i].start;
    }
}

void consumer_add(struct sim *s)
{
    static const struct client_kind kind = {
        .name = "consumer",
        .think = consumer_think,
        .answered = consumer_answered,
    };
    static const int32_t sizes[] = {1, 200, 2000, 1 << 20};
    struct consumer *k = memory_new(sizeof *k);
    k->max_wait_ms = (int32_t)sim_draw(s, 500);
    k->min_bytes = (int32_t)sim_draw(s, 2000);
    k->max_bytes = sizes[sim_draw(s, 3)];
    client_add(s, &kind, k);
}
