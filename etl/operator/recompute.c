#include "etl/operator/recompute.h"

#include <stdlib.h>
#include <string.h>

#include "etl/sink/sql.h"
#include "etl/sink/value.h"

struct unit {
    struct fingerprint k; /* by row: its low half is the rowid */
    bool is_row;
    const struct value *key;
    int count;
};

/* A row of the table, stored or just computed. */
struct made {
    int64_t id; /* 0: computed */
    struct value *values;
    struct order order;
    struct fingerprint print; /* of everything in it */
    bool kept;
};

/* --- SQL --- */

void recompute_columns(struct buf *sql, const struct table *t, const char *alias, bool descending)
{
    for (int i = 0; i < t->column_count; i++)
        sql_append(sql, ", %s%s\"%w\"%s", alias, *alias ? "." : "", t->columns[i].name, descending ? " DESC" : "");
}

void recompute_position(struct buf *sql, const struct table *t, const char *alias, bool descending)
{
    static const char *const names[] = {"_source", "_file", "_byte_offset"};
    if (!t->origin) return;
    for (int i = table_has_source(t) ? 0 : 1; i < 3; i++)
        sql_append(sql, ", %s%s%s%s", alias, *alias ? "." : "", names[i], descending ? " DESC" : "");
}

void recompute_table(struct buf *sql, const struct table *t)
{
    sql_append(sql, "\"%w\"", t->name);
}

/* --- opening --- */

static int indexes_create(struct recompute *r)
{
    const struct operator_context *c = r->base.context;
    int result = 0;
    for (int i = 0; i < r->plan.index_count && result == 0; i++) {
        struct recompute_index *x = &r->plan.indexes[i];
        if (x->live && !c->live) continue;
        result = sql_exec(c->db, c->error, "CREATE INDEX IF NOT EXISTS \"millrace_index_%w_%d\" ON \"%w\"(%s)",
                          r->base.table->name, i + 1, x->table->name, buf_cstr(&x->columns));
    }
    return result;
}

static int indexes_drop(struct recompute *r)
{
    const struct operator_context *c = r->base.context;
    int result = 0;
    for (int i = 0; i < r->plan.index_count && result == 0; i++)
        result = sql_exec(c->db, c->error, "DROP INDEX IF EXISTS \"millrace_index_%w_%d\"", r->base.table->name, i + 1);
    return result;
}

static int links_prepare(struct recompute *r, const char *name)
{
    sqlite3 *db = r->base.context->db;
    struct err_text *error = r->base.context->error;
    int result = sql_exec(db, error,
                          "CREATE TABLE IF NOT EXISTS \"millrace_rows_%w\"(k NOT NULL, id INTEGER NOT NULL, "
                          "PRIMARY KEY(k, id)) WITHOUT ROWID",
                          name);
    if (result == 0) result = sql_prepare(db, &r->link, error, "INSERT INTO \"millrace_rows_%w\" VALUES(?1, ?2)", name);
    if (result == 0)
        result = sql_prepare(db, &r->unlink, error, "DELETE FROM \"millrace_rows_%w\" WHERE k = ?1 AND id = ?2", name);
    return result;
}

static int live_prepare(struct recompute *r)
{
    sqlite3 *db = r->base.context->db;
    struct err_text *error = r->base.context->error;
    const struct table *t = r->base.table;
    struct buf columns = {0};
    recompute_columns(&columns, t, "t", false);
    recompute_position(&columns, t, "t", false);
    int result = r->plan.by_id ? 0 : links_prepare(r, t->name);
    if (result == 0) result = indexes_create(r);
    if (result == 0) result = sql_prepare(db, &r->compute, error, "%s", buf_cstr(&r->plan.one));
    if (result == 0 && r->plan.by_id)
        result = sql_prepare(db, &r->stored, error, "SELECT t.rowid%s FROM \"%w\" t WHERE t.rowid = ?1",
                             buf_cstr(&columns), t->name);
    else if (result == 0)
        result = sql_prepare(db, &r->stored, error,
                             "SELECT t.rowid%s FROM \"millrace_rows_%w\" l CROSS JOIN \"%w\" t ON t.rowid = l.id "
                             "WHERE l.k = ?1",
                             buf_cstr(&columns), t->name, t->name);
    buf_release(&columns);
    return result;
}

int recompute_open(struct recompute *r, struct operator_context *c, const struct table *t, struct recompute_plan *plan)
{
    r->base.context = c;
    r->base.table = t;
    r->plan = *plan;
    int result = output_open(&r->output, c, t);
    return result == 0 && c->live ? live_prepare(r) : result;
}

void recompute_close(struct recompute *r)
{
    output_close(&r->output);
    sqlite3_finalize(r->compute);
    sqlite3_finalize(r->stored);
    sqlite3_finalize(r->link);
    sqlite3_finalize(r->unlink);
    fingerprint_map_release(&r->marked);
    arena_release(&r->keys);
    arena_release(&r->scratch);
    buf_release(&r->units);
    buf_release(&r->plan.all);
    buf_release(&r->plan.one);
    for (int i = 0; i < r->plan.index_count; i++) buf_release(&r->plan.indexes[i].columns);
}

/* --- marks --- */

static bool mark(struct recompute *r, struct fingerprint k)
{
    bool added;
    fingerprint_map_at(&r->marked, k, &added);
    return added;
}

void recompute_mark_row(struct recompute *r, int64_t id)
{
    struct unit unit = {.k = {1, (uint64_t)id}, .is_row = true};
    if (mark(r, unit.k)) buf_append(&r->units, &unit, sizeof unit);
}

void recompute_mark_key(struct recompute *r, const struct value *values, const int *columns, int count)
{
    struct buf encoded = {0};
    for (int i = 0; i < count; i++) fingerprint_encode(&encoded, &values[columns[i]]);
    struct unit unit = {.k = fingerprint_of(encoded.p, encoded.n), .count = count};
    buf_release(&encoded);
    if (!mark(r, unit.k)) return;
    struct value *key = arena_alloc(&r->keys, (size_t)(count + 1) * sizeof *key);
    for (int i = 0; i < count; i++) key[i] = value_copy(&values[columns[i]], &r->keys);
    unit.key = key;
    buf_append(&r->units, &unit, sizeof unit);
}

void recompute_forget(struct recompute *r)
{
    fingerprint_map_reset(&r->marked);
    buf_reset(&r->units);
    arena_reset(&r->keys);
}

/* --- the rows of a unit --- */

/* What stands for the unit in the database, as parameter 1. `room` lives until the statement has run. */
static void unit_bind(sqlite3_stmt *s, const struct unit *u, uint8_t room[16])
{
    if (u->is_row) {
        sqlite3_bind_int64(s, 1, (int64_t)u->k.low);
        return;
    }
    fingerprint_put(u->k, room);
    sqlite3_bind_blob(s, 1, room, 16, SQLITE_STATIC);
}

static struct fingerprint row_print(const struct made *m, int columns, struct buf *room)
{
    buf_reset(room);
    for (int i = 0; i < columns; i++) fingerprint_encode(room, &m->values[i]);
    buf_put_u64(room, m->order.byte_offset);
    buf_put_u32(room, (uint32_t)m->order.source);
    buf_append_slice(room, m->order.file);
    return fingerprint_of(room->p, room->n);
}

/* A copy of the statement's row; its table columns begin at `first`. */
static struct made row_take(struct recompute *r, sqlite3_stmt *s, int first)
{
    const struct table *t = r->base.table;
    struct made m = {.id = first ? sqlite3_column_int64(s, 0) : 0};
    m.values = arena_alloc(&r->scratch, (size_t)(t->column_count + 1) * sizeof *m.values);
    output_row_read(r->base.context, s, first, t, m.values, &m.order);
    for (int i = 0; i < t->column_count; i++) m.values[i] = value_copy(&m.values[i], &r->scratch);
    if (m.order.file.n) m.order.file.p = arena_copy(&r->scratch, m.order.file.p, m.order.file.n);
    return m;
}

static int by_print(const void *a, const void *b)
{
    const struct fingerprint *x = &((const struct made *)a)->print, *y = &((const struct made *)b)->print;
    if (x->high != y->high) return x->high < y->high ? -1 : 1;
    return (x->low > y->low) - (x->low < y->low);
}

/* All rows that a statement gives, in the order of their fingerprints. */
static int rows_take(struct recompute *r, sqlite3_stmt *s, int first, struct buf *out)
{
    struct buf room = {0};
    int code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        struct made m = row_take(r, s, first);
        m.print = row_print(&m, r->base.table->column_count, &room);
        buf_append(out, &m, sizeof m);
    }
    buf_release(&room);
    sqlite3_reset(s);
    if (code != SQLITE_DONE) return sql_fail(r->base.context->db, r->base.context->error, r->base.table->name);
    if (out->n) qsort(out->p, out->n / sizeof(struct made), sizeof(struct made), by_print);
    return 0;
}

static int stored_take(struct recompute *r, const struct unit *u, struct buf *out)
{
    uint8_t room[16];
    unit_bind(r->stored, u, room);
    return rows_take(r, r->stored, 1, out);
}

static int computed_take(struct recompute *r, const struct unit *u, struct buf *out)
{
    uint8_t room[16];
    struct value_text *times = arena_alloc(&r->scratch, (size_t)(u->count + 1) * sizeof *times);
    if (u->is_row) unit_bind(r->compute, u, room);
    for (int i = 0; i < u->count; i++) value_bind(r->compute, i + 1, &u->key[i], &times[i]);
    return rows_take(r, r->compute, 0, out);
}

/* --- the difference --- */

/* Rows that are in both stay. Equal rows are as good as each other, so they are paired one by one. */
static void both_keep(struct made *old, size_t old_count, struct made *now, size_t now_count)
{
    for (size_t i = 0, k = 0; i < old_count && k < now_count;) {
        int compared = by_print(&old[i], &now[k]);
        if (compared == 0) old[i].kept = now[k].kept = true;
        i += compared <= 0;
        k += compared >= 0;
    }
}

static int link_change(struct recompute *r, sqlite3_stmt *s, const struct unit *u, int64_t id)
{
    uint8_t room[16];
    if (r->plan.by_id) return 0;
    unit_bind(s, u, room);
    sqlite3_bind_int64(s, 2, id);
    return sql_step(s, r->base.context->error);
}

static int row_erase(struct recompute *r, const struct unit *u, const struct made *m)
{
    int result = output_row_erase(&r->output, m->id);
    if (result == 0) result = link_change(r, r->unlink, u, m->id);
    struct change change = {.sign = -1, .values = m->values, .order = m->order, .id = m->id};
    return result < 0 ? result : operator_emit(&r->base, &change);
}

static int row_insert(struct recompute *r, const struct unit *u, const struct made *m)
{
    struct change change = {.sign = 1, .values = m->values, .order = m->order};
    if (r->plan.by_id) change.id = (int64_t)u->k.low;
    int result = output_row(&r->output, &change);
    if (result == 0) result = link_change(r, r->link, u, change.id);
    return result < 0 ? result : operator_emit(&r->base, &change);
}

static int unit_flush(struct recompute *r, const struct unit *u, struct buf *stored, struct buf *computed)
{
    buf_reset(stored);
    buf_reset(computed);
    arena_reset(&r->scratch);
    int result = stored_take(r, u, stored);
    if (result == 0) result = computed_take(r, u, computed);
    if (result < 0) return result;
    struct made *old = (struct made *)(void *)stored->p, *now = (struct made *)(void *)computed->p;
    size_t old_count = stored->n / sizeof *old, now_count = computed->n / sizeof *now;
    both_keep(old, old_count, now, now_count);
    for (size_t i = 0; i < old_count && result == 0; i++)
        if (!old[i].kept) result = row_erase(r, u, &old[i]);
    for (size_t i = 0; i < now_count && result == 0; i++)
        if (!now[i].kept) result = row_insert(r, u, &now[i]);
    return result;
}

static int marked_flush(struct recompute *r)
{
    struct buf stored = {0}, computed = {0};
    const struct unit *units = (const struct unit *)(const void *)r->units.p;
    int result = 0;
    for (size_t i = 0; i < r->units.n / sizeof *units && result == 0; i++)
        result = unit_flush(r, &units[i], &stored, &computed);
    buf_release(&stored);
    buf_release(&computed);
    recompute_forget(r);
    return result;
}

/* --- batch --- */

/* Nobody downstream asks for the rows: SQLite copies them by itself. */
static int all_copy(struct recompute *r)
{
    const struct operator_context *c = r->base.context;
    struct buf columns = {0}, table = {0};
    recompute_columns(&columns, r->base.table, "", false);
    recompute_position(&columns, r->base.table, "", false);
    recompute_table(&table, r->base.table);
    int result = sql_exec(c->db, c->error, "INSERT INTO %s(%s) %s", buf_cstr(&table), buf_cstr(&columns) + 2,
                          buf_cstr(&r->plan.all));
    buf_release(&columns);
    buf_release(&table);
    return result;
}

static int all_emit(struct recompute *r)
{
    const struct operator_context *c = r->base.context;
    sqlite3_stmt *s = NULL;
    int result = sql_prepare(c->db, &s, c->error, "%s", buf_cstr(&r->plan.all)), code = SQLITE_DONE;
    while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW) {
        arena_reset(&r->scratch);
        struct made m = row_take(r, s, 0);
        struct change change = {.sign = 1, .values = m.values, .order = m.order};
        result = output_row(&r->output, &change);
        if (result == 0) result = operator_emit(&r->base, &change);
    }
    if (result == 0 && code != SQLITE_DONE) result = sql_fail(c->db, c->error, r->base.table->name);
    sqlite3_finalize(s);
    return result;
}

int recompute_flush(struct recompute *r)
{
    if (r->base.context->live) return marked_flush(r);
    int result = indexes_create(r);
    if (result == 0) result = r->base.child_count ? all_emit(r) : all_copy(r);
    return result < 0 ? result : indexes_drop(r);
}
