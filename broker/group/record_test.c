/* The records of __consumer_offsets, byte by byte: what Kafka writes, and what older and newer ones wrote. */
#include "broker/group/record.h"

#include "broker/group/world_test.h"
#include "tests/unit.h"

static struct kafka_bytes hex(struct arena *a, const char *text)
{
    struct buf b = {0};
    for (const char *p = text; *p; p++) {
        if (*p == ' ') continue;
        char two[3] = {p[0], p[1], 0};
        buf_append_byte(&b, (uint8_t)strtoul(two, NULL, 16));
        p++;
    }
    struct kafka_bytes out = {arena_copy(a, b.p, b.n), (int32_t)b.n};
    buf_release(&b);
    return out;
}

static void check_bytes(struct kafka_bytes actual, struct kafka_bytes expected)
{
    check_int(actual.n, expected.n);
    check_mem(actual.p, expected.p, (size_t)expected.n);
}

TEST(group_record, an_offset_as_kafka_writes_it)
{
    struct arena a = {0};
    struct group_offset o = {.offset = 258, .leader_epoch = 7, .metadata = str("hi")};
    check_bytes(group_record_offset_key(&a, str("g"), str("t"), 3), hex(&a, "0001 0001 67 0001 74 00000003"));
    check_bytes(group_record_offset_value(&a, &o, 16, -1),
                hex(&a, "0003 0000000000000102 00000007 0002 6869 0000000000000010"));
    /* With an expiry of its own: version 1, which has no leader epoch. */
    check_bytes(group_record_offset_value(&a, &o, 16, 32),
                hex(&a, "0001 0000000000000102 0002 6869 0000000000000010 0000000000000020"));
    arena_release(&a);
}

TEST(group_record, a_group_as_kafka_writes_it)
{
    struct arena a = {0};
    struct group_metadata_value_member_metadata m = {
        .member_id = str("m"),
        .group_instance_id = KAFKA_STRING_NULL,
        .client_id = str("c"),
        .client_host = str("h"),
        .rebalance_timeout = 60000,
        .session_timeout = 10000,
        .subscription = bytes("S"),
        .assignment = bytes("AA"),
    };
    struct group_metadata_value v = {
        .protocol_type = str("consumer"),
        .generation = 2,
        .protocol = str("range"),
        .leader = str("m"),
        .current_state_timestamp = 5,
        .members = &m,
        .members_count = 1,
    };
    check_bytes(group_record_group_key(&a, str("g")), hex(&a, "0002 0001 67"));
    check_bytes(group_record_group_value(&a, &v),
                hex(&a, "0003 0008 636f6e73756d6572 00000002 0005 72616e6765 0001 6d 0000000000000005 00000001"
                        "0001 6d ffff 0001 63 0001 68 0000ea60 00002710 00000001 53 00000002 4141"));
    v.protocol = v.leader = KAFKA_STRING_NULL;
    v.members_count = 0;
    check_bytes(group_record_group_value(&a, &v),
                hex(&a, "0003 0008 636f6e73756d6572 00000002 ffff ffff 0000000000000005 00000000"));
    arena_release(&a);
}

TEST(group_record, older_versions_are_read)
{
    struct arena a = {0};
    struct group_record_decoded r;
    /* Key 0 with value 0: offset, metadata, commit timestamp. */
    check_int(group_record_decode(hex(&a, "0000 0001 67 0001 74 00000003"),
                                  hex(&a, "0000 0000000000000102 0002 6869 0000000000000010"), &a, &r),
              0);
    check_int(r.kind, GROUP_RECORD_OFFSET);
    check_int(r.offset.offset, 258);
    check_int(r.offset.leader_epoch, -1);
    check_int(r.offset.expire_timestamp, -1);
    /* Group value 0: members without rebalance timeout and instance id. */
    check_int(group_record_decode(hex(&a, "0002 0001 67"),
                                  hex(&a, "0000 0001 63 00000002 0001 72 0001 6d 00000001"
                                          "0001 6d 0001 63 0001 68 00002710 00000001 53 00000002 4141"),
                                  &a, &r),
              0);
    check_int(r.kind, GROUP_RECORD_GROUP);
    check_int(r.group.members[0].session_timeout, 10000);
    check_int(r.group.members[0].rebalance_timeout, -1);
    check_int(r.group.current_state_timestamp, -1);
    arena_release(&a);
}

TEST(group_record, tombstones_and_other_kinds)
{
    struct arena a = {0};
    struct group_record_decoded r;
    check_int(group_record_decode(hex(&a, "0002 0001 67"), KAFKA_BYTES_NULL, &a, &r), 0);
    check(r.tombstone && r.kind == GROUP_RECORD_GROUP);
    check_int(group_record_decode(hex(&a, "0003 0001 67"), bytes("anything"), &a, &r), 0);
    check_int(r.kind, GROUP_RECORD_OTHER);
    arena_release(&a);
}

TEST(group_record, broken_bytes_are_refused)
{
    struct arena a = {0};
    struct group_record_decoded r;
    struct kafka_bytes key = hex(&a, "0001 0001 67 0001 74 00000003");
    struct kafka_bytes value = hex(&a, "0003 0000000000000102 00000007 0002 6869 0000000000000010");
    for (int32_t n = 0; n < key.n; n++)
        check_int(group_record_decode((struct kafka_bytes){key.p, n}, value, &a, &r), ERR_CORRUPT);
    for (int32_t n = 0; n < value.n; n++)
        check_int(group_record_decode(key, (struct kafka_bytes){value.p, n}, &a, &r), ERR_CORRUPT);
    check_int(group_record_decode(hex(&a, "ffff 0001 67"), value, &a, &r), ERR_CORRUPT);
    check_int(group_record_decode(key, hex(&a, "0009 00"), &a, &r), ERR_UNSUPPORTED);
    arena_release(&a);
}
