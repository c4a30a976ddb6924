#include "bench/speed/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/kafka/api.h"
#include "lib/kafka/batch.h"
#include "lib/kafka/messages_data.h"
#include "lib/os/clock.h"
#include "lib/os/net.h"

int wire_open(struct wire *w, const char *bootstrap, struct err_text *error)
{
    struct net_address address;
    *w = (struct wire){.descriptor = -1};
    int rc = net_address_parse(bootstrap, &address, error);
    if (rc < 0) return rc;
    w->descriptor = net_connect(&address, 5000, error);
    return w->descriptor < 0 ? w->descriptor : 0;
}

void wire_close(struct wire *w)
{
    if (w->descriptor >= 0) close(w->descriptor);
    buf_release(&w->out);
    buf_release(&w->in);
}

static int failed(const char *what, struct err_text *error)
{
    return err_set(error, ERR_IO, "the connection to the broker failed: %s: %s", what, strerror(errno));
}

static int send_whole(int descriptor, struct slice s, struct err_text *error)
{
    while (s.n) {
        ssize_t n = send(descriptor, s.p, s.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return failed("send", error);
        s = slice_of(s.p + n, s.n - (size_t)n);
    }
    return 0;
}

static int receive_whole(int descriptor, uint8_t *p, size_t n, struct err_text *error)
{
    while (n) {
        ssize_t got = recv(descriptor, p, n, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed("receive", error);
        if (got == 0) return err_set(error, ERR_CLOSED, "the broker closed the connection");
        p += got;
        n -= (size_t)got;
    }
    return 0;
}

static int receive_frame(struct wire *w, struct err_text *error)
{
    uint8_t size[4];
    int rc = receive_whole(w->descriptor, size, sizeof size, error);
    if (rc < 0) return rc;
    buf_reset(&w->in);
    w->in.n = get_u32be(size);
    if (w->in.n > (size_t)256 << 20) return err_set(error, ERR_RANGE, "an answer of %zu bytes", w->in.n);
    size_t n = w->in.n;
    w->in.n = 0;
    rc = receive_whole(w->descriptor, buf_reserve(&w->in, n), n, error);
    w->in.n = n;
    return rc;
}

int wire_call(struct wire *w, int api_key, int api_version, const void *request, struct slice *body,
              struct err_text *error)
{
    struct kafka_request_header header = {(int16_t)api_key, (int16_t)api_version, ++w->correlation_id,
                                          KAFKA_STRING_LIT("bench")};
    int32_t echoed;
    buf_reset(&w->out);
    int rc = kafka_request_frame(&header, request, &w->out);
    if (rc < 0) return err_set(error, rc, "a request that cannot be encoded: %s", err_name(rc));
    rc = send_whole(w->descriptor, buf_slice(&w->out), error);
    if (rc == 0) rc = receive_frame(w, error);
    if (rc < 0) return rc;
    rc = kafka_response_header_decode(api_key, api_version, buf_slice(&w->in), &echoed, body);
    if (rc == 0 && echoed == w->correlation_id) return 0;
    return err_set(error, ERR_CORRUPT, "an answer to another request");
}

int wire_batch(int records, int record_bytes, struct buf *out)
{
    struct batch_builder builder;
    struct batch_options plain = BATCH_OPTIONS_PLAIN;
    uint8_t *value = memory_new((size_t)record_bytes);
    batch_builder_init(&builder, &plain);
    for (int i = 0; i < records; i++)
        batch_builder_add(&builder, clock_wall_ms(), KAFKA_BYTES_NULL, (struct kafka_bytes){value, record_bytes}, NULL,
                          0);
    int rc = batch_builder_finish(&builder, out);
    batch_builder_release(&builder);
    free(value);
    return rc;
}

/* The error code of the only partition of an answer. */
static int refused(const char *what, int16_t code, struct err_text *error)
{
    return code == 0 ? 0 : err_set(error, ERR_INVALID, "%s: the broker answered error %d", what, code);
}

int wire_produce(struct wire *w, const char *topic, int32_t partition, int records, int record_bytes,
                 struct err_text *error)
{
    struct buf batch = {0};
    struct arena arena = {0};
    struct slice body = {0};
    struct produce_response answer;
    int rc = wire_batch(records, record_bytes, &batch);
    struct produce_request_partition_produce_data data = {.index = partition,
                                                          .records = kafka_bytes_of_slice(buf_slice(&batch))};
    struct produce_request_topic_produce_data lines = {
        .name = kafka_string_of(topic), .partition_data = &data, .partition_data_count = 1};
    struct produce_request request = {.transactional_id = KAFKA_STRING_NULL,
                                      .acks = 1,
                                      .timeout_ms = WIRE_TIMEOUT_MS,
                                      .topic_data = &lines,
                                      .topic_data_count = 1};
    if (rc == 0) rc = wire_call(w, KAFKA_API_PRODUCE, WIRE_PRODUCE_VERSION, &request, &body, error);
    if (rc == 0) rc = kafka_decode(&produce_response_message, WIRE_PRODUCE_VERSION, body, &arena, &answer);
    if (rc == 0) rc = refused(topic, answer.responses[0].partition_responses[0].error_code, error);
    buf_release(&batch);
    arena_release(&arena);
    return rc;
}

/* One partition of one topic; the answer's memory is in the arena and in w->in. */
static int fetch_call(struct wire *w, const char *topic, const struct fetch_request_fetch_partition *partition,
                      int32_t wait_ms, struct arena *arena, struct fetch_response *answer, struct err_text *error)
{
    struct slice body = {0};
    struct fetch_request request;
    struct fetch_request_fetch_partition line = *partition;
    struct fetch_request_fetch_topic lines = {
        .topic = kafka_string_of(topic), .partitions = &line, .partitions_count = 1};
    kafka_struct_init(&fetch_request_struct, &request);
    line.current_leader_epoch = line.last_fetched_epoch = -1;
    line.log_start_offset = -1;
    request.max_wait_ms = wait_ms;
    request.min_bytes = 1;
    request.max_bytes = line.partition_max_bytes;
    request.topics = &lines;
    request.topics_count = 1;
    int rc = wire_call(w, KAFKA_API_FETCH, WIRE_FETCH_VERSION, &request, &body, error);
    if (rc == 0) rc = kafka_decode(&fetch_response_message, WIRE_FETCH_VERSION, body, arena, answer);
    if (rc == 0 && (answer->responses_count != 1 || answer->responses[0].partitions_count != 1))
        rc = refused(topic, answer->error_code ? answer->error_code : -1, error);
    return rc == 0 ? refused(topic, answer->responses[0].partitions[0].error_code, error) : rc;
}

int wire_fetch(struct wire *w, const char *topic, int32_t partition, int64_t offset, int32_t bytes,
               struct err_text *error)
{
    struct arena arena = {0};
    struct fetch_response answer;
    struct fetch_request_fetch_partition line = {
        .partition = partition, .fetch_offset = offset, .partition_max_bytes = bytes};
    int rc = fetch_call(w, topic, &line, WIRE_TIMEOUT_MS, &arena, &answer, error);
    arena_release(&arena);
    return rc;
}

/* The offset after the last whole batch. */
static int64_t offset_after(struct slice records, int64_t offset, int64_t *bytes)
{
    struct batch_header h;
    for (;;) {
        int64_t size = batch_peek_size(records);
        if (size < 0 || (uint64_t)size > records.n || batch_header_read(records, &h) < 0) return offset;
        offset = batch_last_offset(&h) + 1;
        *bytes += size;
        records = slice_of(records.p + size, records.n - (size_t)size);
    }
}

int wire_read(struct wire *w, const char *topic, int32_t bytes_max, int64_t *offset, int64_t *bytes,
              struct err_text *error)
{
    struct arena arena = {0};
    struct fetch_response answer;
    struct fetch_request_fetch_partition line = {.fetch_offset = *offset, .partition_max_bytes = bytes_max};
    int rc = fetch_call(w, topic, &line, 1000, &arena, &answer, error);
    if (rc == 0) *offset = offset_after(kafka_bytes_slice(answer.responses[0].partitions[0].records), *offset, bytes);
    arena_release(&arena);
    return rc;
}
