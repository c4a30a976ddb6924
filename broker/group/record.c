#include "broker/group/record.h"

#include <assert.h>
#include <string.h>

enum { KEY_VERSION_OFFSET = 1, KEY_VERSION_GROUP = 2 };
enum { OFFSET_VALUE_VERSION = 3, OFFSET_VALUE_VERSION_WITH_EXPIRY = 1, GROUP_VALUE_VERSION = 3 };

int group_record_decode(struct kafka_bytes key, struct kafka_bytes value, struct arena *a,
                        struct group_record_decoded *out)
{
    memset(out, 0, sizeof *out);
    if (key.n < 2) return ERR_CORRUPT;
    int key_version = (int16_t)get_u16be(key.p), version;
    if (key_version < 0) return ERR_CORRUPT;
    out->tombstone = value.n < 0;
    int err;
    if (key_version <= KEY_VERSION_OFFSET) {
        out->kind = GROUP_RECORD_OFFSET;
        err = kafka_decode_versioned(&offset_commit_key_message, kafka_bytes_slice(key), false, a, &out->offset_key,
                                     &version);
        if (err == 0 && !out->tombstone)
            err = kafka_decode_versioned(&offset_commit_value_message, kafka_bytes_slice(value), false, a, &out->offset,
                                         &version);
    } else if (key_version == KEY_VERSION_GROUP) {
        out->kind = GROUP_RECORD_GROUP;
        err = kafka_decode_versioned(&group_metadata_key_message, kafka_bytes_slice(key), false, a, &out->group_key,
                                     &version);
        if (err == 0 && !out->tombstone)
            err = kafka_decode_versioned(&group_metadata_value_message, kafka_bytes_slice(value), false, a, &out->group,
                                         &version);
    } else {
        out->kind = GROUP_RECORD_OTHER;
        err = 0;
    }
    return err;
}

/* What is encoded here came in through the same codec with the same bounds, so it can be encoded. */
static struct kafka_bytes record_encode(struct arena *a, const struct message *m, int version, const void *in)
{
    struct buf b = {0};
    int err = kafka_encode_versioned(m, version, in, &b);
    assert(err == 0);
    struct kafka_bytes out = {arena_copy(a, b.p, b.n), (int32_t)b.n};
    buf_release(&b);
    return out;
}

struct kafka_bytes group_record_offset_key(struct arena *a, struct kafka_string group, struct kafka_string topic,
                                           int32_t partition)
{
    struct offset_commit_key key = {.group = group, .topic = topic, .partition = partition};
    return record_encode(a, &offset_commit_key_message, KEY_VERSION_OFFSET, &key);
}

struct kafka_bytes group_record_offset_value(struct arena *a, const struct group_offset *o, int64_t commit_timestamp,
                                             int64_t expire_timestamp)
{
    struct offset_commit_value value;
    kafka_struct_init(&offset_commit_value_struct, &value);
    value.offset = o->offset;
    value.leader_epoch = o->leader_epoch;
    value.metadata = o->metadata.n < 0 ? KAFKA_STRING_LIT("") : o->metadata;
    value.commit_timestamp = commit_timestamp;
    value.expire_timestamp = expire_timestamp;
    int version = expire_timestamp < 0 ? OFFSET_VALUE_VERSION : OFFSET_VALUE_VERSION_WITH_EXPIRY;
    return record_encode(a, &offset_commit_value_message, version, &value);
}

struct kafka_bytes group_record_group_key(struct arena *a, struct kafka_string group)
{
    struct group_metadata_key key = {.group = group};
    return record_encode(a, &group_metadata_key_message, KEY_VERSION_GROUP, &key);
}

struct kafka_bytes group_record_group_value(struct arena *a, const struct group_metadata_value *value)
{
    return record_encode(a, &group_metadata_value_message, GROUP_VALUE_VERSION, value);
}
