#include "etl/changelog/ends.h"

#include <inttypes.h>

#include "etl/sink/sql.h"
#include "lib/base/log.h"

enum { WATERMARK_MS = 10000 };

int ends_make(sqlite3 *db, struct err_text *error)
{
    return sql_exec(db, error,
                    "CREATE TABLE IF NOT EXISTS millrace_changelog_ends(topic TEXT, partition INTEGER, next INTEGER "
                    "NOT NULL, PRIMARY KEY(topic, partition)) WITHOUT ROWID");
}

int ends_write(sqlite3 *db, const char *topic, int32_t partition, int64_t next, struct err_text *error)
{
    return sql_exec(db, error, "INSERT OR REPLACE INTO millrace_changelog_ends VALUES(%Q, %d, %lld)", topic,
                    (int)partition, (long long)next);
}

int ends_forget(sqlite3 *db, const char *topic, struct err_text *error)
{
    return sql_exec(db, error, "DELETE FROM millrace_changelog_ends WHERE topic = %Q", topic);
}

/* 1: the partition ends before `next`, or there is none. */
static int is_short(rd_kafka_t *client, const char *topic, int32_t partition, int64_t next, struct err_text *error)
{
    int64_t low, high;
    rd_kafka_resp_err_t err = rd_kafka_query_watermark_offsets(client, topic, partition, &low, &high, WATERMARK_MS);
    bool none = err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
                err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (err && !none)
        return err_set(error, ERR_IO, "topic %s: its partition %" PRId32 " does not answer: %s", topic, partition,
                       rd_kafka_err2str(err));
    if (!none && high >= next) return 0;
    log_info("changelog",
             "topic %s: partition %" PRId32 " ends at offset %" PRId64 ", and it was told up to %" PRId64
             ": it was made again, so everything is told again",
             topic, partition, none ? 0 : high, next);
    return 1;
}

int ends_missing(sqlite3 *db, rd_kafka_t *client, const char *topic, struct err_text *error)
{
    sqlite3_stmt *s;
    int missing = 0;
    int result = sql_prepare(db, &s, error,
                             "SELECT partition, next FROM millrace_changelog_ends WHERE topic = %Q ORDER BY 1", topic);
    if (result != 0) return result;
    while (missing == 0 && (result = sqlite3_step(s)) == SQLITE_ROW)
        missing = is_short(client, topic, sqlite3_column_int(s, 0), sqlite3_column_int64(s, 1), error);
    if (missing == 0 && result != SQLITE_DONE) missing = sql_fail(db, error, "the ends of a changelog");
    sqlite3_finalize(s);
    return missing;
}
