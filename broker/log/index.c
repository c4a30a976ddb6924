#include "broker/log/index.h"

#include <stdlib.h>

#include "lib/base/memory.h"

void offset_index_release(struct offset_index *x)
{
    free(x->entries);
    *x = (struct offset_index){0};
}

void time_index_release(struct time_index *x)
{
    free(x->entries);
    *x = (struct time_index){0};
}

/* Doubling from a small start: most partitions of a laboratory never see a second entry. */
static void *grown(void *entries, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity) return entries;
    *capacity = *capacity ? *capacity * 2 : 8;
    return memory_grow(entries, *capacity, size);
}

bool offset_index_add(struct offset_index *x, uint32_t offset, uint32_t position)
{
    if (x->count && offset <= x->entries[x->count - 1].offset) return false;
    x->entries = grown(x->entries, x->count, &x->capacity, sizeof *x->entries);
    x->entries[x->count++] = (struct offset_entry){offset, position};
    return true;
}

bool time_index_add(struct time_index *x, int64_t timestamp, uint32_t offset)
{
    if (timestamp < 0) return false;
    if (x->count && timestamp <= x->entries[x->count - 1].timestamp) return false;
    x->entries = grown(x->entries, x->count, &x->capacity, sizeof *x->entries);
    x->entries[x->count++] = (struct time_entry){timestamp, offset};
    return true;
}

bool offset_index_parse(struct offset_index *x, struct slice bytes, uint64_t log_size)
{
    while (bytes.n >= OFFSET_ENTRY_SIZE) {
        uint32_t offset = get_u32be(bytes.p), position = get_u32be(bytes.p + 4);
        if (position >= log_size) return false;
        if (x->count && position <= x->entries[x->count - 1].position) return false;
        if (!offset_index_add(x, offset, position)) return false;
        bytes = slice_of(bytes.p + OFFSET_ENTRY_SIZE, bytes.n - OFFSET_ENTRY_SIZE);
    }
    return bytes.n == 0;
}

bool time_index_parse(struct time_index *x, struct slice bytes)
{
    while (bytes.n >= TIME_ENTRY_SIZE) {
        int64_t timestamp = (int64_t)get_u64be(bytes.p);
        uint32_t offset = get_u32be(bytes.p + 8);
        if (x->count && offset < x->entries[x->count - 1].offset) return false;
        if (!time_index_add(x, timestamp, offset)) return false;
        bytes = slice_of(bytes.p + TIME_ENTRY_SIZE, bytes.n - TIME_ENTRY_SIZE);
    }
    return bytes.n == 0;
}

void offset_index_encode(const struct offset_index *x, uint32_t from, struct buf *out)
{
    for (uint32_t i = from; i < x->count; i++) {
        buf_put_u32(out, x->entries[i].offset);
        buf_put_u32(out, x->entries[i].position);
    }
}

void time_index_encode(const struct time_index *x, uint32_t from, struct buf *out)
{
    for (uint32_t i = from; i < x->count; i++) {
        buf_put_u64(out, (uint64_t)x->entries[i].timestamp);
        buf_put_u32(out, x->entries[i].offset);
    }
}

bool offset_index_find(const struct offset_index *x, uint32_t offset, struct offset_entry *out)
{
    uint32_t low = 0, high = x->count; /* entries below `low` are <= offset */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (x->entries[middle].offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low) *out = x->entries[low - 1];
    return low > 0;
}

uint32_t offset_index_floor(const struct offset_index *x, uint32_t offset)
{
    struct offset_entry e;
    return offset_index_find(x, offset, &e) ? e.position : 0;
}

uint32_t offset_index_boundary(const struct offset_index *x, uint64_t position)
{
    uint32_t low = 0, high = x->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (x->entries[middle].position <= position)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? x->entries[low - 1].position : 0;
}

uint32_t time_index_floor(const struct time_index *x, int64_t timestamp)
{
    uint32_t low = 0, high = x->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (x->entries[middle].timestamp <= timestamp)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? x->entries[low - 1].offset : 0;
}
