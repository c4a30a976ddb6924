/* messages_record.h - what the broker writes into its own topics.
 *
 * Keys and values of __consumer_offsets and the consumer protocol's blobs start with their version as an
 * int16: kafka_encode_versioned, kafka_decode_versioned (schema.h). Records of __cluster_metadata start
 * with a frame of three varints: metadata_record.h.
 *
 * How to read an entry: schema.h. Field names are Kafka's in snake_case; `SINCE(v)` is the first version
 * that carries a field; an array `topics` has its length in `topics_count` (-1: null). Facts from Apache
 * Kafka's definitions (group-coordinator/, metadata/ and clients/src/main/resources/common). */
#ifndef MILLRACE_KAFKA_MESSAGES_RECORD_H
#define MILLRACE_KAFKA_MESSAGES_RECORD_H

#include "lib/kafka/schema.h"

/* __consumer_offsets, key version 0 or 1: whose offset. Written as 1. */
#define FIELDS_offset_commit_key(X, S)                                                                                 \
    X(S, STRING, group, SINCE(0))                                                                                      \
    X(S, STRING, topic, SINCE(0))                                                                                      \
    X(S, INT32, partition, SINCE(0))
KAFKA_STRUCT(offset_commit_key);
KAFKA_MESSAGE(offset_commit_key, OffsetCommitKey, 0, 1, KAFKA_NEVER);

/* Its value; a null value is a tombstone. Kafka writes 3, or 1 when an expiry is set. */
#define FIELDS_offset_commit_value(X, S)                                                                               \
    X(S, INT64, offset, SINCE(0))                                                                                      \
    X(S, INT32, leader_epoch, SINCE(3), DEFAULT(-1))                                                                   \
    X(S, STRING, metadata, SINCE(0))                                                                                   \
    X(S, INT64, commit_timestamp, SINCE(0))                                                                            \
    X(S, INT64, expire_timestamp, VERSIONS(1, 1), DEFAULT(-1))
KAFKA_STRUCT(offset_commit_value);
KAFKA_MESSAGE(offset_commit_value, OffsetCommitValue, 0, 4, 4);

/* __consumer_offsets, key version 2: a group. */
#define FIELDS_group_metadata_key(X, S) X(S, STRING, group, SINCE(2))
KAFKA_STRUCT(group_metadata_key);
KAFKA_MESSAGE(group_metadata_key, GroupMetadataKey, 2, 2, KAFKA_NEVER);

/* The group as of its last stable generation. Kafka writes 3. */
#define FIELDS_group_metadata_value_member_metadata(X, S)                                                              \
    X(S, STRING, member_id, SINCE(0))                                                                                  \
    X(S, STRING, group_instance_id, SINCE(3), NULLABLE(3), DEFAULT_NULL)                                               \
    X(S, STRING, client_id, SINCE(0))                                                                                  \
    X(S, STRING, client_host, SINCE(0))                                                                                \
    X(S, INT32, rebalance_timeout, SINCE(1), DEFAULT(-1))                                                              \
    X(S, INT32, session_timeout, SINCE(0))                                                                             \
    X(S, BYTES, subscription, SINCE(0))                                                                                \
    X(S, BYTES, assignment, SINCE(0))
KAFKA_STRUCT(group_metadata_value_member_metadata);

#define FIELDS_group_metadata_value(X, S)                                                                              \
    X(S, STRING, protocol_type, SINCE(0))                                                                              \
    X(S, INT32, generation, SINCE(0))                                                                                  \
    X(S, STRING, protocol, SINCE(0), NULLABLE(0))                                                                      \
    X(S, STRING, leader, SINCE(0), NULLABLE(0))                                                                        \
    X(S, INT64, current_state_timestamp, SINCE(2), DEFAULT(-1))                                                        \
    X(S, STRUCTS(group_metadata_value_member_metadata), members, SINCE(0))
KAFKA_STRUCT(group_metadata_value);
KAFKA_MESSAGE(group_metadata_value, GroupMetadataValue, 0, 4, 4);

/* What a member of protocol type "consumer" puts into JoinGroup's metadata. */
#define FIELDS_consumer_protocol_subscription_topic_partition(X, S)                                                    \
    X(S, STRING, topic, SINCE(1))                                                                                      \
    X(S, LIST(INT32), partitions, SINCE(1))
KAFKA_STRUCT(consumer_protocol_subscription_topic_partition);

#define FIELDS_consumer_protocol_subscription(X, S)                                                                    \
    X(S, LIST(STRING), topics, SINCE(0))                                                                               \
    X(S, BYTES, user_data, SINCE(0), NULLABLE(0), DEFAULT_NULL)                                                        \
    X(S, STRUCTS(consumer_protocol_subscription_topic_partition), owned_partitions, SINCE(1))                          \
    X(S, INT32, generation_id, SINCE(2), DEFAULT(-1))                                                                  \
    X(S, STRING, rack_id, SINCE(3), NULLABLE(3), DEFAULT_NULL)
KAFKA_STRUCT(consumer_protocol_subscription);
KAFKA_MESSAGE(consumer_protocol_subscription, ConsumerProtocolSubscription, 0, 3, KAFKA_NEVER);

/* What it gets back as its assignment. */
#define FIELDS_consumer_protocol_assignment_topic_partition(X, S)                                                      \
    X(S, STRING, topic, SINCE(0))                                                                                      \
    X(S, LIST(INT32), partitions, SINCE(0))
KAFKA_STRUCT(consumer_protocol_assignment_topic_partition);

#define FIELDS_consumer_protocol_assignment(X, S)                                                                      \
    X(S, STRUCTS(consumer_protocol_assignment_topic_partition), assigned_partitions, SINCE(0))                         \
    X(S, BYTES, user_data, SINCE(0), NULLABLE(0), DEFAULT_NULL)
KAFKA_STRUCT(consumer_protocol_assignment);
KAFKA_MESSAGE(consumer_protocol_assignment, ConsumerProtocolAssignment, 0, 3, KAFKA_NEVER);

/* Metadata record 0: a broker has come. */
#define FIELDS_register_broker_record_broker_endpoint(X, S)                                                            \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, STRING, host, SINCE(0))                                                                                       \
    X(S, UINT16, port, SINCE(0))                                                                                       \
    X(S, INT16, security_protocol, SINCE(0))
KAFKA_STRUCT(register_broker_record_broker_endpoint);

#define FIELDS_register_broker_record_broker_feature(X, S)                                                             \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, INT16, min_supported_version, SINCE(0))                                                                       \
    X(S, INT16, max_supported_version, SINCE(0))
KAFKA_STRUCT(register_broker_record_broker_feature);

#define FIELDS_register_broker_record(X, S)                                                                            \
    X(S, INT32, broker_id, SINCE(0))                                                                                   \
    X(S, BOOL, is_migrating_zk_broker, SINCE(2))                                                                       \
    X(S, UUID, incarnation_id, SINCE(0))                                                                               \
    X(S, INT64, broker_epoch, SINCE(0))                                                                                \
    X(S, STRUCTS(register_broker_record_broker_endpoint), end_points, SINCE(0))                                        \
    X(S, STRUCTS(register_broker_record_broker_feature), features, SINCE(0))                                           \
    X(S, STRING, rack, SINCE(0), NULLABLE(0))                                                                          \
    X(S, BOOL, fenced, SINCE(0), DEFAULT(true))                                                                        \
    X(S, BOOL, in_controlled_shutdown, SINCE(1))                                                                       \
    X(S, LIST(UUID), log_dirs, SINCE(3), TAG(0))
KAFKA_STRUCT(register_broker_record);
KAFKA_MESSAGE(register_broker_record, RegisterBrokerRecord, 0, 3, 0);

/* 1: a broker has gone for good. */
#define FIELDS_unregister_broker_record(X, S)                                                                          \
    X(S, INT32, broker_id, SINCE(0))                                                                                   \
    X(S, INT64, broker_epoch, SINCE(0))
KAFKA_STRUCT(unregister_broker_record);
KAFKA_MESSAGE(unregister_broker_record, UnregisterBrokerRecord, 0, 0, 0);

/* 2: a topic. */
#define FIELDS_topic_record(X, S)                                                                                      \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, UUID, topic_id, SINCE(0))
KAFKA_STRUCT(topic_record);
KAFKA_MESSAGE(topic_record, TopicRecord, 0, 0, 0);

/* 3: a partition of it. `directories` from 1 (KIP-858), eligible leaders from 2 (KIP-966). */
#define FIELDS_partition_record(X, S)                                                                                  \
    X(S, INT32, partition_id, SINCE(0), DEFAULT(-1))                                                                   \
    X(S, UUID, topic_id, SINCE(0))                                                                                     \
    X(S, LIST(INT32), replicas, SINCE(0))                                                                              \
    X(S, LIST(INT32), isr, SINCE(0))                                                                                   \
    X(S, LIST(INT32), removing_replicas, SINCE(0))                                                                     \
    X(S, LIST(INT32), adding_replicas, SINCE(0))                                                                       \
    X(S, INT32, leader, SINCE(0), DEFAULT(-1))                                                                         \
    X(S, INT8, leader_recovery_state, SINCE(0), TAG(0))                                                                \
    X(S, INT32, leader_epoch, SINCE(0), DEFAULT(-1))                                                                   \
    X(S, INT32, partition_epoch, SINCE(0), DEFAULT(-1))                                                                \
    X(S, LIST(UUID), directories, SINCE(1))                                                                            \
    X(S, LIST(INT32), eligible_leader_replicas, SINCE(2), NULLABLE(2), TAG(1), DEFAULT_NULL)                           \
    X(S, LIST(INT32), last_known_elr, SINCE(2), NULLABLE(2), TAG(2), DEFAULT_NULL)
KAFKA_STRUCT(partition_record);
KAFKA_MESSAGE(partition_record, PartitionRecord, 0, 2, 0);

/* 4: a config key of a topic (resource type 2) or broker (4); a null value removes it. */
#define FIELDS_config_record(X, S)                                                                                     \
    X(S, INT8, resource_type, SINCE(0))                                                                                \
    X(S, STRING, resource_name, SINCE(0))                                                                              \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, STRING, value, SINCE(0), NULLABLE(0))
KAFKA_STRUCT(config_record);
KAFKA_MESSAGE(config_record, ConfigRecord, 0, 0, 0);

/* 5: what changed of a partition; fields at their default are unchanged. */
#define FIELDS_partition_change_record(X, S)                                                                           \
    X(S, INT32, partition_id, SINCE(0), DEFAULT(-1))                                                                   \
    X(S, UUID, topic_id, SINCE(0))                                                                                     \
    X(S, LIST(INT32), isr, SINCE(0), NULLABLE(0), TAG(0), DEFAULT_NULL)                                                \
    X(S, INT32, leader, SINCE(0), TAG(1), DEFAULT(-2))                                                                 \
    X(S, LIST(INT32), replicas, SINCE(0), NULLABLE(0), TAG(2), DEFAULT_NULL)                                           \
    X(S, LIST(INT32), removing_replicas, SINCE(0), NULLABLE(0), TAG(3), DEFAULT_NULL)                                  \
    X(S, LIST(INT32), adding_replicas, SINCE(0), NULLABLE(0), TAG(4), DEFAULT_NULL)                                    \
    X(S, INT8, leader_recovery_state, SINCE(0), TAG(5), DEFAULT(-1))                                                   \
    X(S, LIST(UUID), directories, SINCE(1), NULLABLE(1), TAG(8), DEFAULT_NULL)                                         \
    X(S, LIST(INT32), eligible_leader_replicas, SINCE(2), NULLABLE(2), TAG(6), DEFAULT_NULL)                           \
    X(S, LIST(INT32), last_known_elr, SINCE(2), NULLABLE(2), TAG(7), DEFAULT_NULL)
KAFKA_STRUCT(partition_change_record);
KAFKA_MESSAGE(partition_change_record, PartitionChangeRecord, 0, 2, 0);

/* 9: a topic and its partitions are gone. */
#define FIELDS_remove_topic_record(X, S) X(S, UUID, topic_id, SINCE(0))
KAFKA_STRUCT(remove_topic_record);
KAFKA_MESSAGE(remove_topic_record, RemoveTopicRecord, 0, 0, 0);

/* 12: a feature's level, among them metadata.version. */
#define FIELDS_feature_level_record(X, S)                                                                              \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, INT16, feature_level, SINCE(0))
KAFKA_STRUCT(feature_level_record);
KAFKA_MESSAGE(feature_level_record, FeatureLevelRecord, 0, 0, 0);

/* 15: producer ids below next_producer_id are given to this broker. */
#define FIELDS_producer_ids_record(X, S)                                                                               \
    X(S, INT32, broker_id, SINCE(0))                                                                                   \
    X(S, INT64, broker_epoch, SINCE(0), DEFAULT(-1))                                                                   \
    X(S, INT64, next_producer_id, SINCE(0))
KAFKA_STRUCT(producer_ids_record);
KAFKA_MESSAGE(producer_ids_record, ProducerIdsRecord, 0, 0, 0);

/* 17: fenced (1), unfenced (-1) or unchanged (0). */
#define FIELDS_broker_registration_change_record(X, S)                                                                 \
    X(S, INT32, broker_id, SINCE(0))                                                                                   \
    X(S, INT64, broker_epoch, SINCE(0))                                                                                \
    X(S, INT8, fenced, SINCE(0), TAG(0))                                                                               \
    X(S, INT8, in_controlled_shutdown, SINCE(1), TAG(1))                                                               \
    X(S, LIST(UUID), log_dirs, SINCE(2), TAG(2))
KAFKA_STRUCT(broker_registration_change_record);
KAFKA_MESSAGE(broker_registration_change_record, BrokerRegistrationChangeRecord, 0, 2, 0);

/* 20: keeps the high watermark moving. */
#define FIELDS_no_op_record(X, S)
KAFKA_STRUCT(no_op_record);
KAFKA_MESSAGE(no_op_record, NoOpRecord, 0, 0, 0);

/* Value of control record 2: who leads a KRaft log from here. */
#define FIELDS_leader_change_message_voter(X, S)                                                                       \
    X(S, INT32, voter_id, SINCE(0))                                                                                    \
    X(S, UUID, voter_directory_id, SINCE(1))
KAFKA_STRUCT(leader_change_message_voter);

#define FIELDS_leader_change_message(X, S)                                                                             \
    X(S, INT16, version, SINCE(0))                                                                                     \
    X(S, INT32, leader_id, SINCE(0))                                                                                   \
    X(S, STRUCTS(leader_change_message_voter), voters, SINCE(0))                                                       \
    X(S, STRUCTS(leader_change_message_voter), granting_voters, SINCE(0))
KAFKA_STRUCT(leader_change_message);
KAFKA_MESSAGE(leader_change_message, LeaderChangeMessage, 0, 1, 0);

/* Value of control record 3: the first record of a snapshot. */
#define FIELDS_snapshot_header_record(X, S)                                                                            \
    X(S, INT16, version, SINCE(0))                                                                                     \
    X(S, INT64, last_contained_log_timestamp, SINCE(0))
KAFKA_STRUCT(snapshot_header_record);
KAFKA_MESSAGE(snapshot_header_record, SnapshotHeaderRecord, 0, 0, 0);

/* Value of control record 4: the last record of a snapshot. */
#define FIELDS_snapshot_footer_record(X, S) X(S, INT16, version, SINCE(0))
KAFKA_STRUCT(snapshot_footer_record);
KAFKA_MESSAGE(snapshot_footer_record, SnapshotFooterRecord, 0, 0, 0);

#endif
