/* log.h - one partition's log: what is stored where, who may read it, what must be synced.
 *
 *      start                          high_watermark   durable   written     end
 *        |                                  |             |         |         |
 *   [ segment 0 ][ segment 120 ][ segment 250 (active)  .............. writes under way ]
 *     .log .index .timeindex      each named by its base offset, all in Kafka's formats
 *
 * The log is pure on the request path: it decides and returns what to write, sync or read, the node
 * makes actions of that, and the outcome is told by a second call. Only the functions that take a
 * `struct disk` do I/O; they run at start or inside a job on a helper thread.
 *
 *     append   log_append -> carry out result.writes in order -> log_written
 *     sync     log_sync_begin -> sync these files -> log_synced
 *     read     log_read_begin -> [ LOG_READ_MORE: read file range -> log_read_continue ]* -> a range
 *     jobs     log_take_job after every call that may cause one -> log_job_run (elsewhere) -> log_job_done
 *     lookup   log_lookup_new -> log_lookup_run (elsewhere) -> log_lookup_free
 *     life     log_create_unsynced, log_new | log_open ... log_close_begin, jobs until log_state is LOG_CLOSED,
 * log_free
 *
 * Who owns what: result.writes and the files of a sync are borrowed; take references to keep them
 * beyond the current step. The bytes of a write are the caller's own buffer (stamped in place) or lie
 * in the arena that was given.
 *
 * Sources: Kafka's documentation, "Implementation: Log"; KIP-98 (idempotence), KIP-101 and KIP-279
 * (leader epochs), KIP-33 (time index). Byte layouts: docs/formats/log.md. */
#ifndef MILLRACE_BROKER_LOG_LOG_H
#define MILLRACE_BROKER_LOG_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/log/log_file.h"
#include "lib/base/bytes.h"
#include "lib/base/err.h"
#include "lib/kafka/batch.h"
#include "lib/os/disk.h"

struct log;

/* A topic's settings as far as a log needs them, under Kafka's names (dots are underscores). */
struct log_config {
    int64_t segment_bytes;             /* 1 GiB */
    int64_t segment_ms;                /* 7 days; by record time */
    int64_t segment_index_bytes;       /* 10 MiB; a full index rolls the segment */
    int64_t index_interval_bytes;      /* 4096 */
    int64_t retention_ms;              /* 7 days; -1 forever */
    int64_t retention_bytes;           /* -1 unbounded */
    int64_t max_message_bytes;         /* 1048588; of one batch with its 12 bytes of overhead */
    int64_t producer_id_expiration_ms; /* 1 day */
    bool log_append_time;              /* message.timestamp.type=LogAppendTime */
    bool deletes;                      /* cleanup.policy has delete: retention applies */
};

/* Kafka 4.2's defaults. */
struct log_config log_config_default(void);

/* ---- life ---- */

/* Makes the directory of a new partition with its partition.metadata. For jobs and start, which make many: the folder's
 * name survives a power cut only after a sync_dir of the data directory, and that of partition.metadata may be missing
 * until the folder is synced with its first segment. The topic's id stands in the metadata log, too. */
int log_create_unsynced(struct disk *disk, const char *dir, const uint8_t topic_id[16], struct err_text *error);

/* The empty log of a directory that log_create_unsynced just made. Touches no disk. */
struct log *log_new(struct log_file_ids *ids, const char *dir, const uint8_t topic_id[16],
                    const struct log_config *config);

/* What is known from outside of the directory when a log is opened. */
struct log_open_info {
    bool clean;             /* the marker of a clean shutdown was there */
    int64_t recovery_point; /* of the checkpoint; 0 if it has none */
    int64_t log_start;      /* of the checkpoint; 0 if it has none */
    int64_t now_ms;
};

/* What opening found and did, for the operator. */
struct log_report {
    int segments;
    int indexes_rebuilt;
    int64_t verified_bytes; /* whose CRCs were checked */
    int64_t cut_bytes;      /* taken off the end; kept beside the segment as NNN.log.cut-<n> */
    int64_t missing;        /* offsets below the recovery point that no file holds */
    struct buf text;        /* a sentence a line on everything unusual; empty when all was well */
};
void log_report_release(struct log_report *r);

/* Opens a directory: loads the segments; without a clean marker verifies everything from the recovery
 * point on, and the first invalid batch there ends the log. Nothing below the recovery point is ever
 * cut: a bad range there answers LOG_READ_CORRUPT. What was recovered is synced, so that afterwards
 * end == durable == high_watermark. ERR_NOTFOUND without a directory; any other error names the file. */
int log_open(struct disk *disk, struct log_file_ids *ids, const char *dir, const struct log_config *config,
             const struct log_open_info *info, struct log **out, struct log_report *report, struct err_text *error);

/* Frees memory and drops the log's references. */
void log_free(struct log *log);

enum log_state {
    LOG_ONLINE,
    LOG_REPAIRING, /* a write failed: appends are refused until the truncate job is done */
    LOG_OFFLINE,   /* the disk failed: nothing is accepted any more, reads still work; no clean shutdown */
    LOG_CLOSING,   /* log_close_begin was called */
    LOG_CLOSED,    /* everything is on disk, the log may be freed */
    LOG_DELETING,  /* log_delete_begin was called */
    LOG_DELETED,   /* the directory is gone, the log may be freed */
};
enum log_state log_state(const struct log *log);
const char *log_dir(const struct log *log);
const uint8_t *log_topic_id(const struct log *log); /* 16 bytes; zeros when partition.metadata had none */
void log_set_config(struct log *log, const struct log_config *config);

/* No further appends. When the writes under way are reported, log_take_job gives the closing job: sync,
 * indexes, producer snapshot, epochs. Ends in LOG_CLOSED (at once when nothing changed since the log was
 * opened), or in LOG_OFFLINE when the disk failed: then the clean-shutdown marker must not be written. */
void log_close_begin(struct log *log);
/* No further appends or reads. When nobody holds a reference to a file any more, log_take_job gives the
 * job that removes the directory (renamed to DIR.<id>-delete first, as Kafka does). */
void log_delete_begin(struct log *log);
/* The disk is not to be trusted any more (another log's sync failed on it): as after a failed sync. */
void log_set_offline(struct log *log);

/* ---- where it stands ---- */

struct log_offsets {
    int64_t start;          /* the first offset that may be read */
    int64_t end;            /* the next one to be given out */
    int64_t written;        /* below: in the file */
    int64_t durable;        /* below: survives a power cut */
    int64_t high_watermark; /* below: consumers may see it */
    int64_t size_bytes;     /* of all segments, writes under way included */
};
const struct log_offsets *log_offsets(const struct log *log);

/* Raises the high watermark to `offset`: `written` or `durable` as the mode has it, or any batch boundary
 * lately written (else the nearest lower one that is known). Never lowers it, never beyond `written`.
 * True if it moved. */
bool log_raise_high_watermark(struct log *log, int64_t offset);

/* What recovery-point-offset-checkpoint may say: `durable`, or less while an epoch still has to reach its file. */
int64_t log_recovery_point(const struct log *log);

/* ---- append ---- */

enum log_append_outcome {
    LOG_APPENDED,               /* carry out the writes */
    LOG_DUPLICATE,              /* stored before: base_offset and last_offset are the original's (T25) */
    LOG_OUT_OF_ORDER_SEQUENCE,  /* a gap, or an unknown producer that does not start at 0 (T47) */
    LOG_DUPLICATE_SEQUENCE,     /* older than the five batches that are remembered */
    LOG_INVALID_PRODUCER_EPOCH, /* fenced by a newer epoch */
    LOG_TOO_LARGE,              /* above max_message_bytes */
    LOG_SEGMENT_TOO_SMALL,      /* above segment_bytes */
    LOG_REFUSED,                /* log_state is not LOG_ONLINE */
};

/* Bytes that go to a file. Borrowed. */
struct log_write {
    struct log_file *file;
    uint64_t at;
    struct slice bytes;
};

enum { LOG_WRITES_MAX = 3 };

struct log_append_result {
    enum log_append_outcome outcome;
    int64_t base_offset, last_offset; /* LOG_APPENDED and LOG_DUPLICATE */
    int64_t log_append_time_ms;       /* -1 under CreateTime */
    /* writes[0] is the batch: report it by log_written. The others are index entries; nobody waits for them. */
    struct log_write writes[LOG_WRITES_MAX];
    int write_count;
};

/* Takes one batch: gives it the next offsets, stamps these and the leader epoch in place, sets
 * LogAppendTime where configured, checks the producer's sequence, rolls the segment when it is time.
 * The caller has checked the bytes (batch_check_produced, or built them itself); `header` is what
 * that check returned. `batch` must stay as it is until log_written. `origin_client` is false for the
 * node's own records: these are not held to max_message_bytes. */
struct log_append {
    uint8_t *batch;
    size_t size;
    const struct batch_header *header;
    int32_t leader_epoch;
    int64_t now_ms;
    bool origin_client;
};
void log_append(struct log *log, const struct log_append *in, struct arena *arena, struct log_append_result *out);

/* Reports writes[0] of an append, in the order of the appends. After an error (err < 0) this batch and
 * all later ones are undone: `end` goes back, whoever waits for an offset >= `end` has failed, and later
 * writes that are still under way are reported as usual and ignored. The log is LOG_REPAIRING until the
 * truncate job is done, then accepts again; if truncating fails too it is LOG_OFFLINE. */
void log_written(struct log *log, int64_t base_offset, int err);

/* ---- sync ---- */

/* The files whose sync makes everything written so far durable (a new segment's directory included), in
 * an array in the arena. 0 when there is nothing to do, a sync of this log is under way, or the job that is out syncs
 * one of them: no file has two syncs at once. Ask again after log_synced or log_job_done. */
int log_sync_begin(struct log *log, struct arena *arena, struct log_file ***files);
/* Its outcome: `durable` rises to what was written at log_sync_begin; a failure is final (LOG_OFFLINE). ERR_NOMEM is
 * none: nothing was tried, nothing changes, and another sync may begin. */
void log_synced(struct log *log, int err);

/* ---- read ---- */

enum log_read_outcome {
    LOG_READ_RANGE,        /* file, at, length: whole batches from the one that holds `offset` (T30) */
    LOG_READ_MORE,         /* read file, at, length first, then log_read_continue */
    LOG_READ_EMPTY,        /* nothing to be seen there yet, or the first batch exceeds max_bytes and !min_one */
    LOG_READ_OUT_OF_RANGE, /* below start or above end (T34) */
    LOG_READ_CORRUPT,      /* the bytes there are damaged, or could not be read */
};

/* How far a reader sees. */
enum log_isolation {
    LOG_VISIBLE, /* up to the high watermark: consumers */
    LOG_WRITTEN, /* up to the last written batch: replicas, the node itself */
};

struct log_read {
    /* in */
    int64_t offset;
    int64_t max_bytes;
    bool min_one; /* at least one whole batch, however large (T29) */
    enum log_isolation isolation;
    /* out; `file` is borrowed: reference it to keep it over a step */
    struct log_file *file;
    uint64_t at, length;
    /* private: where the search stands */
    int64_t segment_base;
    int stage;
    uint32_t low, high; /* entries of the index file below `low` are not above the offset, those from `high` on are */
    uint32_t position;  /* of the last entry below `low`, and the last offset of its batch */
    int64_t position_last;
    int64_t expected; /* the offset that the next batch begins with; -1 unknown */
    bool doubted;     /* the index was wrong: the segment is searched from its beginning */
};

/* Fills in->file, at, length. Tailing readers are answered from memory; others need a few small reads: a search by
 * halves in the index file of a rolled segment, and some headers, however long the log is. The last batch of a range
 * may be incomplete only in that max_bytes cut it, as in Kafka. The range stays valid as long as `file` is referenced.
 */
enum log_read_outcome log_read_begin(struct log *log, struct log_read *r);
/* What a LOG_READ_MORE brought: `err` 0 and the bytes (fewer than asked at the end of the file), or an error.
 * The log may have changed in between: the answer is then that of the new state. */
enum log_read_outcome log_read_continue(struct log *log, struct log_read *r, int err, struct slice data);

/* ---- lookups by time (ListOffsets, T37), on a helper thread ---- */

enum { LOG_LOOKUP_MAX_TIMESTAMP = -3 };

/* In: what to look for. Out: the first record with timestamp >= `timestamp` below the limit (or the first of
 * those with the largest timestamp), looked up inside compressed batches too. */
struct log_lookup {
    int64_t timestamp; /* milliseconds, or LOG_LOOKUP_MAX_TIMESTAMP */
    bool found;
    int64_t offset, found_timestamp;
    int32_t leader_epoch;         /* -1 when unknown (T38) */
    struct log_lookup_plan *plan; /* private: the files, with references */
};
/* Plans a lookup below the high watermark; holds references to files until freed. */
struct log_lookup *log_lookup_new(struct log *log, int64_t timestamp);
/* Looks; touches nothing of the log. 0 or an error (unreadable or damaged). */
int log_lookup_run(struct log_lookup *lookup, struct disk *disk);
void log_lookup_free(struct log_lookup *lookup); /* on the loop thread */

/* ---- leader epochs ---- */

/* The epoch of an offset, -1 when unknown. `end` has the latest epoch. */
int32_t log_epoch_at(const struct log *log, int64_t offset);
/* OffsetForLeaderEpoch: the largest known epoch <= `epoch` and the offset after its last record; `epoch` itself
 * and the first known offset when all known ones are larger; -1 and -1 when `epoch` is newer than all (KIP-279). */
void log_epoch_end(const struct log *log, int32_t epoch, int32_t *found_epoch, int64_t *end_offset);

/* ---- housekeeping ---- */

/* Retention by time and size up to the high watermark (an active segment that is old enough is rolled and
 * goes too, T52), and producers that were silent too long. Moves `start`; the files go by a job when nobody
 * refers to them. Returns the number of segments released. Call it every log.retention.check.interval.ms. */
int log_retain(struct log *log, int64_t now_ms);

/* DeleteRecords: nothing below `offset` is to be read any more; segments that lie below as a whole go as with
 * retention. True, also when the log starts there or later already; false above the high watermark. */
bool log_raise_start(struct log *log, int64_t offset);

/* Asks for a producer snapshot at the current end, so that a restart needs to read no further back. */
void log_snapshot_begin(struct log *log);

/* Asks for the CRCs of one rolled segment to be checked, each time the next one. Damage becomes a range that
 * answers LOG_READ_CORRUPT; log_job_text tells it. */
void log_scrub_begin(struct log *log);

struct log_job;

/* The next job that is due, NULL if none is, one of this log is still out, or the sync under way has a file that it
 * would sync too; after log_synced ask before log_sync_begin, so that syncs do not keep it out. Ask after log_written,
 * log_synced, log_retain, log_raise_start, log_snapshot_begin, log_scrub_begin, log_close_begin, log_delete_begin,
 * log_job_done, and when references were dropped while a deletion waits. */
struct log_job *log_take_job(struct log *log);
const char *log_job_name(const struct log_job *job); /* "log-roll", for logs and traces */
/* After log_job_run: what the operator should know, a sentence a line; mostly "". Gone with log_job_done. */
const char *log_job_text(const struct log_job *job);
/* Files that the job removes: the owner is to forget their descriptors first. */
int log_job_forget(const struct log_job *job, struct log_file *const **files);
/* Does it; touches nothing of the log. For a helper thread. */
int log_job_run(struct log_job *job, struct disk *disk);
/* Gives the job back with the outcome of log_job_run and frees it. ERR_NOMEM: no descriptor was left for what it was to
 * do; nothing is lost, and no further job is given out before log_jobs_again. */
void log_job_done(struct log *log, struct log_job *job, int err);
void log_jobs_again(struct log *log);

/* ---- reading a whole log, at start (replay of internal topics) ---- */

/* Reads batch after batch on a disk, as long as nobody appends. */
struct log_cursor;
int log_cursor_open(struct log *log, struct disk *disk, int64_t offset, struct log_cursor **out);
/* 1 and a checked batch (valid until the next call), 0 at the end, or an error. Damaged ranges below the
 * recovery point are skipped. */
int log_cursor_next(struct log_cursor *c, struct slice *batch, struct batch_header *header);
/* How often it skipped something damaged so far. */
int log_cursor_damaged(const struct log_cursor *c);
void log_cursor_close(struct log_cursor *c);

#endif
