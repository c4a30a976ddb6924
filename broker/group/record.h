/* record.h - the records of __consumer_offsets, as Kafka writes and reads them.
 *
 *     key   := version int16, fields                       value := version int16, fields | null (a tombstone)
 *
 *     key version   what                    fields                          value versions read   written
 *     0, 1          a committed offset      group, topic, partition         0..4                  3, or 1
 *     2             a group                 group                           0..4                  3
 *     others        other kinds of groups   skipped
 *
 * An offset's value is written as version 1 only if it has an expiry of its own (OffsetCommit 2 to 4).
 * Field layouts: lib/kafka/messages_record.h; docs/formats/internal-topics.md has both byte by byte.
 * The topic is compacted, so the last record of a key is what counts. */
#ifndef MILLRACE_BROKER_GROUP_RECORD_H
#define MILLRACE_BROKER_GROUP_RECORD_H

#include "broker/group/group.h"
#include "lib/kafka/messages_record.h"

enum group_record_kind { GROUP_RECORD_OFFSET, GROUP_RECORD_GROUP, GROUP_RECORD_OTHER };

/* A decoded record; strings and bytes borrow from the input and the arena. */
struct group_record_decoded {
    enum group_record_kind kind;
    bool tombstone;
    struct offset_commit_key offset_key;
    struct offset_commit_value offset;
    struct group_metadata_key group_key;
    struct group_metadata_value group;
};

/* ERR_CORRUPT for bytes that are not such a record, ERR_UNSUPPORTED for a value version to come. A key of
 * another kind is GROUP_RECORD_OTHER. */
int group_record_decode(struct kafka_bytes key, struct kafka_bytes value, struct arena *a,
                        struct group_record_decoded *out);

/* The bytes of keys and values, in `a`. Strings must fit the format (32,767 bytes); null metadata is
 * written as empty, as Kafka does. */
struct kafka_bytes group_record_offset_key(struct arena *a, struct kafka_string group, struct kafka_string topic,
                                           int32_t partition);
/* `expire_timestamp` -1: none. */
struct kafka_bytes group_record_offset_value(struct arena *a, const struct group_offset *o, int64_t commit_timestamp,
                                             int64_t expire_timestamp);
struct kafka_bytes group_record_group_key(struct arena *a, struct kafka_string group);
struct kafka_bytes group_record_group_value(struct arena *a, const struct group_metadata_value *value);

#endif
