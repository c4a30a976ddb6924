#include "etl/quality/top.h"

#include <stdlib.h>

#include "etl/sink/value.h"
#include "lib/base/memory.h"

static struct value value_keep(const struct value *v)
{
    struct value kept = *v;
    if (v->type != VALUE_TEXT) return kept;
    kept.text.n = v->text.n < TEXT_KEPT_MAX ? v->text.n : TEXT_KEPT_MAX;
    kept.text.p = memory_copy(v->text.n ? (const void *)v->text.p : "", kept.text.n);
    return kept;
}

static void entry_release(struct top_entry *e)
{
    if (e->value.type == VALUE_TEXT) free((void *)(uintptr_t)e->value.text.p);
}

static int by_rows(const void *a, const void *b)
{
    const struct top_entry *x = a, *y = b;
    if (x->rows != y->rows) return x->rows > y->rows ? -1 : 1;
    return value_compare(&x->value, &y->value);
}

void top_sort(struct top *t)
{
    if (t->count > 1) qsort(t->entries, (size_t)t->count, sizeof *t->entries, by_rows);
}

/* Leaves TOP_KEPT entries at most. */
static void compact(struct top *t)
{
    bool added;
    int kept = 0;
    top_sort(t);
    uint64_t off = t->entries[TOP_KEPT].rows;
    fingerprint_map_reset(&t->index);
    for (int i = 0; i < t->count; i++) {
        struct top_entry *e = &t->entries[i];
        if (e->rows <= off) {
            entry_release(e);
            continue;
        }
        e->rows -= off;
        fingerprint_map_at(&t->index, e->key, &added)->value = kept;
        t->entries[kept++] = *e;
    }
    t->count = kept;
    t->error += off;
}

void top_add(struct top *t, struct fingerprint key, const struct value *v)
{
    bool added;
    if (!t->entries) t->entries = memory_new(TOP_COUNTERS * sizeof *t->entries);
    struct fingerprint_entry *at = fingerprint_map_at(&t->index, key, &added);
    if (!added) {
        t->entries[at->value].rows++;
        return;
    }
    at->value = t->count;
    t->entries[t->count++] = (struct top_entry){.key = key, .value = value_keep(v), .rows = 1};
    if (t->count == TOP_COUNTERS) compact(t);
}

void top_release(struct top *t)
{
    for (int i = 0; i < t->count; i++) entry_release(&t->entries[i]);
    free(t->entries);
    fingerprint_map_release(&t->index);
    *t = (struct top){0};
}
