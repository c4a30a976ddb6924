#include "broker/log/producer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/checksum.h"
#include "lib/base/memory.h"
#include "lib/kafka/cursor.h"

enum { SNAPSHOT_HEADER_SIZE = 6, SNAPSHOT_ENTRY_SIZE = 46 };

/* ---- the table ---- */

struct id_key {
    uint8_t bytes[8];
};

static struct id_key id_key(int64_t id)
{
    struct id_key k;
    put_u64be(k.bytes, (uint64_t)id);
    return k;
}

void producers_release(struct producers *p)
{
    for (struct table_entry *e = table_first(&p->by_id); e; e = table_next(&p->by_id, e)) free(e->value);
    table_release(&p->by_id);
    *p = (struct producers){0};
}

static struct producer *find(const struct producers *p, int64_t id)
{
    struct id_key k = id_key(id);
    return table_get(&p->by_id, slice_of(k.bytes, sizeof k.bytes));
}

const struct producer *producers_find(const struct producers *p, int64_t id)
{
    return find(p, id);
}

static void forget(struct producers *p, int64_t id)
{
    struct id_key k = id_key(id);
    free(table_remove(&p->by_id, slice_of(k.bytes, sizeof k.bytes)));
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The bound: a client that asks for a new id per batch may not eat the memory of all others. */
static void make_room(struct producers *p)
{
    uint32_t n = 0;
    int64_t *seen = memory_new(p->by_id.count * sizeof *seen);
    for (struct table_entry *e = table_first(&p->by_id); e; e = table_next(&p->by_id, e))
        seen[n++] = ((struct producer *)e->value)->seen_ms;
    qsort(seen, n, sizeof *seen, by_time);
    int64_t limit = seen[n / 4];
    free(seen);
    if (producers_expire(p, limit) > 0) return;
    /* All were seen in the same millisecond: take them in the order of arrival. */
    for (struct table_entry *e = table_first(&p->by_id); e && n-- > PRODUCERS_MAX / 4 * 3; e = table_next(&p->by_id, e))
        forget(p, ((struct producer *)e->value)->id);
}

static struct producer *add(struct producers *p, int64_t id)
{
    if (p->by_id.count >= PRODUCERS_MAX) make_room(p);
    struct producer *e = memory_new(sizeof *e);
    *e = (struct producer){
        .id = id, .epoch = -1, .coordinator_epoch = -1, .transaction_first_offset = -1, .awaited_sequence = -1};
    struct id_key k = id_key(id);
    table_set(&p->by_id, slice_of(k.bytes, sizeof k.bytes), e);
    return e;
}

/* ---- sequences ---- */

static int32_t sequence_add(int32_t sequence, int32_t n)
{
    return (int32_t)(((int64_t)sequence + n) & INT32_MAX);
}

/* From `from` forward to `to` on the circle of 2^31 numbers. */
static uint32_t sequence_distance(int32_t from, int32_t to)
{
    return ((uint32_t)to - (uint32_t)from) & INT32_MAX;
}

static int32_t last_sequence(const struct batch_header *h)
{
    return sequence_add(h->base_sequence, h->last_offset_delta);
}

static const struct producer_batch *remembered(const struct producer *e, const struct batch_header *h)
{
    for (int i = 0; i < e->batch_count; i++)
        if (e->batches[i].first_sequence == h->base_sequence && e->batches[i].last_sequence == last_sequence(h))
            return &e->batches[i];
    return NULL;
}

enum producer_verdict producers_check(const struct producers *p, const struct batch_header *h, bool log_is_virgin,
                                      struct producer_batch *original)
{
    const struct producer *e = find(p, h->producer_id);
    if (!e) return h->base_sequence != 0 && log_is_virgin ? PRODUCER_GAP : PRODUCER_ACCEPT;
    if (h->producer_epoch < e->epoch) return PRODUCER_FENCED;
    if (e->batch_count == 0) {
        bool early =
            e->awaited_sequence >= 0 && h->producer_epoch == e->epoch && h->base_sequence != e->awaited_sequence;
        return early ? PRODUCER_GAP : PRODUCER_ACCEPT;
    }
    if (h->producer_epoch > e->epoch) return h->base_sequence == 0 ? PRODUCER_ACCEPT : PRODUCER_GAP;
    const struct producer_batch *same = remembered(e, h);
    if (same) {
        *original = *same;
        return PRODUCER_DUPLICATE;
    }
    int32_t next = sequence_add(e->batches[e->batch_count - 1].last_sequence, 1);
    uint32_t ahead = sequence_distance(next, h->base_sequence);
    if (ahead == 0) return PRODUCER_ACCEPT;
    /* The nearer half of the circle is the future, the other half the past. */
    return ahead < 1u << 30 ? PRODUCER_GAP : PRODUCER_OLD_DUPLICATE;
}

/* Without a batch there is nothing to compare with but this: the first batch that was not stored. */
static void await(struct producer *e, int16_t epoch, int32_t sequence)
{
    if (e->batch_count > 0 || epoch < e->epoch || (e->awaited_sequence >= 0 && epoch == e->epoch)) return;
    e->epoch = epoch;
    e->awaited_sequence = sequence;
}

void producers_await(struct producers *p, const struct batch_header *h, int64_t now_ms)
{
    struct producer *e = find(p, h->producer_id);
    if (!e) e = add(p, h->producer_id);
    e->seen_ms = now_ms;
    await(e, h->producer_epoch, h->base_sequence);
}

void producers_update(struct producers *p, const struct batch_header *h, int64_t now_ms, struct producer_undo *undo)
{
    struct producer *e = find(p, h->producer_id);
    if (undo) *undo = (struct producer_undo){.any = true, .existed = e != NULL};
    if (undo && e) undo->before = *e;
    if (!e) e = add(p, h->producer_id);
    if (h->producer_epoch != e->epoch) e->batch_count = 0;
    e->epoch = h->producer_epoch;
    e->seen_ms = now_ms;
    if (e->batch_count == PRODUCER_BATCHES)
        memmove(&e->batches[0], &e->batches[1], (size_t)(--e->batch_count) * sizeof e->batches[0]);
    e->batches[e->batch_count++] = (struct producer_batch){
        .first_sequence = h->base_sequence,
        .last_sequence = last_sequence(h),
        .base_offset = h->base_offset,
        .last_offset = batch_last_offset(h),
        .timestamp = h->max_timestamp,
    };
}

void producers_undo(struct producers *p, const struct producer_undo *undo, int64_t id)
{
    struct producer *e = find(p, id);
    if (!undo->any || (!e && !undo->existed)) return;
    struct producer undone = e ? *e : undo->before;
    if (!e) e = add(p, id);
    if (undo->existed)
        *e = undo->before;
    else
        e->batch_count = 0;
    if (undone.batch_count > 0) await(e, undone.epoch, undone.batches[undone.batch_count - 1].first_sequence);
}

int producers_expire(struct producers *p, int64_t before_ms)
{
    int n = 0;
    for (struct table_entry *e = table_first(&p->by_id); e; e = table_next(&p->by_id, e)) {
        struct producer *one = e->value;
        if (one->seen_ms >= before_ms) continue;
        forget(p, one->id);
        n++;
    }
    return n;
}

/* ---- snapshots ---- */

static int by_id(const void *a, const void *b)
{
    int64_t x = (*(struct producer *const *)a)->id, y = (*(struct producer *const *)b)->id;
    return (x > y) - (x < y);
}

static void encode_one(const struct producer *e, struct buf *out)
{
    static const struct producer_batch none = {
        .last_sequence = -1, .last_offset = -1, .base_offset = -1, .timestamp = -1};
    const struct producer_batch *last = e->batch_count ? &e->batches[e->batch_count - 1] : &none;
    buf_put_u64(out, (uint64_t)e->id);
    buf_put_u16(out, (uint16_t)e->epoch);
    buf_put_u32(out, (uint32_t)last->last_sequence);
    buf_put_u64(out, (uint64_t)last->last_offset);
    buf_put_u32(out, (uint32_t)(last->last_offset - last->base_offset));
    buf_put_u64(out, (uint64_t)last->timestamp);
    buf_put_u32(out, (uint32_t)e->coordinator_epoch);
    buf_put_u64(out, (uint64_t)e->transaction_first_offset);
}

void producers_encode(const struct producers *p, struct buf *out)
{
    uint32_t n = 0;
    struct producer **sorted = memory_new(p->by_id.count * sizeof *sorted);
    for (struct table_entry *e = table_first(&p->by_id); e; e = table_next(&p->by_id, e)) sorted[n++] = e->value;
    qsort(sorted, n, sizeof *sorted, by_id);
    size_t start = out->n;
    buf_put_u16(out, PRODUCER_SNAPSHOT_VERSION);
    buf_put_u32(out, 0);
    buf_put_u32(out, n);
    for (uint32_t i = 0; i < n; i++) encode_one(sorted[i], out);
    uint8_t *header = out->p + start;
    put_u32be(header + 2, crc32c(0, header + SNAPSHOT_HEADER_SIZE, out->n - start - SNAPSHOT_HEADER_SIZE));
    free(sorted);
}

static void decode_one(struct producers *p, struct cursor *c, int64_t now_ms)
{
    struct producer e = {.id = (int64_t)cursor_u64(c), .epoch = (int16_t)cursor_u16(c), .seen_ms = now_ms};
    e.awaited_sequence = -1;
    struct producer_batch b = {.last_sequence = (int32_t)cursor_u32(c), .last_offset = (int64_t)cursor_u64(c)};
    int32_t delta = (int32_t)cursor_u32(c);
    b.timestamp = (int64_t)cursor_u64(c);
    e.coordinator_epoch = (int32_t)cursor_u32(c);
    e.transaction_first_offset = (int64_t)cursor_u64(c);
    if (c->error) return;
    if (b.last_sequence >= 0 && b.last_offset >= 0 && delta >= 0 && delta <= b.last_offset) {
        b.base_offset = b.last_offset - delta;
        b.first_sequence = sequence_add(b.last_sequence, -delta);
        e.batches[e.batch_count++] = b;
    }
    struct producer *known = find(p, e.id);
    *(known ? known : add(p, e.id)) = e;
}

int producers_decode(struct producers *p, struct slice bytes, int64_t now_ms)
{
    if (bytes.n < SNAPSHOT_HEADER_SIZE + 4) return ERR_CORRUPT;
    struct cursor c = cursor_of(bytes);
    if (cursor_u16(&c) != PRODUCER_SNAPSHOT_VERSION) return ERR_UNSUPPORTED;
    if (cursor_u32(&c) != crc32c(0, bytes.p + SNAPSHOT_HEADER_SIZE, bytes.n - SNAPSHOT_HEADER_SIZE)) return ERR_CORRUPT;
    uint32_t count = cursor_u32(&c);
    if (cursor_left(&c) != (uint64_t)count * SNAPSHOT_ENTRY_SIZE) return ERR_CORRUPT;
    for (uint32_t i = 0; i < count; i++) decode_one(p, &c, now_ms);
    return c.error;
}
