/* The changes of a table that was built anew: its messages against those that were promised last. */
#include <string.h>

#include "etl/changelog/letter.h"
#include "etl/changelog/outbox.h"
#include "etl/operator/fingerprint.h"
#include "etl/sink/sql.h"

/* --- what the topic is made from, and where it is --- */

static void key_names(const struct changelog *c, struct buf *out)
{
    buf_append_str(out, c->relation);
    for (int i = 0; i < c->key_count; i++) buf_printf(out, ", %s", c->key[i]);
}

/* One stored text of the topic; *moved when there was none, or another. */
static int fact_exchange(sqlite3 *db, const struct changelog *c, const char *fact, const char *value, struct buf *was,
                         struct err_text *error)
{
    sqlite3_stmt *s;
    int result = sql_prepare(db, &s, error, "SELECT value FROM millrace_changelogs WHERE topic = %Q AND fact = %Q",
                             c->topic, fact);
    if (result < 0) return result;
    if (sqlite3_step(s) == SQLITE_ROW) buf_append_slice(was, sql_column_slice(s, 0));
    sqlite3_finalize(s);
    return sql_exec(db, error, "INSERT OR REPLACE INTO millrace_changelogs VALUES(%Q, %Q, %Q)", c->topic, fact, value);
}

int outbox_identity(const struct definition *d, const struct changelog *c, sqlite3 *db, const char *cluster,
                    bool *moved, struct err_text *error)
{
    struct buf names = {0}, was = {0};
    key_names(c, &names);
    int result = sql_exec(db, error,
                          "CREATE TABLE IF NOT EXISTS millrace_changelogs(topic TEXT, fact TEXT, value TEXT NOT NULL, "
                          "PRIMARY KEY(topic, fact))");
    if (result == 0) result = fact_exchange(db, c, "made_from", buf_cstr(&names), &was, error);
    if (result == 0 && was.n && strcmp(buf_cstr(&was), buf_cstr(&names)) != 0)
        result = err_set(error, ERR_INVALID,
                         "%s: %s.topic: the topic \"%s\" was made from table and key (%s), and not from (%s): its keys "
                         "mean something else; name another topic",
                         d->path, c->at, c->topic, buf_cstr(&was), buf_cstr(&names));
    buf_reset(&was);
    if (result == 0) result = fact_exchange(db, c, "cluster", cluster, &was, error);
    *moved = strcmp(buf_cstr(&was), cluster) != 0;
    buf_release(&names);
    buf_release(&was);
    return result;
}

/* --- the comparison --- */

/* What a message says besides its key. */
static struct fingerprint letter_print(const struct letter *m, struct buf *room)
{
    const struct letter_header *h = (const void *)m->headers.p;
    buf_reset(room);
    for (size_t i = 0; i < m->headers.n / sizeof *h; i++) {
        buf_append_str(room, h[i].name);
        buf_put_u64(room, h[i].n);
    }
    buf_append(room, m->texts.p, m->texts.n);
    buf_append_slice(room, buf_slice(&m->value));
    return fingerprint_of(room->p, room->n);
}

static int now_insert(sqlite3_stmt *s, const struct letters *l, const struct letter *m, struct buf *room,
                      struct err_text *error)
{
    uint8_t print[16];
    fingerprint_put(letter_print(m, room), print);
    sqlite3_bind_blob(s, 1, m->key.p, (int)m->key.n, SQLITE_STATIC);
    sqlite3_bind_blob(s, 2, print, sizeof print, SQLITE_STATIC);
    for (int i = 0; i < l->changelog->key_count; i++) sqlite3_bind_value(s, 3 + i, m->keys[i]);
    return sql_step(s, error);
}

/* All messages that the table makes now, into millrace_now. */
static int now_fill(const struct definition *d, const struct changelog *c, sqlite3 *db, struct err_text *error)
{
    struct letters l;
    const struct letter *m;
    struct buf marks = {0}, room = {0};
    sqlite3_stmt *s = NULL;
    for (int i = 0; i < c->key_count; i++) buf_append_str(&marks, ", ?");
    int result = letters_open(&l, d, c, db, false, error);
    if (result == 0)
        result = sql_prepare(db, &s, error, "INSERT INTO temp.millrace_now VALUES(?, ?%s)", buf_cstr(&marks));
    while (result == 0 && (result = letters_next(&l, &m, error)) == 1) {
        if (!c->letters && m->rows > 1)
            result = outbox_key_broken(d, c, buf_cstr((struct buf *)(uintptr_t)&m->key), error);
        else
            result = now_insert(s, &l, m, &room, error);
    }
    sqlite3_finalize(s);
    letters_close(&l);
    buf_release(&marks);
    buf_release(&room);
    return result;
}

int outbox_compare(const struct definition *d, const struct changelog *c, sqlite3 *db, bool fresh,
                   struct err_text *error)
{
    struct buf keys = {0};
    for (int i = 0; i < c->key_count; i++) buf_printf(&keys, ", k%d", i + 1);
    const char *k = buf_cstr(&keys);
    int result = fresh ? sql_exec(db, error, "DELETE FROM \"millrace_sent_%w\"", c->topic) : 0;
    if (result == 0)
        result = sql_exec(db, error,
                          "DROP TABLE IF EXISTS temp.millrace_now;"
                          "CREATE TABLE temp.millrace_now(key BLOB PRIMARY KEY, print BLOB%s) WITHOUT ROWID",
                          k);
    if (result == 0) result = now_fill(d, c, db, error);
    if (result == 0)
        result = sql_exec(db, error,
                          "INSERT INTO \"millrace_outbox_%w\" SELECT NULL%s FROM \"millrace_sent_%w\" s WHERE NOT "
                          "EXISTS (SELECT 1 FROM temp.millrace_now n WHERE n.key = s.key);"
                          "DELETE FROM \"millrace_sent_%w\" AS s WHERE NOT EXISTS "
                          "(SELECT 1 FROM temp.millrace_now n WHERE n.key = s.key);"
                          "DELETE FROM temp.millrace_now AS n WHERE EXISTS "
                          "(SELECT 1 FROM \"millrace_sent_%w\" s WHERE s.key = n.key AND s.print = n.print);"
                          "INSERT INTO \"millrace_outbox_%w\" SELECT NULL%s FROM temp.millrace_now;"
                          "INSERT OR REPLACE INTO \"millrace_sent_%w\" SELECT * FROM temp.millrace_now;"
                          "DROP TABLE temp.millrace_now",
                          c->topic, k, c->topic, c->topic, c->topic, c->topic, k, c->topic);
    buf_release(&keys);
    return result;
}
