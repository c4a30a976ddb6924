/* time_zone.h - named time zones, read from the system's time zone database (Debian's tzdata).
 *
 *     zone = time_zone_open("Europe/Rome", &arena, message);
 *     wall = utc + time_zone_offset(zone, utc);
 *     good = time_zone_to_utc(zone, wall, ZONE_EARLIER, &utc);
 *
 * Source: RFC 8536 (TZif, versions 1 to 3, with the TZ string at its end) and POSIX's TZ. From the end of its table on
 * a zone repeats every 400 years, which are a whole number of weeks; so a table of 400 years answers for all times.
 *
 *     wall clock  01:59 CET -> 03:00 CEST      02:59 CEST -> 02:00 CET
 *                 02:30 does not exist          02:30 is twice
 *
 * A zone is immutable and lives in the arena it was opened with. */
#ifndef MILLRACE_ETL_TIME_ZONE_H
#define MILLRACE_ETL_TIME_ZONE_H

#include <stdbool.h>

#include "lib/base/bytes.h"

struct time_zone;

/* What a wall clock means that is twice: the first or the second time, or nothing. One that does not exist because
 * clocks were put forward counts as if they had not been (02:30 becomes 03:30), or as nothing with ZONE_REJECT. */
enum zone_choice { ZONE_REJECT, ZONE_EARLIER, ZONE_LATER };
extern const char *const ZONE_CHOICES[]; /* "reject", "earlier", "later", NULL: by enum */

enum { ZONE_MESSAGE_BYTES = 300 };

/* "Europe/Rome" from $TZDIR or /usr/share/zoneinfo; also "UTC" and fixed offsets such as "+02:00". NULL when it cannot
 * be had; `message` then names it and says why. */
const struct time_zone *time_zone_open(const char *name, struct arena *arena, char message[ZONE_MESSAGE_BYTES]);
/* A TZif file's bytes. NULL when they are none, or when it counts leap seconds. */
const struct time_zone *time_zone_parse(struct slice bytes, struct arena *arena);
bool time_zone_is_fixed(const struct time_zone *z); /* one offset for ever: no wall clock is twice or missing */

/* Seconds east of Greenwich at a time of UTC (seconds since 1970, years 0000 to 9999). */
int64_t time_zone_offset(const struct time_zone *z, int64_t utc);
/* Wall clock to UTC. False when `choice` is ZONE_REJECT and the wall clock is twice or does not exist. */
bool time_zone_to_utc(const struct time_zone *z, int64_t wall, enum zone_choice choice, int64_t *utc);

#endif
