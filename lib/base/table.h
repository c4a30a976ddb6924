/* table.h - an open-addressing hash table from byte strings to pointers.
 *
 * Keys are copied. Iteration order is insertion order as long as nothing was removed; code whose
 * output must not depend on a hash relies on nothing else. The hash is fixed (no random seed), so
 * that the simulator's traces repeat; bounds on counts are the caller's business. */
#ifndef MILLRACE_BASE_TABLE_H
#define MILLRACE_BASE_TABLE_H

#include "lib/base/bytes.h"
#include "lib/base/hash.h"

struct table_entry {
    struct slice key;
    void *value;
};

struct table {
    struct table_entry *entries; /* dense; removed ones have key.p == NULL */
    uint32_t *index;             /* open addressing; 0 = free, else entry number + 1 */
    uint32_t index_size;         /* power of two */
    uint32_t entry_count;        /* used slots in `entries`, removed ones included */
    uint32_t entry_capacity;
    uint32_t count; /* live entries */
};

void table_release(struct table *t); /* does not touch the values */
void *table_get(const struct table *t, struct slice key);
void *table_get_str(const struct table *t, const char *key);
/* Sets and returns the value that was there before (NULL if none). `value` must not be NULL. */
void *table_set(struct table *t, struct slice key, void *value);
void *table_set_str(struct table *t, const char *key, void *value);
void *table_remove(struct table *t, struct slice key); /* the value, or NULL */

/* for (struct table_entry *e = table_first(t); e; e = table_next(t, e)) - removing the current
 * entry while iterating is allowed, inserting is not. */
struct table_entry *table_first(const struct table *t);
struct table_entry *table_next(const struct table *t, const struct table_entry *e);

#endif
