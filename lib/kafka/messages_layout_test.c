/* Every message at every version against an encoder that is not ours: a few lines of script that read
 * Apache Kafka's message definitions. It gives each array one element, each length 1, and each value the
 * byte that `byte_of` computes from the field's name, and notes the CRC-32C of the bytes. A wrong type, order,
 * version or tag in a description changes the number. */
#include "lib/base/checksum.h"
#include "lib/kafka/api.h"
#include "lib/kafka/hex_test.h"
#include "lib/kafka/messages.h"
#include "lib/kafka/schema_internal.h"

struct layout {
    const struct message *message;
    uint32_t digests[13]; /* of message->min and on */
};

static const struct layout LAYOUTS[] = {
    {&produce_request_message,
     {0x0a476a3a, 0x0a476a3a, 0x0a476a3a, 0x1b8abba6, 0x1b8abba6, 0x1b8abba6, 0x1b8abba6, 0x1b8abba6, 0x1b8abba6,
      0xe74b4588, 0xe74b4588, 0xe74b4588}},
    {&produce_response_message,
     {0xdc87d18f, 0xb699933e, 0x1e036ff5, 0x1e036ff5, 0x1e036ff5, 0xffa07915, 0xffa07915, 0xffa07915, 0x3ae1f0be,
      0x71ef13de, 0x810c3bd0, 0x810c3bd0}},
    {&fetch_request_message,
     {0x751be6e5, 0x921fbda7, 0x921fbda7, 0xb667a52d, 0xb667a52d, 0x3620825d, 0x3620825d, 0xff602984, 0x6c923b55,
      0x89b57b18, 0x89b57b18, 0xee2e858f, 0xee2e858f}},
    {&fetch_response_message,
     {0x50c37523, 0x6a89e1d0, 0x6a89e1d0, 0x068b99e4, 0x068b99e4, 0x068b99e4, 0x068b99e4, 0x586a5b05, 0xdc6f6ae3,
      0x5ee59e84, 0x5ee59e84, 0x5ee59e84, 0xed06f517}},
    {&list_offsets_request_message,
     {0x313e5220, 0xca30ea40, 0xca30ea40, 0xff0e3604, 0xff0e3604, 0x36d5ff89, 0x36d5ff89, 0x36d5ff89}},
    {&list_offsets_response_message,
     {0x772fae27, 0xc6d10d0d, 0xc6d10d0d, 0x44afce8c, 0x44afce8c, 0x7208212f, 0x7208212f, 0x7208212f}},
    {&metadata_request_message,
     {0xc0d5af2b, 0xc0d5af2b, 0xc0d5af2b, 0xc0d5af2b, 0x19e22018, 0x19e22018, 0x19e22018, 0x19e22018, 0x92c4c9a3,
      0xa849002e, 0x60895ace, 0xeef340d1, 0xeef340d1}},
    {&metadata_response_message,
     {0x9e156bd6, 0x225ed202, 0xee357ef7, 0x3f357e07, 0x3f357e07, 0x602ab536, 0x602ab536, 0xd17f6ae3, 0x12a050d4,
      0x3a6ded80, 0xb5bf8b72, 0x77a4cbcf, 0x77a4cbcf}},
    {&offset_commit_request_message,
     {0xddc92569, 0xddc92569, 0xddc92569, 0x97637532, 0x2e7a3dc7, 0xf8bfd611, 0xe6bdfb91, 0xe6bdfb91}},
    {&offset_commit_response_message,
     {0xe9542f43, 0x1677a3f1, 0x1677a3f1, 0x1677a3f1, 0x1677a3f1, 0x1677a3f1, 0x4595dc47, 0x4595dc47}},
    {&offset_fetch_request_message,
     {0xc9797fd6, 0xc9797fd6, 0xc9797fd6, 0xc9797fd6, 0xc9797fd6, 0xdb641ed7, 0x461d2a78, 0xf5e15153, 0x0500cee0}},
    {&offset_fetch_response_message,
     {0xe1688b59, 0x8b72f14d, 0x9b60a9e7, 0x9b60a9e7, 0x5a72656e, 0xb884c760, 0xb884c760, 0x58514674, 0x58514674}},
    {&find_coordinator_request_message, {0xad28e4bc, 0x02f04d10, 0x02f04d10, 0x2d16d0b8, 0x8e98d7c6}},
    {&find_coordinator_response_message, {0x6fdabfd3, 0x6d48d984, 0x6d48d984, 0x4da006be, 0x574a7415}},
    {&join_group_request_message,
     {0xcbd38ad0, 0x06d5be94, 0x06d5be94, 0x06d5be94, 0x06d5be94, 0x5fa35547, 0xfa14ba76, 0xfa14ba76, 0x671788ac,
      0x671788ac}},
    {&join_group_response_message,
     {0x1f225077, 0x1f225077, 0x0ece5ccd, 0x0ece5ccd, 0x0ece5ccd, 0xfc5a9dc3, 0x7576ed64, 0xc5b84fb8, 0xc5b84fb8,
      0xda6024c8}},
    {&heartbeat_request_message, {0xa551589c, 0xa551589c, 0xa551589c, 0xf5ebd520, 0xaaf57004}},
    {&heartbeat_response_message, {0xde69ec2c, 0x2e4c568c, 0x2e4c568c, 0x2e4c568c, 0x9de6ebaf}},
    {&leave_group_request_message, {0x236dd1f0, 0x236dd1f0, 0x236dd1f0, 0x028416b5, 0x34bb6c3c, 0xc268891f}},
    {&leave_group_response_message, {0xde69ec2c, 0x2e4c568c, 0x2e4c568c, 0xbcd489bb, 0x8f3f3a15, 0x8f3f3a15}},
    {&sync_group_request_message, {0x6f50cc1c, 0x6f50cc1c, 0x6f50cc1c, 0xd4b2e257, 0x870452c4, 0x5813a980}},
    {&sync_group_response_message, {0x2a55cfa5, 0xe4dc604e, 0xe4dc604e, 0xe4dc604e, 0x22fca75f, 0x9b13ea06}},
    {&api_versions_request_message, {0x00000000, 0x00000000, 0x00000000, 0xc23f1162, 0xc23f1162}},
    {&api_versions_response_message, {0x7b685dc8, 0xc3309dc0, 0xc3309dc0, 0xce658f79, 0xce658f79}},
    {&create_topics_request_message, {0x03a270b8, 0x03a270b8, 0x03a270b8, 0xfcecfc01, 0xfcecfc01, 0xfcecfc01}},
    {&create_topics_response_message, {0x5728504c, 0x5728504c, 0x5728504c, 0xd63c511c, 0xd63c511c, 0x34549a9e}},
    {&delete_topics_request_message, {0x5fa42ecf, 0x5fa42ecf, 0x5fa42ecf, 0xb6b7b316, 0xb6b7b316, 0xc5ebbb98}},
    {&delete_topics_response_message, {0xdabdde8d, 0xdabdde8d, 0xdabdde8d, 0x41d229b8, 0xedd7b763, 0x34105fcf}},
    {&init_producer_id_request_message, {0x0b84e89c, 0x0b84e89c, 0x028e49c1, 0x02055729, 0x02055729}},
    {&init_producer_id_response_message, {0x70393a2a, 0x70393a2a, 0x1952cc8d, 0x1952cc8d, 0x1952cc8d}},
    {&describe_groups_request_message, {0x0b77ea58, 0x0b77ea58, 0x0b77ea58, 0x7be125a4, 0x7be125a4, 0x3470b323}},
    {&describe_groups_response_message, {0x3ac56cef, 0x0b0424a2, 0x0b0424a2, 0xc0939742, 0x6edc1852, 0x7ac99644}},
    {&list_groups_request_message, {0x00000000, 0x00000000, 0x00000000, 0x527d5351, 0x2b51873a, 0xabad9975}},
    {&list_groups_response_message, {0x0a9d4635, 0x496b84e2, 0x496b84e2, 0x95b25154, 0x7196a145, 0xa63b7024}},
    {&delete_groups_request_message, {0x8b8a09cd, 0x8b8a09cd, 0x8744c65c}},
    {&delete_groups_response_message, {0x6ae6329c, 0x6ae6329c, 0xc3c697df}},
    {&offset_delete_request_message, {0xc167e223}},
    {&offset_delete_response_message, {0x5ef3e4f4}},
    {&delete_records_request_message, {0x5d96b37b, 0x5d96b37b, 0xb3ddeb20}},
    {&delete_records_response_message, {0x9bf839cc, 0x9bf839cc, 0x0add1d9f}},
    {&offset_for_leader_epoch_request_message, {0xc7fe5f2f, 0x3fdc9a90, 0x1bea40ce}},
    {&offset_for_leader_epoch_response_message, {0x1e76745f, 0x1e76745f, 0x657e521b}},
    {&describe_configs_request_message, {0x0d60ac22, 0x0d60ac22, 0x619d4ed7, 0xd5da6653}},
    {&describe_configs_response_message, {0x0555363b, 0x0555363b, 0xb491b42c, 0x7964cd85}},
    {&alter_configs_request_message, {0x6c4bc03b, 0x6c4bc03b, 0x7c151917}},
    {&alter_configs_response_message, {0x4c857f42, 0x4c857f42, 0x4c2d9d92}},
    {&create_partitions_request_message, {0x79a82895, 0x79a82895, 0x592f9eaf, 0x592f9eaf}},
    {&create_partitions_response_message, {0x5728504c, 0x5728504c, 0xedd7b763, 0xedd7b763}},
    {&incremental_alter_configs_request_message, {0xee6fe16d, 0x7a7592f9}},
    {&incremental_alter_configs_response_message, {0x4c857f42, 0x4c2d9d92}},
    {&describe_cluster_request_message, {0xe2c3efa5, 0x1d99ca78}},
    {&describe_cluster_response_message, {0x6f508286, 0x88300415}},
    {&offset_commit_key_message, {0x0cbee720, 0x0cbee720}},
    {&offset_commit_value_message, {0x369c9cd9, 0x15cfd591, 0x369c9cd9, 0xed65d407, 0x467a3f3b}},
    {&group_metadata_key_message, {0x1b2a27ae}},
    {&group_metadata_value_message, {0xf6403af1, 0x3e44ed8c, 0x702e73d1, 0x881184bd, 0x3bac23a9}},
    {&consumer_protocol_subscription_message, {0x6d9c6d3a, 0xb178d6a5, 0x4ee76484, 0x5b47c3b5}},
    {&consumer_protocol_assignment_message, {0x7c3c1d4c, 0x7c3c1d4c, 0x7c3c1d4c, 0x7c3c1d4c}},
    {&register_broker_record_message, {0x92c1d65f, 0x4e7bec07, 0x83ad5727, 0x25e89419}},
    {&unregister_broker_record_message, {0x2ada2211}},
    {&topic_record_message, {0x8ab50541}},
    {&partition_record_message, {0xeafb37bd, 0x0f3a73df, 0xda397313}},
    {&config_record_message, {0xf89489ef}},
    {&partition_change_record_message, {0x30199afb, 0xa4b61b49, 0xdf445599}},
    {&remove_topic_record_message, {0x82f60a59}},
    {&feature_level_record_message, {0x28a76cea}},
    {&producer_ids_record_message, {0xdc28134d}},
    {&broker_registration_change_record_message, {0x22ab41f1, 0x52bd6ffc, 0x2ec8f570}},
    {&no_op_record_message, {0x527d5351}},
    {&leader_change_message_message, {0x0d84650d, 0x1cdcea75}},
    {&snapshot_header_record_message, {0xd895086e}},
    {&snapshot_footer_record_message, {0x219e825d}},
};
enum { LAYOUT_COUNT = sizeof(LAYOUTS) / sizeof(LAYOUTS[0]) };

static uint8_t byte_of(const char *name)
{
    return (uint8_t)((crc32c(0, name, strlen(name)) & 0x7f) | 1);
}

static void set_struct(const struct kafka_struct *s, int version, struct arena *a, void *out);

static void set_value(const struct kafka_field *f, enum kafka_type type, struct arena *a, void *out)
{
    uint8_t *byte = arena_alloc(a, 1);
    *byte = byte_of(f->name);
    if (type == KAFKA_BOOL)
        *(bool *)out = true;
    else if (type == KAFKA_STRING)
        *(struct kafka_string *)out = (struct kafka_string){(const char *)byte, 1};
    else if (type == KAFKA_BYTES || type == KAFKA_RECORDS)
        *(struct kafka_bytes *)out = (struct kafka_bytes){byte, 1};
    else
        memset(out, *byte, type_size(type));
}

static void set_field(const struct kafka_field *f, int version, struct arena *a, void *out)
{
    uint8_t *p = (uint8_t *)out + f->offset;
    if (f->type == KAFKA_STRUCT_TYPE) {
        set_struct(f->nested, version, a, p);
    } else if (f->type == KAFKA_ARRAY) {
        void *element = arena_alloc(a, field_element_size(f));
        if (f->nested)
            set_struct(f->nested, version, a, element);
        else
            set_value(f, f->element, a, element);
        *(void **)p = element;
        *(int32_t *)((uint8_t *)out + f->count_offset) = 1;
    } else {
        set_value(f, f->type, a, p);
    }
}

static void set_struct(const struct kafka_struct *s, int version, struct arena *a, void *out)
{
    kafka_struct_init(s, out);
    for (int i = 0; i < s->field_count; i++) set_field(&s->fields[i], version, a, out);
}

TEST(layout, every_message_at_every_version_is_as_kafka_defines_it)
{
    for (int i = 0; i < LAYOUT_COUNT; i++)
        for (int v = LAYOUTS[i].message->min; v <= LAYOUTS[i].message->max; v++) {
            const struct message *m = LAYOUTS[i].message;
            struct arena a = {0};
            struct buf out = {0};
            void *in = arena_alloc(&a, m->root->size + 1u);
            set_struct(m->root, v, &a, in);
            check_int(kafka_encode(m, v, in, &out), 0);
            if (crc32c(0, out.p, out.n) != LAYOUTS[i].digests[v - m->min])
                unit_fail("%s version %d is laid out differently", m->name, v);
            buf_release(&out);
            arena_release(&a);
        }
}

/* The ends of a description are checked too: no digest is left over, no API is missing. */
TEST(layout, the_table_is_whole)
{
    for (int i = 0; i < LAYOUT_COUNT; i++) {
        int versions = LAYOUTS[i].message->max - LAYOUTS[i].message->min + 1;
        for (int k = versions; k < 13; k++) check_int(LAYOUTS[i].digests[k], 0);
    }
    for (int i = 0; i < kafka_apis_count; i++) {
        int found = 0;
        for (int k = 0; k < LAYOUT_COUNT; k++)
            found += LAYOUTS[k].message == kafka_apis[i].request || LAYOUTS[k].message == kafka_apis[i].response;
        check_int(found, 2);
    }
}
