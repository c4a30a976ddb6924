/* `outputs` with a topic: which tables are written as changelogs, and what names a row there. */
#include <string.h>
#include <strings.h>

#include "etl/definition_tables.h"

enum { PARTITIONS_MAX = 10000, KEY_MAX = 3 };

/* What every warehouse has, and what names a row of it. */
static const struct fixed {
    const char *relation, *key[KEY_MAX + 1];
    bool letters;
} fixed[] = {
    {"files", {"source", "file"}, false},
    {"records", {"source"}, false},
    {"rejects", {"source", "rule"}, false},
    {"quarantine", {"source", "file", "byte_offset"}, true},
    {"warnings", {"source", "file", "byte_offset"}, true},
    {"late", {"source", "file", "byte_offset"}, true},
};
enum { FIXED_COUNT = sizeof fixed / sizeof *fixed };

static const struct fixed *fixed_find(const char *relation)
{
    for (int i = 0; i < FIXED_COUNT; i++)
        if (strcmp(fixed[i].relation, relation) == 0) return &fixed[i];
    return NULL;
}

static const char *topic_read(struct node n, const struct definition *d)
{
    const char *topic = topic_name_read(n, "");
    bool read = strcmp(topic, d->topic) == 0;
    for (int i = 0; i < d->feed_count; i++) read = read || (d->feeds[i].topic && strcmp(topic, d->feeds[i].topic) == 0);
    if (read) node_fail(n, "\"%s\" is the topic that the pipeline's records travel on", topic);
    for (int i = 0; i < d->changelog_count; i++) /* each has tables in the database, whose names know no case */
        if (strcasecmp(topic, d->changelogs[i].topic) == 0)
            node_fail(n, "%s writes \"%s\" already", d->changelogs[i].at, d->changelogs[i].topic);
    return topic;
}

/* --- what names a row --- */

struct key {
    const char **names;
    int count;
};

/* The primary key, the group, the position: what the table cannot have twice. */
static void row_key(struct key *key, const struct definition *d, const struct table *t, struct node n)
{
    static const char *const position[] = {"_source", "_file", "_byte_offset"};
    const char *name = t->name;
    if (t->rules && t->primary_key_count == 0) t = &d->tables[t->parent]; /* the rows before the rules are no others */
    if (t->primary_key_count > 0)
        for (int i = 0; i < t->primary_key_count; i++) key->names[key->count++] = t->columns[t->primary_key[i]].name;
    else if (t->kind == TABLE_AGGREGATE)
        for (int i = 0; i < t->by_count; i++) key->names[key->count++] = t->columns[i].name;
    else if (t->kind == TABLE_STORE)
        for (int i = table_has_source(t) ? 0 : 1; i < 3; i++) key->names[key->count++] = position[i];
    else
        node_fail(n,
                  "the messages of table \"%s\" need a key: columns that no two rows share, \"key\": [...] here or "
                  "\"primary_key\": [...] of the table",
                  name);
}

static void key_find(struct changelog *c, const struct fixed *f, const struct definition *d, struct node n)
{
    const struct table *t = f ? NULL : &d->tables[c->table];
    size_t room = (size_t)(t ? t->column_count : 0) + KEY_MAX + 1;
    struct key key = {.names = arena_alloc(n.doc->arena, room * sizeof *key.names)};
    if (t) row_key(&key, d, t, n);
    for (int i = 0; f && f->key[i]; i++) key.names[key.count++] = f->key[i];
    c->key = key.names;
    c->key_count = key.count;
}

struct changelog changelog_read(struct node n, const char *relation, const struct definition *d)
{
    static const char *const row_keys[] = {"table", "topic", "key", "columns", "partitions", NULL},
                             *const letter_keys[] = {"table", "topic", "partitions", NULL};
    struct changelog c = {.relation = relation, .table = definition_table(d, relation), .at = n.path};
    const struct fixed *f = c.table < 0 ? fixed_find(relation) : NULL;
    if (c.table < 0 && !f)
        node_fail(node_member(n, "table"),
                  "\"%s\" is a view, and nobody is told when a view changes: a topic is made from a table, such as a "
                  "select or an aggregate that computes what the view shows",
                  relation);
    c.letters = f && f->letters;
    node_keys(n, c.letters ? letter_keys : row_keys);
    c.topic = topic_read(node_member(n, "topic"), d);
    c.partitions = (int)node_integer(node_member(n, "partitions"), 1, 1, PARTITIONS_MAX);
    c.columns = export_columns_read(node_member(n, "columns"), &c.column_count);
    c.key = export_columns_read(node_member(n, "key"), &c.key_count);
    if (!n.doc->failed && !c.key) key_find(&c, f, d, n);
    return c;
}
