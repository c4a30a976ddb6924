/* The tables of a definition: their list, what all kinds share, and stores. */
#include <string.h>
#include <strings.h>

#include "etl/definition_tables.h"
#include "etl/expr/node.h"
#include "etl/rule/rule.h"

static struct input input_rows(const struct feed *f, struct arena *arena)
{
    struct input in = {arena_alloc(arena, (size_t)f->column_count * sizeof *in.columns), f->column_count, f->time};
    for (int i = 0; i < in.count; i++)
        in.columns[i] = (struct expr_column){f->columns[i].name, f->columns[i].type, f->columns[i].scale};
    return in;
}

struct input input_table(const struct table *t, struct arena *arena, int extra)
{
    struct input in = {NULL, t->column_count, table_time(t)};
    in.columns = arena_alloc(arena, (size_t)(t->column_count + extra) * sizeof *in.columns);
    for (int i = 0; i < in.count; i++)
        in.columns[i] = (struct expr_column){t->columns[i].name, t->columns[i].type, t->columns[i].scale};
    return in;
}

struct expr_scope input_scope(const struct input *in)
{
    return (struct expr_scope){.columns = in->columns, .count = in->count};
}

int input_find(struct node n, const struct input *in, const char *name)
{
    const char **names = arena_alloc(n.doc->arena, ((size_t)in->count + 1) * sizeof *names);
    for (int i = 0; i < in->count; i++) {
        if (strcmp(in->columns[i].name, name) == 0) return i;
        names[i] = in->columns[i].name;
    }
    if (node_broken(n, name)) return 0;
    if (*name == '_')
        node_fail(
            n,
            "there is no column \"%s\" here: a store hands on what its \"columns\" name, such as {\"name\": \"%s\", "
            "\"column\": \"%s\"}",
            name, name + 1, name);
    node_fail(n, "there is no column \"%s\" here%s", name, node_hint(n, name, names));
    return 0;
}

int input_time_find(struct node n, const struct input *in)
{
    int column = input_find(n, in, node_text(n, NULL));
    if (in->columns[column].type != VALUE_TIMESTAMP) node_fail(n, "must be a column of type timestamp");
    return column;
}

void where_read(struct node n, const struct input *in, struct table *t)
{
    if (!node_present(n)) return;
    t->where =
        condition_text_read(n, node_text(n, NULL), &(struct expr_scope){.columns = in->columns, .count = in->count});
    node_part_end(n, "");
}

void column_enter(struct node n, struct table *t, struct table_column c)
{
    for (int i = 0; i < t->column_count; i++)
        if (strcasecmp(t->columns[i].name, c.name) == 0) node_fail(n, "the column \"%s\" stands twice", c.name);
    if (!n.doc->failed) t->columns[t->column_count++] = c;
}

void copy_enter(struct node n, struct table *t, const struct input *in, const char *name, int input)
{
    const struct expr_column *c = &in->columns[input];
    column_enter(n, t, (struct table_column){.name = name, .type = c->type, .scale = c->scale, .input = input});
}

/* --- stores --- */

/* "valid", or {"rejected_as": RULE}. */
static int bucket_read(struct node n, const struct feed *feed)
{
    static const char *const keys[] = {"rejected_as", NULL}, *const words[] = {"valid", NULL};
    if (!n.json || json_is_string(n.json)) return node_choice(n, words, 0), ROW_VALID;
    node_keys(n, keys);
    struct node rule = node_required(n, "rejected_as");
    const char *name = node_text(rule, NULL);
    const char **names = arena_alloc(n.doc->arena, ((size_t)feed->rule_count + 1) * sizeof *names);
    for (int i = 0; i < feed->rule_count; i++) {
        names[i] = feed->rules[i].name;
        if (strcmp(names[i], name) != 0) continue;
        if (feed->rules[i].severity == SEVERITY_WARN)
            node_fail(rule, "rule %s only warns: its rows are among the valid ones", name);
        return i + 1;
    }
    if (!node_broken(rule, name))
        node_fail(rule, "there is no rule \"%s\" in source %s%s", name, feed->name, node_hint(rule, name, names));
    return ROW_VALID;
}

static int feed_read(struct node n, const struct definition *d, const char *name)
{
    int feed = definition_feed(d, slice_str(name));
    const char **names = arena_alloc(n.doc->arena, ((size_t)d->feed_count + 1) * sizeof *names);
    for (int i = 0; i < d->feed_count; i++) names[i] = d->feeds[i].name;
    if (!node_broken(n, name) && feed < 0) node_fail(n, "there is no source \"%s\"%s", name, node_hint(n, name, names));
    return feed < 0 ? 0 : feed;
}

/* Where "from" names its source `i`. */
static struct node from_item(struct node from, size_t i)
{
    return json_is_array(from.json) ? node_item(from, i) : from;
}

/* "from": SOURCE or [SOURCE, ...]; needed when there are several. */
static void inputs_read(struct node n, struct definition *d, struct table *t)
{
    struct node from = node_member(n, "from");
    int count = 1;
    const char *const *names = node_present(from) ? node_text_list(from, &count) : NULL;
    if (d->feed_count == 0) n.doc->failed = true;
    if (node_broken(n, d->name) || n.doc->failed) return; /* no source could be read */
    if (!names && d->feed_count > 1)
        node_fail(n, "the key \"from\" is missing: it names the source, of which there are %d", d->feed_count);
    if (count == 0) node_fail(from, "needs at least one source");
    t->inputs = arena_alloc(&d->arena, ((size_t)count + 1) * sizeof *t->inputs);
    for (int i = 0; i < count && !n.doc->failed; i++) {
        struct node at = from_item(from, (size_t)i);
        struct table_input in = {.feed = names ? feed_read(at, d, names[i]) : 0};
        for (int k = 0; k < i; k++)
            if (t->inputs[k].feed == in.feed) node_fail(at, "source \"%s\" stands twice", d->feeds[in.feed].name);
        in.bucket = n.doc->failed ? ROW_VALID : bucket_read(node_member(n, "rows"), &d->feeds[in.feed]);
        t->inputs[t->input_count++] = in;
    }
}

static const char *type_text(struct node n, const struct column *c)
{
    return c->type == VALUE_DECIMAL ? arena_printf(n.doc->arena, "decimal with scale %d", c->scale)
                                    : value_type_name(c->type);
}

/* The columns of the table were found in its first source: each other one must have the same. */
static void input_columns_find(struct node n, const struct definition *d, struct table *t, struct table_input *in)
{
    const struct feed *first = &d->feeds[t->inputs[0].feed], *feed = &d->feeds[in->feed];
    in->columns = arena_alloc(n.doc->arena, ((size_t)t->column_count + 1) * sizeof *in->columns);
    for (int i = 0; i < t->column_count; i++) {
        const struct column *wanted = &first->columns[t->columns[i].input], *found;
        in->columns[i] = feed_column(feed, wanted->name);
        if (in->columns[i] < 0 && node_broken(n, wanted->name)) return;
        if (in->columns[i] < 0) {
            node_fail(n, "source \"%s\" has no column %s, which source \"%s\" has", feed->name, wanted->name,
                      first->name);
            return;
        }
        found = &feed->columns[in->columns[i]];
        if (found->type != wanted->type || found->scale != wanted->scale)
            node_fail(n, "column %s is %s in source \"%s\", but %s in source \"%s\"", wanted->name, type_text(n, found),
                      feed->name, type_text(n, wanted), first->name);
    }
}

static void input_where_read(struct node n, const struct feed *feed, struct table_input *in)
{
    struct input rows = input_rows(feed, n.doc->arena);
    if (node_present(n))
        in->where = condition_text_read(n, node_text(n, NULL),
                                        &(struct expr_scope){.columns = rows.columns, .count = rows.count});
    node_part_end(n, "");
}

/* The column that is the event time of all inputs. */
static int store_time(const struct definition *d, const struct table *t)
{
    for (int i = 0; i < t->column_count; i++) {
        bool all = true;
        for (int k = 0; k < t->input_count; k++)
            all = all && t->inputs[k].columns[i] == d->feeds[t->inputs[k].feed].time;
        if (all) return i;
    }
    return -1;
}

/* "name" or {"name": N, "column": C}. */
static void store_column_read(struct node n, struct table *t, const struct input *in)
{
    static const char *const keys[] = {"name", "column", NULL};
    const char *name, *column;
    if (json_is_string(n.json))
        name = column = node_text(n, NULL);
    else {
        node_keys(n, keys);
        name = node_name(node_required(n, "name"));
        column = node_text(node_required(n, "column"), NULL);
    }
    int input = input_find(n, in, column);
    if (strcmp(name, "_file") == 0 || strcmp(name, "_byte_offset") == 0)
        node_fail(n, "%s is in every stored table anyway", name);
    if (strcmp(name, "_source") == 0 && table_has_source(t))
        node_fail(n, "%s is in every table of several sources anyway", name);
    if (!n.doc->failed) copy_enter(n, t, in, name, input);
}

static void store_columns_read(struct node columns, const struct feed *first, struct table *t)
{
    struct input in = input_rows(first, columns.doc->arena);
    size_t count = node_present(columns) ? node_count(columns) : (size_t)first->builtin;
    if (node_present(columns) && count == 0) node_fail(columns, "needs at least one column");
    t->columns = arena_alloc(columns.doc->arena, (count + 1) * sizeof *t->columns);
    for (size_t i = 0; i < count && !columns.doc->failed; i++) {
        if (columns.json) {
            store_column_read(node_item(columns, i), t, &in);
            node_part_end(node_item(columns, i), NULL);
        } else if (*first->columns[i].name)
            copy_enter(columns, t, &in, first->columns[i].name, (int)i);
    }
}

static const char *const STORE_KEYS[] = {"name",    "from",        "rows",         "columns", "where",
                                         "indexes", "primary_key", "foreign_keys", "rules",   NULL};

static void store_read(struct node n, struct definition *d, struct table *t)
{
    node_keys(n, STORE_KEYS);
    t->kind = TABLE_STORE;
    t->parent = -1;
    t->origin = t;
    inputs_read(n, d, t);
    if (!n.doc->failed) store_columns_read(node_member(n, "columns"), &d->feeds[t->inputs[0].feed], t);
    for (int i = 0; i < t->input_count && !n.doc->failed; i++) {
        input_columns_find(from_item(node_member(n, "from"), (size_t)i), d, t, &t->inputs[i]);
        if (!n.doc->failed) input_where_read(node_member(n, "where"), &d->feeds[t->inputs[i].feed], &t->inputs[i]);
    }
    if (!n.doc->failed) t->time = store_time(d, t);
}

/* Whether there is a table of this name behind the one that is read. */
static bool stands_behind(struct node n, const struct definition *d, const char *name)
{
    for (size_t i = (size_t)d->tables[d->table_count].item + 1; i < json_array_size(n.doc->tables); i++) {
        const char *there = json_string_value(json_object_get(json_array_get(n.doc->tables, i), "name"));
        if (there && strcmp(there, name) == 0) return true;
    }
    return false;
}

int parent_read(struct node n, const struct definition *d)
{
    const char *name = node_text(n, NULL);
    const char **names = arena_alloc(n.doc->arena, ((size_t)d->table_count + 1) * sizeof *names);
    for (int i = 0; i < d->table_count; i++) names[i] = d->tables[i].name;
    int parent = definition_table(d, name);
    if (parent >= 0 || node_broken(n, name)) return parent < 0 ? 0 : parent;
    if (stands_behind(n, d, name))
        node_fail(n, "there is no table \"%s\" before this one: it stands behind, move it ahead", name);
    node_fail(n, "there is no table \"%s\" before this one%s", name, node_hint(n, name, names));
    return 0;
}

/* --- all of them --- */

static void indexes_read(struct node n, struct definition *d, struct table *t)
{
    size_t count = node_count(n);
    t->indexes = arena_alloc(&d->arena, (count + 1) * sizeof *t->indexes);
    for (size_t i = 0; i < count && !n.doc->failed; i++) {
        struct node item = node_item(n, i);
        int columns;
        const char *const *names = node_text_list(item, &columns);
        int *index = arena_alloc(&d->arena, ((size_t)columns + 1) * sizeof *index), k = 0;
        for (; k < columns && !n.doc->failed; k++) {
            struct input own = input_table(t, n.doc->arena, 0);
            index[k] = input_find(item, &own, names[k]);
        }
        index[k] = -1;
        if (columns == 0) node_fail(item, "an index needs at least one column");
        t->indexes[t->index_count++] = index;
    }
}

static bool relation_name_is_reserved(struct node n, const struct definition *d, const char *name)
{
    static const char *const names[] = {"quarantine", "warnings", "files", "records", "rejects", "etl_runs", NULL};
    for (int i = 0; names[i]; i++)
        if (strcasecmp(name, names[i]) == 0)
            return node_fail(n, "every warehouse has a table \"%s\" of its own", name), true;
    if (strcasecmp(name, "late") == 0 && definition_drops_late(d))
        return node_fail(n, "a warehouse whose source drops late records has a table \"late\" of its own"), true;
    if (strncasecmp(name, "millrace_", 9) == 0 || strncasecmp(name, "sqlite_", 7) == 0)
        return node_fail(n, "names that begin with millrace_ or sqlite_ are reserved"), true;
    return false;
}

void relation_name_check(struct node n, const struct definition *d, const char *name)
{
    if (relation_name_is_reserved(n, d, name)) node_name_refuse(n, name);
    for (int i = 0; i < d->table_count; i++)
        if (strcasecmp(d->tables[i].name, name) == 0) node_fail(n, "there is a table \"%s\" already", name);
    for (int i = 0; i < d->view_count; i++)
        if (strcasecmp(d->views[i].name, name) == 0) node_fail(n, "there is a view \"%s\" already", name);
}

/* The kinds by the key that names what they read; a store has none of them. */
static const struct kind {
    const char *key;
    void (*read)(struct node n, struct definition *d, struct table *t);
} KINDS[] = {
    {"aggregate", aggregate_table_read}, {"pivot", pivot_table_read}, {"sessionize", sessions_table_read},
    {"select", select_table_read},       {"join", join_table_read},   {"top_n", top_n_table_read},
    {"dedupe", dedupe_table_read},       {"scd", scd_table_read},
};
enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

/* What looks like a store may be of a kind whose key is misspelt. */
static void kind_mend(struct node n)
{
    const char *names[KIND_COUNT + 1] = {NULL}, *key;
    json_t *value;
    void *next;
    for (size_t i = 0; i < KIND_COUNT; i++) names[i] = KINDS[i].key;
    json_object_foreach_safe(n.json, next, key, value)
    {
        bool known = strcmp(key, "comment") == 0;
        for (int i = 0; STORE_KEYS[i]; i++) known = known || strcmp(STORE_KEYS[i], key) == 0;
        const char *right = known ? NULL : name_nearest(key, names);
        if (!right) continue;
        node_key_mend(n, key, right);
        return;
    }
}

static const struct kind *kind_find(struct node n)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (json_object_get(n.json, KINDS[i].key)) return &KINDS[i];
    return NULL;
}

static void kind_read(struct node n, struct definition *d, struct table *t)
{
    const struct kind *kind = kind_find(n);
    if (!kind) {
        kind_mend(n);
        kind = kind_find(n);
    }
    if (kind)
        kind->read(n, d, t);
    else
        store_read(n, d, t);
}

/* --- rules of a table --- */

/* The table's columns as those of a source, over which rules are read. */
static struct feed *rules_of_table_read(struct node n, struct definition *d, const struct table *t, const char *name)
{
    struct feed *feed = arena_alloc(&d->arena, sizeof *feed);
    *feed = (struct feed){.name = name, .at = t->at, .path = d->path, .time = -1, .watermark = -1};
    feed->columns = arena_alloc(&d->arena, ((size_t)t->column_count + 1) * sizeof *feed->columns);
    feed->column_count = feed->field_count = feed->builtin = t->column_count;
    for (int i = 0; i < t->column_count; i++)
        feed->columns[i] =
            (struct column){.name = t->columns[i].name, .type = t->columns[i].type, .scale = t->columns[i].scale};
    rules_read(n, feed);
    return feed;
}

static void rules_check(struct node n, const struct definition *d, struct feed *feed)
{
    if (feed->rule_count > TABLE_RULES_MAX) node_fail(n, "a table has at most %d rules", TABLE_RULES_MAX);
    for (int i = 0; i < feed->rule_count && !n.doc->failed; i++) {
        struct rule *rule = &feed->rules[i];
        struct node item = node_item(n, (size_t)rule->item);
        if (rule->reference)
            rule_link(item, d, feed, rule);
        else if (rule->class == &RULE_TYPE)
            node_wrong(node_member(item, "rule"),
                       "is a rule of sources: values of a table have the types of its columns, and what cannot be "
                       "computed is NULL, which not_null finds");
        node_part_end(item, NULL);
    }
}

static void checked_add(struct node n, struct definition *d, const char *name, const struct feed *rules,
                        bool violations)
{
    struct table *t = &d->tables[d->table_count];
    int parent = d->table_count - 1 - violations;
    const struct table *from = &d->tables[parent];
    *t = (struct table){.name = name, .at = n.path, .item = from->item, .kind = TABLE_SELECT, .parent = parent};
    t->origin = from->origin;
    t->time = table_time(from);
    t->rules = rules;
    t->violations = violations;
    t->columns = arena_alloc(&d->arena, ((size_t)from->column_count + 3) * sizeof *t->columns);
    struct input in = input_table(from, n.doc->arena, 0);
    for (int i = 0; i < in.count; i++) copy_enter(n, t, &in, in.columns[i].name, i);
    if (violations) {
        column_enter(n, t, (struct table_column){.name = "_rules", .type = VALUE_TEXT, .input = -1});
        column_enter(n, t, (struct table_column){.name = "_severity", .type = VALUE_TEXT, .input = -1});
    }
    d->table_count++;
}

/* The table that was read last gets rules. */
static void table_rules_read(struct node n, struct node rules, struct definition *d, const char *name)
{
    const struct table *t = &d->tables[d->table_count - 1];
    const char *violations = arena_printf(&d->arena, "%s_violations", name);
    relation_name_check(n, d, violations);
    if (n.doc->failed) return;
    struct feed *feed = rules_of_table_read(rules, d, t, name);
    checked_add(n, d, name, feed, false);
    rules_check(rules, d, feed);
    if (!n.doc->failed) checked_add(n, d, violations, feed, true);
}

static void table_read(struct node n, int item, struct definition *d)
{
    struct table *t = &d->tables[d->table_count];
    struct node rules = node_member(n, "rules");
    *t = (struct table){.at = n.path, .item = item, .time = -1};
    if (!json_is_object(n.json)) node_fail(n, "must be an object {...}");
    const char *name = node_name(node_required(n, "name"));
    relation_name_check(n, d, name);
    t->unchecked = node_present(rules);
    t->name = t->unchecked ? arena_printf(&d->arena, "%s_all", name) : name;
    if (t->unchecked) relation_name_check(n, d, t->name);
    if (!n.doc->failed) kind_read(n, d, t);
    /* Counted afterwards, so that no table reads from itself; after a failure too, so that what it
     * compiled is released. */
    d->table_count++;
    if (!n.doc->failed && t->unchecked) table_rules_read(n, rules, d, name);
    if (n.doc->failed) return;
    if (t->unchecked) t++; /* the one that others see */
    indexes_read(node_member(n, "indexes"), d, t);
    node_part_end(n, "indexes");
    primary_key_read(node_member(n, "primary_key"), t);
    node_part_end(n, arena_printf(n.doc->arena, "%s.primary_key", name));
}

/* What is read but not kept would be lost without a word. */
static void feeds_check_read(struct node tables, const struct definition *d)
{
    for (int i = 0; i < d->feed_count; i++) {
        bool read = false;
        for (int k = 0; k < d->table_count; k++)
            for (int m = 0; m < d->tables[k].input_count; m++) read = read || d->tables[k].inputs[m].feed == i;
        if (!read)
            node_wrong(tables, "no table has \"from\": \"%s\"; that source would be read in vain", d->feeds[i].name);
    }
}

void tables_read(struct node tables, struct definition *d)
{
    size_t count = node_count(tables);
    if (!tables.doc->failed && count == 0) node_fail(tables, "needs at least one table");
    tables.doc->tables = tables.json;
    d->tables = arena_alloc(&d->arena, (3 * count + 1) * sizeof *d->tables);
    bool all = !tables.doc->failed;
    for (size_t i = 0; i < count && !tables.doc->failed; i++) {
        table_read(node_item(tables, i), (int)i, d);
        all = node_part_end(node_item(tables, i), NULL) && all;
    }
    if (all) feeds_check_read(tables, d);
    for (int i = 0; i < d->table_count && !tables.doc->failed; i++) {
        struct table *t = &d->tables[i];
        if (t->unchecked || t->violations || document_broken(tables.doc, t->name)) continue;
        foreign_keys_read(node_member(node_item(tables, (size_t)t->item), "foreign_keys"), d, t);
        node_part_end(tables, "foreign_keys");
    }
}

void views_read(struct node views, struct definition *d)
{
    static const char *const keys[] = {"name", "sql", NULL};
    size_t count = node_count(views);
    d->views = arena_alloc(&d->arena, (count + 1) * sizeof *d->views);
    for (size_t i = 0; i < count && !views.doc->failed; i++) {
        struct node n = node_item(views, i);
        node_keys(n, keys);
        struct node sql = node_required(n, "sql");
        struct view *v = &d->views[d->view_count];
        *v = (struct view){.name = node_name(node_required(n, "name")), .at = n.path};
        relation_name_check(n, d, v->name);
        v->sql = view_sql_read(sql);
        if (node_part_end(n, NULL)) d->view_count++;
    }
}
