/* A client that does not mean well: noise, half requests, versions from the future, a flood of small requests. It
 * may be answered or thrown out; the others must not notice. */
#include <stdlib.h>

#include "tests/sim/client.h"

static void noise_add(struct sim *s, struct buf *frame, int64_t max)
{
    for (int64_t n = sim_draw(s, max); n > 0; n--) buf_append_byte(frame, (uint8_t)random_u64(&s->random));
}

static void header_add(struct client *c, int api_key, int version, struct buf *frame)
{
    struct kafka_request_header h = {(int16_t)api_key, (int16_t)version, ++c->correlation, KAFKA_STRING_LIT("x")};
    kafka_request_header_encode(&h, frame);
}

/* Long polls for more than there is: nothing is answered at once, so that the pipeline fills up. */
static void poll_add(struct client *c, struct buf *frame)
{
    struct fetch_request in;
    kafka_struct_init(&fetch_request_struct, &in);
    in.max_wait_ms = 100 + (int32_t)sim_draw(c->sim, 300);
    in.min_bytes = 1 << 30;
    in.topics = KAFKA_NEW(&c->arena, fetch_request_fetch_topic, 1);
    in.topics_count = 1;
    in.topics[0].topic = kafka_string_of(sim_topics[0]);
    in.topics[0].partitions = KAFKA_NEW(&c->arena, fetch_request_fetch_partition, 1);
    in.topics[0].partitions_count = 1;
    in.topics[0].partitions[0].partition_max_bytes = 1;
    header_add(c, KAFKA_API_FETCH, 4, frame);
    kafka_encode(&fetch_request_message, 4, &in, frame);
    arena_reset(&c->arena);
}

static void flood(struct client *c)
{
    bool polls = sim_chance(c->sim, 2);
    for (int64_t n = 1 + sim_draw(c->sim, 100); n > 0 && c->link; n--) {
        struct buf frame = {0};
        if (polls)
            poll_add(c, &frame);
        else
            header_add(c, KAFKA_API_API_VERSIONS, 0, &frame);
        client_send_bytes(c, &frame);
    }
}

static void garbage_think(struct client *c)
{
    struct sim *s = c->sim;
    struct buf frame = {0};
    if (s->phase != PHASE_ACTIVE || !client_connect(c)) return;
    client_think_in(c, 20 * NS_MS + sim_draw(s, 400 * NS_MS));
    switch (sim_draw(s, 4)) {
    case 0: noise_add(s, &frame, 200); break;
    case 1:
        header_add(c, kafka_apis[sim_draw(s, kafka_apis_count - 1)].key, (int)sim_draw(s, 15), &frame);
        noise_add(s, &frame, 60);
        break;
    case 2: header_add(c, KAFKA_API_API_VERSIONS, (int)sim_draw(s, 200), &frame); break;
    case 3: flood(c); return;
    default: client_drop(c); return;
    }
    client_send_bytes(c, &frame);
}

void garbage_add(struct sim *s)
{
    static const struct client_kind kind = {.name = "garbage", .think = garbage_think};
    client_add(s, &kind, NULL);
}
