#include "etl/batch/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "etl/sink/sql.h"
#include "lib/base/memory.h"

struct ledger {
    sqlite3 *db;
    sqlite3_stmt *files, *write, *keep, *kept, *keyed, *after, *drop, *replace, *replaced, *forget;
};

static const char tables[] =
    "CREATE TABLE IF NOT EXISTS millrace_files(id INTEGER PRIMARY KEY, source TEXT NOT NULL, file TEXT NOT NULL, "
    "bytes INTEGER NOT NULL, digest TEXT NOT NULL, next INTEGER NOT NULL, seen INTEGER NOT NULL, waits INTEGER NOT "
    "NULL, "
    "skipped TEXT, watermark, UNIQUE(source, file));"
    "CREATE TABLE IF NOT EXISTS millrace_kept(file INTEGER NOT NULL, byte_offset INTEGER NOT NULL, line INTEGER NOT "
    "NULL, "
    "number INTEGER NOT NULL, layout TEXT NOT NULL, raw BLOB NOT NULL, key BLOB, PRIMARY KEY(file, byte_offset)) "
    "WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS millrace_replaced(file INTEGER NOT NULL, byte_offset INTEGER NOT NULL, former INTEGER "
    "NOT "
    "NULL, former_offset INTEGER NOT NULL, line INTEGER NOT NULL, number INTEGER NOT NULL, layout TEXT NOT NULL, raw "
    "BLOB "
    "NOT NULL, PRIMARY KEY(file, byte_offset)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS millrace_kept_key ON millrace_kept(key) WHERE key IS NOT NULL";

int ledger_open(sqlite3 *db, struct ledger **out, struct err_text *error)
{
    struct ledger *l = memory_new(sizeof *l);
    l->db = db;
    const struct {
        sqlite3_stmt **statement;
        const char *sql;
    } all[] = {
        {&l->files, "SELECT id, file, bytes, digest, next, seen, waits, skipped, watermark FROM millrace_files "
                    "WHERE source = ?1 ORDER BY file"},
        {&l->write, "INSERT INTO millrace_files(source, file, bytes, digest, next, seen, waits, skipped, watermark) "
                    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT(source, file) DO UPDATE SET bytes = ?3, "
                    "digest = ?4, next = ?5, seen = ?6, waits = ?7, skipped = ?8, watermark = ?9 RETURNING id"},
        {&l->keep, "INSERT OR REPLACE INTO millrace_kept VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
        {&l->kept, "SELECT byte_offset, line, number, layout, raw, file FROM millrace_kept WHERE file = ?1 "
                   "AND byte_offset = ?2"},
        {&l->keyed, "SELECT k.byte_offset, k.line, k.number, k.layout, k.raw, k.file, f.file FROM millrace_kept AS k "
                    "JOIN millrace_files AS f ON f.id = k.file WHERE k.key = ?1"},
        {&l->after, "SELECT byte_offset FROM millrace_kept WHERE file = ?1 AND byte_offset > ?2 ORDER BY byte_offset "
                    "LIMIT 1"},
        {&l->drop, "DELETE FROM millrace_kept WHERE file = ?1 AND byte_offset = ?2"},
        {&l->replace, "INSERT OR REPLACE INTO millrace_replaced VALUES(?7, ?8, ?1, ?2, ?3, ?4, ?5, ?6)"},
        {&l->replaced, "SELECT r.former_offset, r.line, r.number, r.layout, r.raw, r.former, f.file FROM "
                       "millrace_replaced AS r JOIN millrace_files AS f ON f.id = r.former WHERE r.file = ?1 AND "
                       "r.byte_offset = ?2"},
        {&l->forget, "DELETE FROM millrace_replaced WHERE file = ?1 AND byte_offset >= ?2 AND byte_offset < ?3"},
    };
    int result = sql_exec(db, error, "%s", tables);
    for (size_t i = 0; i < sizeof all / sizeof *all && result == 0; i++)
        result = sql_prepare(db, all[i].statement, error, "%s", all[i].sql);
    if (result != 0) {
        ledger_close(l);
        l = NULL;
    }
    *out = l;
    return result;
}

void ledger_close(struct ledger *l)
{
    if (!l) return;
    sqlite3_stmt *all[] = {l->files, l->write, l->keep,    l->kept,     l->keyed,
                           l->after, l->drop,  l->replace, l->replaced, l->forget};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) sqlite3_finalize(all[i]);
    free(l);
}

/* --- files --- */

static void watermark_take(sqlite3_stmt *s, int column, struct watermark *out)
{
    int type = sqlite3_column_type(s, column);
    *out = (struct watermark){.kind = WATERMARK_NONE};
    if (type == SQLITE_INTEGER) {
        out->kind = WATERMARK_INTEGER;
        out->i = sqlite3_column_int64(s, column);
    } else if (type == SQLITE_TEXT && sqlite3_column_bytes(s, column) < (int)sizeof out->text) {
        out->kind = WATERMARK_TEXT;
        memcpy(out->text, sqlite3_column_text(s, column), (size_t)sqlite3_column_bytes(s, column) + 1);
    }
}

static void file_take(sqlite3_stmt *s, struct arena *arena, struct ledger_file *out)
{
    *out = (struct ledger_file){.id = sqlite3_column_int64(s, 0)};
    out->name = arena_str(arena, sql_column_slice(s, 1));
    out->bytes = (uint64_t)sqlite3_column_int64(s, 2);
    if (sqlite3_column_bytes(s, 3) == sizeof out->digest - 1)
        memcpy(out->digest, sqlite3_column_text(s, 3), sizeof out->digest);
    out->next = (uint64_t)sqlite3_column_int64(s, 4);
    out->seen = (uint64_t)sqlite3_column_int64(s, 5);
    out->waits = sqlite3_column_int(s, 6);
    out->skipped = sqlite3_column_type(s, 7) != SQLITE_NULL;
    out->same_as = arena_str(arena, sql_column_slice(s, 7));
    watermark_take(s, 8, &out->watermark);
}

int ledger_files(struct ledger *l, const char *source, struct arena *arena, struct ledger_file **out, int *count,
                 struct err_text *error)
{
    struct buf found = {0};
    int code;
    sql_bind_slice(l->files, 1, slice_str(source));
    while ((code = sqlite3_step(l->files)) == SQLITE_ROW) {
        struct ledger_file f;
        file_take(l->files, arena, &f);
        buf_append(&found, &f, sizeof f);
    }
    sqlite3_reset(l->files);
    *count = (int)(found.n / sizeof **out);
    *out = arena_copy(arena, found.p ? found.p : (const uint8_t *)"", found.n);
    buf_release(&found);
    return code == SQLITE_DONE ? 0 : sql_fail(l->db, error, "millrace_files");
}

int ledger_write(struct ledger *l, const char *source, struct ledger_file *f, struct err_text *error)
{
    sqlite3_stmt *s = l->write;
    sqlite3_clear_bindings(s);
    sql_bind_slice(s, 1, slice_str(source));
    sql_bind_slice(s, 2, slice_str(f->name));
    sqlite3_bind_int64(s, 3, (int64_t)f->bytes);
    sql_bind_slice(s, 4, slice_str(f->digest));
    sqlite3_bind_int64(s, 5, (int64_t)f->next);
    sqlite3_bind_int64(s, 6, (int64_t)f->seen);
    sqlite3_bind_int(s, 7, f->waits);
    if (f->skipped) sql_bind_slice(s, 8, slice_str(f->same_as));
    if (f->watermark.kind == WATERMARK_INTEGER) sqlite3_bind_int64(s, 9, f->watermark.i);
    if (f->watermark.kind == WATERMARK_TEXT) sql_bind_slice(s, 9, slice_str(f->watermark.text));
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW) f->id = sqlite3_column_int64(s, 0);
    int end = code == SQLITE_ROW ? sqlite3_step(s) : code;
    sqlite3_reset(s);
    return end == SQLITE_DONE ? 0 : sql_fail(l->db, error, "millrace_files");
}

/* --- records --- */

static void record_bind(sqlite3_stmt *s, int64_t file, const struct record *r)
{
    sqlite3_bind_int64(s, 1, file);
    sqlite3_bind_int64(s, 2, (int64_t)r->at.byte_offset);
    sqlite3_bind_int64(s, 3, (int64_t)r->at.line);
    sqlite3_bind_int64(s, 4, (int64_t)r->at.number);
    sql_bind_slice(s, 5, r->layout);
    sqlite3_bind_blob(s, 6, r->raw.n ? (const void *)r->raw.p : "", (int)r->raw.n, SQLITE_STATIC);
}

int ledger_keep(struct ledger *l, int64_t file, const struct record *r, const uint8_t key[16], struct err_text *error)
{
    sqlite3_stmt *s = l->keep;
    record_bind(s, file, r);
    if (key)
        sqlite3_bind_blob(s, 7, key, 16, SQLITE_STATIC);
    else
        sqlite3_bind_null(s, 7);
    return sql_step(s, error);
}

static struct slice bytes_copy(sqlite3_stmt *s, int column, struct arena *arena)
{
    const void *p = sqlite3_column_blob(s, column);
    size_t n = (size_t)sqlite3_column_bytes(s, column);
    return (struct slice){n ? arena_copy(arena, p, n) : NULL, n};
}

/* The statement's row, if it has one. */
static int record_take(struct ledger *l, sqlite3_stmt *s, struct arena *arena, struct record *out, int64_t *file,
                       struct err_text *error)
{
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW) {
        *out = (struct record){0};
        out->at.byte_offset = (uint64_t)sqlite3_column_int64(s, 0);
        out->at.line = (uint64_t)sqlite3_column_int64(s, 1);
        out->at.number = (uint64_t)sqlite3_column_int64(s, 2);
        out->layout = bytes_copy(s, 3, arena);
        out->raw = bytes_copy(s, 4, arena);
        if (file) *file = sqlite3_column_int64(s, 5);
        if (file) out->at.file = bytes_copy(s, 6, arena);
    }
    sqlite3_reset(s);
    return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : sql_fail(l->db, error, "millrace_kept");
}

int ledger_kept(struct ledger *l, int64_t file, uint64_t byte_offset, struct arena *arena, struct record *out,
                struct err_text *error)
{
    sqlite3_bind_int64(l->kept, 1, file);
    sqlite3_bind_int64(l->kept, 2, (int64_t)byte_offset);
    return record_take(l, l->kept, arena, out, NULL, error);
}

int ledger_keyed(struct ledger *l, const uint8_t key[16], struct arena *arena, struct record *out, int64_t *file,
                 struct err_text *error)
{
    sqlite3_bind_blob(l->keyed, 1, key, 16, SQLITE_STATIC);
    return record_take(l, l->keyed, arena, out, file, error);
}

int ledger_kept_after(struct ledger *l, int64_t file, int64_t after, uint64_t *byte_offset, struct err_text *error)
{
    sqlite3_stmt *s = l->after;
    sqlite3_bind_int64(s, 1, file);
    sqlite3_bind_int64(s, 2, after);
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW) *byte_offset = (uint64_t)sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : sql_fail(l->db, error, "millrace_kept");
}

int ledger_drop(struct ledger *l, int64_t file, uint64_t byte_offset, struct err_text *error)
{
    sqlite3_bind_int64(l->drop, 1, file);
    sqlite3_bind_int64(l->drop, 2, (int64_t)byte_offset);
    return sql_step(l->drop, error);
}

int ledger_replace(struct ledger *l, int64_t file, uint64_t byte_offset, int64_t former_file,
                   const struct record *former, struct err_text *error)
{
    record_bind(l->replace, former_file, former);
    sqlite3_bind_int64(l->replace, 7, file);
    sqlite3_bind_int64(l->replace, 8, (int64_t)byte_offset);
    return sql_step(l->replace, error);
}

int ledger_replaced(struct ledger *l, int64_t file, uint64_t byte_offset, struct arena *arena, struct record *out,
                    int64_t *former_file, struct err_text *error)
{
    sqlite3_bind_int64(l->replaced, 1, file);
    sqlite3_bind_int64(l->replaced, 2, (int64_t)byte_offset);
    return record_take(l, l->replaced, arena, out, former_file, error);
}

int ledger_replaced_forget(struct ledger *l, int64_t file, uint64_t from, uint64_t to, struct err_text *error)
{
    sqlite3_bind_int64(l->forget, 1, file);
    sqlite3_bind_int64(l->forget, 2, (int64_t)from);
    sqlite3_bind_int64(l->forget, 3, to > INT64_MAX ? INT64_MAX : (int64_t)to);
    return sql_step(l->forget, error);
}
