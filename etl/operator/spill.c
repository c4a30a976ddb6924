#include "etl/operator/spill.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "etl/operator/key_runs.h"
#include "etl/operator/temporary.h"
#include "lib/base/memory.h"

size_t spill_memory_max = (size_t)4 << 20;

enum { HEAD_BYTES = 20 }; /* of a part: its key, how many bytes follow */

/* Where a part that waits stands. */
struct waiting {
    struct fingerprint key;
    size_t at;
};

/* What is left of a run while runs are merged. */
struct run {
    const uint8_t *at, *end;
    struct fingerprint key; /* of the part at `at` */
    size_t number;
};

struct spill_store {
    int fd;
    uint64_t bytes;     /* in the file */
    struct buf parts;   /* that wait */
    struct buf waiting; /* struct waiting: of each */
    struct buf runs;    /* size_t: where each one ends in the file */
};

/* --- parts come --- */

static int store_open(struct spill *s, struct err_text *error)
{
    int fd = temporary_open(error);
    if (fd < 0) return fd;
    s->store = memory_new(sizeof *s->store);
    s->store->fd = fd;
    return 0;
}

/* By key, those of one key as they came. */
static int waiting_order(const void *a, const void *b)
{
    const struct waiting *x = a, *y = b;
    int order = key_compare(&x->key, &y->key);
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

static size_t part_bytes(const uint8_t *part)
{
    return HEAD_BYTES + (size_t)get_u32be(part + 16);
}

/* What waits becomes a run. */
static int run_write(struct spill_store *k, struct err_text *error)
{
    struct waiting *all = (struct waiting *)(void *)k->waiting.p;
    size_t count = k->waiting.n / sizeof *all;
    struct buf run = {0};
    if (count == 0) return 0;
    qsort(all, count, sizeof *all, waiting_order);
    buf_reserve(&run, k->parts.n);
    for (size_t i = 0; i < count; i++) buf_append(&run, k->parts.p + all[i].at, part_bytes(k->parts.p + all[i].at));
    int result = temporary_write(k->fd, run.p, run.n, error);
    k->bytes += run.n;
    size_t end = (size_t)k->bytes;
    buf_append(&k->runs, &end, sizeof end);
    buf_release(&run);
    buf_reset(&k->parts);
    buf_reset(&k->waiting);
    return result;
}

int spill_add(struct spill *s, struct fingerprint key, struct slice part, struct err_text *error)
{
    int result = s->store ? 0 : store_open(s, error);
    if (result != 0) return result;
    struct spill_store *k = s->store;
    struct waiting w = {key, k->parts.n};
    buf_append(&k->waiting, &w, sizeof w);
    fingerprint_put(key, buf_reserve(&k->parts, HEAD_BYTES));
    k->parts.n += 16;
    buf_put_u32(&k->parts, (uint32_t)part.n);
    buf_append_slice(&k->parts, part);
    s->parts++;
    return k->parts.n < SPILL_RUN_BYTES ? 0 : run_write(k, error);
}

/* --- and are merged --- */

static bool run_before(const struct run *a, const struct run *b)
{
    int order = key_compare(&a->key, &b->key);
    return order ? order < 0 : a->number < b->number;
}

/* The heap's root may be larger than what is below it. */
static void heap_sink(struct run *heap, size_t count)
{
    struct run moved = heap[0];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && run_before(&heap[child + 1], &heap[child])) child++;
        if (!run_before(&heap[child], &moved)) break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

/* An ascending array is a heap. */
static int run_order(const void *a, const void *b)
{
    return run_before(a, b) ? -1 : 1;
}

static size_t heap_make(const struct spill_store *k, const uint8_t *file, struct run *heap)
{
    const size_t *ends = (const size_t *)(const void *)k->runs.p;
    size_t count = k->runs.n / sizeof *ends;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *at = file + (i ? ends[i - 1] : 0);
        heap[i] = (struct run){at, file + ends[i], fingerprint_get(at), i};
    }
    qsort(heap, count, sizeof *heap, run_order);
    return count;
}

static int runs_merge(struct spill *s, struct run *heap, size_t count, spill_take *each, void *context)
{
    struct fingerprint last = {0};
    int result = 0;
    s->keys = 0;
    while (count && result == 0) {
        const uint8_t *part = heap[0].at;
        s->keys += !fingerprint_equal(heap[0].key, last);
        last = heap[0].key;
        result = each(context, last, slice_of(part + HEAD_BYTES, part_bytes(part) - HEAD_BYTES));
        heap[0].at += part_bytes(part);
        if (heap[0].at == heap[0].end)
            heap[0] = heap[--count];
        else
            heap[0].key = fingerprint_get(heap[0].at);
        heap_sink(heap, count);
    }
    return result;
}

int spill_each(struct spill *s, spill_take *each, void *context, struct err_text *error)
{
    struct spill_store *k = s->store;
    const void *file;
    if (!k) return 0;
    int result = run_write(k, error);
    if (result == 0) result = temporary_map(k->fd, (size_t)k->bytes, &file, error);
    if (result != 0) return result;
    struct run *heap = memory_new((k->runs.n / sizeof(size_t)) * sizeof *heap);
    result = runs_merge(s, heap, heap_make(k, file, heap), each, context);
    munmap((void *)(uintptr_t)file, (size_t)k->bytes);
    free(heap);
    return result;
}

void spill_measure(const struct spill *s, struct state_size *size)
{
    if (!s->store) return;
    size->keys += s->keys;
    size->spilled_bytes += s->store->bytes;
}

void spill_release(struct spill *s)
{
    struct spill_store *k = s->store;
    if (k) {
        close(k->fd);
        buf_release(&k->parts);
        buf_release(&k->waiting);
        buf_release(&k->runs);
        free(k);
    }
    *s = (struct spill){0};
}
