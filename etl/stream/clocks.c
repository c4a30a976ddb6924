#include "etl/stream/clocks.h"

#include <inttypes.h>

#include "etl/sink/sql.h"

int clocks_init(sqlite3 *db, struct err_text *error)
{
    return sql_exec(
        db, error,
        "CREATE TABLE IF NOT EXISTS millrace_stream_clocks(topic TEXT NOT NULL, partition INTEGER NOT NULL,"
        " source TEXT NOT NULL, time INTEGER NOT NULL, PRIMARY KEY(topic, partition, source)) WITHOUT ROWID");
}

int clocks_read(sqlite3 *db, const struct definition *d, const char *topic, int32_t partition, int64_t *out,
                struct err_text *error)
{
    sqlite3_stmt *s;
    for (int i = 0; i < d->feed_count; i++) out[i] = CLOCK_NONE;
    if (!definition_drops_late(d)) return 0;
    int result = sql_prepare(db, &s, error,
                             "SELECT source, time FROM millrace_stream_clocks WHERE topic = %Q AND partition = %d",
                             topic, partition);
    if (result != 0) return result;
    int code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        int feed = definition_feed(d, sql_column_slice(s, 0));
        if (feed >= 0) out[feed] = sqlite3_column_int64(s, 1);
    }
    sqlite3_finalize(s);
    return code == SQLITE_DONE ? 0 : sql_fail(db, error, "millrace_stream_clocks");
}

int clocks_write(sqlite3 *db, const struct definition *d, const char *topic, int32_t partition, const int64_t *clocks,
                 struct err_text *error)
{
    int result = 0;
    for (int i = 0; i < d->feed_count && result == 0; i++)
        if (clocks[i] != CLOCK_NONE)
            result = sql_exec(db, error, "INSERT OR REPLACE INTO millrace_stream_clocks VALUES(%Q, %d, %Q, %lld)",
                              topic, partition, d->feeds[i].name, (long long)clocks[i]);
    return result;
}

int64_t clock_late_s(const struct feed *feed, int64_t *clock, int64_t time_s)
{
    if (time_s >= *clock) {
        *clock = time_s;
        return 0;
    }
    int64_t late_s = *clock - time_s;
    return late_s > feed->late_after_s ? late_s : 0;
}
