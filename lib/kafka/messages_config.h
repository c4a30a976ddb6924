/* messages_config.h - the messages of administrators: DescribeConfigs, AlterConfigs, IncrementalAlterConfigs,
 * CreatePartitions, DescribeCluster. How to read an entry: schema.h and the head of messages_cluster.h.
 *
 * Numbers that the protocol gives to resources, sources and types of configs are in enums below (Kafka's
 * ConfigResource.Type, DescribeConfigsResponse.ConfigSource and ConfigType, AlterConfigOp.OpType). */
#ifndef MILLRACE_KAFKA_MESSAGES_CONFIG_H
#define MILLRACE_KAFKA_MESSAGES_CONFIG_H

#include "lib/kafka/schema.h"

enum kafka_resource_type {
    KAFKA_RESOURCE_TOPIC = 2,
    KAFKA_RESOURCE_BROKER = 4,
    KAFKA_RESOURCE_BROKER_LOGGER = 8,
    KAFKA_RESOURCE_CLIENT_METRICS = 16,
    KAFKA_RESOURCE_GROUP = 32,
};

/* Highest precedence first. */
enum kafka_config_source {
    KAFKA_SOURCE_TOPIC = 1,          /* DYNAMIC_TOPIC_CONFIG */
    KAFKA_SOURCE_BROKER = 2,         /* DYNAMIC_BROKER_CONFIG */
    KAFKA_SOURCE_BROKER_DEFAULT = 3, /* DYNAMIC_DEFAULT_BROKER_CONFIG */
    KAFKA_SOURCE_STATIC = 4,         /* STATIC_BROKER_CONFIG */
    KAFKA_SOURCE_DEFAULT = 5,        /* DEFAULT_CONFIG */
};

enum kafka_config_type {
    KAFKA_CONFIG_BOOLEAN = 1,
    KAFKA_CONFIG_STRING = 2,
    KAFKA_CONFIG_INT = 3,
    KAFKA_CONFIG_SHORT = 4,
    KAFKA_CONFIG_LONG = 5,
    KAFKA_CONFIG_DOUBLE = 6,
    KAFKA_CONFIG_LIST = 7,
};

enum kafka_config_operation { KAFKA_OP_SET = 0, KAFKA_OP_DELETE = 1, KAFKA_OP_APPEND = 2, KAFKA_OP_SUBTRACT = 3 };

/* DescribeConfigs: configuration_keys null means all of them. */
#define FIELDS_describe_configs_request_describe_configs_resource(X, S)                                                \
    X(S, INT8, resource_type, SINCE(0))                                                                                \
    X(S, STRING, resource_name, SINCE(0))                                                                              \
    X(S, LIST(STRING), configuration_keys, SINCE(0), NULLABLE(0))
KAFKA_STRUCT(describe_configs_request_describe_configs_resource);

#define FIELDS_describe_configs_request(X, S)                                                                          \
    X(S, STRUCTS(describe_configs_request_describe_configs_resource), resources, SINCE(0))                             \
    X(S, BOOL, include_synonyms, SINCE(1))                                                                             \
    X(S, BOOL, include_documentation, SINCE(3))
KAFKA_STRUCT(describe_configs_request);
KAFKA_MESSAGE(describe_configs_request, DescribeConfigsRequest, 1, 4, 4);

/* A synonym is a place where the value could also come from, the one in force first. */
#define FIELDS_describe_configs_response_describe_configs_synonym(X, S)                                                \
    X(S, STRING, name, SINCE(1))                                                                                       \
    X(S, STRING, value, SINCE(1), NULLABLE(0), DEFAULT_NULL)                                                           \
    X(S, INT8, source, SINCE(1))
KAFKA_STRUCT(describe_configs_response_describe_configs_synonym);

#define FIELDS_describe_configs_response_describe_configs_resource_result(X, S)                                        \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, STRING, value, SINCE(0), NULLABLE(0), DEFAULT_NULL)                                                           \
    X(S, BOOL, read_only, SINCE(0))                                                                                    \
    X(S, INT8, config_source, SINCE(1), DEFAULT(-1))                                                                   \
    X(S, BOOL, is_sensitive, SINCE(0))                                                                                 \
    X(S, STRUCTS(describe_configs_response_describe_configs_synonym), synonyms, SINCE(1))                              \
    X(S, INT8, config_type, SINCE(3))                                                                                  \
    X(S, STRING, documentation, SINCE(3), NULLABLE(0), DEFAULT_NULL)
KAFKA_STRUCT(describe_configs_response_describe_configs_resource_result);

#define FIELDS_describe_configs_response_describe_configs_result(X, S)                                                 \
    X(S, INT16, error_code, SINCE(0))                                                                                  \
    X(S, STRING, error_message, SINCE(0), NULLABLE(0), DEFAULT_NULL)                                                   \
    X(S, INT8, resource_type, SINCE(0))                                                                                \
    X(S, STRING, resource_name, SINCE(0))                                                                              \
    X(S, STRUCTS(describe_configs_response_describe_configs_resource_result), configs, SINCE(0))
KAFKA_STRUCT(describe_configs_response_describe_configs_result);

#define FIELDS_describe_configs_response(X, S)                                                                         \
    X(S, INT32, throttle_time_ms, SINCE(0))                                                                            \
    X(S, STRUCTS(describe_configs_response_describe_configs_result), results, SINCE(0))
KAFKA_STRUCT(describe_configs_response);
KAFKA_MESSAGE(describe_configs_response, DescribeConfigsResponse, 1, 4, 4);

/* AlterConfigs: what is listed is all that is set afterwards. */
#define FIELDS_alter_configs_request_alterable_config(X, S)                                                            \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, STRING, value, SINCE(0), NULLABLE(0))
KAFKA_STRUCT(alter_configs_request_alterable_config);

#define FIELDS_alter_configs_request_alter_configs_resource(X, S)                                                      \
    X(S, INT8, resource_type, SINCE(0))                                                                                \
    X(S, STRING, resource_name, SINCE(0))                                                                              \
    X(S, STRUCTS(alter_configs_request_alterable_config), configs, SINCE(0))
KAFKA_STRUCT(alter_configs_request_alter_configs_resource);

#define FIELDS_alter_configs_request(X, S)                                                                             \
    X(S, STRUCTS(alter_configs_request_alter_configs_resource), resources, SINCE(0))                                   \
    X(S, BOOL, validate_only, SINCE(0))
KAFKA_STRUCT(alter_configs_request);
KAFKA_MESSAGE(alter_configs_request, AlterConfigsRequest, 0, 2, 2);

#define FIELDS_alter_configs_response_alter_configs_resource_response(X, S)                                            \
    X(S, INT16, error_code, SINCE(0))                                                                                  \
    X(S, STRING, error_message, SINCE(0), NULLABLE(0), DEFAULT_NULL)                                                   \
    X(S, INT8, resource_type, SINCE(0))                                                                                \
    X(S, STRING, resource_name, SINCE(0))
KAFKA_STRUCT(alter_configs_response_alter_configs_resource_response);

#define FIELDS_alter_configs_response(X, S)                                                                            \
    X(S, INT32, throttle_time_ms, SINCE(0))                                                                            \
    X(S, STRUCTS(alter_configs_response_alter_configs_resource_response), responses, SINCE(0))
KAFKA_STRUCT(alter_configs_response);
KAFKA_MESSAGE(alter_configs_response, AlterConfigsResponse, 0, 2, 2);

/* IncrementalAlterConfigs (KIP-339): what is not listed stays; the answer is that of AlterConfigs. */
#define FIELDS_incremental_alter_configs_request_alterable_config(X, S)                                                \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, INT8, config_operation, SINCE(0))                                                                             \
    X(S, STRING, value, SINCE(0), NULLABLE(0))
KAFKA_STRUCT(incremental_alter_configs_request_alterable_config);

#define FIELDS_incremental_alter_configs_request_alter_configs_resource(X, S)                                          \
    X(S, INT8, resource_type, SINCE(0))                                                                                \
    X(S, STRING, resource_name, SINCE(0))                                                                              \
    X(S, STRUCTS(incremental_alter_configs_request_alterable_config), configs, SINCE(0))
KAFKA_STRUCT(incremental_alter_configs_request_alter_configs_resource);

#define FIELDS_incremental_alter_configs_request(X, S)                                                                 \
    X(S, STRUCTS(incremental_alter_configs_request_alter_configs_resource), resources, SINCE(0))                       \
    X(S, BOOL, validate_only, SINCE(0))
KAFKA_STRUCT(incremental_alter_configs_request);
KAFKA_MESSAGE(incremental_alter_configs_request, IncrementalAlterConfigsRequest, 0, 1, 1);

#define FIELDS_incremental_alter_configs_response(X, S)                                                                \
    X(S, INT32, throttle_time_ms, SINCE(0))                                                                            \
    X(S, STRUCTS(alter_configs_response_alter_configs_resource_response), responses, SINCE(0))
KAFKA_STRUCT(incremental_alter_configs_response);
KAFKA_MESSAGE(incremental_alter_configs_response, IncrementalAlterConfigsResponse, 0, 1, 1);

/* CreatePartitions: `count` is how many there shall be; assignments, if any, are those of the new ones. */
#define FIELDS_create_partitions_request_create_partitions_assignment(X, S) X(S, LIST(INT32), broker_ids, SINCE(0))
KAFKA_STRUCT(create_partitions_request_create_partitions_assignment);

#define FIELDS_create_partitions_request_create_partitions_topic(X, S)                                                 \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, INT32, count, SINCE(0))                                                                                       \
    X(S, STRUCTS(create_partitions_request_create_partitions_assignment), assignments, SINCE(0), NULLABLE(0))
KAFKA_STRUCT(create_partitions_request_create_partitions_topic);

#define FIELDS_create_partitions_request(X, S)                                                                         \
    X(S, STRUCTS(create_partitions_request_create_partitions_topic), topics, SINCE(0))                                 \
    X(S, INT32, timeout_ms, SINCE(0))                                                                                  \
    X(S, BOOL, validate_only, SINCE(0))
KAFKA_STRUCT(create_partitions_request);
KAFKA_MESSAGE(create_partitions_request, CreatePartitionsRequest, 0, 3, 2);

#define FIELDS_create_partitions_response_create_partitions_topic_result(X, S)                                         \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, INT16, error_code, SINCE(0))                                                                                  \
    X(S, STRING, error_message, SINCE(0), NULLABLE(0), DEFAULT_NULL)
KAFKA_STRUCT(create_partitions_response_create_partitions_topic_result);

#define FIELDS_create_partitions_response(X, S)                                                                        \
    X(S, INT32, throttle_time_ms, SINCE(0))                                                                            \
    X(S, STRUCTS(create_partitions_response_create_partitions_topic_result), results, SINCE(0))
KAFKA_STRUCT(create_partitions_response);
KAFKA_MESSAGE(create_partitions_response, CreatePartitionsResponse, 0, 3, 2);

/* DescribeCluster: endpoint_type 1 asks for the brokers, 2 for the controllers. */
#define FIELDS_describe_cluster_request(X, S)                                                                          \
    X(S, BOOL, include_cluster_authorized_operations, SINCE(0))                                                        \
    X(S, INT8, endpoint_type, SINCE(1), DEFAULT(1))
KAFKA_STRUCT(describe_cluster_request);
KAFKA_MESSAGE(describe_cluster_request, DescribeClusterRequest, 0, 1, 0);

#define FIELDS_describe_cluster_response_describe_cluster_broker(X, S)                                                 \
    X(S, INT32, broker_id, SINCE(0))                                                                                   \
    X(S, STRING, host, SINCE(0))                                                                                       \
    X(S, INT32, port, SINCE(0))                                                                                        \
    X(S, STRING, rack, SINCE(0), NULLABLE(0), DEFAULT_NULL)
KAFKA_STRUCT(describe_cluster_response_describe_cluster_broker);

#define FIELDS_describe_cluster_response(X, S)                                                                         \
    X(S, INT32, throttle_time_ms, SINCE(0))                                                                            \
    X(S, INT16, error_code, SINCE(0))                                                                                  \
    X(S, STRING, error_message, SINCE(0), NULLABLE(0), DEFAULT_NULL)                                                   \
    X(S, INT8, endpoint_type, SINCE(1), DEFAULT(1))                                                                    \
    X(S, STRING, cluster_id, SINCE(0))                                                                                 \
    X(S, INT32, controller_id, SINCE(0), DEFAULT(-1))                                                                  \
    X(S, STRUCTS(describe_cluster_response_describe_cluster_broker), brokers, SINCE(0))                                \
    X(S, INT32, cluster_authorized_operations, SINCE(0), DEFAULT(INT32_MIN))
KAFKA_STRUCT(describe_cluster_response);
KAFKA_MESSAGE(describe_cluster_response, DescribeClusterResponse, 0, 1, 0);

#endif
