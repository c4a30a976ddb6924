/* sql.h - the few SQLite calls that everything here makes, with their errors as `enum err`.
 *
 * Formats are sqlite3_mprintf's: %w inside double quotes for names, %Q for text, %lld. */
#ifndef MILLRACE_ETL_SINK_SQL_H
#define MILLRACE_ETL_SINK_SQL_H

#include <sqlite3.h>
#include <stdbool.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"

/* The `enum err` of a SQLite result code; 0 for SQLITE_OK, _ROW and _DONE. */
int sql_err(int code);
/* Once, before anything of SQLite is used: it keeps no account of its memory, which takes a lock at every allocation.
 */
void sql_setup(void);
/* sqlite3_open_v2; a failure names the file and the reason, *out is NULL then. Who may make the file will write to it,
 * and writes its log in large pieces (log_writes.h). */
int sql_open(const char *path, int flags, sqlite3 **out, struct err_text *error);
/* SQLite's folder for temporary files: SQLITE_TMPDIR, TMPDIR, /var/tmp, /usr/tmp, /tmp or ".", the first that is one
 * and can be written to. */
const char *sql_temporary_folder(void);
/* A database in a file without a name, in that folder, that goes with the connection and has no journal: after an error
 * it is good for nothing. */
int sql_open_temporary(int cache_kib, sqlite3 **out, struct err_text *error);
/* How large the file of a database is; 0 when it cannot be asked. */
uint64_t sql_file_bytes(sqlite3 *db);

/* What SQLite says of the last failure of `db`; where that misleads, what is meant. */
const char *sql_words(sqlite3 *db);
/* Reports the last failure of `db` as "FILE: what: SQLite's words", and the system's when the disk said no; returns its
 * `enum err`. */
int sql_fail(sqlite3 *db, struct err_text *error, const char *what);

/* Appends to the text of a statement that is being put together. */
void sql_append(struct buf *sql, const char *format, ...);
/* Runs statements that give no rows. */
int sql_exec(sqlite3 *db, struct err_text *error, const char *format, ...);
/* Prepares a statement that is used many times. */
int sql_prepare(sqlite3 *db, sqlite3_stmt **out, struct err_text *error, const char *format, ...);
/* Runs a prepared statement that gives no rows and resets it. */
int sql_step(sqlite3_stmt *s, struct err_text *error);
/* The single integer a query gives; `otherwise` when it gives no row or NULL. */
int sql_integer(sqlite3 *db, int64_t otherwise, int64_t *out, struct err_text *error, const char *format, ...);

static inline void sql_bind_slice(sqlite3_stmt *s, int at, struct slice text)
{
    sqlite3_bind_text(s, at, text.p ? (const char *)text.p : "", (int)text.n, SQLITE_STATIC);
}
static inline void sql_result_slice(sqlite3_context *out, struct slice text)
{
    sqlite3_result_text(out, text.p ? (const char *)text.p : "", (int)text.n, SQLITE_STATIC);
}
/* Text that is no text (not UTF-8, or with a zero byte) stays what it is: a BLOB. */
void sql_bind_bytes(sqlite3_stmt *s, int at, struct slice bytes);
/* The text of a column, valid until the next step; empty for NULL. */
struct slice sql_column_slice(sqlite3_stmt *s, int column);

#endif
