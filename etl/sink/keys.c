#include "etl/sink/keys.h"

#include <inttypes.h>

#include "etl/sink/sql.h"
#include "lib/base/text.h"

bool keys_declared(const struct definition *d)
{
    for (int i = 0; i < d->table_count; i++)
        if (d->tables[i].primary_key_count > 0 || d->tables[i].foreign_key_count > 0) return true;
    return false;
}

/* Each column as `format` has it, such as "c.\"%w\"". */
static void columns_append(const struct table *t, const int *columns, int count, const char *format,
                           const char *between, struct buf *sql)
{
    for (int i = 0; i < count; i++) {
        if (i > 0) buf_append_str(sql, between);
        sql_append(sql, format, t->columns[columns[i]].name);
    }
}

void keys_foreign_append(const struct definition *d, const struct table *t, const struct foreign_key *k,
                         struct buf *sql)
{
    const struct table *other = &d->tables[k->table];
    buf_append_str(sql, ", FOREIGN KEY(");
    columns_append(t, k->columns, other->primary_key_count, "\"%w\"", ", ", sql);
    sql_append(sql, ") REFERENCES \"%w\"(", other->name);
    columns_append(other, other->primary_key, other->primary_key_count, "\"%w\"", ", ", sql);
    buf_append_str(sql, ")");
}

/* --- what is wrong, with an example --- */

/* The first columns of the statement's row, which are these of the table: `day = '2024-12-31', price = 2.50`. */
static void example_print(sqlite3_stmt *s, const struct table *t, const int *columns, int count, struct buf *out)
{
    for (int i = 0; i < count; i++) {
        const struct table_column *c = &t->columns[columns[i]];
        buf_printf(out, "%s%s = ", i ? ", " : "", c->name);
        if (sqlite3_column_type(s, i) == SQLITE_INTEGER)
            text_from_decimal(sqlite3_column_int64(s, i), c->type == VALUE_DECIMAL ? c->scale : 0, out);
        else
            sql_append(out, "%Q", sqlite3_column_text(s, i));
    }
}

/* Runs a query for offenders: columns, then their number. KEYS_BROKEN if there are any. */
static int offenders_find(const struct definition *d, sqlite3 *db, const struct table *t, const int *columns, int count,
                          const char *at, const char *what, const char *sql, struct err_text *error)
{
    sqlite3_stmt *s;
    int result = sql_prepare(db, &s, error, "%s", sql);
    if (result != 0) return result;
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW) {
        struct buf example = {0};
        example_print(s, t, columns, count, &example);
        err_set(error, ERR_INVALID, "%s: %s: rows of \"%s\" %s: %lld, such as %.300s", d->path, at, t->name, what,
                (long long)sqlite3_column_int64(s, count), buf_cstr(&example));
        buf_release(&example);
        result = KEYS_BROKEN;
    } else if (code != SQLITE_DONE) {
        result = sql_fail(db, error, t->name);
    }
    sqlite3_finalize(s);
    return result;
}

static int duplicates_find(const struct definition *d, sqlite3 *db, const struct table *t, struct err_text *error)
{
    struct buf names = {0}, sql = {0}, at = {0};
    columns_append(t, t->primary_key, t->primary_key_count, "\"%w\"", ", ", &names);
    sql_append(&sql, "SELECT %s, count(*) FROM \"%w\" GROUP BY %s HAVING count(*) > 1 ORDER BY %s LIMIT 1",
               buf_cstr(&names), t->name, buf_cstr(&names), buf_cstr(&names));
    buf_printf(&at, "%s.primary_key", t->at);
    int result = offenders_find(d, db, t, t->primary_key, t->primary_key_count, buf_cstr(&at),
                                "have the same primary key", buf_cstr(&sql), error);
    buf_release(&names);
    buf_release(&sql);
    buf_release(&at);
    return result;
}

/* SQLite takes NULLs of a unique index for different values. */
static int nulls_find(const struct definition *d, sqlite3 *db, const struct table *t, struct err_text *error)
{
    struct buf names = {0}, sql = {0}, at = {0};
    columns_append(t, t->primary_key, t->primary_key_count, "\"%w\"", ", ", &names);
    sql_append(&sql, "SELECT %s, count(*) FROM \"%w\" WHERE ", buf_cstr(&names), t->name);
    columns_append(t, t->primary_key, t->primary_key_count, "\"%w\" IS NULL", " OR ", &sql);
    buf_append_str(&sql, " HAVING count(*) > 0");
    buf_printf(&at, "%s.primary_key", t->at);
    int result = offenders_find(d, db, t, t->primary_key, t->primary_key_count, buf_cstr(&at),
                                "have NULL in their primary key", buf_cstr(&sql), error);
    buf_release(&names);
    buf_release(&sql);
    buf_release(&at);
    return result;
}

static int orphans_find(const struct definition *d, sqlite3 *db, const struct table *t, const struct foreign_key *k,
                        struct err_text *error)
{
    const struct table *other = &d->tables[k->table];
    int count = other->primary_key_count;
    struct buf sql = {0}, what = {0};
    buf_append_str(&sql, "SELECT ");
    columns_append(t, k->columns, count, "c.\"%w\"", ", ", &sql);
    sql_append(&sql, ", count(*) FROM \"%w\" AS c WHERE ", t->name);
    columns_append(t, k->columns, count, "c.\"%w\" IS NOT NULL", " AND ", &sql);
    sql_append(&sql, " AND NOT EXISTS (SELECT 1 FROM \"%w\" AS p WHERE ", other->name);
    for (int i = 0; i < count; i++)
        sql_append(&sql, "%sp.\"%w\" = c.\"%w\"", i ? " AND " : "", other->columns[other->primary_key[i]].name,
                   t->columns[k->columns[i]].name);
    buf_append_str(&sql, ") HAVING count(*) > 0");
    buf_printf(&what, "refer to no row of \"%s\"", other->name);
    int result = offenders_find(d, db, t, k->columns, count, k->at, buf_cstr(&what), buf_cstr(&sql), error);
    buf_release(&sql);
    buf_release(&what);
    return result;
}

/* --- indexes --- */

static int index_make(sqlite3 *db, const struct table *t, bool unique, struct err_text *error)
{
    struct buf names = {0};
    columns_append(t, t->primary_key, t->primary_key_count, "\"%w\"", ", ", &names);
    int result =
        sql_exec(db, error, "DROP INDEX IF EXISTS \"%w_primary_key\"; CREATE %s \"%w_primary_key\" ON \"%w\"(%s)",
                 t->name, unique ? "UNIQUE INDEX" : "INDEX", t->name, t->name, buf_cstr(&names));
    buf_release(&names);
    return result;
}

int keys_relax(const struct definition *d, sqlite3 *db, struct err_text *error)
{
    int result = 0;
    for (int i = 0; i < d->table_count && result == 0; i++) {
        int64_t plain;
        if (d->tables[i].primary_key_count == 0) continue;
        result = sql_integer(db, 0, &plain, error,
                             "SELECT count(*) FROM sqlite_schema WHERE name = '%q_primary_key' "
                             "AND sql LIKE 'CREATE INDEX %%'",
                             d->tables[i].name);
        if (result == 0 && !plain) result = index_make(db, &d->tables[i], false, error);
    }
    return result;
}

static int primary_key_settle(const struct definition *d, sqlite3 *db, const struct table *t, struct err_text *error)
{
    struct err_text detail = {0};
    int made = index_make(db, t, true, &detail), result = 0;
    if (made != 0) result = duplicates_find(d, db, t, error);
    if (made != 0 && result == 0) return err_set(error, made, "%s", detail.text);
    return result == 0 ? nulls_find(d, db, t, error) : result;
}

int keys_settle(const struct definition *d, sqlite3 *db, struct err_text *error)
{
    int result = 0;
    for (int i = 0; i < d->table_count && result == 0; i++)
        if (d->tables[i].primary_key_count > 0) result = primary_key_settle(d, db, &d->tables[i], error);
    for (int i = 0; i < d->table_count; i++)
        for (int k = 0; k < d->tables[i].foreign_key_count && result == 0; k++)
            result = orphans_find(d, db, &d->tables[i], &d->tables[i].foreign_keys[k], error);
    return result;
}
