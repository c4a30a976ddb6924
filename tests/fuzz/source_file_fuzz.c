/* source_file_fuzz - any bytes as a whole file of each format, plain or gzip'd, through the reader and the row parser.
 *
 * The first byte chooses the format; a file that begins as gzip does is decompressed. Invariants: records come in order
 * and within the file, and what they say of their place is true; a JSON document is accepted when jansson accepts it,
 * with as many records as its tree has; an element of a well-formed XML file can be read far from it. */
#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "etl/parse.h"
#include "etl/source/input.h"
#include "etl/source/source.h"
#include "lib/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { JSON = 3, XML = 4, JSON_AROUND = 5, XML_AROUND = 6, KINDS = 7 };

static const char *const SOURCES[KINDS] = {
    "\"format\": \"csv\", \"header\": false, \"columns\": [{\"name\": \"a\", \"field\": 1, \"type\": \"text\"}]",
    "\"format\": \"access_log\", \"log_format\": \"%h \\\"%r\\\"\"",
    "\"format\": \"ndjson\", \"on_bad_encoding\": \"reject\", \"columns\": [{\"name\": \"a\", \"path\": \"a[1].b\", "
    "\"type\": "
    "\"integer\"}]",
    "\"format\": \"json\", \"records\": \"a[*].b\", \"on_bad_encoding\": \"reject\", \"columns\": [{\"name\": \"c\", "
    "\"type\": "
    "\"text\"}]",
    "\"format\": \"xml\", \"record\": \"p\", \"columns\": [{\"name\": \"a\", \"path\": \"@a\", \"type\": \"text\"}, "
    "{\"name\": "
    "\"b\", \"path\": \"b[2]/c\", \"type\": \"text\"}, {\"name\": \"all\", \"path\": \".\", \"type\": \"text\"}]",
    "\"format\": \"json\", \"records\": \"a[*].b\", \"on_bad_encoding\": \"reject\", \"columns\": [{\"name\": \"c\", "
    "\"path\": \"../c\", \"type\": \"text\"}, {\"name\": \"d\", \"path\": \"../../d.e[1]\", \"type\": \"integer\"}, "
    "{\"name\": \"n\", \"path\": \"../#\", \"type\": \"integer\"}]",
    "\"format\": \"xml\", \"record\": \"p\", \"columns\": [{\"name\": \"a\", \"path\": \"../@a\", \"type\": \"text\"}, "
    "{\"name\": \"b\", \"path\": \"../b[2]/c\", \"type\": \"text\"}, {\"name\": \"d\", \"path\": \"../../d\", "
    "\"type\": "
    "\"text\"}, {\"name\": \"n\", \"path\": \"#\", \"type\": \"integer\"}]",
};

static const struct feed *feed_of(int kind)
{
    static struct definition *made[KINDS];
    struct buf json = {0};
    if (made[kind]) return &made[kind]->feeds[0];
    buf_printf(
        &json,
        "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"glob\": \"*\", %s}, \"tables\": [{\"name\": \"t\"}]}",
        SOURCES[kind]);
    int err = definition_parse(buf_slice(&json), "fuzz", &made[kind], NULL);
    assert(!err);
    buf_release(&json);
    return &made[kind]->feeds[0];
}

static bool is_xml(int kind)
{
    return kind == XML || kind == XML_AROUND;
}

static void record_check(int kind, const struct record *r, const struct record *before, struct slice file)
{
    assert(r->at.number > before->at.number && r->at.line >= before->at.line);
    if (!is_xml(kind)) assert(before->at.number == 0 || r->at.byte_offset >= before->at.byte_offset + before->raw.n);
    if (!file.p) return; /* decompressed */
    assert(r->at.byte_offset + r->raw.n <= file.n && memcmp(file.p + r->at.byte_offset, r->raw.p, r->raw.n) == 0);
    uint64_t line = 1;
    for (size_t i = 0; i < r->at.byte_offset && !is_xml(kind); i++) line += file.p[i] == '\n';
    if (!is_xml(kind)) assert(r->at.line == line); /* expat also counts CR */
}

/* How many elements the arrays a[*].b have in jansson's tree; -1 when there is none. */
static int64_t elements_count(const json_t *json)
{
    const json_t *a = json_object_get(json, "a");
    int64_t count = json_is_array(a) ? 0 : -1;
    for (size_t i = 0; i < json_array_size(a); i++) {
        const json_t *b = json_object_get(json_array_get(a, i), "b");
        if (b && !json_is_array(b) && !json_is_null(b)) return -2;
        count += (int64_t)json_array_size(b);
    }
    return count;
}

static void document_check(struct slice file, bool good, int64_t count)
{
    json_error_t error;
    if (!file.p || !text_is_utf8(file) || file.n == 0 || memchr(file.p, 0, file.n) ||
        (file.n >= 3 && memcmp(file.p, "\xef\xbb\xbf", 3) == 0))
        return;
    size_t flags = JSON_ALLOW_NUL | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES;
    json_t *json = json_loadb((const char *)file.p, file.n, flags, &error);
    if (!json && good) {
        enum json_error_code code = json_error_code(&error);
        assert(code == json_error_numeric_overflow || code == json_error_duplicate_key);
    }
    if (json && good) assert(elements_count(json) == count);
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    int kind = data[0] % KINDS, fd = memfd_create("fuzz", 0), result;
    struct slice file = slice_of(data + 1, size - 1);
    const struct feed *feed = feed_of(kind);
    char name[16];
    struct source_reader *reader;
    struct arena arena = {0};
    struct record record, before = {0};
    struct row row;
    assert(fd >= 0 && write(fd, file.p, file.n) == (ssize_t)file.n);
    snprintf(name, sizeof name, "%d", fd);
    struct source_file f = {.name = name, .bytes = file.n};
    struct slice plain = input_is_gzip(file) ? slice_of(NULL, 0) : file;
    result = source_open(feed, "/proc/self/fd", &f, &reader, NULL);
    struct row_parser *parser = row_parser_new(feed);
    int64_t count = 0;
    for (; result == 0 && (result = source_next(reader, &record, NULL)) == 1; result = 0, count++) {
        record_check(kind, &record, &before, plain);
        row_parse(parser, &record, &arena, &row);
        if (is_xml(kind)) assert(row.bucket != 0);
        before = record;
        arena_reset(&arena);
    }
    if (kind == JSON) document_check(plain, result == 0, count);
    row_parser_free(parser);
    source_close(reader);
    arena_release(&arena);
    close(fd);
    return 0;
}
