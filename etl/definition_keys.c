/* `primary_key` and `foreign_keys` of tables. */
#include <string.h>

#include "etl/definition_tables.h"

static int *columns_read(struct node n, struct table *t, int *count)
{
    const char *const *names = node_text_list(n, count);
    struct input own = input_table(t, n.doc->arena, 0);
    int *columns = arena_alloc(n.doc->arena, ((size_t)*count + 1) * sizeof *columns);
    if (*count == 0) node_fail(n, "needs at least one column");
    for (int i = 0; i < *count && !n.doc->failed; i++) {
        columns[i] = input_find(json_is_array(n.json) ? node_item(n, (size_t)i) : n, &own, names[i]);
        for (int k = 0; k < i; k++)
            if (columns[k] == columns[i]) node_fail(n, "the column \"%s\" stands twice", names[i]);
    }
    return columns;
}

void primary_key_read(struct node n, struct table *t)
{
    if (node_present(n)) t->primary_key = columns_read(n, t, &t->primary_key_count);
}

/* "TABLE(A, B)" */
static const char *key_text(struct node n, const struct table *t)
{
    const char *text = arena_printf(n.doc->arena, "%s(", t->name);
    for (int i = 0; i < t->primary_key_count; i++)
        text = arena_printf(n.doc->arena, "%s%s%s", text, i ? ", " : "", t->columns[t->primary_key[i]].name);
    return arena_printf(n.doc->arena, "%s)", text);
}

/* The same but for blanks. */
static bool text_means(const char *text, const char *wanted)
{
    for (;; text++, wanted++) {
        text += strspn(text, " ");
        wanted += strspn(wanted, " ");
        if (*text != *wanted) return false;
        if (!*text) return true;
    }
}

/* "TABLE" or "TABLE(A, B)": the index of a table with that primary key. */
static int references_read(struct node n, const struct definition *d)
{
    const char *text = node_text(n, NULL);
    const char *name = arena_str(n.doc->arena, slice_of(text, strcspn(text, " (")));
    const char **names = arena_alloc(n.doc->arena, ((size_t)d->table_count + 1) * sizeof *names);
    for (int i = 0; i < d->table_count; i++) names[i] = d->tables[i].name;
    int table = definition_table(d, name);
    if (node_broken(n, name)) return 0;
    if (table < 0) {
        node_fail(n, "there is no table \"%s\"%s", name, node_hint(n, name, names));
        return 0;
    }
    const struct table *t = &d->tables[table];
    if (node_broken(n, arena_printf(n.doc->arena, "%s.primary_key", name))) return 0;
    if (t->primary_key_count == 0) node_fail(n, "table \"%s\" declares no primary_key", name);
    if (strcmp(text, name) != 0 && !text_means(text, key_text(n, t)))
        node_fail(n, "\"%s\" is no primary key; that of the table is %s", text, key_text(n, t));
    return table;
}

static void types_check(struct node n, const struct table *t, const struct foreign_key *k, int count,
                        const struct table *other)
{
    if (count != other->primary_key_count) {
        node_fail(n, "has %d columns, but %s has %d", count, key_text(n, other), other->primary_key_count);
        return;
    }
    for (int i = 0; i < count; i++) {
        const struct table_column *a = &t->columns[k->columns[i]], *b = &other->columns[other->primary_key[i]];
        if (a->type != b->type || a->scale != b->scale)
            node_fail(n, "column %s (%s) can not refer to %s.%s (%s): types and scales must be the same", a->name,
                      value_type_name(a->type), other->name, b->name, value_type_name(b->type));
    }
}

void foreign_keys_read(struct node n, struct definition *d, struct table *t)
{
    static const char *const keys[] = {"columns", "references", NULL};
    size_t count = node_count(n);
    t->foreign_keys = arena_alloc(&d->arena, (count + 1) * sizeof *t->foreign_keys);
    for (size_t i = 0; i < count && !n.doc->failed; i++) {
        struct node item = node_item(n, i), columns;
        struct foreign_key *k = &t->foreign_keys[t->foreign_key_count];
        int columns_count = 0;
        node_keys(item, keys);
        columns = node_required(item, "columns");
        k->at = item.path;
        if (!n.doc->failed) k->columns = columns_read(columns, t, &columns_count);
        if (!n.doc->failed) k->table = references_read(node_required(item, "references"), d);
        if (!n.doc->failed) types_check(columns, t, k, columns_count, &d->tables[k->table]);
        if (node_part_end(item, "")) t->foreign_key_count++;
    }
}
