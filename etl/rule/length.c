/* {"rule": "length", "column": C, "min": N, "max": N}: so many characters, not bytes; both limits belong to it. */
#include "etl/rule/rule.h"
#include "lib/base/text.h"

struct length {
    int64_t least, most;
};

static const char *const KEYS[] = {"column", "min", "max", NULL};
static const int64_t LENGTH_MAX = 1 << 30;

static void length_open(struct node n, const struct feed *feed, struct rule *rule)
{
    int column = rule_column_read(n, feed, rule);
    struct node least = node_member(n, "min"), most = node_member(n, "max");
    struct length *l = arena_alloc(n.doc->arena, sizeof *l);
    l->least = node_integer(least, 0, 0, LENGTH_MAX);
    l->most = node_integer(most, LENGTH_MAX, 0, LENGTH_MAX);
    if (!node_present(least) && !node_present(most)) node_fail(n, "needs at least one of min, max");
    if (l->least > l->most) node_fail(n, "no text is as long as that: min is larger than max");
    if (column >= 0 && feed->columns[column].type != VALUE_TEXT)
        node_fail(n, "column %s is %s; only a text has a length", feed->columns[column].name,
                  value_type_name(feed->columns[column].type));
    rule->spec = l;
}

static bool length_broken(const struct rule *rule, const struct value *values, struct arena *arena)
{
    (void)arena;
    const struct length *l = rule->spec;
    const struct value *v = &values[rule->column];
    if (v->type == VALUE_NULL) return false;
    int64_t characters = (int64_t)text_length(v->text);
    return characters < l->least || characters > l->most;
}

const struct rule_class RULE_LENGTH = {
    "length", "{\"rule\": \"length\", \"column\": C, \"min\": N, \"max\": N}", KEYS, length_open, length_broken, NULL};
