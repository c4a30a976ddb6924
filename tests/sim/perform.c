/* The node's actions on the fake disk. Bytes reach the page cache in the order of the actions; that they did
 * is reported later, and syncs and jobs take their time. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "tests/sim/sim.h"

/* --- completions --- */

static enum sim_state state_of(enum event_kind kind, const struct node_job *job)
{
    if (job) return coverage_job_state(job->name);
    return kind == EVENT_APPENDED ? STATE_APPENDING : kind == EVENT_SYNCED ? STATE_SYNCING : STATE_READING;
}

static void complete(struct sim *s, struct sim_event *e)
{
    struct event event = {.token = e->token, .err = e->err, .job = e->job, .data = buf_slice(&e->bytes)};
    event.kind = (enum event_kind)e->value;
    s->under_way[state_of(event.kind, e->job)]--;
    sim_step(s, &event);
}

static struct sim_event *completion(struct sim *s, enum event_kind kind, uint64_t token, int err)
{
    /* At once, as the server does, or much later. */
    int64_t in_ns = sim_chance(s, 4) ? 0 : sim_draw(s, s->plan.disk_ns_max);
    struct sim_event *e = sim_later(s, in_ns, complete);
    e->life = s->life;
    e->value = kind;
    e->token = token;
    e->err = err;
    return e;
}

/* --- files --- */

/* As a cache of descriptors: what it forgot is opened by its name again. */
static struct inode *file_open(struct sim *s, const struct log_file *f, bool create, int *err)
{
    struct slice key = slice_of(&f->id, sizeof f->id);
    struct inode *inode = table_get(&s->open_files, key);
    *err = 0;
    if (inode && !sim_chance(s, 64)) return inode;
    inode = sim_disk_find(&s->disk, f->path, create, err);
    if (inode) table_set(&s->open_files, key, inode);
    return inode;
}

static void perform_append(struct sim *s, const struct action *a)
{
    struct buf bytes = {0};
    int err;
    struct inode *f = file_open(s, a->file, true, &err);
    for (int i = 0; i < a->piece_count; i++) buf_append_slice(&bytes, a->pieces[i].bytes);
    if (f) err = sim_disk_write(&s->disk, f, a->at, buf_slice(&bytes));
    buf_release(&bytes);
    if (!a->token) return;
    s->under_way[STATE_APPENDING]++;
    completion(s, EVENT_APPENDED, a->token, err);
}

static void perform_read(struct sim *s, const struct action *a)
{
    struct buf bytes = {0};
    int err;
    s->under_way[STATE_READING]++;
    struct inode *f = file_open(s, a->file, false, &err);
    int64_t got =
        f ? sim_disk_read(&s->disk, f, a->at, buf_reserve(&bytes, (size_t)a->length), (size_t)a->length) : err;
    if (got > 0) bytes.n = (size_t)got;
    if (got > 0 && sim_breaks(s) && sim_chance(s, s->plan.short_read)) {
        bytes.n = (size_t)sim_draw(s, got);
        sim_broke(s, FAULT_SHORT_READ);
    }
    struct sim_event *e = completion(s, EVENT_READ, a->token, got < 0 ? (int)got : 0);
    e->bytes = bytes;
}

/* What was written before the sync was asked for becomes durable when it ends. */
static void sync_run(struct sim *s, struct sim_event *e)
{
    int err = e->err;
    for (int i = 0; i < e->inode_count && err == 0; i++) err = sim_disk_sync(&s->disk, e->inodes[i], e->up_to);
    if (s->disk.off) return;
    completion(s, EVENT_SYNCED, e->token, err);
}

static void perform_sync(struct sim *s, const struct action *a)
{
    struct inode **inodes = memory_new((size_t)a->file_count * sizeof(struct inode *));
    int first_err = 0;
    s->under_way[STATE_SYNCING]++;
    for (int i = 0; i < a->file_count; i++) {
        int err;
        inodes[i] = file_open(s, a->files[i], false, &err);
        if (err && !first_err) first_err = err;
    }
    struct sim_event *e = sim_later(s, sim_draw(s, s->plan.disk_ns_max * 2), sync_run);
    e->life = s->life;
    e->token = a->token;
    e->err = first_err;
    e->inodes = inodes;
    e->inode_count = a->file_count;
    e->up_to = s->disk.writes;
}

/* --- jobs --- */

static void job_run(struct sim *s, struct sim_event *e)
{
    int err = e->job->run(e->job, &s->disk.disk);
    trace_note(&s->trace, s->now_ns, "   job %s ran: %s", e->job->name, err_name(err));
    if (s->disk.off) return;
    completion(s, EVENT_JOB_DONE, 0, err)->job = e->job;
}

/* Jobs of one order run one after the other; those of order 0 when they like. */
static void perform_job(struct sim *s, struct node_job *job)
{
    struct job_line any = {0}, *line = job->order ? NULL : &any;
    s->under_way[coverage_job_state(job->name)]++;
    for (int i = 0; i < s->job_line_count; i++)
        if (s->job_lines[i].order == job->order) line = &s->job_lines[i];
    if (!line) {
        s->job_lines = memory_grow(s->job_lines, (size_t)s->job_line_count + 1, sizeof *s->job_lines);
        line = &s->job_lines[s->job_line_count++];
        *line = (struct job_line){job->order, 0};
    }
    int64_t at_ns = s->now_ns + sim_draw(s, s->plan.disk_ns_max * 2);
    if (at_ns <= line->last_ns) at_ns = line->last_ns + 1;
    line->last_ns = at_ns;
    struct sim_event *e = sim_later(s, at_ns - s->now_ns, job_run);
    e->life = s->life;
    e->job = job;
}

/* --- the rest --- */

static void timer_run(struct sim *s, struct sim_event *e)
{
    if (e->token == s->wake_number) sim_step(s, &(struct event){.kind = EVENT_TIMER});
}

static void perform_wake(struct sim *s, int64_t at_ns)
{
    s->wake_number++;
    if (at_ns == INT64_MAX) return;
    /* A timer is late, never early. */
    int64_t in_ns = at_ns > s->now_ns ? at_ns - s->now_ns : 0;
    struct sim_event *e = sim_later(s, in_ns + sim_draw(s, NS_MS), timer_run);
    e->life = s->life;
    e->token = s->wake_number;
}

static void perform(struct sim *s, const struct action *a)
{
    switch (a->kind) {
    case ACTION_APPEND: perform_append(s, a); break;
    case ACTION_SYNC: perform_sync(s, a); break;
    case ACTION_READ: perform_read(s, a); break;
    case ACTION_SEND:
    case ACTION_CLOSE:
    case ACTION_PAUSE:
    case ACTION_RESUME: links_perform(s, a); break;
    case ACTION_JOB: perform_job(s, a->job); break;
    case ACTION_WAKE: perform_wake(s, a->at_ns); break;
    case ACTION_FORGET: table_remove(&s->open_files, slice_of(&a->file->id, sizeof a->file->id)); break;
    case ACTION_SAY: break;
    case ACTION_LIMIT: break; /* clients of the simulator are few */
    case ACTION_STOPPED: s->stopped = true; break;
    }
}

void perform_actions(struct sim *s)
{
    for (int i = 0; i < s->actions.count && !s->disk.off; i++) {
        if (s->actions_left > 0 && --s->actions_left == 0) {
            s->disk.off = true; /* the crash comes in the middle of the list */
            break;
        }
        trace_action(&s->trace, s->now_ns, &s->actions.items[i]);
        perform(s, &s->actions.items[i]);
    }
    actions_reset(&s->actions);
}

void perform_reset(struct sim *s)
{
    table_release(&s->open_files);
    s->open_files = (struct table){0};
    s->job_line_count = 0;
    s->actions_left = -1;
    s->stopping = false;
    memset(s->under_way, 0, sizeof s->under_way);
}
