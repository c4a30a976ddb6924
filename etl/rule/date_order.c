/* {"rule": "date_order", "columns": [A, B, ...], "strict": false}: none of these times is earlier than the one before
 * it in the list; with `strict` each is later. NULLs are passed over: ordered, (never paid), shipped still has an
 * order. A date and a timestamp are compared by their days, because a date does not say more. */
#include "etl/rule/rule.h"

static const char *const KEYS[] = {"columns", "strict", NULL};

static bool is_time(enum value_type type)
{
    return type == VALUE_TIMESTAMP || type == VALUE_DATE;
}

static int column_open(struct node n, const struct feed *feed)
{
    int column = column_name_read(n, feed);
    if (column >= 0 && !is_time(feed->columns[column].type))
        node_fail(n, "column %s is %s; only timestamps and dates have this order", feed->columns[column].name,
                  value_type_name(feed->columns[column].type));
    return column;
}

static void date_order_open(struct node n, const struct feed *feed, struct rule *rule)
{
    struct node columns = node_required(n, "columns");
    size_t count = node_count(columns);
    bool *strict = arena_alloc(n.doc->arena, sizeof *strict);
    *strict = node_bool(node_member(n, "strict"), false);
    if (node_present(columns) && count < 2) node_fail(columns, "needs at least two columns, the earliest first");
    rule->columns = arena_alloc(n.doc->arena, (count + 1) * sizeof *rule->columns);
    for (size_t i = 0; i < count && !n.doc->failed; i++)
        rule->columns[rule->column_count++] = column_open(node_item(columns, i), feed);
    /* Of two the second is the one to be looked at; of more nobody can say. */
    if (count == 2 && !n.doc->failed) rule->column = rule->columns[1];
    rule->spec = strict;
}

static int64_t days_of(const struct value *v)
{
    return v->type == VALUE_DATE ? v->i : v->i / 86400 - (v->i % 86400 < 0);
}

static int times_compare(const struct value *a, const struct value *b)
{
    bool alike = a->type == b->type;
    int64_t x = alike ? a->i : days_of(a), y = alike ? b->i : days_of(b);
    return (x > y) - (x < y);
}

static bool date_order_broken(const struct rule *rule, const struct value *values, struct arena *arena)
{
    (void)arena;
    const bool strict = *(const bool *)rule->spec;
    const struct value *before = NULL;
    for (int i = 0; i < rule->column_count; i++) {
        const struct value *v = &values[rule->columns[i]];
        if (v->type == VALUE_NULL) continue;
        if (before && times_compare(before, v) > -strict) return true;
        before = v;
    }
    return false;
}

const struct rule_class RULE_DATE_ORDER = {
    "date_order", "{\"rule\": \"date_order\", \"columns\": [A, B, ...]}", KEYS, date_order_open, date_order_broken,
    NULL};
