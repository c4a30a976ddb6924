/* http_exchange.h - the two byte streams of a connection to HTTP/1.x requests, each with its response.
 *
 *     c = http_connection_new(&client, &server, opener, number, found, context);
 *     http_bytes(c, direction, time, bytes) | http_gap(c, direction, size) | http_end(c, direction)   in any mixture
 *     http_connection_finish(c);                what is still open is found
 *     http_connection_free(c);
 *
 *     requests   head -> body ----+
 *                                 +-- the first that has no response yet and the next response --> found()
 *     responses  head -> body ----+
 *
 * Pure: no file, no clock. Requests may be pipelined; a response may be seen before its request, when segments of the
 * request were captured late. Bodies are counted, not kept: by Content-Length, chunks, or to the connection's end
 * (RFC 9112, 6.3). Interim responses (1xx) are passed over; behind a CONNECT or an upgrade the connection is no HTTP.
 *
 * A gap inside of a body is counted with it. One that has a head in it, or whose place nobody knows, ends what is open:
 * each is found with what is wrong with it, and reading goes on where a segment begins with a head again. */
#ifndef MILLRACE_ETL_SOURCE_HTTP_EXCHANGE_H
#define MILLRACE_ETL_SOURCE_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/bytes.h"

enum { HTTP_HEAD_BYTES_MAX = 64 << 10, HTTP_PIPELINE_MAX = 256 };

/* One request and its response. Texts are as they were sent; p is NULL for what is not there. Valid during the call. */
struct http_exchange {
    struct slice method, target, protocol, host, referer, agent, forwarded_for, content_type, location;
    int64_t time_ns;          /* of the request's first byte; of the response's when there is no request */
    int64_t wait_ns;          /* from the request's last byte to the response's first; negative: not known */
    int64_t duration_ns;      /* from the request's first byte to the response's last; negative: not known */
    uint64_t bytes_in, bytes; /* of the bodies, without the framing of chunks */
    int status;               /* 0: there is no response */
    bool cut;                 /* a body ended before its length */
    uint64_t lost;            /* bytes of the bodies that the capture has not */
    bool request;             /* there is one */
    const char *wrong;        /* NULL, or why it is no exchange */
};

typedef void http_found_fn(void *context, const struct http_exchange *e);

struct http_connection;

/* `client`: the direction that requests go in, 0 or 1; negative: not known yet. */
struct http_connection *http_connection_new(int client, http_found_fn *found, void *context);
void http_bytes(struct http_connection *c, int direction, int64_t time_ns, struct slice bytes);
void http_gap(struct http_connection *c, int direction, uint64_t size);
void http_end(struct http_connection *c, int direction);
/* Nothing comes any more: what is still open is found. */
void http_connection_finish(struct http_connection *c);
void http_connection_free(struct http_connection *c); /* after that; NULL is allowed */
/* Whether anything in it was HTTP. */
bool http_connection_is_http(const struct http_connection *c);
/* The direction that requests go in. */
int http_connection_client(const struct http_connection *c);

#endif
