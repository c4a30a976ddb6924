/* unicode.h - a text mapped by utf8proc. Source: UAX 15 (normal forms), CaseFolding.txt of Unicode 15. */
#ifndef MILLRACE_ETL_EXPR_UNICODE_H
#define MILLRACE_ETL_EXPR_UNICODE_H

#include <stdbool.h>
#include <utf8proc.h>

#include "lib/base/bytes.h"

enum { UNICODE_NFC = UTF8PROC_STABLE | UTF8PROC_COMPOSE };

/* `s` by a set of utf8proc options, in the arena. False when it is not UTF-8. */
bool unicode_map(struct slice s, int options, struct arena *arena, struct slice *out);

#endif
