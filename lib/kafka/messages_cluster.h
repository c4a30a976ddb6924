/* messages_cluster.h - the messages about brokers and topics: ApiVersions, Metadata, CreateTopics,
 * DeleteTopics.
 *
 * How to read an entry: schema.h. Field names are Kafka's in snake_case; `SINCE(v)` is the first version
 * that carries a field; an array `topics` has its length in `topics_count` (-1: null). Facts from Apache
 * Kafka's message definitions (clients/src/main/resources/common/message). */
#ifndef MILLRACE_KAFKA_MESSAGES_CLUSTER_H
#define MILLRACE_KAFKA_MESSAGES_CLUSTER_H

#include "lib/kafka/schema.h"

/* ApiVersions: what may be asked. The body of a version we do not know is not looked at (KIP-511). */
#define FIELDS_api_versions_request(X, S)                                                                              \
    X(S, STRING, client_software_name, SINCE(3))                                                                       \
    X(S, STRING, client_software_version, SINCE(3))
KAFKA_STRUCT(api_versions_request);
KAFKA_MESSAGE(api_versions_request, ApiVersionsRequest, 0, 4, 3);

/* Its response header is version 0 always: the client cannot know yet what we speak. */
#define FIELDS_api_versions_response_api_version(X, S)                                                                 \
    X(S, INT16, api_key, SINCE(0))                                                                                     \
    X(S, INT16, min_version, SINCE(0))                                                                                 \
    X(S, INT16, max_version, SINCE(0))
KAFKA_STRUCT(api_versions_response_api_version);

#define FIELDS_api_versions_response_supported_feature_key(X, S)                                                       \
    X(S, STRING, name, SINCE(3))                                                                                       \
    X(S, INT16, min_version, SINCE(3))                                                                                 \
    X(S, INT16, max_version, SINCE(3))
KAFKA_STRUCT(api_versions_response_supported_feature_key);

#define FIELDS_api_versions_response_finalized_feature_key(X, S)                                                       \
    X(S, STRING, name, SINCE(3))                                                                                       \
    X(S, INT16, max_version_level, SINCE(3))                                                                           \
    X(S, INT16, min_version_level, SINCE(3))
KAFKA_STRUCT(api_versions_response_finalized_feature_key);

#define FIELDS_api_versions_response(X, S)                                                                             \
    X(S, INT16, error_code, SINCE(0))                                                                                  \
    X(S, STRUCTS(api_versions_response_api_version), api_keys, SINCE(0))                                               \
    X(S, INT32, throttle_time_ms, SINCE(1))                                                                            \
    X(S, STRUCTS(api_versions_response_supported_feature_key), supported_features, SINCE(3), TAG(0))                   \
    X(S, INT64, finalized_features_epoch, SINCE(3), TAG(1), DEFAULT(-1))                                               \
    X(S, STRUCTS(api_versions_response_finalized_feature_key), finalized_features, SINCE(3), TAG(2))                   \
    X(S, BOOL, zk_migration_ready, SINCE(3), TAG(3))
KAFKA_STRUCT(api_versions_response);
KAFKA_MESSAGE(api_versions_response, ApiVersionsResponse, 0, 4, 3);

/* Metadata: topics null means all of them; in version 0, which has no null, an empty list does. */
#define FIELDS_metadata_request_metadata_request_topic(X, S)                                                           \
    X(S, UUID, topic_id, SINCE(10))                                                                                    \
    X(S, STRING, name, SINCE(0), NULLABLE(10))
KAFKA_STRUCT(metadata_request_metadata_request_topic);

#define FIELDS_metadata_request(X, S)                                                                                  \
    X(S, STRUCTS(metadata_request_metadata_request_topic), topics, SINCE(0), NULLABLE(1))                              \
    X(S, BOOL, allow_auto_topic_creation, SINCE(4), DEFAULT(true))                                                     \
    X(S, BOOL, include_cluster_authorized_operations, VERSIONS(8, 10))                                                 \
    X(S, BOOL, include_topic_authorized_operations, SINCE(8))
KAFKA_STRUCT(metadata_request);
KAFKA_MESSAGE(metadata_request, MetadataRequest, 0, 12, 9);

/* Brokers, topics, partitions and their leaders. Topic ids from 10. */
#define FIELDS_metadata_response_metadata_response_broker(X, S)                                                        \
    X(S, INT32, node_id, SINCE(0))                                                                                     \
    X(S, STRING, host, SINCE(0))                                                                                       \
    X(S, INT32, port, SINCE(0))                                                                                        \
    X(S, STRING, rack, SINCE(1), NULLABLE(1), DEFAULT_NULL)
KAFKA_STRUCT(metadata_response_metadata_response_broker);

#define FIELDS_metadata_response_metadata_response_partition(X, S)                                                     \
    X(S, INT16, error_code, SINCE(0))                                                                                  \
    X(S, INT32, partition_index, SINCE(0))                                                                             \
    X(S, INT32, leader_id, SINCE(0))                                                                                   \
    X(S, INT32, leader_epoch, SINCE(7), DEFAULT(-1))                                                                   \
    X(S, LIST(INT32), replica_nodes, SINCE(0))                                                                         \
    X(S, LIST(INT32), isr_nodes, SINCE(0))                                                                             \
    X(S, LIST(INT32), offline_replicas, SINCE(5))
KAFKA_STRUCT(metadata_response_metadata_response_partition);

#define FIELDS_metadata_response_metadata_response_topic(X, S)                                                         \
    X(S, INT16, error_code, SINCE(0))                                                                                  \
    X(S, STRING, name, SINCE(0), NULLABLE(12))                                                                         \
    X(S, UUID, topic_id, SINCE(10))                                                                                    \
    X(S, BOOL, is_internal, SINCE(1))                                                                                  \
    X(S, STRUCTS(metadata_response_metadata_response_partition), partitions, SINCE(0))                                 \
    X(S, INT32, topic_authorized_operations, SINCE(8), DEFAULT(INT32_MIN))
KAFKA_STRUCT(metadata_response_metadata_response_topic);

#define FIELDS_metadata_response(X, S)                                                                                 \
    X(S, INT32, throttle_time_ms, SINCE(3))                                                                            \
    X(S, STRUCTS(metadata_response_metadata_response_broker), brokers, SINCE(0))                                       \
    X(S, STRING, cluster_id, SINCE(2), NULLABLE(2), DEFAULT_NULL)                                                      \
    X(S, INT32, controller_id, SINCE(1), DEFAULT(-1))                                                                  \
    X(S, STRUCTS(metadata_response_metadata_response_topic), topics, SINCE(0))                                         \
    X(S, INT32, cluster_authorized_operations, VERSIONS(8, 10), DEFAULT(INT32_MIN))
KAFKA_STRUCT(metadata_response);
KAFKA_MESSAGE(metadata_response, MetadataResponse, 0, 12, 9);

/* CreateTopics: -1 partitions or replicas (from 4) means the broker's default. */
#define FIELDS_create_topics_request_creatable_replica_assignment(X, S)                                                \
    X(S, INT32, partition_index, SINCE(0))                                                                             \
    X(S, LIST(INT32), broker_ids, SINCE(0))
KAFKA_STRUCT(create_topics_request_creatable_replica_assignment);

#define FIELDS_create_topics_request_creatable_topic_config(X, S)                                                      \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, STRING, value, SINCE(0), NULLABLE(0))
KAFKA_STRUCT(create_topics_request_creatable_topic_config);

#define FIELDS_create_topics_request_creatable_topic(X, S)                                                             \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, INT32, num_partitions, SINCE(0))                                                                              \
    X(S, INT16, replication_factor, SINCE(0))                                                                          \
    X(S, STRUCTS(create_topics_request_creatable_replica_assignment), assignments, SINCE(0))                           \
    X(S, STRUCTS(create_topics_request_creatable_topic_config), configs, SINCE(0))
KAFKA_STRUCT(create_topics_request_creatable_topic);

#define FIELDS_create_topics_request(X, S)                                                                             \
    X(S, STRUCTS(create_topics_request_creatable_topic), topics, SINCE(0))                                             \
    X(S, INT32, timeout_ms, SINCE(0), DEFAULT(60000))                                                                  \
    X(S, BOOL, validate_only, SINCE(1))
KAFKA_STRUCT(create_topics_request);
KAFKA_MESSAGE(create_topics_request, CreateTopicsRequest, 2, 7, 5);

/* `configs` must not be null where num_partitions is not -1: the Java client takes it for granted. */
#define FIELDS_create_topics_response_creatable_topic_configs(X, S)                                                    \
    X(S, STRING, name, SINCE(5))                                                                                       \
    X(S, STRING, value, SINCE(5), NULLABLE(5))                                                                         \
    X(S, BOOL, read_only, SINCE(5))                                                                                    \
    X(S, INT8, config_source, SINCE(5), DEFAULT(-1))                                                                   \
    X(S, BOOL, is_sensitive, SINCE(5))
KAFKA_STRUCT(create_topics_response_creatable_topic_configs);

#define FIELDS_create_topics_response_creatable_topic_result(X, S)                                                     \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, UUID, topic_id, SINCE(7))                                                                                     \
    X(S, INT16, error_code, SINCE(0))                                                                                  \
    X(S, STRING, error_message, SINCE(1), NULLABLE(1))                                                                 \
    X(S, INT16, topic_config_error_code, SINCE(5), TAG(0))                                                             \
    X(S, INT32, num_partitions, SINCE(5), DEFAULT(-1))                                                                 \
    X(S, INT16, replication_factor, SINCE(5), DEFAULT(-1))                                                             \
    X(S, STRUCTS(create_topics_response_creatable_topic_configs), configs, SINCE(5), NULLABLE(5))
KAFKA_STRUCT(create_topics_response_creatable_topic_result);

#define FIELDS_create_topics_response(X, S)                                                                            \
    X(S, INT32, throttle_time_ms, SINCE(2))                                                                            \
    X(S, STRUCTS(create_topics_response_creatable_topic_result), topics, SINCE(0))
KAFKA_STRUCT(create_topics_response);
KAFKA_MESSAGE(create_topics_response, CreateTopicsResponse, 2, 7, 5);

/* DeleteTopics: by name up to 5 (`topic_names`), by name or id in 6 (`topics`). */
#define FIELDS_delete_topics_request_delete_topic_state(X, S)                                                          \
    X(S, STRING, name, SINCE(6), NULLABLE(6), DEFAULT_NULL)                                                            \
    X(S, UUID, topic_id, SINCE(6))
KAFKA_STRUCT(delete_topics_request_delete_topic_state);

#define FIELDS_delete_topics_request(X, S)                                                                             \
    X(S, STRUCTS(delete_topics_request_delete_topic_state), topics, SINCE(6))                                          \
    X(S, LIST(STRING), topic_names, VERSIONS(0, 5))                                                                    \
    X(S, INT32, timeout_ms, SINCE(0))
KAFKA_STRUCT(delete_topics_request);
KAFKA_MESSAGE(delete_topics_request, DeleteTopicsRequest, 1, 6, 4);

/* What became of each. */
#define FIELDS_delete_topics_response_deletable_topic_result(X, S)                                                     \
    X(S, STRING, name, SINCE(0), NULLABLE(6))                                                                          \
    X(S, UUID, topic_id, SINCE(6))                                                                                     \
    X(S, INT16, error_code, SINCE(0))                                                                                  \
    X(S, STRING, error_message, SINCE(5), NULLABLE(5), DEFAULT_NULL)
KAFKA_STRUCT(delete_topics_response_deletable_topic_result);

#define FIELDS_delete_topics_response(X, S)                                                                            \
    X(S, INT32, throttle_time_ms, SINCE(1))                                                                            \
    X(S, STRUCTS(delete_topics_response_deletable_topic_result), responses, SINCE(0))
KAFKA_STRUCT(delete_topics_response);
KAFKA_MESSAGE(delete_topics_response, DeleteTopicsResponse, 1, 6, 4);

#endif
