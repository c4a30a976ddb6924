/* currency.h - ISO 4217: codes and minor units, and the signs by which currencies are written.
 *
 * Source: ISO 4217 list one (active) and, for old data, currencies that the euro and others replaced. */
#ifndef MILLRACE_ETL_CURRENCY_H
#define MILLRACE_ETL_CURRENCY_H

#include "lib/base/bytes.h"

struct currency {
    const char *code; /* "EUR" */
    int minor_digits; /* digits behind the point: 2 for EUR, 0 for JPY, 3 for KWD */
};

/* By code, in any letter case; NULL for none. */
const struct currency *currency_find(struct slice code);

/* The currencies that a sign stands for ("$", "EUR", "euro", "kr."; letter case does not count): codes separated by
 * blanks, or
 * "" when it is no sign. Where one of several is meant when nothing else is said, it comes first and *has_default is
 * true. */
const char *currency_sign_find(struct slice sign, bool *has_default);

#endif
