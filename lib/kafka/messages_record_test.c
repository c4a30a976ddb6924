/* What the broker writes into its own topics, against bytes of Apache Kafka. */
#include "lib/kafka/hex_test.h"
#include "lib/kafka/metadata_record.h"

/* Kafka's own first record of a metadata log. */
TEST(metadata_record, feature_level_of_kafka)
{
    struct arena a = {0};
    struct metadata_record r;
    const char *text = "01 0c 00 11 'metadata.version' 0014 00";
    check_int(metadata_record_decode(hex(&a, text), &a, &r), 0);
    check_int(r.type, METADATA_RECORD_FEATURE_LEVEL);
    struct feature_level_record *f = r.value;
    check(kafka_string_equal_str(f->name, "metadata.version"));
    check_int(f->feature_level, 20);
    struct buf out = {0};
    check_int(metadata_record_encode(r.type, r.version, r.value, &out), 0);
    check_hex(&a, buf_slice(&out), text);
    buf_release(&out);
    arena_release(&a);
}

TEST(metadata_record, topic_and_partition_of_kafka)
{
    struct arena a = {0};
    struct metadata_record r;
    check_int(metadata_record_decode(hex(&a, "01 02 00 04 'saz' 00000000000040008000000000000091 00"), &a, &r), 0);
    struct topic_record *t = r.value;
    check(kafka_string_equal_str(t->name, "saz"));
    check_int(t->topic_id.bytes[15], 0x91);
    const char *text = "01 03 01 00000001 00000000000040008000000000000091 02 00000001 02 00000001 01 01 00000001"
                       "00000000 00000000 02 10000000000040008000000000000001 00";
    check_int(metadata_record_decode(hex(&a, text), &a, &r), 0);
    struct partition_record *p = r.value;
    check_int(p->partition_id, 1);
    check_int(p->replicas[0], 1);
    check_int(p->leader_epoch, 0);
    check_int(p->directories[0].bytes[0], 0x10);
    struct buf out = {0};
    check_int(metadata_record_encode(r.type, r.version, r.value, &out), 0);
    check_hex(&a, buf_slice(&out), text);
    buf_release(&out);
    arena_release(&a);
}

TEST(metadata_record, what_we_do_not_know)
{
    struct arena a = {0};
    struct metadata_record r;
    check_int(metadata_record_decode(hex(&a, "01 63 00 00"), &a, &r), ERR_UNSUPPORTED);
    check_int(r.type, 99);
    check_int(metadata_record_decode(hex(&a, "01 0c 07 00"), &a, &r), ERR_UNSUPPORTED);
    check_int(metadata_record_decode(hex(&a, "02 0c 00 00"), &a, &r), ERR_UNSUPPORTED);
    check_int(metadata_record_decode(hex(&a, "01 0c"), &a, &r), ERR_CORRUPT);
    check_int(metadata_record_decode(hex(&a, "01 ffffffff0f 00 00"), &a, &r), ERR_CORRUPT);
    arena_release(&a);
}

static void check_versioned(const struct message *m, const char *text, struct arena *a, void *out)
{
    int version;
    check_int(kafka_decode_versioned(m, hex(a, text), false, a, out, &version), 0);
    struct buf bytes = {0};
    check_int(kafka_encode_versioned(m, version, out, &bytes), 0);
    check_hex(a, buf_slice(&bytes), text);
    buf_release(&bytes);
}

TEST(consumer_offsets, keys_and_values)
{
    struct arena a = {0};
    struct offset_commit_key key;
    struct offset_commit_value value;
    struct group_metadata_key group;
    struct group_metadata_value meta;
    check_versioned(&offset_commit_key_message, "0001 0001 'g' 0001 't' 00000003", &a, &key);
    check_int(key.partition, 3);
    check_versioned(&offset_commit_value_message, "0003 000000000000002a 00000001 0000 0000018bcfe56800", &a, &value);
    check_int(value.offset, 42);
    check_int(value.leader_epoch, 1);
    check_int(value.expire_timestamp, -1);
    check_versioned(&offset_commit_value_message, "0001 000000000000002a 0000 0000018bcfe56800 0000018bcfe56801", &a,
                    &value);
    check_int(value.leader_epoch, -1);
    check_int(value.expire_timestamp, 0x18bcfe56801);
    check_versioned(&group_metadata_key_message, "0002 0001 'g'", &a, &group);
    check(kafka_string_equal_str(group.group, "g"));
    check_versioned(&group_metadata_value_message,
                    "0003 0008 'consumer' 00000002 0005 'range' 0001 'm' 0000018bcfe56800 00000001"
                    "0001 'm' ffff 0001 'c' 000a '/127.0.0.1' 000493e0 00002710 00000001 aa 00000002 bbcc",
                    &a, &meta);
    check_int(meta.generation, 2);
    check_int(meta.members[0].rebalance_timeout, 300000);
    check_int(meta.members[0].assignment.n, 2);
    arena_release(&a);
}

/* The two kinds of key share a topic and are told apart by their version. */
TEST(consumer_offsets, a_key_of_the_other_kind)
{
    struct arena a = {0};
    struct offset_commit_key key;
    int version;
    check_int(kafka_decode_versioned(&offset_commit_key_message, hex(&a, "0002 0001 'g'"), false, &a, &key, &version),
              ERR_UNSUPPORTED);
    check_int(version, 2);
    check_int(kafka_decode_versioned(&offset_commit_key_message, hex(&a, "00"), false, &a, &key, &version),
              ERR_CORRUPT);
    arena_release(&a);
}

/* KIP-429: a subscription of a version that we do not know is read as far as we know it. */
TEST(consumer_protocol, later_versions_are_read_leniently)
{
    struct arena a = {0};
    struct consumer_protocol_subscription s;
    int version;
    struct slice in = hex(&a, "0009 00000001 0001 't' ffffffff 00000000 00000005 ffff 'more'");
    check_int(kafka_decode_versioned(&consumer_protocol_subscription_message, in, true, &a, &s, &version), 0);
    check_int(version, 9);
    check_int(s.generation_id, 5);
    check(kafka_string_equal_str(s.topics[0], "t"));
    check_int(kafka_decode_versioned(&consumer_protocol_subscription_message, in, false, &a, &s, &version),
              ERR_UNSUPPORTED);
    arena_release(&a);
}

TEST(uuid, text_as_kafka_prints_it)
{
    struct kafka_uuid u = {{0}}, back;
    char text[23];
    u.bytes[15] = 1;
    kafka_uuid_to_text(u, text);
    check_str(text, "AAAAAAAAAAAAAAAAAAAAAQ"); /* the id of __cluster_metadata */
    for (int i = 0; i < 16; i++) u.bytes[i] = (uint8_t)(i * 17);
    kafka_uuid_to_text(u, text);
    check_str(text, "ABEiM0RVZneImaq7zN3u_w");
    check(kafka_uuid_from_text(slice_str(text), &back) && kafka_uuid_equal(u, back));
    check(!kafka_uuid_from_text(SLICE_LIT("AAAAAAAAAAAAAAAAAAAAAR"), &back)); /* bits beyond 128 */
    check(!kafka_uuid_from_text(SLICE_LIT("AAAAAAAAAAAAAAAAAAAA+Q"), &back));
    check(!kafka_uuid_from_text(SLICE_LIT("AAAA"), &back));
}
