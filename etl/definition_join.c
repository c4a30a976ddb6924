/* join: a left table, a right one, which rows belong together, and the columns that are taken from both. */
#include <string.h>
#include <strings.h>

#include "etl/definition_tables.h"

enum { SECONDS_MAX = 1 << 30 };

/* The two tables that a join reads. */
struct sides {
    const struct table *left_table, *right_table;
    struct input left, right;
    const struct join *join;
};

/* --- on --- */

static const char *type_text(struct node n, const struct expr_column *c)
{
    return c->type == VALUE_DECIMAL ? arena_printf(n.doc->arena, "decimal with scale %d", c->scale)
                                    : value_type_name(c->type);
}

static void key_enter(struct node n, const char *left, const char *right, const struct sides *s, struct join *j)
{
    int l = input_find(n, &s->left, left), r = input_find(n, &s->right, right);
    if (n.doc->failed) return;
    const struct expr_column *a = &s->left.columns[l], *b = &s->right.columns[r];
    if (a->type != b->type || a->scale != b->scale)
        node_fail(n, "column %s of %s is %s, but column %s of %s is %s", a->name, s->left_table->name, type_text(n, a),
                  b->name, s->right_table->name, type_text(n, b));
    j->left_keys[j->key_count] = l;
    j->right_keys[j->key_count++] = r;
}

/* "id", ["id", "day"], or {"left": "right", ...}. */
static void keys_read(struct node n, const struct sides *s, struct join *j)
{
    const char *key;
    json_t *value;
    bool object = json_is_object(n.json);
    int count = 0;
    const char *const *names = object ? NULL : node_text_list(n, &count);
    if (object) count = (int)json_object_size(n.json);
    j->left_keys = arena_alloc(n.doc->arena, ((size_t)count + 1) * sizeof *j->left_keys);
    j->right_keys = arena_alloc(n.doc->arena, ((size_t)count + 1) * sizeof *j->right_keys);
    for (int i = 0; !object && i < count; i++) key_enter(n, names[i], names[i], s, j);
    if (!object) return;
    json_object_foreach(n.json, key, value)
    {
        struct node item = node_member(n, key);
        if (!n.doc->failed) key_enter(item, arena_str(n.doc->arena, slice_str(key)), node_text(item, NULL), s, j);
    }
}

/* --- match --- */

/* A timestamp column: the one that is named, or the table's event time. */
static int time_read(struct node n, const char *key, const struct input *in, const struct table *t)
{
    struct node member = node_member(n, key);
    if (member.json) return input_time_find(member, in);
    if (in->time < 0)
        node_fail(n, "the key \"%s\" is missing: it names the time column of %s, which has no event time", key,
                  t->name);
    return in->time;
}

static void valid_read(struct node n, const struct input *in, struct join *j)
{
    if (node_count(n) != 2) node_fail(n, "must be two columns: [\"valid_from\", \"valid_to\"]");
    if (n.doc->failed) return;
    j->right_time = input_time_find(node_item(n, 0), in);
    j->right_end = input_time_find(node_item(n, 1), in);
}

static void match_read(struct node n, const struct sides *s, struct join *j)
{
    static const char *const matches[] = {
        [JOIN_LOOKUP] = "lookup", [JOIN_ALL] = "all",           [JOIN_AS_OF] = "as_of",
        [JOIN_VALID] = "valid",   [JOIN_INTERVAL] = "interval", NULL,
    };
    static const char *const only_timed[] = {"time", "right_time", "valid", "before_s", "after_s", NULL};
    j->match = (enum join_match)node_choice(node_member(n, "match"), matches, JOIN_LOOKUP);
    j->left_time = j->right_time = j->right_end = -1;
    bool timed = j->match != JOIN_LOOKUP && j->match != JOIN_ALL;
    for (int i = 0; only_timed[i] && !n.doc->failed; i++) {
        struct node member = node_member(n, only_timed[i]);
        bool valid = i == 2, interval = i > 2;
        bool fits = timed && (!valid || j->match == JOIN_VALID) && (!interval || j->match == JOIN_INTERVAL) &&
                    (i != 1 || j->match != JOIN_VALID);
        if (member.json && !fits) node_fail(member, "has no meaning with \"match\": \"%s\"", matches[j->match]);
    }
    if (!timed || n.doc->failed) return;
    j->left_time = time_read(n, "time", &s->left, s->left_table);
    if (j->match == JOIN_VALID)
        valid_read(node_required(n, "valid"), &s->right, j);
    else
        j->right_time = time_read(n, "right_time", &s->right, s->right_table);
    j->before_s = node_integer(node_member(n, "before_s"), 0, -SECONDS_MAX, SECONDS_MAX);
    j->after_s = node_integer(node_member(n, "after_s"), 0, -SECONDS_MAX, SECONDS_MAX);
    if (j->match == JOIN_INTERVAL && j->before_s + j->after_s < 0)
        node_fail(n, "the interval ends before it begins: before_s + after_s is negative");
}

/* --- columns --- */

static int side_find(const struct input *in, const char *name)
{
    for (int i = 0; i < in->count; i++)
        if (strcmp(in->columns[i].name, name) == 0) return i;
    return -1;
}

static void side_enter(struct node n, struct table *t, const struct sides *s, const char *name, bool right, int column)
{
    const struct expr_column *c = right ? &s->right.columns[column] : &s->left.columns[column];
    if (strcmp(name, "_source") == 0 && table_has_source(t))
        node_fail(n, "%s is the source of the left row here: give this column another name", name);
    column_enter(
        n, t,
        (struct table_column){
            .name = name, .type = c->type, .scale = c->scale, .input = right ? s->left.count + column : column});
}

static bool is_key(const struct sides *s, int left, int right)
{
    for (int i = 0; i < s->join->key_count; i++)
        if (s->join->left_keys[i] == left && s->join->right_keys[i] == right) return true;
    return false;
}

/* `left.x`, `right.x`, `TABLE.x`, or a name that stands on one side only (or is a key of the same name). */
static void column_find(struct node n, const char *text, const struct sides *s, bool *right, int *column)
{
    const char *dot = strchr(text, '.');
    if (dot) {
        struct slice side = slice_of(text, (size_t)(dot - text));
        bool is_left = slice_equal(side, SLICE_LIT("left")) || slice_equal(side, slice_str(s->left_table->name));
        *right =
            slice_equal(side, SLICE_LIT("right")) || (!is_left && slice_equal(side, slice_str(s->right_table->name)));
        if (s->left_table == s->right_table && slice_equal(side, slice_str(s->left_table->name)))
            node_fail(n, "\"%s\": both sides are %s: write left.%s or right.%s", text, s->left_table->name, dot + 1,
                      dot + 1);
        if (!is_left && !*right)
            node_fail(n, "\"%.*s\" is none of: left, right, %s, %s", (int)side.n, text, s->left_table->name,
                      s->right_table->name);
        *column = input_find(n, *right ? &s->right : &s->left, dot + 1);
        return;
    }
    int l = side_find(&s->left, text), r = side_find(&s->right, text);
    if (l >= 0 && r >= 0 && !is_key(s, l, r))
        node_fail(n, "both tables have a column \"%s\": write left.%s or right.%s", text, text, text);
    *right = l < 0 && r >= 0;
    *column = *right ? r : l >= 0 ? l : input_find(n, &s->left, text);
}

/* A text as column_find takes it, or {"name": N, "column": such a text}. */
static void join_column_read(struct node n, struct table *t, const struct sides *s)
{
    static const char *const keys[] = {"name", "column", NULL};
    bool plain = json_is_string(n.json), right;
    int column;
    if (!plain) node_keys(n, keys);
    struct node at = plain ? n : node_required(n, "column");
    const char *text = node_text(at, NULL), *dot = strchr(text, '.');
    const char *name = plain ? (dot ? dot + 1 : text) : node_name(node_required(n, "name"));
    column_find(at, text, s, &right, &column);
    if (!n.doc->failed) side_enter(n, t, s, name, right, column);
}

/* Without "columns": all of the left table, then those of the right one whose names are new. */
static void all_columns_enter(struct node n, struct table *t, const struct sides *s)
{
    for (int i = 0; i < s->left.count; i++) side_enter(n, t, s, s->left.columns[i].name, false, i);
    for (int i = 0; i < s->right.count; i++) {
        bool taken = false;
        for (int k = 0; k < s->left.count; k++)
            taken = taken || strcasecmp(s->left.columns[k].name, s->right.columns[i].name) == 0;
        if (!taken) side_enter(n, t, s, s->right.columns[i].name, true, i);
    }
}

static void join_columns_read(struct node n, struct node columns, struct table *t, const struct sides *s)
{
    size_t count = columns.json ? node_count(columns) : (size_t)(s->left.count + s->right.count);
    if (columns.json && count == 0) node_fail(columns, "needs at least one column");
    t->columns = arena_alloc(n.doc->arena, (count + 1) * sizeof *t->columns);
    if (!columns.json) all_columns_enter(n, t, s);
    for (size_t i = 0; columns.json && i < count && !n.doc->failed; i++) {
        join_column_read(node_item(columns, i), t, s);
        node_part_end(node_item(columns, i), NULL);
    }
}

void join_table_read(struct node n, struct definition *d, struct table *t)
{
    static const char *const keys[] = {"name",    "join",        "with",         "on",       "kind",    "match",
                                       "time",    "right_time",  "valid",        "before_s", "after_s", "columns",
                                       "indexes", "primary_key", "foreign_keys", "rules",    NULL};
    static const char *const kinds[] = {"inner", "left", NULL};
    node_keys(n, keys);
    t->kind = TABLE_JOIN;
    t->parent = parent_read(node_member(n, "join"), d);
    int right = parent_read(node_required(n, "with"), d);
    if (n.doc->failed) return;
    struct join *j = arena_alloc(n.doc->arena, sizeof *j);
    struct sides s = {&d->tables[t->parent], &d->tables[right], .join = j};
    s.left = input_table(s.left_table, n.doc->arena, 0);
    s.right = input_table(s.right_table, n.doc->arena, 0);
    t->join = j;
    t->origin = s.left_table->origin;
    j->right = right;
    j->keeps_unmatched = node_choice(node_required(n, "kind"), kinds, 0) == 1;
    struct node on = node_required(n, "on");
    keys_read(on, &s, j);
    match_read(n, &s, j);
    if (j->key_count == 0 && j->left_time < 0) node_fail(on, "needs at least one column");
    join_columns_read(n, node_member(n, "columns"), t, &s);
    for (int i = 0; i < t->column_count && t->time < 0; i++)
        if (s.left.time >= 0 && t->columns[i].input == s.left.time) t->time = i;
}
