#include "etl/stream/loader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "etl/engine.h"
#include "etl/outstanding.h"
#include "etl/sink/sql.h"
#include "etl/stream/clocks.h"
#include "etl/stream/loaded.h"
#include "etl/stream/message.h"
#include "etl/stream/offsets.h"
#include "etl/stream/stream_id.h"
#include "etl/stream/verify.h"
#include "etl/stream/versions.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"

/* What is pending is committed as soon as no more waits, once it is some age: a row is seen soon, and a trickle does
 * not become a transaction a row. While more keeps coming (a replay, a burst) readers see results grow. */
const struct loader_limits loader_limits_live = {10000, 16 * 1024 * 1024, 2, 100};
/* The larger a transaction, the less a row costs: a group that many rows change is written once. */
const struct loader_limits loader_limits_backfill = {100000, 64 * 1024 * 1024, 100, 5000};

struct partition {
    const char *topic;
    int32_t number;
    bool assigned;
    bool verify;                /* the next message must be the last loaded one */
    struct offset_state stored; /* as in the database */
    struct offset_state next;   /* with what is pending */
    int64_t *clocks;            /* with what is pending; one per feed */
    bool clocks_moved;          /* the database has older ones */
};

struct pending {
    rd_kafka_message_t *kafka; /* `message` points into it */
    struct message message;
    size_t staged;  /* MESSAGE_RECORD: its index in the engine */
    int64_t late_s; /* and by how much it came too late, 0: it did not */
};

struct loader {
    const struct definition *definition;
    sqlite3 *db;
    const struct topics *topics;
    struct engine *engine;
    struct loaded *loaded;
    struct versions *versions;    /* NULL when no source changes */
    struct partition *partitions; /* of all topics, one topic after the other */
    int partition_count;
    int *first;                  /* by topic: its first partition; one more at the end */
    char stream[STREAM_ID_SIZE]; /* id of the stream that is being loaded; "" before the first message */
    bool stream_known;           /* the database has it */
    const struct loader_limits *limits;
    struct pending *pending; /* limits.messages */
    size_t count, bytes;
    int64_t first_ns;     /* when the first of them came */
    int64_t data_version; /* of the database when `loaded` was last good */
    struct arena arena;   /* of the pending messages */
};

static int engine_open_live(struct loader *l, const struct definition *d, int64_t run, struct err_text *error)
{
    int result = sql_exec(l->db, error, "BEGIN IMMEDIATE");
    if (result != 0) return result;
    result = engine_open(d, l->db, ENGINE_LIVE, run, &l->engine, error);
    if (result == 0) result = loaded_open(l->db, &l->loaded, error);
    for (int i = 0; i < d->feed_count && result == 0 && !l->versions; i++)
        if (feed_changes(&d->feeds[i])) result = versions_open(l->db, &l->versions, error);
    if (result == 0) return sql_exec(l->db, error, "COMMIT");
    sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
    return result;
}

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

int loader_open(const struct definition *d, sqlite3 *db, int64_t run, const struct topics *topics,
                const struct loader_limits *limits, struct loader **out, struct err_text *error)
{
    struct loader *l = memory_new(sizeof *l);
    l->definition = d;
    l->db = db;
    l->topics = topics;
    l->limits = limits;
    l->pending = memory_new(limits->messages * sizeof *l->pending);
    int result = engine_open_live(l, d, run, error);
    if (result == 0) result = partitions_make(l, error);
    *out = l;
    if (result == 0) return 0;
    loader_close(l);
    *out = NULL;
    return result;
}

static void pending_drop(struct loader *l)
{
    for (size_t i = 0; i < l->count; i++) rd_kafka_message_destroy(l->pending[i].kafka);
    l->count = l->bytes = 0;
    arena_reset(&l->arena);
}

/* After a rollback: the database is the only truth. */
static void forget(struct loader *l)
{
    pending_drop(l);
    engine_forget(l->engine);
    loaded_forget(l->loaded);
    l->data_version = 0;
    if (!l->stream_known) l->stream[0] = 0;
}

void loader_close(struct loader *l)
{
    if (!l) return;
    pending_drop(l);
    engine_close(l->engine);
    loaded_close(l->loaded);
    versions_close(l->versions);
    arena_release(&l->arena);
    for (int i = 0; i < l->partition_count; i++) free(l->partitions[i].clocks);
    free(l->partitions);
    free(l->first);
    free(l->pending);
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
    return p && p->verify ? verify_missing(l->db, &p->stored, p->topic, p->number, error) : 0;
}

int loader_out_of_range(struct loader *l, const rd_kafka_message_t *m, struct err_text *error)
{
    const struct partition *p = owned(l, m);
    return p ? verify_missing(l->db, &p->stored, p->topic, p->number, error) : 0;
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
static int64_t lateness(struct loader *l, struct partition *p, const struct pending *item)
{
    const struct feed *feed = &l->definition->feeds[item->message.record.feed];
    int64_t time_s, before = p->clocks[feed->index];
    if (!feed->late_drop || !engine_staged_time(l->engine, item->staged, &time_s)) return 0;
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
    struct pending *item = &l->pending[l->count];
    int result = message_decode(m, &l->arena, &item->message, error);
    if (result == 0) result = stream_check(l, p->topic, item->message.stream, error);
    if (result == 0) result = source_find(l, m, &item->message, error);
    item->late_s = 0;
    if (result == 0) result = version_check(l, m, &item->message, error);
    if (result == 0 && item->message.kind == MESSAGE_RECORD && !item->message.gone) {
        result = engine_stage(l->engine, &item->message.record, &item->staged);
        if (result != 0) err_set(error, result, "%s", engine_error(l->engine));
        if (result == 0 && !item->message.version) item->late_s = lateness(l, p, item);
    }
    if (result != 0) return result;
    if (l->count++ == 0) l->first_ns = clock_mono_ns();
    l->bytes += m->len + m->key_len;
    item->kafka = m;
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

int64_t loader_due_ns(const struct loader *l, bool more)
{
    if (l->count == 0) return INT64_MAX;
    if (l->count == l->limits->messages || l->bytes >= l->limits->bytes) return 0;
    return l->first_ns + (int64_t)(more ? l->limits->busy_ms : l->limits->quiet_ms) * 1000000;
}

/* ---- the transaction ---- */

/* What was read of the bitmaps is worth nothing once another process has committed. */
static int loaded_begin(struct loader *l, struct err_text *error)
{
    int64_t version;
    int result = sql_integer(l->db, 0, &version, error, "PRAGMA data_version");
    if (result == 0 && version != l->data_version) loaded_forget(l->loaded);
    l->data_version = version;
    return result;
}

/* The fence: first of all, so that a worker that was pushed out does no work. */
static int offsets_move_all(struct loader *l, struct err_text *error)
{
    for (int i = 0; i < l->partition_count; i++) {
        const struct partition *p = &l->partitions[i];
        if (!p->assigned || p->next.next == p->stored.next || p->next.next == 0) continue;
        int moved = offsets_move(l->db, p->topic, p->number, p->stored.next, &p->next, error);
        if (moved != 1) return moved == 0 ? LOADER_FENCED : moved;
        int result = p->clocks_moved ? clocks_write(l->db, l->definition, p->topic, p->number, p->clocks, error) : 0;
        if (result != 0) return result;
    }
    return 0;
}

/* The newest version of a record, in place of the one that the warehouse holds. */
static int version_apply(struct loader *l, const struct pending *item, struct err_text *error)
{
    const struct message *m = &item->message;
    struct record old;
    int verdict = versions_take(l->versions, slice_str(l->definition->feeds[m->record.feed].name), &m->record,
                                m->version, m->gone, &l->arena, &old, error);
    if (verdict < 0 || verdict == VERSION_OLD) return verdict < 0 ? verdict : 0;
    int result = verdict == VERSION_REPLACES ? engine_take_back(l->engine, &old) : 0;
    if (result == 0 && !m->gone) result = engine_apply(l->engine, item->staged);
    if (result != 0) err_set(error, result, "%s", engine_error(l->engine));
    return result;
}

static int item_apply(struct loader *l, const struct pending *item, struct err_text *error)
{
    const struct record *record = &item->message.record;
    int result = 0, known;
    switch (item->message.kind) {
    case MESSAGE_RECORD:
        if (item->message.version) return version_apply(l, item, error);
        known = loaded_mark(l->loaded, slice_str(l->definition->feeds[record->feed].name), &record->at, error);
        if (known != 0) return known < 0 ? known : 0; /* sent again by a publisher that tried again */
        result = item->late_s ? engine_drop_late(l->engine, item->staged, item->late_s)
                              : engine_apply(l->engine, item->staged);
        break;
    case MESSAGE_FILE: result = engine_file(l->engine, &item->message.file); break;
    case MESSAGE_END: break;
    }
    if (result != 0) err_set(error, result, "%s", engine_error(l->engine));
    return result;
}

static int pending_write(struct loader *l, struct err_text *error)
{
    int result = offsets_move_all(l, error);
    if (result == 0 && !l->stream_known) result = offsets_identity(l->db, "stream", slice_str(l->stream), error);
    if (result == 0) result = loaded_begin(l, error);
    if (result == 0 && (result = engine_begin(l->engine)) != 0) err_set(error, result, "%s", engine_error(l->engine));
    for (size_t i = 0; i < l->count && result == 0; i++) result = item_apply(l, &l->pending[i], error);
    if (result == 0 && (result = engine_flush(l->engine)) != 0) err_set(error, result, "%s", engine_error(l->engine));
    if (result == 0) result = loaded_flush(l->loaded, error);
    return result;
}

/* The transaction that loads the last end of a stream makes the tables what they are in the end: rules that are judged
 * then are judged before it is committed. A stream of followed files may go on behind its ends; there run.c judges. */
static int last_check(struct loader *l, struct err_text *error)
{
    bool ends = false;
    for (int i = 0; i < l->partition_count; i++) {
        const struct partition *p = &l->partitions[i];
        ends = ends || (p->assigned && p->next.ended && p->next.next != p->stored.next);
    }
    if (!ends || stream_id_is_followed(slice_str(l->stream))) return 0;
    int open = offsets_open_partitions(l->db, error);
    return open == 0 ? outstanding_check(l->definition, l->db, error) : open < 0 ? open : 0;
}

int loader_commit(struct loader *l, struct err_text *error)
{
    if (l->count == 0) return 0;
    int result = sql_exec(l->db, error, "BEGIN IMMEDIATE");
    if (result != 0) return result;
    result = pending_write(l, error);
    if (result == 0) result = last_check(l, error);
    if (result == 0) result = sql_exec(l->db, error, "COMMIT");
    if (result != 0) {
        sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
        forget(l);
        return result;
    }
    pending_drop(l);
    l->stream_known = true;
    for (int i = 0; i < l->partition_count; i++) {
        struct partition *p = &l->partitions[i];
        p->clocks_moved = false;
        if (p->assigned && p->next.next > 0) p->stored = p->next;
    }
    return 0;
}
