#include "etl/sink/schema.h"

#include <string.h>

#include "etl/document.h"
#include "etl/sink/keys.h"
#include "etl/sink/runs.h"
#include "etl/sink/sql.h"
#include "etl/sink/value.h"

/* Of the tables that are not the definition's own. */
#define SCHEMA_VERSION "5"

/* The tables that every warehouse has. A violation keeps the raw bytes; text that is not UTF-8 is
 * stored as a BLOB. */
static const struct fixed_table {
    const char *name, *columns;
} fixed_tables[] = {
    {"files", "source TEXT NOT NULL, file TEXT NOT NULL, digest TEXT NOT NULL, bytes INTEGER NOT NULL, "
              "lines INTEGER NOT NULL, skipped_as_identical_to TEXT, PRIMARY KEY(source, file)"},
    {"records", "source TEXT PRIMARY KEY, read INTEGER NOT NULL, accepted INTEGER NOT NULL, "
                "rejected INTEGER NOT NULL, warned INTEGER NOT NULL"},
    {"rejects", "source TEXT NOT NULL, rule TEXT NOT NULL, ordinal INTEGER NOT NULL, rows INTEGER NOT NULL, "
                "PRIMARY KEY(source, rule)"},
    {"quarantine", "source TEXT NOT NULL, run INTEGER NOT NULL, file TEXT NOT NULL, line INTEGER NOT NULL, byte_offset "
                   "INTEGER NOT NULL, "
                   "\"column\" TEXT, rule TEXT NOT NULL, ordinal INTEGER NOT NULL, value, raw"},
    {"warnings", "source TEXT NOT NULL, run INTEGER NOT NULL, file TEXT NOT NULL, line INTEGER NOT NULL, byte_offset "
                 "INTEGER NOT NULL, "
                 "\"column\" TEXT, rule TEXT NOT NULL, ordinal INTEGER NOT NULL, value, raw"},
    {"late", "source TEXT NOT NULL, file TEXT NOT NULL, line INTEGER NOT NULL, byte_offset INTEGER NOT NULL, "
             "number INTEGER NOT NULL, time TEXT NOT NULL, late_s INTEGER NOT NULL, raw"},
};
enum { FIXED_COUNT = sizeof fixed_tables / sizeof fixed_tables[0] - 1 }; /* `late` is there for those who ask */

static int fixed_count(const struct definition *d)
{
    return FIXED_COUNT + definition_drops_late(d);
}

static const char internal_tables[] =
    "CREATE TABLE IF NOT EXISTS millrace_warehouse(key TEXT PRIMARY KEY, value TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS millrace_objects(name TEXT PRIMARY KEY, type TEXT NOT NULL);";

/* What made a warehouse, as millrace_warehouse has it, and the mode of its runs. */
static const struct {
    const char *kind, *mode;
} modes[] = {[ENGINE_FRESH] = {"batch", "full"},
             [ENGINE_LIVE] = {"stream", "stream"},
             [ENGINE_BACKFILL] = {"stream", "stream"},
             [ENGINE_APPEND] = {"append", "append"},
             [ENGINE_INCREMENTAL] = {"incremental", "incremental"},
             [ENGINE_UPSERT] = {"upsert", "upsert"},
             [ENGINE_WHOLE] = {"stream", "stream"}};

const char *schema_mode(enum engine_mode mode)
{
    return modes[mode].mode;
}

/* --- ownership --- */

/* A database with tables but without millrace_warehouse is somebody else's; it is welcome as long as no
 * name clashes. */
static int name_check(sqlite3 *db, const char *name, struct err_text *error)
{
    int64_t foreign;
    int result = sql_integer(db, 0, &foreign, error,
                             "SELECT count(*) FROM sqlite_schema WHERE name = %Q COLLATE NOCASE AND name NOT IN "
                             "(SELECT name FROM millrace_objects)",
                             name);
    if (result == 0 && foreign)
        return err_set(error, ERR_EXISTS, "%s: there is already a table or view \"%s\" that no pipeline made",
                       sqlite3_db_filename(db, "main"), name);
    return result;
}

/* The stored value of `key` must be `value`, or there is none yet. */
static int fact_check(sqlite3 *db, const char *key, const char *value, const char *sentence, struct err_text *error)
{
    sqlite3_stmt *s;
    int result = sql_prepare(db, &s, error, "SELECT value FROM millrace_warehouse WHERE key = %Q", key);
    if (result < 0) return result;
    if (sqlite3_step(s) == SQLITE_ROW) {
        const char *stored = (const char *)sqlite3_column_text(s, 0);
        if (strcmp(stored, value) != 0)
            result = err_set(error, ERR_EXISTS, "%s: %s (here: %s, there: %s)", sqlite3_db_filename(db, "main"),
                             sentence, value, stored);
    }
    sqlite3_finalize(s);
    return result;
}

static int ownership_check(const struct definition *d, sqlite3 *db, enum engine_mode mode, struct err_text *error)
{
    bool live = engine_mode_is_live(mode);
    int result = runs_prepare(db, error);
    if (result == 0) result = sql_exec(db, error, "%s", internal_tables);
    if (result == 0)
        result = fact_check(db, "kind", modes[mode].kind,
                            "the database holds a warehouse of another kind; use another file", error);
    if (result == 0)
        result = fact_check(db, "pipeline", d->name, "the database holds the warehouse of another pipeline", error);
    if (result == 0 && live)
        result = fact_check(db, "definition", d->digest,
                            "the definition has changed since this warehouse was begun; use another file", error);
    if (result == 0 && live)
        result = fact_check(db, "schema", SCHEMA_VERSION, "another version of millrace made this warehouse", error);
    for (int i = 0; i < fixed_count(d) && result == 0; i++) result = name_check(db, fixed_tables[i].name, error);
    for (int i = 0; i < d->table_count && result == 0; i++) result = name_check(db, d->tables[i].name, error);
    for (int i = 0; i < d->view_count && result == 0; i++) result = name_check(db, d->views[i].name, error);
    return result;
}

static int facts_write(const struct definition *d, sqlite3 *db, enum engine_mode mode, struct err_text *error)
{
    return sql_exec(db, error,
                    "INSERT OR REPLACE INTO millrace_warehouse VALUES('kind', %Q), ('pipeline', %Q), "
                    "('definition', %Q), ('schema', %Q)",
                    modes[mode].kind, d->name, d->digest, SCHEMA_VERSION);
}

static int object_add(sqlite3 *db, const char *name, const char *type, struct err_text *error)
{
    return sql_exec(db, error, "INSERT OR REPLACE INTO millrace_objects VALUES(%Q, %Q)", name, type);
}

/* --- tables, indexes, views --- */

static int table_create(const struct definition *d, sqlite3 *db, const struct table *t, struct err_text *error)
{
    struct buf columns = {0};
    for (int i = 0; i < t->column_count; i++) {
        sql_append(&columns, "%s\"%w\" %s", i ? ", " : "", t->columns[i].name, value_sql_type(t->columns[i].type));
    }
    if (table_has_source(t)) buf_append_str(&columns, ", _source TEXT NOT NULL");
    if (t->origin) buf_append_str(&columns, ", _file TEXT NOT NULL, _byte_offset INTEGER NOT NULL");
    for (int i = 0; i < t->foreign_key_count; i++) keys_foreign_append(d, t, &t->foreign_keys[i], &columns);
    int result = sql_exec(db, error, "CREATE TABLE \"%w\"(%s)", t->name, buf_cstr(&columns));
    buf_release(&columns);
    return result;
}

/* A source that changes takes rows back of which only the position is known. */
static bool rows_change(const struct definition *d, const struct table *t)
{
    for (int i = 0; i < t->input_count; i++)
        if (feed_changes(&d->feeds[t->inputs[i].feed])) return true;
    return false;
}

/* So does a rule that is judged among rows, but it knows their ids. */
static bool violations_move(const struct definition *d)
{
    for (int i = 0; i < d->feed_count; i++)
        if (d->feeds[i].among_count > 0 || feed_changes(&d->feeds[i])) return true;
    return false;
}

static int position_index_create(sqlite3 *db, const struct table *t, struct err_text *error)
{
    return sql_exec(db, error, "CREATE UNIQUE INDEX IF NOT EXISTS \"millrace_key_%w\" ON \"%w\"(_file, _byte_offset%s)",
                    t->name, t->name, table_has_source(t) ? ", _source" : "");
}

static int violation_indexes_create(sqlite3 *db, struct err_text *error)
{
    return sql_exec(db, error,
                    "CREATE INDEX IF NOT EXISTS millrace_key_quarantine ON quarantine(file, byte_offset, source);"
                    "CREATE INDEX IF NOT EXISTS millrace_key_warnings ON warnings(file, byte_offset, source)");
}

/* For rows that are taken back by their position, which happens only in a live engine. */
static int position_indexes_create(const struct definition *d, sqlite3 *db, struct err_text *error)
{
    int result = violations_move(d) ? violation_indexes_create(db, error) : 0;
    for (int i = 0; i < d->table_count && result == 0; i++)
        if (rows_change(d, &d->tables[i])) result = position_index_create(db, &d->tables[i], error);
    return result;
}

int schema_positions_index(const struct definition *d, sqlite3 *db, struct err_text *error)
{
    int result = violation_indexes_create(db, error);
    for (int i = 0; i < d->table_count && result == 0; i++)
        if (d->tables[i].kind == TABLE_STORE) result = position_index_create(db, &d->tables[i], error);
    return result;
}

static int index_create(sqlite3 *db, const struct table *t, int number, struct err_text *error)
{
    struct buf columns = {0};
    for (const int *c = t->indexes[number]; *c >= 0; c++) {
        sql_append(&columns, "%s\"%w\"", columns.n ? ", " : "", t->columns[*c].name);
    }
    int result = sql_exec(db, error, "CREATE INDEX IF NOT EXISTS \"%w_index_%d\" ON \"%w\"(%s)", t->name, number + 1,
                          t->name, buf_cstr(&columns));
    buf_release(&columns);
    return result;
}

int schema_indexes_create(const struct definition *d, sqlite3 *db, struct err_text *error)
{
    int result = 0;
    for (int i = 0; i < d->table_count; i++)
        for (int k = 0; k < d->tables[i].index_count && result == 0; k++)
            result = index_create(db, &d->tables[i], k, error);
    return result;
}

int schema_indexes_drop(const struct definition *d, sqlite3 *db, struct err_text *error)
{
    int result = 0;
    for (int i = 0; i < d->table_count; i++)
        for (int k = 0; k < d->tables[i].index_count && result == 0; k++)
            result = sql_exec(db, error, "DROP INDEX IF EXISTS \"%w_index_%d\"", d->tables[i].name, k + 1);
    return result;
}

/* The nearest of the names that the view could have meant: of the tables and views before it, or of their columns. */
static const char *view_hint(const struct definition *d, int view, const char *message, struct arena *arena)
{
    const char *at = strstr(message, "no such "), *names[1024] = {NULL};
    int count = 0;
    if (!at) return "";
    bool column = strncmp(at, "no such column", 14) == 0;
    for (int i = 0; i < d->table_count && count < 1000; i++) {
        const struct table *t = &d->tables[i];
        if (!column) names[count++] = t->name;
        for (int c = 0; column && c < t->column_count && count < 1000; c++) names[count++] = t->columns[c].name;
    }
    for (int i = 0; i < view && !column && count < 1000; i++) names[count++] = d->views[i].name;
    const char *dot = strrchr(at, '.'), *near = name_nearest(dot ? dot + 1 : strrchr(at, ' ') + 1, names);
    return near ? arena_printf(arena, "; did you mean \"%s\"?", near) : "";
}

/* A view is created and then compiled, so that a name it gets wrong is found now and not by a reader. */
static int views_create(const struct definition *d, sqlite3 *db, struct err_text *error)
{
    int result = 0;
    for (int i = 0; i < d->view_count && result == 0; i++) {
        const struct view *v = &d->views[i];
        sqlite3_stmt *s = NULL;
        struct err_text detail = {0};
        result = sql_exec(db, &detail, "CREATE VIEW \"%w\" AS %s", v->name, v->sql);
        if (result == 0) result = sql_prepare(db, &s, &detail, "SELECT * FROM \"%w\"", v->name);
        sqlite3_finalize(s);
        if (result < 0) {
            struct arena arena = {0};
            err_set(error, ERR_INVALID, "%s: %s.sql: %s%s", d->path, v->at, sqlite3_errmsg(db),
                    view_hint(d, i, sqlite3_errmsg(db), &arena));
            arena_release(&arena);
            return ERR_INVALID;
        }
        result = object_add(db, v->name, "view", error);
    }
    return result;
}

static int tables_create(const struct definition *d, sqlite3 *db, struct err_text *error)
{
    int result = 0;
    for (int i = 0; i < fixed_count(d) && result == 0; i++)
        result = sql_exec(db, error, "CREATE TABLE \"%w\"(%s)", fixed_tables[i].name, fixed_tables[i].columns);
    for (int i = 0; i < d->feed_count && result == 0; i++)
        result = sql_exec(db, error, "INSERT INTO records VALUES(%Q, 0, 0, 0, 0)", d->feeds[i].name);
    for (int i = 0; i < d->table_count && result == 0; i++) result = table_create(d, db, &d->tables[i], error);
    return result;
}

static int objects_register(const struct definition *d, sqlite3 *db, struct err_text *error)
{
    int result = 0;
    for (int i = 0; i < fixed_count(d) && result == 0; i++)
        result = object_add(db, fixed_tables[i].name, "table", error);
    for (int i = 0; i < d->table_count && result == 0; i++) result = object_add(db, d->tables[i].name, "table", error);
    return result;
}

/* --- rowids --- */

/* State is kept by the rowids of rows, and VACUUM numbers the rows of a table anew unless a column is its rowid: here 2
 * becomes 1. The row has the next id of a record (row.h). */
static int rowids_mark(sqlite3 *db, struct err_text *error)
{
    return sql_exec(db, error,
                    "CREATE TABLE IF NOT EXISTS millrace_rowids(next INTEGER NOT NULL);"
                    "INSERT OR REPLACE INTO millrace_rowids(rowid, next) VALUES(2, 1)");
}

int schema_rowids(sqlite3 *db, int64_t *next, struct err_text *error)
{
    int result = sql_integer(db, 0, next, error, "SELECT coalesce(sum(next), 0) FROM millrace_rowids WHERE rowid = 2");
    if (result < 0 || *next) return result;
    return err_set(error, ERR_INVALID,
                   "%s: VACUUM has numbered its rows anew, so what is kept about them no longer fits: load into a new "
                   "database",
                   sqlite3_db_filename(db, "main"));
}

int schema_rowids_take(sqlite3 *db, int64_t next, struct err_text *error)
{
    return sql_exec(db, error, "UPDATE millrace_rowids SET next = %lld", (long long)next);
}

static int old_drop(sqlite3 *db, struct err_text *error)
{
    /* Collected first: a table can not be dropped while its name is being read. Views go first. */
    struct buf sql = {0};
    sqlite3_stmt *s;
    int result = sql_prepare(db, &s, error, "SELECT type, name FROM millrace_objects ORDER BY type DESC");
    if (result < 0) return result;
    while (sqlite3_step(s) == SQLITE_ROW) {
        char *drop = sqlite3_mprintf("DROP %s IF EXISTS \"%w\";", sqlite3_column_text(s, 0), sqlite3_column_text(s, 1));
        buf_append_str(&sql, drop);
        sqlite3_free(drop);
    }
    sqlite3_finalize(s);
    result = sql_exec(db, error, "%s DELETE FROM millrace_objects", buf_cstr(&sql));
    buf_release(&sql);
    return result;
}

int schema_prepare(const struct definition *d, sqlite3 *db, enum engine_mode mode, struct err_text *error)
{
    bool live = engine_mode_is_live(mode);
    int result = ownership_check(d, db, mode, error);
    if (result == 0 && !live) result = old_drop(db, error);
    if (result < 0 || !live) return result < 0 ? result : tables_create(d, db, error);
    int64_t present, next;
    result = sql_integer(db, 0, &present, error, "SELECT count(*) FROM millrace_warehouse");
    if (result < 0) return result;
    if (present) return schema_rowids(db, &next, error);
    result = rowids_mark(db, error);
    if (result == 0) result = tables_create(d, db, error);
    if (result == 0) result = facts_write(d, db, mode, error);
    if (result == 0) result = objects_register(d, db, error);
    if (result == 0) result = position_indexes_create(d, db, error);
    if (result == 0) result = schema_indexes_create(d, db, error);
    if (result == 0) result = views_create(d, db, error);
    return result;
}

/* --- a full refresh --- */

int schema_whole(sqlite3 *db, bool *whole, struct err_text *error)
{
    int64_t there;
    *whole = false;
    int result =
        sql_integer(db, 0, &there, error, "SELECT count(*) FROM sqlite_schema WHERE name = 'millrace_warehouse'");
    if (result != 0 || !there) return result;
    result = sql_integer(db, 0, &there, error, "SELECT count(*) FROM millrace_warehouse WHERE key = 'whole'");
    *whole = there;
    return result;
}

int schema_install(const struct definition *d, sqlite3 *db, enum engine_mode mode, struct err_text *error)
{
    int result = facts_write(d, db, mode, error);
    if (result == 0 && mode == ENGINE_WHOLE)
        result = sql_exec(db, error, "INSERT INTO millrace_warehouse VALUES('whole', '1')");
    if (result == 0) result = objects_register(d, db, error);
    if (result == 0) result = schema_indexes_create(d, db, error);
    return result == 0 ? views_create(d, db, error) : result;
}

int schema_run_begin(const struct definition *d, sqlite3 *db, enum engine_mode mode, const char *input, int64_t *run,
                     struct err_text *error)
{
    int result = ownership_check(d, db, mode, error);
    return result == 0 ? runs_begin(d, db, modes[mode].mode, input, run, error) : result;
}
