/* {"rule": "in", "column": C, "values": [...], "negate": false}: one of these, or none of them. "file" instead of
 * "values" names a file beside the definition with a value in each line. */
#include <stdlib.h>
#include <string.h>

#include "etl/beside.h"
#include "etl/rule/rule.h"

struct in {
    struct value *values; /* sorted */
    size_t count;
    bool negate;
};

static const char *const KEYS[] = {"column", "values", "file", "negate", NULL};

static int values_compare(const void *x, const void *y)
{
    const struct value *a = x, *b = y;
    if (a->type == VALUE_TEXT) return slice_compare(a->text, b->text);
    return (a->i > b->i) - (a->i < b->i);
}

static void value_enter(struct in *in, struct value v, size_t *room, struct arena *arena)
{
    if (in->count == *room) {
        *room = *room ? 2 * *room : 16;
        struct value *more = arena_alloc(arena, *room * sizeof *more);
        if (in->count) memcpy(more, in->values, in->count * sizeof *more);
        in->values = more;
    }
    in->values[in->count++] = v;
}

static void listed_read(struct node values, const struct column *c, struct in *in)
{
    size_t count = node_count(values), room = 0;
    for (size_t i = 0; i < count && !values.doc->failed; i++)
        value_enter(in, column_literal_read(node_item(values, i), c), &room, values.doc->arena);
}

/* One value a line, as it stands there; an empty line is none. */
static void file_read(struct node file, const struct column *c, struct in *in)
{
    struct buf text = {0};
    size_t room = 0;
    int number = 0;
    bool good = beside_read(file, &text);
    struct slice line, rest = slice_of(good ? arena_copy(file.doc->arena, text.p, text.n) : NULL, good ? text.n : 0);
    while (!file.doc->failed && beside_line(&rest, &line, &number)) {
        struct value v;
        if (line.n == 0) continue;
        if (column_literal(c, line, &v))
            value_enter(in, v, &room, file.doc->arena);
        else
            node_fail(file, "%s, line %d: \"%.*s\" is no value of column %s (%s)", node_text(file, NULL), number,
                      (int)line.n, (const char *)line.p, c->name, value_type_name(c->type));
    }
    buf_release(&text);
}

static void in_open(struct node n, const struct feed *feed, struct rule *rule)
{
    int column = rule_column_read(n, feed, rule);
    struct node values = node_member(n, "values"), file = node_member(n, "file");
    struct in *in = arena_alloc(n.doc->arena, sizeof *in);
    in->negate = node_bool(node_member(n, "negate"), false);
    rule->spec = in;
    if (n.doc->failed) return;
    if (node_present(values) == node_present(file))
        node_fail(n, "needs the values, or the name of a file with one in each line: one of \"values\" and \"file\"");
    else if (node_present(values))
        listed_read(values, &feed->columns[column], in);
    else
        file_read(file, &feed->columns[column], in);
    if (in->count == 0) node_fail(node_present(values) ? values : file, "needs at least one value");
    if (!n.doc->failed) qsort(in->values, in->count, sizeof *in->values, values_compare);
}

static bool in_broken(const struct rule *rule, const struct value *values, struct arena *arena)
{
    (void)arena;
    const struct in *in = rule->spec;
    const struct value *v = &values[rule->column];
    if (v->type == VALUE_NULL) return false;
    bool found = bsearch(v, in->values, in->count, sizeof *in->values, values_compare) != NULL;
    return found == in->negate;
}

const struct rule_class RULE_IN = {
    "in", "{\"rule\": \"in\", \"column\": C, \"values\": [...]} or \"file\": \"LIST.txt\"}", KEYS, in_open, in_broken,
    NULL};
