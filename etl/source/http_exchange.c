#include "etl/source/http_exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/memory.h"

/* --- one message, one direction --- */

enum state {
    AT_HEAD,
    IN_LENGTH,     /* `left` bytes of a body */
    IN_CHUNK_SIZE, /* its line, in `head` */
    IN_CHUNK,      /* `left` bytes of one */
    BEHIND_CHUNK,  /* its line end, in `head` */
    IN_TRAILER,    /* lines behind the last chunk */
    UNTIL_END,     /* a body that the connection's end ends */
    LOST,          /* until a segment begins with a head */
    OPAQUE         /* no HTTP (any more) */
};

/* A message whose head is read. */
struct message {
    struct message *next;
    struct arena arena;
    struct slice method, target, protocol, host, referer, agent, forwarded_for, content_type, location;
    int status;
    int64_t first_ns, last_ns;
    uint64_t bytes, lost;
    bool cut, whole;
};

struct side {
    enum state state;
    struct buf head;
    uint64_t left;
    int64_t first_ns;                 /* of the message that is read */
    struct message *open;             /* whose body is read; it is in the list already */
    struct message *oldest, **newest; /* requests without a response; responses without a request */
    int count;
    bool ended;
};

struct http_connection {
    struct side sides[2]; /* 0: requests, 1: responses */
    int client;           /* the direction of sides[0] */
    bool is_http;
    http_found_fn *found;
    void *context;
};

static struct slice copied(struct message *m, struct slice s)
{
    while (s.n && (*s.p == ' ' || *s.p == '\t')) s = slice_of(s.p + 1, s.n - 1);
    while (s.n && strchr(" \t\r", s.p[s.n - 1]) && s.p[s.n - 1]) s.n--;
    return slice_of(arena_copy(&m->arena, s.p, s.n), s.n);
}

static bool is_word(struct slice s, const char *word)
{
    return s.n == strlen(word) && strncasecmp((const char *)s.p, word, s.n) == 0;
}

static void message_free(struct message *m)
{
    arena_release(&m->arena);
    free(m);
}

/* --- exchanges --- */

static void exchange_found(struct http_connection *c, const struct message *request, const struct message *response,
                           const char *wrong)
{
    struct http_exchange e = {.wait_ns = -1, .duration_ns = -1, .wrong = wrong, .request = request != NULL};
    if (request) {
        e.method = request->method;
        e.target = request->target;
        e.protocol = request->protocol;
        e.host = request->host;
        e.referer = request->referer;
        e.agent = request->agent;
        e.forwarded_for = request->forwarded_for;
        e.bytes_in = request->bytes;
        e.cut = request->cut;
        e.lost = request->lost;
        e.time_ns = request->first_ns;
    }
    if (response) {
        if (!request) e.time_ns = response->first_ns;
        if (!request) e.protocol = response->protocol;
        e.status = response->status;
        e.content_type = response->content_type;
        e.location = response->location;
        e.bytes = response->bytes;
        e.cut = e.cut || response->cut;
        e.lost += response->lost;
    }
    if (request && response) {
        e.wait_ns = response->first_ns - request->last_ns;
        e.duration_ns = response->last_ns - request->first_ns;
        if (e.wait_ns < 0) e.wait_ns = 0; /* it was answered before its body had come */
    }
    c->found(c->context, &e);
}

static struct message *first_take(struct side *s)
{
    struct message *m = s->oldest;
    s->oldest = m->next;
    if (!s->oldest) s->newest = &s->oldest;
    if (s->open == m) s->open = NULL;
    s->count--;
    return m;
}

static void first_drop(struct http_connection *c, int side, const char *wrong)
{
    struct message *m = first_take(&c->sides[side]);
    exchange_found(c, side == 0 ? m : NULL, side == 1 ? m : NULL, wrong);
    message_free(m);
}

static void pair_found(struct http_connection *c, const char *wrong)
{
    struct message *request = first_take(&c->sides[0]), *response = first_take(&c->sides[1]);
    exchange_found(c, request, response, wrong);
    message_free(request);
    message_free(response);
}

#define NO_REQUEST "a response whose request was not captured"

/* Pairs what is there, in order. A response from before the oldest request belongs to one that nobody saw. */
static void pair(struct http_connection *c)
{
    struct side *requests = &c->sides[0], *responses = &c->sides[1];
    while (responses->oldest && responses->oldest->whole) {
        if (requests->oldest && responses->oldest->last_ns < requests->oldest->first_ns) {
            first_drop(c, 1, NO_REQUEST);
            continue;
        }
        if (!requests->oldest || !requests->oldest->whole) break;
        pair_found(c, NULL);
    }
}

static void side_lose(struct side *s)
{
    s->state = s->state == OPAQUE ? OPAQUE : LOST;
    s->open = NULL;
    buf_reset(&s->head);
}

/* Nobody knows any more which response belongs to which request. */
static void all_lose(struct http_connection *c, const char *why)
{
    if (c->is_http && c->sides[0].head.n && c->sides[0].state == AT_HEAD) {
        struct message half = {.first_ns = c->sides[0].first_ns};
        exchange_found(c, &half, NULL, why);
    }
    while (c->sides[0].oldest && c->sides[1].oldest) pair_found(c, why);
    for (int i = 0; i < 2; i++) {
        while (c->sides[i].oldest) first_drop(c, i, why);
        side_lose(&c->sides[i]);
    }
}

/* --- heads --- */

static bool is_token(uint8_t c)
{
    return c > 0x20 && c < 0x7f && !strchr("()<>@,;:\\\"/[]?={}", c);
}

/* Whether a request may begin so: a method, a blank. */
static bool begins_request(struct slice s)
{
    size_t n = 0;
    while (n < s.n && n < 24 && s.p[n] >= 'A' && s.p[n] <= 'Z') n++;
    return n >= 3 && n < s.n && s.p[n] == ' ';
}

static bool begins_response(struct slice s)
{
    return s.n >= 9 && memcmp(s.p, "HTTP/1.", 7) == 0 && s.p[8] == ' ';
}

static bool request_line_read(struct message *m, struct slice line)
{
    const uint8_t *first = memchr(line.p, ' ', line.n);
    const uint8_t *last = first ? memrchr(line.p, ' ', line.n) : NULL;
    if (!first || last == first) return false;
    m->method = copied(m, slice_of(line.p, (size_t)(first - line.p)));
    m->target = copied(m, slice_of(first + 1, (size_t)(last - first - 1)));
    m->protocol = copied(m, slice_of(last + 1, (size_t)(line.p + line.n - last - 1)));
    for (size_t i = 0; i < m->method.n; i++)
        if (!is_token(m->method.p[i])) return false;
    return m->method.n && m->target.n && m->protocol.n == 8 && memcmp(m->protocol.p, "HTTP/1.", 7) == 0;
}

static bool status_line_read(struct message *m, struct slice line)
{
    if (!begins_response(line) || line.n < 12) return false;
    m->protocol = copied(m, slice_of(line.p, 8));
    int status = 0;
    for (size_t i = 9; i < 12; i++) {
        if (line.p[i] < '0' || line.p[i] > '9') return false;
        status = status * 10 + line.p[i] - '0';
    }
    bool good = status >= 100 && (line.n == 12 || line.p[12] == ' ');
    if (good) m->status = status;
    return good;
}

struct framing {
    bool chunked, coded; /* the last transfer coding; there is one */
    bool has_length, bad_length;
    uint64_t length;
};

static void length_read(struct framing *f, struct slice value)
{
    uint64_t n = 0;
    bool good = value.n > 0 && value.n < 19;
    for (size_t i = 0; i < value.n && good; i++) {
        good = value.p[i] >= '0' && value.p[i] <= '9';
        n = n * 10 + (uint64_t)(value.p[i] - '0');
    }
    f->bad_length = f->bad_length || !good || (f->has_length && n != f->length);
    f->has_length = true;
    f->length = n;
}

static void header_read(struct message *m, struct framing *f, struct slice name, struct slice value)
{
    const struct {
        const char *name;
        struct slice *to;
    } kept[] = {{"Host", &m->host},
                {"Referer", &m->referer},
                {"User-Agent", &m->agent},
                {"X-Forwarded-For", &m->forwarded_for},
                {"Content-Type", &m->content_type},
                {"Location", &m->location}};
    value = copied(m, value);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (is_word(name, kept[i].name) && !kept[i].to->p) *kept[i].to = value;
    if (is_word(name, "Content-Length")) length_read(f, value);
    if (is_word(name, "Transfer-Encoding")) {
        f->coded = true;
        f->chunked = value.n >= 7 && strncasecmp((const char *)value.p + value.n - 7, "chunked", 7) == 0;
    }
}

/* NULL, or what is wrong with the head. `head` ends with the empty line. */
static const char *head_read(struct message *m, bool response, struct slice head, struct framing *f)
{
    const uint8_t *at = head.p, *end = head.p + head.n;
    for (bool first = true; at < end; first = false) {
        const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));
        struct slice line = slice_of(at, (size_t)(stop - at));
        at = stop + 1;
        if (line.n && line.p[line.n - 1] == '\r') line.n--;
        if (first) {
            if (!(response ? status_line_read(m, line) : request_line_read(m, line)))
                return response ? "a response whose status line is not HTTP/1.x"
                                : "a request line that is not HTTP/1.x";
            continue;
        }
        const uint8_t *colon = line.n ? memchr(line.p, ':', line.n) : NULL;
        if (colon)
            header_read(m, f, slice_of(line.p, (size_t)(colon - line.p)),
                        slice_of(colon + 1, (size_t)(line.p + line.n - colon - 1)));
        else if (line.n)
            return "a header without a colon";
    }
    return f->bad_length && !f->coded ? "a Content-Length that is no number, or two that differ" : NULL;
}

/* --- bodies --- */

/* The request that the response that begins now answers; NULL: it was not seen (yet). */
static const struct message *answered(const struct http_connection *c)
{
    const struct message *m = c->sides[0].oldest;
    for (int i = 1; m && i < c->sides[1].count; i++) m = m->next; /* those before it have responses that wait */
    return m;
}

static bool has_no_body(const struct http_connection *c, const struct message *m)
{
    const struct message *request = answered(c);
    return m->status < 200 || m->status == 204 || m->status == 304 || (request && is_word(request->method, "HEAD"));
}

static bool opens_tunnel(const struct http_connection *c, const struct message *m)
{
    const struct message *request = answered(c);
    return m->status == 101 || (request && is_word(request->method, "CONNECT") && m->status / 100 == 2);
}

static void message_end(struct http_connection *c, int side, int64_t time_ns)
{
    struct side *s = &c->sides[side];
    s->open->last_ns = time_ns;
    s->open->whole = true;
    s->open = NULL;
    s->state = AT_HEAD;
    pair(c);
}

static void body_begin(struct http_connection *c, int side, const struct framing *f, int64_t time_ns)
{
    struct side *s = &c->sides[side];
    s->left = f->length;
    if (side == 1 && opens_tunnel(c, s->open)) {
        message_end(c, side, time_ns);
        c->sides[0].state = c->sides[1].state = OPAQUE;
    } else if (side == 1 && has_no_body(c, s->open)) {
        message_end(c, side, time_ns);
    } else if (f->chunked) {
        s->state = IN_CHUNK_SIZE;
    } else if (f->has_length && !f->coded) {
        s->state = IN_LENGTH;
        if (s->left == 0) message_end(c, side, time_ns);
    } else if (side == 1) {
        s->state = UNTIL_END;
    } else {
        message_end(c, side, time_ns);
    }
}

static void head_end(struct http_connection *c, int side, int64_t time_ns)
{
    struct side *s = &c->sides[side];
    struct framing f = {0};
    struct message *m = memory_new(sizeof *m);
    m->first_ns = s->first_ns;
    m->last_ns = time_ns;
    const char *wrong = head_read(m, side == 1, buf_slice(&s->head), &f);
    buf_reset(&s->head);
    if (!wrong && s->count == HTTP_PIPELINE_MAX) wrong = "more than 256 requests wait for responses";
    if (wrong) {
        exchange_found(c, side == 0 ? m : NULL, side == 1 ? m : NULL, wrong);
        message_free(m);
        all_lose(c, "it stands beside something that is no HTTP");
        return;
    }
    if (side == 1 && m->status < 200 && m->status != 101) { /* an interim response; the real one comes */
        message_free(m);
        return;
    }
    *s->newest = m;
    s->newest = &m->next;
    s->count++;
    s->open = m;
    c->is_http = true;
    body_begin(c, side, &f, time_ns);
}

/* --- bytes --- */

static bool head_is_whole(const struct buf *head)
{
    size_t n = head->n;
    if (n < 2 || head->p[n - 1] != '\n') return false;
    return head->p[n - 2] == '\n' || (n >= 3 && head->p[n - 2] == '\r' && head->p[n - 3] == '\n');
}

/* Takes bytes up to the next line end into `head`; false: there is none yet. */
static bool line_take(struct side *s, struct slice *bytes)
{
    const uint8_t *end = memchr(bytes->p, '\n', bytes->n);
    size_t n = end ? (size_t)(end - bytes->p) + 1 : bytes->n;
    buf_append(&s->head, bytes->p, n);
    *bytes = slice_of(bytes->p + n, bytes->n - n);
    return end != NULL;
}

static void head_take(struct http_connection *c, int side, int64_t time_ns, struct slice *bytes)
{
    struct side *s = &c->sides[side];
    if (s->head.n == 0) {
        while (bytes->n && (*bytes->p == '\r' || *bytes->p == '\n')) /* RFC 9112, 2.2 */
            *bytes = slice_of(bytes->p + 1, bytes->n - 1);
        if (!bytes->n) return;
        s->first_ns = time_ns;
    }
    bool line = line_take(s, bytes);
    if (s->head.n > HTTP_HEAD_BYTES_MAX)
        all_lose(c, "a head of more than 64 KiB");
    else if (line && head_is_whole(&s->head))
        head_end(c, side, time_ns);
}

static void counted_take(struct http_connection *c, int side, int64_t time_ns, struct slice *bytes)
{
    struct side *s = &c->sides[side];
    uint64_t n = bytes->n < s->left ? bytes->n : s->left;
    s->open->bytes += n;
    s->open->last_ns = time_ns;
    s->left -= n;
    *bytes = slice_of(bytes->p + n, bytes->n - n);
    if (s->left) return;
    if (s->state == IN_CHUNK)
        s->state = BEHIND_CHUNK;
    else
        message_end(c, side, time_ns);
}

/* Hexadecimal digits, perhaps with extensions behind a ;. */
static bool chunk_size_read(struct slice line, uint64_t *size)
{
    size_t i = 0;
    *size = 0;
    for (; i < line.n && i < 15; i++) {
        const char *digits = "0123456789abcdef", *d = line.p[i] ? strchr(digits, line.p[i] | 0x20) : NULL;
        if (!d || (line.p[i] < '0')) break;
        *size = *size * 16 + (uint64_t)(d - digits);
    }
    return i > 0 && i < line.n && strchr("; \t\r\n", line.p[i]);
}

static void chunk_line_take(struct http_connection *c, int side, int64_t time_ns, struct slice *bytes)
{
    struct side *s = &c->sides[side];
    bool line = line_take(s, bytes), good = true;
    if (s->head.n > HTTP_HEAD_BYTES_MAX) {
        all_lose(c, "a line between chunks of more than 64 KiB");
        return;
    }
    if (!line) return;
    bool empty = s->head.n <= 2 && (s->head.n == 1 || s->head.p[0] == '\r');
    if (s->state == IN_CHUNK_SIZE) {
        good = chunk_size_read(buf_slice(&s->head), &s->left);
        s->state = s->left ? IN_CHUNK : IN_TRAILER;
    } else if (s->state == BEHIND_CHUNK) {
        good = empty;
        s->state = IN_CHUNK_SIZE;
    }
    bool last = s->state == IN_TRAILER && empty;
    buf_reset(&s->head);
    if (!good)
        all_lose(c, "chunks that are not as RFC 9112 has them");
    else if (last)
        message_end(c, side, time_ns);
}

/* What a connection is, by its first bytes. */
static void begin(struct http_connection *c, int direction, struct slice bytes)
{
    if (c->client < 0) c->client = begins_request(bytes) ? direction : begins_response(bytes) ? 1 - direction : -1;
    bool requests = c->client == direction;
    if (c->client >= 0 && (requests ? begins_request(bytes) : begins_response(bytes))) return;
    if (c->client >= 0) c->sides[0].state = c->sides[1].state = OPAQUE; /* its first bytes are no HTTP */
}

void http_bytes(struct http_connection *c, int direction, int64_t time_ns, struct slice bytes)
{
    bool nothing = !c->is_http && c->sides[0].head.n == 0 && c->sides[1].head.n == 0;
    if (nothing && c->sides[0].state == AT_HEAD && c->sides[1].state == AT_HEAD) begin(c, direction, bytes);
    if (c->client < 0) return; /* in the middle of something */
    int side = direction == c->client ? 0 : 1;
    struct side *s = &c->sides[side];
    if (s->state == LOST && (side == 0 ? begins_request(bytes) : begins_response(bytes))) s->state = AT_HEAD;
    while (bytes.n && s->state != LOST && s->state != OPAQUE) {
        switch (s->state) {
        case AT_HEAD: head_take(c, side, time_ns, &bytes); break;
        case IN_LENGTH:
        case IN_CHUNK: counted_take(c, side, time_ns, &bytes); break;
        case UNTIL_END:
            s->open->bytes += bytes.n;
            s->open->last_ns = time_ns;
            bytes.n = 0;
            break;
        default: chunk_line_take(c, side, time_ns, &bytes); break;
        }
    }
}

void http_gap(struct http_connection *c, int direction, uint64_t size)
{
    if (c->client < 0) return; /* nothing was there before it */
    struct side *s = &c->sides[direction == c->client ? 0 : 1];
    bool counted = (s->state == IN_LENGTH || s->state == IN_CHUNK) && size < s->left;
    if (s->state == LOST || s->state == OPAQUE) return;
    if (!counted && s->state != UNTIL_END) {
        all_lose(c, "bytes of its connection are missing from the capture");
        return;
    }
    s->open->bytes += size;
    s->open->lost += size;
    if (counted) s->left -= size;
}

/* A body that is not whole, or that the end ends. */
static void body_cut(struct http_connection *c, int side)
{
    struct side *s = &c->sides[side];
    s->open->cut = s->state != UNTIL_END;
    s->open->whole = true;
    s->open = NULL;
    s->state = AT_HEAD;
    pair(c);
}

void http_end(struct http_connection *c, int direction)
{
    if (c->client < 0) return;
    struct side *s = &c->sides[direction == c->client ? 0 : 1];
    s->ended = true;
    if (s->open) body_cut(c, direction == c->client ? 0 : 1);
}

#define HALF_HEAD "its head ends in the middle"

void http_connection_finish(struct http_connection *c)
{
    for (int i = 0; i < 2; i++) {
        struct side *s = &c->sides[i];
        if (s->open) body_cut(c, i);
    }
    while (c->sides[0].oldest) first_drop(c, 0, NULL); /* requests that nobody answered */
    while (c->sides[1].oldest) first_drop(c, 1, NO_REQUEST);
    for (int i = 0; i < 2; i++) {
        struct side *s = &c->sides[i];
        bool half = s->state == AT_HEAD && s->head.n > 0;
        struct message part = {.first_ns = s->first_ns};
        if (half) exchange_found(c, i == 0 ? &part : NULL, i == 1 ? &part : NULL, HALF_HEAD);
        buf_reset(&s->head);
    }
}

void http_connection_free(struct http_connection *c)
{
    if (!c) return;
    for (int i = 0; i < 2; i++) {
        while (c->sides[i].oldest) message_free(first_take(&c->sides[i]));
        buf_release(&c->sides[i].head);
    }
    free(c);
}

struct http_connection *http_connection_new(int client, http_found_fn *found, void *context)
{
    struct http_connection *c = memory_new(sizeof *c);
    c->client = client;
    c->found = found;
    c->context = context;
    for (int i = 0; i < 2; i++) c->sides[i].newest = &c->sides[i].oldest;
    return c;
}

bool http_connection_is_http(const struct http_connection *c)
{
    return c->is_http;
}

int http_connection_client(const struct http_connection *c)
{
    return c->client;
}
