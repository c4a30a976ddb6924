#include "broker/log/segment.h"

#include <stdlib.h>

#include "lib/base/memory.h"

void segment_path(const char *dir, int64_t offset, const char *suffix, struct buf *out)
{
    buf_reset(out);
    buf_printf(out, "%s/%020lld.%s", dir, (long long)offset, suffix);
    buf_cstr(out);
}

static struct log_file *file_new(struct log_file_ids *ids, const char *dir, int64_t base, const char *suffix)
{
    struct buf path = {0};
    segment_path(dir, base, suffix, &path);
    struct log_file *f = log_file_new(ids, buf_cstr(&path), false);
    buf_release(&path);
    return f;
}

struct segment *segment_new(struct log_file_ids *ids, const char *dir, int64_t base_offset)
{
    struct segment *s = memory_new(sizeof *s);
    *s = (struct segment){
        .base_offset = base_offset,
        .log = file_new(ids, dir, base_offset, "log"),
        .index = file_new(ids, dir, base_offset, "index"),
        .time_index = file_new(ids, dir, base_offset, "timeindex"),
        .indexed = true,
        .first_timestamp = -1,
        .max_timestamp = -1,
        .max_timestamp_offset = -1,
    };
    return s;
}

void segment_free(struct segment *s)
{
    if (!s) return;
    log_file_unref(s->log);
    log_file_unref(s->index);
    log_file_unref(s->time_index);
    offset_index_release(&s->offsets);
    time_index_release(&s->times);
    buf_release(&s->snapshot);
    free(s);
}

static uint32_t relative(const struct segment *s, int64_t offset)
{
    return (uint32_t)(offset - s->base_offset);
}

/* The order is Kafka's: the largest timestamp counts the batch itself, and the entry names a batch whose
 * bytes are not yet counted. */
bool segment_take(struct segment *s, const struct batch_header *h, uint64_t index_interval)
{
    bool entry = s->since_index > index_interval;
    if (s->size == 0) s->first_timestamp = h->max_timestamp;
    if (h->max_timestamp > s->max_timestamp) {
        s->max_timestamp = h->max_timestamp;
        s->max_timestamp_offset = batch_last_offset(h);
    }
    if (entry) {
#if MILLRACE_SEEDED_BUG == 8 /* for tests/sim/bites.sh: an entry points behind its batch */
        offset_index_add(&s->offsets, relative(s, batch_last_offset(h)), (uint32_t)(s->size + batch_size(h)));
#else
        offset_index_add(&s->offsets, relative(s, batch_last_offset(h)), (uint32_t)s->size);
#endif
        if (s->max_timestamp >= 0) time_index_add(&s->times, s->max_timestamp, relative(s, s->max_timestamp_offset));
        s->since_index = 0;
    }
    s->since_index += batch_size(h);
    s->size += batch_size(h);
    return entry;
}

struct segment_mark segment_mark(const struct segment *s)
{
    return (struct segment_mark){
        .size = s->size,
        .since_index = s->since_index,
        .first_timestamp = s->first_timestamp,
        .max_timestamp = s->max_timestamp,
        .max_timestamp_offset = s->max_timestamp_offset,
        .offset_count = s->offsets.count,
        .time_count = s->times.count,
    };
}

void segment_undo(struct segment *s, const struct segment_mark *m)
{
    s->size = m->size;
    s->since_index = m->since_index;
    s->first_timestamp = m->first_timestamp;
    s->max_timestamp = m->max_timestamp;
    s->max_timestamp_offset = m->max_timestamp_offset;
    s->offsets.count = m->offset_count;
    s->times.count = m->time_count;
    if (s->offsets_sent > s->offsets.count) s->offsets_sent = s->offsets.count;
    if (s->times_sent > s->times.count) s->times_sent = s->times.count;
}

void segment_finish_times(struct segment *s)
{
    if (s->max_timestamp >= 0) time_index_add(&s->times, s->max_timestamp, relative(s, s->max_timestamp_offset));
}

bool segment_unreferenced(const struct segment *s)
{
    return s->log->references == 1 && s->index->references == 1 && s->time_index->references == 1;
}
