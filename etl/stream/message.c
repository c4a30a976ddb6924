#include "etl/stream/message.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/checksum.h"
#include "lib/base/text.h"

static void add(rd_kafka_headers_t *h, const char *name, const void *value, size_t n)
{
    rd_kafka_header_add(h, name, -1, value, (ssize_t)n);
}

static void add_number(rd_kafka_headers_t *h, const char *name, int64_t value)
{
    char text[24];
    add(h, name, text, (size_t)snprintf(text, sizeof text, "%" PRId64, value));
}

rd_kafka_headers_t *message_record_headers(const char *stream, const char *source, const struct record *r)
{
    rd_kafka_headers_t *h = rd_kafka_headers_new(9);
    add(h, "millrace-stream", stream, strlen(stream));
    if (source) add(h, "millrace-source", source, strlen(source));
    add(h, "millrace-file", r->at.file.p, r->at.file.n);
    if (r->at.line) add_number(h, "millrace-line", (int64_t)r->at.line);
    if (r->at.number != r->at.line) add_number(h, "millrace-number", (int64_t)r->at.number);
    add_number(h, "millrace-offset", (int64_t)r->at.byte_offset);
    if (r->layout.n) add(h, "millrace-layout", r->layout.p, r->layout.n);
    if (r->repeated) add_number(h, "millrace-repeated", 1);
    if (r->late_s) add_number(h, "millrace-late", r->late_s);
    return h;
}

void message_version_add(rd_kafka_headers_t *headers, int64_t version, bool gone)
{
    add_number(headers, "millrace-version", version);
    if (gone) add(headers, "millrace-kind", "delete", strlen("delete"));
}

rd_kafka_headers_t *message_plain_headers(const char *stream, const char *source, enum message_kind kind)
{
    rd_kafka_headers_t *h = rd_kafka_headers_new(3);
    add(h, "millrace-stream", stream, strlen(stream));
    if (source) add(h, "millrace-source", source, strlen(source));
    const char *name = kind == MESSAGE_FILE ? "file" : "end";
    add(h, "millrace-kind", name, strlen(name));
    return h;
}

void message_file_value(const struct file_fact *f, struct buf *out)
{
    buf_append_str(out, "{\"file\":");
    text_json_string(f->file, out);
    buf_append_str(out, ",\"digest\":");
    text_json_string(f->digest, out);
    buf_printf(out, ",\"bytes\":%" PRIu64 ",\"lines\":%" PRIu64 ",\"skipped_as_identical_to\":", f->bytes, f->lines);
    text_json_string(f->skipped_as_identical_to, out);
    buf_append_byte(out, '}');
}

/* In the order in which a publisher of ours sends them. */
enum header {
    HEADER_STREAM,
    HEADER_SOURCE,
    HEADER_FILE,
    HEADER_LINE,
    HEADER_NUMBER,
    HEADER_OFFSET,
    HEADER_LAYOUT,
    HEADER_REPEATED,
    HEADER_LATE,
    HEADER_VERSION,
    HEADER_KIND,
    HEADER_COUNT
};
static const char *const header_names[HEADER_COUNT] = {
    "millrace-stream", "millrace-source",   "millrace-file", "millrace-line",    "millrace-number", "millrace-offset",
    "millrace-layout", "millrace-repeated", "millrace-late", "millrace-version", "millrace-kind"};

/* HEADER_COUNT when it is none of ours. Mostly the first one that is looked at from `expected` on is the right one. */
static int header_find(const char *name, int expected)
{
    for (int i = 0; i < HEADER_COUNT; i++) {
        int at = (expected + i) % HEADER_COUNT;
        if (strcmp(name, header_names[at]) == 0) return at;
    }
    return HEADER_COUNT;
}

/* All values in one pass; empty where there is none. Of several with one name the last one counts. */
static void headers_read(const rd_kafka_message_t *m, struct slice values[HEADER_COUNT])
{
    rd_kafka_headers_t *headers = NULL;
    const char *name;
    const void *p;
    size_t n;
    memset(values, 0, HEADER_COUNT * sizeof *values);
    if (rd_kafka_message_headers(m, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    int found = -1;
    for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &p, &n) == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
        found = header_find(name, found + 1);
        if (found < HEADER_COUNT) values[found] = p ? slice_of(p, n) : slice_of(NULL, 0);
    }
}

static int wrong(const rd_kafka_message_t *m, const char *what, struct err_text *error)
{
    return err_set(error, ERR_CORRUPT, "topic %s, partition %" PRId32 ", offset %" PRId64 ": %s",
                   rd_kafka_topic_name(m->rkt), m->partition, m->offset, what);
}

/* What names the record in its file: the line, unless there is a number too; then there need not be a line. */
static int number_decode(const rd_kafka_message_t *m, const struct slice *h, struct position *at,
                         struct err_text *error)
{
    int64_t line = 0, number = 0;
    struct slice line_text = h[HEADER_LINE], number_text = h[HEADER_NUMBER];
    if ((line_text.n || !number_text.n) && (!text_to_i64(line_text, &line) || line < 1))
        return wrong(m, "header millrace-line is no line number", error);
    if (number_text.n && (!text_to_i64(number_text, &number) || number < 1))
        return wrong(m, "header millrace-number is no number of a record", error);
    at->line = (uint64_t)line;
    at->number = (uint64_t)(number_text.n ? number : line);
    return 0;
}

static int record_decode(const rd_kafka_message_t *m, const struct slice *h, struct record *r, struct err_text *error)
{
    int64_t offset, repeated = 0;
    memset(r, 0, sizeof *r);
    r->at.file = h[HEADER_FILE];
    if (r->at.file.n == 0) return wrong(m, "no header millrace-file", error);
    int result = number_decode(m, h, &r->at, error);
    if (result != 0) return result;
    if (!text_to_i64(h[HEADER_OFFSET], &offset) || offset < 0)
        return wrong(m, "header millrace-offset is no byte offset", error);
    struct slice text = h[HEADER_REPEATED];
    if (text.n && !text_to_i64(text, &repeated)) return wrong(m, "header millrace-repeated is no number", error);
    text = h[HEADER_LATE];
    if (text.n && !text_to_i64(text, &r->late_s)) return wrong(m, "header millrace-late is no number", error);
    r->at.byte_offset = (uint64_t)offset;
    r->repeated = repeated != 0;
    r->layout = h[HEADER_LAYOUT];
    r->raw = slice_of(m->payload, m->len);
    return 0;
}

static struct slice copy(struct arena *arena, const char *text)
{
    return slice_of(arena_copy(arena, text, strlen(text)), strlen(text));
}

static int file_decode(const rd_kafka_message_t *m, struct arena *arena, struct file_fact *f, struct err_text *error)
{
    const char *file, *digest, *skipped;
    json_int_t bytes, lines;
    json_error_t where;
    json_t *all = json_loadb(m->payload, m->len, 0, &where);
    if (!all || json_unpack(all, "{s:s, s:s, s:I, s:I, s:s}", "file", &file, "digest", &digest, "bytes", &bytes,
                            "lines", &lines, "skipped_as_identical_to", &skipped) != 0) {
        json_decref(all);
        return wrong(m, "not a file message: it needs file, digest, bytes, lines, skipped_as_identical_to", error);
    }
    *f = (struct file_fact){.file = copy(arena, file),
                            .digest = copy(arena, digest),
                            .bytes = (uint64_t)bytes,
                            .lines = (uint64_t)lines,
                            .skipped_as_identical_to = copy(arena, skipped)};
    json_decref(all);
    return 0;
}

int message_decode(const rd_kafka_message_t *m, struct arena *arena, struct message *out, struct err_text *error)
{
    struct slice h[HEADER_COUNT];
    headers_read(m, h);
    out->stream = h[HEADER_STREAM];
    if (out->stream.n == 0) return wrong(m, "no header millrace-stream: not a published pipeline", error);
    out->source = h[HEADER_SOURCE];
    struct slice kind = h[HEADER_KIND], version = h[HEADER_VERSION];
    out->version = 0;
    out->gone = slice_equal(kind, SLICE_LIT("delete"));
    if ((version.n || out->gone) && (!text_to_i64(version, &out->version) || out->version < 1))
        return wrong(m, "header millrace-version is no version", error);
    if (kind.n == 0 || out->gone) {
        out->kind = MESSAGE_RECORD;
        return record_decode(m, h, &out->record, error);
    }
    if (slice_equal(kind, SLICE_LIT("file"))) {
        out->kind = MESSAGE_FILE;
        return file_decode(m, arena, &out->file, error);
    }
    if (!slice_equal(kind, SLICE_LIT("end")))
        return wrong(m, "header millrace-kind is none of delete, file, end", error);
    out->kind = MESSAGE_END;
    return 0;
}

uint32_t message_crc(const rd_kafka_message_t *m)
{
    uint8_t lengths[8];
    put_u32be(lengths, m->key ? (uint32_t)m->key_len : UINT32_MAX);
    put_u32be(lengths + 4, m->payload ? (uint32_t)m->len : UINT32_MAX);
    uint32_t crc = crc32c(0, lengths, sizeof lengths);
    if (m->key) crc = crc32c(crc, m->key, m->key_len);
    return m->payload ? crc32c(crc, m->payload, m->len) : crc;
}
