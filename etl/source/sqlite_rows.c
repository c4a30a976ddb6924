#include "etl/source/sqlite_rows.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "etl/document.h"
#include "etl/sink/sql.h"
#include "etl/source/sqlite_whole.h"
#include "lib/base/checksum.h"
#include "lib/base/memory.h"

enum { BUSY_MS = 100, BUSY_TRIES = 100, BUSY_SAID_AFTER = 10 };

/* A connection in one read transaction. */
struct snapshot {
    char *path;
    sqlite3 *db;
    int users;
};

struct sqlite_rows {
    struct snapshot *snapshot;
    char *path;            /* the snapshot's */
    sqlite3 *db;           /* the snapshot's */
    char *table, *columns; /* the rowid and what is read, as they stand in a SELECT */
    sqlite3_stmt *select;  /* what sqlite_rows_next reads: all rows, or those since a watermark */
    bool filtered;
    bool counted;   /* it has no rowids: rows are numbered from 1 in the order of all that is read of them */
    int64_t number; /* then: of the row that was read last */
    char *order;    /* of the rows, as it stands in a SELECT */
    int column_count;
    bool keeps_others;
    char **others; /* then: names of the columns that stand behind these in the SELECT */
    int other_count;
    struct buf row;
};

/* --- one value --- */

static void integer_put(struct buf *out, int64_t value)
{
    char text[24];
    buf_append(out, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)value));
}

static void real_put(struct buf *out, double value)
{
    char text[40];
    if (!isfinite(value)) {
        buf_append_str(out, value < 0 ? "\"-Inf\"" : "\"Inf\"");
        return;
    }
    int n = snprintf(text, sizeof text, "%.15g", value);
    if (strtod(text, NULL) != value) n = snprintf(text, sizeof text, "%.17g", value);
    buf_append(out, text, (size_t)n);
}

static void text_put(struct buf *out, struct slice text)
{
    buf_append_byte(out, '"');
    for (size_t i = 0, from = 0; i <= text.n; i++) {
        bool plain = i < text.n && text.p[i] >= 0x20 && text.p[i] != '"' && text.p[i] != '\\';
        if (plain) continue;
        buf_append(out, text.p + from, i - from);
        from = i + 1;
        if (i == text.n) break;
        if (text.p[i] >= 0x20)
            buf_append_byte(out, '\\'), buf_append_byte(out, text.p[i]);
        else
            buf_printf(out, "\\u%04x", text.p[i]);
    }
    buf_append_byte(out, '"');
}

static void blob_put(struct buf *out, struct slice blob)
{
    static const char digits[] = "0123456789ABCDEF";
    uint8_t *p = buf_reserve(out, 2 * blob.n + 2);
    *p++ = '"';
    for (size_t i = 0; i < blob.n; i++) {
        *p++ = (uint8_t)digits[blob.p[i] >> 4];
        *p++ = (uint8_t)digits[blob.p[i] & 15];
    }
    *p = '"';
    out->n += 2 * blob.n + 2;
}

static void value_put(struct buf *out, sqlite3_stmt *s, int column)
{
    switch (sqlite3_column_type(s, column)) {
    case SQLITE_INTEGER: integer_put(out, sqlite3_column_int64(s, column)); break;
    case SQLITE_FLOAT: real_put(out, sqlite3_column_double(s, column)); break;
    case SQLITE_TEXT: text_put(out, sql_column_slice(s, column)); break;
    case SQLITE_BLOB: {
        const void *p = sqlite3_column_blob(s, column);
        blob_put(out, slice_of(p, (size_t)sqlite3_column_bytes(s, column)));
        break;
    }
    default: buf_append_str(out, "null");
    }
}

/* --- opening --- */

/* The names that a query gives, the document's way of hinting at the nearest. */
static const char *nearest(sqlite3 *db, const char *name, const char *query, const char *table, struct arena *arena)
{
    const char *names[256] = {NULL};
    sqlite3_stmt *s = NULL;
    if (sql_prepare(db, &s, NULL, query, table) == 0)
        for (int i = 0; i < 255 && sqlite3_step(s) == SQLITE_ROW; i++)
            names[i] = arena_str(arena, sql_column_slice(s, 0));
    sqlite3_finalize(s);
    return name_nearest(name, names);
}

static int missing(struct sqlite_rows *r, const char *what, const char *name, const char *query, const char *table,
                   struct err_text *error)
{
    struct arena arena = {0};
    const char *near = nearest(r->db, name, query, table, &arena);
    int err = err_set(error, ERR_NOTFOUND, "%s: there is no %s \"%s\"%s%s%s", r->path, what, name,
                      near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    arena_release(&arena);
    return err;
}

/* The table must be there; rowids are the names of its records. */
static int table_check(struct sqlite_rows *r, const char *table, struct err_text *error)
{
    sqlite3_stmt *s;
    int err =
        sql_prepare(r->db, &s, error,
                    "SELECT type, wr FROM pragma_table_list WHERE schema = 'main' AND name = %Q COLLATE NOCASE", table);
    if (err) return err;
    if (sqlite3_step(s) != SQLITE_ROW)
        err = sqlite3_errcode(r->db) == SQLITE_DONE
                  ? missing(r, "table", table,
                            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%%'",
                            table, error)
                  : sql_fail(r->db, error, "cannot be read");
    else
        r->counted = !slice_equal(sql_column_slice(s, 0), SLICE_LIT("table")) || sqlite3_column_int(s, 1);
    sqlite3_finalize(s);
    if (err || !r->counted) return err;
    err = sql_prepare(r->db, &s, error, "SELECT * FROM main.\"%w\"", table); /* what the view reads may be gone */
    sqlite3_finalize(s);
    return err;
}

static bool column_is_there(struct sqlite_rows *r, const char *table, const char *name)
{
    int64_t there = 0;
    return sql_integer(r->db, 0, &there, NULL, "SELECT 1 FROM pragma_table_xinfo(%Q) WHERE name = %Q COLLATE NOCASE",
                       table, name) == 0 &&
           there;
}

/* `rowid` has two more names, in case a column has that one. */
static const char *rowid_name(struct sqlite_rows *r, const char *table)
{
    static const char *const names[] = {"rowid", "_rowid_", "oid"};
    for (int i = 0; i < 2; i++)
        if (!column_is_there(r, table, names[i])) return names[i];
    return names[2];
}

static void others_forget(struct sqlite_rows *r)
{
    for (int i = 0; i < r->other_count; i++) free(r->others[i]);
    free(r->others);
    r->others = NULL;
    r->other_count = 0;
}

/* The table's columns that are none of these. */
static int others_find(struct sqlite_rows *r, const char *table, const char *const *columns, struct err_text *error)
{
    sqlite3_stmt *s = NULL;
    int code, err = sql_prepare(r->db, &s, error, "SELECT name FROM pragma_table_xinfo(%Q) ORDER BY cid", table);
    if (err) return err;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(s, 0);
        const char *const *known = columns;
        while (*known && sqlite3_stricmp(*known, name) != 0) known++;
        if (*known) continue;
        r->others = memory_grow(r->others, (size_t)r->other_count + 1, sizeof *r->others);
        r->others[r->other_count++] = memory_str(name);
    }
    if (code != SQLITE_DONE) err = sql_fail(r->db, error, "cannot be read");
    sqlite3_finalize(s);
    return err;
}

bool sqlite_rows_counted(const struct sqlite_rows *r)
{
    return r->counted;
}

int sqlite_rows_other_column(struct sqlite_rows *r, const char *const *columns, struct arena *arena, const char **name,
                             struct err_text *error)
{
    int err = others_find(r, r->table, columns, error);
    if (err) return err;
    *name = r->other_count ? arena_str(arena, slice_str(r->others[0])) : NULL;
    others_forget(r);
    return *name != NULL;
}

static int select_again(struct sqlite_rows *r, const char *condition, struct err_text *error)
{
    sqlite3_finalize(r->select);
    r->filtered = *condition;
    return sql_prepare(r->db, &r->select, error, "SELECT %s FROM main.\"%w\" %s ORDER BY %s", r->columns, r->table,
                       condition, r->order);
}

/* By rowid; without those by everything that is read, byte by byte, so that equal contents have equal numbers. */
static char *order_new(const struct sqlite_rows *r)
{
    char *order = sqlite3_mprintf("1");
    int count = r->column_count + r->other_count;
    for (int i = 0; r->counted && i < count; i++) order = sqlite3_mprintf("%z, %d COLLATE BINARY", order, i + 2);
    return order;
}

/* In double quotes a name that is no column would be a text to SQLite: each is looked for before. */
static int select_prepare(struct sqlite_rows *r, const char *table, const char *const *columns, bool others,
                          struct err_text *error)
{
    char *list = sqlite3_mprintf("%s", r->counted ? "0" : rowid_name(r, table));
    int err = others ? others_find(r, table, columns, error) : ERR_OK;
    for (; *columns && !err; columns++, r->column_count++) {
        if (!column_is_there(r, table, *columns))
            err = missing(r, "column", *columns, "SELECT name FROM pragma_table_xinfo(%Q)", table, error);
        list = sqlite3_mprintf("%z, \"%w\"", list, *columns);
    }
    for (int i = 0; i < r->other_count; i++) list = sqlite3_mprintf("%z, \"%w\"", list, r->others[i]);
    r->columns = list;
    if (!err) r->order = order_new(r);
    r->table = sqlite3_mprintf("%s", table);
    if (!err) err = select_again(r, "", error);
    return err;
}

static void snapshot_release(struct snapshot *s)
{
    if (--s->users) return;
    sqlite3_close(s->db);
    free(s->path);
    free(s);
}

/* Called again and again while somebody writes to the database. */
static int busy_wait(void *path, int tries)
{
    if (tries == BUSY_SAID_AFTER) fprintf(stderr, "%s: is locked by who writes it: waiting\n", (const char *)path);
    nanosleep(&(struct timespec){.tv_nsec = BUSY_MS * 1000000L}, NULL);
    return tries < BUSY_TRIES;
}

/* SQLite says "attempt to write a readonly database", as it would have to write what was there before. */
static int journal_say(sqlite3 *db, const char *path, int err, struct err_text *error)
{
    if (sqlite3_extended_errcode(db) != SQLITE_READONLY_ROLLBACK) return err;
    return err_set(error, err,
                   "%s: who wrote it was stopped in the middle and left a journal to roll back, which a reader cannot: "
                   "open it once with sqlite3 and read a table",
                   path);
}

/* The first read begins the transaction that all others belong to. */
static int snapshot_take(const char *path, struct snapshot **out, struct err_text *error)
{
    struct snapshot *s = memory_new(sizeof *s);
    struct err_text wrong = {{0}};
    int64_t tables;
    *s = (struct snapshot){.path = memory_str(path), .users = 1};
    int err = sql_open(path, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, &s->db, &wrong);
    if (!err) {
        sqlite3_busy_handler(s->db, busy_wait, s->path);
        err = sql_exec(s->db, &wrong, "BEGIN");
    }
    if (!err) err = sql_integer(s->db, 0, &tables, &wrong, "SELECT count(*) FROM sqlite_schema");
    if (s->db) err = sqlite_whole_check(s->db, path, err, error);
    if (err && s->db) err = journal_say(s->db, path, err, error);
    if (err) err_set(error, err, "%s", wrong.text);
    if (err) snapshot_release(s);
    *out = err ? NULL : s;
    return err;
}

/* Of the file itself, or the one that is there. */
static int snapshot_find(const char *path, const struct sqlite_rows *beside, struct snapshot **out,
                         struct err_text *error)
{
    if (!beside || strcmp(beside->path, path) != 0) return snapshot_take(path, out, error);
    *out = beside->snapshot;
    (*out)->users++;
    return ERR_OK;
}

int sqlite_rows_open(const char *path, const char *table, const char *const *columns, bool others,
                     const struct sqlite_rows *beside, struct sqlite_rows **out, struct err_text *error)
{
    struct snapshot *snapshot;
    *out = NULL;
    int err = snapshot_find(path, beside, &snapshot, error);
    if (err) return err;
    struct sqlite_rows *r = memory_new(sizeof *r);
    *r = (struct sqlite_rows){.snapshot = snapshot, .path = snapshot->path, .db = snapshot->db, .keeps_others = others};
    err = table_check(r, table, error);
    if (!err) err = select_prepare(r, table, columns, others, error);
    if (err)
        sqlite_rows_close(r);
    else
        *out = r;
    return err;
}

void sqlite_rows_close(struct sqlite_rows *r)
{
    if (!r) return;
    sqlite3_finalize(r->select);
    sqlite3_free(r->table);
    sqlite3_free(r->columns);
    sqlite3_free(r->order);
    others_forget(r);
    buf_release(&r->row);
    snapshot_release(r->snapshot);
    free(r);
}

/* --- reading --- */

void sqlite_rows_rewind(struct sqlite_rows *r)
{
    sqlite3_reset(r->select);
    r->number = 0;
    if (r->filtered && select_again(r, "", NULL) != 0) abort(); /* it was prepared once */
}

/* An index on the column is used: a comparison with an integer holds for every text, and NULL is asked for by itself.
 * Texts are compared as times, with a millisecond for the rounding of day numbers. */
int sqlite_rows_since(struct sqlite_rows *r, const char *column, const struct watermark *since, int64_t look_back,
                      struct err_text *error)
{
    sqlite_rows_rewind(r);
    if (!since || since->kind == WATERMARK_NONE) return 0;
    int64_t least;
    if (__builtin_sub_overflow(since->i, look_back, &least)) least = INT64_MIN;
    char *condition = since->kind == WATERMARK_INTEGER
                          ? sqlite3_mprintf("WHERE \"%w\" >= %lld OR \"%w\" IS NULL", column, (long long)least, column)
                          : sqlite3_mprintf("WHERE typeof(\"%w\") <> 'text' OR coalesce(julianday(\"%w\") >= "
                                            "julianday(%Q) - (%lld + 0.001) / 86400.0, 1)",
                                            column, column, since->text, (long long)look_back);
    int err = select_again(r, condition, error);
    sqlite3_free(condition);
    return err;
}

/* In SQLite's order a text is larger than every number. */
static void watermark_read(sqlite3_stmt *s, struct watermark *out)
{
    int type = sqlite3_column_type(s, 0);
    *out = (struct watermark){.kind = WATERMARK_NONE};
    if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) {
        out->kind = WATERMARK_INTEGER;
        out->i = sqlite3_column_int64(s, 0);
    } else if (type == SQLITE_TEXT && sqlite3_column_bytes(s, 0) < (int)sizeof out->text) {
        out->kind = WATERMARK_TEXT;
        memcpy(out->text, sqlite3_column_text(s, 0), (size_t)sqlite3_column_bytes(s, 0) + 1);
    }
}

int sqlite_rows_watermark(struct sqlite_rows *r, const char *column, struct watermark *io, struct err_text *error)
{
    sqlite3_stmt *s;
    struct watermark now;
    int err = sql_prepare(r->db, &s, error, "SELECT max(\"%w\") FROM main.\"%w\"", column, r->table);
    if (err) return err;
    if (sqlite3_step(s) == SQLITE_ROW) {
        watermark_read(s, &now);
        bool larger = now.kind > io->kind || (now.kind == WATERMARK_INTEGER && now.i > io->i) ||
                      (now.kind == WATERMARK_TEXT && strcmp(now.text, io->text) > 0);
        if (larger) *io = now;
    }
    sqlite3_finalize(s);
    return 0;
}

int sqlite_rows_numbers(struct sqlite_rows *r, int (*each)(void *context, uint64_t number), void *context,
                        struct err_text *error)
{
    sqlite3_stmt *s;
    int code, result = sql_prepare(r->db, &s, error, "SELECT %s FROM main.\"%w\" ORDER BY 1", rowid_name(r, r->table),
                                   r->table);
    if (result) return result;
    while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW)
        result = each(context, (uint64_t)sqlite3_column_int64(s, 0));
    if (result == 0 && code != SQLITE_DONE) result = sql_fail(r->db, error, "cannot be read");
    sqlite3_finalize(s);
    return result;
}

int sqlite_rows_digest(struct sqlite_rows *r, uint64_t bytes, char digest[65], struct err_text *error)
{
    struct slice row = {0};
    int64_t rowid;
    int result = 1;
    struct sha256 *sha = sha256_new();
    sqlite_rows_rewind(r);
    for (uint64_t n = 0; n < bytes && (result = sqlite_rows_next(r, &row, &rowid, error)) == 1; n += row.n + 1) {
        sha256_update(sha, row.p, row.n);
        sha256_update(sha, "\n", 1);
    }
    sha256_take_hex(sha, digest);
    sqlite_rows_rewind(r);
    return result < 0 ? result : 0;
}

/* Without those that are NULL: a column that is added does not change the records of the rows before it. */
static void others_put(struct sqlite_rows *r)
{
    const char *before = "{";
    buf_append_byte(&r->row, ',');
    for (int i = 0; i < r->other_count; i++) {
        int column = 1 + r->column_count + i;
        if (sqlite3_column_type(r->select, column) == SQLITE_NULL) continue;
        buf_append_str(&r->row, before);
        text_put(&r->row, slice_str(r->others[i]));
        buf_append_byte(&r->row, ':');
        value_put(&r->row, r->select, column);
        before = ",";
    }
    buf_append_str(&r->row, *before == '{' ? "null" : "}");
}

int sqlite_rows_next(struct sqlite_rows *r, struct slice *row, int64_t *rowid, struct err_text *error)
{
    int code = sqlite3_step(r->select);
    if (code == SQLITE_DONE) return 0;
    if (code != SQLITE_ROW) return sql_fail(r->db, error, "cannot be read");
    *rowid = r->counted ? ++r->number : sqlite3_column_int64(r->select, 0);
    if (*rowid < 1)
        return err_set(error, ERR_UNSUPPORTED, "%s: a row has the rowid %lld; a record's number begins at 1", r->path,
                       (long long)*rowid);
    buf_reset(&r->row);
    for (int c = 1; c <= r->column_count; c++) {
        buf_append_byte(&r->row, c == 1 ? '[' : ',');
        value_put(&r->row, r->select, c);
    }
    if (r->keeps_others) others_put(r);
    buf_append_byte(&r->row, ']');
    *row = buf_slice(&r->row);
    return 1;
}
