/* One batch on its way into one partition.
 *
 *     append_submit -> [checking: a job reads compressed records] -> log_append -> writing -> waiting -> done
 *                                                                        |           |          |
 *                                                                     refused      failed     failed
 *
 * A batch waits for the high watermark to pass it. What the high watermark follows is the durability
 * mode's business (partition_advance), so that one rule serves them all: nobody hears of a batch, neither
 * its producer nor a consumer, before the mode's promise holds for it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/node/node_internal.h"
#include "lib/base/memory.h"

struct append *append_new(struct partition *p, enum append_origin origin, struct shared *frame, uint8_t *batch,
                          size_t size, const struct batch_header *header)
{
    struct append *a = memory_new(sizeof *a);
    a->partition = p;
    a->origin = origin;
    a->frame = shared_ref(frame);
    a->batch = batch;
    a->size = size;
    a->header = *header;
    a->rules = p->rules;
    a->base_offset = a->log_append_time_ms = -1;
    return a;
}

void append_free(struct append *a)
{
    shared_unref(a->frame);
    free(a->bad.items);
    free(a);
}

/* Done and no write of it is under way. */
static void append_maybe_free(struct append *a)
{
    if (a->is_done && !a->is_writing) append_free(a);
}

static void append_end(struct node *n, struct append *a, int16_t error)
{
    assert(!a->is_done);
    a->is_done = true;
    a->error = error;
    switch (a->origin) {
    case APPEND_PRODUCE: produce_appended(n, a); break;
    case APPEND_GROUP: group_api_appended(n, a); break;
    case APPEND_CONTROLLER: controller_appended(n, a); break;
    }
    append_maybe_free(a);
}

/* --- waiting for the high watermark --- */

/* Sorted by need; a duplicate of an older batch may need less than the last one. */
static void waiting_add(struct partition *p, struct append *a)
{
    struct append_list *l = &p->waiting;
    if (!l->last || l->last->need <= a->need) {
        *(l->last ? &l->last->next_waiting : &l->first) = a;
        l->last = a;
        return;
    }
    struct append **link = &l->first;
    while ((*link)->need <= a->need) link = &(*link)->next_waiting;
    a->next_waiting = *link;
    *link = a;
}

static struct append *waiting_take(struct partition *p)
{
    struct append *a = p->waiting.first;
    p->waiting.first = a->next_waiting;
    if (!p->waiting.first) p->waiting.last = NULL;
    a->next_waiting = NULL;
    return a;
}

void appends_complete(struct node *n, struct partition *p, int64_t high_watermark)
{
    while (p->waiting.first && p->waiting.first->need <= high_watermark) {
        struct append *a = waiting_take(p);
        if (!a->duplicate) p->visible_bytes += (int64_t)a->size;
        append_end(n, a, KAFKA_NONE);
    }
}

void appends_fail_above(struct node *n, struct partition *p, int64_t end, int16_t error)
{
    struct append_list *l = &p->waiting;
    struct append **link = &l->first, *last = NULL;
    while (*link && (*link)->need <= end) {
        last = *link;
        link = &(*link)->next_waiting;
    }
    struct append *failed = *link;
    *link = NULL;
    l->last = last;
    while (failed) {
        struct append *a = failed;
        failed = a->next_waiting;
        a->next_waiting = NULL;
        append_end(n, a, error);
    }
}

/* --- into the log --- */

static int16_t outcome_error(enum log_append_outcome outcome)
{
    switch (outcome) {
    case LOG_APPENDED:
    case LOG_DUPLICATE: return KAFKA_NONE;
    case LOG_OUT_OF_ORDER_SEQUENCE: return KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER;
    case LOG_DUPLICATE_SEQUENCE: return KAFKA_DUPLICATE_SEQUENCE_NUMBER;
    case LOG_INVALID_PRODUCER_EPOCH: return KAFKA_INVALID_PRODUCER_EPOCH;
    case LOG_TOO_LARGE: return KAFKA_MESSAGE_TOO_LARGE;
    case LOG_SEGMENT_TOO_SMALL: return KAFKA_RECORD_LIST_TOO_LARGE;
    case LOG_REFUSED: return KAFKA_KAFKA_STORAGE_ERROR;
    }
    return KAFKA_UNKNOWN_SERVER_ERROR;
}

static void append_write(struct node *n, struct append *a, const struct log_append_result *result)
{
    struct partition *p = a->partition;
    a->is_writing = true;
    *(p->writing.last ? &p->writing.last->next_writing : &p->writing.first) = a;
    p->writing.last = a;
    for (int i = 0; i < result->write_count; i++)
        action_append(n, &result->writes[i], i == 0 ? a->frame : NULL, i == 0 ? node_await(n, a) : 0);
    bool first = p->unflushed == 0;
    p->unflushed += a->header.count;
    if (first) partition_flush_await(n, p);
}

static void append_start(struct node *n, struct append *a)
{
    struct partition *p = a->partition;
    struct log_append in = {
        .batch = a->batch,
        .size = a->size,
        .header = &a->header,
        .leader_epoch = p->leader_epoch >= 0 ? p->leader_epoch : n->metadata_epoch,
        .now_ms = n->now.wall_ms,
        .origin_client = a->origin == APPEND_PRODUCE,
    };
    struct log_append_result result;
    if (p->doomed) {
        append_end(n, a, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
        return;
    }
    log_append(p->log, &in, &n->out->arena, &result);
    int16_t error = outcome_error(result.outcome);
    if (error != KAFKA_NONE) {
        append_end(n, a, error);
        return;
    }
    a->base_offset = result.base_offset;
    a->log_append_time_ms = result.log_append_time_ms;
    a->need = result.last_offset + 1;
    a->duplicate = result.outcome == LOG_DUPLICATE;
    waiting_add(p, a);
    if (!a->duplicate)
        append_write(n, a, &result);
    else
        appends_complete(n, p, log_offsets(p->log)->high_watermark);
}

/* --- looking at records (check.c) --- */

void append_checked(struct node *n, struct append *a)
{
    struct partition *p = a->partition;
    if (a->error != KAFKA_NONE)
        append_end(n, a, a->error);
    else
        append_start(n, a);
    partition_advance(n, p);
}

void append_submit(struct node *n, struct append *a)
{
    a->now_ms = n->now.wall_ms;
    if (a->origin == APPEND_PRODUCE) {
        /* Plain records are looked at here, it costs less than handing them over; but not hundreds of thousands. */
        enum { LOOKED_AT_HERE_BYTES_MAX = 2 * 1024 * 1024 };
        a->unchecked =
            batch_codec(&a->header) != COMPRESSION_NONE || append_is_recoded(a) || a->size > LOOKED_AT_HERE_BYTES_MAX;
        int16_t error = a->unchecked ? KAFKA_NONE : append_records_check(a);
        if (error != KAFKA_NONE) {
            append_end(n, a, error);
            return;
        }
    }
    if (append_must_line_up(a))
        append_line_up(n, a);
    else
        append_start(n, a);
}

/* --- written --- */

/* The log wants to hear of writes in the order of the appends, also where two files are involved. */
void append_written(struct node *n, struct append *a, int err)
{
    struct partition *p = a->partition;
    a->write_reported = true;
    a->write_err = err;
    while (p->writing.first && p->writing.first->write_reported) {
        struct append *w = p->writing.first;
        p->writing.first = w->next_writing;
        if (!p->writing.first) p->writing.last = NULL;
        w->next_writing = NULL;
        log_written(p->log, w->base_offset, w->write_err);
        if (w->write_err < 0) {
            action_say(n, LOG_LEVEL_ERROR, "%s: cannot append: %s", log_dir(p->log), err_name(w->write_err));
            appends_fail_above(n, p, log_offsets(p->log)->end, KAFKA_KAFKA_STORAGE_ERROR);
        }
        w->is_writing = false; /* not before: failing it would free it */
        append_maybe_free(w);
    }
    partition_advance(n, p);
    partition_jobs(n, p);
}

/* --- the node's own records --- */

void append_own(struct node *n, struct partition *p, enum append_origin origin, const struct own_record *records,
                int32_t count, uint64_t token)
{
    struct batch_builder builder;
    struct buf out = {0};
    struct batch_header header;
    struct batch_options options = BATCH_OPTIONS_PLAIN;
    batch_builder_init(&builder, &options);
    for (int32_t i = 0; i < count; i++)
        batch_builder_add(&builder, n->now.wall_ms, records[i].key, records[i].value, NULL, 0);
    int rc = batch_builder_finish(&builder, &out);
    batch_builder_release(&builder);
    assert(rc == 0);
    rc = batch_header_read(buf_slice(&out), &header);
    assert(rc == 0);
    (void)rc;
    struct shared *frame = shared_take(&out);
    struct append *a = append_new(p, origin, frame, frame->p, frame->n, &header);
    shared_unref(frame);
    a->token = token;
    append_submit(n, a);
}

void appends_release(struct node *n, struct partition *p)
{
    (void)n;
    /* Those that are writing and done are in no other list. */
    for (struct append *a = p->writing.first, *next; a; a = next) {
        next = a->next_writing;
        a->is_writing = false;
        append_maybe_free(a);
    }
    while (p->waiting.first) append_free(waiting_take(p));
}
