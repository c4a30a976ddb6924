/* bare_scan.h - the least that it takes to find the fields of records: what `millrace etl parse` measures beside
 * splitting.
 *
 *     536365,85123A,"WHITE, RED",6     every byte is compared with the separators and the quote (marks.h),
 *     ......1......1......0.....1.     what stands between quotes is not counted,
 *     | 536365 | 85123A | "WHITE, RED" | 6 |   and where each stretch begins and how long it is, is written
 *
 * A splitter has to do all of that for the fields that it gives. It also finds what does not fit the format, asks
 * whether the bytes are text, halves doubled quotes, decodes escapes and finds the columns' fields: none of it is done
 * here, so no splitter that is faster than this one can be made of the same instructions. With AVX2 where the processor
 * has it.
 *
 * Of a CSV these are its fields; of JSON what stands between , : { and }; of a log what stands between blanks. A quote
 * behind a backslash counts as one, so the stretches are wrong where there is any. */
#ifndef MILLRACE_ETL_SOURCE_BARE_SCAN_H
#define MILLRACE_ETL_SOURCE_BARE_SCAN_H

#include "etl/definition.h"

enum { BARE_SCAN_SEPARATORS = 4 };

struct bare_scan {
    uint8_t quote;
    uint8_t separators[BARE_SCAN_SEPARATORS];
    int count; /* of them */
};

/* False: nothing comparable is known for the format of this feed. */
bool bare_scan_of(const struct feed *feed, struct bare_scan *out);

/* Fills `stretches` as far as `room` (64 or more) goes, and gives their number. */
size_t bare_scan(const struct bare_scan *b, struct slice text, struct slice *stretches, size_t room);
/* The same on any processor. */
size_t bare_scan_portable(const struct bare_scan *b, struct slice text, struct slice *stretches, size_t room);

#endif
