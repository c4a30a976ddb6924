/* Tables of groups: aggregates with their windows, pivots, sessions. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "etl/definition_tables.h"

/* --- aggregate functions --- */

static const struct aggregate {
    const char *name;
    enum aggregate_function function;
    bool argument, number;
} AGGREGATES[] = {
    {"count", AGGREGATE_COUNT, false, false}, {"count_distinct", AGGREGATE_COUNT_DISTINCT, true, false},
    {"sum", AGGREGATE_SUM, true, true},       {"min", AGGREGATE_MIN, true, false},
    {"max", AGGREGATE_MAX, true, false},      {"first", AGGREGATE_FIRST, true, false},
    {"last", AGGREGATE_LAST, true, false},    {"duration", AGGREGATE_DURATION, false, false},
};
enum { AGGREGATE_KINDS = sizeof AGGREGATES / sizeof *AGGREGATES };

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

static const struct aggregate *aggregate_find(struct node n, const char *name)
{
    const char *names[AGGREGATE_KINDS + 1] = {NULL};
    for (int i = 0; i < AGGREGATE_KINDS; i++) {
        if (strcasecmp(AGGREGATES[i].name, name) == 0) return &AGGREGATES[i];
        names[i] = AGGREGATES[i].name;
    }
    if (strcasecmp(name, "avg") == 0 || strcasecmp(name, "mean") == 0)
        node_fail(n, "there is no aggregate %s(): take sum() and count() here, and divide() in a select on this table",
                  name);
    else
        node_fail(n, "there is no aggregate %s()%s", name, node_hint(n, name, names));
    return &AGGREGATES[0];
}

static const char *blanks_skip(const char *s)
{
    while (isspace((unsigned char)*s)) s++;
    return s;
}

static const char *word_take(struct node n, const char **s)
{
    const char *start = blanks_skip(*s);
    size_t length = 0;
    while (isalnum((unsigned char)start[length]) || start[length] == '_') length++;
    *s = blanks_skip(start + length);
    return arena_str(n.doc->arena, slice_of(start, length));
}

static void function_check(struct node n, const struct aggregate *a, const struct table *t, const struct input *in,
                           struct table_column *c)
{
    bool ordered = a->function == AGGREGATE_FIRST || a->function == AGGREGATE_LAST;
    const struct expr_column *argument = c->input >= 0 ? &in->columns[c->input] : NULL;
    if (ordered && in->time < 0)
        node_fail(n, "%s() goes by event time: declare source.time, and keep that column in the table read from",
                  a->name);
    if (a->function == AGGREGATE_DURATION && t->kind != TABLE_SESSIONS)
        node_fail(n, "duration() is for sessions; take max(time) - min(time) in a view");
    /* Two sessions become one: their sums add up, the numbers of their different values do not. */
    if (a->function == AGGREGATE_COUNT_DISTINCT && t->kind == TABLE_SESSIONS)
        node_fail(n, "count_distinct() is not for sessions");
    if (a->number && argument && argument->type != VALUE_INTEGER && argument->type != VALUE_DECIMAL)
        node_fail(n, "sum() of %s, which is %s", argument->name, value_type_name(argument->type));
    bool keeps = a->argument && a->function != AGGREGATE_COUNT_DISTINCT;
    c->type = keeps && argument ? argument->type : VALUE_INTEGER;
    c->scale = keeps && argument ? argument->scale : 0;
}

static const char *both_conditions(struct node n, const char *a, const char *b)
{
    if (!a || !b) return a ? a : b;
    return arena_printf(n.doc->arena, "(%s) and (%s)", a, b);
}

/* What stands where the name of a column is expected. */
static const char *argument_hint(const char *argument, const char *behind)
{
    if (!*argument && *behind == '*') return "; the number of rows is count()";
    if (*argument && *behind && strchr("+-*/%|(", *behind))
        return "; what is computed must be a column first: say it in \"derive\"";
    return "";
}

void aggregate_read(struct node n, const char *name, const char *and_where, struct table *t, const struct input *in)
{
    static const char shape[] = "must be function(column), perhaps with `where condition` behind it";
    const char *s = node_text(n, NULL), *function = word_take(n, &s);
    struct table_column c = {.name = name, .input = -1};
    if (*s++ != '(') {
        node_fail(n, shape);
        return;
    }
    const char *argument = word_take(n, &s);
    const char *hint = argument_hint(argument, s);
    bool closed = *s == ')';
    s = blanks_skip(s + closed);
    const char *word = word_take(n, &s);
    if (!closed || (*word && strcasecmp(word, "where") != 0) || (!*word && *s)) node_fail(n, "%s%s", shape, hint);
    const struct aggregate *a = aggregate_find(n, function);
    c.function = a->function;
    if (a->argument != (*argument != '\0'))
        node_fail(n, a->argument ? "%s() needs a column" : "%s() takes no column; use `where x is not null`", a->name);
    if (*argument) c.input = input_find(n, in, argument);
    if (!n.doc->failed) function_check(n, a, t, in, &c);
    const char *where = both_conditions(n, *word ? s : NULL, and_where);
    struct expr_scope scope = input_scope(in);
    if (*word && c.function == AGGREGATE_DURATION)
        node_fail(n, "duration() is of the whole session: it has no `where`");
    if (where && !n.doc->failed) c.where = condition_text_read(n, where, &scope);
    if (n.doc->failed)
        expr_release((struct expr *)c.where);
    else
        column_enter(n, t, c);
}

void by_read(struct node n, struct table *t, const struct input *in)
{
    size_t count = node_count(n);
    for (size_t i = 0; i < count && !n.doc->failed; i++) {
        struct node item = node_item(n, i);
        const char *name = node_text(item, NULL);
        int input = input_find(item, in, name);
        if (!n.doc->failed) copy_enter(item, t, in, name, input);
        node_part_end(item, NULL);
    }
    t->by_count = t->column_count;
}

/* Calls `each` for the members of "columns". */
static void aggregates_read(struct node n, struct table *t, const struct input *in,
                            void (*each)(struct node n, const char *name, struct table *t, const struct input *in,
                                         const void *context),
                            const void *context)
{
    const char *key;
    json_t *value;
    if (n.doc->failed) return;
    if (!json_is_object(n.json)) {
        node_fail(n, "must be an object {\"column\": \"function(column)\", ...}");
        return;
    }
    json_object_foreach(n.json, key, value)
    {
        struct node item = node_member(n, key);
        if (n.doc->failed) return;
        json_t *name = json_string(key);
        const char *checked = node_name((struct node){n.doc, name, item.path});
        json_decref(name);
        each(item, checked, t, in, context);
    }
}

static void plain_aggregate(struct node n, const char *name, struct table *t, const struct input *in,
                            const void *context)
{
    (void)context;
    aggregate_read(n, name, NULL, t, in);
    node_part_end(n, name);
}

/* --- windows --- */

enum { WINDOWS_PER_ROW_MAX = 1000, SECONDS_MAX = 1 << 30 };

static void window_column_enter(struct node n, const char *key, struct table *t, struct input *in)
{
    struct node member = node_member(n, key);
    const char *name = node_present(member) ? node_name(member) : arena_printf(n.doc->arena, "window_%s", key);
    for (int i = 0; i < in->count; i++)
        if (strcasecmp(in->columns[i].name, name) == 0)
            node_fail(member, "the table read from has a column \"%s\": give this one another name", name);
    in->columns[in->count] = (struct expr_column){name, VALUE_TIMESTAMP, 0};
    copy_enter(member, t, in, name, in->count++);
}

/* {"time": "at", "size_s": 3600, "hop_s": 900, "offset_s": 0, "start": NAME, "end": NAME}: the two columns are
 * `by` columns behind the others. */
static void window_read(struct node n, struct table *t, struct input *in)
{
    static const char *const keys[] = {"time", "size_s", "hop_s", "offset_s", "start", "end", NULL};
    if (!node_present(n)) return;
    node_keys(n, keys);
    struct window *w = arena_alloc(n.doc->arena, sizeof *w);
    struct node time = node_member(n, "time"), hop = node_member(n, "hop_s");
    if (!time.json && in->time < 0) node_fail(n, "the key \"time\" is missing");
    w->time = time.json ? input_time_find(time, in) : in->time;
    w->size_s = node_integer(node_required(n, "size_s"), 1, 1, SECONDS_MAX);
    w->hop_s = node_integer(hop, w->size_s, 1, SECONDS_MAX);
    w->offset_s = node_integer(node_member(n, "offset_s"), 0, -SECONDS_MAX, SECONDS_MAX);
    if (w->hop_s > w->size_s) node_fail(hop, "is longer than size_s: rows between two windows would be in none");
    if (w->size_s / w->hop_s > WINDOWS_PER_ROW_MAX)
        node_fail(hop, "puts each row in more than %d windows", WINDOWS_PER_ROW_MAX);
    if (n.doc->failed) return;
    t->window = w;
    window_column_enter(n, "start", t, in);
    window_column_enter(n, "end", t, in);
    t->by_count = t->column_count;
}

/* --- aggregates --- */

/* What aggregates and pivots have in common ahead of their own columns, of which there are at most `count`. */
static struct input grouped_begin(struct node n, const char *parent_key, struct definition *d, struct table *t)
{
    t->kind = TABLE_AGGREGATE;
    t->parent = parent_read(node_member(n, parent_key), d);
    return input_table(&d->tables[n.doc->failed ? 0 : t->parent], n.doc->arena, 2);
}

static void groups_read(struct node n, struct definition *d, struct table *t, struct input *in, size_t columns)
{
    struct node by = node_required(n, "by");
    t->columns = arena_alloc(&d->arena, (node_count(by) + columns + 3) * sizeof *t->columns);
    by_read(by, t, in);
    window_read(node_member(n, "window"), t, in);
}

void aggregate_table_read(struct node n, struct definition *d, struct table *t)
{
    static const char *const keys[] = {"name",    "aggregate",   "by",           "window", "columns", "where",
                                       "indexes", "primary_key", "foreign_keys", "rules",  NULL};
    node_keys(n, keys);
    struct input in = grouped_begin(n, "aggregate", d, t);
    if (n.doc->failed) return;
    struct node columns = node_required(n, "columns");
    groups_read(n, d, t, &in, json_object_size(columns.json));
    aggregates_read(columns, t, &in, plain_aggregate, NULL);
    if (json_object_size(columns.json) == 0) node_fail(columns, "needs at least one column");
    where_read(node_member(n, "where"), &in, t);
}

/* --- pivots: aggregates whose columns come once for each of the listed values --- */

struct pivoted {
    const char *prefix, *condition;
};

static void pivot_aggregate(struct node n, const char *name, struct table *t, const struct input *in,
                            const void *context)
{
    const struct pivoted *p = context;
    aggregate_read(n, arena_printf(n.doc->arena, "%s_%s", p->prefix, name), p->condition, t, in);
}

/* `column = literal`, the literal as an expression has it. */
static const char *pivot_condition(struct node n, const struct expr_column *column)
{
    struct arena *arena = n.doc->arena;
    if (json_is_null(n.json)) return arena_printf(arena, "%s is null", column->name);
    bool number = column->type == VALUE_INTEGER || column->type == VALUE_DECIMAL;
    const char *text = number ? node_number_text(n) : node_text(n, NULL), *quoted = "";
    for (const char *c = text; *c; c++) quoted = arena_printf(arena, "%s%c%s", quoted, *c, *c == '\'' ? "'" : "");
    if (number) return arena_printf(arena, "%s = %s", column->name, text);
    return arena_printf(arena, "%s = %s'%s'", column->name,
                        column->type == VALUE_DATE        ? "date "
                        : column->type == VALUE_TIMESTAMP ? "timestamp "
                                                          : "",
                        quoted);
}

static void pivot_value_read(struct node n, const char *name, struct node columns, int column, struct table *t,
                             const struct input *in)
{
    struct pivoted p = {name, n.doc->failed ? "" : pivot_condition(n, &in->columns[column])};
    struct expr *checked =
        n.doc->failed
            ? NULL
            : condition_text_read(n, p.condition, &(struct expr_scope){.columns = in->columns, .count = in->count});
    expr_release(checked);
    aggregates_read(columns, t, in, pivot_aggregate, &p);
}

/* Of a list each text is the name of a column, too. */
static void pivot_name_check(struct node item)
{
    const char *text = node_text(item, NULL);
    if (!isalpha((unsigned char)*text) || strspn(text, NAME_CHARACTERS) != strlen(text))
        node_fail(item, "\"%s\" is not a name; say how the column is called: {\"NAME\": \"%s\"}", text, text);
}

/* {"de": "DE", ...}, or ["DE", ...] where the values are names themselves. */
static void pivot_values_read(struct node n, struct node columns, int column, struct table *t, const struct input *in)
{
    const char *key;
    json_t *value;
    if (json_is_object(n.json)) {
        json_object_foreach(n.json, key, value)
        {
            struct node item = node_member(n, key);
            json_t *text = json_string(key);
            const char *name = node_name((struct node){n.doc, text, item.path});
            json_decref(text);
            pivot_value_read((struct node){n.doc, value, item.path}, name, columns, column, t, in);
        }
        return;
    }
    for (size_t i = 0; i < node_count(n); i++)
        if (!json_is_string(json_array_get(n.json, i)))
            node_fail(node_item(n, i), "must be a text; other values need names: {\"NAME\": value, ...}");
    for (size_t i = 0; i < node_count(n) && !n.doc->failed; i++) pivot_name_check(node_item(n, i));
    for (size_t i = 0; i < node_count(n); i++)
        pivot_value_read(node_item(n, i), node_name(node_item(n, i)), columns, column, t, in);
}

/* Two groups of columns with the same numbers are a mistake. */
static void pivot_values_check(struct node n)
{
    const char *key, *other;
    json_t *value, *more;
    json_object_foreach(n.json, key, value)
    {
        json_object_foreach(n.json, other, more)
        {
            if (strcmp(key, other) < 0 && json_equal(value, more))
                node_wrong(node_member(n, other), "is the value of \"%s\", too", key);
        }
    }
}

void pivot_table_read(struct node n, struct definition *d, struct table *t)
{
    static const char *const keys[] = {"name",  "pivot",   "by",          "window",       "column", "values", "columns",
                                       "where", "indexes", "primary_key", "foreign_keys", "rules",  NULL};
    node_keys(n, keys);
    struct input in = grouped_begin(n, "pivot", d, t);
    if (n.doc->failed) return;
    struct node column = node_required(n, "column"), values = node_required(n, "values"),
                columns = node_required(n, "columns");
    pivot_values_check(values);
    size_t value_count = json_is_object(values.json) ? json_object_size(values.json) : node_count(values);
    if (value_count == 0) node_fail(values, "needs at least one value");
    groups_read(n, d, t, &in, value_count * json_object_size(columns.json));
    if (n.doc->failed) return;
    pivot_values_read(values, columns, input_find(column, &in, node_text(column, NULL)), t, &in);
    if (t->column_count == t->by_count) node_fail(columns, "needs at least one column");
    where_read(node_member(n, "where"), &in, t);
}

/* --- sessions --- */

void sessions_table_read(struct node n, struct definition *d, struct table *t)
{
    static const char *const keys[] = {"name",  "sessionize", "by",          "time",         "gap_s", "columns",
                                       "where", "indexes",    "primary_key", "foreign_keys", "rules", NULL};
    node_keys(n, keys);
    t->kind = TABLE_SESSIONS;
    t->parent = parent_read(node_member(n, "sessionize"), d);
    if (n.doc->failed) return;
    struct input in = input_table(&d->tables[t->parent], n.doc->arena, 0);
    struct node time = node_required(n, "time"), gap = node_required(n, "gap_s"), by = node_required(n, "by"),
                columns = node_required(n, "columns");
    int column = input_time_find(time, &in);
    t->gap_s = node_integer(gap, 0, 0, 1LL << 40);
    t->columns = arena_alloc(&d->arena, (node_count(by) + json_object_size(columns.json) + 1) * sizeof *t->columns);
    by_read(by, t, &in);
    aggregates_read(columns, t, &in, plain_aggregate, NULL);
    where_read(node_member(n, "where"), &in, t);
    t->time = column;
}
