#include "lib/kafka/cursor.h"

void cursor_fail(struct cursor *c, int error)
{
    if (!c->error) c->error = error;
    c->p = c->end;
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

uint32_t cursor_uvarint32_any(struct cursor *c)
{
    uint32_t v = 0;
    size_t n = varint_get_u32(cursor_rest(c), &v);
    if (n == 0) cursor_fail(c, ERR_CORRUPT);
    if (c->error) return 0;
    c->p += n;
    return v;
}

uint64_t cursor_uvarint64_any(struct cursor *c)
{
    uint64_t v = 0;
    size_t n = varint_get_u64(cursor_rest(c), &v);
    if (n == 0) cursor_fail(c, ERR_CORRUPT);
    if (c->error) return 0;
    c->p += n;
    return v;
}
