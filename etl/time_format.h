/* time_format.h - dates and times as text, by a declared pattern; no locale, no time zone database (etl/time_zone.h).
 *
 *     %Y 2024   %y 24 (69-99 are 19xx)   %m 01-12   %d 01-31   %e day, one or two digits or blank-padded
 *     %b Jan    %B January               %a Mon     %A Monday  (English; letter case is ignored)
 *     %H 00-23  %I 01-12 with %p AM/PM   %M 00-59   %S 00-59   %f fraction, 1 to 9 digits, dropped
 *     %z +0200, +02:00, +02 or Z         %s seconds since 1970 %F = %Y-%m-%d   %T = %H:%M:%S   %% = %
 *     %-m %-d %-H %-I %-M %-S: one or two digits (printing: no leading zero)
 *
 * The word "iso8601" is a pattern for all of these: 2024-12-31, 20241231, and behind it, perhaps, T or a blank and
 * 23:59, 23:59:00, 23:59:00.5 (or a comma), 2359, 235900, and behind that, perhaps, a zone as of %z.
 *
 * Every other character stands for itself. Reading is strict: the whole text, existing dates only, no
 * leap second. The same patterns print. */
#ifndef MILLRACE_ETL_TIME_FORMAT_H
#define MILLRACE_ETL_TIME_FORMAT_H

#include <stdbool.h>

#include "lib/base/bytes.h"

/* NULL when the pattern can be used, else a sentence (in `arena`). Reading needs a whole date: year,
 * month and day, or %s. */
const char *time_format_wrong(const char *format, bool for_reading, struct arena *arena);
bool time_format_has_zone(const char *format); /* %z or %s: what is read is always UTC */

/* Seconds since 1970-01-01T00:00:00 of the wall clock; of UTC when the pattern has %z or %s. False when
 * the text does not fit. */
bool time_read(const char *format, struct slice text, int64_t *seconds);
/* The fraction of the second, in nanoseconds: what time_read leaves out. 0 when there is none. */
bool time_fraction_read(const char *format, struct slice text, int64_t *nanos);
/* As time_read; *is_utc tells which of both it is: "iso8601" knows it only now. */
bool time_read_zoned(const char *format, struct slice text, int64_t *seconds, bool *is_utc);
/* Appends. %f prints 0, %z prints +0000, "iso8601" as %FT%T. */
void time_print(const char *format, int64_t seconds, struct buf *out);

/* The years 0000 to 9999, for which text order is time order. Everything outside is an overflow. */
static inline bool time_in_range(int64_t seconds)
{
    return seconds >= -62167219200 && seconds <= 253402300799;
}
static inline bool time_days_in_range(int64_t days)
{
    return days >= -719528 && days <= 2932896;
}

/* "+02:00", "-0530", "+02", "Z" or "UTC": seconds east of Greenwich. */
bool time_zone_read(struct slice text, int64_t *seconds_east);

#endif
