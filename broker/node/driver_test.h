/* driver_test.h - a node under test: a disk in memory, a clock that is told, clients that are function calls.
 *
 *     struct driver d;
 *     driver_open(&d, "num.partitions=3\n");
 *     driver_ask(&d, 1, KAFKA_API_METADATA, 12, &request);      connection 1 is opened when first used
 *     struct metadata_response *m = driver_answer(&d, 1);       NULL when nothing was sent
 *     driver_close(&d);
 *
 * Actions are carried out at once and their completions reported, unless the test holds syncs or appends
 * back or makes them fail. What was synced is not told apart here; the simulator does that. */
#ifndef MILLRACE_BROKER_NODE_DRIVER_TEST_H
#define MILLRACE_BROKER_NODE_DRIVER_TEST_H

#include "broker/node/config.h"
#include "broker/node/node.h"
#include "lib/base/table.h"
#include "lib/kafka/api.h"
#include "lib/kafka/batch.h"
#include "lib/kafka/error_code.h"
#include "lib/kafka/messages.h"

struct memory_disk {
    struct disk disk;
    struct table files; /* path -> struct buf; a directory is a path with a '/' at its end */
    int syncs;          /* of files and directories, by jobs and at start */
    /* faults: the outcome of every call from now on, 0: fine */
    int fail_sync_root;    /* of syncs of the data directory itself */
    int fail_sync_folders; /* of syncs of all other directories */
    int fail_make_dir;
};

void memory_disk_init(struct memory_disk *m);
void memory_disk_release(struct memory_disk *m);
/* The content of a file, NULL when there is none. */
struct buf *memory_disk_file(struct memory_disk *m, const char *path);
int memory_disk_files(struct memory_disk *m, const char *prefix);

/* One request that waits for its answer, and what was sent to a connection. */
struct driver_asked {
    int16_t key, version;
};

struct driver_connection {
    bool open, paused;
    struct buf sent;
    size_t read; /* of `sent` */
    struct driver_asked asked[256];
    int asked_first, asked_count;
    int32_t correlation_sent, correlation_seen;
};

enum { DRIVER_CONNECTIONS = 12, DRIVER_HELD = 64 };

struct driver {
    struct memory_disk *disk;
    struct memory_disk own_disk;
    struct node_config config;
    struct node *node;
    struct node_time now;
    struct actions actions;
    struct event events[1024];
    uint8_t *read_bytes[1024];
    int event_first, event_count;
    bool stepping, stopped;
    bool marker_left;  /* by the last clean end */
    int opening_syncs; /* what the last start cost */
    struct driver_connection connections[DRIVER_CONNECTIONS];
    int64_t wake_ns;
    int64_t connections_max; /* the last ACTION_LIMIT */
    struct arena arena;      /* of decoded answers */
    /* faults and patience */
    bool hold_syncs;
    uint64_t held_syncs[DRIVER_HELD];
    int held_sync_count, sync_count;
    int fail_append, fail_sync; /* the outcome of the next ones, 0: fine */
    bool hold_files;            /* keep the references of answers, as a slow client does */
    struct log_file *held_files[DRIVER_HELD];
    int held_file_count;
    bool hold_reads;
    struct event held_reads[DRIVER_HELD];
    int held_read_count;
    bool hold_jobs;
    struct node_job *held_jobs[DRIVER_HELD];
    int held_job_count;
};

/* Opens a node on an empty disk of its own; `properties` as in server.properties. */
void driver_open(struct driver *d, const char *properties);
/* As a crash and a new start on the same disk would: no shutdown, other connections. */
void driver_crash(struct driver *d, const char *properties);
/* Ends cleanly; the disk stays. */
void driver_stop(struct driver *d);
/* Ends as a crash does; the disk stays. */
void driver_stop_hard(struct driver *d);
/* Starts on the disk that is there, after one of these two: 0, or the error of node_open. */
int driver_start(struct driver *d, const char *properties, struct err_text *error);
/* Ends cleanly and starts again. */
void driver_restart(struct driver *d, const char *properties);
void driver_close(struct driver *d);

/* Moves the clock and tells the node. */
void driver_wait(struct driver *d, int64_t ms);
/* Sends raw bytes as one frame (without size). */
void driver_frame(struct driver *d, int connection, struct slice frame);
void driver_ask(struct driver *d, int connection, int api_key, int version, const void *request);
/* The answer to the oldest request that has none, decoded; NULL when nothing came. It checks that answers
 * come in the order asked. Lives until driver_close. */
void *driver_answer(struct driver *d, int connection);
void driver_disconnect(struct driver *d, int connection);
void driver_end(struct driver *d, int connection); /* the peer says no more */
void driver_release_syncs(struct driver *d, int err);
void driver_release_jobs(struct driver *d);
void driver_release_reads(struct driver *d);
void driver_release_files(struct driver *d);

/* --- short forms --- */

/* Makes a topic; its error code. */
int16_t driver_create(struct driver *d, const char *topic, int32_t partitions, const char *config, const char *value);

struct driver_batch {
    int count;
    int codec;
    int64_t producer_id;
    int16_t epoch;
    int32_t sequence;
    int64_t timestamp;
    size_t value_bytes;
    bool keyed;
};
#define DRIVER_BATCH                                                                                                   \
    ((struct driver_batch){                                                                                            \
        .count = 1, .producer_id = -1, .epoch = -1, .sequence = -1, .timestamp = 1000, .value_bytes = 10})

void driver_batch_build(const struct driver_batch *b, struct buf *out);
/* Sends it; the answer is read by driver_produced. */
void driver_produce_begin(struct driver *d, int connection, const char *topic, int16_t acks, int version,
                          struct kafka_bytes records);
/* Sends a batch and returns the line of its answer. */
struct produce_response_partition_produce_response driver_produce(struct driver *d, const char *topic,
                                                                  const struct driver_batch *b);

struct driver_fetch {
    int64_t offset;
    int32_t min_bytes, max_wait_ms, max_bytes, partition_max_bytes;
    int32_t epoch, last_epoch;
    int version;
    struct kafka_uuid topic_id; /* from version 13 on */
};
#define DRIVER_FETCH                                                                                                   \
    ((struct driver_fetch){                                                                                            \
        .max_bytes = 1 << 20, .partition_max_bytes = 1 << 20, .epoch = -1, .last_epoch = -1, .version = 12})
void driver_fetch_begin(struct driver *d, int connection, const char *topic, const struct driver_fetch *f);
/* The only partition of an answer; fails the test when there is none. */
struct fetch_response_partition_data driver_fetched(struct driver *d, int connection);
/* A fetch of topic "t" over connection 2, and its answer. */
struct fetch_response_partition_data driver_fetch_at(struct driver *d, int64_t offset);
/* Of the first batch, whose checksum is checked. */
int64_t driver_base_offset(struct kafka_bytes records);

#endif
