#include "etl/operator/among.h"

#include <assert.h>
#include <string.h>

#include "etl/operator/checked.h"
#include "etl/operator/recompute.h"
#include "etl/operator/wide_sum.h"
#include "etl/sink/sql.h"
#include "etl/sink/value.h"

/* --- what SQL cannot add up --- */

/* SQLite's memory is aligned to 8 bytes, a wide_sum to 16. */
static void sum_step(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    (void)count;
    wide_sum sum;
    void *kept = sqlite3_aggregate_context(context, sizeof sum);
    if (!kept) return;
    memcpy(&sum, kept, sizeof sum);
    sum += sqlite3_value_int64(arguments[0]); /* NULL is 0 */
    memcpy(kept, &sum, sizeof sum);
}

/* A BLOB of its bytes. */
static void sum_final(sqlite3_context *context)
{
    static const wide_sum none;
    const void *kept = sqlite3_aggregate_context(context, 0);
    sqlite3_result_blob(context, kept ? kept : &none, sizeof none, SQLITE_TRANSIENT);
}

/* millrace_apart(value, its factor, sum, its factor, tolerance) */
static void apart_call(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    assert(count == 5 && sqlite3_value_bytes(arguments[2]) == sizeof(wide_sum));
    (void)count;
    int64_t n[5];
    wide_sum sum;
    memcpy(&sum, sqlite3_value_blob(arguments[2]), sizeof sum);
    for (int i = 0; i < 5; i++) n[i] = i == 2 ? 0 : sqlite3_value_int64(arguments[i]);
    sqlite3_result_int(context, wide_sum_apart(n[0], n[1], sum, n[3], n[4]));
}

static int functions_register(const struct operator_context *c)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
    int code = sqlite3_create_function(c->db, "millrace_sum", 1, SQLITE_UTF8, NULL, NULL, sum_step, sum_final);
    if (code == SQLITE_OK)
        code = sqlite3_create_function(c->db, "millrace_apart", 5, flags, NULL, apart_call, NULL, NULL);
    return code == SQLITE_OK ? 0 : sql_fail(c->db, c->error, "functions of sum_equals");
}

/* --- SQL --- */

static const struct table *all_of(const struct among *a)
{
    return &a->context->definition->tables[a->table->parent];
}

static const struct table *parents_of(const struct among *a)
{
    return &a->context->definition->tables[a->rule->reference->table];
}

/* unique with "all": every column, and NULL is a value. */
static bool whole_row(const struct among *a)
{
    return a->rule->column_count == 0;
}

static int key_count(const struct among *a)
{
    return whole_row(a) ? all_of(a)->column_count : a->rule->column_count;
}

static int key_column(const struct among *a, int i)
{
    return whole_row(a) ? i : a->rule->columns[i];
}

static const char *key_name(const struct among *a, int i)
{
    return all_of(a)->columns[key_column(a, i)].name;
}

static const char *parent_name(const struct among *a, int i)
{
    return parents_of(a)->columns[a->rule->reference->columns[i]].name;
}

/* The row `x` of A with the row `c` of K takes part in the rule. */
static void takes_part_append(struct buf *sql, const struct among *a, const char *x, const char *c)
{
    int64_t before = checked_rejecting(a->table->rules) & ((INT64_C(1) << a->number) - 1);
    sql_append(sql, "(%s.broken & %lld) = 0", c, (long long)before);
    for (int i = 0; !whole_row(a) && i < key_count(a); i++)
        sql_append(sql, " AND %s.\"%w\" IS NOT NULL", x, key_name(a, i));
    if (a->rule->reference && a->rule->reference->of >= 0)
        sql_append(sql, " AND %s.\"%w\" IS NOT NULL", x, all_of(a)->columns[a->rule->column].name);
}

/* FROM A with its masks. */
static void from_append(struct buf *sql, const struct among *a, const char *x, const char *c)
{
    recompute_table(sql, all_of(a));
    sql_append(sql, " %s CROSS JOIN \"millrace_check_%w\" %s ON %s.id = %s.rowid", x, a->table->name, c, c, x);
}

/* The order in which the first row of a key is found. */
static void order_append(struct buf *sql, const struct among *a, const char *x)
{
    const struct table *all = all_of(a);
    struct buf terms = {0};
    int time = table_time(all);
    if (time >= 0) sql_append(&terms, ", %s.\"%w\"", x, all->columns[time].name);
    recompute_position(&terms, all, x, false);
    recompute_columns(&terms, all, x, false);
    sql_append(sql, " ORDER BY %s", buf_cstr(&terms) + 2);
    buf_release(&terms);
}

/* The row x of A is as R has it; what R says is found by an index on its key. */
static void parents_append(struct buf *sql, const struct among *a)
{
    recompute_table(sql, parents_of(a));
    sql_append(sql, " r WHERE 1");
    for (int i = 0; i < key_count(a); i++)
        sql_append(sql, " AND r.\"%w\" = x.\"%w\"", parent_name(a, i), key_name(a, i));
}

static void broken_append(struct buf *sql, const struct among *a)
{
    const struct reference *r = a->rule->reference;
    assert(r);
    if (r->of < 0) {
        sql_append(sql, "NOT EXISTS(SELECT 1 FROM ");
        parents_append(sql, a);
        sql_append(sql, ")");
        return;
    }
    sql_append(sql, "millrace_apart(x.\"%w\", %lld, (SELECT millrace_sum(r.\"%w\") FROM ",
               all_of(a)->columns[a->rule->column].name, (long long)r->value_factor,
               parents_of(a)->columns[r->of].name);
    parents_append(sql, a);
    sql_append(sql, "), %lld, %lld)", (long long)r->of_factor, (long long)r->tolerance);
}

/* --- indexes --- */

static int index_make(const struct among *a, const struct table *t, const char *part, const char *columns)
{
    const struct operator_context *c = a->context;
    struct buf table = {0};
    recompute_table(&table, t);
    int result = sql_exec(c->db, c->error, "CREATE INDEX IF NOT EXISTS \"millrace_among_%w_%d%s\" ON %s(%s)",
                          a->table->name, a->number + 1, part, buf_cstr(&table), columns);
    buf_release(&table);
    return result;
}

static int parents_index(const struct among *a)
{
    const struct reference *r = a->rule->reference;
    struct buf columns = {0};
    for (int i = 0; i < key_count(a); i++) sql_append(&columns, "%s\"%w\"", i ? ", " : "", parent_name(a, i));
    if (r->of >= 0) sql_append(&columns, ", \"%w\"", parents_of(a)->columns[r->of].name);
    int result = index_make(a, parents_of(a), "_of", buf_cstr(&columns));
    buf_release(&columns);
    return result;
}

/* By key; of unique in the order of the rows, so that the first ones are found among any number. */
static int rows_index(const struct among *a)
{
    const struct table *all = all_of(a);
    struct buf columns = {0};
    int time = table_time(all);
    for (int i = 0; i < key_count(a); i++) sql_append(&columns, "%s\"%w\"", i ? ", " : "", key_name(a, i));
    if (a->rule->unique && time >= 0) sql_append(&columns, ", \"%w\"", all->columns[time].name);
    if (a->rule->unique) recompute_position(&columns, all, "", false);
    if (a->rule->unique && !all->origin && !whole_row(a)) recompute_columns(&columns, all, "", false);
    int result = index_make(a, all, "", buf_cstr(&columns));
    buf_release(&columns);
    return result;
}

/* --- opening --- */

static int prepared(const struct among *a, sqlite3_stmt **out, struct buf *sql)
{
    int result = sql_prepare(a->context->db, out, a->context->error, "%s", buf_cstr(sql));
    buf_release(sql);
    return result;
}

static int unique_prepare(struct among *a)
{
    struct buf row = {0}, of_key = {0}, key = {0};
    sql_append(&row, "SELECT ");
    takes_part_append(&row, a, "x", "c");
    sql_append(&row, " AND x.rowid <> (SELECT y.rowid FROM ");
    from_append(&row, a, "y", "d");
    sql_append(&row, " WHERE ");
    takes_part_append(&row, a, "y", "d");
    for (int i = 0; i < key_count(a); i++)
        sql_append(&row, " AND y.\"%w\" IS x.\"%w\"", key_name(a, i), key_name(a, i));
    order_append(&row, a, "y");
    sql_append(&row, " LIMIT 1) FROM ");
    from_append(&row, a, "x", "c");
    sql_append(&row, " WHERE x.rowid = ?1");
    sql_append(&of_key, "SELECT x.rowid FROM ");
    from_append(&of_key, a, "x", "c");
    sql_append(&of_key, " WHERE ");
    takes_part_append(&of_key, a, "x", "c");
    for (int i = 0; i < key_count(a); i++) sql_append(&of_key, " AND x.\"%w\" IS ?%d", key_name(a, i), i + 1);
    order_append(&of_key, a, "x");
    for (int i = 0; i < key_count(a); i++) sql_append(&key, "%s\"%w\"", i ? ", " : "SELECT ", key_name(a, i));
    sql_append(&key, " FROM \"%w\" WHERE rowid = ?1", all_of(a)->name);
    int result = prepared(a, &a->row, &row);
    int result2 = prepared(a, &a->of_key, &of_key), result3 = prepared(a, &a->key, &key);
    return result < 0 ? result : result2 < 0 ? result2 : result3;
}

static int reference_prepare(struct among *a)
{
    struct buf row = {0}, of_key = {0};
    sql_append(&row, "SELECT ");
    takes_part_append(&row, a, "x", "c");
    sql_append(&row, " AND ");
    broken_append(&row, a);
    sql_append(&row, " FROM ");
    from_append(&row, a, "x", "c");
    sql_append(&row, " WHERE x.rowid = ?1");
    sql_append(&of_key, "SELECT rowid FROM \"%w\" WHERE 1", all_of(a)->name);
    for (int i = 0; i < key_count(a); i++) sql_append(&of_key, " AND \"%w\" = ?%d", key_name(a, i), i + 1);
    int result = prepared(a, &a->row, &row), result2 = prepared(a, &a->of_key, &of_key);
    return result < 0 ? result : result2;
}

int among_open(struct among *a, struct operator_context *c, const struct table *t, int number)
{
    *a = (struct among){.context = c, .table = t, .rule = &t->rules->rules[number], .number = number};
    int result = a->rule->reference ? functions_register(c) : 0;
    if (result < 0 || !c->live) return result;
    result = rows_index(a);
    if (result == 0 && a->rule->reference) result = parents_index(a);
    if (result == 0) result = a->rule->unique ? unique_prepare(a) : reference_prepare(a);
    return result;
}

void among_close(struct among *a)
{
    sqlite3_finalize(a->row);
    sqlite3_finalize(a->of_key);
    sqlite3_finalize(a->key);
    fingerprint_map_release(&a->seen);
    buf_release(&a->keys);
    arena_release(&a->arena);
}

/* --- batch --- */

/* Rowids of A that break the rule. */
static void all_broken_append(struct buf *sql, const struct among *a)
{
    if (a->rule->reference) {
        sql_append(sql, "SELECT x.rowid FROM ");
        from_append(sql, a, "x", "c");
        sql_append(sql, " WHERE ");
        takes_part_append(sql, a, "x", "c");
        sql_append(sql, " AND ");
        broken_append(sql, a);
        return;
    }
    sql_append(sql, "SELECT id FROM (SELECT x.rowid AS id, row_number() OVER (");
    for (int i = 0; i < key_count(a); i++) sql_append(sql, "%s x.\"%w\"", i ? "," : "PARTITION BY", key_name(a, i));
    order_append(sql, a, "x");
    sql_append(sql, ") AS n FROM ");
    from_append(sql, a, "x", "c");
    sql_append(sql, " WHERE ");
    takes_part_append(sql, a, "x", "c");
    sql_append(sql, ") WHERE n > 1");
}

int among_judge_all(struct among *a)
{
    const struct operator_context *c = a->context;
    struct buf sql = {0};
    int result = a->rule->reference ? parents_index(a) : 0;
    all_broken_append(&sql, a);
    if (result == 0)
        result = sql_exec(c->db, c->error, "UPDATE \"millrace_check_%w\" SET broken = broken | %lld WHERE id IN (%s)",
                          a->table->name, 1LL << a->number, buf_cstr(&sql));
    buf_release(&sql);
    if (result < 0 || !a->rule->reference) return result;
    return sql_exec(c->db, c->error, "DROP INDEX \"millrace_among_%w_%d_of\"", a->table->name, a->number + 1);
}

/* --- live: what is touched --- */

static const struct value *at(const struct among *a, const struct value *row, int i, bool parent)
{
    return &row[parent ? a->rule->reference->columns[i] : key_column(a, i)];
}

struct touched {
    const struct value *key;
    int64_t more; /* rows of R with it, than there were */
};

/* Remembers a key once; one with a NULL is nobody's (NULL), unless the key is the whole row. Valid until the next
 * call. */
static struct touched *key_touch(struct among *a, const struct value *row, bool parent)
{
    struct buf encoded = {0};
    bool taken = true, added;
    for (int i = 0; i < key_count(a); i++) {
        const struct value *v = at(a, row, i, parent);
        if (v->type == VALUE_NULL && !whole_row(a)) taken = false;
        fingerprint_encode(&encoded, v);
    }
    struct fingerprint print = fingerprint_of(encoded.p, encoded.n);
    buf_release(&encoded);
    if (!taken) return NULL;
    struct fingerprint_entry *entry = fingerprint_map_at(&a->seen, print, &added);
    if (added) {
        struct value *key = arena_alloc(&a->arena, (size_t)(key_count(a) + 1) * sizeof *key);
        for (int i = 0; i < key_count(a); i++) key[i] = value_copy(at(a, row, i, parent), &a->arena);
        buf_append(&a->keys, &(struct touched){.key = key}, sizeof(struct touched));
        entry->value = (int64_t)(a->keys.n / sizeof(struct touched));
    }
    return (struct touched *)(void *)a->keys.p + (entry->value - 1);
}

void among_touch_key(struct among *a, const struct value *row)
{
    if (a->rule->unique) key_touch(a, row, false);
}

void among_touch_parent(struct among *a, const struct value *row, int sign)
{
    struct touched *t = key_touch(a, row, true);
    if (t) t->more += sign;
}

/* Rows that have not changed may stand otherwise because of it. */
static bool matters(const struct among *a, const struct touched *t)
{
    bool counts = a->rule->reference && a->rule->reference->of < 0;
    return !counts || t->more != 0;
}

int among_touch_row(struct among *a, int64_t id)
{
    if (!a->rule->unique) return 0;
    const struct table *all = all_of(a);
    struct value *row = arena_alloc(&a->arena, (size_t)(all->column_count + 1) * sizeof *row);
    sqlite3_bind_int64(a->key, 1, id);
    int code = sqlite3_step(a->key);
    for (int i = 0; code == SQLITE_ROW && i < key_count(a); i++)
        row[key_column(a, i)] = value_column(a->key, i, all->columns[key_column(a, i)].type);
    if (code == SQLITE_ROW) key_touch(a, row, false);
    sqlite3_reset(a->key);
    return code == SQLITE_ROW ? 0 : sql_fail(a->context->db, a->context->error, all->name);
}

static int key_affected(struct among *a, const struct value *key, int (*each)(void *context, int64_t id), void *context)
{
    struct value_text *rooms = arena_alloc(&a->arena, (size_t)(key_count(a) + 1) * sizeof *rooms);
    int result = 1, code = SQLITE_DONE;
    for (int i = 0; i < key_count(a); i++) value_bind(a->of_key, i + 1, &key[i], &rooms[i]);
    /* unique: up to the first one that has not changed */
    while (result >= (a->rule->unique ? 1 : 0) && (code = sqlite3_step(a->of_key)) == SQLITE_ROW)
        result = each(context, sqlite3_column_int64(a->of_key, 0));
    sqlite3_reset(a->of_key);
    if (result < 0) return result;
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : sql_fail(a->context->db, a->context->error, a->table->name);
}

int among_affected(struct among *a, int (*each)(void *context, int64_t id), void *context)
{
    int result = 0;
    for (size_t i = 0; i < a->keys.n / sizeof(struct touched) && result == 0; i++) {
        const struct touched *t = (const struct touched *)(const void *)a->keys.p + i;
        if (matters(a, t)) result = key_affected(a, t->key, each, context);
    }
    return result;
}

int among_judge(struct among *a, int64_t id, bool *broken)
{
    sqlite3_bind_int64(a->row, 1, id);
    int code = sqlite3_step(a->row);
    if (code == SQLITE_ROW) *broken = sqlite3_column_int(a->row, 0);
    sqlite3_reset(a->row);
    return code == SQLITE_ROW ? 0 : sql_fail(a->context->db, a->context->error, a->table->name);
}

void among_forget(struct among *a)
{
    fingerprint_map_reset(&a->seen);
    buf_reset(&a->keys);
    arena_reset(&a->arena);
}
