#include "etl/eventstore/fold_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etl/document.h"
#include "etl/expr/expr.h"
#include "lib/base/memory.h"
#include "lib/base/table.h"

enum { MEMBERS_MAX = 64, FILE_BYTES_MAX = 1 << 20 };

/* A sentence and when it is said; or a member and what it becomes. */
struct clause {
    const char *name;
    int member;
    struct expr *expr;
};

struct on {
    struct expr_column columns[2 * MEMBERS_MAX]; /* the state's, then the data's: data_NAME */
    int data_count;
    struct clause refuse[MEMBERS_MAX], set[MEMBERS_MAX];
    int refuse_count, set_count;
};

struct file_fold {
    struct es_fold fold;
    struct es_view view;
    struct arena arena;
    json_t *start;
    struct expr_column state[MEMBERS_MAX];
    const char *columns[MEMBERS_MAX + 1];
    int state_count;
    struct table on; /* type -> struct on */
};

/* ---- as a fold ---- */

static json_t *start(const struct es_fold *f)
{
    const struct file_fold *own = f->context;
    return json_deep_copy(own->start);
}

/* What stands in an object under a column's name; false: it is not there, or of another type. */
static bool value_of(const json_t *object, const char *key, enum value_type type, struct value *out)
{
    const json_t *value = json_object_get(object, key);
    *out = (struct value){.type = type};
    if (type == VALUE_INTEGER) {
        out->i = json_integer_value(value);
        return json_is_integer(value);
    }
    out->text = slice_of(json_string_value(value), json_string_length(value));
    return json_is_string(value);
}

static const char *data_name(const struct expr_column *c)
{
    return c->name + strlen("data_");
}

/* The values of the scope; NULL: the fold does not know such an event. */
static const struct on *scope_fill(const struct file_fold *own, const json_t *state, const struct es_event *e,
                                   struct value values[2 * MEMBERS_MAX])
{
    const struct on *on = table_get(&own->on, e->type);
    if (!on) return NULL;
    for (int i = 0; i < own->state_count; i++)
        if (!value_of(state, own->state[i].name, own->state[i].type, &values[i])) return NULL;
    for (int i = 0; i < on->data_count; i++) {
        const struct expr_column *c = &on->columns[own->state_count + i];
        if (!value_of(e->data, data_name(c), c->type, &values[own->state_count + i])) return NULL;
    }
    return on;
}

static json_t *json_of(const struct value *v)
{
    return v->type == VALUE_INTEGER ? json_integer(v->i) : es_text_value(v->text);
}

/* All from the values before the event, and all or none. */
static bool apply(const struct es_fold *f, json_t *state, const struct es_event *e)
{
    const struct file_fold *own = f->context;
    struct arena arena = {0};
    struct value values[2 * MEMBERS_MAX], results[MEMBERS_MAX];
    const struct on *on = scope_fill(own, state, e, values);
    bool good = on != NULL;
    for (int i = 0; good && i < on->set_count; i++)
        good = expr_evaluate(on->set[i].expr, values, &arena, &results[i]) == EXPR_OK && results[i].type != VALUE_NULL;
    for (int i = 0; good && i < on->set_count; i++) json_object_set_new(state, on->set[i].name, json_of(&results[i]));
    arena_release(&arena);
    return good;
}

static bool allows(const struct es_fold *f, const json_t *state, const struct es_event *e, char *why, size_t size)
{
    const struct file_fold *own = f->context;
    struct arena arena = {0};
    struct value values[2 * MEMBERS_MAX];
    const struct on *on = scope_fill(own, state, e, values);
    const char *wrong = on                             ? NULL
                        : table_get(&own->on, e->type) ? "the data are not what the fold reads"
                                                       : "the fold knows no event of this type";
    for (int i = 0; on && !wrong && i < on->refuse_count; i++)
        if (expr_true(on->refuse[i].expr, values, &arena)) wrong = on->refuse[i].name;
    arena_release(&arena);
    if (wrong) snprintf(why, size, "%s", wrong);
    return !wrong;
}

/* ---- reading ---- */

static void state_read(struct node n, struct file_fold *own)
{
    const char *key;
    json_t *value;
    json_object_foreach(n.json, key, value)
    {
        struct node m = node_member(n, key);
        if (own->state_count == MEMBERS_MAX)
            node_fail(m, "a state has at most %d members", MEMBERS_MAX);
        else if (!json_is_integer(value) && !json_is_string(value))
            node_fail(m, "must be the first value: a whole number or a text");
        if (n.doc->failed) return;
        const char *name = arena_str(&own->arena, slice_str(key));
        own->columns[own->state_count] = name;
        own->state[own->state_count++] =
            (struct expr_column){name, json_is_integer(value) ? VALUE_INTEGER : VALUE_TEXT, 0};
    }
}

static void data_read(struct node n, const struct file_fold *own, struct on *on)
{
    static const char *const types[] = {"integer", "text", NULL};
    const char *key;
    json_t *value;
    json_object_foreach(n.json, key, value)
    {
        struct node m = node_member(n, key);
        if (on->data_count == MEMBERS_MAX) node_fail(m, "at most %d members are read", MEMBERS_MAX);
        int type = node_choice(m, types, 0);
        if (n.doc->failed) return;
        on->columns[own->state_count + on->data_count++] =
            (struct expr_column){arena_printf(n.doc->arena, "data_%s", key), type == 0 ? VALUE_INTEGER : VALUE_TEXT, 0};
    }
}

static struct expr *expr_read(struct node n, const struct file_fold *own, const struct on *on)
{
    const struct expr_scope scope = {on->columns, own->state_count + on->data_count, NULL};
    const char *text = node_text(n, NULL);
    struct err_text why = {""};
    struct expr *e = NULL;
    if (n.doc->failed) return NULL;
    if (expr_compile(text, &scope, n.doc->arena, "", &e, &why) != 0) node_fail(n, "%s", why.text);
    return e;
}

/* Members whose values are expressions. `set`: of members of the state, and of their type. */
static void clauses_read(struct node n, struct file_fold *own, const struct on *on, bool set, struct clause *out,
                         int *count)
{
    const char *key;
    json_t *value;
    json_object_foreach(n.json, key, value)
    {
        struct node m = node_member(n, key);
        int at = 0;
        while (set && at < own->state_count && strcmp(own->state[at].name, key) != 0) at++;
        if (*count == MEMBERS_MAX)
            node_fail(m, "at most %d of them", MEMBERS_MAX);
        else if (set && at == own->state_count)
            node_fail(m, "is no member of the state%s", node_hint(n, key, own->columns));
        struct expr *e = expr_read(m, own, on);
        if (n.doc->failed) return;
        out[(*count)++] = (struct clause){arena_str(&own->arena, slice_str(key)), at, e};
        if (set ? expr_type(e) != own->state[at].type : expr_type(e) != VALUE_INTEGER)
            node_fail(m, "%s", set ? "gives another type than the member has" : "must be a condition");
    }
}

static void object_check(struct node n)
{
    if (node_present(n) && !json_is_object(n.json)) node_fail(n, "must be an object");
}

static void on_read(struct node n, const char *type, struct file_fold *own)
{
    static const char *const known[] = {"data", "refuse", "set", NULL};
    struct on *on = arena_alloc(&own->arena, sizeof *on);
    struct node parts[] = {node_member(n, "data"), node_member(n, "refuse"), node_member(n, "set")};
    table_set_str(&own->on, type, on);
    memcpy(on->columns, own->state, (size_t)own->state_count * sizeof *own->state);
    node_keys(n, known);
    for (int i = 0; i < 3; i++) object_check(parts[i]);
    if (n.doc->failed) return;
    if (parts[0].json) data_read(parts[0], own, on);
    if (parts[1].json && !n.doc->failed) clauses_read(parts[1], own, on, false, on->refuse, &on->refuse_count);
    if (parts[2].json && !n.doc->failed) clauses_read(parts[2], own, on, true, on->set, &on->set_count);
}

static void fold_read(struct node root, struct file_fold *own)
{
    static const char *const known[] = {"fold", "version", "state", "on", NULL};
    const char *type;
    json_t *value;
    node_keys(root, known);
    struct node name = node_required(root, "fold"), state = node_required(root, "state"),
                on = node_required(root, "on");
    own->fold.name = node_name(name);
    own->fold.version = node_integer(node_member(root, "version"), 1, 1, 1000000);
    if (!root.doc->failed && es_fold_named(own->fold.name)) node_fail(name, "there is a fold of this name already");
    if (!root.doc->failed &&
        (strncmp(own->fold.name, "millrace_", 9) == 0 || strncmp(own->fold.name, "sqlite_", 7) == 0))
        node_fail(name, "is the name of a view's table, and must not begin with millrace_ or sqlite_");
    object_check(state);
    object_check(on);
    if (!root.doc->failed) state_read(state, own);
    if (root.doc->failed) return;
    own->start = json_incref(state.json);
    json_object_foreach(on.json, type, value)
    {
        struct node n = node_member(on, type);
        on_read(n, type, own);
        node_part_end(n, NULL);
    }
}

int es_fold_file_parse(struct slice text, const char *name, struct es_fold **out, struct err_text *error)
{
    json_error_t wrong;
    struct file_fold *own = memory_new(sizeof *own);
    *out = NULL;
    own->fold = (struct es_fold){.start = start, .apply = apply, .allows = allows, .view = &own->view, .context = own};
    own->view.columns = own->columns;
    json_t *json = json_loadb(text.p ? (const char *)text.p : "", text.n, JSON_REJECT_DUPLICATES, &wrong);
    struct document doc = {.file = name, .arena = &own->arena, .error = error};
    if (json)
        fold_read((struct node){&doc, json, ""}, own);
    else
        err_set(error, ERR_INVALID, "%s:%d:%d: %s", name, wrong.line, wrong.column, wrong.text);
    bool good = json && !document_failed(&doc);
    json_decref(json);
    if (good)
        *out = &own->fold;
    else
        es_fold_file_free(&own->fold);
    return good ? 0 : ERR_INVALID;
}

int es_fold_file_read(const char *path, struct es_fold **out, struct err_text *error)
{
    FILE *f = fopen(path, "re");
    *out = NULL;
    if (!f) return err_set(error, err_from_errno(errno), "%s: %s", path, strerror(errno));
    uint8_t *text = memory_new(FILE_BYTES_MAX);
    size_t n = fread(text, 1, FILE_BYTES_MAX, f);
    int result = ferror(f)             ? err_set(error, ERR_IO, "%s: cannot be read", path)
                 : n == FILE_BYTES_MAX ? err_set(error, ERR_INVALID, "%s: is too long for a fold", path)
                                       : es_fold_file_parse(slice_of(text, n), path, out, error);
    fclose(f);
    free(text);
    return result;
}

void es_fold_file_free(struct es_fold *f)
{
    struct file_fold *own = f ? f->context : NULL;
    if (!own) return;
    for (struct table_entry *e = table_first(&own->on); e; e = table_next(&own->on, e)) {
        struct on *on = e->value;
        for (int i = 0; i < on->refuse_count; i++) expr_release(on->refuse[i].expr);
        for (int i = 0; i < on->set_count; i++) expr_release(on->set[i].expr);
    }
    table_release(&own->on);
    json_decref(own->start);
    arena_release(&own->arena);
    free(own);
}
