/* {"rule": "type", "column": C}: gives "the text does not fit the column's type" a place in the order of
 * rules, a name and a severity of its own. The row parser finds these cases when it converts. */
#include "etl/rule/rule.h"

static const char *const KEYS[] = {"column", NULL};

static void type_open(struct node n, const struct feed *feed, struct rule *rule)
{
    int column = rule_column_read(n, feed, rule);
    if (column >= feed->builtin) node_fail(n, "%s is made by the reader and always fits", feed->columns[column].name);
    for (const struct rule *other = feed->rules; other < rule; other++)
        if (other->class == rule->class && other->column == column)
            node_fail(n, "%s has a type rule already, %s", feed->columns[column].name, other->at);
}

const struct rule_class RULE_TYPE = {"type", "{\"rule\": \"type\", \"column\": C}", KEYS, type_open, NULL, NULL};
