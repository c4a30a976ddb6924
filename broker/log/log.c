/* A log's life, its offsets, syncs and leader epochs. log.h has the picture. */
#include "broker/log/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/log/log_state.h"
#include "lib/base/memory.h"

static const int64_t day_ms = 24 * 3600 * 1000;

struct log_config log_config_default(void)
{
    return (struct log_config){
        .segment_bytes = 1 << 30,
        .segment_ms = 7 * day_ms,
        .segment_index_bytes = 10 << 20,
        .index_interval_bytes = 4096,
        .retention_ms = 7 * day_ms,
        .retention_bytes = -1,
        .max_message_bytes = 1048588,
        .producer_id_expiration_ms = day_ms,
        .log_append_time = false,
        .deletes = true,
    };
}

/* ---- life ---- */

int log_create_unsynced(struct disk *disk, const char *dir, const uint8_t topic_id[16], struct err_text *error)
{
    struct buf path = {0}, text = {0};
    buf_printf(&path, "%s/partition.metadata", dir);
    partition_metadata_format(topic_id, &text);
    int status = disk->call->make_dir(disk, dir);
    if (status == 0) status = disk_replace_unsynced(disk, buf_cstr(&path), buf_slice(&text));
    if (status < 0) err_set(error, status, "%s: the partition cannot be created: %s", dir, err_name(status));
    buf_release(&path);
    buf_release(&text);
    return status;
}

struct log *log_alloc(struct log_file_ids *ids, const char *dir, const struct log_config *config)
{
    struct log *log = memory_new(sizeof *log);
    log->dir = memory_str(dir);
    log->config = *config;
    log->ids = ids;
    log->directory = log_file_new(ids, dir, true);
    log->epochs_unsaved = INT64_MAX;
    log->snapshot_at = log->snapshot_end = -1;
    return log;
}

struct log *log_new(struct log_file_ids *ids, const char *dir, const uint8_t topic_id[16],
                    const struct log_config *config)
{
    struct log *log = log_alloc(ids, dir, config);
    memcpy(log->topic_id, topic_id, sizeof log->topic_id);
    log_segment_add(log, 0);
    return log;
}

static void segments_free(struct segment **segments, int count)
{
    for (int i = 0; i < count; i++) segment_free(segments[i]);
    free(segments);
}

void log_free(struct log *log)
{
    if (!log) return;
    segments_free(log->segments, log->segment_count);
    segments_free(log->doomed, log->doomed_count);
    segments_free(log->undone, log->undone_count);
    log_file_unref(log->directory);
    recent_release(&log->recent);
    producers_release(&log->producers);
    free(log->pending.items);
    free(log->epochs);
    free(log->bad);
    free(log->dir);
    free(log);
}

enum log_state log_state(const struct log *log)
{
    return log->state;
}

const char *log_dir(const struct log *log)
{
    return log->dir;
}

const uint8_t *log_topic_id(const struct log *log)
{
    return log->topic_id;
}

void log_set_config(struct log *log, const struct log_config *config)
{
    log->config = *config;
}

void log_close_begin(struct log *log)
{
    if (log->state == LOG_REPAIRING) log->state = LOG_OFFLINE; /* what is on disk is for recovery to judge */
    if (log->state != LOG_ONLINE) return;
    /* A log that nobody touched is complete on disk: closing thousands of them costs nothing. */
    bool complete = !log->changed && log->pending.count == 0 && !log->job_out && !log->syncing;
    log->state = complete ? LOG_CLOSED : LOG_CLOSING;
}

void log_delete_begin(struct log *log)
{
    if (log->state != LOG_DELETED) log->state = LOG_DELETING;
}

void log_set_offline(struct log *log)
{
    log->sync_failed = true;
    if (log->state == LOG_ONLINE || log->state == LOG_REPAIRING) log->state = LOG_OFFLINE;
}

/* ---- segments and marks ---- */

struct segment *log_active(const struct log *log)
{
    return log->segments[log->segment_count - 1];
}

struct segment *log_segment_add(struct log *log, int64_t base_offset)
{
    if (log->segment_count == log->segment_capacity) {
        log->segment_capacity = log->segment_capacity ? log->segment_capacity * 2 : 2;
        log->segments = memory_grow(log->segments, (size_t)log->segment_capacity, sizeof *log->segments);
    }
    struct segment *s = segment_new(log->ids, log->dir, base_offset);
    log->segments[log->segment_count++] = s;
    return s;
}

int log_segment_find(const struct log *log, int64_t offset)
{
    int low = 0, high = log->segment_count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (log->segments[middle]->base_offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

int64_t log_segment_end(const struct log *log, int i)
{
    return i + 1 < log->segment_count ? log->segments[i + 1]->base_offset : log->offsets.end;
}

struct mark log_mark(const struct segment *s, int64_t offset, uint64_t position)
{
    return (struct mark){offset, s->base_offset, position};
}

uint64_t log_limit_in(const struct segment *s, const struct mark *limit)
{
    if (limit->segment_base == s->base_offset) return limit->position;
    return limit->segment_base > s->base_offset ? s->size : 0;
}

const struct bad_range *log_bad_at(const struct log *log, int64_t segment_base, uint64_t position)
{
    for (int i = 0; i < log->bad_count; i++)
        if (log->bad[i].segment_base == segment_base && log->bad[i].position == position) return &log->bad[i];
    return NULL;
}

void log_index_drop(struct segment *s)
{
    offset_index_release(&s->offsets);
    time_index_release(&s->times);
    s->indexed = false;
}

/* ---- where it stands ---- */

const struct log_offsets *log_offsets(const struct log *log)
{
    return &log->offsets;
}

bool log_raise_high_watermark(struct log *log, int64_t offset)
{
    struct mark m = log->high_watermark;
    struct recent_batch floor;
    if (offset >= log->written.offset)
        m = log->written;
    else if (offset == log->durable.offset)
        m = log->durable;
    else if (recent_floor(&log->recent, offset, &floor))
        m = log_mark(log_active(log), floor.base_offset, floor.position);
    if (m.offset <= log->high_watermark.offset) return false;
    log->high_watermark = m;
    log->offsets.high_watermark = m.offset;
    return true;
}

void log_durable_raise(struct log *log, struct mark m)
{
    if (m.offset <= log->durable.offset) return;
    log->durable = m;
    log->offsets.durable = m.offset;
}

int64_t log_recovery_point(const struct log *log)
{
    int64_t durable = log->durable.offset;
    return log->epochs_unsaved < durable ? log->epochs_unsaved : durable;
}

/* ---- sync ---- */

/* An error of the disk is told once, to whoever syncs the file next: of two syncs at once one may fail and the other
 * say that all is well, and then it matters whose word comes first. So no file has two. */
static bool synced_by_job(const struct log *log, struct log_file *const *files, int count)
{
    bool any = false;
    for (int i = 0; i < count && !any; i++) any = log->job_out && log_job_syncs(log->job_out, files[i]);
    return any;
}

int log_sync_begin(struct log *log, struct arena *arena, struct log_file ***files)
{
    if (log->syncing || log->state == LOG_OFFLINE || log->state >= LOG_CLOSED) return 0;
    if (log->written.offset <= log->durable.offset) return 0;
    int first = log_segment_find(log, log->durable.segment_base), n = 0;
    int last = log_segment_find(log, log->written.segment_base);
    bool name_missing = false;
    if (first < 0) first = 0; /* retention took the segment that `durable` is in */
    struct log_file **list = arena_alloc(arena, (size_t)(last - first + 2) * sizeof *list);
    for (int i = first; i <= last; i++) {
        struct segment *s = log->segments[i];
        if (log_limit_in(s, &log->written) == log_limit_in(s, &log->durable) && s->named) continue;
        list[n++] = s->log;
        name_missing |= !s->named;
    }
    if (name_missing) list[n++] = log->directory;
    if (synced_by_job(log, list, n)) return 0;
    log->syncing = true;
    log->sync_target = log->written;
    log->sync_from = log->segments[first]->base_offset;
    log->sync_names = name_missing;
    *files = list;
    return n;
}

void log_synced(struct log *log, int err)
{
    assert(log->syncing);
    log->syncing = false;
    if (err == ERR_NOMEM) return;
    if (err < 0) {
        log_set_offline(log);
        return;
    }
    int last = log_segment_find(log, log->sync_target.segment_base);
    for (int i = 0; i <= last; i++) log->segments[i]->named |= log->segments[i]->size > 0;
    log_durable_raise(log, log->sync_target);
}

/* ---- leader epochs ---- */

void log_epoch_note(struct log *log, int32_t epoch, int64_t offset)
{
    if (epoch < 0 || (log->epoch_count && log->epochs[log->epoch_count - 1].epoch >= epoch)) return;
    /* An epoch that never got a record makes room for the next. */
    while (log->epoch_count && log->epochs[log->epoch_count - 1].start_offset >= offset) log->epoch_count--;
    log->epochs = memory_grow(log->epochs, (size_t)log->epoch_count + 1, sizeof *log->epochs);
    log->epochs[log->epoch_count++] = (struct epoch_entry){epoch, offset};
    log->epochs_dirty = true;
    if (offset < log->epochs_unsaved) log->epochs_unsaved = offset;
}

int32_t log_epoch_at(const struct log *log, int64_t offset)
{
    for (int i = log->epoch_count - 1; i >= 0; i--)
        if (log->epochs[i].start_offset <= offset) return log->epochs[i].epoch;
    return -1;
}

void log_epoch_end(const struct log *log, int32_t epoch, int32_t *found_epoch, int64_t *end_offset)
{
    int above = 0; /* the first entry with a larger epoch */
    *found_epoch = -1;
    *end_offset = -1;
    while (above < log->epoch_count && log->epochs[above].epoch <= epoch) above++;
    bool latest = above == log->epoch_count;
    if (epoch < 0 || log->epoch_count == 0) return;
    if (latest && log->epochs[above - 1].epoch < epoch) return; /* newer than anything that is known here */
    *found_epoch = above > 0 ? log->epochs[above - 1].epoch : epoch;
    *end_offset = latest ? log->offsets.end : log->epochs[above].start_offset;
}
