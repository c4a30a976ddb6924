/* response_fuzz - what a broker answers, and the records that brokers write into internal topics.
 *
 *     input := kind uint8, version uint8, bytes
 *
 * kind 0..63: the key of an API; bytes are a response frame without its size.
 * kind 64..: an index into the table of records below; bytes are the message.
 * kind 255: bytes are a framed metadata record. */
#include "lib/kafka/api.h"
#include "lib/kafka/metadata_record.h"
#include "tests/fuzz/message_fuzz.h"

static const struct message *const RECORDS[] = {
    &offset_commit_key_message,
    &offset_commit_value_message,
    &group_metadata_key_message,
    &group_metadata_value_message,
    &consumer_protocol_subscription_message,
    &consumer_protocol_assignment_message,
    &leader_change_message_message,
    &snapshot_header_record_message,
    &snapshot_footer_record_message,
};
enum { RECORD_FIRST = 64, RECORD_COUNT = sizeof(RECORDS) / sizeof(RECORDS[0]), RECORD_FRAMED = 255 };

static void response(const struct kafka_api *api, int version, struct slice frame)
{
    int32_t correlation;
    struct slice body;
    if (kafka_response_header_decode(api->key, version, frame, &correlation, &body) == 0)
        fuzz_message(api->response, version, body);
}

static void framed_record(struct slice in)
{
    struct arena a = {0};
    struct metadata_record r;
    if (metadata_record_decode(in, &a, &r) == 0) {
        struct buf out = {0};
        int err = metadata_record_encode(r.type, r.version, r.value, &out);
        assert(!err);
        buf_release(&out);
    }
    arena_release(&a);
}

/* The consumer protocol's blobs come from other clients and are read leniently. */
static void lenient(const struct message *m, struct slice in)
{
    struct arena a = {0};
    int version;
    kafka_decode_versioned(m, in, true, &a, kafka_struct_array(m->root, &a, 1), &version);
    arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    int kind = data[0], version = data[1];
    struct slice in = slice_of(data + 2, size - 2);
    if (kind == RECORD_FRAMED)
        framed_record(in);
    else if (kind < RECORD_FIRST && kafka_api_find(kind))
        response(kafka_api_find(kind), version, in);
    else if (kind >= RECORD_FIRST && kind < RECORD_FIRST + RECORD_COUNT) {
        fuzz_message(RECORDS[kind - RECORD_FIRST], version, in);
        lenient(RECORDS[kind - RECORD_FIRST], in);
    }
    return 0;
}
