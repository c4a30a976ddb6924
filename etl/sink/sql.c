#include "etl/sink/sql.h"

#include <errno.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "etl/sink/log_writes.h"
#include "lib/base/text.h"

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

void sql_setup(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* Why a file cannot be opened or made. SQLite's own errno is that of its last try, reading, and misleads. */
static const char *open_reason(const char *path)
{
    struct stat st;
    char *copy = strdup(path);
    if (!copy) abort();
    const char *place = stat(path, &st) == 0 ? path : dirname(copy);
    const char *reason = access(place, W_OK) == 0 ? NULL : strerror(errno);
    free(copy);
    return reason;
}

int sql_open(const char *path, int flags, sqlite3 **out, struct err_text *error)
{
    struct stat st;
    *out = NULL;
    if (!*path) return err_set(error, ERR_INVALID, "the name of the database is empty");
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return err_set(error, ERR_INVALID, "%s: is a folder, not a database", path);
    int code = sqlite3_open_v2(path, out, flags, flags & SQLITE_OPEN_CREATE ? log_writes_vfs() : NULL);
    if (code == SQLITE_OK) return 0;
    const char *reason = open_reason(path);
    err_set(error, ERR_IO, "%s: %s%s%s", path, sqlite3_errstr(code), reason ? ": " : "", reason ? reason : "");
    sqlite3_close(*out);
    *out = NULL;
    return ERR_IO;
}

/* As os_unix.c of SQLite looks for it. */
const char *sql_temporary_folder(void)
{
    const char *const folders[] = {getenv("SQLITE_TMPDIR"), getenv("TMPDIR"), "/var/tmp", "/usr/tmp", "/tmp"};
    struct stat st;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (folders[i] && stat(folders[i], &st) == 0 && S_ISDIR(st.st_mode) && access(folders[i], W_OK | X_OK) == 0)
            return folders[i];
    return ".";
}

int sql_open_temporary(int cache_kib, sqlite3 **out, struct err_text *error)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2("", out, flags, NULL) != SQLITE_OK)
        return sql_fail(*out, error, "opening a temporary database");
    return sql_exec(
        *out, error,
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE; PRAGMA cache_size = -%d",
        cache_kib);
}

uint64_t sql_file_bytes(sqlite3 *db)
{
    struct err_text error;
    int64_t pages = 0, bytes = 0;
    if (sql_integer(db, 0, &pages, &error, "PRAGMA page_count") != 0) return 0;
    return sql_integer(db, 0, &bytes, &error, "PRAGMA page_size") == 0 ? (uint64_t)(pages * bytes) : 0;
}

/* What is wrong with the file or the disk would be wrong for any statement. */
static bool is_about_the_file(int code)
{
    code &= 0xff;
    return code == SQLITE_BUSY || code == SQLITE_READONLY || code == SQLITE_IOERR || code == SQLITE_CORRUPT ||
           code == SQLITE_FULL || code == SQLITE_CANTOPEN || code == SQLITE_NOTADB;
}

/* Sorting is done in files elsewhere: whose disk is full SQLite does not say. */
static bool is_elsewhere(const char *file)
{
    struct stat here, there;
    return stat(file, &here) == 0 && stat(sql_temporary_folder(), &there) == 0 && here.st_dev != there.st_dev;
}

const char *sql_words(sqlite3 *db)
{
    int code = sqlite3_extended_errcode(db);
    const char *file = sqlite3_db_filename(db, "main");
    struct statvfs disk;
    /* The database itself was opened: what cannot be is that file. */
    bool fixed = code == SQLITE_CANTOPEN && file && statvfs(file, &disk) == 0 && disk.f_flag & ST_RDONLY;
    if (code != SQLITE_READONLY_DIRECTORY && !fixed) return sqlite3_errmsg(db);
    return "it has a write-ahead log, for which even a reader needs a file beside it, and its folder cannot be written "
           "to: copy it elsewhere, or have its owner say PRAGMA journal_mode = DELETE";
}

/* SQLite knows a file by its whole path; people gave it from where they are. */
static const char *as_given(const char *file)
{
    char here[4096];
    size_t n = getcwd(here, sizeof here) ? strlen(here) : 0;
    return n > 1 && strncmp(file, here, n) == 0 && file[n] == '/' && file[n + 1] ? file + n + 1 : file;
}

/* "FILE: what: SQLite's words", and what else is known of a disk that said no. */
static int fail(sqlite3 *db, struct err_text *error, const char *what)
{
    const char *file = sqlite3_db_filename(db, "main"), *folder = sql_temporary_folder();
    int code = sqlite3_extended_errcode(db), reason = sqlite3_system_errno(db), err = sql_err(code);
    struct buf name = {0}, more = {0};
    bool named = file && *file;
    if (named || !is_about_the_file(code))
        buf_append_str(&name, named ? as_given(file) : "database");
    else
        buf_printf(&name, "a temporary file in %s", folder);
    if ((code & 0xff) == SQLITE_IOERR && reason) buf_printf(&more, ": %s", strerror(reason));
    if ((code & 0xff) == SQLITE_FULL && named && is_elsewhere(file))
        buf_printf(&more, " (temporary files are in %s)", folder);
    err_set(error, err, "%s: %s%s%s%s", buf_cstr(&name), what, *what ? ": " : "", sql_words(db), buf_cstr(&more));
    buf_release(&name);
    buf_release(&more);
    return err;
}

int sql_fail(sqlite3 *db, struct err_text *error, const char *what)
{
    int result = fail(db, error, what);
    return result == 0 ? ERR_IO : result;
}

/* A statement in an error message is cut to what helps, and says nothing about a file or a disk. */
static int fail_statement(sqlite3 *db, struct err_text *error, const char *sql)
{
    char what[160];
    sqlite3_snprintf(sizeof what, what, "%.150s", is_about_the_file(sqlite3_errcode(db)) ? "" : sql);
    return sql_fail(db, error, what);
}

void sql_append(struct buf *sql, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = sqlite3_vmprintf(format, arguments);
    va_end(arguments);
    if (!text) abort();
    buf_append_str(sql, text);
    sqlite3_free(text);
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

void sql_bind_bytes(sqlite3_stmt *s, int at, struct slice bytes)
{
    if (text_is_utf8(bytes) && (bytes.n == 0 || !memchr(bytes.p, 0, bytes.n)))
        sql_bind_slice(s, at, bytes);
    else
        sqlite3_bind_blob(s, at, bytes.p, (int)bytes.n, SQLITE_STATIC);
}
