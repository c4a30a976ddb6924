/* decode.h - one frame through its description: what tap.h counts of it. For bench/tap and bench/chaos. */
#ifndef MILLRACE_BENCH_TAP_DECODE_H
#define MILLRACE_BENCH_TAP_DECODE_H

#include "bench/tap/tap.h"
#include "lib/kafka/api.h"

/* What one message carries. */
struct tap_content {
    int64_t records, record_bytes;
    int errors[TAP_ERRORS_MAX];
    int error_count;
    bool no_answer;      /* Produce with acks=0 */
    const void *message; /* the body, in the arena; NULL when it was not decoded as the version that was asked for */
};

/* `body` without headers. 0, ERR_UNSUPPORTED (API or version), or what kafka_decode says. */
int tap_decode_request(int api_key, int api_version, struct slice body, struct arena *a, struct tap_content *out);
int tap_decode_response(int api_key, int api_version, struct slice body, struct arena *a, struct tap_content *out);
/* Whether all of `frame` (with its size) is a request that decodes; the same of a response. */
bool tap_request_whole(struct slice frame, struct arena *a);
bool tap_response_whole(int api_key, int api_version, struct slice frame, struct arena *a);

#endif
