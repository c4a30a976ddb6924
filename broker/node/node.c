#include "broker/node/node.h"

#include <assert.h>
#include <stdlib.h>

#include "broker/node/node_internal.h"

/* --- what is awaited --- */

uint64_t node_await(struct node *n, void *owner)
{
    uint64_t token = ++n->last_token;
    table_set(&n->awaited, slice_of(&token, sizeof token), owner);
    return token;
}

void *node_take_awaited(struct node *n, uint64_t token)
{
    return table_remove(&n->awaited, slice_of(&token, sizeof token));
}

/* --- deadlines --- */

void node_deadline_in(struct node *n, struct deadline *d, int64_t in_ms)
{
    int64_t now_ms = (n->now.monotonic_ns + 999999) / 1000000;
    if (in_ms < 0) in_ms = 0;
    deadline_set(&n->deadlines, d, in_ms > INT64_MAX - now_ms ? INT64_MAX : now_ms + in_ms);
}

static void request_expired(struct node *n, struct request *r)
{
    if (r->api->key == KAFKA_API_FETCH)
        fetch_expired(n, r);
    else
        produce_expired(n, r);
}

static void deadlines_fire(struct node *n)
{
    struct deadline *d;
    while ((d = deadlines_due(&n->deadlines, n->now.monotonic_ns / 1000000))) {
        switch ((enum deadline_kind)d->kind) {
        case DEADLINE_REQUEST: request_expired(n, d->owner); break;
        case DEADLINE_FLUSH: partition_flush(n, d->owner); break;
        case DEADLINE_JOBS: partition_jobs_again(n, d->owner); break;
        case DEADLINE_GROUPS: group_api_timer(n); break;
        case DEADLINE_FOLDERS: controller_folders_again(n); break;
        case DEADLINE_PATIENCE: controller_patience_over(n); break;
        case DEADLINE_DOOMED: break; /* they are looked at in every step */
        default: storage_deadline(n, (enum deadline_kind)d->kind); break;
        }
    }
}

static void wake_tell(struct node *n)
{
    int64_t next_ms = deadlines_next(&n->deadlines);
    int64_t at_ns = next_ms >= INT64_MAX / 1000000 ? INT64_MAX : next_ms * 1000000;
    if (at_ns == n->wake_told_ns) return;
    n->wake_told_ns = at_ns;
    action_add(n, ACTION_WAKE)->at_ns = at_ns;
}

/* --- events --- */

static void job_returned(struct node *n, struct job *j, int err)
{
    *j->link = j->next;
    if (j->next) j->next->link = j->link;
    j->done(n, j, err);
}

static void event_take(struct node *n, const struct event *e)
{
    void *owner;
    switch (e->kind) {
    case EVENT_CONNECTED: connection_opened(n, e->connection, e->data); break;
    case EVENT_DISCONNECTED: connection_gone(n, e->connection); break;
    case EVENT_ENDED: connection_ended(n, e->connection); break;
    case EVENT_FRAME: connection_frame(n, e->connection, e->frame); break;
    case EVENT_APPENDED:
        owner = node_take_awaited(n, e->token);
        assert(owner);
        append_written(n, owner, e->err);
        break;
    case EVENT_SYNCED:
        owner = node_take_awaited(n, e->token);
        assert(owner);
        partition_synced(n, owner, e->err);
        break;
    case EVENT_READ:
        owner = node_take_awaited(n, e->token);
        assert(owner);
        fetch_read_done(n, owner, e->err, e->data);
        break;
    case EVENT_JOB_DONE: job_returned(n, (struct job *)e->job, e->err); break;
    case EVENT_TIMER: n->wake_told_ns = INT64_MIN; break;
    case EVENT_SHUTDOWN: shutdown_begin(n); break;
    }
}

void node_say_lines(struct node *n, struct slice text)
{
    while (text.n) {
        size_t line = 0;
        while (line < text.n && text.p[line] != '\n') line++;
        if (line) action_say(n, LOG_LEVEL_WARN, "%.*s", (int)line, (const char *)text.p);
        if (line < text.n) line++;
        text = slice_of(text.p + line, text.n - line);
    }
}

/* The first step: recovery's report, and what writing at start left to be done. */
static void opening_finish(struct node *n)
{
    n->started = true;
    node_say_lines(n, buf_slice(&n->opening_text));
    buf_release(&n->opening_text);
    partition_jobs(n, n->metadata);
}

void node_limits_tell(struct node *n)
{
    int64_t now = node_config_number(n, "max.connections");
    if (now == n->connections_max) return;
    n->connections_max = now;
    action_add(n, ACTION_LIMIT)->length = (uint64_t)now;
}

void node_step(struct node *n, struct node_time now, const struct event *e, struct actions *out)
{
    n->now = now;
    n->out = out;
    if (!n->started) opening_finish(n);
    if (n->connections_max < 0) node_limits_tell(n);
    event_take(n, e);
    deadlines_fire(n);
    partitions_doomed_continue(n);
    shutdown_continue(n);
    wake_tell(n);
    n->out = NULL;
}

void node_free(struct node *n)
{
    if (!n) return;
    while (n->jobs) {
        struct job *j = n->jobs;
        n->jobs = j->next;
        j->drop(j);
    }
    check_lines_release(n);
    partitions_release(n);
    connections_release(n);
    controller_release(n);
    if (n->groups) group_coordinator_free(n->groups);
    metadata_image_release(&n->image);
    table_release(&n->awaited);
    deadlines_release(&n->deadlines);
    buf_release(&n->opening_text);
    free(n);
}
