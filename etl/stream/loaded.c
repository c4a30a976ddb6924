#include "etl/stream/loaded.h"

#include <stdlib.h>
#include <string.h>

#include "etl/sink/sql.h"
#include "lib/base/memory.h"
#include "lib/base/table.h"

enum { CHUNK_RECORDS = 4096, CHUNK_BYTES = CHUNK_RECORDS / 8, CHUNKS_KEPT_MAX = 8192 };

struct chunk {
    int64_t number;
    bool dirty;
    size_t source_n, file_n;
    uint8_t bits[CHUNK_BYTES];
    uint8_t names[]; /* source_n bytes, then file_n */
};

struct loaded {
    sqlite3 *db;
    sqlite3_stmt *read, *write;
    struct table chunks; /* source and file, each with a zero byte, chunk number (8) -> struct chunk */
    struct buf key;
};

int loaded_open(sqlite3 *db, struct loaded **out, struct err_text *error)
{
    struct loaded *l = memory_new(sizeof *l);
    l->db = db;
    int result = sql_exec(db, error,
                          "CREATE TABLE IF NOT EXISTS millrace_loaded(source TEXT NOT NULL, file TEXT NOT NULL,"
                          " chunk INTEGER NOT NULL, bits BLOB NOT NULL, PRIMARY KEY(source, file, chunk))"
                          " WITHOUT ROWID");
    if (result == 0)
        result = sql_prepare(db, &l->read, error,
                             "SELECT bits FROM millrace_loaded WHERE source = ?1 AND file = ?2 AND chunk = ?3");
    if (result == 0)
        result =
            sql_prepare(db, &l->write, error,
                        "INSERT OR REPLACE INTO millrace_loaded(source, file, chunk, bits) VALUES(?1, ?2, ?3, ?4)");
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

static void chunk_bind(sqlite3_stmt *s, const struct chunk *c)
{
    sql_bind_slice(s, 1, slice_of(c->names, c->source_n));
    sql_bind_slice(s, 2, slice_of(c->names + c->source_n, c->file_n));
    sqlite3_bind_int64(s, 3, c->number);
}

static int chunk_read(struct loaded *l, struct chunk *c, struct err_text *error)
{
    chunk_bind(l->read, c);
    int code = sqlite3_step(l->read);
    if (code == SQLITE_ROW && sqlite3_column_bytes(l->read, 0) == CHUNK_BYTES)
        memcpy(c->bits, sqlite3_column_blob(l->read, 0), CHUNK_BYTES);
    sqlite3_reset(l->read);
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : sql_fail(l->db, error, "millrace_loaded");
}

static struct chunk *chunk_new(struct slice source, struct slice file, int64_t number)
{
    struct chunk *c = memory_new(sizeof *c + source.n + file.n);
    c->number = number;
    c->source_n = source.n;
    c->file_n = file.n;
    if (source.n) memcpy(c->names, source.p, source.n);
    if (file.n) memcpy(c->names + source.n, file.p, file.n);
    return c;
}

/* The chunk of a record, read when it is not in memory. */
static int chunk_find(struct loaded *l, struct slice source, const struct position *at, struct chunk **out,
                      struct err_text *error)
{
    int64_t number = (int64_t)((at->number - 1) / CHUNK_RECORDS);
    buf_reset(&l->key);
    buf_append_slice(&l->key, source);
    buf_append_byte(&l->key, 0);
    buf_append_slice(&l->key, at->file);
    buf_append_byte(&l->key, 0);
    buf_put_u64(&l->key, (uint64_t)number);
    *out = table_get(&l->chunks, buf_slice(&l->key));
    if (*out) return 0;
    struct chunk *c = chunk_new(source, at->file, number);
    int result = chunk_read(l, c, error);
    if (result != 0) {
        free(c);
        return result;
    }
    table_set(&l->chunks, buf_slice(&l->key), c);
    *out = c;
    return 0;
}

int loaded_mark(struct loaded *l, struct slice source, const struct position *at, struct err_text *error)
{
    struct chunk *c;
    int result = chunk_find(l, source, at, &c, error);
    if (result != 0) return result;
    uint64_t bit = (at->number - 1) % CHUNK_RECORDS;
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
        chunk_bind(l->write, c);
        sqlite3_bind_blob(l->write, 4, c->bits, CHUNK_BYTES, SQLITE_STATIC);
        int result = sql_step(l->write, error);
        if (result != 0) return result;
        c->dirty = false;
    }
    if (l->chunks.count > CHUNKS_KEPT_MAX) loaded_forget(l);
    return 0;
}
