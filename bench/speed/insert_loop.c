#include "bench/speed/insert_loop.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "bench/environment.h"
#include "lib/base/bytes.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"

enum { TRANSACTION_ROWS = 10000 };

struct cell {
    int type, size; /* SQLITE_INTEGER ...; bytes of a text or a blob */
    union {
        int64_t integer;
        double real;
        const void *bytes;
    } as;
};

struct filled {
    char *create, *insert;
    int columns;
    size_t cell_count, cell_capacity;
    struct cell *cells; /* row after row */
};

struct insert_rows {
    struct filled *tables;
    size_t count;
    struct buf indexes; /* their SQL, one statement after the other */
    struct arena arena; /* texts */
};

static int fail(sqlite3 *db, struct err_text *error)
{
    return err_set(error, ERR_IO, "%s: %s", sqlite3_db_filename(db, "main"), sqlite3_errmsg(db));
}

static int prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out, struct err_text *error)
{
    return sqlite3_prepare_v2(db, sql, -1, out, NULL) == SQLITE_OK ? 0 : fail(db, error);
}

static int execute(sqlite3 *db, const char *sql, struct err_text *error)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(db, error);
}

/* --- reading --- */

static struct cell cell_read(sqlite3_stmt *s, int column, struct arena *arena)
{
    struct cell c = {.type = sqlite3_column_type(s, column)};
    if (c.type == SQLITE_INTEGER) c.as.integer = sqlite3_column_int64(s, column);
    if (c.type == SQLITE_FLOAT) c.as.real = sqlite3_column_double(s, column);
    if (c.type != SQLITE_TEXT && c.type != SQLITE_BLOB) return c;
    c.as.bytes = c.type == SQLITE_TEXT ? (const void *)sqlite3_column_text(s, column) : sqlite3_column_blob(s, column);
    c.size = sqlite3_column_bytes(s, column);
    c.as.bytes = c.size ? arena_copy(arena, c.as.bytes, (size_t)c.size) : "";
    return c;
}

static void row_read(struct filled *t, sqlite3_stmt *s, struct arena *arena)
{
    if (t->cell_count + (size_t)t->columns > t->cell_capacity) {
        t->cell_capacity = t->cell_capacity ? 2 * t->cell_capacity : 1024;
        t->cells = memory_grow(t->cells, t->cell_capacity + (size_t)t->columns, sizeof *t->cells);
    }
    for (int i = 0; i < t->columns; i++) t->cells[t->cell_count++] = cell_read(s, i, arena);
}

static int table_read(sqlite3 *db, struct filled *t, const char *name, struct arena *arena, struct err_text *error)
{
    sqlite3_stmt *s = NULL;
    char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", name);
    int result = prepare(db, sql, &s, error);
    sqlite3_free(sql);
    if (result < 0) return result;
    t->columns = sqlite3_column_count(s);
    struct buf insert = {0};
    char *quoted = sqlite3_mprintf("\"%w\"", name);
    buf_printf(&insert, "INSERT INTO %s VALUES(?", quoted);
    for (int i = 1; i < t->columns; i++) buf_append_str(&insert, ", ?");
    buf_append_str(&insert, ")");
    t->insert = strdup(buf_cstr(&insert));
    buf_release(&insert);
    sqlite3_free(quoted);
    int code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) row_read(t, s, arena);
    sqlite3_finalize(s);
    return code == SQLITE_DONE ? 0 : fail(db, error);
}

static int all_read(sqlite3 *db, struct insert_rows *r, struct err_text *error)
{
    sqlite3_stmt *s = NULL;
    int result =
        prepare(db,
                "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND type IN ('table', 'index') "
                "AND tbl_name NOT LIKE 'millrace\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
                &s, error);
    while (result == 0 && sqlite3_step(s) == SQLITE_ROW) {
        const char *sql = (const char *)sqlite3_column_text(s, 2);
        if (sqlite3_column_text(s, 0)[0] == 'i') {
            buf_printf(&r->indexes, "%s;", sql);
            continue;
        }
        r->tables = memory_grow(r->tables, r->count + 1, sizeof *r->tables);
        struct filled *t = &r->tables[r->count++];
        *t = (struct filled){.create = strdup(sql)};
        result = table_read(db, t, (const char *)sqlite3_column_text(s, 1), &r->arena, error);
    }
    sqlite3_finalize(s);
    return result;
}

int insert_rows_read(const char *path, struct insert_rows **out, struct err_text *error)
{
    sqlite3 *db = NULL;
    struct insert_rows *r = memory_new(sizeof *r);
    int result = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK ? 0 : fail(db, error);
    if (result == 0) result = all_read(db, r, error);
    sqlite3_close(db);
    *out = r;
    return result;
}

void insert_rows_free(struct insert_rows *r)
{
    if (!r) return;
    for (size_t i = 0; i < r->count; i++) {
        free(r->tables[i].create);
        free(r->tables[i].insert);
        free(r->tables[i].cells);
    }
    free(r->tables);
    buf_release(&r->indexes);
    arena_release(&r->arena);
    free(r);
}

/* --- writing --- */

static void cell_bind(sqlite3_stmt *s, int at, const struct cell *c)
{
    switch (c->type) {
    case SQLITE_INTEGER: sqlite3_bind_int64(s, at, c->as.integer); break;
    case SQLITE_FLOAT: sqlite3_bind_double(s, at, c->as.real); break;
    case SQLITE_TEXT: sqlite3_bind_text(s, at, c->as.bytes, c->size, SQLITE_STATIC); break;
    case SQLITE_BLOB: sqlite3_bind_blob(s, at, c->as.bytes, c->size, SQLITE_STATIC); break;
    default: sqlite3_bind_null(s, at); break;
    }
}

/* *inserted: rows of this transaction so far. */
static int table_fill(sqlite3 *db, const struct filled *t, bool live, int *inserted, struct err_text *error)
{
    sqlite3_stmt *s = NULL;
    int result = prepare(db, t->insert, &s, error);
    for (size_t at = 0; at < t->cell_count && result == 0; at += (size_t)t->columns) {
        for (int i = 0; i < t->columns; i++) cell_bind(s, i + 1, &t->cells[at + (size_t)i]);
        if (sqlite3_step(s) != SQLITE_DONE) result = fail(db, error);
        sqlite3_reset(s);
        if (!live || ++*inserted % TRANSACTION_ROWS || result != 0) continue;
        result = execute(db, "COMMIT; BEGIN IMMEDIATE", error);
    }
    sqlite3_finalize(s);
    return result;
}

static int all_fill(sqlite3 *db, const struct insert_rows *r, bool live, struct err_text *error)
{
    int inserted = 0;
    struct buf indexes = {0};
    buf_append(&indexes, r->indexes.p, r->indexes.n);
    int result = execute(db, "BEGIN IMMEDIATE", error);
    for (size_t i = 0; i < r->count && result == 0; i++) result = execute(db, r->tables[i].create, error);
    if (result == 0 && live) result = execute(db, buf_cstr(&indexes), error);
    for (size_t i = 0; i < r->count && result == 0; i++) result = table_fill(db, &r->tables[i], live, &inserted, error);
    if (result == 0 && !live) result = execute(db, buf_cstr(&indexes), error);
    buf_release(&indexes);
    if (result == 0) result = execute(db, "COMMIT", error);
    return result == 0 ? execute(db, live ? "PRAGMA wal_checkpoint(TRUNCATE)" : "PRAGMA journal_mode = WAL", error)
                       : result;
}

/* The pragmas of etl/batch/batch.c for a new file, which is filled without a write-ahead log, or those of
 * etl/stream/database.c, whose supervisor moves its log at 64 MiB. */
int insert_loop(const struct insert_rows *r, const char *path, bool live, struct insert_took *took,
                struct err_text *error)
{
    sqlite3 *db = NULL;
    int64_t begin_ns = clock_mono_ns(), cpu_ns = environment_own_cpu_ns();
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int result = sqlite3_open_v2(path, &db, flags, NULL) == SQLITE_OK ? 0 : fail(db, error);
    if (result == 0)
        result =
            execute(db,
                    live ? "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 16384;"
                           "PRAGMA cache_size = -65536"
                         : "PRAGMA journal_mode = DELETE; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8192",
                    error);
    if (result == 0) result = all_fill(db, r, live, error);
    sqlite3_close(db);
    took->wall_s = (double)(clock_mono_ns() - begin_ns) / 1e9;
    took->cpu_s = (double)(environment_own_cpu_ns() - cpu_ns) / 1e9;
    return result;
}
