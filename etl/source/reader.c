/* One file, record by record: what all formats have in common. */
#include "etl/source/reader.h"

#include <stdlib.h>
#include <string.h>

#include "etl/parse.h"
#include "etl/source/absence.h"
#include "etl/source/format.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"

static bool has_wide_mark(const struct source_reader *r)
{
    const uint8_t *p = r->in.rest.p;
    bool first = r->in.offset == 0 && r->in.rest.n >= 2;
    return first && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff));
}

static const char *wide_hint(const struct source_reader *r)
{
    return r->feed->format == &FORMAT_JSON ? "; is the file UTF-16? then convert it to UTF-8 first"
                                           : "; is the file UTF-16? then say \"encoding\": \"utf-16\"";
}

/* What a file that is not in its declared encoding may be instead, by its first bytes. */
static const char *encoding_hint(const struct source_reader *r)
{
    if (has_wide_mark(r)) return wide_hint(r);
    return r->spec->encoding == ENCODING_UTF_8 ? "; is the file windows-1252?" : "";
}

int source_bytes_wrong(const struct source_reader *r, struct slice s, size_t at, struct err_text *error)
{
    uint64_t line = r->line, offset = r->in.offset + input_bytes_of(&r->in, (size_t)(s.p - r->in.rest.p) + at);
    for (size_t i = 0; i < at; i++) line += s.p[i] == '\n';
    if (r->in.wide)
        return err_set(error, ERR_CORRUPT,
                       "%s: line %llu, byte offset %llu: half of a character is no %s (%s.encoding of %s)", r->path,
                       (unsigned long long)line, (unsigned long long)offset, ENCODING_NAMES[r->spec->encoding],
                       r->feed->at, r->feed->path);
    return err_set(error, ERR_CORRUPT, "%s: line %llu, byte offset %llu: the byte %02X is not %s (%s.encoding of %s)%s",
                   r->path, (unsigned long long)line, (unsigned long long)offset, s.p[at],
                   ENCODING_NAMES[r->spec->encoding], r->feed->at, r->feed->path, encoding_hint(r));
}

/* Before a format reads: UTF-16 that is not declared. Formats that go on after bytes without a meaning would make every
 * line of it a record that is rejected, so it is known here: by the mark and a character of ASCII behind it, which no
 * line of another encoding begins with. */
static int wide_refuse(struct source_reader *r, struct err_text *error)
{
    if (!r->feed->format->plain || encoding_is_wide(r->spec->encoding)) return ERR_OK;
    int err = input_want(&r->in, 4, error);
    if (err || !has_wide_mark(r)) return err;
    const uint8_t *p = r->in.rest.p;
    bool wide = r->in.rest.n == 2 || (r->in.rest.n >= 4 && p[p[0] == 0xff ? 3 : 2] == 0);
    if (!wide) return ERR_OK;
    return err_set(error, ERR_CORRUPT,
                   "%s: begins with the byte order mark of UTF-16, which is not %s (%s.encoding of %s)%s", r->path,
                   ENCODING_NAMES[r->spec->encoding], r->feed->at, r->feed->path, wide_hint(r));
}

static int twice_packed_refuse(struct source_reader *r, struct err_text *error)
{
    int err = input_want(&r->in, 2, error);
    if (err || r->in.wide || !input_is_gzip(r->in.rest)) return err;
    return err_set(error, ERR_CORRUPT, "%s: is compressed twice: what gzip gives is gzip again; decompress it once",
                   r->path);
}

static bool is_one_byte(const struct source_spec *s)
{
    return s->encoding != ENCODING_UTF_8 && s->encoding != ENCODING_ASCII && !encoding_is_wide(s->encoding);
}

/* Text of one byte a character hardly ever is UTF-8 by chance: its letters would stand in pairs of a kind. */
static void utf8_look(struct source_reader *r, const struct record *record)
{
    size_t at;
    if (encoding_check(ENCODING_ASCII, record->raw, &at)) return;
    r->maybe_utf8 = text_is_utf8(slice_of(record->raw.p + at, record->raw.n - at));
    if (!r->maybe_utf8)
        r->utf8_line = 0;
    else if (!r->utf8_line)
        r->utf8_line = record->at.line;
}

/* The mark of UTF-8 would become three characters ahead of the first title or value. */
static int mark_refuse(struct source_reader *r, struct err_text *error)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    enum encoding e = r->spec->encoding;
    if (!r->feed->format->plain || e == ENCODING_UTF_8 || encoding_is_wide(e)) return ERR_OK;
    int err = input_want(&r->in, sizeof mark, error);
    if (err || r->in.rest.n < sizeof mark || memcmp(r->in.rest.p, mark, sizeof mark) != 0) return err;
    return err_set(error, ERR_CORRUPT,
                   "%s: begins with the byte order mark of UTF-8, which is not %s (%s.encoding of %s); is the file "
                   "UTF-8? then say \"encoding\": \"utf-8\"",
                   r->path, ENCODING_NAMES[e], r->feed->at, r->feed->path);
}

int source_open(const struct feed *feed, const char *dir, const struct source_file *file, struct source_reader **out,
                struct err_text *error)
{
    struct buf path = {0};
    struct source_reader *r = memory_new(sizeof *r);
    buf_printf(&path, "%s/%s", dir, file->name);
    *r = (struct source_reader){
        .feed = feed, .spec = feed->spec, .file = file, .line = 1, .path = memory_str(buf_cstr(&path))};
    buf_release(&path);
    r->name = slice_of(r->path + strlen(dir) + 1, strlen(file->name));
    if (r->spec->lateness) r->parser = row_parser_new(feed);
    r->absence = absence_new(feed);
    r->maybe_utf8 = is_one_byte(r->spec) && (feed->format->plain || r->spec->own_encoding);
    int err = ERR_OK;
    if (!feed->format->scan) err = (file->grows ? input_open_prefix : input_open)(&r->in, r->path, file->bytes, error);
    if (!err && r->in.file && encoding_is_wide(r->spec->encoding))
        input_decode_wide(&r->in, (enum utf16_order)(r->spec->encoding - ENCODING_UTF_16));
    r->in.grows = file->follows;
    if (!err && r->in.file) err = twice_packed_refuse(r, error);
    if (!err && r->in.file) err = wide_refuse(r, error);
    if (!err && r->in.file) err = mark_refuse(r, error);
    if (!err) err = feed->format->open(r, error);
    if (err) {
        source_close(r);
        r = NULL;
    }
    *out = r;
    return err;
}

/* What makes two records of a file the same: their bytes, and what their columns read from around them. */
static struct fingerprint identity_of(struct source_reader *r, const struct record *record)
{
    if (!r->spec->around) return fingerprint_of(record->raw.p, record->raw.n);
    struct buf both = {0};
    buf_append_slice(&both, record->layout);
    buf_append_slice(&both, record->raw);
    struct fingerprint f = fingerprint_of(both.p, both.n);
    buf_release(&both);
    return f;
}

static int64_t lateness_of(struct source_reader *r, const struct record *record)
{
    arena_reset(&r->row_arena);
    return row_parse_lateness(r->parser, record, &r->row_arena, &r->lateness);
}

/* The next one, whether it has been read before or not: what later ones know of it is found out again. */
static int next_of_all(struct source_reader *r, struct record *out, struct err_text *error)
{
    int result = r->feed->format->next(r, out, error);
    if (result != 1) return result;
    out->at.file = r->name;
    out->layout = buf_slice(&r->layout);
    out->feed = r->feed->index;
    if (r->absence) absence_look(r->absence, out);
    if (r->maybe_utf8) utf8_look(r, out);
    if (r->spec->repeats) {
        bool added;
        int err = key_set_add(&r->seen, identity_of(r, out), &added, error);
        if (err) return err;
        out->repeated = !added;
    }
    if (r->spec->lateness && !r->lateness_left) out->late_s = lateness_of(r, out);
    return 1;
}

int source_next(struct source_reader *r, struct record *out, struct err_text *error)
{
    int result;
    do result = next_of_all(r, out, error);
    while (result == 1 && out->at.byte_offset < r->file->from);
    /* A batch could take more, a topic could not. */
    if (result == 1 && out->raw.n > INPUT_RECORD_BYTES_MAX)
        return err_set(error, ERR_RANGE, "%s: record %llu, byte offset %llu: it has %zu bytes, more than %d MiB",
                       r->path, (unsigned long long)out->at.number, (unsigned long long)out->at.byte_offset, out->raw.n,
                       INPUT_RECORD_BYTES_MAX >> 20);
    bool as_digested = !r->file->follows && !r->file->as_then;
    if (result == 0 && r->in.file && as_digested)
        result = source_file_check(r->path, source_descriptor(r), r->file, error);
    return result == 0 && r->absence && as_digested ? absence_check(r->absence, r->path, error) : result;
}

struct lateness *source_lateness(struct source_reader *r)
{
    r->lateness_left = true;
    return r->spec->lateness ? &r->lateness : NULL;
}

bool source_tentative(const struct source_reader *r)
{
    return r->tentative;
}

bool source_waits(const struct source_reader *r)
{
    return r->waits;
}

void source_extend(struct source_reader *r, uint64_t bytes)
{
    r->in.grows = r->file->follows;
    input_extend(&r->in, bytes);
}

int source_descriptor(const struct source_reader *r)
{
    return input_descriptor(&r->in);
}

uint64_t source_lines(const struct source_reader *r)
{
    return r->line - 1;
}

uint64_t source_consumed(const struct source_reader *r)
{
    return r->in.offset;
}

void source_close(struct source_reader *r)
{
    if (!r) return;
    if (r->feed->format->close) r->feed->format->close(r);
    input_close(&r->in);
    row_parser_free(r->parser);
    absence_free(r->absence);
    key_set_release(&r->seen);
    buf_release(&r->layout);
    arena_release(&r->arena);
    arena_release(&r->row_arena);
    free(r->path);
    free(r);
}
