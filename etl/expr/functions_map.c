/* lookup(x, 'map' [, otherwise]): what the definition's dictionary says for x. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etl/document.h"
#include "etl/expr/maps.h"
#include "etl/expr/node.h"

const struct value_map *value_map_find(const struct value_maps *maps, const char *name)
{
    for (int i = 0; maps && i < maps->count; i++)
        if (strcmp(maps->items[i].name, name) == 0) return &maps->items[i];
    return NULL;
}

static int key_compare(const void *key, const void *entry)
{
    return slice_compare(*(const struct slice *)key, ((const struct map_entry *)entry)->key);
}

const struct value *value_map_get(const struct value_map *map, struct slice key)
{
    const struct map_entry *found = bsearch(&key, map->entries, map->count, sizeof *map->entries, key_compare);
    return found ? &found->value : NULL;
}

/* Keys are texts: an integer is looked up as it is written. */
static enum expr_outcome lookup_evaluate(const struct expr *e, const struct expr_frame *frame, struct value *out)
{
    char digits[24];
    struct value x;
    enum expr_outcome outcome = expr_argument(e, 0, frame, &x);
    if (outcome != EXPR_OK) return outcome;
    struct slice key = x.text;
    if (x.type == VALUE_INTEGER)
        key = slice_of(digits, (size_t)snprintf(digits, sizeof digits, "%lld", (long long)x.i));
    const struct value *found = x.type == VALUE_NULL ? NULL : value_map_get(e->data, key);
    if (found) *out = *found;
    return found ? EXPR_OK : expr_argument(e, 1, frame, out);
}

static void unknown_map(struct expr_builder *b, const char *name)
{
    const struct value_maps *maps = b->maps;
    int count = maps ? maps->count : 0;
    const char **names = arena_alloc(b->arena, ((size_t)count + 1) * sizeof *names);
    for (int i = 0; i < count; i++) names[i] = maps->items[i].name;
    const char *near = name_nearest(name, names);
    if (count == 0) expr_fail(b, "lookup(): the definition has no \"maps\"");
    expr_fail(b, "lookup(): there is no map \"%s\"%s%s%s", name, near ? "; did you mean \"" : "", near ? near : "",
              near ? "\"?" : "");
}

static struct expr *lookup_build(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count)
{
    const char *name = expr_literal_text(b, f, args[1]);
    const struct value_map *map = value_map_find(b->maps, name);
    struct expr *otherwise = count == 3 ? args[2] : expr_literal(b, (struct value){.type = VALUE_NULL}, 0);
    if (!map) unknown_map(b, name);
    if (!expr_is_type(args[0], VALUE_TEXT) && !expr_is_type(args[0], VALUE_INTEGER))
        expr_fail(b, "argument 1 of lookup() must be text or integer, not %s", expr_type_text(b, args[0]));
    if (map && !expr_is_type(otherwise, map->type))
        expr_fail(b, "the map \"%s\" gives %s, but argument 3 of lookup() is %s", name,
                  map->type == VALUE_TEXT ? "text" : "integers", expr_type_text(b, otherwise));
    struct expr *parts[2] = {args[0], otherwise};
    struct expr *e = expr_lazy_node(b, map ? map->type : VALUE_TEXT, 0, lookup_evaluate, parts, 2);
    e->data = map;
    return e;
}

const struct expr_function EXPR_MAP_FUNCTIONS[] = {
    {"lookup", "**|*", VALUE_NULL, NULL, lookup_build},
    {NULL, NULL, VALUE_NULL, NULL, NULL},
};
