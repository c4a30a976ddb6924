#include "lib/base/bytes.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

struct slice slice_str(const char *zero_terminated)
{
    return (struct slice){(const uint8_t *)zero_terminated, strlen(zero_terminated)};
}

bool slice_equal(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int slice_compare(struct slice a, struct slice b)
{
    size_t common = a.n < b.n ? a.n : b.n;
    int order = common ? memcmp(a.p, b.p, common) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* --- buf --- */

enum { BUF_CAPACITY_MIN = 64 };

void buf_release(struct buf *b)
{
    free(b->p);
    *b = (struct buf){0};
}

void buf_reset(struct buf *b)
{
    b->n = 0;
}

uint8_t *buf_reserve(struct buf *b, size_t n)
{
    size_t need = b->n + n;
    assert(need >= n);
    if (need > b->capacity || !b->p) {
        /* Doubling keeps the cost of appending a byte constant on average. */
        size_t capacity = b->capacity * 2 > need ? b->capacity * 2 : need;
        if (capacity < BUF_CAPACITY_MIN) capacity = BUF_CAPACITY_MIN;
        b->p = memory_grow(b->p, capacity, 1);
        b->capacity = capacity;
    }
    return b->p + b->n;
}

void buf_append(struct buf *b, const void *p, size_t n)
{
    if (n == 0) return;
    memcpy(buf_reserve(b, n), p, n);
    b->n += n;
}

void buf_append_slice(struct buf *b, struct slice s)
{
    buf_append(b, s.p, s.n);
}

void buf_append_str(struct buf *b, const char *s)
{
    buf_append(b, s, strlen(s));
}

void buf_append_byte(struct buf *b, uint8_t byte)
{
    *buf_reserve(b, 1) = byte;
    b->n++;
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    int n = vsnprintf(NULL, 0, format, list);
    assert(n >= 0);
    vsnprintf((char *)buf_reserve(b, (size_t)n + 1), (size_t)n + 1, format, again);
    b->n += (size_t)n;
    va_end(again);
    va_end(list);
}

char *buf_cstr(struct buf *b)
{
    *buf_reserve(b, 1) = '\0';
    return (char *)b->p;
}

void buf_put_u16(struct buf *b, uint16_t v)
{
    put_u16be(buf_reserve(b, 2), v);
    b->n += 2;
}

void buf_put_u32(struct buf *b, uint32_t v)
{
    put_u32be(buf_reserve(b, 4), v);
    b->n += 4;
}

void buf_put_u64(struct buf *b, uint64_t v)
{
    put_u64be(buf_reserve(b, 8), v);
    b->n += 8;
}

/* --- big-endian integers --- */

uint16_t get_u16be(const void *p)
{
    const uint8_t *b = p;
    return (uint16_t)(b[0] << 8 | b[1]);
}

uint32_t get_u32be(const void *p)
{
    const uint8_t *b = p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

uint64_t get_u64be(const void *p)
{
    const uint8_t *b = p;
    return (uint64_t)get_u32be(b) << 32 | get_u32be(b + 4);
}

void put_u16be(void *p, uint16_t v)
{
    uint8_t *b = p;
    b[0] = (uint8_t)(v >> 8);
    b[1] = (uint8_t)v;
}

void put_u32be(void *p, uint32_t v)
{
    put_u16be(p, (uint16_t)(v >> 16));
    put_u16be((uint8_t *)p + 2, (uint16_t)v);
}

void put_u64be(void *p, uint64_t v)
{
    put_u32be(p, (uint32_t)(v >> 32));
    put_u32be((uint8_t *)p + 4, (uint32_t)v);
}

/* --- arena --- */

enum { ARENA_BLOCK_SIZE = 8192, ARENA_ALIGN = 16 };

struct arena_block {
    struct arena_block *next;
    size_t used, capacity;
    _Alignas(ARENA_ALIGN) uint8_t bytes[];
};

static struct arena_block *arena_block_new(size_t capacity)
{
    struct arena_block *block = memory_grow(NULL, sizeof *block + capacity, 1);
    block->next = NULL;
    block->used = 0;
    block->capacity = capacity;
    return block;
}

static size_t block_size(const struct arena *a)
{
    return a->block_size ? a->block_size : ARENA_BLOCK_SIZE;
}

static size_t aligned(size_t n)
{
    size_t size = (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    assert(size >= n);
    return size ? size : ARENA_ALIGN;
}

/* Not zeroed. */
static void *take(struct arena *a, size_t size)
{
    if (!a->head || a->head->capacity - a->head->used < size) {
        struct arena_block *block = arena_block_new(size > block_size(a) ? size : block_size(a));
        block->next = a->head;
        a->head = block;
    }
    void *p = a->head->bytes + a->head->used;
    a->head->used += size;
    a->used += size;
    return p;
}

void *arena_alloc(struct arena *a, size_t n)
{
    size_t size = aligned(n);
    return memset(take(a, size), 0, size);
}

void *arena_copy(struct arena *a, const void *p, size_t n)
{
    void *copy = take(a, aligned(n));
    return n ? memcpy(copy, p, n) : copy;
}

char *arena_str(struct arena *a, struct slice s)
{
    char *copy = arena_alloc(a, s.n + 1);
    if (s.n) memcpy(copy, s.p, s.n);
    return copy;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    int n = vsnprintf(NULL, 0, format, list);
    assert(n >= 0);
    char *text = arena_alloc(a, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    va_end(list);
    return text;
}

/* The block that stays is an ordinary one: one huge request does not hold its memory for ever. */
void arena_reset(struct arena *a)
{
    struct arena_block *kept = NULL, *next;
    for (struct arena_block *block = a->head; block; block = next) {
        next = block->next;
        if (!kept && block->capacity == block_size(a))
            kept = block;
        else
            free(block);
    }
    if (kept) {
        kept->next = NULL;
        kept->used = 0;
    }
    a->head = kept;
    a->used = 0;
}

void arena_release(struct arena *a)
{
    arena_reset(a);
    free(a->head);
    a->head = NULL;
}

/* --- shared --- */

struct shared *shared_new(size_t n)
{
    struct shared *s = memory_new(sizeof *s);
    s->p = memory_grow(NULL, n, 1);
    s->n = n;
    s->references = 1;
    return s;
}

struct shared *shared_take(struct buf *b)
{
    struct shared *s = memory_new(sizeof *s);
    s->p = b->p;
    s->n = b->n;
    s->references = 1;
    *b = (struct buf){0};
    return s;
}

struct shared *shared_ref(struct shared *s)
{
    assert(s->references > 0);
    s->references++;
    return s;
}

void shared_unref(struct shared *s)
{
    if (!s) return;
    assert(s->references > 0);
    if (--s->references > 0) return;
    if (s->released) s->released(s, s->context);
    free(s->p);
    free(s);
}
