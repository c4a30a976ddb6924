#include "etl/stream/sent_rows.h"

#include <stdlib.h>

#include "lib/base/checksum.h"
#include "lib/base/memory.h"
#include "lib/base/table.h"

struct sent_rows {
    struct table of; /* number (8) -> checksum + 1 as a pointer; the struct itself when it is not known */
};

struct sent_rows *sent_rows_new(void)
{
    return memory_new(sizeof(struct sent_rows));
}

void sent_rows_free(struct sent_rows *s)
{
    if (s) table_release(&s->of);
    free(s);
}

static void *set(struct sent_rows *s, uint64_t number, void *value)
{
    uint8_t key[8];
    put_u64be(key, number);
    return table_set(&s->of, slice_of(key, sizeof key), value);
}

bool sent_rows_note(struct sent_rows *s, uint64_t number, struct slice raw)
{
    void *value = (void *)(uintptr_t)((uint64_t)crc32c(0, raw.p, raw.n) + 1);
    return set(s, number, value) != value;
}

void sent_rows_add(struct sent_rows *s, uint64_t number)
{
    void *before = set(s, number, s);
    if (before) set(s, number, before);
}

void sent_rows_remove(struct sent_rows *s, uint64_t number)
{
    uint8_t key[8];
    put_u64be(key, number);
    table_remove(&s->of, slice_of(key, sizeof key));
}

static int number_order(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

uint64_t *sent_rows_numbers(const struct sent_rows *s, size_t *count)
{
    uint64_t *numbers = memory_new(((size_t)s->of.count + 1) * sizeof *numbers);
    *count = 0;
    for (struct table_entry *e = table_first(&s->of); e; e = table_next(&s->of, e))
        numbers[(*count)++] = get_u64be(e->key.p);
    qsort(numbers, *count, sizeof *numbers, number_order);
    return numbers;
}
