/* hex_test.h - golden bytes written as hexadecimal text, for the tests of this folder.
 *
 * Blanks and | are for the eye; 'text' stands for its characters: "0003 'abc' | ffff". */
#ifndef MILLRACE_KAFKA_HEX_TEST_H
#define MILLRACE_KAFKA_HEX_TEST_H

#include <ctype.h>

#include "lib/base/bytes.h"
#include "tests/unit.h"

static inline int hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : c - 'a' + 10;
}

/* The bytes, in memory of exactly their size, so that a sanitizer sees a read beyond them. */
static inline struct slice hex(struct arena *a, const char *text)
{
    uint8_t *out = arena_alloc(a, strlen(text) + 1);
    size_t n = 0;
    for (const char *s = text; *s; s++) {
        if (*s == '\'') {
            for (s++; *s != '\''; s++) out[n++] = (uint8_t)*s;
        } else if (isxdigit((unsigned char)*s)) {
            out[n++] = (uint8_t)((unsigned)hex_digit(s[0]) << 4 | (unsigned)hex_digit(s[1]));
            s++;
        }
    }
    return slice_of(out, n);
}

static inline const char *hex_text(struct arena *a, struct slice s)
{
    char *out = arena_alloc(a, 2 * s.n + 1);
    for (size_t i = 0; i < s.n; i++) sprintf(out + 2 * i, "%02x", s.p[i]);
    return out;
}

#define check_hex(a, actual, expected) check_str(hex_text((a), (actual)), hex_text((a), hex((a), (expected))))

/* A copy in malloc'ed memory of exactly n bytes; free it. */
static inline uint8_t *tight_copy(struct slice s)
{
    uint8_t *p = malloc(s.n ? s.n : 1);
    check(p != NULL);
    if (s.n) memcpy(p, s.p, s.n);
    return p;
}

#endif
