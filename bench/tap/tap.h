/* tap.h - Kafka out of byte streams: frames, and which answer belongs to which request.
 *
 *     c = tap_connection_new(&t, "client:port", "broker:port", true);
 *     tap_bytes(c, TAP_REQUESTS or TAP_RESPONSES, time, bytes) ...   in any pieces
 *     tap_gap(c, stream, size);                                      bytes that nobody saw
 *     tap_connection_free(c);                                        what is unanswered is told
 *
 *     bytes -> frames (4 bytes of size in front) -> sink->frame
 *                 requests wait by correlation id -> response -> sink->exchange
 *
 * A message is decoded from its description (lib/kafka): its records are counted, its error codes collected. Of an API
 * or version that is not described the frames are counted and matched all the same, and `decoded` says so.
 *
 * A connection shows what it is by its first bytes: TLS and other protocols are told apart and passed over.
 *
 * After a gap: inside of one frame its size still says where the next one begins. Else every byte may begin a frame;
 * one is taken when its header makes sense (a request: API and version described, a readable client id; a response: a
 * correlation id that is waited for) and its whole body decodes.
 *
 * Bounds: TAP_KEPT_MAX bytes of one frame, TAP_KEPT_ALL_MAX of all: larger frames are counted and matched but not
 * decoded; TAP_PENDING_MAX requests of a connection wait, the oldest is then unanswered; TAP_SEARCH_MAX bytes are
 * searched for the next frame. */
#ifndef MILLRACE_BENCH_TAP_TAP_H
#define MILLRACE_BENCH_TAP_TAP_H

#include <stdbool.h>

#include "lib/base/bytes.h"

enum tap_stream { TAP_REQUESTS, TAP_RESPONSES };

enum {
    TAP_FRAME_MAX = 256 << 20, /* a size beyond is none */
    TAP_KEPT_MAX = 64 << 20,
    TAP_KEPT_ALL_MAX = 512 << 20,
    TAP_PENDING_MAX = 10000,
    TAP_SEARCH_MAX = 8 << 20,
    TAP_ERRORS_MAX = 4,
};

enum tap_status {
    TAP_ANSWERED,
    TAP_ONE_WAY,    /* Produce with acks=0 has no answer */
    TAP_UNANSWERED, /* the connection ended, or a later request was answered */
};

/* One frame with its size in front. */
struct tap_frame {
    int64_t number; /* from 1, over all connections, in the order of last bytes */
    enum tap_stream stream;
    int api_key, api_version; /* -1: a response that answers no request that was seen */
    struct slice bytes;       /* what was kept: all of it unless `damaged` */
    bool damaged;             /* bytes are missing, or it was too large */
    int64_t time_ns;          /* of its last byte */
    const char *client, *broker;
};

struct tap_exchange {
    const char *client, *broker; /* "host:port" */
    int api_key, api_version;
    int32_t correlation_id;
    struct slice client_id;
    enum tap_status status;
    int64_t request_frame, response_frame; /* 0: none */
    int64_t request_first_ns, request_last_ns, response_first_ns, response_last_ns;
    int64_t request_bytes, response_bytes; /* with the 4 bytes of size */
    bool request_decoded, response_decoded;
    int64_t records, record_bytes; /* of its batches, as they are on the wire */
    int errors[TAP_ERRORS_MAX];    /* different codes */
    int error_count;
    struct slice detail; /* with tap.details: JSON members, "acks":1,"produced":[...] (detail.h) */
};

struct tap_sink {
    void (*frame)(void *context, const struct tap_frame *f);
    void (*exchange)(void *context, const struct tap_exchange *x);
    void *context;
};

struct tap_counts {
    int64_t connections, midway, other_protocol, encrypted;
    int64_t frames, bytes; /* of all that is Kafka */
    int64_t gaps, gap_bytes, searches, unmatched, skipped_bytes;
    int64_t undecoded_api, undecoded_damage; /* frames */
};

struct tap {
    struct tap_sink sink;
    struct tap_counts counts;
    struct arena arena; /* of one frame */
    size_t kept;
    bool details; /* exchanges are to have theirs; false after tap_init */
};

struct tap_connection;

void tap_init(struct tap *t, const struct tap_sink *sink);
void tap_release(struct tap *t);
/* `from_start`: its first bytes are seen. Else the first thing that looks like a request begins it. */
struct tap_connection *tap_connection_new(struct tap *t, const char *client, const char *broker, bool from_start);
void tap_bytes(struct tap_connection *c, enum tap_stream stream, int64_t time_ns, struct slice bytes);
void tap_gap(struct tap_connection *c, enum tap_stream stream, uint64_t size);
void tap_connection_free(struct tap_connection *c);

/* Whether a request could begin here: `in` are at least 12 bytes. What is behind them is looked at as far as it is
 * there. For connections of which nobody knows who is the client. */
bool tap_looks_like_request(struct slice in);

/* The API and version of the request that a response with this correlation id answers; false when none waits. */
bool tap_answered_by(const struct tap_connection *c, int32_t correlation_id, int *api_key, int *api_version);

/* Whether a request has been seen in part. */
bool tap_request_begun(const struct tap_connection *c);
/* Whether a request waits for its answer, or an answer has been seen in part. */
bool tap_answer_awaited(const struct tap_connection *c);

#endif
