/* Opening a log directory: what is there, which segments must be looked into, what is remembered beside
 * them (producers, epochs), and that everything recovered is durable before anybody sees it. */
#include <stdlib.h>
#include <string.h>

#include "broker/log/recover.h"
#include "broker/log/scan.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"

enum { OFFSET_DIGITS = 20, SNAPSHOT_BYTES_MAX = 64 << 20, SMALL_FILE_MAX = 1 << 20 };

void log_report_release(struct log_report *r)
{
    buf_release(&r->text);
    *r = (struct log_report){0};
}

/* ---- the directory ---- */

struct offset_list {
    int64_t *items;
    int count;
};

struct listing {
    struct offset_list logs, indexes, times, snapshots;
    struct buf leftovers; /* names, each with its NUL: deletions and replacements that a crash interrupted */
};

static void list_release(struct listing *l)
{
    free(l->logs.items);
    free(l->indexes.items);
    free(l->times.items);
    free(l->snapshots.items);
    buf_release(&l->leftovers);
}

static void offsets_add(struct offset_list *l, int64_t offset)
{
    l->items = memory_grow(l->items, (size_t)l->count + 1, sizeof *l->items);
    l->items[l->count++] = offset;
}

static bool offsets_have(const struct offset_list *l, int64_t offset)
{
    for (int i = 0; i < l->count; i++)
        if (l->items[i] == offset) return true;
    return false;
}

static bool ends_with(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);
    return n >= m && strcmp(name + n - m, suffix) == 0;
}

/* Names come in byte order, so offsets come ascending. */
static void list_name(void *context, const char *name, bool is_dir)
{
    struct listing *l = context;
    int64_t offset;
    if (is_dir) return;
    if (ends_with(name, ".deleted") || ends_with(name, ".tmp")) buf_append(&l->leftovers, name, strlen(name) + 1);
    if (strlen(name) <= OFFSET_DIGITS || !text_to_i64(slice_of(name, OFFSET_DIGITS), &offset) || offset < 0) return;
    const char *suffix = name + OFFSET_DIGITS;
    if (strcmp(suffix, ".log") == 0) offsets_add(&l->logs, offset);
    if (strcmp(suffix, ".index") == 0) offsets_add(&l->indexes, offset);
    if (strcmp(suffix, ".timeindex") == 0) offsets_add(&l->times, offset);
    if (strcmp(suffix, ".snapshot") == 0) offsets_add(&l->snapshots, offset);
}

static int remove_one(struct recovery *x, const char *path)
{
    int status = x->disk->call->remove(x->disk, path);
    if (status == ERR_NOTFOUND) return 0;
    x->directory_changed = true;
    return status < 0 ? recover_failed(x, path, "cannot be removed", status) : 0;
}

static int remove_leftovers(struct recovery *x, const struct listing *l)
{
    struct buf path = {0};
    int status = 0;
    for (size_t at = 0; status == 0 && at < l->leftovers.n;) {
        const char *name = (const char *)l->leftovers.p + at;
        buf_reset(&path);
        buf_printf(&path, "%s/%s", x->log->dir, name);
        status = remove_one(x, buf_cstr(&path));
        at += strlen(name) + 1;
    }
    buf_release(&path);
    return status;
}

/* Index files whose segment is gone. */
static int remove_orphans(struct recovery *x, const struct listing *l, const struct offset_list *of, const char *suffix)
{
    struct buf path = {0};
    int status = 0;
    for (int i = 0; status == 0 && i < of->count; i++) {
        if (offsets_have(&l->logs, of->items[i])) continue;
        segment_path(x->log->dir, of->items[i], suffix, &path);
        status = remove_one(x, (const char *)path.p);
    }
    buf_release(&path);
    return status;
}

/* ---- small files ---- */

static int small_read(struct recovery *x, const char *name, struct buf *path, struct buf *text)
{
    buf_printf(path, "%s/%s", x->log->dir, name);
    int status = disk_read_all(x->disk, buf_cstr(path), SMALL_FILE_MAX, text);
    if (status == ERR_IO) return recover_failed(x, buf_cstr(path), "cannot be read", status);
    return status;
}

/* A damaged file is told, not fatal: the topic id also stands in the metadata log. */
static int metadata_load(struct recovery *x)
{
    struct buf path = {0}, text = {0};
    struct err_text why = {""};
    int status = small_read(x, "partition.metadata", &path, &text);
    if (status == 0) status = partition_metadata_parse(buf_slice(&text), buf_cstr(&path), x->log->topic_id, &why);
    if (why.text[0]) buf_printf(&x->report->text, "%s\n", why.text);
    buf_release(&path);
    buf_release(&text);
    return status == ERR_IO ? status : 0;
}

/* Epochs come from the file, or (`*lost`) again from the batches. */
static int epochs_load(struct recovery *x, bool *lost)
{
    struct buf path = {0}, text = {0};
    struct err_text why = {""};
    struct log *log = x->log;
    int status = small_read(x, "leader-epoch-checkpoint", &path, &text);
    if (status == 0) status = epochs_parse(buf_slice(&text), buf_cstr(&path), &log->epochs, &log->epoch_count, &why);
    if (why.text[0]) buf_printf(&x->report->text, "%s; read again from the batches\n", why.text);
    *lost = status < 0;
    buf_release(&path);
    buf_release(&text);
    return status == ERR_IO ? status : 0;
}

/* Whether what the file says fits the batches; if not it counts as lost. */
static int epochs_compare(struct recovery *x, bool *lost)
{
    int status = *lost ? 0 : recover_epochs_check(x);
    if (status < 0 || *lost || !x->epochs_doubted) return status;
    buf_printf(&x->report->text, "%s/leader-epoch-checkpoint: does not fit the batches; read again from them\n",
               x->log->dir);
    *lost = true;
    return 0;
}

static void epochs_cut(struct log *log, int64_t end)
{
    while (log->epoch_count && log->epochs[log->epoch_count - 1].start_offset > end) {
        log->epoch_count--;
        log->epochs_dirty = true;
    }
}

/* ---- segments ---- */

static int segments_aside(struct recovery *x, int from)
{
    struct log *log = x->log;
    int status = 0;
    for (int i = from; status == 0 && i < log->segment_count; i++) status = recover_aside(x, log->segments[i]);
    if (status < 0) return status;
    while (log->segment_count > from) segment_free(log->segments[--log->segment_count]);
    return 0;
}

static int segments_load(struct recovery *x, const struct listing *l)
{
    struct log *log = x->log;
    int status = 0;
    for (int i = 0; i < l->logs.count; i++) log_segment_add(log, l->logs.items[i]);
    x->report->segments = log->segment_count;
    if (log->segment_count == 0) return 0;
    x->expected = log->segments[0]->base_offset;
    for (int i = 0; status == 0 && !x->ended && i < log->segment_count; i++) {
        int64_t below = i + 1 < log->segment_count ? log->segments[i + 1]->base_offset : INT64_MAX;
        bool settled = below < INT64_MAX && (x->info.clean || below <= x->info.recovery_point);
        status = settled ? recover_settled(x, log->segments[i], below) : recover_scan(x, log->segments[i], below);
        if (status == 0 && x->ended) status = segments_aside(x, i + 1);
    }
    return status;
}

/* Offsets below the recovery point were given out: when no file holds the last of them, the log goes on
 * behind them all the same, in a new segment. */
static void segments_end(struct recovery *x)
{
    struct log *log = x->log;
    int64_t floor = x->info.recovery_point > x->info.log_start ? x->info.recovery_point : x->info.log_start;
    log->offsets.end = x->expected;
    if (log->segment_count == 0) {
        log->offsets.end = x->expected = floor;
        log_segment_add(log, floor);
        if (floor > 0)
            buf_printf(&x->report->text, "%s: no segment; goes on at offset %lld\n", log->dir, (long long)floor);
        return;
    }
    const struct segment *last = log_active(log);
    if (x->expected < floor) {
        recover_bad(x, last, x->expected, floor, last->size, last->size);
        /* Below the log start nobody misses them: retention was about to remove the file. */
        int64_t from = x->expected > x->info.log_start ? x->expected : x->info.log_start;
        if (from < floor)
            buf_printf(&x->report->text, "%s: ends at offset %lld; offsets up to %lld were durable and are missing\n",
                       last->log->path, (long long)x->expected, (long long)floor - 1);
        x->report->missing += floor - from;
        log->offsets.end = x->expected = floor;
    }
    bool damaged_end = log->bad_count && log->bad[log->bad_count - 1].to == log->offsets.end;
    if (damaged_end && last->base_offset < log->offsets.end) log_roll(log);
}

/* ---- producers ---- */

static int snapshot_load(struct recovery *x, int64_t offset, bool *good)
{
    struct buf path = {0}, bytes = {0};
    segment_path(x->log->dir, offset, "snapshot", &path);
    int status = disk_read_all(x->disk, (const char *)path.p, SNAPSHOT_BYTES_MAX, &bytes);
    if (status == 0) status = producers_decode(&x->log->producers, buf_slice(&bytes), x->info.now_ms);
    *good = status == 0;
    if (status < 0) {
        producers_release(&x->log->producers);
        buf_printf(&x->report->text, "%s: not used: %s\n", (const char *)path.p, err_name(status));
        status = remove_one(x, (const char *)path.p);
    }
    buf_release(&path);
    buf_release(&bytes);
    return status;
}

static bool segment_begins_at(const struct log *log, int64_t offset)
{
    int i = log_segment_find(log, offset);
    return i >= 0 && log->segments[i]->base_offset == offset;
}

/* Loads the newest good snapshot that is not above the end. Those above speak of records that were cut; older
 * ones are kept with their segments only. */
static int snapshots_load(struct recovery *x, const struct listing *l, int64_t *from)
{
    struct buf path = {0};
    bool good = false;
    int status = 0;
    *from = x->log->offsets.start;
    for (int i = l->snapshots.count - 1; status == 0 && i >= 0; i--) {
        int64_t offset = l->snapshots.items[i];
        bool stray = !segment_begins_at(x->log, offset), load = !good && offset <= x->expected;
        segment_path(x->log->dir, offset, "snapshot", &path);
        if (load) {
            status = snapshot_load(x, offset, &good);
            if (good) *from = x->log->snapshot_end = offset;
            if (good && stray) x->log->snapshot_at = offset;
        } else if (stray || offset > x->expected) {
            status = remove_one(x, (const char *)path.p);
        }
    }
    buf_release(&path);
    return status;
}

/* The producer of the batch that the scan is at. Below what was verified its CRC is checked first: a turned bit in its
 * epoch would fence the producer. */
static int replay_producer(struct recovery *x, struct scan *sc)
{
    bool verified = sc->header.base_offset >= x->verify_from;
    int status = verified ? SCAN_BATCH : scan_check(sc);
    if (status == SCAN_BATCH) producers_update(&x->log->producers, &sc->header, x->info.now_ms, NULL);
    return status < 0 ? status : 0;
}

static int replay_segment(struct recovery *x, const struct segment *s, int64_t from, bool epochs)
{
    struct scan sc;
    struct log *log = x->log;
    int status = scan_open(&sc, x->disk, s->log->path);
    if (status == ERR_NOTFOUND) return 0; /* made by segments_end, not on disk yet */
    if (status < 0) return recover_failed(x, s->log->path, "cannot be opened", status);
    if (!epochs && s->indexed && from > s->base_offset)
        sc.position = offset_index_floor(&s->offsets, (uint32_t)(from - s->base_offset));
    while ((status = scan_header(&sc)) > SCAN_END) {
        const struct bad_range *bad = log_bad_at(log, s->base_offset, sc.position);
        if (bad) {
            sc.position = bad->resume;
            continue;
        }
        if (status == SCAN_BAD && (status = scan_resync(&sc, s->base_offset, x->expected)) <= SCAN_END) break;
        const struct batch_header *h = &sc.header;
        if (epochs) recover_epoch_note(x, h);
        if (h->producer_id >= 0 && !batch_is_control(h) && h->base_offset >= from &&
            (status = replay_producer(x, &sc)) < 0)
            break;
        scan_skip(&sc);
    }
    scan_close(&sc);
    return status < 0 ? recover_failed(x, s->log->path, "cannot be read", status) : 0;
}

/* A segment whose roll was not settled has no snapshot at its end on disk: should retention take it, this is the one
 * that stays (step_last_snapshot). */
static void snapshot_keep(struct recovery *x, int i, int64_t from)
{
    const struct log *log = x->log;
    if (i + 1 >= log->segment_count || log_segment_end(log, i) <= from) return;
    producers_encode(&log->producers, &log->segments[i]->snapshot);
}

/* Producers from the snapshot on, epochs (if their file was lost) from the start. */
static int replay(struct recovery *x, int64_t from, bool epochs)
{
    struct log *log = x->log;
    int status = 0;
    int64_t first = epochs ? log->offsets.start : from;
    if (epochs) log->epoch_count = 0;
    for (int i = log_segment_find(log, first); status == 0 && first < x->expected && i < log->segment_count; i++) {
        if (i < 0 || log->segments[i]->base_offset >= x->expected) continue;
        status = replay_segment(x, log->segments[i], from, epochs);
        snapshot_keep(x, i, from);
    }
    return status;
}

/* ---- all of it ---- */

static int sync_file(struct recovery *x, const char *path)
{
    struct disk_file *f;
    int status = x->disk->call->open(x->disk, path, DISK_WRITE, &f);
    if (status == ERR_NOTFOUND) return 0;
    if (status == 0) {
        status = x->disk->call->sync(x->disk, f);
        x->disk->call->close(x->disk, f);
    }
    return status < 0 ? recover_failed(x, path, "cannot be synced", status) : 0;
}

/* A killed process leaves its writes in the page cache: what is served from now on must be on disk. Logs without
 * such writes cost nothing here, for there may be thousands. */
static int make_durable(struct recovery *x)
{
    struct log *log = x->log;
    int status = 0;
    bool above = !x->info.clean && x->expected > x->info.recovery_point;
    int first = log_segment_find(log, x->info.recovery_point);
    for (int i = first < 0 ? 0 : first; status == 0 && above && i < log->segment_count; i++)
        status = sync_file(x, log->segments[i]->log->path);
    if (status == 0 && (above || x->directory_changed)) {
        status = x->disk->call->sync_dir(x->disk, log->dir);
        if (status < 0) recover_failed(x, log->dir, "cannot be synced", status);
    }
    return status;
}

static void settle_offsets(struct recovery *x)
{
    struct log *log = x->log;
    struct segment *active = log_active(log);
    struct log_offsets *o = &log->offsets;
    for (int i = 0; i < log->segment_count; i++) {
        o->size_bytes += (int64_t)log->segments[i]->size;
        log->segments[i]->begun_ms = log->segments[i]->changed_ms = x->info.now_ms;
    }
    log->written = log->durable = log->high_watermark = log_mark(active, o->end, active->size);
    o->written = o->durable = o->high_watermark = o->end;
    log->changed = (o->end > 0 && log->snapshot_end != o->end) || x->index_unsynced;
}

static int recover(struct recovery *x, const struct listing *l)
{
    struct log *log = x->log;
    bool epochs_lost = false;
    int64_t from = 0;
    int status = remove_leftovers(x, l);
    if (status == 0) status = remove_orphans(x, l, &l->indexes, "index");
    if (status == 0) status = remove_orphans(x, l, &l->times, "timeindex");
    if (status == 0) status = metadata_load(x);
    if (status == 0) status = epochs_load(x, &epochs_lost);
    if (status == 0) status = segments_load(x, l);
    if (status < 0) return status;
    segments_end(x);
    int64_t first = log->segments[0]->base_offset;
    log->offsets.start = x->info.log_start > first ? x->info.log_start : first;
    status = epochs_compare(x, &epochs_lost);
    if (status == 0) status = snapshots_load(x, l, &from);
    if (status == 0) status = replay(x, from, epochs_lost);
#if MILLRACE_SEEDED_BUG == 4 /* for tests/sim/bites.sh: producers are forgotten at a restart */
    producers_release(&log->producers);
#endif
    if (status == 0) status = make_durable(x);
    epochs_cut(log, x->expected);
    settle_offsets(x);
    return status;
}

int log_open(struct disk *disk, struct log_file_ids *ids, const char *dir, const struct log_config *config,
             const struct log_open_info *info, struct log **out, struct log_report *report, struct err_text *error)
{
    struct listing l = {0};
    struct recovery x = {.disk = disk, .info = *info, .report = report, .error = error};
    *report = (struct log_report){0};
    x.log = log_alloc(ids, dir, config);
    x.verify_from = info->clean ? INT64_MAX : info->recovery_point;
    int status = disk->call->list(disk, dir, list_name, &l);
    if (status < 0)
        recover_failed(&x, dir, "cannot be listed", status);
    else
        status = recover(&x, &l);
    list_release(&l);
    if (status < 0) {
        log_free(x.log);
        return status;
    }
    *out = x.log;
    return 0;
}
