#include "etl/stream/writer.h"

#include <pthread.h>
#include <stdlib.h>

#include "etl/outstanding.h"
#include "etl/regex.h"
#include "etl/sink/sql.h"
#include "etl/stream/clocks.h"
#include "etl/stream/loaded.h"
#include "etl/stream/loader.h"
#include "etl/stream/probe.h"
#include "etl/stream/stream_id.h"
#include "etl/stream/versions.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"

enum { EXPECTED = 16 }; /* memory that a row needs is asked for so many rows ahead */

struct writer {
    const struct definition *definition;
    sqlite3 *db;
    struct engine *engine;
    struct loaded *loaded;
    struct versions *versions; /* NULL when no source changes */
    bool stream_known;         /* the database has its id */
    bool open;                 /* a transaction is */
    bool ends;                 /* it loads the end of a partition */
    bool shared;               /* somebody else commits, too */
    int64_t data_version;      /* of the database when `loaded` was last good */
    struct arena arena;        /* of older versions of records */
    struct err_text failure;

    pthread_t thread;
    bool started;
    /* Under the lock. Who holds the turn (page set: the writer) has all that stands above. */
    pthread_mutex_t lock;
    pthread_cond_t turned;
    const struct page *page;
    bool commit, ended;
    int result;
};

/* ---- the transaction ---- */

/* What was read of the bitmaps is worth nothing once another process has committed. */
static int loaded_begin(struct writer *w, struct err_text *error)
{
    int64_t version;
    int result = sql_integer(w->db, 0, &version, error, "PRAGMA data_version");
    if (result != 0 || version == w->data_version) return result;
    w->shared = w->shared || w->data_version != 0;
    loaded_forget(w->loaded);
    w->data_version = version;
    return result;
}

static int begin(struct writer *w, struct err_text *error)
{
    int result = sql_exec(w->db, error, "BEGIN IMMEDIATE");
    if (result != 0) return result;
    w->open = true;
    w->ends = false;
    result = loaded_begin(w, error);
    if (result == 0 && (result = engine_begin(w->engine)) != 0) err_set(error, result, "%s", engine_error(w->engine));
    return result;
}

/* The fence: first of all, so that a worker that was pushed out does no work. */
static int offsets_move_all(struct writer *w, const struct page *page, struct err_text *error)
{
    for (int i = 0; i < page->move_count; i++) {
        const struct page_move *m = &page->moves[i];
        int moved = offsets_move(w->db, m->topic, m->partition, m->from, &m->to, error);
        if (moved != 1) return moved == 0 ? LOADER_FENCED : moved;
        w->ends = w->ends || m->to.ended;
        int result = m->clocks ? clocks_write(w->db, w->definition, m->topic, m->partition, m->clocks, error) : 0;
        if (result != 0) return result;
    }
    return 0;
}

/* The newest version of a record, in place of the one that the warehouse holds. */
static int version_apply(struct writer *w, const struct page_item *item, struct err_text *error)
{
    const struct message *m = &item->message;
    struct record old;
    int verdict = versions_take(w->versions, slice_str(w->definition->feeds[m->record.feed].name), &m->record,
                                m->version, m->gone, &w->arena, &old, error);
    if (verdict < 0 || verdict == VERSION_OLD) return verdict < 0 ? verdict : 0;
    int result = verdict == VERSION_REPLACES ? engine_take_back(w->engine, &old) : 0;
    if (result == 0 && !m->gone) result = engine_apply(w->engine, item->judged);
    if (result != 0) err_set(error, result, "%s", engine_error(w->engine));
    return result;
}

static int item_apply(struct writer *w, const struct page_item *item, struct err_text *error)
{
    const struct record *record = &item->message.record;
    int result = 0, known;
    switch (item->message.kind) {
    case MESSAGE_RECORD:
        if (item->message.version) return version_apply(w, item, error);
        known = loaded_mark(w->loaded, slice_str(w->definition->feeds[record->feed].name), &record->at, error);
        if (known != 0) return known < 0 ? known : 0; /* sent again by a publisher that tried again */
        result = item->late_s ? engine_drop_late(w->engine, item->judged, item->late_s)
                              : engine_apply(w->engine, item->judged);
        break;
    case MESSAGE_FILE: result = engine_file(w->engine, &item->message.file); break;
    case MESSAGE_END: break;
    }
    if (result != 0) err_set(error, result, "%s", engine_error(w->engine));
    return result;
}

static int items_apply(struct writer *w, const struct page *page, struct err_text *error)
{
    int result = 0;
    engine_page_begin(w->engine);
    for (size_t i = 0; i < page->count && result == 0; i++) {
        size_t later = i + EXPECTED;
        if (later < page->count && page->items[later].judged) engine_expect(w->engine, page->items[later].judged);
        result = item_apply(w, &page->items[i], error);
    }
    if (result != 0) return result;
    result = engine_page_end(w->engine);
    return result == 0 ? 0 : err_set(error, result, "%s", engine_error(w->engine));
}

static int page_apply(struct writer *w, const struct page *page, struct err_text *error)
{
    int result = w->open ? 0 : begin(w, error);
    if (result == 0) result = offsets_move_all(w, page, error);
    if (result == 0 && !w->stream_known) result = offsets_identity(w->db, "stream", slice_str(page->stream), error);
    if (result == 0) result = items_apply(w, page, error);
    arena_reset(&w->arena);
    return result;
}

/* The transaction that loads the last end of a stream makes the tables what they are in the end: rules that are judged
 * then are judged before it is committed. A stream of followed files may go on behind its ends; there run.c judges. */
static int last_check(struct writer *w, const struct page *page, struct err_text *error)
{
    if (!w->ends || stream_id_is_followed(slice_str(page->stream))) return 0;
    int open = offsets_open_partitions(w->db, error);
    return open == 0 ? outstanding_check(w->definition, w->db, error) : open < 0 ? open : 0;
}

static int commit(struct writer *w, const struct page *page, struct err_text *error)
{
    int result = engine_flush(w->engine);
    if (result != 0) return err_set(error, result, "%s", engine_error(w->engine));
    result = loaded_flush(w->loaded, error);
    if (result == 0) result = last_check(w, page, error);
    if (result == 0) result = sql_exec(w->db, error, "COMMIT");
    if (result != 0) return result;
    w->open = false;
    w->stream_known = true;
    return 0;
}

/* The database is the only truth. */
static void undo(struct writer *w)
{
    sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL);
    w->open = false;
    engine_forget(w->engine);
    loaded_forget(w->loaded);
    w->data_version = 0;
}

static int settle_all(struct writer *w, struct err_text *error)
{
    int result = begin(w, error);
    if (result == 0 && (result = engine_settle(w->engine)) != 0) err_set(error, result, "%s", engine_error(w->engine));
    if (result == 0) result = sql_exec(w->db, error, "COMMIT");
    w->open = w->open && result != 0;
    return result;
}

int writer_settle(struct writer *w, struct err_text *error)
{
    int result = settle_all(w, error);
    if (result != 0) undo(w);
    return result;
}

static int page_do(struct writer *w, const struct page *page, bool last, struct err_text *error)
{
    int64_t begun_ns = page->probe ? clock_mono_ns() : 0, applied_ns = 0;
    int result = page_apply(w, page, error);
    if (page->probe) applied_ns = clock_mono_ns();
    if (result == 0 && last) result = commit(w, page, error);
    if (result == 0 && page->probe) probe_committed(page->probe, page, begun_ns, applied_ns);
    if (result != 0) undo(w);
    return result;
}

/* ---- whose turn it is ---- */

static void *run(void *context)
{
    struct writer *w = context;
    pthread_mutex_lock(&w->lock);
    while (!w->ended) {
        if (!w->page) {
            pthread_cond_wait(&w->turned, &w->lock);
            continue;
        }
        pthread_mutex_unlock(&w->lock);
        int result = page_do(w, w->page, w->commit, &w->failure);
        pthread_mutex_lock(&w->lock);
        w->page = NULL;
        w->result = result;
        pthread_cond_signal(&w->turned);
    }
    pthread_mutex_unlock(&w->lock);
    regex_thread_end();
    return NULL;
}

static int told(const struct writer *w, struct err_text *error)
{
    return w->result == 0 ? 0 : err_set(error, w->result, "%s", w->failure.text);
}

int writer_look(struct writer *w, bool *idle, struct err_text *error)
{
    pthread_mutex_lock(&w->lock);
    *idle = !w->page;
    int result = *idle ? told(w, error) : 0;
    pthread_mutex_unlock(&w->lock);
    return result;
}

int writer_wait(struct writer *w, struct err_text *error)
{
    pthread_mutex_lock(&w->lock);
    while (w->page) pthread_cond_wait(&w->turned, &w->lock);
    int result = told(w, error);
    pthread_mutex_unlock(&w->lock);
    return result;
}

int writer_give(struct writer *w, const struct page *page, bool last, struct err_text *error)
{
    int result = writer_wait(w, error);
    if (result != 0) return result;
    pthread_mutex_lock(&w->lock);
    w->page = page;
    w->commit = last;
    pthread_cond_signal(&w->turned);
    pthread_mutex_unlock(&w->lock);
    return 0;
}

void writer_forget(struct writer *w)
{
    struct err_text ignored = {{0}};
    writer_wait(w, &ignored);
    undo(w);
    w->result = 0;
}

/* ---- opening ---- */

static int engine_open_live(struct writer *w, enum engine_mode mode, int64_t run, struct err_text *error)
{
    const struct definition *d = w->definition;
    int result = sql_exec(w->db, error, "BEGIN IMMEDIATE");
    if (result != 0) return result;
    result = engine_open(d, w->db, mode, run, &w->engine, error);
    if (result == 0) result = loaded_open(w->db, &w->loaded, error);
    for (int i = 0; i < d->feed_count && result == 0 && !w->versions; i++)
        if (feed_changes(&d->feeds[i])) result = versions_open(w->db, &w->versions, error);
    if (result == 0) return sql_exec(w->db, error, "COMMIT");
    sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL);
    return result;
}

int writer_open(const struct definition *d, sqlite3 *db, enum engine_mode mode, int64_t run_number, struct writer **out,
                struct err_text *error)
{
    struct writer *w = memory_new(sizeof *w);
    w->definition = d;
    w->db = db;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->turned, NULL);
    *out = w;
    int result = engine_open_live(w, mode, run_number, error);
    if (result == 0 && pthread_create(&w->thread, NULL, run, w) != 0)
        result = err_set(error, ERR_NOMEM, "no thread for the transactions can be started");
    w->started = result == 0;
    if (result == 0) return 0;
    writer_close(w);
    *out = NULL;
    return result;
}

static void thread_end(struct writer *w)
{
    struct err_text ignored = {{0}};
    writer_wait(w, &ignored);
    pthread_mutex_lock(&w->lock);
    w->ended = true;
    pthread_cond_signal(&w->turned);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    if (w->open) undo(w);
}

void writer_close(struct writer *w)
{
    if (!w) return;
    if (w->started) thread_end(w);
    engine_close(w->engine);
    loaded_close(w->loaded);
    versions_close(w->versions);
    arena_release(&w->arena);
    pthread_cond_destroy(&w->turned);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

struct engine *writer_engine(const struct writer *w)
{
    return w->engine;
}

bool writer_is_shared(const struct writer *w)
{
    return w->shared;
}

bool writer_stream_known(const struct writer *w)
{
    return w->stream_known;
}
