/* Recovery of one segment.
 *
 *                 recovery point R
 *     ..... good ....|..... good .....X????    the first invalid batch at or above R ends the log:
 *                                     `-> NNN.log.cut-1
 *     .. good ..XXXX.... good ..|......        below R nothing is cut: a bad range is remembered, and the
 *               bad range                      search for the next whole batch goes on behind it
 *
 * CRCs are checked from R on; below, headers alone rebuild the indexes. Source of the rule: DESIGN in
 * docs/architecture.md; Kafka truncates at the first invalid batch wherever it is. */
#include <string.h>

#include "broker/log/recover.h"
#include "broker/log/scan.h"
#include "lib/base/memory.h"

enum { COPY_SIZE = 1 << 20 };

int recover_failed(struct recovery *x, const char *path, const char *what, int err)
{
    return err_set(x->error, err, "%s: %s: %s", path, what, err_name(err));
}

void recover_bad(struct recovery *x, const struct segment *s, int64_t from, int64_t to, uint64_t position,
                 uint64_t resume)
{
    struct log *log = x->log;
    log->bad = memory_grow(log->bad, (size_t)log->bad_count + 1, sizeof *log->bad);
    log->bad[log->bad_count++] = (struct bad_range){from, to, s->base_offset, position, resume};
}

/* ---- cutting ---- */

/* "NNN.log.cut-1", or the first number that is free. */
static int cut_name(struct recovery *x, const char *path, struct buf *out)
{
    for (int n = 1;; n++) {
        struct disk_file *f;
        buf_reset(out);
        buf_printf(out, "%s.cut-%d", path, n);
        int status = x->disk->call->open(x->disk, buf_cstr(out), DISK_READ, &f);
        if (status == ERR_NOTFOUND) return 0;
        if (status < 0) return status;
        x->disk->call->close(x->disk, f);
    }
}

static int copy_range(struct disk *d, struct disk_file *from, uint64_t at, uint64_t end, struct disk_file *to)
{
    struct buf part = {0};
    uint64_t start = at;
    int64_t got = 0;
    int status = d->call->truncate(d, to, 0);
    while (status == 0 && at < end) {
        size_t n = end - at < COPY_SIZE ? (size_t)(end - at) : COPY_SIZE;
        got = d->call->read_at(d, from, at, buf_reserve(&part, n), n);
        if (got <= 0) break;
        status = d->call->write_at(d, to, at - start, part.p, (size_t)got);
        at += (uint64_t)got;
    }
    buf_release(&part);
    if (status == 0 && got < 0) status = (int)got;
    return status ? status : d->call->sync(d, to);
}

/* Copies what is cut beside the segment, durably, before the segment is truncated: a crash in between
 * leaves a second copy, never none. */
static int keep_tail(struct recovery *x, const char *path, uint64_t at, uint64_t end, const char *kept)
{
    struct disk *d = x->disk;
    struct disk_file *from = NULL, *to = NULL;
    struct buf temporary = {0};
    buf_printf(&temporary, "%s.tmp", kept);
    int status = d->call->open(d, path, DISK_READ, &from);
    if (status == 0) status = d->call->open(d, buf_cstr(&temporary), DISK_CREATE, &to);
    if (status == 0) status = copy_range(d, from, at, end, to);
    if (from) d->call->close(d, from);
    if (to) d->call->close(d, to);
    if (status == 0) status = d->call->rename(d, buf_cstr(&temporary), kept);
    if (status == 0) status = d->call->sync_dir(d, x->log->dir);
    buf_release(&temporary);
    return status;
}

static int truncate_synced(struct disk *d, const char *path, uint64_t size)
{
    struct disk_file *f;
    int status = d->call->open(d, path, DISK_WRITE, &f);
    if (status < 0) return status;
    status = d->call->truncate(d, f, size);
    if (status == 0) status = d->call->sync(d, f);
    d->call->close(d, f);
    return status;
}

static int cut_tail(struct recovery *x, struct segment *s, uint64_t at, uint64_t end, const char *why)
{
    struct buf kept = {0};
    const char *path = s->log->path;
#if MILLRACE_SEEDED_BUG == 2 /* for tests/sim/bites.sh: a torn tail stays where it is */
    s->size = end;
    return 0;
#endif
    int status = cut_name(x, path, &kept);
    if (status == 0) status = keep_tail(x, path, at, end, buf_cstr(&kept));
    if (status == 0) status = truncate_synced(x->disk, path, at);
    if (status < 0) {
        recover_failed(x, path, "its invalid end cannot be cut off", status);
    } else {
        buf_printf(&x->report->text, "%s: cut %llu bytes at position %llu (offset %lld): %s; kept in %s\n", path,
                   (unsigned long long)(end - at), (unsigned long long)at, (long long)x->expected, why,
                   buf_cstr(&kept));
        x->report->cut_bytes += (int64_t)(end - at);
    }
    buf_release(&kept);
    return status;
}

static int remove_present(struct disk *d, const char *path)
{
    int status = d->call->remove(d, path);
    return status == ERR_NOTFOUND ? 0 : status;
}

int recover_aside(struct recovery *x, struct segment *s)
{
    struct buf kept = {0};
    struct scan size;
    const char *path = s->log->path;
    int status = cut_name(x, path, &kept);
    if (status == 0) status = scan_open(&size, x->disk, path);
    if (status == 0) {
        uint64_t bytes = size.end;
        scan_close(&size);
        status = x->disk->call->rename(x->disk, path, buf_cstr(&kept));
        x->report->cut_bytes += (int64_t)bytes;
        buf_printf(&x->report->text, "%s: follows the end of the log (offset %lld): %llu bytes kept in %s\n", path,
                   (long long)x->expected, (unsigned long long)bytes, buf_cstr(&kept));
    }
    if (status == 0) status = remove_present(x->disk, s->index->path);
    if (status == 0) status = remove_present(x->disk, s->time_index->path);
    if (status < 0) recover_failed(x, path, "cannot be moved aside", status);
    x->directory_changed = true;
    buf_release(&kept);
    return status;
}

/* ---- index files ---- */

static int write_file(struct disk *d, const char *path, struct slice content, bool durably)
{
    struct disk_file *f;
    int status = d->call->open(d, path, DISK_CREATE, &f);
    if (status < 0) return status;
    status = d->call->truncate(d, f, 0);
    if (status == 0) status = d->call->write_at(d, f, 0, content.p, content.n);
    if (status == 0 && durably) status = d->call->sync(d, f);
    d->call->close(d, f);
    return status;
}

/* Makes a file hold `content`. An active segment's index lags behind by up to a group of entries after a
 * crash; that is no damage, and it need not be durable before the segment is closed. */
static int index_settle(struct recovery *x, const char *path, const struct buf *content, bool may_lag)
{
    struct buf old = {0};
    int status = disk_read_all(x->disk, path, INT32_MAX, &old);
    bool missing = status == ERR_NOTFOUND;
    if (missing) status = 0;
    /* One without entries is made as well: Kafka complains of a log without its index files. */
    bool same = !missing && old.n == content->n && (old.n == 0 || memcmp(old.p, content->p, old.n) == 0);
    bool lags = may_lag && old.n <= content->n && (old.n == 0 || memcmp(old.p, content->p, old.n) == 0);
    if (status == 0 && !same) {
        status = write_file(x->disk, path, buf_slice(content), !may_lag);
        x->index_unsynced |= may_lag;
        x->directory_changed |= missing && !may_lag;
        if (!lags) x->report->indexes_rebuilt++;
        if (!lags)
            buf_printf(&x->report->text, "%s: %s; rebuilt\n", path, missing ? "missing" : "does not fit the log");
    }
    if (status < 0) recover_failed(x, path, "cannot be rebuilt", status);
    buf_release(&old);
    return status;
}

static int indexes_write(struct recovery *x, struct segment *s, bool active)
{
    struct buf offsets = {0}, times = {0};
    if (!active) segment_finish_times(s);
    offset_index_encode(&s->offsets, 0, &offsets);
    time_index_encode(&s->times, 0, &times);
    int status = index_settle(x, s->index->path, &offsets, active);
    if (status == 0) status = index_settle(x, s->time_index->path, &times, active);
    s->offsets_sent = s->offsets.count;
    s->times_sent = s->times.count;
    s->index_size = offsets.n;
    if (!active) log_index_drop(s);
    buf_release(&offsets);
    buf_release(&times);
    return status;
}

/* ---- scanning ---- */

static void times_resume(struct segment *s)
{
    if (s->times.count == 0) return;
    s->max_timestamp = s->times.entries[s->times.count - 1].timestamp;
    s->max_timestamp_offset = s->base_offset + s->times.entries[s->times.count - 1].offset;
}

/* What the index files say; after a crash only the part of them that ascends. False when that cannot be used. */
static bool indexes_read(struct recovery *x, struct segment *s, uint64_t log_size)
{
    struct buf bytes = {0};
    bool clean = x->info.clean;
    bool usable = disk_read_all(x->disk, s->index->path, INT32_MAX, &bytes) == 0 &&
                  (offset_index_parse(&s->offsets, buf_slice(&bytes), log_size) || !clean);
    buf_reset(&bytes);
    usable = usable && disk_read_all(x->disk, s->time_index->path, INT32_MAX, &bytes) == 0 &&
             (time_index_parse(&s->times, buf_slice(&bytes)) || !clean) && (log_size == 0 || s->times.count > 0);
    buf_release(&bytes);
    return usable;
}

/* After a crash: entries below the recovery point that the time index vouches for. An entry of that index says what
 * the largest timestamp up to its offset is, so the walk may begin at or before the offset of its last one; had
 * entries behind it been lost, it would only begin earlier. Its entries below the recovery point stay: also the one
 * that a clean stop added, where the walk would not make one. */
static void indexes_cut(const struct recovery *x, struct segment *s)
{
    int64_t below = x->info.recovery_point - s->base_offset;
    uint32_t vouched = s->times.count ? s->times.entries[s->times.count - 1].offset : 0;
    while (s->offsets.count > 0) {
        uint32_t last = s->offsets.entries[s->offsets.count - 1].offset;
        if (last < below && last <= vouched) break;
        s->offsets.count--;
    }
    while (s->times.count > 0 && s->times.entries[s->times.count - 1].offset >= below) s->times.count--;
}

static void indexes_forget(struct segment *s, struct scan *sc)
{
    offset_index_release(&s->offsets);
    time_index_release(&s->times);
    s->max_timestamp = s->max_timestamp_offset = -1;
    sc->position = 0;
}

/* The walk begins at the batch of the last index entry that can be relied on: after a clean shutdown that is the last
 * one, for the indexes are complete. */
static int start_at_last_entry(struct recovery *x, struct segment *s, struct scan *sc)
{
    bool usable = indexes_read(x, s, sc->end);
    if (usable && !x->info.clean) indexes_cut(x, s);
    int status = scan_header(sc);
    if (status == SCAN_BATCH && usable) {
        s->first_timestamp = sc->header.max_timestamp;
        times_resume(s);
        recover_epoch_seen(x, &sc->header);
    }
    if (status == SCAN_BATCH && usable && s->offsets.count > 0) {
        struct offset_entry last = s->offsets.entries[s->offsets.count - 1];
        sc->position = last.position;
        status = scan_header(sc);
        usable = status == SCAN_BATCH && batch_last_offset(&sc->header) == s->base_offset + last.offset;
        if (usable) x->expected = sc->header.base_offset;
        if (usable) s->size = last.position;
    }
    if (status < 0) return status;
    if (!usable) indexes_forget(s, sc);
    return 0;
}

/* A whole batch at the position that may stand there? */
static int judge(struct recovery *x, struct scan *sc, int64_t below)
{
    int status = scan_header(sc);
    if (status == SCAN_BATCH && batch_last_offset(&sc->header) >= x->verify_from) {
        status = scan_check(sc);
        x->report->verified_bytes += (int64_t)batch_size(&sc->header);
    }
    if (status != SCAN_BATCH) return status;
    /* The base offset lies outside of the CRC: that offsets are dense is what protects it. Compacted logs have
     * gaps, but not above the recovery point. */
    bool dense = x->log->config.deletes || x->expected >= x->info.recovery_point;
    bool fits = dense ? sc->header.base_offset == x->expected : sc->header.base_offset >= x->expected;
    /* The recovery point lies between two batches. */
    int64_t recovery_point = x->info.recovery_point;
    if (x->expected < recovery_point && below > recovery_point) below = recovery_point;
    if (fits && batch_last_offset(&sc->header) < below) return SCAN_BATCH;
    sc->why = "its offsets do not continue the log";
    return SCAN_BAD;
}

/* Damage below the recovery point: remembered, and on behind it. SCAN_BATCH or SCAN_END. */
static int pass_damage(struct recovery *x, struct segment *s, struct scan *sc, int64_t below)
{
    uint64_t position = sc->position;
    const char *why = sc->why;
    int64_t from = x->expected, limit = below < x->info.recovery_point ? below : x->info.recovery_point;
    /* What follows may lie above the recovery point; it stands as long as nothing is missing there. The point is where
     * a batch ended: one that reaches across it has a damaged base offset, and would take along what begins there. */
    int status;
    while ((status = scan_resync(sc, from, below)) == SCAN_BATCH && sc->header.base_offset != limit &&
           batch_last_offset(&sc->header) >= limit) {}
    if (status < 0) return status;
    x->expected = status == SCAN_BATCH ? sc->header.base_offset : limit;
    x->ended |= status == SCAN_END && limit < below; /* what follows lies above the recovery point */
    recover_bad(x, s, from, x->expected, position, sc->position);
    buf_printf(&x->report->text,
               "%s: damaged at position %llu: %s; offsets %lld to %lld cannot be read, nothing was cut\n", s->log->path,
               (unsigned long long)position, why, (long long)from, (long long)x->expected - 1);
    s->size = sc->position;
    return status;
}

static void take(struct recovery *x, struct segment *s, struct scan *sc, bool active)
{
    const struct batch_header *h = &sc->header;
    if (active) recent_push(&x->log->recent, h->base_offset, sc->position);
    recover_epoch_seen(x, h);
    log_epoch_note(x->log, h->leader_epoch, h->base_offset);
    segment_take(s, h, (uint64_t)x->log->config.index_interval_bytes);
    x->expected = batch_last_offset(h) + 1;
    scan_skip(sc);
}

/* The batch taken last, so that it can be doubted. */
struct previous {
    bool any;
    uint64_t position;
    int64_t expected;
    struct segment_mark segment;
};

/* Below the recovery point headers are believed, so a damaged length or offset shows only in that nothing fits
 * behind it. When the previous batch's CRC is wrong the damage begins there. */
static int doubt_previous(struct recovery *x, struct segment *s, struct scan *sc, struct previous *p)
{
    uint64_t position = sc->position;
    const char *why = sc->why;
    if (!p->any || x->expected > x->verify_from) return 0;
    sc->position = p->position;
    int status = scan_check(sc);
    if (status < 0) return status;
    if (status == SCAN_BAD) {
        segment_undo(s, &p->segment);
        recent_cut(&x->log->recent, p->expected);
        x->expected = p->expected;
        return 0;
    }
    sc->position = position;
    sc->why = why;
    return 0;
}

/* Whole batches at the recovery point whose offsets lie below it are left of damage there: a batch before them claims
 * theirs. They are passed over when the batch that goes on stands right behind them; else the log ends here, as
 * with anything else that does not fit above the recovery point. SCAN_BATCH or SCAN_BAD. */
static int pass_repeated(struct recovery *x, struct segment *s, struct scan *sc, int64_t below)
{
    uint64_t position = sc->position;
    const char *why = sc->why;
    int64_t from = x->expected;
    int status = SCAN_BAD;
    if (from != x->info.recovery_point) return SCAN_BAD;
    while ((status = scan_check(sc)) == SCAN_BATCH && batch_last_offset(&sc->header) < from) scan_skip(sc);
    if (status < 0) return status;
    if (status == SCAN_BATCH && sc->header.base_offset == from && batch_last_offset(&sc->header) < below) {
        recover_bad(x, s, from, from, position, sc->position);
        buf_printf(&x->report->text, "%s: damaged at position %llu: %s; passed over, nothing was cut\n", s->log->path,
                   (unsigned long long)position, why);
        s->size = sc->position;
        return SCAN_BATCH;
    }
    sc->position = position;
    sc->why = why;
    return SCAN_BAD;
}

static int walk(struct recovery *x, struct segment *s, struct scan *sc, int64_t below)
{
    int status;
    struct previous previous = {0};
    while ((status = judge(x, sc, below)) > SCAN_END) {
        if (status == SCAN_BAD) {
            status = doubt_previous(x, s, sc, &previous);
            if (status < 0) return status;
            bool durable = x->expected < x->info.recovery_point;
            status = durable ? pass_damage(x, s, sc, below) : pass_repeated(x, s, sc, below);
            if (status <= SCAN_END) return status;
            if (status == SCAN_BAD) {
                x->ended = x->expected < below; /* else the next segment goes on where this one ends */
                return cut_tail(x, s, sc->position, sc->end, sc->why);
            }
        }
        previous = (struct previous){true, sc->position, x->expected, segment_mark(s)};
        take(x, s, sc, below == INT64_MAX);
    }
    return status;
}

/* All batches are good, but there are fewer than the next segment's name promises: they were not yet on
 * disk when the machine stopped, or somebody shortened the file. */
static void judge_end(struct recovery *x, struct segment *s, int64_t below)
{
    int64_t recovery_point = x->info.recovery_point, from = x->expected;
    int64_t promised = below < recovery_point ? below : recovery_point;
    if (x->ended || from >= below) return;
    if (from < promised) {
        x->expected = promised;
        recover_bad(x, s, from, promised, s->size, s->size);
        buf_printf(&x->report->text, "%s: ends at offset %lld; offsets up to %lld were durable and are missing\n",
                   s->log->path, (long long)from, (long long)promised - 1);
        x->report->missing += promised - from;
    }
    x->ended = x->expected < below;
}

int recover_scan(struct recovery *x, struct segment *s, int64_t below)
{
    struct scan sc;
    bool active = below == INT64_MAX;
    x->expected = s->base_offset;
    int status = scan_open(&sc, x->disk, s->log->path);
    if (status < 0) return recover_failed(x, s->log->path, "cannot be opened", status);
    int64_t recovery_point = x->info.recovery_point;
    bool indexed = x->info.clean ? active : recovery_point > s->base_offset && recovery_point < below;
    if (indexed) status = start_at_last_entry(x, s, &sc);
    if (status == 0) status = walk(x, s, &sc, below);
    if (status < 0) recover_failed(x, s->log->path, "cannot be read", status);
    scan_close(&sc);
    if (status == 0) judge_end(x, s, below);
    s->named = true;
    if (s->base_offset < x->verify_from) s->unseen_to = s->size;
    if (status == 0) status = indexes_write(x, s, active || x->ended);
    return status;
}

/* ---- segments that are taken as they are ---- */

/* Size of a file and its last entry. */
static int last_entry(struct disk *d, const char *path, size_t entry_size, uint64_t *size, uint8_t *entry)
{
    struct disk_file *f;
    int status = d->call->open(d, path, DISK_READ, &f);
    if (status < 0) return status;
    int64_t n = d->call->size(d, f);
    *size = n > 0 ? (uint64_t)n : 0;
    if (n >= (int64_t)entry_size) n = d->call->read_at(d, f, (uint64_t)n - entry_size, entry, entry_size);
    d->call->close(d, f);
    return n < 0 ? (int)n : 0;
}

/* The last entry of an offset index file that is not above `offset` (relative), searched by halves: its file may be
 * large. */
static bool entry_floor(struct disk *d, const char *path, uint64_t size, uint32_t offset, struct offset_entry *out)
{
    struct disk_file *f;
    uint8_t bytes[OFFSET_ENTRY_SIZE];
    uint64_t low = 0, high = size / sizeof bytes; /* entries before `low` are not above it */
    bool found = false;
    if (d->call->open(d, path, DISK_READ, &f) < 0) return false;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (d->call->read_at(d, f, middle * sizeof bytes, bytes, sizeof bytes) != (int64_t)sizeof bytes) break;
        if (get_u32be(bytes) > offset) {
            high = middle;
            continue;
        }
        *out = (struct offset_entry){get_u32be(bytes), get_u32be(bytes + 4)};
        found = true;
        low = middle + 1;
    }
    d->call->close(d, f);
    return found;
}

uint64_t recover_floor(struct recovery *x, const struct segment *s, int64_t offset)
{
    struct offset_entry e;
    uint32_t relative = (uint32_t)(offset - s->base_offset);
    if (s->indexed) return offset_index_floor(&s->offsets, relative);
    return entry_floor(x->disk, s->index->path, s->index_size, relative, &e) ? e.position : 0;
}

/* No batch behind the one that the scan is at is newer than what the time index says. The recovery point may have
 * reached the segment's end before its roll was settled; a crash then leaves a time index without its last entry, which
 * is right in all that it says. Where timestamps ascend a complete index names the last batch, and nothing is read
 * here. */
static bool none_newer(const struct segment *s, struct scan *sc)
{
    int status;
    for (scan_skip(sc); (status = scan_header(sc)) == SCAN_BATCH; scan_skip(sc))
        if (sc->header.max_timestamp > s->max_timestamp && scan_check(sc) != SCAN_BAD) return false;
    return status == SCAN_END;
}

/* The last entry of a time index is the segment's largest timestamp: retention deletes by it, lookups pass the segment
 * over by it, and no checksum protects it. The batch that it names must say the same, unless that batch is the damaged
 * one; and after a crash those behind it must not say more. */
static bool newest_holds(struct recovery *x, const struct segment *s, struct scan *sc)
{
    enum { STEPS_MAX = 10000 };
    struct offset_entry e = {0};
    if (s->max_timestamp_offset < s->base_offset) return sc->end == 0;
    uint32_t relative = (uint32_t)(s->max_timestamp_offset - s->base_offset);
    bool any = entry_floor(x->disk, s->index->path, s->index_size, relative, &e);
    sc->position = any ? e.position : 0;
    for (int i = 0; i < STEPS_MAX && scan_header(sc) == SCAN_BATCH; i++) {
        const struct batch_header *h = &sc->header;
        if (i == 0 && any && batch_last_offset(h) != s->base_offset + e.offset) return false;
        if (h->base_offset > s->max_timestamp_offset) return false;
        if (batch_last_offset(h) >= s->max_timestamp_offset)
            return (h->max_timestamp == s->max_timestamp || scan_check(sc) == SCAN_BAD) &&
                   (x->info.clean || none_newer(s, sc));
        scan_skip(sc);
    }
    return false;
}

static bool settled_fits(struct recovery *x, struct segment *s, struct scan *sc, int64_t below)
{
    uint64_t log_size = sc->end;
    uint8_t offset[OFFSET_ENTRY_SIZE], time[TIME_ENTRY_SIZE];
    uint64_t offsets_size, times_size;
    if (last_entry(x->disk, s->index->path, sizeof offset, &offsets_size, offset) < 0) return false;
    if (last_entry(x->disk, s->time_index->path, sizeof time, &times_size, time) < 0) return false;
    if (offsets_size % sizeof offset || times_size % sizeof time) return false;
    if (log_size > 0 && times_size == 0) return false; /* the largest timestamp is always there */
    if (offsets_size > 0 && get_u32be(offset + 4) >= log_size) return false;
    if (offsets_size > 0 && s->base_offset + get_u32be(offset) >= below) return false;
    s->index_size = offsets_size;
    if (times_size > 0) {
        s->max_timestamp = (int64_t)get_u64be(time);
        s->max_timestamp_offset = s->base_offset + get_u32be(time + 8);
    }
    return s->max_timestamp_offset < below && newest_holds(x, s, sc);
}

int recover_settled(struct recovery *x, struct segment *s, int64_t below)
{
    struct scan sc;
    int status = scan_open(&sc, x->disk, s->log->path);
    if (status < 0) return recover_failed(x, s->log->path, "cannot be opened", status);
    uint64_t size = sc.end;
    bool fits = settled_fits(x, s, &sc, below);
    scan_close(&sc);
    if (!fits) {
        s->max_timestamp = s->max_timestamp_offset = -1;
        return recover_scan(x, s, below);
    }
    s->size = size;
    s->named = true;
    s->indexed = false;
    s->unseen_to = size;
    x->expected = below;
    return 0;
}
