#include "etl/stream/ordered.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "etl/stream/client.h"
#include "etl/stream/stream_id.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"

enum {
    BATCH = 256, /* messages that are taken over at once */
    POLL_MS = 100,
    PATIENCE_MS = 5000,
    METADATA_MS = 5000,
    /* Of each partition, at least: */
    QUEUE_MESSAGES_MIN = 2 * BATCH,
    QUEUE_KIB_MIN = 256,
    FETCH_BYTES = 1 << 17, /* of a partition in a response, and of all of them */
    FETCH_BYTES_ALL = 1 << 20
};

/* A partition, and the message that it stands on. */
struct cursor {
    const char *topic;
    int topic_index;
    int32_t partition;
    rd_kafka_topic_t *handle;
    bool started;
    int64_t end; /* behind its last message */
    rd_kafka_message_t *batch[BATCH];
    size_t count, at; /* of the batch: how many there are, and which one is `message` */
    struct message message;
    struct arena arena; /* of a file message */
    uint32_t crc;       /* of its last message */
};

struct ordered {
    const struct ordered_options *options;
    rd_kafka_t *client;
    struct cursor *cursors;
    size_t cursor_count;
    struct cursor **heap; /* the first one first */
    size_t heap_count;
    bool given;                  /* the first one's message was handed out */
    char stream[STREAM_ID_SIZE]; /* its id; "" before it is known */
    uint64_t messages, taken;
    uint64_t woken; /* `taken` at that time */
    /* Of the record that was handed out last. */
    int feed;
    struct buf file;
    uint64_t byte_offset;
};

static int refused(const struct cursor *c, const rd_kafka_message_t *m, const char *what, struct err_text *error)
{
    return err_set(error, ERR_UNSUPPORTED, "topic %s, partition %" PRId32 ", offset %" PRId64 ": %s", c->topic,
                   c->partition, m ? m->offset : c->end - 1, what);
}

/* --- messages of a partition --- */

static void batch_drop(struct cursor *c)
{
    for (size_t i = 0; i < c->count; i++) rd_kafka_message_destroy(c->batch[i]);
    c->count = c->at = 0;
}

/* Every partition, with the offset behind its last message. */
static rd_kafka_resp_err_t ends_ask(const struct ordered *o, rd_kafka_topic_partition_list_t *list)
{
    for (size_t i = 0; i < o->cursor_count; i++)
        rd_kafka_topic_partition_list_add(list, o->cursors[i].topic, o->cursors[i].partition)->offset =
            RD_KAFKA_OFFSET_END;
    rd_kafka_resp_err_t err = rd_kafka_offsets_for_times(o->client, list, METADATA_MS);
    for (int i = 0; i < list->cnt && !err; i++) err = list->elems[i].err;
    return err;
}

/* A connection all of whose queues are full sleeps for up to a second before it looks again (librdkafka 2.0); any
 * request wakes it. */
static void client_wake(struct ordered *o)
{
    if (o->taken - o->woken < ORDERED_QUEUE_MESSAGES / 4) return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)o->cursor_count);
    ends_ask(o, list);
    o->woken = o->taken;
    rd_kafka_topic_partition_list_destroy(list);
}

/* What is there already, else what comes. */
static int batch_fetch(struct ordered *o, struct cursor *c, struct err_text *error)
{
    int64_t until_ns = clock_mono_ns() + (int64_t)PATIENCE_MS * 1000000;
    batch_drop(c);
    client_wake(o);
    while (c->count == 0) {
        ssize_t n = rd_kafka_consume_batch(c->handle, c->partition, 0, c->batch, BATCH);
        if (n > 0) c->count = (size_t)n;
        rd_kafka_message_t *m = c->count ? NULL : rd_kafka_consume(c->handle, c->partition, POLL_MS);
        if (m) c->batch[c->count++] = m;
        if (*o->options->stopping) return err_set(error, ERR_CLOSED, "a signal came");
        if (c->count == 0 && clock_mono_ns() > until_ns)
            return err_set(error, ERR_IO, "topic %s, partition %" PRId32 ": nothing comes", c->topic, c->partition);
    }
    return 0;
}

/* The source of a record or a file, in the topic where it belongs. */
static bool source_find(const struct ordered *o, const struct cursor *c, struct message *m)
{
    const struct definition *d = o->options->definition;
    const struct topics *t = o->options->topics;
    int feed = m->source.n ? definition_feed(d, m->source) : topics_only_feed(t, d->feed_count, c->topic_index);
    m->record.feed = m->file.feed = feed;
    return feed >= 0 && t->of_feed[feed] == c->topic_index;
}

static int message_read(struct ordered *o, struct cursor *c, struct err_text *error)
{
    const rd_kafka_message_t *m = c->batch[c->at];
    if (m->err) return refused(c, NULL, rd_kafka_err2str(m->err), error);
    arena_reset(&c->arena);
    int result = message_decode(m, &c->arena, &c->message, error);
    if (result != 0) return result;
    if (!slice_equal(c->message.stream, slice_str(o->stream))) return refused(c, m, "of another stream", error);
    bool ends = c->message.kind == MESSAGE_END;
    if (ends != (m->offset == c->end - 1)) return refused(c, m, "its end is not its last message", error);
    if (c->message.version) return refused(c, m, "a record that changes", error);
    if (!ends && !source_find(o, c, &c->message)) return refused(c, m, "of a source that is not here", error);
    o->taken++;
    return 0;
}

/* To the next message: 1, or 0 behind the end. */
static int cursor_step(struct ordered *o, struct cursor *c, struct err_text *error)
{
    int result = 0;
    c->at++;
    if (c->at >= c->count) result = batch_fetch(o, c, error);
    if (result == 0) result = message_read(o, c, error);
    return result != 0 ? result : c->message.kind != MESSAGE_END;
}

/* --- the order --- */

static int record_compare(const struct record *r, int feed, struct slice file, uint64_t byte_offset)
{
    if (r->feed != feed) return r->feed < feed ? -1 : 1;
    int files = slice_compare(r->at.file, file);
    if (files != 0) return files;
    return (r->at.byte_offset > byte_offset) - (r->at.byte_offset < byte_offset);
}

/* Files are told of as soon as they come: nobody minds when. */
static bool before(const struct cursor *a, const struct cursor *b)
{
    if (a->message.kind == MESSAGE_FILE || b->message.kind == MESSAGE_FILE) return a->message.kind == MESSAGE_FILE;
    const struct record *r = &b->message.record;
    return record_compare(&a->message.record, r->feed, r->at.file, r->at.byte_offset) < 0;
}

static void sift_down(struct ordered *o, size_t at)
{
    for (size_t child; (child = 2 * at + 1) < o->heap_count; at = child) {
        if (child + 1 < o->heap_count && before(o->heap[child + 1], o->heap[child])) child++;
        if (!before(o->heap[child], o->heap[at])) return;
        struct cursor *c = o->heap[at];
        o->heap[at] = o->heap[child];
        o->heap[child] = c;
    }
}

static int heap_make(struct ordered *o, struct err_text *error)
{
    for (size_t i = 0; i < o->cursor_count; i++) {
        int result = cursor_step(o, &o->cursors[i], error);
        if (result < 0) return result;
        if (result) o->heap[o->heap_count++] = &o->cursors[i];
    }
    for (size_t i = o->heap_count; i > 0; i--) sift_down(o, i - 1);
    return 0;
}

static int order_check(struct ordered *o, const struct cursor *c, struct err_text *error)
{
    const struct record *r = &c->message.record;
    bool other = r->feed != o->feed || !slice_equal(r->at.file, buf_slice(&o->file));
    if (o->feed >= 0 && record_compare(r, o->feed, buf_slice(&o->file), o->byte_offset) <= 0)
        return refused(c, c->batch[c->at], "not in the order of the files", error);
    if (other) {
        buf_reset(&o->file);
        buf_append_slice(&o->file, r->at.file);
    }
    o->feed = r->feed;
    o->byte_offset = r->at.byte_offset;
    return 0;
}

int ordered_next(struct ordered *o, const struct message **out, struct err_text *error)
{
    int result = o->given ? cursor_step(o, o->heap[0], error) : heap_make(o, error);
    if (result < 0) return result;
    if (o->given && result == 0) o->heap[0] = o->heap[--o->heap_count];
    if (o->given) sift_down(o, 0);
    o->given = true;
    if (o->heap_count == 0) return 0;
    *out = &o->heap[0]->message;
    result = (*out)->kind == MESSAGE_RECORD ? order_check(o, o->heap[0], error) : 0;
    return result == 0 ? 1 : result;
}

/* --- is it complete? --- */

static int ends_know(struct ordered *o, struct err_text *error)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)o->cursor_count);
    rd_kafka_resp_err_t err = ends_ask(o, list);
    for (int i = 0; i < list->cnt && !err; i++) {
        o->cursors[i].end = list->elems[i].offset;
        if (list->elems[i].offset > 0) o->messages += (uint64_t)list->elems[i].offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return err ? err_set(error, ERR_IO, "%s: %s", o->options->bootstrap, rd_kafka_err2str(err)) : 0;
}

static int cursor_seek(struct cursor *c, int64_t offset, struct err_text *error)
{
    if (c->started) rd_kafka_consume_stop(c->handle, c->partition);
    batch_drop(c);
    c->started = rd_kafka_consume_start(c->handle, c->partition, offset) == 0;
    return c->started ? 0 : refused(c, NULL, rd_kafka_err2str(rd_kafka_last_error()), error);
}

/* The partition ends with an end, of the same stream as the others. */
static int end_look(struct ordered *o, struct cursor *c, struct err_text *error)
{
    if (!o->stream[0]) {
        struct message m;
        int result = message_decode(c->batch[0], &c->arena, &m, error);
        if (result == 0) result = stream_id_take(c->topic, m.stream, o->options->definition->digest, o->stream, error);
        if (result != 0) return result;
        if (!stream_id_is_finite(m.stream)) return refused(c, NULL, "its stream may go on behind its end", error);
    }
    c->crc = message_crc(c->batch[0]);
    return message_read(o, c, error);
}

static int ends_look(struct ordered *o, struct err_text *error)
{
    int result = 0;
    for (size_t i = 0; i < o->cursor_count && result == 0; i++) {
        struct cursor *c = &o->cursors[i];
        result = c->end > 0 ? cursor_seek(c, c->end - 1, error) : refused(c, NULL, "nothing is there yet", error);
    }
    for (size_t i = 0; i < o->cursor_count && result == 0; i++) {
        result = batch_fetch(o, &o->cursors[i], error);
        if (result == 0 && o->cursors[i].batch[0]->err)
            result = refused(&o->cursors[i], NULL, rd_kafka_err2str(o->cursors[i].batch[0]->err), error);
        if (result == 0) result = end_look(o, &o->cursors[i], error);
    }
    for (size_t i = 0; i < o->cursor_count && result == 0; i++) result = cursor_seek(&o->cursors[i], 0, error);
    o->taken = 0;
    return result;
}

/* --- opening --- */

static void cursors_make(struct ordered *o)
{
    const struct ordered_options *a = o->options;
    for (int t = 0; t < a->topics->count; t++) o->cursor_count += (size_t)a->partitions[t];
    o->cursors = memory_new(o->cursor_count * sizeof *o->cursors);
    o->heap = memory_new(o->cursor_count * sizeof(struct cursor *));
    struct cursor *c = o->cursors;
    for (int t = 0; t < a->topics->count; t++)
        for (int32_t p = 0; p < a->partitions[t]; p++)
            *c++ = (struct cursor){.topic = a->topics->names[t],
                                   .topic_index = t,
                                   .partition = p,
                                   .handle = rd_kafka_topic_new(o->client, a->topics->names[t], NULL)};
}

/* What each of `count` partitions has of all, but not less than `least`. */
static const char *share_print(int all, int count, int least, char out[16])
{
    int share = count ? all / count : all;
    snprintf(out, 16, "%d", share < least ? least : share);
    return out;
}

static int client_open(struct ordered *o, struct err_text *error)
{
    const struct ordered_options *a = o->options;
    int count = 0;
    char messages[16], kib[16], bytes[16];
    for (int t = 0; t < a->topics->count; t++) count += a->partitions[t];
    share_print(ORDERED_QUEUE_MESSAGES, count, QUEUE_MESSAGES_MIN, messages);
    share_print(ORDERED_QUEUE_KIB, count, QUEUE_KIB_MIN, kib);
    share_print(FETCH_BYTES_ALL, count > FETCH_BYTES_ALL / FETCH_BYTES ? count : FETCH_BYTES_ALL / FETCH_BYTES, 1,
                bytes);
    const char *const settings[] = {"enable.auto.commit", "false", "enable.auto.offset.store", "false",
                                    "auto.offset.reset", "error", "enable.partition.eof", "true",
                                    "allow.auto.create.topics", "false",
                                    /* a response that waits keeps the next request waiting */
                                    "fetch.wait.max.ms", "20", "fetch.message.max.bytes", bytes,
                                    /* of each partition */
                                    "queued.min.messages", messages, "queued.max.messages.kbytes", kib, NULL};
    const struct client_callbacks none = {0};
    o->client = client_new(RD_KAFKA_CONSUMER, a->bootstrap, settings, &none, error);
    return o->client ? 0 : ERR_INVALID;
}

int ordered_open(const struct ordered_options *options, struct ordered **out, struct err_text *error)
{
    struct ordered *o = memory_new(sizeof *o);
    o->options = options;
    o->feed = -1;
    int result = client_open(o, error);
    if (result == 0) cursors_make(o);
    if (result == 0) result = ends_know(o, error);
    if (result == 0) result = ends_look(o, error);
    *out = o;
    if (result == 0) return 0;
    ordered_close(o);
    *out = NULL;
    return result;
}

void ordered_close(struct ordered *o)
{
    if (!o) return;
    for (size_t i = 0; i < o->cursor_count; i++) {
        struct cursor *c = &o->cursors[i];
        if (c->started) rd_kafka_consume_stop(c->handle, c->partition);
        batch_drop(c);
        rd_kafka_topic_destroy(c->handle);
        arena_release(&c->arena);
    }
    if (o->client) rd_kafka_destroy(o->client);
    buf_release(&o->file);
    free(o->cursors);
    free(o->heap);
    free(o);
}

const char *ordered_stream(const struct ordered *o)
{
    return o->stream;
}

uint64_t ordered_messages(const struct ordered *o)
{
    return o->messages;
}

uint64_t ordered_taken(const struct ordered *o)
{
    return o->taken;
}

bool ordered_end(const struct ordered *o, size_t index, const char **topic, int32_t *partition,
                 struct offset_state *state)
{
    if (index >= o->cursor_count) return false;
    const struct cursor *c = &o->cursors[index];
    *topic = c->topic;
    *partition = c->partition;
    *state = (struct offset_state){c->end, c->crc, true};
    return true;
}
