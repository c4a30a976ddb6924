/* Files whose records are lines, or begin and end with lines: CSV, access logs, NDJSON. */
#include <string.h>

#include "etl/source/format.h"
#include "etl/source/reader.h"

/* A quoted field may carry a record over many lines: that much is looked at before a quote counts as not closed. */
enum { QUOTED_LOOKAHEAD = CSV_RECORD_BYTES_MAX + 1 };

static int line_find(struct source_reader *r, size_t *n, size_t *next, struct err_text *error)
{
    for (;;) {
        *n = source_line_length(r->in.rest, next);
        if (*next < r->in.rest.n || r->in.ended) return ERR_OK;
        int more = input_more(&r->in, error);
        if (more < 0) return more;
    }
}

int lines_record_find(struct source_reader *r, size_t *n, size_t *next, struct err_text *error)
{
    const struct csv_spec *csv = &r->spec->csv;
    bool over_lines = r->feed->format == &FORMAT_CSV && csv->multiline && csv->quote;
    if (!over_lines) return line_find(r, n, next, error);
    int err = r->in.rest.n > QUOTED_LOOKAHEAD ? ERR_OK : input_want(&r->in, 2 * QUOTED_LOOKAHEAD, error);
    if (err) return err;
    *n = csv_record_length(csv, r->in.rest, next);
    bool whole = *next < r->in.rest.n || r->in.ended;
    return whole ? ERR_OK : line_find(r, n, next, error); /* one line, longer than what was looked at */
}

void lines_consume(struct source_reader *r, size_t n, size_t next)
{
    const uint8_t *p = r->in.rest.p, *end = p + n;
    for (bool several = r->feed->format == &FORMAT_CSV; several && (p = memchr(p, '\n', (size_t)(end - p))); p++)
        r->line++;
    r->line++;
    input_consume(&r->in, next);
}

static bool is_comment(const struct source_reader *r)
{
    size_t n = strlen(r->spec->comment_prefix);
    return n && r->in.rest.n >= n && memcmp(r->in.rest.p, r->spec->comment_prefix, n) == 0;
}

/* Of a file that is followed: there is no end of this line yet. */
static bool is_cut(const struct source_reader *r, size_t next)
{
    return r->file->follows && (next == 0 || (next == r->in.rest.n && r->in.rest.p[next - 1] != '\n'));
}

/* 1: it is not whole yet. */
static int line_skip(struct source_reader *r, struct err_text *error)
{
    size_t n, next;
    int err = line_find(r, &n, &next, error);
    if (!err && is_cut(r, next)) return 1;
    bool whole = next > n; /* no record stands behind a line without an end */
    if (!err && whole && r->spec->fields_line && is_comment(r)) err = csv_comment_read(r, n, error);
    if (!err) lines_consume(r, 0, next);
    return err;
}

/* Has the start of what comes next in the window, behind comments. */
static int comments_skip(struct source_reader *r, struct err_text *error)
{
    int err = input_want(&r->in, 1 + strlen(r->spec->comment_prefix), error);
    while (!err && is_comment(r)) {
        err = line_skip(r, error);
        if (!err) err = input_want(&r->in, 1 + strlen(r->spec->comment_prefix), error);
    }
    return err;
}

int lines_open(struct source_reader *r, struct err_text *error)
{
    static const uint8_t bom[] = {0xef, 0xbb, 0xbf};
    int err = input_want(&r->in, sizeof bom, error);
    if (!err && r->spec->encoding == ENCODING_UTF_8 && r->in.rest.n >= 3 && memcmp(r->in.rest.p, bom, 3) == 0)
        input_consume(&r->in, sizeof bom);
    for (int i = 0; i < r->spec->skip_lines && !err; i++) {
        err = input_want(&r->in, 1, error);
        if (err || (r->in.rest.n == 0 && !r->file->follows)) break;
        err = line_skip(r, error);
    }
    return err ? err : comments_skip(r, error);
}

/* Looked at only for files that are read again when they have grown. */
static bool is_tentative(const struct source_reader *r, size_t next)
{
    if (r->tentative || !r->file->grows || !r->in.ended) return r->tentative;
    bool cut = next == r->in.rest.n && r->in.rest.p[next - 1] != '\n';
    return cut || (r->feed->format == &FORMAT_CSV && csv_record_open(&r->spec->csv, r->in.rest));
}

bool lines_unfinished(const struct source_reader *r, size_t next)
{
    return r->file->grows && (next == 0 || is_tentative(r, next));
}

bool lines_wait(const struct source_reader *r, size_t next)
{
    return r->file->follows && lines_unfinished(r, next);
}

/* A line without an end in a file to which somebody writes. */
static bool is_not_whole(const struct source_reader *r, size_t next)
{
    bool cut = r->tentative && next == r->in.rest.n && r->in.rest.p[next - 1] != '\n';
    return cut && !r->file->as_then && input_has_grown(&r->in);
}

/* A line without an end behind lines that have one: what cut it may have cut a number, and nothing else shows that.
 * Half an object of NDJSON is none. */
static bool may_be_cut(const struct source_reader *r, size_t next)
{
    bool whole = next < r->in.rest.n || !r->in.ended || r->in.rest.p[next - 1] == '\n';
    return !whole && r->line > 1 && r->feed->format != &FORMAT_NDJSON;
}

int lines_next(struct source_reader *r, struct record *out, struct err_text *error)
{
    size_t n, next, bad;
    for (;;) {
        int err = comments_skip(r, error);
        if (err > 0) return 0; /* half a comment */
        if (err || r->in.rest.n == 0) return err;
        err = lines_record_find(r, &n, &next, error);
        if (err) return err;
        if (lines_wait(r, next)) return 0;
        if (n > 0 || r->feed->format == &FORMAT_ACCESS_LOG) break;
        lines_consume(r, n, next); /* an empty line is no record, but in a log */
    }
    r->tentative = is_tentative(r, next);
    r->waits = is_not_whole(r, next);
    if (r->waits) return 0;
    if (may_be_cut(r, next)) r->cut_line = r->line;
    *out = (struct record){.at = {.byte_offset = r->in.offset, .line = r->line, .number = r->line},
                           .raw = {r->in.rest.p, n}};
    if (!r->spec->encoding_rejects && !encoding_check(r->spec->encoding, out->raw, &bad))
        return source_bytes_wrong(r, out->raw, bad, error);
    lines_consume(r, n, next);
    return 1;
}
