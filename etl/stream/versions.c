#include "etl/stream/versions.h"

#include <stdlib.h>

#include "etl/sink/sql.h"
#include "lib/base/memory.h"

struct versions {
    sqlite3 *db;
    sqlite3_stmt *read, *write;
};

int versions_open(sqlite3 *db, struct versions **out, struct err_text *error)
{
    struct versions *v = memory_new(sizeof *v);
    v->db = db;
    int result = sql_exec(db, error,
                          "CREATE TABLE IF NOT EXISTS millrace_versions(source TEXT NOT NULL, file TEXT NOT NULL,"
                          " number INTEGER NOT NULL, version INTEGER NOT NULL, gone INTEGER NOT NULL,"
                          " byte_offset INTEGER NOT NULL, layout BLOB NOT NULL, raw BLOB NOT NULL,"
                          " PRIMARY KEY(source, file, number)) WITHOUT ROWID");
    if (result == 0)
        result = sql_prepare(db, &v->read, error,
                             "SELECT version, gone, byte_offset, layout, raw FROM millrace_versions"
                             " WHERE source = ?1 AND file = ?2 AND number = ?3");
    if (result == 0)
        result = sql_prepare(db, &v->write, error,
                             "INSERT OR REPLACE INTO millrace_versions VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    *out = v;
    if (result == 0) return 0;
    versions_close(v);
    *out = NULL;
    return result;
}

void versions_close(struct versions *v)
{
    if (!v) return;
    sqlite3_finalize(v->read);
    sqlite3_finalize(v->write);
    free(v);
}

static void identity_bind(sqlite3_stmt *s, struct slice source, const struct position *at)
{
    sql_bind_slice(s, 1, source);
    sql_bind_slice(s, 2, at->file);
    sqlite3_bind_int64(s, 3, (int64_t)at->number);
}

static struct slice blob_copy(sqlite3_stmt *s, int column, struct arena *arena)
{
    size_t n = (size_t)sqlite3_column_bytes(s, column);
    return slice_of(arena_copy(arena, sqlite3_column_blob(s, column), n), n);
}

static void blob_bind(sqlite3_stmt *s, int at, struct slice bytes)
{
    sqlite3_bind_blob64(s, at, bytes.n ? bytes.p : (const uint8_t *)"", bytes.n, SQLITE_STATIC);
}

/* 1: there is a version, *known; 0: none. */
static int known_read(struct versions *v, struct slice source, const struct record *record, struct arena *arena,
                      int64_t *version, bool *gone, struct record *old, struct err_text *error)
{
    identity_bind(v->read, source, &record->at);
    int code = sqlite3_step(v->read);
    if (code == SQLITE_ROW) {
        *version = sqlite3_column_int64(v->read, 0);
        *gone = sqlite3_column_int(v->read, 1) != 0;
        *old = *record;
        old->at.byte_offset = (uint64_t)sqlite3_column_int64(v->read, 2);
        old->layout = blob_copy(v->read, 3, arena);
        old->raw = blob_copy(v->read, 4, arena);
    }
    sqlite3_reset(v->read);
    return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : sql_fail(v->db, error, "millrace_versions");
}

static int known_write(struct versions *v, struct slice source, const struct record *record, int64_t version, bool gone,
                       struct err_text *error)
{
    sqlite3_stmt *s = v->write;
    identity_bind(s, source, &record->at);
    sqlite3_bind_int64(s, 4, version);
    sqlite3_bind_int(s, 5, gone);
    sqlite3_bind_int64(s, 6, (int64_t)record->at.byte_offset);
    blob_bind(s, 7, record->layout);
    blob_bind(s, 8, gone ? slice_of(NULL, 0) : record->raw);
    return sql_step(s, error);
}

int versions_take(struct versions *v, struct slice source, const struct record *record, int64_t version, bool gone,
                  struct arena *arena, struct record *old, struct err_text *error)
{
    int64_t known = 0;
    bool was_gone = true;
    int found = known_read(v, source, record, arena, &known, &was_gone, old, error);
    if (found < 0) return found;
    if (found && version <= known) return VERSION_OLD;
    int result = known_write(v, source, record, version, gone, error);
    if (result != 0) return result;
    bool same = found && gone == was_gone &&
                (gone || (slice_equal(old->raw, record->raw) && slice_equal(old->layout, record->layout)));
    if (same || (gone && !found)) return VERSION_OLD;
    return was_gone ? VERSION_FIRST : VERSION_REPLACES;
}
