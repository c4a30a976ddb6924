#include "lib/kafka/cursor.h"

#include "lib/kafka/varint.h"

struct cursor cursor_of(struct slice s)
{
    return (struct cursor){s.p, s.p ? s.p + s.n : NULL, 0};
}

size_t cursor_left(const struct cursor *c)
{
    return (size_t)(c->end - c->p);
}

void cursor_fail(struct cursor *c, int error)
{
    if (!c->error) c->error = error;
    c->p = c->end;
}

const uint8_t *cursor_take(struct cursor *c, size_t n)
{
    if (cursor_left(c) < n) cursor_fail(c, ERR_CORRUPT);
    if (c->error) return NULL;
    const uint8_t *p = c->p;
    if (n > 0) c->p += n; /* an empty input has no address to add to */
    return p;
}

struct slice cursor_slice(struct cursor *c, size_t n)
{
    const uint8_t *p = cursor_take(c, n);
    return (struct slice){p, p ? n : 0};
}

uint8_t cursor_u8(struct cursor *c)
{
    const uint8_t *p = cursor_take(c, 1);
    return p ? *p : 0;
}

uint16_t cursor_u16(struct cursor *c)
{
    const uint8_t *p = cursor_take(c, 2);
    return p ? get_u16be(p) : 0;
}

uint32_t cursor_u32(struct cursor *c)
{
    const uint8_t *p = cursor_take(c, 4);
    return p ? get_u32be(p) : 0;
}

uint64_t cursor_u64(struct cursor *c)
{
    const uint8_t *p = cursor_take(c, 8);
    return p ? get_u64be(p) : 0;
}

static struct slice cursor_rest(const struct cursor *c)
{
    return (struct slice){c->p, cursor_left(c)};
}

uint32_t cursor_uvarint32(struct cursor *c)
{
    uint32_t v = 0;
    size_t n = varint_get_u32(cursor_rest(c), &v);
    if (n == 0) cursor_fail(c, ERR_CORRUPT);
    if (c->error) return 0;
    c->p += n;
    return v;
}

int32_t cursor_varint32(struct cursor *c)
{
    return (int32_t)varint_unzigzag(cursor_uvarint32(c));
}

int64_t cursor_varint64(struct cursor *c)
{
    uint64_t v = 0;
    size_t n = varint_get_u64(cursor_rest(c), &v);
    if (n == 0) cursor_fail(c, ERR_CORRUPT);
    if (c->error) return 0;
    c->p += n;
    return varint_unzigzag(v);
}
