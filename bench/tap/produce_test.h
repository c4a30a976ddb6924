/* produce_test.h - Produce requests and answers as frames, made by lib/kafka's encoder: version 7, topic "t", partition
 * 0, client.id "client". */
#ifndef MILLRACE_BENCH_TAP_PRODUCE_TEST_H
#define MILLRACE_BENCH_TAP_PRODUCE_TEST_H

#include "lib/kafka/api.h"
#include "lib/kafka/batch.h"
#include "lib/kafka/messages.h"
#include "tests/unit.h"

/* A batch of so many records with this value. */
static inline void batch_with(int records, struct slice value, struct buf *out)
{
    struct batch_builder b;
    batch_builder_init(&b, &BATCH_OPTIONS_PLAIN);
    for (int i = 0; i < records; i++)
        batch_builder_add(&b, 1700000000000, KAFKA_BYTES_NULL, kafka_bytes_of_slice(value), NULL, 0);
    check_int(batch_builder_finish(&b, out), 0);
    batch_builder_release(&b);
}

static inline void batch_of(int records, struct buf *out)
{
    batch_with(records, SLICE_LIT("value"), out);
}

static inline void request(int key, int version, int32_t id, const void *message, struct buf *out)
{
    struct kafka_request_header h = {(int16_t)key, (int16_t)version, id, KAFKA_STRING_LIT("client")};
    check_int(kafka_request_frame(&h, message, out), 0);
}

static inline void produce_request_with(int32_t id, int acks, struct slice batch, struct buf *out)
{
    struct produce_request m;
    struct produce_request_topic_produce_data topic = {.name = KAFKA_STRING_LIT("t"), .partition_data_count = 1};
    struct produce_request_partition_produce_data partition = {0};
    kafka_struct_init(&produce_request_struct, &m);
    partition.records = kafka_bytes_of_slice(batch);
    topic.partition_data = &partition;
    m.acks = (int16_t)acks;
    m.topic_data = &topic;
    m.topic_data_count = 1;
    request(KAFKA_API_PRODUCE, 7, id, &m, out);
}

static inline void produce_request_frame(int32_t id, int acks, int records, struct buf *out)
{
    struct buf batch = {0};
    batch_of(records, &batch);
    produce_request_with(id, acks, buf_slice(&batch), out);
    buf_release(&batch);
}

static inline void produce_response_frame(int32_t id, int error, struct buf *out)
{
    struct produce_response m;
    struct produce_response_partition_produce_response partition;
    struct produce_response_topic_produce_response topic = {.name = KAFKA_STRING_LIT("t"),
                                                            .partition_responses_count = 1};
    kafka_struct_init(&produce_response_struct, &m);
    kafka_struct_init(&produce_response_partition_produce_response_struct, &partition);
    partition.error_code = (int16_t)error;
    topic.partition_responses = &partition;
    m.responses = &topic;
    m.responses_count = 1;
    check_int(kafka_response_frame(KAFKA_API_PRODUCE, 7, id, &m, out), 0);
}

#endif
