/* log_state.h - the inside of a log, shared by the files of this folder and by nobody else.
 *
 *     append.c   batches in, and writes that failed        read.c      offsets to file ranges
 *     log.c      life, offsets, sync, epochs               lookup.c    timestamps to offsets
 *     recover.c  a directory to a log                      job.c       what is done on the disk, later
 *     retain.c   what goes                                 scrub.c     what is checked, later
 *     log_cursor.c  all batches, at start                  read_verify.c  what of it may be served */
#ifndef MILLRACE_BROKER_LOG_LOG_STATE_H
#define MILLRACE_BROKER_LOG_LOG_STATE_H

#include "broker/log/checkpoint.h"
#include "broker/log/log.h"
#include "broker/log/producer.h"
#include "broker/log/recent.h"
#include "broker/log/segment.h"

enum {
    LOG_INDEX_GROUP = 16,           /* index entries that wait in memory before they are written together */
    LOG_SCAN_BYTES = 8 << 10,       /* one read of batch headers: an index interval and the next header, mostly */
    LOG_LOOK_BYTES = 256 << 10,     /* the same where what is served must be verified first */
    LOG_LOOK_BYTES_MAX = 100 << 20, /* a batch that claims to be larger is damaged */
};

/* A boundary between two batches, as an offset and as a place in a file. */
struct mark {
    int64_t offset;
    int64_t segment_base;
    uint64_t position;
};

/* An append whose write is not reported yet, and how to take it back. */
struct pending {
    int64_t base_offset;
    struct mark end; /* where `written` moves */
    bool undone;     /* it failed, or one before it did */
    struct segment *segment;
    struct segment_mark segment_before;
    int64_t producer_id;
    struct producer_undo producer_before;
    int epoch_count_before;
    int64_t epochs_unsaved_before;
};

struct pending_queue {
    struct pending *items;
    int first, count, capacity; /* used are first .. first + count - 1 */
};

/* Offsets below the recovery point that no whole batch holds. */
struct bad_range {
    int64_t from, to; /* offsets [from, to) */
    int64_t segment_base;
    uint64_t position; /* where the readable part before it ends */
    uint64_t resume;   /* where the readable part after it begins; the end of the file if there is none */
};

struct log {
    char *dir;
    uint8_t topic_id[16];
    struct log_config config;
    struct log_file_ids *ids;
    struct log_file *directory;
    enum log_state state;
    bool sync_failed; /* of this disk: later syncs prove nothing */
    struct log_offsets offsets;
    struct mark written, durable, high_watermark;
    bool syncing;
    struct mark sync_target; /* what the sync under way makes durable */
    int64_t sync_from;       /* base of the first segment in it */
    bool sync_names;         /* the directory is in it too */

    struct segment **segments; /* ascending; the last one is active */
    int segment_count, segment_capacity;
    struct segment **doomed; /* out of the log, files still there; ascending */
    int doomed_count;
    struct segment **undone; /* begun by appends that failed; their files must go before the repair is over */
    int undone_count;

    struct recent recent;
    struct pending_queue pending;
    struct producers producers;
    struct epoch_entry *epochs;
    int epoch_count;
    bool epochs_dirty;
    int64_t epochs_unsaved; /* the first offset whose epoch is not in the file; INT64_MAX: all are */
    struct bad_range *bad;
    int bad_count;

    struct log_job *job_out; /* NULL: none */
    bool untried;            /* the last job found no descriptor: until log_jobs_again */
    bool jobs_wait;          /* the disk was full: until a deletion, or the next log_retain */
    bool delete_waits;       /* the same of deletions: until the next log_retain */
    bool snapshot_due;
    int64_t snapshot_at;  /* offset of the newest snapshot file that does not belong to a segment; -1 none */
    int64_t snapshot_end; /* offset of the newest snapshot file; -1 none */
    bool scrub_due;
    struct mark scrub_at; /* what is checked next: a segment's base and a position in it */
    bool changed;         /* something was appended since the state on disk was complete */
};

/* log.c */
struct log *log_alloc(struct log_file_ids *ids, const char *dir, const struct log_config *config);
struct segment *log_active(const struct log *log);
struct segment *log_segment_add(struct log *log, int64_t base_offset);
/* The index of the segment with the largest base <= offset; -1 when there is none. */
int log_segment_find(const struct log *log, int64_t offset);
/* Offsets of segment number `i` lie below. */
int64_t log_segment_end(const struct log *log, int i);
struct mark log_mark(const struct segment *s, int64_t offset, uint64_t position);
/* The damage that begins at a position, if any is known. */
const struct bad_range *log_bad_at(const struct log *log, int64_t segment_base, uint64_t position);
/* Where a segment ends for a reader that may see up to `limit`. */
uint64_t log_limit_in(const struct segment *s, const struct mark *limit);
void log_index_drop(struct segment *s); /* its files are final: they are searched from now on */
void log_epoch_note(struct log *log, int32_t epoch, int64_t offset);
/* Moves `durable` up to `m`; never down. */
void log_durable_raise(struct log *log, struct mark m);
/* A new active segment at `end`. */
void log_roll(struct log *log);

/* job.c: the job that is out syncs this file, or has just done so. */
bool log_job_syncs(const struct log_job *job, const struct log_file *file);

/* read_verify.c, for read.c. */
/* Up to where a range that begins at `at` is known to be whole; 0 when it must be verified first. */
uint64_t read_known_to(const struct segment *s, uint64_t at);
/* The header at `at` in what was read. 1; 0 when more must be read for it; -1 when none is there, or the file is too
 * short. */
int read_header_at(const struct log_read *r, uint64_t at, struct slice data, struct batch_header *h);
/* A base offset lies outside of the CRC: that it continues the log is what protects it. `expected` < 0: not known. */
bool read_continues(const struct log *log, const struct batch_header *h, int64_t expected);
/* The end of the whole batches from `at` on, and below `limit`, that continue the log; `at` when the first one is none.
 * What was verified once is known from then on. */
uint64_t read_verify(const struct log *log, const struct log_read *r, struct segment *s, uint64_t at, uint64_t limit,
                     struct slice data);

/* scrub.c, for job.c: a piece of a rolled segment whose CRCs are to be checked. NULL when there is none. */
struct scrub;
struct scrub *scrub_new(struct log *log);
int scrub_run(struct scrub *s, struct disk *disk); /* on a helper thread */
void scrub_done(struct log *log, struct scrub *s); /* takes over what was found, moves on */
const char *scrub_text(const struct scrub *s);     /* a sentence a line; "" when all was well */
void scrub_free(struct scrub *s);

#endif
