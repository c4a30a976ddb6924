/* Produce: one batch for each partition named, answered when the last of them is seen or has failed.
 *
 *     request -> check each batch -> append_submit ... -> produce_appended ... -> response
 *
 * The response is built beside the request at once, with a line for each partition in the order asked;
 * each append fills in its line. */
#include "broker/node/node_internal.h"

struct produce {
    struct produce_response *response;
    int32_t pending; /* appends that have not ended, and one while they are being started */
    bool failed;
    struct append **appends; /* flat, in the order of the lines; NULL once ended */
    int32_t append_count;
};

static struct produce_response *skeleton_new(struct request *r, const struct produce_request *in)
{
    struct produce_response *out = KAFKA_NEW(&r->arena, produce_response, 1);
    out->responses_count = in->topic_data_count;
    out->responses = KAFKA_NEW(&r->arena, produce_response_topic_produce_response, in->topic_data_count);
    for (int32_t t = 0; t < in->topic_data_count; t++) {
        const struct produce_request_topic_produce_data *topic = &in->topic_data[t];
        struct produce_response_topic_produce_response *line = &out->responses[t];
        line->name = topic->name;
        line->partition_responses_count = topic->partition_data_count;
        line->partition_responses =
            KAFKA_NEW(&r->arena, produce_response_partition_produce_response, topic->partition_data_count);
        for (int32_t p = 0; p < topic->partition_data_count; p++) {
            line->partition_responses[p].index = topic->partition_data[p].index;
            line->partition_responses[p].base_offset = -1;
        }
    }
    return out;
}

static void line_fail(struct produce *s, struct produce_response_partition_produce_response *line, int16_t error,
                      const char *message)
{
    s->failed = true;
    line->error_code = error;
    line->base_offset = -1;
    line->error_message = kafka_string_of(message);
}

/* A client that asked for no answer still learns that something went wrong: by losing its connection. */
static void produce_finish(struct node *n, struct request *r)
{
    struct produce *s = r->state;
    const struct produce_request *in = r->body;
    if (in->acks != 0)
        request_answer(n, r, s->response);
    else if (s->failed)
        request_refuse(n, r, "a batch that was sent with acks=0 was refused");
    else
        request_finish_silently(n, r);
}

static void pending_drop(struct node *n, struct request *r)
{
    struct produce *s = r->state;
    if (--s->pending == 0) produce_finish(n, r);
}

/* --- checks --- */

/* Formats 0 and 1 are known, and refused (KIP-896); a magic beyond 2 is no batch at all. */
static int16_t magic_error(int8_t magic, const char **why)
{
    *why = magic == 0 || magic == 1 ? "Produce must only contain record batches of magic 2"
                                    : "the batch has an unknown magic";
    return magic == 0 || magic == 1 ? KAFKA_INVALID_RECORD : KAFKA_CORRUPT_MESSAGE;
}

static int16_t batch_error(int rc, struct slice batch, const struct batch_header *h, const char **why)
{
    enum { MAGIC_AT = 16 };
    if (batch.n > MAGIC_AT && batch.p[MAGIC_AT] != BATCH_MAGIC) return magic_error((int8_t)batch.p[MAGIC_AT], why);
    switch (rc) {
    case ERR_INVALID:
        *why = batch_is_control(h)                     ? "clients are not allowed to write control records"
               : h->attributes & BATCH_LOG_APPEND_TIME ? "a producer may not set the timestamp type to LogAppendTime"
                                                       : "the records are not one valid batch from offset 0 on";
        return !batch_is_control(h) && h->attributes & BATCH_LOG_APPEND_TIME ? KAFKA_INVALID_TIMESTAMP
                                                                             : KAFKA_INVALID_RECORD;
    case ERR_RANGE: *why = "Produce must contain one whole record batch"; return KAFKA_INVALID_RECORD;
    case ERR_UNSUPPORTED: *why = "unknown compression"; return KAFKA_UNSUPPORTED_COMPRESSION_TYPE;
    default: *why = "the batch is damaged"; return KAFKA_CORRUPT_MESSAGE;
    }
}

/* Error, or KAFKA_NONE and the partition and header to append with. */
static int16_t line_check(struct node *n, struct request *r, struct slice topic,
                          const struct produce_request_partition_produce_data *data, struct partition **p,
                          struct batch_header *header, const char **why)
{
    const struct produce_request *in = r->body;
    if (in->acks < -1 || in->acks > 1) return KAFKA_INVALID_REQUIRED_ACKS; /* T27 */
    if (r->header.api_version < r->api->served_from) {
        *why = "Produce is served from version 3 on";
        return KAFKA_UNSUPPORTED_VERSION;
    }
    if (in->transactional_id.n >= 0) {
        *why = "transactions are not served";
        return KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
    }
    *p = partition_find(n, topic, data->index);
    if (!*p) {
        /* Known, but its folder is still being made: the client tries again. */
        const struct metadata_topic *t = metadata_topic_find(&n->image, topic);
        return metadata_partition_find(t, data->index) ? KAFKA_NOT_LEADER_OR_FOLLOWER
                                                       : KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    }
    if ((*p)->internal) {
        *why = "this topic is the broker's own";
        return KAFKA_INVALID_TOPIC_EXCEPTION;
    }
    if (n->disk_failed) return KAFKA_KAFKA_STORAGE_ERROR;
    if (in->acks == -1 && (*p)->min_insync_replicas > 1) return KAFKA_NOT_ENOUGH_REPLICAS;
    if (data->records.n <= 0) { /* T48 */
        *why = "no records";
        return KAFKA_INVALID_RECORD;
    }
    /* Before anything is read of it: what is refused anyhow must cost nothing. */
    if (data->records.n > (*p)->message_bytes_max) {
        *why = "the batch is larger than max.message.bytes";
        return KAFKA_MESSAGE_TOO_LARGE;
    }
    struct slice batch = kafka_bytes_slice(data->records);
    int rc = batch_check_produced(batch, header);
    if (rc < 0) return batch_error(rc, batch, header, why);
    if (header->attributes & BATCH_TRANSACTIONAL) {
        *why = "transactions are not served";
        return KAFKA_INVALID_TXN_STATE;
    }
    if (batch_codec(header) == COMPRESSION_ZSTD && r->header.api_version < 7) { /* T22, KIP-110 */
        *why = "zstd needs Produce version 7";
        return KAFKA_UNSUPPORTED_COMPRESSION_TYPE;
    }
    return KAFKA_NONE;
}

static void line_begin(struct node *n, struct request *r, int32_t t, int32_t i, int32_t flat)
{
    struct produce *s = r->state;
    const struct produce_request *in = r->body;
    const struct produce_request_partition_produce_data *data = &in->topic_data[t].partition_data[i];
    struct partition *p = NULL;
    struct batch_header header;
    const char *why = NULL;
    int16_t error = line_check(n, r, kafka_string_slice(in->topic_data[t].name), data, &p, &header, &why);
    if (error != KAFKA_NONE) {
        line_fail(s, &s->response->responses[t].partition_responses[i], error, why);
        return;
    }
    /* The batch is stamped where it lies: in the frame that the socket filled. */
    uint8_t *bytes = r->frame->p + (data->records.p - r->frame->p);
    struct append *a = append_new(p, APPEND_PRODUCE, r->frame, bytes, (size_t)data->records.n, &header);
    a->request = r;
    a->topic_at = t;
    a->partition_at = i;
    a->token = (uint64_t)flat;
    s->appends[flat] = a;
    s->pending++;
    append_submit(n, a);
}

void produce_begin(struct node *n, struct request *r)
{
    const struct produce_request *in = r->body;
    struct produce *s = arena_alloc(&r->arena, sizeof *s);
    int32_t lines = 0, flat = 0;
    for (int32_t t = 0; t < in->topic_data_count; t++) lines += in->topic_data[t].partition_data_count;
    r->state = s;
    s->response = skeleton_new(r, in);
    s->appends = arena_alloc(&r->arena, (size_t)lines * sizeof(struct append *));
    s->append_count = lines;
    s->pending = 1;
    for (int32_t t = 0; t < in->topic_data_count; t++)
        for (int32_t i = 0; i < in->topic_data[t].partition_data_count; i++) line_begin(n, r, t, i, flat++);
    if (s->pending > 1 && in->acks == -1) node_deadline_in(n, &r->deadline, in->timeout_ms);
    pending_drop(n, r);
}

/* --- the end of an append --- */

static const char *record_sentence(int16_t error)
{
    return error == KAFKA_INVALID_TIMESTAMP ? "the timestamp of the record is out of range"
                                            : "a record of a compacted topic must have a key";
}

static const char *error_sentence(const struct append *a)
{
    switch (a->error) {
    case KAFKA_INVALID_RECORD:
        return a->bad.count ? "one or more records have been rejected" : "the records of the batch cannot be read";
    case KAFKA_INVALID_TIMESTAMP: return "one or more records have been rejected due to invalid timestamp";
    case KAFKA_MESSAGE_TOO_LARGE: return "the batch is larger than max.message.bytes";
    default: return NULL;
    }
}

static void record_errors_fill(struct request *r, struct produce_response_partition_produce_response *line,
                               const struct bad_records *bad)
{
    line->record_errors = KAFKA_NEW(&r->arena, produce_response_batch_index_and_error_message, bad->count);
    line->record_errors_count = bad->count;
    for (int32_t i = 0; i < bad->count; i++) {
        line->record_errors[i].batch_index = bad->items[i].index;
        line->record_errors[i].batch_index_error_message = kafka_string_of(record_sentence(bad->items[i].error));
    }
}

void produce_appended(struct node *n, struct append *a)
{
    struct request *r = a->request;
    if (!r) return; /* timed out */
    struct produce *s = r->state;
    struct produce_response_partition_produce_response *line =
        &s->response->responses[a->topic_at].partition_responses[a->partition_at];
    s->appends[a->token] = NULL;
    if (a->error != KAFKA_NONE) {
        line_fail(s, line, a->error, error_sentence(a));
        record_errors_fill(r, line, &a->bad);
    } else {
        line->base_offset = a->base_offset;
        line->log_append_time_ms = a->log_append_time_ms;
        line->log_start_offset = log_offsets(a->partition->log)->start;
    }
    pending_drop(n, r);
}

/* timeout_ms is over: what is not seen by now may still be, but the client is told now. */
void produce_expired(struct node *n, struct request *r)
{
    struct produce *s = r->state;
    for (int32_t i = 0; i < s->append_count; i++) {
        struct append *a = s->appends[i];
        if (!a) continue;
        line_fail(s, &s->response->responses[a->topic_at].partition_responses[a->partition_at], KAFKA_REQUEST_TIMED_OUT,
                  NULL);
        a->request = NULL;
    }
    produce_finish(n, r);
}
