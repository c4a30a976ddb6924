#include "etl/sink/bulk.h"

#include <stdlib.h>

#include "etl/sink/sql.h"
#include "lib/base/memory.h"

struct bulk {
    sqlite3 *db;
    const struct bulk_rows *rows;
    void *object;
    int columns;
    const void *first; /* of what is being written */
    sqlite3_stmt *insert;
    char *name;
};

/* --- the virtual table: one scan over what the bulk has --- */

struct virtual
{
    sqlite3_vtab base;
    struct bulk *bulk;
};

struct cursor {
    sqlite3_vtab_cursor base;
    const struct bulk *bulk;
    const void *row;
    sqlite3_int64 number;
};

static int connect(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **out, char **message)
{
    (void)argc, (void)argv, (void)message;
    struct bulk *b = aux;
    struct buf sql = {0};
    for (int i = 0; i < b->columns; i++) buf_printf(&sql, "%sc%d", i ? ", " : "CREATE TABLE x(", i);
    buf_append_str(&sql, ")");
    int code = sqlite3_declare_vtab(db, buf_cstr(&sql));
    buf_release(&sql);
    if (code != SQLITE_OK) return code;
    struct virtual *v = memory_new(sizeof *v);
    v->bulk = b;
    *out = &v->base;
    return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *table)
{
    free(table);
    return SQLITE_OK;
}

static int plan(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table, (void)info; /* there is one way only */
    return SQLITE_OK;
}

static int cursor_open(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
    struct cursor *c = memory_new(sizeof *c);
    c->bulk = ((struct virtual *)table)->bulk;
    *out = &c->base;
    return SQLITE_OK;
}

static int cursor_close(sqlite3_vtab_cursor *cursor)
{
    free(cursor);
    return SQLITE_OK;
}

static int begin(sqlite3_vtab_cursor *cursor, int number, const char *text, int argc, sqlite3_value **argv)
{
    (void)number, (void)text, (void)argc, (void)argv;
    struct cursor *c = (struct cursor *)cursor;
    c->row = c->bulk->first;
    c->number = 1;
    return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *cursor)
{
    struct cursor *c = (struct cursor *)cursor;
    c->row = c->bulk->rows->next(c->row);
    c->number++;
    return SQLITE_OK;
}

static int at_end(sqlite3_vtab_cursor *cursor)
{
    return ((struct cursor *)cursor)->row == NULL;
}

static int column(sqlite3_vtab_cursor *cursor, sqlite3_context *out, int number)
{
    struct cursor *c = (struct cursor *)cursor;
    c->bulk->rows->column(c->bulk->object, c->row, number, out);
    return SQLITE_OK;
}

static int rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *out)
{
    *out = ((struct cursor *)cursor)->number;
    return SQLITE_OK;
}

/* Without xCreate it needs no CREATE VIRTUAL TABLE: it is there under the module's name, and in no schema. */
static const sqlite3_module module = {
    .xConnect = connect,
    .xBestIndex = plan,
    .xDisconnect = disconnect,
    .xOpen = cursor_open,
    .xClose = cursor_close,
    .xFilter = begin,
    .xNext = next,
    .xEof = at_end,
    .xColumn = column,
    .xRowid = rowid,
};

/* --- the statement --- */

int bulk_open(sqlite3 *db, const char *name, const char *insert, int columns, const struct bulk_rows *rows,
              void *object, struct bulk **out, struct err_text *error)
{
    struct bulk *b = *out = memory_new(sizeof *b);
    *b = (struct bulk){.db = db, .rows = rows, .object = object, .columns = columns};
    b->name = sqlite3_mprintf("millrace_bulk_%s", name);
    if (sqlite3_create_module(db, b->name, &module, b) != SQLITE_OK) return sql_fail(db, error, b->name);
    return sql_prepare(db, &b->insert, error, "%s SELECT * FROM \"%w\"", insert, b->name);
}

int bulk_write(struct bulk *b, const void *first, struct err_text *error)
{
    b->first = first;
    return sql_step(b->insert, error);
}

void bulk_close(struct bulk *b)
{
    if (!b) return;
    sqlite3_finalize(b->insert);
    sqlite3_create_module(b->db, b->name, NULL, NULL); /* takes it away */
    sqlite3_free(b->name);
    free(b);
}
