/* {"rule": "range", "column": C, "min": X, "max": X, "above": X, "below": X}: min and max belong to the
 * range, above and below do not. Texts are compared byte by byte. */
#include "etl/rule/rule.h"

struct range {
    struct value low, high; /* type VALUE_NULL: no limit */
    bool low_open, high_open;
};

static const char *const KEYS[] = {"column", "min", "max", "above", "below", NULL};

/* One end: key `closed` or key `open`, not both. */
static bool end_read(struct node n, const struct column *c, const char *closed, const char *open, struct value *out)
{
    struct node inside = node_member(n, closed), outside = node_member(n, open);
    if (node_present(inside) && node_present(outside))
        node_fail(outside, "stands beside \"%s\": one is enough", closed);
    if (node_present(inside)) *out = column_literal_read(inside, c);
    if (node_present(outside)) *out = column_literal_read(outside, c);
    return node_present(outside);
}

static int values_compare(const struct value *a, const struct value *b)
{
    if (a->type == VALUE_TEXT) return slice_compare(a->text, b->text);
    return (a->i > b->i) - (a->i < b->i);
}

static void range_open(struct node n, const struct feed *feed, struct rule *rule)
{
    int column = rule_column_read(n, feed, rule);
    if (column < 0) return;
    struct range *r = arena_alloc(n.doc->arena, sizeof *r);
    r->low_open = end_read(n, &feed->columns[column], "min", "above", &r->low);
    r->high_open = end_read(n, &feed->columns[column], "max", "below", &r->high);
    if (r->low.type == VALUE_NULL && r->high.type == VALUE_NULL)
        node_fail(n, "needs at least one of min, max, above, below");
    bool both = r->low.type != VALUE_NULL && r->high.type != VALUE_NULL;
    int order = both && !n.doc->failed ? values_compare(&r->low, &r->high) : -1;
    if (order > 0 || (order == 0 && (r->low_open || r->high_open))) node_fail(n, "no value lies between these limits");
    rule->spec = r;
}

static bool range_broken(const struct rule *rule, const struct value *values, struct arena *arena)
{
    (void)arena;
    const struct range *r = rule->spec;
    const struct value *v = &values[rule->column];
    if (v->type == VALUE_NULL) return false;
    int low = r->low.type == VALUE_NULL ? 1 : values_compare(v, &r->low);
    int high = r->high.type == VALUE_NULL ? -1 : values_compare(v, &r->high);
    return low < r->low_open || high > -r->high_open;
}

const struct rule_class RULE_RANGE = {
    "range",      "{\"rule\": \"range\", \"column\": C, \"min\": X, \"max\": X} or above, below",
    KEYS,         range_open,
    range_broken, NULL};
