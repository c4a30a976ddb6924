/* Jobs: what the log wants done on the disk away from the request path.
 *
 * A job is a list of steps, made on the loop thread and carried out on a helper thread that sees nothing of
 * the log. They come one at a time, in this order of need:
 *
 *     repair    a write failed: make the files agree with memory again
 *     roll      a segment is full: sync it, write its indexes and the producer snapshot   -> durable rises
 *     epochs    leader-epoch-checkpoint
 *     snapshot  producers as of the end
 *     delete    segments that retention let go
 *     scrub     check a piece of a rolled segment
 *     close     everything that a clean start reads
 *     remove    the whole directory
 *
 * On a full disk the first that needs space fails and they all wait, but for delete, which makes space. Without a
 * descriptor none can do anything: they wait for log_jobs_again. A job that was cut short so is made anew. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/log/log_state.h"
#include "lib/base/memory.h"

enum step_kind {
    STEP_CREATE, /* an empty file, if it is not there */
    STEP_SYNC,   /* a file */
    STEP_SYNC_DIR,
    STEP_WRITE,       /* the whole content of a file, in place: others hold it open */
    STEP_REPLACE,     /* the same, atomically: nobody holds it open; durable after a STEP_SYNC_DIR */
    STEP_TRUNCATE,    /* a missing file is fine */
    STEP_RENAME,      /* a missing file is fine */
    STEP_REMOVE,      /* a missing file is fine */
    STEP_REMOVE_TREE, /* a missing directory is fine */
};

struct step {
    enum step_kind kind;
    char *path, *to;
    struct buf content;
    uint64_t size;
};

enum job_kind { JOB_REPAIR, JOB_ROLL, JOB_EPOCHS, JOB_SNAPSHOT, JOB_DELETE, JOB_CLOSE, JOB_REMOVE, JOB_SCRUB };

struct log_job {
    enum job_kind kind;
    struct step *steps;
    int step_count;
    struct log_file **forget; /* referenced */
    int forget_count;
    int64_t base_offset; /* ROLL: of the segment */
    int64_t offset;      /* ROLL, SNAPSHOT, CLOSE: what the snapshot stands for */
    int segment_count;   /* DELETE: how many of the doomed ones */
    bool names_active;   /* DELETE: made the active segment's name durable */
    bool sync_failed;
    struct scrub *scrub; /* SCRUB */
};

const char *log_job_name(const struct log_job *job)
{
    static const char *const names[] = {"log-repair", "log-roll",  "log-epochs", "log-snapshot",
                                        "log-delete", "log-close", "log-remove", "log-scrub"};
    return names[job->kind];
}

int log_job_forget(const struct log_job *job, struct log_file *const **files)
{
    *files = job->forget;
    return job->forget_count;
}

const char *log_job_text(const struct log_job *job)
{
    return job->scrub ? scrub_text(job->scrub) : "";
}

/* ---- building ---- */

static struct log_job *job_new(enum job_kind kind)
{
    struct log_job *job = memory_new(sizeof *job);
    job->kind = kind;
    return job;
}

static struct step *step_add(struct log_job *job, enum step_kind kind, const char *path)
{
    job->steps = memory_grow(job->steps, (size_t)job->step_count + 1, sizeof *job->steps);
    struct step *s = &job->steps[job->step_count++];
    *s = (struct step){.kind = kind, .path = memory_str(path)};
    return s;
}

static void forget_add(struct log_job *job, struct log_file *f)
{
    job->forget = memory_grow(job->forget, (size_t)job->forget_count + 1, sizeof(struct log_file *));
    job->forget[job->forget_count++] = log_file_ref(f);
}

static void forget_segment(struct log_job *job, const struct segment *s)
{
    forget_add(job, s->log);
    forget_add(job, s->index);
    forget_add(job, s->time_index);
}

static struct step *step_in_dir(struct log_job *job, enum step_kind kind, const struct log *log, const char *name)
{
    struct buf path = {0};
    buf_printf(&path, "%s/%s", log->dir, name);
    struct step *s = step_add(job, kind, buf_cstr(&path));
    buf_release(&path);
    return s;
}

static void step_indexes(struct log_job *job, const struct segment *s)
{
    offset_index_encode(&s->offsets, 0, &step_add(job, STEP_WRITE, s->index->path)->content);
    time_index_encode(&s->times, 0, &step_add(job, STEP_WRITE, s->time_index->path)->content);
}

static struct step *step_snapshot(struct log_job *job, const struct log *log, enum step_kind kind, int64_t offset)
{
    struct buf path = {0};
    segment_path(log->dir, offset, "snapshot", &path);
    struct step *s = step_add(job, kind, (const char *)path.p);
    buf_release(&path);
    return s;
}

static void step_epochs(struct log_job *job, struct log *log)
{
    struct step *s = step_in_dir(job, STEP_REPLACE, log, "leader-epoch-checkpoint");
    epochs_format(log->epochs, log->epoch_count, &s->content);
    log->epochs_dirty = false;
}

/* ---- the jobs ---- */

static struct log_job *make_repair(struct log *log)
{
    if (log->state != LOG_REPAIRING || log->pending.count > 0) return NULL;
    struct log_job *job = job_new(JOB_REPAIR);
    for (int i = 0; i < log->undone_count; i++) {
        step_add(job, STEP_REMOVE, log->undone[i]->log->path);
        step_add(job, STEP_REMOVE, log->undone[i]->index->path);
        step_add(job, STEP_REMOVE, log->undone[i]->time_index->path);
        forget_segment(job, log->undone[i]);
    }
    /* A power cut may not bring such a file back once this log goes on: its name would end the segment before it. */
    if (log->undone_count > 0) step_add(job, STEP_SYNC_DIR, log->dir);
    struct segment *s = log_active(log);
    step_add(job, STEP_TRUNCATE, s->log->path)->size = s->size;
    /* Entries of what was taken back: recovery begins at an entry of a batch that is there. */
    step_add(job, STEP_TRUNCATE, s->index->path)->size = (uint64_t)s->offsets_sent * OFFSET_ENTRY_SIZE;
    step_add(job, STEP_TRUNCATE, s->time_index->path)->size = (uint64_t)s->times_sent * TIME_ENTRY_SIZE;
    return job;
}

static struct log_job *make_roll(struct log *log)
{
    for (int i = 0; i + 1 < log->segment_count; i++) {
        struct segment *s = log->segments[i];
        if (!s->rolled) continue;
        int64_t next = log->segments[i + 1]->base_offset;
        if (log->written.offset < next) return NULL;
        if (log->syncing && s->base_offset >= log->sync_from) return NULL; /* it has a sync: see log_sync_begin */
        struct log_job *job = job_new(JOB_ROLL);
        job->base_offset = s->base_offset;
        job->offset = next;
        step_add(job, STEP_SYNC, s->log->path);
        step_indexes(job, s);
        buf_append_slice(&step_snapshot(job, log, STEP_REPLACE, next)->content, buf_slice(&s->snapshot));
        step_add(job, STEP_SYNC_DIR, log->dir);
        return job;
    }
    return NULL;
}

static struct log_job *make_epochs(struct log *log)
{
    if (!log->epochs_dirty || log->pending.count > 0) return NULL;
    struct log_job *job = job_new(JOB_EPOCHS);
    step_epochs(job, log);
    step_add(job, STEP_SYNC_DIR, log->dir);
    return job;
}

static struct log_job *make_snapshot(struct log *log)
{
    if (!log->snapshot_due || log->pending.count > 0) return NULL;
    log->snapshot_due = false;
    /* What lies above the recovery point is read after a crash anyway, and producers are found in it. */
    int64_t known = log->snapshot_end, first = log->segments[0]->base_offset;
    if ((known > first ? known : first) >= log_recovery_point(log)) return NULL;
    struct log_job *job = job_new(JOB_SNAPSHOT);
    job->offset = log->offsets.end;
    producers_encode(&log->producers, &step_snapshot(job, log, STEP_REPLACE, job->offset)->content);
    step_add(job, STEP_SYNC_DIR, log->dir);
    if (log->snapshot_at >= 0) step_snapshot(job, log, STEP_REMOVE, log->snapshot_at);
    return job;
}

static void step_rename_deleted(struct log_job *job, const char *path)
{
    struct buf to = {0};
    buf_printf(&to, "%s.deleted", path);
    step_add(job, STEP_RENAME, path)->to = memory_str(buf_cstr(&to));
    buf_release(&to);
}

/* A segment that goes before its roll was settled takes the only trace of its producers along, unless their
 * snapshot at its end is written first: it was made when the segment was rolled. */
static void step_last_snapshot(struct log_job *job, const struct log *log, int doomed)
{
    const struct segment *s = log->doomed[doomed];
    const struct segment *next = doomed + 1 < log->doomed_count ? log->doomed[doomed + 1] : log->segments[0];
    if (s->snapshot.n == 0) return;
    job->offset = next->base_offset;
    buf_append_slice(&step_snapshot(job, log, STEP_REPLACE, job->offset)->content, buf_slice(&s->snapshot));
    step_add(job, STEP_SYNC_DIR, log->dir);
}

/* Segments of the next deletion. Those whose roll was settled go first and alone: that takes no space. */
static int deletable_count(const struct log *log)
{
    int n = 0, settled = 0;
    while (n < log->doomed_count && segment_unreferenced(log->doomed[n])) n++;
    while (settled < n && log->doomed[settled]->snapshot.n == 0) settled++;
    return settled > 0 ? settled : n;
}

/* Indexes can be made again from the segment: they go first, should the disk have no room for the snapshot. */
static void step_last_words(struct log_job *job, const struct log *log)
{
    for (int i = 0; i < job->segment_count; i++) {
        const struct segment *s = log->doomed[i];
        if (s->snapshot.n > 0) step_add(job, STEP_REMOVE, s->index->path);
        if (s->snapshot.n > 0) step_add(job, STEP_REMOVE, s->time_index->path);
    }
    step_last_snapshot(job, log, job->segment_count - 1);
}

/* Oldest first and synced one by one, so that a crash never leaves a hole; before that the active segment
 * must have a name on disk, or a crash could start the offsets from 0 again. */
static struct log_job *make_delete(struct log *log)
{
    int n = deletable_count(log);
    if (n == 0) return NULL;
    struct log_job *job = job_new(JOB_DELETE);
    job->segment_count = n;
    if (!log_active(log)->named) {
        job->names_active = true;
        job->base_offset = log_active(log)->base_offset;
        step_add(job, STEP_CREATE, log_active(log)->log->path);
        step_add(job, STEP_SYNC_DIR, log->dir);
    }
    step_last_words(job, log);
    for (int i = 0; i < n; i++) {
        const struct segment *s = log->doomed[i];
        struct buf snapshot = {0};
        segment_path(log->dir, s->base_offset, "snapshot", &snapshot);
        step_rename_deleted(job, s->log->path);
        step_rename_deleted(job, s->index->path);
        step_rename_deleted(job, s->time_index->path);
        step_rename_deleted(job, (const char *)snapshot.p);
        step_add(job, STEP_SYNC_DIR, log->dir);
        forget_segment(job, s);
        buf_release(&snapshot);
    }
    for (int i = 0, count = job->step_count; i < count; i++)
        if (job->steps[i].kind == STEP_RENAME) step_add(job, STEP_REMOVE, job->steps[i].to);
    return job;
}

static struct log_job *make_close(struct log *log)
{
    if (log->state != LOG_CLOSING || log->pending.count > 0 || log->syncing) return NULL;
    struct segment *s = log_active(log);
    struct log_job *job = job_new(JOB_CLOSE);
    job->offset = log->offsets.end;
    step_add(job, STEP_CREATE, s->log->path);
    step_add(job, STEP_SYNC, s->log->path);
    segment_finish_times(s);
    step_indexes(job, s);
    producers_encode(&log->producers, &step_snapshot(job, log, STEP_REPLACE, job->offset)->content);
    if (log->epochs_dirty || log->epochs_unsaved != INT64_MAX) step_epochs(job, log);
    step_add(job, STEP_SYNC_DIR, log->dir);
    return job;
}

static struct log_job *make_scrub(struct log *log)
{
    struct scrub *scrub = log->scrub_due && log->state == LOG_ONLINE ? scrub_new(log) : NULL;
    if (!scrub) return NULL;
    struct log_job *job = job_new(JOB_SCRUB);
    job->scrub = scrub;
    return job;
}

static bool unreferenced(const struct log *log)
{
    for (int i = 0; i < log->segment_count; i++)
        if (!segment_unreferenced(log->segments[i])) return false;
    for (int i = 0; i < log->doomed_count; i++)
        if (!segment_unreferenced(log->doomed[i])) return false;
    return log->directory->references == 1;
}

static struct log_job *make_remove(struct log *log)
{
    if (log->state != LOG_DELETING || log->pending.count > 0 || log->syncing || !unreferenced(log)) return NULL;
    struct log_job *job = job_new(JOB_REMOVE);
    struct buf to = {0};
    buf_printf(&to, "%s.", log->dir);
    for (size_t i = 0; i < sizeof log->topic_id; i++) buf_printf(&to, "%02x", log->topic_id[i]);
    buf_append_str(&to, "-delete");
#if MILLRACE_SEEDED_BUG != 7 /* for tests/sim/bites.sh: the folder of a deleted topic stays */
    step_add(job, STEP_RENAME, log->dir)->to = memory_str(buf_cstr(&to));
    step_add(job, STEP_SYNC_DIR, "");
    step_add(job, STEP_REMOVE_TREE, buf_cstr(&to));
#endif
    for (int i = 0; i < log->segment_count; i++) forget_segment(job, log->segments[i]);
    for (int i = 0; i < log->doomed_count; i++) forget_segment(job, log->doomed[i]);
    forget_add(job, log->directory);
    buf_release(&to);
    return job;
}

struct log_job *log_take_job(struct log *log)
{
    struct log_job *job = NULL;
    if (log->job_out || log->state == LOG_OFFLINE || log->state == LOG_CLOSED || log->state == LOG_DELETED) return NULL;
    if (log->syncing && log->sync_names) return NULL; /* nearly every job syncs the directory */
    if (log->state == LOG_DELETING)
        job = make_remove(log);
    else if (log->untried)
        return NULL;
    else if (log->state == LOG_REPAIRING)
        job = make_repair(log);
    else if (!log->jobs_wait || log->state == LOG_CLOSING) {
        job = make_roll(log);
        if (!job) job = make_close(log);
        if (!job) job = make_epochs(log);
        if (!job) job = make_snapshot(log);
        if (!job) job = make_delete(log);
        if (!job) job = make_scrub(log);
    } else if (!log->delete_waits) {
        job = make_delete(log);
    }
    log->job_out = job;
    return job;
}

bool log_job_syncs(const struct log_job *job, const struct log_file *file)
{
    enum step_kind sync = file->directory ? STEP_SYNC_DIR : STEP_SYNC;
    for (int i = 0; i < job->step_count; i++)
        if (job->steps[i].kind == sync && strcmp(job->steps[i].path, file->path) == 0) return true;
    return false;
}

void log_jobs_again(struct log *log)
{
    log->untried = false;
}

void log_snapshot_begin(struct log *log)
{
    log->snapshot_due = true;
}

void log_scrub_begin(struct log *log)
{
    log->scrub_due = true;
}

/* ---- running, on another thread ---- */

/* Opens a step's file; `*made`: it was not there before. */
static int step_open(struct disk *d, const struct step *s, enum disk_open how, bool *made, struct disk_file **f)
{
    *made = false;
    if (s->kind != STEP_WRITE) return d->call->open(d, s->path, how, f);
    int status = d->call->open(d, s->path, DISK_WRITE, f);
    *made = status == ERR_NOTFOUND;
    return *made ? d->call->open(d, s->path, DISK_CREATE, f) : status;
}

/* A truncation shortens; it never fills a file with zeros. A size that is not known is left to truncate's own error. */
static bool must_cut(struct disk *d, struct disk_file *f, const struct step *s)
{
    if (s->kind != STEP_TRUNCATE) return false;
    int64_t size = d->call->size(d, f);
    return size < 0 || (uint64_t)size > s->size;
}

static int run_on_file(struct disk *d, struct step *s, enum disk_open how, bool *sync_failed)
{
    struct disk_file *f;
    bool made;
    int status = step_open(d, s, how, &made, &f);
    if (status < 0) return status;
    /* A new file without content has nothing to sync but its name: the indexes of small segments. */
    bool write = s->kind == STEP_WRITE, sync = s->kind == STEP_SYNC || (write && !(made && s->content.n == 0));
    if (write || must_cut(d, f, s)) status = d->call->truncate(d, f, s->size);
    if (write && status == 0) status = d->call->write_at(d, f, 0, s->content.p, s->content.n);
    if (sync && status == 0) {
        status = d->call->sync(d, f);
        *sync_failed = status < 0;
    }
    d->call->close(d, f);
    return status;
}

static int run_step(struct disk *d, struct step *s, bool *sync_failed)
{
    int status = 0;
    switch (s->kind) {
    case STEP_CREATE: return run_on_file(d, s, DISK_CREATE, sync_failed);
    case STEP_SYNC: return run_on_file(d, s, DISK_WRITE, sync_failed);
    case STEP_SYNC_DIR:
        status = d->call->sync_dir(d, s->path);
        *sync_failed = status < 0 && status != ERR_NOMEM && status != ERR_NOTFOUND; /* these could not open it */
        return status;
    case STEP_WRITE: return run_on_file(d, s, DISK_CREATE, sync_failed);
    case STEP_REPLACE: return disk_replace_unsynced(d, s->path, buf_slice(&s->content));
    case STEP_TRUNCATE: status = run_on_file(d, s, DISK_WRITE, sync_failed); break;
    case STEP_RENAME: status = d->call->rename(d, s->path, s->to); break;
    case STEP_REMOVE: status = d->call->remove(d, s->path); break;
    case STEP_REMOVE_TREE: status = disk_remove_tree(d, s->path); break;
    }
    return status == ERR_NOTFOUND ? 0 : status;
}

int log_job_run(struct log_job *job, struct disk *disk)
{
    int status = job->scrub ? scrub_run(job->scrub, disk) : 0;
    for (int i = 0; status == 0 && i < job->step_count; i++) status = run_step(disk, &job->steps[i], &job->sync_failed);
    return status;
}

/* ---- what came of it ---- */

static void job_free(struct log_job *job)
{
    for (int i = 0; i < job->step_count; i++) {
        free(job->steps[i].path);
        free(job->steps[i].to);
        buf_release(&job->steps[i].content);
    }
    for (int i = 0; i < job->forget_count; i++) log_file_unref(job->forget[i]);
    scrub_free(job->scrub);
    free(job->forget);
    free(job->steps);
    free(job);
}

static void segments_drop(struct segment **list, int *count, int n)
{
    if (n == 0) return;
    for (int i = 0; i < n; i++) segment_free(list[i]);
    memmove(list, list + n, (size_t)(*count - n) * sizeof(struct segment *));
    *count -= n;
}

static void roll_done(struct log *log, const struct log_job *job)
{
    int i = log_segment_find(log, job->base_offset);
    int next = log_segment_find(log, job->offset);
    log->snapshot_end = job->offset;
    /* After a failed sync of the same file another one that succeeds proves nothing. */
    if (next >= 0 && !log->sync_failed) log_durable_raise(log, log_mark(log->segments[next], job->offset, 0));
    if (i < 0 || log->segments[i]->base_offset != job->base_offset) return; /* retention was faster */
    struct segment *s = log->segments[i];
    s->named = true;
    s->rolled = false;
    s->index_size = (uint64_t)s->offsets.count * OFFSET_ENTRY_SIZE;
    buf_release(&s->snapshot);
    log_index_drop(s);
}

static void snapshot_done(struct log *log, const struct log_job *job)
{
    log->snapshot_at = log->snapshot_end = job->offset;
}

static void close_done(struct log *log)
{
    log_active(log)->named = true;
    if (!log->sync_failed) log_durable_raise(log, log->written);
    log->epochs_unsaved = INT64_MAX;
    log->changed = false;
    if (log->state == LOG_CLOSING) log->state = LOG_CLOSED;
}

static void succeeded(struct log *log, const struct log_job *job)
{
    switch (job->kind) {
    case JOB_REPAIR:
        segments_drop(log->undone, &log->undone_count, log->undone_count);
        if (log->state == LOG_REPAIRING) log->state = LOG_ONLINE;
        break;
    case JOB_ROLL: roll_done(log, job); break;
    case JOB_EPOCHS:
        if (!log->epochs_dirty) log->epochs_unsaved = INT64_MAX;
        break;
    case JOB_SNAPSHOT: snapshot_done(log, job); break;
    case JOB_DELETE:
        log->jobs_wait = false; /* there is space again */
        segments_drop(log->doomed, &log->doomed_count, job->segment_count);
        if (job->offset > log->snapshot_end) log->snapshot_end = job->offset;
        if (job->names_active && log_active(log)->base_offset == job->base_offset) log_active(log)->named = true;
        break;
    case JOB_CLOSE: close_done(log); break;
    case JOB_REMOVE: log->state = LOG_DELETED; break;
    case JOB_SCRUB: scrub_done(log, job->scrub); break;
    }
}

/* A full disk is waited out, and so is a process that has no descriptor left, soon; a sync that failed, or a disk that
 * is broken, is final. Closing does not wait. */
static void failed(struct log *log, const struct log_job *job, int err)
{
    bool full = err == ERR_NOSPACE && !job->sync_failed, untried = err == ERR_NOMEM && !job->sync_failed;
    if (job->kind == JOB_REMOVE) {
        log->state = LOG_DELETED; /* what is left is removed at the next start */
        return;
    }
    if (job->kind == JOB_SCRUB) return; /* dropped by its owner */
    if (job->kind == JOB_EPOCHS) log->epochs_dirty = true;
    log->untried = untried;
    if (untried && log->state != LOG_CLOSING) return;
    log->jobs_wait = true;
    log->delete_waits |= job->kind == JOB_DELETE;
    if (full && job->kind != JOB_REPAIR && log->state != LOG_CLOSING) return;
    if (log->state != LOG_DELETING) log->state = LOG_OFFLINE;
}

void log_job_done(struct log *log, struct log_job *job, int err)
{
    assert(log->job_out == job);
    log->job_out = NULL;
    if (err < 0)
        failed(log, job, err);
    else
        succeeded(log, job);
    job_free(job);
}
