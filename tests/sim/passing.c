/* The topic that comes and goes. Once a deletion is answered, nothing of what was there when it was asked for comes
 * back: no record that was acknowledged by then, no topic id that was told by then, not after a re-creation and not
 * after a crash.
 *
 *     record acknowledged ... delete sent ... delete answered ... fetch sent ... record seen: broken
 *
 * Records carry a number of their own as their value. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/kafka/batch.h"
#include "tests/sim/sim.h"

void passing_release(struct passing *p)
{
    free(p->acked);
    free(p->ids);
}

uint64_t passing_number(struct passing *p)
{
    if (p->count == p->capacity) {
        p->capacity = p->capacity ? p->capacity * 2 : 64;
        p->acked = memory_grow(p->acked, p->capacity, sizeof *p->acked);
    }
    p->acked[p->count] = 0;
    return p->count++;
}

void passing_acked(struct sim *s, uint64_t first, int32_t count)
{
    for (int32_t i = 0; i < count; i++) s->passing.acked[first + (uint64_t)i] = s->event_count;
}

void passing_deleted(struct sim *s, uint64_t sent)
{
    struct passing *p = &s->passing;
    if (sent <= p->deletion_sent) return;
    p->deletion_sent = sent;
    p->deletion_told = s->event_count;
}

/* Something that was known at `known` is shown in answer to a request that was sent at `sent`. */
static bool came_back(const struct passing *p, uint64_t known, uint64_t sent)
{
    return known && known < p->deletion_sent && sent > p->deletion_told;
}

void passing_id_told(struct sim *s, const struct kafka_uuid *id, uint64_t sent)
{
    struct passing *p = &s->passing;
    for (int i = 0; i < p->id_count; i++) {
        if (memcmp(&p->ids[i].id, id, sizeof *id) != 0) continue;
        if (came_back(p, p->ids[i].told, sent)) sim_fail(s, "a topic that was deleted is told with its old id");
        return;
    }
    p->ids = memory_grow(p->ids, (size_t)p->id_count + 1, sizeof *p->ids);
    p->ids[p->id_count++] = (struct passing_id){*id, s->event_count};
}

static void record_look(struct sim *s, const struct batch_record *r, uint64_t sent)
{
    const struct passing *p = &s->passing;
    uint64_t number = r->value.n == 8 ? get_u64be(r->value.p) : UINT64_MAX;
    if (number >= p->count) sim_fail(s, SIM_PASSING_TOPIC ": a record that was never sent there");
    if (came_back(p, p->acked[number], sent))
        sim_fail(s, SIM_PASSING_TOPIC ": offset %lld shows record %llu of a topic that was deleted",
                 (long long)r->offset, (unsigned long long)number);
}

static void batch_look(struct sim *s, struct slice batch, const struct batch_header *h, uint64_t sent)
{
    struct buf scratch = {0};
    struct slice payload;
    struct batch_records records;
    struct batch_record record;
    int rc = batch_payload(batch, h, 1 << 20, &scratch, &payload);
    if (rc == 0) batch_records_init(&records, h, payload);
    while (rc >= 0 && (rc = batch_records_next(&records, &record)) > 0) record_look(s, &record, sent);
    if (rc < 0) sim_fail(s, SIM_PASSING_TOPIC ": the batch at %lld cannot be read", (long long)h->base_offset);
    buf_release(&scratch);
}

void passing_fetched(struct sim *s, struct slice records, uint64_t sent)
{
    struct batch_header h;
    while (records.n > 0) {
        int64_t size = batch_peek_size(records);
        if (size == ERR_RANGE || size > (int64_t)records.n) return; /* max_bytes cut it */
        if (size < 0 || batch_check(slice_of(records.p, (size_t)size), &h) < 0)
            sim_fail(s, SIM_PASSING_TOPIC ": a damaged batch");
        batch_look(s, slice_of(records.p, (size_t)size), &h, sent);
        records = slice_of(records.p + size, records.n - (size_t)size);
    }
}
