#include "etl/sink/sql.h"

#include <stdarg.h>

int sql_err(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return 0;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ERR_LOCKED;
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG: return ERR_NOMEM;
    case SQLITE_FULL: return ERR_NOSPACE;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: return ERR_CORRUPT;
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH: return ERR_INVALID;
    default: return ERR_IO;
    }
}

int sql_fail(sqlite3 *db, struct err_text *error, const char *what)
{
    const char *file = sqlite3_db_filename(db, "main");
    int err = sql_err(sqlite3_extended_errcode(db));
    if (err == 0) err = ERR_IO;
    return err_set(error, err, "%s: %s: %s", file && *file ? file : "database", what, sqlite3_errmsg(db));
}

/* A statement in an error message is cut to what helps. */
static int fail_statement(sqlite3 *db, struct err_text *error, const char *sql)
{
    char what[160];
    sqlite3_snprintf(sizeof what, what, "%.150s", sql);
    return sql_fail(db, error, what);
}

int sql_exec(sqlite3 *db, struct err_text *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *sql = sqlite3_vmprintf(format, arguments);
    va_end(arguments);
    int result = sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail_statement(db, error, sql);
    sqlite3_free(sql);
    return result;
}

static int prepare(sqlite3 *db, sqlite3_stmt **out, struct err_text *error, const char *format, va_list arguments)
{
    char *sql = sqlite3_vmprintf(format, arguments);
    int code = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
    int result = code == SQLITE_OK ? 0 : fail_statement(db, error, sql);
    sqlite3_free(sql);
    return result;
}

int sql_prepare(sqlite3 *db, sqlite3_stmt **out, struct err_text *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = prepare(db, out, error, format, arguments);
    va_end(arguments);
    return result;
}

int sql_step(sqlite3_stmt *s, struct err_text *error)
{
    int code = sqlite3_step(s);
    int result =
        code == SQLITE_DONE || code == SQLITE_ROW ? 0 : fail_statement(sqlite3_db_handle(s), error, sqlite3_sql(s));
    sqlite3_reset(s);
    return result;
}

int sql_integer(sqlite3 *db, int64_t otherwise, int64_t *out, struct err_text *error, const char *format, ...)
{
    sqlite3_stmt *s = NULL;
    va_list arguments;
    va_start(arguments, format);
    int result = prepare(db, &s, error, format, arguments);
    va_end(arguments);
    if (result < 0) return result;
    int code = sqlite3_step(s);
    bool present = code == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL;
    *out = present ? sqlite3_column_int64(s, 0) : otherwise;
    if (code != SQLITE_ROW && code != SQLITE_DONE) result = fail_statement(db, error, sqlite3_sql(s));
    sqlite3_finalize(s);
    return result;
}

struct slice sql_column_slice(sqlite3_stmt *s, int column)
{
    const unsigned char *p = sqlite3_column_text(s, column);
    return (struct slice){p, p ? (size_t)sqlite3_column_bytes(s, column) : 0};
}
