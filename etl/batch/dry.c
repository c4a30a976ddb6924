#include "etl/batch/dry.h"

#include <stdlib.h>

#include "etl/sink/sql.h"

/* All of it in one step: what others commit meanwhile is not in it. */
static int copy(sqlite3 *from, sqlite3 *to, struct err_text *error)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (!backup) return sql_fail(to, error, "copying the database for a dry run");
    int code = sqlite3_backup_step(backup, -1);
    sqlite3_backup_finish(backup);
    if (code == SQLITE_DONE) return 0;
    /* A failure of the source is known to the source only. */
    return sqlite3_errcode(from) ? sql_fail(from, error, "reading it for a dry run")
                                 : err_set(error, sql_err(code), "%s: copying it for a dry run: %s",
                                           sqlite3_db_filename(from, "main"), sqlite3_errstr(code));
}

int dry_database_open(const char *path, int busy_ms, sqlite3 **out, struct err_text *error)
{
    sqlite3 *from;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    /* SQLite's empty name is a temporary file. */
    if (sqlite3_open_v2("", out, flags, NULL) != SQLITE_OK) abort();
    if (!path) return 0;
    int result = sql_open(path, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, &from, error);
    if (result != 0) return result;
    sqlite3_busy_timeout(from, busy_ms);
    result = copy(from, *out, error);
    sqlite3_close(from);
    return result;
}

void dry_error_name(const char *path, struct err_text *error)
{
    struct err_text said = *error;
    if (said.text[0] != ':') return;
    error->text[0] = 0;
    err_set(error, 0, "%s%s", path ? path : "database", said.text);
}
