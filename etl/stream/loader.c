#include "etl/stream/loader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "etl/stream/clocks.h"
#include "etl/stream/page.h"
#include "etl/stream/stream_id.h"
#include "etl/stream/verify.h"
#include "etl/stream/writer.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"

/* What is pending is committed once it is some age: a row is seen soon, and a trickle does not become a transaction a
 * row. What comes while the writer works goes with the next transaction, so the more comes the larger they get, by
 * themselves; waiting for more while more keeps coming only made rows wait. The lock of the database is only held for
 * what is there already: a page is a transaction. After a stall the first of many rows are seen while the others wait:
 * from some 2,000 on a larger transaction costs one worker as much a row. With each turn of several, though, what
 * SQLite and the operators know is forgotten. */
const struct loader_limits loader_limits_live = {false, 10000, 16 << 20, 10000, 16 << 20, 2000, 1, 1};
/* The larger a transaction, the less a row costs: a group that many rows change is written once. Nobody else wants the
 * lock, so small pages, which stay in the processor's caches, share a transaction. */
const struct loader_limits loader_limits_backfill = {true, 1000, 4 << 20, 100000, 64 << 20, 100000, 100, 5000};

struct loader_limits loader_limits_every(int ms)
{
    return (struct loader_limits){false, 100000, 64 << 20, 100000, 64 << 20, 100000, ms, ms};
}

enum { PAGES = 2 };

struct partition {
    const char *topic;
    int32_t number;
    bool assigned;
    bool verify;                /* the next message must be the last loaded one */
    struct offset_state stored; /* as in the database, once what the writer has is committed */
    struct offset_state next;   /* with what is pending */
    int64_t *clocks;            /* with what is pending; one per feed */
    bool clocks_moved;          /* since the last page that was given */
};

struct loader {
    const struct definition *definition;
    sqlite3 *db;
    const struct topics *topics;
    struct writer *writer;
    struct partition *partitions; /* of all topics, one topic after the other */
    int partition_count;
    int *first;                  /* by topic: its first partition; one more at the end */
    char stream[STREAM_ID_SIZE]; /* id of the stream that is being loaded; "" before the first message */
    const struct loader_limits *limits;
    struct page pages[PAGES];
    struct page *page;   /* the one that is being filled */
    bool shared;         /* another worker commits, too */
    size_t count, bytes; /* of messages for the transaction, this page's among them */
    int64_t first_ns;    /* when the first of them came */
};

static int partitions_make(struct loader *l, struct err_text *error)
{
    int result = 0;
    l->first = memory_new(((size_t)l->topics->count + 1) * sizeof *l->first);
    for (int t = 0; t < l->topics->count && result == 0; t++) {
        int32_t count = 0;
        result = offsets_partitions(l->db, l->topics->names[t], &count, error);
        l->partitions = memory_grow(l->partitions, (size_t)(l->partition_count + count) + 1, sizeof *l->partitions);
        for (int32_t i = 0; i < count; i++)
            l->partitions[l->partition_count++] =
                (struct partition){.topic = l->topics->names[t],
                                   .number = i,
                                   .clocks = memory_new((size_t)l->definition->feed_count * sizeof(int64_t))};
        l->first[t + 1] = l->partition_count;
    }
    return result;
}

static void pages_make(struct loader *l, struct probe *probe)
{
    for (int i = 0; i < PAGES; i++) {
        page_init(&l->pages[i], l->limits->page_messages, (size_t)l->partition_count + 1);
        l->pages[i].probe = probe;
    }
    l->page = &l->pages[0];
}

int loader_open(const struct definition *d, sqlite3 *db, int64_t run, const struct topics *topics,
                const struct loader_limits *limits, struct probe *probe, struct loader **out, struct err_text *error)
{
    struct loader *l = memory_new(sizeof *l);
    l->definition = d;
    l->db = db;
    l->topics = topics;
    l->limits = limits;
    int result = writer_open(d, db, limits->alone ? ENGINE_BACKFILL : ENGINE_LIVE, run, &l->writer, error);
    if (result == 0) result = partitions_make(l, error);
    pages_make(l, probe);
    *out = l;
    if (result == 0) return 0;
    loader_close(l);
    *out = NULL;
    return result;
}

/* Everything that is not committed. */
static void forget(struct loader *l)
{
    writer_forget(l->writer);
    for (int i = 0; i < PAGES; i++) page_empty(&l->pages[i]);
    l->count = l->bytes = 0;
    if (!writer_stream_known(l->writer)) l->stream[0] = 0;
}

void loader_close(struct loader *l)
{
    if (!l) return;
    writer_close(l->writer);
    for (int i = 0; i < PAGES; i++) page_release(&l->pages[i]);
    for (int i = 0; i < l->partition_count; i++) free(l->partitions[i].clocks);
    free(l->partitions);
    free(l->first);
    free(l);
}

/* ---- partitions come and go ---- */

/* NULL when the warehouse knows of no such partition. */
static struct partition *partition_find(struct loader *l, const char *topic, int32_t number)
{
    int t = topics_index(l->topics, topic);
    if (t < 0 || number < 0 || number >= l->first[t + 1] - l->first[t]) return NULL;
    return &l->partitions[l->first[t] + number];
}

int loader_assign(struct loader *l, const char *topic, int32_t partition, int64_t *start, struct err_text *error)
{
    struct offset_state state;
    int result = offsets_read(l->db, topic, partition, &state, error);
    if (result != 0) return result;
    struct partition *p = partition_find(l, topic, partition);
    if (!p) return err_set(error, ERR_RANGE, "topic %s: partition %" PRId32 " is new; start again", topic, partition);
    result = clocks_read(l->db, l->definition, topic, partition, p->clocks, error);
    if (result != 0) return result;
    p->clocks_moved = false;
    p->assigned = true;
    p->verify = state.next > 0;
    p->stored = p->next = state;
    if (!p->verify) p->next.next = 0;
    *start = p->verify ? state.next - 1 : 0;
    return 0;
}

void loader_revoke(struct loader *l)
{
    forget(l);
    for (int i = 0; i < l->partition_count; i++) l->partitions[i].assigned = false;
}

/* The partition of a message or an event when it is ours, else NULL. */
static struct partition *owned(struct loader *l, const rd_kafka_message_t *m)
{
    struct partition *p = m->rkt ? partition_find(l, rd_kafka_topic_name(m->rkt), m->partition) : NULL;
    return p && p->assigned ? p : NULL;
}

int loader_reached_end(struct loader *l, const rd_kafka_message_t *m, struct err_text *error)
{
    const struct partition *p = owned(l, m);
    int result = p && p->verify ? writer_wait(l->writer, error) : 0;
    return p && p->verify && result == 0 ? verify_missing(l->db, &p->stored, p->topic, p->number, error) : result;
}

int loader_out_of_range(struct loader *l, const rd_kafka_message_t *m, struct err_text *error)
{
    const struct partition *p = owned(l, m);
    int result = p ? writer_wait(l->writer, error) : 0;
    return p && result == 0 ? verify_missing(l->db, &p->stored, p->topic, p->number, error) : result;
}

/* ---- messages ---- */

/* All messages of a warehouse come from one stream; the first message names it. */
static int stream_check(struct loader *l, const char *topic, struct slice stream, struct err_text *error)
{
    return l->stream[0] ? stream_id_compare(topic, stream, l->stream, error)
                        : stream_id_take(topic, stream, l->definition->digest, l->stream, error);
}

static int source_wrong(const rd_kafka_message_t *m, const struct message *message, const char *what,
                        struct err_text *error)
{
    return err_set(error, ERR_CORRUPT,
                   "topic %s, partition %" PRId32 ", offset %" PRId64 ": header millrace-source %s%.*s%s",
                   rd_kafka_topic_name(m->rkt), m->partition, m->offset, message->source.n ? "\"" : "",
                   (int)message->source.n, (const char *)message->source.p, what);
}

/* Which source a record or a file belongs to: the one it names, or the only one of its topic. */
static int source_find(struct loader *l, const rd_kafka_message_t *m, struct message *message, struct err_text *error)
{
    const struct definition *d = l->definition;
    int topic = topics_index(l->topics, rd_kafka_topic_name(m->rkt));
    if (message->kind == MESSAGE_END) return 0;
    int feed =
        message->source.n ? definition_feed(d, message->source) : topics_only_feed(l->topics, d->feed_count, topic);
    if (feed < 0 && message->source.n) return source_wrong(m, message, "\" names no source of the definition", error);
    if (feed < 0) return source_wrong(m, message, "is missing: the topic has several sources", error);
    if (l->topics->of_feed[feed] != topic) return source_wrong(m, message, "\" has another topic", error);
    message->record.feed = message->file.feed = feed;
    return 0;
}

/* By how much a record comes too late for its source, in its partition. */
static int64_t lateness(struct loader *l, struct partition *p, const struct page_item *item)
{
    const struct feed *feed = &l->definition->feeds[item->message.record.feed];
    int64_t time_s, before = p->clocks[feed->index];
    if (!feed->late_drop || !engine_judged_time(writer_engine(l->writer), item->judged, &time_s)) return 0;
    int64_t late_s = clock_late_s(feed, &p->clocks[feed->index], time_s);
    p->clocks_moved = p->clocks_moved || p->clocks[feed->index] != before;
    return late_s;
}

/* Records of a source have versions when it changes, all of them or none: one of them could not be told from another.
 */
static int version_check(struct loader *l, const rd_kafka_message_t *m, const struct message *message,
                         struct err_text *error)
{
    if (!message->version || feed_changes(&l->definition->feeds[message->record.feed])) return 0;
    return err_set(error, ERR_CORRUPT,
                   "topic %s, partition %" PRId32 ", offset %" PRId64
                   ": header millrace-version, and the definition does not say of the source that its records change "
                   "(\"watermark\", \"deletes\" or \"key\")",
                   rd_kafka_topic_name(m->rkt), m->partition, m->offset);
}

static int stage(struct loader *l, struct partition *p, rd_kafka_message_t *m, struct err_text *error)
{
    struct page *page = l->page;
    struct page_item *item = &page->items[page->count];
    *item = (struct page_item){.kafka = m, .received_ns = page->probe ? clock_mono_ns() : 0};
    int result = message_decode(m, &page->arena, &item->message, error);
    if (result == 0) result = stream_check(l, p->topic, item->message.stream, error);
    if (result == 0) result = source_find(l, m, &item->message, error);
    if (result == 0) result = version_check(l, m, &item->message, error);
    if (result != 0) return result;
    if (item->message.kind == MESSAGE_RECORD && !item->message.gone) {
        item->judged = engine_judge(writer_engine(l->writer), &item->message.record, &page->arena);
        if (!item->message.version) item->late_s = lateness(l, p, item);
    }
    if (page->probe) item->judged_ns = clock_mono_ns();
    if (l->count++ == 0) l->first_ns = clock_mono_ns();
    page->count++;
    page->bytes += m->len + m->key_len;
    l->bytes += m->len + m->key_len;
    /* What follows an end was sent again, unless the stream is one that may go on. */
    bool ends = item->message.kind == MESSAGE_END, was = p->next.ended && !stream_id_is_followed(slice_str(l->stream));
    p->next = (struct offset_state){m->offset + 1, message_crc(m), was || ends};
    return 0;
}

int loader_take(struct loader *l, rd_kafka_message_t *m, struct err_text *error)
{
    int result = 0;
    struct partition *p = owned(l, m);
    if (p && p->verify) {
        p->verify = false;
        result = verify_message(l->db, &p->stored, m, error);
    } else if (p && m->offset >= p->next.next) {
        result = stage(l, p, m, error);
        if (result == 0) return 0; /* kept until the commit */
    }
    rd_kafka_message_destroy(m);
    return result;
}

/* ---- pages ---- */

static size_t messages_max(const struct loader *l)
{
    return l->shared ? l->limits->messages : l->limits->lone_messages;
}

static bool page_full(const struct loader *l)
{
    return l->page->count >= l->limits->page_messages || l->page->count >= messages_max(l) ||
           l->page->bytes >= l->limits->page_bytes;
}

static int64_t due_ns(const struct loader *l, bool more)
{
    if (l->count == 0) return INT64_MAX;
    if (l->count >= messages_max(l) || l->bytes >= l->limits->bytes) return 0;
    return l->first_ns + (int64_t)(more ? l->limits->busy_ms : l->limits->quiet_ms) * 1000000;
}

/* What the page moves, taken out of the partitions. */
static void moves_take(struct loader *l)
{
    struct page *page = l->page;
    size_t clocks_size = (size_t)l->definition->feed_count * sizeof(int64_t);
    for (int i = 0; i < l->partition_count; i++) {
        struct partition *p = &l->partitions[i];
        if (!p->assigned || p->next.next == p->stored.next || p->next.next == 0) continue;
        page->moves[page->move_count++] =
            (struct page_move){p->topic, p->number, p->stored.next, p->next,
                               p->clocks_moved ? arena_copy(&page->arena, p->clocks, clocks_size) : NULL};
        p->clocks_moved = false;
        p->stored = p->next;
    }
}

static int page_give(struct loader *l, bool commit, struct err_text *error)
{
    moves_take(l);
    l->page->stream = l->stream;
    int result = writer_give(l->writer, l->page, commit, error);
    if (result != 0) return result;
    /* What was given before is done. */
    l->page = l->page == &l->pages[0] ? &l->pages[1] : &l->pages[0];
    page_empty(l->page);
    if (commit) l->count = l->bytes = 0;
    return 0;
}

int loader_step(struct loader *l, bool more, struct err_text *error)
{
    bool idle;
    int result = writer_look(l->writer, &idle, error);
    if (result != 0 || l->count == 0) return result;
    if (idle) l->shared = writer_is_shared(l->writer);
    bool due = due_ns(l, more) <= clock_mono_ns();
    /* While the writer is busy, what comes meanwhile goes with the rest. */
    if (!page_full(l) && !(due && idle)) return 0;
    return page_give(l, due, error);
}

int loader_wait_ms(const struct loader *l)
{
    int64_t at_ns = due_ns(l, false);
    if (at_ns == INT64_MAX) return LOADER_IDLE_MS;
    int64_t left_ns = at_ns - clock_mono_ns();
    if (left_ns >= (int64_t)LOADER_IDLE_MS * 1000000) return LOADER_IDLE_MS;
    return left_ns <= 0 ? 1 : (int)((left_ns + 999999) / 1000000);
}

int loader_finish(struct loader *l, struct err_text *error)
{
    int result = l->count ? page_give(l, true, error) : 0;
    if (result == 0) result = writer_wait(l->writer, error);
    return result == 0 ? writer_settle(l->writer, error) : result;
}
