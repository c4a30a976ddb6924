/* What happens by the clock and at the end: checkpoints, retention, the clean shutdown.
 *
 *     shutdown: long polls are answered -> every log closes (a job each) -> checkpoints and the marker of a
 *               clean stop (one job) -> ACTION_STOPPED */
#include <stdlib.h>
#include <string.h>

#include "broker/log/checkpoint.h"
#include "broker/log/sealed.h"
#include "broker/node/disk_watch.h"
#include "broker/node/node_internal.h"
#include "lib/base/memory.h"

/* --- jobs --- */

void job_start(struct node *n, struct job *j)
{
    j->next = n->jobs;
    j->link = &n->jobs;
    if (n->jobs) n->jobs->link = &j->next;
    n->jobs = j;
    action_add(n, ACTION_JOB)->job = &j->base;
}

/* --- checkpoints: the text is made here, put in place by a job --- */

struct checkpoints_job {
    struct job job;
    struct checkpoint_files files;
    bool final;        /* the last ones of a shutdown */
    bool sync_failed;  /* a result: no further write would prove anything */
    uint64_t hash;     /* of the text */
    uint64_t *written; /* where to note it once it is on disk; NULL: nowhere */
};

int checkpoint_files_write(const struct checkpoint_files *c, struct disk *disk)
{
    for (int i = 0; i < c->count; i++) {
        struct slice text = buf_slice(&c->files[i].text);
        bool sealed = strcmp(c->files[i].path, CHECKPOINT_RECOVERY_POINT) == 0 ||
                      strcmp(c->files[i].path, CHECKPOINT_LOG_START) == 0;
        int rc = sealed ? sealed_replace(disk, c->files[i].path, text) : disk_replace(disk, c->files[i].path, text);
        if (rc < 0) return rc;
    }
    return 0;
}

void checkpoint_files_release(struct checkpoint_files *c)
{
    for (int i = 0; i < c->count; i++) buf_release(&c->files[i].text);
    c->count = 0;
}

static int checkpoints_run(struct node_job *base, struct disk *disk)
{
    struct checkpoints_job *c = (struct checkpoints_job *)base;
    struct disk_watch watch;
    disk_watch_init(&watch, disk);
    int rc = checkpoint_files_write(&c->files, &watch.disk);
    c->sync_failed = watch.sync_failed;
    return rc;
}

static void checkpoints_drop(struct job *j)
{
    struct checkpoints_job *c = (struct checkpoints_job *)j;
    checkpoint_files_release(&c->files);
    free(c);
}

static void checkpoints_done(struct node *n, struct job *j, int err)
{
    struct checkpoints_job *c = (struct checkpoints_job *)j;
    if (err < 0) action_say(n, LOG_LEVEL_ERROR, "cannot write %s: %s", c->files.files[0].path, err_name(err));
    if (err == 0 && c->written) *c->written = c->hash;
    bool final = c->final;
    if (c->sync_failed && !final) node_disk_failed(n, c->files.files[0].path);
    checkpoints_drop(j);
    if (final) {
        n->shutdown = SHUTDOWN_DONE;
        action_add(n, ACTION_STOPPED);
    }
}

static void checkpoints_init(struct checkpoints_job *c, const char *name)
{
    c->job.base = (struct node_job){.name = name, .order = ORDER_CHECKPOINTS, .run = checkpoints_run};
    c->job.done = checkpoints_done;
    c->job.drop = checkpoints_drop;
}

static struct checkpoints_job *checkpoints_new(const char *name)
{
    struct checkpoints_job *c = memory_new(sizeof *c);
    checkpoints_init(c, name);
    return c;
}

static int64_t recovery_point_of(const struct partition *p)
{
    return log_recovery_point(p->log);
}

static int64_t high_watermark_of(const struct partition *p)
{
    return log_offsets(p->log)->high_watermark;
}

static int64_t start_of(const struct partition *p)
{
    return log_offsets(p->log)->start;
}

/* What a checkpoint file holds of each partition. */
struct checkpoint_kind {
    int number;
    const char *path;
    int64_t (*offset)(const struct partition *p);
};
static const struct checkpoint_kind recovery_points = {0, CHECKPOINT_RECOVERY_POINT, recovery_point_of};
static const struct checkpoint_kind high_watermarks = {1, CHECKPOINT_HIGH_WATERMARK, high_watermark_of};
static const struct checkpoint_kind log_starts = {2, CHECKPOINT_LOG_START, start_of};

static int partition_count(const struct node *n)
{
    int count = 1; /* the metadata log */
    for (struct table_entry *e = table_first(&n->topics); e; e = table_next(&n->topics, e)) {
        const struct topic *t = e->value;
        for (int32_t i = 0; i < t->partition_count; i++) count += t->partitions[i] != NULL;
    }
    return count;
}

static void checkpoint_add_file(struct node *n, struct checkpoint_files *c, const struct checkpoint_kind *kind)
{
    struct checkpoint_file *f = &c->files[c->count++];
    f->path = kind->path;
    checkpoint_format_head(partition_count(n), &f->text);
    checkpoint_format_entry(SLICE_LIT(METADATA_TOPIC), 0, kind->offset(n->metadata), &f->text);
    for (struct table_entry *e = table_first(&n->topics); e; e = table_next(&n->topics, e)) {
        const struct topic *t = e->value;
        struct slice name = slice_str(t->name);
        for (int32_t i = 0; i < t->partition_count; i++)
            if (t->partitions[i]) checkpoint_format_entry(name, i, kind->offset(t->partitions[i]), &f->text);
    }
}

/* Log starts first: see checkpoint_write. */
void checkpoint_files_now(struct node *n, struct checkpoint_files *c)
{
    checkpoint_add_file(n, c, &log_starts);
    checkpoint_add_file(n, c, &recovery_points);
    checkpoint_add_file(n, c, &high_watermarks);
}

/* Somebody else wrote a file: what the periodic ones remember of it does not hold any more. */
void checkpoint_hashes_forget(struct node *n)
{
    for (size_t i = 0; i < sizeof n->checkpoint_hashes / sizeof n->checkpoint_hashes[0]; i++)
        n->checkpoint_hashes[i] = 0;
}

/* A file that would say what it says already is left alone, so that an idle broker leaves the disk alone.
 * Retention moves the recovery point over what it removes, unsynced as that may be; so the log starts go before the
 * recovery points, or a crash between the two would make what was removed look lost. */
static void checkpoint_write(struct node *n, const struct checkpoint_kind *kind)
{
    struct checkpoints_job *c = checkpoints_new("write-checkpoint");
    if (kind == &recovery_points) checkpoint_add_file(n, &c->files, &log_starts);
    checkpoint_add_file(n, &c->files, kind);
    const struct buf *text = &c->files.files[c->files.count - 1].text;
    uint64_t hash = hash_bytes(text->p, text->n, 0);
    uint64_t *written = &n->checkpoint_hashes[kind->number];
    if (hash == *written) {
        checkpoints_drop(&c->job);
        return;
    }
    c->hash = hash;
    c->written = written;
    job_start(n, &c->job);
}

/* --- log starts that somebody waits for --- */

struct log_starts_job {
    struct checkpoints_job checkpoints;
    struct request *first; /* who is told */
};

static void log_starts_next(struct node *n);

static void log_starts_tell(struct node *n, struct request *r, int err)
{
    while (r) {
        struct request *next = r->next_waiting;
        r->next_waiting = NULL;
        delete_records_stored(n, r, err);
        r = next;
    }
}

static void log_starts_done(struct node *n, struct job *j, int err)
{
    struct request *r = ((struct log_starts_job *)j)->first;
    n->log_starts_running = false;
    checkpoint_hashes_forget(n);
    checkpoints_done(n, j, err);
    log_starts_tell(n, r, err);
    if (n->log_starts_first) log_starts_next(n);
}

/* The file is written even if it says the same already: a write of an older state may be under way. */
static void log_starts_next(struct node *n)
{
    struct request *first = n->log_starts_first;
    n->log_starts_first = NULL;
    if (n->disk_failed) {
        log_starts_tell(n, first, ERR_IO);
        return;
    }
    struct log_starts_job *s = memory_new(sizeof *s);
    checkpoints_init(&s->checkpoints, "write-log-starts");
    s->checkpoints.job.done = log_starts_done;
    s->first = first;
    n->log_starts_running = true;
    checkpoint_add_file(n, &s->checkpoints.files, &log_starts);
    job_start(n, &s->checkpoints.job);
}

void log_starts_await(struct node *n, struct request *r)
{
    if (!n->log_starts_first) n->log_starts_last = &n->log_starts_first;
    *n->log_starts_last = r;
    n->log_starts_last = &r->next_waiting;
    if (!n->log_starts_running) log_starts_next(n);
}

/* --- by the clock --- */

static void partition_retain(struct node *n, struct partition *p)
{
    if (log_state(p->log) != LOG_ONLINE) return;
    if (log_retain(p->log, n->now.wall_ms) > 0) fetch_wake(n, p); /* long polls from below the new start */
    partition_jobs(n, p);
}

static void partition_snapshot(struct node *n, struct partition *p)
{
    if (log_state(p->log) != LOG_ONLINE) return;
    log_snapshot_begin(p->log);
    partition_jobs(n, p);
}

static void scrub_candidate(struct node *n, struct partition *p)
{
    if (p->order <= n->scrubbed || log_offsets(p->log)->end == 0 || log_state(p->log) != LOG_ONLINE) return;
    if (!n->scrub_next || p->order < n->scrub_next->order) n->scrub_next = p;
}

/* A segment of one partition at each check, all partitions in turn: slow on purpose, it shares the disk. */
static void scrub_one(struct node *n)
{
    n->scrub_next = NULL;
    partitions_each(n, scrub_candidate);
    struct partition *p = n->scrub_next;
    n->scrub_next = NULL;
    n->scrubbed = p ? p->order : 0;
    if (!p) return;
    log_scrub_begin(p->log);
    partition_jobs(n, p);
}

void storage_timers_start(struct node *n)
{
    n->retention = (struct deadline){.kind = DEADLINE_RETENTION};
    n->recovery_points = (struct deadline){.kind = DEADLINE_RECOVERY_POINTS};
    n->high_watermarks = (struct deadline){.kind = DEADLINE_HIGH_WATERMARKS};
    n->log_starts = (struct deadline){.kind = DEADLINE_LOG_STARTS};
    node_deadline_in(n, &n->retention, n->config->retention_check_ms);
    node_deadline_in(n, &n->recovery_points, n->config->recovery_checkpoint_ms);
    node_deadline_in(n, &n->high_watermarks, n->config->high_watermark_checkpoint_ms);
    node_deadline_in(n, &n->log_starts, n->config->log_start_checkpoint_ms);
}

/* A period of 0 would never let the node rest. */
static int64_t period_ms(int64_t ms)
{
    return ms > 0 ? ms : 1;
}

void storage_deadline(struct node *n, enum deadline_kind kind)
{
    if (n->disk_failed || n->shutdown != SHUTDOWN_NOT) return;
    switch (kind) {
    case DEADLINE_RETENTION:
        partitions_each(n, partition_retain);
        scrub_one(n);
        node_deadline_in(n, &n->retention, period_ms(n->config->retention_check_ms));
        return;
    case DEADLINE_RECOVERY_POINTS:
        partitions_each(n, partition_snapshot);
        checkpoint_write(n, &recovery_points);
        node_deadline_in(n, &n->recovery_points, period_ms(n->config->recovery_checkpoint_ms));
        return;
    case DEADLINE_HIGH_WATERMARKS:
        checkpoint_write(n, &high_watermarks);
        node_deadline_in(n, &n->high_watermarks, period_ms(n->config->high_watermark_checkpoint_ms));
        return;
    case DEADLINE_LOG_STARTS:
        checkpoint_write(n, &log_starts);
        node_deadline_in(n, &n->log_starts, period_ms(n->config->log_start_checkpoint_ms));
        return;
    default: return;
    }
}

/* --- shutdown --- */

static void partition_close(struct node *n, struct partition *p)
{
    fetch_wake(n, p); /* long polls end with what is there */
    log_close_begin(p->log);
    partition_jobs(n, p);
}

void shutdown_begin(struct node *n)
{
    if (n->shutdown != SHUTDOWN_NOT) return;
    n->shutdown = SHUTDOWN_LOGS;
    partitions_each(n, partition_close);
}

static void partition_count_open(struct node *n, struct partition *p)
{
    /* A topic whose folders were being made when the shutdown began. */
    if (log_state(p->log) == LOG_ONLINE) partition_close(n, p);
    enum log_state s = log_state(p->log);
    n->log_offline |= s == LOG_OFFLINE;
    if ((s != LOG_CLOSED && s != LOG_OFFLINE) || p->job_running || p->syncing) n->logs_open++;
}

/* Each log that is open takes an event of its own to close: before as many steps as there are, counting them
 * again would be in vain, and with thousands of them it is not cheap. */
void shutdown_continue(struct node *n)
{
    if (n->shutdown != SHUTDOWN_LOGS) return;
    if (--n->logs_open > 0) return;
    n->logs_open = 0;
    partitions_each(n, partition_count_open);
    if (n->logs_open > 0) return;
    n->shutdown = SHUTDOWN_CHECKPOINTS;
    struct checkpoints_job *c = checkpoints_new("write-last-checkpoints");
    c->final = true;
    checkpoint_files_now(n, &c->files);
    if (!n->disk_failed && !n->log_offline) { /* else recovery has to look */
        struct checkpoint_file *f = &c->files.files[c->files.count++];
        f->path = CHECKPOINT_CLEAN_SHUTDOWN;
        clean_shutdown_format(&f->text);
    }
    job_start(n, &c->job);
}
