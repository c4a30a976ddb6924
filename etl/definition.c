#include "etl/definition.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etl/definition_read.h"
#include "etl/document.h"
#include "etl/rule/rule.h"
#include "lib/base/checksum.h"
#include "lib/base/memory.h"

enum { DEFINITION_BYTES_MAX = 4 << 20 };

/* --- expressions --- */

struct expr *expr_text_read(struct node n, const char *text, const struct expr_scope *scope)
{
    struct expr *e = NULL;
    struct err_text error = {{0}};
    if (n.doc->failed) return NULL;
    struct expr_scope known = *scope;
    known.document = n.doc;
    if (expr_compile_with(text, &known, n.doc->maps, n.doc->arena, "", &e, &error) == ERR_OK) return e;
    if (*error.text)
        node_fail(n, "%s", error.text);
    else
        n.doc->failed = true; /* it names what has failed elsewhere */
    return NULL;
}

struct expr *condition_text_read(struct node n, const char *text, const struct expr_scope *scope)
{
    struct expr *e = expr_text_read(n, text, scope);
    if (e && expr_type(e) != VALUE_INTEGER)
        node_fail(n, "`%s` must be a condition, not a value of type %s", text, value_type_name(expr_type(e)));
    return e;
}

/* --- the whole --- */

static void root_read(struct node root, struct definition *d)
{
    static const char *const keys[] = {"pipeline", "version", "topic", "source",  "sources", "derive",
                                       "rules",    "tables",  "views", "outputs", "maps",    NULL};
    node_keys(root, keys);
    if (root.doc->failed) return;
    d->name = node_name(node_required(root, "pipeline"));
    node_part_end(root, "pipeline");
    node_integer(node_required(root, "version"), 1, 1, 1);
    node_part_end(root, "version");
    d->topic = topic_name_read(node_member(root, "topic"), d->name);
    node_part_end(root, "topic");
    maps_read(node_member(root, "maps"));
    node_part_end(root, "maps");
    feeds_read(root, d);
    node_part_end(root, d->name);
    tables_read(node_required(root, "tables"), d);
    node_part_end(root, "tables");
    feeds_link(root, d);
    views_read(node_member(root, "views"), d);
    node_part_end(root, "views");
    exports_read(node_member(root, "outputs"), d);
}

/* Some editors write a byte order mark. */
static struct slice without_mark(struct slice text)
{
    bool marked = text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0;
    return marked ? slice_of(text.p + 3, text.n - 3) : text;
}

int definition_parse(struct slice text, const char *path, struct definition **out, struct err_text *error)
{
    json_error_t wrong;
    struct definition *d = memory_new(sizeof *d);
    *out = NULL;
    text = without_mark(text);
    json_t *json = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &wrong);
    struct document doc = {.file = path, .arena = &d->arena, .error = error};
    if (!json) {
        doc.failed = true;
        err_set(error, ERR_INVALID, "%s:%d:%d: not JSON: %s", path, wrong.line, wrong.column, wrong.text);
    } else {
        doc.digest = sha256_new();
        sha256_update(doc.digest, text.p, text.n);
        d->path = arena_str(&d->arena, slice_str(path));
        root_read((struct node){&doc, json, ""}, d);
        sha256_take_hex(doc.digest, d->digest);
    }
    json_decref(json);
    bool failed = document_failed(&doc);
    if (failed)
        definition_free(d);
    else
        *out = d;
    return failed ? ERR_INVALID : ERR_OK;
}

static int text_read(FILE *file, const char *path, struct buf *out, struct err_text *error)
{
    for (size_t n = 1; n > 0 && out->n <= DEFINITION_BYTES_MAX;) {
        n = fread(buf_reserve(out, 65536), 1, 65536, file);
        out->n += n;
    }
    if (ferror(file)) return err_set(error, ERR_IO, "%s: cannot be read: %s", path, strerror(errno));
    if (out->n > DEFINITION_BYTES_MAX)
        return err_set(error, ERR_INVALID, "%s: a definition has at most %d bytes", path, DEFINITION_BYTES_MAX);
    return ERR_OK;
}

int definition_text_load(const char *path, struct buf *out, struct err_text *error)
{
    FILE *file = fopen(path, "rb");
    if (!file) return err_set(error, err_from_errno(errno), "%s: %s", path, strerror(errno));
    int err = text_read(file, path, out, error);
    fclose(file);
    struct slice text = without_mark(buf_slice(out));
    if (text.n < out->n) memmove(out->p, text.p, text.n);
    out->n = text.n;
    return err;
}

int definition_load(const char *path, struct definition **out, struct err_text *error)
{
    struct buf text = {0};
    *out = NULL;
    int err = definition_text_load(path, &text, error);
    if (!err) err = definition_parse(buf_slice(&text), path, out, error);
    buf_release(&text);
    return err;
}

static void table_exprs_release(const struct table *t)
{
    /* NAME and NAME_violations share them. */
    for (int i = 0; t->rules && !t->violations && i < t->rules->rule_count; i++) rule_release(&t->rules->rules[i]);
    expr_release((struct expr *)t->where);
    for (int i = 0; i < t->input_count; i++) expr_release((struct expr *)t->inputs[i].where);
    for (int i = 0; i < t->column_count; i++) {
        expr_release((struct expr *)t->columns[i].where);
        expr_release((struct expr *)t->columns[i].expr);
    }
}

void definition_free(struct definition *d)
{
    if (!d) return;
    for (int i = 0; i < d->feed_count; i++) feed_release(&d->feeds[i]);
    for (int i = 0; i < d->table_count; i++) table_exprs_release(&d->tables[i]);
    struct arena arena = d->arena;
    free(d);
    arena_release(&arena);
}

/* --- looking up --- */

int definition_table(const struct definition *d, const char *name)
{
    for (int i = 0; i < d->table_count; i++)
        if (strcmp(d->tables[i].name, name) == 0) return i;
    return -1;
}

int table_time(const struct table *t)
{
    return t->kind == TABLE_SESSIONS || t->kind == TABLE_AGGREGATE ? -1 : t->time;
}

const char *value_type_name(enum value_type type)
{
    static const char *const names[] = {"null", "integer", "decimal", "text", "timestamp", "date"};
    return names[type];
}
