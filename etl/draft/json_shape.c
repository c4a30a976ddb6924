#include "etl/draft/json_shape.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/base/memory.h"

/* --- what is there --- */

static struct json_node *member_of(struct json_shape *s, struct json_node *node, const char *name, int hint)
{
    uint32_t hash = (uint32_t)hash_bytes(name, strlen(name), 0);
    for (int k = 0; k < node->member_count; k++) { /* from behind the last one that was found: they have an order */
        struct json_node *m = node->members[(hint + k) % node->member_count];
        if (m->hash == hash && strcmp(m->name, name) == 0) return m;
    }
    if (node->member_count == JSON_MEMBERS_MAX || s->nodes == JSON_NODES_MAX) return NULL;
    s->nodes++;
    if ((node->member_count & (node->member_count - 1)) == 0) { /* a power of two: it is full */
        struct json_node **more = arena_alloc(s->arena, (size_t)(node->member_count * 2 + 1) * sizeof *more);
        if (node->member_count) memcpy(more, node->members, (size_t)node->member_count * sizeof *more);
        node->members = more;
    }
    struct json_node *m = arena_alloc(s->arena, sizeof *m);
    *m = (struct json_node){.name = arena_str(s->arena, (struct slice){(const uint8_t *)name, strlen(name)}),
                            .hash = hash};
    return node->members[node->member_count++] = m;
}

static int kind_of(const json_t *value)
{
    if (json_is_null(value)) return 0;
    if (json_is_boolean(value)) return JSON_TRUTHS;
    if (json_is_object(value)) return JSON_OBJECTS;
    if (!json_is_array(value)) return JSON_SCALARS;
    if (json_array_size(value) == 0) return JSON_ARRAYS_EMPTY;
    return json_is_object(json_array_get(value, 0)) ? JSON_ARRAYS_OF_OBJECTS : JSON_ARRAYS;
}

static void node_add(struct json_shape *s, struct json_node *node, json_t *value)
{
    const char *name;
    json_t *inside;
    int hint = 0;
    node->seen++;
    node->kinds |= kind_of(value);
    if (!json_is_object(value)) return;
    node->whole++;
    json_object_foreach(value, name, inside)
    {
        struct json_node *m = member_of(s, node, name, hint++);
        if (m) node_add(s, m, inside);
    }
}

void json_shape_add(struct json_shape *s, json_t *value)
{
    node_add(s, &s->root, value);
}

/* --- whether names are data --- */

enum { NAMES_LEAST = 3, WORDS_LEAST = 16, WORDS_MANY = 256 };

static bool has_digit(const char *name)
{
    return name[strcspn(name, "0123456789")] != 0;
}

/* Of objects: whether most of them have most of what any of them has. */
static bool are_alike(struct json_shape *merged, const struct json_node *node)
{
    uint64_t members = 0;
    for (int i = 0; i < node->member_count; i++) {
        const struct json_node *m = node->members[i];
        members += (uint64_t)m->member_count;
        for (int k = 0; k < m->member_count; k++) member_of(merged, &merged->root, m->members[k]->name, k);
    }
    return members * 2 >= (uint64_t)node->member_count * (uint64_t)merged->root.member_count;
}

int json_member_kinds(const struct json_node *node)
{
    int kinds = 0;
    for (int i = 0; i < node->member_count; i++) kinds |= node->members[i]->kinds;
    return kinds & ~JSON_ARRAYS_EMPTY;
}

bool json_names_are_data(const struct json_node *node)
{
    bool digits = true, varies = false, alike = true;
    int kinds = json_member_kinds(node);
    if (node->member_count < NAMES_LEAST) return false;
    for (int i = 0; i < node->member_count; i++) {
        const struct json_node *m = node->members[i];
        digits = digits && has_digit(m->name);
        varies = varies || m->seen < node->whole;
    }
    bool objects = kinds == JSON_OBJECTS;
    if (objects) {
        struct arena arena = {0};
        struct json_shape merged = {.arena = &arena};
        alike = are_alike(&merged, node);
        arena_release(&arena);
    }
    if (digits && (objects || kinds == JSON_ARRAYS_OF_OBJECTS)) return alike;
    if (digits && kinds == JSON_SCALARS) { /* m1, m2, ... are fields; days and numbers are not */
        for (int i = 0; i < node->member_count; i++) digits = digits && isdigit((unsigned char)*node->members[i]->name);
        return digits;
    }
    return objects && alike && node->member_count >= WORDS_LEAST &&
           (varies || node->whole == 1 || node->member_count >= WORDS_MANY);
}

const char *json_names_example(const struct json_node *node, struct arena *arena)
{
    const char *list = "";
    for (int i = 0; i < 3 && i < node->member_count; i++)
        list = arena_printf(arena, "%s%s%.40s", list, i ? ", " : "", node->members[i]->name);
    return arena_printf(arena, "%s%s", list, node->member_count > 3 ? ", ..." : "");
}
