#include "etl/operator/kept_record.h"

#include "etl/sink/sql.h"

void kept_record_bind(sqlite3_stmt *s, int first, const struct record *record)
{
    sqlite3_bind_int64(s, first, record->id);
    sql_bind_slice(s, first + 1, record->at.file);
    sqlite3_bind_int64(s, first + 2, (int64_t)record->at.byte_offset);
    sqlite3_bind_int64(s, first + 3, (int64_t)record->at.line);
    sqlite3_bind_int64(s, first + 4, (int64_t)record->at.number);
    sql_bind_slice(s, first + 5, record->layout);
    sqlite3_bind_int(s, first + 6, record->repeated);
    sqlite3_bind_int64(s, first + 7, record->late_s);
    sqlite3_bind_blob(s, first + 8, record->raw.n ? (const void *)record->raw.p : "", (int)record->raw.n,
                      SQLITE_STATIC);
}

void kept_record_add(struct pending *b, const struct record *record)
{
    pending_integer(b, record->id);
    pending_text(b, record->at.file);
    pending_integer(b, (int64_t)record->at.byte_offset);
    pending_integer(b, (int64_t)record->at.line);
    pending_integer(b, (int64_t)record->at.number);
    pending_text(b, record->layout);
    pending_integer(b, record->repeated);
    pending_integer(b, record->late_s);
    pending_blob(b, record->raw);
}

static struct slice column_copy(sqlite3_stmt *s, int column, struct arena *arena)
{
    const void *p = sqlite3_column_blob(s, column);
    size_t n = (size_t)sqlite3_column_bytes(s, column);
    return (struct slice){n ? arena_copy(arena, p, n) : NULL, n};
}

void kept_record_read(sqlite3_stmt *s, int first, int feed, struct arena *arena, struct record *out)
{
    out->id = sqlite3_column_int64(s, first);
    out->at.file = column_copy(s, first + 1, arena);
    out->at.byte_offset = (uint64_t)sqlite3_column_int64(s, first + 2);
    out->at.line = (uint64_t)sqlite3_column_int64(s, first + 3);
    out->at.number = (uint64_t)sqlite3_column_int64(s, first + 4);
    out->layout = column_copy(s, first + 5, arena);
    out->repeated = sqlite3_column_int(s, first + 6);
    out->late_s = sqlite3_column_int64(s, first + 7);
    out->raw = column_copy(s, first + 8, arena);
    out->feed = feed;
}
