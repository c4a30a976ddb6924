#include "bench/tap/detail.h"

#include <inttypes.h>

#include "lib/base/text.h"
#include "lib/kafka/api.h"
#include "lib/kafka/batch.h"
#include "lib/kafka/messages.h"

/* A list of objects, of which the first TAP_DETAIL_PARTITIONS_MAX are told. */
struct list {
    struct buf *out;
    int count;
};

static void member(const char *name, struct buf *out)
{
    if (out->n) buf_append_byte(out, ',');
    buf_printf(out, "\"%s\":", name);
}

static void number(const char *name, int64_t value, struct buf *out)
{
    member(name, out);
    buf_printf(out, "%" PRId64, value);
}

static void string(const char *name, struct kafka_string s, struct buf *out)
{
    member(name, out);
    text_json_string(kafka_string_slice(s), out);
}

static struct list list_begin(const char *name, struct buf *out)
{
    member(name, out);
    buf_append_byte(out, '[');
    return (struct list){out, 0};
}

/* Begins an element {"topic":...,"partition":N ; false when there is no place for it. */
static bool element(struct list *l, struct kafka_string topic, int32_t partition)
{
    if (l->count++ >= TAP_DETAIL_PARTITIONS_MAX) return false;
    buf_append_str(l->out, l->count > 1 ? ",{\"topic\":" : "{\"topic\":");
    text_json_string(kafka_string_slice(topic), l->out);
    buf_printf(l->out, ",\"partition\":%" PRId32, partition);
    return true;
}

static void list_end(struct list *l)
{
    buf_append_byte(l->out, ']');
    if (l->count > TAP_DETAIL_PARTITIONS_MAX) number("more", l->count - TAP_DETAIL_PARTITIONS_MAX, l->out);
}

/* --- records --- */

/* The batches of one partition: how many records, and the first one's header. */
static int64_t records_of(struct kafka_bytes bytes, struct batch_header *first)
{
    struct slice in = kafka_bytes_slice(bytes);
    struct batch_header h;
    int64_t records = 0;
    *first = (struct batch_header){.producer_id = -1};
    while (batch_header_read(in, &h) == 0 && batch_size(&h) <= in.n) {
        if (records == 0) *first = h;
        if (!batch_is_control(&h)) records += h.count;
        in = slice_of(in.p + batch_size(&h), in.n - batch_size(&h));
    }
    return records;
}

static void produce_request(const struct produce_request *m, struct buf *out)
{
    number("acks", m->acks, out);
    struct list l = list_begin("produced", out);
    for (int32_t i = 0; i < m->topic_data_count; i++)
        for (int32_t j = 0; j < m->topic_data[i].partition_data_count; j++) {
            const struct produce_request_partition_produce_data *p = &m->topic_data[i].partition_data[j];
            struct batch_header h;
            int64_t records = records_of(p->records, &h);
            if (!element(&l, m->topic_data[i].name, p->index)) continue;
            buf_printf(out, ",\"records\":%" PRId64, records);
            if (h.producer_id >= 0)
                buf_printf(out, ",\"producer_id\":%" PRId64 ",\"epoch\":%d,\"sequence\":%" PRId32, h.producer_id,
                           h.producer_epoch, h.base_sequence);
            else if (records > 0)
                buf_printf(out, ",\"crc\":%" PRIu32, h.crc);
            buf_append_byte(out, '}');
        }
    list_end(&l);
}

static void produce_response(const struct produce_response *m, struct buf *out)
{
    struct list l = list_begin("appended", out);
    for (int32_t i = 0; i < m->responses_count; i++)
        for (int32_t j = 0; j < m->responses[i].partition_responses_count; j++) {
            const struct produce_response_partition_produce_response *p = &m->responses[i].partition_responses[j];
            if (element(&l, m->responses[i].name, p->index))
                buf_printf(out, ",\"offset\":%" PRId64 ",\"error\":%d}", p->base_offset, p->error_code);
        }
    list_end(&l);
}

/* Only partitions that bring records; a name is "" where topics go by their id (Fetch from 13). */
static void fetch_response(const struct fetch_response *m, struct buf *out)
{
    struct list l = list_begin("fetched", out);
    for (int32_t i = 0; i < m->responses_count; i++)
        for (int32_t j = 0; j < m->responses[i].partitions_count; j++) {
            const struct fetch_response_partition_data *p = &m->responses[i].partitions[j];
            struct batch_header h;
            int64_t records = records_of(p->records, &h);
            if (records == 0 || !element(&l, m->responses[i].topic, p->partition_index)) continue;
            buf_printf(out, ",\"offset\":%" PRId64 ",\"records\":%" PRId64 "}", h.base_offset, records);
        }
    list_end(&l);
}

/* --- groups --- */

static void offset_commit_request(const struct offset_commit_request *m, struct buf *out)
{
    string("group", m->group_id, out);
    string("member", m->member_id, out);
    number("generation", m->generation_id_or_member_epoch, out);
    struct list l = list_begin("committed", out);
    for (int32_t i = 0; i < m->topics_count; i++)
        for (int32_t j = 0; j < m->topics[i].partitions_count; j++) {
            const struct offset_commit_request_offset_commit_request_partition *p = &m->topics[i].partitions[j];
            if (element(&l, m->topics[i].name, p->partition_index))
                buf_printf(out, ",\"offset\":%" PRId64 "}", p->committed_offset);
        }
    list_end(&l);
}

static void join_group_request(const struct join_group_request *m, struct buf *out)
{
    string("group", m->group_id, out);
    string("member", m->member_id, out);
}

static void join_group_response(const struct join_group_response *m, struct buf *out)
{
    string("joined_as", m->member_id, out);
    number("generation", m->generation_id, out);
    string("leader", m->leader, out);
    if (m->members_count > 0) number("members", m->members_count, out);
}

static void sync_group_request(const struct sync_group_request *m, struct buf *out)
{
    string("group", m->group_id, out);
    string("member", m->member_id, out);
    number("generation", m->generation_id, out);
}

/* A consumer's assignment; other kinds of groups put other bytes there, of which nothing is told. */
static void sync_group_response(const struct sync_group_response *m, struct buf *out)
{
    struct arena arena = {0};
    struct consumer_protocol_assignment a;
    int version;
    if (kafka_decode_versioned(&consumer_protocol_assignment_message, kafka_bytes_slice(m->assignment), true, &arena,
                               &a, &version) == 0) {
        struct list l = list_begin("assigned", out);
        for (int32_t i = 0; i < a.assigned_partitions_count; i++)
            for (int32_t j = 0; j < a.assigned_partitions[i].partitions_count; j++)
                if (element(&l, a.assigned_partitions[i].topic, a.assigned_partitions[i].partitions[j]))
                    buf_append_byte(out, '}');
        list_end(&l);
    }
    arena_release(&arena);
}

static void heartbeat_request(const struct heartbeat_request *m, struct buf *out)
{
    string("group", m->group_id, out);
    string("member", m->member_id, out);
    number("generation", m->generation_id, out);
}

static void leave_group_request(const struct leave_group_request *m, struct buf *out)
{
    string("group", m->group_id, out);
    string("member", m->members_count > 0 ? m->members[0].member_id : m->member_id, out);
}

static void init_producer_id_response(const struct init_producer_id_response *m, struct buf *out)
{
    number("producer_id", m->producer_id, out);
    number("epoch", m->producer_epoch, out);
}

/* --- which is which --- */

void tap_detail_request(int api_key, const void *message, struct buf *out)
{
    switch (api_key) {
    case KAFKA_API_PRODUCE: produce_request(message, out); break;
    case KAFKA_API_OFFSET_COMMIT: offset_commit_request(message, out); break;
    case KAFKA_API_JOIN_GROUP: join_group_request(message, out); break;
    case KAFKA_API_SYNC_GROUP: sync_group_request(message, out); break;
    case KAFKA_API_HEARTBEAT: heartbeat_request(message, out); break;
    case KAFKA_API_LEAVE_GROUP: leave_group_request(message, out); break;
    default: break;
    }
}

void tap_detail_response(int api_key, const void *message, struct buf *out)
{
    switch (api_key) {
    case KAFKA_API_PRODUCE: produce_response(message, out); break;
    case KAFKA_API_FETCH: fetch_response(message, out); break;
    case KAFKA_API_JOIN_GROUP: join_group_response(message, out); break;
    case KAFKA_API_SYNC_GROUP: sync_group_response(message, out); break;
    case KAFKA_API_INIT_PRODUCER_ID: init_producer_id_response(message, out); break;
    default: break;
    }
}
