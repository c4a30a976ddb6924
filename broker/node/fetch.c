/* Fetch: a pass over the partitions finds what can be sent now; if that is too little, the request waits
 * in the watch list of each partition and makes one more pass when enough has become visible or its time
 * is over (T31).
 *
 *     begin -> pass -> enough, or an error, or max_wait 0 ---------------------------> answer
 *               ^  |                                                                     ^
 *     read done +--+--> too little: watch ... [min_bytes visible | deadline] -> pass ----+
 *
 * Topics have names up to version 12 and ids from 13 on (KIP-516). An id is looked up at each pass: a topic that is
 * made anew under the same name while a poll waits is another topic.
 *
 * Fetch sessions (KIP-227) are not kept: every answer has session id 0 and full data, which every client
 * must be able to live with (T32). */
#include <assert.h>

#include "broker/node/node_internal.h"

/* One partition of the request. */
struct fetch_line {
    const struct fetch_request_fetch_topic *topic;
    const struct fetch_request_fetch_partition *in;
    struct fetch_response_partition_data *out;
    struct watch watch;
    struct file_range range; /* `file` holds a reference when length > 0 */
};

struct fetch {
    struct fetch_response *response;
    struct fetch_line *lines;
    int32_t line_count, at; /* at: where the pass stands */
    struct log_read read;   /* of line `at`, while its READ is under way */
    struct partition *reading;
    int64_t total_bytes, waiting_bytes;
    int64_t watching_bytes; /* memory, as the node counts it while this waits */
    int32_t max_bytes;
    bool failed, last_pass, watching;
};

/* --- request and response side by side --- */

static void lines_build(struct request *r, struct fetch *f, const struct fetch_request *in)
{
    struct fetch_response *out = f->response = KAFKA_NEW(&r->arena, fetch_response, 1);
    int32_t count = 0;
    for (int32_t t = 0; t < in->topics_count; t++) count += in->topics[t].partitions_count;
    f->lines = arena_alloc(&r->arena, (size_t)count * sizeof *f->lines);
    out->responses_count = in->topics_count;
    out->responses = KAFKA_NEW(&r->arena, fetch_response_fetchable_topic_response, in->topics_count);
    for (int32_t t = 0; t < in->topics_count; t++) {
        const struct fetch_request_fetch_topic *topic = &in->topics[t];
        struct fetch_response_fetchable_topic_response *answer = &out->responses[t];
        answer->topic = topic->topic;
        answer->topic_id = topic->topic_id;
        answer->partitions_count = topic->partitions_count;
        answer->partitions = KAFKA_NEW(&r->arena, fetch_response_partition_data, topic->partitions_count);
        for (int32_t i = 0; i < topic->partitions_count; i++) {
            struct fetch_line *line = &f->lines[f->line_count++];
            line->topic = topic;
            line->in = &topic->partitions[i];
            line->out = &answer->partitions[i];
            line->watch.request = r;
        }
    }
}

/* What every partition says before anything is known of it. Records are empty, never null (T28). */
static void line_reset(struct fetch_line *line)
{
    if (line->range.length) log_file_unref(line->range.file);
    line->range = (struct file_range){0};
    kafka_struct_init(&fetch_response_partition_data_struct, line->out);
    line->out->partition_index = line->in->partition;
    line->out->high_watermark = -1;
    line->out->aborted_transactions_count = 0;
    line->out->records = (struct kafka_bytes){NULL, 0};
}

/* --- a pass --- */

static bool by_id(const struct request *r)
{
    return r->header.api_version >= 13;
}

static const struct metadata_topic *line_topic(const struct node *n, const struct request *r,
                                               const struct fetch_line *line)
{
    return by_id(r) ? metadata_topic_find_id(&n->image, line->topic->topic_id)
                    : metadata_topic_find(&n->image, kafka_string_slice(line->topic->topic));
}

/* The partition that the line names, or why it is not here. */
static int16_t line_find(struct node *n, const struct request *r, const struct fetch_line *line, struct partition **p)
{
    int32_t index = line->in->partition;
    *p = by_id(r) ? NULL : partition_find(n, kafka_string_slice(line->topic->topic), index);
    if (*p) return KAFKA_NONE;
    const struct metadata_topic *t = line_topic(n, r, line);
    if (!t) return by_id(r) ? KAFKA_UNKNOWN_TOPIC_ID : KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    if (!metadata_partition_find(t, index)) return KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    *p = partition_find(n, slice_str(t->name), index);
    if (!*p) return KAFKA_NOT_LEADER_OR_FOLLOWER;
    /* A namesake never stands there: what the image lost is taken away in the same step (controller.c). So there is no
     * INCONSISTENT_TOPIC_ID, which Kafka has for fetch sessions and for a log whose topic the image has changed under.
     */
    assert(kafka_uuid_equal((*p)->topic->id, t->id));
    return KAFKA_NONE;
}

/* The leader epoch that the client believes in, if it says one (KIP-320, T36). */
static int16_t line_epoch_check(const struct node *n, const struct request *r, const struct fetch_line *line)
{
    if (line->in->current_leader_epoch < 0) return KAFKA_NONE;
    const struct metadata_partition *p = metadata_partition_find(line_topic(n, r, line), line->in->partition);
    return p ? leader_epoch_check(p, line->in->current_leader_epoch) : KAFKA_NONE;
}

static int16_t line_check(struct node *n, const struct request *r, struct fetch_line *line, struct partition **p)
{
    int16_t error = line_find(n, r, line, p);
    if (error != KAFKA_NONE) return error;
    /* T22: a client of that age cannot read what this topic stores (KIP-110). */
    if ((*p)->rules.codec == COMPRESSION_ZSTD && r->header.api_version < 10) return KAFKA_UNSUPPORTED_COMPRESSION_TYPE;
    return n->disk_failed ? KAFKA_KAFKA_STORAGE_ERROR : line_epoch_check(n, r, line);
}

static void line_fail(struct fetch *f, struct fetch_line *line, int16_t error)
{
    f->failed = true;
    line->out->error_code = error;
}

/* An epoch that the log does not end where the client thinks it does (KIP-595). */
static bool line_diverges(const struct partition *p, struct fetch_line *line)
{
    int32_t epoch = line->in->last_fetched_epoch;
    int64_t end;
    if (epoch < 0) return false;
    int32_t found;
    log_epoch_end(p->log, epoch, &found, &end);
    if (found < 0 || (found == epoch && end >= line->in->fetch_offset)) return false;
    line->out->diverging_epoch.epoch = found;
    line->out->diverging_epoch.end_offset = end;
    return true;
}

static void line_range(struct fetch *f, struct fetch_line *line)
{
    line->range = (struct file_range){log_file_ref(f->read.file), f->read.at, f->read.length};
    line->out->records.n = (int32_t)f->read.length;
    f->total_bytes += (int64_t)f->read.length;
}

/* What a read came to. False: it waits for the disk. */
static bool line_take(struct node *n, struct request *r, struct fetch_line *line, struct partition *p,
                      enum log_read_outcome outcome)
{
    struct fetch *f = r->state;
    switch (outcome) {
    case LOG_READ_RANGE: line_range(f, line); return true;
    case LOG_READ_EMPTY: return true;
    case LOG_READ_OUT_OF_RANGE: line_fail(f, line, KAFKA_OFFSET_OUT_OF_RANGE); return true;
    case LOG_READ_CORRUPT: line_fail(f, line, KAFKA_CORRUPT_MESSAGE); return true;
    case LOG_READ_MORE: break;
    }
    struct action *a = action_add(n, ACTION_READ);
    a->file = log_file_ref(f->read.file);
    a->at = f->read.at;
    a->length = f->read.length;
    a->token = r->token = node_await(n, r);
    f->reading = p;
    p->reads++;
    return false;
}

static void line_offsets(struct fetch_line *line, const struct partition *p)
{
    const struct log_offsets *o = log_offsets(p->log);
    line->out->high_watermark = line->out->last_stable_offset = o->high_watermark;
    line->out->log_start_offset = o->start;
}

static bool line_pass(struct node *n, struct request *r, struct fetch_line *line)
{
    struct fetch *f = r->state;
    struct partition *p;
    line_reset(line);
    int16_t error = line_check(n, r, line, &p);
    if (error != KAFKA_NONE) {
        line_fail(f, line, error);
        return true;
    }
    line_offsets(line, p);
    if (line_diverges(p, line)) {
        f->failed = true; /* the client is to know at once */
        return true;
    }
    int64_t left = f->max_bytes - f->total_bytes, own = line->in->partition_max_bytes;
    f->read = (struct log_read){
        .offset = line->in->fetch_offset,
        .max_bytes = own < left ? own : left,
        .min_one = f->total_bytes == 0, /* T29: one whole batch, of the first partition that has any */
        .isolation = LOG_VISIBLE,
    };
    if (f->read.max_bytes < 0) f->read.max_bytes = 0;
    return line_take(n, r, line, p, log_read_begin(p->log, &f->read));
}

static void fetch_unwatch(struct node *n, struct fetch *f)
{
    n->watching_bytes -= f->watching_bytes;
    f->watching_bytes = 0;
    for (int32_t i = 0; f->watching && i < f->line_count; i++) {
        struct watch *w = &f->lines[i].watch;
        if (!w->partition) continue;
        *w->link = w->next;
        if (w->next) w->next->link = w->link;
        w->partition = NULL;
    }
    f->watching = false;
}

static void ranges_drop(struct fetch *f)
{
    for (int32_t i = 0; i < f->line_count; i++) {
        struct fetch_line *line = &f->lines[i];
        if (line->range.length) log_file_unref(line->range.file);
        line->range.length = 0;
    }
}

static void fetch_answer(struct node *n, struct request *r)
{
    struct fetch *f = r->state;
    struct file_range *ranges = arena_alloc(&n->out->arena, (size_t)(f->line_count + 1) * sizeof *ranges);
    int count = 0;
    for (int32_t i = 0; i < f->line_count; i++)
        if (f->lines[i].range.length) ranges[count++] = f->lines[i].range;
    request_answer_ranges(n, r, f->response, ranges, count);
}

static void fetch_watch(struct node *n, struct request *r)
{
    struct fetch *f = r->state;
    const struct fetch_request *in = r->body;
    f->watching = true;
    f->watching_bytes = (int64_t)(r->arena.used + r->frame->n);
    n->watching_bytes += f->watching_bytes;
    f->waiting_bytes = f->total_bytes;
    ranges_drop(f);
    for (int32_t i = 0; i < f->line_count; i++) {
        struct fetch_line *line = &f->lines[i];
        struct partition *p;
        /* One that is named twice is watched once: who appends to it must not walk a hundred thousand of them. */
        if (line_find(n, r, line, &p) != KAFKA_NONE || (p->watches && p->watches->request == r)) continue;
        struct watch *w = &line->watch;
        *w = (struct watch){p, r, line->in->fetch_offset, p->visible_bytes, p->watches, &p->watches};
        if (p->watches) p->watches->link = &w->next;
        p->watches = w;
    }
    node_deadline_in(n, &r->deadline, in->max_wait_ms);
}

static void fetch_pass_done(struct node *n, struct request *r)
{
    struct fetch *f = r->state;
    const struct fetch_request *in = r->body;
    bool enough = f->failed || f->total_bytes >= in->min_bytes || in->max_wait_ms <= 0 ||
                  (r->connection && r->connection->ended) || f->line_count == 0 ||
                  n->watching_bytes > WATCHING_BYTES_MAX;
    if (enough || f->last_pass || n->shutdown != SHUTDOWN_NOT)
        fetch_answer(n, r);
    else
        fetch_watch(n, r);
}

static void fetch_pass(struct node *n, struct request *r)
{
    struct fetch *f = r->state;
    for (; f->at < f->line_count; f->at++)
        if (!line_pass(n, r, &f->lines[f->at])) return;
    fetch_pass_done(n, r);
}

/* The pass that is answered whatever it finds. */
static void fetch_last_pass(struct node *n, struct request *r)
{
    struct fetch *f = r->state;
    fetch_unwatch(n, f);
    deadline_clear(&n->deadlines, &r->deadline);
    f->last_pass = true;
    f->failed = false;
    f->at = 0;
    f->total_bytes = 0;
    fetch_pass(n, r);
}

void fetch_begin(struct node *n, struct request *r)
{
    const struct fetch_request *in = r->body;
    struct fetch *f = arena_alloc(&r->arena, sizeof *f);
    r->state = f;
    lines_build(r, f, in);
    f->max_bytes = in->max_bytes < n->config->fetch_bytes_max ? in->max_bytes : (int32_t)n->config->fetch_bytes_max;
    /* An incremental request of a session that we do not keep: the client starts a new one (KIP-227). */
    if (r->header.api_version >= 7 && in->session_id != 0) {
        f->response->error_code = KAFKA_FETCH_SESSION_ID_NOT_FOUND;
        f->response->responses_count = 0;
        f->line_count = 0;
    }
    fetch_pass(n, r);
}

/* --- events --- */

static void fetch_forget(struct node *n, struct request *r)
{
    struct fetch *f = r->state;
    fetch_unwatch(n, f);
    ranges_drop(f);
    request_finish_silently(n, r);
}

void fetch_read_done(struct node *n, struct request *r, int err, struct slice data)
{
    struct fetch *f = r->state;
    struct partition *p = f->reading;
    struct fetch_line *line = &f->lines[f->at];
    p->reads--;
    f->reading = NULL;
    if (!r->connection) {
        fetch_forget(n, r);
        return;
    }
    if (p->doomed)
        line_fail(f, line, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    else if (!line_take(n, r, line, p, log_read_continue(p->log, &f->read, err, data)))
        return;
    else
        line_offsets(line, p); /* what was found may lie above the high watermark of the pass's beginning */
    f->at++;
    fetch_pass(n, r);
}

void fetch_expired(struct node *n, struct request *r)
{
    fetch_last_pass(n, r);
}

/* By its deadline, in this step: ending it here would free requests under the hands of who walks over them. */
void fetch_hurry(struct node *n, struct request *r)
{
    struct fetch *f = r->state;
    if (f && f->watching) node_deadline_in(n, &r->deadline, 0);
}

void fetch_abandoned(struct node *n, struct request *r)
{
    struct fetch *f = r->state;
    if (f && f->watching) fetch_forget(n, r);
}

void fetch_release(struct request *r)
{
    if (r->state) ranges_drop(r->state);
}

void fetch_wake(struct node *n, struct partition *p)
{
    bool gone = p->doomed || n->disk_failed || n->shutdown != SHUTDOWN_NOT;
    for (struct watch *w = p->watches, *next; w; w = next) {
        struct fetch *f = w->request->state;
        const struct fetch_request *in = w->request->body;
        next = w->next;
        f->waiting_bytes += p->visible_bytes - w->seen_bytes;
        w->seen_bytes = p->visible_bytes;
        bool below = w->offset < log_offsets(p->log)->start;
        if (!gone && !below && f->waiting_bytes < in->min_bytes) continue;
        fetch_last_pass(n, w->request);
    }
}
