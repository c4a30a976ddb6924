/* http_capture.h - HTTP/1.x out of a file of packets: each request with its response, as one record.
 *
 *     packets (lib/pcap) -> connections -> requests and responses (http_exchange.h) -> JSON text, one by one
 *
 * A record is a JSON object with the fields of http_capture_fields(), in their order, and "wrong" when it is no
 * exchange:
 *
 *     {"client":"10.0.0.7","client_port":40102,"server":"10.0.0.1","port":80,"connection":1,"time":"2024-10-07T00:33:22.120000Z",
 *      "request":"GET /a HTTP/1.1","method":"GET",...,"status":200,"bytes":512,...,"state":"complete"}
 *
 * They come in the order in which the capture has their ends. The same file gives the same records. */
#ifndef MILLRACE_ETL_SOURCE_HTTP_CAPTURE_H
#define MILLRACE_ETL_SOURCE_HTTP_CAPTURE_H

#include <stdbool.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"

struct http_capture;

/* What is no record: told at the end. */
struct http_capture_counts {
    uint64_t connections, other; /* other: without any HTTP/1.x */
    uint64_t gaps, gap_bytes;    /* what the capture has not, of all connections that were looked at */
};

/* Names of the fields; ends with NULL. */
const char *const *http_capture_fields(void);

/* `ports` (they end with 0; NULL: all): of servers, other connections are passed over. NULL with a sentence. */
struct http_capture *http_capture_open(const char *path, const int *ports, struct err_text *error);
/* 1: *out is the next record, valid until the next call; 0: the end; negative: an error. */
int http_capture_next(struct http_capture *h, struct slice *out, struct err_text *error);
struct http_capture_counts http_capture_counts(const struct http_capture *h);
void http_capture_close(struct http_capture *h); /* NULL is allowed */

#endif
