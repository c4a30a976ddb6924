#include "etl/eventstore/view.h"

#include <stdlib.h>

#include "etl/sink/sql.h"

static const char *const whole_state[] = {"state", NULL};
static const struct es_view of_any = {.columns = whole_state};

static const struct es_view *shape_of(const struct es_fold *f)
{
    return f->view ? f->view : &of_any;
}

/* "a", "b" and ?3, ?4 */
static void columns_append(struct buf *names, struct buf *marks, const char *const *columns, int first)
{
    for (int i = 0; columns[i]; i++) {
        sql_append(names, ", \"%w\"", columns[i]);
        sql_append(marks, ", ?%d", first + i);
    }
}

/* Table and INSERT of its rows: `keys` are the two columns before the others. */
static int table_make(struct view *v, const char *table, const char *keys, const char *const *columns,
                      const char *primary, sqlite3_stmt **insert, struct err_text *error)
{
    struct buf names = {0}, marks = {0};
    columns_append(&names, &marks, columns, 3);
    int result = sql_exec(v->db, error, "CREATE TABLE IF NOT EXISTS \"%w\"(%s%s, PRIMARY KEY(%s)) WITHOUT ROWID", table,
                          keys, buf_cstr(&names), primary);
    if (result == 0)
        result = sql_prepare(v->db, insert, error, "INSERT OR REPLACE INTO \"%w\" VALUES(?1, ?2%s)", table,
                             buf_cstr(&marks));
    buf_release(&names);
    buf_release(&marks);
    return result;
}

static int parts_open(struct view *v, const struct es_view *shape, struct err_text *error)
{
    char *table = sqlite3_mprintf("%s_%s", v->fold->name, shape->part);
    char *keys = sqlite3_mprintf("stream, \"%w\"", shape->part_key);
    int result = table_make(v, table, keys, shape->part_columns, keys, &v->part, error);
    if (result == 0)
        result = sql_prepare(v->db, &v->parts_delete, error, "DELETE FROM \"%w\" WHERE stream = ?1", table);
    sqlite3_free(table);
    sqlite3_free(keys);
    return result;
}

int view_open(struct view *v, sqlite3 *db, const struct es_fold *fold, struct err_text *error)
{
    const struct es_view *shape = shape_of(fold);
    *v = (struct view){.db = db, .fold = fold};
    int result = sql_exec(db, error,
                          "CREATE TABLE IF NOT EXISTS millrace_view(stream TEXT PRIMARY KEY, version INTEGER NOT NULL,"
                          " state TEXT NOT NULL) WITHOUT ROWID");
    if (result == 0)
        result = sql_prepare(db, &v->load, error, "SELECT version, state FROM millrace_view WHERE stream = ?1");
    if (result == 0)
        result = sql_prepare(db, &v->keep, error, "INSERT OR REPLACE INTO millrace_view VALUES(?1, ?2, ?3)");
    if (result == 0) result = table_make(v, fold->name, "stream, version", shape->columns, "stream", &v->row, error);
    return result == 0 && shape->part ? parts_open(v, shape, error) : result;
}

void view_close(struct view *v)
{
    sqlite3_finalize(v->load);
    sqlite3_finalize(v->keep);
    sqlite3_finalize(v->row);
    sqlite3_finalize(v->parts_delete);
    sqlite3_finalize(v->part);
}

int view_load(struct view *v, struct slice stream, int64_t *version, json_t **state, struct err_text *error)
{
    json_error_t ignored;
    *version = 0;
    *state = NULL;
    sql_bind_slice(v->load, 1, stream);
    int code = sqlite3_step(v->load);
    if (code == SQLITE_ROW) {
        struct slice text = sql_column_slice(v->load, 1);
        *version = sqlite3_column_int64(v->load, 0);
        *state = json_loadb((const char *)text.p, text.n, JSON_ALLOW_NUL, &ignored);
    }
    int result = code == SQLITE_ROW || code == SQLITE_DONE ? 0 : sql_fail(v->db, error, "millrace_view");
    sqlite3_reset(v->load);
    if (result == 0 && *version > 0 && !*state)
        result = err_set(error, ERR_CORRUPT, "%s: millrace_view holds a state that is no JSON; --rebuild makes it anew",
                         sqlite3_db_filename(v->db, "main"));
    if (result == 0 && !*state) *state = v->fold->start(v->fold);
    return result;
}

/* ---- writing ---- */

/* Whole numbers and texts as they are, anything else as JSON. */
static void value_bind(sqlite3_stmt *s, int at, const json_t *value)
{
    if (json_is_integer(value)) {
        sqlite3_bind_int64(s, at, json_integer_value(value));
    } else if (json_is_string(value)) {
        sqlite3_bind_text(s, at, json_string_value(value), (int)json_string_length(value), SQLITE_TRANSIENT);
    } else if (value) {
        sqlite3_bind_text(s, at, json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS), -1, free);
    } else {
        sqlite3_bind_null(s, at);
    }
}

static int parts_write(struct view *v, const struct es_view *shape, struct slice stream, const json_t *state,
                       struct err_text *error)
{
    const char *key;
    json_t *one;
    sql_bind_slice(v->parts_delete, 1, stream);
    int result = sql_step(v->parts_delete, error);
    json_object_foreach(json_object_get(state, shape->part), key, one)
    {
        if (result != 0) break;
        sql_bind_slice(v->part, 1, stream);
        sqlite3_bind_text(v->part, 2, key, -1, SQLITE_TRANSIENT);
        for (int i = 0; shape->part_columns[i]; i++)
            value_bind(v->part, 3 + i, json_object_get(one, shape->part_columns[i]));
        result = sql_step(v->part, error);
    }
    return result;
}

int view_write(struct view *v, struct slice stream, int64_t version, const json_t *state, struct err_text *error)
{
    const struct es_view *shape = shape_of(v->fold);
    char *text = json_dumps(state, JSON_COMPACT);
    sql_bind_slice(v->keep, 1, stream);
    sqlite3_bind_int64(v->keep, 2, version);
    sqlite3_bind_text(v->keep, 3, text, -1, free);
    int result = sql_step(v->keep, error);
    sql_bind_slice(v->row, 1, stream);
    sqlite3_bind_int64(v->row, 2, version);
    for (int i = 0; shape->columns[i]; i++)
        value_bind(v->row, 3 + i, shape == &of_any ? state : json_object_get(state, shape->columns[i]));
    if (result == 0) result = sql_step(v->row, error);
    return result == 0 && shape->part ? parts_write(v, shape, stream, state, error) : result;
}

int view_drop(sqlite3 *db, const struct es_fold *fold, struct err_text *error)
{
    int result = sql_exec(db, error,
                          "DROP TABLE IF EXISTS millrace_view; DROP TABLE IF EXISTS millrace_stream;"
                          "DROP TABLE IF EXISTS millrace_stream_offsets; DROP TABLE IF EXISTS \"%w\"",
                          fold->name);
    for (int i = 0; ES_FOLD_NAMES[i] && result == 0; i++) {
        const struct es_view *shape = shape_of(es_fold_named(ES_FOLD_NAMES[i]));
        result = sql_exec(db, error, "DROP TABLE IF EXISTS \"%w\"", ES_FOLD_NAMES[i]);
        if (result == 0 && shape->part)
            result = sql_exec(db, error, "DROP TABLE IF EXISTS \"%w_%w\"", ES_FOLD_NAMES[i], shape->part);
    }
    return result;
}
