/* history: the versions of each key: slowly changing dimensions of type 2.
 *
 *     {"name": "customer_history", "scd": "customer_changes", "type": 2, "by": ["customer_id"], "time": "at",
 *      "track": ["city", "segment"]}
 *
 *     rows of a key, by time     city      a version begins where a tracked column differs
 *     at 10:00                   Roma      valid_from 10:00, valid_to 12:00, current 0
 *     at 11:00                   Roma      -
 *     at 12:00                   Bari      valid_from 12:00, valid_to NULL,  current 1
 *
 * Of rows at one time only the last counts (by position, then all columns), so valid_from is unique within a key.
 * A unit (recompute.h) is a key; a batch does all keys in one pass. */
#include <stdlib.h>

#include "etl/operator/recompute.h"
#include "etl/sink/sql.h"
#include "lib/base/memory.h"

static const char *name_of(const struct table *t, int column)
{
    return t->columns[column].name;
}

static void keys_append(struct buf *sql, const struct table *parent, const struct history *h)
{
    for (int i = 0; i < h->key_count; i++) sql_append(sql, "\"%w\", ", name_of(parent, h->keys[i]));
}

/* (the last of each time) -> (where a tracked column differs) -> (from one to the next). */
static void versions_append(struct buf *sql, const struct operator_context *c, const struct table *t, bool one)
{
    const struct table *parent = &c->definition->tables[t->parent];
    const struct history *h = t->history;
    const char *time = name_of(parent, h->time);
    struct buf columns = {0}, ties = {0}, keys = {0}, key_order = {0};
    recompute_columns(&columns, parent, "", false);
    recompute_position(&ties, parent, "", true);
    recompute_columns(&ties, parent, "", true);
    keys_append(&keys, parent, h);
    sql_append(&key_order, "(PARTITION BY %.*s ORDER BY \"%w\")", (int)keys.n - 2, buf_cstr(&keys), time);

    sql_append(sql, "SELECT %s, \"%w\", lead(\"%w\") OVER w, lead(\"%w\") OVER w IS NULL", buf_cstr(&columns) + 2, time,
               time, time);
    recompute_position(sql, parent, "", false);
    sql_append(sql, " FROM (SELECT *, row_number() OVER w = 1");
    for (int i = 0; i < h->tracked_count; i++)
        sql_append(sql, " OR \"%w\" IS NOT lag(\"%w\") OVER w", name_of(parent, h->tracked[i]),
                   name_of(parent, h->tracked[i]));
    sql_append(sql, " AS \"millrace begins\" FROM (SELECT *, row_number() OVER (PARTITION BY %s\"%w\" ORDER BY %s)",
               buf_cstr(&keys), time, buf_cstr(&ties) + 2);
    sql_append(sql, " AS \"millrace number\" FROM ");
    recompute_table(sql, parent);
    sql_append(sql, " WHERE \"%w\" IS NOT NULL", time);
    for (int i = 0; one && i < h->key_count; i++)
        sql_append(sql, " AND \"%w\" IS ?%d", name_of(parent, h->keys[i]), i + 1);
    sql_append(sql, ") WHERE \"millrace number\" = 1 WINDOW w AS %s)", buf_cstr(&key_order));
    sql_append(sql, " WHERE \"millrace begins\" WINDOW w AS %s", buf_cstr(&key_order));
    buf_release(&columns);
    buf_release(&ties);
    buf_release(&keys);
    buf_release(&key_order);
}

static int history_open(struct operator_context *c, const struct table *t, struct operator** out)
{
    struct recompute *r = memory_new(sizeof *r);
    *out = &r->base;
    const struct table *parent = &c->definition->tables[t->parent];
    struct recompute_plan plan = {.index_count = 1, .indexes = {{.table = parent, .live = true}}};
    versions_append(&plan.all, c, t, false);
    versions_append(&plan.one, c, t, true);
    keys_append(&plan.indexes[0].columns, parent, t->history);
    sql_append(&plan.indexes[0].columns, "\"%w\"", name_of(parent, t->history->time));
    return recompute_open(r, c, t, &plan);
}

static int history_process(struct operator* o, const struct change *change)
{
    const struct history *h = o->table->history;
    if (o->context->live) recompute_mark_key((struct recompute *)o, change->values, h->keys, h->key_count);
    return 0;
}

static int history_flush(struct operator* o)
{
    return recompute_flush((struct recompute *)o);
}

static void history_forget(struct operator* o)
{
    recompute_forget((struct recompute *)o);
}

static void history_close(struct operator* o)
{
    recompute_close((struct recompute *)o);
    free(o);
}

const struct operator_class operator_history = {
    history_open, history_process, history_flush, history_forget, history_close, NULL, NULL, NULL, true};
