#include "etl/sink/output.h"

#include <stdlib.h>
#include <string.h>

#include "etl/sink/sql.h"
#include "etl/sink/value.h"
#include "lib/base/memory.h"

static void placeholders_append(struct buf *sql, int count)
{
    for (int i = 0; i < count; i++) buf_append_str(sql, i ? ", ?" : "?");
}

/* What stands after the columns: the position of the row, if it is one of a source. */
static const char *position_columns(const struct table *t)
{
    return !t->origin ? "" : table_has_source(t) ? ", _source, _file, _byte_offset" : ", _file, _byte_offset";
}

static bool has_state(const struct table *t)
{
    return t->kind == TABLE_AGGREGATE || t->kind == TABLE_SESSIONS;
}

static int row_columns(const struct table *t)
{
    return t->column_count + (t->origin ? 2 + table_has_source(t) : 0);
}

/* Live, a row may come with its rowid. */
static void names_append(const struct output *o, struct buf *names)
{
    const struct table *t = o->table;
    if (o->context->live) buf_append_str(names, "rowid");
    for (int i = 0; i < t->column_count; i++) sql_append(names, "%s\"%w\"", names->n ? ", " : "", t->columns[i].name);
    buf_append_str(names, position_columns(t));
}

/* Only the groups' rows are replaced. */
static int put_prepare(struct output *o)
{
    const struct table *t = o->table;
    bool live = o->context->live;
    struct buf names = {0}, marks = {0};
    names_append(o, &names);
    placeholders_append(&marks, live + row_columns(t));
    int result = sql_prepare(o->context->db, &o->put, o->context->error, "INSERT %s INTO \"%w\"(%s) VALUES(%s)",
                             live && has_state(t) ? "OR REPLACE" : "", t->name, buf_cstr(&names), buf_cstr(&marks));
    buf_release(&names);
    buf_release(&marks);
    return result;
}

static int state_step(struct output *o, sqlite3_stmt *s, int64_t id, struct fingerprint group)
{
    uint8_t k[16];
    fingerprint_put(group, k);
    sqlite3_bind_int64(s, 1, id);
    sqlite3_bind_blob(s, 2, k, sizeof k, SQLITE_STATIC);
    return sql_step(s, o->context->error);
}

/* One statement for both would write the index on k again. A group that went and came again has another row, and its
 * former row may be another group's now. */
static int state_put(struct output *o, int64_t id, struct fingerprint group, struct slice state)
{
    sqlite3_bind_blob(o->state_change, 3, state.p, (int)state.n, SQLITE_STATIC);
    int result = state_step(o, o->state_change, id, group);
    if (result < 0 || sqlite3_changes(o->context->db) > 0) return result;
    if (o->recent) result = state_step(o, o->state_others, id, group);
    sqlite3_bind_blob(o->state_put, 3, state.p, (int)state.n, SQLITE_STATIC);
    return result == 0 ? state_step(o, o->state_put, id, group) : result;
}

/* --- of a group, behind recent.h: its id (8 bytes), then the state --- */

static int recent_put_state(void *object, struct fingerprint group, struct slice value)
{
    struct output *o = object;
    return state_put(o, (int64_t)get_u64be(value.p), group, slice_of(value.p + 8, value.n - 8));
}

static int recent_erase_state(void *object, struct fingerprint group)
{
    struct output *o = object;
    return state_step(o, o->state_others, 0, group);
}

static void recent_prepare(struct output *o)
{
    static const struct recent_base base = {recent_put_state, recent_erase_state};
    struct buf name = {0};
    sql_append(&name, "millrace_state_%s", o->table->name);
    o->recent = recent_open(o->context->recents, buf_cstr(&name), &base, o);
    buf_release(&name);
}

static int states_prepare(struct output *o)
{
    struct {
        sqlite3_stmt **statement;
        const char *sql;
    } all[] = {
        {&o->state_get, "SELECT id, state FROM \"millrace_state_%w\" WHERE k = ?1"},
        {&o->state_put, "INSERT OR REPLACE INTO \"millrace_state_%w\"(id, k, state) VALUES(?1, ?2, ?3)"},
        {&o->state_change, "UPDATE \"millrace_state_%w\" SET state = ?3 WHERE id = ?1 AND k = ?2"},
        {&o->state_erase, "DELETE FROM \"millrace_state_%w\" WHERE id = ?1"},
        {&o->state_others, "DELETE FROM \"millrace_state_%w\" WHERE k = ?2 AND id <> ?1"},
    };
    sqlite3 *db = o->context->db;
    const char *name = o->table->name;
    int result = sql_exec(db, o->context->error,
                          "CREATE TABLE IF NOT EXISTS \"millrace_state_%w\"(id INTEGER PRIMARY KEY, k BLOB NOT NULL, "
                          "state BLOB NOT NULL);"
                          "CREATE INDEX IF NOT EXISTS \"millrace_group_%w\" ON \"millrace_state_%w\"(k)",
                          name, name, name);
    for (size_t i = 0; i < sizeof all / sizeof all[0] && result == 0; i++)
        result = sql_prepare(db, all[i].statement, o->context->error, all[i].sql, name);
    if (result == 0 && o->context->recents && o->table->kind == TABLE_AGGREGATE) recent_prepare(o);
    return result;
}

static int live_prepare(struct output *o)
{
    sqlite3 *db = o->context->db;
    struct err_text *error = o->context->error;
    const char *name = o->table->name;
    int result = sql_prepare(db, &o->erase, error, "DELETE FROM \"%w\" WHERE rowid = ?1", name);
    if (result == 0 && o->table->kind == TABLE_STORE)
        result = sql_prepare(db, &o->find, error, "SELECT rowid FROM \"%w\" WHERE _byte_offset = ?1 AND _file = ?2%s",
                             name, table_has_source(o->table) ? " AND _source = ?3" : "");
    return result == 0 && has_state(o->table) ? states_prepare(o) : result;
}

void output_close(struct output *o)
{
    bulk_close(o->bulk);
    pending_close(&o->context->pendings, o->pending);
    recent_close(o->recent);
    buf_release(&o->state);
    sqlite3_finalize(o->put);
    sqlite3_finalize(o->erase);
    sqlite3_finalize(o->find);
    sqlite3_finalize(o->state_get);
    sqlite3_finalize(o->state_put);
    sqlite3_finalize(o->state_change);
    sqlite3_finalize(o->state_erase);
    sqlite3_finalize(o->state_others);
    sqlite3_finalize(o->parent_rows);
    free(o->rooms);
}

static struct slice source_name(const struct output *o, const struct order *order)
{
    return slice_str(definition_ranked(o->context->definition, order->source)->name);
}

/* Binds an id, if this kind of pipeline has ids, and the columns; returns the number of the next parameter. */
static int row_bind(struct output *o, int64_t id, const struct value *values)
{
    int at = 1;
    if (o->context->live) {
        if (id)
            sqlite3_bind_int64(o->put, at++, id);
        else
            sqlite3_bind_null(o->put, at++);
    }
    for (int i = 0; i < o->table->column_count; i++) value_bind(o->put, at++, &values[i], &o->rooms[i]);
    return at;
}

static int row_write(struct output *o, int64_t id, const struct value *values, const struct order *order,
                     struct err_text *error)
{
    int at = row_bind(o, id, values);
    if (table_has_source(o->table)) sql_bind_slice(o->put, at++, source_name(o, order));
    if (o->table->origin) {
        sql_bind_slice(o->put, at++, order->file);
        sqlite3_bind_int64(o->put, at, (int64_t)order->byte_offset);
    }
    return sql_step(o->put, error);
}

/* What a row needs on its way to the other thread; its texts stand behind it. */
struct row_room {
    struct order order;
    struct value values[];
};

static void room_column(void *object, const void *room, int column, sqlite3_context *out)
{
    struct output *o = object;
    const struct row_room *row = room;
    int position = column - o->table->column_count - table_has_source(o->table);
    if (column < o->table->column_count)
        value_result(out, &row->values[column], &o->rooms[column]);
    else if (position == 1)
        sqlite3_result_int64(out, (int64_t)row->order.byte_offset);
    else
        sql_result_slice(out, position ? source_name(o, &row->order) : row->order.file);
}

static int rooms_write(void *object, const void *first, struct err_text *error)
{
    struct output *o = object;
    return bulk_write(o->bulk, first, error);
}

static int bulk_prepare(struct output *o)
{
    static const struct bulk_rows rows = {deferred_next, room_column};
    const struct table *t = o->table;
    struct buf names = {0}, insert = {0};
    names_append(o, &names);
    sql_append(&insert, "INSERT OR FAIL INTO \"%w\"(%s)", t->name, buf_cstr(&names));
    o->target = (struct deferred_target){.write = rooms_write, .object = o};
    int result =
        bulk_open(o->context->db, t->name, buf_cstr(&insert), row_columns(t), &rows, o, &o->bulk, o->context->error);
    buf_release(&names);
    buf_release(&insert);
    return result;
}

static size_t text_bytes(const struct value *v)
{
    return v->type == VALUE_TEXT ? v->text.n : 0;
}

static int row_defer(struct output *o, const struct change *change)
{
    struct deferred *d = o->context->deferred;
    size_t count = (size_t)o->table->column_count;
    size_t fixed = sizeof(struct row_room) + count * sizeof *change->values, texts = change->order.file.n;
    for (size_t i = 0; i < count; i++) texts += text_bytes(&change->values[i]);
    struct row_room *row = deferred_room(d, fixed + texts);
    uint8_t *end = (uint8_t *)row + fixed;
    row->order = change->order;
    row->order.file = deferred_text(&end, change->order.file);
    for (size_t i = 0; i < count; i++) {
        row->values[i] = change->values[i];
        if (text_bytes(&change->values[i])) row->values[i].text = deferred_text(&end, change->values[i].text);
    }
    return deferred_put(d, &o->target, o->context->error);
}

/* Live: rows that nobody looks for before the flush. */
static int pending_prepare(struct output *o)
{
    const struct table *t = o->table;
    struct operator_context *c = o->context;
    if (t->kind != TABLE_STORE && t->kind != TABLE_SELECT) return 0;
    struct buf name = {0}, names = {0}, into = {0};
    sql_append(&name, "table.%s", t->name);
    names_append(o, &names);
    sql_append(&into, "\"%w\"(%s)", t->name, buf_cstr(&names));
    int result =
        pending_open(&c->pendings, c->db, buf_cstr(&name), buf_cstr(&into), 1 + row_columns(t), &o->pending, c->error);
    buf_release(&name);
    buf_release(&names);
    buf_release(&into);
    return result;
}

int output_open(struct output *o, struct operator_context *c, const struct table *t)
{
    *o = (struct output){.context = c, .table = t};
    o->rooms = memory_new(((size_t)t->column_count + 1) * sizeof *o->rooms);
    int result = put_prepare(o);
    if (result < 0) return result;
    if (!c->live) return bulk_prepare(o);
    result = live_prepare(o);
    return result == 0 ? pending_prepare(o) : result;
}

static int row_wait(struct output *o, const struct change *change)
{
    struct pending *p = o->pending;
    const struct order *order = &change->order;
    pending_integer(p, change->id);
    for (int i = 0; i < o->table->column_count; i++) pending_value(p, &change->values[i]);
    if (table_has_source(o->table)) pending_text(p, source_name(o, order));
    if (o->table->origin) {
        pending_text(p, order->file);
        pending_integer(p, (int64_t)order->byte_offset);
    }
    return pending_row_end(p, o->context->error);
}

/* The rows that wait are in the table. */
static int settle(struct output *o)
{
    return o->pending ? pending_write(o->pending, o->context->error) : 0;
}

int output_row(struct output *o, struct change *change)
{
    if (o->context->deferred) {
        change->id = ++o->deferred; /* its rowid, in a table that begins empty */
        return row_defer(o, change);
    }
    if (o->pending && change->id) return row_wait(o, change);
    int result = settle(o); /* whose rowids the next row must not get */
    if (result < 0) return result;
    result = row_write(o, change->id, change->values, &change->order, o->context->error);
    change->id = sqlite3_last_insert_rowid(o->context->db);
    return result;
}

int output_row_erase(struct output *o, int64_t id)
{
    int result = settle(o);
    if (result < 0) return result;
    sqlite3_bind_int64(o->erase, 1, id);
    return sql_step(o->erase, o->context->error);
}

void output_row_read(const struct operator_context *c, sqlite3_stmt *s, int first, const struct table *t,
                     struct value *values, struct order *order)
{
    int n = first + t->column_count;
    for (int i = 0; i < t->column_count; i++) values[i] = value_column(s, first + i, t->columns[i].type);
    *order = (struct order){.time = order_time(t, values)};
    if (!t->origin) return;
    int feed = t->origin->inputs[0].feed;
    if (table_has_source(t)) feed = definition_feed(c->definition, sql_column_slice(s, n++));
    if (feed >= 0) order->source = c->definition->feeds[feed].rank;
    order->file = sql_column_slice(s, n);
    order->byte_offset = (uint64_t)sqlite3_column_int64(s, n + 1);
}

static int row_find(struct output *o, struct change *change)
{
    sqlite3_bind_int64(o->find, 1, (int64_t)change->order.byte_offset);
    sql_bind_slice(o->find, 2, change->order.file);
    if (table_has_source(o->table)) sql_bind_slice(o->find, 3, source_name(o, &change->order));
    int code = sqlite3_step(o->find);
    change->id = code == SQLITE_ROW ? sqlite3_column_int64(o->find, 0) : 0;
    sqlite3_reset(o->find);
    if (code == SQLITE_ROW || code == SQLITE_DONE) return 0;
    return sql_fail(o->context->db, o->context->error, o->table->name);
}

int output_take_back(struct output *o, struct change *change)
{
    int result = settle(o);
    if (result == 0 && !change->id) result = row_find(o, change);
    return result < 0 ? result : output_row_erase(o, change->id);
}

static int state_write(struct output *o, int64_t id, struct fingerprint group, struct slice state)
{
    if (!o->recent) return state_put(o, id, group, state);
    buf_reset(&o->state);
    buf_put_u64(&o->state, (uint64_t)id);
    buf_append_slice(&o->state, state);
    return recent_put(o->recent, group, buf_slice(&o->state));
}

int output_write(struct output *o, int64_t *id, const struct value *values, struct fingerprint group,
                 struct slice state)
{
    if (o->context->deferred) {
        *id = ++o->deferred;
        return row_defer(o, &(struct change){.values = values});
    }
    row_bind(o, *id, values);
    int result = sql_step(o->put, o->context->error);
    if (result < 0) return result;
    if (*id == 0) *id = sqlite3_last_insert_rowid(o->context->db);
    return o->context->live ? state_write(o, *id, group, state) : 0;
}

int output_erase(struct output *o, int64_t id)
{
    int result = output_row_erase(o, id);
    if (result < 0) return result;
    sqlite3_bind_int64(o->state_erase, 1, id);
    return sql_step(o->state_erase, o->context->error);
}

int output_group_erase(struct output *o, int64_t id, struct fingerprint group)
{
    if (!o->recent) return output_erase(o, id);
    int result = output_row_erase(o, id);
    return result == 0 ? recent_put(o->recent, group, (struct slice){0}) : result;
}

static int state_damaged(const struct output *o)
{
    return err_set(o->context->error, ERR_CORRUPT, "%s: millrace_state_%s: a state is damaged",
                   sqlite3_db_filename(o->context->db, "main"), o->table->name);
}

int output_states(struct output *o, struct fingerprint group,
                  bool (*each)(void *context, int64_t id, struct slice state), void *context)
{
    struct slice value;
    int known = o->recent ? recent_get(o->recent, group, &value) : 0;
    if (known < 0 || (known && value.n == 0)) return known < 0 ? known : 0;
    if (known)
        return each(context, (int64_t)get_u64be(value.p), slice_of(value.p + 8, value.n - 8)) ? 0 : state_damaged(o);
    uint8_t k[16];
    fingerprint_put(group, k);
    sqlite3_bind_blob(o->state_get, 1, k, sizeof k, SQLITE_STATIC);
    int result = 0, code;
    while ((code = sqlite3_step(o->state_get)) == SQLITE_ROW && result == 0) {
        struct slice state = {sqlite3_column_blob(o->state_get, 1), (size_t)sqlite3_column_bytes(o->state_get, 1)};
        if (!each(context, sqlite3_column_int64(o->state_get, 0), state)) result = state_damaged(o);
    }
    if (result == 0 && code != SQLITE_DONE) result = sql_fail(o->context->db, o->context->error, o->table->name);
    sqlite3_reset(o->state_get);
    return result;
}

/* --- the rows of a group, from the stored parent --- */

/* The rows of the parent that have the column's value: for the start of a window those from then on, for its end
 * those before. Appends the name to the list of indexed columns, unless it is there already. */
static void by_condition(const struct output *o, const struct table *parent, int column, struct buf *index,
                         struct buf *where)
{
    int input = o->table->columns[column].input, start = parent->column_count;
    const char *name = parent->columns[input < start ? input : o->table->window->time].name;
    const char *comparison = input < start ? "IS" : input == start ? ">=" : "<";
    sql_append(where, "%s\"%w\" %s ?%d", column ? " AND " : "WHERE ", name, comparison, column + 1);
    if (input <= start) sql_append(index, "%s\"%w\"", column ? ", " : "", name);
}

/* Only a stream that took back an extreme comes here, which is rare: so the index that it needs is
 * made then, not before. */
static int parent_rows_prepare(struct output *o, const struct table *parent)
{
    const struct table *t = o->table;
    struct buf columns = {0}, by = {0}, where = {0};
    for (int i = 0; i < parent->column_count; i++)
        sql_append(&columns, "%s\"%w\"", i ? ", " : "", parent->columns[i].name);
    buf_append_str(&columns, position_columns(parent));
    for (int i = 0; i < t->by_count; i++) by_condition(o, parent, i, &by, &where);
    int result = 0;
    if (t->by_count > 0)
        result =
            sql_exec(o->context->db, o->context->error, "CREATE INDEX IF NOT EXISTS \"millrace_by_%w\" ON \"%w\"(%s)",
                     t->name, parent->name, buf_cstr(&by));
    if (result == 0)
        result = sql_prepare(o->context->db, &o->parent_rows, o->context->error, "SELECT %s FROM \"%w\" %s",
                             buf_cstr(&columns), parent->name, buf_cstr(&where));
    buf_release(&columns);
    buf_release(&by);
    buf_release(&where);
    return result;
}

int output_parent_rows(struct output *o, const struct value *by, int (*each)(void *context, const struct change *row),
                       void *context)
{
    const struct table *parent = &o->context->definition->tables[o->table->parent];
    int result = o->parent_rows ? 0 : parent_rows_prepare(o, parent);
    if (result < 0) return result;
    for (int i = 0; i < o->table->by_count; i++) value_bind(o->parent_rows, i + 1, &by[i], &o->rooms[i]);
    struct value *values = memory_new((size_t)parent->column_count * sizeof *values);
    int code = SQLITE_DONE;
    while (result == 0 && (code = sqlite3_step(o->parent_rows)) == SQLITE_ROW) {
        struct change row = {.sign = 1, .values = values};
        output_row_read(o->context, o->parent_rows, 0, parent, values, &row.order);
        result = each(context, &row);
    }
    if (result == 0 && code != SQLITE_DONE) result = sql_fail(o->context->db, o->context->error, parent->name);
    sqlite3_reset(o->parent_rows);
    free(values);
    return result;
}
