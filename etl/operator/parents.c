#include "etl/operator/parents.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "etl/operator/kept_record.h"
#include "etl/operator/key_set.h"
#include "etl/operator/spill.h"
#include "etl/operator/wide_sum.h"
#include "etl/sink/sql.h"
#include "lib/base/memory.h"

enum { OVERFLOW_CACHE_KIB = 1024 };

/* A key of the table, since it was first met in this commit (a batch: since they were last forgotten). */
struct parent {
    struct fingerprint key;
    int64_t rows;
    wide_sum total; /* in the column's own scale */
    bool changed;
};

struct parents {
    struct operator_context *context;
    const struct rule *rule;
    const struct table *table;
    int feed;                   /* whose rows are judged */
    struct key_set keys;        /* batch, fk */
    struct fingerprint_map map; /* to an index in `known`, plus 1 */
    struct buf known;           /* struct parent */
    struct buf room;            /* for a key */
    /* batch, sum_equals: parts of sums while the table is read, then a database without a name that has the sums */
    struct spill spill;
    sqlite3 *overflow;
    sqlite3_stmt *get, *put, *erase;
    sqlite3_stmt *add, *find, *turn, *remove, *of_key;
};

/* --- opening --- */

static int tables_create(struct parents *p, const char *name)
{
    return sql_exec(p->context->db, p->context->error,
                    "CREATE TABLE IF NOT EXISTS \"millrace_parents_%w\"(high INTEGER NOT NULL, low INTEGER NOT NULL, "
                    "rows INTEGER NOT NULL, total INTEGER NOT NULL, total_high INTEGER NOT NULL, PRIMARY KEY(high, "
                    "low)) WITHOUT ROWID;"
                    "CREATE TABLE IF NOT EXISTS \"millrace_children_%w\"(high INTEGER NOT NULL, low INTEGER NOT NULL, "
                    "broken INTEGER NOT NULL, value INTEGER NOT NULL, " KEPT_RECORD_COLUMNS ");"
                    "CREATE INDEX IF NOT EXISTS \"millrace_child_%w\" ON \"millrace_children_%w\""
                    "(high, low, file, byte_offset)",
                    name, name, name, name);
}

static int live_prepare(struct parents *p, const char *name)
{
    struct {
        sqlite3_stmt **statement;
        const char *sql;
    } all[] = {
        {&p->get, "SELECT rows, total, total_high FROM \"millrace_parents_%w\" WHERE high = ?1 AND low = ?2"},
        {&p->put, "INSERT OR REPLACE INTO \"millrace_parents_%w\" VALUES(?1, ?2, ?3, ?4, ?5)"},
        {&p->erase, "DELETE FROM \"millrace_parents_%w\" WHERE high = ?1 AND low = ?2"},
        {&p->add, "INSERT INTO \"millrace_children_%w\"(high, low, broken, value, " KEPT_RECORD_NAMES ") "
                  "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"},
        {&p->find, "SELECT broken FROM \"millrace_children_%w\" WHERE high = ?1 AND low = ?2 AND file = ?3 AND "
                   "byte_offset = ?4"},
        {&p->turn, "UPDATE \"millrace_children_%w\" SET broken = ?5 WHERE high = ?1 AND low = ?2 AND file = ?3 AND "
                   "byte_offset = ?4"},
        {&p->remove, "DELETE FROM \"millrace_children_%w\" WHERE high = ?1 AND low = ?2 AND file = ?3 AND "
                     "byte_offset = ?4"},
        {&p->of_key, "SELECT broken, value, " KEPT_RECORD_NAMES
                     " FROM \"millrace_children_%w\" WHERE high = ?1 AND low = ?2 ORDER BY file, byte_offset"},
    };
    int result = tables_create(p, name);
    for (size_t i = 0; i < sizeof all / sizeof all[0] && result == 0; i++)
        result = sql_prepare(p->context->db, all[i].statement, p->context->error, all[i].sql, name);
    return result;
}

int parents_open(struct operator_context *c, const struct feed *feed, int rule, struct parents **out)
{
    struct parents *p = memory_new(sizeof *p);
    p->context = c;
    p->rule = &feed->rules[rule];
    p->table = &c->definition->tables[p->rule->reference->table];
    p->feed = feed->index;
    *out = p;
    if (!c->live) return 0;
    char *name = sqlite3_mprintf("%s.%s", feed->name, p->rule->name);
    int result = live_prepare(p, name);
    sqlite3_free(name);
    return result;
}

/* Sums are then kept as in a stream, but in a database of their own. */
static int overflow_open(struct parents *p)
{
    struct err_text *error = p->context->error;
    int result = sql_open_temporary(OVERFLOW_CACHE_KIB, &p->overflow, error);
    if (result == 0)
        result =
            sql_exec(p->overflow, error,
                     "CREATE TABLE sums(high INTEGER, low INTEGER, rows INTEGER, total INTEGER, total_high INTEGER, "
                     "PRIMARY KEY(high, low)) WITHOUT ROWID; BEGIN");
    if (result == 0)
        result = sql_prepare(p->overflow, &p->get, error,
                             "SELECT rows, total, total_high FROM sums WHERE high = ?1 AND low = ?2");
    if (result == 0)
        result = sql_prepare(p->overflow, &p->put, error, "INSERT OR REPLACE INTO sums VALUES(?1, ?2, ?3, ?4, ?5)");
    return result;
}

static void overflow_close(struct parents *p)
{
    spill_release(&p->spill);
    if (!p->overflow) return;
    sqlite3_finalize(p->get);
    sqlite3_finalize(p->put);
    p->get = p->put = NULL;
    sqlite3_close(p->overflow);
    p->overflow = NULL;
}

void parents_release(struct parents *p)
{
    overflow_close(p);
    key_set_release(&p->keys);
    fingerprint_map_release(&p->map);
    buf_release(&p->known);
}

void parents_close(struct parents *p)
{
    if (!p) return;
    sqlite3_stmt *all[] = {p->get, p->put, p->erase, p->add, p->find, p->turn, p->remove, p->of_key};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) sqlite3_finalize(all[i]);
    parents_release(p);
    buf_release(&p->room);
    free(p);
}

void parents_measure(const struct parents *p, struct state_size *size)
{
    key_set_measure(&p->keys, size);
    if (!p->overflow) size->keys += p->map.count;
    size->memory_bytes += p->map.size * sizeof *p->map.slots + p->known.capacity;
    if (!p->overflow) return;
    int64_t rows = 0;
    sql_integer(p->overflow, 0, &rows, NULL, "SELECT count(*) FROM sums");
    size->keys += (uint64_t)rows;
    size->spilled_bytes += sql_file_bytes(p->overflow);
}

void parents_forget(struct parents *p)
{
    fingerprint_map_reset(&p->map);
    buf_reset(&p->known);
}

/* --- keys of the table --- */

static void key_bind(sqlite3_stmt *s, struct fingerprint key)
{
    sqlite3_bind_int64(s, 1, (int64_t)key.high);
    sqlite3_bind_int64(s, 2, (int64_t)key.low);
}

/* As two columns: the lower 64 bits, and the upper with the sign. */
static wide_sum total_of(int64_t low, int64_t high)
{
    return (wide_sum)high * ((wide_sum)1 << 64) + (uint64_t)low;
}

static int parent_read(struct parents *p, struct parent *out)
{
    key_bind(p->get, out->key);
    int code = sqlite3_step(p->get);
    if (code == SQLITE_ROW) {
        out->rows = sqlite3_column_int64(p->get, 0);
        out->total = total_of(sqlite3_column_int64(p->get, 1), sqlite3_column_int64(p->get, 2));
    }
    sqlite3_reset(p->get);
    if (code == SQLITE_ROW || code == SQLITE_DONE) return 0;
    return sql_fail(p->overflow ? p->overflow : p->context->db, p->context->error, "keys of a rule's table");
}

/* Valid until the next call. */
static int parent_at(struct parents *p, struct fingerprint key, struct parent **out)
{
    bool added;
    struct fingerprint_entry *entry = fingerprint_map_at(&p->map, key, &added);
    if (added) {
        struct parent new = {.key = key};
        int result = p->get ? parent_read(p, &new) : 0;
        buf_append(&p->known, &new, sizeof new);
        entry->value = (int64_t)(p->known.n / sizeof new);
        if (result < 0) return result;
    }
    *out = (struct parent *)(void *)p->known.p + (entry->value - 1);
    return 0;
}

static int parent_write(struct parents *p, const struct parent *parent)
{
    sqlite3_stmt *s = parent->rows ? p->put : p->erase; /* of a batch there is always a row */
    key_bind(s, parent->key);
    if (parent->rows) {
        sqlite3_bind_int64(s, 3, parent->rows);
        sqlite3_bind_int64(s, 4, (int64_t)(uint64_t)parent->total);
        sqlite3_bind_int64(s, 5, (int64_t)(parent->total >> 64));
    }
    return sql_step(s, p->context->error);
}

/* --- batch: sums that have no room in memory --- */

static bool room_is_full(const struct parents *p)
{
    return !p->context->live && p->known.n > spill_memory_max;
}

/* What is known of the table's keys becomes parts of their sums. */
static int parts_spill(struct parents *p)
{
    const struct parent *known = (const struct parent *)(const void *)p->known.p;
    int result = 0;
    for (size_t i = 0; i < p->known.n / sizeof *known && result == 0; i++)
        if (known[i].changed)
            result =
                spill_add(&p->spill, known[i].key, slice_of(&known[i].total, sizeof known[i].total), p->context->error);
    parents_forget(p);
    return result;
}

struct merging {
    struct parents *p;
    struct parent sum; /* of the parts so far */
};

static int sum_write(struct merging *m)
{
    return m->sum.rows ? parent_write(m->p, &m->sum) : 0;
}

/* The parts of a key come together. */
static int part_take(void *context, struct fingerprint key, struct slice part)
{
    struct merging *m = context;
    wide_sum total;
    memcpy(&total, part.p, sizeof total);
    if (m->sum.rows && fingerprint_equal(m->sum.key, key)) {
        m->sum.total += total;
        return 0;
    }
    int result = sum_write(m);
    m->sum = (struct parent){.key = key, .rows = 1, .total = total};
    return result;
}

/* The table is complete: in the order of the keys their sums are written once. */
static int parts_merge(struct parents *p)
{
    struct merging m = {.p = p};
    int result = parts_spill(p);
    if (result == 0) result = overflow_open(p);
    if (result == 0) result = spill_each(&p->spill, part_take, &m, p->context->error);
    if (result == 0) result = sum_write(&m);
    spill_release(&p->spill);
    return result;
}

static bool sums(const struct parents *p)
{
    return p->rule->reference->of >= 0;
}

static int64_t number_of(const struct value *v)
{
    return v->type == VALUE_NULL ? 0 : v->i;
}

/* False when a column of it is NULL: such a row is nobody's parent. */
static bool key_of(struct parents *p, const struct table_input *in, const struct value *values, struct fingerprint *key)
{
    const struct reference *r = p->rule->reference;
    buf_reset(&p->room);
    for (int i = 0; i < p->rule->column_count; i++) {
        const struct value *v = &values[in->columns[r->columns[i]]];
        if (v->type == VALUE_NULL) return false;
        fingerprint_encode(&p->room, v);
    }
    *key = fingerprint_of(p->room.p, p->room.n);
    return true;
}

static int row_change(struct parents *p, const struct table_input *in, const struct value *values, int sign)
{
    const struct reference *r = p->rule->reference;
    struct fingerprint key;
    bool added;
    if (!key_of(p, in, values, &key)) return 0;
    if (!p->context->live && !sums(p)) return key_set_add(&p->keys, key, &added, p->context->error);
    struct parent *parent;
    int result = room_is_full(p) ? parts_spill(p) : 0;
    if (result == 0) result = parent_at(p, key, &parent);
    if (result != 0) return result;
    parent->rows += sign;
    if (sums(p)) parent->total += (wide_sum)number_of(&values[in->columns[r->of]]) * sign;
    parent->changed = true;
    return 0;
}

int parents_change(struct parents *p, int feed, int bucket, const struct value *values, int sign)
{
    for (int i = 0; i < p->table->input_count; i++) {
        const struct table_input *in = &p->table->inputs[i];
        if (in->feed != feed || in->bucket != bucket) continue;
        if (in->where && !expr_true(in->where, values, p->context->cycle)) return 0;
        return row_change(p, in, values, sign);
    }
    return 0;
}

/* --- judging --- */

static bool breaks(const struct parents *p, const struct parent *parent, int64_t value)
{
    const struct reference *r = p->rule->reference;
    if (!sums(p)) return parent->rows == 0;
    return wide_sum_apart(value, r->value_factor, parent->total, r->of_factor, r->tolerance);
}

int parents_judge(struct parents *p, struct fingerprint key, const struct value *value, bool *broken)
{
    if (!p->context->live && !sums(p)) {
        *broken = !key_set_has(&p->keys, key);
        return 0;
    }
    struct parent *parent;
    int result = p->spill.store || (room_is_full(p) && !p->overflow) ? parts_merge(p) : 0;
    if (room_is_full(p)) parents_forget(p);
    if (result == 0) result = parent_at(p, key, &parent);
    if (result == 0) *broken = breaks(p, parent, sums(p) ? number_of(value) : 0);
    return result;
}

/* --- children --- */

static void position_bind(sqlite3_stmt *s, struct fingerprint key, const struct position *at)
{
    key_bind(s, key);
    sql_bind_slice(s, 3, at->file);
    sqlite3_bind_int64(s, 4, (int64_t)at->byte_offset);
}

int parents_child_add(struct parents *p, struct fingerprint key, const struct value *value, bool broken,
                      const struct record *record)
{
    key_bind(p->add, key);
    sqlite3_bind_int(p->add, 3, broken);
    sqlite3_bind_int64(p->add, 4, sums(p) ? number_of(value) : 0);
    kept_record_bind(p->add, 5, record);
    return sql_step(p->add, p->context->error);
}

int parents_child_find(struct parents *p, struct fingerprint key, const struct position *at, bool *broken)
{
    position_bind(p->find, key, at);
    int code = sqlite3_step(p->find);
    if (code == SQLITE_ROW) *broken = sqlite3_column_int(p->find, 0);
    sqlite3_reset(p->find);
    if (code == SQLITE_ROW || code == SQLITE_DONE) return code == SQLITE_ROW;
    return sql_fail(p->context->db, p->context->error, "rows of a rule");
}

static int position_step(struct parents *p, sqlite3_stmt *s, struct fingerprint key, const struct position *at)
{
    position_bind(s, key, at);
    int result = sql_step(s, p->context->error);
    assert(result < 0 || sqlite3_changes(p->context->db) == 1); /* only what is there is changed */
    return result;
}

int parents_child_turn(struct parents *p, struct fingerprint key, const struct position *at, bool broken)
{
    sqlite3_bind_int(p->turn, 5, broken);
    return position_step(p, p->turn, key, at);
}

int parents_child_remove(struct parents *p, struct fingerprint key, const struct position *at)
{
    return position_step(p, p->remove, key, at);
}

/* --- at the end of a commit --- */

static int children_find(struct parents *p, const struct parent *parent, struct arena *arena, struct buf *out)
{
    sqlite3_stmt *s = p->of_key;
    int code;
    key_bind(s, parent->key);
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        bool broken = sqlite3_column_int(s, 0);
        if (broken == breaks(p, parent, sqlite3_column_int64(s, 1))) continue;
        struct record record;
        kept_record_read(s, 2, p->feed, arena, &record);
        buf_append(out, &record, sizeof record);
    }
    sqlite3_reset(s);
    return code == SQLITE_DONE ? 0 : sql_fail(p->context->db, p->context->error, "rows of a rule");
}

int parents_misjudged(struct parents *p, struct arena *arena, struct buf *out)
{
    int result = 0;
    for (size_t i = 0; i < p->known.n / sizeof(struct parent) && result == 0; i++) {
        const struct parent *parent = (const struct parent *)(const void *)p->known.p + i;
        if (!parent->changed) continue;
        result = parent_write(p, parent);
        if (result == 0) result = children_find(p, parent, arena, out);
    }
    return result;
}
