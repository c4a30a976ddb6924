/* Tables of rows picked by key: top_n, dedupe, slowly changing dimensions. All have the parent's columns. */
#include <string.h>
#include <strings.h>

#include "etl/definition_tables.h"

enum { ROWS_PER_KEY_MAX = 1 << 20 };

/* The parent, and its columns, with room for `extra` behind them. */
static struct input parent_rows_read(struct node n, struct definition *d, struct table *t, int extra)
{
    t->parent = parent_read(n, d);
    const struct table *parent = &d->tables[n.doc->failed ? 0 : t->parent];
    struct input in = input_table(parent, n.doc->arena, 0);
    t->origin = parent->origin;
    t->time = in.time;
    t->columns = arena_alloc(n.doc->arena, (size_t)(in.count + extra + 1) * sizeof *t->columns);
    for (int i = 0; i < in.count; i++) copy_enter(n, t, &in, in.columns[i].name, i);
    return in;
}

static int *columns_read(struct node n, const struct input *in, int *count)
{
    const char *const *names = node_text_list(n, count);
    int *columns = arena_alloc(n.doc->arena, ((size_t)*count + 1) * sizeof *columns);
    for (int i = 0; i < *count; i++)
        columns[i] = input_find(json_is_array(n.json) ? node_item(n, (size_t)i) : n, in, names[i]);
    return columns;
}

/* One more column behind the parent's. */
static void extra_enter(struct node n, const char *key, struct table *t, enum value_type type)
{
    struct node member = node_member(n, key);
    const char *name = member.json ? node_name(member) : key;
    column_enter(member, t, (struct table_column){.name = name, .type = type, .input = -1});
}

/* --- order --- */

const char *term_name_read(struct node n, const char *text, bool *descending)
{
    const char *blank = strchr(text, ' ');
    *descending = false;
    if (blank) {
        const char *word = blank + strspn(blank, " ");
        *descending = strcasecmp(word, "desc") == 0;
        if (!*descending && strcasecmp(word, "asc") != 0)
            node_fail(n, "\"%s\" must be a column, perhaps with asc or desc behind it", text);
    }
    return arena_str(n.doc->arena, slice_of(text, blank ? (size_t)(blank - text) : strlen(text)));
}

static struct sort_term term_read(struct node n, const char *text, const struct input *in)
{
    struct sort_term term = {0};
    const char *name = term_name_read(n, text, &term.descending);
    term.column = input_find(n, in, name);
    return term;
}

static void order_read(struct node n, const struct input *in, struct ranking *k)
{
    const char *const *texts = node_text_list(n, &k->order_count);
    k->order = arena_alloc(n.doc->arena, ((size_t)k->order_count + 1) * sizeof *k->order);
    for (int i = 0; i < k->order_count; i++)
        k->order[i] = term_read(json_is_array(n.json) ? node_item(n, (size_t)i) : n, texts[i], in);
    if (k->order_count == 0) node_fail(n, "needs at least one column");
}

static void order_set(struct ranking *k, int column, struct arena *arena)
{
    if (column < 0) return;
    k->order = arena_alloc(arena, sizeof *k->order);
    k->order[0] = (struct sort_term){.column = column};
    k->order_count = 1;
}

/* The last instead of the first: everything the other way round. */
static void order_reverse(struct ranking *k)
{
    for (int i = 0; i < k->order_count; i++) k->order[i].descending = !k->order[i].descending;
    k->ties_descending = true;
}

/* --- the kinds --- */

static struct ranking *ranking_new(struct node n, struct table *t, const struct input *in)
{
    struct ranking *k = arena_alloc(n.doc->arena, sizeof *k);
    t->kind = TABLE_RANKING;
    t->ranking = k;
    k->n = 1;
    k->keys = columns_read(node_required(n, "by"), in, &k->key_count);
    return k;
}

void top_n_table_read(struct node n, struct definition *d, struct table *t)
{
    static const char *const keys[] = {"name",    "top_n",       "by",           "order", "n", "rank",
                                       "indexes", "primary_key", "foreign_keys", "rules", NULL};
    node_keys(n, keys);
    struct input in = parent_rows_read(node_member(n, "top_n"), d, t, 1);
    if (n.doc->failed) return;
    struct ranking *k = ranking_new(n, t, &in);
    order_read(node_required(n, "order"), &in, k);
    k->n = node_integer(node_required(n, "n"), 1, 1, ROWS_PER_KEY_MAX);
    k->ranked = true;
    extra_enter(n, "rank", t, VALUE_INTEGER);
}

void dedupe_table_read(struct node n, struct definition *d, struct table *t)
{
    static const char *const keys[] = {"name",    "dedupe",      "by",           "keep",  "order",
                                       "indexes", "primary_key", "foreign_keys", "rules", NULL},
                             *const words[] = {"first", "last", NULL};
    node_keys(n, keys);
    struct input in = parent_rows_read(node_member(n, "dedupe"), d, t, 0);
    if (n.doc->failed) return;
    struct ranking *k = ranking_new(n, t, &in);
    struct node order = node_member(n, "order");
    if (order.json)
        order_read(order, &in, k);
    else
        order_set(k, in.time, n.doc->arena);
    if (node_choice(node_member(n, "keep"), words, 0) == 1) order_reverse(k);
}

/* Type 2. Without "track" all columns but the key and the time are tracked. */
static void history_read(struct node n, struct table *t, const struct input *in, int time)
{
    struct history *h = arena_alloc(n.doc->arena, sizeof *h);
    struct node track = node_member(n, "track");
    t->kind = TABLE_HISTORY;
    t->history = h;
    h->time = time;
    h->keys = columns_read(node_required(n, "by"), in, &h->key_count);
    if (track.json) {
        h->tracked = columns_read(track, in, &h->tracked_count);
    } else {
        h->tracked = arena_alloc(n.doc->arena, ((size_t)in->count + 1) * sizeof *h->tracked);
        for (int i = 0; i < in->count; i++) {
            bool tracked = i != time;
            for (int k = 0; k < h->key_count; k++) tracked = tracked && h->keys[k] != i;
            if (tracked) h->tracked[h->tracked_count++] = i;
        }
    }
    extra_enter(n, "valid_from", t, VALUE_TIMESTAMP);
    extra_enter(n, "valid_to", t, VALUE_TIMESTAMP);
    extra_enter(n, "current", t, VALUE_INTEGER);
}

void scd_table_read(struct node n, struct definition *d, struct table *t)
{
    static const char *const first[] = {"name",    "scd",         "type",         "by",    "time",
                                        "indexes", "primary_key", "foreign_keys", "rules", NULL},
                             *const second[] = {"name",        "scd",          "type",     "by",      "time",
                                                "track",       "valid_from",   "valid_to", "current", "indexes",
                                                "primary_key", "foreign_keys", "rules",    NULL};
    int64_t type = node_integer(node_required(n, "type"), 1, 1, 2);
    node_keys(n, type == 1 ? first : second);
    struct input in = parent_rows_read(node_member(n, "scd"), d, t, 3);
    if (n.doc->failed) return;
    struct node named = node_member(n, "time"), by = node_required(n, "by");
    if (json_is_array(by.json) && node_count(by) == 0) node_fail(by, "needs at least one column");
    if (!named.json && in.time < 0)
        node_fail(n, "the key \"time\" is missing: %s has no event time", d->tables[t->parent].name);
    int time = named.json ? input_time_find(named, &in) : in.time;
    if (n.doc->failed) return;
    t->time = time;
    if (type == 2) {
        history_read(n, t, &in, time);
        return;
    }
    struct ranking *k = ranking_new(n, t, &in);
    order_set(k, time, n.doc->arena);
    order_reverse(k);
}
