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
    return (struct expr_scope){in->columns, in->count};
}

int input_find(struct node n, const struct input *in, const char *name)
{
    const char **names = arena_alloc(n.doc->arena, ((size_t)in->count + 1) * sizeof *names);
    for (int i = 0; i < in->count; i++) {
        if (strcmp(in->columns[i].name, name) == 0) return i;
        names[i] = in->columns[i].name;
    }
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
    if (node_present(n))
        t->where = condition_text_read(n, node_text(n, NULL), &(struct expr_scope){in->columns, in->count});
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
    node_fail(rule, "there is no rule \"%s\" in source %s%s", name, feed->name, node_hint(rule, name, names));
    return ROW_VALID;
}

static int feed_read(struct node n, const struct definition *d, const char *name)
{
    int feed = definition_feed(d, slice_str(name));
    const char **names = arena_alloc(n.doc->arena, ((size_t)d->feed_count + 1) * sizeof *names);
    for (int i = 0; i < d->feed_count; i++) names[i] = d->feeds[i].name;
    if (feed < 0) node_fail(n, "there is no source \"%s\"%s", name, node_hint(n, name, names));
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
        in->where = condition_text_read(n, node_text(n, NULL), &(struct expr_scope){rows.columns, rows.count});
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
        if (columns.json)
            store_column_read(node_item(columns, i), t, &in);
        else
            copy_enter(columns, t, &in, first->columns[i].name, (int)i);
    }
}

static void store_read(struct node n, struct definition *d, struct table *t)
{
    /* Those of the other kinds are not here, or their readers had been asked: they are what a misspelt one means. */
    static const char *const keys[] = {"name",        "from",         "rows",      "columns", "where",      "indexes",
                                       "primary_key", "foreign_keys", "aggregate", "pivot",   "sessionize", "select",
                                       "join",        "top_n",        "dedupe",    "scd",     NULL};
    node_keys(n, keys);
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

int parent_read(struct node n, const struct definition *d)
{
    const char *name = node_text(n, NULL);
    const char **names = arena_alloc(n.doc->arena, ((size_t)d->table_count + 1) * sizeof *names);
    for (int i = 0; i < d->table_count; i++) names[i] = d->tables[i].name;
    int parent = definition_table(d, name);
    if (parent < 0) node_fail(n, "there is no table \"%s\" before this one%s", name, node_hint(n, name, names));
    return parent < 0 ? 0 : parent;
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

void relation_name_check(struct node n, const struct definition *d, const char *name)
{
    static const char *const reserved[] = {"quarantine", "warnings", "files", "records", "rejects", NULL};
    for (int i = 0; reserved[i]; i++)
        if (strcasecmp(name, reserved[i]) == 0) node_fail(n, "every warehouse has a table \"%s\" of its own", name);
    if (strcasecmp(name, "late") == 0 && definition_drops_late(d))
        node_fail(n, "a warehouse whose source drops late records has a table \"late\" of its own");
    if (strncasecmp(name, "millrace_", 9) == 0 || strncasecmp(name, "sqlite_", 7) == 0)
        node_fail(n, "names that begin with millrace_ or sqlite_ are reserved");
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

static void kind_read(struct node n, struct definition *d, struct table *t)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        if (!node_member(n, KINDS[i].key).json) continue;
        KINDS[i].read(n, d, t);
        return;
    }
    store_read(n, d, t);
}

static void table_read(struct node n, struct definition *d, struct table *t)
{
    *t = (struct table){.at = n.path, .time = -1};
    if (!json_is_object(n.json)) node_fail(n, "must be an object {...}");
    t->name = node_name(node_required(n, "name"));
    relation_name_check(n, d, t->name);
    if (n.doc->failed) return;
    kind_read(n, d, t);
    indexes_read(node_member(n, "indexes"), d, t);
    if (!n.doc->failed) primary_key_read(node_member(n, "primary_key"), t);
}

/* What is read but not kept would be lost without a word. */
static void feeds_check_read(struct node tables, const struct definition *d)
{
    for (int i = 0; i < d->feed_count; i++) {
        bool read = false;
        for (int k = 0; k < d->table_count; k++)
            for (int m = 0; m < d->tables[k].input_count; m++) read = read || d->tables[k].inputs[m].feed == i;
        if (!read)
            node_fail(tables, "no table has \"from\": \"%s\"; that source would be read in vain", d->feeds[i].name);
    }
}

void tables_read(struct node tables, struct definition *d)
{
    size_t count = node_count(tables);
    if (!tables.doc->failed && count == 0) node_fail(tables, "needs at least one table");
    d->tables = arena_alloc(&d->arena, (count + 1) * sizeof *d->tables);
    for (size_t i = 0; i < count && !tables.doc->failed; i++) {
        /* Counted afterwards, so that no table reads from itself; after a failure too, so that what it
         * compiled is released. */
        table_read(node_item(tables, i), d, &d->tables[i]);
        d->table_count++;
    }
    if (!tables.doc->failed) feeds_check_read(tables, d);
    for (size_t i = 0; i < count && !tables.doc->failed; i++)
        foreign_keys_read(node_member(node_item(tables, i), "foreign_keys"), d, &d->tables[i]);
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
        d->view_count++;
    }
}
