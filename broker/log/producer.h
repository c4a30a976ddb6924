/* producer.h - what a partition remembers of its idempotent producers (KIP-98).
 *
 *     (pid, epoch) -> the last five batches: first sequence .. last sequence -> offsets
 *
 * A batch is accepted when its first sequence follows the last one. One that repeats a remembered batch is
 * a retry whose answer got lost: it is answered with the original offsets. Sequences run 0 .. 2^31-1 and
 * wrap to 0. State changes at append and can be undone if the write fails; it is rebuilt at start from the
 * newest snapshot and the batches after it.
 *
 *     NNN.snapshot  version i16 = 1, crc u32 (CRC-32C of what follows), count i32,
 *                   { pid i64, epoch i16, last sequence i32, last offset i64, offset delta i32,
 *                     timestamp i64, coordinator epoch i32, current transaction's first offset i64 } *
 *
 * A snapshot keeps one batch of a producer, as Kafka's does. NNN is the offset it stands for. */
#ifndef MILLRACE_BROKER_LOG_PRODUCER_H
#define MILLRACE_BROKER_LOG_PRODUCER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"
#include "lib/base/table.h"
#include "lib/kafka/batch.h"

enum {
    PRODUCER_BATCHES = 5,   /* as many as a client may have in flight (T25) */
    PRODUCERS_MAX = 100000, /* of one partition; the longest silent quarter makes room */
    PRODUCER_SNAPSHOT_VERSION = 1,
};

struct producer_batch {
    int32_t first_sequence, last_sequence;
    int64_t base_offset, last_offset;
    int64_t timestamp; /* the batch's largest */
};

struct producer {
    int64_t id;
    int16_t epoch;
    int32_t coordinator_epoch; /* of transactions: -1 */
    int64_t transaction_first_offset;
    int64_t seen_ms; /* wall clock of the last append; expiry goes by this, not by what records claim */
    struct producer_batch batches[PRODUCER_BATCHES]; /* oldest first */
    int batch_count;
    int32_t awaited_sequence; /* while there is no batch: the only one that may come first; -1: any */
};

/* A zeroed struct is empty. */
struct producers {
    struct table by_id; /* 8 bytes of id -> struct producer, owned */
};

void producers_release(struct producers *p);
const struct producer *producers_find(const struct producers *p, int64_t id);

enum producer_verdict {
    PRODUCER_ACCEPT,
    PRODUCER_DUPLICATE,     /* *original is the batch that this one repeats */
    PRODUCER_OLD_DUPLICATE, /* stored once, but no longer remembered */
    PRODUCER_GAP,
    PRODUCER_FENCED,
};

/* Judges a client's batch. `log_is_virgin`: no record was ever stored (a non-zero start is a lost first
 * batch then, T47; elsewhere it is a producer that expired, T26). */
enum producer_verdict producers_check(const struct producers *p, const struct batch_header *h, bool log_is_virgin,
                                      struct producer_batch *original);

/* How to take a producers_update back; plain data. */
struct producer_undo {
    bool any, existed;
    struct producer before;
};

/* A batch of a client could not be stored and its producer is not known: until that batch comes again, no later one
 * is taken, or it would stand before it and make it look like an old duplicate. */
void producers_await(struct producers *p, const struct batch_header *h, int64_t now_ms);

/* Remembers a batch at its final offsets. `undo` may be NULL. */
void producers_update(struct producers *p, const struct batch_header *h, int64_t now_ms, struct producer_undo *undo);
/* Undoes updates, the latest first. A producer that had nothing before then awaits the batch that was undone. */
void producers_undo(struct producers *p, const struct producer_undo *undo, int64_t id);
/* Forgets producers silent since before `before_ms`; how many. */
int producers_expire(struct producers *p, int64_t before_ms);

/* Appends a snapshot, producers in ascending order of id, so that equal states have equal bytes. */
void producers_encode(const struct producers *p, struct buf *out);
/* Into an empty `p`; `now_ms` becomes the last sight of each. ERR_CORRUPT, ERR_UNSUPPORTED (another version). */
int producers_decode(struct producers *p, struct slice bytes, int64_t now_ms);

#endif
