/* text.h - strict small conversions between text and numbers, and UTF-8 checks. */
#ifndef MILLRACE_BASE_TEXT_H
#define MILLRACE_BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/bytes.h"

/* Whole slice, optional sign, decimal digits, no blanks; false on anything else or overflow. */
bool text_to_i64(struct slice s, int64_t *out);
/* Fixed-point decimal: optional sign, digits with at most one '.', scaled by 10^scale. False when a
 * non-zero digit would be lost, on overflow, or when no digit is there. "2.5" at scale 3 is 2500. */
bool text_to_decimal(struct slice s, int scale, int64_t *out);
/* The reverse: exactly `scale` digits after the point ("-0.050"), none and no point for scale 0. */
void text_from_decimal(int64_t value, int scale, struct buf *out);
bool text_is_utf8(struct slice s); /* RFC 3629: no surrogates, no overlong forms */
/* Characters (code points) of UTF-8; of other bytes those that do not continue a character. */
size_t text_length(struct slice s);
/* Appends `s` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void text_json_string(struct slice s, struct buf *out);
/* Standard base64 with padding (RFC 4648). */
void text_base64(struct slice s, struct buf *out);

/* Civil dates without the C library's locale or zone. Days since 1970-01-01 (Hinnant's algorithm). */
int64_t days_from_civil(int64_t year, int month, int day);
void civil_from_days(int64_t days, int64_t *year, int *month, int *day);
bool civil_valid(int64_t year, int month, int day);

#endif
