/* api.h - the APIs we speak, and the headers of requests and responses.
 *
 *     frame    := int32 size, then `size` bytes:
 *     request  := api_key int16, api_version int16, correlation_id int32, client_id nullable string,
 *                 [tags]  body                         header v1; v2 where the version is flexible
 *     response := correlation_id int32, [tags]  body   header v0; v1 where the version is flexible
 *
 * Two exceptions: client_id keeps its classic int16 length in header v2, and ApiVersions is answered with
 * header v0 in every version (KIP-511), because the client does not know yet what we speak. */
#ifndef MILLRACE_KAFKA_API_H
#define MILLRACE_KAFKA_API_H

#include "lib/kafka/schema.h"

enum kafka_api_key {
    KAFKA_API_PRODUCE = 0,
    KAFKA_API_FETCH = 1,
    KAFKA_API_LIST_OFFSETS = 2,
    KAFKA_API_METADATA = 3,
    KAFKA_API_OFFSET_COMMIT = 8,
    KAFKA_API_OFFSET_FETCH = 9,
    KAFKA_API_FIND_COORDINATOR = 10,
    KAFKA_API_JOIN_GROUP = 11,
    KAFKA_API_HEARTBEAT = 12,
    KAFKA_API_LEAVE_GROUP = 13,
    KAFKA_API_SYNC_GROUP = 14,
    KAFKA_API_DESCRIBE_GROUPS = 15,
    KAFKA_API_LIST_GROUPS = 16,
    KAFKA_API_API_VERSIONS = 18,
    KAFKA_API_CREATE_TOPICS = 19,
    KAFKA_API_DELETE_TOPICS = 20,
    KAFKA_API_DELETE_RECORDS = 21,
    KAFKA_API_INIT_PRODUCER_ID = 22,
    KAFKA_API_OFFSET_FOR_LEADER_EPOCH = 23,
    KAFKA_API_DESCRIBE_CONFIGS = 32,
    KAFKA_API_ALTER_CONFIGS = 33,
    KAFKA_API_CREATE_PARTITIONS = 37,
    KAFKA_API_DELETE_GROUPS = 42,
    KAFKA_API_INCREMENTAL_ALTER_CONFIGS = 44,
    KAFKA_API_OFFSET_DELETE = 47,
    KAFKA_API_DESCRIBE_CLUSTER = 60,
};

struct kafka_api {
    int16_t key;
    const char *name;
    int16_t min, max;    /* versions advertised */
    int16_t served_from; /* lower ones are answered UNSUPPORTED_VERSION: Produce 0-2 only (KAFKA-18659) */
    const struct message *request, *response; /* request->flexible_from decides the headers */
};

/* In the order of keys. */
extern const struct kafka_api kafka_apis[];
extern const int kafka_apis_count;

/* NULL for a key that we do not speak. */
const struct kafka_api *kafka_api_find(int key);
/* Whether this version has the flexible encoding; false for an unknown key. */
bool kafka_api_flexible(int key, int version);

struct kafka_request_header {
    int16_t api_key, api_version;
    int32_t correlation_id;
    struct kafka_string client_id; /* borrowed from the frame */
};

/* Reads the header of a frame (without its size) and sets `body` to what follows. Unknown keys are read as
 * header v1, so that they can be answered. ERR_CORRUPT when the frame is too short. */
int kafka_request_header_decode(struct slice frame, struct kafka_request_header *out, struct slice *body);
void kafka_request_header_encode(const struct kafka_request_header *h, struct buf *out);

void kafka_response_header_encode(int api_key, int api_version, int32_t correlation_id, struct buf *out);
int kafka_response_header_decode(int api_key, int api_version, struct slice frame, int32_t *correlation_id,
                                 struct slice *body);

/* A whole frame with its size in front: what a client sends and what a response without holes is. */
int kafka_request_frame(const struct kafka_request_header *h, const void *request, struct buf *out);
int kafka_response_frame(int api_key, int api_version, int32_t correlation_id, const void *response, struct buf *out);

#endif
