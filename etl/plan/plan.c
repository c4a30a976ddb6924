/* The graph of a definition: from the loaded one (order, types, inputs) and its JSON (what was written). */
#include "etl/plan/plan.h"

#include <jansson.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "etl/changelog/letter.h"
#include "etl/definition.h"
#include "etl/export/export.h"
#include "etl/sink/schema.h"
#include "etl/source/format.h"
#include "lib/base/memory.h"

struct building {
    struct plan *plan;
    const struct definition *definition;
    json_t *json;
    struct plan_node *node; /* the one that facts are added to */
};

enum { FACTS_MAX = 64 };

static void fact_add(struct building *b, const char *key, struct buf *text)
{
    if (b->node->fact_count < FACTS_MAX && text->n)
        b->node->facts[b->node->fact_count++] = (struct plan_fact){
            arena_str(&b->plan->arena, slice_str(key)), arena_str(&b->plan->arena, slice_of(text->p, text->n))};
    buf_reset(text);
}

static struct plan_node *node_add(struct building *b, const char *name, const char *kind, int inputs_max)
{
    struct plan *p = b->plan;
    struct plan_node *n = &p->nodes[p->node_count++];
    n->name = arena_str(&p->arena, slice_str(name));
    n->kind = arena_str(&p->arena, slice_str(kind));
    n->facts = arena_alloc(&p->arena, FACTS_MAX * sizeof *n->facts);
    n->inputs = arena_alloc(&p->arena, ((size_t)inputs_max + 1) * sizeof *n->inputs);
    b->node = n;
    return n;
}

static void input_add(struct building *b, int index)
{
    struct plan_node *n = b->node;
    for (int i = 0; i < n->input_count; i++)
        if (n->inputs[i] == index) return;
    n->inputs[n->input_count++] = index;
    if (b->plan->nodes[index].depth >= n->depth) n->depth = b->plan->nodes[index].depth + 1;
}

/* --- what stands in the definition --- */

/* A value as a person would say it: texts without quotes, lists of texts with commas. */
static void value_say(const json_t *v, struct buf *out)
{
    size_t i;
    json_t *item;
    bool texts = json_is_array(v);
    json_array_foreach(v, i, item) texts = texts && json_is_string(item);
    if (json_is_string(v)) {
        buf_append_str(out, json_string_value(v));
    } else if (texts) {
        json_array_foreach(v, i, item) buf_printf(out, "%s%s", i ? ", " : "", json_string_value(item));
    } else {
        char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
        buf_append_str(out, text ? text : "?");
        free(text);
    }
}

/* Every key of `object` but those that are said otherwise. */
static void rest_say(struct building *b, json_t *object, const char *const *without)
{
    struct buf text = {0};
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        bool said = strcmp(key, "comment") == 0;
        for (int i = 0; without[i]; i++) said = said || strcmp(key, without[i]) == 0;
        if (said) continue;
        value_say(value, &text);
        fact_add(b, key, &text);
    }
    buf_release(&text);
}

static void type_say(const char *name, enum value_type type, int scale, struct buf *out)
{
    buf_printf(out, "%s%s %s", out->n ? ", " : "", name, value_type_name(type));
    if (type == VALUE_DECIMAL) buf_printf(out, "(%d)", scale);
}

/* --- sources --- */

static void derived_say(struct building *b, const struct feed *f, json_t *derive)
{
    struct buf text = {0};
    size_t i;
    json_t *item;
    json_array_foreach(derive, i, item)
    {
        const char *name = json_string_value(json_object_get(item, "name"));
        int column = name ? feed_column(f, name) : -1;
        if (column < 0) continue;
        type_say(name, f->columns[column].type, f->columns[column].scale, &text);
        buf_printf(&text, " = %s", json_string_value(json_object_get(item, "expr")));
        fact_add(b, "derive", &text);
    }
    buf_release(&text);
}

static void rules_say(struct building *b, const struct feed *f, json_t *rules)
{
    static const char *const severities[] = {"warn", "reject", "fail"};
    struct buf text = {0}, value = {0};
    for (int i = 0; i < f->rule_count; i++) {
        json_t *rule = json_array_get(rules, (size_t)i);
        const char *key;
        json_t *v;
        buf_printf(&text, "%d %s: %s", i + 1, f->rules[i].name, json_string_value(json_object_get(rule, "rule")));
        json_object_foreach(rule, key, v)
        {
            if (strcmp(key, "rule") == 0 || strcmp(key, "name") == 0 || strcmp(key, "severity") == 0) continue;
            buf_reset(&value);
            value_say(v, &value);
            buf_printf(&text, " %s %s", key, buf_cstr(&value));
        }
        buf_printf(&text, " (%s)", severities[f->rules[i].severity]);
        fact_add(b, "rule", &text);
    }
    buf_release(&text);
    buf_release(&value);
}

static void source_add(struct building *b, const struct feed *f)
{
    static const char *const without[] = {"name", "format", "columns", "derive", "rules", NULL};
    json_t *sources = json_object_get(b->json, "sources");
    json_t *source = sources ? json_array_get(sources, (size_t)f->index) : json_object_get(b->json, "source");
    json_t *around = sources ? source : b->json;
    struct buf text = {0};
    node_add(b, f->name, f->format->name, 0);
    rest_say(b, source, without);
    for (int i = 0; i < f->field_count; i++)
        type_say(f->columns[i].name, f->columns[i].type, f->columns[i].scale, &text);
    fact_add(b, "columns", &text);
    derived_say(b, f, json_object_get(around, "derive"));
    rules_say(b, f, json_object_get(around, "rules"));
    buf_release(&text);
}

/* --- tables --- */

/* A table says what it is by the key that names what it reads; one that reads sources has none. */
static const char *table_kind_key(json_t *table)
{
    static const char *const kinds[] = {"select", "aggregate", "pivot", "sessionize", "join",
                                        "top_n",  "dedupe",    "scd",   NULL};
    for (int i = 0; kinds[i]; i++)
        if (json_object_get(table, kinds[i])) return kinds[i];
    return "store";
}

/* Which of a source's records become rows of this table may hang on rows of others. */
static int source_rules_add(struct building *b, const struct table *t, bool count_only)
{
    const struct definition *d = b->definition;
    int count = 0;
    for (int i = 0; i < t->input_count; i++) {
        const struct feed *f = &d->feeds[t->inputs[i].feed];
        for (int k = 0; k < f->rule_count; k++) {
            if (!f->rules[k].reference) continue;
            count++;
            if (!count_only) input_add(b, d->feed_count + f->rules[k].reference->table);
        }
    }
    return count;
}

/* What a source's rules look at may stand behind its table in the list. */
static void depths_settle(struct plan *p)
{
    for (bool moved = true; moved;) {
        moved = false;
        for (int i = 0; i < p->node_count; i++)
            for (int k = 0; k < p->nodes[i].input_count; k++) {
                int least = p->nodes[p->nodes[i].inputs[k]].depth + 1;
                if (p->nodes[i].depth >= least) continue;
                p->nodes[i].depth = least;
                moved = true;
            }
    }
}

static void table_add(struct building *b, int index)
{
    const struct definition *d = b->definition;
    const struct table *t = &d->tables[index];
    json_t *table = json_array_get(json_object_get(b->json, "tables"), (size_t)t->item);
    json_t *columns = json_object_get(table, "columns");
    const char *key = table_kind_key(table), *kind = t->rules ? "rules" : key;
    const char *const without[] = {"name", "columns", key, NULL};
    struct buf text = {0};
    int rules = t->rules ? t->rules->rule_count : 0;
    node_add(b, t->name, kind, t->input_count + 2 + rules + source_rules_add(b, t, true));
    for (int i = 0; i < t->input_count; i++) input_add(b, t->inputs[i].feed);
    if (t->parent >= 0) input_add(b, d->feed_count + t->parent);
    if (t->join) input_add(b, d->feed_count + t->join->right);
    for (int i = 0; i < rules; i++)
        if (t->rules->rules[i].reference) input_add(b, d->feed_count + t->rules->rules[i].reference->table);
    source_rules_add(b, t, false);
    rest_say(b, table, without);
    for (int i = 0; i < t->column_count; i++) {
        const char *name = t->columns[i].name;
        type_say(name, t->columns[i].type, t->columns[i].scale, &text);
        const char *made = json_string_value(json_object_get(columns, name));
        if (made) buf_printf(&text, " = %s", made);
    }
    fact_add(b, "columns", &text);
    buf_release(&text);
}

/* --- views: SQLite says what they read --- */

static int read_seen(void *context, int action, const char *table, const char *column, const char *db,
                     const char *inside)
{
    struct building *b = context;
    (void)column, (void)db, (void)inside;
    if (action != SQLITE_READ || !table) return SQLITE_OK;
    int self = b->plan->node_count - 1;
    for (int i = b->definition->feed_count; i < self; i++)
        if (sqlite3_stricmp(b->plan->nodes[i].name, table) == 0) input_add(b, i);
    return SQLITE_OK;
}

static void view_add(struct building *b, sqlite3 *db, const struct view *v)
{
    struct buf text = {0};
    sqlite3_stmt *s = NULL;
    node_add(b, v->name, "view", b->plan->node_count);
    sqlite3_set_authorizer(db, read_seen, b);
    if (sqlite3_prepare_v2(db, v->sql, -1, &s, NULL) == SQLITE_OK)
        for (int i = 0; i < sqlite3_column_count(s); i++)
            buf_printf(&text, "%s%s", i ? ", " : "", sqlite3_column_name(s, i));
    sqlite3_finalize(s);
    sqlite3_set_authorizer(db, NULL, NULL);
    if (b->node->depth == 0) b->node->depth = 1; /* reads only what every warehouse has */
    fact_add(b, "columns", &text);
    buf_release(&text);
}

static int views_add(struct building *b, struct err_text *error)
{
    sqlite3 *db = NULL;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK) abort();
    int result = schema_prepare(b->definition, db, ENGINE_LIVE, error);
    for (int i = 0; i < b->definition->view_count && result == 0; i++) view_add(b, db, &b->definition->views[i]);
    sqlite3_close(db);
    return result;
}

/* --- outputs: files and topics made from tables and views --- */

static void output_add(struct building *b, const char *name, const char *kind, const char *relation, int index)
{
    static const char *const without[] = {"table", "file", "topic", NULL};
    const struct definition *d = b->definition;
    node_add(b, name, kind, 1);
    for (int i = d->feed_count; i < d->feed_count + d->table_count + d->view_count; i++)
        if (strcmp(b->plan->nodes[i].name, relation) == 0) input_add(b, i);
    if (b->node->depth == 0) b->node->depth = 1; /* of what every warehouse has */
    if (b->node->input_count == 0) {
        struct buf text = {0};
        buf_append_str(&text, relation);
        fact_add(b, "table", &text);
        buf_release(&text);
    }
    rest_say(b, json_array_get(json_object_get(b->json, "outputs"), (size_t)index), without);
}

/* --- the whole --- */

int plan_load(const char *path, struct plan **out, struct err_text *error)
{
    struct definition *d = NULL;
    struct buf text = {0};
    *out = NULL;
    int result = definition_text_load(path, &text, error);
    if (result == 0) result = definition_parse(buf_slice(&text), path, &d, error);
    json_t *json = result == 0 ? json_loadb((const char *)text.p, text.n, 0, NULL) : NULL;
    buf_release(&text);
    if (result != 0) return result;
    struct plan *p = memory_new(sizeof *p);
    struct building b = {.plan = p, .definition = d, .json = json};
    size_t nodes = (size_t)(d->feed_count + d->table_count + d->view_count + d->export_count + d->changelog_count);
    p->nodes = arena_alloc(&p->arena, (nodes + 1) * sizeof *p->nodes);
    p->title = arena_printf(&p->arena, "%s (%s)", d->name, path);
    for (int i = 0; i < d->feed_count && result == 0; i++) source_add(&b, &d->feeds[i]);
    for (int i = 0; i < d->table_count && result == 0; i++) table_add(&b, i);
    depths_settle(p);
    if (result == 0) result = views_add(&b, error);
    if (result == 0) result = export_check(d, error);
    if (result == 0) result = changelog_check(d, error);
    for (int i = 0; i < d->export_count && result == 0; i++)
        output_add(&b, d->exports[i].file, "output", d->exports[i].relation, d->exports[i].index);
    for (int i = 0; i < d->changelog_count && result == 0; i++)
        output_add(&b, d->changelogs[i].topic, "topic", d->changelogs[i].relation, d->changelogs[i].index);
    json_decref(b.json);
    definition_free(d);
    *out = p;
    if (result == 0) return 0;
    plan_free(p);
    *out = NULL;
    return result;
}

void plan_free(struct plan *p)
{
    if (!p) return;
    struct arena arena = p->arena;
    free(p);
    arena_release(&arena);
}
