#include "etl/source/http_exchange.h"

#include <inttypes.h>
#include <string.h>

#include "tests/unit.h"

/* What is said and lost, a character ahead of each: > of the client, < of the server, ( and ) a gap of so many bytes in
 * either, [ and ] the end of what the client and the server say. Each takes a second. */
static void found(void *context, const struct http_exchange *e)
{
    struct buf *out = context;
    if (e->wrong && !e->request && !e->status) buf_append_str(out, "?");
    buf_printf(out, "%.*s %.*s ", (int)e->method.n, e->method.p ? (const char *)e->method.p : "", (int)e->target.n,
               e->target.p ? (const char *)e->target.p : "");
    buf_printf(out, "%d in %" PRIu64 " out %" PRIu64, e->status, e->bytes_in, e->bytes);
    if (e->duration_ns >= 0)
        buf_printf(out, " took %d+%d", (int)(e->wait_ns / 1000000000), (int)(e->duration_ns / 1000000000));
    if (e->cut) buf_append_str(out, " cut");
    if (e->lost) buf_printf(out, " lost %" PRIu64, e->lost);
    if (e->host.p) buf_printf(out, " host %.*s", (int)e->host.n, (const char *)e->host.p);
    if (e->agent.p) buf_printf(out, " agent %.*s", (int)e->agent.n, (const char *)e->agent.p);
    if (e->wrong) buf_printf(out, " WRONG %s", e->wrong);
    buf_append_byte(out, '\n');
}

static const char *exchanges_of(int client, const char *const *said, size_t pieces_of)
{
    static char text[4096];
    struct buf out = {0};
    struct http_connection *c = http_connection_new(client, found, &out);
    for (int64_t second = 1; *said; said++, second++) {
        const char *rest = *said + 1;
        int direction = strchr("<)]", **said) != NULL;
        size_t n = strlen(rest);
        if (strchr("()", **said)) http_gap(c, direction, strtoull(rest, NULL, 10));
        if (strchr("[]", **said)) http_end(c, direction);
        for (size_t at = 0, take; strchr("<>", **said) && at < n; at += take) {
            take = pieces_of && n - at > pieces_of ? pieces_of : n - at;
            http_bytes(c, direction, second * 1000000000, slice_of(rest + at, take));
        }
    }
    http_connection_finish(c);
    if (!http_connection_is_http(c)) buf_append_str(&out, "no HTTP\n");
    http_connection_free(c);
    snprintf(text, sizeof text, "%s", buf_cstr(&out));
    buf_release(&out);
    return text;
}

#define SAID(...) ((const char *const[]){__VA_ARGS__, NULL})
#define check_exchanges(client, expected, ...)                                                                         \
    do {                                                                                                               \
        check_str(exchanges_of(client, SAID(__VA_ARGS__), 0), expected);                                               \
        check_str(exchanges_of(client, SAID(__VA_ARGS__), 10), expected);                                              \
    } while (0)
#define GET(target)      (">GET " target " HTTP/1.1\r\nHost: a.it\r\nUser-agent:\tCurl \r\n\r\n")
#define OK(length, body) ("<HTTP/1.1 200 OK\r\nContent-Length: " length "\r\n\r\n" body)

TEST(http, requests_and_their_responses)
{
    check_exchanges(0,
                    "GET /a?b=%20 200 in 0 out 5 took 1+1 host a.it agent Curl\n"
                    "POST /b 201 in 3 out 0 took 1+2\n",
                    GET("/a?b=%20"), OK("5", "12345"), ">POST /b HTTP/1.0\nContent-Length: 3\n\n", ">abc",
                    "<HTTP/1.0 201\r\n\r\n", "]");
}

TEST(http, bodies)
{
    check_exchanges(0, "GET /c 200 in 0 out 13 took 1+2 host a.it agent Curl\n", GET("/c"),
                    "<HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\na;x=\"y\"\r\n0123456789\r\n",
                    "<3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n");
    check_exchanges(0, "POST /up 200 in 4 out 2 took 1+1\n",
                    ">POST /up HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n",
                    "<HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    /* to the end of the connection; none for HEAD, 204, 304; a length in bytes that never come */
    check_exchanges(0, "GET / 200 in 0 out 6 took 1+2 host a.it agent Curl\n", GET("/"), "<HTTP/1.0 200 OK\r\n\r\nabc",
                    "<def", "]");
    check_exchanges(0,
                    "HEAD /h 200 in 0 out 0 took 1+1\nGET /n 304 in 0 out 0 took 1+1 host a.it agent Curl\n"
                    "GET /l 200 in 0 out 2 took 1+1 cut host a.it agent Curl\n",
                    ">HEAD /h HTTP/1.1\r\n\r\n", OK("500", ""), GET("/n"), "<HTTP/1.1 304 Not Modified\r\n\r\n",
                    GET("/l"), OK("9", "xx"));
}

#define MORE(target) "GET " target " HTTP/1.1\r\nHost: a.it\r\nUser-Agent: Curl\r\n\r\n"
#define PIPELINE     (">" MORE("/1") MORE("/2") MORE("/3"))

TEST(http, pipelines_and_what_stays_open)
{
    check_exchanges(0,
                    "GET /1 200 in 0 out 1 took 1+1 host a.it agent Curl\n"
                    "GET /2 200 in 0 out 2 took 1+1 host a.it agent Curl\n"
                    "GET /3 0 in 0 out 0 host a.it agent Curl\n",
                    PIPELINE,
                    OK("1", "a"
                            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nbb"));
    check_exchanges(0, "  0 in 0 out 0 WRONG its head ends in the middle\nno HTTP\n", ">GET /half HT");
    /* a response that is seen before its request, as when segments of it came late; and one that nobody asked for */
    check_exchanges(0, "GET /a 200 in 0 out 2 took 1+1 host a.it agent Curl\n", GET("/a"), OK("2", "ok"));
    check_exchanges(-1, "  200 in 0 out 2 WRONG a response whose request was not captured\n", OK("2", "ok"));
}

TEST(http, gaps)
{
    check_exchanges(0, "GET /g 200 in 0 out 100 took 1+3 lost 90 host a.it agent Curl\n", GET("/g"), OK("100", "12345"),
                    ")90", "<67890");
    check_exchanges(
        0,
        "GET /g 200 in 0 out 5 took 1+1 host a.it agent Curl WRONG bytes of its connection are missing from "
        "the capture\n"
        "GET /h 200 in 0 out 0 took 1+1 host a.it agent Curl\n",
        GET("/g"), OK("10", "12345"), ")90", "<more of it", GET("/h"), OK("0", ""));
    check_exchanges(
        0,
        "GET /g 0 in 0 out 0 host a.it agent Curl WRONG bytes of its connection are missing from the capture\n"
        "  200 in 0 out 1 WRONG a response whose request was not captured\n",
        GET("/g"), "(7", OK("1", "x"));
}

TEST(http, what_is_none)
{
    check_exchanges(0, "no HTTP\n", ">\x16\x03\x01\x02", "<abc");
    check_exchanges(1, "no HTTP\n", "<\x16\x03\x01\x02", ">GET / HTTP/1.1\r\n\r\n");
    check_exchanges(0, "GET / 0 in 0 out 0 WRONG a request line that is not HTTP/1.x\nno HTTP\n",
                    ">GET / HTTP/2.0\r\n\r\n");
    check_exchanges(0, "POST /x 0 in 0 out 0 WRONG a Content-Length that is no number, or two that differ\nno HTTP\n",
                    ">POST /x HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n");
    check_exchanges(
        0, "GET /k 200 in 0 out 0 took 1+1 host a.it agent Curl WRONG chunks that are not as RFC 9112 has them\n",
        GET("/k"), "<HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    /* found by the fuzzer: digits of a status that is none */
    check_exchanges(-1, "?  0 in 0 out 0 WRONG a response whose status line is not HTTP/1.x\nno HTTP\n",
                    "<HTTP/1.1 20\xff OK\r\n\r\n");
    /* behind an upgrade, or a tunnel, there is no HTTP */
    check_exchanges(0, "GET /ws 101 in 0 out 0 took 1+1 host a.it agent Curl\n", GET("/ws"),
                    "<HTTP/1.1 101 Switching Protocols\r\n\r\n", ">GET /x HTTP/1.1\r\n\r\n");
}

TEST(http, connections_whose_beginning_was_not_captured)
{
    check_exchanges(-1, "GET /a 200 in 0 out 1 took 1+1 host a.it agent Curl\n", "<rest of a body", GET("/a"),
                    OK("1", "x"));
    check_exchanges(-1,
                    "  200 in 0 out 2 WRONG a response whose request was not captured\n"
                    "GET /a 200 in 0 out 1 took 1+1 host a.it agent Curl\n",
                    OK("2", "ok"), GET("/a"), OK("1", "x"));
}

/* However segments are cut, the exchanges are the same. */
TEST(http, segments_do_not_matter)
{
    const char *const said[] = {GET("/a"), OK("3", "abc"), GET("/b"),
                                "<HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", NULL};
    char whole[512];
    snprintf(whole, sizeof whole, "%s", exchanges_of(0, said, 0));
    for (size_t n = 5; n < 60; n++) check_str(exchanges_of(0, said, n), whole);
}
