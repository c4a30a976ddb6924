/* Values below 2048 have a bucket each. From there on every power of two [2^e, 2^(e+1)) has 1024
 * buckets of width 2^(e-10), so a bucket is never wider than a thousandth of its values:
 *
 *     0 .. 2047        width 1    buckets 0 .. 2047
 *     2^11 .. 2^12-1   width 2    buckets 2048 .. 3071
 *     2^12 .. 2^13-1   width 4    buckets 3072 .. 4095
 *     ...
 *     2^41 .. 2^42-1   width 2^31 the last 1024 */
#include "lib/base/histogram.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

enum { HALF = 1024, EXACT_BITS = 11, EXACT = 2 * HALF };
#define VALUE_MAX (((int64_t)1 << HISTOGRAM_BITS) - 1)

static uint32_t bucket_of(int64_t value)
{
    if (value < EXACT) return (uint32_t)value;
    int exponent = 63 - __builtin_clzll((unsigned long long)value);
    return (uint32_t)(EXACT + (exponent - EXACT_BITS) * HALF + ((value >> (exponent - EXACT_BITS + 1)) - HALF));
}

int64_t histogram_bucket_upper(uint32_t bucket)
{
    if (bucket < EXACT) return bucket;
    int shift = (int)((bucket - EXACT) / HALF) + 1;
    int64_t sub = HALF + (bucket - EXACT) % HALF;
    return ((sub + 1) << shift) - 1;
}

void histogram_init(struct histogram *h)
{
    *h = (struct histogram){.counts = memory_new(HISTOGRAM_BUCKETS * sizeof *h->counts), .min = INT64_MAX};
}

void histogram_release(struct histogram *h)
{
    free(h->counts);
    *h = (struct histogram){.min = INT64_MAX};
}

void histogram_reset(struct histogram *h)
{
    memset(h->counts, 0, HISTOGRAM_BUCKETS * sizeof *h->counts);
    *h = (struct histogram){.counts = h->counts, .min = INT64_MAX};
}

void histogram_record(struct histogram *h, int64_t value)
{
    histogram_record_count(h, value, 1);
}

void histogram_record_count(struct histogram *h, int64_t value, uint64_t count)
{
    if (count == 0) return;
    if (value < 0) value = 0;
    if (value > VALUE_MAX) value = VALUE_MAX;
    h->counts[bucket_of(value)] += count;
    h->total += count;
    h->sum += (double)value * (double)count;
    if (value < h->min) h->min = value;
    if (value > h->max) h->max = value;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) into->counts[i] += from->counts[i];
    into->total += from->total;
    into->sum += from->sum;
    if (from->min < into->min) into->min = from->min;
    if (from->max > into->max) into->max = from->max;
}

int64_t histogram_percentile(const struct histogram *h, double percentile)
{
    assert(percentile >= 0 && percentile <= 100);
    /* The smallest value that is not below `percentile` percent of the observations. A hair is taken
     * off so that 99.9 % of 1000, which is 999.0000000000001 in binary, asks for the 999th. */
    double rank = ceil(percentile / 100 * (double)h->total * (1 - 1e-12));
    uint64_t wanted = rank < 1 ? 1 : (uint64_t)rank, seen = 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS && h->total; i++) {
        seen += h->counts[i];
        if (seen >= wanted) return histogram_bucket_upper(i) < h->max ? histogram_bucket_upper(i) : h->max;
    }
    return h->max;
}

double histogram_mean(const struct histogram *h)
{
    return h->total ? h->sum / (double)h->total : 0;
}

void histogram_each(const struct histogram *h, void (*each)(void *context, int64_t upper, uint64_t count),
                    void *context)
{
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (h->counts[i]) each(context, histogram_bucket_upper(i), h->counts[i]);
}

static void json_pair(void *context, int64_t upper, uint64_t count)
{
    struct buf *out = context;
    if (out->p[out->n - 1] == ']') buf_append_byte(out, ',');
    buf_printf(out, "[%" PRId64 ",%" PRIu64 "]", upper, count);
}

void histogram_to_json(const struct histogram *h, struct buf *out)
{
    buf_append_byte(out, '[');
    histogram_each(h, json_pair, out);
    buf_append_byte(out, ']');
}
