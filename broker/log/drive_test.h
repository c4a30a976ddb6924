/* drive_test.h - what the tests of this folder share: hands that carry out what a log asks, on a disk in memory. */
#ifndef MILLRACE_BROKER_LOG_DRIVE_TEST_H
#define MILLRACE_BROKER_LOG_DRIVE_TEST_H

#include "broker/log/log.h"
#include "tests/memory_disk.h"
#include "tests/unit.h"

/* One batch of records "v0", "v1", ... What is zero has the default. */
struct batch_spec {
    char first;        /* so that a SPEC() without fields is no special case */
    int count;         /* 1 */
    int64_t timestamp; /* of the first record: 1000; each later one is `step` later */
    int64_t step;
    int64_t producer_id; /* none */
    int16_t producer_epoch;
    int32_t sequence; /* only with a producer_id */
    int codec;
    size_t value_size; /* as short as the text is */
};
#define SPEC(...) ((struct batch_spec){.first = 0, __VA_ARGS__})

/* A log on a fake disk, with everything it needs. */
struct drive {
    struct fake fake;
    struct log_file_ids ids;
    struct log_config config;
    struct log *log;
    struct log_report report;
    struct err_text error;
    struct arena arena;
    int64_t now_ms;
    int32_t leader_epoch;
    int fail_next_write; /* negative enum err: the next batch's write fails */
};

void drive_init(struct drive *d); /* a new log "orders-0" */
void drive_release(struct drive *d);
/* Appends, carries out the writes, reports them. */
struct log_append_result drive_append(struct drive *d, struct batch_spec spec);
/* The same in two halves, for writes that are under way. */
struct log_append_result drive_append_begin(struct drive *d, struct batch_spec spec, struct buf *batch);
void drive_written(struct drive *d, const struct log_append_result *r, int err);
void drive_sync(struct drive *d, int err);
void drive_jobs(struct drive *d);
/* Reads from `offset` (written records): the outcome, and the bytes in `out` (may be NULL). */
enum log_read_outcome drive_read(struct drive *d, int64_t offset, int64_t max_bytes, bool min_one, struct buf *out);
/* Base offset of the batch that a read of `offset` begins with; negative outcomes as -1 - outcome. */
int64_t drive_read_base(struct drive *d, int64_t offset);
/* Forgets the log as kill -9 does, and opens the directory again. */
int drive_reopen(struct drive *d, bool clean, int64_t recovery_point);
void drive_close(struct drive *d); /* as a clean shutdown does */
/* The segment file whose base is `base`. */
struct fake_file *drive_file(struct drive *d, int64_t base, const char *suffix);

#endif
