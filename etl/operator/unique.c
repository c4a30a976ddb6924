#include "etl/operator/unique.h"

#include <assert.h>
#include <stdlib.h>

#include "etl/operator/kept_record.h"
#include "etl/sink/sql.h"

struct unique {
    struct operator_context *context;
    int feed;
    struct key_set seen; /* batch */
    sqlite3_stmt *holder, *add, *yield, *inherit;
    sqlite3_stmt *remove[2]; /* one that waits, the holder: a partial index serves a constant only */
};

int position_compare(const struct position *a, const struct position *b)
{
    int files = slice_compare(a->file, b->file);
    if (files != 0) return files;
    return (a->byte_offset > b->byte_offset) - (a->byte_offset < b->byte_offset);
}

static int live_prepare(struct unique *u, const char *rule)
{
    struct err_text *error = u->context->error;
    sqlite3 *db = u->context->db;
    int result =
        sql_exec(db, error,
                 "CREATE TABLE IF NOT EXISTS \"millrace_unique_%w\"(high INTEGER NOT NULL, low INTEGER NOT NULL, "
                 "holder INTEGER NOT NULL, " KEPT_RECORD_COLUMNS ");"
                 "CREATE INDEX IF NOT EXISTS \"millrace_holder_%w\" ON \"millrace_unique_%w\"(high) WHERE holder = 1;"
                 "CREATE INDEX IF NOT EXISTS \"millrace_others_%w\" ON \"millrace_unique_%w\""
                 "(high, low, file, byte_offset) WHERE holder = 0",
                 rule, rule, rule, rule, rule);
    struct {
        sqlite3_stmt **statement;
        const char *sql;
    } all[] = {
        {&u->holder, "SELECT " KEPT_RECORD_NAMES " FROM \"millrace_unique_%w\" "
                     "WHERE high = ?1 AND low = ?2 AND holder = 1"},
        {&u->add, "INSERT INTO \"millrace_unique_%w\"(high, low, holder, " KEPT_RECORD_NAMES ") "
                  "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"},
        {&u->yield, "UPDATE \"millrace_unique_%w\" SET holder = 0 WHERE high = ?1 AND low = ?2 AND holder = 1"},
        {&u->remove[0], "DELETE FROM \"millrace_unique_%w\" WHERE high = ?1 AND low = ?2 AND holder = 0 AND file = ?3 "
                        "AND byte_offset = ?4"},
        {&u->remove[1], "DELETE FROM \"millrace_unique_%w\" WHERE high = ?1 AND low = ?2 AND holder = 1 AND file = ?3 "
                        "AND byte_offset = ?4"},
        {&u->inherit,
         "UPDATE \"millrace_unique_%w\" SET holder = 1 WHERE rowid = (SELECT rowid FROM \"millrace_unique_%w\" "
         "WHERE high = ?1 AND low = ?2 AND holder = 0 ORDER BY file, byte_offset LIMIT 1)"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0] && result == 0; i++)
        result = sql_prepare(db, all[i].statement, error, all[i].sql, rule, rule);
    return result;
}

int unique_open(struct operator_context *c, const struct feed *feed, const char *rule, struct unique **out)
{
    struct unique *u = calloc(1, sizeof *u);
    if (!u) abort();
    u->context = c;
    u->feed = feed->index;
    *out = u;
    if (!c->live) return 0;
    char *name = sqlite3_mprintf("%s.%s", feed->name, rule);
    int result = live_prepare(u, name);
    sqlite3_free(name);
    return result;
}

void unique_close(struct unique *u)
{
    if (!u) return;
    sqlite3_stmt *all[] = {u->holder, u->add, u->yield, u->inherit, u->remove[0], u->remove[1]};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) sqlite3_finalize(all[i]);
    key_set_release(&u->seen);
    free(u);
}

void unique_prefetch(const struct unique *u, struct fingerprint key)
{
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

int unique_holder(struct unique *u, struct fingerprint key, struct arena *arena, struct record *out)
{
    sqlite3_stmt *s = u->holder;
    key_bind(s, key);
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW) kept_record_read(s, 0, u->feed, arena, out);
    sqlite3_reset(s);
    if (code == SQLITE_ROW || code == SQLITE_DONE) return code == SQLITE_ROW;
    return sql_fail(u->context->db, u->context->error, "unique rows");
}

static int key_step(struct unique *u, sqlite3_stmt *s, struct fingerprint key)
{
    key_bind(s, key);
    return sql_step(s, u->context->error);
}

int unique_add(struct unique *u, struct fingerprint key, const struct record *record, const struct record *holder)
{
    bool takes = !holder || position_compare(&record->at, &holder->at) < 0;
    int result = holder && takes ? key_step(u, u->yield, key) : 0;
    if (result < 0) return result;
    sqlite3_stmt *s = u->add;
    sqlite3_bind_int(s, 3, takes);
    kept_record_bind(s, 4, record);
    return key_step(u, s, key);
}

int unique_remove(struct unique *u, struct fingerprint key, const struct position *at, bool held)
{
    sqlite3_stmt *s = u->remove[held];
    sql_bind_slice(s, 3, at->file);
    sqlite3_bind_int64(s, 4, (int64_t)at->byte_offset);
    int result = key_step(u, s, key);
    assert(result < 0 || sqlite3_changes(u->context->db) == 1); /* only what is there is removed */
    return result == 0 && held ? key_step(u, u->inherit, key) : result;
}
