/* Captures, written here, through the source: whole files to rows. */
#include <stdio.h>
#include <stdlib.h>

#include "etl/source/format_test.h"
#include "lib/pcap/writer.h"
#include "tests/unit.h"

#define SECOND        INT64_C(1000000000)
#define START         (INT64_C(1728261202) * SECOND) /* 2024-10-07 00:33:22 */
#define COLUMNS(list) "\"format\": \"http_capture\", \"columns\": [" list "]"

struct capture_file {
    struct capture_writer *writer;
    char *bytes;
    size_t size;
    struct writer_flow flow;
};

static void capture_begin(struct capture_file *c)
{
    *c = (struct capture_file){0};
    c->writer = capture_writer_to(open_memstream(&c->bytes, &c->size));
    c->flow.ends[0] = tcp_endpoint_v4(0x0a000007, 40102);
    c->flow.ends[1] = tcp_endpoint_v4(0x0a000001, 8080);
    capture_write_open(c->writer, &c->flow, START);
}

static void say(struct capture_file *c, int direction, int64_t after_us, const char *text)
{
    capture_write_bytes(c->writer, &c->flow, direction, START + after_us * 1000, slice_str(text));
}

static const char *rows_of(struct capture_file *c, const char *source)
{
    check(capture_writer_free(c->writer) == 0);
    const char *rows = format_rows(source, slice_of((const uint8_t *)c->bytes, c->size), false);
    free(c->bytes);
    return rows;
}

TEST(http_capture, fields_of_a_request)
{
    struct capture_file c;
    capture_begin(&c);
    say(&c, 0, 1500, "GET /a?q=1 HTTP/1.1\r\nHost: shop.it\r\nUser-Agent: Caf\xe9 \"x\"\r\nReferer: http://b/\r\n\r\n");
    say(&c, 1, 4500, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc");
    say(&c, 0, 9000, "GET /b HTTP/1.1\r\n\r\n");
    check_str(
        rows_of(&c, COLUMNS("\"client\", \"client_port\", \"server\", \"port\", \"time\", \"method\", \"target\", "
                            "\"site\", \"status\", \"bytes\", \"referer\", \"agent\", \"content_type\", "
                            "\"wait_us\", {\"name\": \"took\", \"field\": \"duration_us\"}, \"state\", "
                            "\"request\"")),
        "1@1/0 10.0.0.7|40102|10.0.0.1|8080|1728261202|GET|/a?q=1|shop.it|200|3|http://b/|Caf\xc3\xa9 "
        "\"x\"|text/plain|3000|3000|complete|GET /a?q=1 HTTP/1.1\n"
        "2@2/0 10.0.0.7|40102|10.0.0.1|8080|1728261202|GET|/b|-|-|-|-|-|-|-|-|unanswered|GET /b HTTP/1.1\n");
}

TEST(http_capture, ports_and_what_is_wrong)
{
    struct capture_file c;
    capture_begin(&c);
    say(&c, 0, 1, "GET /a HTTP/1.1\r\n\r\n");
    check_str(rows_of(&c, "\"ports\": [80, 443], " COLUMNS("\"target\"")), "");
    capture_begin(&c);
    say(&c, 0, 1, "GET /a HTTP/1.1\r\nno header\r\n\r\n");
    check_str(rows_of(&c, "\"ports\": [80, 8080], " COLUMNS("\"target\"")),
              "1@1/0  !format:=a header without a colon\n");
    check_str(format_rows(COLUMNS("\"target\""), SLICE_LIT("no capture"), false), "f: unknown file format");
    check_str(
        format_rows(COLUMNS("\"targt\""), SLICE_LIT(""), false),
        "d.json: source.columns[0]: a request and its response have no field \"targt\"; did you mean \"target\"?");
    check_str(format_rows("\"ports\": [], " COLUMNS("\"target\""), SLICE_LIT(""), false),
              "d.json: source.ports: is empty; without it all ports are looked at");
    check_str(format_rows(COLUMNS("\"target\""), SLICE_LIT("x"), true),
              "f: is compressed: captures are read as they are; decompress it first");
}
