/* join: rows of a table, each with what belongs to it in another.
 *
 *     {"name": "lines_with_customer", "join": "lines", "with": "customers", "on": {"customer": "id"}, "kind": "left"}
 *
 * A unit (recompute.h) is a left row. A change of the left table marks its own row; one of the right table marks the
 * left rows that it can match, which an index on the left table's key and time finds at flush:
 *
 *     lookup, all    the key             as_of     the key, from the right row's time on
 *     valid          the key, between from and to       interval    the key, as far away as the interval reaches
 *
 * The SELECT finds the matches of a left row over an index on the right table's key and time. */
#include <stdlib.h>

#include "etl/operator/recompute.h"
#include "etl/sink/sql.h"
#include "etl/sink/value.h"
#include "lib/base/memory.h"

struct join_operator {
    struct recompute recompute;
    const struct table *left, *right;
    sqlite3_stmt *affected; /* rowids of left rows: by key, then from and to of their time */
    struct fingerprint_map seen;
    struct buf right_rows; /* struct right_row: what came from the right since the last flush */
    struct arena keys;
};

struct right_row {
    const struct value *key;
    struct value low, high; /* of the left rows' time, both included; NULL as high: no bound */
};

/* --- time in SQL --- */

/* millrace_shift(timestamp, seconds), for times of any year. */
static void shift_call(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    (void)count;
    struct value_text text = {.type = VALUE_NULL};
    if (sqlite3_value_type(arguments[0]) == SQLITE_NULL) return;
    struct value moved = {.type = VALUE_TIMESTAMP};
    moved.i = value_time_read((const char *)sqlite3_value_text(arguments[0]), VALUE_TIMESTAMP) +
              sqlite3_value_int64(arguments[1]);
    int length = value_text_write(&moved, &text);
    sqlite3_result_text(context, text.text, length, SQLITE_TRANSIENT);
}

static int shift_register(const struct operator_context *c)
{
    int code = sqlite3_create_function(c->db, "millrace_shift", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, shift_call,
                                       NULL, NULL);
    return code == SQLITE_OK ? 0 : sql_fail(c->db, c->error, "millrace_shift");
}

/* --- SQL --- */

static const char *name_of(const struct table *t, int column)
{
    return t->columns[column].name;
}

static bool matches_many(const struct join *j)
{
    return j->match == JOIN_ALL || j->match == JOIN_INTERVAL;
}

/* The condition between l and the right table under `alias`. */
static void match_append(struct buf *sql, const struct join_operator *o, const char *alias)
{
    const struct join *j = o->recompute.base.table->join;
    const char *time = j->left_time >= 0 ? name_of(o->left, j->left_time) : "";
    const char *right = j->right_time >= 0 ? name_of(o->right, j->right_time) : "";
    sql_append(sql, "1");
    for (int i = 0; i < j->key_count; i++)
        sql_append(sql, " AND %s.\"%w\" = l.\"%w\"", alias, name_of(o->right, j->right_keys[i]),
                   name_of(o->left, j->left_keys[i]));
    if (j->match == JOIN_AS_OF || j->match == JOIN_VALID)
        sql_append(sql, " AND %s.\"%w\" <= l.\"%w\"", alias, right, time);
    if (j->match == JOIN_VALID)
        sql_append(sql, " AND (%s.\"%w\" IS NULL OR %s.\"%w\" > l.\"%w\")", alias, name_of(o->right, j->right_end),
                   alias, name_of(o->right, j->right_end), time);
    if (j->match == JOIN_INTERVAL)
        sql_append(sql,
                   " AND %s.\"%w\" >= millrace_shift(l.\"%w\", %lld) AND %s.\"%w\" <= millrace_shift(l.\"%w\", %lld)",
                   alias, right, time, (long long)-j->before_s, alias, right, time, (long long)j->after_s);
}

/* r.rowid = (the last match): by time, position, all columns. */
static void last_match_append(struct buf *sql, const struct join_operator *o)
{
    const struct join *j = o->recompute.base.table->join;
    int time = j->right_time >= 0 ? j->right_time : table_time(o->right);
    sql_append(sql, "r.rowid = (SELECT x.rowid FROM ");
    recompute_table(sql, o->right);
    sql_append(sql, " x WHERE ");
    match_append(sql, o, "x");
    sql_append(sql, " ORDER BY ");
    struct buf terms = {0};
    if (time >= 0) sql_append(&terms, ", x.\"%w\" DESC", name_of(o->right, time));
    recompute_position(&terms, o->right, "x", true);
    recompute_columns(&terms, o->right, "x", true);
    sql_append(sql, "%s LIMIT 1)", buf_cstr(&terms) + 2);
    buf_release(&terms);
}

static void rows_append(struct buf *sql, const struct join_operator *o)
{
    const struct table *t = o->recompute.base.table;
    int left_count = o->left->column_count;
    sql_append(sql, "SELECT ");
    for (int i = 0; i < t->column_count; i++) {
        int input = t->columns[i].input;
        bool left = input < left_count;
        sql_append(sql, "%s%s.\"%w\"", i ? ", " : "", left ? "l" : "r",
                   left ? name_of(o->left, input) : name_of(o->right, input - left_count));
    }
    recompute_position(sql, t, "l", false);
    sql_append(sql, " FROM ");
    recompute_table(sql, o->left);
    /* CROSS: the left table is the outer one. */
    sql_append(sql, " l %s JOIN ", t->join->keeps_unmatched ? "LEFT" : "CROSS");
    recompute_table(sql, o->right);
    sql_append(sql, " r ON ");
    if (matches_many(t->join))
        match_append(sql, o, "r");
    else
        last_match_append(sql, o);
}

static void index_add(struct recompute_plan *plan, const struct table *t, const int *keys, int count, int time,
                      bool live)
{
    struct recompute_index *x = &plan->indexes[plan->index_count];
    *x = (struct recompute_index){.table = t, .live = live};
    for (int i = 0; i < count; i++) sql_append(&x->columns, "%s\"%w\"", i ? ", " : "", name_of(t, keys[i]));
    if (time >= 0) sql_append(&x->columns, "%s\"%w\"", count ? ", " : "", name_of(t, time));
    plan->index_count++;
}

static void plan_make(const struct join_operator *o, struct recompute_plan *plan)
{
    const struct join *j = o->recompute.base.table->join;
    *plan = (struct recompute_plan){.by_id = !matches_many(j)};
    rows_append(&plan->all, o);
    rows_append(&plan->one, o);
    sql_append(&plan->one, " WHERE l.rowid = ?1");
    int right_time = j->right_time >= 0 ? j->right_time : table_time(o->right);
    index_add(plan, o->right, j->right_keys, j->key_count, right_time, false);
    index_add(plan, o->left, j->left_keys, j->key_count, j->left_time, true);
}

static int affected_prepare(struct join_operator *o)
{
    const struct operator_context *c = o->recompute.base.context;
    const struct join *j = o->recompute.base.table->join;
    struct buf sql = {0};
    int n = j->key_count;
    sql_append(&sql, "SELECT rowid FROM \"%w\" WHERE 1", o->left->name);
    for (int i = 0; i < n; i++) sql_append(&sql, " AND \"%w\" = ?%d", name_of(o->left, j->left_keys[i]), i + 1);
    /* A blob is after every text: no bound. */
    if (j->left_time >= 0)
        sql_append(&sql, " AND \"%w\" BETWEEN ?%d AND coalesce(?%d, x'')", name_of(o->left, j->left_time), n + 1,
                   n + 2);
    int result = sql_prepare(c->db, &o->affected, c->error, "%s", buf_cstr(&sql));
    buf_release(&sql);
    return result;
}

/* --- the operator --- */

static int join_open(struct operator_context *c, const struct table *t, struct operator** out)
{
    struct join_operator *o = memory_new(sizeof *o);
    struct recompute_plan plan;
    o->left = &c->definition->tables[t->parent];
    o->right = &c->definition->tables[t->join->right];
    o->recompute.base.context = c;
    o->recompute.base.table = t;
    *out = &o->recompute.base;
    plan_make(o, &plan);
    int result = t->join->match == JOIN_INTERVAL ? shift_register(c) : 0;
    int opened = recompute_open(&o->recompute, c, t, &plan);
    if (result == 0) result = opened;
    return result == 0 && c->live ? affected_prepare(o) : result;
}

static struct value moved(struct value time, int64_t seconds)
{
    time.i += seconds;
    return time;
}

/* Which left rows a right row can match. False when none can: a NULL in its key or its time. */
static bool right_row_read(const struct join *j, const struct value *row, struct right_row *out)
{
    for (int i = 0; i < j->key_count; i++)
        if (row[j->right_keys[i]].type == VALUE_NULL) return false;
    if (j->right_time < 0) return true;
    struct value time = row[j->right_time];
    if (time.type == VALUE_NULL) return false;
    out->low = j->match == JOIN_INTERVAL ? moved(time, -j->after_s) : time;
    if (j->match == JOIN_INTERVAL) out->high = moved(time, j->before_s);
    if (j->match == JOIN_VALID) out->high = row[j->right_end];
    return true;
}

static void right_mark(struct join_operator *o, const struct value *row)
{
    const struct join *j = o->recompute.base.table->join;
    struct right_row r = {0};
    bool added;
    if (!right_row_read(j, row, &r)) return;
    struct buf encoded = {0};
    for (int i = 0; i < j->key_count; i++) fingerprint_encode(&encoded, &row[j->right_keys[i]]);
    fingerprint_encode(&encoded, &r.low);
    fingerprint_encode(&encoded, &r.high);
    fingerprint_map_at(&o->seen, fingerprint_of(encoded.p, encoded.n), &added);
    buf_release(&encoded);
    if (!added) return;
    struct value *key = arena_alloc(&o->keys, (size_t)(j->key_count + 1) * sizeof *key);
    for (int i = 0; i < j->key_count; i++) key[i] = value_copy(&row[j->right_keys[i]], &o->keys);
    r.key = key;
    buf_append(&o->right_rows, &r, sizeof r);
}

static int join_process(struct operator* base, const struct change *change)
{
    struct join_operator *o = (struct join_operator *)base;
    if (!base->context->live) return 0;
    if (change->input == 0)
        recompute_mark_row(&o->recompute, change->id);
    else
        right_mark(o, change->values);
    return 0;
}

static int affected_mark(struct join_operator *o, const struct right_row *r, struct value_text *rooms)
{
    const struct join *j = o->recompute.base.table->join;
    int n = j->key_count, code;
    for (int i = 0; i < n; i++) value_bind(o->affected, i + 1, &r->key[i], &rooms[i]);
    if (j->left_time >= 0) {
        value_bind(o->affected, n + 1, &r->low, &rooms[n]);
        value_bind(o->affected, n + 2, &r->high, &rooms[n + 1]);
    }
    while ((code = sqlite3_step(o->affected)) == SQLITE_ROW)
        recompute_mark_row(&o->recompute, sqlite3_column_int64(o->affected, 0));
    sqlite3_reset(o->affected);
    const struct operator_context *c = o->recompute.base.context;
    return code == SQLITE_DONE ? 0 : sql_fail(c->db, c->error, o->left->name);
}

static void right_forget(struct join_operator *o)
{
    fingerprint_map_reset(&o->seen);
    buf_reset(&o->right_rows);
    arena_reset(&o->keys);
}

static int join_flush(struct operator* base)
{
    struct join_operator *o = (struct join_operator *)base;
    const struct right_row *rows = (const struct right_row *)(const void *)o->right_rows.p;
    size_t count = o->right_rows.n / sizeof *rows;
    struct value_text *rooms = memory_new(((size_t)base->table->join->key_count + 2) * sizeof *rooms);
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) result = affected_mark(o, &rows[i], rooms);
    free(rooms);
    right_forget(o);
    return result < 0 ? result : recompute_flush(&o->recompute);
}

static void join_forget(struct operator* base)
{
    struct join_operator *o = (struct join_operator *)base;
    right_forget(o);
    recompute_forget(&o->recompute);
}

static void join_close(struct operator* base)
{
    struct join_operator *o = (struct join_operator *)base;
    sqlite3_finalize(o->affected);
    fingerprint_map_release(&o->seen);
    buf_release(&o->right_rows);
    arena_release(&o->keys);
    recompute_close(&o->recompute);
    free(o);
}

const struct operator_class operator_join = {join_open, join_process, join_flush, join_forget, join_close,
                                             NULL,      NULL,         NULL,       true};
