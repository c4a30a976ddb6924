/* Tables as multisets of rows: which tables there are, their rows in the order of all columns. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "etl/sink/sql.h"
#include "etl/warehouse/warehouse.h"
#include "lib/base/memory.h"

int warehouse_open(const char *path, sqlite3 **out, struct err_text *error)
{
    *out = NULL;
    if (access(path, R_OK) != 0) return err_set(error, ERR_NOTFOUND, "%s: no such warehouse, or not readable", path);
    sqlite3 *db = NULL;
    /* Not SQLITE_OPEN_READONLY: what a killed writer left (a hot journal) must be rolled back first, and
     * only a connection that may write can do that. SQLite falls back to reading if it has to. */
    int result = sql_open(path, SQLITE_OPEN_READWRITE, &db, error);
    if (result < 0) return result;
    sqlite3_busy_timeout(db, 5000);
    /* The first read is what opens the file and takes the snapshot. */
    int code = sqlite3_exec(db, "PRAGMA query_only = ON; BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    if (code != SQLITE_OK) {
        err_set(error, ERR_INVALID, "%s: %s", path, sql_words(db));
        sqlite3_close(db);
        return sql_err(code);
    }
    *out = db;
    return 0;
}

int warehouse_tables_init(struct warehouse_tables *t, sqlite3 *db, struct err_text *error)
{
    *t = (struct warehouse_tables){0};
    sqlite3_stmt *s;
    int result = sql_prepare(db, &s, error,
                             "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'millrace_*' "
                             "AND name NOT GLOB 'sqlite_*' AND name <> 'etl_runs' ORDER BY name");
    if (result < 0) return result;
    int code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        t->names = memory_grow(t->names, (size_t)t->count + 1, sizeof *t->names);
        t->names[t->count++] = memory_str((const char *)sqlite3_column_text(s, 0));
    }
    if (code != SQLITE_DONE) result = sql_fail(db, error, "listing the tables");
    sqlite3_finalize(s);
    return result;
}

void warehouse_tables_release(struct warehouse_tables *t)
{
    for (int i = 0; i < t->count; i++) free(t->names[i]);
    free(t->names);
    *t = (struct warehouse_tables){0};
}

static bool column_left_out(const char *table, const char *column)
{
    return strcmp(column, "run") == 0 && (strcmp(table, "quarantine") == 0 || strcmp(table, "warnings") == 0);
}

int warehouse_rows(sqlite3 *db, const char *table, sqlite3_stmt **out, struct err_text *error)
{
    sqlite3_stmt *columns;
    int result = sql_prepare(db, &columns, error, "SELECT name FROM pragma_table_info(%Q) ORDER BY name", table);
    if (result < 0) return result;
    struct buf names = {0}, order = {0};
    for (int n = 1; sqlite3_step(columns) == SQLITE_ROW;) {
        const char *name = (const char *)sqlite3_column_text(columns, 0);
        if (column_left_out(table, name)) continue;
        char *quoted = sqlite3_mprintf("%s\"%w\"", n > 1 ? ", " : "", name);
        buf_append_str(&names, quoted);
        buf_printf(&order, "%s%d", n > 1 ? ", " : "", n);
        sqlite3_free(quoted);
        n++;
    }
    sqlite3_finalize(columns);
    result =
        sql_prepare(db, out, error, "SELECT %s FROM \"%w\" ORDER BY %s", buf_cstr(&names), table, buf_cstr(&order));
    buf_release(&names);
    buf_release(&order);
    return result;
}

/* NULL before numbers before text before bytes, as in SQLite's own order. */
static int type_rank(int type)
{
    switch (type) {
    case SQLITE_NULL: return 0;
    case SQLITE_INTEGER:
    case SQLITE_FLOAT: return 1;
    case SQLITE_TEXT: return 2;
    default: return 3;
    }
}

static int number_compare(sqlite3_stmt *a, sqlite3_stmt *b, int i)
{
    if (sqlite3_column_type(a, i) == SQLITE_INTEGER && sqlite3_column_type(b, i) == SQLITE_INTEGER) {
        int64_t x = sqlite3_column_int64(a, i), y = sqlite3_column_int64(b, i);
        return (x > y) - (x < y);
    }
    double x = sqlite3_column_double(a, i), y = sqlite3_column_double(b, i);
    return (x > y) - (x < y);
}

static struct slice column_bytes(sqlite3_stmt *s, int i)
{
    const void *p = sqlite3_column_blob(s, i);
    return (struct slice){p, (size_t)sqlite3_column_bytes(s, i)};
}

int warehouse_row_compare(sqlite3_stmt *a, sqlite3_stmt *b)
{
    for (int i = 0; i < sqlite3_column_count(a); i++) {
        int x = type_rank(sqlite3_column_type(a, i)), y = type_rank(sqlite3_column_type(b, i));
        int order = x - y;
        if (order == 0 && x == 1) order = number_compare(a, b, i);
        if (order == 0 && x >= 2) order = slice_compare(column_bytes(a, i), column_bytes(b, i));
        if (order != 0) return order;
    }
    return 0;
}

void warehouse_row_print(sqlite3_stmt *s, struct buf *out)
{
    buf_append_byte(out, '(');
    for (int i = 0; i < sqlite3_column_count(s); i++) {
        char *text;
        switch (sqlite3_column_type(s, i)) {
        case SQLITE_NULL: text = sqlite3_mprintf("NULL"); break;
        case SQLITE_TEXT: text = sqlite3_mprintf("%Q", sqlite3_column_text(s, i)); break;
        case SQLITE_BLOB: text = sqlite3_mprintf("<%d bytes>", sqlite3_column_bytes(s, i)); break;
        default: text = sqlite3_mprintf("%s", sqlite3_column_text(s, i)); break;
        }
        if (i > 0) buf_append_str(out, ", ");
        buf_append_str(out, sqlite3_column_name(s, i));
        buf_append_byte(out, '=');
        buf_append_str(out, text);
        sqlite3_free(text);
    }
    buf_append_byte(out, ')');
}
