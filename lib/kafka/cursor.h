/* cursor.h - reads bytes from front to back and remembers the first failure.
 *
 * A decoder reads straight down and asks once at the end: after a failure every read gives zero and takes
 * nothing, so nothing in between needs a check, except a count that drives a loop (it is zero too). */
#ifndef MILLRACE_KAFKA_CURSOR_H
#define MILLRACE_KAFKA_CURSOR_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

struct cursor {
    const uint8_t *p, *end;
    int error; /* 0, or the first negative enum err */
};

struct cursor cursor_of(struct slice s);
size_t cursor_left(const struct cursor *c);
/* Remembers `error` if it is the first. */
void cursor_fail(struct cursor *c, int error);
/* The next `n` bytes; NULL after a failure or when fewer are left (then ERR_CORRUPT). */
const uint8_t *cursor_take(struct cursor *c, size_t n);
/* The same as a slice, empty after a failure. */
struct slice cursor_slice(struct cursor *c, size_t n);
uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);
/* varint.h's integers. */
uint32_t cursor_uvarint32(struct cursor *c);
int32_t cursor_varint32(struct cursor *c);
int64_t cursor_varint64(struct cursor *c);

#endif
