/* encoding.h - bytes of a declared encoding to UTF-8.
 *
 * Sources: RFC 3629 (UTF-8); the WHATWG encoding standard and Microsoft's tables (windows-1252, where 81, 8D, 8F, 90
 * and 9D stand for nothing, and its like); ISO/IEC 8859; RFC 1489 (KOI8-R); Apple's Roman. All of them agree with
 * ASCII, so line ends and delimiters are found before anything is decoded. */
#ifndef MILLRACE_ETL_SOURCE_ENCODING_H
#define MILLRACE_ETL_SOURCE_ENCODING_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/bytes.h"

enum encoding {
    ENCODING_UTF_8,
    ENCODING_WINDOWS_1252,
    ENCODING_ISO_8859_1,
    ENCODING_ISO_8859_15,
    ENCODING_ISO_8859_2,
    ENCODING_ISO_8859_9,
    ENCODING_WINDOWS_1250,
    ENCODING_WINDOWS_1251,
    ENCODING_WINDOWS_1254,
    ENCODING_MACINTOSH,
    ENCODING_KOI8_R,
    ENCODING_ASCII,
    /* Records of these are UTF-8 already: the file becomes it while it is read (etl/source/utf16.h). */
    ENCODING_UTF_16,
    ENCODING_UTF_16LE,
    ENCODING_UTF_16BE,
    ENCODING_COUNT,
};

/* By encoding, and by byte from 80 on: its character, 0 for none. Of those with one byte a character, but
 * ISO-8859-1 (encoding_tables.c). */
extern const uint16_t ENCODING_HIGH[ENCODING_COUNT][128];

extern const char *const ENCODING_NAMES[]; /* by enum, ends with NULL */

static inline bool encoding_is_wide(enum encoding e)
{
    return e >= ENCODING_UTF_16;
}

/* True when every byte has a meaning. Else *at is the offset of the first that has none. */
bool encoding_check(enum encoding e, struct slice s, size_t *at);
/* What the bytes say, in UTF-8: the same slice when nothing changes, else a copy in the arena. Bytes
 * without a meaning must have been refused before. */
struct slice encoding_decode(enum encoding e, struct slice s, struct arena *arena);

/* The character of a byte of an encoding with one byte each; -1 when it has no meaning. */
int encoding_code_point(enum encoding e, uint8_t c);

#endif
