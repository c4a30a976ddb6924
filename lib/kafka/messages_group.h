/* messages_group.h - the messages of consumer groups, classic protocol: FindCoordinator, JoinGroup,
 * SyncGroup, Heartbeat, LeaveGroup, OffsetCommit, OffsetFetch.
 *
 * How to read an entry: schema.h. Field names are Kafka's in snake_case; `SINCE(v)` is the first version
 * that carries a field; an array `topics` has its length in `topics_count` (-1: null). Facts from Apache
 * Kafka's message definitions (clients/src/main/resources/common/message). */
#ifndef MILLRACE_KAFKA_MESSAGES_GROUP_H
#define MILLRACE_KAFKA_MESSAGES_GROUP_H

#include "lib/kafka/schema.h"

/* FindCoordinator: one key up to 3, a list from 4. Key type 0 is a group, 1 a transactional id. */
#define FIELDS_find_coordinator_request(X, S)                                                                          \
    X(S, STRING, key, VERSIONS(0, 3))                                                                                  \
    X(S, INT8, key_type, SINCE(1))                                                                                     \
    X(S, LIST(STRING), coordinator_keys, SINCE(4))
KAFKA_STRUCT(find_coordinator_request);
KAFKA_MESSAGE(find_coordinator_request, FindCoordinatorRequest, 0, 4, 3);

/* The coordinator's advertised listener. */
#define FIELDS_find_coordinator_response_coordinator(X, S)                                                             \
    X(S, STRING, key, SINCE(4))                                                                                        \
    X(S, INT32, node_id, SINCE(4))                                                                                     \
    X(S, STRING, host, SINCE(4))                                                                                       \
    X(S, INT32, port, SINCE(4))                                                                                        \
    X(S, INT16, error_code, SINCE(4))                                                                                  \
    X(S, STRING, error_message, SINCE(4), NULLABLE(4))
KAFKA_STRUCT(find_coordinator_response_coordinator);

#define FIELDS_find_coordinator_response(X, S)                                                                         \
    X(S, INT32, throttle_time_ms, SINCE(1))                                                                            \
    X(S, INT16, error_code, VERSIONS(0, 3))                                                                            \
    X(S, STRING, error_message, VERSIONS(1, 3), NULLABLE(1))                                                           \
    X(S, INT32, node_id, VERSIONS(0, 3))                                                                               \
    X(S, STRING, host, VERSIONS(0, 3))                                                                                 \
    X(S, INT32, port, VERSIONS(0, 3))                                                                                  \
    X(S, STRUCTS(find_coordinator_response_coordinator), coordinators, SINCE(4))
KAFKA_STRUCT(find_coordinator_response);
KAFKA_MESSAGE(find_coordinator_response, FindCoordinatorResponse, 0, 4, 3);

/* JoinGroup: static members (KIP-345) from 5. */
#define FIELDS_join_group_request_join_group_request_protocol(X, S)                                                    \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, BYTES, metadata, SINCE(0))
KAFKA_STRUCT(join_group_request_join_group_request_protocol);

#define FIELDS_join_group_request(X, S)                                                                                \
    X(S, STRING, group_id, SINCE(0))                                                                                   \
    X(S, INT32, session_timeout_ms, SINCE(0))                                                                          \
    X(S, INT32, rebalance_timeout_ms, SINCE(1), DEFAULT(-1))                                                           \
    X(S, STRING, member_id, SINCE(0))                                                                                  \
    X(S, STRING, group_instance_id, SINCE(5), NULLABLE(5), DEFAULT_NULL)                                               \
    X(S, STRING, protocol_type, SINCE(0))                                                                              \
    X(S, STRUCTS(join_group_request_join_group_request_protocol), protocols, SINCE(0))                                 \
    X(S, STRING, reason, SINCE(8), NULLABLE(8), DEFAULT_NULL)
KAFKA_STRUCT(join_group_request);
KAFKA_MESSAGE(join_group_request, JoinGroupRequest, 0, 9, 6);

/* Only the leader gets the members. */
#define FIELDS_join_group_response_join_group_response_member(X, S)                                                    \
    X(S, STRING, member_id, SINCE(0))                                                                                  \
    X(S, STRING, group_instance_id, SINCE(5), NULLABLE(5), DEFAULT_NULL)                                               \
    X(S, BYTES, metadata, SINCE(0))
KAFKA_STRUCT(join_group_response_join_group_response_member);

#define FIELDS_join_group_response(X, S)                                                                               \
    X(S, INT32, throttle_time_ms, SINCE(2))                                                                            \
    X(S, INT16, error_code, SINCE(0))                                                                                  \
    X(S, INT32, generation_id, SINCE(0), DEFAULT(-1))                                                                  \
    X(S, STRING, protocol_type, SINCE(7), NULLABLE(7), DEFAULT_NULL)                                                   \
    X(S, STRING, protocol_name, SINCE(0), NULLABLE(7))                                                                 \
    X(S, STRING, leader, SINCE(0))                                                                                     \
    X(S, BOOL, skip_assignment, SINCE(9))                                                                              \
    X(S, STRING, member_id, SINCE(0))                                                                                  \
    X(S, STRUCTS(join_group_response_join_group_response_member), members, SINCE(0))
KAFKA_STRUCT(join_group_response);
KAFKA_MESSAGE(join_group_response, JoinGroupResponse, 0, 9, 6);

/* SyncGroup: the leader brings the assignment of everyone, the others an empty list. */
#define FIELDS_sync_group_request_sync_group_request_assignment(X, S)                                                  \
    X(S, STRING, member_id, SINCE(0))                                                                                  \
    X(S, BYTES, assignment, SINCE(0))
KAFKA_STRUCT(sync_group_request_sync_group_request_assignment);

#define FIELDS_sync_group_request(X, S)                                                                                \
    X(S, STRING, group_id, SINCE(0))                                                                                   \
    X(S, INT32, generation_id, SINCE(0))                                                                               \
    X(S, STRING, member_id, SINCE(0))                                                                                  \
    X(S, STRING, group_instance_id, SINCE(3), NULLABLE(3), DEFAULT_NULL)                                               \
    X(S, STRING, protocol_type, SINCE(5), NULLABLE(5), DEFAULT_NULL)                                                   \
    X(S, STRING, protocol_name, SINCE(5), NULLABLE(5), DEFAULT_NULL)                                                   \
    X(S, STRUCTS(sync_group_request_sync_group_request_assignment), assignments, SINCE(0))
KAFKA_STRUCT(sync_group_request);
KAFKA_MESSAGE(sync_group_request, SyncGroupRequest, 0, 5, 4);

/* The assignment of this member. */
#define FIELDS_sync_group_response(X, S)                                                                               \
    X(S, INT32, throttle_time_ms, SINCE(1))                                                                            \
    X(S, INT16, error_code, SINCE(0))                                                                                  \
    X(S, STRING, protocol_type, SINCE(5), NULLABLE(5), DEFAULT_NULL)                                                   \
    X(S, STRING, protocol_name, SINCE(5), NULLABLE(5), DEFAULT_NULL)                                                   \
    X(S, BYTES, assignment, SINCE(0))
KAFKA_STRUCT(sync_group_response);
KAFKA_MESSAGE(sync_group_response, SyncGroupResponse, 0, 5, 4);

/* Heartbeat. */
#define FIELDS_heartbeat_request(X, S)                                                                                 \
    X(S, STRING, group_id, SINCE(0))                                                                                   \
    X(S, INT32, generation_id, SINCE(0))                                                                               \
    X(S, STRING, member_id, SINCE(0))                                                                                  \
    X(S, STRING, group_instance_id, SINCE(3), NULLABLE(3), DEFAULT_NULL)
KAFKA_STRUCT(heartbeat_request);
KAFKA_MESSAGE(heartbeat_request, HeartbeatRequest, 0, 4, 4);

/* REBALANCE_IN_PROGRESS here is how a member learns that it must rejoin. */
#define FIELDS_heartbeat_response(X, S)                                                                                \
    X(S, INT32, throttle_time_ms, SINCE(1))                                                                            \
    X(S, INT16, error_code, SINCE(0))
KAFKA_STRUCT(heartbeat_response);
KAFKA_MESSAGE(heartbeat_response, HeartbeatResponse, 0, 4, 4);

/* LeaveGroup: one member up to 2, a list from 3. */
#define FIELDS_leave_group_request_member_identity(X, S)                                                               \
    X(S, STRING, member_id, SINCE(3))                                                                                  \
    X(S, STRING, group_instance_id, SINCE(3), NULLABLE(3), DEFAULT_NULL)                                               \
    X(S, STRING, reason, SINCE(5), NULLABLE(5), DEFAULT_NULL)
KAFKA_STRUCT(leave_group_request_member_identity);

#define FIELDS_leave_group_request(X, S)                                                                               \
    X(S, STRING, group_id, SINCE(0))                                                                                   \
    X(S, STRING, member_id, VERSIONS(0, 2))                                                                            \
    X(S, STRUCTS(leave_group_request_member_identity), members, SINCE(3))
KAFKA_STRUCT(leave_group_request);
KAFKA_MESSAGE(leave_group_request, LeaveGroupRequest, 0, 5, 4);

/* What became of each. */
#define FIELDS_leave_group_response_member_response(X, S)                                                              \
    X(S, STRING, member_id, SINCE(3))                                                                                  \
    X(S, STRING, group_instance_id, SINCE(3), NULLABLE(3))                                                             \
    X(S, INT16, error_code, SINCE(3))
KAFKA_STRUCT(leave_group_response_member_response);

#define FIELDS_leave_group_response(X, S)                                                                              \
    X(S, INT32, throttle_time_ms, SINCE(1))                                                                            \
    X(S, INT16, error_code, SINCE(0))                                                                                  \
    X(S, STRUCTS(leave_group_response_member_response), members, SINCE(3))
KAFKA_STRUCT(leave_group_response);
KAFKA_MESSAGE(leave_group_response, LeaveGroupResponse, 0, 5, 4);

/* OffsetCommit: generation -1 and an empty member id come from a consumer that assigns by itself. */
#define FIELDS_offset_commit_request_offset_commit_request_partition(X, S)                                             \
    X(S, INT32, partition_index, SINCE(0))                                                                             \
    X(S, INT64, committed_offset, SINCE(0))                                                                            \
    X(S, INT32, committed_leader_epoch, SINCE(6), DEFAULT(-1))                                                         \
    X(S, STRING, committed_metadata, SINCE(0), NULLABLE(0))
KAFKA_STRUCT(offset_commit_request_offset_commit_request_partition);

#define FIELDS_offset_commit_request_offset_commit_request_topic(X, S)                                                 \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, STRUCTS(offset_commit_request_offset_commit_request_partition), partitions, SINCE(0))
KAFKA_STRUCT(offset_commit_request_offset_commit_request_topic);

#define FIELDS_offset_commit_request(X, S)                                                                             \
    X(S, STRING, group_id, SINCE(0))                                                                                   \
    X(S, INT32, generation_id_or_member_epoch, SINCE(1), DEFAULT(-1))                                                  \
    X(S, STRING, member_id, SINCE(1))                                                                                  \
    X(S, STRING, group_instance_id, SINCE(7), NULLABLE(7), DEFAULT_NULL)                                               \
    X(S, INT64, retention_time_ms, VERSIONS(2, 4), DEFAULT(-1))                                                        \
    X(S, STRUCTS(offset_commit_request_offset_commit_request_topic), topics, SINCE(0))
KAFKA_STRUCT(offset_commit_request);
KAFKA_MESSAGE(offset_commit_request, OffsetCommitRequest, 2, 9, 8);

/* An error for each partition. */
#define FIELDS_offset_commit_response_offset_commit_response_partition(X, S)                                           \
    X(S, INT32, partition_index, SINCE(0))                                                                             \
    X(S, INT16, error_code, SINCE(0))
KAFKA_STRUCT(offset_commit_response_offset_commit_response_partition);

#define FIELDS_offset_commit_response_offset_commit_response_topic(X, S)                                               \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, STRUCTS(offset_commit_response_offset_commit_response_partition), partitions, SINCE(0))
KAFKA_STRUCT(offset_commit_response_offset_commit_response_topic);

#define FIELDS_offset_commit_response(X, S)                                                                            \
    X(S, INT32, throttle_time_ms, SINCE(3))                                                                            \
    X(S, STRUCTS(offset_commit_response_offset_commit_response_topic), topics, SINCE(0))
KAFKA_STRUCT(offset_commit_response);
KAFKA_MESSAGE(offset_commit_response, OffsetCommitResponse, 2, 9, 8);

/* OffsetFetch: one group up to 7, a list from 8; null topics means all that have an offset. */
#define FIELDS_offset_fetch_request_offset_fetch_request_topic(X, S)                                                   \
    X(S, STRING, name, VERSIONS(0, 7))                                                                                 \
    X(S, LIST(INT32), partition_indexes, VERSIONS(0, 7))
KAFKA_STRUCT(offset_fetch_request_offset_fetch_request_topic);

#define FIELDS_offset_fetch_request_offset_fetch_request_topics(X, S)                                                  \
    X(S, STRING, name, SINCE(8))                                                                                       \
    X(S, LIST(INT32), partition_indexes, SINCE(8))
KAFKA_STRUCT(offset_fetch_request_offset_fetch_request_topics);

#define FIELDS_offset_fetch_request_offset_fetch_request_group(X, S)                                                   \
    X(S, STRING, group_id, SINCE(8))                                                                                   \
    X(S, STRING, member_id, SINCE(9), NULLABLE(9), DEFAULT_NULL)                                                       \
    X(S, INT32, member_epoch, SINCE(9), DEFAULT(-1))                                                                   \
    X(S, STRUCTS(offset_fetch_request_offset_fetch_request_topics), topics, SINCE(8), NULLABLE(8))
KAFKA_STRUCT(offset_fetch_request_offset_fetch_request_group);

#define FIELDS_offset_fetch_request(X, S)                                                                              \
    X(S, STRING, group_id, VERSIONS(0, 7))                                                                             \
    X(S, STRUCTS(offset_fetch_request_offset_fetch_request_topic), topics, VERSIONS(0, 7), NULLABLE(2))                \
    X(S, STRUCTS(offset_fetch_request_offset_fetch_request_group), groups, SINCE(8))                                   \
    X(S, BOOL, require_stable, SINCE(7))
KAFKA_STRUCT(offset_fetch_request);
KAFKA_MESSAGE(offset_fetch_request, OffsetFetchRequest, 1, 9, 6);

/* An unknown group or partition is offset -1 and error 0, never an error. */
#define FIELDS_offset_fetch_response_offset_fetch_response_partition(X, S)                                             \
    X(S, INT32, partition_index, VERSIONS(0, 7))                                                                       \
    X(S, INT64, committed_offset, VERSIONS(0, 7))                                                                      \
    X(S, INT32, committed_leader_epoch, VERSIONS(5, 7), DEFAULT(-1))                                                   \
    X(S, STRING, metadata, VERSIONS(0, 7), NULLABLE(0))                                                                \
    X(S, INT16, error_code, VERSIONS(0, 7))
KAFKA_STRUCT(offset_fetch_response_offset_fetch_response_partition);

#define FIELDS_offset_fetch_response_offset_fetch_response_topic(X, S)                                                 \
    X(S, STRING, name, VERSIONS(0, 7))                                                                                 \
    X(S, STRUCTS(offset_fetch_response_offset_fetch_response_partition), partitions, VERSIONS(0, 7))
KAFKA_STRUCT(offset_fetch_response_offset_fetch_response_topic);

#define FIELDS_offset_fetch_response_offset_fetch_response_partitions(X, S)                                            \
    X(S, INT32, partition_index, SINCE(8))                                                                             \
    X(S, INT64, committed_offset, SINCE(8))                                                                            \
    X(S, INT32, committed_leader_epoch, SINCE(8), DEFAULT(-1))                                                         \
    X(S, STRING, metadata, SINCE(8), NULLABLE(8))                                                                      \
    X(S, INT16, error_code, SINCE(8))
KAFKA_STRUCT(offset_fetch_response_offset_fetch_response_partitions);

#define FIELDS_offset_fetch_response_offset_fetch_response_topics(X, S)                                                \
    X(S, STRING, name, SINCE(8))                                                                                       \
    X(S, STRUCTS(offset_fetch_response_offset_fetch_response_partitions), partitions, SINCE(8))
KAFKA_STRUCT(offset_fetch_response_offset_fetch_response_topics);

#define FIELDS_offset_fetch_response_offset_fetch_response_group(X, S)                                                 \
    X(S, STRING, group_id, SINCE(8))                                                                                   \
    X(S, STRUCTS(offset_fetch_response_offset_fetch_response_topics), topics, SINCE(8))                                \
    X(S, INT16, error_code, SINCE(8))
KAFKA_STRUCT(offset_fetch_response_offset_fetch_response_group);

#define FIELDS_offset_fetch_response(X, S)                                                                             \
    X(S, INT32, throttle_time_ms, SINCE(3))                                                                            \
    X(S, STRUCTS(offset_fetch_response_offset_fetch_response_topic), topics, VERSIONS(0, 7))                           \
    X(S, INT16, error_code, VERSIONS(2, 7))                                                                            \
    X(S, STRUCTS(offset_fetch_response_offset_fetch_response_group), groups, SINCE(8))
KAFKA_STRUCT(offset_fetch_response);
KAFKA_MESSAGE(offset_fetch_response, OffsetFetchResponse, 1, 9, 6);

#endif
