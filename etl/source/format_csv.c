/* csv: delimiter-separated text, with or without a header line. */
#include <stdlib.h>
#include <string.h>

#include "etl/source/reader.h"
#include "etl/source/split.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"

#define FIELDS_LINE "#Fields:"

/* --- definition --- */

static char character_read(struct node n, const char *fallback)
{
    const char *text = node_text(n, fallback);
    bool good = strlen(text) <= 1 && (unsigned char)*text < 0x80 && !strchr("\n\r\\", *text ? *text : 'x');
    if (!good) node_fail(n, "must be one ASCII character (\"\\t\" is a tab), not \"%s\"", text);
    return *text;
}

/* Dialects with a name: what the keys say that are not written. */
static const struct dialect {
    const char *name, *delimiter, *quote;
    enum csv_escape escape;
    bool header;
    const char *null; /* NULL: the format's */
    bool fields_line;
} DIALECTS[] = {
    {"rfc4180", ",", "\"", CSV_ESCAPE_DOUBLED, true, NULL, false},
    {"semicolon", ";", "\"", CSV_ESCAPE_DOUBLED, true, NULL, false},
    {"tsv", "\t", "", CSV_ESCAPE_NONE, true, NULL, false},
    {"postgresql", "\t", "", CSV_ESCAPE_BACKSLASH, false, "\\N", false},
    {"mysql", "\t", "", CSV_ESCAPE_BACKSLASH, false, "\\N", false},
    {"w3c", " ", "", CSV_ESCAPE_NONE, true, "-", true},
};
enum { DIALECT_COUNT = sizeof DIALECTS / sizeof *DIALECTS };

static const struct dialect *dialect_read(struct node n, struct source_spec *s)
{
    const char **nulls = arena_alloc(n.doc->arena, 2 * sizeof *nulls);
    const char *names[DIALECT_COUNT + 1] = {NULL};
    for (int i = 0; i < DIALECT_COUNT; i++) names[i] = DIALECTS[i].name;
    const struct dialect *dialect = &DIALECTS[node_choice(node_member(n, "dialect"), names, 0)];
    nulls[0] = dialect->null;
    if (dialect->null && !node_present(node_member(n, "null"))) s->nulls = nulls;
    return dialect;
}

static void drift_read(struct node n, struct source_spec *s)
{
    static const char *const known[] = {"new_column", "missing_column", "reordered", "retyped", NULL};
    static const char *const of_header[] = {"new_column", "missing_column", "reordered"};
    spec_drift_read(n, s, known, true);
    for (int i = 0; i < 3 && !s->header; i++) {
        struct node key = node_member(node_member(n, "drift"), of_header[i]);
        if (node_present(key)) node_fail(key, "is about the header line, and the source has \"header\": false");
    }
}

static void fields_line_read(struct node n, struct source_spec *s)
{
    struct node prefix = node_member(n, "comment_prefix");
    s->fields_line = true;
    if (strcmp(node_text(prefix, "#"), "#") != 0) node_fail(prefix, "is \"#\" in a source of dialect w3c");
    if (!s->header) node_fail(node_member(n, "header"), "a source of dialect w3c has one: the line #Fields");
    s->comment_prefix = "#";
}

static void keys_read(struct node n, struct source_spec *s)
{
    const struct dialect *dialect = dialect_read(n, s);
    static const char *const escapes[] = {"doubled", "backslash", "none", NULL};
    static const char *const backslashes[] = {"keep", "decode", NULL};
    struct csv_spec *csv = &s->csv;
    csv->delimiter = character_read(node_member(n, "delimiter"), dialect->delimiter);
    csv->quote = character_read(node_member(n, "quote"), dialect->quote);
    csv->escape = (enum csv_escape)node_choice(node_member(n, "escape"), escapes, (int)dialect->escape);
    csv->decode = node_choice(node_member(n, "backslash"), backslashes, 1) == 1;
    csv->multiline = node_bool(node_member(n, "multiline"), csv->escape != CSV_ESCAPE_BACKSLASH);
    csv->trim = s->trim;
    if (!csv->delimiter) node_fail(node_member(n, "delimiter"), "must not be empty");
    if (csv->delimiter == csv->quote) node_fail(node_member(n, "quote"), "is the delimiter too");
    if (node_present(node_member(n, "backslash")) && csv->escape != CSV_ESCAPE_BACKSLASH)
        node_fail(node_member(n, "backslash"), "only has a meaning with \"escape\": \"backslash\"");
    s->header = node_bool(node_member(n, "header"), dialect->header);
    s->ragged = node_bool(node_member(n, "ragged"), false);
    s->fields = (int)node_integer(node_member(n, "fields"), 0, 1, CSV_FIELDS_MAX);
    drift_read(n, s);
    spec_lines_read(n, s);
    if (dialect->fields_line) fields_line_read(n, s);
    spec_encoding_read(n, s);
    if (s->header && s->fields) node_fail(node_member(n, "fields"), "the header line gives the number of fields");
}

static void place_read(struct node n, struct source_spec *s, struct field_spec *f, const char *name)
{
    struct node header = node_member(n, "header"), field = node_member(n, "field");
    const char **own = arena_alloc(n.doc->arena, 2 * sizeof *own);
    own[0] = name;
    f->headers = node_present(header) ? node_text_list(header, NULL) : own;
    if (node_present(header) && !f->headers[0]) node_fail(header, "needs at least one title");
    f->optional = node_bool(node_member(n, "optional"), false);
    if (!s->header && node_present(header))
        node_fail(header, "the source has \"header\": false; give \"field\", counted from 1");
    if (node_present(header) && node_present(field))
        node_fail(field, "stands beside \"header\": a column is found by one of them");
    if (!s->header || node_present(field))
        f->number = (int)node_integer(node_required(n, "field"), 1, 1, CSV_FIELDS_MAX) - 1;
}

/* --- files --- */

/* From these titles the layout of the records behind them. */
static int header_take(struct source_reader *r, struct slice *titles, int count, struct err_text *error)
{
    struct layout l = {.fields = arena_alloc(&r->arena, (size_t)r->feed->field_count * sizeof *l.fields)};
    int err = layout_from_header(r->feed, r->path, titles, count, &l, error);
    if (!err) layout_print(r->feed, &l, &r->layout);
    if (!err && r->spec->extra) layout_titles_print(r->feed, &l, titles, &r->layout);
    return err;
}

static int header_parse(struct source_reader *r, struct slice header, struct err_text *error)
{
    struct slice *titles = arena_alloc(&r->arena, CSV_FIELDS_MAX * sizeof *titles);
    size_t bad;
    int count = 0;
    if (!encoding_check(r->spec->encoding, header, &bad)) return source_bytes_wrong(r, header, bad, error);
    header = encoding_decode(r->spec->encoding, header, &r->arena);
    if (!csv_split(&r->spec->csv, header, &r->arena, titles, &count)) {
        const char *why = csv_wrong(&r->spec->csv, header, &bad);
        return err_set(error, ERR_INVALID, "%s: line %llu: the header cannot be split into fields: byte %zu: %s",
                       r->path, (unsigned long long)r->line, bad, why);
    }
    return header_take(r, titles, count, error);
}

/* The titles of a line "#Fields: date time cs-method": blanks or tabs between them, whatever is between fields. */
static int titles_take(struct slice line, struct slice *titles)
{
    int count = 0;
    size_t at = strlen(FIELDS_LINE);
    while (at < line.n && count < CSV_FIELDS_MAX) {
        size_t start = at;
        while (at < line.n && line.p[at] != ' ' && line.p[at] != '\t') at++;
        if (at > start) titles[count++] = slice_of(line.p + start, at - start);
        at++;
    }
    return count;
}

int csv_comment_read(struct source_reader *r, size_t n, struct err_text *error)
{
    struct slice line = slice_of(r->in.rest.p, n);
    if (n < strlen(FIELDS_LINE) || memcmp(line.p, FIELDS_LINE, strlen(FIELDS_LINE)) != 0) return ERR_OK;
    size_t bad;
    arena_reset(&r->arena);
    buf_reset(&r->layout);
    if (!encoding_check(r->spec->encoding, line, &bad)) return source_bytes_wrong(r, line, bad, error);
    line = encoding_decode(r->spec->encoding, line, &r->arena);
    struct slice *titles = arena_alloc(&r->arena, CSV_FIELDS_MAX * sizeof *titles);
    return header_take(r, titles, titles_take(line, titles), error);
}

/* Records without titles ahead of them. */
static int fields_line_check(const struct source_reader *r, struct err_text *error)
{
    if (r->layout.n || r->in.rest.n == 0) return ERR_OK;
    return err_set(error, ERR_INVALID,
                   "%s: line %llu: no line \"#Fields: ...\" stands ahead of this record (%s.dialect of %s)", r->path,
                   (unsigned long long)r->line, r->feed->at, r->feed->path);
}

static int csv_open(struct source_reader *r, struct err_text *error)
{
    size_t n, next;
    int err = lines_open(r, error);
    if (!err && r->spec->fields_line) return fields_line_check(r, error);
    if (err || !r->spec->header) return err;
    if (r->in.rest.n == 0 && r->file->grows) return 1;
    if (r->in.rest.n == 0 && r->in.offset == 0) return ERR_OK; /* a file without any line needs no header */
    if (r->in.rest.n == 0) return err_set(error, ERR_INVALID, "%s: has no header line", r->path);
    err = lines_record_find(r, &n, &next, error);
    if (!err && lines_unfinished(r, next)) return 1;
    if (!err) err = header_parse(r, slice_of(r->in.rest.p, n), error);
    if (!err) lines_consume(r, n, next);
    return err;
}

/* --- records --- */

/* Records of one file come together: the layout is read again only when its text changes. */
static bool layout_use(struct splitter *s, struct slice text)
{
    if (!s->spec->header) return text.n == 0;
    if (s->layout_text.p && slice_equal(buf_slice(&s->layout_text), text)) return s->layout_good;
    buf_reset(&s->layout_text);
    buf_append_slice(&s->layout_text, text);
    buf_cstr(&s->layout_text);
    s->layout_good = layout_parse(s->feed, buf_slice(&s->layout_text), &s->layout);
    return s->layout_good;
}

/* Adapts the number of fields of ragged files, refuses it in others. */
static bool field_count_fits(struct splitter *s)
{
    int wanted = s->layout.field_count ? s->layout.field_count : s->spec->fields_least;
    if (!s->spec->ragged) return s->layout.field_count ? s->field_count == wanted : s->field_count >= wanted;
    for (; s->field_count < wanted; s->field_count++) s->fields[s->field_count] = slice_of(NULL, 0);
    return true;
}

/* What no column reads, as an object of texts. */
static void extra_set(struct splitter *s, struct arena *arena)
{
    struct buf out = {0};
    for (int i = 0; i < s->layout.field_count && i < s->field_count; i++) {
        if (!s->layout.titles[i].p || !s->fields[i].p) continue;
        buf_append_str(&out, out.n ? ", " : "{");
        buf_append_slice(&out, s->layout.titles[i]);
        buf_append_str(&out, ": ");
        text_json_string(s->fields[i], &out);
    }
    if (out.n) buf_append_byte(&out, '}');
    s->fields[CSV_FIELDS_MAX] = out.n ? slice_of(arena_copy(arena, out.p, out.n), out.n) : slice_of(NULL, 0);
    buf_release(&out);
}

static bool count_wrong(struct splitter *s, struct arena *arena)
{
    int wanted = s->layout.field_count ? s->layout.field_count : s->spec->fields_least;
    return splitter_refuse(s, arena, "%d field%s instead of %d%s", s->field_count, s->field_count == 1 ? "" : "s",
                           wanted, s->layout.field_count ? "" : " or more");
}

static bool split(struct splitter *s, const struct record *record, struct slice text, struct arena *arena)
{
    const struct csv_spec *csv = &s->spec->csv;
    size_t at;
    if (!layout_use(s, record->layout)) return splitter_refuse(s, arena, "its layout is not that of a header");
    if (!csv_split(csv, text, arena, s->fields, &s->field_count)) {
        const char *wrong = csv_wrong(csv, text, &at);
        return splitter_wrong(s, arena, at, wrong);
    }
    if (!field_count_fits(s)) return count_wrong(s, arena);
    if (s->spec->extra) extra_set(s, arena);
    bool escapes = csv->decode && csv->escape == CSV_ESCAPE_BACKSLASH;
    return !escapes || splitter_fields_are_text(s) || splitter_escapes_wrong(s, arena);
}

static const char *const keys[] = {
    "dialect", "encoding", "on_bad_encoding", "delimiter",  "quote",          "escape", "backslash", "multiline",
    "header",  "ragged",   "fields",          "skip_lines", "comment_prefix", "drift",  "extra",     NULL};
static const char *const places[] = {"header", "field", "optional", NULL};

const struct format FORMAT_CSV = {
    .name = "csv",
    .keys = keys,
    .places = places,
    .plain = true,
    .empty_is_null = true,
    .fields_are_all = true,
    .keys_read = keys_read,
    .place_read = place_read,
    .open = csv_open,
    .next = lines_next,
    .split = split,
};
