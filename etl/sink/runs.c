#include "etl/sink/runs.h"

#include <stdio.h>
#include <string.h>

#include "etl/sink/sql.h"

#define NOW "strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', 'now')"

int runs_prepare(sqlite3 *db, struct err_text *error)
{
    int64_t foreign;
    int result = sql_integer(db, 0, &foreign, error,
                             "SELECT count(*) FROM sqlite_schema WHERE name = 'etl_runs' COLLATE NOCASE "
                             "AND NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'millrace_objects')");
    if (result == 0 && foreign)
        return err_set(error, ERR_EXISTS, "%s: there is already a table or view \"etl_runs\" that no pipeline made",
                       sqlite3_db_filename(db, "main"));
    if (result < 0) return result;
    return sql_exec(db, error,
                    "CREATE TABLE IF NOT EXISTS etl_runs(run INTEGER PRIMARY KEY, mode TEXT NOT NULL, "
                    "pipeline TEXT NOT NULL, definition TEXT NOT NULL, input TEXT, started TEXT NOT NULL, ended TEXT, "
                    "status TEXT NOT NULL, read INTEGER, accepted INTEGER, rejected INTEGER, warned INTEGER, "
                    "replaced INTEGER, taken_back INTEGER, files INTEGER, error TEXT)");
}

int runs_begin(const struct definition *d, sqlite3 *db, const char *mode, const char *input, int64_t *run,
               struct err_text *error)
{
    int result = sql_exec(db, error,
                          "UPDATE etl_runs SET status = 'interrupted' WHERE status = 'running';"
                          "INSERT INTO etl_runs(mode, pipeline, definition, input, started, status) "
                          "VALUES(%Q, %Q, %Q, %Q, " NOW ", 'running')",
                          mode, d->name, d->digest, input);
    if (result == 0) *run = sqlite3_last_insert_rowid(db);
    return result;
}

int runs_count(sqlite3 *db, int64_t run, const struct run_counts *c, struct err_text *error)
{
    return sql_exec(db, error,
                    "UPDATE etl_runs SET read = %lld, accepted = %lld, rejected = %lld, warned = %lld, "
                    "replaced = %lld, taken_back = %lld, files = %lld WHERE run = %lld",
                    (long long)c->read, (long long)c->accepted, (long long)c->rejected, (long long)c->warned,
                    (long long)c->replaced, (long long)c->taken_back, (long long)c->files, (long long)run);
}

int runs_totals(sqlite3 *db, struct run_counts *out, struct err_text *error)
{
    sqlite3_stmt *s;
    *out = (struct run_counts){0};
    int result = sql_prepare(db, &s, error,
                             "SELECT sum(read), sum(accepted), sum(rejected), sum(warned), "
                             "(SELECT count(*) FROM files WHERE skipped_as_identical_to IS NULL) FROM records");
    if (result < 0) return result;
    int64_t *const members[] = {&out->read, &out->accepted, &out->rejected, &out->warned, &out->files};
    if (sqlite3_step(s) == SQLITE_ROW)
        for (int i = 0; i < 5; i++) *members[i] = sqlite3_column_int64(s, i);
    sqlite3_finalize(s);
    return 0;
}

int runs_count_since(sqlite3 *db, int64_t run, const struct run_counts *before, struct err_text *error)
{
    struct run_counts now;
    int result = runs_totals(db, &now, error);
    now.read -= before->read;
    now.accepted -= before->accepted;
    now.rejected -= before->rejected;
    now.warned -= before->warned;
    now.files -= before->files;
    return result == 0 ? runs_count(db, run, &now, error) : result;
}

int runs_end(sqlite3 *db, int64_t run, enum run_status status, const char *message, struct err_text *error)
{
    static const char *const names[] = {"done", "failed", "interrupted"};
    return sql_exec(db, error, "UPDATE etl_runs SET status = %Q, ended = " NOW ", error = %Q WHERE run = %lld",
                    names[status], message, (long long)run);
}

int runs_last(const struct definition *d, sqlite3 *db, const char *mode, const char *input, struct run_last *out,
              struct err_text *error)
{
    sqlite3_stmt *s;
    *out = (struct run_last){0};
    int result = sql_prepare(db, &s, error,
                             "SELECT run, status = 'done', mode = %Q AND definition = %Q AND input IS NOT NULL "
                             "AND input IS %Q, started FROM etl_runs ORDER BY run DESC LIMIT 1",
                             mode, d->digest, input);
    if (result < 0) return result;
    if (sqlite3_step(s) == SQLITE_ROW) {
        out->run = sqlite3_column_int64(s, 0);
        out->done = sqlite3_column_int(s, 1);
        out->same = sqlite3_column_int(s, 2);
        snprintf(out->started, sizeof out->started, "%s", (const char *)sqlite3_column_text(s, 3));
    }
    sqlite3_finalize(s);
    return 0;
}
