#include "etl/stream/loaded.h"

#include <stdlib.h>
#include <string.h>

#include "etl/sink/sql.h"
#include "lib/base/table.h"

enum { CHUNK_LINES = 4096, CHUNK_BYTES = CHUNK_LINES / 8, CHUNKS_KEPT_MAX = 8192 };

struct chunk {
    int64_t number;
    bool dirty;
    size_t file_n;
    uint8_t bits[CHUNK_BYTES];
    uint8_t file[]; /* file_n bytes */
};

struct loaded {
    sqlite3 *db;
    sqlite3_stmt *read, *write;
    struct table chunks; /* file bytes + chunk number (8) -> struct chunk */
    struct buf key;
};

int loaded_open(sqlite3 *db, struct loaded **out, struct err_text *error)
{
    struct loaded *l = calloc(1, sizeof *l);
    l->db = db;
    int result = sql_exec(db, error,
                          "CREATE TABLE IF NOT EXISTS millrace_loaded(file TEXT NOT NULL, chunk INTEGER NOT NULL,"
                          " bits BLOB NOT NULL, PRIMARY KEY(file, chunk)) WITHOUT ROWID");
    if (result == 0)
        result = sql_prepare(db, &l->read, error, "SELECT bits FROM millrace_loaded WHERE file = ?1 AND chunk = ?2");
    if (result == 0)
        result = sql_prepare(db, &l->write, error,
                             "INSERT OR REPLACE INTO millrace_loaded(file, chunk, bits) VALUES(?1, ?2, ?3)");
    if (result != 0) {
        loaded_close(l);
        l = NULL;
    }
    *out = l;
    return result;
}

void loaded_forget(struct loaded *l)
{
    for (struct table_entry *e = table_first(&l->chunks); e; e = table_next(&l->chunks, e)) free(e->value);
    table_release(&l->chunks);
}

void loaded_close(struct loaded *l)
{
    if (!l) return;
    loaded_forget(l);
    sqlite3_finalize(l->read);
    sqlite3_finalize(l->write);
    buf_release(&l->key);
    free(l);
}

static int chunk_read(struct loaded *l, struct chunk *c, struct err_text *error)
{
    sql_bind_slice(l->read, 1, slice_of(c->file, c->file_n));
    sqlite3_bind_int64(l->read, 2, c->number);
    int code = sqlite3_step(l->read);
    if (code == SQLITE_ROW && sqlite3_column_bytes(l->read, 0) == CHUNK_BYTES)
        memcpy(c->bits, sqlite3_column_blob(l->read, 0), CHUNK_BYTES);
    sqlite3_reset(l->read);
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : sql_fail(l->db, error, "millrace_loaded");
}

/* The chunk of a line, read when it is not in memory. */
static int chunk_find(struct loaded *l, const struct position *at, struct chunk **out, struct err_text *error)
{
    int64_t number = (int64_t)((at->line - 1) / CHUNK_LINES);
    buf_reset(&l->key);
    buf_append_slice(&l->key, at->file);
    buf_put_u64(&l->key, (uint64_t)number);
    *out = table_get(&l->chunks, buf_slice(&l->key));
    if (*out) return 0;
    struct chunk *c = calloc(1, sizeof *c + at->file.n);
    c->number = number;
    c->file_n = at->file.n;
    memcpy(c->file, at->file.p, at->file.n);
    int result = chunk_read(l, c, error);
    if (result != 0) {
        free(c);
        return result;
    }
    table_set(&l->chunks, buf_slice(&l->key), c);
    *out = c;
    return 0;
}

int loaded_mark(struct loaded *l, const struct position *at, struct err_text *error)
{
    struct chunk *c;
    int result = chunk_find(l, at, &c, error);
    if (result != 0) return result;
    uint64_t bit = (at->line - 1) % CHUNK_LINES;
    uint8_t mask = (uint8_t)(1u << (bit % 8));
    if (c->bits[bit / 8] & mask) return 1;
    c->bits[bit / 8] |= mask;
    c->dirty = true;
    return 0;
}

int loaded_flush(struct loaded *l, struct err_text *error)
{
    for (struct table_entry *e = table_first(&l->chunks); e; e = table_next(&l->chunks, e)) {
        struct chunk *c = e->value;
        if (!c->dirty) continue;
        sql_bind_slice(l->write, 1, slice_of(c->file, c->file_n));
        sqlite3_bind_int64(l->write, 2, c->number);
        sqlite3_bind_blob(l->write, 3, c->bits, CHUNK_BYTES, SQLITE_STATIC);
        int result = sql_step(l->write, error);
        if (result != 0) return result;
        c->dirty = false;
    }
    if (l->chunks.count > CHUNKS_KEPT_MAX) loaded_forget(l);
    return 0;
}
