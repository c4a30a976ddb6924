#include "etl/source/xml_condition.h"

#include <string.h>

/* The text in quotes at *at; NULL when the last quote is missing. */
static const char *quoted_take(const char **at, struct arena *arena)
{
    const char quote = *(*at)++, *p = *at;
    char *text = arena_alloc(arena, strlen(p) + 1);
    size_t n = 0;
    for (; *p && (*p != quote || p[1] == quote); p++) {
        text[n++] = *p;
        if (*p == quote) p++;
    }
    if (!*p) return NULL;
    text[n] = 0;
    *at = p + 1;
    return text;
}

/* `[@name='value']`. */
static const char *condition_take(const char **path, struct xml_condition *out, struct arena *arena)
{
    static const char *const wrong = "a condition is written [@attribute='value']";
    const char *at = *path + 2;
    size_t n = strcspn(at, "=[]/@'\" ");
    if (n == 0 || at[n] != '=' || (at[n + 1] != '\'' && at[n + 1] != '"')) return wrong;
    out->attribute = arena_str(arena, slice_of(at, n));
    at += n + 1;
    out->value = quoted_take(&at, arena);
    if (!out->value || *at != ']') return wrong;
    *path = at + 1;
    return NULL;
}

const char *xml_conditions_take(const char **path, const struct xml_condition **out, struct arena *arena)
{
    *out = NULL;
    while (strncmp(*path, "[@", 2) == 0) {
        struct xml_condition *one = arena_alloc(arena, sizeof *one);
        const char *wrong = condition_take(path, one, arena);
        if (wrong) return wrong;
        one->next = *out;
        *out = one;
    }
    return NULL;
}

bool xml_conditions_hold(const struct xml_condition *all, const char *const *attributes)
{
    for (; all; all = all->next) {
        const char *const *a = attributes;
        while (*a && strcmp(*a, all->attribute) != 0) a += 2;
        if (!*a || strcmp(a[1], all->value) != 0) return false;
    }
    return true;
}

bool xml_conditions_equal(const struct xml_condition *a, const struct xml_condition *b)
{
    for (; a && b; a = a->next, b = b->next)
        if (strcmp(a->attribute, b->attribute) != 0 || strcmp(a->value, b->value) != 0) return false;
    return a == b;
}
