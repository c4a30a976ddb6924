#include "etl/rule/rule.h"

#include <string.h>

#include "etl/time_format.h"
#include "lib/base/text.h"

static const struct rule_class *const CLASSES[] = {&RULE_NOT_NULL, &RULE_TYPE,       &RULE_RANGE,      &RULE_IN,
                                                   &RULE_LENGTH,   &RULE_REGEX,      &RULE_DATE_ORDER, &RULE_UNIQUE,
                                                   &RULE_FK,       &RULE_SUM_EQUALS, &RULE_EXPRESSION};
enum { CLASS_COUNT = sizeof CLASSES / sizeof *CLASSES, KEYS_MAX = 16 };

static const struct rule_class *class_read(struct node n)
{
    const char *names[CLASS_COUNT + 1];
    for (int i = 0; i < CLASS_COUNT; i++) names[i] = CLASSES[i]->name;
    names[CLASS_COUNT] = NULL;
    return CLASSES[node_choice(n, names, 0)];
}

static void keys_check(struct node n, const struct rule_class *class)
{
    const char *keys[KEYS_MAX] = {"rule", "name", "severity"};
    for (int i = 0; class->keys[i]; i++) keys[3 + i] = class->keys[i];
    node_keys(n, keys);
}

/* Without a name a rule is called after what it does: "range_quantity". */
static const char *name_read(struct node n, const struct feed *feed, const struct rule *rule)
{
    if (node_present(node_member(n, "name"))) return node_name(node_member(n, "name"));
    const char *column = rule->column >= 0 ? feed->columns[rule->column].name : "row";
    return arena_printf(n.doc->arena, "%s_%s", rule->class->name, column);
}

static void name_check(struct node n, const struct feed *feed, const struct rule *rule)
{
    bool reserved = strcmp(rule->name, "format") == 0 || (strcmp(rule->name, "type") == 0);
    if (reserved) node_fail(n, "the name \"%s\" is reserved for what fits no rule; choose another", rule->name);
    for (const struct rule *other = feed->rules; other < rule; other++)
        if (strcmp(other->name, rule->name) == 0)
            node_fail(n, "the name \"%s\" is taken by %s; give this rule a \"name\"", rule->name, other->at);
}

void rule_read(struct node n, const struct feed *feed, struct rule *rule)
{
    static const char *const severities[] = {"warn", "reject", "fail", NULL};
    *rule = (struct rule){.at = n.path, .column = -1, .severity = SEVERITY_REJECT};
    rule->class = class_read(node_required(n, "rule"));
    if (!n.doc->failed) keys_check(n, rule->class);
    if (n.doc->failed) return;
    rule->unique = rule->class == &RULE_UNIQUE;
    rule->severity = (enum severity)node_choice(node_member(n, "severity"), severities, SEVERITY_REJECT);
    n.doc->usage = rule->class->usage; /* a person who got one key wrong wants to see the others */
    rule->class->open(n, feed, rule);
    n.doc->usage = NULL;
    rule->name = name_read(n, feed, rule);
    name_check(n, feed, rule);
}

void rule_release(struct rule *rule)
{
    if (rule->class && rule->class->close) rule->class->close(rule);
}

/* --- for the classes --- */

int column_name_read(struct node n, const struct feed *feed)
{
    const char *name = node_text(n, NULL);
    int column = feed_column(feed, name);
    if (column >= 0 || n.doc->failed) return column;
    const char **names = arena_alloc(n.doc->arena, ((size_t)feed->column_count + 1) * sizeof *names);
    for (int i = 0; i < feed->column_count; i++) names[i] = feed->columns[i].name;
    if (!node_broken(n, name)) node_fail(n, "there is no column \"%s\"%s", name, node_hint(n, name, names));
    return -1;
}

int rule_column_read(struct node n, const struct feed *feed, struct rule *rule)
{
    rule->column = column_name_read(node_required(n, "column"), feed);
    rule->columns = arena_alloc(n.doc->arena, sizeof *rule->columns);
    rule->columns[0] = rule->column;
    rule->column_count = 1;
    return rule->column;
}

bool column_literal(const struct column *c, struct slice text, struct value *out)
{
    *out = (struct value){.type = c->type};
    switch (c->type) {
    case VALUE_INTEGER: return text_to_i64(text, &out->i);
    case VALUE_DECIMAL: return text_to_decimal(text, c->scale, &out->i);
    case VALUE_TIMESTAMP: return time_read("%F %T", text, &out->i);
    case VALUE_DATE:
        if (!time_read("%F", text, &out->i)) return false;
        out->i /= 86400; /* midnight: nothing is cut off */
        return true;
    default: out->text = text; return true;
    }
}

struct value column_literal_read(struct node n, const struct column *c)
{
    struct value v;
    const char *text = node_number_text(n);
    if (!column_literal(c, slice_str(text), &v))
        node_fail(n, "\"%s\" is no value of column %s (%s%s)", text, c->name, value_type_name(c->type),
                  c->type == VALUE_TIMESTAMP ? ", written YYYY-MM-DD HH:MM:SS"
                  : c->type == VALUE_DATE    ? ", written YYYY-MM-DD"
                  : c->type == VALUE_DECIMAL ? arena_printf(n.doc->arena, " with %d digit%s behind the point", c->scale,
                                                            c->scale == 1 ? "" : "s")
                                             : "");
    return v;
}
