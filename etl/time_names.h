/* time_names.h - months and weekdays in other languages than English.
 *
 *     "(it)%d %B %Y"    14 febbraio 2024      "(de)%A, %d. %b %y"    Mittwoch, 14. Feb. 24
 *
 * A pattern that begins so has its names in that language: it, de, fr, es. %B and %A are whole names, %b and %a their
 * beginnings, at least three letters and as many as make out which one is meant (juin, juil), perhaps with a point.
 * Letter case does not count, and accents need not be there. */
#ifndef MILLRACE_ETL_TIME_NAMES_H
#define MILLRACE_ETL_TIME_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/bytes.h"

struct time_language;

/* Takes the language off a pattern; NULL: it has none. */
const struct time_language *time_language_take(const char **format);
/* Takes a name off *s; *number is its place from 1 (weekdays from Monday). */
bool time_name_take(const struct time_language *l, bool weekday, bool whole, struct slice *s, int64_t *number);
/* `index` from 0. */
void time_name_print(const struct time_language *l, bool weekday, bool whole, int64_t index, struct buf *out);

#endif
