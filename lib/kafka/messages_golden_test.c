/* Bytes written down by hand from the protocol's documentation, in both directions: the description is
 * checked against something that was not computed from it. */
#include "lib/kafka/api.h"
#include "lib/kafka/hex_test.h"
#include "lib/kafka/messages.h"

/* The bytes decode (the caller then looks at `out`) and the decoded struct gives the bytes again. */
static void check_golden(const struct message *m, int version, const char *text, struct arena *a, void *out)
{
    struct slice expected = hex(a, text);
    uint8_t *tight = tight_copy(expected);
    check_int(kafka_decode(m, version, slice_of(tight, expected.n), a, out), 0);
    struct buf bytes = {0};
    check_int(kafka_encode(m, version, out, &bytes), 0);
    check_hex(a, buf_slice(&bytes), text);
    buf_release(&bytes);
    /* What was decoded borrows from the input: point it at memory that stays. */
    free(tight);
    check_int(kafka_decode(m, version, expected, a, out), 0);
}

TEST(golden, api_versions_request_3)
{
    struct arena a = {0};
    struct api_versions_request r;
    check_golden(&api_versions_request_message, 3, "0b 'librdkafka' 06 '2.0.2' 00", &a, &r);
    check(kafka_string_equal_str(r.client_software_name, "librdkafka"));
    check(kafka_string_equal_str(r.client_software_version, "2.0.2"));
    arena_release(&a);
}

TEST(golden, api_versions_response_0_and_3)
{
    struct arena a = {0};
    struct api_versions_response r;
    check_golden(&api_versions_response_message, 0, "0023 00000001 0012 0000 0004", &a, &r);
    check_int(r.error_code, 35);
    check_int(r.api_keys[0].api_key, 18);
    check_int(r.api_keys[0].max_version, 4);
    check_int(r.finalized_features_epoch, -1);
    /* tags 1 (epoch 7) and 2 (one feature) */
    check_golden(&api_versions_response_message, 3,
                 "0000 02 0012 0000 0004 00 00000005 02 01 08 0000000000000007 02 08 02 02 'm' 0014 0001 00", &a, &r);
    check_int(r.throttle_time_ms, 5);
    check_int(r.finalized_features_epoch, 7);
    check_int(r.finalized_features_count, 1);
    check_int(r.finalized_features[0].max_version_level, 20);
    arena_release(&a);
}

TEST(golden, metadata_request_null_means_all)
{
    struct arena a = {0};
    struct metadata_request r;
    check_golden(&metadata_request_message, 0, "00000000", &a, &r);
    check_int(r.topics_count, 0);
    check(r.allow_auto_topic_creation); /* the default where the version has no such field */
    check_golden(&metadata_request_message, 1, "ffffffff", &a, &r);
    check_int(r.topics_count, -1);
    check_golden(&metadata_request_message, 9, "00 00 00 01 00", &a, &r);
    check_int(r.topics_count, -1);
    check(!r.allow_auto_topic_creation && r.include_topic_authorized_operations);
    check_golden(&metadata_request_message, 12, "02 000102030405060708090a0b0c0d0e0f 00 00 01 00 00", &a, &r);
    check_int(r.topics[0].name.n, -1);
    check_int(r.topics[0].topic_id.bytes[15], 15);
    /* Version 0 has no null. */
    check_int(kafka_decode(&metadata_request_message, 0, hex(&a, "ffffffff"), &a, &r), ERR_CORRUPT);
    arena_release(&a);
}

TEST(golden, metadata_response_1)
{
    struct arena a = {0};
    struct metadata_response r;
    check_golden(&metadata_response_message, 1,
                 "00000001 00000001 0009 '127.0.0.1' 00002384 ffff 00000001"
                 "00000001 0000 0001 't' 00"
                 "00000001 0000 00000002 00000001 00000001 00000001 00000001 00000001",
                 &a, &r);
    check_int(r.brokers[0].port, 9092);
    check_int(r.brokers[0].rack.n, -1);
    check_int(r.controller_id, 1);
    check_int(r.topics[0].partitions[0].partition_index, 2);
    check_int(r.topics[0].partitions[0].isr_nodes[0], 1);
    check_int(r.topics[0].partitions[0].leader_epoch, -1);
    arena_release(&a);
}

TEST(golden, produce_request_3_and_9)
{
    struct arena a = {0};
    struct produce_request r;
    check_golden(&produce_request_message, 3, "ffff ffff 000005dc 00000001 0001 't' 00000001 00000003 00000002 abcd",
                 &a, &r);
    check_int(r.acks, -1);
    check_int(r.timeout_ms, 1500);
    check_int(r.topic_data[0].partition_data[0].index, 3);
    check_int(r.topic_data[0].partition_data[0].records.n, 2);
    check_golden(&produce_request_message, 9, "00 0001 000005dc 02 02 't' 02 00000003 03 abcd 00 00 00", &a, &r);
    check_int(r.transactional_id.n, -1);
    check_mem(r.topic_data[0].partition_data[0].records.p, "\xab\xcd", 2);
    /* Null records arrive as null and can be answered (T48). */
    check_golden(&produce_request_message, 9, "00 0001 000005dc 02 02 't' 02 00000003 00 00 00 00", &a, &r);
    check_int(r.topic_data[0].partition_data[0].records.n, -1);
    arena_release(&a);
}

/* T46: the throttle time is the last field of a Produce response, and version 0 has none. */
TEST(golden, t46_produce_response)
{
    struct arena a = {0};
    struct produce_response r;
    check_golden(&produce_response_message, 0, "00000001 0001 't' 00000001 00000000 0000 000000000000002a", &a, &r);
    check_int(r.responses[0].partition_responses[0].base_offset, 42);
    check_int(r.responses[0].partition_responses[0].log_append_time_ms, -1);
    check_golden(&produce_response_message, 1, "00000001 0001 't' 00000001 00000000 0000 000000000000002a 00000009", &a,
                 &r);
    check_int(r.throttle_time_ms, 9);
    check_golden(&produce_response_message, 8,
                 "00000001 0001 't' 00000001 00000000 0057 ffffffffffffffff ffffffffffffffff 0000000000000000"
                 "00000001 00000002 0003 'bad' ffff 00000000",
                 &a, &r);
    check_int(r.responses[0].partition_responses[0].record_errors[0].batch_index, 2);
    /* The leader is a tagged struct from 10 on; its default is not sent. */
    check_golden(&produce_response_message, 10,
                 "02 02 't' 02 00000000 0006 ffffffffffffffff ffffffffffffffff 0000000000000000 01 00"
                 "01 00 09 00000001 00000005 00 00 00000000 00",
                 &a, &r);
    check_int(r.responses[0].partition_responses[0].current_leader.leader_epoch, 5);
    arena_release(&a);
}

TEST(golden, fetch_request_4_and_12)
{
    struct arena a = {0};
    struct fetch_request r;
    check_golden(&fetch_request_message, 4,
                 "ffffffff 000001f4 00000001 03200000 00 00000001 0001 't' 00000001 00000000 000000000000000a 00100000",
                 &a, &r);
    check_int(r.topics[0].partitions[0].fetch_offset, 10);
    check_int(r.session_epoch, -1);
    check_int(r.topics[0].partitions[0].current_leader_epoch, -1);
    check_golden(&fetch_request_message, 12,
                 "ffffffff 000001f4 00000001 03200000 00 00000000 ffffffff"
                 "02 02 't' 02 00000000 00000004 000000000000000a ffffffff ffffffffffffffff 00100000 00 00"
                 "02 02 'u' 02 00000007 00 01 01 00 03 03 'id'",
                 &a, &r);
    check_int(r.topics[0].partitions[0].current_leader_epoch, 4);
    check_int(r.forgotten_topics_data[0].partitions[0], 7);
    check(kafka_string_equal_str(r.cluster_id, "id"));
    arena_release(&a);
}

TEST(golden, fetch_response_4)
{
    struct arena a = {0};
    struct fetch_response r;
    check_golden(
        &fetch_response_message, 4,
        "00000000 00000001 0001 't' 00000001 00000000 0000 000000000000000b 000000000000000a ffffffff 00000000", &a,
        &r);
    check_int(r.responses[0].partitions[0].high_watermark, 11);
    check_int(r.responses[0].partitions[0].last_stable_offset, 10);
    check_int(r.responses[0].partitions[0].aborted_transactions_count, -1);
    check_int(r.responses[0].partitions[0].records.n, 0);
    arena_release(&a);
}

static struct fetch_response *fetch_with_records(struct arena *a, struct kafka_bytes first, struct kafka_bytes second)
{
    struct fetch_response *r = KAFKA_NEW(a, fetch_response, 1);
    r->responses = KAFKA_NEW(a, fetch_response_fetchable_topic_response, 1);
    r->responses_count = 1;
    r->responses[0].topic = KAFKA_STRING_LIT("t");
    r->responses[0].partitions = KAFKA_NEW(a, fetch_response_partition_data, 2);
    r->responses[0].partitions_count = 2;
    r->responses[0].partitions[0].records = first;
    r->responses[0].partitions[1].records = second;
    return r;
}

/* With the bytes put into the holes it is the message that the same bytes in memory give. */
static void check_holes(int version)
{
    struct arena a = {0};
    struct buf whole = {0}, pieces = {0}, joined = {0};
    struct kafka_holes holes = {0};
    struct kafka_bytes in_memory = {(const uint8_t *)"0123456789", 10}, in_file = {NULL, 10};
    struct kafka_bytes more = {(const uint8_t *)"abc", 3}, more_in_file = {NULL, 3};
    check_int(kafka_encode(&fetch_response_message, version, fetch_with_records(&a, in_memory, more), &whole), 0);
    buf_append_str(&pieces, "head");
    check_int(kafka_encode_holes(&fetch_response_message, version, fetch_with_records(&a, in_file, more_in_file),
                                 &pieces, &holes),
              0);
    check_int(holes.count, 2);
    check_int(holes.size, 13);
    check_int(pieces.n - 4 + (size_t)holes.size, whole.n);
    buf_append(&joined, pieces.p + 4, holes.items[0].offset - 4);
    buf_append(&joined, in_memory.p, 10);
    buf_append(&joined, pieces.p + holes.items[0].offset, holes.items[1].offset - holes.items[0].offset);
    buf_append(&joined, more.p, 3);
    buf_append(&joined, pieces.p + holes.items[1].offset, pieces.n - holes.items[1].offset);
    check_str(hex_text(&a, buf_slice(&joined)), hex_text(&a, buf_slice(&whole)));
    kafka_holes_release(&holes);
    buf_release(&whole);
    buf_release(&pieces);
    buf_release(&joined);
    arena_release(&a);
}

TEST(golden, holes_stand_where_the_records_belong)
{
    check_holes(4);
    check_holes(11);
    check_holes(12);
}

TEST(golden, a_hole_needs_someone_to_fill_it)
{
    struct arena a = {0};
    struct buf out = {0};
    struct fetch_response *r = fetch_with_records(&a, (struct kafka_bytes){NULL, 10}, (struct kafka_bytes){NULL, 0});
    check_int(kafka_encode(&fetch_response_message, 4, r, &out), ERR_INVALID);
    check_int(out.n, 0);
    buf_release(&out);
    arena_release(&a);
}

TEST(golden, list_offsets_1_and_4)
{
    struct arena a = {0};
    struct list_offsets_request q;
    struct list_offsets_response r;
    check_golden(&list_offsets_request_message, 1, "ffffffff 00000001 0001 't' 00000001 00000000 fffffffffffffffe", &a,
                 &q);
    check_int(q.topics[0].partitions[0].timestamp, -2);
    check_golden(&list_offsets_response_message, 4,
                 "00000000 00000001 0001 't' 00000001 00000000 0000 ffffffffffffffff 0000000000000005 00000002", &a,
                 &r);
    check_int(r.topics[0].partitions[0].offset, 5);
    check_int(r.topics[0].partitions[0].leader_epoch, 2);
    arena_release(&a);
}

TEST(golden, group_messages)
{
    struct arena a = {0};
    struct join_group_request j;
    struct join_group_response k;
    struct sync_group_response s;
    struct leave_group_request l;
    struct find_coordinator_response f;
    check_golden(&join_group_request_message, 0,
                 "0001 'g' 00001770 0000 0008 'consumer' 00000001 0005 'range' 00000002 0001", &a, &j);
    check_int(j.session_timeout_ms, 6000);
    check_int(j.rebalance_timeout_ms, -1);
    check_int(j.protocols[0].metadata.n, 2);
    check_golden(&join_group_response_message, 7,
                 "00000000 0000 00000003 09 'consumer' 06 'range' 02 'm' 02 'm' 02 02 'm' 00 02 ff 00 00", &a, &k);
    check_int(k.generation_id, 3);
    check_int(k.members[0].metadata.p[0], 0xff);
    check_golden(&sync_group_response_message, 5, "00000000 0000 09 'consumer' 06 'range' 03 0102 00", &a, &s);
    check_int(s.assignment.n, 2);
    check_golden(&leave_group_request_message, 3, "0001 'g' 00000001 0001 'm' 0001 'i'", &a, &l);
    check(kafka_string_equal_str(l.members[0].group_instance_id, "i"));
    check_golden(&find_coordinator_response_message, 4, "00000000 02 02 'g' 00000001 02 'h' 00002384 0000 00 00 00", &a,
                 &f);
    check_int(f.coordinators[0].port, 9092);
    arena_release(&a);
}

TEST(golden, offset_messages)
{
    struct arena a = {0};
    struct offset_commit_request c;
    struct offset_fetch_request q;
    struct offset_fetch_response r;
    check_golden(
        &offset_commit_request_message, 2,
        "0001 'g' 00000001 0001 'm' ffffffffffffffff 00000001 0001 't' 00000001 00000000 0000000000000007 0000", &a,
        &c);
    check_int(c.topics[0].partitions[0].committed_offset, 7);
    check_int(c.retention_time_ms, -1);
    check_golden(&offset_commit_request_message, 8,
                 "02 'g' 00000001 02 'm' 00 02 02 't' 02 00000000 0000000000000007 ffffffff 03 'hi' 00 00 00", &a, &c);
    check(kafka_string_equal_str(c.topics[0].partitions[0].committed_metadata, "hi"));
    check_golden(&offset_fetch_request_message, 7, "02 'g' 00 01 00", &a, &q);
    check(q.topics_count == -1 && q.require_stable);
    check_golden(&offset_fetch_request_message, 9, "02 02 'g' 00 ffffffff 00 00 00 00", &a, &q);
    check(q.groups[0].topics_count == -1 && q.groups[0].member_id.n == -1);
    check_golden(&offset_fetch_response_message, 1, "00000001 0001 't' 00000001 00000000 ffffffffffffffff 0000 0000",
                 &a, &r);
    check_int(r.topics[0].partitions[0].committed_offset, -1);
    arena_release(&a);
}

/* T2: from version 5 the configs are there and not null. */
TEST(golden, topic_messages)
{
    struct arena a = {0};
    struct create_topics_request c;
    struct create_topics_response r;
    struct delete_topics_request d;
    check_golden(&create_topics_request_message, 4,
                 "00000001 0001 't' ffffffff ffff 00000000 00000001 0001 'k' ffff 00007530 01", &a, &c);
    check_int(c.topics[0].num_partitions, -1);
    check_int(c.topics[0].configs[0].value.n, -1);
    check(c.validate_only);
    check_golden(&create_topics_response_message, 5,
                 "00000000 02 02 't' 0000 00 00000001 0001 02 02 'k' 02 'v' 00 05 00 00 00 00", &a, &r);
    check_int(r.topics[0].configs[0].config_source, 5);
    check_int(r.topics[0].topic_config_error_code, 0);
    check_golden(&delete_topics_request_message, 1, "00000001 0001 't' 00007530", &a, &d);
    check(kafka_string_equal_str(d.topic_names[0], "t"));
    check_golden(&delete_topics_request_message, 6, "02 00 000102030405060708090a0b0c0d0e0f 00 00007530 00", &a, &d);
    check_int(d.topics[0].topic_id.bytes[1], 1);
    arena_release(&a);
}

TEST(golden, init_producer_id)
{
    struct arena a = {0};
    struct init_producer_id_request q;
    struct init_producer_id_response r;
    check_golden(&init_producer_id_request_message, 0, "ffff 0000ea60", &a, &q);
    check_int(q.producer_id, -1);
    check_golden(&init_producer_id_request_message, 4, "00 0000ea60 ffffffffffffffff ffff 00", &a, &q);
    check_golden(&init_producer_id_response_message, 1, "00000000 0000 00000000000003e8 0000", &a, &r);
    check_int(r.producer_id, 1000);
    arena_release(&a);
}

TEST(golden, what_cannot_be_encoded)
{
    struct arena a = {0};
    struct buf out = {0};
    struct metadata_response *r = KAFKA_NEW(&a, metadata_response, 1);
    r->topics = KAFKA_NEW(&a, metadata_response_metadata_response_topic, 1);
    r->topics_count = 1;
    r->topics[0].name = KAFKA_STRING_NULL;
    check_int(kafka_encode(&metadata_response_message, 12, r, &out), 0);
    buf_reset(&out);
    buf_append_str(&out, "before");
    check_int(kafka_encode(&metadata_response_message, 11, r, &out), ERR_INVALID); /* nullable from 12 */
    check_int(out.n, 6);
    check_int(kafka_encode(&metadata_response_message, 13, r, &out), ERR_UNSUPPORTED);
    char *long_name = arena_alloc(&a, 40000);
    memset(long_name, 'x', 40000);
    r->topics[0].name = (struct kafka_string){long_name, 40000};
    check_int(kafka_encode(&metadata_response_message, 12, r, &out), ERR_INVALID);
    check_int(out.n, 6);
    buf_release(&out);
    arena_release(&a);
}

/* T14: tags must ascend, and a known tagged field must use exactly its size. */
TEST(golden, t14_malformed_tags)
{
    struct arena a = {0};
    struct fetch_request r;
    const char *body = "ffffffff 000001f4 00000001 03200000 00 00000000 ffffffff 01 01 01";
    const struct {
        const char *tags;
        int err;
    } cases[] = {
        {"00", 0},
        {"01 00 03 03 'id'", 0},
        {"02 00 03 03 'id' 63 01 ff", 0},
        {"02 63 01 ff 63 01 ff", ERR_CORRUPT}, /* the same tag twice */
        {"02 63 01 ff 00 03 03 'id'", ERR_CORRUPT},
        {"01 00 04 03 'id' 00", ERR_CORRUPT},
        {"01 00 02 03 'id'", ERR_CORRUPT},
        {"01 63 05 ff", ERR_CORRUPT},
        {"ffffffff0f 63 01 ff", ERR_CORRUPT},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf text = {0};
        buf_printf(&text, "%s %s", body, cases[i].tags);
        struct slice in = hex(&a, buf_cstr(&text));
        check_int(kafka_decode(&fetch_request_message, 12, in, &a, &r), cases[i].err);
        buf_release(&text);
    }
    arena_release(&a);
}

struct walked {
    struct buf text;
};

static void walk_note(void *context, const struct kafka_field *f, int depth, int32_t index, const void *value)
{
    struct walked *w = context;
    buf_printf(&w->text, "%d%s", depth, f->name);
    if (index >= 0) buf_printf(&w->text, "[%d]", index);
    if (f->type == KAFKA_INT32) buf_printf(&w->text, "=%d", *(const int32_t *)value);
    buf_append_str(&w->text, " ");
}

TEST(golden, walk_shows_the_fields_of_a_version_in_order)
{
    struct arena a = {0};
    struct walked w = {{0}};
    struct find_coordinator_response r;
    struct slice in = hex(&a, "00000000 02 02 'g' 00000001 02 'h' 00002384 0000 00 00");
    check_int(kafka_decode(&find_coordinator_response_message, 4, in, &a, &r), ERR_CORRUPT); /* no tags of the root */
    in = hex(&a, "00000000 02 02 'g' 00000001 02 'h' 00002384 0000 00 00 00");
    check_int(kafka_decode(&find_coordinator_response_message, 4, in, &a, &r), 0);
    kafka_walk(&find_coordinator_response_message, 4, &r, walk_note, &w);
    check_str(buf_cstr(&w.text), "0throttle_time_ms=0 0coordinators 1coordinators[0] 2key 2node_id=1 2host 2port=9092 "
                                 "2error_code 2error_message ");
    buf_release(&w.text);
    arena_release(&a);
}

TEST(golden, describe_groups_5)
{
    struct arena a = {0};
    struct describe_groups_request in;
    check_golden(&describe_groups_request_message, 5, "02 02 'g' 01 00", &a, &in);
    check(kafka_string_equal_str(in.groups[0], "g"));
    check(in.include_authorized_operations);
    struct describe_groups_response r;
    check_golden(&describe_groups_response_message, 5,
                 "00000000 02 0000 02 'g' 07 'Stable' 09 'consumer' 06 'range'"
                 "02 02 'm' 00 02 'c' 0b '/127.0.0.1' 02 'S' 03 'AA' 00 80000000 00 00",
                 &a, &r);
    check_int(r.groups[0].members[0].group_instance_id.n, -1);
    check_int(r.groups[0].members[0].member_assignment.n, 2);
    check_int(r.groups[0].authorized_operations, INT32_MIN);
    arena_release(&a);
}

TEST(golden, list_groups_0_and_5)
{
    struct arena a = {0};
    struct list_groups_request in;
    check_golden(&list_groups_request_message, 5, "02 06 'Empty' 01 00", &a, &in);
    check_int(in.states_filter_count, 1);
    check_int(in.types_filter_count, 0);
    struct list_groups_response r;
    check_golden(&list_groups_response_message, 0, "0000 00000001 0001 'g' 0000", &a, &r);
    check_int(r.groups[0].protocol_type.n, 0);
    check_golden(&list_groups_response_message, 5,
                 "00000000 0000 02 02 'g' 09 'consumer' 06 'Empty' 08 'classic' 00 00", &a, &r);
    check(kafka_string_equal_str(r.groups[0].group_type, "classic"));
    arena_release(&a);
}

TEST(golden, offset_delete_is_never_flexible)
{
    struct arena a = {0};
    struct offset_delete_request in;
    check_golden(&offset_delete_request_message, 0, "0001 'g' 00000001 0001 't' 00000001 00000003", &a, &in);
    check_int(in.topics[0].partitions[0].partition_index, 3);
    struct offset_delete_response r;
    check_golden(&offset_delete_response_message, 0, "0000 00000007 00000001 0001 't' 00000001 00000003 0056", &a, &r);
    check_int(r.throttle_time_ms, 7); /* the second field, unlike elsewhere */
    check_int(r.topics[0].partitions[0].error_code, 86);
    arena_release(&a);
}

TEST(golden, delete_records_2)
{
    struct arena a = {0};
    struct delete_records_request in;
    check_golden(&delete_records_request_message, 2, "02 02 't' 02 00000001 ffffffffffffffff 00 00 00007530 00", &a,
                 &in);
    check_int(in.topics[0].partitions[0].offset, -1);
    check_int(in.timeout_ms, 30000);
    arena_release(&a);
}

TEST(golden, fetch_12_names_topics_and_13_their_ids)
{
    struct arena a = {0};
    struct fetch_request in;
    static const char text_13[] = "ffffffff 000001f4 00000001 03200000 00 00000000 ffffffff"
                                  "02 000102030405060708090a0b0c0d0e0f 02 00000000 ffffffff 0000000000000007 ffffffff"
                                  "ffffffffffffffff 00100000 00 00 01 01 00";
    check_golden(&fetch_request_message, 13, text_13, &a, &in);
    check_int(in.topics[0].topic.n, 0);
    check_int(in.topics[0].topic_id.bytes[15], 15);
    check_int(in.topics[0].partitions[0].fetch_offset, 7);
    /* From 15 on a replica names itself in a tag; a consumer does not, and the field is gone. */
    check_golden(&fetch_request_message, 15, "000001f4 00000001 03200000 00 00000000 ffffffff 01 01 01 00", &a, &in);
    check_int(in.replica_id, -1);
    check_int(in.replica_state.replica_id, -1);
    struct fetch_response r;
    check_golden(&fetch_response_message, 16,
                 "00000000 0000 00000000 02 000102030405060708090a0b0c0d0e0f 02 00000000 0000 0000000000000001"
                 "0000000000000001 0000000000000000 01 ffffffff 01 00 00 00",
                 &a, &r);
    check_int(r.responses[0].topic_id.bytes[1], 1);
    check_int(r.node_endpoints_count, 0);
    arena_release(&a);
}

TEST(golden, describe_configs_1_and_4)
{
    struct arena a = {0};
    struct describe_configs_request r;
    check_golden(&describe_configs_request_message, 1, "00000001 02 0001 't' ffffffff 01", &a, &r);
    check_int(r.resources[0].resource_type, KAFKA_RESOURCE_TOPIC);
    check_int(r.resources[0].configuration_keys_count, -1);
    check(r.include_synonyms && !r.include_documentation);
    check_golden(&describe_configs_request_message, 4, "02 04 02 '1' 02 03 'ab' 00 00 01 00", &a, &r);
    check(kafka_string_equal_str(r.resources[0].configuration_keys[0], "ab"));
    check(!r.include_synonyms && r.include_documentation);
    struct describe_configs_response w;
    check_golden(
        &describe_configs_response_message, 1,
        "00000000 00000001 0000 ffff 02 0001 't' 00000001 0001 'k' ffff 00 05 00 00000001 0001 'b' 0001 '1' 04", &a,
        &w);
    check_int(w.results[0].configs[0].value.n, -1);
    check_int(w.results[0].configs[0].config_source, KAFKA_SOURCE_DEFAULT);
    check_int(w.results[0].configs[0].synonyms[0].source, KAFKA_SOURCE_STATIC);
    check_golden(&describe_configs_response_message, 4,
                 "00000000 02 0000 00 02 02 't' 02 02 'k' 02 '7' 01 01 00 01 05 02 'd' 00 00 00", &a, &w);
    check_int(w.results[0].configs[0].config_type, KAFKA_CONFIG_LONG);
    check(w.results[0].configs[0].read_only);
    check(kafka_string_equal_str(w.results[0].configs[0].documentation, "d"));
    arena_release(&a);
}

TEST(golden, alter_configs_0_and_incremental_1)
{
    struct arena a = {0};
    struct alter_configs_request r;
    struct incremental_alter_configs_request i;
    struct incremental_alter_configs_response w;
    check_golden(&alter_configs_request_message, 0, "00000001 02 0001 't' 00000001 0001 'k' ffff 01", &a, &r);
    check_int(r.resources[0].configs[0].value.n, -1);
    check(r.validate_only);
    check_golden(&incremental_alter_configs_request_message, 1, "02 04 01 02 02 'k' 02 02 'v' 00 00 00 00", &a, &i);
    check_int(i.resources[0].resource_name.n, 0);
    check_int(i.resources[0].configs[0].config_operation, KAFKA_OP_APPEND);
    check_golden(&incremental_alter_configs_response_message, 1, "00000000 02 0028 02 'm' 04 01 00 00", &a, &w);
    check_int(w.responses[0].error_code, 40);
    arena_release(&a);
}

TEST(golden, create_partitions_0_and_2)
{
    struct arena a = {0};
    struct create_partitions_request r;
    struct create_partitions_response w;
    check_golden(&create_partitions_request_message, 0, "00000001 0001 't' 00000003 ffffffff 000003e8 00", &a, &r);
    check_int(r.topics[0].count, 3);
    check_int(r.topics[0].assignments_count, -1);
    check_golden(&create_partitions_request_message, 2, "02 02 't' 00000002 02 02 00000001 00 00 000003e8 01 00", &a,
                 &r);
    check_int(r.topics[0].assignments[0].broker_ids[0], 1);
    check_golden(&create_partitions_response_message, 2, "00000000 02 02 't' 0025 02 'm' 00 00", &a, &w);
    check_int(w.results[0].error_code, 37);
    arena_release(&a);
}

TEST(golden, describe_cluster_0_and_1)
{
    struct arena a = {0};
    struct describe_cluster_request r;
    struct describe_cluster_response w;
    check_golden(&describe_cluster_request_message, 0, "01 00", &a, &r);
    check_int(r.endpoint_type, 1);
    check_golden(&describe_cluster_response_message, 1,
                 "00000000 0000 00 01 03 'id' 00000001 02 00000001 02 'h' 00002384 00 00 80000000 00", &a, &w);
    check_int(w.brokers[0].port, 9092);
    check_int(w.brokers[0].rack.n, -1);
    arena_release(&a);
}
