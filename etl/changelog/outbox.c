#include "etl/changelog/outbox.h"

#include "etl/changelog/ends.h"
#include "etl/sink/sql.h"

/* "k1, k2" with something before each and between them. */
static void keys_append(const struct changelog *c, const char *before, struct buf *sql)
{
    for (int i = 0; i < c->key_count; i++) sql_append(sql, "%s%sk%d", i ? ", " : "", before, i + 1);
}

/* The key's columns of the table, as `format` has each. */
static void columns_append(const struct changelog *c, const char *format, struct buf *sql)
{
    for (int i = 0; i < c->key_count; i++) {
        if (i) buf_append_str(sql, ", ");
        sql_append(sql, format, c->key[i]);
    }
}

static int run(sqlite3 *db, struct buf *sql, struct err_text *error)
{
    int result = sql_exec(db, error, "%s", buf_cstr(sql));
    buf_release(sql);
    return result;
}

/* --- stream --- */

/* A key stands in the outbox once, behind all that changed before. */
static void mark_append(const struct changelog *c, const char *row, struct buf *sql)
{
    sql_append(sql, "DELETE FROM \"millrace_outbox_%w\" WHERE 1", c->topic);
    for (int i = 0; i < c->key_count; i++) sql_append(sql, " AND k%d IS %s.\"%w\"", i + 1, row, c->key[i]);
    sql_append(sql, "; INSERT INTO \"millrace_outbox_%w\" VALUES(NULL", c->topic);
    for (int i = 0; i < c->key_count; i++) sql_append(sql, ", %s.\"%w\"", row, c->key[i]);
    buf_append_str(sql, "); ");
}

static int trigger_make(const struct changelog *c, sqlite3 *db, const char *event, bool old, bool new_,
                        struct err_text *error)
{
    struct buf sql = {0};
    sql_append(&sql, "CREATE TRIGGER IF NOT EXISTS \"millrace_%s_%w\" AFTER %s ON \"%w\" BEGIN ", event, c->topic,
               event, c->relation);
    if (old) mark_append(c, "OLD", &sql);
    if (new_) mark_append(c, "NEW", &sql);
    buf_append_str(&sql, "END");
    return run(db, &sql, error);
}

/* The outbox is searched by key when a row changes, the table when it is sent. */
static int indexes_make(const struct changelog *c, sqlite3 *db, struct err_text *error)
{
    struct buf sql = {0};
    if (c->key_count == 0) return 0;
    sql_append(&sql, "CREATE INDEX IF NOT EXISTS \"millrace_outbox_key_%w\" ON \"millrace_outbox_%w\"(", c->topic,
               c->topic);
    keys_append(c, "", &sql);
    sql_append(&sql, "); CREATE INDEX IF NOT EXISTS \"millrace_outbox_row_%w\" ON \"%w\"(", c->topic, c->relation);
    columns_append(c, "\"%w\"", &sql);
    buf_append_str(&sql, ")");
    return run(db, &sql, error);
}

static int follow(const struct changelog *c, sqlite3 *db, struct err_text *error)
{
    int result = indexes_make(c, db, error);
    if (result == 0) result = trigger_make(c, db, "insert", false, true, error);
    if (result == 0) result = trigger_make(c, db, "delete", true, false, error);
    if (result == 0) result = trigger_make(c, db, "update", true, true, error);
    return result == 0 ? outbox_fill(c, db, error) : result;
}

int outbox_fill(const struct changelog *c, sqlite3 *db, struct err_text *error)
{
    struct buf sql = {0};
    sql_append(&sql, "INSERT INTO \"millrace_outbox_%w\" SELECT DISTINCT NULL", c->topic);
    if (c->key_count) buf_append_str(&sql, ", ");
    columns_append(c, "\"%w\"", &sql);
    sql_append(&sql, " FROM \"%w\"", c->relation);
    return run(db, &sql, error);
}

/* --- the tables --- */

static int tables_make(const struct changelog *c, sqlite3 *db, struct err_text *error)
{
    struct buf sql = {0};
    sql_append(&sql, "CREATE TABLE IF NOT EXISTS \"millrace_outbox_%w\"(seq INTEGER PRIMARY KEY AUTOINCREMENT%s",
               c->topic, c->key_count ? ", " : "");
    keys_append(c, "", &sql);
    buf_append_str(&sql, ")");
    return run(db, &sql, error);
}

static int sent_make(const struct changelog *c, sqlite3 *db, struct err_text *error)
{
    struct buf sql = {0};
    sql_append(&sql, "CREATE TABLE IF NOT EXISTS \"millrace_sent_%w\"(key BLOB PRIMARY KEY, print BLOB%s", c->topic,
               c->key_count ? ", " : "");
    keys_append(c, "", &sql);
    buf_append_str(&sql, ") WITHOUT ROWID");
    return run(db, &sql, error);
}

static int prepare(const struct changelog *c, sqlite3 *db, bool live, struct err_text *error)
{
    int64_t present;
    int result = sql_integer(db, 0, &present, error,
                             "SELECT count(*) FROM sqlite_schema WHERE name = 'millrace_outbox_%q'", c->topic);
    if (result < 0 || present) return result;
    result = tables_make(c, db, error);
    if (result == 0) result = live ? follow(c, db, error) : sent_make(c, db, error);
    return result;
}

int outbox_prepare(const struct definition *d, sqlite3 *db, bool live, struct err_text *error)
{
    int result = d->changelog_count ? ends_make(db, error) : 0;
    for (int i = 0; i < d->changelog_count && result == 0; i++) result = prepare(&d->changelogs[i], db, live, error);
    return result;
}

int outbox_key_broken(const struct definition *d, const struct changelog *c, const char *example,
                      struct err_text *error)
{
    err_set(error, ERR_INVALID, "%s: %s.key: rows of \"%s\" have the same key, such as %.300s", d->path, c->at,
            c->relation, example);
    return OUTBOX_KEY_BROKEN;
}
