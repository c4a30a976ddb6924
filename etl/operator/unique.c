#include "etl/operator/unique.h"

#include <assert.h>
#include <stdlib.h>

#include "etl/operator/kept_record.h"
#include "etl/operator/numbers.h"
#include "etl/sink/sql.h"
#include "lib/base/memory.h"

size_t unique_holders_max = (1 << 20) - 2; /* 48 MiB; with one more their map grows */

struct unique {
    struct operator_context *context;
    int feed;
    struct key_set seen; /* batch */
    char *name;          /* live: what the tables' names end with */
    sqlite3_stmt *holder, *turn, *remove, *remove_other, *heir;
    struct numbers *keys;           /* live: the rowid of who has a key; NULL: no table says so, but `holders` */
    bool alone;                     /* live: `holders` are asked */
    bool loaded;                    /* it has all of them */
    struct fingerprint_map holders; /* to the rowid of who has the key; 0: nobody */
    struct fingerprint key;         /* alone: of the last look-up there, */
    int64_t *rowid;                 /* and what it gave; NULL: none yet */
    struct pending *added;          /* live: candidates that wait */
};

int position_compare(const struct position *a, const struct position *b)
{
    int files = slice_compare(a->file, b->file);
    if (files != 0) return files;
    return (a->byte_offset > b->byte_offset) - (a->byte_offset < b->byte_offset);
}

static int tables_create(const struct unique *u)
{
    return sql_exec(u->context->db, u->context->error,
                    "CREATE TABLE IF NOT EXISTS \"millrace_unique_%w\"(high INTEGER NOT NULL, low INTEGER NOT NULL, "
                    "holder INTEGER NOT NULL, " KEPT_RECORD_COLUMNS ");"
                    "CREATE INDEX IF NOT EXISTS \"millrace_others_%w\" ON \"millrace_unique_%w\""
                    "(high, low, file, byte_offset) WHERE holder = 0",
                    u->name, u->name, u->name);
}

static int failed(const struct unique *u)
{
    return sql_fail(u->context->db, u->context->error, "unique rows");
}

static int keys_fill(struct unique *u)
{
    sqlite3_stmt *s;
    int code, result = sql_prepare(u->context->db, &s, u->context->error,
                                   "SELECT high, low, rowid FROM \"millrace_unique_%w\" WHERE holder = 1 "
                                   "ORDER BY high, low",
                                   u->name);
    if (result < 0) return result;
    while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW) {
        struct fingerprint key = {(uint64_t)sqlite3_column_int64(s, 0), (uint64_t)sqlite3_column_int64(s, 1)};
        result = numbers_put_at_once(u->keys, key, sqlite3_column_int64(s, 2));
    }
    if (result == 0 && code != SQLITE_DONE) result = failed(u);
    sqlite3_finalize(s);
    return result;
}

static int keys_exist(const struct unique *u, int64_t *exist)
{
    return sql_integer(u->context->db, 0, exist, u->context->error,
                       "SELECT count(*) FROM sqlite_schema WHERE name = 'millrace_keys_%q'", u->name);
}

static int keys_make(struct unique *u)
{
    int64_t exist;
    struct buf name = {0};
    int result = keys_exist(u, &exist);
    if (result < 0) return result;
    sql_append(&name, "millrace_keys_%s", u->name);
    result = numbers_open(u->context, buf_cstr(&name), &u->keys);
    buf_release(&name);
    return result == 0 && !exist ? keys_fill(u) : result;
}

static int keys_drop(struct unique *u)
{
    numbers_close(u->keys);
    u->keys = NULL;
    return sql_exec(u->context->db, u->context->error, "DROP TABLE IF EXISTS \"millrace_keys_%w\"", u->name);
}

/* A partial index is used where its condition is in the words of a statement. */
static int live_prepare(struct unique *u)
{
    struct {
        sqlite3_stmt **statement;
        const char *sql;
    } all[] = {
        {&u->holder, "SELECT " KEPT_RECORD_NAMES " FROM \"millrace_unique_%w\" WHERE rowid = ?1"},
        {&u->turn, "UPDATE \"millrace_unique_%w\" SET holder = ?2 WHERE rowid = ?1"},
        {&u->remove, "DELETE FROM \"millrace_unique_%w\" WHERE rowid = ?1"},
        {&u->remove_other,
         "DELETE FROM \"millrace_unique_%w\" WHERE high = ?1 AND low = ?2 AND holder = 0 AND file = ?3 "
         "AND byte_offset = ?4"},
        {&u->heir, "SELECT rowid FROM \"millrace_unique_%w\" WHERE high = ?1 AND low = ?2 AND holder = 0 "
                   "ORDER BY file, byte_offset LIMIT 1"},
    };
    int result = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0] && result == 0; i++)
        result = sql_prepare(u->context->db, all[i].statement, u->context->error, all[i].sql, u->name);
    return result;
}

static int added_open(struct unique *u)
{
    struct operator_context *c = u->context;
    struct buf into = {0}, name = {0};
    sql_append(&into, "\"millrace_unique_%w\"(high, low, holder, " KEPT_RECORD_NAMES ")", u->name);
    sql_append(&name, "unique.%s", u->name);
    int result =
        pending_open(&c->pendings, c->db, buf_cstr(&name), buf_cstr(&into), 3 + KEPT_RECORD_COUNT, &u->added, c->error);
    buf_release(&into);
    buf_release(&name);
    return result;
}

int unique_open(struct operator_context *c, const struct feed *feed, const char *rule, struct unique **out)
{
    struct unique *u = memory_new(sizeof *u);
    u->context = c;
    u->feed = feed->index;
    u->alone = c->alone;
    *out = u;
    if (!c->live) return 0;
    u->name = sqlite3_mprintf("%s.%s", feed->name, rule);
    int64_t exist = 0;
    int result = tables_create(u);
    if (result == 0) result = keys_exist(u, &exist);
    if (result == 0 && (!u->alone || exist)) result = keys_make(u);
    if (result == 0) result = live_prepare(u);
    return result == 0 ? added_open(u) : result;
}

void unique_close(struct unique *u)
{
    if (!u) return;
    sqlite3_stmt *all[] = {u->holder, u->turn, u->remove, u->remove_other, u->heir};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) sqlite3_finalize(all[i]);
    sqlite3_free(u->name);
    pending_close(&u->context->pendings, u->added);
    fingerprint_map_release(&u->holders);
    numbers_close(u->keys);
    key_set_release(&u->seen);
    free(u);
}

void unique_prefetch(const struct unique *u, struct fingerprint key)
{
    if (u->context->live)
        fingerprint_map_prefetch(&u->holders, key);
    else
        key_set_prefetch(&u->seen, key);
}

int unique_first(struct unique *u, struct fingerprint key, bool *first)
{
    return key_set_add(&u->seen, key, first, u->context->error);
}

void unique_measure(const struct unique *u, struct state_size *size)
{
    key_set_measure(&u->seen, size);
}

void unique_forget(struct unique *u)
{
    key_set_release(&u->seen);
}

static void key_bind(sqlite3_stmt *s, struct fingerprint key)
{
    sqlite3_bind_int64(s, 1, (int64_t)key.high);
    sqlite3_bind_int64(s, 2, (int64_t)key.low);
}

/* --- alone: who has a key is known here --- */

static void holders_forget(struct unique *u)
{
    fingerprint_map_release(&u->holders);
    u->rowid = NULL;
}

void unique_rollback(struct unique *u)
{
    holders_forget(u);
    if (u->context->alone) { /* its table may be gone */
        numbers_close(u->keys);
        u->keys = NULL;
    }
    u->alone = u->context->alone;
    u->loaded = false;
}

static int holders_read(struct unique *u, sqlite3_stmt *s)
{
    int code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        bool added;
        struct fingerprint key = {(uint64_t)sqlite3_column_int64(s, 0), (uint64_t)sqlite3_column_int64(s, 1)};
        fingerprint_map_at(&u->holders, key, &added)->value = sqlite3_column_int64(s, 2);
    }
    u->loaded = code == SQLITE_DONE;
    return u->loaded ? 0 : failed(u);
}

static int holders_give_up(struct unique *u)
{
    holders_forget(u);
    u->alone = false;
    int result = pending_write(u->added, u->context->error);
    return result == 0 && !u->keys ? keys_make(u) : result;
}

/* First, and after a rollback, which may have been one of the table. With too many rows it stays as it is. */
static int holders_load(struct unique *u)
{
    sqlite3_stmt *s = NULL;
    int64_t rows;
    int result = sql_integer(u->context->db, 0, &rows, u->context->error,
                             "SELECT count(*) FROM (SELECT 1 FROM \"millrace_unique_%w\" LIMIT %lld)", u->name,
                             (long long)unique_holders_max + 1);
    if (result < 0) return result;
    if (rows > (int64_t)unique_holders_max) return holders_give_up(u);
    result = keys_drop(u);
    if (result == 0)
        result = sql_prepare(u->context->db, &s, u->context->error,
                             "SELECT high, low, rowid FROM \"millrace_unique_%w\" WHERE holder = 1", u->name);
    if (result == 0) result = holders_read(u, s);
    sqlite3_finalize(s);
    return result;
}

/* Valid until the next call. */
static int64_t *holder_known(struct unique *u, struct fingerprint key)
{
    bool added;
    if (u->rowid && fingerprint_equal(u->key, key)) return u->rowid;
    u->key = key;
    return u->rowid = &fingerprint_map_at(&u->holders, key, &added)->value;
}

/* --- */

/* The rowid of who has the key, 0: nobody. */
static int holder_get(struct unique *u, struct fingerprint key, int64_t *rowid)
{
    if (!u->alone) return numbers_get(u->keys, key, rowid);
    *rowid = *holder_known(u, key);
    return 0;
}

static int holder_set(struct unique *u, struct fingerprint key, int64_t rowid)
{
    if (!u->alone) return numbers_put(u->keys, key, rowid);
    *holder_known(u, key) = rowid;
    return 0;
}

/* All candidates are in the database. */
static int settle(struct unique *u)
{
    return pending_write(u->added, u->context->error);
}

int unique_holder(struct unique *u, struct fingerprint key, struct arena *arena, struct record *out)
{
    int result = u->alone && !u->loaded ? holders_load(u) : 0;
    if (result == 0 && u->alone && u->holders.count > unique_holders_max) result = holders_give_up(u);
    int64_t rowid = 0;
    if (result == 0) result = holder_get(u, key, &rowid);
    if (result < 0 || !rowid) return result;
    result = settle(u);
    if (result < 0) return result;
    sqlite3_bind_int64(u->holder, 1, rowid);
    int code = sqlite3_step(u->holder);
    if (code == SQLITE_ROW) kept_record_read(u->holder, 0, u->feed, arena, out);
    sqlite3_reset(u->holder);
    return code == SQLITE_ROW || code == SQLITE_DONE ? code == SQLITE_ROW : failed(u);
}

/* From now on the row has its key (1), or not (0). */
static int row_turn(struct unique *u, int64_t rowid, int holder)
{
    sqlite3_bind_int64(u->turn, 1, rowid);
    sqlite3_bind_int(u->turn, 2, holder);
    return sql_step(u->turn, u->context->error);
}

int unique_add(struct unique *u, struct fingerprint key, const struct record *record, const struct record *holder)
{
    bool takes = !holder || position_compare(&record->at, &holder->at) < 0;
    int result = holder && takes ? row_turn(u, holder->id, 0) : 0;
    if (result == 0 && takes) result = holder_set(u, key, record->id);
    if (result < 0) return result;
    pending_integer(u->added, (int64_t)key.high);
    pending_integer(u->added, (int64_t)key.low);
    pending_integer(u->added, takes);
    kept_record_add(u->added, record);
    return pending_row_end(u->added, u->context->error);
}

static int heir_find(struct unique *u, struct fingerprint key, int64_t *rowid)
{
    key_bind(u->heir, key);
    int code = sqlite3_step(u->heir);
    *rowid = code == SQLITE_ROW ? sqlite3_column_int64(u->heir, 0) : 0;
    sqlite3_reset(u->heir);
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : failed(u);
}

/* The key goes to the next one, if there is any. */
static int holder_replace(struct unique *u, struct fingerprint key)
{
    int64_t heir;
    int result = heir_find(u, key, &heir);
    if (result == 0 && heir) result = row_turn(u, heir, 1);
    return result == 0 ? holder_set(u, key, heir) : result;
}

int unique_remove(struct unique *u, struct fingerprint key, const struct position *at, bool held)
{
    sqlite3_stmt *s = held ? u->remove : u->remove_other;
    int64_t rowid = 0;
    int result = settle(u);
    if (result == 0 && held) result = holder_get(u, key, &rowid);
    if (result < 0) return result;
    if (held) {
        sqlite3_bind_int64(s, 1, rowid);
    } else {
        key_bind(s, key);
        sql_bind_slice(s, 3, at->file);
        sqlite3_bind_int64(s, 4, (int64_t)at->byte_offset);
    }
    result = sql_step(s, u->context->error);
    assert(result < 0 || sqlite3_changes(u->context->db) == 1); /* only what is there is removed */
    return result == 0 && held ? holder_replace(u, key) : result;
}
