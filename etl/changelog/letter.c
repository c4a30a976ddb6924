/* The statement's columns: seq, the key's, whether there is a row, the value's. */
#include "etl/changelog/letter.h"

#include <stdlib.h>

#include "etl/export/rows.h"
#include "etl/sink/schema.h"
#include "etl/sink/sql.h"
#include "lib/base/memory.h"

static const char *const violation_columns[] = {"line", "rule", "ordinal", "column", "value", "raw", NULL},
                         *const late_columns[] = {"line", "number", "time", "late_s", "raw", NULL};
enum { LINE, RULE, ORDINAL, COLUMN, VALUE, VIOLATION_RAW };
enum { NUMBER = 1, TIME, LATE_S, LATE_RAW };

static bool is_late(const struct changelog *c)
{
    return c->letters && sqlite3_stricmp(c->relation, "late") == 0;
}

/* --- the statement --- */

/* The columns of the value: those of the output, or all; of letters what they are made of. */
static int columns_find(const struct changelog *c, sqlite3 *db, struct arena *arena, const char *const **out,
                        struct err_text *error)
{
    const char **all;
    *out = is_late(c) ? late_columns : c->letters ? violation_columns : c->columns;
    if (*out) return 0;
    int result = export_names_read(db, c->relation, arena, &all, error);
    *out = all;
    return result;
}

static void sources_append(const struct changelog *c, bool of_outbox, struct buf *sql)
{
    if (!of_outbox) {
        sql_append(sql, " FROM \"%w\" t", c->relation);
        return;
    }
    sql_append(sql, " FROM \"millrace_outbox_%w\" o LEFT JOIN \"%w\" t ON 1", c->topic, c->relation);
    for (int i = 0; i < c->key_count; i++) sql_append(sql, " AND t.\"%w\" IS o.k%d", c->key[i], i + 1);
    buf_append_str(sql, " WHERE o.seq > ?1");
}

/* Of letters all violations of a record stand together, in one order for any order of arrival. */
static void order_append(const struct changelog *c, bool of_outbox, struct buf *sql)
{
    buf_append_str(sql, " ORDER BY ");
    if (of_outbox) buf_append_str(sql, "o.seq");
    for (int i = 0; i < c->key_count && !of_outbox; i++) sql_append(sql, "%st.\"%w\"", i ? ", " : "", c->key[i]);
    if (c->key_count == 0 && !of_outbox) buf_append_str(sql, "1");
    if (c->letters && !is_late(c)) buf_append_str(sql, ", t.ordinal, t.\"column\", t.value");
}

static int statement_prepare(struct letters *l, sqlite3 *db, bool of_outbox, const char *const *columns,
                             struct err_text *error)
{
    const struct changelog *c = l->changelog;
    struct buf sql = {0};
    buf_append_str(&sql, of_outbox ? "SELECT o.seq" : "SELECT 0");
    for (int i = 0; i < c->key_count; i++) {
        if (of_outbox)
            sql_append(&sql, ", o.k%d AS \"%w\"", i + 1, c->key[i]);
        else
            sql_append(&sql, ", t.\"%w\"", c->key[i]);
    }
    buf_append_str(&sql, ", t.rowid IS NOT NULL");
    for (l->value_columns = 0; columns[l->value_columns]; l->value_columns++)
        sql_append(&sql, ", t.\"%w\"", columns[l->value_columns]);
    sources_append(c, of_outbox, &sql);
    order_append(c, of_outbox, &sql);
    int result = sql_prepare(db, &l->statement, error, "%s", buf_cstr(&sql));
    buf_release(&sql);
    return result;
}

int letters_open(struct letters *l, const struct definition *d, const struct changelog *c, sqlite3 *db, bool of_outbox,
                 struct err_text *error)
{
    struct arena arena = {0};
    const char *const *columns;
    *l = (struct letters){.changelog = c};
    int result = columns_find(c, db, &arena, &columns, error);
    if (result == 0) result = statement_prepare(l, db, of_outbox, columns, error);
    if (result == 0) {
        if (!of_outbox) l->letter.keys = memory_new((size_t)(c->key_count + 1) * sizeof(sqlite3_value *));
        l->scales = memory_new((size_t)(c->key_count + l->value_columns + 1) * sizeof *l->scales);
        for (int i = 0; i < c->key_count; i++) l->scales[i] = export_scale(d, c->table, c->key[i]);
        for (int i = 0; i < l->value_columns; i++) l->scales[c->key_count + i] = export_scale(d, c->table, columns[i]);
    }
    arena_release(&arena);
    return result;
}

/* Of the row on which the statement stands; with NULL in its place of none. */
static void keys_take(struct letters *l, bool none)
{
    struct letter *m = &l->letter;
    for (int i = 0; m->keys && i < l->changelog->key_count; i++) {
        sqlite3_value_free(m->keys[i]);
        m->keys[i] = none ? NULL : sqlite3_value_dup(sqlite3_column_value(l->statement, 1 + i));
    }
}

void letters_close(struct letters *l)
{
    keys_take(l, true);
    free(l->letter.keys);
    sqlite3_finalize(l->statement);
    free(l->scales);
    buf_release(&l->letter.key);
    buf_release(&l->letter.value);
    buf_release(&l->letter.headers);
    buf_release(&l->letter.texts);
    *l = (struct letters){0};
}

/* --- a letter from its rows --- */

static void header_add(struct letter *m, const char *name, struct slice value)
{
    struct letter_header h = {name, m->texts.n, value.n};
    buf_append_slice(&m->texts, value);
    buf_append(&m->headers, &h, sizeof h);
}

/* The bytes of a column, be it text or a BLOB; integers as text. */
static struct slice column_bytes(sqlite3_stmt *s, int column)
{
    const void *p = sqlite3_column_type(s, column) == SQLITE_INTEGER ? (const void *)sqlite3_column_text(s, column)
                                                                     : sqlite3_column_blob(s, column);
    return (struct slice){p, (size_t)sqlite3_column_bytes(s, column)};
}

static void header_of(struct letters *l, const char *name, int column)
{
    if (sqlite3_column_type(l->statement, column) != SQLITE_NULL)
        header_add(&l->letter, name, column_bytes(l->statement, column));
}

/* The first row of a record: where it is from. */
static void origin_add(struct letters *l, int value)
{
    sqlite3_stmt *s = l->statement;
    header_of(l, "millrace-source", 1);
    header_of(l, "millrace-file", 2);
    if (sqlite3_column_int64(s, value + LINE)) header_of(l, "millrace-line", value + LINE);
    header_of(l, "millrace-offset", 3);
    if (!is_late(l->changelog)) return;
    if (sqlite3_column_int64(s, value + NUMBER) != sqlite3_column_int64(s, value + LINE))
        header_of(l, "millrace-number", value + NUMBER);
    header_of(l, "millrace-time", value + TIME);
    header_of(l, "millrace-late-by", value + LATE_S);
}

static void violation_add(struct letters *l, int value)
{
    header_of(l, "millrace-rule", value + RULE);
    header_of(l, "millrace-ordinal", value + ORDINAL);
    header_of(l, "millrace-column", value + COLUMN);
    header_of(l, "millrace-value", value + VALUE);
}

static void row_add(struct letters *l)
{
    struct letter *m = &l->letter;
    const struct changelog *c = l->changelog;
    int value = c->key_count + 2;
    m->gone = !sqlite3_column_int(l->statement, value - 1);
    if (m->gone || m->rows++ > 0) {
        if (!m->gone && c->letters && !is_late(c)) violation_add(l, value);
        return;
    }
    if (!c->letters) {
        export_json_object(l->statement, value, l->value_columns, l->scales + c->key_count, &m->value);
        return;
    }
    origin_add(l, value);
    if (!is_late(c)) violation_add(l, value);
    buf_append_slice(&m->value, column_bytes(l->statement, value + (is_late(c) ? LATE_RAW : VIOLATION_RAW)));
}

static void key_print(const struct letters *l, struct buf *out)
{
    sqlite3_stmt *s = l->statement;
    if (!l->changelog->letters) {
        export_json_object(s, 1, l->changelog->key_count, l->scales, out);
        return;
    }
    buf_append_slice(out, column_bytes(s, 1));
    buf_append_byte(out, ':');
    buf_append_slice(out, column_bytes(s, 2));
    buf_printf(out, ":%lld", (long long)sqlite3_column_int64(s, 3));
}

/* Steps on; 1 when the statement stands on a row. */
static int step(struct letters *l, struct err_text *error)
{
    int code = sqlite3_step(l->statement);
    l->standing = code == SQLITE_ROW;
    if (l->standing) return 1;
    if (code != SQLITE_DONE) sql_fail(sqlite3_db_handle(l->statement), error, l->changelog->relation);
    letters_stop(l);
    return code == SQLITE_DONE ? 0 : sql_err(code);
}

static bool belongs(const struct letters *l, struct buf *room)
{
    if (sqlite3_column_int64(l->statement, 0) != l->letter.seq) return false;
    buf_reset(room);
    key_print(l, room);
    return slice_equal(buf_slice(room), buf_slice(&l->letter.key));
}

void letters_from(struct letters *l, int64_t seq)
{
    letters_stop(l);
    sqlite3_bind_int64(l->statement, 1, seq);
    l->ended = false;
}

void letters_stop(struct letters *l)
{
    sqlite3_reset(l->statement);
    l->standing = false;
    l->ended = true;
}

int letters_next(struct letters *l, const struct letter **out, struct err_text *error)
{
    struct letter *m = &l->letter;
    struct buf room = {0};
    int result = l->standing ? 1 : l->ended ? 0 : step(l, error);
    if (result != 1) return result;
    buf_reset(&m->key);
    buf_reset(&m->value);
    buf_reset(&m->headers);
    buf_reset(&m->texts);
    m->rows = 0;
    m->seq = sqlite3_column_int64(l->statement, 0);
    key_print(l, &m->key);
    keys_take(l, false);
    do row_add(l);
    while ((result = step(l, error)) == 1 && belongs(l, &room));
    buf_release(&room);
    *out = m;
    return result < 0 ? result : 1;
}

/* --- before anything is done --- */

static int columns_check(const struct definition *d, const struct changelog *c, sqlite3 *db, struct err_text *error)
{
    struct arena arena = {0};
    const char **names;
    int result = export_names_read(db, c->relation, &arena, &names, error);
    for (int i = 0; i < c->column_count && result == 0; i++)
        result = export_name_check(d, c->at, c->relation, "columns", c->columns[i], names, error);
    for (int i = 0; i < c->key_count && result == 0; i++)
        result = export_name_check(d, c->at, c->relation, "key", c->key[i], names, error);
    arena_release(&arena);
    return result;
}

int changelog_check(const struct definition *d, struct err_text *error)
{
    sqlite3 *db = NULL;
    if (d->changelog_count == 0) return 0;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK) abort();
    int result = schema_prepare(d, db, ENGINE_LIVE, error);
    for (int i = 0; i < d->changelog_count && result == 0; i++) result = columns_check(d, &d->changelogs[i], db, error);
    sqlite3_close(db);
    return result;
}
