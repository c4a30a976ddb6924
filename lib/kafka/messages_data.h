/* messages_data.h - the messages of the data path: Produce, Fetch, ListOffsets, InitProducerId, DeleteRecords,
 * OffsetForLeaderEpoch.
 *
 * How to read an entry: schema.h. Field names are Kafka's in snake_case; `SINCE(v)` is the first version
 * that carries a field; an array `topics` has its length in `topics_count` (-1: null). Facts from Apache
 * Kafka's message definitions (clients/src/main/resources/common/message). */
#ifndef MILLRACE_KAFKA_MESSAGES_DATA_H
#define MILLRACE_KAFKA_MESSAGES_DATA_H

#include "lib/kafka/schema.h"

/* Produce: one batch for each partition named. 3-8 are the same bytes, 9 is flexible. Versions 0-2 are
 * described because they must be advertised, but carry message formats 0 and 1, which nobody may append. */
#define FIELDS_produce_request_partition_produce_data(X, S)                                                            \
    X(S, INT32, index, SINCE(0))                                                                                       \
    X(S, RECORDS, records, SINCE(0), NULLABLE(0))
KAFKA_STRUCT(produce_request_partition_produce_data);

#define FIELDS_produce_request_topic_produce_data(X, S)                                                                \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, STRUCTS(produce_request_partition_produce_data), partition_data, SINCE(0))
KAFKA_STRUCT(produce_request_topic_produce_data);

#define FIELDS_produce_request(X, S)                                                                                   \
    X(S, STRING, transactional_id, SINCE(3), NULLABLE(3), DEFAULT_NULL)                                                \
    X(S, INT16, acks, SINCE(0))                                                                                        \
    X(S, INT32, timeout_ms, SINCE(0))                                                                                  \
    X(S, STRUCTS(produce_request_topic_produce_data), topic_data, SINCE(0))
KAFKA_STRUCT(produce_request);
KAFKA_MESSAGE(produce_request, ProduceRequest, 0, 11, 9);

/* The error and offset of each batch. `throttle_time_ms` is the last field here, unlike everywhere else. */
#define FIELDS_produce_response_batch_index_and_error_message(X, S)                                                    \
    X(S, INT32, batch_index, SINCE(8))                                                                                 \
    X(S, STRING, batch_index_error_message, SINCE(8), NULLABLE(8), DEFAULT_NULL)
KAFKA_STRUCT(produce_response_batch_index_and_error_message);

#define FIELDS_produce_response_leader_id_and_epoch(X, S)                                                              \
    X(S, INT32, leader_id, SINCE(10), DEFAULT(-1))                                                                     \
    X(S, INT32, leader_epoch, SINCE(10), DEFAULT(-1))
KAFKA_STRUCT(produce_response_leader_id_and_epoch);

#define FIELDS_produce_response_partition_produce_response(X, S)                                                       \
    X(S, INT32, index, SINCE(0))                                                                                       \
    X(S, INT16, error_code, SINCE(0))                                                                                  \
    X(S, INT64, base_offset, SINCE(0))                                                                                 \
    X(S, INT64, log_append_time_ms, SINCE(2), DEFAULT(-1))                                                             \
    X(S, INT64, log_start_offset, SINCE(5), DEFAULT(-1))                                                               \
    X(S, STRUCTS(produce_response_batch_index_and_error_message), record_errors, SINCE(8))                             \
    X(S, STRING, error_message, SINCE(8), NULLABLE(8), DEFAULT_NULL)                                                   \
    X(S, STRUCT(produce_response_leader_id_and_epoch), current_leader, SINCE(10), TAG(0))
KAFKA_STRUCT(produce_response_partition_produce_response);

#define FIELDS_produce_response_topic_produce_response(X, S)                                                           \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, STRUCTS(produce_response_partition_produce_response), partition_responses, SINCE(0))
KAFKA_STRUCT(produce_response_topic_produce_response);

#define FIELDS_produce_response_node_endpoint(X, S)                                                                    \
    X(S, INT32, node_id, SINCE(10))                                                                                    \
    X(S, STRING, host, SINCE(10))                                                                                      \
    X(S, INT32, port, SINCE(10))                                                                                       \
    X(S, STRING, rack, SINCE(10), NULLABLE(10), DEFAULT_NULL)
KAFKA_STRUCT(produce_response_node_endpoint);

#define FIELDS_produce_response(X, S)                                                                                  \
    X(S, STRUCTS(produce_response_topic_produce_response), responses, SINCE(0))                                        \
    X(S, INT32, throttle_time_ms, SINCE(1))                                                                            \
    X(S, STRUCTS(produce_response_node_endpoint), node_endpoints, SINCE(10), TAG(0))
KAFKA_STRUCT(produce_response);
KAFKA_MESSAGE(produce_response, ProduceResponse, 0, 11, 9);

/* Fetch: from these offsets, at least min_bytes within max_wait_ms. Sessions (KIP-227) from 7, leader
 * epochs (KIP-320) from 9, diverging epochs (KIP-595) from 12, topics by id instead of name (KIP-516) from 13. */
#define FIELDS_fetch_request_fetch_partition(X, S)                                                                     \
    X(S, INT32, partition, SINCE(0))                                                                                   \
    X(S, INT32, current_leader_epoch, SINCE(9), DEFAULT(-1))                                                           \
    X(S, INT64, fetch_offset, SINCE(0))                                                                                \
    X(S, INT32, last_fetched_epoch, SINCE(12), DEFAULT(-1))                                                            \
    X(S, INT64, log_start_offset, SINCE(5), DEFAULT(-1))                                                               \
    X(S, INT32, partition_max_bytes, SINCE(0))
KAFKA_STRUCT(fetch_request_fetch_partition);

#define FIELDS_fetch_request_fetch_topic(X, S)                                                                         \
    X(S, STRING, topic, VERSIONS(0, 12))                                                                               \
    X(S, UUID, topic_id, SINCE(13))                                                                                    \
    X(S, STRUCTS(fetch_request_fetch_partition), partitions, SINCE(0))
KAFKA_STRUCT(fetch_request_fetch_topic);

#define FIELDS_fetch_request_forgotten_topic(X, S)                                                                     \
    X(S, STRING, topic, VERSIONS(7, 12))                                                                               \
    X(S, UUID, topic_id, SINCE(13))                                                                                    \
    X(S, LIST(INT32), partitions, SINCE(7))
KAFKA_STRUCT(fetch_request_forgotten_topic);

#define FIELDS_fetch_request_replica_state(X, S)                                                                       \
    X(S, INT32, replica_id, SINCE(15), DEFAULT(-1))                                                                    \
    X(S, INT64, replica_epoch, SINCE(15), DEFAULT(-1))
KAFKA_STRUCT(fetch_request_replica_state);

#define FIELDS_fetch_request(X, S)                                                                                     \
    X(S, STRING, cluster_id, SINCE(12), NULLABLE(12), TAG(0), DEFAULT_NULL)                                            \
    X(S, INT32, replica_id, VERSIONS(0, 14), DEFAULT(-1))                                                              \
    X(S, STRUCT(fetch_request_replica_state), replica_state, SINCE(15), TAG(1))                                        \
    X(S, INT32, max_wait_ms, SINCE(0))                                                                                 \
    X(S, INT32, min_bytes, SINCE(0))                                                                                   \
    X(S, INT32, max_bytes, SINCE(3), DEFAULT(INT32_MAX))                                                               \
    X(S, INT8, isolation_level, SINCE(4))                                                                              \
    X(S, INT32, session_id, SINCE(7))                                                                                  \
    X(S, INT32, session_epoch, SINCE(7), DEFAULT(-1))                                                                  \
    X(S, STRUCTS(fetch_request_fetch_topic), topics, SINCE(0))                                                         \
    X(S, STRUCTS(fetch_request_forgotten_topic), forgotten_topics_data, SINCE(7))                                      \
    X(S, STRING, rack_id, SINCE(11))
KAFKA_STRUCT(fetch_request);
KAFKA_MESSAGE(fetch_request, FetchRequest, 4, 16, 12);

/* Fetched batches. `records` may be a hole (schema.h): its bytes go from the segment to the socket. */
#define FIELDS_fetch_response_epoch_end_offset(X, S)                                                                   \
    X(S, INT32, epoch, SINCE(12), DEFAULT(-1))                                                                         \
    X(S, INT64, end_offset, SINCE(12), DEFAULT(-1))
KAFKA_STRUCT(fetch_response_epoch_end_offset);

#define FIELDS_fetch_response_leader_id_and_epoch(X, S)                                                                \
    X(S, INT32, leader_id, SINCE(12), DEFAULT(-1))                                                                     \
    X(S, INT32, leader_epoch, SINCE(12), DEFAULT(-1))
KAFKA_STRUCT(fetch_response_leader_id_and_epoch);

#define FIELDS_fetch_response_snapshot_id(X, S)                                                                        \
    X(S, INT64, end_offset, SINCE(0), DEFAULT(-1))                                                                     \
    X(S, INT32, epoch, SINCE(0), DEFAULT(-1))
KAFKA_STRUCT(fetch_response_snapshot_id);

#define FIELDS_fetch_response_aborted_transaction(X, S)                                                                \
    X(S, INT64, producer_id, SINCE(4))                                                                                 \
    X(S, INT64, first_offset, SINCE(4))
KAFKA_STRUCT(fetch_response_aborted_transaction);

#define FIELDS_fetch_response_partition_data(X, S)                                                                     \
    X(S, INT32, partition_index, SINCE(0))                                                                             \
    X(S, INT16, error_code, SINCE(0))                                                                                  \
    X(S, INT64, high_watermark, SINCE(0))                                                                              \
    X(S, INT64, last_stable_offset, SINCE(4), DEFAULT(-1))                                                             \
    X(S, INT64, log_start_offset, SINCE(5), DEFAULT(-1))                                                               \
    X(S, STRUCT(fetch_response_epoch_end_offset), diverging_epoch, SINCE(12), TAG(0))                                  \
    X(S, STRUCT(fetch_response_leader_id_and_epoch), current_leader, SINCE(12), TAG(1))                                \
    X(S, STRUCT(fetch_response_snapshot_id), snapshot_id, SINCE(12), TAG(2))                                           \
    X(S, STRUCTS(fetch_response_aborted_transaction), aborted_transactions, SINCE(4), NULLABLE(4))                     \
    X(S, INT32, preferred_read_replica, SINCE(11), DEFAULT(-1))                                                        \
    X(S, RECORDS, records, SINCE(0), NULLABLE(0))
KAFKA_STRUCT(fetch_response_partition_data);

#define FIELDS_fetch_response_fetchable_topic_response(X, S)                                                           \
    X(S, STRING, topic, VERSIONS(0, 12))                                                                               \
    X(S, UUID, topic_id, SINCE(13))                                                                                    \
    X(S, STRUCTS(fetch_response_partition_data), partitions, SINCE(0))
KAFKA_STRUCT(fetch_response_fetchable_topic_response);

#define FIELDS_fetch_response_node_endpoint(X, S)                                                                      \
    X(S, INT32, node_id, SINCE(16))                                                                                    \
    X(S, STRING, host, SINCE(16))                                                                                      \
    X(S, INT32, port, SINCE(16))                                                                                       \
    X(S, STRING, rack, SINCE(16), NULLABLE(16), DEFAULT_NULL)
KAFKA_STRUCT(fetch_response_node_endpoint);

#define FIELDS_fetch_response(X, S)                                                                                    \
    X(S, INT32, throttle_time_ms, SINCE(1))                                                                            \
    X(S, INT16, error_code, SINCE(7))                                                                                  \
    X(S, INT32, session_id, SINCE(7))                                                                                  \
    X(S, STRUCTS(fetch_response_fetchable_topic_response), responses, SINCE(0))                                        \
    X(S, STRUCTS(fetch_response_node_endpoint), node_endpoints, SINCE(16), TAG(0))
KAFKA_STRUCT(fetch_response);
KAFKA_MESSAGE(fetch_response, FetchResponse, 4, 16, 12);

/* ListOffsets: the offset for a time; -1 latest, -2 earliest, -3 of the largest timestamp (from 7). */
#define FIELDS_list_offsets_request_list_offsets_partition(X, S)                                                       \
    X(S, INT32, partition_index, SINCE(0))                                                                             \
    X(S, INT32, current_leader_epoch, SINCE(4), DEFAULT(-1))                                                           \
    X(S, INT64, timestamp, SINCE(0))
KAFKA_STRUCT(list_offsets_request_list_offsets_partition);

#define FIELDS_list_offsets_request_list_offsets_topic(X, S)                                                           \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, STRUCTS(list_offsets_request_list_offsets_partition), partitions, SINCE(0))
KAFKA_STRUCT(list_offsets_request_list_offsets_topic);

#define FIELDS_list_offsets_request(X, S)                                                                              \
    X(S, INT32, replica_id, SINCE(0))                                                                                  \
    X(S, INT8, isolation_level, SINCE(2))                                                                              \
    X(S, STRUCTS(list_offsets_request_list_offsets_topic), topics, SINCE(0))
KAFKA_STRUCT(list_offsets_request);
KAFKA_MESSAGE(list_offsets_request, ListOffsetsRequest, 1, 8, 6);

/* The first offset at or after the time asked for, with that record's own timestamp. */
#define FIELDS_list_offsets_response_list_offsets_partition_response(X, S)                                             \
    X(S, INT32, partition_index, SINCE(0))                                                                             \
    X(S, INT16, error_code, SINCE(0))                                                                                  \
    X(S, INT64, timestamp, SINCE(1), DEFAULT(-1))                                                                      \
    X(S, INT64, offset, SINCE(1), DEFAULT(-1))                                                                         \
    X(S, INT32, leader_epoch, SINCE(4), DEFAULT(-1))
KAFKA_STRUCT(list_offsets_response_list_offsets_partition_response);

#define FIELDS_list_offsets_response_list_offsets_topic_response(X, S)                                                 \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, STRUCTS(list_offsets_response_list_offsets_partition_response), partitions, SINCE(0))
KAFKA_STRUCT(list_offsets_response_list_offsets_topic_response);

#define FIELDS_list_offsets_response(X, S)                                                                             \
    X(S, INT32, throttle_time_ms, SINCE(2))                                                                            \
    X(S, STRUCTS(list_offsets_response_list_offsets_topic_response), topics, SINCE(0))
KAFKA_STRUCT(list_offsets_response);
KAFKA_MESSAGE(list_offsets_response, ListOffsetsResponse, 1, 8, 6);

/* InitProducerId: an id for an idempotent or transactional producer (KIP-98; epoch recovery KIP-360). */
#define FIELDS_init_producer_id_request(X, S)                                                                          \
    X(S, STRING, transactional_id, SINCE(0), NULLABLE(0))                                                              \
    X(S, INT32, transaction_timeout_ms, SINCE(0))                                                                      \
    X(S, INT64, producer_id, SINCE(3), DEFAULT(-1))                                                                    \
    X(S, INT16, producer_epoch, SINCE(3), DEFAULT(-1))
KAFKA_STRUCT(init_producer_id_request);
KAFKA_MESSAGE(init_producer_id_request, InitProducerIdRequest, 0, 4, 2);

/* The id and epoch to write with. */
#define FIELDS_init_producer_id_response(X, S)                                                                         \
    X(S, INT32, throttle_time_ms, SINCE(0))                                                                            \
    X(S, INT16, error_code, SINCE(0))                                                                                  \
    X(S, INT64, producer_id, SINCE(0), DEFAULT(-1))                                                                    \
    X(S, INT16, producer_epoch, SINCE(0))
KAFKA_STRUCT(init_producer_id_response);
KAFKA_MESSAGE(init_producer_id_response, InitProducerIdResponse, 0, 4, 2);

/* DeleteRecords: the log starts at `offset` from now on; -1 is the high watermark. */
#define FIELDS_delete_records_request_delete_records_partition(X, S)                                                   \
    X(S, INT32, partition_index, SINCE(0))                                                                             \
    X(S, INT64, offset, SINCE(0))
KAFKA_STRUCT(delete_records_request_delete_records_partition);

#define FIELDS_delete_records_request_delete_records_topic(X, S)                                                       \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, STRUCTS(delete_records_request_delete_records_partition), partitions, SINCE(0))
KAFKA_STRUCT(delete_records_request_delete_records_topic);

#define FIELDS_delete_records_request(X, S)                                                                            \
    X(S, STRUCTS(delete_records_request_delete_records_topic), topics, SINCE(0))                                       \
    X(S, INT32, timeout_ms, SINCE(0))
KAFKA_STRUCT(delete_records_request);
KAFKA_MESSAGE(delete_records_request, DeleteRecordsRequest, 0, 2, 2);

/* `low_watermark` is where the log starts now; -1 with an error. */
#define FIELDS_delete_records_response_delete_records_partition_result(X, S)                                           \
    X(S, INT32, partition_index, SINCE(0))                                                                             \
    X(S, INT64, low_watermark, SINCE(0))                                                                               \
    X(S, INT16, error_code, SINCE(0))
KAFKA_STRUCT(delete_records_response_delete_records_partition_result);

#define FIELDS_delete_records_response_delete_records_topic_result(X, S)                                               \
    X(S, STRING, name, SINCE(0))                                                                                       \
    X(S, STRUCTS(delete_records_response_delete_records_partition_result), partitions, SINCE(0))
KAFKA_STRUCT(delete_records_response_delete_records_topic_result);

#define FIELDS_delete_records_response(X, S)                                                                           \
    X(S, INT32, throttle_time_ms, SINCE(0))                                                                            \
    X(S, STRUCTS(delete_records_response_delete_records_topic_result), topics, SINCE(0))
KAFKA_STRUCT(delete_records_response);
KAFKA_MESSAGE(delete_records_response, DeleteRecordsResponse, 0, 2, 2);

/* OffsetForLeaderEpoch: where the records of an epoch end (KIP-101, KIP-320). Replica -2 is a debugging consumer. */
#define FIELDS_offset_for_leader_epoch_request_offset_for_leader_partition(X, S)                                       \
    X(S, INT32, partition, SINCE(0))                                                                                   \
    X(S, INT32, current_leader_epoch, SINCE(2), DEFAULT(-1))                                                           \
    X(S, INT32, leader_epoch, SINCE(0))
KAFKA_STRUCT(offset_for_leader_epoch_request_offset_for_leader_partition);

#define FIELDS_offset_for_leader_epoch_request_offset_for_leader_topic(X, S)                                           \
    X(S, STRING, topic, SINCE(0))                                                                                      \
    X(S, STRUCTS(offset_for_leader_epoch_request_offset_for_leader_partition), partitions, SINCE(0))
KAFKA_STRUCT(offset_for_leader_epoch_request_offset_for_leader_topic);

#define FIELDS_offset_for_leader_epoch_request(X, S)                                                                   \
    X(S, INT32, replica_id, SINCE(3), DEFAULT(-2))                                                                     \
    X(S, STRUCTS(offset_for_leader_epoch_request_offset_for_leader_topic), topics, SINCE(0))
KAFKA_STRUCT(offset_for_leader_epoch_request);
KAFKA_MESSAGE(offset_for_leader_epoch_request, OffsetForLeaderEpochRequest, 2, 4, 4);

/* The largest epoch that is not larger than the one asked for, and its end; -1 and -1 when there is none. */
#define FIELDS_offset_for_leader_epoch_response_epoch_end_offset(X, S)                                                 \
    X(S, INT16, error_code, SINCE(0))                                                                                  \
    X(S, INT32, partition, SINCE(0))                                                                                   \
    X(S, INT32, leader_epoch, SINCE(1), DEFAULT(-1))                                                                   \
    X(S, INT64, end_offset, SINCE(0), DEFAULT(-1))
KAFKA_STRUCT(offset_for_leader_epoch_response_epoch_end_offset);

#define FIELDS_offset_for_leader_epoch_response_offset_for_leader_topic_result(X, S)                                   \
    X(S, STRING, topic, SINCE(0))                                                                                      \
    X(S, STRUCTS(offset_for_leader_epoch_response_epoch_end_offset), partitions, SINCE(0))
KAFKA_STRUCT(offset_for_leader_epoch_response_offset_for_leader_topic_result);

#define FIELDS_offset_for_leader_epoch_response(X, S)                                                                  \
    X(S, INT32, throttle_time_ms, SINCE(2))                                                                            \
    X(S, STRUCTS(offset_for_leader_epoch_response_offset_for_leader_topic_result), topics, SINCE(0))
KAFKA_STRUCT(offset_for_leader_epoch_response);
KAFKA_MESSAGE(offset_for_leader_epoch_response, OffsetForLeaderEpochResponse, 2, 4, 4);

#endif
