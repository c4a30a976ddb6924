/* {"rule": "fk", "columns": [C, ...], "table": T, "to": [C, ...]}: a row of table T has these values. Without "to" it
 * is T's primary key that is meant.
 *
 * {"rule": "sum_equals", "column": C, "table": T, "of": A, "on": {C: C, ...}, "tolerance": "0.01"}: the value is the
 * sum of A over the rows of table T with the row's key; of no rows it is 0.
 *
 * Of a source's rule T is a store of sources that stand before this one, so that it is complete when a batch judges the
 * first row; the judging is etl/operator/parents.h. Tables are read after sources: what is said about T is looked at by
 * rule_link. Of a table's rule T is any table before it, or its own rows NAME_all; etl/operator/among.h. */
#include <string.h>

#include "etl/rule/rule.h"

static const char *const FK_KEYS[] = {"columns", "table", "to", NULL};
static const char *const SUM_KEYS[] = {"column", "table", "of", "on", "tolerance", NULL};

static void key_enter(struct node at, const struct feed *feed, struct rule *rule)
{
    rule->columns[rule->column_count++] = column_name_read(at, feed);
}

static void reference_new(struct node n, struct rule *rule, size_t columns)
{
    rule->reference = arena_alloc(n.doc->arena, sizeof *rule->reference);
    *rule->reference = (struct reference){.of = -1, .of_factor = 1, .value_factor = 1};
    rule->columns = arena_alloc(n.doc->arena, (columns + 1) * sizeof *rule->columns);
    rule->reference->columns = arena_alloc(n.doc->arena, (columns + 1) * sizeof *rule->columns);
    node_text(node_required(n, "table"), NULL);
}

static void fk_open(struct node n, const struct feed *feed, struct rule *rule)
{
    struct node columns = node_required(n, "columns");
    int count = 0;
    node_text_list(columns, &count);
    if (count == 0) node_fail(columns, "needs at least one column");
    reference_new(n, rule, (size_t)count);
    for (int i = 0; i < count && !n.doc->failed; i++)
        key_enter(json_is_string(columns.json) ? columns : node_item(columns, (size_t)i), feed, rule);
    if (count == 1) rule->column = rule->columns[0];
}

static bool is_number(enum value_type type)
{
    return type == VALUE_INTEGER || type == VALUE_DECIMAL;
}

static void sum_equals_open(struct node n, const struct feed *feed, struct rule *rule)
{
    struct node on = node_required(n, "on"), column = node_required(n, "column");
    rule->column = column_name_read(column, feed);
    if (rule->column >= 0 && !is_number(feed->columns[rule->column].type))
        node_fail(column, "column %s is %s; a sum is a number", feed->columns[rule->column].name,
                  value_type_name(feed->columns[rule->column].type));
    node_text(node_required(n, "of"), NULL);
    if (n.doc->failed) return;
    if (!json_is_object(on.json) || json_object_size(on.json) == 0)
        node_fail(on, "must be an object {\"column here\": \"column of the table\", ...}");
    reference_new(n, rule, json_object_size(on.json));
    const char *key;
    json_t *value;
    json_object_foreach(on.json, key, value)
    {
        struct node at = {n.doc, json_string(key), arena_printf(n.doc->arena, "%s.%s", on.path, key)};
        if (!n.doc->failed) key_enter(at, feed, rule);
        json_decref(at.json);
    }
}

/* --- what it says about the table --- */

static int table_column_read(struct node n, const struct table *t, const char *name)
{
    const char **names = arena_alloc(n.doc->arena, ((size_t)t->column_count + 1) * sizeof *names);
    for (int i = 0; i < t->column_count; i++) {
        names[i] = t->columns[i].name;
        if (strcmp(names[i], name) == 0) return i;
    }
    names[t->column_count] = NULL;
    if (!node_broken(n, name))
        node_fail(n, "table %s has no column \"%s\"%s", t->name, name, node_hint(n, name, names));
    return 0;
}

static const struct table *table_link(struct node n, const struct definition *d, const struct feed *feed,
                                      struct reference *r)
{
    const char *name = node_text(n, NULL);
    const char **names = arena_alloc(n.doc->arena, ((size_t)d->table_count + 1) * sizeof *names);
    for (int i = 0; i < d->table_count; i++) names[i] = d->tables[i].name;
    names[d->table_count] = NULL;
    r->table = definition_table(d, name);
    if (node_broken(n, name)) return NULL;
    if (r->table < 0) {
        node_fail(n, "there is no table \"%s\"%s%s", name, feed_is_table(feed) ? " before this one" : "",
                  node_hint(n, name, names));
        return NULL;
    }
    const struct table *t = &d->tables[r->table];
    if (feed_is_table(feed) && t->rules == feed)
        node_fail(n, "a table does not look at itself; %s_all has its rows as they are before its rules", name);
    if (feed_is_table(feed)) return n.doc->failed ? NULL : t;
    if (t->kind != TABLE_STORE) node_fail(n, "table %s is made of other tables; it must keep rows of sources", name);
    for (int i = 0; i < t->input_count; i++)
        if (t->inputs[i].feed >= feed->index)
            node_fail(n, "table %s is made of source %s, which must stand before source %s to be read first", name,
                      d->feeds[t->inputs[i].feed].name, feed->name);
    return n.doc->failed ? NULL : t;
}

static void key_link(struct node n, const struct feed *feed, struct rule *rule, const struct table *t, int i,
                     int column)
{
    const struct column *mine = &feed->columns[rule->columns[i]];
    const struct table_column *other = &t->columns[column];
    if (mine->type != other->type || mine->scale != other->scale)
        node_fail(n, "column %s and column %s of table %s have different types (%s, %s)", mine->name, other->name,
                  t->name, value_type_name(mine->type), value_type_name(other->type));
    rule->reference->columns[i] = column;
}

static void fk_link(struct node n, const struct feed *feed, struct rule *rule, const struct table *t)
{
    struct node to = node_member(n, "to");
    int count = t->primary_key_count;
    const char *const *names = node_present(to) ? node_text_list(to, &count) : NULL;
    if (!names && count == 0)
        node_fail(n, "the key \"to\" is missing: table %s has no primary key that could be meant", t->name);
    if (count != rule->column_count)
        node_fail(names ? to : n, "%d columns are looked for in %d of table %s", rule->column_count, count, t->name);
    for (int i = 0; i < count && !n.doc->failed; i++)
        key_link(names ? to : n, feed, rule, t, i, names ? table_column_read(to, t, names[i]) : t->primary_key[i]);
}

static int64_t power_of_ten(int n)
{
    int64_t power = 1;
    while (n-- > 0) power *= 10;
    return power;
}

static void amounts_link(struct node n, const struct feed *feed, struct rule *rule, const struct table *t)
{
    struct node of = node_member(n, "of"), tolerance = node_member(n, "tolerance");
    struct reference *r = rule->reference;
    r->of = table_column_read(of, t, node_text(of, NULL));
    if (n.doc->failed) return;
    const struct table_column *amount = &t->columns[r->of];
    if (!is_number(amount->type))
        node_fail(of, "column %s is %s; only numbers have a sum", amount->name, value_type_name(amount->type));
    int mine = feed->columns[rule->column].scale, scale = mine > amount->scale ? mine : amount->scale;
    r->value_factor = power_of_ten(scale - mine);
    r->of_factor = power_of_ten(scale - amount->scale);
    if (!node_present(tolerance)) return;
    const struct column unit = {.name = feed->columns[rule->column].name, .type = VALUE_DECIMAL, .scale = scale};
    r->tolerance = column_literal_read(tolerance, &unit).i;
    if (r->tolerance < 0) node_fail(tolerance, "must not be negative");
}

static void sum_equals_link(struct node n, const struct feed *feed, struct rule *rule, const struct table *t)
{
    struct node on = node_member(n, "on");
    const char *key;
    json_t *value;
    int i = 0;
    json_object_foreach(on.json, key, value)
    {
        struct node at = node_member(on, key);
        int column = table_column_read(at, t, node_text(at, NULL));
        if (!n.doc->failed) key_link(at, feed, rule, t, i++, column);
    }
    amounts_link(n, feed, rule, t);
}

void rule_link(struct node n, const struct definition *d, const struct feed *feed, struct rule *rule)
{
    const struct table *t = table_link(node_member(n, "table"), d, feed, rule->reference);
    if (!t) return;
    if (rule->class == &RULE_FK)
        fk_link(n, feed, rule, t);
    else
        sum_equals_link(n, feed, rule, t);
}

const struct rule_class RULE_FK = {
    "fk", "{\"rule\": \"fk\", \"columns\": [C, ...], \"table\": T, \"to\": [C, ...]}", FK_KEYS, fk_open, NULL, NULL};
const struct rule_class RULE_SUM_EQUALS = {
    "sum_equals",
    "{\"rule\": \"sum_equals\", \"column\": C, \"table\": T, \"of\": C, \"on\": {C: C, ...}, \"tolerance\": \"0.01\"}",
    SUM_KEYS,
    sum_equals_open,
    NULL,
    NULL};
