/* Where logs start: only ever further on, and only where retention allows it.
 *
 *     by time   every record that went is older than retention.ms
 *     by size   what is left behind the last record that went is at least retention.bytes
 *
 * What DeleteRecords was asked to take may be gone; once it is answered it is gone for good, over any crash.
 *
 * Segments go whole, so both hold for every record of them. What is left is known but for batches whose fate is not:
 * these count as there. After a kill or a power cut a log may start where it did before (its start is on disk only
 * from time to time), but what was judged once is not judged again. */
#include "tests/sim/sim.h"

void history_sent_bytes(struct told_partition *p, int64_t n)
{
    p->unsettled_bytes += n;
}

static int64_t bytes_from(const struct told_partition *p, int64_t offset)
{
    int64_t n = p->unsettled_bytes;
    for (; offset < p->end; offset++) n += p->facts[offset].bytes;
    return n;
}

static bool went_by_time(const struct sim *s, const struct fact *f)
{
    int64_t stamp_ms = s->history.lanes[f->lane - 1]->stamp_ms[f->number];
    return s->plan.retention_ms >= 0 && sim_wall_ms(s) - stamp_ms > s->plan.retention_ms;
}

/* The records of [p->judged, start) are gone. */
static void judge(struct sim *s, struct told_partition *p, int64_t start)
{
    int64_t last = start < p->end ? start : p->end;
    while (last > p->judged && (!p->facts[last - 1].lane || went_by_time(s, &p->facts[last - 1]))) last--;
    if (last > p->judged) { /* the record before it is too young */
        if (s->plan.retention_bytes < 0)
            sim_fail(s, "%s-%d: starts at %lld, but the record at %lld is too young to go", p->topic, p->index,
                     (long long)start, (long long)last - 1);
        int64_t left = bytes_from(p, last);
        if (left < s->plan.retention_bytes)
            sim_fail(s, "%s-%d: starts at %lld: only %lld bytes are left behind %lld, %lld were to stay", p->topic,
                     p->index, (long long)start, (long long)left, (long long)last - 1,
                     (long long)s->plan.retention_bytes);
    }
    p->judged = start;
}

void history_delete_asked(struct told_partition *p, int64_t offset)
{
    int64_t below = offset < 0 ? INT64_MAX : offset; /* -1: the high watermark, wherever that is by then */
    if (below > p->delete_asked) p->delete_asked = below;
}

void history_deleted(struct sim *s, int partition, int64_t start, uint64_t sent)
{
    struct told_partition *p = &s->history.partitions[partition];
    history_started(s, partition, start, sent);
    if (start > p->deleted) p->deleted = start;
}

void history_started(struct sim *s, int partition, int64_t start, uint64_t sent)
{
    struct told_partition *p = &s->history.partitions[partition];
    if (start < p->start && p->start_event < sent)
        sim_fail(s, "%s-%d: the log started at %lld and starts at %lld now", p->topic, p->index, (long long)p->start,
                 (long long)start);
    if (p->judged < p->delete_asked) p->judged = start < p->delete_asked ? start : p->delete_asked;
    if (start > p->judged) judge(s, p, start);
    if (start <= p->start) return;
    p->start = start;
    p->start_event = s->event_count;
}
