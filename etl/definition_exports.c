/* `outputs`: which tables and views are written as files, and how; definition_changelogs.c has those that are topics.
 */
#include <string.h>

#include "etl/definition_tables.h"

/* What every warehouse has can be written too. */
static const char *const STANDARD[] = {"files", "records", "rejects", "quarantine", "warnings"};
enum { STANDARD_COUNT = sizeof STANDARD / sizeof *STANDARD, FILE_NAME_MAX = 200 };

static const char *relation_read(struct node n, const struct definition *d)
{
    size_t room = (size_t)(d->table_count + d->view_count + STANDARD_COUNT) + 2;
    const char *name = node_text(n, NULL), **names = arena_alloc(n.doc->arena, room * sizeof *names);
    int count = 0;
    for (int i = 0; i < d->table_count; i++) names[count++] = d->tables[i].name;
    for (int i = 0; i < d->view_count; i++) names[count++] = d->views[i].name;
    for (int i = 0; i < STANDARD_COUNT; i++) names[count++] = STANDARD[i];
    if (definition_drops_late(d)) names[count++] = "late";
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0 && !node_broken(n, name)) return name;
    if (!node_broken(n, name)) node_fail(n, "there is no table or view \"%s\"%s", name, node_hint(n, name, names));
    return name;
}

/* A leading point is for the file's own stand-in while it is written. */
static const char *file_read(struct node n, const struct definition *d)
{
    const char *name = node_text(n, NULL);
    if (!*name || *name == '.' || strchr(name, '/') || strlen(name) > FILE_NAME_MAX)
        node_fail(n, "\"%s\" must be the name of a file, without a folder or a leading point", name);
    for (int i = 0; i < d->export_count; i++)
        if (strcmp(d->exports[i].file, name) == 0) node_fail(n, "%s writes \"%s\" already", d->exports[i].at, name);
    return name;
}

static void order_read(struct node n, struct export *e)
{
    if (!node_present(n)) return;
    const char *const *texts = node_text_list(n, &e->order_count);
    e->order = arena_alloc(n.doc->arena, ((size_t)e->order_count + 1) * sizeof *e->order);
    for (int i = 0; i < e->order_count; i++)
        e->order[i].column =
            term_name_read(json_is_array(n.json) ? node_item(n, (size_t)i) : n, texts[i], &e->order[i].descending);
}

const char *const *export_columns_read(struct node n, int *count)
{
    if (!node_present(n)) return NULL;
    const char *const *columns = node_text_list(n, count);
    if (*count == 0) node_fail(n, "needs at least one column");
    for (int i = 0; i < *count; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(columns[i], columns[k]) == 0) node_fail(n, "the column \"%s\" stands twice", columns[i]);
    return columns;
}

static char delimiter_read(struct node n)
{
    const char *text = node_text(n, ",");
    bool good = *text && !text[1] && !strchr("\"\r\n", *text) && !(*text & 0x80);
    if (!good) node_fail(n, "must be one ASCII character, but no quote and no line end");
    return *text;
}

static void csv_read(struct node n, struct export *e)
{
    e->delimiter = delimiter_read(node_member(n, "delimiter"));
    e->header = node_bool(node_member(n, "header"), true);
    e->null = node_text(node_member(n, "null"), "");
    if (strpbrk(e->null, "\"\r\n") || strchr(e->null, e->delimiter))
        if (*e->null) node_fail(node_member(n, "null"), "must not hold a quote, a line end or the delimiter");
}

static struct export export_read(struct node n, const struct definition *d)
{
    static const char *const csv[] = {"table",     "format", "file", "columns", "order",
                                      "delimiter", "header", "null", NULL},
                             *const ndjson[] = {"table", "format", "file", "columns", "order", NULL},
                             *const formats[] = {"csv", "ndjson", NULL};
    struct export e = {.at = n.path};
    /* All keys at first: a format that is misspelt is the better message. */
    if (!json_is_object(n.json) || !json_object_get(n.json, "format")) node_keys(n, csv);
    e.format = (enum export_format)node_choice(node_required(n, "format"), formats, 0);
    node_keys(n, e.format == EXPORT_CSV ? csv : ndjson);
    e.relation = relation_read(node_required(n, "table"), d);
    e.table = definition_table(d, e.relation);
    e.file = file_read(node_required(n, "file"), d);
    e.columns = export_columns_read(node_member(n, "columns"), &e.column_count);
    order_read(node_member(n, "order"), &e);
    if (e.format == EXPORT_CSV) csv_read(n, &e);
    return e;
}

void exports_read(struct node outputs, struct definition *d)
{
    size_t count = node_count(outputs);
    d->exports = arena_alloc(&d->arena, (count + 1) * sizeof *d->exports);
    d->changelogs = arena_alloc(&d->arena, (count + 1) * sizeof *d->changelogs);
    for (size_t i = 0; i < count && !outputs.doc->failed; i++) {
        struct node n = node_item(outputs, i);
        if (json_object_get(n.json, "topic")) {
            struct changelog c = changelog_read(n, relation_read(node_required(n, "table"), d), d);
            c.index = (int)i;
            if (node_part_end(n, "")) d->changelogs[d->changelog_count++] = c;
        } else {
            struct export e = export_read(n, d);
            e.index = (int)i;
            if (node_part_end(n, "")) d->exports[d->export_count++] = e;
        }
    }
}
