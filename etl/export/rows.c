#include "etl/export/rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etl/document.h"
#include "etl/sink/sql.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"

/* --- which columns --- */

int export_names_read(sqlite3 *db, const char *relation, struct arena *arena, const char ***out, struct err_text *error)
{
    sqlite3_stmt *s;
    int result = sql_prepare(db, &s, error, "SELECT * FROM \"%w\"", relation);
    if (result != 0) return result;
    int count = sqlite3_column_count(s);
    *out = arena_alloc(arena, ((size_t)count + 1) * sizeof **out);
    for (int i = 0; i < count; i++) (*out)[i] = arena_str(arena, slice_str(sqlite3_column_name(s, i)));
    sqlite3_finalize(s);
    return 0;
}

int export_name_check(const struct definition *d, const char *at, const char *relation, const char *key,
                      const char *name, const char *const *names, struct err_text *error)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0) return 0;
    const char *near = name_nearest(name, names);
    return err_set(error, ERR_INVALID, "%s: %s.%s: there is no column \"%s\" in \"%s\"%s%s%s", d->path, at, key, name,
                   relation, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int names_check(const struct definition *d, const struct export *e, const char *const *names,
                       struct err_text *error)
{
    int result = 0;
    for (int i = 0; i < e->column_count && result == 0; i++)
        result = export_name_check(d, e->at, e->relation, "columns", e->columns[i], names, error);
    for (int i = 0; i < e->order_count && result == 0; i++)
        result = export_name_check(d, e->at, e->relation, "order", e->order[i].column, names, error);
    return result;
}

/* The order ends with all columns that are written, so that rows that it leaves equal look alike. */
static int rows_prepare(struct export_rows *r, const char *const *columns, sqlite3 *db, struct err_text *error)
{
    const struct export *e = r->export;
    struct buf list = {0}, order = {0};
    for (int i = 0; i < e->order_count; i++)
        sql_append(&order, "\"%w\"%s, ", e->order[i].column, e->order[i].descending ? " DESC" : "");
    for (int i = 0; columns[i]; i++) {
        sql_append(&list, "%s\"%w\"", i ? ", " : "", columns[i]);
        sql_append(&order, "%s%d", i ? ", " : "", i + 1);
    }
    int result = sql_prepare(db, &r->statement, error, "SELECT %s FROM \"%w\" ORDER BY %s", buf_cstr(&list),
                             e->relation, buf_cstr(&order));
    buf_release(&list);
    buf_release(&order);
    return result;
}

int export_scale(const struct definition *d, int table, const char *column)
{
    if (table < 0) return -1;
    const struct table *t = &d->tables[table];
    for (int i = 0; i < t->column_count; i++)
        if (t->columns[i].type == VALUE_DECIMAL && strcmp(t->columns[i].name, column) == 0) return t->columns[i].scale;
    return -1;
}

int export_rows_open(struct export_rows *r, const struct definition *d, const struct export *e, sqlite3 *db,
                     struct err_text *error)
{
    struct arena arena = {0};
    const char **names;
    *r = (struct export_rows){.export = e};
    int result = export_names_read(db, e->relation, &arena, &names, error);
    if (result == 0) result = names_check(d, e, names, error);
    if (result == 0) result = rows_prepare(r, e->columns ? e->columns : names, db, error);
    if (result == 0) {
        r->column_count = sqlite3_column_count(r->statement);
        r->scales = memory_new((size_t)r->column_count * sizeof *r->scales);
        for (int i = 0; i < r->column_count; i++)
            r->scales[i] = export_scale(d, e->table, sqlite3_column_name(r->statement, i));
    }
    arena_release(&arena);
    return result;
}

void export_rows_close(struct export_rows *r)
{
    sqlite3_finalize(r->statement);
    free(r->scales);
    *r = (struct export_rows){0};
}

/* --- values --- */

/* Seventeen digits name every double, but fewer are often enough. */
static void real_print(double value, struct buf *out)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    buf_append_str(out, text);
    if (!strpbrk(text, ".eni")) buf_append_str(out, ".0");
}

static void bytes_print(struct slice bytes, struct buf *out)
{
    buf_append_str(out, "\\x");
    for (size_t i = 0; i < bytes.n; i++) buf_printf(out, "%02X", bytes.p[i]);
}

/* A value without what its format puts around a text. */
static void plain_print(sqlite3_stmt *s, int column, int scale, struct buf *out)
{
    int type = sqlite3_column_type(s, column);
    struct slice text = sql_column_slice(s, column);
    if (type == SQLITE_INTEGER)
        text_from_decimal(sqlite3_column_int64(s, column), scale > 0 ? scale : 0, out);
    else if (type == SQLITE_FLOAT)
        real_print(sqlite3_column_double(s, column), out);
    else if (type == SQLITE_BLOB || !text_is_utf8(text))
        bytes_print(text, out);
    else
        buf_append_slice(out, text);
}

/* --- CSV: RFC 4180 with line feeds --- */

static bool must_be_quoted(const struct export *e, struct slice text)
{
    if (slice_equal(text, slice_str(e->null))) return true;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c == (uint8_t)e->delimiter || c == '"' || c == '\r' || c == '\n') return true;
    }
    return text.n == 0;
}

static void csv_text(const struct export *e, struct slice text, struct buf *out)
{
    if (!must_be_quoted(e, text)) {
        buf_append_slice(out, text);
        return;
    }
    buf_append_byte(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"') buf_append_byte(out, '"');
        buf_append_byte(out, text.p[i]);
    }
    buf_append_byte(out, '"');
}

static void csv_row(const struct export_rows *r, struct buf *out)
{
    const struct export *e = r->export;
    struct buf text = {0};
    for (int i = 0; i < r->column_count; i++) {
        int type = sqlite3_column_type(r->statement, i);
        if (i > 0) buf_append_byte(out, (uint8_t)e->delimiter);
        buf_reset(&text);
        if (type != SQLITE_NULL) plain_print(r->statement, i, r->scales[i], &text);
        /* Readers skip an empty line: the only column of a row is never nothing. */
        if (type == SQLITE_NULL)
            buf_append_str(out, r->column_count == 1 && !*e->null ? "\"\"" : e->null);
        else
            csv_text(e, buf_slice(&text), out);
    }
    buf_append_byte(out, '\n');
    buf_release(&text);
}

void export_header(const struct export_rows *r, struct buf *out)
{
    if (r->export->format != EXPORT_CSV || !r->export->header) return;
    for (int i = 0; i < r->column_count; i++) {
        if (i > 0) buf_append_byte(out, (uint8_t)r->export->delimiter);
        csv_text(r->export, slice_str(sqlite3_column_name(r->statement, i)), out);
    }
    buf_append_byte(out, '\n');
}

/* --- NDJSON --- */

static void json_value(sqlite3_stmt *s, int column, int scale, struct buf *out)
{
    int type = sqlite3_column_type(s, column);
    /* JSON has no infinity: the one number that is a text. */
    bool number = type == SQLITE_INTEGER || (type == SQLITE_FLOAT && isfinite(sqlite3_column_double(s, column)));
    struct buf text = {0};
    if (type == SQLITE_NULL)
        buf_append_str(out, "null");
    else
        plain_print(s, column, scale, number ? out : &text);
    if (type != SQLITE_NULL && !number) text_json_string(buf_slice(&text), out);
    buf_release(&text);
}

void export_json_object(sqlite3_stmt *s, int first, int count, const int *scales, struct buf *out)
{
    buf_append_byte(out, '{');
    for (int i = 0; i < count; i++) {
        if (i > 0) buf_append_byte(out, ',');
        text_json_string(slice_str(sqlite3_column_name(s, first + i)), out);
        buf_append_byte(out, ':');
        json_value(s, first + i, scales[i], out);
    }
    buf_append_byte(out, '}');
}

void export_row(const struct export_rows *r, struct buf *out)
{
    if (r->export->format == EXPORT_CSV) {
        csv_row(r, out);
        return;
    }
    export_json_object(r->statement, 0, r->column_count, r->scales, out);
    buf_append_byte(out, '\n');
}
