/* scan.h - walks the batches of one segment file on a disk, front to back.
 *
 *     scan_open -> { scan_header or scan_check -> scan_skip }* -> scan_close
 *
 * For recovery, lookups and replay; not for the request path. Memory is bounded by one chunk, however
 * large a batch claims to be; only scan_batch holds a whole batch, and only after its CRC was right. */
#ifndef MILLRACE_BROKER_LOG_SCAN_H
#define MILLRACE_BROKER_LOG_SCAN_H

#include <stdint.h>

#include "lib/base/bytes.h"
#include "lib/kafka/batch.h"
#include "lib/os/disk.h"

enum scan_result {
    SCAN_END = 0,   /* the position is the end of the file */
    SCAN_BATCH = 1, /* a batch begins at the position */
    SCAN_BAD = 2,   /* it does not; `why` says what is wrong */
    /* or a negative enum err: the disk failed */
};

struct scan {
    struct disk *disk;
    struct disk_file *file;
    uint64_t position; /* of the batch to look at next; may be set by the caller */
    uint64_t end;      /* bytes beyond are not looked at; scan_open sets it to the file's size */
    struct batch_header header;
    const char *why;
    uint64_t bytes_read;
    struct buf chunk; /* bytes of the file from chunk_at on */
    uint64_t chunk_at;
    struct buf batch;
};

int scan_open(struct scan *s, struct disk *disk, const char *path);
void scan_close(struct scan *s);

/* Reads the header at the position and checks that the batch lies within the file. */
int scan_header(struct scan *s);
/* The same, and the CRC. */
int scan_check(struct scan *s);
/* After SCAN_BATCH: to the next batch. */
void scan_skip(struct scan *s);
/* After SCAN_BATCH: all bytes of the batch, valid until the next call. */
int scan_batch(struct scan *s, struct slice *out);
/* After SCAN_BAD: moves to the next position where a whole batch with a right CRC begins whose offsets lie in
 * [from, below). SCAN_BATCH, or SCAN_END when none follows. */
int scan_resync(struct scan *s, int64_t from, int64_t below);

#endif
