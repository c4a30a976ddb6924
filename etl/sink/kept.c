#include "etl/sink/kept.h"

#include <inttypes.h>

/* Tables whose rows are keys, by the operators that make them: recompute.c, parents.c, check.c, tally.c, unique.c and
 * output.c. */
static const char tables[] =
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND (name GLOB 'millrace_rows_*' OR name GLOB "
    "'millrace_parents_*' OR name GLOB 'millrace_children_*' OR name GLOB 'millrace_check_*' OR name GLOB "
    "'millrace_distinct_*' OR name GLOB 'millrace_unique_*' OR name GLOB 'millrace_state_*') ORDER BY name";

static int table_say(sqlite3 *db, const char *name, struct buf *out, struct err_text *error)
{
    int64_t keys, bytes = 0;
    int result = sql_integer(db, 0, &keys, error, "SELECT count(*) FROM \"%w\"", name);
    if (result != 0 || keys == 0) return result;
    result = sql_integer(db, 0, &bytes, error,
                         "SELECT sum(pgsize) FROM sqlite_schema AS s JOIN dbstat AS d ON d.name = s.name "
                         "WHERE s.tbl_name = %Q AND d.aggregate = 1",
                         name);
    if (result == 0)
        buf_printf(out, "%s%s: %" PRId64 " keys, %" PRId64 " bytes in the database, %.1f a key", out->n ? "; " : "",
                   name, keys, bytes, (double)bytes / (double)keys);
    return result;
}

int kept_say(sqlite3 *db, struct buf *out, struct err_text *error)
{
    sqlite3_stmt *s;
    if (!sqlite3_compileoption_used("ENABLE_DBSTAT_VTAB") || sql_file_bytes(db) > KEPT_LOOK_BYTES_MAX) return 0;
    int code, result = sql_prepare(db, &s, error, "%s", tables);
    if (result != 0) return result;
    while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW)
        result = table_say(db, (const char *)sqlite3_column_text(s, 0), out, error);
    if (result == 0 && code != SQLITE_DONE) result = sql_fail(db, error, "reading the names of its tables");
    sqlite3_finalize(s);
    return result;
}
