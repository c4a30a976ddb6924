/* Retention: which segments go. Whole segments from the oldest on, only below the high watermark.
 *
 *     by time   the segment's newest record is older than retention.ms; without timestamps its last append counts
 *     by size   the log would still hold retention.bytes without it
 *     by start  the log starts behind it
 *
 * If that takes the active segment too it is rolled first, so that the log always has one (T52). The files go
 * by a job once nobody refers to them. */
#include "broker/log/log_state.h"
#include "lib/base/memory.h"

static bool outdated(const struct log *log, int i, int64_t now_ms, int64_t size_before)
{
    const struct segment *s = log->segments[i];
    const struct log_config *c = &log->config;
    if (log_segment_end(log, i) <= log->offsets.start) return true;
    if (!c->deletes) return false;
#if MILLRACE_SEEDED_BUG == 5 /* for tests/sim/bites.sh: the segment itself is counted as what stays */
    size_before += (int64_t)s->size;
#endif
    int64_t newest = s->max_timestamp >= 0 ? s->max_timestamp : s->changed_ms;
    if (c->retention_ms >= 0 && now_ms - newest > c->retention_ms) return true;
    return c->retention_bytes >= 0 && size_before - (int64_t)s->size >= c->retention_bytes;
}

static int outdated_count(const struct log *log, int64_t now_ms)
{
    int64_t size = log->offsets.size_bytes;
    int n = 0;
    while (n < log->segment_count && log->segments[n]->size > 0 &&
           log_segment_end(log, n) <= log->high_watermark.offset && outdated(log, n, now_ms, size))
        size -= (int64_t)log->segments[n++]->size;
    return n;
}

/* Epochs of records that are gone: the last of them now begins where the log does. */
static void epochs_advance(struct log *log)
{
    int n = 0;
    while (n + 1 < log->epoch_count && log->epochs[n + 1].start_offset <= log->offsets.start) n++;
    bool later = log->epoch_count > 0 && log->epochs[n].start_offset < log->offsets.start;
    if (n == 0 && !later) return;
    log->epoch_count -= n;
    for (int i = 0; i < log->epoch_count; i++) log->epochs[i] = log->epochs[i + n];
    if (later) log->epochs[0].start_offset = log->offsets.start;
    log->epochs_dirty = true;
}

static void release_segment(struct log *log, struct segment *s)
{
    log->doomed = memory_grow(log->doomed, (size_t)log->doomed_count + 1, sizeof(struct segment *));
    log->doomed[log->doomed_count++] = s;
    log->offsets.size_bytes -= (int64_t)s->size;
    log_index_drop(s);
    s->rolled = false;
}

static void release_first(struct log *log, int n)
{
    if (n == log->segment_count) log_roll(log);
    for (int i = 0; i < n; i++) release_segment(log, log->segments[i]);
    log->segment_count -= n;
    for (int i = 0; i < log->segment_count; i++) log->segments[i] = log->segments[i + n];
    const struct segment *first = log->segments[0];
    if (log->offsets.start < first->base_offset) log->offsets.start = first->base_offset;
    log_durable_raise(log, log_mark(first, first->base_offset, 0)); /* what is gone needs no sync */
    epochs_advance(log);
}

static int below_start_count(const struct log *log)
{
    int n = 0;
    while (n < log->segment_count && log->segments[n]->size > 0 && log_segment_end(log, n) <= log->offsets.start) n++;
    return n;
}

bool log_raise_start(struct log *log, int64_t offset)
{
    if (offset > log->high_watermark.offset) return false;
    if (offset <= log->offsets.start) return true;
    log->offsets.start = offset;
    int n = below_start_count(log);
    if (n > 0)
        release_first(log, n);
    else
        epochs_advance(log);
    return true;
}

int log_retain(struct log *log, int64_t now_ms)
{
    log->jobs_wait = log->delete_waits = false;
    if (log->state != LOG_ONLINE) return 0;
    int64_t expiry = log->config.producer_id_expiration_ms;
#if MILLRACE_SEEDED_BUG == 9 /* for tests/sim/bites.sh: producers expire much too early */
    expiry /= 50;
#endif
    if (expiry > 0 && expiry < now_ms) producers_expire(&log->producers, now_ms - expiry);
    int n = outdated_count(log, now_ms);
    if (n > 0) release_first(log, n);
    return n;
}
