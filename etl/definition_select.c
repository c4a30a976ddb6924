/* select: rows of an earlier table, filtered, projected, renamed, computed. */
#include <string.h>
#include <strings.h>

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

/* "split": the column, and two more inputs behind those of the parent. */
static void split_read(struct node n, struct table *t, struct input *in)
{
    static const char *const keys[] = {"column", "by", "json", "as", "place", NULL};
    if (!node_present(n)) return;
    node_keys(n, keys);
    struct node column = node_required(n, "column"), by = node_member(n, "by"), json = node_member(n, "json");
    struct split *s = arena_alloc(n.doc->arena, sizeof *s);
    bool array = node_bool(json, false);
    s->column = input_find(column, in, node_text(column, NULL));
    s->by = array ? NULL : node_text(node_required(n, "by"), NULL);
    if (array && by.json) node_fail(by, "stands beside \"json\": true, which says what is between parts");
    if (s->by && !*s->by) node_fail(by, "must not be empty");
    if (!n.doc->failed && in->columns[s->column].type != VALUE_TEXT)
        node_fail(column, "is %s; a list is a text", value_type_name(in->columns[s->column].type));
    const char *const names[] = {node_name(node_required(n, "as")), node_text(node_member(n, "place"), "")};
    for (int i = 0; i < 2 && !n.doc->failed; i++) {
        for (int k = 0; k < in->count; k++)
            if (strcasecmp(in->columns[k].name, names[i]) == 0)
                node_fail(node_member(n, i ? "place" : "as"), "there is a column \"%s\" already", names[i]);
        in->columns[in->count + i] = (struct expr_column){names[i], i ? VALUE_INTEGER : VALUE_TEXT, 0};
    }
    if (*names[1] && !n.doc->failed) node_name(node_member(n, "place"));
    in->count += 1 + (*names[1] != '\0');
    t->split = s;
}

void select_table_read(struct node n, struct definition *d, struct table *t)
{
    static const char *const keys[] = {"name",    "select",      "columns",      "where", "time", "split",
                                       "indexes", "primary_key", "foreign_keys", "rules", NULL};
    node_keys(n, keys);
    t->kind = TABLE_SELECT;
    t->parent = parent_read(node_member(n, "select"), d);
    if (n.doc->failed) return;
    const struct table *parent = &d->tables[t->parent];
    t->origin = parent->origin;
    struct input in = input_table(parent, n.doc->arena, 2);
    split_read(node_member(n, "split"), t, &in);
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
