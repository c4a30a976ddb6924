/* hlog.h - histograms in the format that the public HdrHistogram tools read and plot.
 *
 *     #[Histogram log format version 1.3]
 *     #[StartTime: 1764237600.000 (seconds since epoch)]
 *     "StartTimestamp","Interval_Length","Interval_Max","HdrHistogram"
 *     Tag=ack,0.000,4.000,12.582,HISTFAAAAC54nJ...
 *
 * A line holds one histogram: its tag, the seconds from StartTime at which its interval began, the interval's length
 * in seconds, its largest value divided by 10^6 (nanoseconds become milliseconds), and its counts: HdrHistogram's V2
 * encoding (ZigZag LEB128 counts of at most nine bytes, a negative one being a run of empty buckets), deflated, in
 * base64. lib/base/histogram.h has the bucket layout of an HdrHistogram of three digits, so counts travel as they
 * are. What the encoding has no place for is the exact smallest and largest value: those of their buckets are read.
 *
 * Source: HdrHistogram 2.2 (encoding in AbstractHistogram, log in HistogramLogWriter). */
#ifndef MILLRACE_BENCH_HLOG_H
#define MILLRACE_BENCH_HLOG_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"
#include "lib/base/histogram.h"

enum { HLOG_TAG_MAX = 64 };

/* Appends the base64 text of `h`. */
void hlog_encode(const struct histogram *h, struct buf *text);
/* Adds what `text` holds to `h` (initialised). ERR_CORRUPT with a sentence when it is no V2 encoding of three digits
 * whose values fit; `h` may then hold a part. */
int hlog_decode(struct slice text, struct histogram *h, struct err_text *error);

/* The lines before the first histogram; `start_s` in seconds since 1970, UTC. */
void hlog_begin(struct buf *out, double start_s);
/* One line. A tag has no comma, blank or line end and at most HLOG_TAG_MAX - 1 bytes. */
void hlog_append(struct buf *out, const char *tag, double from_s, double length_s, const struct histogram *h);

/* Adds the histograms of a log that carry `tag` to `h`. Returns how many lines that were, or ERR_CORRUPT with the
 * number of the line. */
int hlog_read(struct slice log, const char *tag, struct histogram *h, struct err_text *error);

#endif
