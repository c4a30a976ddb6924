/* histogram.h - a high dynamic range histogram of non-negative 64-bit values.
 *
 * Buckets as in HdrHistogram (Gil Tene): sub-buckets of equal width inside each power of two, so that
 * every recorded value keeps `significant digits` of precision: 3 digits, values 0 .. 2^42-1
 * (nanoseconds: over an hour). Merging adds counts; percentiles are read from merged counts and never
 * averaged. Zeros are kept. */
#ifndef MILLRACE_BASE_HISTOGRAM_H
#define MILLRACE_BASE_HISTOGRAM_H

#include <stdint.h>

#include "lib/base/bytes.h"

enum { HISTOGRAM_BITS = 42, HISTOGRAM_BUCKETS = 2048 + (HISTOGRAM_BITS - 11) * 1024 };

struct histogram {
    uint64_t *counts; /* HISTOGRAM_BUCKETS of them */
    uint64_t total;
    int64_t min, max; /* of what was recorded; max 0 and min INT64_MAX when empty */
    double sum;
};

void histogram_init(struct histogram *h);
void histogram_release(struct histogram *h);
void histogram_reset(struct histogram *h);
void histogram_record(struct histogram *h, int64_t value); /* negative counts as 0, too large as the top */
void histogram_merge(struct histogram *into, const struct histogram *from);
/* Highest value equivalent to the recorded one at `percentile` (0..100), but never above
 * `max`. 0 when empty. */
int64_t histogram_percentile(const struct histogram *h, double percentile);
double histogram_mean(const struct histogram *h);
/* The buckets that hold something, ascending: [[upper_bound,count],...] as JSON. A reader feeds the
 * pairs to histogram_record_count and gets the same buckets back. */
void histogram_to_json(const struct histogram *h, struct buf *out);
/* Calls `each` for every bucket that holds something, ascending. */
void histogram_each(const struct histogram *h, void (*each)(void *context, int64_t upper, uint64_t count),
                    void *context);
/* The highest value that bucket `i` (below HISTOGRAM_BUCKETS) counts. */
int64_t histogram_bucket_upper(uint32_t i);
/* Adds `count` observations of `value` (to rebuild a stored histogram). */
void histogram_record_count(struct histogram *h, int64_t value, uint64_t count);

#endif
