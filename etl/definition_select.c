/* select: rows of an earlier table, filtered, projected, renamed, computed. */
#include "etl/definition_tables.h"

static void computed_enter(struct node n, struct table *t, const struct input *in, const char *name)
{
    struct expr_scope scope = input_scope(in);
    struct expr *e = expr_text_read(n, node_text(n, NULL), &scope);
    if (e && expr_type(e) == VALUE_NULL) node_fail(n, "is always null: its type cannot be known");
    if (e)
        column_enter(
            n, t,
            (struct table_column){.name = name, .type = expr_type(e), .scale = expr_scale(e), .input = -1, .expr = e});
    if (n.doc->failed) expr_release(e);
}

/* "name", {"name": N, "column": C} or {"name": N, "expr": E}. */
static void select_column_read(struct node n, struct table *t, const struct input *in)
{
    static const char *const keys[] = {"name", "column", "expr", NULL};
    if (json_is_string(n.json)) {
        const char *name = node_text(n, NULL);
        int input = input_find(n, in, name);
        if (!n.doc->failed) copy_enter(n, t, in, name, input);
        return;
    }
    node_keys(n, keys);
    struct node column = node_member(n, "column"), expr = node_member(n, "expr");
    const char *name = node_name(node_required(n, "name"));
    if (!column.json == !expr.json) node_fail(n, "needs one of \"column\" and \"expr\"");
    if (n.doc->failed) return;
    if (expr.json) {
        computed_enter(expr, t, in, name);
        return;
    }
    int input = input_find(column, in, node_text(column, NULL));
    if (!n.doc->failed) copy_enter(n, t, in, name, input);
}

/* The event time: the column that is named, or the copy of the parent's. */
static int select_time(struct node n, const struct table *t, const struct input *in, struct arena *arena)
{
    if (node_present(n)) {
        struct input own = input_table(t, arena, 0);
        return input_time_find(n, &own);
    }
    for (int i = 0; i < t->column_count; i++)
        if (in->time >= 0 && t->columns[i].input == in->time) return i;
    return -1;
}

void select_table_read(struct node n, struct definition *d, struct table *t)
{
    static const char *const keys[] = {"name",    "select",      "columns",      "where", "time",
                                       "indexes", "primary_key", "foreign_keys", "rules", NULL};
    node_keys(n, keys);
    t->kind = TABLE_SELECT;
    t->parent = parent_read(node_member(n, "select"), d);
    if (n.doc->failed) return;
    const struct table *parent = &d->tables[t->parent];
    t->origin = parent->origin;
    struct input in = input_table(parent, n.doc->arena, 0);
    struct node columns = node_member(n, "columns");
    size_t count = columns.json ? node_count(columns) : (size_t)in.count;
    if (count == 0) node_fail(columns, "needs at least one column");
    t->columns = arena_alloc(&d->arena, (count + 1) * sizeof *t->columns);
    for (size_t i = 0; i < count && !n.doc->failed; i++) {
        if (columns.json) {
            select_column_read(node_item(columns, i), t, &in);
            node_part_end(node_item(columns, i), NULL);
        } else
            copy_enter(n, t, &in, in.columns[i].name, (int)i);
    }
    where_read(node_member(n, "where"), &in, t);
    if (!n.doc->failed) t->time = select_time(node_member(n, "time"), t, &in, n.doc->arena);
}
