/* Reading: from an offset to a range of a file.
 *
 *     begin -- recent batches know it ---------------------------------------> range
 *       |
 *       +-- rolled segment: read a block of .index, by halves --+
 *       |                       ^                   |           |
 *       |                       +---- not yet ------+           v
 *       +-- active one: floor of the index in memory --> read some headers --> range
 *                                                            ^        |
 *                                                            +-further+
 *
 * Indexes of rolled segments are not kept in memory: a search takes some reads of 4 KiB from the page cache, and a
 * thousand segments that somebody once read cost nothing. Index files have no checksum: an entry must name the batch
 * that is found where it points to, or the segment is searched from its beginning.
 *
 * The search starts again from the beginning when the log changed under it (a segment went). */
#include <assert.h>

#include "broker/log/log_state.h"

enum stage { STAGE_INDEX = 1, STAGE_SCAN };

static const struct mark *limit_of(const struct log *log, const struct log_read *r)
{
    return r->isolation == LOG_VISIBLE ? &log->high_watermark : &log->written;
}

static const struct bad_range *bad_find(const struct log *log, int64_t offset)
{
    for (int i = 0; i < log->bad_count; i++)
        if (offset >= log->bad[i].from && offset < log->bad[i].to) return &log->bad[i];
    return NULL;
}

/* Where a range that begins at `at` has to stop because of damage. */
static uint64_t bad_limit(const struct log *log, const struct segment *s, uint64_t at, uint64_t limit)
{
    for (int i = 0; i < log->bad_count; i++) {
        const struct bad_range *b = &log->bad[i];
        if (b->segment_base == s->base_offset && b->position > at && b->position < limit) limit = b->position;
    }
    return limit;
}

/* Largest known beginning of a batch in (at, end]; `end` if none is known. Cuts a range at whole batches
 * where that costs nothing. */
static uint64_t whole_batches(const struct log *log, const struct segment *s, uint64_t at, uint64_t end)
{
    uint64_t boundary = s == log_active(log) ? recent_boundary(&log->recent, end) : 0;
    if (boundary <= at && s->indexed) boundary = offset_index_boundary(&s->offsets, end);
    return boundary > at ? boundary : end;
}

/* The batch that holds the offset begins at `at` and ends at `next`; nothing from `seen` on may be served. */
static enum log_read_outcome finish(const struct log *log, struct log_read *r, const struct segment *s, uint64_t at,
                                    uint64_t next, uint64_t seen)
{
    uint64_t limit = bad_limit(log, s, at, log_limit_in(s, limit_of(log, r)));
    if (limit > seen) limit = seen;
    uint64_t most = r->max_bytes > 0 ? (uint64_t)r->max_bytes : 0;
    if (next > limit) return LOG_READ_CORRUPT;
    r->file = s->log;
    r->at = at;
    r->length = limit - at;
    if (next - at > most) {
        if (!r->min_one) return LOG_READ_EMPTY;
        r->length = next - at;
    } else if (r->length > most) {
        uint64_t end = whole_batches(log, s, at, at + most);
        r->length = (end > next ? end : at + most) - at;
    }
    return LOG_READ_RANGE;
}

static enum log_read_outcome more(struct log_read *r, const struct segment *s, enum stage stage, uint64_t at,
                                  uint64_t length)
{
    r->segment_base = s->base_offset;
    r->stage = stage;
    r->file = stage == STAGE_INDEX ? s->index : s->log;
    r->at = at;
    r->length = length;
    return LOG_READ_MORE;
}

static enum log_read_outcome scan_from(const struct log *log, struct log_read *r, const struct segment *s, uint64_t at)
{
    uint64_t limit = log_limit_in(s, limit_of(log, r));
    if (at >= limit) { /* the index leads out of the file */
        if (r->position_last < 0 || r->doubted) return LOG_READ_CORRUPT;
        r->doubted = true;
        r->expected = s->base_offset;
        at = 0;
    }
    uint64_t most = LOG_SCAN_BYTES;
    if (read_known_to(s, at) == 0 && r->max_bytes > LOG_SCAN_BYTES)
        most = r->max_bytes < LOG_LOOK_BYTES ? (uint64_t)r->max_bytes : LOG_LOOK_BYTES;
    return more(r, s, STAGE_SCAN, at, limit - at < most ? limit - at : most);
}

static uint32_t relative_offset(const struct log_read *r, const struct segment *s)
{
    int64_t relative = r->offset > s->base_offset ? r->offset - s->base_offset : 0;
    return relative < UINT32_MAX ? (uint32_t)relative : UINT32_MAX;
}

static void found(struct log_read *r, const struct segment *s, uint32_t offset, uint32_t position)
{
    r->position = position;
    r->position_last = s->base_offset + offset;
    r->expected = position == 0 ? s->base_offset : -1;
}

/* The next block of the index file in the middle of what is left; or on to the headers. */
static enum log_read_outcome search(const struct log *log, struct log_read *r, const struct segment *s)
{
    enum { BLOCK_ENTRIES = 4096 / OFFSET_ENTRY_SIZE };
    uint32_t count = r->high - r->low, first = r->low;
    if (count == 0) return scan_from(log, r, s, r->position);
    if (count > BLOCK_ENTRIES) {
        first += (count - BLOCK_ENTRIES) / 2;
        count = BLOCK_ENTRIES;
    }
    return more(r, s, STAGE_INDEX, (uint64_t)first * OFFSET_ENTRY_SIZE, (uint64_t)count * OFFSET_ENTRY_SIZE);
}

/* Takes a block of entries into the search. A file that is too short ends it: the walk is longer then. */
static void search_block(struct log_read *r, const struct segment *s, struct slice data)
{
    uint32_t first = (uint32_t)(r->at / OFFSET_ENTRY_SIZE), count = (uint32_t)(data.n / OFFSET_ENTRY_SIZE);
    uint32_t key = relative_offset(r, s), below = 0;
    while (below < count && get_u32be(data.p + (size_t)below * OFFSET_ENTRY_SIZE) <= key) below++;
    if (below > 0) {
        const uint8_t *last = data.p + (size_t)(below - 1) * OFFSET_ENTRY_SIZE;
        found(r, s, get_u32be(last), get_u32be(last + 4));
        r->low = first + below;
    }
    if (below < count) r->high = first + below;
    if (count == 0) r->high = r->low;
}

static enum log_read_outcome read_in(const struct log *log, struct log_read *r, const struct segment *s)
{
    uint64_t at, next;
    r->position = 0;
    r->position_last = -1;
    r->doubted = false;
    r->expected = s->base_offset;
    if (s == log_active(log) && recent_find(&log->recent, r->offset, s->size, &at, &next) && read_known_to(s, at) > 0)
        return finish(log, r, s, at, bad_limit(log, s, at, next), read_known_to(s, at)); /* damage may lie in between */
    if (!s->indexed) {
        r->low = 0;
        r->high = (uint32_t)(s->index_size / OFFSET_ENTRY_SIZE);
        return search(log, r, s);
    }
    struct offset_entry e;
    if (offset_index_find(&s->offsets, relative_offset(r, s), &e)) found(r, s, e.offset, e.position);
    return scan_from(log, r, s, r->position);
}

enum log_read_outcome log_read_begin(struct log *log, struct log_read *r)
{
    r->file = NULL;
    r->at = r->length = 0;
    if (log->state >= LOG_DELETING) return LOG_READ_OUT_OF_RANGE;
    if (r->offset < log->offsets.start || r->offset > log->offsets.end) return LOG_READ_OUT_OF_RANGE;
    if (r->offset >= limit_of(log, r)->offset) return LOG_READ_EMPTY;
    if (bad_find(log, r->offset)) return LOG_READ_CORRUPT;
    int i = log_segment_find(log, r->offset);
    assert(i >= 0);
    return read_in(log, r, log->segments[i]);
}

/* The offset lies behind the last batch of its segment (compaction left a gap): on to the next one. */
static enum log_read_outcome read_next_segment(const struct log *log, struct log_read *r, const struct segment *s)
{
    int i = log_segment_find(log, s->base_offset) + 1;
    if (i >= log->segment_count || log->config.deletes) return LOG_READ_CORRUPT;
    if (log->segments[i]->base_offset >= limit_of(log, r)->offset) return LOG_READ_EMPTY;
    r->position_last = -1;
    r->expected = log->segments[i]->base_offset;
    return scan_from(log, r, log->segments[i], 0);
}

/* The entry that led here names another batch than the one that is here. */
static bool index_lied(const struct log_read *r, uint64_t at, bool nothing, const struct batch_header *h)
{
    if (r->position_last < 0 || r->doubted || at != r->position) return false;
    return nothing || batch_last_offset(h) != r->position_last;
}

static enum log_read_outcome scan_again(const struct log *log, struct log_read *r, const struct segment *s)
{
    r->doubted = true;
    r->expected = s->base_offset;
    return scan_from(log, r, s, 0);
}

/* The batch that is wanted begins at `at`. */
static enum log_read_outcome found_batch(const struct log *log, struct log_read *r, struct segment *s, uint64_t at,
                                         const struct batch_header *h, struct slice data)
{
    uint64_t known = read_known_to(s, at), size = batch_size(h);
    if (known == 0) {
        if (size > data.n - (at - r->at)) {
            bool asked = at == r->at && r->length >= size; /* then the file is too short */
            if (size > LOG_LOOK_BYTES_MAX || asked) return LOG_READ_CORRUPT;
            return more(r, s, STAGE_SCAN, at, size);
        }
        known = read_verify(log, r, s, at, log_limit_in(s, limit_of(log, r)), data);
        if (known == at) return LOG_READ_CORRUPT;
    }
    return finish(log, r, s, at, at + size, known);
}

static enum log_read_outcome scan(const struct log *log, struct log_read *r, struct segment *s, struct slice data)
{
    uint64_t at = r->at, limit = log_limit_in(s, limit_of(log, r));
    int64_t below = log_segment_end(log, log_segment_find(log, s->base_offset));
    struct batch_header h;
    while (at < limit) {
        const struct bad_range *bad = log_bad_at(log, s->base_offset, at);
        if (bad) at = bad->resume;
        if (bad) r->expected = bad->to;
        if (at >= limit) break;
        int have = read_header_at(r, at, data, &h);
        if (have == 0) return scan_from(log, r, s, at);
        if (index_lied(r, at, have < 0, &h)) return scan_again(log, r, s);
        if (have < 0 || !read_continues(log, &h, r->expected)) return LOG_READ_CORRUPT;
        if (batch_size(&h) > limit - at || batch_last_offset(&h) >= below) return LOG_READ_CORRUPT;
        /* Only compaction leaves gaps; anywhere else a missing offset was lost. */
        if (h.base_offset > r->offset && log->config.deletes) return LOG_READ_CORRUPT;
        if (batch_last_offset(&h) >= r->offset) return found_batch(log, r, s, at, &h, data);
        r->expected = batch_last_offset(&h) + 1;
        at += batch_size(&h);
    }
    return read_next_segment(log, r, s);
}

/* Where damage was met the scrub looks next: it knows what is readable behind it. */
static void scrub_next(struct log *log, const struct segment *s)
{
    if (s == log_active(log) || log->scrub_due) return;
    log->scrub_due = true;
    log->scrub_at = log_mark(s, s->base_offset, 0);
}

enum log_read_outcome log_read_continue(struct log *log, struct log_read *r, int err, struct slice data)
{
    int i = log_segment_find(log, r->segment_base);
    if (i < 0 || log->segments[i]->base_offset != r->segment_base || log->state >= LOG_DELETING)
        return log_read_begin(log, r);
    struct segment *s = log->segments[i];
    if (r->offset < log->offsets.start) return LOG_READ_OUT_OF_RANGE;
    if (err < 0 && (r->stage == STAGE_SCAN || r->doubted)) return LOG_READ_CORRUPT;
    if (err < 0) return scan_again(log, r, s); /* the index cannot be read */
    if (r->stage == STAGE_SCAN) {
        enum log_read_outcome outcome = scan(log, r, s, data);
        if (outcome == LOG_READ_CORRUPT) scrub_next(log, s);
        return outcome;
    }
    search_block(r, s, data);
    return search(log, r, s);
}
