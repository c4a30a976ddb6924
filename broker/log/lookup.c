/* Lookups by time, on a helper thread: the time index leads to an offset, the offset index to a batch, and the
 * first batch whose max_timestamp is large enough is opened to find the record (KIP-33, T37).
 *
 * The plan names all files of the log below the high watermark, so that the thread needs nothing else. */
#include <stdlib.h>

#include "broker/log/log_state.h"
#include "broker/log/scan.h"
#include "lib/base/memory.h"

enum { LOOKUP_BYTES_MAX = 256 << 20 }; /* of one decompressed batch */

/* An entry of the time index, and where the offset index says that its batch is at or behind. Neither file has a
 * checksum: both are held against the log before they are believed. */
struct lookup_hint {
    uint64_t position;
    int64_t position_last; /* the last offset of the batch there; -1: the segment's first batch */
    int64_t offset, timestamp;
};

enum { HINTS = 2 }; /* the entry to begin at, and the one before it should that be damaged */

struct lookup_segment {
    struct log_file *log, *index, *time_index; /* referenced */
    int64_t base_offset, max_timestamp;
    uint64_t limit;
    bool inexact; /* the largest timestamp may be that of a batch above the limit, or below the start */
    bool final;   /* the index files have the hints; else they were taken from memory */
    struct lookup_hint hints[HINTS];
    int hint_count;
};

struct log_lookup_plan {
    struct lookup_segment *segments;
    int count;
    int64_t start; /* offsets below are not looked at */
    bool dense;    /* never compacted: offsets have no gaps */
    struct bad_range *bad;
    int bad_count;
};

/* The last entries that are not newer than the timestamp, the latest first. */
static void hints_take(struct lookup_segment *out, const struct time_index *times, const struct offset_index *offsets,
                       int64_t timestamp)
{
    uint32_t n = times->count;
    while (n > 0 && times->entries[n - 1].timestamp > timestamp) n--;
    for (out->hint_count = 0; n > 0 && out->hint_count < HINTS; n--) {
        struct time_entry t = times->entries[n - 1];
        struct offset_entry e;
        bool any = offset_index_find(offsets, t.offset, &e);
        out->hints[out->hint_count++] = (struct lookup_hint){
            .position = any ? e.position : 0,
            .position_last = any ? out->base_offset + e.offset : -1,
            .offset = out->base_offset + t.offset,
            .timestamp = t.timestamp,
        };
    }
}

static bool wanted(const struct segment *s, int64_t timestamp)
{
    return timestamp == LOG_LOOKUP_MAX_TIMESTAMP ? s->max_timestamp >= 0 : s->max_timestamp >= timestamp;
}

static void plan_segment(struct log_lookup_plan *p, const struct log *log, const struct segment *s, int64_t timestamp)
{
    struct lookup_segment *out = &p->segments[p->count++];
    *out = (struct lookup_segment){
        .log = log_file_ref(s->log),
        .index = log_file_ref(s->index),
        .time_index = log_file_ref(s->time_index),
        .base_offset = s->base_offset,
        .max_timestamp = s->max_timestamp,
        .limit = log_limit_in(s, &log->high_watermark),
        .inexact =
            s->max_timestamp_offset >= log->high_watermark.offset || s->max_timestamp_offset < log->offsets.start,
        .final = s != log_active(log) && !s->rolled,
    };
    /* The files of a segment that is not final lag behind, or hold entries of an append that was undone. */
    if (out->final) return;
    if (timestamp == LOG_LOOKUP_MAX_TIMESTAMP) timestamp = s->max_timestamp;
    if (!out->inexact) hints_take(out, &s->times, &s->offsets, timestamp);
}

struct log_lookup *log_lookup_new(struct log *log, int64_t timestamp)
{
    struct log_lookup *l = memory_new(sizeof *l);
    struct log_lookup_plan *p = memory_new(sizeof *p);
    *l =
        (struct log_lookup){.timestamp = timestamp, .offset = -1, .found_timestamp = -1, .leader_epoch = -1, .plan = p};
    p->segments = memory_new((size_t)log->segment_count * sizeof *p->segments);
    p->start = log->offsets.start;
    p->dense = log->config.deletes;
    for (int i = 0; i < log->segment_count && log->state < LOG_DELETING; i++) {
        const struct segment *s = log->segments[i];
        if (log_limit_in(s, &log->high_watermark) > 0 && wanted(s, timestamp)) plan_segment(p, log, s, timestamp);
    }
    p->bad_count = log->bad_count;
    p->bad = log->bad_count ? memory_copy(log->bad, (size_t)log->bad_count * sizeof *log->bad) : NULL;
    return l;
}

void log_lookup_free(struct log_lookup *l)
{
    if (!l) return;
    for (int i = 0; i < l->plan->count; i++) {
        log_file_unref(l->plan->segments[i].log);
        log_file_unref(l->plan->segments[i].index);
        log_file_unref(l->plan->segments[i].time_index);
    }
    free(l->plan->segments);
    free(l->plan->bad);
    free(l->plan);
    free(l);
}

/* Index files may be missing or behind: then the walk begins earlier, never later. */
static void hints_read(struct disk *disk, struct lookup_segment *s, int64_t timestamp)
{
    struct time_index times = {0};
    struct offset_index offsets = {0};
    struct buf bytes = {0};
    if (disk_read_all(disk, s->time_index->path, INT32_MAX, &bytes) == 0) time_index_parse(&times, buf_slice(&bytes));
    buf_reset(&bytes);
    if (disk_read_all(disk, s->index->path, INT32_MAX, &bytes) == 0)
        offset_index_parse(&offsets, buf_slice(&bytes), s->limit);
    hints_take(s, &times, &offsets, timestamp);
    time_index_release(&times);
    offset_index_release(&offsets);
    buf_release(&bytes);
}

static bool continues(const struct log_lookup_plan *p, const struct batch_header *h, int64_t expected)
{
    if (expected < 0) return true;
    return p->dense ? h->base_offset == expected : h->base_offset >= expected;
}

/* Whether the batch that a hint names is where it says, and holds its timestamp. */
static bool hint_holds(const struct log_lookup_plan *p, struct scan *sc, const struct lookup_segment *s,
                       const struct lookup_hint *hint)
{
    int64_t expected = hint->position == 0 ? s->base_offset : -1;
    sc->position = hint->position;
    while (scan_check(sc) == SCAN_BATCH && continues(p, &sc->header, expected)) {
        const struct batch_header *h = &sc->header;
        bool first = sc->position == hint->position && hint->position_last >= 0;
        if (first && batch_last_offset(h) != hint->position_last) return false;
        expected = batch_last_offset(h) + 1;
        if (expected > hint->offset) return h->base_offset <= hint->offset && h->max_timestamp == hint->timestamp;
        scan_skip(sc);
    }
    return false;
}

/* Sets the position to begin at, and the offset that the batch there begins with (-1: vouched for by the hint). */
static void begin_at(const struct log_lookup_plan *p, struct scan *sc, const struct lookup_segment *s,
                     int64_t *expected)
{
    for (int i = 0; i < s->hint_count; i++) {
        if (!hint_holds(p, sc, s, &s->hints[i])) continue;
        sc->position = s->hints[i].position;
        *expected = sc->position == 0 ? s->base_offset : -1;
        return;
    }
    sc->position = 0;
    *expected = s->base_offset;
}

/* The first record of the batch at the position that has timestamp >= `timestamp`. */
static int look_into(struct log_lookup *l, struct scan *sc, int64_t timestamp)
{
    struct slice batch, payload;
    struct buf scratch = {0};
    struct batch_records records;
    struct batch_record r;
    int status = scan_batch(sc, &batch);
    if (status == 0) status = batch_payload(batch, &sc->header, LOOKUP_BYTES_MAX, &scratch, &payload);
    if (status == 0) batch_records_init(&records, &sc->header, payload);
    while (status == 0 && (status = batch_records_next(&records, &r)) == 1) {
        status = 0;
        if (r.timestamp < timestamp || r.offset < l->plan->start) continue;
        l->found = true;
        l->offset = r.offset;
        l->found_timestamp = r.timestamp;
        l->leader_epoch = sc->header.leader_epoch;
        break;
    }
    buf_release(&scratch);
    return status;
}

static const struct bad_range *bad_at(const struct log_lookup_plan *p, int64_t base, uint64_t position)
{
    for (int i = 0; i < p->bad_count; i++)
        if (p->bad[i].segment_base == base && p->bad[i].position == position) return &p->bad[i];
    return NULL;
}

/* Headers are only as good as their CRC, and offsets as good as those before them. */
static int look_through(struct log_lookup *l, struct scan *sc, const struct lookup_segment *s, int64_t timestamp,
                        int64_t expected)
{
    int status = 0;
    while (status == 0 && !l->found) {
        const struct bad_range *bad = bad_at(l->plan, s->base_offset, sc->position);
        if (bad) sc->position = bad->resume;
        if (bad) expected = bad->to;
        status = scan_check(sc);
        if (status <= SCAN_END) return status;
        if (status == SCAN_BAD || !continues(l->plan, &sc->header, expected)) return ERR_CORRUPT;
        expected = batch_last_offset(&sc->header) + 1;
        status = 0;
        if (sc->header.max_timestamp >= timestamp && batch_last_offset(&sc->header) >= l->plan->start)
            status = look_into(l, sc, timestamp);
        scan_skip(sc);
    }
    return status;
}

static int look_in_segment(struct log_lookup *l, struct disk *disk, struct lookup_segment *s, int64_t timestamp)
{
    struct scan sc;
    int64_t expected;
    int status = scan_open(&sc, disk, s->log->path);
    if (status < 0) return status;
    if (sc.end > s->limit) sc.end = s->limit;
    if (s->final) hints_read(disk, s, timestamp);
    begin_at(l->plan, &sc, s, &expected);
    status = look_through(l, &sc, s, timestamp, expected);
    scan_close(&sc);
    return status;
}

/* Replaces a segment's largest timestamp by that of the batches below the limit and not below the start. */
static int make_exact(struct log_lookup *l, struct disk *disk, struct lookup_segment *s)
{
    struct scan sc;
    int status = scan_open(&sc, disk, s->log->path);
    if (status < 0) return status;
    if (sc.end > s->limit) sc.end = s->limit;
    s->max_timestamp = -1;
    while ((status = scan_header(&sc)) > SCAN_END) {
        const struct bad_range *bad = bad_at(l->plan, s->base_offset, sc.position);
        if (bad) {
            sc.position = bad->resume;
            continue;
        }
        if (status == SCAN_BAD) break;
        if (sc.header.max_timestamp > s->max_timestamp && batch_last_offset(&sc.header) >= l->plan->start)
            s->max_timestamp = sc.header.max_timestamp;
        scan_skip(&sc);
    }
    scan_close(&sc);
    return status == SCAN_BAD ? ERR_CORRUPT : status;
}

static int largest_timestamp(struct log_lookup *l, struct disk *disk, int64_t *largest)
{
    int status = 0;
    *largest = -1;
    for (int i = 0; status == 0 && i < l->plan->count; i++) {
        struct lookup_segment *s = &l->plan->segments[i];
        if (s->inexact) status = make_exact(l, disk, s);
        if (s->max_timestamp > *largest) *largest = s->max_timestamp;
    }
    return status;
}

int log_lookup_run(struct log_lookup *l, struct disk *disk)
{
    int64_t timestamp = l->timestamp;
    int status = 0;
    if (timestamp == LOG_LOOKUP_MAX_TIMESTAMP) status = largest_timestamp(l, disk, &timestamp);
    if (timestamp < 0 && l->timestamp == LOG_LOOKUP_MAX_TIMESTAMP) return status; /* no record has a timestamp */
    for (int i = 0; status == 0 && !l->found && i < l->plan->count; i++)
        if (l->plan->segments[i].max_timestamp >= timestamp)
            status = look_in_segment(l, disk, &l->plan->segments[i], timestamp);
    return status;
}
