#include "etl/operator/checked.h"

#include "etl/rule/rule.h"

int64_t checked_alone(const struct feed *rules, const struct value *row, struct arena *arena)
{
    int64_t mask = 0;
    for (int i = 0; i < rules->rule_count; i++) {
        const struct rule *rule = &rules->rules[i];
        if (rule->class->broken && rule->class->broken(rule, row, arena)) mask |= INT64_C(1) << i;
    }
    return mask;
}

int64_t checked_rejecting(const struct feed *rules)
{
    int64_t mask = 0;
    for (int i = 0; i < rules->rule_count; i++)
        if (rules->rules[i].severity != SEVERITY_WARN) mask |= INT64_C(1) << i;
    return mask;
}

int checked_worst(const struct feed *rules, int64_t mask)
{
    int worst = -1;
    for (int i = 0; i < rules->rule_count; i++)
        if (mask & INT64_C(1) << i && (int)rules->rules[i].severity > worst) worst = (int)rules->rules[i].severity;
    return worst;
}

void checked_names(const struct feed *rules, int64_t mask, struct buf *out)
{
    for (int i = 0; i < rules->rule_count; i++)
        if (mask & INT64_C(1) << i) buf_printf(out, "%s%s", out->n ? "," : "", rules->rules[i].name);
}
