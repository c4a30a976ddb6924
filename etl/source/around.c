#include "etl/source/around.h"

#include <stdio.h>
#include <string.h>

#include "etl/source/json_path.h"

bool around_leads(const char *path)
{
    return strncmp(path, "../", 3) == 0 || strcmp(path, "#") == 0;
}

struct around *around_new(struct arena *arena)
{
    struct around *a = arena_alloc(arena, sizeof *a);
    a->layout = json_paths_new(arena);
    return a;
}

const char *around_add(struct around *a, const char *path, bool truth_is_number, int field)
{
    char at[16];
    struct around_value *v = &a->values[a->count];
    if (a->count == AROUND_MAX) return "more than 64 columns are read from around the records";
    *v = (struct around_value){.field = field};
    for (; strncmp(path, "../", 3) == 0; path += 3) v->up++;
    if (v->up > AROUND_MAX) return "leads further up than anything is deep";
    v->place = strcmp(path, "#") == 0;
    v->path = path;
    if (strcmp(path, "$") == 0) return "names the whole of what is around the record; name a value in it";
    snprintf(at, sizeof at, "[%d]", a->count++);
    return json_paths_add(a->layout, at, truth_is_number);
}

bool around_split(const struct around *a, struct slice *layout, struct arena *arena, struct slice values[AROUND_MAX])
{
    struct json_scan scan = json_scan_of(*layout);
    if (!json_scan_value(&scan, 0)) return false;
    size_t n = (size_t)(scan.p - layout->p);
    if (!json_split(a->layout, slice_of(layout->p, n), arena, values, &scan)) return false;
    *layout = slice_of(layout->p + n, layout->n - n);
    return true;
}

void around_put(const struct around *a, const struct slice *values, struct slice *fields)
{
    for (int i = 0; i < a->count; i++) fields[a->values[i].field] = values[i];
}
