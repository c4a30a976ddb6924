#include "bench/tap/source.h"

#include <stdlib.h>

#include "lib/base/memory.h"

/* What is known of a flow. */
struct tapped {
    struct tap_connection *connection; /* NULL: nobody knows yet who is the client */
    int client;                        /* the direction of requests */
};

static void client_set(struct tap_source *s, struct tcp_flow *f, int client, bool from_start)
{
    struct tapped *t = f->context;
    char ends[2][TCP_ENDPOINT_TEXT];
    tcp_endpoint_format(client == 0 ? &f->a : &f->b, ends[0]);
    tcp_endpoint_format(client == 0 ? &f->b : &f->a, ends[1]);
    t->client = client;
    t->connection = tap_connection_new(s->tap, ends[0], ends[1], from_start);
}

static void opened(void *context, struct tcp_flow *f)
{
    struct tap_source *s = context;
    bool a = s->port && f->a.port == s->port, b = s->port && f->b.port == s->port;
    if (s->port && !a && !b) return; /* no context: passed over */
    f->context = memory_new(sizeof(struct tapped));
    if (f->opener >= 0)
        client_set(s, f, f->opener, true);
    else if (a != b)
        client_set(s, f, a ? 1 : 0, false);
}

static void bytes(void *context, struct tcp_flow *f, int direction, int64_t time_ns, struct slice in)
{
    struct tapped *t = f->context;
    if (!t) return;
    if (!t->connection && tap_looks_like_request(in)) client_set(context, f, direction, false);
    if (t->connection) tap_bytes(t->connection, direction == t->client ? TAP_REQUESTS : TAP_RESPONSES, time_ns, in);
}

static void gap(void *context, struct tcp_flow *f, int direction, uint64_t size)
{
    struct tapped *t = f->context;
    (void)context;
    if (t && t->connection) tap_gap(t->connection, direction == t->client ? TAP_REQUESTS : TAP_RESPONSES, size);
}

static void end(void *context, struct tcp_flow *f, int direction)
{
    (void)context, (void)f, (void)direction; /* answers may follow a client's last word */
}

static void closed(void *context, struct tcp_flow *f)
{
    struct tapped *t = f->context;
    (void)context;
    if (t && t->connection) tap_connection_free(t->connection);
    free(t);
}

void tap_source_init(struct tap_source *s, struct tap *tap, int port)
{
    *s = (struct tap_source){.tap = tap, .port = port};
    const struct reassembly_sink sink = {
        .opened = opened, .bytes = bytes, .gap = gap, .end = end, .closed = closed, .context = s};
    reassembly_init(&s->reassembly, &sink);
}

void tap_source_segment(struct tap_source *s, const struct tcp_segment *segment)
{
    reassembly_segment(&s->reassembly, segment);
}

void tap_source_finish(struct tap_source *s)
{
    reassembly_finish(&s->reassembly);
}
