/* {"rule": "not_null", "column": C}: a value must be there. */
#include "etl/rule/rule.h"

static const char *const KEYS[] = {"column", NULL};

static void not_null_open(struct node n, const struct feed *feed, struct rule *rule)
{
    rule_column_read(n, feed, rule);
}

static bool not_null_broken(const struct rule *rule, const struct value *values, struct arena *arena)
{
    (void)arena;
    return values[rule->column].type == VALUE_NULL;
}

const struct rule_class RULE_NOT_NULL = {
    "not_null", "{\"rule\": \"not_null\", \"column\": C}", KEYS, not_null_open, not_null_broken, NULL};
