/* config.h - what server.properties says, checked once, as plain numbers.
 *
 *     file server.properties --+
 *                              +--> struct properties --> node_config_load --> struct node_config
 *     -o key=value ------------+        (last one wins)       (checked)
 *
 * Names, types, ranges and defaults are those of Kafka 4.2 (core/.../KafkaConfig, server/.../config)
 * but for `listeners`, which is loopback, and for keys of our own, which start with "millrace.".
 * A key that nobody knows is a warning, a wrong value an error that names the file and the line.
 *
 * Ownership: the struct owns its strings and the properties; node_config_release frees them. It does
 * not change while a node uses it, but for `port` and `advertised_port`, which the server sets before
 * node_open when it was told to take a free port. */
#ifndef MILLRACE_BROKER_NODE_CONFIG_H
#define MILLRACE_BROKER_NODE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"
#include "lib/base/properties.h"

struct node_config {
    struct properties properties; /* everything that was said, for the synonyms of topic configs */

    int64_t node_id;
    char *rack; /* broker.rack, NULL if unset */
    char *log_dir;
    char *host, *advertised_host; /* from listeners and advertised.listeners */
    int port, advertised_port;    /* 0: take a free one */

    /* topics; what they start with (log.retention.*, log.segment.bytes, log.flush.*, ...) is read from the
     * properties by broker/metadata/topic_config.h when a topic is opened */
    bool auto_create_topics, delete_topics;
    int64_t partitions_default, replication_factor_default;

    /* periodic jobs */
    int64_t retention_check_ms, recovery_checkpoint_ms, log_start_checkpoint_ms, high_watermark_checkpoint_ms;

    /* groups */
    int64_t group_initial_rebalance_delay_ms, group_session_timeout_min_ms, group_session_timeout_max_ms;
    int64_t group_size_max;
    int64_t offsets_partitions, offsets_segment_bytes, offsets_retention_minutes, offsets_retention_check_ms;
    int64_t offset_metadata_bytes_max;

    /* producers */
    int64_t producer_id_expiration_ms;

    /* sockets (broker/server) */
    int64_t request_bytes_max, request_memory_bytes; /* the latter: queued.max.request.bytes, resolved */
    int64_t connections_idle_ms, connections_max, send_buffer_bytes, receive_buffer_bytes;
    int64_t receive_timeout_ms, send_timeout_ms; /* millrace.*; -1: never */
    int64_t answer_memory_bytes;                 /* millrace.*: of answers that are not read */
    int64_t fetch_bytes_max;
    int64_t worker_threads; /* millrace.worker.threads */
    int64_t open_files_max; /* millrace.open.segment.files */
};

/* What a person should hear about a configuration that is fine otherwise: unknown keys, keys that
 * have no effect here. One call for each line. */
typedef void node_config_say_fn(void *context, const char *line);

/* Takes `p` (which becomes empty) and checks it. On failure `error` says which key of which line and
 * nothing is left to release. `say` may be NULL. */
int node_config_load(struct node_config *c, struct properties *p, node_config_say_fn *say, void *context,
                     struct err_text *error);
void node_config_release(struct node_config *c);

/* The text given for a key, or NULL when it was not given. */
const char *node_config_given(const struct node_config *c, const char *key);

#endif
