/* bytes.h - borrowed byte ranges, a growable buffer and an arena.
 *
 * Three lifetimes exist in this code base: things sized at start, things of one request (an arena,
 * reset when the request is done) and reference-counted record buffers (`struct shared`). */
#ifndef MILLRACE_BASE_BYTES_H
#define MILLRACE_BASE_BYTES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A borrowed range. `p` may be NULL only if `n` is 0. */
struct slice {
    const uint8_t *p;
    size_t n;
};

#define SLICE_LIT(s) ((struct slice){(const uint8_t *)(s), sizeof(s) - 1})

static inline struct slice slice_of(const void *p, size_t n)
{
    return (struct slice){(const uint8_t *)p, n};
}
struct slice slice_str(const char *zero_terminated);
bool slice_equal(struct slice a, struct slice b);
/* memcmp order, a shorter range first when one is a prefix of the other. */
int slice_compare(struct slice a, struct slice b);

/* A growable buffer; owns `p`. Appending aborts the process when memory is gone: callers bound what
 * they append. A zeroed struct is a valid empty buffer. */
struct buf {
    uint8_t *p;
    size_t n;
    size_t capacity;
};

void buf_release(struct buf *b);
void buf_reset(struct buf *b); /* n = 0, keeps the memory */
/* Makes room for `n` more bytes and returns where they go; `b->n` is unchanged. */
uint8_t *buf_reserve(struct buf *b, size_t n);
void buf_append(struct buf *b, const void *p, size_t n);
void buf_append_slice(struct buf *b, struct slice s);
void buf_append_str(struct buf *b, const char *s);
void buf_append_byte(struct buf *b, uint8_t byte);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends a NUL that is not counted in `n`, so that `p` is a C string. */
char *buf_cstr(struct buf *b);
/* Big-endian integers, as the Kafka protocol has them. */
void buf_put_u16(struct buf *b, uint16_t v);
void buf_put_u32(struct buf *b, uint32_t v);
void buf_put_u64(struct buf *b, uint64_t v);
static inline struct slice buf_slice(const struct buf *b)
{
    return (struct slice){b->p, b->n};
}

uint16_t get_u16be(const void *p);
uint32_t get_u32be(const void *p);
uint64_t get_u64be(const void *p);
void put_u16be(void *p, uint16_t v);
void put_u32be(void *p, uint32_t v);
void put_u64be(void *p, uint64_t v);

/* An arena: many small allocations, one release. Memory is zeroed. */
struct arena {
    struct arena_block *head;
    size_t used;       /* bytes handed out since the last reset */
    size_t block_size; /* 0: 8 KiB. What is asked for again and again after a reset should fit into one */
};

void *arena_alloc(struct arena *a, size_t n); /* 16-byte aligned */
void *arena_copy(struct arena *a, const void *p, size_t n);
char *arena_str(struct arena *a, struct slice s); /* NUL-terminated copy */
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_reset(struct arena *a); /* keeps one block */
void arena_release(struct arena *a);

/* A reference-counted immutable buffer for records on their way from the socket to the disk and
 * back. The count is not atomic: it belongs to the thread that owns the node. `released`, if set,
 * is called once when the last reference goes, before the memory is freed. */
struct shared {
    uint8_t *p;
    size_t n;
    int references;
    void (*released)(struct shared *s, void *context);
    void *context;
};

struct shared *shared_new(size_t n);       /* one reference, n writable bytes */
struct shared *shared_take(struct buf *b); /* takes the buffer's memory; b becomes empty */
struct shared *shared_ref(struct shared *s);
void shared_unref(struct shared *s); /* NULL is allowed */

#endif
