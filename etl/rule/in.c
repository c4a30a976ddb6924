/* {"rule": "in", "column": C, "values": [...], "negate": false}: one of these, or none of them. */
#include <stdlib.h>

#include "etl/rule/rule.h"

struct in {
    struct value *values; /* sorted */
    size_t count;
    bool negate;
};

static const char *const KEYS[] = {"column", "values", "negate", NULL};

static int values_compare(const void *x, const void *y)
{
    const struct value *a = x, *b = y;
    if (a->type == VALUE_TEXT) return slice_compare(a->text, b->text);
    return (a->i > b->i) - (a->i < b->i);
}

static void in_open(struct node n, const struct feed *feed, struct rule *rule)
{
    int column = rule_column_read(n, feed, rule);
    struct node values = node_required(n, "values");
    struct in *in = arena_alloc(n.doc->arena, sizeof *in);
    in->count = node_count(values);
    in->values = arena_alloc(n.doc->arena, in->count * sizeof *in->values);
    in->negate = node_bool(node_member(n, "negate"), false);
    if (node_present(values) && in->count == 0) node_fail(values, "needs at least one value");
    for (size_t i = 0; i < in->count && !n.doc->failed; i++)
        in->values[i] = column_literal_read(node_item(values, i), &feed->columns[column]);
    if (!n.doc->failed) qsort(in->values, in->count, sizeof *in->values, values_compare);
    rule->spec = in;
}

static bool in_broken(const struct rule *rule, const struct value *values, struct arena *arena)
{
    (void)arena;
    const struct in *in = rule->spec;
    const struct value *v = &values[rule->column];
    if (v->type == VALUE_NULL) return false;
    bool found = bsearch(v, in->values, in->count, sizeof *in->values, values_compare) != NULL;
    return found == in->negate;
}

const struct rule_class RULE_IN = {
    "in", "{\"rule\": \"in\", \"column\": C, \"values\": [...]}", KEYS, in_open, in_broken, NULL};
