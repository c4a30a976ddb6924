#include "etl/eventstore/project.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "etl/eventstore/store.h"
#include "etl/eventstore/view.h"
#include "etl/sink/lock.h"
#include "etl/sink/sql.h"
#include "etl/stream/database.h"
#include "etl/stream/offsets.h"
#include "lib/base/checksum.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"
#include "lib/os/progress.h"

enum { BUSY_MS = 10000, COMMIT_RECORDS = 2000, HELD_MAX = 20000, IDLE_MS = 50 };

/* A stream that was touched. */
struct held {
    struct slice stream;
    int64_t version;
    json_t *state;
    bool dirty;
};

struct project {
    struct es_store *store;
    const struct es_project_options *options;
    struct es_projected *out;
    struct err_text *error;
    sqlite3 *db;
    struct view view;
    struct table held;
    struct arena scratch;
    int32_t partition;
    struct offset_state at, committed; /* of the partition that is read */
    int in_transaction;                /* records since the last commit */
    bool verify;                       /* the next message is the last one that is loaded already */
    bool first;                        /* round, in which there must be one */
    struct progress progress;
};

/* ---- streams in memory ---- */

static void held_release(struct project *p)
{
    for (struct table_entry *e = table_first(&p->held); e; e = table_next(&p->held, e)) {
        struct held *h = e->value;
        json_decref(h->state);
        free((void *)(uintptr_t)h->stream.p);
        free(h);
    }
    table_release(&p->held);
    p->held = (struct table){0};
}

static int held_of(struct project *p, struct slice stream, struct held **out)
{
    struct held *h = table_get(&p->held, stream);
    int result = 0;
    if (!h) {
        h = memory_new(sizeof *h);
        h->stream = slice_of(memory_copy(stream.p, stream.n), stream.n);
        table_set(&p->held, stream, h);
        result = view_load(&p->view, stream, &h->version, &h->state, p->error);
    }
    *out = h;
    return result;
}

/* ---- transactions ---- */

static int begin(struct project *p)
{
    return sql_exec(p->db, p->error, "BEGIN IMMEDIATE");
}

static int commit(struct project *p)
{
    int result = 0;
    for (struct table_entry *e = table_first(&p->held); e && result == 0; e = table_next(&p->held, e)) {
        struct held *h = e->value;
        if (h->dirty) result = view_write(&p->view, h->stream, h->version, h->state, p->error);
        h->dirty = false;
    }
    if (result == 0) {
        int moved = offsets_move(p->db, es_topic(p->store), p->partition, p->committed.next, &p->at, p->error);
        result = moved == 1 ? 0 : moved;
        if (moved == 0)
            result =
                err_set(p->error, ERR_LOCKED, "%s: another run moved partition %" PRId32, p->options->db, p->partition);
    }
    if (result == 0) result = sql_exec(p->db, p->error, "COMMIT");
    p->committed = p->at;
    p->in_transaction = 0;
    if (p->held.count > HELD_MAX) held_release(p);
    return result;
}

/* ---- records ---- */

static uint32_t message_crc(const rd_kafka_message_t *m)
{
    return crc32c(crc32c(0, m->key, m->key_len), m->payload, m->len);
}

static bool is_wanted(const struct project *p, struct slice stream)
{
    size_t n = strlen(p->options->fold->name);
    return es_name_good(stream) && stream.n > n && memcmp(stream.p, p->options->fold->name, n) == 0 &&
           stream.p[n] == '-';
}

static int apply(struct project *p, const rd_kafka_message_t *m)
{
    struct es_record r;
    struct held *h;
    if (!is_wanted(p, slice_of(m->key, m->key_len))) return 0;
    es_message_decode(p->store, m, &p->scratch, &r);
    int result = r.malformed ? 0 : held_of(p, r.stream, &h);
    if (result == 0 && !r.malformed && es_rule(h->version, &r)) {
        for (int i = 0; i < r.count; i++) p->options->fold->apply(p->options->fold, h->state, &r.events[i]);
        h->version += r.count;
        h->dirty = true;
        p->out->events += r.count;
    }
    es_record_release(&r);
    arena_reset(&p->scratch);
    return result;
}

static int other_log(const struct project *p)
{
    return err_set(p->error, ERR_EXISTS,
                   "%s: partition %" PRId32
                   " of topic %s is not the one that this view was made of; --rebuild makes it anew",
                   p->options->db, p->partition, es_topic(p->store));
}

static int message(void *context, const rd_kafka_message_t *m)
{
    struct project *p = context;
    int result = 0;
    if (p->verify) {
        bool there = m->offset == p->at.next - 1;
        p->verify = false;
        if (there && message_crc(m) == p->at.crc) return 0;
        if (there || p->first) return other_log(p); /* while it follows, the beginning may be deleted behind it */
    }
    if (p->in_transaction == 0) result = begin(p);
    if (result == 0) result = apply(p, m);
    p->at.next = m->offset + 1;
    p->at.crc = message_crc(m);
    p->out->records++;
    if (result == 0 && ++p->in_transaction >= COMMIT_RECORDS) result = commit(p);
    progress_update(&p->progress, (uint64_t)p->out->records);
    if (result == 0 && p->options->stop && *p->options->stop) return 1;
    return result;
}

/* What is gone and was read is in the rows; what is gone and was not read can never be. */
static int lost_check(struct project *p)
{
    int64_t low, high, next = p->at.next > 0 ? p->at.next : 0;
    int result = es_log_ends(es_store_log(p->store), es_topic(p->store), p->partition, &low, &high, p->error);
    if (result != 0 || low <= next) return result;
    return err_set(p->error, ERR_NOTFOUND,
                   "%s: topic %s, partition %" PRId32 ": the view has read to offset %" PRId64
                   ", and the log begins at offset %" PRId64 ": %" PRId64
                   " records were deleted before the view saw them, and without them it would be wrong%s",
                   p->options->db, es_topic(p->store), p->partition, next, low, low - next,
                   next > 0 ? "; its tables stay as they are, the states at its position" : "");
}

static int partition_read(struct project *p, int32_t partition, bool first)
{
    struct es_log *log = es_store_log(p->store);
    const char *topic = es_topic(p->store);
    p->partition = partition;
    int result = offsets_read(p->db, topic, partition, &p->at, p->error);
    p->committed = p->at;
    p->in_transaction = 0;
    bool begun = p->at.next > 0;
    int64_t last = begun ? p->at.next - 1 : 0;
    p->verify = begun;
    p->first = first;
    if (result == 0)
        result = es_log_read_on(log, topic, partition, last, begun && !first ? p->at.next : last, message, p, NULL,
                                p->error);
    while (result == ERR_NOTFOUND) {
        *p->error = (struct err_text){""}; /* it speaks of streams, not of this view */
        result = lost_check(p);
        if (result != 0) break;
        p->verify = false; /* the last message is gone, too */
        result = es_log_read(log, topic, partition, p->at.next > 0 ? p->at.next : 0, message, p, NULL, p->error);
    }
    if (result == 0 && first && p->verify) result = other_log(p); /* nothing came where the last message was */
    if (result == 0 && p->in_transaction > 0) result = commit(p);
    return result;
}

/* Partitions may be added as long as the topic is empty. */
static int count_confirm(struct project *p)
{
    int before = es_partitions(p->store), result = es_count_confirm(p->store, p->error);
    if (result != 0 || es_partitions(p->store) == before) return result;
    result = begin(p);
    if (result == 0) result = offsets_init(p->db, es_topic(p->store), es_partitions(p->store), p->error);
    return result == 0 ? sql_exec(p->db, p->error, "COMMIT") : result;
}

static int partitions_read(struct project *p)
{
    int result = 0;
    for (bool first = true; result == 0; first = false) {
        int64_t before = p->out->records;
        result = count_confirm(p);
        for (int32_t i = 0; i < es_partitions(p->store) && result == 0; i++) result = partition_read(p, i, first);
        if (!p->options->follow || (p->options->stop && *p->options->stop)) break;
        if (result == 0 && p->out->records == before) clock_sleep_ms(IDLE_MS);
    }
    return result;
}

/* ---- the database ---- */

/* The tables of a view are dropped and replaced; those of somebody else are not. */
static int foreign_check(struct project *p)
{
    int64_t foreign = 0;
    const char *fold = p->options->fold->name, *part = p->options->fold->view ? p->options->fold->view->part : NULL;
    int result = sql_integer(p->db, 0, &foreign, p->error,
                             "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'millrace_view') AND EXISTS "
                             "(SELECT 1 FROM sqlite_schema WHERE lower(name) IN (lower(%Q), lower(%Q) || '_' || %Q))",
                             fold, fold, part ? part : "");
    if (result != 0 || !foreign) return result;
    return err_set(p->error, ERR_EXISTS,
                   "%s: has a table \"%s\" already, which is not of a view; give another --db file", p->options->db,
                   fold);
}

/* What cannot be made anew is not dropped. */
static int rebuild_check(struct project *p)
{
    int64_t low = 0, high = 0;
    int result = 0;
    for (int32_t i = 0; i < es_partitions(p->store) && result == 0 && p->options->rebuild; i++) {
        result = es_log_ends(es_store_log(p->store), es_topic(p->store), i, &low, &high, p->error);
        if (result == 0 && low > 0)
            result = err_set(p->error, ERR_NOTFOUND,
                             "%s: topic %s, partition %" PRId32 ": the log begins at offset %" PRId64
                             ", so no view can be made of it from nothing; what there is is left as it is",
                             p->options->db, es_topic(p->store), i, low);
    }
    return result;
}

static int tables_open(struct project *p)
{
    char fold[64];
    const char *topic = es_topic(p->store);
    int result = rebuild_check(p);
    if (result == 0) result = begin(p);
    if (result == 0) result = foreign_check(p);
    if (result == 0 && p->options->rebuild) result = view_drop(p->db, p->options->fold, p->error);
    if (result == 0) result = offsets_init(p->db, topic, es_partitions(p->store), p->error);
    snprintf(fold, sizeof fold, "%s, version %" PRId64, p->options->fold->name, p->options->fold->version);
    if (result == 0) result = offsets_identity(p->db, "topic", slice_str(topic), p->error);
    if (result == 0) result = offsets_identity(p->db, "fold", slice_str(fold), p->error);
    if (result == 0) result = view_open(&p->view, p->db, p->options->fold, p->error);
    return result == 0 ? sql_exec(p->db, p->error, "COMMIT") : result;
}

static int database_begin(struct project *p, int *lock)
{
    int result = database_open(p->options->db, BUSY_MS, &p->db, p->error);
    /* The file is made by the first look into it. */
    if (result == 0) result = sql_exec(p->db, p->error, "BEGIN IMMEDIATE; COMMIT");
    if (result == 0) result = database_lock(p->options->db, lock, p->error);
    if (result == 0) result = sql_exec(p->db, p->error, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    return result == 0 ? tables_open(p) : result;
}

int es_project(struct es_store *s, const struct es_project_options *options, struct es_projected *out,
               struct err_text *error)
{
    struct project p = {.store = s, .options = options, .out = out, .error = error};
    int lock = -1;
    *out = (struct es_projected){0};
    int result = database_begin(&p, &lock);
    progress_start(&p.progress, "es project", "records", 0);
    if (result == 0) result = partitions_read(&p);
    progress_finish(&p.progress, (uint64_t)out->records);
    if (result == 0) result = sql_integer(p.db, 0, &out->streams, error, "SELECT count(*) FROM millrace_view");
    held_release(&p);
    view_close(&p.view);
    arena_release(&p.scratch);
    if (p.db) sqlite3_close(p.db);
    if (lock >= 0) close(lock);
    return result;
}
