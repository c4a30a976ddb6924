/* {"rule": "expression", "expr": E, "column": C}: E must be true. As with SQL's CHECK, NULL passes; an
 * expression that cannot be computed (overflow, division by zero) breaks the rule. "column" only says which
 * column the violation is reported for. */
#include "etl/definition_read.h"
#include "etl/rule/rule.h"

static const char *const KEYS[] = {"expr", "column", NULL};

static void column_enter(void *context, int column)
{
    struct rule *rule = context;
    for (int i = 0; i < rule->column_count; i++)
        if (rule->columns[i] == column) return;
    rule->columns[rule->column_count++] = column;
}

static void expression_open(struct node n, const struct feed *feed, struct rule *rule)
{
    struct node expr = node_required(n, "expr"), column = node_member(n, "column");
    struct expr *e = feed_expr_read(expr, feed, feed->column_count);
    if (node_present(column)) rule->column = column_name_read(column, feed);
    rule->spec = e;
    if (!e) return;
    if (expr_type(e) != VALUE_INTEGER)
        node_fail(expr, "must be a condition, not a value of type %s", value_type_name(expr_type(e)));
    rule->columns = arena_alloc(n.doc->arena, (size_t)feed->column_count * sizeof *rule->columns);
    expr_columns(e, column_enter, rule);
}

static bool expression_broken(const struct rule *rule, const struct value *values, struct arena *arena)
{
    struct value v;
    if (expr_evaluate(rule->spec, values, arena, &v) != EXPR_OK) return true;
    return v.type != VALUE_NULL && v.i == 0;
}

static void expression_close(struct rule *rule)
{
    expr_release(rule->spec);
}

const struct rule_class RULE_EXPRESSION = {
    "expression",    "{\"rule\": \"expression\", \"expr\": E}", KEYS, expression_open, expression_broken,
    expression_close};
