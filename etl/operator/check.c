/* check: a table whose rules look at other rows.
 *
 *     {"name": "orders", "dedupe": "all_orders", "by": ["no"],
 *      "rules": [{"rule": "sum_equals", "column": "total", "table": "lines", "of": "amount", "on": {"no":
 * "order_no"}}]}
 *
 * Input 0 is NAME_all, input 1 + i the table that rule i looks at. What a row breaks is kept as a mask (checked.h) in
 * millrace_check_NAME(id, broken) by the row's rowid. At its flush a batch fills it with what rows break by
 * themselves, adds what each other rule finds (among.h), and drops it. Live,
 *
 *     -row           goes on at once, with its mask; its keys are noted
 *     +row           is noted
 *     flush          the noted rows get what they break by themselves; then, rule by rule, the rows whose verdict may
 *                    be another one join them and all are judged. What has another mask goes on: -row, +row
 *
 * so it makes no difference in which order rows came, nor which of them a commit has at once. */
#include <assert.h>
#include <stdlib.h>

#include "etl/operator/among.h"
#include "etl/operator/checked.h"
#include "etl/operator/recompute.h"
#include "etl/sink/output.h"
#include "etl/sink/sql.h"
#include "lib/base/memory.h"

/* A row of NAME_all that is judged in this commit. */
struct noted {
    int64_t id;
    int64_t before; /* its mask so far, -1: it is new */
    int64_t mask;
    bool gone; /* it came and went in this commit */
};

struct check {
    struct operator base;
    struct output output; /* NAME */
    const struct table *all;
    struct among *among; /* those of the rules that look at other rows */
    int among_count;
    int64_t rejecting;
    struct fingerprint_map ids; /* to an index in `noted`, plus 1 */
    struct buf noted;
    struct value *row; /* columns of NAME_all and the mask */
    sqlite3_stmt *add, *get, *set, *erase, *row_of;
};

/* --- opening --- */

static int table_make(const struct operator_context *c, const struct table *t)
{
    return sql_exec(c->db, c->error,
                    "CREATE TABLE IF NOT EXISTS \"millrace_check_%w\"(id INTEGER PRIMARY KEY, broken INTEGER NOT NULL)",
                    t->name);
}

/* The rows of NAME_all with their masks. */
static void rows_append(struct buf *sql, const struct check *k, const char *name)
{
    sql_append(sql, "SELECT c.broken");
    recompute_columns(sql, k->all, "x", false);
    recompute_position(sql, k->all, "x", false);
    sql_append(sql, " FROM ");
    recompute_table(sql, k->all);
    sql_append(sql, " x CROSS JOIN \"millrace_check_%w\" c ON c.id = x.rowid", name);
}

static int statements_prepare(struct check *k, const struct operator_context *c, const char *name)
{
    struct buf rows = {0};
    rows_append(&rows, k, name);
    struct {
        sqlite3_stmt **statement;
        const char *sql;
    } all[] = {{&k->add, "INSERT INTO \"millrace_check_%w\" VALUES(?1, ?2)"},
               {&k->get, "SELECT broken FROM \"millrace_check_%w\" WHERE id = ?1"},
               {&k->set, "UPDATE \"millrace_check_%w\" SET broken = ?2 WHERE id = ?1"},
               {&k->erase, "DELETE FROM \"millrace_check_%w\" WHERE id = ?1"}};
    int result = 0;
    for (size_t i = 0; i < (c->live ? sizeof all / sizeof all[0] : 1) && result == 0; i++)
        result = sql_prepare(c->db, all[i].statement, c->error, all[i].sql, name);
    if (result == 0 && c->live)
        result = sql_prepare(c->db, &k->row_of, c->error, "%s WHERE x.rowid = ?1", buf_cstr(&rows));
    buf_release(&rows);
    return result;
}

static int among_all_open(struct check *k, struct operator_context *c, const struct table *t)
{
    int result = 0;
    k->among = memory_new(((size_t)t->rules->among_count + 1) * sizeof *k->among);
    for (int i = 0; i < t->rules->rule_count && result == 0; i++)
        if (rule_among_rows(&t->rules->rules[i])) result = among_open(&k->among[k->among_count++], c, t, i);
    return result;
}

static int check_open(struct operator_context *c, const struct table *t, struct operator** out)
{
    struct check *k = memory_new(sizeof *k);
    *out = &k->base;
    k->all = &c->definition->tables[t->parent];
    k->rejecting = checked_rejecting(t->rules);
    k->row = memory_new(((size_t)k->all->column_count + 1) * sizeof *k->row);
    int result = output_open(&k->output, c, t);
    if (result == 0) result = table_make(c, t);
    if (result == 0) result = statements_prepare(k, c, t->name);
    return result == 0 ? among_all_open(k, c, t) : result;
}

/* --- masks --- */

static int mask_write(const struct check *k, sqlite3_stmt *s, int64_t id, int64_t mask)
{
    sqlite3_bind_int64(s, 1, id);
    sqlite3_bind_int64(s, 2, mask);
    return sql_step(s, k->base.context->error);
}

static int mask_read(const struct check *k, int64_t id, int64_t *mask)
{
    sqlite3_bind_int64(k->get, 1, id);
    int code = sqlite3_step(k->get);
    if (code == SQLITE_ROW) *mask = sqlite3_column_int64(k->get, 0);
    sqlite3_reset(k->get);
    assert(code != SQLITE_DONE); /* every row of NAME_all that is not noted has one */
    return code == SQLITE_ROW ? 0 : sql_fail(k->base.context->db, k->base.context->error, k->all->name);
}

/* --- rows go on --- */

/* `change` has the columns of NAME_all and, behind them, the mask. */
static int go_on(struct check *k, const struct change *change, int64_t mask)
{
    bool passes = (mask & k->rejecting) == 0;
    struct change made = *change;
    int result = 0;
    if (passes) result = made.sign > 0 ? output_row(&k->output, &made) : output_row_erase(&k->output, made.id);
    for (int i = 0; i < k->base.child_count && result == 0; i++) {
        struct operator_child *child = &k->base.children[i];
        bool violations = child->operator->table->violations && child->operator->table->rules == k->base.table->rules;
        made.input = child->input;
        if (violations ? mask != 0 : passes) result = operator_process(child->operator, & made);
    }
    return result;
}

static int taken_on(struct check *k, sqlite3_stmt *s, int sign, int64_t id, int64_t mask)
{
    struct change change = {.sign = sign, .values = k->row, .id = id};
    output_row_read(k->base.context, s, 1, k->all, k->row, &change.order);
    k->row[k->all->column_count] = (struct value){.type = VALUE_INTEGER, .i = mask};
    return go_on(k, &change, mask);
}

/* --- live: changes are noted --- */

static struct noted *noted_at(struct check *k, int64_t id, bool *added)
{
    struct fingerprint_entry *entry = fingerprint_map_at(&k->ids, (struct fingerprint){1, (uint64_t)id}, added);
    if (*added) {
        struct noted new = {.id = id, .before = -1};
        buf_append(&k->noted, &new, sizeof new);
        entry->value = (int64_t)(k->noted.n / sizeof new);
    }
    return (struct noted *)(void *)k->noted.p + (entry->value - 1);
}

static void row_comes(struct check *k, int64_t id)
{
    bool added;
    noted_at(k, id, &added)->gone = false;
}

static int row_goes(struct check *k, const struct change *change)
{
    int64_t mask = 0;
    if (fingerprint_map_has(&k->ids, (struct fingerprint){1, (uint64_t)change->id})) {
        bool added;
        struct noted *n = noted_at(k, change->id, &added);
        bool came = !n->gone;
        n->gone = true;
        if (came) return 0; /* and went: nobody knows of it */
    }
    for (int i = 0; i < k->among_count; i++) among_touch_key(&k->among[i], change->values);
    int result = mask_read(k, change->id, &mask);
    if (result == 0) result = mask_write(k, k->erase, change->id, mask);
    if (result < 0) return result;
    struct change made = *change;
    for (int i = 0; i < k->all->column_count; i++) k->row[i] = change->values[i];
    k->row[k->all->column_count] = (struct value){.type = VALUE_INTEGER, .i = mask};
    made.values = k->row;
    return go_on(k, &made, mask);
}

static int check_process(struct operator* o, const struct change *change)
{
    struct check *k = (struct check *)o;
    if (!o->context->live) return 0; /* all rows are in the database by the time of the flush */
    if (change->input == 0 && change->sign < 0) return row_goes(k, change);
    if (change->input == 0)
        row_comes(k, change->id);
    else
        for (int i = 0; i < k->among_count; i++)
            if (k->among[i].number == change->input - 1) among_touch_parent(&k->among[i], change->values, change->sign);
    return 0;
}

/* --- flush --- */

static size_t noted_count(const struct check *k)
{
    return k->noted.n / sizeof(struct noted);
}

static struct noted *noted_item(const struct check *k, size_t i)
{
    return (struct noted *)(void *)k->noted.p + i;
}

/* The columns of a row of NAME_all; the statement stands on it. */
static int row_find(struct check *k, int64_t id)
{
    sqlite3_bind_int64(k->row_of, 1, id);
    if (sqlite3_step(k->row_of) == SQLITE_ROW) return 0;
    sqlite3_reset(k->row_of);
    return sql_fail(k->base.context->db, k->base.context->error, k->all->name);
}

static int new_row_judge(struct check *k, struct noted *n)
{
    struct order order;
    int result = mask_write(k, k->add, n->id, 0);
    if (result == 0) result = row_find(k, n->id);
    if (result < 0) return result;
    output_row_read(k->base.context, k->row_of, 1, k->all, k->row, &order);
    n->mask = checked_alone(k->base.table->rules, k->row, k->base.context->cycle);
    sqlite3_reset(k->row_of);
    return n->mask ? mask_write(k, k->set, n->id, n->mask) : 0;
}

/* A row that has not changed may be judged otherwise. 1: it is noted already. */
static int row_note(void *context, int64_t id)
{
    struct check *k = context;
    bool added;
    struct noted *n = noted_at(k, id, &added);
    if (!added) return 1;
    int result = mask_read(k, id, &n->before);
    n->mask = n->before;
    return result;
}

static int rule_judge(struct check *k, struct among *a)
{
    int result = 0;
    int64_t bit = INT64_C(1) << a->number;
    for (size_t i = 0; i < noted_count(k) && result == 0; i++)
        if (!noted_item(k, i)->gone) result = among_touch_row(a, noted_item(k, i)->id);
    if (result == 0) result = among_affected(a, row_note, k);
    for (size_t i = 0; i < noted_count(k) && result == 0; i++) {
        struct noted *n = noted_item(k, i);
        bool broken = false;
        if (n->gone) continue;
        result = among_judge(a, n->id, &broken);
        if (result < 0 || broken == !!(n->mask & bit)) continue;
        n->mask ^= bit;
        result = mask_write(k, k->set, n->id, n->mask);
    }
    return result;
}

static int noted_goes_on(struct check *k, const struct noted *n)
{
    if (n->gone || n->mask == n->before) return 0;
    int result = row_find(k, n->id);
    if (result == 0 && n->before >= 0) result = taken_on(k, k->row_of, -1, n->id, n->before);
    if (result == 0) result = taken_on(k, k->row_of, 1, n->id, n->mask);
    sqlite3_reset(k->row_of);
    return result;
}

static void check_forget(struct operator* o)
{
    struct check *k = (struct check *)o;
    fingerprint_map_reset(&k->ids);
    buf_reset(&k->noted);
    for (int i = 0; i < k->among_count; i++) among_forget(&k->among[i]);
}

static int live_flush(struct check *k)
{
    int result = 0;
    for (size_t i = 0; i < noted_count(k) && result == 0; i++)
        if (!noted_item(k, i)->gone) result = new_row_judge(k, noted_item(k, i));
    for (int i = 0; i < k->among_count && result == 0; i++) result = rule_judge(k, &k->among[i]);
    for (size_t i = 0; i < noted_count(k) && result == 0; i++) result = noted_goes_on(k, noted_item(k, i));
    check_forget(&k->base);
    return result;
}

/* Batch: what each row breaks by itself. */
static int alone_judge_all(struct check *k)
{
    const struct operator_context *c = k->base.context;
    struct buf sql = {0};
    sqlite3_stmt *s = NULL;
    struct order order;
    struct arena scratch = {0};
    int code = SQLITE_DONE;
    sql_append(&sql, "SELECT x.rowid");
    recompute_columns(&sql, k->all, "x", false);
    recompute_position(&sql, k->all, "x", false);
    sql_append(&sql, " FROM ");
    recompute_table(&sql, k->all);
    int result = sql_prepare(c->db, &s, c->error, "%s x", buf_cstr(&sql));
    while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW) {
        arena_reset(&scratch);
        output_row_read(c, s, 1, k->all, k->row, &order);
        result =
            mask_write(k, k->add, sqlite3_column_int64(s, 0), checked_alone(k->base.table->rules, k->row, &scratch));
    }
    if (result == 0 && code != SQLITE_DONE) result = sql_fail(c->db, c->error, k->all->name);
    sqlite3_finalize(s);
    arena_release(&scratch);
    buf_release(&sql);
    return result;
}

static int batch_flush(struct check *k)
{
    const struct operator_context *c = k->base.context;
    struct buf sql = {0};
    sqlite3_stmt *s = NULL;
    int result = alone_judge_all(k), code = SQLITE_DONE;
    for (int i = 0; i < k->among_count && result == 0; i++) result = among_judge_all(&k->among[i]);
    rows_append(&sql, k, k->base.table->name);
    if (result == 0) result = sql_prepare(c->db, &s, c->error, "%s", buf_cstr(&sql));
    while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW)
        result = taken_on(k, s, 1, 0, sqlite3_column_int64(s, 0));
    if (result == 0 && code != SQLITE_DONE) result = sql_fail(c->db, c->error, k->all->name);
    sqlite3_finalize(s);
    buf_release(&sql);
    return result ? result : sql_exec(c->db, c->error, "DROP TABLE \"millrace_check_%w\"", k->base.table->name);
}

static int check_flush(struct operator* o)
{
    struct check *k = (struct check *)o;
    return o->context->live ? live_flush(k) : batch_flush(k);
}

static void check_close(struct operator* o)
{
    struct check *k = (struct check *)o;
    output_close(&k->output);
    for (int i = 0; i < k->among_count; i++) among_close(&k->among[i]);
    sqlite3_stmt *all[] = {k->add, k->get, k->set, k->erase, k->row_of};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) sqlite3_finalize(all[i]);
    fingerprint_map_release(&k->ids);
    buf_release(&k->noted);
    free(k->among);
    free(k->row);
    free(k);
}

const struct operator_class operator_check = {check_open, check_process, check_flush, check_forget, check_close,
                                              NULL,       NULL,          NULL,        true};
