/* checkpoint.h - the small text files beside the partitions' folders and inside them.
 *
 *     recovery-point-offset-checkpoint, replication-offset-checkpoint, log-start-offset-checkpoint:
 *         0                      version
 *         2                      number of entries
 *         orders 0 1234          topic, partition, offset
 *         orders 1 99
 *
 *     leader-epoch-checkpoint    the same with "epoch start_offset" entries
 *     partition.metadata         version: 0 / topic_id: <22 characters of base64url>
 *     meta.properties            version=1, cluster.id, node.id, directory.id; ours: "#crc32c 89abcdef"
 *     .kafka_cleanshutdown       {"version":0,"brokerEpoch":-1}; there while the broker is down after a clean stop
 *
 * Readers give an error that names file and line. Writers only format; the text is put in place by
 * disk_replace, in a job. Source: org.apache.kafka.server.common.CheckpointFile and its users. */
#ifndef MILLRACE_BROKER_LOG_CHECKPOINT_H
#define MILLRACE_BROKER_LOG_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"
#include "lib/os/disk.h"

#define CHECKPOINT_RECOVERY_POINT "recovery-point-offset-checkpoint"
#define CHECKPOINT_HIGH_WATERMARK "replication-offset-checkpoint"
#define CHECKPOINT_LOG_START      "log-start-offset-checkpoint"
#define CHECKPOINT_META           "meta.properties"
#define CHECKPOINT_CLEAN_SHUTDOWN ".kafka_cleanshutdown"

/* ---- offsets by partition ---- */

struct checkpoint_entry {
    char *topic;
    int32_t partition;
    int64_t offset;
};

/* What was read, by topic and partition. A zeroed struct is an empty checkpoint. */
struct checkpoint {
    struct checkpoint_entry *entries;
    int count, capacity;
};

void checkpoint_release(struct checkpoint *c);
int checkpoint_parse(struct checkpoint *c, struct slice text, const char *path, struct err_text *error);
/* The offset of a partition, the smallest one if a broken file has several; `missing` when it has no entry. */
int64_t checkpoint_get(const struct checkpoint *c, const char *topic, int32_t partition, int64_t missing);
/* Appends the two leading lines of a text with `count` entries, and each entry. */
void checkpoint_format_head(int count, struct buf *out);
void checkpoint_format_entry(struct slice topic, int32_t partition, int64_t offset, struct buf *out);
/* A missing file is an empty checkpoint. A damaged one is read from its copy (sealed.h), if there is a whole one: then
 * 0, and `error` says so all the same. */
int checkpoint_read(struct disk *disk, const char *path, struct checkpoint *c, struct err_text *error);

/* ---- leader epochs ---- */

struct epoch_entry {
    int32_t epoch;
    int64_t start_offset;
};
/* Entries with ascending epochs and offsets; `*entries` is malloc'ed. */
int epochs_parse(struct slice text, const char *path, struct epoch_entry **entries, int *count, struct err_text *error);
void epochs_format(const struct epoch_entry *entries, int count, struct buf *out);

/* ---- identity ---- */

/* Kafka's text form of a 16-byte id: base64url without padding, 22 characters and a NUL. */
void uuid_format(const uint8_t id[16], char out[23]);
bool uuid_parse(struct slice text, uint8_t id[16]);

int partition_metadata_parse(struct slice text, const char *path, uint8_t topic_id[16], struct err_text *error);
void partition_metadata_format(const uint8_t topic_id[16], struct buf *out);

struct meta_properties {
    char cluster_id[64];
    int32_t node_id;
    uint8_t directory_id[16];
};
/* ERR_NOTFOUND when the directory has none: it is empty or not a log directory. */
int meta_properties_read(struct disk *disk, struct meta_properties *out, struct err_text *error);
void meta_properties_format(const struct meta_properties *m, struct buf *out);

/* ---- clean shutdown ---- */

/* Whether the marker is there; an unreadable one counts as not there. */
bool clean_shutdown_read(struct disk *disk);
void clean_shutdown_format(struct buf *out);

/* ---- names of partitions' folders ---- */

/* Takes "orders-0" apart. `doomed`: the folder was renamed for deletion ("orders-0.<id>-delete"). False for
 * any other name. The slice points into `name`. */
bool partition_dir_parse(const char *name, struct slice *topic, int32_t *partition, bool *doomed);

#endif
