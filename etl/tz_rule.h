/* tz_rule.h - the TZ string at the end of a TZif file: "CET-1CEST,M3.5.0,M10.5.0/3". Inside etl only.
 *
 * Source: POSIX.1-2017, chapter 8.3, and RFC 8536 section 3.3.1 (hours of a rule reach from -167 to 167). */
#ifndef MILLRACE_ETL_TZ_RULE_H
#define MILLRACE_ETL_TZ_RULE_H

#include <stdbool.h>

#include "lib/base/bytes.h"

struct tz_day {
    char kind; /* 'M': day `day` (0 Sunday) of week `week` (5: the last) of `month`;
                  'J': day 1-365, February never has 29; 0: day 0-365 */
    int month, week, day;
    int64_t time_s; /* of the wall clock before the change, from midnight */
};

struct tz_rule {
    int64_t standard_s, summer_s; /* east of Greenwich */
    bool has_summer;
    struct tz_day begin, end; /* of summer time */
};

/* False when the text is no TZ string, or one with summer time but without its days. */
bool tz_rule_parse(struct slice text, struct tz_rule *out);
/* The instants of UTC at which summer time begins and ends in a year. */
int64_t tz_rule_begin(const struct tz_rule *r, int64_t year);
int64_t tz_rule_end(const struct tz_rule *r, int64_t year);

#endif
