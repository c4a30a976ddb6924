#include "tests/sim/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/kafka/batch.h"
#include "tests/sim/sim.h"

enum { RECORD_FIXED_BYTES = 8, DECOMPRESSED_BYTES_MAX = 1 << 24 };

/* --- parts --- */

void history_release(struct history *h)
{
    for (int i = 0; i < h->partition_count; i++) free(h->partitions[i].facts);
    for (int i = 0; i < h->lane_count; i++) {
        free(h->lanes[i]->offset_of);
        free(h->lanes[i]->claimed);
        free(h->lanes[i]->stamp_ms);
        free(h->lanes[i]);
    }
    for (int i = 0; i < h->offset_count; i++) {
        free(h->offsets[i].commits);
        free(h->offsets[i].sent);
    }
    free(h->partitions);
    free(h->lanes);
    free(h->offsets);
    free(h->owners);
    free(h->producer_ids);
}

int history_partition_add(struct history *h, const char *topic, int32_t index)
{
    h->partitions = memory_grow(h->partitions, (size_t)h->partition_count + 1, sizeof *h->partitions);
    struct told_partition *p = &h->partitions[h->partition_count];
    *p = (struct told_partition){.index = index, .rotten = INT64_MAX};
    snprintf(p->topic, sizeof p->topic, "%s", topic);
    return h->partition_count++;
}

int history_partition_find(const struct history *h, struct kafka_string topic, int32_t index)
{
    for (int i = 0; i < h->partition_count; i++)
        if (h->partitions[i].index == index && kafka_string_equal_str(topic, h->partitions[i].topic)) return i;
    return -1;
}

struct lane *history_lane_add(struct history *h, int partition, bool idempotent)
{
    struct lane *l = memory_new(sizeof *l);
    h->lanes = memory_grow(h->lanes, (size_t)h->lane_count + 1, sizeof(struct lane *));
    h->lanes[h->lane_count++] = l;
    *l = (struct lane){.id = (uint32_t)h->lane_count, .idempotent = idempotent, .partition = partition};
    return l;
}

void history_orders_reset(struct history *h)
{
    for (int i = 0; i < h->lane_count; i++) h->lanes[i]->last_number = -1;
}

void history_producer_id(struct sim *s, int64_t id)
{
    struct history *h = &s->history;
    for (int i = 0; i < h->producer_id_count; i++)
        if (h->producer_ids[i] == id) sim_fail(s, "producer id %lld was given out twice", (long long)id);
    h->producer_ids = memory_grow(h->producer_ids, (size_t)h->producer_id_count + 1, sizeof *h->producer_ids);
    h->producer_ids[h->producer_id_count++] = id;
}

/* --- records --- */

void record_value(uint32_t lane, uint32_t number, struct buf *out)
{
    buf_put_u32(out, lane);
    buf_put_u32(out, number);
    uint64_t x = ((uint64_t)lane << 32 | number) * 0x9e3779b97f4a7c15u;
    /* Mostly small, sometimes some sectors long. */
    size_t n = x >> 60 == 0 ? (size_t)(x >> 32) % 3000 : (size_t)(x >> 32) % 120;
    uint8_t *p = buf_reserve(out, n);
    for (size_t i = 0; i < n; i++) {
        if (i % 8 == 0) x ^= x >> 29, x *= 0xbf58476d1ce4e5b9u;
        p[i] = (uint8_t)(x >> (i % 8 * 8));
    }
    out->n += n;
}

static struct lane *value_lane(struct sim *s, struct kafka_bytes value, uint32_t *number)
{
    struct history *h = &s->history;
    struct buf should = {0};
    if (value.n < RECORD_FIXED_BYTES) return NULL;
    uint32_t id = get_u32be(value.p);
    *number = get_u32be(value.p + 4);
    if (id == 0 || id > (uint32_t)h->lane_count || *number >= h->lanes[id - 1]->count) return NULL;
    record_value(id, *number, &should);
    bool same = slice_equal(buf_slice(&should), kafka_bytes_slice(value));
    buf_release(&should);
    return same ? h->lanes[id - 1] : NULL;
}

/* --- facts --- */

static struct fact *fact_at(struct told_partition *p, int64_t offset)
{
    if (offset >= p->capacity) {
        int64_t capacity = p->capacity ? p->capacity : 64;
        while (capacity <= offset) capacity *= 2;
        p->facts = memory_grow(p->facts, (size_t)capacity, sizeof *p->facts);
        memset(p->facts + p->capacity, 0, (size_t)(capacity - p->capacity) * sizeof *p->facts);
        p->capacity = capacity;
    }
    if (offset >= p->end) p->end = offset + 1;
    return &p->facts[offset];
}

/* A record is at an offset: so say the producer's answer or the bytes that were fetched. */
static struct fact *fact_learn(struct sim *s, struct lane *l, uint32_t number, int64_t offset, const char *how)
{
    struct told_partition *p = &s->history.partitions[l->partition];
    struct fact *f = fact_at(p, offset);
    if (f->lane && (f->lane != l->id || f->number != number))
        sim_fail(s, "%s-%d: offset %lld was record %u of producer %u, now %s record %u of producer %u", p->topic,
                 p->index, (long long)offset, f->number, f->lane, how, number, l->id);
    bool twice = l->idempotent && l->offset_of[number] >= 0 && l->offset_of[number] != offset;
    if (twice && !rot_at(s, l->partition, l->offset_of[number])) /* a damaged batch does not say who sent it */
        sim_fail(s, "%s-%d: record %u of idempotent producer %u is at offset %lld and (%s) at %lld", p->topic, p->index,
                 number, l->id, (long long)l->offset_of[number], how, (long long)offset);
    f->lane = l->id;
    f->number = number;
    l->offset_of[number] = offset;
    return f;
}

void history_acked(struct sim *s, struct lane *l, uint32_t number, int32_t count, int64_t base_offset, size_t bytes)
{
    for (int32_t i = 0; i < count; i++) {
        struct fact *f = fact_learn(s, l, number + (uint32_t)i, base_offset + i, "acknowledged as");
        s->history.partitions[l->partition].acked += !f->acked;
        f->acked = true;
        f->acked_ns = s->now_ns;
        if (i == count - 1) f->bytes = (int32_t)bytes;
    }
}

void history_claimed(struct lane *l, uint32_t number, int32_t count)
{
    memset(l->claimed + number, 1, (size_t)count);
}

void history_claims_check(struct sim *s)
{
    for (int i = 0; i < s->history.lane_count; i++) {
        struct lane *l = s->history.lanes[i];
        for (uint32_t n = 0; n < l->count; n++) {
            if (l->claimed[n] && l->offset_of[n] < 0 && !s->may_lose && !sim_records_go(s) && s->rot_count == 0)
                sim_fail(s, "record %u of producer %u was said to be stored and is nowhere", n, l->id);
            l->claimed[n] = 0;
        }
    }
}

void history_shown(struct sim *s, int partition, int64_t high_watermark, uint64_t sent)
{
    struct told_partition *p = &s->history.partitions[partition];
    if (high_watermark < p->shown && p->shown_event < sent)
        sim_fail(s, "%s-%d: the high watermark was %lld and is %lld now", p->topic, p->index, (long long)p->shown,
                 (long long)high_watermark);
    if (high_watermark <= p->shown) return;
    p->shown = high_watermark;
    p->shown_event = s->event_count;
}

/* --- what was fetched --- */

static void order_check(struct sim *s, const struct told_partition *p, struct lane *l, uint32_t number, int64_t offset)
{
    if (l->idempotent && (int64_t)number <= l->last_number)
        sim_fail(s, "%s-%d: record %u of idempotent producer %u stands at offset %lld, behind record %lld", p->topic,
                 p->index, number, l->id, (long long)offset, (long long)l->last_number);
    l->last_number = number;
}

static void record_check(struct sim *s, int partition, const struct batch_header *h, const struct batch_record *r,
                         bool auditing)
{
    struct told_partition *p = &s->history.partitions[partition];
    uint32_t number;
    struct lane *l = value_lane(s, r->value, &number);
    if (!l || l->partition != partition)
        sim_fail(s, "%s-%d: the record at offset %lld was never sent there", p->topic, p->index, (long long)r->offset);
    struct fact *f = fact_learn(s, l, number, r->offset, "seen as");
    int64_t stamps[] = {r->timestamp, h->producer_id, h->producer_epoch, r->key.n};
    uint64_t hash = hash_bytes(stamps, sizeof stamps, hash_bytes(r->value.p, (size_t)r->value.n, 1)) | 1;
    if (f->hash && f->hash != hash)
        sim_fail(s, "%s-%d: the record at offset %lld has changed", p->topic, p->index, (long long)r->offset);
    f->hash = hash;
    if (auditing) order_check(s, p, l, number, r->offset);
}

static void batch_look(struct sim *s, int partition, struct slice batch, const struct batch_header *h, int64_t offset,
                       bool auditing)
{
    const struct told_partition *p = &s->history.partitions[partition];
    struct buf scratch = {0};
    struct slice payload;
    struct batch_records records;
    struct batch_record record;
    int64_t expected = h->base_offset;
    int rc = batch_payload(batch, h, DECOMPRESSED_BYTES_MAX, &scratch, &payload);
    if (rc == 0) batch_records_init(&records, h, payload);
    while (rc >= 0 && (rc = batch_records_next(&records, &record)) > 0) {
        if (record.offset != expected++)
            sim_fail(s, "%s-%d: offset %lld is missing", p->topic, p->index, (long long)expected - 1);
        if (record.offset >= offset) record_check(s, partition, h, &record, auditing);
    }
    if (rc < 0)
        sim_fail(s, "%s-%d: the batch at offset %lld cannot be read: %s", p->topic, p->index, (long long)h->base_offset,
                 err_name(rc));
    buf_release(&scratch);
}

int64_t history_fetched(struct sim *s, int partition, int64_t offset, int64_t high_watermark, struct slice records,
                        uint64_t sent, bool auditing)
{
    const struct told_partition *p = &s->history.partitions[partition];
    struct batch_header h;
    int64_t expected = -1; /* of the first batch: it holds `offset` */
    history_shown(s, partition, high_watermark, sent);
    while (records.n > 0) {
        int64_t size = batch_peek_size(records);
        if (size == ERR_RANGE || size > (int64_t)records.n) break; /* max_bytes cut it */
        int rc = size < 0 ? (int)size : batch_check(slice_of(records.p, (size_t)size), &h);
        int64_t due = expected < 0 ? offset : expected;
        bool fits = rc == 0 && (expected < 0 ? h.base_offset <= offset && batch_last_offset(&h) >= offset
                                             : h.base_offset == expected);
        if (!fits && rot_skip_unreadable(s, partition, &due)) return due; /* a client finds it out as well */
        if (rc < 0) sim_fail(s, "%s-%d: fetched at %lld: a damaged batch", p->topic, p->index, (long long)offset);
        if (!fits)
            sim_fail(s, "%s-%d: fetched at %lld: offsets %lld to %lld where %lld is due", p->topic, p->index,
                     (long long)offset, (long long)h.base_offset, (long long)batch_last_offset(&h), (long long)due);
        if (batch_last_offset(&h) >= high_watermark)
            sim_fail(s, "%s-%d: offset %lld is shown, the high watermark is %lld", p->topic, p->index,
                     (long long)batch_last_offset(&h), (long long)high_watermark);
        batch_look(s, partition, slice_of(records.p, (size_t)size), &h, offset, auditing);
        s->history.partitions[partition].facts[batch_last_offset(&h)].bytes = (int32_t)size;
        expected = batch_last_offset(&h) + 1;
        records = slice_of(records.p + size, records.n - (size_t)size);
    }
    return expected < 0 ? offset : expected;
}

/* --- after a start --- */

static void facts_forget(struct history *h, struct told_partition *p, int64_t end)
{
    for (int64_t offset = end; offset < p->end; offset++) {
        const struct fact *f = &p->facts[offset];
        struct lane *l = f->lane ? h->lanes[f->lane - 1] : NULL;
        if (l && l->offset_of[f->number] == offset) l->offset_of[f->number] = -1;
        p->unsettled_bytes += f->bytes; /* it was there when retention looked */
        p->facts[offset] = (struct fact){0};
    }
    if (p->end > end) p->end = end;
    if (p->shown > end) p->shown = end;
}

void history_recovered(struct sim *s, int partition, int64_t start, int64_t end)
{
    struct told_partition *p = &s->history.partitions[partition];
    int64_t floor = s->may_lose ? p->recovered : p->end > p->shown ? p->end : p->shown;
    if (floor > p->rotten) floor = p->rotten;
    if (p->flushed > p->rotten) p->flushed = p->rotten;
    trace_note(&s->trace, s->now_ns, "   %s-%d: %lld to %lld, at least %lld was promised", p->topic, p->index,
               (long long)start, (long long)end, (long long)floor);
    if (end < floor)
        sim_fail(s, "%s-%d: ends at offset %lld after the start, but offsets up to %lld were %s", p->topic, p->index,
                 (long long)end, (long long)floor - 1, s->may_lose ? "recovered by the start before" : "told");
    if (end < p->survived)
        sim_fail(s, "%s-%d: ends at offset %lld after the start, but the disk had kept offsets up to %lld", p->topic,
                 p->index, (long long)end, (long long)p->survived - 1);
    if (end < p->flushed)
        sim_fail(s, "%s-%d: ends at offset %lld after the start, but offset %lld had to be synced by then", p->topic,
                 p->index, (long long)end, (long long)p->flushed - 1);
    if (start < p->deleted)
        sim_fail(s, "%s-%d: begins at %lld, but records below %lld were deleted", p->topic, p->index, (long long)start,
                 (long long)p->deleted);
    if (s->stopped_clean && start < p->start)
        sim_fail(s, "%s-%d: begins at %lld after a clean stop, it was %lld before", p->topic, p->index,
                 (long long)start, (long long)p->start);
    if (start > end)
        sim_fail(s, "%s-%d: begins at %lld and ends at %lld", p->topic, p->index, (long long)start, (long long)end);
    /* A log that lost what lay below its start goes on there all the same; the records are lost, and who sent them.
     * Where a write failed, its bytes may be what the disk has kept of a place that was written again. */
    int64_t kept = s->may_lose && p->survived < end ? p->survived : end;
    bool writes_fail = s->plan.faults.write_error || s->plan.faults.full;
    if (s->may_lose && writes_fail && kept > p->recovered) kept = p->recovered;
    facts_forget(&s->history, p, kept);
    p->start = start;
    p->start_event = s->event_count;
    p->flushed = 0;
    p->rotten = INT64_MAX;
    if (start > p->judged) history_started(s, partition, start, 0);
    p->recovered = end;
}
