/* maps.h - the dictionaries of a definition, for lookup(x, 'name'). Immutable once the definition is loaded. */
#ifndef MILLRACE_ETL_EXPR_MAPS_H
#define MILLRACE_ETL_EXPR_MAPS_H

#include "etl/row.h"
#include "lib/base/bytes.h"

struct map_entry {
    struct slice key;
    struct value value; /* of the map's type, or VALUE_NULL */
};

struct value_map {
    const char *name;
    enum value_type type;      /* of its values: VALUE_TEXT or VALUE_INTEGER */
    struct map_entry *entries; /* sorted by key, each key once */
    size_t count;
};

struct value_maps {
    const struct value_map *items;
    int count;
};

/* NULL when there is none of this name. `maps` may be NULL. */
const struct value_map *value_map_find(const struct value_maps *maps, const char *name);
/* NULL when the key is not there. */
const struct value *value_map_get(const struct value_map *map, struct slice key);

#endif
