/* cursor.h - reads bytes from front to back and remembers the first failure.
 *
 * A decoder reads straight down and asks once at the end: after a failure every read gives zero and takes
 * nothing, so nothing in between needs a check, except a count that drives a loop (it is zero too). */
#ifndef MILLRACE_KAFKA_CURSOR_H
#define MILLRACE_KAFKA_CURSOR_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"
#include "lib/kafka/varint.h"

struct cursor {
    const uint8_t *p, *end;
    int error; /* 0, or the first negative enum err */
};

static inline struct cursor cursor_of(struct slice s)
{
    return (struct cursor){s.p, s.p ? s.p + s.n : NULL, 0};
}

static inline size_t cursor_left(const struct cursor *c)
{
    return (size_t)(c->end - c->p);
}

/* Remembers `error` if it is the first; nothing is left afterwards. */
void cursor_fail(struct cursor *c, int error);

/* The next `n` bytes; NULL after a failure or when fewer are left (then ERR_CORRUPT). */
static inline const uint8_t *cursor_take(struct cursor *c, size_t n)
{
    if (cursor_left(c) < n) cursor_fail(c, ERR_CORRUPT);
    if (c->error) return NULL;
    const uint8_t *p = c->p;
    if (n > 0) c->p += n; /* an empty input has no address to add to */
    return p;
}

/* The same as a slice, empty after a failure. */
static inline struct slice cursor_slice(struct cursor *c, size_t n)
{
    const uint8_t *p = cursor_take(c, n);
    return (struct slice){p, p ? n : 0};
}

static inline uint8_t cursor_u8(struct cursor *c)
{
    const uint8_t *p = cursor_take(c, 1);
    return p ? *p : 0;
}

uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);

/* varint.h's integers. Most of a record's are of one byte or two and are read where they are asked for: a broker looks
 * at every record that it stores, ten million of 100 B in a gigabyte, and a call for each integer was a third of what
 * that gigabyte cost it. */
uint32_t cursor_uvarint32_any(struct cursor *c);
uint64_t cursor_uvarint64_any(struct cursor *c);

static inline bool cursor_uvarint_short(struct cursor *c, uint32_t *out)
{
    if (!c->p || c->p == c->end) return false;
    if (c->p[0] < 0x80) {
        *out = *c->p++;
        return true;
    }
    if (c->p + 1 == c->end || c->p[1] >= 0x80) return false;
    *out = (c->p[0] & 0x7fu) | (uint32_t)c->p[1] << 7;
    c->p += 2;
    return true;
}

static inline uint32_t cursor_uvarint32(struct cursor *c)
{
    uint32_t v;
    return cursor_uvarint_short(c, &v) ? v : cursor_uvarint32_any(c);
}

static inline int32_t cursor_varint32(struct cursor *c)
{
    return (int32_t)varint_unzigzag(cursor_uvarint32(c));
}

static inline int64_t cursor_varint64(struct cursor *c)
{
    uint32_t v;
    return varint_unzigzag(cursor_uvarint_short(c, &v) ? v : cursor_uvarint64_any(c));
}

#endif
