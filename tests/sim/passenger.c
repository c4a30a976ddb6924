/* A client of the topic that comes and goes: appends and long polls that meet its deletion. Whatever error it gets is
 * right; what matters is that it gets an answer, and that nothing of the topic is touched when it is gone. */
#include <stdlib.h>

#include "lib/base/memory.h"
#include "lib/kafka/batch.h"
#include "tests/sim/client.h"

enum { CALLS_MAX = 4 };

/* What a produce request carries. */
struct cargo {
    uint64_t first;
    int32_t count;
};

static void batch_make(struct client *c, struct cargo *cargo, struct buf *out)
{
    struct batch_options options = BATCH_OPTIONS_PLAIN;
    struct batch_builder b;
    options.codec = (int)sim_draw(c->sim, 1); /* gzip is checked by a job */
    batch_builder_init(&b, &options);
    cargo->first = c->sim->passing.count;
    cargo->count = 1 + (int32_t)sim_draw(c->sim, 5);
    for (int32_t i = 0; i < cargo->count; i++) {
        uint8_t value[8];
        put_u64be(value, passing_number(&c->sim->passing));
        batch_builder_add(&b, sim_wall_ms(c->sim), KAFKA_BYTES_NULL, (struct kafka_bytes){value, sizeof value}, NULL,
                          0);
    }
    batch_builder_finish(&b, out);
    batch_builder_release(&b);
}

static void produce_send(struct client *c)
{
    struct produce_request in;
    struct produce_request_topic_produce_data topic;
    struct produce_request_partition_produce_data partition;
    struct buf batch = {0};
    struct cargo *cargo = memory_new(sizeof *cargo);
    batch_make(c, cargo, &batch);
    kafka_struct_init(&produce_request_struct, &in);
    in.transactional_id = KAFKA_STRING_NULL;
    in.acks = -1;
    in.timeout_ms = 500;
    in.topic_data = &topic;
    in.topic_data_count = 1;
    topic.name = KAFKA_STRING_LIT(SIM_PASSING_TOPIC);
    topic.partition_data = &partition;
    topic.partition_data_count = 1;
    partition.index = (int32_t)sim_draw(c->sim, 2);
    partition.records = kafka_bytes_of_slice(buf_slice(&batch));
    client_call(c, KAFKA_API_PRODUCE, 3, 12, &in, cargo);
    buf_release(&batch);
}

static void fetch_send(struct client *c)
{
    struct fetch_request in;
    kafka_struct_init(&fetch_request_struct, &in);
    in.max_wait_ms = (int32_t)sim_draw(c->sim, 400);
    in.min_bytes = 1 + (int32_t)sim_draw(c->sim, 2000);
    in.topics = KAFKA_NEW(&c->arena, fetch_request_fetch_topic, 1);
    in.topics_count = 1;
    in.topics[0].topic = KAFKA_STRING_LIT(SIM_PASSING_TOPIC);
    in.topics[0].partitions = KAFKA_NEW(&c->arena, fetch_request_fetch_partition, 1);
    in.topics[0].partitions_count = 1;
    in.topics[0].partitions[0].partition = (int32_t)sim_draw(c->sim, 2);
    in.topics[0].partitions[0].fetch_offset = sim_draw(c->sim, 20);
    in.topics[0].partitions[0].partition_max_bytes = 1 << 20;
    client_call(c, KAFKA_API_FETCH, 4, 12, &in, NULL);
    arena_reset(&c->arena);
}

static void passenger_think(struct client *c)
{
    if (c->sim->phase != PHASE_ACTIVE || !client_connect(c)) return;
    client_think_in(c, 5 * NS_MS + sim_draw(c->sim, 100 * NS_MS));
    if (c->call_count >= CALLS_MAX) return;
    if (sim_chance(c->sim, 2))
        produce_send(c);
    else
        fetch_send(c);
}

static void passenger_answered(struct client *c, const struct call *call, const void *response)
{
    const struct produce_response *stored = response;
    const struct fetch_response *fetched = response;
    if (call->api->key == KAFKA_API_PRODUCE) {
        struct cargo *cargo = call->context;
        if (stored->responses[0].partition_responses[0].error_code == KAFKA_NONE)
            passing_acked(c->sim, cargo->first, cargo->count);
        free(cargo);
    } else if (fetched->responses_count) {
        const struct fetch_response_partition_data *p = &fetched->responses[0].partitions[0];
        if (p->error_code == KAFKA_NONE) passing_fetched(c->sim, kafka_bytes_slice(p->records), call->sent_event);
    }
}

static void passenger_lost(struct client *c, const struct call *call)
{
    (void)c;
    free(call->context);
}

void passenger_add(struct sim *s)
{
    static const struct client_kind kind = {
        .name = "passenger",
        .think = passenger_think,
        .answered = passenger_answered,
        .lost = passenger_lost,
    };
    client_add(s, &kind, NULL);
}
