/* utf16.h - UTF-16 to UTF-8, a piece at a time (RFC 2781).
 *
 * Line ends, delimiters and quotes are looked for before anything is decoded, so a file of UTF-16 becomes UTF-8 while
 * it is read. Half a pair of surrogates becomes the three bytes that such a character would have, and an odd byte at
 * the end becomes FF: neither is UTF-8, so that the record is refused like any other with bytes that mean nothing. */
#ifndef MILLRACE_ETL_SOURCE_UTF16_H
#define MILLRACE_ETL_SOURCE_UTF16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum utf16_order { UTF16_BY_MARK, UTF16_LITTLE, UTF16_BIG };

struct utf16 {
    enum utf16_order order; /* UTF16_BY_MARK until the byte order mark has been seen */
    bool begun;             /* the first character is behind it */
    bool marked;            /* a byte order mark was there; it is no part of the text */
    bool unmarked;          /* one was needed and is not there: nothing more is decoded */
    bool half;              /* `odd` is the first byte of a unit */
    uint8_t odd;
    uint16_t high; /* the first unit of a pair, 0 if none */
};

/* Room that `n` bytes need, with what was left of those before. */
static inline size_t utf16_room(size_t n)
{
    return n / 2 * 3 + 6;
}

/* Decodes `n` bytes and gives how many it wrote. */
size_t utf16_decode(struct utf16 *u, const uint8_t *p, size_t n, uint8_t *out);
/* What is left at the end of the file, at most four bytes. */
size_t utf16_end(struct utf16 *u, uint8_t *out);
/* How many bytes of the file became these bytes. */
size_t utf16_length(const uint8_t *p, size_t n);

#endif
