/* metadata_record.h - the frame of a record of __cluster_metadata.
 *
 *     value := frame_version uvarint (1), api_key uvarint (record type), version uvarint, message
 *
 * All messages are flexible. Source: org.apache.kafka.server.common.serialization.AbstractApiMessageSerde. */
#ifndef MILLRACE_KAFKA_METADATA_RECORD_H
#define MILLRACE_KAFKA_METADATA_RECORD_H

#include "lib/kafka/messages_record.h"

enum metadata_record_type {
    METADATA_RECORD_REGISTER_BROKER = 0,
    METADATA_RECORD_UNREGISTER_BROKER = 1,
    METADATA_RECORD_TOPIC = 2,
    METADATA_RECORD_PARTITION = 3,
    METADATA_RECORD_CONFIG = 4,
    METADATA_RECORD_PARTITION_CHANGE = 5,
    METADATA_RECORD_REMOVE_TOPIC = 9,
    METADATA_RECORD_FEATURE_LEVEL = 12,
    METADATA_RECORD_PRODUCER_IDS = 15,
    METADATA_RECORD_BROKER_REGISTRATION_CHANGE = 17,
    METADATA_RECORD_NO_OP = 20,
};

/* The description of a record type; NULL for one that we do not know. */
const struct message *metadata_record_message(int type);

/* A decoded record: `type` says which struct `value` is; both borrow from the input and the arena. */
struct metadata_record {
    int type, version;
    void *value;
};

/* ERR_UNSUPPORTED for a type, a version or a frame version that we do not know (type and version are set). */
int metadata_record_decode(struct slice in, struct arena *a, struct metadata_record *out);
/* Appends frame and message. */
int metadata_record_encode(int type, int version, const void *in, struct buf *out);

#endif
