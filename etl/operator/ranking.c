/* ranking: the first rows of each key in an order: top_n, dedupe, slowly changing dimensions of type 1.
 *
 *     {"name": "best", "top_n": "sales_by_article", "by": ["country"], "order": ["revenue desc"], "n": 10}
 *     {"name": "events", "dedupe": "raw_events", "by": ["event_id"], "keep": "first"}
 *     {"name": "customers", "scd": "customer_changes", "type": 1, "by": ["customer_id"]}
 *
 * A unit (recompute.h) is a key. Live, an index on the key and the order gives its first rows without reading the
 * others; a batch numbers the rows of all keys in one pass. */
#include <stdlib.h>

#include "etl/operator/recompute.h"
#include "etl/sink/sql.h"
#include "lib/base/memory.h"

/* `, column DESC, ...`: the order, then what settles ties. */
static void order_append(struct buf *sql, const struct table *parent, const struct ranking *k)
{
    for (int i = 0; i < k->order_count; i++)
        sql_append(sql, ", \"%w\"%s", parent->columns[k->order[i].column].name, k->order[i].descending ? " DESC" : "");
    recompute_position(sql, parent, "", k->ties_descending);
    recompute_columns(sql, parent, "", k->ties_descending);
}

static void keys_append(struct buf *sql, const struct table *parent, const struct ranking *k, const char *format)
{
    for (int i = 0; i < k->key_count; i++) sql_append(sql, format, i ? ", " : "", parent->columns[k->keys[i]].name);
}

/* The parent's rows as they go into the table, but for the rank. */
static void row_append(struct buf *sql, const struct table *parent, const struct ranking *k, const char *rank)
{
    struct buf columns = {0};
    recompute_columns(&columns, parent, "", false);
    if (k->ranked) sql_append(&columns, ", %s", rank);
    recompute_position(&columns, parent, "", false);
    sql_append(sql, "SELECT %s", buf_cstr(&columns) + 2);
    buf_release(&columns);
}

/* No column can have a name with a blank. */
#define RANK "\"millrace rank\""

static void all_make(struct buf *sql, const struct table *parent, const struct ranking *k, const char *order)
{
    row_append(sql, parent, k, RANK);
    sql_append(sql, " FROM (SELECT *, row_number() OVER (");
    if (k->key_count) sql_append(sql, "PARTITION BY ");
    keys_append(sql, parent, k, "%s\"%w\"");
    sql_append(sql, " ORDER BY %s) AS " RANK " FROM ", order);
    recompute_table(sql, parent);
    sql_append(sql, ") WHERE " RANK " <= %lld", (long long)k->n);
}

static void one_make(struct buf *sql, const struct table *parent, const struct ranking *k, const char *order)
{
    struct buf rank = {0};
    sql_append(&rank, "row_number() OVER (ORDER BY %s)", order);
    row_append(sql, parent, k, buf_cstr(&rank));
    sql_append(sql, " FROM (SELECT * FROM ");
    recompute_table(sql, parent);
    for (int i = 0; i < k->key_count; i++)
        sql_append(sql, " %s \"%w\" IS ?%d", i ? "AND" : "WHERE", parent->columns[k->keys[i]].name, i + 1);
    sql_append(sql, " ORDER BY %s LIMIT %lld)", order, (long long)k->n);
    buf_release(&rank);
}

static void plan_make(const struct operator_context *c, const struct table *t, struct recompute_plan *plan)
{
    const struct table *parent = &c->definition->tables[t->parent];
    const struct ranking *k = t->ranking;
    struct buf order = {0};
    order_append(&order, parent, k);
    *plan = (struct recompute_plan){.index_count = k->key_count + k->order_count > 0};
    all_make(&plan->all, parent, k, buf_cstr(&order) + 2);
    one_make(&plan->one, parent, k, buf_cstr(&order) + 2);
    buf_release(&order);
    plan->indexes[0] = (struct recompute_index){.table = parent, .live = true};
    struct buf *index = &plan->indexes[0].columns;
    keys_append(index, parent, k, "%s\"%w\"");
    for (int i = 0; i < k->order_count; i++)
        sql_append(index, "%s\"%w\"%s", index->n ? ", " : "", parent->columns[k->order[i].column].name,
                   k->order[i].descending ? " DESC" : "");
}

static int ranking_open(struct operator_context *c, const struct table *t, struct operator** out)
{
    struct recompute *r = memory_new(sizeof *r);
    struct recompute_plan plan;
    *out = &r->base;
    plan_make(c, t, &plan);
    return recompute_open(r, c, t, &plan);
}

static int ranking_process(struct operator* o, const struct change *change)
{
    const struct ranking *k = o->table->ranking;
    if (o->context->live) recompute_mark_key((struct recompute *)o, change->values, k->keys, k->key_count);
    return 0;
}

static int ranking_flush(struct operator* o)
{
    return recompute_flush((struct recompute *)o);
}

static void ranking_forget(struct operator* o)
{
    recompute_forget((struct recompute *)o);
}

static void ranking_close(struct operator* o)
{
    recompute_close((struct recompute *)o);
    free(o);
}

const struct operator_class operator_ranking = {
    ranking_open, ranking_process, ranking_flush, ranking_forget, ranking_close, NULL, NULL, NULL, true};
