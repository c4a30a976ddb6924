/* shape_sqlite.c - the tables of a SQLite database, each a source. */
#include <sqlite3.h>
#include <string.h>

#include "etl/draft/names.h"
#include "etl/draft/parts.h"
#include "etl/sink/sql.h"
#include "etl/source/csv.h"
#include "etl/source/sqlite_whole.h"

/* As SQLite finds the affinity of a type (https://sqlite.org/datatype3.html, 3.1). */
static bool is_real(const char *type)
{
    return !strcasestr(type, "INT") && !strcasestr(type, "CHAR") && !strcasestr(type, "TEXT") &&
           (strcasestr(type, "REAL") || strcasestr(type, "FLOA") || strcasestr(type, "DOUB"));
}

static int columns_add(struct draft_source *s, const struct sample *sample, sqlite3 *db, const char *table)
{
    sqlite3_stmt *q = NULL;
    int err = sqlite3_prepare_v2(db, "SELECT name, type FROM pragma_table_xinfo(?) WHERE hidden = 0", -1, &q, NULL);
    sqlite3_bind_text(q, 1, table, -1, SQLITE_TRANSIENT);
    while (err == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW && s->count < CSV_FIELDS_MAX) {
        struct slice name = slice_str((const char *)sqlite3_column_text(q, 0));
        const char *type = (const char *)sqlite3_column_text(q, 1);
        struct draft_column *c = draft_column_add(s, sample->arena, arena_str(sample->arena, name));
        if (strcmp(c->name, c->title) != 0)
            c->place = arena_printf(sample->arena, "\"field\": %s", draft_json(name, sample->arena));
        c->decimals = type && is_real(type);
        if (type && *type) c->note = arena_printf(sample->arena, "declared there as %s", type);
    }
    sqlite3_finalize(q);
    return err;
}

static void source_add(struct draft *draft, sqlite3 *db, const char *table)
{
    const struct sample *sample = draft->sample;
    struct draft_source *s = draft_source_add(draft, table);
    draft_settings_begin(s, sample, "sqlite");
    buf_printf(&s->settings, ",\n    \"table\": %s", draft_json(slice_str(table), sample->arena));
    columns_add(s, sample, db, table);
}

int shape_sqlite(struct draft *draft, struct err_text *error)
{
    const struct sample *sample = draft->sample;
    sqlite3 *db = NULL;
    sqlite3_stmt *q = NULL;
    int err = sqlite3_open_v2(sample->path, &db, SQLITE_OPEN_READONLY, NULL);
    /* views show what is in tables */
    if (err == SQLITE_OK)
        err = sqlite3_prepare_v2(db,
                                 "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' "
                                 "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
                                 -1, &q, NULL);
    while (err == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
        source_add(draft, db, arena_str(sample->arena, slice_str((const char *)sqlite3_column_text(q, 0))));
    sqlite3_finalize(q);
    if (err != SQLITE_OK) sqlite_whole_check(db, sample->path, sql_err(err), error);
    int result = err != SQLITE_OK    ? err_set(error, ERR_CORRUPT, "%s: %s", sample->path, sql_words(db))
                 : draft->count == 0 ? err_set(error, ERR_INVALID, "%s: there is no table in it", sample->path)
                                     : 0;
    sqlite3_close(db);
    return result;
}
