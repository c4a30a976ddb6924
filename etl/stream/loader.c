#include "etl/stream/loader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "etl/engine.h"
#include "etl/sink/sql.h"
#include "etl/stream/loaded.h"
#include "etl/stream/message.h"
#include "etl/stream/offsets.h"
#include "etl/stream/verify.h"
#include "lib/os/clock.h"

/* What is pending is committed at this age, so that readers see results grow; or at this size. */
enum { COMMIT_AFTER_MS = 100, PENDING_MAX = 10000, PENDING_BYTES_MAX = 16 * 1024 * 1024 };

struct partition {
    bool assigned;
    bool verify;                /* the next message must be the last loaded one */
    struct offset_state stored; /* as in the database */
    struct offset_state next;   /* with what is pending */
};

struct pending {
    rd_kafka_message_t *kafka; /* `message` points into it */
    struct message message;
    size_t staged; /* MESSAGE_RECORD: its index in the engine */
};

struct loader {
    const struct definition *definition;
    sqlite3 *db;
    const char *topic;
    struct engine *engine;
    struct loaded *loaded;
    struct partition *partitions;
    int32_t partition_count;
    char stream[128];  /* id of the stream that is being loaded; "" before the first message */
    bool stream_known; /* the database has it */
    struct pending pending[PENDING_MAX];
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
    if (result == 0) return sql_exec(l->db, error, "COMMIT");
    sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
    return result;
}

int loader_open(const struct definition *d, sqlite3 *db, int64_t run, const char *topic, struct loader **out,
                struct err_text *error)
{
    int64_t partition_count = 0;
    struct loader *l = calloc(1, sizeof *l);
    if (!l) abort();
    l->definition = d;
    l->db = db;
    l->topic = topic;
    int result = engine_open_live(l, d, run, error);
    if (result == 0)
        result = sql_integer(db, 0, &partition_count, error, "SELECT count(*) FROM millrace_stream_offsets");
    l->partition_count = (int32_t)partition_count;
    l->partitions = calloc((size_t)partition_count + 1, sizeof *l->partitions);
    if (!l->partitions) abort();
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
    arena_release(&l->arena);
    free(l->partitions);
    free(l);
}

/* ---- partitions come and go ---- */

int loader_assign(struct loader *l, int32_t partition, int64_t *start, struct err_text *error)
{
    struct offset_state state;
    int result = offsets_read(l->db, partition, &state, error);
    if (result != 0) return result;
    if (partition >= l->partition_count)
        return err_set(error, ERR_RANGE, "topic %s: partition %" PRId32 " is new; start again", l->topic, partition);
    bool loaded_any = state.next > 0;
    l->partitions[partition] = (struct partition){true, loaded_any, state, state};
    if (!loaded_any) l->partitions[partition].next.next = 0;
    *start = loaded_any ? state.next - 1 : 0;
    return 0;
}

void loader_revoke(struct loader *l)
{
    forget(l);
    for (int32_t i = 0; i < l->partition_count; i++) l->partitions[i].assigned = false;
}

static bool owned(const struct loader *l, int32_t partition)
{
    return partition >= 0 && partition < l->partition_count && l->partitions[partition].assigned;
}

static int missing(const struct loader *l, int32_t partition, struct err_text *error)
{
    return verify_missing(l->db, &l->partitions[partition].stored, l->topic, partition, error);
}

int loader_reached_end(struct loader *l, int32_t partition, struct err_text *error)
{
    return owned(l, partition) && l->partitions[partition].verify ? missing(l, partition, error) : 0;
}

int loader_out_of_range(struct loader *l, int32_t partition, struct err_text *error)
{
    return owned(l, partition) ? missing(l, partition, error) : 0;
}

/* ---- messages ---- */

/* All messages of a warehouse come from one stream; the first message names it. */
static int stream_check(struct loader *l, struct slice stream, struct err_text *error)
{
    if (slice_equal(stream, slice_str(l->stream))) return 0;
    if (l->stream[0])
        return err_set(error, ERR_EXISTS,
                       "topic %s: a message of stream %.*s among those of %s: another definition or other files were "
                       "published to this topic; give them a topic and a --db file of their own",
                       l->topic, (int)stream.n, (const char *)stream.p, l->stream);
    if (stream.n >= sizeof l->stream)
        return err_set(error, ERR_CORRUPT, "topic %s: header millrace-stream is longer than %zu bytes", l->topic,
                       sizeof l->stream - 1);
    memcpy(l->stream, stream.p, stream.n);
    l->stream[stream.n] = 0;
    return 0;
}

/* Which source a record or a file belongs to. */
static int source_find(struct loader *l, const rd_kafka_message_t *m, struct message *message, struct err_text *error)
{
    const struct definition *d = l->definition;
    if (message->kind == MESSAGE_END) return 0;
    int feed = message->source.n ? definition_feed(d, message->source) : d->feed_count == 1 ? 0 : -1;
    if (feed < 0)
        return err_set(error, ERR_CORRUPT,
                       "topic %s, partition %" PRId32 ", offset %" PRId64 ": header millrace-source %s%.*s%s", l->topic,
                       m->partition, m->offset, message->source.n ? "names no source of the definition: \"" : "",
                       (int)message->source.n, (const char *)message->source.p,
                       message->source.n ? "\"" : "is missing: the definition has several sources");
    message->record.feed = message->file.feed = feed;
    return 0;
}

static int stage(struct loader *l, rd_kafka_message_t *m, struct err_text *error)
{
    struct pending *item = &l->pending[l->count];
    struct partition *p = &l->partitions[m->partition];
    int result = message_decode(m, &l->arena, &item->message, error);
    if (result == 0) result = stream_check(l, item->message.stream, error);
    if (result == 0) result = source_find(l, m, &item->message, error);
    if (result == 0 && item->message.kind == MESSAGE_RECORD) {
        result = engine_stage(l->engine, &item->message.record, &item->staged);
        if (result != 0) err_set(error, result, "%s", engine_error(l->engine));
    }
    if (result != 0) return result;
    if (l->count++ == 0) l->first_ns = clock_mono_ns();
    l->bytes += m->len + m->key_len;
    item->kafka = m;
    p->next = (struct offset_state){m->offset + 1, message_crc(m), p->next.ended || item->message.kind == MESSAGE_END};
    return 0;
}

int loader_take(struct loader *l, rd_kafka_message_t *m, struct err_text *error)
{
    int result = 0;
    if (owned(l, m->partition) && l->partitions[m->partition].verify) {
        l->partitions[m->partition].verify = false;
        result = verify_message(l->db, &l->partitions[m->partition].stored, m, error);
    } else if (owned(l, m->partition) && m->offset >= l->partitions[m->partition].next.next) {
        result = stage(l, m, error);
        if (result == 0) return 0; /* kept until the commit */
    }
    rd_kafka_message_destroy(m);
    return result;
}

int64_t loader_due_ns(const struct loader *l)
{
    if (l->count == 0) return INT64_MAX;
    if (l->count == PENDING_MAX || l->bytes >= PENDING_BYTES_MAX) return 0;
    return l->first_ns + (int64_t)COMMIT_AFTER_MS * 1000000;
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
    for (int32_t i = 0; i < l->partition_count; i++) {
        const struct partition *p = &l->partitions[i];
        if (!p->assigned || p->next.next == p->stored.next || p->next.next == 0) continue;
        int moved = offsets_move(l->db, i, p->stored.next, &p->next, error);
        if (moved != 1) return moved == 0 ? LOADER_FENCED : moved;
    }
    return 0;
}

static int item_apply(struct loader *l, const struct pending *item, struct err_text *error)
{
    const struct record *record = &item->message.record;
    int result = 0, known;
    switch (item->message.kind) {
    case MESSAGE_RECORD:
        known = loaded_mark(l->loaded, slice_str(l->definition->feeds[record->feed].name), &record->at, error);
        if (known != 0) return known < 0 ? known : 0; /* sent again by a publisher that tried again */
        result = engine_apply(l->engine, item->staged);
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

int loader_commit(struct loader *l, struct err_text *error)
{
    if (l->count == 0) return 0;
    int result = sql_exec(l->db, error, "BEGIN IMMEDIATE");
    if (result != 0) return result;
    result = pending_write(l, error);
    if (result == 0) result = sql_exec(l->db, error, "COMMIT");
    if (result != 0) {
        sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
        forget(l);
        return result;
    }
    pending_drop(l);
    l->stream_known = true;
    for (int32_t i = 0; i < l->partition_count; i++)
        if (l->partitions[i].assigned && l->partitions[i].next.next > 0)
            l->partitions[i].stored = l->partitions[i].next;
    return 0;
}
