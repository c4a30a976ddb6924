/* summary.h - exchanges added up by API, as a table for people and as JSON lines for programs.
 *
 * Latencies are from a request's last byte to its response's first and last byte, at the place of the capture. */
#ifndef MILLRACE_BENCH_TAP_SUMMARY_H
#define MILLRACE_BENCH_TAP_SUMMARY_H

#include "bench/tap/tap.h"
#include "lib/base/histogram.h"

enum { TAP_APIS_MAX = 64 };

struct tap_api {
    int key, version_min, version_max;
    int64_t count, answered, one_way, unanswered, with_errors, undecoded;
    int64_t request_bytes, response_bytes, records, record_bytes;
    struct histogram first, last; /* ns */
};

/* By key; those that do not fit are counted as key -1. */
struct tap_summary {
    struct tap_api apis[TAP_APIS_MAX + 1];
    int count;
};

void tap_summary_add(struct tap_summary *s, const struct tap_exchange *x);
void tap_summary_release(struct tap_summary *s);
/* "Produce"; "API 17" for a key that is not described. Valid until the next call. */
const char *tap_api_name(int key);
/* A line for each API; nothing but a sentence when there was none. */
void tap_summary_table(struct tap_summary *s, struct buf *out);
/* {"api":"Produce",...} for each, as a JSON array. */
void tap_summary_json(struct tap_summary *s, struct buf *out);
/* One line, with its end: {"type":"exchange",...}. */
void tap_exchange_json(const struct tap_exchange *x, struct buf *out);

#endif
