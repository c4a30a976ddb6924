/* Appending: offsets are given out at once, the bytes reach the file later.
 *
 *     log_append   end moves, the batch is stamped, state changes     -> writes
 *     log_written  written moves; or everything from the failed batch on is taken back:
 *
 *     written        end              written == end       the truncate job makes the file
 *        |  a   b   c  |      b failed      |              agree, then appends go on
 *        [  ok  X   .  ]   ----------->     |
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/log/log_state.h"
#include "lib/base/memory.h"

/* ---- what an append is held to ---- */

static enum log_append_outcome check_limits(const struct log *log, const struct log_append *in)
{
    const struct log_config *c = &log->config;
    if (log->state != LOG_ONLINE) return LOG_REFUSED;
    if (in->origin_client && (int64_t)in->size > c->max_message_bytes) return LOG_TOO_LARGE;
    if ((int64_t)in->size > c->segment_bytes && in->origin_client) return LOG_SEGMENT_TOO_SMALL;
    return LOG_APPENDED;
}

static enum log_append_outcome check_producer(const struct log *log, const struct log_append *in,
                                              struct log_append_result *out)
{
    struct producer_batch original;
    if (in->header->producer_id < 0 || !in->origin_client) return LOG_APPENDED;
    switch (producers_check(&log->producers, in->header, log->offsets.end == 0, &original)) {
    case PRODUCER_ACCEPT: return LOG_APPENDED;
    case PRODUCER_DUPLICATE:
        out->base_offset = original.base_offset;
        out->last_offset = original.last_offset;
        out->log_append_time_ms = log->config.log_append_time ? original.timestamp : -1;
        return LOG_DUPLICATE;
    case PRODUCER_OLD_DUPLICATE: return LOG_DUPLICATE_SEQUENCE;
    case PRODUCER_GAP: return LOG_OUT_OF_ORDER_SEQUENCE;
    case PRODUCER_FENCED: break;
    }
    return LOG_INVALID_PRODUCER_EPOCH;
}

/* ---- rolling ---- */

/* By the time of records; by the clock where the first batch had none. */
static int64_t age_ms(const struct segment *s, const struct batch_header *h, int64_t now_ms)
{
    return s->first_timestamp >= 0 ? h->max_timestamp - s->first_timestamp : now_ms - s->begun_ms;
}

static bool must_roll(const struct log *log, const struct batch_header *h, size_t size, int64_t now_ms)
{
    const struct segment *s = log_active(log);
    const struct log_config *c = &log->config;
    if (s->size == 0) return false;
    if (s->size + size > (uint64_t)c->segment_bytes) return true;
    if (age_ms(s, h, now_ms) > c->segment_ms) return true;
    if ((int64_t)(s->offsets.count + 1) * OFFSET_ENTRY_SIZE > c->segment_index_bytes) return true;
    if ((int64_t)(s->times.count + 2) * TIME_ENTRY_SIZE > c->segment_index_bytes) return true;
    return log->offsets.end + h->last_offset_delta - s->base_offset > INT32_MAX;
}

void log_roll(struct log *log)
{
    struct segment *old = log_active(log);
    segment_finish_times(old);
    old->rolled = true;
    buf_reset(&old->snapshot);
    producers_encode(&log->producers, &old->snapshot);
    recent_clear(&log->recent);
    log_segment_add(log, log->offsets.end);
}

/* ---- appending ---- */

static struct pending *pending_push(struct pending_queue *q)
{
    if (q->first + q->count == q->capacity && q->first > 0) {
        memmove(q->items, q->items + q->first, (size_t)q->count * sizeof *q->items);
        q->first = 0;
    }
    if (q->first + q->count == q->capacity) {
        q->capacity = q->capacity ? q->capacity * 2 : 4;
        q->items = memory_grow(q->items, (size_t)q->capacity, sizeof *q->items);
    }
    return &q->items[q->first + q->count++];
}

static void write_add(struct log_append_result *out, struct log_file *file, uint64_t at, struct slice bytes)
{
    assert(out->write_count < LOG_WRITES_MAX);
    out->writes[out->write_count++] = (struct log_write){file, at, bytes};
}

static struct slice arena_take(struct arena *arena, struct buf *b)
{
    struct slice s = slice_of(arena_copy(arena, b->p, b->n), b->n);
    buf_release(b);
    return s;
}

/* Entries go to the files in groups: a write per 16 of them instead of two per batch. What is not there yet
 * when a broker dies is built again from batch headers. */
static void send_index_entries(struct segment *s, struct arena *arena, struct log_append_result *out)
{
    struct buf bytes = {0};
    if (s->offsets.count - s->offsets_sent < LOG_INDEX_GROUP) return;
    offset_index_encode(&s->offsets, s->offsets_sent, &bytes);
    write_add(out, s->index, (uint64_t)s->offsets_sent * OFFSET_ENTRY_SIZE, arena_take(arena, &bytes));
    s->offsets_sent = s->offsets.count;
    if (s->times.count == s->times_sent) return;
    time_index_encode(&s->times, s->times_sent, &bytes);
    write_add(out, s->time_index, (uint64_t)s->times_sent * TIME_ENTRY_SIZE, arena_take(arena, &bytes));
    s->times_sent = s->times.count;
}

static void stamp(struct log *log, const struct log_append *in, struct batch_header *h, struct log_append_result *out)
{
    h->base_offset = log->offsets.end;
    h->leader_epoch = in->leader_epoch;
    batch_stamp(in->batch, h->base_offset, h->leader_epoch);
    out->log_append_time_ms = -1;
    if (!log->config.log_append_time) return;
    batch_stamp_log_append_time(in->batch, in->size, in->now_ms);
    h->max_timestamp = in->now_ms;
    out->log_append_time_ms = in->now_ms;
}

/* `h` has its final offsets: they enter everything that is remembered about the log. */
static void take_in(struct log *log, const struct batch_header *h, int64_t now_ms)
{
    struct segment *s = log_active(log);
    struct pending *p = pending_push(&log->pending);
    *p = (struct pending){
        .base_offset = h->base_offset,
        .segment = s,
        .segment_before = segment_mark(s),
        .producer_id = h->producer_id,
        .epoch_count_before = log->epoch_count,
        .epochs_unsaved_before = log->epochs_unsaved,
    };
    if (h->producer_id >= 0) producers_update(&log->producers, h, now_ms, &p->producer_before);
    log_epoch_note(log, h->leader_epoch, h->base_offset);
    recent_push(&log->recent, h->base_offset, s->size);
    if (s->size == 0) s->begun_ms = now_ms;
    s->changed_ms = now_ms;
    segment_take(s, h, (uint64_t)log->config.index_interval_bytes);
    log->offsets.end = batch_last_offset(h) + 1;
#if MILLRACE_SEEDED_BUG == 3 /* for tests/sim/bites.sh: the last offset of a large batch is given out again */
    log->offsets.end -= h->count > 10;
#endif
    log->offsets.size_bytes += (int64_t)batch_size(h);
    log->changed = true;
    p->end = log_mark(s, log->offsets.end, s->size);
}

void log_append(struct log *log, const struct log_append *in, struct arena *arena, struct log_append_result *out)
{
    struct batch_header h = *in->header;
    *out = (struct log_append_result){.base_offset = -1, .last_offset = -1, .log_append_time_ms = -1};
    out->outcome = check_limits(log, in);
    if (out->outcome == LOG_APPENDED) out->outcome = check_producer(log, in, out);
    if (out->outcome == LOG_REFUSED && in->origin_client && in->header->producer_id >= 0)
        producers_await(&log->producers, in->header, in->now_ms);
    if (out->outcome != LOG_APPENDED) return;
    assert(batch_size(&h) == in->size);
    stamp(log, in, &h, out);
    if (must_roll(log, &h, in->size, in->now_ms)) log_roll(log);
    struct segment *s = log_active(log);
    write_add(out, s->log, s->size, slice_of(in->batch, in->size));
    take_in(log, &h, in->now_ms);
    send_index_entries(s, arena, out);
    out->base_offset = h.base_offset;
    out->last_offset = batch_last_offset(&h);
}

/* ---- completions ---- */

static void undo_one(struct log *log, struct pending *p)
{
    log->offsets.size_bytes -= (int64_t)(p->segment->size - p->segment_before.size);
    segment_undo(p->segment, &p->segment_before);
    if (p->producer_id >= 0) producers_undo(&log->producers, &p->producer_before, p->producer_id);
    if (log->epoch_count != p->epoch_count_before) {
        log->epoch_count = p->epoch_count_before;
        log->epochs_unsaved = p->epochs_unsaved_before;
    }
    log->offsets.end = p->base_offset;
    p->undone = true;
}

/* A segment that begins above the end was begun by an append that is undone. */
static void drop_undone_segments(struct log *log)
{
    while (log->segment_count > 1 && log_active(log)->base_offset > log->offsets.end) {
        log->undone = memory_grow(log->undone, (size_t)log->undone_count + 1, sizeof *log->undone);
        log->undone[log->undone_count++] = log->segments[--log->segment_count];
        log_active(log)->rolled = false;
    }
}

static void undo_all(struct log *log)
{
    struct pending_queue *q = &log->pending;
    for (int i = q->count - 1; i >= 0; i--)
        if (!q->items[q->first + i].undone) undo_one(log, &q->items[q->first + i]);
    drop_undone_segments(log);
    recent_cut(&log->recent, log->offsets.end);
    if (log->state == LOG_ONLINE) log->state = LOG_REPAIRING;
    if (log->state == LOG_CLOSING) log->state = LOG_OFFLINE; /* as log_close_begin has it: recovery is to judge */
}

void log_written(struct log *log, int64_t base_offset, int err)
{
    struct pending_queue *q = &log->pending;
    assert(q->count > 0 && q->items[q->first].base_offset == base_offset);
    struct pending *p = &q->items[q->first];
    if (err < 0 && !p->undone) undo_all(log);
    if (!p->undone) {
        log->written = p->end;
        log->offsets.written = p->end.offset;
    }
    q->first++;
    if (--q->count == 0) q->first = 0;
}
