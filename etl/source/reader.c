/* One file, record by record, from memory: a record is a stretch of the file, nothing is copied for it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "etl/operator/fingerprint.h"
#include "etl/parse.h"
#include "etl/source/layout.h"
#include "etl/source/source.h"
#include "lib/base/memory.h"

struct source_reader {
    const struct feed *feed;
    const struct source_spec *spec;
    struct slice name; /* of the file, as positions have it */
    char *path;        /* for messages */
    void *memory;      /* of bytes.n */
    struct slice bytes;
    size_t at;     /* next byte to read */
    uint64_t line; /* number of the line that begins at `at`, from 1 */
    struct buf layout;
    struct fingerprint_map seen; /* repeats: the records of this file so far */
    struct row_parser *parser;   /* lateness: the event time may be computed, so the whole row is */
    struct arena arena;
    bool has_time;
    int64_t time_max;
};

/* --- opening --- */

static int file_failed(const struct source_reader *r, const char *what, struct err_text *error)
{
    return err_set(error, err_from_errno(errno), "%s: cannot be %s: %s", r->path, what, strerror(errno));
}

static int file_changed(const struct source_reader *r, uint64_t before, uint64_t now, struct err_text *error)
{
    return err_set(error, ERR_INVALID, "%s: the file changed while it was read (%llu bytes, now %llu)", r->path,
                   (unsigned long long)before, (unsigned long long)now);
}

/* The whole file into memory of our own, and not a mapping of it: when somebody shortens a mapped file, reading behind
 * its new end ends the process (SIGBUS). */
static int file_load(struct source_reader *r, int fd, uint64_t bytes_expected, struct err_text *error)
{
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) return file_failed(r, "read", error);
    if ((uint64_t)st.st_size != bytes_expected) return file_changed(r, bytes_expected, (uint64_t)st.st_size, error);
    size_t size = (size_t)bytes_expected, n = 0;
    if (size == 0) return ERR_OK;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return file_failed(r, "held in memory", error);
    r->memory = memory;
    r->bytes = slice_of(memory, size);
    while (n < size) {
        ssize_t got = read(fd, (uint8_t *)memory + n, size - n);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return file_failed(r, "read", error);
        if (got == 0) return file_changed(r, bytes_expected, n, error);
        n += (size_t)got;
    }
    return ERR_OK;
}

static int file_open(struct source_reader *r, uint64_t bytes_expected, struct err_text *error)
{
    int fd = open(r->path, O_RDONLY | O_CLOEXEC);
    int err = file_load(r, fd, bytes_expected, error);
    if (fd >= 0) close(fd);
    return err;
}

static void bom_skip(struct source_reader *r)
{
    static const uint8_t bom[] = {0xef, 0xbb, 0xbf};
    if (r->spec->encoding == ENCODING_UTF_8 && r->bytes.n >= 3 && memcmp(r->bytes.p, bom, 3) == 0) r->at = 3;
}

static struct slice rest_of(const struct source_reader *r)
{
    return slice_of(r->bytes.p + r->at, r->bytes.n - r->at);
}

static void line_skip(struct source_reader *r)
{
    size_t next;
    source_line_length(rest_of(r), &next);
    r->at += next;
    r->line++;
}

static bool is_comment(const struct source_reader *r)
{
    size_t n = strlen(r->spec->comment_prefix);
    struct slice rest = rest_of(r);
    return n && rest.n >= n && memcmp(rest.p, r->spec->comment_prefix, n) == 0;
}

/* What a file that is not in its declared encoding may be instead, by its first bytes. */
static const char *encoding_hint(const struct source_reader *r)
{
    const uint8_t *p = r->bytes.p;
    bool two = r->bytes.n >= 2;
    if (two && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff)))
        return "; is the file UTF-16? convert it to UTF-8 first";
    if (two && p[0] == 0x1f && p[1] == 0x8b) return "; is the file compressed (gzip)?";
    return r->spec->encoding == ENCODING_UTF_8 ? "; is the file windows-1252?" : "";
}

/* Names the byte that the declared encoding has no character for. */
static int encoding_error(const struct source_reader *r, struct slice s, size_t at, struct err_text *error)
{
    const char *hint = encoding_hint(r);
    uint64_t line = r->line;
    for (size_t i = 0; i < at; i++) line += s.p[i] == '\n';
    return err_set(error, ERR_CORRUPT, "%s: line %llu, byte offset %llu: the byte %02X is not %s (%s.encoding of %s)%s",
                   r->path, (unsigned long long)line, (unsigned long long)(s.p + at - r->bytes.p), s.p[at],
                   ENCODING_NAMES[r->spec->encoding], r->feed->at, r->feed->path, hint);
}

static int header_read(struct source_reader *r, struct err_text *error)
{
    struct slice *titles = memory_new(CSV_FIELDS_MAX * sizeof *titles);
    struct layout l = {.fields = arena_alloc(&r->arena, (size_t)r->feed->field_count * sizeof *l.fields)};
    size_t next = 0, bad;
    int count = 0, err = ERR_OK;
    struct slice rest = rest_of(r),
                 header = slice_of(rest.p, rest.n ? csv_record_length(&r->spec->csv, rest, &next) : 0);
    if (rest.n == 0)
        err = err_set(error, ERR_INVALID, "%s: has no header line", r->path);
    else if (!encoding_check(r->spec->encoding, header, &bad))
        err = encoding_error(r, header, bad, error);
    else if (!csv_split(&r->spec->csv, encoding_decode(r->spec->encoding, header, &r->arena), &r->arena, titles,
                        &count))
        err = err_set(error, ERR_INVALID, "%s: line %llu: the header cannot be split into fields", r->path,
                      (unsigned long long)r->line);
    else
        err = layout_from_header(r->feed, r->path, titles, count, &l, error);
    if (!err) layout_print(r->feed, &l, &r->layout);
    for (size_t i = 0; i < next; i++) r->line += rest.p[i] == '\n';
    r->at += next;
    free(titles);
    return err;
}

int source_open(const struct feed *feed, const char *dir, const struct source_file *file, struct source_reader **out,
                struct err_text *error)
{
    struct buf path = {0};
    struct source_reader *r = memory_new(sizeof *r);
    buf_printf(&path, "%s/%s", dir, file->name);
    *r = (struct source_reader){
        .feed = feed, .spec = feed->spec, .line = 1, .bytes = SLICE_LIT(""), .path = memory_str(buf_cstr(&path))};
    buf_release(&path);
    r->name = slice_of(r->path + strlen(dir) + 1, strlen(file->name));
    if (r->spec->lateness) r->parser = row_parser_new(feed);
    int err = file_open(r, file->bytes, error);
    if (!err) bom_skip(r);
    for (int i = 0; i < r->spec->skip_lines && r->at < r->bytes.n; i++) line_skip(r);
    while (!err && r->at < r->bytes.n && is_comment(r)) line_skip(r);
    if (!err && feed->format == SOURCE_CSV && r->spec->header && r->bytes.n) err = header_read(r, error);
    if (err) {
        source_close(r);
        r = NULL;
    }
    *out = r;
    return err;
}

/* --- reading --- */

/* Seconds that this record is older than the newest before it. Only records that fit the format count. */
static int64_t lateness_of(struct source_reader *r, const struct record *record)
{
    struct row row;
    arena_reset(&r->arena);
    row_parse(r->parser, record, &r->arena, &row);
    const struct value *time = &row.values[r->feed->time];
    bool malformed = row.violation_count && row.violations[0].ordinal == 0;
    if (malformed || time->type == VALUE_NULL) return 0;
    int64_t late = r->has_time ? r->time_max - time->i : 0;
    if (!r->has_time || time->i > r->time_max) r->time_max = time->i;
    r->has_time = true;
    return late > 0 ? late : 0;
}

int source_next(struct source_reader *r, struct record *out, struct err_text *error)
{
    const bool csv = r->spec->format == SOURCE_CSV;
    size_t next, bad;
    for (;;) {
        while (r->at < r->bytes.n && is_comment(r)) line_skip(r);
        if (r->at >= r->bytes.n) return 0;
        struct slice rest = rest_of(r);
        size_t n = csv ? csv_record_length(&r->spec->csv, rest, &next) : source_line_length(rest, &next);
        *out = (struct record){.at = {r->name, r->at, r->line, r->line},
                               .raw = {rest.p, n},
                               .layout = buf_slice(&r->layout),
                               .feed = r->feed->index};
        if (!r->spec->encoding_rejects && !encoding_check(r->spec->encoding, out->raw, &bad))
            return encoding_error(r, out->raw, bad, error);
        r->at += next;
        r->line++;
        for (const uint8_t *p = rest.p; csv && (p = memchr(p, '\n', (size_t)(rest.p + n - p))); p++) r->line++;
        if (n > 0 || !csv) break; /* an empty line of a CSV is no record */
    }
    if (r->spec->repeats) {
        bool added;
        fingerprint_map_at(&r->seen, fingerprint_of(out->raw.p, out->raw.n), &added);
        out->repeated = !added;
    }
    if (r->spec->lateness) out->late_s = lateness_of(r, out);
    return 1;
}

uint64_t source_consumed(const struct source_reader *r)
{
    return r->at;
}

void source_close(struct source_reader *r)
{
    if (!r) return;
    if (r->memory) munmap(r->memory, r->bytes.n);
    row_parser_free(r->parser);
    fingerprint_map_release(&r->seen);
    buf_release(&r->layout);
    arena_release(&r->arena);
    free(r->path);
    free(r);
}
