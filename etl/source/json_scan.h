/* json_scan.h - JSON text read strictly (RFC 8259), straight through, without a tree.
 *
 *     struct json_scan s = json_scan_of(text);
 *     json_scan_blanks(&s); json_scan_value(&s); json_scan_end(&s);       one value and nothing behind it
 *     if (s.wrong) ... s.wrong says what, s.p says where
 *
 * The scan remembers its first failure; after it every function returns false and moves no further. Strict: no
 * comments, no trailing commas, no leading zeros, no bare control characters in strings, escapes and surrogate
 * pairs complete. That the bytes are UTF-8 is the caller's to check. */
#ifndef MILLRACE_ETL_SOURCE_JSON_SCAN_H
#define MILLRACE_ETL_SOURCE_JSON_SCAN_H

#include <stdbool.h>

#include "lib/base/bytes.h"

enum { JSON_DEPTH_MAX = 128 }; /* objects and arrays inside each other */

struct json_scan {
    const uint8_t *p, *end;
    const char *wrong; /* NULL: nothing so far */
    bool cut;          /* it is wrong because the text ends: more of it might be right */
    bool escaped;      /* the string that was read last has escapes */
    bool drift;        /* nothing is wrong with the JSON: it is another than was declared (json_path.h) */
};

struct json_scan json_scan_of(struct slice text);
bool json_scan_fail(struct json_scan *s, const char *wrong); /* false, always */

static inline void json_scan_blanks(struct json_scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r')) s->p++;
}

/* A string whose opening quote is at s->p: what stands between the quotes, escapes as written. */
bool json_scan_string(struct json_scan *s, struct slice *out);
bool json_scan_number(struct json_scan *s);
/* Any value; `depth` is how many objects and arrays it stands in. */
bool json_scan_value(struct json_scan *s, int depth);
/* `c` at s->p; else fails with `wrong`. */
static inline bool json_scan_byte(struct json_scan *s, char c, const char *wrong)
{
    if (s->wrong || s->p >= s->end) return json_scan_fail(s, "it ends here: is it cut off?");
    if (*s->p != (uint8_t)c) return json_scan_fail(s, wrong);
    s->p++;
    return true;
}

/* Nothing but blanks is left. */
bool json_scan_end(struct json_scan *s);

/* What a string's inside stands for: the same slice when it has no escapes, else a copy in the arena. The string
 * must have been read by json_scan_string. */
struct slice json_scan_text(struct slice inside, struct arena *arena);

#endif
