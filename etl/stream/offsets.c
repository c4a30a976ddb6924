#include "etl/stream/offsets.h"

#include <inttypes.h>

#include "etl/sink/sql.h"

int offsets_init(sqlite3 *db, const char *topic, int partition_count, struct err_text *error)
{
    int result =
        sql_exec(db, error,
                 "CREATE TABLE IF NOT EXISTS millrace_stream(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
                 "CREATE TABLE IF NOT EXISTS millrace_stream_offsets(topic TEXT NOT NULL, partition INTEGER NOT NULL,"
                 " next INTEGER NOT NULL, crc INTEGER NOT NULL, ended INTEGER NOT NULL,"
                 " PRIMARY KEY(topic, partition)) WITHOUT ROWID");
    for (int p = 0; p < partition_count && result == 0; p++)
        result =
            sql_exec(db, error, "INSERT OR IGNORE INTO millrace_stream_offsets VALUES(%Q, %d, -1, 0, 0)", topic, p);
    int32_t known = 0;
    if (result == 0) result = offsets_partitions(db, topic, &known, error);
    if (result == 0 && known != partition_count)
        result = err_set(error, ERR_EXISTS,
                         "%s: this warehouse was filled from a topic %s with %d partitions, now it has %d: it was made "
                         "again",
                         sqlite3_db_filename(db, "main"), topic, (int)known, partition_count);
    return result;
}

int offsets_reopen(sqlite3 *db, const char *topic, int32_t partition, struct err_text *error)
{
    return sql_exec(db, error,
                    "UPDATE millrace_stream_offsets SET ended = 0 WHERE topic = %Q AND partition = %d AND ended", topic,
                    partition);
}

int offsets_partitions(sqlite3 *db, const char *topic, int32_t *out, struct err_text *error)
{
    int64_t count = 0;
    int result =
        sql_integer(db, 0, &count, error, "SELECT count(*) FROM millrace_stream_offsets WHERE topic = %Q", topic);
    *out = (int32_t)count;
    return result;
}

int offsets_identity(sqlite3 *db, const char *name, struct slice value, struct err_text *error)
{
    char *text = sqlite3_mprintf("%.*s", (int)value.n, value.p ? (const char *)value.p : "");
    int64_t same = 0;
    int result = sql_exec(db, error, "INSERT OR IGNORE INTO millrace_stream VALUES(%Q, %Q)", name, text);
    if (result == 0)
        result = sql_integer(db, 0, &same, error, "SELECT value = %Q FROM millrace_stream WHERE name = %Q", text, name);
    if (result == 0 && !same)
        result =
            err_set(error, ERR_EXISTS, "%s: this warehouse was filled from another %s than %s; give another --db file",
                    sqlite3_db_filename(db, "main"), name, text);
    sqlite3_free(text);
    return result;
}

int offsets_stream(sqlite3 *db, char **out, struct err_text *error)
{
    sqlite3_stmt *s;
    int result = sql_prepare(db, &s, error, "SELECT value FROM millrace_stream WHERE name = 'stream'");
    if (result != 0) return result;
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW)
        *out = sqlite3_mprintf("%s", (const char *)sqlite3_column_text(s, 0));
    else
        result = code == SQLITE_DONE ? err_set(error, ERR_NOTFOUND, "%s: no stream was loaded into this warehouse",
                                               sqlite3_db_filename(db, "main"))
                                     : sql_fail(db, error, "millrace_stream");
    sqlite3_finalize(s);
    return result;
}

int offsets_read(sqlite3 *db, const char *topic, int32_t partition, struct offset_state *out, struct err_text *error)
{
    sqlite3_stmt *s;
    int result = sql_prepare(db, &s, error,
                             "SELECT next, crc, ended FROM millrace_stream_offsets WHERE topic = %Q AND partition = %d",
                             topic, partition);
    if (result != 0) return result;
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW)
        *out = (struct offset_state){sqlite3_column_int64(s, 0), (uint32_t)sqlite3_column_int64(s, 1),
                                     sqlite3_column_int(s, 2) != 0};
    else
        result = code == SQLITE_DONE
                     ? err_set(error, ERR_NOTFOUND, "%s: no offset of topic %s, partition %" PRId32 ": the topic grew",
                               sqlite3_db_filename(db, "main"), topic, partition)
                     : sql_fail(db, error, "millrace_stream_offsets");
    sqlite3_finalize(s);
    return result;
}

int offsets_move(sqlite3 *db, const char *topic, int32_t partition, int64_t from, const struct offset_state *to,
                 struct err_text *error)
{
    int result = sql_exec(db, error,
                          "UPDATE millrace_stream_offsets SET next = %lld, crc = %u, ended = %d WHERE topic = %Q AND "
                          "partition = %d AND next = %lld",
                          (long long)to->next, to->crc, to->ended, topic, partition, (long long)from);
    return result != 0 ? result : sqlite3_changes(db) == 1;
}

int offsets_open_partitions(sqlite3 *db, struct err_text *error)
{
    int64_t there = 0, open = -1;
    int result =
        sql_integer(db, 0, &there, error, "SELECT count(*) FROM sqlite_schema WHERE name = 'millrace_stream_offsets'");
    if (result == 0 && there)
        result = sql_integer(db, 0, &open, error, "SELECT count(*) FROM millrace_stream_offsets WHERE NOT ended");
    return result != 0 ? result : (int)open;
}

int offsets_loaded(sqlite3 *db, int64_t *out, struct err_text *error)
{
    return sql_integer(db, 0, out, error, "SELECT sum(next) FROM millrace_stream_offsets WHERE next > 0");
}
