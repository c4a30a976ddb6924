/* A producer: idempotent with up to five batches in flight, or plain with any acks. What it does not hear of, it
 * sends again: the idempotent one in order and with the same sequences, as Kafka's clients do.
 *
 *     made -> sent -> acknowledged
 *              |           +--> (sometimes) sent again all the same: known as a duplicate, as long as producer ids last
 *              +--> failed or lost -> (when nothing is in flight any more) sent again, in order
 *
 * Where producer ids expire soon a batch may not be tried again for longer than that, or it could be stored twice: then
 * the client takes a new id. A producer that was silent for longer goes on with its old one, as Kafka allows it. */
#include <assert.h>
#include <stdlib.h>

#include "lib/base/memory.h"
#include "lib/kafka/batch.h"
#include "tests/sim/client.h"

enum { LANES_MAX = 2, IN_FLIGHT_MAX = 5 };

enum shipment_state { SHIPMENT_READY, SHIPMENT_SENT, SHIPMENT_FAILED };

/* One batch on its way. */
struct shipment {
    enum shipment_state state;
    uint32_t number; /* of its first record */
    int32_t count;
    int64_t first_sent_ns; /* 0: not yet */
    bool doubted;          /* acknowledged, and sent again */
    struct buf batch;
    bool zstd;
    struct shipment *next;
};

struct producer_lane {
    struct lane *told;
    int32_t sequence;       /* of the next new record */
    struct shipment *first; /* unresolved, in order */
};

struct producer {
    bool idempotent;
    int16_t acks;
    int in_flight_max, lane_count;
    struct producer_lane lanes[LANES_MAX];
    int64_t id;
    int16_t epoch;
    bool id_known, failed; /* failed: something must be sent again */
    bool refused;          /* the broker does not know us any more: a new id */
    int losses_before;     /* s->losses when the id was given */
    int batches_left;
    int64_t pause_ns;
};

/* What one request carries: a batch of each lane, or none. */
struct parcel {
    struct shipment *of[LANES_MAX];
};

/* --- shipments --- */

static struct shipment *lane_find(const struct producer_lane *l, enum shipment_state state)
{
    struct shipment *s = l->first;
    while (s && s->state != state) s = s->next;
    return s;
}

static void shipment_end(struct producer_lane *l, struct shipment *s)
{
    struct shipment **link = &l->first;
    while (*link && *link != s) link = &(*link)->next;
    assert(*link);
    *link = s->next;
    buf_release(&s->batch);
    free(s);
}

static void lane_abandon(struct producer_lane *l)
{
    while (l->first) shipment_end(l, l->first);
}

static void records_make(struct client *c, struct producer_lane *l, struct shipment *s, struct batch_builder *b)
{
    struct sim *sim = c->sim;
    struct lane *told = l->told;
    struct buf value = {0};
    for (int32_t i = 0; i < s->count; i++) {
        uint32_t number = told->count++;
        if (told->count > told->capacity) {
            told->capacity = told->capacity ? told->capacity * 2 : 32;
            told->offset_of = memory_grow(told->offset_of, told->capacity, sizeof *told->offset_of);
            told->claimed = memory_grow(told->claimed, told->capacity, sizeof *told->claimed);
            told->stamp_ms = memory_grow(told->stamp_ms, told->capacity, sizeof *told->stamp_ms);
        }
        told->offset_of[number] = -1;
        told->claimed[number] = 0;
        told->stamp_ms[number] = sim_wall_ms(sim);
        buf_reset(&value);
        record_value(told->id, number, &value);
        struct kafka_bytes key = number % 3 ? (struct kafka_bytes){value.p, 4} : KAFKA_BYTES_NULL;
        batch_builder_add(b, sim_wall_ms(sim), key, kafka_bytes_of_slice(buf_slice(&value)), NULL, 0);
    }
    buf_release(&value);
}

static void shipment_make(struct client *c, struct producer_lane *l)
{
    struct producer *p = c->state;
    struct sim *sim = c->sim;
    struct shipment *s = memory_new(sizeof *s), **link = &l->first;
    struct batch_options options = BATCH_OPTIONS_PLAIN;
    struct batch_builder b;
    s->number = l->told->count;
    s->count = 1 + (int32_t)sim_draw(sim, sim_chance(sim, 8) ? 20 : 4);
    if (sim_chance(sim, 6)) options.codec = 1 + (int)sim_draw(sim, COMPRESSION_ZSTD - 1);
    s->zstd = options.codec == COMPRESSION_ZSTD;
    if (p->idempotent) {
        options.producer_id = p->id;
        options.producer_epoch = p->epoch;
        options.base_sequence = l->sequence;
        l->sequence += s->count;
    }
    batch_builder_init(&b, &options);
    records_make(c, l, s, &b);
    batch_builder_finish(&b, &s->batch);
    batch_builder_release(&b);
    while (*link) link = &(*link)->next;
    *link = s;
}

/* --- requests --- */

static void producer_id_ask(struct client *c)
{
    struct init_producer_id_request in;
    kafka_struct_init(&init_producer_id_request_struct, &in);
    in.transactional_id = KAFKA_STRING_NULL;
    in.transaction_timeout_ms = 1000;
    client_call(c, KAFKA_API_INIT_PRODUCER_ID, 0, 99, &in, NULL);
}

static void topic_fill(struct client *c, struct producer_lane *l, struct shipment *s,
                       struct produce_request_topic_produce_data *out)
{
    const struct told_partition *told = &c->sim->history.partitions[l->told->partition];
    out->name = kafka_string_of(told->topic);
    out->partition_data_count = 1;
    out->partition_data = KAFKA_NEW(&c->arena, produce_request_partition_produce_data, 1);
    out->partition_data[0].index = told->index;
    out->partition_data[0].records = kafka_bytes_of_slice(buf_slice(&s->batch));
}

/* Sends the first ready batch of each lane; false when there is none. */
static bool parcel_send(struct client *c)
{
    struct producer *p = c->state;
    struct parcel *parcel = memory_new(sizeof *parcel);
    struct produce_request in;
    bool zstd = false;
    kafka_struct_init(&produce_request_struct, &in);
    in.transactional_id = KAFKA_STRING_NULL;
    in.acks = p->acks;
    in.timeout_ms = 200 + (int32_t)sim_draw(c->sim, 800);
    in.topic_data = KAFKA_NEW(&c->arena, produce_request_topic_produce_data, LANES_MAX);
    for (int i = 0; i < p->lane_count; i++) {
        struct shipment *s = parcel->of[i] = lane_find(&p->lanes[i], SHIPMENT_READY);
        if (!s) continue;
        s->state = SHIPMENT_SENT;
        if (!s->first_sent_ns) s->first_sent_ns = c->sim->now_ns;
        history_sent_bytes(&c->sim->history.partitions[p->lanes[i].told->partition], (int64_t)s->batch.n);
        zstd |= s->zstd;
        topic_fill(c, &p->lanes[i], s, &in.topic_data[in.topic_data_count++]);
    }
    int16_t version = client_version(c, KAFKA_API_PRODUCE, zstd ? 7 : 3, 99);
    bool any = in.topic_data_count > 0;
    if (any) client_call_version(c, KAFKA_API_PRODUCE, version, &in, parcel, p->acks != 0);
    arena_reset(&c->arena);
    if (any && p->acks != 0) return true;
    for (int i = 0; i < p->lane_count; i++)
        if (parcel->of[i]) shipment_end(&p->lanes[i], parcel->of[i]);
    free(parcel);
    return any;
}

/* --- answers --- */

/* What the broker may say of a batch that is right. */
static void batch_failed(struct client *c, struct producer_lane *l, const struct shipment *s, int16_t error)
{
    struct producer *p = c->state;
    struct sim *sim = c->sim;
    bool lost = sim->losses > p->losses_before || rot_hit(sim, l->told->partition); /* its last batch, maybe */
    switch (error) {
    case KAFKA_NOT_LEADER_OR_FOLLOWER:
    case KAFKA_UNKNOWN_TOPIC_OR_PARTITION:
    case KAFKA_KAFKA_STORAGE_ERROR:
    case KAFKA_REQUEST_TIMED_OUT: return;
    case KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER:
    case KAFKA_UNKNOWN_PRODUCER_ID:
        if (s != l->first) return; /* one before it has failed */
        if (p->idempotent && lost) {
            p->refused = true;
            return;
        }
        break;
    default: break;
    }
    sim_fail(sim, "producer %u: record %u, the next one after what was acknowledged, was refused with %s", l->told->id,
             s->number, kafka_error_name(error));
}

static void batch_stored(struct sim *sim, const struct call *call, struct lane *l, const struct shipment *s,
                         const struct produce_response_partition_produce_response *line)
{
    history_acked(sim, l, s->number, s->count, line->base_offset, s->batch.n);
    if (line->log_start_offset >= 0) history_started(sim, l->partition, line->log_start_offset, call->sent_event);
}

/* As if the acknowledgement had been lost: the broker must know the batch again. */
static bool batch_doubted(struct client *c, struct shipment *s)
{
    struct producer *p = c->state;
    if (!p->idempotent || s->doubted || c->sim->phase != PHASE_ACTIVE || !sim_chance(c->sim, 12)) return false;
    s->doubted = true;
    s->state = SHIPMENT_FAILED;
    p->failed = true;
    return true;
}

static void batch_answered(struct client *c, const struct call *call, struct producer_lane *l, struct shipment *s,
                           const struct produce_response *out)
{
    struct producer *p = c->state;
    struct told_partition *told = &c->sim->history.partitions[l->told->partition];
    const struct produce_response_partition_produce_response *line = NULL;
    for (int32_t t = 0; t < out->responses_count; t++)
        for (int32_t i = 0; i < out->responses[t].partition_responses_count; i++)
            if (kafka_string_equal_str(out->responses[t].name, told->topic) &&
                out->responses[t].partition_responses[i].index == told->index)
                line = &out->responses[t].partition_responses[i];
    if (!line) sim_fail(c->sim, "producer %u: no line for %s-%d", l->told->id, told->topic, told->index);
    trace_note(&c->sim->trace, c->sim->now_ns, "   producer %u: records %u to %u: %s, offset %lld", l->told->id,
               s->number, s->number + (uint32_t)s->count - 1, kafka_error_name(line->error_code),
               (long long)line->base_offset);
    if (line->error_code == KAFKA_NONE) batch_stored(c->sim, call, l->told, s, line);
    /* After these it may still be found in the file. */
    bool in_doubt = line->error_code == KAFKA_REQUEST_TIMED_OUT || line->error_code == KAFKA_KAFKA_STORAGE_ERROR;
    if (!in_doubt) history_sent_bytes(told, -(int64_t)s->batch.n);
    if (line->error_code == KAFKA_NONE) {
        if (!batch_doubted(c, s)) shipment_end(l, s);
        return;
    }
    if (line->error_code == KAFKA_DUPLICATE_SEQUENCE_NUMBER && p->idempotent) { /* clients take it for a success */
        history_claimed(l->told, s->number, s->count);
        shipment_end(l, s);
        return;
    }
    batch_failed(c, l, s, line->error_code);
    s->state = SHIPMENT_FAILED;
    p->failed = true;
}

static void producer_answered(struct client *c, const struct call *call, const void *response)
{
    struct producer *p = c->state;
    if (call->api->key == KAFKA_API_INIT_PRODUCER_ID) {
        const struct init_producer_id_response *out = response;
        p->id_known = out->error_code == KAFKA_NONE;
        if (p->id_known) history_producer_id(c->sim, out->producer_id);
        p->id = out->producer_id;
        p->epoch = out->producer_epoch;
        p->losses_before = c->sim->losses;
        client_think_in(c, p->id_known ? 0 : 20 * NS_MS);
        return;
    }
    struct parcel *parcel = call->context;
    for (int i = 0; i < p->lane_count; i++)
        if (parcel->of[i]) batch_answered(c, call, &p->lanes[i], parcel->of[i], response);
    free(parcel);
}

/* A plain producer does not always try again. */
static void producer_lost(struct client *c, const struct call *call)
{
    struct producer *p = c->state;
    struct parcel *parcel = call->context;
    for (int i = 0; parcel && i < p->lane_count; i++) {
        if (!parcel->of[i]) continue;
        parcel->of[i]->state = SHIPMENT_FAILED;
        p->failed = true;
        if (!p->idempotent && sim_chance(c->sim, 2)) shipment_end(&p->lanes[i], parcel->of[i]);
    }
    free(parcel);
}

/* --- what to do next --- */

/* What is still to be done before the broker may have forgotten a batch: the way there, and queues. */
enum { EXPIRY_MARGIN_MS = 1500 };

static bool too_late(const struct client *c, const struct producer *p)
{
    int64_t in_ms = c->sim->plan.expiry_ms - EXPIRY_MARGIN_MS;
    for (int i = 0; p->idempotent && i < p->lane_count; i++)
        for (const struct shipment *s = p->lanes[i].first; s; s = s->next)
            if (s->first_sent_ns && c->sim->now_ns - s->first_sent_ns > in_ms * NS_MS) return true;
    return false;
}

/* When nothing is in flight: everything that is unresolved goes again, or is given up with the old id. */
static void producer_retry(struct client *c)
{
    struct producer *p = c->state;
    p->failed = false;
    p->refused |= too_late(c, p);
    if (p->refused) p->id_known = false;
    for (int i = 0; i < p->lane_count; i++) {
        struct producer_lane *l = &p->lanes[i];
        if (p->refused) {
            /* What was given up may still be on its way, on an older connection: it then stands behind what the new
             * id has written. The order that is promised is that of one id. */
            lane_abandon(l);
            l->sequence = 0;
            l->told = history_lane_add(&c->sim->history, l->told->partition, p->idempotent);
        }
        for (struct shipment *s = l->first; s; s = s->next) s->state = SHIPMENT_READY;
    }
    p->refused = false;
}

static void producer_make(struct client *c)
{
    struct producer *p = c->state;
    p->batches_left--;
    for (int i = 0; i < p->lane_count; i++)
        if (i == 0 || sim_chance(c->sim, 2)) shipment_make(c, &p->lanes[i]);
}

static void producer_think(struct client *c)
{
    struct producer *p = c->state;
    if (!client_connect(c)) return;
    client_think_in(c, NS_MS + sim_draw(c->sim, p->pause_ns));
    if (p->failed) {
        if (c->call_count > 0) return;
        producer_retry(c);
    }
    if (p->idempotent && !p->id_known) {
        if (c->call_count == 0) producer_id_ask(c);
        return;
    }
    while (c->link && !p->failed && c->call_count < p->in_flight_max) {
        if (parcel_send(c)) continue;
        bool more = p->batches_left > 0 || sim_wants_more(c->sim);
        if (c->sim->phase != PHASE_ACTIVE || !more || sim_chance(c->sim, 2)) return;
        producer_make(c);
    }
}

static bool producer_is_idle(const struct client *c)
{
    const struct producer *p = c->state;
    for (int i = 0; i < p->lane_count; i++)
        if (p->lanes[i].first) return false;
    return true;
}

static void producer_release(struct client *c)
{
    struct producer *p = c->state;
    for (int i = 0; i < p->lane_count; i++) lane_abandon(&p->lanes[i]);
}

void producer_add(struct sim *s)
{
    static const struct client_kind kind = {
        .name = "producer",
        .think = producer_think,
        .answered = producer_answered,
        .lost = producer_lost,
        .is_idle = producer_is_idle,
        .release = producer_release,
    };
    struct producer *p = memory_new(sizeof *p);
    p->idempotent = !sim_chance(s, 3);
    p->acks = p->idempotent ? (sim_chance(s, 4) ? 1 : -1) : (int16_t)(sim_draw(s, 2) - 1);
    p->in_flight_max = 1 + (int)sim_draw(s, IN_FLIGHT_MAX - 1);
    p->lane_count = 1 + (int)sim_draw(s, LANES_MAX - 1);
    p->batches_left = 20 + (int)sim_draw(s, 100);
    p->pause_ns = NS_MS + sim_draw(s, 200 * NS_MS);
    int first = (int)sim_draw(s, s->history.partition_count - 1);
    for (int i = 0; i < p->lane_count; i++)
        p->lanes[i].told = history_lane_add(&s->history, (first + i) % s->history.partition_count, p->idempotent);
    client_add(s, &kind, p);
}
