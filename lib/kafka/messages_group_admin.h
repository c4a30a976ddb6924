/* messages_group_admin.h - what an administrator asks of groups: DescribeGroups, ListGroups, DeleteGroups,
 * OffsetDelete.
 *
 * How to read an entry: schema.h. Field names are Kafka's in snake_case; `SINCE(v)` is the first version
 * that carries a field; an array `topics` has its length in `topics_count` (-1: null). Facts from Apache
 * Kafka's message definitions (clients/src/main/resources/common/message). */
#ifndef MILLRACE_KAFKA_MESSAGES_GROUP_ADMIN_H
#define MILLRACE_KAFKA_MESSAGES_GROUP_ADMIN_H

#include "lib/kafka/schema.h"

/* DescribeGroups: instance ids from 4. Version 6, not described, would tell an unknown group by an error. */
#define FIELDS_describe_groups_request(X, S)                                                                           \
    X(S, LIST(STRING), groups, SINCE(0))                                                                               \
    X(S, BOOL, include_authorized_operations, SINCE(3))
KAFKA_STRUCT(describe_groups_request);
KAFKA_MESSAGE(describe_groups_request, DescribeGroupsRequest, 0, 5, 5);

/* `protocol_data` is the name of the protocol chosen; that, metadata and assignment are filled in while the group is
 * stable only. `authorized_operations` is INT32_MIN when nobody asked. */
#define FIELDS_describe_groups_response_described_group_member(X, S)                                                   \
    X(S, STRING, member_id, SINCE(0))                                                                                  \
    X(S, STRING, group_instance_id, SINCE(4), NULLABLE(4), DEFAULT_NULL)                                               \
    X(S, STRING, client_id, SINCE(0))                                                                                  \
    X(S, STRING, client_host, SINCE(0))                                                                                \
    X(S, BYTES, member_metadata, SINCE(0))                                                                             \
    X(S, BYTES, member_assignment, SINCE(0))
KAFKA_STRUCT(describe_groups_response_described_group_member);

#define FIELDS_describe_groups_response_described_group(X, S)                                                          \
    X(S, INT16, error_code, SINCE(0))                                                                                  \
    X(S, STRING, group_id, SINCE(0))                                                                                   \
    X(S, STRING, group_state, SINCE(0))                                                                                \
    X(S, STRING, protocol_type, SINCE(0))                                                                              \
    X(S, STRING, protocol_data, SINCE(0))                                                                              \
    X(S, STRUCTS(describe_groups_response_described_group_member), members, SINCE(0))                                  \
    X(S, INT32, authorized_operations, SINCE(3), DEFAULT(INT32_MIN))
KAFKA_STRUCT(describe_groups_response_described_group);

#define FIELDS_describe_groups_response(X, S)                                                                          \
    X(S, INT32, throttle_time_ms, SINCE(1))                                                                            \
    X(S, STRUCTS(describe_groups_response_described_group), groups, SINCE(0))
KAFKA_STRUCT(describe_groups_response);
KAFKA_MESSAGE(describe_groups_response, DescribeGroupsResponse, 0, 5, 5);

/* ListGroups: no filter is the same as an empty one; states from 4 (KIP-518), types from 5 (KIP-848). */
#define FIELDS_list_groups_request(X, S)                                                                               \
    X(S, LIST(STRING), states_filter, SINCE(4))                                                                        \
    X(S, LIST(STRING), types_filter, SINCE(5))
KAFKA_STRUCT(list_groups_request);
KAFKA_MESSAGE(list_groups_request, ListGroupsRequest, 0, 5, 3);

#define FIELDS_list_groups_response_listed_group(X, S)                                                                 \
    X(S, STRING, group_id, SINCE(0))                                                                                   \
    X(S, STRING, protocol_type, SINCE(0))                                                                              \
    X(S, STRING, group_state, SINCE(4))                                                                                \
    X(S, STRING, group_type, SINCE(5))
KAFKA_STRUCT(list_groups_response_listed_group);

#define FIELDS_list_groups_response(X, S)                                                                              \
    X(S, INT32, throttle_time_ms, SINCE(1))                                                                            \
    X(S, INT16, error_code, SINCE(0))                                                                                  \
    X(S, STRUCTS(list_groups_response_listed_group), groups, SINCE(0))
KAFKA_STRUCT(list_groups_response);
KAFKA_MESSAGE(list_groups_response, ListGroupsResponse, 0, 5, 3);

/* DeleteGroups. */
#define FIELDS_delete_groups_request(X, S) X(S, LIST(STRING), groups_names, SINCE(0))
KAFKA_STRUCT(delete_groups_request);
KAFKA_MESSAGE(delete_groups_request, DeleteGroupsRequest, 0, 2, 2);

#define FIELDS_delete_groups_response_deletable_group_result(X, S)                                                     \
    X(S, STRING, group_id, SINCE(0))                                                                                   \
    X(S, INT16, error_code, SINCE(0))
KAFKA_STRUCT(delete_groups_response_deletable_group_result);

#define FIELDS_delete_groups_response(X, S)                                                                            \
    X(S, INT32, throttle_time_ms, SINCE(0))                                                                            \
    X(S, STRUCTS(delete_groups_response_deletable_group_result), results, SINCE(0))
KAFKA_STRUCT(delete_groups_response);
KAFKA_MESSAGE(delete_groups_response, DeleteGroupsResponse, 0, 2, 2);

/* OffsetDelete (KIP-496): never flexible. */
#define FIELDS_offset_delete_request_offset_delete_request_partition(X, S) X(S, INT32, partition_index, SINCE(0))
KAFKA_STRUCT(offset_delete_request_offset_delete_request_partition);

#define FIELDS_offset_delete_request_offset_delete_request_topic(X, S)                                                 \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, STRUCTS(offset_delete_request_offset_delete_request_partition), partitions, SINCE(0))
KAFKA_STRUCT(offset_delete_request_offset_delete_request_topic);

#define FIELDS_offset_delete_request(X, S)                                                                             \
    X(S, STRING, group_id, SINCE(0))                                                                                   \
    X(S, STRUCTS(offset_delete_request_offset_delete_request_topic), topics, SINCE(0))
KAFKA_STRUCT(offset_delete_request);
KAFKA_MESSAGE(offset_delete_request, OffsetDeleteRequest, 0, 0, KAFKA_NEVER);

/* With an error of the whole there are no topics. The throttle time is the second field, unlike elsewhere. */
#define FIELDS_offset_delete_response_offset_delete_response_partition(X, S)                                           \
    X(S, INT32, partition_index, SINCE(0))                                                                             \
    X(S, INT16, error_code, SINCE(0))
KAFKA_STRUCT(offset_delete_response_offset_delete_response_partition);

#define FIELDS_offset_delete_response_offset_delete_response_topic(X, S)                                               \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, STRUCTS(offset_delete_response_offset_delete_response_partition), partitions, SINCE(0))
KAFKA_STRUCT(offset_delete_response_offset_delete_response_topic);

#define FIELDS_offset_delete_response(X, S)                                                                            \
    X(S, INT16, error_code, SINCE(0))                                                                                  \
    X(S, INT32, throttle_time_ms, SINCE(0))                                                                            \
    X(S, STRUCTS(offset_delete_response_offset_delete_response_topic), topics, SINCE(0))
KAFKA_STRUCT(offset_delete_response);
KAFKA_MESSAGE(offset_delete_response, OffsetDeleteResponse, 0, 0, KAFKA_NEVER);

#endif
