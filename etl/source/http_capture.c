#include "etl/source/http_capture.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "etl/source/http_exchange.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/pcap/capture.h"
#include "lib/pcap/reassembly.h"

struct http_capture {
    struct capture *capture;
    struct reassembly reassembly;
    const int *ports;
    bool ended;
    /* records that were found and not given yet, each behind its length */
    struct buf found;
    size_t given;
    struct http_capture_counts counts;
};

/* One connection. */
struct followed {
    struct http_capture *capture;
    struct tcp_flow *flow;
    struct http_connection *http;
    uint64_t number;
};

/* --- a record --- */

static const char *const FIELDS[] = {"client",
                                     "client_port",
                                     "server",
                                     "port",
                                     "connection",
                                     "time",
                                     "request",
                                     "method",
                                     "target",
                                     "protocol",
                                     "site",
                                     "status",
                                     "bytes",
                                     "bytes_in",
                                     "referer",
                                     "agent",
                                     "content_type",
                                     "location",
                                     "x_forwarded_for",
                                     "wait_us",
                                     "duration_us",
                                     "state",
                                     "lost_bytes",
                                     "ident",
                                     "user",
                                     NULL};

const char *const *http_capture_fields(void)
{
    return FIELDS;
}

static void name_put(struct buf *out, const char *name)
{
    buf_printf(out, "%s\"%s\":", out->p[out->n - 1] == '{' ? "" : ",", name);
}

/* Bytes that are no UTF-8 are ISO-8859-1, as they were in headers of old (RFC 9110, 5.5). */
static void text_put(struct buf *out, const char *name, struct slice s)
{
    struct buf latin = {0};
    name_put(out, name);
    if (!s.p) {
        buf_append_str(out, "null");
        return;
    }
    if (!text_is_utf8(s)) {
        for (size_t i = 0; i < s.n; i++) {
            if (s.p[i] >= 0x80) buf_append_byte(&latin, (uint8_t)(0xc0 | s.p[i] >> 6));
            buf_append_byte(&latin, s.p[i] < 0x80 ? s.p[i] : (uint8_t)(0x80 | (s.p[i] & 0x3f)));
        }
        s = buf_slice(&latin);
    }
    text_json_string(s, out);
    buf_release(&latin);
}

static void number_put(struct buf *out, const char *name, int64_t n, bool known)
{
    name_put(out, name);
    if (known)
        buf_printf(out, "%" PRId64, n);
    else
        buf_append_str(out, "null");
}

/* 10.0.0.1:80 and [::1]:80, without port and brackets. */
static void endpoint_put(struct buf *out, const char *name, const char *port_name, const struct tcp_endpoint *e)
{
    char text[TCP_ENDPOINT_TEXT];
    tcp_endpoint_format(e, text);
    char *start = text + (*text == '['), *end = strrchr(text, ':');
    if (start > text) end--;
    text_put(out, name, slice_of(start, (size_t)(end - start)));
    number_put(out, port_name, e->port, true);
}

static void time_put(struct buf *out, const char *name, int64_t time_ns)
{
    struct tm tm;
    char text[32];
    int64_t ns = time_ns % 1000000000;
    time_t seconds = (time_t)(time_ns / 1000000000 - (ns < 0));
    if (ns < 0) ns += 1000000000;
    gmtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    name_put(out, name);
    buf_printf(out, "\"%s.%06dZ\"", text, (int)(ns / 1000));
}

static void request_put(struct buf *out, const struct http_exchange *e)
{
    struct buf line = {0};
    buf_append_slice(&line, e->method);
    buf_append_byte(&line, ' ');
    buf_append_slice(&line, e->target);
    buf_append_byte(&line, ' ');
    buf_append_slice(&line, e->protocol);
    text_put(out, "request", e->method.p ? buf_slice(&line) : slice_of(NULL, 0));
    buf_release(&line);
}

static const char *state_of(const struct http_exchange *e)
{
    return !e->status ? "unanswered" : e->cut ? "cut" : e->lost ? "gap" : "complete";
}

static void record_put(struct buf *out, const struct followed *f, const struct http_exchange *e)
{
    bool a = http_connection_client(f->http) == 0;
    buf_append_byte(out, '{');
    endpoint_put(out, "client", "client_port", a ? &f->flow->a : &f->flow->b);
    endpoint_put(out, "server", "port", a ? &f->flow->b : &f->flow->a);
    number_put(out, "connection", (int64_t)f->number, true);
    time_put(out, "time", e->time_ns);
    request_put(out, e);
    text_put(out, "method", e->method);
    text_put(out, "target", e->target);
    text_put(out, "protocol", e->protocol);
    text_put(out, "site", e->host);
    number_put(out, "status", e->status, e->status);
    number_put(out, "bytes", (int64_t)e->bytes, e->status);
    number_put(out, "bytes_in", (int64_t)e->bytes_in, e->request);
    text_put(out, "referer", e->referer);
    text_put(out, "agent", e->agent);
    text_put(out, "content_type", e->content_type);
    text_put(out, "location", e->location);
    text_put(out, "x_forwarded_for", e->forwarded_for);
    number_put(out, "wait_us", e->wait_ns / 1000, e->wait_ns >= 0);
    number_put(out, "duration_us", e->duration_ns / 1000, e->duration_ns >= 0);
    text_put(out, "state", slice_str(state_of(e)));
    number_put(out, "lost_bytes", (int64_t)e->lost, true);
    text_put(out, "ident", SLICE_LIT("-"));
    text_put(out, "user", SLICE_LIT("-"));
    if (e->wrong) text_put(out, "wrong", slice_str(e->wrong));
    buf_append_byte(out, '}');
}

static void exchange_found(void *context, const struct http_exchange *e)
{
    struct followed *f = context;
    struct buf record = {0};
    record_put(&record, f, e);
    buf_append(&f->capture->found, &record.n, sizeof record.n);
    buf_append_slice(&f->capture->found, buf_slice(&record));
    buf_release(&record);
}

/* --- connections --- */

static bool port_wanted(const struct http_capture *h, const struct tcp_flow *f)
{
    for (const int *p = h->ports; p && *p; p++)
        if ((f->a.port == *p && f->opener != 0) || (f->b.port == *p && f->opener != 1)) return true;
    return !h->ports;
}

static void opened(void *context, struct tcp_flow *flow)
{
    struct http_capture *h = context;
    if (!port_wanted(h, flow)) return; /* no context: passed over */
    struct followed *f = memory_new(sizeof *f);
    *f = (struct followed){.capture = h, .flow = flow, .number = ++h->counts.connections};
    f->http = http_connection_new(flow->opener, exchange_found, f);
    flow->context = f;
}

static void bytes(void *context, struct tcp_flow *flow, int direction, int64_t time_ns, struct slice in)
{
    struct followed *f = flow->context;
    (void)context;
    if (f) http_bytes(f->http, direction, time_ns, in);
}

static void gap(void *context, struct tcp_flow *flow, int direction, uint64_t size)
{
    struct followed *f = flow->context;
    struct http_capture *h = context;
    if (!f) return;
    h->counts.gaps++;
    h->counts.gap_bytes += size;
    http_gap(f->http, direction, size);
}

static void end(void *context, struct tcp_flow *flow, int direction)
{
    struct followed *f = flow->context;
    (void)context;
    if (f) http_end(f->http, direction);
}

static void closed(void *context, struct tcp_flow *flow)
{
    struct http_capture *h = context;
    struct followed *f = flow->context;
    if (!f) return;
    http_connection_finish(f->http);
    if (!http_connection_is_http(f->http)) h->counts.other++;
    http_connection_free(f->http);
    free(f);
    flow->context = NULL;
}

/* --- the file --- */

/* libpcap is loaded with the first capture (lib/pcap/library.h). */
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

struct http_capture *http_capture_open(const char *path, const int *ports, struct err_text *error)
{
    pthread_mutex_lock(&opening);
    struct capture *capture = capture_open_file(path, error);
    pthread_mutex_unlock(&opening);
    if (!capture) return NULL;
    struct http_capture *h = memory_new(sizeof *h);
    h->capture = capture;
    h->ports = ports;
    const struct reassembly_sink sink = {
        .opened = opened, .bytes = bytes, .gap = gap, .end = end, .closed = closed, .context = h};
    reassembly_init(&h->reassembly, &sink);
    return h;
}

int http_capture_next(struct http_capture *h, struct slice *out, struct err_text *error)
{
    size_t n;
    if (h->given == h->found.n) {
        buf_reset(&h->found);
        h->given = 0;
    }
    while (h->found.n == 0) {
        struct tcp_segment segment;
        if (h->ended) return 0;
        int kind = capture_next(h->capture, &segment, error);
        if (kind < 0) return kind;
        if (kind == CAPTURE_SEGMENT) reassembly_segment(&h->reassembly, &segment);
        h->ended = kind == CAPTURE_END;
        if (h->ended) reassembly_finish(&h->reassembly);
    }
    memcpy(&n, h->found.p + h->given, sizeof n);
    *out = slice_of(h->found.p + h->given + sizeof n, n);
    h->given += sizeof n + n;
    return 1;
}

struct http_capture_counts http_capture_counts(const struct http_capture *h)
{
    return h->counts;
}

void http_capture_close(struct http_capture *h)
{
    if (!h) return;
    if (!h->ended) reassembly_finish(&h->reassembly);
    capture_close(h->capture);
    buf_release(&h->found);
    free(h);
}
