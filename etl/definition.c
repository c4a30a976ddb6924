#include "etl/definition.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "etl/definition_read.h"
#include "etl/document.h"
#include "etl/rule/rule.h"
#include "etl/source/spec.h"
#include "lib/base/checksum.h"
#include "lib/base/memory.h"

enum { DEFINITION_BYTES_MAX = 4 << 20 };

/* --- expressions --- */

struct expr *expr_text_read(struct node n, const char *text, const struct expr_scope *scope)
{
    struct expr *e = NULL;
    struct err_text error = {{0}};
    if (n.doc->failed) return NULL;
    if (expr_compile(text, scope, n.doc->arena, n.path, &e, &error) != ERR_OK) {
        n.doc->failed = true;
        err_set(n.doc->error, ERR_INVALID, "%s: %s", n.doc->file, error.text);
    }
    return e;
}

struct expr *condition_text_read(struct node n, const char *text, const struct expr_scope *scope)
{
    struct expr *e = expr_text_read(n, text, scope);
    if (e && expr_type(e) != VALUE_INTEGER)
        node_fail(n, "`%s` must be a condition, not a value of type %s", text, value_type_name(expr_type(e)));
    return e;
}

struct expr *definition_expr_read(struct node n, const struct definition *d, int count)
{
    struct expr_column *columns = arena_alloc(n.doc->arena, (size_t)d->column_count * sizeof *columns);
    for (int i = 0; i < d->column_count; i++) {
        const struct column *c = &d->columns[i];
        bool visible = i < count || i >= d->builtin;
        columns[i] = (struct expr_column){visible ? c->name : "", c->type, c->scale};
    }
    return expr_text_read(n, node_text(n, NULL), &(struct expr_scope){columns, d->column_count});
}

/* --- columns --- */

static void builtins_enter(struct definition *d)
{
    static const struct {
        const char *name;
        enum value_type type;
    } builtins[BUILTIN_COUNT] = {{"_file", VALUE_TEXT},
                                 {"_line", VALUE_INTEGER},
                                 {"_byte_offset", VALUE_INTEGER},
                                 {"_repeated", VALUE_INTEGER},
                                 {"_late_s", VALUE_INTEGER}};
    for (int i = 0; i < BUILTIN_COUNT; i++)
        d->columns[d->builtin + i] =
            (struct column){.name = builtins[i].name, .type = builtins[i].type, .origin = COLUMN_BUILTIN};
}

static bool column_taken(const struct definition *d, const char *name, int count)
{
    for (int i = 0; i < count; i++)
        if (strcasecmp(d->columns[i].name, name) == 0) return true;
    return false;
}

static void derived_read(struct node n, struct definition *d, int index)
{
    static const char *const keys[] = {"name", "expr", NULL};
    node_keys(n, keys);
    struct node expr = node_required(n, "expr");
    struct column *c = &d->columns[index];
    *c = (struct column){.name = node_name(node_required(n, "name")), .origin = COLUMN_DERIVED};
    if (column_taken(d, c->name, index)) node_fail(n, "there is a column \"%s\" already", c->name);
    struct expr *e = definition_expr_read(expr, d, index);
    c->expr = e;
    if (!e) return;
    c->type = expr_type(e);
    c->scale = expr_scale(e);
    if (c->type == VALUE_NULL) node_fail(expr, "is always null: its type cannot be known");
}

static void time_read_key(struct node n, struct definition *d)
{
    d->time = -1;
    if (node_present(n)) d->time = column_name_read(n, d);
    if (d->time >= 0 && d->columns[d->time].type != VALUE_TIMESTAMP)
        node_fail(n, "column %s is %s; the event time must be a timestamp", d->columns[d->time].name,
                  value_type_name(d->columns[d->time].type));
    if (d->source->lateness && d->time < 0) node_fail(n, "in_file.lateness needs the event time: name its column here");
}

static void columns_read(struct node root, struct definition *d)
{
    struct node derive = node_member(root, "derive"), source = node_required(root, "source");
    size_t derived = node_count(derive);
    source_spec_read(source, d, (int)derived + BUILTIN_COUNT);
    if (root.doc->failed) return;
    d->builtin = d->field_count + (int)derived;
    d->column_count = d->builtin + BUILTIN_COUNT;
    builtins_enter(d);
    /* Not known yet, but looked at: names of columns that a derived one may not use. */
    for (int i = d->field_count; i < d->builtin; i++) d->columns[i] = (struct column){.name = ""};
    for (size_t i = 0; i < derived && !root.doc->failed; i++)
        derived_read(node_item(derive, i), d, d->field_count + (int)i);
    if (!root.doc->failed) time_read_key(node_member(source, "time"), d);
}

static void rules_read(struct node rules, struct definition *d)
{
    size_t count = node_count(rules);
    d->rules = arena_alloc(&d->arena, (count + 1) * sizeof *d->rules);
    for (size_t i = 0; i < count && !rules.doc->failed; i++) {
        struct rule *rule = &d->rules[d->rule_count++];
        rule_read(node_item(rules, i), d, rule);
        d->unique_count += rule->unique;
    }
}

/* --- the whole --- */

/* What Kafka takes for a topic's name. */
static const char *topic_read(struct node n, const char *fallback)
{
    enum { TOPIC_LENGTH_MAX = 249 };
    const char *name = node_text(n, fallback);
    bool good = strlen(name) <= TOPIC_LENGTH_MAX && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
    for (const char *c = name; *c; c++) good = good && (isalnum((unsigned char)*c) || strchr("._-", *c));
    if (node_present(n) && (!good || !*name))
        node_fail(n, "\"%s\" is no topic: 1 to %d letters, digits, ., _ and -", name, TOPIC_LENGTH_MAX);
    return name;
}

static void root_read(struct node root, struct definition *d)
{
    static const char *const keys[] = {"pipeline", "version", "topic", "source", "derive",
                                       "rules",    "tables",  "views", NULL};
    node_keys(root, keys);
    d->name = node_name(node_required(root, "pipeline"));
    node_integer(node_required(root, "version"), 1, 1, 1);
    d->topic = topic_read(node_member(root, "topic"), d->name);
    if (!root.doc->failed) columns_read(root, d);
    if (!root.doc->failed) rules_read(node_member(root, "rules"), d);
    if (!root.doc->failed) tables_read(node_required(root, "tables"), d);
    if (!root.doc->failed) views_read(node_member(root, "views"), d);
}

int definition_parse(struct slice text, const char *path, struct definition **out, struct err_text *error)
{
    json_error_t wrong;
    struct definition *d = memory_new(sizeof *d);
    *out = NULL;
    /* Some editors write a byte order mark. */
    if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0) text = slice_of(text.p + 3, text.n - 3);
    json_t *json = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &wrong);
    struct document doc = {.file = path, .arena = &d->arena, .error = error};
    if (!json) {
        doc.failed = true;
        err_set(error, ERR_INVALID, "%s:%d:%d: not JSON: %s", path, wrong.line, wrong.column, wrong.text);
    } else {
        struct sha256 *sha = sha256_new();
        sha256_update(sha, text.p, text.n);
        sha256_take_hex(sha, d->digest);
        d->path = arena_str(&d->arena, slice_str(path));
        root_read((struct node){&doc, json, ""}, d);
    }
    json_decref(json);
    if (!doc.failed)
        *out = d;
    else
        definition_free(d);
    return doc.failed ? ERR_INVALID : ERR_OK;
}

int definition_load(const char *path, struct definition **out, struct err_text *error)
{
    struct buf text = {0};
    *out = NULL;
    FILE *file = fopen(path, "rb");
    int err = file ? ERR_OK : err_set(error, err_from_errno(errno), "%s: %s", path, strerror(errno));
    for (size_t n = 1; file && n > 0 && text.n <= DEFINITION_BYTES_MAX;) {
        n = fread(buf_reserve(&text, 65536), 1, 65536, file);
        text.n += n;
    }
    if (file && ferror(file)) err = err_set(error, ERR_IO, "%s: cannot be read: %s", path, strerror(errno));
    if (!err && text.n > DEFINITION_BYTES_MAX)
        err = err_set(error, ERR_INVALID, "%s: a definition has at most %d bytes", path, DEFINITION_BYTES_MAX);
    if (file) fclose(file);
    if (!err) err = definition_parse(buf_slice(&text), path, out, error);
    buf_release(&text);
    return err;
}

static void table_exprs_release(const struct table *t)
{
    expr_release((struct expr *)t->where);
    for (int i = 0; i < t->column_count; i++) expr_release((struct expr *)t->columns[i].where);
}

void definition_free(struct definition *d)
{
    if (!d) return;
    for (int i = 0; i < d->column_count; i++) expr_release((struct expr *)d->columns[i].expr);
    for (int i = 0; i < d->rule_count; i++) rule_release(&d->rules[i]);
    for (int i = 0; i < d->table_count; i++) table_exprs_release(&d->tables[i]);
    struct arena arena = d->arena;
    free(d);
    arena_release(&arena);
}

/* --- looking up --- */

int definition_column(const struct definition *d, const char *name)
{
    for (int i = 0; i < d->column_count; i++)
        if (strcmp(d->columns[i].name, name) == 0) return i;
    return -1;
}

int definition_table(const struct definition *d, const char *name)
{
    for (int i = 0; i < d->table_count; i++)
        if (strcmp(d->tables[i].name, name) == 0) return i;
    return -1;
}

const char *definition_rule_name(const struct definition *d, int ordinal)
{
    if (ordinal == 0) return "format";
    return ordinal <= d->rule_count ? d->rules[ordinal - 1].name : "type";
}

const char *value_type_name(enum value_type type)
{
    static const char *const names[] = {"null", "integer", "decimal", "text", "timestamp", "date"};
    return names[type];
}
